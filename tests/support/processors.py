"""Processors that the one at hand includes, whose machine code it can run as well."""

from functools import partial

from llvmlite import binding

from tensorgrad.compiler.llvm_backend import NativeFunction
from tensorgrad.compiler.machine import AVX2, NEON, SSE, Processor, this_processor


def smaller_processors() -> dict[str, Processor]:
    """With shorter vectors, without masks, without instructions that multiply and add."""
    triple = binding.get_process_triple()
    if not triple.startswith("x86_64"):
        return {"generic": Processor(triple, "generic", "", NEON)}
    found = {"x86-64": Processor(triple, "x86-64", "", SSE)}
    has = binding.get_host_cpu_features().get
    if has("avx2") and has("fma"):
        found["x86-64-v3"] = Processor(triple, "x86-64-v3", "", AVX2)
    return found


PROCESSORS = {"this": this_processor(), **smaller_processors()}

BACKENDS = {
    name: partial(NativeFunction, processor=processor) for name, processor in PROCESSORS.items()
}
"""The llvm backend, for each of them."""
