"""Files that hold arrays and a description of them: safetensors, with a checksum.

One file is one ``safetensors`` file, so other tools open it. Its metadata have one entry, ``"nn"``,
which is JSON: the description, and the SHA-256 of description and arrays together. One entry and
not several, because the library writes several in any order, and then the same contents would not
be the same file.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path  # it takes a while, and only files need it

ENTRY = "nn"
"""The one entry of the metadata."""

CHECKSUM = "sha256"
"""The key of the checksum in that entry."""

LONGEST_HEADER = 100_000_000
"""In bytes; ``safetensors`` reads no longer ones."""

MOST_BRACKETS = 1_000_000
"""Lists and objects in a document of JSON: what many small ones take is much more than the text."""

FLOATS = ("float16", "float32", "float64")
INTEGERS = tuple(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))
ARRAY_DTYPES = ("bool", *INTEGERS, *FLOATS)
"""What an array in a file may hold."""

PathLike = str | os.PathLike[str]


class ModelFileError(ValueError):
    """A file is not what was to be loaded: damaged, of another kind, or written by another tool.

    The message says what is wrong with it. A file that cannot be opened at all is an ``OSError``.
    """


def write_file(
    path: PathLike, arrays: Mapping[str, np.ndarray], description: Mapping[str, Any]
) -> None:
    """Write arrays and what describes them; the same contents are the same bytes.

    Parameters
    ----------
    path : path-like
        A file there is replaced, in one step.
    arrays : mapping of str to ndarray
        Real numbers or booleans.
    description : mapping of str to Any
        What JSON can hold, without NaN and infinity.

    Raises
    ------
    TypeError
        If an array holds anything else.
    ValueError
        If the description is none of JSON, or too long for the format.
    OSError
        If the file cannot be written. What was there before is then as it was.
    """
    import json

    from safetensors.numpy import save

    arrays = {name: _storable(array, name) for name, array in arrays.items()}
    # What a reader will see: keys are strings there, and tuples are lists.
    description = json.loads(json.dumps(description, allow_nan=False))
    document = {**description, CHECKSUM: _checksum(arrays, description)}
    contents = save(arrays, {ENTRY: json.dumps(document)})
    header = int.from_bytes(contents[:8], "little")
    if header > LONGEST_HEADER:
        raise ValueError(
            f"what describes the arrays (history, metadata) takes {header} bytes, and the format "
            f"allows {LONGEST_HEADER}"
        )
    replace_file(path, contents)


def read_file(
    path: PathLike, *, verify: bool = True
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read what :func:`write_file` wrote.

    Whatever the file holds, no code of it is run, and the memory it takes is proportional to its
    size.

    Parameters
    ----------
    path : path-like
        The file.
    verify : bool
        Compare the checksum. Without, files of other tools, which have none, are read as well.

    Returns
    -------
    arrays : dict of str to ndarray
        They cannot be written to.
    description : dict of str to Any
        Without the checksum; of a file by another tool its metadata.

    Raises
    ------
    ModelFileError
        If it is damaged, or not such a file.
    OSError
        If there is no file, or it cannot be read.
    """
    from pathlib import Path

    try:
        arrays, metadata = _parsed(_contents(Path(path)))
        return arrays, _described(arrays, metadata, verify)
    except ModelFileError as error:
        raise ModelFileError(f"{os.fspath(path)}: {error}") from error.__cause__


def replace_file(path: PathLike, contents: bytes) -> None:
    """Write a file so that at any moment, and after a crash, it is the old one or the new one.

    The contents go to another file in the same directory, which takes the place of the old one
    when they are on the disk. A process that is killed meanwhile leaves that file behind; its name
    starts with ``.saving-``. A link stays a link, and permissions stay as they were.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as directory:
    ...     replace_file(Path(directory, "notes"), b"new")
    ...     [(path.name, path.read_bytes()) for path in Path(directory).iterdir()]
    [('notes', b'new')]
    """
    import secrets
    from pathlib import Path

    target = Path(os.path.realpath(path))
    mode = _mode_of_regular_file(target) if target.exists() else None
    temporary = target.with_name(f".saving-{secrets.token_hex(8)}")
    try:
        with temporary.open("xb") as file:
            file.write(contents)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            temporary.chmod(stat.S_IMODE(mode))
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if os.name == "posix":  # elsewhere a directory cannot be opened
        directory = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


# --------------------------------------------------------------------------------------- writing


def _storable(array: np.ndarray, name: str) -> np.ndarray:
    if array.dtype.name not in ARRAY_DTYPES:
        raise TypeError(
            f"{name} has dtype {array.dtype}, expected one of {', '.join(ARRAY_DTYPES)}"
        )
    return np.asarray(array, array.dtype.newbyteorder("<"), order="C")


def _checksum(arrays: Mapping[str, np.ndarray], description: Mapping[str, Any]) -> str:
    """SHA-256 of what the arrays and the description are, however a file spells it."""
    import hashlib
    import json

    shapes = {name: [array.dtype.name, *array.shape] for name, array in arrays.items()}
    text = json.dumps([description, shapes], sort_keys=True)
    digest = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        digest.update(arrays[name].data)
    return digest.hexdigest()


def _mode_of_regular_file(path: Path) -> int:
    """Permissions and kind. Opening a pipe would wait for its other end, maybe for ever."""
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(f"{path} is a directory, expected a file")
    if not stat.S_ISREG(mode):
        raise OSError(f"{path} is a device, a pipe or a socket, expected a file")
    return mode


# --------------------------------------------------------------------------------------- reading


def _contents(path: Path) -> bytes:
    """The whole file, if it begins like one of these."""
    _mode_of_regular_file(path)
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        start = file.read(9)
        header = int.from_bytes(start[:8], "little")
        if size == 0:
            raise ModelFileError("it is empty")
        if len(start) < 9 or start[8:] != b"{" or header > LONGEST_HEADER:
            raise ModelFileError("it is not a safetensors file")
        if 8 + header > size:
            raise ModelFileError(f"it is cut off: {size} bytes, of which a header has {header}")
        return start + file.read()


def _parsed(contents: bytes) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays and metadata of a safetensors file."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        # The library checks the header, and that the arrays cover the rest of the file, each once.
        arrays = load(contents)
    except SafetensorError as error:
        raise ModelFileError(f"it is damaged or cut off: {error}") from error
    except (KeyError, ValueError, OverflowError, TypeError) as error:
        raise ModelFileError(f"it holds an array that NumPy cannot have: {error!r}") from error
    header = contents[8 : 8 + int.from_bytes(contents[:8], "little")].decode()
    return arrays, json_document(header, "its header").get("__metadata__") or {}


def _described(
    arrays: dict[str, np.ndarray], metadata: dict[str, Any], verify: bool
) -> dict[str, Any]:
    """The description, if arrays and description are what was written."""
    if ENTRY not in metadata:
        if verify:
            raise ModelFileError(
                "it is a safetensors file of another tool, without the description and the "
                "checksum that this package writes"
            )
        return metadata
    description = json_document(metadata[ENTRY], "its description")
    expected = description.pop(CHECKSUM, None)
    if verify and _checksum(arrays, description) != expected:
        raise ModelFileError(
            "the checksum does not fit the contents: the file was damaged, or changed, after it "
            "was written; use a copy of it, or save the model again"
        )
    return description


def json_document(text: str, what: str) -> dict[str, Any]:
    """Parse an object of JSON that somebody else may have written.

    Raises
    ------
    ModelFileError
        If it is none, has a key twice, holds NaN or infinity, or is made to take memory.

    Examples
    --------
    >>> json_document('{"a": 1}', "the text")
    {'a': 1}
    """
    import json

    if text.count("[") + text.count("{") > MOST_BRACKETS:
        raise ModelFileError(f"{what} has more than {MOST_BRACKETS} lists and objects")
    try:
        document = json.loads(text, object_pairs_hook=_distinct, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{what} is not JSON as it was written: {error}") from error
    if not isinstance(document, dict):
        raise ModelFileError(f"{what} is a {type(document).__name__}, expected an object")
    return document


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a key stands there twice")
    return document


def _refuse_constant(name: str) -> None:
    raise ValueError(f"it holds {name}")
