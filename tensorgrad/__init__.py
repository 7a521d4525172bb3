"""Reverse-mode automatic differentiation over NumPy arrays.

Compute with :class:`Tensor` as with an ndarray, by operators and NumPy functions, and go back with
``backward()``; or turn a function of arrays into its derivative with :func:`grad` and its kin.
"""

from tensorgrad.checking import check_grads
from tensorgrad.checkpointing import checkpoint
from tensorgrad.creation import array, tensor
from tensorgrad.derivatives import derivative
from tensorgrad.dispatch import apply
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
from tensorgrad.mode import detect_anomaly, no_grad
from tensorgrad.tensor import Tensor, stop_gradient
from tensorgrad.transforms import grad, jvp, linearize, value_and_grad, vjp

__all__ = [
    "Tensor",
    "apply",
    "array",
    "check_grads",
    "checkpoint",
    "derivative",
    "detect_anomaly",
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
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "stop_gradient",
    "tensor",
    "value_and_grad",
    "vjp",
]
