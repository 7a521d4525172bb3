"""The table of layers: shapes, parameters, multiply-adds."""

import numpy as np
import pytest

import nn
import tensorgrad as tg
from nn import Linear, Module, Parameter, Sequential, Tanh
from nn.summary import Row, summary
from tensorgrad.costs import multiply_adds


class Attention(Module):
    """Scaled dot products of the input with itself: products outside of any layer."""

    def __init__(self, width):
        self.query = Linear(width, width, bias=False)
        self.out = Linear(width, width)

    def forward(self, x):
        q = self.query(x)
        weights = tg.softmax(q @ np.swapaxes(x, -1, -2), axis=-1)
        return self.out(np.einsum("bts,bsd->btd", weights, x))


class Split(Module):
    """Gives two results, and noise in training."""

    def forward(self, x):
        if self.training:
            x = x + self.rng.normal()
        return x[:, :1], {"rest": x[:, 1:]}


def recorded(array):
    return tg.tensor(array, requires_grad=True)


# ---------------------------------------------------------------------------------------- the rows


def test_rows_of_a_custom_layer() -> None:
    batch, steps, width = 5, 7, 4
    table = summary(Attention(width), (batch, steps, width))
    per_step = batch * steps * width * width
    assert table.rows == [
        Row("", "Attention", (5, 7, 4), 0, 2 * batch * steps * steps * width),
        Row("query", "Linear", (5, 7, 4), 16, per_step),
        Row("out", "Linear", (5, 7, 4), 20, per_step),
    ]
    assert table.parameters == table.trainable_parameters == 36
    assert table.multiply_adds == sum(row.multiply_adds for row in table.rows)


def test_nested_models_have_paths() -> None:
    model = Sequential(Sequential(Linear(2, 3), Tanh()), Linear(3, 1))
    names = ["", "layers.0", "layers.0.layers.0", "layers.0.layers.1", "layers.1"]
    assert [row.layer for row in summary(model, (8, 2)).rows] == names


def test_a_layer_that_is_used_twice_counts_its_parameters_once() -> None:
    layer = Linear(3, 3)
    table = summary(Sequential(layer, layer), (10, 3))
    assert table.rows[1] == Row("layers.0", "Linear", (10, 3), 12, 2 * 90)
    assert len(table.rows) == 2


def test_a_tied_parameter_counts_once() -> None:
    first, second = Linear(3, 3, bias=False), Linear(3, 3, bias=False)
    second.weight = first.weight
    table = summary(Sequential(first, second), (10, 3))
    assert [row.parameters for row in table.rows] == [0, 9, 0]
    assert [row.multiply_adds for row in table.rows] == [0, 90, 90]


def test_parameters_in_containers_belong_to_the_module() -> None:
    class Polynomial(Module):
        def __init__(self):
            self.coefficients = {"low": [Parameter(np.ones(2))], "high": Parameter(np.ones(3))}

        def forward(self, x):
            return x * self.coefficients["low"][0].sum()

    table = summary(Sequential(Polynomial()), (4,))
    assert [row.parameters for row in table.rows] == [0, 5]


def test_modules_that_are_not_called_come_last() -> None:
    model = Sequential(Linear(2, 2))
    model.spare = Linear(2, 5)
    table = summary(model, (1, 2))
    assert table.rows[-1] == Row("spare", "Linear", None, 15, 0)
    assert "not called" in str(table)


def test_modules_without_operations_have_an_output_shape() -> None:
    assert summary(nn.Identity(), (3, 2)).rows == [Row("", "Identity", (3, 2), 0, 0)]


def test_output_with_a_structure() -> None:
    assert summary(Split(), (3, 2)).rows[0].output_shape == ((3, 1), {"rest": (3, 1)})


def test_products_inside_of_a_checkpoint_count() -> None:
    class Saving(Module):
        def __init__(self):
            self.inner = Linear(3, 3)

        def forward(self, x):
            return tg.checkpoint(self.inner)(x)

    assert summary(Saving(), (10, 3)).multiply_adds == 90


# -------------------------------------------------------------------------------------- the inputs


def test_inputs_are_shapes_or_arrays() -> None:
    class Lookup(Module):
        def __init__(self):
            self.table = Parameter(np.ones((6, 4)))
            self.out = Linear(4, 2, dtype=np.float64)

        def forward(self, indices, scale):
            return self.out(self.table[indices] * scale)

    indices = np.array([[0, 5, 5]])
    table = summary(Lookup(), indices, tg.tensor([2.0], requires_grad=True))
    assert table.rows[0] == Row("", "Lookup", (1, 3, 2), 24, 0)
    assert table.multiply_adds == 3 * 4 * 2
    assert str(table).splitlines()[-1] == "Input: int64 (1, 3), float64 (1,)"
    assert summary(Linear(2, 1, dtype=np.float64), (5, 2)).inputs[0].dtype == np.float64
    assert summary(Linear(2, 1), [[1.0, 2.0]]).rows[0].output_shape == (1, 1)


def test_nothing_about_the_model_changes() -> None:
    model = Sequential(Linear(2, 2), Split()).train()
    before = {name: dict(vars(module)) for name, module in model.named_modules()}
    state = model.state_dict()
    with tg.no_grad():
        table = summary(model, (1, 2))
    assert table.multiply_adds == 4
    assert {name: vars(module) for name, module in model.named_modules()} == before
    assert all(module.training for module in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, state[name])


def test_bad_input_is_refused() -> None:
    with pytest.raises(TypeError, match="takes a Module, not a function"):
        summary(lambda x: x, (1,))
    network = nn.NeuralNetwork(2, [[1, "sigmoid"]], "binary_log_loss")
    with pytest.raises(TypeError, match=r"not a NeuralNetwork; pass its \.model"):
        summary(network, (1, 2))
    assert summary(network.model, (1, 2)).parameters == 3
    with pytest.raises(TypeError, match="needs an input"):
        summary(Tanh())


# --------------------------------------------------------------------------------------- the table


def test_columns_are_aligned() -> None:
    frozen = Linear(1000, 1000, bias=False)
    frozen.weight.requires_grad = False
    lines = str(summary(Sequential(frozen, Tanh(), Linear(1000, 1)), (32, 1000))).splitlines()
    assert lines[0].split("  ")[0] == "Layer"
    assert len({len(line) for line in lines[:-1]}) == 1
    assert lines[3].split() == ["layers.0", "Linear", "(32,", "1000)", "1,000,000", "32,000,000"]
    assert lines[-2].split() == ["Total", "1,001,001", "32,032,000"]
    assert lines[-1] == "Input: float32 (32, 1000); trainable parameters: 1,001"


# ----------------------------------------------------------------------------------- multiply-adds

ONES = np.ones
PRODUCTS = {
    "matrices": (lambda a: a @ ONES((3, 4)), (2, 3), 24),
    "vectors": (lambda a: a @ ONES(3), (3,), 3),
    "stacks": (lambda a: np.matmul(a, ONES((5, 1, 3, 4))), (7, 2, 3), 5 * 7 * 2 * 3 * 4),
    "matmul over other axes": (
        lambda a: np.matmul(a, ONES((3, 4)), axes=[(1, 0), (0, 1), (0, 1)]),
        (3, 2),
        24,
    ),
    "dot of stacks": (lambda a: np.dot(a, ONES((6, 3, 4))), (2, 3), 2 * 6 * 4 * 3),
    "dot with a scalar": (lambda a: np.dot(a, 2.0), (2, 3), 0),
    "inner": (lambda a: np.inner(a, ONES((4, 3))), (2, 3), 24),
    "vdot": (lambda a: np.vdot(a, ONES((2, 3))), (2, 3), 6),
    "vecdot": (lambda a: np.vecdot(a, ONES((3, 2)), axis=0), (3, 2), 6),
    "tensordot": (lambda a: np.tensordot(a, ONES((4, 3, 6)), 2), (5, 4, 3), 5 * 4 * 3 * 6),
    "tensordot of pairs": (
        lambda a: np.tensordot(a, ONES((3, 6, 4)), ([1, 2], [2, 0])),
        (5, 4, 3),
        5 * 4 * 3 * 6,
    ),
    "nothing": (lambda a: np.tensordot(a, ONES((3, 2)), 1), (0, 3), 0),
    "einsum": (lambda a: np.einsum("bij, jk -> bik", a, ONES((3, 4))), (5, 2, 3), 5 * 24),
    "einsum with an ellipsis": (
        lambda a: np.einsum("...ij,...jk", a, ONES((7, 3, 4))),
        (5, 1, 2, 3),
        5 * 7 * 24,
    ),
    "einsum of lists": (lambda a: np.einsum(a, [0, 1], ONES((3, 4)), [1, 2]), (2, 3), 24),
    "einsum of one": (lambda a: np.einsum("ij->i", a), (2, 3), 0),
    "einsum of three": (lambda a: np.einsum("i,j,k->", a, ONES(3), ONES(4)), (2,), 2 * 24),
    "convolve": (lambda a: np.convolve(a, ONES(3)), (5,), 15),
    "convolve, no edges": (lambda a: np.convolve(a, ONES(3), mode="valid"), (5,), 9),
    "elementwise": (lambda a: a * 2 + a, (2, 3), 0),
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_multiply_adds(name: str) -> None:
    function, shape, expected = PRODUCTS[name]
    assert multiply_adds(function(recorded(np.ones(shape))).node) == expected


@pytest.mark.skipif(not hasattr(np, "matvec"), reason="NumPy 2.2 has them")
def test_multiply_adds_of_matrices_with_vectors() -> None:
    a, v = recorded(np.ones((5, 2, 3))), np.ones(3)
    assert multiply_adds(np.matvec(a, v).node) == 30
    assert multiply_adds(np.vecmat(v[:2], a).node) == 30


def test_products_of_the_backward_pass_within_a_model_count() -> None:
    class Slope(Module):
        """The derivative of another module with respect to its input."""

        def __init__(self):
            self.inner = Linear(3, 1, bias=False)

        def forward(self, x):
            return tg.grad(lambda x: np.sum(self.inner(x)))(x)

    # Forward 10 × 3 × 1, and once more for the cotangent of the input.
    assert summary(Slope(), (10, 3)).multiply_adds == 60
