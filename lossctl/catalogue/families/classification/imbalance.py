"""Cross-entropies for imbalanced classes, where easy rows of frequent ones would dominate."""

from __future__ import annotations

import math
from typing import Annotated

from lossctl.catalogue.definition import Choice, MeanOfColumns, PerRow, SumOfColumns, Twin, loss
from lossctl.catalogue.families.classification.cross_entropy import binary_cross_entropy
from lossctl.catalogue.kinds import Distribution, Labels, Probabilities
from lossctl.catalogue.numerics import log_softmax, sigmoid, taken, times
from lossctl.catalogue.options import Interval, Option, numbers
from lossctl.catalogue.probabilities import (
    EPSILON,
    SHARE,
    ClassLogits,
    Clip,
    Logits,
    Normalise,
    Smoothing,
    log_probabilities,
    smoothed,
)
from lossctl.lazy import np

Gamma = Annotated[
    float,
    Option("how strongly easy rows are down-weighted; 0 gives cross-entropy", Interval(at_least=0)),
]
ClipLogits = Annotated[
    bool,
    Option("with from_logits, clip the probabilities computed from the logits, too"),
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
        Option("weight of class 1, with 1 - alpha for class 0; none weights both by 1", SHARE),
    ] = None,
    from_logits: Logits = False,
    label_smoothing: Smoothing = 0.0,
    clip: Clip = EPSILON,
    clip_logits: ClipLogits = False,
) -> MeanOfColumns:
    """Binary cross-entropy that down-weights well-classified rows.

    Helps:
        When easy rows of a frequent class outnumber the rare, hard ones, as in dense object
        detection.

    Hurts:
        When labels are noisy: wrong ones are hard and count most; and when calibrated probabilities
        are needed. Alpha is the weight of class 1, and off by default.

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
    truth = smoothed(target, label_smoothing, 2)
    if from_logits and clip_logits:
        prediction, from_logits = sigmoid(prediction), False
    cross_entropy = binary_cross_entropy(prediction, truth, from_logits=from_logits, clip=clip)
    if from_logits:
        probability, complement = sigmoid(prediction), sigmoid(-prediction)
    else:
        # Only the logarithm needs clipping.
        probability, complement = prediction, 1.0 - prediction
    focus = (truth * complement + (1.0 - truth) * probability) ** gamma
    if alpha is not None:
        focus = focus * (alpha * truth + (1.0 - alpha) * (1.0 - truth))
    return times(focus, cross_entropy)


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
            note="Keras defaults to alpha=0.25, one factor for all classes",
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
        float | None, Option("factor for all classes; none for 1", Interval(at_least=0))
    ] = None,
    from_logits: ClassLogits = False,
    label_smoothing: Smoothing = 0.0,
    normalise: Normalise = False,
    clip: Clip = EPSILON,
    clip_logits: ClipLogits = False,
) -> PerRow:
    """Categorical cross-entropy that down-weights well-classified rows.

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
    truth = smoothed(target, label_smoothing, target.shape[1])
    if from_logits and clip_logits:
        prediction, from_logits = np.exp(log_softmax(prediction)), False
    logs = log_probabilities(prediction, clip, from_logits=from_logits, normalise=normalise)
    # 1 - p, with all its digits where p is close to 1
    focus = truth * (-np.expm1(logs)) ** gamma
    return times(focus if alpha is None else alpha * focus, -logs).sum(axis=1)


@loss(aliases=("logit_adjustment", "logit_adjusted_softmax", "balanced_softmax"))
def logit_adjusted_cross_entropy(
    prediction: Distribution,
    target: Labels,
    *,
    prior: Annotated[
        str | None,
        Option("class frequencies, as shares or counts separated by commas; none for equal"),
    ] = None,
    tau: Annotated[
        float, Option("strength of the prior; 0 gives cross-entropy", Interval(at_least=0))
    ] = 1.0,
    from_logits: ClassLogits = False,
    clip: Clip = EPSILON,
) -> PerRow:
    """Cross-entropy with logits shifted by the log class prior.

    Helps:
        When classes are imbalanced in training but equally important afterwards: scores that
        minimise it, used without the shift, have the lowest balanced error. With tau 1 it is the
        balanced softmax.

    Hurts:
        When the prior comes from other data than the scores were fitted on. Without `prior` it is
        plain cross-entropy.

    Formula:
        -ln softmax(scores + tau ln prior)[label], with scores = ln prediction, or with
        `from_logits` the prediction itself

    Domain:
        prediction: (n, classes), rows of probabilities, or finite with `from_logits`. target: (n,),
        class numbers from 0, or column names of the prediction. prior: numbers above 0, in the
        order of the prediction's columns. Result: at least 0, in nats.

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
        float, Option("how strongly easy negatives are down-weighted", Interval(at_least=0))
    ] = 4.0,
    gamma_positive: Annotated[
        float, Option("how strongly easy positives are down-weighted", Interval(at_least=0))
    ] = 1.0,
    shift: Annotated[
        float, Option("subtracted from the probabilities of negatives, down to 0", SHARE)
    ] = 0.05,
    from_logits: Logits = False,
    clip: Clip = EPSILON,
) -> SumOfColumns:
    """Multi-label focal loss that down-weights negatives more and ignores the easiest.

    Helps:
        When each row has few of many possible labels, so that easy negatives outnumber positives;
        the shift also discards negatives with a very low probability.

    Hurts:
        When calibrated probabilities are needed. The labels of a row are summed: the authors' code
        also sums over rows (`reduction` sum); for a mean over labels use `per` element.

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
        probability, complement = sigmoid(prediction), sigmoid(-prediction)
        # softplus keeps all digits of a small loss and does not overflow
        of_positive, of_negative = np.logaddexp(0.0, -prediction), np.logaddexp(0.0, prediction)
    else:
        probability, complement = prediction, 1.0 - prediction
        # Only the logarithms need clipping.
        of_positive = -np.log(np.clip(probability, clip, 1.0 - clip))
        of_negative = -np.log1p(-np.clip(probability, clip, 1.0 - clip))
        if 0.0 < clip < EPSILON / 2.0:  # 1 - clip rounds to 1
            of_negative = np.minimum(of_negative, -math.log(clip))
    shifted = np.maximum(probability - shift, 0.0)
    if shift:
        # The shift is added to whichever of p and 1 - p is small, so that no digits are lost.
        of_shifted = np.log(np.minimum(complement + shift, 1.0))
        of_negative = -np.where(probability > 0.5, of_shifted, np.log1p(-shifted))
    return times(target * complement**gamma_positive, of_positive) + times(
        (1.0 - target) * shifted**gamma_negative, of_negative
    )


focal = Choice(
    "focal",
    "Cross-entropy that down-weights well-classified rows: categorical or binary.",
    (categorical_focal.loss, binary_focal.loss),  # type: ignore[attr-defined]
    aliases=("focal_loss",),
)
