"""Cross-entropy and focal loss of pixels, by themselves or added to the Dice loss.

Rows are pixels, in any order. Values outside the domain never reach these functions: the code that
reads the data raises `lossctl.errors.OutOfDomain`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from lossctl.block import Array, Mask
from lossctl.catalogue.definition import DataNote, SeveralTerms, Twin, loss
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
from lossctl.catalogue.families.segmentation.masks import AT_LEAST_0, activated, quotient
from lossctl.catalogue.families.segmentation.overlap import (
    EMPTY,
    Activation,
    Dice,
    Squared,
    overlap_terms,
)
from lossctl.catalogue.kinds import Distribution, Labels, Masks, Shares
from lossctl.catalogue.numerics import times
from lossctl.catalogue.options import Option, numbers
from lossctl.catalogue.probabilities import EPSILON, ClassLogits, Clip, Normalise
from lossctl.lazy import np

DiceWeight = Annotated[float, Option("weight of the Dice loss", AT_LEAST_0)]


@dataclass(frozen=True)
class DiceCrossEntropy(Dice):
    """Weighted sum of Dice and the mean cross-entropy, whose sum comes last."""

    dice_weight: DiceWeight = 1.0
    cross_entropy_weight: Annotated[
        float, Option("weight of the mean cross-entropy", AT_LEAST_0)
    ] = 1.0

    def __call__(self, sums: Array, weight: Array) -> Array:
        """Return the loss of each slice."""
        dice = self.dice_weight * super().__call__(sums, weight)
        return dice + times(self.cross_entropy_weight, sums[:, -1] / weight)


@loss(
    aliases=("dice_ce", "dice_ce_loss", "dice_bce", "combo_loss"),
    value=DiceCrossEntropy(),
    data_notes=(EMPTY,),
)
def dice_cross_entropy(
    prediction: Shares,
    target: Masks,
    *,
    squared: Squared = False,
    activation: Activation = None,
    clip: Clip = EPSILON,
) -> SeveralTerms:
    """Weighted sum of the Dice loss and the mean cross-entropy of the pixels.

    Helps:
        When masks are small but every pixel should contribute to the loss as well.

    Hurts:
        When the two parts are assumed to be on one scale: Dice is at most 1, cross-entropy is
        unbounded.

    Formula:
        dice_weight × dice + cross_entropy_weight × mean cross-entropy: binary for one column,
        categorical for several, or with sigmoid the mean of the columns' binary ones

    Domain:
        prediction: (n,) or (n, classes), in [0, 1], or finite with `activation`; the softmax of a
        single column is its sigmoid. target: same shape, in [0, 1]. Ignored classes are left out of
        Dice only. Result: at least 0.

    Example:
        >>> dice_cross_entropy(np.array([0.5, 0.75]), np.array([1.0, 0.0]))
        array([[0.5       , 0.5       , 1.        , 0.69314718],
               [0.        , 0.75      , 0.        , 1.38629436]])

    References:
        F. Isensee et al., nnU-Net: a self-configuring method for deep learning-based biomedical
        image segmentation, Nature Methods 18, 2021
    """
    from_logits = activation is not None
    if prediction.ndim == 2 and activation != "sigmoid":
        of_pixels = categorical_cross_entropy(
            prediction, target, from_logits=from_logits, clip=clip
        )
    else:
        of_columns = binary_cross_entropy(prediction, target, from_logits=from_logits, clip=clip)
        of_pixels = of_columns.reshape(len(of_columns), -1).mean(axis=1)
    shares = activated(prediction, activation)
    return overlap_terms(shares, target, squared=squared, of_pixels=of_pixels)


@dataclass(frozen=True)
class DiceFocal(Dice):
    """Weighted sum of Dice and the mean focal loss, whose sum comes last."""

    dice_weight: DiceWeight = 1.0
    focal_weight: Annotated[float, Option("weight of the mean focal loss", AT_LEAST_0)] = 1.0

    def __call__(self, sums: Array, weight: Array) -> Array:
        """Return the loss of each slice."""
        dice = self.dice_weight * super().__call__(sums, weight)
        return dice + times(self.focal_weight, sums[:, -1] / weight)


@loss(aliases=("dice_focal_loss",), value=DiceFocal(), data_notes=(EMPTY,))
def dice_focal(
    prediction: Shares,
    target: Masks,
    *,
    gamma: Gamma = 2.0,
    squared: Squared = False,
    activation: Activation = None,
    clip: Clip = EPSILON,
) -> SeveralTerms:
    """Weighted sum of the Dice loss and the mean focal loss of the pixels.

    Helps:
        When masks are small and most pixels are easy: Dice looks at the mask as a whole, the focal
        loss at the pixels that are still wrong.

    Hurts:
        When labels are noisy: wrong labels look like hard examples, which dominate the focal loss.
        MONAI divides the focal loss of several classes by their number, even with softmax; set
        `focal_weight` to reproduce that.

    Formula:
        dice_weight × dice + focal_weight × mean focal loss with exponent gamma: binary for one
        column, categorical for several, or with sigmoid the mean of the columns' binary ones

    Domain:
        prediction: (n,) or (n, classes), in [0, 1], or finite with `activation`; the softmax of a
        single column is its sigmoid. target: same shape, in [0, 1]. Ignored classes are left out of
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
    from_logits = activation is not None
    if prediction.ndim == 2 and activation != "sigmoid":
        of_pixels = categorical_focal(
            prediction, target, gamma=gamma, from_logits=from_logits, clip=clip
        )
    else:
        of_columns = binary_focal(
            prediction, target, gamma=gamma, from_logits=from_logits, clip=clip
        )
        of_pixels = of_columns.reshape(len(of_columns), -1).mean(axis=1)
    shares = activated(prediction, activation)
    return overlap_terms(shares, target, squared=squared, of_pixels=of_pixels)


@dataclass(frozen=True)
class WeightedMean:
    """The first sum, divided by the second if there is one, and else by the sum of the weights."""

    def __call__(self, sums: Array, weight: Array) -> Array:
        """Return the loss of each slice."""
        if sums.shape[1] == 1:
            return sums[:, 0] / weight
        return quotient(sums[:, 0], sums[:, 1])

    def weightless(self, sums: Array) -> Mask:
        """Mark slices in which every class has weight 0."""
        weightless: Mask = sums[:, -1] == 0.0
        return weightless & (sums.shape[1] == 2)


@loss(
    aliases=("pixel_wise_cross_entropy", "pixel_cross_entropy", "pixelwise_ce"),
    value=WeightedMean(),
    data_notes=(
        DataNote(
            "weightless_classes",
            "every pixel belongs to a class of weight 0, counted as 0",
            of_sums=WeightedMean.weightless,
        ),
    ),
    twins=(
        Twin(
            "torch",
            "torch.nn.functional.cross_entropy(prediction, target, reduction={reduction})",
            needs={"from_logits": True, "class_weights": None},
            reductions={"mean": '"mean"'},
            named=False,
            note="torch expects classes on the second axis: (images, classes, height, width)",
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
        str | None, Option("one weight per class, comma-separated; none means 1 for all")
    ] = None,
    from_logits: ClassLogits = False,
    normalise: Normalise = False,
    clip: Clip = EPSILON,
) -> SeveralTerms:
    """Negative log-likelihood of each pixel's class under its predicted distribution.

    Helps:
        When each pixel belongs to exactly one of several classes; with `class_weights`, when some
        classes have few pixels.

    Hurts:
        When most of the image is background: it dominates the mean. Unlabelled pixels count unless
        `ignore_index` names their label.

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
    of_pixel = sparse_categorical_cross_entropy(
        prediction, target, from_logits=from_logits, normalise=normalise, clip=clip
    )
    if class_weights is None:
        return of_pixel[:, None]
    weight = np.array(numbers("class_weights", class_weights, prediction.shape[1]))[target]
    return np.stack([times(weight, of_pixel), weight]).T
