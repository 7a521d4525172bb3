"""Machine code of these tests is kept, for the time that they run, in a place of its own."""

import pytest


@pytest.fixture(scope="session", autouse=True)
def _cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TENSORGRAD_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield
