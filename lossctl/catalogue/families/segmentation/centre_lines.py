"""Losses of the centre lines of thin structures.

Values outside the domain never reach these functions: the code that reads the data raises
`lossctl.errors.OutOfDomain`.
"""

from __future__ import annotations

from typing import Annotated

from lossctl.block import Array
from lossctl.catalogue.definition import PerUnit, loss
from lossctl.catalogue.families.segmentation.masks import (
    AT_LEAST_0,
    IgnoreClass,
    ImageActivation,
    Smooth,
    activated_images,
    class_masks,
    quotient,
)
from lossctl.catalogue.kinds import MaskImages
from lossctl.catalogue.options import Option
from lossctl.lazy import np


@loss(aliases=("cldice_loss", "soft_cldice", "soft_cldice_loss", "centerline_dice"))
def cldice(
    prediction: MaskImages,
    target: MaskImages,
    *,
    iterations: Annotated[
        int,
        Option("erosions to find the skeleton; half the width of the widest structure", AT_LEAST_0),
    ] = 3,
    smooth: Smooth = 1.0,
    ignore_class: IgnoreClass = None,
    activation: ImageActivation = None,
) -> PerUnit:
    """Dice loss of centre lines: how much of each mask's soft skeleton lies outside the other mask.

    Helps:
        When vessels, roads or nerves should stay connected: a gap costs the same in a thin branch
        as in a thick one.

    Hurts:
        When structures are wider than twice `iterations` pixels: their middle is missed. Widths do
        not count, so combine it with Dice. With several classes the authors leave out the
        background: `ignore_class` 0.

    Formula:
        1 - 2 a b / (a + b), with a = (Σ s(p) t + smooth) / (Σ s(p) + smooth), b the same with p and
        t exchanged, sums over pixels and classes of an image, and s the soft skeleton: what opening
        (minimum over the cross of 5 pixels, then maximum over the square of 9) removes from the
        mask, eroded 0 to `iterations` times, combined by x + y - x y

    Domain:
        prediction: (images, height, width) or (images, height, width, classes), in [0, 1], or
        finite with `activation`. target: same shape, in [0, 1]. Result: between 0 and 1; 0 for a
        mask of 0 and 1 against itself.

    Example:
        >>> line = np.array([[[0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0]]])
        >>> cldice(line, line), cldice(0.5 * line, line)
        (array([0.]), array([0.23076923]))

    References:
        S. Shit et al., clDice: a novel topology-preserving loss function for tubular structure
        segmentation, CVPR 2021
    """
    shares = class_masks(activated_images(prediction, activation), ignore_class)
    true = class_masks(target, ignore_class)
    outside = _outside(_skeleton(shares, iterations), true, smooth)
    missed = _outside(_skeleton(true, iterations), shares, smooth)
    # One minus the harmonic mean of the shares inside, with the digits of the shares outside.
    numerator = outside * (1.0 - missed) + missed * (1.0 - outside)
    denominator = (1.0 - outside) + (1.0 - missed)
    where = denominator > 0.0
    return np.divide(numerator, denominator, out=np.ones_like(denominator), where=where)


def _skeleton(masks: Array, iterations: int) -> Array:
    """Return soft skeletons: what opening removes, after more and more erosions."""
    skeleton = np.zeros_like(masks)
    for _ in range(iterations + 1):
        eroded = np.minimum(_pooled(masks, 2, np.minimum), _pooled(masks, 3, np.minimum))
        opened = _pooled(_pooled(eroded, 2, np.maximum), 3, np.maximum)
        removed = np.maximum(masks - opened, 0.0)
        skeleton += np.maximum(removed - skeleton * removed, 0.0)
        masks = eroded
    return skeleton


def _pooled(masks: Array, axis: int, better: np.ufunc) -> Array:
    """Return the minimum or maximum of each pixel and its two neighbours along an axis."""
    pooled = masks.copy()
    all_before = (slice(None),) * axis
    before, after = (*all_before, slice(None, -1)), (*all_before, slice(1, None))
    for here, there in ((before, after), (after, before)):
        better(pooled[here], masks[there], out=pooled[here])
    return pooled


def _outside(skeleton: Array, mask: Array, smooth: float) -> Array:
    """Return the share of each image's skeletons that lies outside the masks."""
    images = len(mask)
    outside = (skeleton * (1.0 - mask)).reshape(images, -1).sum(axis=1)
    return quotient(outside, skeleton.reshape(images, -1).sum(axis=1) + smooth)
