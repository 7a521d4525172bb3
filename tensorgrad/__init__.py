"""Reverse-mode automatic differentiation over NumPy arrays.

Compute with :class:`Tensor` as with an ndarray, by operators and NumPy functions, and go back with
``backward()``; or turn a function of arrays into its derivative with :func:`grad` and its kin.
"""

from typing import TYPE_CHECKING, Any

from tensorgrad.checking import check_grads
from tensorgrad.checkpointing import checkpoint
from tensorgrad.creation import array, tensor
from tensorgrad.derivatives import derivative
from tensorgrad.derivatives.diagonals import fill_diagonal
from tensorgrad.derivatives.indexing import set_at
from tensorgrad.dispatch import apply
from tensorgrad.drawing import draw
from tensorgrad.error_function import erf
from tensorgrad.functions import (
    gelu,
    log_softmax,
    logsumexp,
    relu,
    sigmoid,
    silu,
    softmax,
    softplus,
)
from tensorgrad.jacobians import hessian, hvp, jacobian
from tensorgrad.layer import affine
from tensorgrad.log_losses import binary_cross_entropy_with_logits, cross_entropy
from tensorgrad.mode import CaptureError, detect_anomaly, no_grad
from tensorgrad.tensor import Tensor, stop_gradient
from tensorgrad.transforms import grad, jvp, linearize, value_and_grad, vjp

if TYPE_CHECKING:
    from tensorgrad.compiler import compile, scan

__all__ = [
    "CaptureError",
    "Tensor",
    "affine",
    "apply",
    "array",
    "binary_cross_entropy_with_logits",
    "check_grads",
    "checkpoint",
    "compile",
    "cross_entropy",
    "derivative",
    "detect_anomaly",
    "draw",
    "erf",
    "fill_diagonal",
    "gelu",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "linearize",
    "log_softmax",
    "logsumexp",
    "no_grad",
    "relu",
    "scan",
    "set_at",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "stop_gradient",
    "tensor",
    "value_and_grad",
    "vjp",
]


def __getattr__(name: str) -> Any:
    """The compiler, imported when it is first asked for: most programs run without it."""
    if name in ("compile", "scan"):
        from tensorgrad import compiler

        globals()[name] = getattr(compiler, name)  # so that this is asked once
        return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
