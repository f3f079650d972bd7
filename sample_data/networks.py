"""Fit small networks with torch so that the same seed gives the same network."""

from collections.abc import Callable

import numpy as np
import torch


def repeatable(seed: int) -> np.random.Generator:
    """Fix all that is random, and return a generator for choosing rows."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=True)
    return np.random.default_rng(seed)


def fit(
    network: torch.nn.Module,
    loss_of_batch: Callable[[], torch.Tensor],
    steps: int,
    rate: float = 1e-2,
) -> None:
    """Minimise the loss of one random batch a step, with a rate that falls to zero."""
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in range(steps):
        optimiser.zero_grad()
        loss_of_batch().backward()
        optimiser.step()
        schedule.step()
    network.eval()
