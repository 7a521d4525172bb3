"""Neural networks: layers, losses, optimizers and ``NeuralNetwork``, on top of ``tensorgrad``."""

from nn import initializers, losses, metrics
from nn.activations import GELU, Identity, ReLU, Sigmoid, Softmax, Tanh
from nn.callbacks import Callback, TrainingState
from nn.clipping import clip_by_norm, clip_by_value, clip_grad_norm_, clip_grad_value_
from nn.early_stopping import EarlyStopping
from nn.flat import FlatBuffer
from nn.history import plot_history
from nn.layers import Linear, Sequential
from nn.loggers import CSVLogger, LearningRateLogger, ParameterStatistics
from nn.losses import (
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    MSELoss,
    binary_log_loss,
    l2_loss,
    multiclass_log_loss,
)
from nn.module import Module, Parameter, functional_call
from nn.network import NeuralNetwork
from nn.optim import SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop
from nn.progress import ProgressBar
from nn.saving import ModelFileError, load_metadata, load_model, save_model
from nn.summary import summary
from nn.training import DivergenceError, train

__all__ = [
    # networks
    "NeuralNetwork",
    # layers
    "Module",
    "Parameter",
    "Sequential",
    "Linear",
    "functional_call",
    "summary",
    # activations
    "GELU",
    "Identity",
    "ReLU",
    "Sigmoid",
    "Softmax",
    "Tanh",
    # losses
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "MSELoss",
    "binary_log_loss",
    "l2_loss",
    "multiclass_log_loss",
    # training
    "DivergenceError",
    "FlatBuffer",
    "train",
    # optimizers
    "Optimizer",
    "SGD",
    "Adam",
    "AdamW",
    "RMSprop",
    "Adagrad",
    "clip_grad_norm_",
    "clip_grad_value_",
    "clip_by_norm",
    "clip_by_value",
    # callbacks
    "Callback",
    "TrainingState",
    "EarlyStopping",
    "ProgressBar",
    "CSVLogger",
    "LearningRateLogger",
    "ParameterStatistics",
    "plot_history",
    # files
    "ModelFileError",
    "load_metadata",
    "load_model",
    "save_model",
    # submodules
    "initializers",
    "losses",
    "metrics",
]
