"""The rows of all roles of a loss, read from the files that hold them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Self

from lossctl.block import Block
from lossctl.errors import DataError, UsageError, listing, quote
from lossctl.report import Note
from lossctl.tables.arrays import WHOLE
from lossctl.tables.reading import Reading, Role
from lossctl.tables.roles import Assignment, assign
from lossctl.tables.rows import Rows
from lossctl.tables.table import TableReader
from lossctl.tables.units import whole_units


class Dataset:
    """The rows of all roles, to be read once.

    Attributes:
        columns: the names of the columns of each role; empty for an array without names.
        total_bytes: the size of the files on disk; None if unknown.
        notes: what was left out; complete once all blocks are read.
        unit: the column that names the units, if there is one.
        opened: the files to close.
    """

    def __init__(
        self, tables: Sequence[TableReader], roles: Sequence[Role], reading: Reading
    ) -> None:
        """Assign columns to the roles.

        Args:
            tables: the files.
            roles: what the loss needs.
            reading: how to read the files.

        Raises:
            UsageError: the files or columns that the user named do not fit the roles.
            DataError: it is not clear which columns to use.
        """
        self._assigned = assign(tables, roles, reading)
        self._tables, self._reading = tables, reading
        self.columns = {
            role: () if assignment.columns == (WHOLE,) else assignment.columns
            for role, assignment in self._assigned.items()
        }
        sizes = [table.size for table in tables]
        self.total_bytes = None if None in sizes else sum(size or 0 for size in sizes)
        self.notes: list[Note] = []
        self.opened = ExitStack()
        self.take(roles)

    def take(self, roles: Sequence[Role]) -> None:
        """Read the columns as these roles need them, which have the same names as those before.

        Args:
            roles: the roles.

        Raises:
            UsageError: the roles do not go with how the user wants the files to be read.
            DataError: single images and stacks of images are mixed.
        """
        self.unit = self._reading.unit or _own_unit(self._tables, roles)
        self._whole = any(role.whole for role in roles)
        _check_reading(self._tables, roles, self._reading, self.unit)
        self._sides = [self._side(roles, names) for names in _line_up(roles, self._assigned)]

    @property
    def widths(self) -> dict[str, int]:
        """The number of columns of each role."""
        return {
            role: sum(self._tables[assignment.file].width(name) for name in assignment.columns)
            for role, assignment in self._assigned.items()
        }

    @property
    def images(self) -> bool:
        """Whether there are images among the files, so that rows are pixels."""
        return any(table.has_channels for table in self._tables)

    def __enter__(self) -> Self:
        """Stay open while the rows are read."""
        return self

    def __exit__(self, *_: object) -> None:
        """Delete temporary files."""
        self.opened.close()

    def blocks(self) -> Iterator[Block]:
        """Yield the rows, or whole units, in blocks whose size the reader chooses.

        Raises:
            DataError: a file is malformed, the files do not line up, or there are no rows.
        """
        if self._whole:
            yield from whole_units(self._sides, self.notes)
        else:
            for side in self._sides:
                yield from side.blocks()
        for side in self._sides:
            self.notes += side.notes

    def place(self, role: str, row: int, column: int = 0, of: str = "") -> tuple[str, str]:
        """Find a cell by its row among those that `blocks` yielded.

        Args:
            role: a role, or "unit" or "weight".
            row: the number of the row, from 0.
            column: the number of the column of the role, from 0.
            of: the role whose unit or weight is meant, if roles have rows of their own.

        Returns:
            Where the cell is, in words, and its text.
        """
        side = next((side for side in self._sides if (of or role) in side.roles), self._sides[0])
        return side.place(role, row, column)

    def _side(self, roles: Sequence[Role], names: Sequence[str]) -> Rows:
        """Take the files of roles that line up; the first ones hold weights and slices of units."""
        assigned, reading = self._assigned, self._reading
        files = sorted({assigned[name].file for name in names})
        own = {
            name: Assignment(files.index(assigned[name].file), assigned[name].columns)
            for name in names
        }
        first = roles[0].name in names
        if self._whole and not first:
            row_weights = any(role.weighs_rows for role in roles if role.name in names)
            reading = replace(reading, by=(), weight=reading.weight if row_weights else None)
        return Rows([self._tables[file] for file in files], roles, own, reading, self.unit)


def _line_up(roles: Sequence[Role], assigned: Mapping[str, Assignment]) -> list[list[str]]:
    """Group the roles whose rows line up; each of the others is a group of its own."""
    present = [role for role in roles if role.name in assigned]
    together = [role.name for role in present if not role.apart]
    return ([together] if together else []) + [[role.name] for role in present if role.apart]


def _own_unit(tables: Sequence[TableReader], roles: Sequence[Role]) -> str | None:
    """Return the column that numbers the images in the files, for a loss of whole images."""
    units = {table.own_unit for table in tables}
    if not any(role.lines or role.features for role in roles) or units == {""}:
        return None
    if len(units) > 1:
        single = next(table for table in tables if not table.own_unit)
        raise DataError(
            f"{quote(single.name)} is a single image, but another input is a stack of images",
            "give single images only, or stacks only",
        )
    return units.pop()


def _check_reading(
    tables: Sequence[TableReader], roles: Sequence[Role], reading: Reading, unit: str | None
) -> None:
    """Refuse options for reading that do not go with the roles or the files."""
    whole = any(role.whole for role in roles)
    if whole and reading.by and unit is None:
        by = reading.by[0]
        raise UsageError(
            "without --unit all rows are one unit, which --by cannot split",
            f"for one value per {by}: --unit {by} --reduction none",
        )
    if reading.on and len(tables) > 1 and any(role.apart for role in roles):
        apart = listing(role.name for role in roles if role.apart)
        raise UsageError(
            f"--on matches the rows of several files, but the rows of {apart} do not line up"
        )
    if reading.missing == "skip" and any(role.lines for role in roles):
        raise UsageError("--missing skip does not apply to images, which need all of their lines")
    if reading.channels and not any(table.has_channels for table in tables):
        raise UsageError("--channels applies only to arrays and images of more than two dimensions")
