"""Modules: finding parameters, state, copies, and what a call leaves on the tape."""

import copy
import pickle
import textwrap
from collections import namedtuple

import numpy as np
import pytest

import nn
import tensorgrad as tg
from nn import Linear, Module, Parameter, Sequential, Tanh, functional_call


class Tied(Module):
    """An autoencoder of one weight, used twice."""

    def __init__(self):
        self.encoder = Linear(3, 2, rng=0, dtype=np.float64)
        self.decoder_bias = Parameter(np.zeros(3))
        self.again = self.encoder.weight

    def forward(self, x):
        return np.tanh(self.encoder(x)) @ self.again.T + self.decoder_bias


class Nested(Module):
    def __init__(self):
        self.blocks = [
            Linear(2, 2),
            (Linear(2, 3), {"gate": Linear(3, 1), 7: Parameter(np.ones(1))}),
        ]
        self.scale = Parameter(np.ones(2))
        self.constant = tg.tensor([1.0, 2.0])
        self.not_a_parameter = np.zeros(4)
        self.name = "nested"


def test_parameters_are_found_in_lists_tuples_and_dicts():
    assert [name for name, _ in Nested().named_parameters()] == [
        "blocks.0.weight",
        "blocks.0.bias",
        "blocks.1.0.weight",
        "blocks.1.0.bias",
        "blocks.1.1.gate.weight",
        "blocks.1.1.gate.bias",
        "blocks.1.1.7",
        "scale",
    ]


def test_parameters_and_modules_are_listed_in_the_same_order():
    nested = Nested()
    assert [id(p) for p in nested.parameters()] == [id(p) for _, p in nested.named_parameters()]
    assert [type(module) for module in nested.modules()] == [Nested, Linear, Linear, Linear]
    assert nested.modules()[0] is nested


def test_shared_parameter_is_listed_once_and_collects_both_gradients():
    tied = Tied()
    assert [name for name, _ in tied.named_parameters()] == [
        "encoder.weight",
        "encoder.bias",
        "decoder_bias",
    ]
    x = np.random.default_rng(0).normal(size=(4, 3))
    np.sum(tied(x) ** 2).backward()
    tg.check_grads(
        lambda w: np.sum(functional_call(tied, {"encoder.weight": w}, x) ** 2),
        tied.encoder.weight.data,
        order=1,
    )
    with tg.no_grad():
        expected = tg.grad(lambda w: np.sum(functional_call(tied, {"encoder.weight": w}, x) ** 2))(
            tied.encoder.weight.data
        )
    np.testing.assert_allclose(tied.encoder.weight.grad, expected)


def test_module_that_contains_itself():
    module = Sequential(Linear(1, 1))
    module.layers[0].parent = module
    assert len(module.parameters()) == 2
    assert len(module.modules()) == 2
    assert "..." in repr(module)
    assert module.for_inference().layers[0].parent.layers[0].weight is module.layers[0].weight.data


def test_parameter_is_a_leaf_that_requires_a_gradient():
    parameter = Parameter([1.0, 2.0])
    assert parameter.requires_grad
    assert parameter.is_leaf
    assert not Parameter([1.0], requires_grad=False).requires_grad
    assert not hasattr(parameter, "__dict__")
    with pytest.raises(TypeError, match="floating-point"):
        Parameter([1, 2])


def test_forward_must_be_defined():
    class Nothing(Module):
        pass

    with pytest.raises(NotImplementedError, match="Nothing must define forward"):
        Nothing()(1.0)


def test_train_and_eval_reach_all_modules():
    nested = Nested()
    assert all(module.training for module in nested.modules())
    assert nested.eval() is nested
    assert not any(module.training for module in nested.modules())
    nested.train()
    assert all(module.training for module in nested.modules())
    assert "training" not in repr(nested)


def test_zero_grad():
    layer = Linear(2, 1, rng=0)
    np.sum(layer(np.ones((3, 2), np.float32))).backward()
    assert all(p.grad is not None for p in layer.parameters())
    layer.zero_grad()
    assert all(p.grad is None for p in layer.parameters())


class TestState:
    def test_round_trip(self):
        first, second = (
            Sequential(Linear(2, 3), Linear(3, 1)),
            Sequential(Linear(2, 3), Linear(3, 1)),
        )
        state = first.state_dict()
        assert all(type(array) is np.ndarray for array in state.values())
        assert second.load_state_dict(state) is second
        x = np.ones((2, 2), np.float32)
        np.testing.assert_array_equal(first(x).data, second(x).data)

    def test_state_is_a_copy(self):
        layer = Linear(2, 1)
        state = layer.state_dict()
        state["weight"][:] = 7
        assert not np.any(layer.weight.data == 7)

    def test_tensors_are_values_too(self):
        first, second = Linear(2, 1), Linear(2, 1)
        second.load_state_dict(dict(first.named_parameters()))
        np.testing.assert_array_equal(second.weight.data, first.weight.data)
        assert not np.shares_memory(second.weight.data, first.weight.data)

    def test_values_are_cast(self):
        layer = Linear(1, 1)
        layer.load_state_dict({"weight": [[2]], "bias": np.array([0.5])})
        assert layer.weight.dtype == layer.bias.dtype == np.float32
        assert layer.weight.data == 2
        assert layer.bias.data == 0.5

    def test_loading_is_noticed_by_a_backward_pass(self):
        layer = Linear(2, 1)
        loss = np.sum(layer(np.ones((1, 2), np.float32)) ** 2)
        layer.load_state_dict(layer.state_dict())
        with pytest.raises(RuntimeError, match="overwritten"):
            loss.backward()

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda state: state.pop("layers.0.bias"), "layers.0.bias is missing"),
            (lambda state: state.update(extra=np.ones(1)), "extra is not in the model"),
            (
                lambda state: state.update({"layers.1.weight": np.ones(3)}),
                r"layers.1.weight has shape \(3,\), expected \(3, 1\)",
            ),
            (
                lambda state: state.update({"layers.1.bias": np.array(["a"])}),
                "layers.1.bias has dtype <U1, expected float32",
            ),
            (
                lambda state: state.update({"layers.1.bias": np.array([1j])}),
                "layers.1.bias has dtype complex128",
            ),
        ],
    )
    def test_state_that_does_not_fit_changes_nothing(self, change, message):
        model = Sequential(Linear(2, 3, rng=0), Linear(3, 1, rng=0))
        before = model.state_dict()
        state = {name: array + 1 for name, array in before.items()}
        change(state)
        with pytest.raises(ValueError, match=message):
            model.load_state_dict(state)
        for name, array in model.state_dict().items():
            np.testing.assert_array_equal(array, before[name])

    def test_all_problems_are_listed(self):
        with pytest.raises(ValueError, match=r"bias is missing; other is not .*; weight has shape"):
            Linear(2, 1).load_state_dict({"weight": np.ones(1), "other": 1.0})


class TestForInference:
    def test_plain_in_plain_out(self):
        model = Sequential(Linear(2, 3, rng=0), Tanh(), Linear(3, 1, rng=0))
        x = np.ones((4, 2), np.float32)
        result = model.for_inference()(x)
        assert type(result) is np.ndarray
        np.testing.assert_array_equal(result, model(x).data)

    def test_shares_memory_and_follows_changes(self):
        layer = Linear(1, 1, rng=0)
        plain = layer.for_inference()
        layer.weight.assign([[5.0]])
        assert plain.weight is layer.weight.data
        assert plain(np.ones(1, np.float32)) == 5

    def test_is_in_evaluation_mode_and_leaves_the_original_alone(self):
        model = Sequential(Linear(1, 1))
        plain = model.for_inference()
        assert not plain.training
        assert not plain.layers[0].training
        assert model.training
        assert isinstance(model.layers[0].weight, Parameter)

    def test_structure_is_kept(self):
        pair = namedtuple("pair", "left right")

        class Odd(Module):
            def __init__(self):
                self.pair = pair(Linear(1, 1), 3)
                self.table = {"a": [Parameter(np.ones(1))]}
                self.same = self.table
                self.constant = tg.tensor(2.0)

        odd = Odd()
        plain = odd.for_inference()
        assert plain.pair._fields == ("left", "right")
        assert plain.pair.right == 3
        assert plain.table is plain.same
        assert plain.table is not odd.table
        assert plain.table["a"][0] is odd.table["a"][0].data
        assert type(plain.constant) is np.ndarray


class TestFunctionalCall:
    def test_gradient_with_respect_to_a_dict_of_parameters(self):
        model = Sequential(
            Linear(2, 3, rng=0, dtype=np.float64), Tanh(), Linear(3, 1, rng=1, dtype=np.float64)
        )
        x = np.random.default_rng(0).normal(size=(5, 2))
        gradients = tg.grad(lambda p: np.sum(functional_call(model, p, x) ** 2))(model.state_dict())
        np.sum(model(x) ** 2).backward()
        for name, parameter in model.named_parameters():
            np.testing.assert_allclose(gradients[name], parameter.grad)

    def test_second_order(self):
        model = Sequential(
            Linear(2, 2, rng=0, dtype=np.float64), Tanh(), Linear(2, 1, rng=1, dtype=np.float64)
        )
        x = np.random.default_rng(0).normal(size=(3, 2))
        tg.check_grads(lambda p: np.sum(functional_call(model, p, x) ** 2), model.state_dict())

    def test_some_parameters_keep_their_values(self):
        layer = Linear(1, 1, rng=0)
        layer.bias.assign([3.0])
        assert functional_call(layer, {"weight": np.array([[2.0]])}, np.array([1.0])).data == 5

    def test_unknown_name(self):
        with pytest.raises(ValueError, match="Linear has no wait; it has weight, bias"):
            functional_call(Linear(1, 1), {"wait": 1.0}, np.ones(1))

    def test_keywords_reach_forward(self):
        class Power(Module):
            def __init__(self):
                self.base = Parameter([2.0])

            def forward(self, *, exponent):
                return self.base**exponent

        assert functional_call(Power(), {"base": np.array([3.0])}, exponent=2) == 9
        assert Power()(exponent=3).data == 8


class TestGroups:
    """A module's output carries what the module recorded, for drawing."""

    def test_nested_modules_that_share_an_output(self):
        model = Sequential(Linear(2, 3), Tanh(), Linear(3, 1))
        output = model(np.ones((1, 2), np.float32))
        start, module, inner = output.node.group
        assert module is model
        inner_start, inner_module, innermost = inner
        assert inner_module is model.layers[2]
        assert innermost is None
        assert start < inner_start < output.node.number

    def test_what_is_handed_through_is_not_claimed(self):
        class Same(Module):
            def forward(self, x):
                return x

        made = Linear(1, 1)(np.ones(1, np.float32))
        assert Same()(made).node.group[1].__class__ is Linear
        leaf = tg.tensor([1.0], requires_grad=True)
        assert Same()(leaf).node.group is None


class TestCopies:
    @pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
    def test_independent_and_equal(self, duplicate):
        model = Sequential(Linear(2, 3, rng=0), Tanh(), Linear(3, 1, rng=0))
        twin = duplicate(model)
        x = np.ones((4, 2), np.float32)
        np.testing.assert_array_equal(model(x).data, twin(x).data)
        twin.layers[0].weight.assign(np.zeros((2, 3)))
        assert np.any(model.layers[0].weight.data != 0)
        assert all(type(p) is Parameter and p.requires_grad for p in twin.parameters())

    def test_shared_parameters_stay_shared(self):
        twin = copy.deepcopy(Tied())
        assert twin.again is twin.encoder.weight


class TestRepr:
    def test_nested(self):
        assert repr(Nested()) == textwrap.dedent("""\
            Nested(
              blocks.1.1.7: (1,), scale: (2,), name='nested'
              blocks.0: Linear(weight: (2, 2), bias: (2,))
              blocks.1.0: Linear(weight: (2, 3), bias: (3,))
              blocks.1.1.gate: Linear(weight: (3, 1), bias: (1,))
            )""")

    def test_inner_blocks_are_indented(self):
        model = Sequential(Sequential(Linear(1, 1, bias=False)), Tanh())
        assert repr(model) == textwrap.dedent("""\
            Sequential(
              layers.0: Sequential(
                layers.0: Linear(weight: (1, 1))
              )
              layers.1: Tanh()
            )""")


class TestCall:
    def test_by_keyword(self):
        layer = nn.Linear(2, 1, rng=0)
        x = np.ones((1, 2))
        assert layer(x=x).item() == layer(x).item()

    def test_subclasses_may_take_more_or_less(self):
        class Shifted(nn.Tanh):
            def forward(self, x, shift=1.0):
                return super().forward(x) + shift

        class Constant(Shifted):
            def forward(self):  # pyright: ignore[reportIncompatibleMethodOverride]
                return 7.0

        class Plain(Shifted):
            def forward(self, x):  # pyright: ignore[reportIncompatibleMethodOverride]
                return x

        assert Shifted()(np.zeros(1)) == 1
        assert Shifted()(np.zeros(1), shift=2) == 2
        assert Constant()() == 7
        assert Plain()(3) == 3
        with pytest.raises(TypeError):
            Plain()(3, 4)

    def test_a_call_of_its_own_is_kept(self):
        class Traced(nn.Identity):
            def __call__(self, x):
                return "traced", super().__call__(x)

        class Below(Traced):
            def forward(self, x):
                return 2 * x

        assert Below()(3) == ("traced", 6)

    def test_within_a_sequence_as_outside(self):
        class Logged(Module):
            def __call__(self, *args):
                calls.append(args)
                return super().__call__(*args)

        class Double(Module):
            def forward(self, x):
                return 2 * x

        class Both(Double, Logged):
            pass

        class WithMask:
            def forward(self, x, mask=1.0):
                return nn.Identity.forward(self, x) * mask  # pyright: ignore[reportArgumentType]

        class Masked(WithMask, nn.Identity):
            pass

        calls = []
        assert Sequential(Both(), Masked(), np.negative)(1.0) == -2
        assert calls == [(1.0,)]
        assert Masked()(3.0, 2.0) == 6
        own = nn.Identity()
        own.forward = lambda x, y=1: (x, y)
        assert own(1, 2) == (1, 2)
        assert Sequential(own)(1) == (1, 1)

    def test_the_operations_are_known_as_the_modules(self):
        inner, outer = nn.Linear(2, 1, rng=0), nn.Sequential()
        outer.layers = [inner]
        _, module, within = outer(np.ones((1, 2), np.float32)).node.group
        assert module is outer
        assert within[1] is inner
