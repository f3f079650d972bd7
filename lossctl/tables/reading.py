"""How the user wants files to be read, and what a loss needs from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from lossctl.errors import UsageError, quote

POINTS = (".", ",")


@dataclass(frozen=True)
class Features:
    """Where the features of an image come from: layers of a file, or of a network."""

    network: str | None = None
    layers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Role:
    """One input of a loss, and how it is read.

    Args:
        name: the role.
        text: whether cells are text rather than numbers.
        wide: whether it may have several columns.
        several: whether it must have several columns.
        optional: whether it may be left out.
        apart: whether its rows do not line up with those of other roles.
        whole: whether the loss needs all rows of a unit at once.
        lines: whether a row is a line of an image, rather than a pixel.
        raw: whether pixels keep their numbers, rather than being scaled to [0, 1]; None if losses
            that are computed together disagree.
        weighs_rows: whether the loss itself applies the weights of the rows of a unit.
        features: the source of the features, if the role holds features of images.
        together: finds, among column names, several that form the role only together.
    """

    name: str
    text: bool = False
    wide: bool = False
    several: bool = False
    optional: bool = False
    apart: bool = False
    whole: bool = False
    lines: bool = False
    raw: bool | None = False
    weighs_rows: bool = False
    features: Features | None = None
    together: Callable[[Sequence[str]], tuple[str, ...]] | None = None

    @property
    def may_be_empty(self) -> bool:
        """Whether a unit may have no rows of it, such as a sentence without words."""
        return self.text


@dataclass(frozen=True)
class Reading:
    """How to read files; the defaults are strict.

    Args:
        columns: the columns of each role.
        on: the key columns that match the rows of several files; without them, by position.
        on_missing_keys: what to do with keys that are missing from a file.
        by: the columns whose values are the slices.
        slices: whether the command has slices, so that hints may mention them.
        unit: the column whose values are the units.
        weight: the column of weights.
        missing: what to do with rows that have a missing value.
        delimiter: the column separator, as a character or a word; detected if None.
        decimal: the decimal point.
        thousands: the thousands separator.
        encoding: the encoding of text files; UTF-8 if None.
        header: whether the first line holds the column names.
        channels: where the channels of arrays with 3 or 4 dimensions are; if None, arrays with 3
            have no channels and those with 4 have them last.
        max_bytes: the largest size that a compressed file may have when decompressed.

    Raises:
        UsageError: two of these contradict each other.
    """

    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    on: tuple[str, ...] = ()
    on_missing_keys: Literal["error", "inner"] = "error"
    by: tuple[str, ...] = ()
    slices: bool = False
    unit: str | None = None
    weight: str | None = None
    missing: Literal["error", "skip"] = "error"
    delimiter: str | None = None
    decimal: str = "."
    thousands: str | None = None
    encoding: str | None = None
    header: bool = True
    channels: Literal["first", "last"] | None = None
    max_bytes: int = 64 * 2**30

    def __post_init__(self) -> None:
        """Refuse options that contradict each other."""
        if self.on_missing_keys != "error" and not self.on:
            raise UsageError(
                "--on-missing-keys applies only to rows matched by key", "name the key: --on COLUMN"
            )
        if self.unit is not None and self.unit in self.by:
            raise UsageError(f"column {quote(self.unit)} cannot be both the unit and the slice")
        if self.decimal not in POINTS:
            raise UsageError(
                f"the decimal point cannot be {quote(self.decimal)}", "--decimal . or --decimal ,"
            )
        if self.thousands is not None and (len(self.thousands) != 1 or self.thousands.isalnum()):
            raise UsageError(
                f"the thousands separator cannot be {quote(self.thousands)}",
                "give one character that is neither a letter nor a digit",
            )
        if self.thousands == self.decimal:
            mark = quote(self.decimal)
            raise UsageError(f"{mark} cannot be both the decimal point and the thousands separator")
