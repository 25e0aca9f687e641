"""The expression network: one residual trunk, two heads of seven logits.

The label head learns FER2013's labels (the benchmark); the perception head learns what ten raters saw in
the same pictures (FER+) and is the one the product shows.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from classroom_monitor.records import EXPRESSIONS

#: Side of the network's input in pixels: FER2013's own.
INPUT_SIDE = 48

#: The heads, in the order of the network's output.
HEADS = ("label", "perception")


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """The shape of the network. The defaults are those of the shipped weights.

    stem: channels at full resolution, few since each costs four times one of the first stage.
    widths, blocks: channels and residual blocks of each stage; every stage halves the resolution.
    Plain 3x3 convolutions throughout: depthwise ones cost more time on a CPU than they save at this size.
    """

    stem: int = 16
    widths: tuple[int, ...] = (48, 96, 128)
    blocks: tuple[int, ...] = (2, 2, 2)
    dropout: float = 0.2


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut, which averages before it shrinks, so that no pixel is skipped."""

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, 1, bias=False)
        self.norm1: nn.Module = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.norm2: nn.Module = nn.BatchNorm2d(channels)
        self.pool = nn.AvgPool2d(stride) if stride > 1 else nn.Identity()
        self.reshapes = stride > 1 or channels_in != channels
        if self.reshapes:
            self.conv3 = nn.Conv2d(channels_in, channels, 1, bias=False)
            self.norm3: nn.Module = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """[N, channels_in, H, W] to [N, channels, H / stride, W / stride]."""
        shortcut = self.norm3(self.conv3(self.pool(x))) if self.reshapes else x
        y = torch.relu(self.norm1(self.conv1(x)))
        return torch.relu(self.norm2(self.conv2(y)) + shortcut)

    def fuse(self) -> None:
        """Folds each normalisation into the convolution before it."""
        self.conv1, self.norm1 = _fused(self.conv1, self.norm1)
        self.conv2, self.norm2 = _fused(self.conv2, self.norm2)
        if self.reshapes:
            self.conv3, self.norm3 = _fused(self.conv3, self.norm3)


class ExpressionNetwork(nn.Module):
    """Gray faces [N, 1, 48, 48], float32, each normalised, to logits [N, 2, 7] (HEADS, EXPRESSIONS)."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.conv = nn.Conv2d(1, config.stem, 3, 1, 1, bias=False)
        self.norm: nn.Module = nn.BatchNorm2d(config.stem)
        blocks: list[ResidualBlock] = []
        channels = config.stem
        for width, count in zip(config.widths, config.blocks, strict=True):
            for number in range(count):
                blocks.append(ResidualBlock(channels, width, 2 if number == 0 else 1))
                channels = width
        self.blocks = nn.ModuleList(blocks)
        self.dropout = nn.Dropout(config.dropout)
        self.heads = nn.Linear(channels, len(HEADS) * len(EXPRESSIONS))
        self._initialise()

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        """Faces [N, 1, 48, 48] to logits [N, 2, 7]."""
        logits: Tensor = self.heads(self.dropout(self.features(x)))
        return logits.view(-1, len(HEADS), len(EXPRESSIONS))

    def features(self, x: Tensor) -> Tensor:
        """What the heads look at: faces [N, 1, 48, 48] to [N, last width]."""
        x = torch.relu(self.norm(self.conv(x)))
        for block in self.blocks:
            x = block(x)
        return x.mean((2, 3))

    @property
    def parameter_count(self) -> int:
        """How many numbers were learnt."""
        return sum(parameter.numel() for parameter in self.parameters())

    def fuse(self) -> ExpressionNetwork:
        """Folds the normalisations into the convolutions, for scoring only; returns itself."""
        self.eval()
        self.conv, self.norm = _fused(self.conv, self.norm)
        for block in self.blocks:
            assert isinstance(block, ResidualBlock)
            block.fuse()
        return self


def channels_last(network: ExpressionNetwork) -> ExpressionNetwork:
    """The same network with its weights laid out as CPUs like them (a third faster); returns itself."""
    for parameter in network.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return network


def _fused(conv: nn.Conv2d, norm: nn.Module) -> tuple[nn.Conv2d, nn.Module]:
    if not isinstance(norm, nn.BatchNorm2d):
        return conv, norm
    return fuse_conv_bn_eval(conv, norm), nn.Identity()
