"""Files in, blocks of named arrays out; nothing passes that was not understood.

The only home of pandas. A reader is one module that yields named columns block by block and can say
where a cell stands (`table.Table`); it is chosen by the file's first bytes in `open_table`.
"""

from __future__ import annotations

import os.path
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

from lossctl.block import Block
from lossctl.errors import DataError, UsageError, listing, quote
from lossctl.report import Note
from lossctl.tables.arrays import MAGIC, WHOLE, ArrayTable
from lossctl.tables.features import FeatureTable
from lossctl.tables.images import PNG, ImageTable
from lossctl.tables.reading import Reading, Role
from lossctl.tables.roles import Assignment, assign
from lossctl.tables.rows import Rows
from lossctl.tables.source import FOREIGN, Progress, Source, open_source
from lossctl.tables.table import TableReader
from lossctl.tables.text import TextTable
from lossctl.tables.units import whole_units

__all__ = ["Dataset", "Reading", "Role", "open_tables"]


def open_table(source: Source, reading: Reading, progress: Progress | None) -> TableReader:
    """Choose the reader by the first bytes.

    Raises:
        DataError: it is a file of a kind that is not read.
    """
    start = source.start()
    if start.startswith(MAGIC) or (start.startswith(b"PK") and source.name.endswith(".npz")):
        return ArrayTable(source, reading, progress)
    if start.startswith(PNG):
        return ImageTable(source.name, [source], progress)
    if not start:
        raise DataError(f"{quote(source.name)} is empty")
    for magic, what in FOREIGN.items():
        if start.startswith(magic):
            raise DataError(
                f"{quote(source.name)} is {what}, not a table of text",
                "write it as CSV, or as .npy or .npz",
            )
    if start.lstrip()[:1] in (b"{", b"["):
        raise DataError(f"{quote(source.name)} is JSON, not a table of text", "write it as CSV")
    return TextTable(source, reading, progress)


def open_tables(
    files: Sequence[str],
    roles: Sequence[Role],
    reading: Reading,
    progress: Progress | None = None,
) -> Dataset:
    """Open the files, and find the columns of every role; no row is read yet.

    Args:
        files: one name a role, or one for all; `-` is standard input.
        roles: what the loss needs.
        reading: what the user said about how to read.
        progress: is told the number of bytes on disk that were read, bit by bit.

    Raises:
        UsageError: the files or columns that were named do not fit the roles.
        DataError: a file cannot be read, or it is not clear what its columns are.
    """
    if sum(name == "-" for name in files) > 1:
        raise UsageError("standard input can be read only once")
    if reading.on and len(files) == 1:
        raise UsageError("--on matches the rows of several files; there is one")
    sources: list[Source] = []
    tables: dict[str, TableReader] = {}
    features = next((role.features for role in roles if role.features is not None), None)
    for name in files:
        if name in tables:
            continue
        if name != "-" and os.path.isdir(name):  # noqa: PTH112  # what may not be looked at is none
            images = [open_source(str(path), reading.max_bytes) for path in _pictures(name)]
            tables[name] = ImageTable(name, images, progress, stack=True)
            sources += images
        else:
            sources.append(open_source(name, reading.max_bytes))
            tables[name] = open_table(sources[-1], reading, progress)
        if features is not None and (features.network or isinstance(tables[name], ArrayTable)):
            tables[name] = FeatureTable(tables[name], features, reading)
        elif features is not None and features.layers:
            raise UsageError(
                f"--layers chooses layers of .npz files and networks, not of {quote(name)}"
            )
    return Dataset(sources, [tables[name] for name in files], roles, reading)


def _pictures(folder: str) -> list[Path]:
    """List the pictures of a folder; nothing else may be in it."""
    found = sorted(path for path in Path(folder).iterdir() if not path.name.startswith("."))
    for path in found:
        if path.suffix.lower() != ".png":
            raise DataError(f"{quote(folder)} holds {quote(path.name)}, which is not a PNG picture")
    if not found:
        raise DataError(f"{quote(folder)} holds no PNG pictures")
    return found


class Dataset:
    """The rows of all roles, to be read once.

    Attributes:
        columns: the names of the columns of each role; empty for an array without names.
        total_bytes: the size of the files on disk; None where it is not known.
        notes: what was left out, complete once all blocks are read.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        tables: Sequence[TableReader],
        roles: Sequence[Role],
        reading: Reading,
    ) -> None:
        """Find out which columns are needed of which file."""
        self._casts = assign(tables, roles, reading)
        self._tables, self._reading, self._sources = tables, reading, sources
        self.columns = {
            role: () if each.columns == (WHOLE,) else each.columns
            for role, each in self._casts.items()
        }
        sizes = [table.size for table in tables]
        self.total_bytes = None if None in sizes else sum(size or 0 for size in sizes)
        self.notes: list[Note] = []
        self.take(roles)

    def take(self, roles: Sequence[Role]) -> None:
        """Read the columns of each role as these say, which have the same names."""
        self.unit = self._reading.unit or _own_unit(self._tables, roles)
        self._whole = any(role.whole for role in roles)
        _refuse_nonsense(self._tables, roles, self._reading, self.unit)
        self._sides = [self._side(roles, names) for names in _apart(roles, self._casts)]

    @property
    def widths(self) -> dict[str, int]:
        """The number of columns of each role."""
        return {
            role: sum(self._tables[each.file].width(name) for name in each.columns)
            for role, each in self._casts.items()
        }

    @property
    def images(self) -> bool:
        """Whether there are pictures among the files, so that rows are pixels."""
        return any(table.has_channels for table in self._tables)

    def __enter__(self) -> Self:
        """Stay open while the rows are read."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of temporary files."""
        for source in self._sources:
            source.close()

    def blocks(self) -> Iterator[Block]:
        """Yield the rows, in blocks whose size is the reader's choice; or whole units.

        Raises:
            DataError: a file is not sound, the files do not line up, or there is no row.
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
            of: the role whose unit or weight is meant, where roles have rows of their own.

        Returns:
            Where the cell is, in words, and its text.
        """
        side = next((side for side in self._sides if (of or role) in side.roles), self._sides[0])
        return side.place(role, row, column)

    def _side(self, roles: Sequence[Role], names: Sequence[str]) -> Rows:
        """Take the files of some roles; a unit's weight and slice stand beside the first role."""
        casts, reading = self._casts, self._reading
        used = sorted({casts[name].file for name in names})
        own = {
            name: Assignment(used.index(casts[name].file), casts[name].columns) for name in names
        }
        first = roles[0].name in names
        if self._whole and not first:
            weighed = any(role.weighs_rows for role in roles if role.name in names)
            reading = replace(reading, by=(), weight=reading.weight if weighed else None)
        return Rows([self._tables[file] for file in used], roles, own, reading, self.unit)


def _apart(roles: Sequence[Role], casts: Mapping[str, Assignment]) -> list[list[str]]:
    """Put roles that line up together, and each of the others alone."""
    there = [role for role in roles if role.name in casts]
    together = [role.name for role in there if not role.apart]
    return ([together] if together else []) + [[role.name] for role in there if role.apart]


def _own_unit(tables: Sequence[TableReader], roles: Sequence[Role]) -> str | None:
    """Tell the unit that files of pictures bring along, where the loss is one of pictures."""
    own = {table.own_unit for table in tables}
    if not any(role.lines or role.features for role in roles) or own == {""}:
        return None
    if len(own) > 1:
        single = next(table for table in tables if not table.own_unit)
        raise DataError(
            f"{quote(single.name)} is one picture, but another file is a stack of them",
            "give files of the same kind",
        )
    return own.pop()


def _refuse_nonsense(
    tables: Sequence[TableReader], roles: Sequence[Role], reading: Reading, unit: str | None
) -> None:
    whole = any(role.whole for role in roles)
    if whole and reading.by and unit is None:
        by = reading.by[0]
        raise UsageError(
            "without --unit all rows are one unit, which --by would cut",
            f"for one number for each value of {by}: --unit {by} --reduction none",
        )
    if reading.on and len(tables) > 1 and any(role.apart for role in roles):
        apart = listing(role.name for role in roles if role.apart)
        raise UsageError(f"--on matches the rows of several files, but those of {apart} are apart")
    if reading.missing == "skip" and any(role.lines for role in roles):
        raise UsageError("--missing skip leaves rows out, but a picture needs all of its lines")
    if reading.channels and not any(table.has_channels for table in tables):
        raise UsageError("--channels is for arrays and pictures of more than two dimensions")
