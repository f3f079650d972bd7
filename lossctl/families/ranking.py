"""Losses of two scores, one of which should be above the other.

`positive` and `negative` are scores `(n,)`, finite, on any scale. The first should be the higher
one, unless `order`, +1 or -1 a row, says otherwise. A value out of its domain never reaches these
functions: whoever reads the data raises `lossctl.errors.OutOfDomain`.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np

from lossctl.block import Array
from lossctl.definition import PerRow, Twin, loss
from lossctl.kinds import SCORES, SIGNS, narrowed
from lossctl.options import Interval, Option

SCORE = narrowed(SCORES, columns="one")
ORDER = narrowed(SIGNS, columns="one")

NEEDS_ORDER = "where there is no order, put ones in its place"


@loss(
    aliases=("margin_ranking_loss", "pairwise_hinge"),
    twins=(
        Twin(
            "torch",
            "torch.nn.functional.margin_ranking_loss(positive, negative, order, margin={margin}, "
            "reduction={reduction})",
            names=("torch.nn.MarginRankingLoss",),
            remark=NEEDS_ORDER,
        ),
    ),
)
def margin_ranking(
    positive: Annotated[Array, SCORE],
    negative: Annotated[Array, SCORE],
    order: Annotated[Array, ORDER] | None = None,
    *,
    margin: Annotated[
        float, Option("how much higher the score should be", Interval(at_least=0))
    ] = 0.0,
) -> PerRow:
    """How far the score that should be higher falls short of being so by the margin.

    Helps:
        When only the order of two items matters, as in search and recommendation.

    Hurts:
        When the scores have no scale of their own: with a margin of 0, making all of them equal
        costs nothing.

    Formula:
        max(0, margin - order × (positive - negative)); order is +1 where it is not given

    Domain:
        positive, negative: (n,), finite. order: (n,), -1 or +1; 0 and 1 are mapped to them. Result:
        at least 0.

    Example:
        >>> margin_ranking(np.array([3.0, 1.0]), np.array([1.0, 1.5]), margin=0.5)
        array([0., 1.])

    References:
        R. Herbrich, T. Graepel, K. Obermayer, Large margin rank boundaries for ordinal regression,
        Advances in Large Margin Classifiers, 2000
    """
    return np.maximum(0.0, margin - _lead(positive, negative, order))


@loss(
    aliases=("ranknet", "bpr", "bpr_loss", "bayesian_personalized_ranking"),
    twins=(
        Twin(
            "torch",
            "torch.nn.functional.binary_cross_entropy_with_logits(positive - negative, "
            "(order + 1) / 2{weight}, reduction={reduction})",
            sets={"divide_by": "units"},
            weight=", weight=weight",
            named=False,
            remark=NEEDS_ORDER,
        ),
        Twin(
            "optax",
            "optax.sigmoid_binary_cross_entropy(positive - negative, (order + 1) / 2){reduction}",
            named=False,
            remark=NEEDS_ORDER,
        ),
    ),
)
def pairwise_logistic(
    positive: Annotated[Array, SCORE],
    negative: Annotated[Array, SCORE],
    order: Annotated[Array, ORDER] | None = None,
) -> PerRow:
    """Negative log likelihood of the right order when the difference of the scores is its logit.

    Helps:
        When only the order of two items matters and no margin is known: RankNet, and Bayesian
        personalised ranking with one chosen and one other item a row.

    Hurts:
        When pairs are labelled wrong here and there: far on the wrong side the loss grows without
        bound. It is 0 only where scores are very far apart.

    Formula:
        ln(1 + e^-(order × (positive - negative))); order is +1 where it is not given

    Domain:
        positive, negative: (n,), finite. order: (n,), -1 or +1; 0 and 1 are mapped to them. Result:
        at least 0, in nats.

    Example:
        >>> pairwise_logistic(np.array([2.0, 1e3, 0.0]), np.array([2.0, 0.0, 1e3]))
        array([6.93147181e-01, 0.00000000e+00, 1.00000000e+03])

    References:
        C. Burges et al., Learning to rank using gradient descent, ICML 2005; S. Rendle et al., BPR:
        Bayesian personalized ranking from implicit feedback, UAI 2009
    """
    # This form of ln(1 + e^x) neither overflows nor loses digits of a small loss.
    return np.logaddexp(0.0, -_lead(positive, negative, order))


def _lead(positive: Array, negative: Array, order: Array | None) -> Array:
    lead = positive - negative
    return lead if order is None else order * lead
