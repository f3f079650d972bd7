"""Masks: which pixels, or rows, belong to something, and to what."""

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
    """Shares of membership in [0, 1], or 0 and 255, in one column or one a class.

    Class numbers in one column, beside several columns of another role, become one-hot rows.
    """

    def validate(self, role: str, values: Array | Words, partners: Partners) -> Validated:
        """Check the range, and make 255 to 1.

        Raises:
            OutOfDomain: a value is neither a share, nor 255, nor a class number where one can be.
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
            error = self._foreign_number(role, array, wrong if wrong.any() else ~legal)
            raise error.advised("a mask holds shares from 0 to 1, or nothing but 0 and 255")
        return Validated(np.where(full, 1.0, 0.0), seen={"full": int(np.count_nonzero(full))})

    def conclude(self, role: str, seen: Mapping[str, int]) -> list[Note]:
        """Note what was made to 1; refuse masks that use both scales."""
        full = seen.get("full", 0)
        if not full:
            return []
        if seen.get("shares"):
            raise DataError(
                f"{role} mixes {plural(full, 'value')} 255 and {seen['shares']:,} other than 0",
                "write masks as shares from 0 to 1, or as 0 and 255",
            )
        return [Note("masks_scaled", full, f"{plural(full, 'value')} 255 of {role} taken as 1")]

    def _one_hot(self, role: str, array: Array, classes: int) -> Validated:
        legal = (array >= 0) & (array < classes) & (array == np.rint(array))
        if not legal.all():
            row = int(np.argmin(legal))
            expected = f"a class number from 0 to {classes - 1}"
            raise OutOfDomain(role, row, -1, repr(float(array[row])), expected)
        return Validated(np.eye(classes)[array.astype(np.intp)])


@dataclass(frozen=True)
class TargetMaskKind(MaskKind):
    """A mask that may also be given by labels, one of which is the foreground."""

    foreground: Annotated[
        str | None, Option("the label that is the mask; every other one is background")
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
        """Make the foreground 1 and the rest 0, or check the range."""
        if self.foreground is None:
            return super().validate(role, values, partners)
        words = values if isinstance(values, Words) else as_words(role, values)
        chosen = np.array([str(word) == self.foreground for word in words.words])
        return Validated(chosen[words.codes].astype(np.float64))


@dataclass(frozen=True)
class MaskImagesKind(ImagesKind, MaskKind):
    """The lines of masks that are pictures, where it counts which pixels are neighbours."""
