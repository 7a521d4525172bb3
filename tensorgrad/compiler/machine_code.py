"""LLVM: from text to machine code that can be called, kept on disk between processes."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from functools import cache
from threading import Lock
from typing import Any

import llvmlite.binding as llvm

from tensorgrad.compiler.disk import cache_directory, read_checked, write_checked
from tensorgrad.compiler.machine import Processor, this_processor
from tensorgrad.compiler.product_code import product_module, product_name

_lock = Lock()


def load(text: str, kernels: str = "", processor: Processor | None = None) -> int:
    """The address of the function called FUNCTION in a text for LLVM.

    Parameters
    ----------
    text : str
    kernels : str
        Text of another module, with functions that it calls.
    processor : Processor, optional
        The one at hand, or what is part of it.
    """
    with _lock:
        engine = _engine(processor or this_processor())
        key = hashlib.sha256(f"{engine.description}\n{kernels}\n{text}".encode()).hexdigest()
        name = f"tensorgrad_{key[:20]}"
        engine.load(name, lambda: [text.replace("FUNCTION", name), kernels])
        return engine.address(name)


def load_product(bits: int, processor: Processor | None = None) -> None:
    """Make the product of matrices known to code that is loaded later, by its name."""
    processor = processor or this_processor()
    with _lock:
        engine = _engine(processor)
        if bits in engine.products:
            return
        text = product_module(processor.machine, bits)
        key = hashlib.sha256((engine.description + text).encode()).hexdigest()
        engine.load(f"tensorgrad_product_{key[:20]}", lambda: [text])
        if processor == this_processor():  # code that Numba compiles looks for it here
            llvm.add_symbol(product_name(bits), engine.address(product_name(bits)))
        engine.products.add(bits)


def product_address(bits: int, processor: Processor | None = None) -> int:
    """Where the product for numbers of so many bits is, once it has been loaded."""
    return _engine(processor or this_processor()).address(product_name(bits))


def is_known(function: str) -> bool:
    """Whether code that is loaded may call a function of this name: without it, LLVM aborts."""
    return llvm.address_of_symbol(function) is not None


def object_code(texts: list[str], processor: Processor) -> bytes:
    """Machine code of modules in LLVM's language, linked; the processor may be another than ours.

    Raises
    ------
    RuntimeError
        If a text is not what LLVM takes, or if LLVM was built without this architecture.
    """
    return _compiled(texts, _target_machine(processor))


class _Engine:
    """What compiles for a processor, and what the compiled is loaded into."""

    def __init__(self, processor: Processor) -> None:
        # The engine owns the target machine that it is made with; another one compiles.
        self._jit = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target_machine(processor))
        self._target = _target_machine(processor)
        self._loaded: set[str] = set()
        self.products: set[int] = set()
        self.description = f"{llvm.llvm_version_info} {processor[:3]}"

    def load(self, name: str, texts: Any) -> None:
        """Load what has this name on disk, or make it of texts."""
        if name in self._loaded:
            return
        path = cache_directory() / f"{name}.o"
        code = read_checked(path)
        if code is None:
            code = _compiled([text for text in texts() if text], self._target)
            with suppress(OSError):  # nowhere to write: the code is then made in each process
                write_checked(path, code)
        self._jit.add_object_file(llvm.ObjectFileRef.from_data(code))
        self._jit.finalize_object()
        self._loaded.add(name)

    def address(self, function: str) -> int:
        """Where a function is that has been loaded."""
        return self._jit.get_function_address(function)


@cache
def _engine(processor: Processor) -> _Engine:
    with suppress(RuntimeError):  # newer versions need no initialization, and say so by raising
        llvm.initialize()
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return _Engine(processor)


def _target_machine(processor: Processor) -> Any:
    return llvm.Target.from_triple(processor.triple).create_target_machine(
        processor.name,
        processor.features,
        opt=3,
        reloc="default",
        codemodel="jitdefault",
        jit=True,
    )


def _compiled(texts: list[str], target: Any) -> bytes:
    module, *others = (llvm.parse_assembly(text) for text in texts)
    for other in others:
        module.link_in(other)
    module.triple = target.triple
    module.data_layout = str(target.target_data)
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    options.loop_vectorization = options.slp_vectorization = True
    options.loop_interleaving = options.loop_unrolling = True
    builder = llvm.create_pass_builder(target, options)
    builder.getModulePassManager().run(module, builder)
    return target.emit_object(module)
