"""Compile the record of a function: record → program → passes → backend.

In the order in which they are best read: ``symbols`` stand for arrays and write down what is done
to them with a ``recorder``; ``recording`` runs a function on them and gives a ``program``, to which
``draws`` adds its random numbers; ``passes`` make the program shorter; ``numpy_backend`` replays it
with ``cheaper_calls`` on the buffers that ``planning`` gives out. For machine code, ``composing``
puts what a function is composed of in the place of one that has no code, ``lowering`` turns the
program into operations on elements in memory, ``fusion`` puts them into loops, ``program_source``
writes these as Python, and ``llvm_text`` translates that (``numba_backend`` compiles it as it is).
``compiling`` keeps the records of a function, ``scanning`` runs a step over many batches,
``failures`` says what went wrong where.
"""

from tensorgrad.compiler.compiling import Compiled, compile
from tensorgrad.compiler.program import Program
from tensorgrad.compiler.recording import record
from tensorgrad.compiler.scanning import scan
from tensorgrad.mode import CaptureError

__all__ = ["CaptureError", "Compiled", "Program", "compile", "record", "scan"]
