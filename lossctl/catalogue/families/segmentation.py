"""Losses of a predicted mask against a target mask.

`prediction` and `target` have the same shape, `(n,)` for one mask or `(n, classes)` with one column
a class; rows are pixels, in any order. Most of these losses are ratios of sums over all pixels, so
they return three terms a class, whose sums make the ratio: overlap, prediction and target. The
number of several pictures together is therefore not the mean of their numbers.

Some need all pixels of a picture at once: as `Ragged`, where only the set of pixels counts, or as
pictures, `(pictures, height, width)` or `(pictures, height, width, classes)`, where neighbours do.

A value out of its domain never reaches these functions: whoever reads the data raises
`lossctl.errors.OutOfDomain`.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from lossctl.block import Array, Mask, Ragged
from lossctl.catalogue.definition import DataNote, PerUnit, SeveralTerms, Twin, loss
from lossctl.catalogue.families.classification.cross_entropy import (
    binary_cross_entropy,
    categorical_cross_entropy,
    sparse_categorical_cross_entropy,
)
from lossctl.catalogue.families.classification.imbalance import (
    Gamma,
    binary_focal,
    categorical_focal,
)
from lossctl.catalogue.kinds import (
    CLASS_SCORES,
    DISTRIBUTION,
    IMAGES,
    LABELS,
    MASK,
    SCORES,
    SIGNS,
    VALUES,
    Distribution,
    Labels,
    MaskImages,
    Masks,
    Shares,
    in_units,
    narrowed,
)
from lossctl.catalogue.numerics import log_softmax, sigmoid, times
from lossctl.catalogue.options import Interval, Option, numbers
from lossctl.catalogue.probabilities import EPSILON, ClassLogits, Clip, Normalise
from lossctl.errors import UsageError, quote
from lossctl.lazy import np

Pooling: TypeAlias = Literal["micro", "macro"]
Scored: TypeAlias = Literal["sigmoid", "softmax"]

AT_LEAST_0 = Interval(at_least=0)

AT_ONCE = 2**15
"""Pixels whose distances are found at a time: so few that they stay in the cache."""

FEW = 8
"""After so many lines it is asked whether those farther off can be nearer."""

PIXEL_SCORES = in_units(CLASS_SCORES)
ONE_SCORE = in_units(narrowed(SCORES, columns="one"))
ONE_SIGN = in_units(narrowed(SIGNS, columns="one"))

Average = Annotated[
    Pooling,
    Option("micro: one ratio of all classes together; macro: the mean of the classes' losses"),
]
IgnoreClass = Annotated[
    str | None, Option("numbers of the classes that do not count, from 0, comma between them")
]
Smooth = Annotated[float, Option("added above and below the fraction line", AT_LEAST_0)]
Eps = Annotated[float, Option("added below the fraction line only", AT_LEAST_0)]
Squared = Annotated[bool, Option("below the line, squares of prediction and target (V-Net)")]
Activation = Annotated[
    Scored | None,
    Option("prediction holds scores, of which this makes shares", turns={"prediction": VALUES}),
]
DiceWeight = Annotated[float, Option("factor of Dice", AT_LEAST_0)]
PictureActivation = Annotated[
    Scored | None,
    Option("prediction holds scores, of which this makes shares", turns={"prediction": IMAGES}),
]
FalsePositives = Annotated[
    float, Option("weight of what is predicted and not in the target", AT_LEAST_0)
]
FalseNegatives = Annotated[
    float, Option("weight of what is in the target and not predicted", AT_LEAST_0)
]

FROM_1 = "takes a ratio from 1, and so has few digits near a match"
HALVED = f"optax halves both sums, so that its smooth is half of this one; it {FROM_1}"

POOLED_ONLY = {"activation": None, "average": "micro", "ignore_class": None, "smooth": 0.0}
EACH_CLASS = {**POOLED_ONLY, "average": "macro"}
SMOOTH_ONLY = {"ignore_class": None, "eps": 0.0, "squared": False}


def _empty(
    sums: Array,
    *,
    average: str = "micro",
    ignore_class: str | None = None,
    smooth: float = 0.0,
    eps: float = 0.0,
) -> Mask:
    _, prediction, target = _parts(sums, average, ignore_class)
    empty: Mask = (prediction + target == 0.0).any(axis=1)
    return empty & (smooth + eps == 0.0)


EMPTY = DataNote(
    "empty_masks", "empty in prediction and target alike, taken as a match", of_sums=_empty
)


def _dice(
    sums: Array,
    weight: Array,
    *,
    average: str = "micro",
    ignore_class: str | None = None,
    smooth: float = 0.0,
    eps: float = 0.0,
) -> Array:
    del weight
    overlap, prediction, target = _parts(sums, average, ignore_class)
    wrong = (prediction - overlap) + (target - overlap)
    return _mismatch(2.0 * overlap, wrong, smooth, eps).mean(axis=1)


@loss(
    aliases=("dice_loss", "soft_dice", "soft_dice_loss", "sorensen_dice", "f1_loss"),
    value=_dice,
    data_notes=(EMPTY,),
    twins=(
        Twin(
            "keras",
            "keras.losses.Dice(dtype='float64')(target, prediction)",
            sets={"eps": 1e-7},
            needs={**POOLED_ONLY, "squared": False},
            reductions={"mean": ""},
            note=f"Keras {FROM_1}",
        ),
        Twin(
            "keras",
            "keras.losses.Dice(axis=0, dtype='float64')(target, prediction)",
            sets={"eps": 1e-7},
            needs={**EACH_CLASS, "squared": False},
            reductions={"mean": ""},
            named=False,
            note=f"Keras {FROM_1}",
        ),
        Twin(
            "optax",
            "optax.losses.dice_loss(prediction, target, smooth={smooth} / 2, axis=0)",
            sets={"smooth": 2.0},
            needs={"activation": "softmax", "average": "macro", **SMOOTH_ONLY},
            reductions={"mean": ""},
            kinds={
                "prediction": narrowed(VALUES, columns="several"),
                "target": narrowed(MASK, columns="several"),
            },
            note=HALVED,
        ),
        Twin(
            "optax",
            "optax.losses.binary_dice_loss(prediction[None], target[None], smooth={smooth} / 2)[0]",
            sets={"smooth": 2.0},
            needs={"activation": "sigmoid", **SMOOTH_ONLY},
            reductions={"mean": ""},
            kinds={
                "prediction": narrowed(VALUES, columns="one"),
                "target": narrowed(MASK, columns="one"),
            },
            note=HALVED,
        ),
    ),
)
def dice(
    prediction: Shares,
    target: Masks,
    *,
    average: Average = "micro",
    ignore_class: IgnoreClass = None,
    smooth: Smooth = 0.0,
    eps: Eps = 0.0,
    squared: Squared = False,
    activation: Activation = None,
) -> SeveralTerms:
    """Share of two masks that does not overlap, with the overlap counted twice.

    Helps:
        When the foreground is a small part of the picture: pixels that are background in both masks
        do not count.

    Hurts:
        When masks are often empty, or soft: the loss of a soft mask against itself is above 0
        unless `squared`. Smoothing flatters small masks, and the number then depends on the scale
        of the weights.

    Formula:
        1 - (2I + smooth) / (P + T + smooth + eps), with the sums I = Σ p t, P = Σ p, T = Σ t, or
        with `squared` P = Σ p², T = Σ t²; micro: I, P and T over all classes together

    Domain:
        prediction: (n,) or (n, classes), in [0, 1], or finite with `activation`; the softmax of one
        column is its sigmoid. target: the same shape, in [0, 1]. Result: between 0 and 1; 0 where
        both masks are empty and nothing is added.

    Example:
        >>> dice(np.array([0.5, 1.0]), np.array([1.0, 0.0]))
        array([[0.5, 0.5, 1. ],
               [0. , 1. , 0. ]])

    References:
        L. R. Dice, Measures of the amount of ecologic association between species, Ecology 26,
        1945; F. Milletari et al., V-Net, 3DV 2016 (squares)
    """
    del average, ignore_class, smooth, eps  # they belong to the value, not to the terms
    return _overlap(_shares(prediction, activation), target, squared=squared)


def _jaccard(
    sums: Array,
    weight: Array,
    *,
    average: str = "micro",
    ignore_class: str | None = None,
    smooth: float = 0.0,
    eps: float = 0.0,
) -> Array:
    del weight
    overlap, prediction, target = _parts(sums, average, ignore_class)
    wrong = (prediction - overlap) + (target - overlap)
    return _mismatch(overlap, wrong, smooth, eps).mean(axis=1)


@loss(
    aliases=("jaccard_loss", "soft_jaccard", "iou", "iou_loss", "soft_iou"),
    value=_jaccard,
    data_notes=(EMPTY,),
)
def jaccard(
    prediction: Shares,
    target: Masks,
    *,
    average: Average = "micro",
    ignore_class: IgnoreClass = None,
    smooth: Smooth = 0.0,
    eps: Eps = 0.0,
    squared: Squared = False,
    activation: Activation = None,
) -> SeveralTerms:
    """Share of the union of two masks that is not in both.

    Helps:
        When results are judged by intersection over union: this is 1 less it, for soft masks too.

    Hurts:
        When masks are often empty, or soft: the loss of a soft mask against itself is above 0
        unless `squared`. It is never below Dice, d: it is 2d / (1 + d).

    Formula:
        1 - (I + smooth) / (P + T - I + smooth + eps), with the sums I = Σ p t, P = Σ p, T = Σ t,
        or with `squared` P = Σ p², T = Σ t²; micro: I, P and T over all classes together

    Domain:
        prediction: (n,) or (n, classes), in [0, 1], or finite with `activation`; the softmax of one
        column is its sigmoid. target: the same shape, in [0, 1]. Result: between 0 and 1; 0 where
        both masks are empty and nothing is added.

    Example:
        >>> jaccard(np.array([0.5, 1.0]), np.array([1.0, 0.0]))
        array([[0.5, 0.5, 1. ],
               [0. , 1. , 0. ]])

    References:
        P. Jaccard, The distribution of the flora in the alpine zone, New Phytologist 11, 1912;
        M. A. Rahman, Y. Wang, Optimizing intersection-over-union in deep neural networks for image
        segmentation, ISVC 2016
    """
    del average, ignore_class, smooth, eps  # they belong to the value, not to the terms
    return _overlap(_shares(prediction, activation), target, squared=squared)


def _tversky(
    sums: Array,
    weight: Array,
    *,
    fp_weight: float = 0.5,
    fn_weight: float = 0.5,
    average: str = "micro",
    ignore_class: str | None = None,
    smooth: float = 0.0,
    eps: float = 0.0,
) -> Array:
    del weight
    overlap, prediction, target = _parts(sums, average, ignore_class)
    wrong = fp_weight * (prediction - overlap) + fn_weight * (target - overlap)
    return _mismatch(overlap, wrong, smooth, eps).mean(axis=1)


SWAPPED = (
    "Keras up to 3.15.1 has its factors the other way round, alpha is fn_weight; near 0 it loses "
    "digits, because it takes a ratio from 1"
)


@loss(
    aliases=("tversky_loss",),
    value=_tversky,
    data_notes=(EMPTY,),
    twins=(
        Twin(
            "keras",
            "keras.losses.Tversky(alpha={fn_weight}, beta={fp_weight}, dtype='float64')"
            "(target, prediction)",
            sets={"eps": 1e-7},
            needs=POOLED_ONLY,
            reductions={"mean": ""},
            tolerance=5e-8,
            note=SWAPPED,
        ),
        Twin(
            "keras",
            "keras.losses.Tversky(alpha={fn_weight}, beta={fp_weight}, axis=0, dtype='float64')"
            "(target, prediction)",
            sets={"eps": 1e-7},
            needs=EACH_CLASS,
            reductions={"mean": ""},
            named=False,
            tolerance=5e-8,
            note=SWAPPED,
        ),
    ),
)
def tversky(
    prediction: Shares,
    target: Masks,
    *,
    fp_weight: FalsePositives = 0.5,
    fn_weight: FalseNegatives = 0.5,
    average: Average = "micro",
    ignore_class: IgnoreClass = None,
    smooth: Smooth = 0.0,
    eps: Eps = 0.0,
    activation: Activation = None,
) -> SeveralTerms:
    """Dice with factors of its own for what is predicted in excess and for what is missed.

    Helps:
        When missed pixels cost more than false ones, as for small lesions: raise `fn_weight`.

    Hurts:
        When the two factors are swapped, as frameworks disagree on which is alpha. Both ½ give
        Dice, both 1 Jaccard.

    Formula:
        1 - (I + smooth) / (I + fp_weight (P - I) + fn_weight (T - I) + smooth + eps), with the sums
        I = Σ p t, P = Σ p, T = Σ t; micro: I, P and T over all classes together

    Domain:
        prediction: (n,) or (n, classes), in [0, 1], or finite with `activation`; the softmax of one
        column is its sigmoid. target: the same shape, in [0, 1]. Result: between 0 and 1; 0 where
        nothing stands below the fraction line, as with two empty masks.

    Example:
        >>> tversky(np.array([0.5, 1.0]), np.array([1.0, 0.0]))
        array([[0.5, 0.5, 1. ],
               [0. , 1. , 0. ]])

    References:
        S. S. M. Salehi et al., Tversky loss function for image segmentation using 3D fully
        convolutional deep networks, MLMI 2017
    """
    del fp_weight, fn_weight, average, ignore_class, smooth, eps  # they belong to the value
    return _overlap(_shares(prediction, activation), target)


def _focal_tversky(
    sums: Array,
    weight: Array,
    *,
    gamma: float = 0.75,
    fp_weight: float = 0.3,
    fn_weight: float = 0.7,
    average: str = "micro",
    ignore_class: str | None = None,
    smooth: float = 0.0,
    eps: float = 0.0,
) -> Array:
    del weight
    overlap, prediction, target = _parts(sums, average, ignore_class)
    wrong = fp_weight * (prediction - overlap) + fn_weight * (target - overlap)
    powers: Array = _mismatch(overlap, wrong, smooth, eps) ** gamma
    return powers.mean(axis=1)


@loss(aliases=("focal_tversky_loss", "ftl"), value=_focal_tversky, data_notes=(EMPTY,))
def focal_tversky(
    prediction: Shares,
    target: Masks,
    *,
    gamma: Annotated[
        float,
        Option("exponent of the Tversky loss; the paper's gamma is 1 / this", Interval(above=0)),
    ] = 0.75,
    fp_weight: FalsePositives = 0.3,
    fn_weight: FalseNegatives = 0.7,
    average: Average = "micro",
    ignore_class: IgnoreClass = None,
    smooth: Smooth = 0.0,
    eps: Eps = 0.0,
    activation: Activation = None,
) -> SeveralTerms:
    """Power of the Tversky loss, with its factors 0.3 for false positives and 0.7 for missed ones.

    Helps:
        When small structures are missed: an exponent below 1 keeps the slope steep near a match,
        one above 1 dwells on what is badly segmented.

    Hurts:
        When exponents of papers are taken over: Abraham and Khan write 1/gamma with gamma = 4/3,
        which is 0.75 here, others gamma itself.

    Formula:
        tversky^gamma; macro: the mean over classes of the powers

    Domain:
        prediction: (n,) or (n, classes), in [0, 1], or finite with `activation`; the softmax of one
        column is its sigmoid. target: the same shape, in [0, 1]. Result: between 0 and 1; 0 where
        nothing stands below the fraction line, as with two empty masks.

    Example:
        >>> focal_tversky(np.array([0.5, 1.0]), np.array([1.0, 0.0]))
        array([[0.5, 0.5, 1. ],
               [0. , 1. , 0. ]])

    References:
        N. Abraham, N. M. Khan, A novel focal Tversky loss function with improved attention U-Net
        for lesion segmentation, ISBI 2019
    """
    del gamma, fp_weight, fn_weight, average, ignore_class, smooth, eps  # they belong to the value
    return _overlap(_shares(prediction, activation), target)


def _generalised_dice(
    sums: Array, weight: Array, *, class_weighting: str = "square", ignore_class: str | None = None
) -> Array:
    del weight
    overlap, prediction, target = _parts(sums, "macro", ignore_class)
    power = {"square": 2.0, "simple": 1.0, "uniform": 0.0}[class_weighting]
    # Factors only count relative to each other: the rarest class has 1, so that none overflows.
    rarest = np.where(target > 0.0, target, np.inf).min(axis=1, keepdims=True)
    size = np.where(target > 0.0, target, rarest)
    factor = np.divide(rarest, size, out=np.ones_like(size), where=np.isfinite(rarest)) ** power
    wrong = (factor * ((prediction - overlap) + (target - overlap))).sum(axis=1)
    return _mismatch(2.0 * (factor * overlap).sum(axis=1), wrong, 0.0, 0.0)


def _all_empty(sums: Array, *, ignore_class: str | None = None) -> Mask:
    return _empty(sums, ignore_class=ignore_class)


@loss(
    aliases=("generalized_dice", "generalised_dice_loss", "generalized_dice_loss", "gdl"),
    value=_generalised_dice,
    data_notes=(DataNote(EMPTY.name, EMPTY.message, of_sums=_all_empty),),
)
def generalised_dice(
    prediction: Shares,
    target: Masks,
    *,
    class_weighting: Annotated[
        Literal["square", "simple", "uniform"],
        Option("a class's factor: 1 / T², 1 / T with T the size of its target, or 1"),
    ] = "square",
    ignore_class: IgnoreClass = None,
    activation: Activation = None,
) -> SeveralTerms:
    """Dice of several classes together, in which rare classes count as much as frequent ones.

    Helps:
        When classes differ much in size and one number of all of them is wanted.

    Hurts:
        When a class has next to no pixels: it decides the number.

    Formula:
        1 - 2 Σ w I / Σ w (P + T) over the classes, with w = 1 / T² and the sums I = Σ p t,
        P = Σ p, T = Σ t; a class that is not in the target has the greatest w of the others

    Domain:
        prediction: (n,) or (n, classes), in [0, 1], or finite with `activation`; the softmax of one
        column is its sigmoid. target: the same shape, in [0, 1]. Result: between 0 and 1; 0 where
        both masks are empty in all classes.

    Example:
        >>> generalised_dice(np.array([0.5, 1.0]), np.array([1.0, 0.0]))
        array([[0.5, 0.5, 1. ],
               [0. , 1. , 0. ]])

    References:
        C. H. Sudre et al., Generalised Dice overlap as a deep learning loss function for highly
        unbalanced segmentations, DLMIA 2017
    """
    del class_weighting, ignore_class  # they belong to the value, not to the terms
    return _overlap(_shares(prediction, activation), target)


def _dice_cross_entropy(
    sums: Array,
    weight: Array,
    *,
    dice_weight: float = 1.0,
    cross_entropy_weight: float = 1.0,
    average: str = "micro",
    ignore_class: str | None = None,
    smooth: float = 0.0,
    eps: float = 0.0,
) -> Array:
    of_masks = _dice(
        sums, weight, average=average, ignore_class=ignore_class, smooth=smooth, eps=eps
    )
    return dice_weight * of_masks + times(cross_entropy_weight, sums[:, -1] / weight)


@loss(
    aliases=("dice_ce", "dice_ce_loss", "dice_bce", "combo_loss"),
    value=_dice_cross_entropy,
    data_notes=(EMPTY,),
)
def dice_cross_entropy(
    prediction: Shares,
    target: Masks,
    *,
    dice_weight: DiceWeight = 1.0,
    cross_entropy_weight: Annotated[
        float, Option("factor of the mean cross-entropy", AT_LEAST_0)
    ] = 1.0,
    average: Average = "micro",
    ignore_class: IgnoreClass = None,
    smooth: Smooth = 0.0,
    eps: Eps = 0.0,
    squared: Squared = False,
    activation: Activation = None,
    clip: Clip = EPSILON,
) -> SeveralTerms:
    """Weighted sum of Dice and the mean cross-entropy of the pixels.

    Helps:
        When masks are small, but a loss is wanted that says something of every pixel too.

    Hurts:
        When the two are taken for comparable: Dice ends at 1, cross-entropy does not.

    Formula:
        dice_weight × dice + cross_entropy_weight × mean cross-entropy; the binary one of one
        column, the categorical one of several, or with sigmoid the mean of the columns' binary ones

    Domain:
        prediction: (n,) or (n, classes), in [0, 1], or finite with `activation`; the softmax of one
        column is its sigmoid. target: the same shape, in [0, 1]. Classes that are ignored are so by
        Dice only. Result: at least 0.

    Example:
        >>> dice_cross_entropy(np.array([0.5, 0.75]), np.array([1.0, 0.0]))
        array([[0.5       , 0.5       , 1.        , 0.69314718],
               [0.        , 0.75      , 0.        , 1.38629436]])

    References:
        F. Isensee et al., nnU-Net: a self-configuring method for deep learning-based biomedical
        image segmentation, Nature Methods 18, 2021
    """
    # they belong to the value, not to the terms
    del dice_weight, cross_entropy_weight, average, ignore_class, smooth, eps
    of_scores = activation is not None
    if prediction.ndim == 2 and activation != "sigmoid":
        each = categorical_cross_entropy(prediction, target, from_logits=of_scores, clip=clip)
    else:
        each = binary_cross_entropy(prediction, target, from_logits=of_scores, clip=clip)
        each = each.reshape(len(each), -1).mean(axis=1)
    shares = _shares(prediction, activation)
    return _overlap(shares, target, squared=squared, report_also=each)


def _dice_focal(
    sums: Array,
    weight: Array,
    *,
    dice_weight: float = 1.0,
    focal_weight: float = 1.0,
    average: str = "micro",
    ignore_class: str | None = None,
    smooth: float = 0.0,
    eps: float = 0.0,
) -> Array:
    of_masks = _dice(
        sums, weight, average=average, ignore_class=ignore_class, smooth=smooth, eps=eps
    )
    return dice_weight * of_masks + times(focal_weight, sums[:, -1] / weight)


@loss(aliases=("dice_focal_loss",), value=_dice_focal, data_notes=(EMPTY,))
def dice_focal(
    prediction: Shares,
    target: Masks,
    *,
    dice_weight: DiceWeight = 1.0,
    focal_weight: Annotated[float, Option("factor of the mean focal loss", AT_LEAST_0)] = 1.0,
    gamma: Gamma = 2.0,
    average: Average = "micro",
    ignore_class: IgnoreClass = None,
    smooth: Smooth = 0.0,
    eps: Eps = 0.0,
    squared: Squared = False,
    activation: Activation = None,
    clip: Clip = EPSILON,
) -> SeveralTerms:
    """Weighted sum of Dice and the mean focal loss of the pixels.

    Helps:
        When masks are small and most pixels easy: Dice looks at the mask as a whole, the focal loss
        at the pixels that are still wrong.

    Hurts:
        When labels are noisy: wrong ones are hard, and count most in the focal loss. MONAI divides
        the focal loss of several classes by their number, also under softmax; `focal_weight` can do
        that.

    Formula:
        dice_weight × dice + focal_weight × mean focal loss with exponent gamma; the binary one of
        one column, the categorical one of several, or with sigmoid the mean of the columns' binary
        ones

    Domain:
        prediction: (n,) or (n, classes), in [0, 1], or finite with `activation`; the softmax of one
        column is its sigmoid. target: the same shape, in [0, 1]. Classes that are ignored are so by
        Dice only. Result: at least 0.

    Example:
        >>> dice_focal(np.array([0.5, 0.75]), np.array([1.0, 0.0]))
        array([[0.5       , 0.5       , 1.        , 0.1732868 ],
               [0.        , 0.75      , 0.        , 0.77979058]])

    References:
        W. Zhu et al., AnatomyNet: deep learning for fast and fully automated whole-volume
        segmentation of head and neck anatomy, Medical Physics 46, 2019; T.-Y. Lin et al., Focal
        loss for dense object detection, ICCV 2017
    """
    # they belong to the value, not to the terms
    del dice_weight, focal_weight, average, ignore_class, smooth, eps
    of_scores = activation is not None
    if prediction.ndim == 2 and activation != "sigmoid":
        each = categorical_focal(prediction, target, gamma=gamma, from_logits=of_scores, clip=clip)
    else:
        each = binary_focal(prediction, target, gamma=gamma, from_logits=of_scores, clip=clip)
        each = each.reshape(len(each), -1).mean(axis=1)
    shares = _shares(prediction, activation)
    return _overlap(shares, target, squared=squared, report_also=each)


def _weighted_mean(sums: Array, weight: Array) -> Array:
    if sums.shape[1] == 1:
        return sums[:, 0] / weight
    return _quotient(sums[:, 0], sums[:, 1])


def _weightless(sums: Array) -> Mask:
    weightless: Mask = sums[:, -1] == 0.0
    return weightless & (sums.shape[1] == 2)


@loss(
    aliases=("pixel_wise_cross_entropy", "pixel_cross_entropy", "pixelwise_ce"),
    value=_weighted_mean,
    data_notes=(
        DataNote(
            "weightless_classes",
            "no pixel of a class with a weight, taken as 0",
            of_sums=_weightless,
        ),
    ),
    twins=(
        Twin(
            "torch",
            "torch.nn.functional.cross_entropy(prediction, target, reduction={reduction})",
            needs={"from_logits": True, "class_weights": None},
            reductions={"mean": '"mean"'},
            named=False,
            note="torch has the classes in the second axis: (pictures, classes, height, width)",
        ),
        Twin(
            "keras",
            "keras.losses.SparseCategoricalCrossentropy(from_logits={from_logits}, "
            "reduction={reduction}, dtype='float64')(target, prediction)",
            sets={"clip": 1e-7, "normalise": True},
            needs={"class_weights": None},
            reductions={"mean": '"sum_over_batch_size"'},
            named=False,
        ),
        Twin(
            "optax",
            "optax.softmax_cross_entropy_with_integer_labels(prediction, target){reduction}",
            needs={"from_logits": True, "class_weights": None},
            reductions={"mean": ".mean()"},
            named=False,
        ),
    ),
)
def pixelwise_cross_entropy(
    prediction: Distribution,
    target: Labels,
    *,
    class_weights: Annotated[
        str | None, Option("a factor for each class, comma between them; none is 1 for all")
    ] = None,
    from_logits: ClassLogits = False,
    normalise: Normalise = False,
    clip: Clip = EPSILON,
) -> SeveralTerms:
    """Negative log likelihood of each pixel's class under its predicted distribution.

    Helps:
        When each pixel belongs to one of several classes; with `class_weights`, when some of them
        have few pixels.

    Hurts:
        When most of the picture is background: it decides the mean. Pixels without a class count
        unless `ignore_index` says otherwise.

    Formula:
        mean of -ln p[label]; with `class_weights` w, Σ w[label] × -ln p[label] / Σ w[label]

    Domain:
        prediction: (n, classes), rows of probabilities that sum to 1, or finite with `from_logits`.
        target: (n,), class numbers from 0, or names of the prediction's columns. Result: at least
        0, in nats; 0 where all pixels belong to classes of weight 0.

    Example:
        >>> pixelwise_cross_entropy(np.array([[0.5, 0.5]]), np.array([1]), class_weights="1,3")
        array([[2.07944154, 3.        ]])

    References:
        O. Ronneberger et al., U-Net: convolutional networks for biomedical image segmentation,
        MICCAI 2015; https://pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html
    """
    each = sparse_categorical_cross_entropy(
        prediction, target, from_logits=from_logits, normalise=normalise, clip=clip
    )
    if class_weights is None:
        return each[:, None]
    factor = np.array(numbers("class_weights", class_weights, prediction.shape[1]))[target]
    return np.stack([times(factor, each), factor]).T


def _no_pixel(prediction: Ragged, target: Ragged) -> Mask:
    del prediction
    empty: Mask = target.lengths == 0
    return empty


NO_PIXEL = DataNote("no_pixels", "no pixel that counts, taken as a match", of_units=_no_pixel)


@loss(aliases=("lovasz", "lovasz_loss", "lovasz_softmax_loss"), data_notes=(NO_PIXEL,))
def lovasz_softmax(
    prediction: Annotated[Ragged, in_units(DISTRIBUTION)],
    target: Annotated[Ragged, in_units(LABELS)],
    *,
    classes: Annotated[
        Literal["present", "all"],
        Option("the mean over the classes that the unit's target has, or over all classes"),
    ] = "present",
    from_logits: Annotated[
        bool,
        Option("prediction holds logits, not probabilities", turns={"prediction": PIXEL_SCORES}),
    ] = False,
) -> PerUnit:
    """Jaccard loss of each class, extended from right and wrong pixels to errors in between.

    Helps:
        When results are judged by mean intersection over union: for predictions of 0 and 1 this is
        1 less it, and in between it is as close to it as a convex function can be.

    Hurts:
        When all pixels are one unit, as they are without `--unit`: the number is then not the mean
        over pictures. A class that is nowhere in the target costs its highest prediction, or
        nothing where only present classes count.

    Formula:
        of each class Σ over pixels of error × (J(pixels up to this one) - J(pixels before it)), in
        order of falling errors; the error is 1 - p in the class and p elsewhere, J the Jaccard loss
        if just these pixels were wrong: their number / (that of them and of the class together)

    Domain:
        prediction: (pixels, classes), rows of probabilities that sum to 1, or finite with
        `from_logits`. target: (pixels,), class numbers from 0, or names of the prediction's
        columns. Result: between 0 and 1; 0 for a unit without pixels.

    Example:
        >>> pixels = np.array([[0.5, 0.5], [0.25, 0.75]])
        >>> lovasz_softmax(Ragged(pixels, np.array([2])), Ragged(np.array([0, 1]), np.array([2])))
        array([0.4375])

    References:
        M. Berman, A. Rannen Triki, M. B. Blaschko, The Lovász-softmax loss: a tractable surrogate
        for the optimization of the intersection-over-union measure in neural networks, CVPR 2018
    """
    if from_logits:
        logs = log_softmax(prediction.values)
        shares, others = np.exp(logs), -np.expm1(logs)
    else:
        shares, others = prediction.values, 1.0 - prediction.values
    pixels, units = target.units, len(target.lengths)
    total, counting = np.zeros(units), np.zeros(units)
    for number in range(shares.shape[1]):
        true = target.values == number
        errors = np.where(true, others[:, number], shares[:, number])
        there = np.bincount(pixels[true], minlength=units) > 0
        counts = there if classes == "present" else np.ones(units, dtype=bool)
        total += np.where(counts, _extended(errors, true, target), 0.0)
        counting += counts
    return _quotient(total, counting)


@loss(aliases=("lovasz_hinge_loss", "jaccard_hinge"), data_notes=(NO_PIXEL,))
def lovasz_hinge(
    prediction: Annotated[Ragged, ONE_SCORE], target: Annotated[Ragged, ONE_SIGN]
) -> PerUnit:
    """Jaccard loss of a mask, extended from right and wrong pixels to the hinge of their scores.

    Helps:
        When one mask is predicted by scores of any size and judged by intersection over union: this
        is convex, and never below 1 less it.

    Hurts:
        When all pixels are one unit, as they are without `--unit`; and when scores are
        probabilities: a pixel is only right from a score of 1 on. An empty target costs the worst
        pixel alone.

    Formula:
        Σ over pixels of max(0, 1 - prediction × target) × (J(pixels up to this one) - J(pixels
        before it)), in order of falling hinges, with J the Jaccard loss if just these pixels were
        wrong: their number / (that of them and of the mask together)

    Domain:
        prediction: (pixels,), finite. target: (pixels,), -1 and +1; 0 is taken as -1. Result: at
        least 0; 0 for a unit without pixels.

    Example:
        >>> scores, signs = np.array([0.5, -3.0]), np.array([-1.0, 1.0])
        >>> lovasz_hinge(Ragged(scores, np.array([2])), Ragged(signs, np.array([2])))
        array([4.])

    References:
        J. Yu, M. Blaschko, Learning submodular losses with the Lovász hinge, ICML 2015; M. Berman,
        A. Rannen Triki, M. B. Blaschko, The Lovász-softmax loss, CVPR 2018
    """
    hinges = np.maximum(1.0 - prediction.values * target.values, 0.0)
    return _extended(hinges, target.values > 0.0, target)


def _extended(errors: Array, true: Mask, target: Ragged) -> Array:
    """Return the Lovász extension of the Jaccard loss of every unit at the errors of its pixels."""
    units, pixels = len(target.lengths), target.units
    # Pixels of equal errors have a fixed order too, so that the sum is the same to the bit.
    order = np.lexsort((true, -errors, pixels))
    errors, true = errors[order], true[order]
    size = np.bincount(pixels[true], minlength=units)
    # how many pixels are wrong up to this one, and how many of these belong to the mask
    wrong = np.arange(1, len(true) + 1) - target.starts[pixels]
    missed = np.cumsum(true) - (np.cumsum(size) - size)[pixels]
    size = size[pixels]
    union = (size + wrong - missed).astype(np.float64)
    # What one pixel adds to wrong / union, worked out so that nothing cancels; where there is no
    # mask, the first wrong pixel makes the loss 1.
    surplus = _quotient((size - missed).astype(np.float64), union * (union - 1.0))
    alone = (size == 0) & (wrong == 1)
    step = np.where(true, 1.0 / union, np.where(alone, 1.0, surplus))
    return np.bincount(pixels, weights=errors * step, minlength=units).astype(np.float64)


def _target_without_boundary(
    prediction: Array, target: Array, *, ignore_class: str | None = None
) -> Mask:
    del prediction
    without = _without_boundary(_layers(target, ignore_class) > 0.5)
    found: Mask = np.logical_or.reduce(without, axis=1)
    return found


@loss(
    aliases=("boundary_loss", "surface_loss", "boundary_dt"),
    optimum=None,
    data_notes=(
        DataNote(
            "no_boundary",
            "a mask of target is empty or full, and has distances of 0",
            of_units=_target_without_boundary,
        ),
    ),
)
def boundary(
    prediction: MaskImages,
    target: MaskImages,
    *,
    ignore_class: IgnoreClass = None,
    activation: PictureActivation = None,
) -> PerUnit:
    """Mean of what is predicted times its distance from the target's boundary, negative inside.

    Helps:
        When masks are tiny beside the background: what is wrong counts by how far off it is, not by
        its share of the mask. It stands beside a loss of overlap.

    Hurts:
        When it stands alone: predicting nothing costs 0, as a thin mask that is right does. The
        number grows with the picture, because distances are in pixels. Of several classes the
        authors leave out the background: `ignore_class` 0.

    Formula:
        mean over pixels and classes of p × d; outside of the mask d is the distance to its nearest
        pixel, inside 1 less the distance to the nearest pixel that is not in it; all distances of
        an empty or full mask are 0

    Domain:
        prediction: (pictures, height, width) or (pictures, height, width, classes), in [0, 1], or
        finite with `activation`. target: the same shape, in [0, 1]; above ½ is in the mask. Result:
        any number, least for the target itself.

    Example:
        >>> boundary(np.array([[[0.5, 1.0, 0.5]]]), np.array([[[0.0, 0.0, 1.0]]]))
        array([0.66666667])

    References:
        H. Kervadec et al., Boundary loss for highly unbalanced segmentation, MIDL 2019
    """
    shares = _layers(_picture_shares(prediction, activation), ignore_class)
    mask = _layers(target, ignore_class) > 0.5
    distance = _distances(~mask) - np.where(mask, _distances(mask) - 1.0, 0.0)
    distance[_without_boundary(mask)] = 0.0
    return _each_mean(shares * distance)


def _one_without_boundary(
    prediction: Array,
    target: Array,
    *,
    ignore_class: str | None = None,
    activation: str | None = None,
) -> Mask:
    shares = _picture_shares(prediction, activation)
    both = (_layers(each, ignore_class) > 0.5 for each in (shares, target))
    found: Mask = np.logical_or.reduce([_without_boundary(mask).any(axis=1) for mask in both])
    return found


@loss(
    aliases=("hausdorff", "hausdorff_loss", "hausdorff_dt", "hausdorff_dt_loss"),
    data_notes=(
        DataNote(
            "no_boundary",
            "a mask is empty or full, and has distances of 0",
            of_units=_one_without_boundary,
        ),
    ),
)
def hausdorff_distance(
    prediction: MaskImages,
    target: MaskImages,
    *,
    alpha: Annotated[
        float, Option("exponent of distances: how much far mistakes count", Interval(above=0))
    ] = 2.0,
    ignore_class: IgnoreClass = None,
    activation: PictureActivation = None,
) -> PerUnit:
    """Mean squared error of a mask, each pixel times powers of its distances from the boundaries.

    Helps:
        When the worst mistake counts, as the Hausdorff distance has it, but one number of all
        mistakes is steadier than that of a single pixel.

    Hurts:
        When the number is taken for the Hausdorff distance, which it only stands for, or compared
        between pictures of different sizes. One empty or full mask takes away half of the
        distances.

    Formula:
        mean over pixels and classes of (p - t)² (dp^alpha + dt^alpha), with dp, dt the distances to
        the other side of the boundary, in the predicted mask (p above ½) and in the target; all
        distances of an empty or full mask are 0

    Domain:
        prediction: (pictures, height, width) or (pictures, height, width, classes), in [0, 1], or
        finite with `activation`. target: the same shape, in [0, 1]; above ½ is in the mask. Result:
        at least 0.

    Example:
        >>> hausdorff_distance(np.array([[[1.0, 0.5, 0.0]]]), np.array([[[0.0, 0.0, 1.0]]]))
        array([3.5])

    References:
        D. Karimi, S. E. Salcudean, Reducing the Hausdorff distance in medical image segmentation
        with convolutional neural networks, IEEE Transactions on Medical Imaging 39, 2020
    """
    shares, true = (
        _layers(each, ignore_class) for each in (_picture_shares(prediction, activation), target)
    )
    powers = np.zeros_like(shares)
    for each in (shares, true):
        mask = each > 0.5
        distance = _distances(mask) + _distances(~mask)
        distance[_without_boundary(mask)] = 0.0
        powers += distance**alpha
    residual = shares - true
    return _each_mean(times(residual * residual, powers))


@loss(aliases=("cldice_loss", "soft_cldice", "soft_cldice_loss", "centerline_dice"))
def cldice(
    prediction: MaskImages,
    target: MaskImages,
    *,
    iterations: Annotated[
        int,
        Option("erosions until the skeleton is found: half the widest structure", AT_LEAST_0),
    ] = 3,
    smooth: Smooth = 1.0,
    ignore_class: IgnoreClass = None,
    activation: PictureActivation = None,
) -> PerUnit:
    """Dice of centre lines: how far each mask's soft skeleton lies outside of the other mask.

    Helps:
        When vessels, roads or nerves should stay connected: a gap costs the same in a thin branch
        as in a thick one.

    Hurts:
        When structures are more than twice `iterations` pixels wide: their middle is missed. Widths
        do not count, so it stands beside Dice. Of several classes the authors leave out the
        background: `ignore_class` 0.

    Formula:
        1 - 2 a b / (a + b), with a = (Σ s(p) t + smooth) / (Σ s(p) + smooth), b the same with p and
        t exchanged, sums over pixels and classes of a picture, and s the soft skeleton: what
        opening (least of the cross of 5 pixels, then greatest of the square of 9) takes off
        the mask, eroded 0 to `iterations` times, joined by x + y - x y

    Domain:
        prediction: (pictures, height, width) or (pictures, height, width, classes), in [0, 1], or
        finite with `activation`. target: the same shape, in [0, 1]. Result: between 0 and 1; 0 for
        a mask of 0 and 1 against itself.

    Example:
        >>> line = np.array([[[0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0]]])
        >>> cldice(line, line), cldice(0.5 * line, line)
        (array([0.]), array([0.23076923]))

    References:
        S. Shit et al., clDice: a novel topology-preserving loss function for tubular structure
        segmentation, CVPR 2021
    """
    shares, true = (
        _layers(each, ignore_class) for each in (_picture_shares(prediction, activation), target)
    )
    outside, missed = (
        _outside(_skeleton(one, iterations), other, smooth)
        for one, other in ((shares, true), (true, shares))
    )
    # 1 less the harmonic mean of what is inside, with the digits of what is not
    above = outside * (1.0 - missed) + missed * (1.0 - outside)
    below = (1.0 - outside) + (1.0 - missed)
    return np.divide(above, below, out=np.ones_like(below), where=below > 0.0)


def _picture_shares(prediction: Array, activation: str | None) -> Array:
    several = prediction.ndim == 4 and prediction.shape[3] > 1
    rows = prediction.reshape(-1, prediction.shape[3]) if several else prediction.reshape(-1)
    return _shares(rows, activation).reshape(prediction.shape)


def _layers(images: Array, ignore_class: str | None) -> Array:
    """Return the masks that count, `(pictures, classes, height, width)`."""
    masks = images.reshape(*images.shape[:3], -1)
    counting = _counting(ignore_class, masks.shape[3])
    return np.ascontiguousarray(np.moveaxis(masks[..., counting], 3, 1))


def _each_mean(layers: Array) -> Array:
    """Return the mean of each picture."""
    means: Array = layers.reshape(len(layers), -1).mean(axis=1)
    return means


def _without_boundary(mask: Mask) -> Mask:
    """Tell which masks have no pixel, or all, `(pictures, classes)`."""
    pixels = mask.reshape(*mask.shape[:2], -1)
    same: Mask = pixels.all(axis=2) == pixels.any(axis=2)
    return same


def _distances(mask: Mask) -> Array:
    """Return the distance of each pixel of a mask to the nearest one that is not in it, else 0.

    Masks without such a pixel have distances of 0 too.
    """
    found = np.zeros(mask.shape)
    some = ~_without_boundary(mask)
    if not some.any():
        return found
    inside = mask[some]
    place = np.arange(inside.shape[2], dtype=np.float64)
    left = np.maximum.accumulate(np.where(inside, -np.inf, place), axis=2)
    right = np.minimum.accumulate(np.where(inside, np.inf, place)[:, :, ::-1], axis=2)[:, :, ::-1]
    # Squares of whole numbers are exact. Those in the own line are made smaller by ways over other
    # lines; the columns of all masks stand side by side, because each has its own numbers.
    square = np.moveaxis(np.minimum(place - left, right - place) ** 2, 1, 0)
    columns = np.ascontiguousarray(square).reshape(len(square), -1)
    width = max(1, AT_ONCE // len(columns))
    for start in range(0, columns.shape[1], width):
        columns[:, start : start + width] = _over_lines(columns[:, start : start + width])
    found[some] = np.sqrt(np.moveaxis(columns.reshape(square.shape), 0, 1))
    return found


def _over_lines(columns: Array) -> Array:
    """Return the least square plus square of the way to its line, in each column."""
    own = np.ascontiguousarray(columns)
    least, ways = own.copy(), np.empty_like(own)
    for step in range(1, len(own)):
        if step % FEW == 1 and step * step >= least.max():
            break
        for here, there in ((np.s_[step:], np.s_[:-step]), (np.s_[:-step], np.s_[step:])):
            nearer = np.add(own[there], float(step * step), out=ways[here])
            np.minimum(least[here], nearer, out=least[here])
    return least


def _skeleton(layers: Array, iterations: int) -> Array:
    """Return soft skeletons: what opening takes off, after ever more erosions."""
    skeleton = np.zeros_like(layers)
    for _ in range(iterations + 1):
        eroded = np.minimum(_pooled(layers, 2, np.minimum), _pooled(layers, 3, np.minimum))
        opened = _pooled(_pooled(eroded, 2, np.maximum), 3, np.maximum)
        taken = np.maximum(layers - opened, 0.0)
        skeleton += np.maximum(taken - skeleton * taken, 0.0)
        layers = eroded
    return skeleton


def _pooled(layers: Array, axis: int, better: np.ufunc) -> Array:
    """Return the least or greatest of each pixel and its two neighbours along an axis."""
    pooled = layers.copy()
    all_before = (slice(None),) * axis
    before, after = (*all_before, slice(None, -1)), (*all_before, slice(1, None))
    for here, there in ((before, after), (after, before)):
        better(pooled[here], layers[there], out=pooled[here])
    return pooled


def _outside(skeleton: Array, mask: Array, smooth: float) -> Array:
    """Return the share of each picture's skeletons that lies outside of the masks."""
    images = len(mask)
    outside = (skeleton * (1.0 - mask)).reshape(images, -1).sum(axis=1)
    return _quotient(outside, skeleton.reshape(images, -1).sum(axis=1) + smooth)


def _shares(prediction: Array, activation: str | None) -> Array:
    if activation is None:
        return prediction
    if activation == "softmax" and prediction.ndim == 2:
        return np.exp(log_softmax(prediction))
    return sigmoid(prediction)


def _overlap(
    prediction: Array, target: Array, *, squared: bool = False, report_also: Array | None = None
) -> Array:
    """Return overlap, prediction and target of every class, and one more term if there is one."""
    masks, pixels = prediction.size // max(len(prediction), 1), len(prediction)
    # Every term is one line in memory, because terms are summed one by one.
    terms = np.empty((3 * masks + (report_also is not None), pixels))
    overlap, predicted, true = terms[: 3 * masks].reshape(3, masks, pixels)
    of_masks = prediction.reshape(pixels, masks).T, target.reshape(pixels, masks).T
    np.multiply(*of_masks, out=overlap)
    for out, mask in zip((predicted, true), of_masks, strict=True):
        if squared:
            np.multiply(mask, mask, out=out)
        else:
            out[...] = mask
    if report_also is not None:
        terms[-1] = report_also
    return terms.T


def _parts(sums: Array, average: str, ignore_class: str | None) -> tuple[Array, Array, Array]:
    """Return overlap, prediction and target, `(slices, classes)`, of the classes that count."""
    classes = sums.shape[1] // 3
    counting = _counting(ignore_class, classes)
    parts = sums[:, : 3 * classes].reshape(len(sums), 3, classes)[:, :, counting]
    if average == "micro":
        parts = parts.sum(axis=2, keepdims=True)
    return parts[:, 0], parts[:, 1], parts[:, 2]


def _counting(ignore_class: str | None, classes: int) -> list[int]:
    if ignore_class is None:
        return list(range(classes))
    ignored = {word.strip() for word in ignore_class.split(",")}
    if not ignored <= {str(number) for number in range(classes)}:
        raise UsageError(
            f"ignore_class {quote(ignore_class)} names classes that there are not",
            f"the classes are numbered from 0 to {classes - 1}; write a comma between them",
        )
    counting = [number for number in range(classes) if str(number) not in ignored]
    if not counting:
        raise UsageError(f"ignore_class {quote(ignore_class)} leaves no class that counts")
    return counting


def _mismatch(matched: Array, wrong: Array, smooth: float, eps: float) -> Array:
    """Return 1 - (matched + smooth) / (matched + wrong + smooth + eps), with all its digits."""
    # Squared terms are rounded one by one, so a match may come out a little below 0.
    missed = np.maximum(wrong, 0.0) + eps
    return _quotient(missed, matched + missed + smooth)


def _quotient(above: Array, below: Array) -> Array:
    """Divide; where nothing stands below the line, nothing is wrong."""
    return np.divide(above, below, out=np.zeros_like(below), where=below != 0.0)
