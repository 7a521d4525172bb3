"""A graph as text for a terminal: one line for each operation, indented by layer."""

from __future__ import annotations

from tensorgrad.drawing.groups import Group
from tensorgrad.drawing.outline import Outline, Vertex

INDENT = "  "
WIDEST_ALIGNED = 72


def listing(outline: Outline) -> str:
    """Write a graph as a list of definitions.

    Parameters
    ----------
    outline : Outline
        The graph.

    Returns
    -------
    str
        Lines such as ``%2 = np.add(%1, bias)  float32 (32, 8)``, the last of which names the
        results. A layer that is taken up again after something else is marked as continued.
    """
    rows: list[tuple[str, str]] = []
    opened: list[Group] = []
    seen: set[Group] = set()
    for vertex in outline.vertices:
        groups = [] if vertex.group is None else vertex.group.from_outside()
        for depth, group in enumerate(groups):
            if opened[depth : depth + 1] != [group]:
                del opened[depth:]
                continued = " (continued)" if group in seen else ""
                rows.append((f"{INDENT * depth}{group.label}{continued}", ""))
                opened.append(group)
                seen.add(group)
        del opened[len(groups) :]
        rows.append((INDENT * len(groups) + _definition(vertex), vertex.result))
    rows.append((f"return {', '.join(vertex.name for vertex in outline.results)}", ""))
    return _aligned(rows)


def _definition(vertex: Vertex) -> str:
    if vertex.kind == "omitted":
        return f"... {vertex.count:,} operations not shown (raise max_nodes) ..."
    return f"{vertex.name} = {_expression(vertex)}"


def _expression(vertex: Vertex) -> str:
    if vertex.kind in ("leaf", "input", "constant"):
        return vertex.kind
    arguments = [
        argument if isinstance(argument, str) else argument.name for argument in vertex.arguments
    ]
    if vertex.kind == "component":
        return f"{arguments[0]}[{arguments[1]}]"
    return f"{vertex.function}({', '.join([*arguments, *vertex.keywords])})"


def _aligned(rows: list[tuple[str, str]]) -> str:
    widths = [len(left) for left, right in rows if right]
    width = max((width for width in widths if width <= WIDEST_ALIGNED), default=0)
    return "\n".join(f"{left:<{width}}  {right}" if right else left for left, right in rows)
