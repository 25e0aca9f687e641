"""The network: its shape, its size, and that fusing changes nothing."""

from __future__ import annotations

import torch

from classroom_monitor.network import ExpressionNetwork, NetworkConfig, channels_last


def test_two_heads_of_seven_logits() -> None:
    network = ExpressionNetwork(NetworkConfig()).eval()
    assert network(torch.zeros(3, 1, 48, 48)).shape == (3, 2, 7)


def test_at_most_a_million_parameters() -> None:
    assert 500_000 < ExpressionNetwork(NetworkConfig()).parameter_count <= 1_000_000


def test_fused_says_the_same() -> None:
    torch.manual_seed(0)
    network = ExpressionNetwork(NetworkConfig(stem=8, widths=(8, 16), blocks=(2, 1)))
    for module in network.modules():  # normalisations that do something
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean = torch.randn(module.num_features) * 0.2
            module.running_var = torch.rand(module.num_features) + 0.5
    faces = torch.randn(5, 1, 48, 48)
    network.eval()
    with torch.inference_mode():
        before = network(faces)
    with torch.inference_mode():
        after = channels_last(network.fuse())(faces)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in network.modules())
    torch.testing.assert_close(before, after, rtol=1e-4, atol=1e-5)
