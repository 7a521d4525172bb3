"""LLVM: from text to machine code that can be called, kept on disk between processes."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from functools import cache
from threading import Lock
from typing import Any, NamedTuple

import llvmlite.binding as llvm

from tensorgrad.compiler.disk import cache_directory, read_checked, write_checked
from tensorgrad.compiler.machine import AVX2, this_machine
from tensorgrad.compiler.product_code import product_module, product_name

_lock = Lock()


class Engine(NamedTuple):
    """What compiles for this processor, and what the compiled is loaded into."""

    target: Any
    jit: Any
    description: str


@cache
def _engine() -> Engine:
    with suppress(RuntimeError):  # newer versions need no initialization, and say so by raising
        llvm.initialize()
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    cpu, features = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()

    def target_machine() -> Any:
        return llvm.Target.from_default_triple().create_target_machine(
            cpu, features, opt=3, reloc="default", codemodel="jitdefault", jit=True
        )

    jit = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target_machine())
    # The engine owns the target machine that it was made with; another one compiles.
    return Engine(target_machine(), jit, f"{llvm.llvm_version_info} {cpu} {features}")


def load(text: str, kernels: str = "") -> int:
    """The address of the function called FUNCTION in a text for LLVM.

    Parameters
    ----------
    text : str
    kernels : str
        Text of another module, with functions that it calls.
    """
    with _lock:
        engine = _engine()
        key = hashlib.sha256(f"{engine.description}\n{kernels}\n{text}".encode()).hexdigest()
        name = f"tensorgrad_{key[:20]}"
        if name not in _loaded:
            _load_object(engine, name, lambda: [text.replace("FUNCTION", name), kernels])
        return engine.jit.get_function_address(name)


def load_product(bits: int) -> None:
    """Make the product of matrices known to code that is loaded later, by its name."""
    with _lock:
        if product_name(bits) in _loaded:
            return
        engine = _engine()
        text = product_module(this_machine() or AVX2, bits)
        key = hashlib.sha256((engine.description + text).encode()).hexdigest()
        _load_object(engine, f"tensorgrad_product_{key[:20]}", lambda: [text])
        llvm.add_symbol(product_name(bits), product_address(bits))
        _loaded.add(product_name(bits))


def product_address(bits: int) -> int:
    """Where the product for numbers of so many bits is, once it has been loaded."""
    return _engine().jit.get_function_address(product_name(bits))


_loaded: set[str] = set()


def _load_object(engine: Engine, name: str, texts: Any) -> None:
    path = cache_directory() / f"{name}.o"
    code = read_checked(path)
    if code is None:
        code = _compiled(engine, [text for text in texts() if text])
        with suppress(OSError):  # nowhere to write: the code is then made in each process
            write_checked(path, code)
    engine.jit.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.jit.finalize_object()
    _loaded.add(name)


def _compiled(engine: Engine, texts: list[str]) -> bytes:
    module, *others = (llvm.parse_assembly(text) for text in texts)
    for other in others:
        module.link_in(other)
    module.triple = engine.target.triple
    module.data_layout = str(engine.target.target_data)
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    options.loop_vectorization = options.slp_vectorization = True
    options.loop_interleaving = options.loop_unrolling = True
    builder = llvm.create_pass_builder(engine.target, options)
    builder.getModulePassManager().run(module, builder)
    return engine.target.emit_object(module)
