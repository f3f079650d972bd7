"""What a user can say about how to read files, and what a loss needs of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from lossctl.errors import UsageError, quote

POINTS = (".", ",")


@dataclass(frozen=True)
class Features:
    """Where the features of a picture come from: these layers of a file, or of a network."""

    network: str | None = None
    layers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Role:
    """What a loss needs of one role.

    Args:
        name: the role.
        text: whether cells are text rather than numbers.
        wide: whether several columns may play it.
        several: whether one column is too few.
        optional: whether it may be left out.
        apart: whether its rows do not line up with those of other roles.
        whole: whether all rows of a unit are needed at once.
        lines: whether a row is a line of a picture, rather than a pixel.
        raw: whether pixels keep their numbers, rather than become shares of the brightest; None
            where losses computed together differ in this.
        weighs_rows: whether the weights of single rows are the loss's affair.
        features: where the role holds features of pictures, where these come from.
        together: finds, of the names of columns, several that are only together the role.
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
        """Whether a unit may have no rows of it: a sentence of no words is one."""
        return self.text


@dataclass(frozen=True)
class Reading:
    """Everything that was said about how to read; the defaults are strict.

    Args:
        columns: the columns of a role, by role.
        on: the columns whose values match rows of several files; none match by position.
        on_missing_keys: what to do with keys that not every file has.
        by: the columns whose values are the slices.
        slices: whether there may be slices, so that they are spoken of.
        unit: the column whose values are the units.
        weight: the column of weights.
        missing: what to do with a row in which a number is missing.
        delimiter: what stands between columns, as a character or a word; found out where None.
        decimal: the decimal point.
        thousands: what stands between groups of three digits.
        encoding: the encoding of text; UTF-8 where None.
        header: whether the first line holds names.
        channels: where the channels of arrays and pictures stand; last, or none, where None.
        max_bytes: the size to which a compressed file may grow.

    Raises:
        UsageError: two of them contradict each other.
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
        """Refuse options that do not go together."""
        if self.on_missing_keys != "error" and not self.on:
            raise UsageError("--on-missing-keys is for rows matched by key", "name it: --on COLUMN")
        if self.unit is not None and self.unit in self.by:
            raise UsageError(f"column {quote(self.unit)} cannot be both the unit and the slice")
        if self.decimal not in POINTS:
            raise UsageError(f"the decimal point cannot be {quote(self.decimal)}", "give . or ,")
        if self.thousands is not None and (len(self.thousands) != 1 or self.thousands.isalnum()):
            raise UsageError(f"digits cannot be grouped by {quote(self.thousands)}")
        if self.thousands == self.decimal:
            raise UsageError(f"{quote(self.decimal)} cannot both group digits and be the point")
