"""Compile the record of a function: record → program → passes → backend."""

from tensorgrad.compiler.compiling import Compiled, compile
from tensorgrad.compiler.program import Program
from tensorgrad.compiler.recording import record
from tensorgrad.compiler.scanning import scan
from tensorgrad.mode import CaptureError

__all__ = ["CaptureError", "Compiled", "Program", "compile", "record", "scan"]
