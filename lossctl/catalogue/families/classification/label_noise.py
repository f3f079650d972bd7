"""Cross-entropies that are robust to wrong labels."""

from __future__ import annotations

from typing import Annotated

from lossctl.catalogue.definition import PerRow, Twin, loss
from lossctl.catalogue.kinds import Distribution, Labels
from lossctl.catalogue.numerics import log_softmax, replaced, taken, times
from lossctl.catalogue.options import Interval, Option
from lossctl.catalogue.probabilities import EPSILON, ClassLogits, Clip
from lossctl.lazy import np


@loss(
    aliases=("generalized_cross_entropy", "gce", "lq_loss"),
    twins=(
        Twin(
            "keras",
            "keras.losses.CategoricalGeneralizedCrossEntropy(q={q}, reduction={reduction}, "
            "dtype='float64')(target, prediction{weight})",
            sets={"q": 0.5, "divide_by": "units"},
            needs={"from_logits": False},
            refuses={"q": {1.0: 0.5}},
            weight=", sample_weight=weight",
            note="Keras rejects q = 1",
        ),
    ),
)
def generalised_cross_entropy(
    prediction: Distribution,
    target: Labels,
    *,
    q: Annotated[
        float,
        Option(
            "1 gives 1 - p[label]; near 0 it approaches cross-entropy",
            Interval(above=0, at_most=1),
        ),
    ] = 0.7,
    from_logits: ClassLogits = False,
) -> PerRow:
    """Bounded cross-entropy, so that wrong labels do not dominate.

    Helps:
        When some labels are wrong: a row never costs more than 1 / q.

    Hurts:
        When labels are clean and classes hard to separate: with a large q, rows that are far off
        hardly count. Its scale depends on q, so values for different q are not comparable.

    Formula:
        (1 - p[label]^q) / q; with `from_logits`, p = softmax(prediction)

    Domain:
        prediction: (n, classes), rows of probabilities that sum to 1, or finite with `from_logits`.
        target: (n,), class numbers from 0, or column names of the prediction. Result: between 0 and
        1 / q.

    Example:
        >>> generalised_cross_entropy(np.array([[0.25, 0.75]]), np.array([0]), q=0.5)
        array([1.])

    References:
        Z. Zhang, M. R. Sabuncu, Generalized cross entropy loss for training deep neural networks
        with noisy labels, NeurIPS 2018
    """
    if from_logits:
        of_label = taken(log_softmax(prediction), target)
    else:
        of_label = np.log(taken(prediction, target))
    # 1 - p^q, with all its digits where p is close to 1 or q to 0
    return -np.expm1(q * of_label) / q


@loss(aliases=("symmetric_ce", "sce", "symmetric_cross_entropy_learning"))
def symmetric_cross_entropy(
    prediction: Distribution,
    target: Labels,
    *,
    alpha: Annotated[float, Option("weight of cross-entropy", Interval(at_least=0))] = 0.1,
    beta: Annotated[float, Option("weight of reverse cross-entropy", Interval(at_least=0))] = 1.0,
    log_of_zero: Annotated[
        float, Option("value of ln 0 in the reverse term (A in the paper)", Interval(below=0))
    ] = -4.0,
    from_logits: ClassLogits = False,
    clip: Clip = EPSILON,
) -> PerRow:
    """Cross-entropy plus reverse cross-entropy, in which label and prediction trade places.

    Helps:
        When some labels are wrong: the reverse term is bounded, and it keeps hard classes learning
        when cross-entropy has little weight.

    Hurts:
        When values with other weights or another ln 0 are compared: code that replaces 0 by 1e-4
        uses -9.21, the paper -4. The reverse term depends on the prediction only through the
        probability of the other classes.

    Formula:
        alpha × -ln p[label] + beta × -log_of_zero × Σ over the other classes of p; with
        `from_logits`, p = softmax(prediction)

    Domain:
        prediction: (n, classes), rows of probabilities that sum to 1, or finite with `from_logits`.
        target: (n,), class numbers from 0, or column names of the prediction. Result: at least 0,
        in nats.

    Example:
        >>> symmetric_cross_entropy(np.array([[0.5, 0.25, 0.25]]), np.array([0]))
        array([2.06931472])

    References:
        Y. Wang et al., Symmetric cross entropy for robust learning with noisy labels, ICCV 2019
    """
    if from_logits:
        of_label = taken(log_softmax(prediction), target)
        missed = -np.expm1(of_label)
    else:
        of_label = np.log(np.clip(taken(prediction, target), clip, 1.0 - clip))
        missed = replaced(prediction, target, 0.0).sum(axis=1)
    return times(alpha, -of_label) + beta * -log_of_zero * missed
