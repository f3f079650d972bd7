"""Hinge losses, which require a margin between scores and model no probabilities."""

from __future__ import annotations

import math
from typing import Annotated

from lossctl.catalogue.definition import MeanOfColumns, PerRow, Twin, loss
from lossctl.catalogue.kinds import (
    SCORES,
    SIGNS,
    VALUES,
    ClassScores,
    Labels,
    Scores,
    Signs,
    narrowed,
)
from lossctl.catalogue.numerics import replaced, taken
from lossctl.catalogue.options import Interval, Option
from lossctl.lazy import np

RawLabels = Annotated[
    bool,
    Option("use labels 0 and 1 as they are, instead of mapping 0 to -1", turns={"target": VALUES}),
]
MarginOfScores = Annotated[
    float, Option("required lead of the true class's score over the others", Interval(at_least=0))
]


@loss(
    aliases=("hinge_loss",),
    twins=(
        Twin(
            "keras",
            "keras.losses.Hinge(reduction={reduction}, dtype='float64')"
            "(target, prediction{weight})",
            sets={"divide_by": "units"},
            needs={"raw_labels": False},
            weight=", sample_weight=weight",
        ),
        Twin(
            "sklearn",
            "sklearn.metrics.hinge_loss(target, prediction, labels=[-1, 1]{weight})",
            needs={"raw_labels": False},
            kinds={"prediction": narrowed(SCORES, columns="one"), "target": SIGNS},
            weight=", sample_weight=weight",
        ),
        Twin(
            "optax",
            "optax.hinge_loss(prediction, target){reduction}",
            sets={"per": "element", "raw_labels": True},
        ),
    ),
)
def hinge(prediction: Scores, target: Signs, *, raw_labels: RawLabels = False) -> MeanOfColumns:
    """How far a score falls short of a margin of 1 on the correct side.

    Helps:
        When only the decision matters, as in support vector machines: rows beyond the margin cost
        nothing.

    Hurts:
        When probabilities are needed: scores that minimise it are not probabilities. Labels 0 and 1
        used as numbers make every row of class 0 cost 1.

    Formula:
        max(0, 1 - target × prediction)

    Domain:
        prediction: (n,) or (n, d), finite scores, not probabilities. target: the same shape, -1 or
        +1; 0 and 1 are mapped to them. Result: at least 0.

    Example:
        >>> hinge(np.array([0.25, 2.0, 1.0]), np.array([1.0, 1.0, -1.0]))
        array([0.75, 0.  , 2.  ])

    References:
        C. Cortes, V. Vapnik, Support-vector networks, Machine Learning 20, 1995
    """
    del raw_labels  # applied before the target gets here
    return np.maximum(0.0, 1.0 - target * prediction)


@loss(
    aliases=("squared_hinge_loss",),
    twins=(
        Twin(
            "keras",
            "keras.losses.SquaredHinge(reduction={reduction}, dtype='float64')"
            "(target, prediction{weight})",
            sets={"divide_by": "units"},
            needs={"raw_labels": False},
            weight=", sample_weight=weight",
        ),
    ),
)
def squared_hinge(
    prediction: Scores, target: Signs, *, raw_labels: RawLabels = False
) -> MeanOfColumns:
    """Squared shortfall of a score from a margin of 1 on the correct side.

    Helps:
        When a hinge loss is wanted whose gradient vanishes at the margin, as in linear SVMs.

    Hurts:
        When some labels are wrong: a score far on the wrong side costs its square.

    Formula:
        max(0, 1 - target × prediction)²

    Domain:
        prediction: (n,) or (n, d), finite scores, not probabilities. target: the same shape, -1 or
        +1; 0 and 1 are mapped to them. Result: at least 0.

    Example:
        >>> squared_hinge(np.array([0.5, 2.0, 1.0]), np.array([1.0, 1.0, -1.0]))
        array([0.25, 0.  , 4.  ])

    References:
        Y. Tang, Deep learning using linear support vector machines, arXiv 1306.0239, 2013
    """
    shortfall = hinge(prediction, target, raw_labels=raw_labels)
    return shortfall * shortfall


@loss(
    aliases=("crammer_singer_hinge", "crammer_singer", "categorical_hinge"),
    twins=(
        Twin(
            "keras",
            "keras.losses.CategoricalHinge(reduction={reduction}, dtype='float64')"
            "(keras.ops.one_hot(target, prediction.shape[1]), prediction{weight})",
            sets={"divide_by": "units", "floor_at_zero": True},
            needs={"margin": 1.0},
            weight=", sample_weight=weight",
            note="Keras takes one-hot rows, and the largest of 0 and the other scores",
        ),
        Twin(
            "optax",
            "optax.losses.multiclass_hinge_loss(prediction, target){reduction}",
            needs={"margin": 1.0, "floor_at_zero": False},
        ),
    ),
)
def multiclass_hinge(
    prediction: ClassScores,
    target: Labels,
    *,
    margin: MarginOfScores = 1.0,
    floor_at_zero: Annotated[
        bool,
        Option("treat the highest other score as at least 0, as Keras does"),
    ] = False,
) -> PerRow:
    """How far the true class's score misses the margin over the highest other score.

    Helps:
        When only the decision among several classes matters, as in support vector machines: rows
        whose true class leads by the margin cost nothing.

    Hurts:
        When probabilities are needed: scores that minimise it are not probabilities. Keras gives a
        different value wherever all other scores are below 0.

    Formula:
        max(0, margin - prediction[label] + max over the other classes of prediction)

    Domain:
        prediction: (n, classes), finite scores, not probabilities. target: (n,), class numbers from
        0, or column names of the prediction. Result: at least 0.

    Example:
        >>> multiclass_hinge(np.array([[2.0, 0.5, 1.75]]), np.array([0]))
        array([0.75])

    References:
        K. Crammer, Y. Singer, On the algorithmic implementation of multiclass kernel-based vector
        machines, Journal of Machine Learning Research 2, 2001
    """
    rival = replaced(prediction, target, -math.inf).max(axis=1)
    if floor_at_zero:
        rival = np.maximum(rival, 0.0)
    return np.maximum(0.0, margin - (taken(prediction, target) - rival))


@loss(
    aliases=("weston_watkins", "multi_margin"),
    twins=(
        Twin(
            "torch",
            "torch.nn.functional.multi_margin_loss(prediction, target, p={power}, "
            "margin={margin}, reduction={reduction})",
            sets={"divide_by_classes": True},
            names=("torch.nn.MultiMarginLoss",),
        ),
    ),
)
def weston_watkins_hinge(
    prediction: ClassScores,
    target: Labels,
    *,
    margin: MarginOfScores = 1.0,
    power: Annotated[
        int,
        Option("exponent of each class's shortfall", Interval(at_least=1, at_most=2)),
    ] = 1,
    divide_by_classes: Annotated[
        bool, Option("divide by the number of classes, true class included, as torch does")
    ] = False,
) -> PerRow:
    """How far the true class's score misses the margin over each other score, summed.

    Helps:
        When every class that comes too close to the true one should cost something, not only the
        closest as in `multiclass_hinge`.

    Hurts:
        When there are many classes: the value grows with their number unless `divide_by_classes`.
        Scores that minimise it need not rank the most probable class first.

    Formula:
        Σ over the other classes of max(0, margin - prediction[label] + prediction)^power

    Domain:
        prediction: (n, classes), finite scores, not probabilities. target: (n,), class numbers from
        0, or column names of the prediction. Result: at least 0.

    Example:
        >>> weston_watkins_hinge(np.array([[2.0, 1.5, 1.75]]), np.array([0]))
        array([1.25])

    References:
        J. Weston, C. Watkins, Support vector machines for multi-class pattern recognition, ESANN
        1999
    """
    lead = taken(prediction, target)[:, None] - prediction
    shortfall = replaced(np.maximum(0.0, margin - lead), target, 0.0)
    total = (shortfall if power == 1 else shortfall * shortfall).sum(axis=1)
    return total / prediction.shape[1] if divide_by_classes else total
