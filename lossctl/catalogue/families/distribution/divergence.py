"""Divergences between distributions or amounts, computed entry by entry."""

from __future__ import annotations

import sys
from typing import Annotated

from lossctl.block import Array
from lossctl.catalogue.definition import METHODS, PerRow, SumOfColumns, Twin, loss
from lossctl.catalogue.kinds import (
    AMOUNTS,
    DISTRIBUTION,
    LOGARITHMS,
    VALUES,
    Distribution,
    NonNegative,
    Values,
    narrowed,
)
from lossctl.catalogue.numerics import quadrature, row_shares, times
from lossctl.catalogue.options import Interval, Option
from lossctl.catalogue.probabilities import NormaliseAmounts
from lossctl.lazy import np

# JAX flushes smaller numbers to 0.
NORMAL_AMOUNTS = narrowed(VALUES, at_least=sys.float_info.min, columns="several")


@loss(
    aliases=("jensen_shannon", "jensen_shannon_divergence", "js"),
    twins=(
        Twin(
            "scipy",
            "scipy.spatial.distance.jensenshannon(prediction, target, 2 if {bits} else None, "
            "axis=1){reduction}",
            sets={"normalise": True},
            needs={"root": True},
            reductions=METHODS,
            kinds={"prediction": DISTRIBUTION, "target": DISTRIBUTION},
            tolerance=1e-9,
            note="scipy returns the distance (the root), imprecise or nan for almost equal rows",
        ),
    ),
)
def js_divergence(
    prediction: Distribution,
    target: Distribution,
    *,
    root: Annotated[
        bool, Option("take the square root, which is the Jensen-Shannon distance")
    ] = False,
    bits: Annotated[bool, Option("report bits, at most 1, instead of nats")] = False,
    normalise: NormaliseAmounts = False,
) -> PerRow:
    """Mean KL divergence of two distributions from their average.

    Helps:
        When two distributions are compared of which neither is the true one, or which have zeros:
        it is symmetric and at most ln 2.

    Hurts:
        When the distributions do not overlap: it is the same however far apart they are; the earth
        mover's distance is not.

    Formula:
        ½ Σ p ln(p / m) + ½ Σ t ln(t / m), with m = (p + t) / 2; with `root`, its square root

    Domain:
        prediction, target: (n, classes), rows of probabilities that sum to 1; with `normalise` any
        amounts of at least 0, where rows that sum to 0 are left as they are. Result: between 0 and
        ln 2 nats, or between 0 and 1 with `bits`.

    Example:
        >>> js_divergence(np.array([[1.0, 0.0], [0.5, 0.5]]), np.array([[0.0, 1.0], [0.5, 0.5]]))
        array([0.69314718, 0.        ])

    References:
        J. Lin, Divergence measures based on the Shannon entropy, IEEE Transactions on Information
        Theory 37, 1991; D. M. Endres, J. E. Schindelin, A new metric for probability distributions,
        the same 49, 2003 (the root)
    """
    if normalise:
        prediction, target = row_shares(prediction), row_shares(target)
    both = prediction + target
    divisor = np.where(both == 0.0, 1.0, both)
    # With r = (p - t) / (p + t) a term is ¼ (p + t) ((1 + r) ln(1 + r) + (1 - r) ln(1 - r)). Near
    # r = 0 the two logarithms cancel; written as below their sum keeps all digits.
    tilt = (prediction - target) / divisor
    close = np.where(np.abs(tilt) < 0.5, tilt, 0.0)
    near = np.log1p(-close * close) + 2.0 * close * np.arctanh(close)
    far = _times_log(2.0 * prediction / divisor) + _times_log(2.0 * target / divisor)
    divergence = (0.25 * both * np.where(np.abs(tilt) < 0.5, near, far)).sum(axis=1)
    if bits:
        divergence = divergence / np.log(2.0)
    return np.sqrt(divergence) if root else divergence


@loss(
    aliases=("gaussian_kl_divergence", "vae_kl", "kl_from_standard_normal"),
    twins=(
        Twin(
            "torch",
            "torch.distributions.kl_divergence("
            "torch.distributions.Normal(mean, variance.sqrt()), "
            "torch.distributions.Normal(0.0, 1.0)"
            ").reshape(len(mean), -1).sum(dim=1){reduction}",
            needs={"log_input": False},
            reductions=METHODS,
            named=False,
            note="torch sums terms that cancel, so it is imprecise near a match",
        ),
        Twin(
            "torch",
            "torch.distributions.kl_divergence("
            "torch.distributions.Normal(mean, (variance / 2).exp()), "
            "torch.distributions.Normal(0.0, 1.0)"
            ").reshape(len(mean), -1).sum(dim=1){reduction}",
            needs={"log_input": True},
            reductions=METHODS,
            kinds={"variance": narrowed(VALUES, at_least=-700, at_most=700)},
            named=False,
            note="torch sums terms that cancel, so it is imprecise near a match",
        ),
    ),
)
def gaussian_kl(
    mean: Values,
    variance: Annotated[Values, narrowed(VALUES, above=0)],
    *,
    log_input: Annotated[
        bool, Option("variance holds log variances", turns={"variance": LOGARITHMS})
    ] = False,
) -> SumOfColumns:
    """KL divergence of independent normal distributions from the standard normal one.

    Helps:
        When latent codes should follow the standard normal distribution: it is the KL term of a
        variational autoencoder's loss, next to the reconstruction term.

    Hurts:
        When the whole loss of such an autoencoder is wanted: the two terms are comparable only if
        both are sums over their dimensions. When standard deviations or log variances are passed as
        variances.

    Formula:
        Σ over columns of ½ (variance + mean² - 1 - ln variance)

    Domain:
        mean: (n,) or (n, dimensions), finite. variance: the same shape, above 0, or with
        `log_input` log variances of at most 700. Result: at least 0, in nats, and 0 only where each
        mean is 0 and each variance 1.

    Example:
        >>> gaussian_kl(np.array([0.0, 1.0]), np.array([1.0, 4.0]))
        array([0.        , 1.30685282])

    References:
        D. P. Kingma, M. Welling, Auto-encoding variational Bayes, ICLR 2014, appendix B
    """
    if log_input:
        close = np.where(np.abs(variance) < 0.5, variance, 0.0)
        # e^x - 1 - x = x² ∫ (1 - s) e^(s x) ds, s from 0 to 1: near 0 the terms cancel.
        integral = sum(
            share * (1.0 - node) * np.exp(node * close)
            for node, share in zip(*quadrature(), strict=True)
        )
        far = np.expm1(variance) - variance
        excess = np.where(np.abs(variance) < 0.5, close * close * integral, far)
    else:
        above = variance - 1.0
        close = np.where(np.abs(above) < 0.25, above, 0.0)
        near = _of_almost_equal(np.ones_like(close), close, 0.0)
        excess = np.where(np.abs(above) < 0.25, near, above - np.log(variance))
    return 0.5 * (mean * mean) + 0.5 * excess


@loss(
    aliases=("generalised_kullback_leibler", "generalised_kl_divergence"),
    twins=(
        Twin(
            "optax",
            "optax.losses.generalized_kl_divergence(jax.numpy.log(prediction), target){reduction}",
            sets={"floor": 0.0, "floor_target": 0.0},
            needs={"beta": 1.0},
            kinds={"prediction": NORMAL_AMOUNTS, "target": AMOUNTS},
            names=("optax.losses.convex_kl_divergence",),
            note="optax sums terms that cancel, so it is imprecise near a match",
        ),
    ),
)
def beta_divergence(
    prediction: NonNegative,
    target: NonNegative,
    *,
    beta: Annotated[
        float,
        Option(
            "2 is half the squared error, 1 generalised Kullback-Leibler, 0 Itakura-Saito",
            Interval(at_least=-100, at_most=100),
        ),
    ] = 1.0,
    floor: Annotated[
        float,
        Option(
            "predictions below this are raised to it; 0 allows an infinite result",
            Interval(at_least=0),
            clips={"prediction": "raised"},
        ),
    ] = sys.float_info.epsilon,
    floor_target: Annotated[
        float,
        Option(
            "targets below this are raised to it",
            Interval(at_least=0),
            clips={"target": "raised"},
        ),
    ] = 0.0,
) -> SumOfColumns:
    """Divergence between amounts, by their difference, their ratio, or in between.

    Helps:
        When amounts such as energies, counts or spectra are approximated, as in non-negative matrix
        factorisation: the smaller beta, the more small amounts count relative to large ones.

    Hurts:
        When there are zeros and beta is small: with beta at most 1 a prediction of 0 is infinitely
        far from any other target, with beta at most 0 any other prediction is infinitely far from a
        target of 0.

    Formula:
        Σ over columns of (t^beta + (beta - 1) p^beta - beta t p^(beta - 1)) / (beta (beta - 1));
        ½ (t - p)² for beta 2, t ln(t / p) - t + p for 1, t / p - ln(t / p) - 1 for 0

    Domain:
        prediction, target: (n,) or (n, d), at least 0. Result: at least 0, and 0 only where they
        are equal; infinite where beta is at most 0 and the target is 0 but the prediction, raised
        to `floor`, is not.

    Example:
        >>> beta_divergence(np.array([1.0, 4.0]), np.array([1.0, 2.0]), beta=0.0)
        array([0.        , 0.19314718])

    References:
        C. Févotte, J. Idier, Algorithms for nonnegative matrix factorization with the β-divergence,
        Neural Computation 23, 2011
    """
    guess, truth = np.maximum(prediction, floor), np.maximum(target, floor_target)
    if beta == 2.0:
        residual = truth - guess
        return 0.5 * residual * residual
    divergence = _of_unequal(guess, truth, beta)
    excess = (truth - guess) / np.where(guess == 0.0, 1.0, guess)
    near = (guess > 0.0) & (np.abs(excess) * (1.0 + abs(beta)) < 0.25)
    divergence[near] = _of_almost_equal(guess[near], excess[near], beta)
    return np.where(truth == guess, 0.0, divergence)


def _of_almost_equal(guess: Array, excess: Array, beta: float) -> Array:
    """Integrate the beta divergence's second derivative: the formula itself would cancel.

    With t = p (1 + u) it is p^beta u² ∫ (1 - s) (1 + s u)^(beta - 2) ds, s from 0 to 1.
    """
    integral = sum(
        share * (1.0 - node) * (1.0 + node * excess) ** (beta - 2.0)
        for node, share in zip(*quadrature(), strict=True)
    )
    root = guess ** (0.5 * beta) * excess
    return root * root * integral


def _of_unequal(guess: Array, truth: Array, beta: float) -> Array:
    """Compute the beta divergence in units of the larger of the two, raised to beta.

    With the power logarithms l_b(x) = (x^b - 1) / b, which are ln x for b = 0, there is no
    division by a beta or beta - 1 close to 0.
    """
    large, small = np.maximum(guess, truth), np.minimum(guess, truth)
    ratio = small / large
    logarithm = np.where(ratio < 1e-300, np.log(small) - np.log(large), np.log(ratio))
    of_beta, of_less = (_power_logarithm(logarithm, power) for power in (beta, beta - 1.0))
    if beta < 0.5:
        below = ((ratio - 1.0) - of_beta) / (1.0 - beta)
    else:
        below = (times(ratio, of_less) - (ratio - 1.0)) / beta
    scaled = np.where(truth > guess, of_beta - of_less, below)
    # Half of the power on either side: it may overflow or underflow where the product does not.
    root = large ** (0.5 * beta)
    divergence = root * scaled * root
    if beta < 1.0:
        # Where that unit underflows, the largest term decides.
        largest = np.exp(np.log(truth) + (beta - 1.0) * np.log(guess))
        rest = times(ratio, _power_logarithm(logarithm, -beta))
        above = largest * (1.0 / (1.0 - beta) + rest)
        alone = np.where(truth > guess, above, truth**beta / (beta * (beta - 1.0) or 1.0))
        divergence = np.where(np.isfinite(scaled), divergence, alone)
    return np.where((small == 0.0) & ~np.isfinite(scaled), np.inf, divergence)


def _power_logarithm(logarithm: Array, power: float) -> Array:
    if abs(power) < 1e-20:  # then the two are the same float64
        return logarithm
    return np.expm1(power * logarithm) / power


def _times_log(number: Array) -> Array:
    """Multiply a number by its logarithm, 0 where it is 0."""
    return number * np.log(np.where(number == 0.0, 1.0, number))
