"""Cases of tensorgrad.derivatives.einsum."""

import numpy as np

from derivative_cases.case import Case, Shape, real


def sums(subscripts: str, *shapes: Shape, **options) -> Case:
    """One call in the form with a string."""
    name = " ".join([subscripts, *map(str, shapes), *options])
    call = lambda *operands: np.einsum(subscripts, *operands, **options)  # noqa: E731
    return Case(f"einsum {name}", call, [real] * len(shapes), [shapes])


def lists(name: str, call, *shapes: Shape) -> Case:
    """One call in the form with lists."""
    return Case(f"einsum, {name}", call, [real] * len(shapes), [shapes])


CASES = [
    sums("ij,jk->ik", (2, 3), (3, 2)),
    sums("ij,jk", (2, 3), (3, 2)),
    sums(" i j , j k -> k i ", (2, 3), (3, 2)),
    sums("ba", (2, 3)),
    sums("bA", (2, 3)),
    sums("ij->ij", (2, 3)),
    sums("->", ()),
    sums(",i->i", (), (3,)),
    # Indices that one operand alone has.
    sums("ij->j", (2, 3)),
    sums("ij->", (2, 3)),
    sums("ij,k->i", (2, 3), (2,)),
    sums("ij,jk->k", (2, 3), (3, 2)),
    sums("i->", (0,)),
    sums("ij->j", (0, 2)),
    # Indices repeated within an operand.
    sums("ii->i", (3, 3)),
    sums("ii", (3, 3)),
    sums("iii->i", (2, 2, 2)),
    sums("iji->j", (2, 3, 2)),
    sums("iijj->ji", (2, 2, 2, 2)),
    sums("ii,ij->j", (2, 2), (2, 3)),
    sums("ii,jj->i", (2, 2), (3, 3)),
    # An ellipsis.
    sums("...ij,...jk->...ik", (2, 1, 1, 2), (3, 2, 1)),
    sums("...ij,...jk", (2, 2), (2, 2, 1)),
    sums("i...->...", (3, 2)),
    sums("i...,i...->...i", (3, 2), (3,)),
    sums("...ii->...i", (2, 3, 3)),
    sums("b...a", (2, 2, 3)),
    # Axes of length one, stretched.
    sums("ij,ij->ij", (2, 1), (2, 3)),
    sums("ij,ij->i", (2, 3), (2, 1)),
    sums("ij,ij", (1, 1), (2, 3)),
    sums("ii,i->i", (1, 1), (3,)),
    sums("...,...", (2, 1), (3,)),
    # Several operands, and how to order the products.
    sums("i,i,i->", (3,), (3,), (3,)),
    sums("ij,jk,kl->il", (2, 3), (3, 2), (2, 1), optimize=True),
    sums("ij,jk,kl->il", (1, 2), (2, 2), (2, 1), optimize=["einsum_path", (0, 1), (0, 1)]),
    lists("by lists", lambda a, b: np.einsum(a, [0, 1], b, [1, 2], [2, 0]), (2, 3), (3, 2)),
    lists("by lists, no output", lambda a, b: np.einsum(a, [30, 1], b, [1, 2]), (2, 3), (3, 2)),
    lists(
        "by lists, an ellipsis",
        lambda a, b: np.einsum(a, [..., 0], b, [..., 0, 1], [1, ...]),
        (2, 2),
        (3, 2, 2, 1),
    ),
]
