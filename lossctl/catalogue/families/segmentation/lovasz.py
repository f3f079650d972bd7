"""Lovász extensions of the Jaccard loss, of the pixels of whole images in any order.

The pixels of several images arrive as `Ragged`. Values outside the domain never reach these
functions: the code that reads the data raises `lossctl.errors.OutOfDomain`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from lossctl.block import Array, Mask, Ragged
from lossctl.catalogue.definition import DataNote, PerUnit, loss
from lossctl.catalogue.families.segmentation.masks import quotient
from lossctl.catalogue.kinds import (
    CLASS_SCORES,
    DISTRIBUTION,
    LABELS,
    SCORES,
    SIGNS,
    in_units,
    narrowed,
)
from lossctl.catalogue.numerics import log_softmax
from lossctl.catalogue.options import Option
from lossctl.lazy import np

PIXEL_SCORES = in_units(CLASS_SCORES)
ONE_SCORE = in_units(narrowed(SCORES, columns="one"))
ONE_SIGN = in_units(narrowed(SIGNS, columns="one"))


def _no_pixel(prediction: Ragged, target: Ragged) -> Mask:
    del prediction
    empty: Mask = target.lengths == 0
    return empty


NO_PIXEL = DataNote("no_pixels", "no pixel counts, treated as a perfect match", of_units=_no_pixel)


@loss(aliases=("lovasz", "lovasz_loss", "lovasz_softmax_loss"), data_notes=(NO_PIXEL,))
def lovasz_softmax(
    prediction: Annotated[Ragged, in_units(DISTRIBUTION)],
    target: Annotated[Ragged, in_units(LABELS)],
    *,
    classes: Annotated[
        Literal["present", "all"],
        Option("average over the classes present in the unit's target, or over all classes"),
    ] = "present",
    from_logits: Annotated[
        bool,
        Option("prediction holds logits, not probabilities", turns={"prediction": PIXEL_SCORES}),
    ] = False,
) -> PerUnit:
    """Jaccard loss of each class, extended to errors between 0 and 1 (Lovász extension).

    Helps:
        When results are judged by mean IoU: for predictions of 0 and 1 this is 1 - mean IoU, and in
        between it is as close to that as a convex function can be.

    Hurts:
        When all pixels form one unit, as they do without `--unit`: the number is then not the mean
        over images. A class that is absent from the target costs its highest predicted probability,
        or nothing if only present classes count.

    Formula:
        per class, Σ over pixels of error × (J(pixels up to this one) - J(pixels before it)), with
        pixels sorted by decreasing error; the error is 1 - p for pixels of the class and p for
        others, and J is the Jaccard loss if exactly these pixels were wrong: their number / (number
        of pixels among them or in the class)

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
        inside, outside = np.exp(logs), -np.expm1(logs)
    else:
        inside, outside = prediction.values, 1.0 - prediction.values
    unit_of_pixel, units = target.units, len(target.lengths)
    total, counted = np.zeros(units), np.zeros(units)
    for number in range(inside.shape[1]):
        true = target.values == number
        errors = np.where(true, outside[:, number], inside[:, number])
        present = np.bincount(unit_of_pixel[true], minlength=units) > 0
        counts = present if classes == "present" else np.ones(units, dtype=bool)
        total += np.where(counts, _extended(errors, true, target), 0.0)
        counted += counts
    return quotient(total, counted)


@loss(aliases=("lovasz_hinge_loss", "jaccard_hinge"), data_notes=(NO_PIXEL,))
def lovasz_hinge(
    prediction: Annotated[Ragged, ONE_SCORE], target: Annotated[Ragged, ONE_SIGN]
) -> PerUnit:
    """Jaccard loss of a mask, extended to the hinge losses of its pixels (Lovász extension).

    Helps:
        When one mask is predicted by unbounded scores and judged by IoU: this loss is convex, and
        never below 1 - IoU.

    Hurts:
        When all pixels form one unit, as they do without `--unit`; and when scores are
        probabilities: a pixel costs nothing only once prediction × target reaches 1. For an empty
        target, only the worst pixel counts.

    Formula:
        Σ over pixels of max(0, 1 - prediction × target) × (J(pixels up to this one) - J(pixels
        before it)), with pixels sorted by decreasing hinge loss, and J the Jaccard loss if exactly
        these pixels were wrong: their number / (number of pixels among them or in the mask)

    Domain:
        prediction: (pixels,), finite. target: (pixels,), -1 and +1; 0 is read as -1. Result: at
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
    # Pixels with equal errors have a fixed order too, so that the sum is the same to the bit.
    order = np.lexsort((true, -errors, pixels))
    errors, true = errors[order], true[order]
    size = np.bincount(pixels[true], minlength=units)
    # how many pixels are wrong up to this one, and how many of these are in the mask
    wrong = np.arange(1, len(true) + 1) - target.starts[pixels]
    missed = np.cumsum(true) - (np.cumsum(size) - size)[pixels]
    size = size[pixels]
    union = (size + wrong - missed).astype(np.float64)
    # What each pixel adds to wrong / union, computed without cancellation; if the mask is empty,
    # the first wrong pixel makes the loss 1.
    surplus = quotient((size - missed).astype(np.float64), union * (union - 1.0))
    alone = (size == 0) & (wrong == 1)
    step = np.where(true, 1.0 / union, np.where(alone, 1.0, surplus))
    return np.bincount(pixels, weights=errors * step, minlength=units).astype(np.float64)
