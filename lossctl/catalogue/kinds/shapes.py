"""Rows with a geometry: vectors, boxes, lines of images, features of images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from lossctl.block import Array, Words
from lossctl.catalogue.kinds.kind import Gathers, Kind, Partners, Validated, Width
from lossctl.catalogue.options import Option
from lossctl.errors import DataError, OutOfDomain, plural
from lossctl.lazy import np
from lossctl.report import Note


@dataclass(frozen=True)
class VectorsKind(Kind):
    """One vector per row, always `(rows, dimensions)`."""

    def _shaped(self, role: str, array: Array) -> Array:
        del role
        return array[:, None] if array.ndim == 1 else array


@dataclass(frozen=True)
class DirectionsKind(VectorsKind):
    """Vectors of which only the direction matters; zero vectors, which have none, are counted."""

    def _counts(self, array: Array) -> Mapping[str, int]:
        return {"zero_vectors": int(np.count_nonzero(~array.any(axis=1)))}

    def conclude(self, role: str, seen: Mapping[str, int]) -> list[Note]:
        """Note the zero vectors."""
        count = seen.get("zero_vectors", 0)
        if not count:
            return []
        message = f"{plural(count, 'zero vector')} in {role}, whose cosine counts as 0"
        return [Note("zero_vectors", count, message)]


@dataclass(frozen=True)
class BoxesKind(Kind):
    """One box per row, in four columns, converted to left, top, right and bottom."""

    columns: Width = "several"
    box_format: Annotated[
        Literal["xyxy", "xywh", "cxcywh"],
        Option("two corners; left, top, width, height; or centre, width, height"),
    ] = "xyxy"

    @property
    def shape(self) -> str:
        """The shape, in words."""
        return "(rows, 4)"

    def validate(self, role: str, values: Array | Words, partners: Partners) -> Validated:
        """Check for four finite columns and a positive size, and convert to corners.

        Raises:
            DataError: there are not four columns.
            OutOfDomain: a number is not finite, or a box has no width or no height.
        """
        array = np.asarray(super().validate(role, values, partners).array, dtype=np.float64)
        first, second = array[:, :2], array[:, 2:]
        corners = array
        with np.errstate(over="ignore"):
            if self.box_format == "xywh":
                corners = np.hstack([first, first + second])
            elif self.box_format == "cxcywh":
                corners = np.hstack([first - second / 2, first + second / 2])
        # A size that rounding loses, or a corner that overflows, leaves no box.
        empty = (corners[:, 2:] <= corners[:, :2]) | ~np.isfinite(corners[:, 2:])
        if empty.any():
            row, axis = (int(index) for index in np.argwhere(empty)[0])
            raise self._empty_box(role, row, axis, array)
        return Validated(corners)

    def _empty_box(self, role: str, row: int, axis: int, array: Array) -> OutOfDomain:
        name = "xy"[axis]
        if self.box_format == "xyxy":
            first = float(array[row, axis])
            expected = f"greater than the box's {name}1, which is {first!r}"
        else:
            expected = f"a positive {'width' if axis == 0 else 'height'}"
        others = [form for form in ("xyxy", "xywh", "cxcywh") if form != self.box_format]
        hint = f"if the boxes have another format: --box-format {' or '.join(others)}"
        return OutOfDomain(role, row, axis + 2, repr(float(array[row, axis + 2])), expected, hint)

    def _shaped(self, role: str, array: Array) -> Array:
        count = 1 if array.ndim == 1 else array.shape[1]
        if count != 4:
            raise DataError(
                f"{role} has {plural(count, 'column')}, but a box takes 4",
                f"name them in order: --columns {role}=A+B+C+D",
            )
        return array


@dataclass(frozen=True)
class ImagesKind(Kind):
    """The lines of images, `(lines, width)` or `(lines, width, channels)`."""

    gathers: Gathers = "images"

    @property
    def shape(self) -> str:
        """The shapes, in words."""
        return "(images, height, width) or (images, height, width, channels)"

    def _shaped(self, role: str, array: Array) -> Array:
        del role
        return array[:, None] if array.ndim == 1 else array


@dataclass(frozen=True)
class FeaturesKind(Kind):
    """The features that a network extracts from an image, one per row, layer after layer."""

    columns: Width = "one"
    gathers: Gathers = "units"
    network: Annotated[
        str | None, Option("ONNX file of a network that extracts the features from images")
    ] = None
    layers: Annotated[
        str | None, Option("names of the layers to use, separated by commas; none for all")
    ] = None

    @property
    def shape(self) -> str:
        """The shapes, in words."""
        return "(rows,), one feature per row; with --network, images"
