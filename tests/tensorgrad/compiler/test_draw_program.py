"""Compiled programs, drawn as graphs are."""

import numpy as np
import pytest

import tensorgrad as tg


@pytest.fixture(scope="module")
def program():
    def f(w, x):
        joined = np.concatenate([np.tanh(x @ w), x.astype(np.float32)], axis=1)
        return np.linalg.eigh(joined[:, 1:3])[0] * np.full(2, 2.0)

    return tg.compile(f).program(np.ones((3, 1)), np.ones((2, 3)))


def test_text(program):
    assert str(tg.draw(program, names=["w", "x"])).splitlines() == [
        "w = input                            float64 (3, 1)",
        "x = input                            float64 (2, 3)",
        "%10 = constant                       float64 (2,)",
        "%2 = np.matmul(x, w)                 float64 (2, 1)",
        "%3 = np.tanh(%2)                     float64 (2, 1)",
        "%4 = .astype(x, np.float32)          float32 (2, 3)",
        "%5 = np.concatenate(%3, %4, axis=1)  float64 (2, 4)",
        "%6 = getitem(%5, (:, 1:3))           float64 (2, 2)",
        "%7 = np.linalg.eigh(%6)              tuple",
        "%8 = %7[0]                           float64 (2,)",
        "%11 = np.multiply(%8, %10)           float64 (2,)",
        "return %11",
    ]


def test_diagrams(program):
    mermaid = str(tg.draw(program, "mermaid"))
    assert mermaid.startswith("flowchart TB")
    assert 'n4["np.matmul<br/>float64 (2, 1)"]' in mermaid
    assert "n2 -->|1| n4" in mermaid
    dot = str(tg.draw(program, "dot", ["w"]))
    assert 'n1 [label="w\\nfloat64 (3, 1)", style="rounded,filled", fillcolor=gray92];' in dot
    assert "text/vnd.mermaid" in tg.draw(program)._repr_mimebundle_()


def test_large_programs_are_cut(program):
    text = str(tg.draw(program, max_nodes=2))
    assert "... 6 operations not shown (raise max_nodes) ..." in text
    assert "np.matmul" in text
    assert "np.multiply" in text


def test_bad_names(program):
    with pytest.raises(TypeError, match="list of names"):
        tg.draw(program, names={"w": 0})
    with pytest.raises(ValueError, match="3 names for a program of 2 inputs"):
        tg.draw(program, names=["a", "b", "c"])
