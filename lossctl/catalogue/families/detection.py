"""Losses of a predicted bounding box against the true one.

Boxes come as `(n, 4)`: left, top, right and bottom, finite, with right > left and bottom > top,
whatever the format of the file. Each loss returns one term per row. Areas are computed on a scale
of each row's own, so that none overflows or underflows. Values outside the domain never reach these
functions: the code that reads the data raises `lossctl.errors.OutOfDomain`.
"""

from __future__ import annotations

import sys
from typing import Annotated

from lossctl.block import Array, Codes
from lossctl.catalogue.definition import METHODS, REDUCTIONS, PerRow, Twin, loss
from lossctl.catalogue.kinds import Boxes
from lossctl.catalogue.options import Interval, Option
from lossctl.lazy import np

LARGEST = sys.float_info.max
QUOTED = REDUCTIONS["torch"]

Eps = Annotated[float, Option("added to each denominator", Interval(at_least=0))]


@loss(
    aliases=("box_iou_loss", "bounding_box_iou"),
    twins=(
        Twin(
            "torchvision",
            "torchvision.ops.box_iou(prediction, target).diag().neg().add(1){reduction}",
            needs={"eps": 0.0},
            reductions=METHODS,
            named=False,
            note="torchvision computes the IoU of all pairs of boxes; only the diagonal is used",
        ),
    ),
)
def iou_box(prediction: Boxes, target: Boxes, *, eps: Eps = 0.0) -> PerRow:
    """One minus the intersection over union (IoU) of two boxes.

    Helps:
        When boxes are judged as detection metrics judge them, regardless of size.

    Hurts:
        When boxes do not overlap: then it is 1, however near or far apart they are.

    Formula:
        1 - IoU with IoU = (area of the intersection) / (area of the union)

    Domain:
        prediction, target: (n, 4), corners left, top, right, bottom, with positive width and
        height. Result: between 0 and 1.

    Example:
        >>> iou_box(np.array([[0.0, 0.0, 2.0, 2.0]]), np.array([[0.0, 0.0, 2.0, 1.0]]))
        array([0.5])

    References:
        J. Yu et al., UnitBox: An advanced object detection network, ACM Multimedia 2016, which
        takes the logarithm
    """
    return 1.0 - _iou(prediction, target, eps)


@loss(
    aliases=("giou", "giou_loss", "generalized_iou", "generalized_box_iou"),
    twins=(
        Twin(
            "torchvision",
            "torchvision.ops.generalized_box_iou_loss(prediction, target, eps={eps}, "
            "reduction={reduction})",
            sets={"eps": 1e-7},
            reductions=QUOTED,
        ),
    ),
)
def giou_box(prediction: Boxes, target: Boxes, *, eps: Eps = 0.0) -> PerRow:
    """IoU loss of two boxes, plus the share of their enclosing box that neither covers.

    Helps:
        When boxes may not overlap at all, and near ones should still cost less than distant ones.

    Hurts:
        When one box lies inside the other: then it is the plain IoU loss, wherever the inner box
        is.

    Formula:
        1 - IoU + (C - U) / C with U the area of the union and C that of the smallest enclosing box

    Domain:
        prediction, target: (n, 4), corners left, top, right, bottom, with positive width and
        height. Result: between 0 and 2.

    Example:
        >>> giou_box(np.array([[0.0, 0.0, 1.0, 1.0]]), np.array([[3.0, 0.0, 4.0, 1.0]]))
        array([1.5])

    References:
        H. Rezatofighi et al., Generalized intersection over union, CVPR 2019
    """
    enclosing = _enclosing(prediction, target)
    exponent = _exponents(enclosing)
    _, union = _areas(prediction, target, exponent)
    area = np.ldexp(enclosing, -exponent).prod(axis=1)
    # After rounding, a union may be larger than the box around it.
    uncovered = np.maximum(0.0, area - union)
    penalty = uncovered / (area + np.ldexp(eps, -exponent.sum(axis=1)))
    return 1.0 - _iou(prediction, target, eps) + penalty


@loss(
    aliases=("diou", "diou_loss", "distance_iou", "distance_box_iou"),
    twins=(
        Twin(
            "torchvision",
            "torchvision.ops.distance_box_iou_loss(prediction, target, eps={eps}, "
            "reduction={reduction})",
            sets={"eps": 1e-7},
            reductions=QUOTED,
        ),
    ),
)
def diou_box(prediction: Boxes, target: Boxes, *, eps: Eps = 0.0) -> PerRow:
    """IoU loss of two boxes, plus the distance of their centres relative to the enclosing box.

    Helps:
        When boxes that do not overlap, or that lie inside each other, should still be pulled
        together.

    Hurts:
        When boxes have the same centre: then it is the plain IoU loss, whatever their shapes.

    Formula:
        1 - IoU + d² / c² with d the distance of the centres and c the diagonal of the smallest
        enclosing box

    Domain:
        prediction, target: (n, 4), corners left, top, right, bottom, with positive width and
        height. Result: between 0 and 2.

    Example:
        >>> diou_box(np.array([[0.0, 0.0, 2.0, 1.0]]), np.array([[2.0, 0.0, 4.0, 3.0]]))
        array([1.2])

    References:
        Z. Zheng et al., Distance-IoU loss, AAAI 2020
    """
    return 1.0 - _iou(prediction, target, eps) + _centre_distance(prediction, target, eps)


@loss(
    aliases=("ciou", "ciou_loss", "complete_iou", "complete_box_iou"),
    twins=(
        Twin(
            "torchvision",
            "torchvision.ops.complete_box_iou_loss(prediction, target, reduction={reduction})",
            sets={"eps": 1e-7},
            reductions=QUOTED,
            note="no other eps is shown, because torchvision adds it in a part of the formula only",
        ),
    ),
)
def ciou_box(prediction: Boxes, target: Boxes, *, eps: Eps = 0.0) -> PerRow:
    """Distance-IoU loss of two boxes, plus a term for the difference of their aspect ratios.

    Helps:
        When the shape of a box should be learnt too, even where the centres already agree.

    Hurts:
        When the aspect ratios agree but the sizes do not: then the added term is 0.

    Formula:
        1 - IoU + d² / c² + α v with v = 4/π² (arctan(w_t / h_t) - arctan(w_p / h_p))², α = v / (1 -
        IoU + v), d the distance of the centres and c the diagonal of the smallest enclosing box

    Domain:
        prediction, target: (n, 4), corners left, top, right, bottom, with positive width and
        height. Result: between 0 and 3.

    Example:
        >>> ciou_box(np.array([[0.0, 0.0, 2.0, 1.0]]), np.array([[2.0, 0.0, 4.0, 1.0]]))
        array([1.23529412])

    References:
        Z. Zheng et al., Distance-IoU loss, AAAI 2020; Z. Zheng et al., Enhancing geometric factors
        in model learning and inference for object detection and instance segmentation, IEEE
        Transactions on Cybernetics 52, 2022
    """
    iou_loss = 1.0 - _iou(prediction, target, eps)
    angle = (_angle(target) - _angle(prediction)) * (2.0 / np.pi)
    shape = angle * angle
    # If the denominator is 0, so is the numerator: the boxes are the same.
    factor = _ratio(shape, iou_loss + shape + eps)
    return iou_loss + _centre_distance(prediction, target, eps) + factor * shape


def _sides(boxes: Array) -> Array:
    """Return the width and height of each box."""
    return np.minimum(boxes[:, 2:] - boxes[:, :2], LARGEST)


def _angle(boxes: Array) -> Array:
    sides = _sides(boxes)
    return np.arctan2(sides[:, 0], sides[:, 1])  # the ratio itself could overflow


def _enclosing(first: Array, second: Array) -> Array:
    """Return the width and height of the smallest box around each pair."""
    corners = np.minimum(first[:, :2], second[:, :2]), np.maximum(first[:, 2:], second[:, 2:])
    return _sides(np.hstack(corners))


def _exponents(sides: Array) -> Codes:
    """Return the exponents of the powers of two just above some sides.

    Scaling by powers of two changes no digit, and scaling an axis does not change the IoU.
    """
    return np.frexp(sides)[1]


def _areas(first: Array, second: Array, exponent: Codes) -> tuple[Array, Array]:
    """Return the areas of intersection and union of each pair, on the given scale."""
    lower, upper = np.maximum(first[:, :2], second[:, :2]), np.minimum(first[:, 2:], second[:, 2:])
    common = np.clip(upper - lower, 0.0, LARGEST)
    area, other_area, intersection = (
        np.ldexp(sides, -exponent).prod(axis=1) for sides in (_sides(first), _sides(second), common)
    )
    return intersection, area + other_area - intersection


def _iou(first: Array, second: Array, eps: float) -> Array:
    """Return the IoU of each pair."""
    exponent = _exponents(np.maximum(_sides(first), _sides(second)))
    intersection, union = _areas(first, second, exponent)
    return _ratio(intersection, union + np.ldexp(eps, -exponent.sum(axis=1)))


def _centre_distance(first: Array, second: Array, eps: float) -> Array:
    """Return the squared distance of the centres, relative to the squared enclosing diagonal."""
    enclosing = _enclosing(first, second)
    exponent = _exponents(enclosing).max(axis=1)
    # The differences of both corners add up to twice that of the centres.
    twice = (first[:, :2] - second[:, :2]) + (first[:, 2:] - second[:, 2:])
    distance = np.ldexp(twice, -exponent[:, None] - 1)
    diagonal = np.ldexp(enclosing, -exponent[:, None])
    denominator = (diagonal * diagonal).sum(axis=1) + np.ldexp(eps, -2 * exponent)
    return np.minimum((distance * distance).sum(axis=1) / denominator, 1.0)


def _ratio(numerator: Array, denominator: Array) -> Array:
    """Divide, with 0 / 0 being 0."""
    return numerator / np.where(denominator == 0.0, 1.0, denominator)
