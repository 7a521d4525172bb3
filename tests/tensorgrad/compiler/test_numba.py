"""The numba backend: what it keeps, what it has no code for, and when it is imported."""

import subprocess
import sys

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.compiler import CaptureError

pytest.importorskip("numba")


def test_machine_code_is_kept_on_disk():
    compiled = tg.compile(lambda x: x * 3.0, backend="numba")
    compiled(np.ones(3))
    path = compiled.replay(np.ones(3)).path
    assert path.read_text(encoding="utf-8") == compiled.replay(np.ones(3)).source
    assert list(path.parent.glob(f"__pycache__/{path.stem}*.nbc"))


@pytest.mark.parametrize(
    "function",
    [np.linalg.inv, np.sort, np.cumsum, lambda x: x + 1j * 0],
)
def test_what_has_no_code(function):
    with pytest.raises(CaptureError, match=r'backend="numpy".*test_numba\.py:\d+'):
        tg.compile(lambda x: function(x) * 1, backend="numba")(np.eye(2))


def test_it_is_imported_when_it_is_asked_for():
    code = (
        "import sys, nn, numpy as np, tensorgrad as tg\n"
        "tg.compile(lambda x: x)(np.ones(2)); tg.scan(lambda s, b: (s, b), 0.0, np.ones(2))\n"
        "assert not {'numba', 'scipy'} & sys.modules.keys()\n"
        "sys.path_hooks.clear(); sys.path_importer_cache.clear()\n"
        "try: tg.compile(lambda x: x, backend='numba')\n"
        "except ImportError as error: assert '.[compile]' in str(error), error\n"
        "else: raise SystemExit('no error')"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
