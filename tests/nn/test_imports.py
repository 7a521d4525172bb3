"""What comes with ``import nn``."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import nn

PACKAGE = Path(nn.__file__).parent
HEAVY = {
    "dataclasses",
    "matplotlib",
    "numba",
    "numpy.random",  # NumPy itself imports it when it is first used
    "pandas",
    "pathlib",
    "safetensors",
    "scipy",
    "sklearn",
    "tqdm",
}
ALLOWED = {"matplotlib", "nn", "numpy", "safetensors", "scipy", "tensorgrad", "tqdm"}


def test_nothing_heavy_is_imported():
    code = f"import sys, nn; print(*sorted({HEAVY!r} & sys.modules.keys()))"
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=PACKAGE.parent,
    )
    assert result.stdout.split() == []


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.stem)
def test_imports_run_one_way_and_no_derivative_is_registered(path):
    tree = ast.parse(path.read_text())
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    own = {"sklearn"} if path.parent.name == "estimators" else set()
    assert imported <= {*sys.stdlib_module_names, *ALLOWED, *own}
    named = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    named |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert "derivative" not in named


def test_everything_exported_exists_and_is_documented():
    for name in nn.__all__:
        assert getattr(nn, name).__doc__, name
