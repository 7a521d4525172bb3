"""The peers of the speed comparison, in the order of the table.

A new peer is a class with the interface of `Peer`, in a file of its own, and a line here.
"""

from __future__ import annotations

from experiments.speed.peers.autograd_hips import Autograd
from experiments.speed.peers.base import Peer, Runner, Subject, Trainer, core_count
from experiments.speed.peers.handwritten import HandwrittenNumpy
from experiments.speed.peers.jax_peers import JaxJit, JaxScan
from experiments.speed.peers.mygrad_peer import MyGrad
from experiments.speed.peers.pytorch import PyTorchCompiled, PyTorchEager
from experiments.speed.peers.sklearn_mlp import ScikitLearn
from experiments.speed.peers.tensorgrad_compiled import TensorgradReplay, TensorgradScan
from experiments.speed.peers.tensorgrad_eager import TensorgradEager

__all__ = ["BASELINE", "PEERS", "Peer", "Runner", "Subject", "Trainer", "core_count"]

PEERS: dict[str, Peer] = {
    peer.name: peer
    for peer in (
        HandwrittenNumpy(),
        TensorgradEager(),
        TensorgradReplay(),
        TensorgradScan(),
        PyTorchEager(),
        PyTorchCompiled(),
        JaxJit(),
        JaxScan(),
        ScikitLearn(),
        MyGrad(),
        Autograd(),
    )
}

BASELINE = HandwrittenNumpy.name
