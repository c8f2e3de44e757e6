"""How the GRU and the LSTM initialise their parameters."""

from torch import nn


def initialise(module: nn.Module, hidden_size: int, gain: float | None) -> None:
    """Initialise recurrent weights as torch does, uniform in 1 / sqrt H, or orthogonal with zero biases."""
    for parameter in module.parameters():
        if gain is None:
            nn.init.uniform_(parameter, -(hidden_size**-0.5), hidden_size**-0.5)
        elif parameter.dim() == 2:
            nn.init.orthogonal_(parameter, gain)
        else:
            nn.init.zeros_(parameter)
