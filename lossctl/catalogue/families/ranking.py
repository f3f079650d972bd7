"""Losses for scores that rank items: pairwise or listwise.

For pairs, `positive` and `negative` are scores `(n,)`, finite, on any scale. The first should be
the higher one, unless `order`, +1 or -1 per row, says otherwise. A list is a unit whose rows are
its items: `prediction` has their scores and `target` their grades, the higher the more relevant,
both as `Ragged`; a list may be empty. Values outside the domain never reach these functions: the
code that reads the data raises `lossctl.errors.OutOfDomain`.
"""

from __future__ import annotations

from typing import Annotated

from lossctl.block import Array, Mask, Ragged
from lossctl.catalogue.definition import DataNote, PerRow, PerUnit, Twin, loss
from lossctl.catalogue.kinds import SCORES, SIGNS, VALUES, in_units, narrowed
from lossctl.catalogue.options import Interval, Option
from lossctl.lazy import np

SCORE = narrowed(SCORES, columns="one")
ORDER = narrowed(SIGNS, columns="one")
LIST = in_units(SCORE)
GRADES = in_units(narrowed(VALUES, columns="one"))
GAINS = in_units(narrowed(VALUES, at_least=0, columns="one"))

CELLS = 2**16
"""How many pairs of items are held at a time: about as many as fit in a core's own cache."""

NEEDS_ORDER = "without an order, pass ones"


@loss(
    aliases=("margin_ranking_loss", "pairwise_hinge"),
    twins=(
        Twin(
            "torch",
            "torch.nn.functional.margin_ranking_loss(positive, negative, order, margin={margin}, "
            "reduction={reduction})",
            names=("torch.nn.MarginRankingLoss",),
            note=NEEDS_ORDER,
        ),
    ),
)
def margin_ranking(
    positive: Annotated[Array, SCORE],
    negative: Annotated[Array, SCORE],
    order: Annotated[Array, ORDER] | None = None,
    *,
    margin: Annotated[
        float, Option("required lead of the higher item's score", Interval(at_least=0))
    ] = 0.0,
) -> PerRow:
    """How far the score that should be higher misses the margin over the other.

    Helps:
        When only the order of two items matters, as in search and recommendation.

    Hurts:
        When the scores have no scale of their own: with a margin of 0, making all of them equal
        costs nothing.

    Formula:
        max(0, margin - order × (positive - negative)); order defaults to +1

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
            note=NEEDS_ORDER,
        ),
        Twin(
            "optax",
            "optax.sigmoid_binary_cross_entropy(positive - negative, (order + 1) / 2){reduction}",
            named=False,
            note=NEEDS_ORDER,
        ),
    ),
)
def pairwise_logistic(
    positive: Annotated[Array, SCORE],
    negative: Annotated[Array, SCORE],
    order: Annotated[Array, ORDER] | None = None,
) -> PerRow:
    """Negative log-likelihood of the correct order, with the score difference as logit.

    Helps:
        When only the order of two items matters and no margin is known: RankNet, and Bayesian
        personalised ranking with one chosen and one other item per row.

    Hurts:
        When some pairs are labelled wrong: far on the wrong side the loss grows without bound. It
        is 0 only where scores are very far apart.

    Formula:
        ln(1 + e^-(order × (positive - negative))); order defaults to +1

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


@loss(
    aliases=("listnet_loss", "list_net_top_one", "ranking_softmax"),
    optimum=None,
    twins=(
        Twin(
            "torch",
            "torch.nn.functional.cross_entropy(prediction, target.softmax(0))",
            needs={"as_weights": False},
            reductions={"mean": ""},
            named=False,
            note="this is the value of one list",
        ),
        Twin(
            "optax",
            "optax.losses.ranking_softmax_loss(prediction, target)",
            needs={"as_weights": True},
            reductions={"mean": ""},
            note="this is the value of one list; optax takes several as rows of equal length",
        ),
    ),
)
def listnet(
    prediction: Annotated[Ragged, LIST],
    target: Annotated[Ragged, GRADES],
    *,
    as_weights: Annotated[
        bool,
        Option(
            "weight items by their grades instead of their softmax, as optax and rax do",
            turns={"target": GAINS},
        ),
    ] = False,
) -> PerUnit:
    """Cross-entropy between the top-one distributions of grades and scores.

    Helps:
        When lists have graded relevance and should be ranked as a whole: the probability of an item
        coming first is the softmax of its score.

    Hurts:
        When lists differ in length: long ones cost more. It is 0 only for lists of one item, as the
        softmax of grades is never certain: a list whose items all have the same grade costs at
        least the logarithm of their number. Grades are treated as scores, so their scale matters.

    Formula:
        -Σ over items of P(target) ln P(prediction), with P the softmax over the list; with
        `as_weights`, -Σ target ln P(prediction)

    Domain:
        prediction: (n,) for each list, finite. target: (n,), finite; at least 0 with `as_weights`.
        Without `--unit` all rows are one list. A list of one item, or none, counts as 0. Result: at
        least 0, in nats; infinite where scores differ by more than 1.8e308.

    Example:
        >>> prediction = Ragged(np.log([3.0, 1.0]), np.array([2]))
        >>> target = Ragged(np.log([1.0, 1.0]), np.array([2]))
        >>> listnet(prediction, target)  # -½ ln ¾ - ½ ln ¼
        array([0.83698822])

    References:
        Z. Cao, T. Qin, T.-Y. Liu, M.-F. Tsai, H. Li, Learning to rank: from pairwise approach to
        listwise approach, ICML 2007 (top one)
    """
    weight = target.values if as_weights else np.exp(_log_softmax_of_lists(target))
    # 0 minus the logarithm, as its negative would be -0 for a certain item
    cost = 0.0 - _log_softmax_of_lists(prediction)
    terms = np.where(weight == 0.0, 0.0, weight * cost)  # 0 × inf is nan
    total = np.bincount(prediction.units, weights=terms, minlength=len(prediction.lengths))
    return total.astype(np.float64)


def _nothing_to_rank(prediction: Ragged, target: Ragged) -> Mask:
    del prediction
    tied = np.ones(len(target.lengths), dtype=bool)
    first = target.values[target.starts[target.lengths > 0]]
    differs = target.values != np.repeat(first, target.lengths[target.lengths > 0])
    tied[target.units[differs]] = False
    return tied


@loss(
    aliases=("lambdarank_loss", "lambda_rank_ndcg", "lambdamart"),
    data_notes=(
        DataNote(
            "nothing_to_rank",
            "no two items have different grades, so the list counts as 0",
            of_units=_nothing_to_rank,
        ),
    ),
)
def lambdarank(
    prediction: Annotated[Ragged, LIST],
    target: Annotated[Ragged, GAINS],
    *,
    sigma: Annotated[
        float, Option("steepness, the factor of score differences", Interval(above=0))
    ] = 1.0,
    truncation: Annotated[
        int | None,
        Option(
            "number of top ranks that count, the k of NDCG@k; none for all",
            Interval(at_least=1),
        ),
    ] = None,
) -> PerUnit:
    """Pairwise logistic loss, weighted by the change in NDCG if the two were swapped.

    Helps:
        When ranking is evaluated by NDCG, which has no gradient: mistakes at the top of the list
        count most, and items of the same grade need no order.

    Hurts:
        When scores are tied: they are ranked in row order, so the value depends on it. It jumps
        where two scores cross; and as a sum over pairs it is larger for long lists.

    Formula:
        Σ over pairs i, j with gradeᵢ > gradeⱼ of |ΔNDCG| ln(1 + e^(-sigma (sᵢ - sⱼ))), with
        |ΔNDCG| = |2^gradeᵢ - 2^gradeⱼ| |1 / log2(1 + rankᵢ) - 1 / log2(1 + rankⱼ)| / IDCG, ranks
        from 1 by descending score, and IDCG = Σ (2^grade - 1) / log2(1 + rank) of the best order;
        with `truncation` 1 / log2(1 + rank) is 0 beyond it

    Domain:
        prediction: (n,) for each list, finite; of tied scores the earlier row ranks higher. target:
        (n,), grades of at least 0, integer or not. Without `--unit` all rows are one list. A list
        without two different grades, such as one without a relevant item, counts as 0. The sum is
        that of Burges, and of LightGBM with lambdarank_norm off; with a truncation LightGBM lets
        ranks beyond it keep their discount if the other item is within. Result: at least 0;
        infinite where sigma times a score difference exceeds 1.8e308.

    Example:
        >>> prediction = Ragged(np.array([0.0, np.log(3.0)]), np.array([2]))
        >>> target = Ragged(np.array([1.0, 0.0]), np.array([2]))
        >>> lambdarank(prediction, target)  # (1 - 1 / log2 3) ln 4
        array([0.51164])

    References:
        C. Burges, R. Ragno, Q. V. Le, Learning to rank with nonsmooth cost functions, NIPS 2006;
        C. Burges, From RankNet to LambdaRank to LambdaMART: an overview, Microsoft Research
        MSR-TR-2010-82, 2010; X. Wang et al., The LambdaLoss framework for ranking metric
        optimization, CIKM 2018
    """
    lengths, starts = prediction.lengths, prediction.starts
    losses = np.zeros(len(lengths))
    for length in np.unique(lengths[lengths > 1]).tolist():
        lists = np.flatnonzero(lengths == length)
        step = max(1, CELLS // length**2)
        for first in range(0, len(lists), step):
            batch = lists[first : first + step]
            rows = starts[batch][:, None] + np.arange(length)
            scores, grades = prediction.values[rows], target.values[rows]
            losses[batch] = _cost_of_pairs(scores, grades, sigma, truncation)
    return losses


def _cost_of_pairs(scores: Array, grades: Array, sigma: float, truncation: int | None) -> Array:
    """Sum over the pairs of lists of equal length, `(lists, items)`."""
    lists, items = scores.shape
    order = np.argsort(-scores, axis=1, kind="stable")
    scores, grades = (np.take_along_axis(column, order, axis=1) for column in (scores, grades))
    discount = 1.0 / np.log2(np.arange(2, items + 2))
    if truncation is not None:
        discount[truncation:] = 0.0
    # 2^g - 1, divided by 2^(the highest g), which might overflow
    gain = np.exp2(grades - grades.max(axis=1, keepdims=True)) * -np.expm1(-grades * np.log(2.0))
    ideal = (np.sort(gain, axis=1)[:, ::-1] * discount).sum(axis=1)
    gain = gain / np.where(ideal == 0.0, 1.0, ideal)[:, None]
    total = np.zeros(lists)
    step = max(1, CELLS // (lists * items))
    for first in range(0, items, step):
        batch = slice(first, first + step)
        better = grades[:, batch, None] > grades[:, None, :]
        change = np.abs(gain[:, batch, None] - gain[:, None, :])
        change *= np.abs(discount[batch, None] - discount)
        # A swap that changes nothing costs nothing, even where its cost is infinite.
        better &= change > 0.0
        lead = sigma * (scores[:, batch, None] - scores[:, None, :])[better]
        # ln(1 + e^-lead), of parts that numpy computes fast
        cost = np.maximum(-lead, 0.0) + np.log1p(np.exp(-np.abs(lead)))
        terms = np.zeros(better.shape)
        terms[better] = change[better] * cost
        total += terms.reshape(lists, -1).sum(axis=1)
    return total


def _log_softmax_of_lists(lists: Ragged) -> Array:
    """Return the log softmax of every item within its list."""
    if not len(lists.values):
        return np.zeros(0)
    units, filled = lists.units, lists.lengths > 0
    largest = np.zeros(len(lists.lengths))
    largest[filled] = np.maximum.reduceat(lists.values, lists.starts[filled])
    below = lists.values - largest[units]
    share = np.exp(below)
    # The first of the largest is 1; without it ln(1 + the rest) keeps the digits of a small rest.
    at_top = np.flatnonzero(below == 0.0)
    share[at_top[np.unique(units[at_top], return_index=True)[1]]] = 0.0
    rest = np.bincount(units, weights=share, minlength=len(lists.lengths))
    return below - np.log1p(rest)[units]


def _lead(positive: Array, negative: Array, order: Array | None) -> Array:
    lead = positive - negative
    return lead if order is None else order * lead
