"""Losses of probabilities or scores against classes.

Binary forms take `prediction` and `target` of the same shape, `(n,)` or `(n, d)` with one column a
question; categorical forms take `(n, classes)`. Probabilities lie in [0, 1], scores are logits or
margins, natural logarithms give nats. A value out of its domain never reaches these functions:
whoever reads the data raises `lossctl.errors.OutOfDomain`.
"""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from typing import Annotated

from lossctl.block import Array
from lossctl.catalogue.definition import Choice, MeanOfColumns, PerRow, SumOfColumns, Twin, loss
from lossctl.catalogue.kinds import (
    CLASS_SCORES,
    DISTRIBUTION,
    ONE_HOT,
    PROBABILITIES,
    SCORES,
    SIGNS,
    VALUES,
    ZERO_OR_ONE,
    ClassScores,
    Distribution,
    Labels,
    Probabilities,
    Scores,
    Signs,
    narrowed,
)
from lossctl.catalogue.numerics import log_softmax, replaced, sigmoid, taken, times
from lossctl.catalogue.options import Interval, Option, numbers
from lossctl.lazy import np

EPSILON = sys.float_info.epsilon
SHARE = Interval(at_least=0, at_most=1)
HALF = Interval(at_least=0, below=0.5)

Logits = Annotated[
    bool,
    Option("prediction holds logits, not probabilities", turns={"prediction": SCORES}),
]
ClassLogits = Annotated[
    bool,
    Option("prediction holds logits, not probabilities", turns={"prediction": CLASS_SCORES}),
]
Smoothing = Annotated[
    float, Option("share of the target that is spread evenly over the classes", SHARE)
]
Clip = Annotated[
    float,
    Option("probabilities are clipped to [clip, 1 - clip]", HALF, clips={"prediction": "clipped"}),
]
Normalise = Annotated[bool, Option("divide each row of probabilities by its sum first")]
Gamma = Annotated[
    float, Option("how strongly easy rows are discounted; 0 is cross-entropy", Interval(at_least=0))
]

POSITIVE_DISTRIBUTION = replace(
    DISTRIBUTION, noun="a probability above 0 and at most 1", within=Interval(above=0, at_most=1)
)


@loss(
    aliases=("bce", "log_loss", "logistic_loss", "binary_crossentropy"),
    twins=(
        Twin(
            "torch",
            "torch.nn.functional.binary_cross_entropy(prediction, target{weight}, "
            "reduction={reduction})",
            sets={"per": "element", "divide_by": "units", "clip": 0.0, "log_floor": -100.0},
            needs={"from_logits": False, "label_smoothing": 0.0},
            weight=", weight=weight",
            names=("torch.nn.BCELoss",),
        ),
        Twin(
            "torch",
            "torch.nn.functional.binary_cross_entropy_with_logits(prediction, target{weight}, "
            "reduction={reduction})",
            sets={"per": "element", "divide_by": "units"},
            needs={"from_logits": True, "label_smoothing": 0.0},
            weight=", weight=weight",
            names=("torch.nn.BCEWithLogitsLoss",),
        ),
        Twin(
            "keras",
            "keras.losses.BinaryCrossentropy(from_logits={from_logits}, "
            "label_smoothing={label_smoothing}, reduction={reduction}, dtype='float64')"
            "(target, prediction{weight})",
            sets={"divide_by": "units", "clip": 1e-7},
            weight=", sample_weight=weight",
        ),
        Twin(
            "sklearn",
            "sklearn.metrics.log_loss(target, prediction, labels=[0, 1], "
            "normalize={reduction}{weight})",
            needs={"from_logits": False, "label_smoothing": 0.0},
            reductions={"mean": "True", "sum": "False"},
            kinds={"prediction": narrowed(PROBABILITIES, columns="one"), "target": ZERO_OR_ONE},
            weight=", sample_weight=weight",
        ),
        Twin(
            "optax",
            "optax.sigmoid_binary_cross_entropy(prediction, target){reduction}",
            sets={"per": "element"},
            needs={"from_logits": True, "label_smoothing": 0.0},
        ),
    ),
)
def binary_cross_entropy(
    prediction: Probabilities,
    target: Probabilities,
    *,
    from_logits: Logits = False,
    label_smoothing: Smoothing = 0.0,
    clip: Clip = EPSILON,
    log_floor: Annotated[
        float | None, Option("no logarithm is below this", Interval(below=0))
    ] = None,
) -> MeanOfColumns:
    """Negative log likelihood of a yes or no under the predicted probability.

    Helps:
        When probabilities themselves are needed; with several columns, when several answers may be
        yes at once. It is smallest at the true probability.

    Hurts:
        When labels are wrong here and there, or one class is very rare; and when logits are taken
        for probabilities.

    Formula:
        -(t ln p + (1 - t) ln(1 - p)); with `from_logits`, p = 1 / (1 + e^-prediction)

    Domain:
        prediction: (n,) or (n, d), in [0, 1], or finite with `from_logits`. target: the same shape,
        in [0, 1]. Result: at least 0, in nats.

    Example:
        >>> binary_cross_entropy(np.array([0.5, 0.75]), np.array([1.0, 0.0]))
        array([0.69314718, 1.38629436])

    References:
        I. J. Good, Rational decisions, Journal of the Royal Statistical Society B 14, 1952
    """
    truth = _smoothed(target, label_smoothing, 2)
    if from_logits:
        # softplus keeps all digits of a small loss and does not overflow
        return truth * np.logaddexp(0.0, -prediction) + (1.0 - truth) * np.logaddexp(
            0.0, prediction
        )
    probability = np.clip(prediction, clip, 1.0 - clip)
    yes, no = np.log(probability), np.log1p(-probability)
    if 0.0 < clip < EPSILON / 2.0:  # too small to be taken from 1
        no = np.maximum(no, math.log(clip))
    if log_floor is not None:
        yes, no = np.maximum(yes, log_floor), np.maximum(no, log_floor)
    return -(times(truth, yes) + times(1.0 - truth, no))


@loss(
    aliases=("cce", "categorical_crossentropy", "softmax_cross_entropy"),
    twins=(
        Twin(
            "torch",
            "torch.nn.functional.cross_entropy(prediction, target, "
            "label_smoothing={label_smoothing}, reduction={reduction})",
            needs={"from_logits": True},
            named=False,
        ),
        Twin(
            "keras",
            "keras.losses.CategoricalCrossentropy(from_logits={from_logits}, "
            "label_smoothing={label_smoothing}, reduction={reduction}, dtype='float64')"
            "(target, prediction{weight})",
            sets={"divide_by": "units", "clip": 1e-7, "normalise": True},
            weight=", sample_weight=weight",
        ),
        Twin(
            "optax",
            "optax.softmax_cross_entropy(prediction, "
            "optax.smooth_labels(target, {label_smoothing})){reduction}",
            needs={"from_logits": True},
            names=("optax.safe_softmax_cross_entropy",),
        ),
        Twin(
            "sklearn",
            "sklearn.metrics.log_loss(target.argmax(axis=1), prediction, "
            "labels=range(prediction.shape[1]), normalize={reduction}{weight})",
            needs={"from_logits": False, "label_smoothing": 0.0, "normalise": False},
            reductions={"mean": "True", "sum": "False"},
            kinds={"target": ONE_HOT},
            weight=", sample_weight=weight",
            named=False,
        ),
    ),
)
def categorical_cross_entropy(
    prediction: Distribution,
    target: Distribution,
    *,
    from_logits: ClassLogits = False,
    label_smoothing: Smoothing = 0.0,
    normalise: Normalise = False,
    clip: Clip = EPSILON,
) -> PerRow:
    """Negative log likelihood of a one-hot or soft target under the predicted distribution.

    Helps:
        When each row belongs to one of several classes, or to each of them with a probability.

    Hurts:
        When several classes can be true at once (use the binary form with several columns); when
        labels are wrong here and there, or some classes are very rare.

    Formula:
        -Σ over classes of t ln p; with `from_logits`, p = softmax(prediction)

    Domain:
        prediction: (n, classes), rows of probabilities that sum to 1, or finite with `from_logits`.
        target: the same shape, rows that sum to 1. Result: at least 0, in nats.

    Example:
        >>> categorical_cross_entropy(np.array([[0.5, 0.25, 0.25]]), np.array([[0.0, 1.0, 0.0]]))
        array([1.38629436])

    References:
        I. J. Good, Rational decisions, Journal of the Royal Statistical Society B 14, 1952;
        C. Szegedy et al., Rethinking the inception architecture, CVPR 2016 (label smoothing)
    """
    truth = _smoothed(target, label_smoothing, target.shape[1])
    logs = _log_probabilities(prediction, clip, from_logits=from_logits, normalise=normalise)
    return -times(truth, logs).sum(axis=1)


@loss(
    aliases=("scce", "sparse_cce", "sparse_categorical_crossentropy", "multiclass_log_loss", "nll"),
    twins=(
        Twin(
            "torch",
            "torch.nn.functional.cross_entropy(prediction, target, "
            "label_smoothing={label_smoothing}, reduction={reduction})",
            needs={"from_logits": True},
            names=("torch.nn.CrossEntropyLoss",),
        ),
        Twin(
            "torch",
            "torch.nn.functional.nll_loss(prediction.log(), target, reduction={reduction})",
            sets={"clip": 0.0},
            needs={"from_logits": False, "label_smoothing": 0.0, "normalise": False},
            names=("torch.nn.NLLLoss",),
            note="torch takes the logarithms of the probabilities",
        ),
        Twin(
            "keras",
            "keras.losses.SparseCategoricalCrossentropy(from_logits={from_logits}, "
            "reduction={reduction}, dtype='float64')(target, prediction{weight})",
            sets={"divide_by": "units", "clip": 1e-7, "normalise": True},
            needs={"label_smoothing": 0.0},
            weight=", sample_weight=weight",
        ),
        Twin(
            "optax",
            "optax.softmax_cross_entropy_with_integer_labels(prediction, target){reduction}",
            needs={"from_logits": True, "label_smoothing": 0.0},
        ),
        Twin(
            "sklearn",
            "sklearn.metrics.log_loss(target, prediction, labels=range(prediction.shape[1]), "
            "normalize={reduction}{weight})",
            needs={"from_logits": False, "label_smoothing": 0.0, "normalise": False},
            reductions={"mean": "True", "sum": "False"},
            weight=", sample_weight=weight",
            named=False,
        ),
    ),
)
def sparse_categorical_cross_entropy(
    prediction: Distribution,
    target: Labels,
    *,
    from_logits: ClassLogits = False,
    label_smoothing: Smoothing = 0.0,
    normalise: Normalise = False,
    clip: Clip = EPSILON,
) -> PerRow:
    """Negative log likelihood of a class label under the predicted distribution.

    Helps:
        When each row belongs to one of several classes and the target names it.

    Hurts:
        When several classes can be true at once; when labels are wrong here and there, or some
        classes are very rare.

    Formula:
        -ln p[label]; with `from_logits`, p = softmax(prediction); with smoothing s,
        -(1 - s) ln p[label] - s × mean over classes of ln p

    Domain:
        prediction: (n, classes), rows of probabilities that sum to 1, or finite with `from_logits`.
        target: (n,), class numbers from 0, or names of the prediction's columns. Result: at least
        0, in nats.

    Example:
        >>> sparse_categorical_cross_entropy(np.array([[0.5, 0.25, 0.25]]), np.array([1]))
        array([1.38629436])

    References:
        I. J. Good, Rational decisions, Journal of the Royal Statistical Society B 14, 1952
    """
    if not (from_logits or normalise or label_smoothing):
        return -np.log(np.clip(taken(prediction, target), clip, 1.0 - clip))  # one logarithm a row
    logs = _log_probabilities(prediction, clip, from_logits=from_logits, normalise=normalise)
    of_label = taken(logs, target)
    if not label_smoothing:
        return -of_label
    return -(times(1.0 - label_smoothing, of_label) + label_smoothing * logs.mean(axis=1))


@loss(
    aliases=("kl", "kld", "kullback_leibler_divergence", "kl_div"),
    twins=(
        Twin(
            "torch",
            "torch.nn.functional.kl_div(prediction.log(), target, reduction={reduction})",
            sets={"per": "element", "clip": 0.0},
            names=("torch.nn.KLDivLoss",),
            note='torch\'s "mean" divides by the number of elements, "batchmean" by rows',
        ),
        Twin(
            "torch",
            "torch.nn.functional.kl_div(prediction.log(), target, reduction={reduction})",
            sets={"clip": 0.0},
            needs={"per": "row"},
            reductions={"mean": '"batchmean"', "sum": '"sum"'},
            named=False,
        ),
        Twin(
            "keras",
            "keras.losses.KLDivergence(reduction={reduction}, dtype='float64')"
            "(target, prediction{weight})",
            sets={"divide_by": "units", "clip": 1e-7, "clip_target": 1e-7},
            weight=", sample_weight=weight",
        ),
        Twin(
            "optax",
            "optax.kl_divergence(jax.numpy.log(prediction), target){reduction}",
            sets={"clip": 0.0},
            kinds={"prediction": POSITIVE_DISTRIBUTION},
        ),
    ),
)
def kl_divergence(
    prediction: Distribution,
    target: Distribution,
    *,
    clip: Annotated[
        float,
        Option(
            "predicted probabilities below this are raised to it; 0 lets the result be infinite",
            HALF,
            clips={"prediction": "raised"},
        ),
    ] = EPSILON,
    clip_target: Annotated[
        float,
        Option(
            "target probabilities below this are raised to it", HALF, clips={"target": "raised"}
        ),
    ] = 0.0,
) -> SumOfColumns:
    """Information lost when the prediction stands for the target distribution.

    Helps:
        When the target is itself a distribution, as in distillation or with soft labels; unlike
        cross-entropy it is 0 at a perfect prediction.

    Hurts:
        When the prediction is 0 where the target is not: the loss is infinite, or as large as
        clipping allows. It is not symmetric: this is KL(target ‖ prediction).

    Formula:
        Σ over classes of t ln(t / p)

    Domain:
        prediction, target: (n, classes), rows of probabilities that sum to 1. Result: at least 0,
        in nats; rows that do not sum to 1 may give less.

    Example:
        >>> kl_divergence(np.array([[0.5, 0.5]]), np.array([[1.0, 0.0]])).sum(axis=1)
        array([0.69314718])

    References:
        S. Kullback, R. A. Leibler, On information and sufficiency, Annals of Mathematical
        Statistics 22, 1951
    """
    truth, guess = np.maximum(target, clip_target), np.maximum(prediction, clip)
    return times(truth, np.log(np.where(truth == 0.0, 1.0, truth)) - np.log(guess))


RawLabels = Annotated[
    bool,
    Option(
        "take the labels as numbers, 0 as 0, instead of mapping 0 to -1", turns={"target": VALUES}
    ),
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
    """How far a score falls short of the margin 1 on the side of its label.

    Helps:
        When only the decision counts, as in support vector machines: rows beyond the margin cost
        nothing.

    Hurts:
        When probabilities are needed: scores that minimise it are none. Labels 0 and 1 taken as
        numbers make every row of class 0 cost 1.

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
    del raw_labels  # it decides what the target holds before it comes here
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
    """Square of how far a score falls short of the margin 1 on the side of its label.

    Helps:
        When a hinge loss with a slope that fades at the margin is wanted, as in linear SVMs.

    Hurts:
        When labels are wrong here and there: a score far on the wrong side costs its square.

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
    short = hinge(prediction, target, raw_labels=raw_labels)
    return short * short


ClipLogits = Annotated[
    bool,
    Option("with from_logits, clip the probabilities that the logits stand for, too"),
]


@loss(
    aliases=("binary_focal_loss", "sigmoid_focal_loss", "binary_focal_crossentropy"),
    twins=(
        Twin(
            "keras",
            "keras.losses.BinaryFocalCrossentropy(apply_class_balancing=False, gamma={gamma}, "
            "from_logits={from_logits}, label_smoothing={label_smoothing}, "
            "reduction={reduction}, dtype='float64')(target, prediction{weight})",
            sets={"divide_by": "units", "clip": 1e-7, "clip_logits": True},
            needs={"alpha": None},
            weight=", sample_weight=weight",
        ),
        Twin(
            "keras",
            "keras.losses.BinaryFocalCrossentropy(apply_class_balancing=True, alpha={alpha}, "
            "gamma={gamma}, from_logits={from_logits}, label_smoothing={label_smoothing}, "
            "reduction={reduction}, dtype='float64')(target, prediction{weight})",
            sets={"divide_by": "units", "clip": 1e-7, "clip_logits": True},
            refuses={"alpha": {None: 0.25}},
            weight=", sample_weight=weight",
            named=False,
        ),
        Twin(
            "optax",
            "optax.sigmoid_focal_loss(prediction, target, alpha={alpha}, gamma={gamma}){reduction}",
            sets={"per": "element"},
            needs={"from_logits": True, "label_smoothing": 0.0, "clip_logits": False},
        ),
    ),
)
def binary_focal(
    prediction: Probabilities,
    target: Probabilities,
    *,
    gamma: Gamma = 2.0,
    alpha: Annotated[
        float | None,
        Option("weight of class 1; class 0 weighs 1 - alpha; none weighs both 1", SHARE),
    ] = None,
    from_logits: Logits = False,
    label_smoothing: Smoothing = 0.0,
    clip: Clip = EPSILON,
    clip_logits: ClipLogits = False,
) -> MeanOfColumns:
    """Binary cross-entropy in which well predicted rows count little.

    Helps:
        When easy rows of a frequent class outnumber the rare, hard ones, as in dense detection.

    Hurts:
        When labels are noisy: wrong ones are hard and count most; and when calibrated probabilities
        are needed. Alpha means the weight of class 1, and is off unless given.

    Formula:
        (1 - q)^gamma × cross-entropy, with q = t p + (1 - t)(1 - p); with alpha, times
        alpha t + (1 - alpha)(1 - t)

    Domain:
        prediction: (n,) or (n, d), in [0, 1], or finite with `from_logits`. target: the same shape,
        in [0, 1]. Result: at least 0, in nats.

    Example:
        >>> binary_focal(np.array([0.5, 0.75]), np.array([1.0, 1.0]))
        array([0.1732868 , 0.01798013])

    References:
        T.-Y. Lin et al., Focal loss for dense object detection, ICCV 2017
    """
    truth = _smoothed(target, label_smoothing, 2)
    if from_logits and clip_logits:
        prediction, from_logits = sigmoid(prediction), False
    cross_entropy = binary_cross_entropy(prediction, truth, from_logits=from_logits, clip=clip)
    if from_logits:
        yes, no = sigmoid(prediction), sigmoid(-prediction)
    else:
        # Only the logarithm needs clipping.
        yes, no = prediction, 1.0 - prediction
    discount = (truth * no + (1.0 - truth) * yes) ** gamma
    if alpha is not None:
        discount = discount * (alpha * truth + (1.0 - alpha) * (1.0 - truth))
    return times(discount, cross_entropy)


@loss(
    aliases=("categorical_focal_loss", "softmax_focal_loss", "categorical_focal_crossentropy"),
    twins=(
        Twin(
            "keras",
            "keras.losses.CategoricalFocalCrossentropy(alpha=1.0, gamma={gamma}, "
            "from_logits={from_logits}, label_smoothing={label_smoothing}, "
            "reduction={reduction}, dtype='float64')(target, prediction{weight})",
            sets={"divide_by": "units", "clip": 1e-7, "clip_logits": True, "normalise": True},
            needs={"alpha": None},
            weight=", sample_weight=weight",
            named=False,
            note="keras's own default is alpha=0.25, one factor for all classes",
        ),
        Twin(
            "keras",
            "keras.losses.CategoricalFocalCrossentropy(alpha={alpha}, gamma={gamma}, "
            "from_logits={from_logits}, label_smoothing={label_smoothing}, "
            "reduction={reduction}, dtype='float64')(target, prediction{weight})",
            sets={
                "alpha": 0.25,
                "divide_by": "units",
                "clip": 1e-7,
                "clip_logits": True,
                "normalise": True,
            },
            refuses={"alpha": {None: 0.25}},
            weight=", sample_weight=weight",
        ),
    ),
)
def categorical_focal(
    prediction: Distribution,
    target: Distribution,
    *,
    gamma: Gamma = 2.0,
    alpha: Annotated[
        float | None, Option("one factor for all classes; none is 1", Interval(at_least=0))
    ] = None,
    from_logits: ClassLogits = False,
    label_smoothing: Smoothing = 0.0,
    normalise: Normalise = False,
    clip: Clip = EPSILON,
    clip_logits: ClipLogits = False,
) -> PerRow:
    """Categorical cross-entropy in which well predicted rows count little.

    Helps:
        When easy rows of frequent classes outnumber the rare, hard ones.

    Hurts:
        When labels are noisy: wrong ones are hard and count most; and when calibrated probabilities
        are needed.

    Formula:
        -Σ over classes of alpha (1 - p)^gamma t ln p; with `from_logits`, p = softmax(prediction)

    Domain:
        prediction: (n, classes), rows of probabilities that sum to 1, or finite with `from_logits`.
        target: the same shape, rows that sum to 1. Result: at least 0, in nats.

    Example:
        >>> categorical_focal(np.array([[0.5, 0.25, 0.25]]), np.array([[1.0, 0.0, 0.0]]))
        array([0.1732868])

    References:
        T.-Y. Lin et al., Focal loss for dense object detection, ICCV 2017
    """
    truth = _smoothed(target, label_smoothing, target.shape[1])
    if from_logits and clip_logits:
        prediction, from_logits = np.exp(log_softmax(prediction)), False
    logs = _log_probabilities(prediction, clip, from_logits=from_logits, normalise=normalise)
    # 1 - p, with all its digits where p is close to 1
    discount = truth * (-np.expm1(logs)) ** gamma
    return times(discount if alpha is None else alpha * discount, -logs).sum(axis=1)


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
            note="Keras refuses q = 1",
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
            "1 is the share of the label that was missed, near 0 it is cross-entropy",
            Interval(above=0, at_most=1),
        ),
    ] = 0.7,
    from_logits: ClassLogits = False,
) -> PerRow:
    """Cross-entropy that is bounded, so that wrong labels do not decide the number.

    Helps:
        When some labels are wrong: a row never costs more than 1 / q.

    Hurts:
        When labels are right and classes hard to tell apart: with a large q, rows that are far off
        hardly count. Its size depends on q, so numbers of different q do not compare.

    Formula:
        (1 - p[label]^q) / q; with `from_logits`, p = softmax(prediction)

    Domain:
        prediction: (n, classes), rows of probabilities that sum to 1, or finite with `from_logits`.
        target: (n,), class numbers from 0, or names of the prediction's columns. Result: between 0
        and 1 / q.

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
    alpha: Annotated[float, Option("factor of cross-entropy", Interval(at_least=0))] = 0.1,
    beta: Annotated[float, Option("factor of reverse cross-entropy", Interval(at_least=0))] = 1.0,
    log_of_zero: Annotated[
        float, Option("what stands for ln 0 in the reverse (A in the paper)", Interval(below=0))
    ] = -4.0,
    from_logits: ClassLogits = False,
    clip: Clip = EPSILON,
) -> PerRow:
    """Cross-entropy of label and prediction, and the same with their places exchanged.

    Helps:
        When some labels are wrong: the reverse is bounded, and keeps hard classes learning where
        little weight is left to cross-entropy.

    Hurts:
        When numbers are compared that have other factors or another ln 0: code that puts 1e-4 in
        the place of 0 has -9.21, the paper -4. The reverse takes nothing but the size of what was
        missed from the prediction.

    Formula:
        alpha × -ln p[label] + beta × -log_of_zero × Σ over the other classes of p; with
        `from_logits`, p = softmax(prediction)

    Domain:
        prediction: (n, classes), rows of probabilities that sum to 1, or finite with `from_logits`.
        target: (n,), class numbers from 0, or names of the prediction's columns. Result: at least
        0, in nats.

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


@loss(aliases=("logit_adjustment", "logit_adjusted_softmax", "balanced_softmax"))
def logit_adjusted_cross_entropy(
    prediction: Distribution,
    target: Labels,
    *,
    prior: Annotated[
        str | None,
        Option(
            "how frequent each class is, a share or a count, comma between them; none is all alike"
        ),
    ] = None,
    tau: Annotated[
        float, Option("how strongly the prior counts; 0 is cross-entropy", Interval(at_least=0))
    ] = 1.0,
    from_logits: ClassLogits = False,
    clip: Clip = EPSILON,
) -> PerRow:
    """Cross-entropy after each class has got a head start by how frequent it is.

    Helps:
        When classes are rare and frequent in training but count alike afterwards: scores that are
        best here, taken without the head start, have the least balanced error. With tau 1 it is the
        balanced softmax.

    Hurts:
        When the prior is that of other data than those the scores were fitted on. Without `prior`
        it is plain cross-entropy.

    Formula:
        -ln softmax(scores + tau ln prior)[label], with scores = ln prediction, or with
        `from_logits` the prediction itself

    Domain:
        prediction: (n, classes), rows of probabilities, or finite with `from_logits`. target:
        (n,), class numbers from 0, or names of the prediction's columns. prior: numbers above 0, in
        the order of the prediction's columns. Result: at least 0, in nats.

    Example:
        >>> logit_adjusted_cross_entropy(np.array([[0.5, 0.5]]), np.array([1]), prior="3,1")
        array([1.38629436])

    References:
        A. K. Menon et al., Long-tail learning via logit adjustment, ICLR 2021; J. Ren et al.,
        Balanced meta-softmax for long-tailed visual recognition, NeurIPS 2020
    """
    scores = prediction if from_logits else np.log(np.clip(prediction, clip, 1.0 - clip))
    if prior is not None:
        frequency = np.array(numbers("prior", prior, prediction.shape[1], zero=False))
        scores = scores + tau * np.log(frequency)
    return -taken(log_softmax(scores), target)


@loss(aliases=("asl", "asymmetric_multilabel"))
def asymmetric_loss(
    prediction: Probabilities,
    target: Probabilities,
    *,
    gamma_negative: Annotated[
        float, Option("how strongly easy negatives are discounted", Interval(at_least=0))
    ] = 4.0,
    gamma_positive: Annotated[
        float, Option("how strongly easy positives are discounted", Interval(at_least=0))
    ] = 1.0,
    shift: Annotated[
        float, Option("taken from the probabilities of negatives, which end at 0", SHARE)
    ] = 0.05,
    from_logits: Logits = False,
    clip: Clip = EPSILON,
) -> SumOfColumns:
    """Focal loss of several labels a row that discounts negatives more, and the easiest wholly.

    Helps:
        When each row has few of many possible labels, so that easy negatives outnumber positives;
        the shift also discards negatives that nearly nothing speaks for.

    Hurts:
        When calibrated probabilities are needed. The labels of a row are added up: the authors'
        code adds the rows too (`reduction` sum); a mean over labels is `per` element.

    Formula:
        Σ over labels of t (1 - p)^gamma_positive × -ln p + (1 - t) s^gamma_negative × -ln(1 - s),
        with s = max(0, p - shift); with `from_logits`, p = 1 / (1 + e^-prediction)

    Domain:
        prediction: (n,) or (n, labels), in [0, 1], or finite with `from_logits`. target: the same
        shape, in [0, 1]. Result: at least 0, in nats.

    Example:
        >>> asymmetric_loss(np.array([[0.5, 0.55]]), np.array([[1.0, 0.0]]))
        array([[0.34657359, 0.0433217 ]])

    References:
        T. Ridnik et al., Asymmetric loss for multi-label classification, ICCV 2021;
        https://github.com/Alibaba-MIIL/ASL
    """
    if from_logits:
        yes, no = sigmoid(prediction), sigmoid(-prediction)
        # softplus keeps all digits of a small loss and does not overflow
        positive, negative = np.logaddexp(0.0, -prediction), np.logaddexp(0.0, prediction)
    else:
        yes, no = prediction, 1.0 - prediction
        # Only the logarithms need clipping.
        positive = -np.log(np.clip(yes, clip, 1.0 - clip))
        negative = -np.log1p(-np.clip(yes, clip, 1.0 - clip))
        if 0.0 < clip < EPSILON / 2.0:  # too small to be taken from 1
            negative = np.minimum(negative, -math.log(clip))
    shifted = np.maximum(yes - shift, 0.0)
    if shift:
        # What is added to the small part keeps its digits.
        small = yes > 0.5
        negative = -np.where(small, np.log(np.minimum(no + shift, 1.0)), np.log1p(-shifted))
    return times(target * no**gamma_positive, positive) + times(
        (1.0 - target) * shifted**gamma_negative, negative
    )


MarginOfScores = Annotated[
    float, Option("how far the label's score should be above the others", Interval(at_least=0))
]


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
            note="Keras takes one-hot rows, and the largest of the other scores and 0",
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
        Option("take 0 for the largest of the other scores where it is below 0, as Keras does"),
    ] = False,
) -> PerRow:
    """How far the label's score falls short of the margin above the largest other score.

    Helps:
        When only the decision between several classes counts, as in support vector machines: rows
        whose label is ahead by the margin cost nothing.

    Hurts:
        When probabilities are needed: scores that minimise it are none. Keras's number is another
        one wherever all other scores are below 0.

    Formula:
        max(0, margin - prediction[label] + max over the other classes of prediction)

    Domain:
        prediction: (n, classes), finite scores, not probabilities. target: (n,), class numbers from
        0, or names of the prediction's columns. Result: at least 0.

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
        Option("of what each class lacks: 1, or 2 for squares", Interval(at_least=1, at_most=2)),
    ] = 1,
    divide_by_classes: Annotated[
        bool, Option("divide by the number of classes, the label's included, as torch does")
    ] = False,
) -> PerRow:
    """How far the label's score falls short of the margin above each other score, added up.

    Helps:
        When every class that comes too near to the label is to cost something, not only the nearest
        as in `multiclass_hinge`.

    Hurts:
        When there are many classes: the number grows with them unless `divide_by_classes`. Scores
        that minimise it need not put the most probable class first.

    Formula:
        Σ over the other classes of max(0, margin - prediction[label] + prediction)^power

    Domain:
        prediction: (n, classes), finite scores, not probabilities. target: (n,), class numbers from
        0, or names of the prediction's columns. Result: at least 0.

    Example:
        >>> weston_watkins_hinge(np.array([[2.0, 1.5, 1.75]]), np.array([0]))
        array([1.25])

    References:
        J. Weston, C. Watkins, Support vector machines for multi-class pattern recognition, ESANN
        1999
    """
    ahead = taken(prediction, target)[:, None] - prediction
    short = replaced(np.maximum(0.0, margin - ahead), target, 0.0)
    total = (short if power == 1 else short * short).sum(axis=1)
    return total / prediction.shape[1] if divide_by_classes else total


def _smoothed(target: Array, share: float, classes: int) -> Array:
    return target * (1.0 - share) + share / classes if share else target


def _log_probabilities(
    prediction: Array, clip: float, *, from_logits: bool, normalise: bool
) -> Array:
    if from_logits:
        return log_softmax(prediction)
    if normalise:
        prediction = prediction / prediction.sum(axis=1, keepdims=True)
    return np.log(np.clip(prediction, clip, 1.0 - clip))


cross_entropy = Choice(
    "cross_entropy",
    "Negative log likelihood of the target: binary, of classes, or of class labels.",
    (
        categorical_cross_entropy.loss,  # type: ignore[attr-defined]
        sparse_categorical_cross_entropy.loss,  # type: ignore[attr-defined]
        binary_cross_entropy.loss,  # type: ignore[attr-defined]
    ),
    aliases=("ce", "xent"),
)
focal = Choice(
    "focal",
    "Cross-entropy in which well predicted rows count little: of classes, or binary.",
    (categorical_focal.loss, binary_focal.loss),  # type: ignore[attr-defined]
    aliases=("focal_loss",),
)
