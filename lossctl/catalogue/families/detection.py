"""Losses of a predicted box against the true one.

Boxes come as `(n, 4)`: left, top, right and bottom, finite, with right > left and bottom > top,
whatever form the file had. Each loss returns one term a row. Areas are taken on a scale of each
row's own, so that none overflows or vanishes on the way. A value out of its domain never reaches
these functions: whoever reads the data raises `lossctl.errors.OutOfDomain`.
"""

from __future__ import annotations

import sys
from typing import Annotated

from lossctl.block import Array, Codes
from lossctl.catalogue.definition import PerRow, Twin, loss
from lossctl.catalogue.kinds import Boxes
from lossctl.catalogue.options import Interval, Option
from lossctl.lazy import np

LARGEST = sys.float_info.max
WORDS = {"mean": '"mean"', "sum": '"sum"', "none": '"none"'}
METHODS = {"mean": ".mean()", "sum": ".sum()", "none": ""}

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
            note="torchvision has the IoU of every box with every other; these are its pairs",
        ),
    ),
)
def iou_box(prediction: Boxes, target: Boxes, *, eps: Eps = 0.0) -> PerRow:
    """One minus the area that two boxes share over the area that they cover together.

    Helps:
        When boxes are judged as detection metrics judge them, whatever their size.

    Hurts:
        When boxes do not overlap: then it is 1, however near or far they are.

    Formula:
        1 - IoU with IoU = (area in both boxes) / (area in either)

    Domain:
        prediction, target: (n, 4), corners left, top, right, bottom with a size above 0. Result:
        between 0 and 1.

    Example:
        >>> iou_box(np.array([[0.0, 0.0, 2.0, 2.0]]), np.array([[0.0, 0.0, 2.0, 1.0]]))
        array([0.5])

    References:
        J. Yu et al., UnitBox: An advanced object detection network, ACM Multimedia 2016, which has
        the logarithm
    """
    return 1.0 - _overlap(prediction, target, eps)


@loss(
    aliases=("giou", "giou_loss", "generalized_iou", "generalized_box_iou"),
    twins=(
        Twin(
            "torchvision",
            "torchvision.ops.generalized_box_iou_loss(prediction, target, eps={eps}, "
            "reduction={reduction})",
            sets={"eps": 1e-7},
            reductions=WORDS,
        ),
    ),
)
def giou_box(prediction: Boxes, target: Boxes, *, eps: Eps = 0.0) -> PerRow:
    """IoU loss of two boxes, plus the share of the box around both that neither of them covers.

    Helps:
        When boxes may not overlap at all and should still be told from farther ones.

    Hurts:
        When one box lies in the other: then it is the plain IoU loss, wherever the inner one is.

    Formula:
        1 - IoU + (C - U) / C with U the area in either box, C that of the box around both

    Domain:
        prediction, target: (n, 4), corners left, top, right, bottom with a size above 0. Result:
        between 0 and 2.

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
    # Rounded, a union may be larger than the box around it.
    uncovered = np.maximum(0.0, area - union)
    penalty = uncovered / (area + np.ldexp(eps, -exponent.sum(axis=1)))
    return 1.0 - _overlap(prediction, target, eps) + penalty


@loss(
    aliases=("diou", "diou_loss", "distance_iou", "distance_box_iou"),
    twins=(
        Twin(
            "torchvision",
            "torchvision.ops.distance_box_iou_loss(prediction, target, eps={eps}, "
            "reduction={reduction})",
            sets={"eps": 1e-7},
            reductions=WORDS,
        ),
    ),
)
def diou_box(prediction: Boxes, target: Boxes, *, eps: Eps = 0.0) -> PerRow:
    """IoU loss of two boxes, plus how far apart their centres are for the box around both.

    Helps:
        When boxes that do not overlap, or lie in each other, should still be drawn together.

    Hurts:
        When boxes have one centre: then it is the plain IoU loss, whatever their shapes.

    Formula:
        1 - IoU + d² / c² with d the distance of the centres and c the diagonal of the smallest box
        around both

    Domain:
        prediction, target: (n, 4), corners left, top, right, bottom with a size above 0. Result:
        between 0 and 2.

    Example:
        >>> diou_box(np.array([[0.0, 0.0, 2.0, 1.0]]), np.array([[2.0, 0.0, 4.0, 3.0]]))
        array([1.2])

    References:
        Z. Zheng et al., Distance-IoU loss, AAAI 2020
    """
    return 1.0 - _overlap(prediction, target, eps) + _offset(prediction, target, eps)


@loss(
    aliases=("ciou", "ciou_loss", "complete_iou", "complete_box_iou"),
    twins=(
        Twin(
            "torchvision",
            "torchvision.ops.complete_box_iou_loss(prediction, target, reduction={reduction})",
            sets={"eps": 1e-7},
            reductions=WORDS,
            note="another eps is not shown: torchvision takes it for a part of the formula only",
        ),
    ),
)
def ciou_box(prediction: Boxes, target: Boxes, *, eps: Eps = 0.0) -> PerRow:
    """Distance IoU loss of two boxes, plus a term for how much their aspect ratios differ.

    Helps:
        When the shape of a box should be learnt too, also where the centres agree already.

    Hurts:
        When the aspect ratios agree but the sizes do not: the added term is 0 then.

    Formula:
        1 - IoU + d² / c² + α v with v = 4/π² (arctan(w_t / h_t) - arctan(w_p / h_p))²,
        α = v / (1 - IoU + v), d the distance of the centres and c the diagonal of the smallest box
        around both

    Domain:
        prediction, target: (n, 4), corners left, top, right, bottom with a size above 0. Result:
        between 0 and 3.

    Example:
        >>> ciou_box(np.array([[0.0, 0.0, 2.0, 1.0]]), np.array([[2.0, 0.0, 4.0, 1.0]]))
        array([1.23529412])

    References:
        Z. Zheng et al., Distance-IoU loss, AAAI 2020; Z. Zheng et al., Enhancing geometric factors
        in model learning and inference for object detection and instance segmentation, IEEE
        Transactions on Cybernetics 52, 2022
    """
    missed = 1.0 - _overlap(prediction, target, eps)
    turned = (_angle(target) - _angle(prediction)) * (2.0 / np.pi)
    shape = turned * turned
    # Where the denominator is 0, so is the numerator: the boxes are the same.
    factor = _ratio(shape, missed + shape + eps)
    return missed + _offset(prediction, target, eps) + factor * shape


def _sides(boxes: Array) -> Array:
    """Return width and height of each box."""
    return np.minimum(boxes[:, 2:] - boxes[:, :2], LARGEST)


def _angle(boxes: Array) -> Array:
    sides = _sides(boxes)
    return np.arctan2(sides[:, 0], sides[:, 1])  # of the ratio, which could overflow


def _enclosing(one: Array, other: Array) -> Array:
    """Return width and height of the smallest box around each pair."""
    corners = np.minimum(one[:, :2], other[:, :2]), np.maximum(one[:, 2:], other[:, 2:])
    return _sides(np.hstack(corners))


def _exponents(sides: Array) -> Codes:
    """Return the powers of two just above some sides."""
    # Scaling by powers of two changes no digit; IoU is the same whatever each axis is scaled by.
    return np.frexp(sides)[1]


def _areas(one: Array, other: Array, exponent: Codes) -> tuple[Array, Array]:
    """Return the area that each pair shares, and that which it covers, on the given scale."""
    sides, other_sides = _sides(one), _sides(other)
    right, left = np.minimum(one[:, 2:], other[:, 2:]), np.maximum(one[:, :2], other[:, :2])
    common = np.clip(right - left, 0.0, LARGEST)
    area, other_area, shared = (
        np.ldexp(each, -exponent).prod(axis=1) for each in (sides, other_sides, common)
    )
    return shared, area + other_area - shared


def _overlap(one: Array, other: Array, eps: float) -> Array:
    """Return the IoU of each pair."""
    exponent = _exponents(np.maximum(_sides(one), _sides(other)))
    shared, union = _areas(one, other, exponent)
    return _ratio(shared, union + np.ldexp(eps, -exponent.sum(axis=1)))


def _offset(one: Array, other: Array, eps: float) -> Array:
    """Return the square of the distance of the centres over that of the enclosing diagonal."""
    enclosing = _enclosing(one, other)
    exponent = _exponents(enclosing).max(axis=1)
    # The sum of both corners' differences is twice that of the centres.
    twice = (one[:, :2] - other[:, :2]) + (one[:, 2:] - other[:, 2:])
    apart = np.ldexp(twice, -exponent[:, None] - 1)
    diagonal = np.ldexp(enclosing, -exponent[:, None])
    below = (diagonal * diagonal).sum(axis=1) + np.ldexp(eps, -2 * exponent)
    return np.minimum((apart * apart).sum(axis=1) / below, 1.0)


def _ratio(numerator: Array, denominator: Array) -> Array:
    """Divide, with 0 / 0 being 0."""
    return numerator / np.where(denominator == 0.0, 1.0, denominator)
