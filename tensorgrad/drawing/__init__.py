"""A recorded graph for people to look at: as text, as Mermaid, as DOT."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from tensorgrad.messages import described, name_of, printed
from tensorgrad.structure import flatten
from tensorgrad.tensor import Tensor

if TYPE_CHECKING:
    from tensorgrad.drawing.outline import Outline

__all__ = ["Drawing", "draw"]

Format = Literal["text", "mermaid", "dot"]
FORMATS: tuple[Format, ...] = ("text", "mermaid", "dot")


def draw(
    tensors: Any, format: Format = "text", names: Any = None, *, max_nodes: int = 200
) -> Drawing:
    """Draw the graph that tensors were computed by, or a compiled program.

    Every operation is shown with its function, its operands and the dtype and shape of its result.
    Layers of ``nn`` are groups, with their parameters inside, under the names they have in the
    model. Unnamed operations and leaves are numbered; constants are shown by value if they are
    numbers and by shape if they are arrays; keywords that have their default value are left out.

    Parameters
    ----------
    tensors : Tensor, or nested tuples, lists, dicts and dataclasses of them; or Program
        The results whose graph is wanted. Whatever else the structure holds is ignored. Or a
        program, as ``tg.compile(f).program(...)`` gives it.
    format : {"text", "mermaid", "dot"}
        Text for a terminal; `Mermaid <https://mermaid.js.org>`_, which GitHub renders in Markdown;
        or DOT for `Graphviz <https://graphviz.org>`_.
    names : dict of str to Tensor or array, or an object with ``named_parameters()``, optional
        Names for leaves, intermediate results and constant arrays. Values that are neither tensors
        nor arrays are ignored, so that ``names=locals()`` does. For a program, a list of names
        for its inputs, in order.
    max_nodes : int
        How many operations to show. Of a larger graph the oldest and the newest are shown, with a
        note of how many there are in between.

    Returns
    -------
    Drawing
        ``print`` shows it, ``str`` gives the text. As the last line of a notebook cell it is a
        picture where the notebook renders Mermaid (JupyterLab from 4.1, Notebook from 7.1), and
        text elsewhere.

    Raises
    ------
    TypeError
        If there is no tensor, or ``names`` or ``max_nodes`` is of a wrong type.
    ValueError
        If the format is unknown, or ``max_nodes`` is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> import tensorgrad as tg
    >>> w = tg.tensor([[1.0], [2.0]], requires_grad=True)
    >>> x = np.ones((5, 2))
    >>> tg.draw(tg.logsumexp((x @ w - 1) ** 2, axis=0), names={"w": w, "x": x})
    x = constant                float64 (5, 2)
    w = leaf                    float64 (2, 1)
    %1 = np.matmul(x, w)        float64 (5, 1)
    %2 = np.subtract(%1, 1)     float64 (5, 1)
    %3 = np.power(%2, 2)        float64 (5, 1)
    %4 = logsumexp(%3, axis=0)  float64 (1,)
    return %4
    >>> loss = tg.compile(lambda w, x: np.mean((x @ w - 1) ** 2, axis=0))
    >>> tg.draw(loss.program(w.data, x), names=["w", "x"])
    w = input                float64 (2, 1)
    x = input                float64 (5, 2)
    %2 = np.matmul(x, w)     float64 (5, 1)
    %3 = np.subtract(%2, 1)  float64 (5, 1)
    %4 = np.power(%3, 2)     float64 (5, 1)
    %5 = np.mean(%4, axis=0) float64 (1,)
    return %5
    """
    # The rest of the package is loaded by the first drawing: `import tensorgrad` stays quick.
    from tensorgrad.drawing.outline import outline

    if format not in FORMATS:
        raise ValueError(f"format is {format!r}; expected one of {', '.join(map(repr, FORMATS))}")
    if isinstance(max_nodes, bool) or not isinstance(max_nodes, int):
        raise TypeError(f"max_nodes is {max_nodes!r}; expected a positive integer")
    if max_nodes < 1:
        raise ValueError(f"max_nodes is {max_nodes}; expected a positive integer")
    results = [leaf for leaf in flatten(tensors)[0] if isinstance(leaf, Tensor)]
    if results:
        return Drawing(outline(results, names, max_nodes), format)

    from tensorgrad.drawing.programs import Program, outline_of_program

    if isinstance(tensors, Program):
        return Drawing(outline_of_program(tensors, names, max_nodes), format)
    raise TypeError(
        f"draw() shows the graph of tensors, and there is none in this {type(tensors).__name__}"
    )


class Drawing:
    """What :func:`draw` returns: text that shows itself, in a notebook as a picture."""

    def __init__(self, outline: Outline, format: Format) -> None:
        self._outline = outline
        self.format: Format = format

    def __str__(self) -> str:
        return self._written(self.format)

    __repr__ = __str__

    def _written(self, format: Format) -> str:
        from tensorgrad.drawing.diagrams import dot, mermaid
        from tensorgrad.drawing.listing import listing

        writer = {"text": listing, "mermaid": mermaid, "dot": dot}[format]
        return writer(self._outline)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        # No Markdown with a Mermaid fence: a front end that does not know Mermaid would show its
        # source, where it now shows the listing.
        if self.format == "dot":
            return {"text/plain": str(self)}
        return {"text/plain": self._written("text"), "text/vnd.mermaid": self._written("mermaid")}


def html_of(tensor: Tensor) -> str:
    """A tensor as a notebook shows it: what it is, its values, and its graph to unfold."""
    from html import escape

    node = tensor.node
    parts = [type(tensor).__name__, described(tensor.data)]
    if node is not None:
        parts.append(f"from {name_of(node.function)}" if node.function else "requires_grad=True")
    html = f"<div><b>{escape(parts[0])}</b> {escape(' · '.join(parts[1:]))}</div>"
    html += f"<pre>{escape(printed(tensor.data))}</pre>"
    if node is not None and node.function is not None:
        html += f"<details><summary>Graph</summary><pre>{escape(str(draw(tensor)))}</pre></details>"
    return html
