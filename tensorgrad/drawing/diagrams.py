"""A graph as source for a drawing program: Mermaid and DOT.

Both put boxes of boxes first and arrows last. A box shows the function and what it was called with
besides the arrows that come in, for which a dot stands: ``np.power(·, 2)``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from tensorgrad.drawing.groups import Group
from tensorgrad.drawing.outline import Outline, Vertex

COMMUTATIVE = {"np.add", "np.multiply", "np.maximum", "np.minimum", "np.logaddexp", "np.hypot"}
"""Functions whose arrows need no numbers."""


def mermaid(outline: Outline) -> str:
    """Write a graph in Mermaid's flowchart language.

    Parameters
    ----------
    outline : Outline
        The graph.

    Returns
    -------
    str
        To be pasted between ```` ```mermaid ```` and ```` ``` ````.
    """
    rounded = '(["{}"])'
    shapes = {"leaf": rounded, "input": rounded, "constant": rounded, "omitted": '{{{{"{}"}}}}'}

    def box(vertex: Vertex, identifier: str) -> str:
        label = "<br/>".join(map(_mermaid_text, _label(vertex)))
        return identifier + shapes.get(vertex.kind, '["{}"]').format(label)

    def frame(group: Group, identifier: str, body: list[str]) -> list[str]:
        return [f'subgraph {identifier}["{_mermaid_text(group.label)}"]', *body, "end"]

    def arrow(source: str, target: str, position: str) -> str:
        return f"{source} -->|{position}| {target}" if position else f"{source} --> {target}"

    lines = _lines(outline, _Language(box, frame, arrow))
    return "\n".join(["flowchart TB", *lines])


def dot(outline: Outline) -> str:
    """Write a graph in Graphviz's language.

    Parameters
    ----------
    outline : Outline
        The graph.

    Returns
    -------
    str
        Input for ``dot -Tsvg``.
    """
    styles = {
        "leaf": 'style="rounded,filled", fillcolor=gray92',
        "input": 'style="rounded,filled", fillcolor=gray92',
        "constant": "style=rounded",
        "omitted": "style=dashed",
    }

    def box(vertex: Vertex, identifier: str) -> str:
        label = r"\n".join(map(_dot_text, _label(vertex)))
        style = f", {styles[vertex.kind]}" if vertex.kind in styles else ""
        return f'{identifier} [label="{label}"{style}];'

    def frame(group: Group, identifier: str, body: list[str]) -> list[str]:
        label = f'label="{_dot_text(group.label)}";'
        return [f"subgraph cluster_{identifier} {{", f"  {label}", *body, "}"]

    def arrow(source: str, target: str, position: str) -> str:
        return f"{source} -> {target}{f' [label={position}]' if position else ''};"

    settings = [
        "graph [color=gray60, fontname=Helvetica, fontsize=12];",
        "node [shape=box, fontname=Helvetica, fontsize=11];",
        "edge [color=gray30, fontname=Helvetica, fontsize=9];",
    ]
    lines = _lines(outline, _Language(box, frame, arrow))
    return "\n".join(["digraph {", *(f"  {line}" for line in settings), *lines, "}"])


class _Language(NamedTuple):
    """How a drawing program wants things written."""

    box: Callable[[Vertex, str], str]
    frame: Callable[[Group, str, list[str]], list[str]]
    arrow: Callable[[str, str, str], str]


def _lines(outline: Outline, language: _Language) -> list[str]:
    identifiers = {vertex: f"n{i}" for i, vertex in enumerate(outline.vertices, start=1)}
    # Groups in the order of their first vertex, so outer ones before inner ones.
    bodies: dict[Group | None, list[str]] = {None: []}
    for vertex, identifier in identifiers.items():
        for group in () if vertex.group is None else vertex.group.from_outside():
            bodies.setdefault(group, [])
        bodies[vertex.group].append(language.box(vertex, identifier))
    # Inner groups are put into outer ones last first, each in front of what is there.
    for number, (group, body) in reversed(list(enumerate(bodies.items()))):
        if group is not None:
            indented = [f"  {line}" for line in body]
            bodies[group.parent][:0] = language.frame(group, f"g{number}", indented)
    lines = bodies[None]
    for vertex, identifier in identifiers.items():
        operands = [argument for argument in vertex.arguments if isinstance(argument, Vertex)]
        for position, operand in enumerate(operands, start=1):
            label = str(position) if _order_matters(vertex, operands) else ""
            lines.append(language.arrow(identifiers[operand], identifier, label))
    return [f"  {line}" for line in lines]


def _order_matters(vertex: Vertex, operands: list[Vertex]) -> bool:
    return vertex.kind == "operation" and len(operands) > 1 and vertex.function not in COMMUTATIVE


def _label(vertex: Vertex) -> list[str]:
    """The lines of text in a box."""
    if vertex.kind == "omitted":
        return [f"{vertex.count:,} operations not shown", "(raise max_nodes)"]
    numbered = vertex.name.startswith("%")
    if vertex.kind in ("leaf", "input", "constant"):
        return [vertex.kind if numbered else vertex.name, vertex.result]
    return [_call(vertex) if numbered else f"{vertex.name} = {_call(vertex)}", vertex.result]


def _call(vertex: Vertex) -> str:
    if vertex.kind == "component":
        return f"[{vertex.arguments[1]}]"
    constants = [argument for argument in vertex.arguments if isinstance(argument, str)]
    if not constants and not vertex.keywords:
        return vertex.function
    arguments = [argument if isinstance(argument, str) else "·" for argument in vertex.arguments]
    return f"{vertex.function}({', '.join([*arguments, *vertex.keywords])})"


# --------------------------------------------------------------------------------------- escaping

MERMAID_NAMED = {
    "<": "#lt;",
    ">": "#gt;",
    "&": "#amp;",
    '"': "#quot;",
    "\\": "#92;#8203;",  # with a space of no width, or an n after it would break the line
}
# Quoted text is Markdown to newer versions: what could be emphasis, code, a list or mathematics
# there is written as a character code too.
MERMAID_SPECIAL = re.compile(
    r"""[<>&"#;*`$\\{}|~%]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|^[-+=]|(?<=^\d)[.)]|(?<=^\d\d)[.)]"""
)


def _mermaid_text(text: str) -> str:
    return MERMAID_SPECIAL.sub(
        lambda match: MERMAID_NAMED.get(match[0], f"#{ord(match[0])};"), text
    )


def _dot_text(text: str) -> str:
    # Graphviz reads HTML entities and backslash escapes in every label.
    return text.replace("\\", r"\\").replace('"', r"\"").replace("&", "&amp;")
