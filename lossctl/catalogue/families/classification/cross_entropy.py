"""Cross-entropy for binary, one-hot and integer labels, and the related KL divergence."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Annotated

from lossctl.catalogue.definition import Choice, MeanOfColumns, PerRow, SumOfColumns, Twin, loss
from lossctl.catalogue.kinds import (
    DISTRIBUTION,
    ONE_HOT,
    PROBABILITIES,
    ZERO_OR_ONE,
    Distribution,
    Labels,
    Probabilities,
    narrowed,
)
from lossctl.catalogue.numerics import taken, times
from lossctl.catalogue.options import Interval, Option
from lossctl.catalogue.probabilities import (
    EPSILON,
    HALF,
    ClassLogits,
    Clip,
    Logits,
    Normalise,
    Smoothing,
    log_probabilities,
    smoothed,
)
from lossctl.lazy import np

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
        float | None, Option("lower bound of the logarithms", Interval(below=0))
    ] = None,
) -> MeanOfColumns:
    """Negative log-likelihood of a binary label under the predicted probability.

    Helps:
        When probabilities themselves are needed; with several columns, when a row can have several
        labels. It is minimised by the true probability.

    Hurts:
        When some labels are wrong, or one class is very rare; and when logits are passed as
        probabilities.

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
    truth = smoothed(target, label_smoothing, 2)
    if from_logits:
        # softplus keeps all digits of a small loss and does not overflow
        return truth * np.logaddexp(0.0, -prediction) + (1.0 - truth) * np.logaddexp(
            0.0, prediction
        )
    probability = np.clip(prediction, clip, 1.0 - clip)
    log_positive, log_negative = np.log(probability), np.log1p(-probability)
    if 0.0 < clip < EPSILON / 2.0:  # 1 - clip rounds to 1
        log_negative = np.maximum(log_negative, math.log(clip))
    if log_floor is not None:
        log_positive = np.maximum(log_positive, log_floor)
        log_negative = np.maximum(log_negative, log_floor)
    return -(times(truth, log_positive) + times(1.0 - truth, log_negative))


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
    """Negative log-likelihood of a one-hot or soft target under the predicted distribution.

    Helps:
        When each row belongs to one of several classes, or to each of them with a probability.

    Hurts:
        When several classes can be true at once (use the binary form with several columns); when
        some labels are wrong, or some classes are very rare.

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
    truth = smoothed(target, label_smoothing, target.shape[1])
    logs = log_probabilities(prediction, clip, from_logits=from_logits, normalise=normalise)
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
            note="torch takes log probabilities",
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
    """Negative log-likelihood of a class label under the predicted distribution.

    Helps:
        When each row belongs to one of several classes and the target is its label.

    Hurts:
        When several classes can be true at once; when some labels are wrong, or some classes are
        very rare.

    Formula:
        -ln p[label]; with `from_logits`, p = softmax(prediction); with smoothing s,
        -(1 - s) ln p[label] - s × mean over classes of ln p

    Domain:
        prediction: (n, classes), rows of probabilities that sum to 1, or finite with `from_logits`.
        target: (n,), class numbers from 0, or column names of the prediction. Result: at least 0,
        in nats.

    Example:
        >>> sparse_categorical_cross_entropy(np.array([[0.5, 0.25, 0.25]]), np.array([1]))
        array([1.38629436])

    References:
        I. J. Good, Rational decisions, Journal of the Royal Statistical Society B 14, 1952
    """
    if not (from_logits or normalise or label_smoothing):
        return -np.log(np.clip(taken(prediction, target), clip, 1.0 - clip))  # one logarithm a row
    logs = log_probabilities(prediction, clip, from_logits=from_logits, normalise=normalise)
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
            note='torch\'s "mean" divides by the number of elements, "batchmean" by that of rows',
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
            "predicted probabilities below this are raised to it; 0 allows an infinite result",
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
    """Information lost when the prediction is used to approximate the target distribution.

    Helps:
        When the target is itself a distribution, as in distillation or with soft labels; unlike
        cross-entropy it is 0 for a perfect prediction.

    Hurts:
        When the prediction is 0 where the target is not: the loss is infinite, or as large as
        clipping allows. It is not symmetric: this is KL(target ‖ prediction).

    Formula:
        Σ over classes of t ln(t / p)

    Domain:
        prediction, target: (n, classes), rows of probabilities that sum to 1. Result: at least 0,
        in nats; rows that do not sum to 1 may give less than 0.

    Example:
        >>> kl_divergence(np.array([[0.5, 0.5]]), np.array([[1.0, 0.0]])).sum(axis=1)
        array([0.69314718])

    References:
        S. Kullback, R. A. Leibler, On information and sufficiency, Annals of Mathematical
        Statistics 22, 1951
    """
    truth, guess = np.maximum(target, clip_target), np.maximum(prediction, clip)
    return times(truth, np.log(np.where(truth == 0.0, 1.0, truth)) - np.log(guess))


cross_entropy = Choice(
    "cross_entropy",
    "Negative log-likelihood of the target: binary, one-hot or soft, or class labels.",
    (
        categorical_cross_entropy.loss,  # type: ignore[attr-defined]
        sparse_categorical_cross_entropy.loss,  # type: ignore[attr-defined]
        binary_cross_entropy.loss,  # type: ignore[attr-defined]
    ),
    aliases=("ce", "xent"),
)
