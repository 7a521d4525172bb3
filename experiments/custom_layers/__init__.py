"""Three layers that are compositions of NumPy calls, each trained on something small.

The guide `docs/write-a-layer.md` derives them. ``python -m experiments custom-layers`` trains them
and draws what they learned.
"""

from __future__ import annotations

from collections.abc import Sequence

from experiments.custom_layers.attention import SelfAttention
from experiments.custom_layers.convolution import Convolution2d
from experiments.custom_layers.layer_norm import LayerNorm

__all__ = ["Convolution2d", "LayerNorm", "SelfAttention", "main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; see `experiments.custom_layers.cli.main`."""
    from experiments.custom_layers import cli

    return cli.main(argv)
