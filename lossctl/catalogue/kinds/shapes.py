"""Rows that are things in space: vectors, boxes, lines of pictures, features of pictures."""

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
    """One vector a row, always `(rows, dimensions)`; zero vectors are counted."""

    def _shaped(self, role: str, array: Array) -> Array:
        del role
        return array[:, None] if array.ndim == 1 else array


@dataclass(frozen=True)
class DirectionsKind(VectorsKind):
    """Vectors of which only the direction counts; zero vectors, which have none, are counted."""

    def _counts(self, array: Array) -> Mapping[str, int]:
        return {"zero_vectors": int(np.count_nonzero(~array.any(axis=1)))}

    def conclude(self, role: str, seen: Mapping[str, int]) -> list[Note]:
        """Note the zero vectors."""
        count = seen.get("zero_vectors", 0)
        if not count:
            return []
        message = f"{plural(count, 'row')} of {role} a zero vector, whose cosine is taken as 0"
        return [Note("zero_vectors", count, message)]


@dataclass(frozen=True)
class BoxesKind(Kind):
    """One box a row, in four columns, made `(rows, 4)` of left, top, right and bottom."""

    columns: Width = "several"
    box_format: Annotated[
        Literal["xyxy", "xywh", "cxcywh"],
        Option("corners; left, top, width, height; or centre, width, height"),
    ] = "xyxy"

    @property
    def shape(self) -> str:
        """The shape, in words."""
        return "(rows, 4)"

    def validate(self, role: str, values: Array | Words, partners: Partners) -> Validated:
        """Check four finite columns and a size above 0, and turn them into corners.

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
        # A size that is lost beside a huge coordinate, or leads beyond all numbers, is none.
        empty = (corners[:, 2:] <= corners[:, :2]) | ~np.isfinite(corners[:, 2:])
        if empty.any():
            row, axis = (int(place) for place in np.argwhere(empty)[0])
            raise self._no_box(role, row, axis, array)
        return Validated(corners)

    def _no_box(self, role: str, row: int, axis: int, array: Array) -> OutOfDomain:
        name = "xy"[axis]
        if self.box_format == "xyxy":
            first = float(array[row, axis])
            expected = f"above the box's {name}1, which is {first!r}"
        else:
            expected = f"above 0, as a {'width' if axis == 0 else 'height'} must be"
        others = [each for each in ("xyxy", "xywh", "cxcywh") if each != self.box_format]
        hint = f"if the boxes are written otherwise: --box-format {' or '.join(others)}"
        return OutOfDomain(role, row, axis + 2, repr(float(array[row, axis + 2])), expected, hint)

    def _shaped(self, role: str, array: Array) -> Array:
        found = 1 if array.ndim == 1 else array.shape[1]
        if found != 4:
            raise DataError(
                f"{role} has {plural(found, 'column')}, but a box takes 4",
                f"name them in their order: --columns {role}=A+B+C+D",
            )
        return array


@dataclass(frozen=True)
class ImagesKind(Kind):
    """The lines of pictures, `(lines, width)` or `(lines, width, channels)`."""

    gathers: Gathers = "images"

    @property
    def shape(self) -> str:
        """The shapes, in words."""
        return "(pictures, height, width) or (pictures, height, width, channels)"

    def _shaped(self, role: str, array: Array) -> Array:
        del role
        return array[:, None] if array.ndim == 1 else array


@dataclass(frozen=True)
class FeaturesKind(Kind):
    """The numbers that a network makes of a picture, one a row, layer after layer."""

    columns: Width = "one"
    gathers: Gathers = "units"
    network: Annotated[
        str | None, Option("an ONNX file; pictures are passed through it to get their features")
    ] = None
    layers: Annotated[
        str | None, Option("the layers that count, by name, separated by commas; all if left out")
    ] = None

    @property
    def shape(self) -> str:
        """The shapes, in words."""
        return "(rows,), one feature a row; with --network, pictures"
