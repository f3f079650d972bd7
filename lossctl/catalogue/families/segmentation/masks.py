"""What losses of masks share: options, activations, the choice of classes, 0 / 0."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from lossctl.block import Array
from lossctl.catalogue.kinds import IMAGES
from lossctl.catalogue.numerics import log_softmax, sigmoid
from lossctl.catalogue.options import Interval, Option
from lossctl.errors import UsageError, quote
from lossctl.lazy import np

ActivationName: TypeAlias = Literal["sigmoid", "softmax"]

AT_LEAST_0 = Interval(at_least=0)

ACTIVATION_HELP = "prediction holds logits; apply this activation to them"

IgnoreClass = Annotated[
    str | None, Option("numbers of the classes to leave out, counted from 0, comma-separated")
]
Smooth = Annotated[float, Option("added to numerator and denominator", AT_LEAST_0)]
ImageActivation = Annotated[
    ActivationName | None, Option(ACTIVATION_HELP, turns={"prediction": IMAGES})
]


def activated(prediction: Array, activation: str | None) -> Array:
    """Apply an activation to `(pixels,)` or `(pixels, classes)`; None leaves them as they are."""
    if activation is None:
        return prediction
    if activation == "softmax" and prediction.ndim == 2:
        return np.exp(log_softmax(prediction))
    return sigmoid(prediction)


def activated_images(prediction: Array, activation: str | None) -> Array:
    """Apply an activation to `(images, height, width)`, with an axis of classes or without."""
    has_classes = prediction.ndim == 4 and prediction.shape[3] > 1
    pixels = prediction.reshape(-1, prediction.shape[3]) if has_classes else prediction.reshape(-1)
    return activated(pixels, activation).reshape(prediction.shape)


def class_masks(images: Array, ignore_class: str | None) -> Array:
    """Return the masks of the classes that count, `(images, classes, height, width)`."""
    masks = images.reshape(*images.shape[:3], -1)
    classes = counted_classes(ignore_class, masks.shape[3])
    return np.ascontiguousarray(np.moveaxis(masks[..., classes], 3, 1))


def counted_classes(ignore_class: str | None, classes: int) -> list[int]:
    """Return the numbers of the classes that count.

    Raises:
        UsageError: there is no such class to ignore, or none is left.

    >>> counted_classes("0, 2", 4)
    [1, 3]
    """
    if ignore_class is None:
        return list(range(classes))
    ignored = {word.strip() for word in ignore_class.split(",")}
    if not ignored <= {str(number) for number in range(classes)}:
        raise UsageError(
            f"ignore_class {quote(ignore_class)} names classes that do not exist",
            f"the classes are numbered from 0 to {classes - 1}; separate them by commas",
        )
    counted = [number for number in range(classes) if str(number) not in ignored]
    if not counted:
        raise UsageError(f"ignore_class {quote(ignore_class)} leaves no class")
    return counted


def quotient(numerator: Array, denominator: Array) -> Array:
    """Divide, with anything over 0 being 0: where there is nothing, nothing is wrong."""
    where = denominator != 0.0
    return np.divide(numerator, denominator, out=np.zeros_like(denominator), where=where)
