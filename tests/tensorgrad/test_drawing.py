"""What `tg.draw` shows, and that it is the graph."""

import re
from operator import getitem

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tensorgrad as tg
from tensorgrad.drawing import FORMATS
from tensorgrad.mutation import numbers

every_format = pytest.mark.parametrize("format", FORMATS)


class Layer:
    """Marks its output as `nn.Module` does, which this package must not know."""

    def __init__(self, function, parameters=(), parts=()):
        self.function = function
        self.own = dict(parameters)
        self.parts = dict(parts)

    def __call__(self, *operands):
        start = next(numbers)
        output = self.function(self, *operands)
        node = output.node
        if node is not None and node.number > start:
            node.group = (start, self, getattr(node, "group", None))
        return output

    def named_modules(self):
        yield "", self
        for name, part in self.parts.items():
            for path, module in part.named_modules():
                yield f"{name}.{path}".rstrip("."), module

    def named_parameters(self):
        for path, module in self.named_modules():
            for name, parameter in module.own.items():
                yield f"{path}.{name}".lstrip("."), parameter


class Dense(Layer):
    def __init__(self, rows, columns):
        weight, bias = leaf((rows, columns)), leaf((columns,))
        super().__init__(lambda self, x: x @ weight + bias, {"weight": weight, "bias": bias})


class Model(Layer):
    def __init__(self):
        first, second = Dense(2, 8), Dense(8, 1)
        super().__init__(
            lambda self, x: second(np.tanh(first(x))), parts={"first": first, "second": second}
        )


def leaf(shape=(), value=1.0):
    return tg.tensor(np.full(shape, value), requires_grad=True)


def lines_of(tensors, **options):
    """The listing, line by line, with single spaces in place of the columns."""
    text = str(tg.draw(tensors, **options))
    return [re.sub(r"(?<=\S) {2,}", " | ", line) for line in text.splitlines()]


# ----------------------------------------------------------------------------------- the listing


def test_listing_of_a_small_graph() -> None:
    w, b = leaf((2, 3)), leaf(3)
    y = np.tanh(np.ones((5, 2)) @ w + b)
    assert lines_of(y, names={"w": w, "b": b}) == [
        "w = leaf | float64 (2, 3)",
        "b = leaf | float64 (3,)",
        "%1 = np.matmul(<float64 (5, 2)>, w) | float64 (5, 3)",
        "%2 = np.add(%1, b) | float64 (5, 3)",
        "%3 = np.tanh(%2) | float64 (5, 3)",
        "return %3",
    ]


OPERATIONS = [np.add, np.subtract, np.multiply, np.logaddexp, np.arctan2, np.sin, np.tanh]


@given(data=st.data())
def test_listing_is_a_program_that_computes_the_tensor(data) -> None:
    leaves = {"a": leaf((3,), 0.5), "b": leaf((3,), -0.25)}
    values = list(leaves.values())
    for _ in range(data.draw(st.integers(1, 12))):
        operation = data.draw(st.sampled_from(OPERATIONS))
        operands = [data.draw(st.sampled_from([*values, 2.0, -0.5])) for _ in range(operation.nin)]
        result = operation(*operands)
        if isinstance(result, tg.Tensor):
            values.append(result)
    *lines, final = lines_of(values[-1], names=leaves, max_nodes=1000)
    definitions = [line.split(" | ")[0].replace("%", "v") for line in lines if "= leaf" not in line]
    scope = {"np": np, **{name: tensor.data for name, tensor in leaves.items()}}
    exec("\n".join(definitions), scope)
    result = scope[final.removeprefix("return ").replace("%", "v")]
    np.testing.assert_array_equal(result, values[-1].data)
    assert len(definitions) == len({line.split(" = ")[0] for line in definitions})


def test_shared_results_are_drawn_once() -> None:
    x = leaf()
    y = np.exp(x)
    for _ in range(30):  # as a tree, this would have 2^30 branches
        y = y + y
    assert len(lines_of(y)) == 33


def test_several_results() -> None:
    x = leaf(value=2.0)
    y = np.exp(x)
    lines = lines_of({"second": np.sin(y), "first": y, "leaf": x, "count": 3})
    assert lines[-1] == "return %3, %2, %1"
    assert len(lines) == 4


def test_tensor_without_a_graph() -> None:
    assert lines_of(tg.tensor([1.0, 2.0])) == ["%1 = constant | float64 (2,)", "return %1"]
    assert lines_of(leaf((2,))) == ["%1 = leaf | float64 (2,)", "return %1"]


def test_constants_are_shown_by_value_or_by_shape() -> None:
    x = leaf((4, 4))
    y = tg.apply(getitem, x * np.float32(0.1), (slice(1, None), ..., None, np.array([0, 1])))
    lines = lines_of(np.where(np.ones(2, bool), y, 1 / 3))
    assert "np.multiply(%1, 0.1)" in lines[1]
    assert "getitem(%2, (1:, ..., None, <int64 (2,)>))" in lines[2]
    assert "np.where(<bool (2,)>, %3, 0.333333)" in lines[3]


def test_options_are_shown_by_name_unless_they_are_the_default() -> None:
    @tg.derivative(rules=[lambda g, y, x, *_, **__: g])
    def shift(x, by, axis=None, scale=1.0, *, wrap=np._NoValue, **rest):
        return x + by

    x = leaf((2, 3))
    y = shift(shift(x, 2, 1, 1.0, wrap=None), 2, None, 3, rest=0, other=None)
    z = shift(shift(x, 1), 1, scale=1.0, wrap=True)
    lines = [line.replace("test_drawing.", "") for line in lines_of((y, z))]
    assert "shift(%1, 2, axis=1) |" in lines[1]
    assert "shift(%2, 2, scale=3, rest=0) |" in lines[2]
    assert "shift(%1, 1) |" in lines[3]
    assert "shift(%4, 1, wrap=True) |" in lines[4]


def test_numpys_options_have_their_names() -> None:
    lines = lines_of(np.transpose(leaf((2, 3)), (1, 0)).sum(0).reshape((1, 2)))
    assert "np.transpose(%1, axes=(1, 0)) |" in lines[1]
    assert "sum(%2, axis=0) |" in lines[2]


def test_a_function_with_several_results() -> None:
    @tg.derivative(rules=[lambda g, y, x: (0 if g[0] is None else g[0]) + 2 * g[1]])
    def both(x):
        return x + 1, x * 2

    lines = lines_of(np.sum(both(leaf((3,)))[1]))
    assert lines[1].endswith("both(%1) | (float64 (3,), float64 (3,))")
    assert lines[2] == "%3 = %2[1] | float64 (3,)"


# ----------------------------------------------------------------------------------------- names


def test_names_of_leaves_results_and_constant_arrays() -> None:
    x, w = np.ones((5, 2)), leaf((2, 1))
    logits = x @ w
    loss = (logits - 1) ** 2
    unrelated = "neither a tensor nor an array"
    lines = lines_of(loss, names=locals())
    assert lines == [
        "x = constant | float64 (5, 2)",
        "w = leaf | float64 (2, 1)",
        "logits = np.matmul(x, w) | float64 (5, 1)",
        "%1 = np.subtract(logits, 1) | float64 (5, 1)",
        "loss = np.power(%1, 2) | float64 (5, 1)",
        "return loss",
    ]


def test_names_from_an_object_with_parameters() -> None:
    model = Model()
    y = np.sum(model.parts["first"].own["weight"])
    assert lines_of(y, names=model)[0] == "first.weight = leaf | float64 (2, 8)"


def test_a_tensor_that_was_cut_from_the_graph_is_not_taken_for_the_leaf() -> None:
    w = leaf((2,))
    lines = lines_of(w * tg.stop_gradient(w), names={"w": w})
    assert lines[1] == "%1 = np.multiply(w, <float64 (2,)>) | float64 (2,)"


def test_names_within_a_transform() -> None:
    drawn = []

    def loss(parameters):
        value = np.sum(np.sin(parameters["w"]))
        drawn.append(lines_of(value, names=parameters))
        return value

    tg.grad(loss)({"w": np.ones(3)})
    assert drawn[0][0].endswith("| float64 (3,)")
    assert drawn[0][1] == "%1 = np.sin(w) | float64 (3,)"


def test_a_name_stays_on_its_line() -> None:
    w = leaf()
    assert lines_of(w, names={"two\n  lines": w})[0].startswith("two lines = leaf")


# ---------------------------------------------------------------------------------------- layers


def test_layers_are_groups_with_their_parameters() -> None:
    x = leaf((5, 2))
    loss = np.exp(Model()(x))
    assert lines_of(loss, names={"x": x}) == [
        "x = leaf | float64 (5, 2)",
        "Model",
        "  first: Dense",
        "    first.weight = leaf | float64 (2, 8)",
        "    first.bias = leaf | float64 (8,)",
        "    %1 = np.matmul(x, first.weight) | float64 (5, 8)",
        "    %2 = np.add(%1, first.bias) | float64 (5, 8)",
        "  %3 = np.tanh(%2) | float64 (5, 8)",
        "  second: Dense",
        "    second.weight = leaf | float64 (8, 1)",
        "    second.bias = leaf | float64 (1,)",
        "    %4 = np.matmul(%3, second.weight) | float64 (5, 1)",
        "    %5 = np.add(%4, second.bias) | float64 (5, 1)",
        "%6 = np.exp(%5) | float64 (5, 1)",
        "return %6",
    ]


def test_a_tied_parameter_belongs_to_the_layer_around_its_uses() -> None:
    w = leaf((2, 2))
    parts = {
        name: Layer(lambda self, x: np.sin(x @ w), {"weight": w}) for name in ("encoder", "decoder")
    }
    model = Layer(lambda self, x: parts["decoder"](parts["encoder"](x)), parts=parts)
    lines = lines_of(model(np.ones((1, 2))))
    assert lines[:3] == ["Layer", "  encoder.weight = leaf | float64 (2, 2)", "  encoder: Layer"]
    assert sum("leaf" in line for line in lines) == 1


def test_a_layer_that_is_called_twice_is_two_groups() -> None:
    layer = Dense(2, 2)
    lines = lines_of(layer(layer(np.ones((1, 2)))))
    assert lines.count("Dense") == 2
    assert sum("weight = leaf" in line for line in lines) == 1


def test_a_frozen_parameter_has_its_name() -> None:
    layer = Dense(2, 2)
    layer.own["weight"].requires_grad = False
    lines = lines_of(layer(leaf((1, 2))))
    assert lines[1:4] == [
        "Dense",
        "  weight = constant | float64 (2, 2)",
        "  bias = leaf | float64 (2,)",
    ]


def test_parameters_of_two_models_are_told_apart() -> None:
    class Critic(Dense):
        pass

    lines = lines_of(Critic(2, 1)(Dense(3, 2)(Dense(2, 3)(np.ones((1, 2))))))
    assert "  Dense.weight = leaf | float64 (2, 3)" in lines
    assert "  Dense#2.weight = leaf | float64 (3, 2)" in lines
    assert "  Critic.weight = leaf | float64 (2, 1)" in lines


def test_two_outputs_of_one_call_are_one_group() -> None:
    x = leaf()
    start = next(numbers)
    hidden = np.exp(x)
    outputs = np.sin(hidden), np.cos(hidden)
    for output in outputs:
        output.node.group = (start, "cell", None)
    assert lines_of(outputs)[1:5] == [
        "cell",
        "  %2 = np.exp(%1) | float64 ()",
        "  %3 = np.sin(%2) | float64 ()",
        "  %4 = np.cos(%2) | float64 ()",
    ]


def test_what_a_layer_computes_for_others_is_outside_and_the_layer_continues() -> None:
    kept = []

    def forward(self, x):
        hidden = np.exp(x)
        kept.append(np.square(hidden))
        return np.sin(hidden)

    output = Layer(forward)(leaf())
    assert lines_of(output + kept[0])[1:6] == [
        "Layer",
        "  %2 = np.exp(%1) | float64 ()",
        "%3 = np.square(%2) | float64 ()",
        "Layer (continued)",
        "  %4 = np.sin(%2) | float64 ()",
    ]


# ------------------------------------------------------------------------------------ large graphs


def chain(length):
    x = y = leaf()
    for _ in range(length):
        y = y + 1.0
    return x, y


@every_format
def test_a_long_chain_is_abbreviated(format: str) -> None:
    text = str(tg.draw(chain(100_000)[1], format))
    assert len(text.splitlines()) < 500
    assert "99,800 operations not shown" in text


def test_what_is_shown_of_a_long_chain() -> None:
    x, y = chain(10)
    assert lines_of(y, names={"x": x, "y": y}, max_nodes=3) == [
        "x = leaf | float64 ()",
        "%1 = np.add(x, 1.0) | float64 ()",
        "... 7 operations not shown (raise max_nodes) ...",
        "%9 = np.add(..., 1.0) | float64 ()",
        "y = np.add(%9, 1.0) | float64 ()",
        "return y",
    ]
    assert lines_of(y, max_nodes=10) == lines_of(y)
    assert "..." in lines_of(y, max_nodes=1)[0]
    assert lines_of((x, y), max_nodes=1)[-1] == "return %1, %11"


def test_the_whole_of_a_long_chain() -> None:
    assert len(lines_of(chain(10_000)[1], max_nodes=10_000)) == 10_002


# ---------------------------------------------------------------------------------------- diagrams

NASTY = '<b> "q" & #35; \\n {a|b} *x* `y` $z$ __init__ 1. %% ] ) ;\n- end λ'

MERMAID_TEXT = r'"(?:[^"<>&;*`$\\{}|~%#]|<br/>|[#](?:\d+|lt|gt|amp|quot);)*"'
MERMAID_LINES = re.compile(
    rf"""flowchart\ TB
    | \ *subgraph\ g\d+\[{MERMAID_TEXT}\]
    | \ *end
    | \ *n\d+(?:\[{MERMAID_TEXT}\]|\(\[{MERMAID_TEXT}\]\)|\{{\{{{MERMAID_TEXT}\}}\}})
    | \ *n\d+\ -->(?:\|\d+\|)?\ n\d+""",
    re.VERBOSE,
)
DOT_TEXT = r'"(?:[^"\\]|\\["\\n])*"'
DOT_LINES = re.compile(
    rf"""digraph\ \{{
    | \ *(?:graph|node|edge)\ \[[^"]*\];
    | \ *subgraph\ cluster_g\d+\ \{{
    | \ *label={DOT_TEXT};
    | \ *\}}
    | \ *n\d+\ \[label={DOT_TEXT}(?:,\ (?:style=\w+|style="rounded,filled",\ fillcolor=\w+))?\];
    | \ *n\d+\ ->\ n\d+(?:\ \[label=\d+\])?;""",
    re.VERBOSE,
)


def nasty_graph():
    cut = tg.derivative(lambda x, how: x * 1, lambda g, y, x, how: g)
    x = leaf((2,))
    y = Layer(lambda self, x: cut(x, NASTY))(x)
    y.node.group = (y.node.group[0], NASTY, None)
    return y, {NASTY: x}


@pytest.mark.parametrize(("format", "grammar"), [("mermaid", MERMAID_LINES), ("dot", DOT_LINES)])
def test_every_line_of_a_diagram_is_well_formed(format: str, grammar: re.Pattern[str]) -> None:
    x = np.ones((5, 2))
    graphs = [
        (Model()(x), {"x": x}, 200),
        (Model()(x), None, 2),
        (*nasty_graph(), 200),
        (chain(3)[1] / leaf(), None, 200),
    ]
    for tensor, names, most in graphs:
        text = str(tg.draw(tensor, format, names=names, max_nodes=most))
        for line in text.splitlines():
            assert grammar.fullmatch(line), line


def test_mermaid() -> None:
    a, b, x = leaf((2,)), leaf((2,)), np.ones(2)
    layer = Layer(lambda self, a: np.exp(a) ** 2, {"a": a})
    text = str(tg.draw((layer(a) * x - b) + b, "mermaid", names={"b": b, "x": x}))
    assert text.splitlines() == [
        "flowchart TB",
        '  subgraph g1["Layer"]',
        '    n3(["a<br/>float64 (2,)"])',
        '    n4["np.exp<br/>float64 (2,)"]',
        '    n5["np.power(·, 2)<br/>float64 (2,)"]',
        "  end",
        '  n1(["x<br/>float64 (2,)"])',
        '  n2(["b<br/>float64 (2,)"])',
        '  n6["np.multiply<br/>float64 (2,)"]',
        '  n7["np.subtract<br/>float64 (2,)"]',
        '  n8["np.add<br/>float64 (2,)"]',
        "  n3 --> n4",
        "  n4 --> n5",
        "  n5 --> n6",
        "  n1 --> n6",
        "  n6 -->|1| n7",
        "  n2 -->|2| n7",
        "  n7 --> n8",
        "  n2 --> n8",
    ]


def test_dot() -> None:
    a, x = leaf((2,)), np.ones(2)
    layer = Layer(lambda self, a: np.exp(a) - x, {"a": a})
    text = str(tg.draw(layer(a), "dot", names={"x": x}))
    assert text.splitlines()[4:] == [
        "  subgraph cluster_g1 {",
        '    label="Layer";',
        r'    n2 [label="a\nfloat64 (2,)", style="rounded,filled", fillcolor=gray92];',
        r'    n3 [label="np.exp\nfloat64 (2,)"];',
        r'    n4 [label="np.subtract\nfloat64 (2,)"];',
        "  }",
        r'  n1 [label="x\nfloat64 (2,)", style=rounded];',
        "  n2 -> n3;",
        "  n3 -> n4 [label=1];",
        "  n1 -> n4 [label=2];",
        "}",
    ]


@given(text=st.text(max_size=20))
def test_labels_are_escaped_without_loss(text: str) -> None:
    from tensorgrad.drawing.diagrams import MERMAID_NAMED, _dot_text, _mermaid_text

    named = {code: character for character, code in MERMAID_NAMED.items()}

    def decoded(code: re.Match[str]) -> str:
        return named.get(code[0]) or chr(int(code[0][1:-1]))

    assert re.sub(r"#92;#8203;|#\w+;", decoded, _mermaid_text(text)) == text
    assert re.sub(r"\\(.)", r"\1", _dot_text(text)).replace("&amp;", "&") == text


# ---------------------------------------------------------------------------------------- notebook


def test_a_drawing_shows_itself() -> None:
    x = leaf()
    drawing = tg.draw(np.exp(x), names={"x": x})
    bundle = drawing._repr_mimebundle_(include=None, exclude=None)
    assert bundle["text/plain"] == repr(drawing) == str(drawing)
    assert bundle["text/vnd.mermaid"] == str(tg.draw(np.exp(x), "mermaid", names={"x": x}))
    assert list(tg.draw(x, "dot")._repr_mimebundle_()) == ["text/plain"]
    mermaid = tg.draw(x, "mermaid")
    assert str(mermaid).startswith("flowchart")
    assert mermaid._repr_mimebundle_()["text/plain"] == str(tg.draw(x))


def test_a_drawing_keeps_no_arrays_alive() -> None:
    import weakref

    x = leaf((1000,))
    y = np.exp(x)
    data, drawing = weakref.ref(y.data), tg.draw(y)
    del x, y
    assert data() is None
    assert "np.exp" in str(drawing)


def test_a_tensor_shows_itself() -> None:
    scaled = tg.derivative(lambda x: 2 * x, lambda g, y, x: 2 * g)
    html = scaled(tg.tensor(np.ones((2, 3), np.float32), requires_grad=True))._repr_html_()
    assert "<b>Tensor</b> float32 (2, 3)" in html
    assert "from test_drawing.&lt;lambda&gt;" in html.replace("tests.tensorgrad.", "")
    assert "[[2., 2., 2.]," in html
    assert "<details>" in html
    assert "%1 = leaf" in html
    assert "<lambda>" not in html
    assert "requires_grad=True" in leaf()._repr_html_()
    assert "<details>" not in leaf()._repr_html_()
    assert "from" not in tg.tensor([1])._repr_html_()


# -------------------------------------------------------------------------------------- bad input


def test_bad_input_is_refused() -> None:
    with pytest.raises(TypeError, match="graph of tensors, and there is none in this ndarray"):
        tg.draw(np.ones(3))
    with pytest.raises(ValueError, match="format is 'svg'; expected one of 'text', 'mermaid'"):
        tg.draw(leaf(), "svg")
    with pytest.raises(TypeError, match="names is a list; expected a dict"):
        tg.draw(leaf(), names=["w"])
    with pytest.raises(TypeError, match=r"max_nodes is 2\.0"):
        tg.draw(leaf(), max_nodes=2.0)
    with pytest.raises(ValueError, match="max_nodes is 0"):
        tg.draw(leaf(), max_nodes=0)
