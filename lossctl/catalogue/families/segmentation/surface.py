"""Losses that weight errors by their distance from the boundaries of masks.

Values outside the domain never reach these functions: the code that reads the data raises
`lossctl.errors.OutOfDomain`.
"""

from __future__ import annotations

from typing import Annotated

from lossctl.block import Array, Mask
from lossctl.catalogue.definition import DataNote, PerUnit, loss
from lossctl.catalogue.families.segmentation.masks import (
    IgnoreClass,
    ImageActivation,
    activated_images,
    class_masks,
)
from lossctl.catalogue.kinds import MaskImages
from lossctl.catalogue.numerics import times
from lossctl.catalogue.options import Interval, Option
from lossctl.lazy import np

PIXELS_AT_ONCE = 2**15
"""How many pixels are computed at a time: few enough to stay in the cache."""

LINES_PER_CHECK = 8
"""After how many lines it is checked whether pixels on farther ones can still be nearer."""


def _target_without_boundary(
    prediction: Array, target: Array, *, ignore_class: str | None = None
) -> Mask:
    del prediction
    without = _without_boundary(class_masks(target, ignore_class) > 0.5)
    some_without: Mask = np.logical_or.reduce(without, axis=1)
    return some_without


@loss(
    aliases=("boundary_loss", "surface_loss", "boundary_dt"),
    optimum=None,
    data_notes=(
        DataNote(
            "no_boundary",
            "a target mask is empty or full, so its distances count as 0",
            of_units=_target_without_boundary,
        ),
    ),
)
def boundary(
    prediction: MaskImages,
    target: MaskImages,
    *,
    ignore_class: IgnoreClass = None,
    activation: ImageActivation = None,
) -> PerUnit:
    """Mean of the predicted mask times the signed distance from the target's boundary.

    Helps:
        When masks are tiny compared with the background: errors count by their distance from the
        boundary, not by their share of the mask. Combine it with an overlap loss.

    Hurts:
        When used alone: predicting nothing costs 0, the same as a correct thin mask. The number
        grows with the size of the image, because distances are in pixels. With several classes the
        authors leave out the background: `ignore_class` 0.

    Formula:
        mean over pixels and classes of p × d; outside the mask d is the distance to its nearest
        pixel, inside it is 1 minus the distance to the nearest pixel outside; all distances of an
        empty or full mask are 0

    Domain:
        prediction: (images, height, width) or (images, height, width, classes), in [0, 1], or
        finite with `activation`. target: same shape, in [0, 1]; pixels above ½ belong to the mask.
        Result: any number, lowest for the target itself.

    Example:
        >>> boundary(np.array([[[0.5, 1.0, 0.5]]]), np.array([[[0.0, 0.0, 1.0]]]))
        array([0.66666667])

    References:
        H. Kervadec et al., Boundary loss for highly unbalanced segmentation, MIDL 2019
    """
    shares = class_masks(activated_images(prediction, activation), ignore_class)
    mask = class_masks(target, ignore_class) > 0.5
    distance = _distances(~mask) - np.where(mask, _distances(mask) - 1.0, 0.0)
    distance[_without_boundary(mask)] = 0.0
    return _image_means(shares * distance)


def _one_without_boundary(
    prediction: Array,
    target: Array,
    *,
    ignore_class: str | None = None,
    activation: str | None = None,
) -> Mask:
    shares = activated_images(prediction, activation)
    masks = (class_masks(images, ignore_class) > 0.5 for images in (shares, target))
    without = [_without_boundary(mask).any(axis=1) for mask in masks]
    one_without: Mask = np.logical_or.reduce(without)
    return one_without


@loss(
    aliases=("hausdorff", "hausdorff_loss", "hausdorff_dt", "hausdorff_dt_loss"),
    data_notes=(
        DataNote(
            "no_boundary",
            "a mask is empty or full, so its distances count as 0",
            of_units=_one_without_boundary,
        ),
    ),
)
def hausdorff_distance(
    prediction: MaskImages,
    target: MaskImages,
    *,
    alpha: Annotated[
        float, Option("exponent of the distances: how much distant errors count", Interval(above=0))
    ] = 2.0,
    ignore_class: IgnoreClass = None,
    activation: ImageActivation = None,
) -> PerUnit:
    """Squared error of a mask, each pixel weighted by powers of its boundary distances.

    Helps:
        When the worst error matters, as in the Hausdorff distance, but a number that depends on all
        errors is wanted, because it is more stable than that of a single pixel.

    Hurts:
        When it is read as the Hausdorff distance, for which it is only a surrogate, or compared
        between images of different sizes. An empty or full mask removes half of the distances.

    Formula:
        mean over pixels and classes of (p - t)² (dp^alpha + dt^alpha), where dp and dt are the
        distances to the other side of the boundary, in the predicted mask (p above ½) and in the
        target; all distances of an empty or full mask are 0

    Domain:
        prediction: (images, height, width) or (images, height, width, classes), in [0, 1], or
        finite with `activation`. target: same shape, in [0, 1]; pixels above ½ belong to the mask.
        Result: at least 0.

    Example:
        >>> hausdorff_distance(np.array([[[1.0, 0.5, 0.0]]]), np.array([[[0.0, 0.0, 1.0]]]))
        array([3.5])

    References:
        D. Karimi, S. E. Salcudean, Reducing the Hausdorff distance in medical image segmentation
        with convolutional neural networks, IEEE Transactions on Medical Imaging 39, 2020
    """
    shares = class_masks(activated_images(prediction, activation), ignore_class)
    true = class_masks(target, ignore_class)
    powers = np.zeros_like(shares)
    for masks in (shares, true):
        mask = masks > 0.5
        distance = _distances(mask) + _distances(~mask)
        distance[_without_boundary(mask)] = 0.0
        powers += distance**alpha
    residual = shares - true
    return _image_means(times(residual * residual, powers))


def _image_means(masks: Array) -> Array:
    """Return the mean of each image, over pixels and classes."""
    means: Array = masks.reshape(len(masks), -1).mean(axis=1)
    return means


def _without_boundary(mask: Mask) -> Mask:
    """Mark masks that have no pixels, or all of them, `(images, classes)`."""
    pixels = mask.reshape(*mask.shape[:2], -1)
    same: Mask = pixels.all(axis=2) == pixels.any(axis=2)
    return same


def _distances(mask: Mask) -> Array:
    """Return the distance of each pixel in a mask to the nearest one outside, and 0 elsewhere.

    Full masks, which have no pixel outside, have distances of 0 as well.
    """
    distances = np.zeros(mask.shape)
    bounded = ~_without_boundary(mask)
    if not bounded.any():
        return distances
    inside = mask[bounded]
    place = np.arange(inside.shape[2], dtype=np.float64)
    left = np.maximum.accumulate(np.where(inside, -np.inf, place), axis=2)
    right = np.minimum.accumulate(np.where(inside, np.inf, place)[:, :, ::-1], axis=2)[:, :, ::-1]
    # Squares of integers are exact. Those within a line are lowered by detours over other lines;
    # the columns of all masks stand side by side, because each is independent of the others.
    square = np.moveaxis(np.minimum(place - left, right - place) ** 2, 1, 0)
    columns = np.ascontiguousarray(square).reshape(len(square), -1)
    width = max(1, PIXELS_AT_ONCE // len(columns))
    for start in range(0, columns.shape[1], width):
        columns[:, start : start + width] = _over_lines(columns[:, start : start + width])
    distances[bounded] = np.sqrt(np.moveaxis(columns.reshape(square.shape), 0, 1))
    return distances


def _over_lines(columns: Array) -> Array:
    """Return, in each column, the least sum of a square and the squared distance to its line."""
    own = np.ascontiguousarray(columns)
    least, detours = own.copy(), np.empty_like(own)
    for step in range(1, len(own)):
        if step % LINES_PER_CHECK == 1 and step * step >= least.max():
            break
        for here, there in ((np.s_[step:], np.s_[:-step]), (np.s_[:-step], np.s_[step:])):
            nearer = np.add(own[there], float(step * step), out=detours[here])
            np.minimum(least[here], nearer, out=least[here])
    return least
