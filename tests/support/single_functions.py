"""Functions of one 3x4 matrix, for what must compute them as NumPy does."""

import numpy as np

import tensorgrad as tg

SINGLE_FUNCTIONS = [
    lambda x: np.max(x, axis=0),
    np.min,
    lambda x: np.mean(x, axis=1, keepdims=True) * x,
    lambda x: np.clip(x, -0.5, 0.5),
    lambda x: x**2 + x**-1.0 + np.abs(x) ** 0.3,
    lambda x: np.logaddexp(x, x[0]),
    lambda x: np.swapaxes(x, 0, 1)[:, :1] @ np.ones((1, 2)),
    tg.erf,
    lambda x: x[1:, ::-1] + x[:-1, :1],
    lambda x: x[np.array([0, -1]), np.array([1, 1])],
    lambda x: np.squeeze(x.reshape(3, 1, 4), 1) @ x.T @ x[:, 0],
    lambda x: x[:, 0] @ x[:, 1],
    lambda x: x.astype(np.float32),
    lambda x: (x > 0) & (x < 1) | np.isnan(x),
    lambda x: np.sum(x > 0, axis=0) + np.array([1, 2, 3, 4]),
    lambda x: tg.logsumexp(x, axis=1),
    lambda x: np.where(x > 0, 1, x),
    lambda x: np.arctan2(x, 2.0) + np.sin(x) * np.floor(x) + np.sign(x),
    lambda x: np.broadcast_to(x[0], (5, 4)),
    lambda x: (x, x, x.T, 2.0 * np.ones_like(x)),
]
