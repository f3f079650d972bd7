"""Losses of the overlap of two masks: ratios of sums over all pixels.

Rows are pixels, in any order: `(n,)` for one mask, `(n, classes)` with one column per class. The
terms of a class are overlap, prediction and target, whose sums make the ratio, so the number for
several images together is not the mean of their numbers. Values outside the domain never reach
these functions: the code that reads the data raises `lossctl.errors.OutOfDomain`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Literal

from lossctl.block import Array, Mask
from lossctl.catalogue.definition import DataNote, SeveralTerms, Twin, loss
from lossctl.catalogue.families.segmentation.masks import (
    ACTIVATION_HELP,
    AT_LEAST_0,
    ActivationName,
    IgnoreClass,
    Smooth,
    activated,
    counted_classes,
    quotient,
)
from lossctl.catalogue.kinds import MASK, VALUES, Masks, Shares, narrowed
from lossctl.catalogue.options import Interval, Option
from lossctl.lazy import np

Average = Annotated[
    Literal["micro", "macro"],
    Option("micro: one ratio, pooled over classes; macro: the mean of the per-class losses"),
]
Eps = Annotated[float, Option("added to the denominator only", AT_LEAST_0)]
Squared = Annotated[
    bool, Option("sum squares of prediction and target in the denominator, as V-Net does")
]
Activation = Annotated[ActivationName | None, Option(ACTIVATION_HELP, turns={"prediction": VALUES})]
FalsePositives = Annotated[float, Option("weight of false positives", AT_LEAST_0)]
FalseNegatives = Annotated[float, Option("weight of false negatives", AT_LEAST_0)]

FROM_1 = "subtracts a ratio from 1, which loses digits near a perfect match"
HALVED = f"optax halves both sums, so its smooth is half of this one; it {FROM_1}"

POOLED_ONLY = {"activation": None, "average": "micro", "ignore_class": None, "smooth": 0.0}
EACH_CLASS = {**POOLED_ONLY, "average": "macro"}
SMOOTH_ONLY = {"ignore_class": None, "eps": 0.0, "squared": False}


@dataclass(frozen=True)
class Overlap:
    """What the ratios share: how classes are pooled, and what is added to the sums."""

    average: Average = "micro"
    ignore_class: IgnoreClass = None
    smooth: Smooth = 0.0
    eps: Eps = 0.0

    def masks(self, sums: Array) -> tuple[Array, Array, Array]:
        """Return the sums of overlap, prediction and target, each `(slices, ratios)`."""
        parts = _class_sums(sums, self.ignore_class)
        if self.average == "micro":
            parts = parts.sum(axis=2, keepdims=True)
        return parts[:, 0], parts[:, 1], parts[:, 2]

    def mismatch(self, matched: Array, wrong: Array) -> Array:
        """Return one minus each ratio."""
        return _mismatch(matched, wrong, self.smooth, self.eps)

    def empty(self, sums: Array) -> Mask:
        """Mark slices in which a ratio is 0 / 0."""
        _, prediction, target = self.masks(sums)
        empty: Mask = (prediction + target == 0.0).any(axis=1)
        return empty & (self.smooth + self.eps == 0.0)


EMPTY = DataNote(
    "empty_masks",
    "prediction and target are both empty, treated as a perfect match",
    of_sums=Overlap.empty,
)


@dataclass(frozen=True)
class Dice(Overlap):
    """One minus the Dice coefficient."""

    def __call__(self, sums: Array, weight: Array) -> Array:
        """Return the loss of each slice."""
        del weight  # it is in the sums already
        overlap, prediction, target = self.masks(sums)
        wrong = (prediction - overlap) + (target - overlap)
        return self.mismatch(2.0 * overlap, wrong).mean(axis=1)


@loss(
    aliases=("dice_loss", "soft_dice", "soft_dice_loss", "sorensen_dice", "f1_loss"),
    value=Dice(),
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
    squared: Squared = False,
    activation: Activation = None,
) -> SeveralTerms:
    """One minus the Dice coefficient of two masks.

    Helps:
        When the foreground is a small part of the image: pixels that are background in both masks
        do not count.

    Hurts:
        When masks are often empty, or soft: a soft mask compared with itself has a loss above 0
        unless `squared`. Smoothing favours small masks, and the value then depends on the scale of
        the weights.

    Formula:
        1 - (2I + smooth) / (P + T + smooth + eps), with the sums I = Σ p t, P = Σ p, T = Σ t, or
        with `squared` P = Σ p², T = Σ t²; micro: I, P and T are summed over all classes

    Domain:
        prediction: (n,) or (n, classes), in [0, 1], or finite with `activation`; the softmax of a
        single column is its sigmoid. target: same shape, in [0, 1]. Result: between 0 and 1; 0
        where both masks are empty and nothing is added.

    Example:
        >>> dice(np.array([0.5, 1.0]), np.array([1.0, 0.0]))
        array([[0.5, 0.5, 1. ],
               [0. , 1. , 0. ]])

    References:
        L. R. Dice, Measures of the amount of ecologic association between species, Ecology 26,
        1945; F. Milletari et al., V-Net, 3DV 2016 (squares)
    """
    return overlap_terms(activated(prediction, activation), target, squared=squared)


@dataclass(frozen=True)
class Jaccard(Overlap):
    """One minus the intersection over union."""

    def __call__(self, sums: Array, weight: Array) -> Array:
        """Return the loss of each slice."""
        del weight  # it is in the sums already
        overlap, prediction, target = self.masks(sums)
        wrong = (prediction - overlap) + (target - overlap)
        return self.mismatch(overlap, wrong).mean(axis=1)


@loss(
    aliases=("jaccard_loss", "soft_jaccard", "iou", "iou_loss", "soft_iou"),
    value=Jaccard(),
    data_notes=(EMPTY,),
)
def jaccard(
    prediction: Shares,
    target: Masks,
    *,
    squared: Squared = False,
    activation: Activation = None,
) -> SeveralTerms:
    """One minus the intersection over union (IoU) of two masks.

    Helps:
        When results are judged by IoU: this is 1 - IoU, extended to soft masks.

    Hurts:
        When masks are often empty, or soft: a soft mask compared with itself has a loss above 0
        unless `squared`. It is never below the Dice loss d: it is 2d / (1 + d).

    Formula:
        1 - (I + smooth) / (P + T - I + smooth + eps), with the sums I = Σ p t, P = Σ p, T = Σ t, or
        with `squared` P = Σ p², T = Σ t²; micro: I, P and T are summed over all classes

    Domain:
        prediction: (n,) or (n, classes), in [0, 1], or finite with `activation`; the softmax of a
        single column is its sigmoid. target: same shape, in [0, 1]. Result: between 0 and 1; 0
        where both masks are empty and nothing is added.

    Example:
        >>> jaccard(np.array([0.5, 1.0]), np.array([1.0, 0.0]))
        array([[0.5, 0.5, 1. ],
               [0. , 1. , 0. ]])

    References:
        P. Jaccard, The distribution of the flora in the alpine zone, New Phytologist 11, 1912;
        M. A. Rahman, Y. Wang, Optimizing intersection-over-union in deep neural networks for image
        segmentation, ISVC 2016
    """
    return overlap_terms(activated(prediction, activation), target, squared=squared)


@dataclass(frozen=True)
class Tversky(Overlap):
    """Dice with separate weights for false positives and false negatives."""

    fp_weight: FalsePositives = 0.5
    fn_weight: FalseNegatives = 0.5

    def __call__(self, sums: Array, weight: Array) -> Array:
        """Return the loss of each slice."""
        del weight  # it is in the sums already
        return self.of_ratios(sums).mean(axis=1)

    def of_ratios(self, sums: Array) -> Array:
        """Return the loss of each ratio, `(slices, ratios)`."""
        overlap, prediction, target = self.masks(sums)
        wrong = self.fp_weight * (prediction - overlap) + self.fn_weight * (target - overlap)
        return self.mismatch(overlap, wrong)


SWAPPED = (
    "in Keras up to 3.15.1 the weights are the other way round: alpha is fn_weight; it subtracts a "
    "ratio from 1, which loses digits near 0"
)


@loss(
    aliases=("tversky_loss",),
    value=Tversky(),
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
    activation: Activation = None,
) -> SeveralTerms:
    """Dice loss with separate weights for false positives and false negatives.

    Helps:
        When missed pixels cost more than false ones, as for small lesions: raise `fn_weight`.

    Hurts:
        When the two weights are swapped, as frameworks disagree on which is alpha. With both at ½
        it is Dice, with both at 1 Jaccard.

    Formula:
        1 - (I + smooth) / (I + fp_weight (P - I) + fn_weight (T - I) + smooth + eps), with the sums
        I = Σ p t, P = Σ p, T = Σ t; micro: I, P and T are summed over all classes

    Domain:
        prediction: (n,) or (n, classes), in [0, 1], or finite with `activation`; the softmax of a
        single column is its sigmoid. target: same shape, in [0, 1]. Result: between 0 and 1; 0
        where the denominator is 0, as with two empty masks.

    Example:
        >>> tversky(np.array([0.5, 1.0]), np.array([1.0, 0.0]))
        array([[0.5, 0.5, 1. ],
               [0. , 1. , 0. ]])

    References:
        S. S. M. Salehi et al., Tversky loss function for image segmentation using 3D fully
        convolutional deep networks, MLMI 2017
    """
    return overlap_terms(activated(prediction, activation), target)


@dataclass(frozen=True)
class FocalTversky(Tversky):
    """Power of the Tversky loss."""

    gamma: Annotated[
        float,
        Option("exponent of the Tversky loss; the paper's gamma is 1 over this", Interval(above=0)),
    ] = 0.75

    def of_ratios(self, sums: Array) -> Array:
        """Return the loss of each ratio, `(slices, ratios)`."""
        powers: Array = super().of_ratios(sums) ** self.gamma
        return powers


@loss(
    aliases=("focal_tversky_loss", "ftl"),
    value=FocalTversky(fp_weight=0.3, fn_weight=0.7),
    data_notes=(EMPTY,),
)
def focal_tversky(
    prediction: Shares,
    target: Masks,
    *,
    activation: Activation = None,
) -> SeveralTerms:
    """Power of the Tversky loss, weighting false positives by 0.3 and false negatives by 0.7.

    Helps:
        When small structures are missed: an exponent below 1 keeps the gradient steep near a match,
        one above 1 focuses on badly segmented masks.

    Hurts:
        When exponents are copied from papers: Abraham and Khan write 1/gamma with gamma = 4/3,
        which is 0.75 here; others write gamma itself.

    Formula:
        tversky^gamma; macro: the mean over classes of the powers

    Domain:
        prediction: (n,) or (n, classes), in [0, 1], or finite with `activation`; the softmax of a
        single column is its sigmoid. target: same shape, in [0, 1]. Result: between 0 and 1; 0
        where the denominator is 0, as with two empty masks.

    Example:
        >>> focal_tversky(np.array([0.5, 1.0]), np.array([1.0, 0.0]))
        array([[0.5, 0.5, 1. ],
               [0. , 1. , 0. ]])

    References:
        N. Abraham, N. M. Khan, A novel focal Tversky loss function with improved attention U-Net
        for lesion segmentation, ISBI 2019
    """
    return overlap_terms(activated(prediction, activation), target)


@dataclass(frozen=True)
class GeneralisedDice:
    """Dice of all classes pooled, with weights that depend on their sizes."""

    class_weighting: Annotated[
        Literal["square", "simple", "uniform"],
        Option("weight of a class: 1 / T², 1 / T, T being its size in the target, or 1"),
    ] = "square"
    ignore_class: IgnoreClass = None

    def __call__(self, sums: Array, weight: Array) -> Array:
        """Return the loss of each slice."""
        del weight  # it is in the sums already
        overlap, prediction, target = _class_sums(sums, self.ignore_class).swapaxes(0, 1)
        power = {"square": 2.0, "simple": 1.0, "uniform": 0.0}[self.class_weighting]
        # Only ratios of weights matter: the rarest class gets 1, so none overflows.
        rarest = np.where(target > 0.0, target, np.inf).min(axis=1, keepdims=True)
        size = np.where(target > 0.0, target, rarest)
        ratio = np.divide(rarest, size, out=np.ones_like(size), where=np.isfinite(rarest))
        class_weight = ratio**power
        wrong = (class_weight * ((prediction - overlap) + (target - overlap))).sum(axis=1)
        return _mismatch(2.0 * (class_weight * overlap).sum(axis=1), wrong, 0.0, 0.0)

    def empty(self, sums: Array) -> Mask:
        """Mark slices that have no pixel of any class."""
        return Overlap(ignore_class=self.ignore_class).empty(sums)


@loss(
    aliases=("generalized_dice", "generalised_dice_loss", "generalized_dice_loss", "gdl"),
    value=GeneralisedDice(),
    data_notes=(replace(EMPTY, of_sums=GeneralisedDice.empty),),
)
def generalised_dice(
    prediction: Shares,
    target: Masks,
    *,
    activation: Activation = None,
) -> SeveralTerms:
    """Dice loss of all classes pooled, in which rare classes count as much as frequent ones.

    Helps:
        When class sizes differ a lot and one number for all classes is wanted.

    Hurts:
        When a class has next to no pixels: it dominates the number.

    Formula:
        1 - 2 Σ w I / Σ w (P + T) over the classes, with w = 1 / T² and the sums I = Σ p t, P = Σ p,
        T = Σ t; a class that is absent from the target gets the largest w of the others

    Domain:
        prediction: (n,) or (n, classes), in [0, 1], or finite with `activation`; the softmax of a
        single column is its sigmoid. target: same shape, in [0, 1]. Result: between 0 and 1; 0
        where both masks are empty in all classes.

    Example:
        >>> generalised_dice(np.array([0.5, 1.0]), np.array([1.0, 0.0]))
        array([[0.5, 0.5, 1. ],
               [0. , 1. , 0. ]])

    References:
        C. H. Sudre et al., Generalised Dice overlap as a deep learning loss function for highly
        unbalanced segmentations, DLMIA 2017
    """
    return overlap_terms(activated(prediction, activation), target)


def overlap_terms(
    prediction: Array, target: Array, *, squared: bool = False, of_pixels: Array | None = None
) -> Array:
    """Return overlap, prediction and target of every class, and the pixels' own term if any."""
    masks, pixels = prediction.size // max(len(prediction), 1), len(prediction)
    # Every term is contiguous in memory, because terms are summed one by one.
    terms = np.empty((3 * masks + (of_pixels is not None), pixels))
    overlap, predicted, true = terms[: 3 * masks].reshape(3, masks, pixels)
    of_masks = prediction.reshape(pixels, masks).T, target.reshape(pixels, masks).T
    np.multiply(*of_masks, out=overlap)
    for out, mask in zip((predicted, true), of_masks, strict=True):
        if squared:
            np.multiply(mask, mask, out=out)
        else:
            out[...] = mask
    if of_pixels is not None:
        terms[-1] = of_pixels
    return terms.T


def _class_sums(sums: Array, ignore_class: str | None) -> Array:
    """Return overlap, prediction and target of the classes that count, `(slices, 3, classes)`."""
    classes = sums.shape[1] // 3
    counted = counted_classes(ignore_class, classes)
    return sums[:, : 3 * classes].reshape(len(sums), 3, classes)[:, :, counted]


def _mismatch(matched: Array, wrong: Array, smooth: float, eps: float) -> Array:
    """Return 1 - (matched + smooth) / (matched + wrong + smooth + eps), with all its digits."""
    # Squared terms are rounded one by one, so a match may come out slightly below 0.
    missed = np.maximum(wrong, 0.0) + eps
    return quotient(missed, matched + missed + smooth)
