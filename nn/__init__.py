"""Neural networks: layers, losses, optimizers and ``NeuralNetwork``, on top of ``tensorgrad``."""

from nn import initializers, losses, metrics, schedules
from nn.activations import (
    ELU,
    GELU,
    Identity,
    LeakyReLU,
    PReLU,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
from nn.callbacks import Callback, TrainingState
from nn.checkpoints import Checkpoint
from nn.clipping import clip_by_norm, clip_by_value, clip_grad_norm_, clip_grad_value_
from nn.convolution import AvgPool2d, Conv2d, MaxPool2d
from nn.dropout import Dropout
from nn.early_stopping import EarlyStopping
from nn.embedding import Embedding
from nn.flat import FlatBuffer
from nn.functional import functional_call, functional_call_with_buffers
from nn.history import plot_history
from nn.layers import Linear, Sequential
from nn.lbfgs import LBFGS
from nn.learning_rate import LearningRateSearch, lr_find
from nn.loggers import CSVLogger, LearningRateLogger, ParameterStatistics
from nn.losses import (
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    MSELoss,
    binary_log_loss,
    l2_loss,
    multiclass_log_loss,
)
from nn.mini_batches import DivergenceError
from nn.module import Buffer, Module, Parameter
from nn.network import NeuralNetwork
from nn.normalization import BatchNorm1d, LayerNorm
from nn.optim import SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop
from nn.progress import ProgressBar
from nn.regression_losses import (
    GaussianNLLLoss,
    HuberLoss,
    L1Loss,
    PoissonNLLLoss,
    QuantileLoss,
    gaussian_nll_loss,
    huber_loss,
    l1_loss,
    poisson_nll_loss,
    quantile_loss,
)
from nn.saving import ModelFileError, load_metadata, load_model, save_model
from nn.summary import summary
from nn.training import train
from nn.wiring import Flatten, Residual

__all__ = [
    # networks
    "NeuralNetwork",
    # layers
    "Module",
    "Parameter",
    "Buffer",
    "functional_call",
    "functional_call_with_buffers",
    "summary",
    "Sequential",
    "Linear",
    "Conv2d",
    "MaxPool2d",
    "AvgPool2d",
    "BatchNorm1d",
    "LayerNorm",
    "Dropout",
    "Embedding",
    "Flatten",
    "Residual",
    # activations
    "ELU",
    "GELU",
    "Identity",
    "LeakyReLU",
    "PReLU",
    "ReLU",
    "Sigmoid",
    "SiLU",
    "Softmax",
    "Softplus",
    "Tanh",
    # losses
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "GaussianNLLLoss",
    "HuberLoss",
    "L1Loss",
    "MSELoss",
    "PoissonNLLLoss",
    "QuantileLoss",
    "binary_log_loss",
    "gaussian_nll_loss",
    "huber_loss",
    "l1_loss",
    "l2_loss",
    "multiclass_log_loss",
    "poisson_nll_loss",
    "quantile_loss",
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
    "LBFGS",
    "LearningRateSearch",
    "lr_find",
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
    "Checkpoint",
    "ModelFileError",
    "load_metadata",
    "load_model",
    "save_model",
    # submodules
    "initializers",
    "losses",
    "metrics",
    "schedules",
]
