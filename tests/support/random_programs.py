"""Random compositions of functions of two 3x3 matrices, for what must keep their meaning."""

import numpy as np
from hypothesis import strategies as st

import tensorgrad as tg

UNARY = [
    np.tanh,
    np.exp,
    np.negative,
    tg.sigmoid,
    tg.relu,
    tg.softplus,
    np.square,
    lambda a: a * 1,
    lambda a: a - 0.0,
    lambda a: a.T.T,
    lambda a: a.reshape(-1).reshape(3, 3),
    lambda a: np.sum(a, axis=0) + a,
    lambda a: a - np.max(a, axis=1, keepdims=True),
    lambda a: tg.softmax(a, axis=1),
    lambda a: a[::-1],
    lambda a: a[[0, 0, 2]],
    lambda a: np.concatenate([a[1:], a[:1]]),
    lambda a: np.where(a > 0, a, 0.1 * a),
    lambda a: np.ones_like(a) * 2 + a,
    lambda a: a * tg.cross_entropy(a, (a[:, 0] > 0).astype(int)),
]
BINARY = [np.add, np.subtract, np.multiply, np.maximum, np.matmul, lambda a, b: a / (b * b + 1)]


@st.composite
def programs(draw):
    """A random composition of two 3x3 matrices, as the choices it is made of."""
    steps = []
    for i in range(draw(st.integers(1, 8))):
        if draw(st.booleans()):
            steps.append((draw(st.sampled_from(UNARY)), draw(st.integers(0, i + 1))))
        else:
            operands = draw(st.integers(0, i + 1)), draw(st.integers(0, i + 1))
            steps.append((draw(st.sampled_from(BINARY)), *operands))
    return steps


def run(steps, a, b):
    """The result of a composition."""
    values = [a, b]
    for function, *operands in steps:
        values.append(np.tanh(function(*(values[i] for i in operands))))
    return values[-1]


def matrices(seed, dtype=np.float64):
    """Two to start from."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(3, 3)).astype(dtype), rng.normal(size=(3, 3)).astype(dtype)
