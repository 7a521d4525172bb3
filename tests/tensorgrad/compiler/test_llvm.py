"""The llvm backend: what it keeps, what it leaves to Numba, and code for other processors."""

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.compiler import llvm_instructions, record
from tensorgrad.compiler.machine import AVX2, NEON, Processor
from tensorgrad.compiler.program_source import program_source
from tensorgrad.compiler.scalar_code import Unsupported

binding = pytest.importorskip("llvmlite.binding")
llvm_text = pytest.importorskip("tensorgrad.compiler.llvm_text")
machine_code = pytest.importorskip("tensorgrad.compiler.machine_code")
product_code = pytest.importorskip("tensorgrad.compiler.product_code")


def test_machine_code_is_kept_on_disk(tmp_path, monkeypatch):
    monkeypatch.setenv("TENSORGRAD_CACHE_DIR", str(tmp_path))
    compiled = tg.compile(lambda x: x * 3.25, backend="llvm")
    np.testing.assert_array_equal(compiled(np.ones(3)), [3.25] * 3)
    (path,) = (tmp_path / "tensorgrad").glob("*.o")
    assert path.stat().st_size


def test_what_is_left_to_numba():
    pytest.importorskip("numba")
    compiled = tg.compile(lambda x: x % 3, backend="llvm")
    np.testing.assert_array_equal(compiled(np.arange(5)), np.arange(5) % 3)


def test_functions_that_the_c_library_lacks_are_left_to_numba(monkeypatch):
    pytest.importorskip("numba")
    monkeypatch.setitem(llvm_instructions.LIBRARY, "cos", "no_such_cosine")
    compiled, x = tg.compile(lambda x: 2 * np.cos(x), backend="llvm"), np.arange(5.0)
    np.testing.assert_allclose(compiled(x), 2 * np.cos(x), rtol=1e-15)
    assert compiled.replay(x).left_to_numba


@pytest.mark.parametrize(
    "statement",
    [
        "v1 = sorted(m0)",
        "while m0: pass",
        "v1 = value(m0, 0, 0)[0] // 2",
        "v1 = m0 + 1",
        "v1 = 1.0\n    v1 = 1",
    ],
)
def test_what_has_no_translation(statement):
    source = program_source(record(lambda x: x * 2, np.ones(3)).program)
    strange = source._replace(text=f"def run(m0, m1):\n    {statement}\n")
    with pytest.raises(Unsupported):
        llvm_text.translate(strange, AVX2)


class TestOtherProcessors:
    """LLVM checks the text, and finds instructions for all of it."""

    @pytest.fixture(
        params=["aarch64-unknown-linux-gnu", "arm64-apple-darwin", "x86_64-pc-windows-msvc"]
    )
    def processor(self, request):
        binding.initialize_all_targets()
        binding.initialize_all_asmprinters()
        try:
            binding.Target.from_triple(request.param)
        except RuntimeError as error:
            pytest.skip(f"this LLVM cannot compile for it: {error}")
        if request.param.startswith("x86_64"):
            return Processor(request.param, "x86-64-v3", "", AVX2)
        return Processor(request.param, "generic", "", NEON)

    def test_a_step_that_threads_share(self, processor):
        def step(w, x):
            hidden = np.tanh(x @ w)
            corner = hidden[:3, :3] @ w[:3, :3].T
            return w - 0.1 * (x.T @ hidden), (np.max(np.sin(hidden), axis=1), corner)

        program = record(step, np.ones((300, 200)), np.ones((200, 300))).program
        source = program_source(program, 1, processor.machine)
        assert source.is_shared
        translated = llvm_text.translate(source, processor.machine)
        assert machine_code.object_code([translated.text, translated.kernels], processor)
        assert ("x86" in translated.kernels) == processor.triple.startswith("x86_64")

    def test_the_product(self, processor):
        bits = 64 if "apple" in processor.triple else 32
        small = processor.machine._replace(rows=3)  # each tile takes its time to compile
        product = product_code.product_module(small, bits)
        assert machine_code.object_code([product], processor)
