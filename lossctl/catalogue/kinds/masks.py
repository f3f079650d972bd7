"""Masks: which pixels, or rows, belong to which class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from lossctl.block import Array, Words
from lossctl.catalogue.kinds.kind import Kind, Partners, Validated, as_numbers, as_words, outside
from lossctl.catalogue.kinds.shapes import ImagesKind
from lossctl.catalogue.options import Option
from lossctl.errors import DataError, OutOfDomain, plural
from lossctl.lazy import np
from lossctl.report import Note


@dataclass(frozen=True)
class MaskKind(Kind):
    """Soft or hard masks in [0, 1], or 0 and 255, in one column or one per class.

    Class numbers in one column become one-hot rows if another role has several columns.
    """

    def validate(self, role: str, values: Array | Words, partners: Partners) -> Validated:
        """Check the range, and scale 255 to 1.

        Raises:
            OutOfDomain: a value is neither in [0, 1], nor 255, nor a class number where allowed.
        """
        array = self._shaped(role, as_numbers(role, values))
        if array.ndim == 1 and partners.classes > 1:
            return self._one_hot(role, array, partners.classes)
        if array.min() in self.within and array.max() in self.within:
            return Validated(array, seen={"shares": int(np.count_nonzero(array))})
        full = array == 255
        legal = full | (array == 0)
        if not legal.all():
            wrong = ~legal & outside(self.within, array)
            error = self._invalid_number(role, array, wrong if wrong.any() else ~legal)
            raise error.advised("a mask holds values from 0 to 1, or only 0 and 255")
        return Validated(np.where(full, 1.0, 0.0), seen={"full": int(np.count_nonzero(full))})

    def conclude(self, role: str, seen: Mapping[str, int]) -> list[Note]:
        """Note what was scaled to 1; reject masks that use both scales."""
        full = seen.get("full", 0)
        if not full:
            return []
        if seen.get("shares"):
            raise DataError(
                f"{role} mixes {plural(full, 'value')} of 255 with {seen['shares']:,} in (0, 1]",
                "code masks as values from 0 to 1, or as 0 and 255",
            )
        return [
            Note("masks_scaled", full, f"{plural(full, 'value')} of {role} scaled from 255 to 1")
        ]

    def _one_hot(self, role: str, array: Array, classes: int) -> Validated:
        legal = (array >= 0) & (array < classes) & (array == np.rint(array))
        if not legal.all():
            row = int(np.argmin(legal))
            expected = f"a class number from 0 to {classes - 1}"
            raise OutOfDomain(role, row, -1, repr(float(array[row])), expected)
        return Validated(np.eye(classes)[array.astype(np.intp)])


@dataclass(frozen=True)
class TargetMaskKind(MaskKind):
    """A mask that may also be given as labels, one of which is the foreground."""

    foreground: Annotated[
        str | None, Option("label of the foreground; all others are background")
    ] = None

    @property
    def text(self) -> bool:
        """Only labels are text."""
        return self.foreground is not None

    @property
    def raw(self) -> bool:
        """Pixels may be class numbers."""
        return True

    def validate(self, role: str, values: Array | Words, partners: Partners) -> Validated:
        """Set the foreground to 1 and the rest to 0, or check the range."""
        if self.foreground is None:
            return super().validate(role, values, partners)
        words = values if isinstance(values, Words) else as_words(role, values)
        is_foreground = np.array([str(word) == self.foreground for word in words.words])
        return Validated(is_foreground[words.codes].astype(np.float64))


@dataclass(frozen=True)
class MaskImagesKind(ImagesKind, MaskKind):
    """The lines of masks that are images, where it matters which pixels are neighbours."""
