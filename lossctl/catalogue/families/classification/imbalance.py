"""Cross-entropies for rare classes, which many easy rows of frequent ones would drown."""

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
    float, Option("how strongly easy rows are discounted; 0 is cross-entropy", Interval(at_least=0))
]
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
    truth = smoothed(target, label_smoothing, 2)
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
    truth = smoothed(target, label_smoothing, target.shape[1])
    if from_logits and clip_logits:
        prediction, from_logits = np.exp(log_softmax(prediction)), False
    logs = log_probabilities(prediction, clip, from_logits=from_logits, normalise=normalise)
    # 1 - p, with all its digits where p is close to 1
    discount = truth * (-np.expm1(logs)) ** gamma
    return times(discount if alpha is None else alpha * discount, -logs).sum(axis=1)


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


focal = Choice(
    "focal",
    "Cross-entropy in which well predicted rows count little: of classes, or binary.",
    (categorical_focal.loss, binary_focal.loss),  # type: ignore[attr-defined]
    aliases=("focal_loss",),
)
