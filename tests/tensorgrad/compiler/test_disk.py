"""Files that hold machine code: whole or not there."""

import errno
from pathlib import Path

import pytest

from tensorgrad.compiler.disk import read_checked, write_checked


def test_what_was_written_is_read(tmp_path):
    write_checked(tmp_path / "new" / "code", b"machine code")
    assert read_checked(tmp_path / "new" / "code") == b"machine code"


@pytest.mark.parametrize(
    "damage", [lambda whole: whole[:-1], lambda whole: b"", lambda whole: whole[:-1] + b"?"]
)
def test_what_is_damaged_is_as_if_it_were_not_there(damage, tmp_path):
    path = tmp_path / "code"
    assert read_checked(path) is None
    write_checked(path, b"machine code")
    path.write_bytes(damage(path.read_bytes()))
    assert read_checked(path) is None


def test_a_disk_that_is_full_keeps_nothing(tmp_path, monkeypatch):
    def no_space(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", no_space)
    with pytest.raises(OSError, match="No space"):
        write_checked(tmp_path / "code", b"machine code")
    assert not list(tmp_path.iterdir())
