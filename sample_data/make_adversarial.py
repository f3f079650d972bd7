"""Make the sample outputs of a discriminator and of a critic, from the handwritten digits.

Each is trained against a generator of its own. The real images they judge here are held out, and
the generated ones are fresh. Run it with `python sample_data/make_adversarial.py`; it writes the
CSV files beside itself.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from make import DECIMALS, SEED, write
from networks import repeatable
from scipy.special import expit
from shared import split_digits
from torch import nn
from torch.nn import functional

NOISE = 16
REAL = 200
FAKE = 150
BATCH = 64
STEPS = 1200
CRITIC_STEPS = 3  # of the critic, for one step of the generator
PENALTY = 10.0


@dataclass(frozen=True)
class Players:
    """A generator, who judges its images, and the real images to learn from."""

    generator: nn.Module
    judge: nn.Module
    real: torch.Tensor
    pick: np.random.Generator

    @classmethod
    def new(cls, real: torch.Tensor) -> "Players":
        """Choose the first weights at random."""
        pick = repeatable(SEED)
        generator = nn.Sequential(
            nn.Linear(NOISE, 64), nn.ReLU(), nn.Linear(64, 96), nn.ReLU(), nn.Linear(96, 64),
            nn.Sigmoid(),
        )  # fmt: skip
        judge = nn.Sequential(
            nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 32), nn.LeakyReLU(0.2),
            nn.Linear(32, 1),
        )  # fmt: skip
        return cls(generator, judge, real, pick)

    def some_real(self) -> torch.Tensor:
        """Return a batch of images to learn from."""
        return self.real[self.pick.integers(len(self.real), size=BATCH)]

    def some_fake(self, count: int = BATCH) -> torch.Tensor:
        """Return generated images."""
        return self.generator(torch.randn(count, NOISE))

    def scores(self, images: torch.Tensor) -> np.ndarray:
        """Return the judge's score of each image."""
        with torch.no_grad():
            return self.judge(images)[:, 0].numpy().astype(float).round(DECIMALS)


def step(optimiser: torch.optim.Optimizer, loss: torch.Tensor) -> None:
    """Take one step down the loss."""
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


def optimisers(players: Players, momentum: float) -> tuple[torch.optim.Adam, torch.optim.Adam]:
    """Return an optimiser for the generator and one for the judge."""
    betas = (momentum, 0.9)
    return (
        torch.optim.Adam(players.generator.parameters(), lr=5e-4, betas=betas),
        torch.optim.Adam(players.judge.parameters(), lr=1e-3, betas=betas),
    )


def train_discriminator(real: torch.Tensor) -> Players:
    """Train with the cross-entropy, the generator with its non-saturating form."""
    players = Players.new(real)
    for_generator, for_judge = optimisers(players, momentum=0.5)
    for _ in range(STEPS):
        on_real = functional.softplus(-players.judge(players.some_real())).mean()
        on_fake = functional.softplus(players.judge(players.some_fake().detach())).mean()
        step(for_judge, on_real + on_fake)
        step(for_generator, functional.softplus(-players.judge(players.some_fake())).mean())
    return players


def gradient_norms(judge: nn.Module, real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """Return the length of the score's gradient at points between real and generated images."""
    share = torch.rand(len(real), 1)
    between = (share * real + (1 - share) * fake.detach()).requires_grad_()
    gradient = torch.autograd.grad(judge(between).sum(), between, create_graph=True)
    return gradient[0].norm(dim=1)


def train_critic(real: torch.Tensor) -> Players:
    """Train with the difference of the mean scores and the penalty on the gradient."""
    players = Players.new(real)
    for_generator, for_judge = optimisers(players, momentum=0.0)
    for count in range(STEPS):
        some_real, some_fake = players.some_real(), players.some_fake().detach()
        penalty = (gradient_norms(players.judge, some_real, some_fake) - 1).square().mean()
        distance = players.judge(some_real).mean() - players.judge(some_fake).mean()
        step(for_judge, PENALTY * penalty - distance)
        if count % CRITIC_STEPS == 0:
            step(for_generator, -players.judge(players.some_fake()).mean())
    return players


def write_discriminator(name: str, logit: np.ndarray) -> None:
    """Write the probability of being real, and its logit."""
    table = pd.DataFrame({"probability": expit(logit), "logit": logit})
    write(name, table, float_format="%.6g")


def make_adversarial() -> None:
    """Judge held-out real images and generated ones, with a discriminator and with a critic."""
    known, unseen = split_digits()
    real = torch.from_numpy(known.pixels)
    unseen_real = torch.from_numpy(unseen.pixels[:REAL])

    players = train_discriminator(real)
    write_discriminator("gan_real.csv", players.scores(unseen_real))
    write_discriminator("gan_fake.csv", players.scores(players.some_fake(FAKE)))

    players = train_critic(real)
    fake = players.some_fake(FAKE)
    norms = gradient_norms(players.judge, unseen_real[:FAKE], fake).detach().numpy().astype(float)
    for name, column, values in (
        ("critic_real.csv", "score", players.scores(unseen_real)),
        ("critic_fake.csv", "score", players.scores(fake)),
        ("critic_gradients.csv", "norm", norms.round(DECIMALS)),
    ):
        write(name, pd.DataFrame({column: values}))


if __name__ == "__main__":
    make_adversarial()
