"""NumPy's own files, read without ever running what is in them."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from lossctl.block import Words
from lossctl.errors import DataError, quote
from lossctl.tables.source import Progress, Source
from lossctl.tables.table import Column, Wanted

ROWS = 262_144
MAGIC = b"\x93NUMPY"
WHOLE = ""
"""The name of the only column of a .npy file, which has none."""


@dataclass(frozen=True)
class _Member:
    """One array: its header, and where its bytes are."""

    shape: tuple[int, ...]
    dtype: Any
    fortran: bool


class ArrayTable:
    """A .npy file, whose one array is the column, or a .npz file, whose arrays are."""

    def __init__(self, source: Source, progress: Progress | None) -> None:
        """Read the headers and check them against the size of the file."""
        self.name, self.size = source.name, source.size
        self._source, self._progress = source, progress
        if source.start().startswith(MAGIC):
            with source.open() as file:
                self._members = {WHOLE: self._header(file, source.size)}
        else:
            with self._archive() as archive:
                self._members = {
                    info.filename.removesuffix(".npy"): self._of_archive(archive, info)
                    for info in archive.infolist()
                }
        self.columns = tuple(self._members)

    def blocks(self, wanted: Sequence[Wanted]) -> Iterator[Mapping[Wanted, Column]]:
        """Yield the rows of the arrays as float64."""
        arrays = {each: self._load(each.name) for each in wanted}
        lengths = {len(array) for array in arrays.values()}
        if len(lengths) > 1:
            raise DataError(f"{quote(self.name)}: the arrays have different numbers of rows")
        (rows,) = lengths
        for start in range(0, rows, ROWS):
            yield {
                each: self._column(each, array[start : start + ROWS], start)
                for each, array in arrays.items()
            }
        if self._progress and self.size:
            self._progress(self.size)

    def place(self, row: int, column: str) -> tuple[str, str]:
        """Say where a cell stands."""
        named = f", array {quote(column)}" if column else ""
        return f"{quote(self.name)}{named}, row {row + 1:,}", str(self._load(column)[row])

    @contextmanager
    def _archive(self) -> Iterator[zipfile.ZipFile]:
        try:
            with self._source.open() as file, zipfile.ZipFile(file) as archive:
                yield archive
        except zipfile.BadZipFile as error:
            raise DataError(f"{quote(self.name)} is damaged: {error}") from None

    def _of_archive(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> _Member:
        if not info.filename.endswith(".npy"):
            raise DataError(f"{quote(self.name)} is a zip archive, but not of arrays (.npz)")
        if info.file_size > self._source.max_bytes:
            raise DataError(
                f"{quote(self.name)} grows beyond {self._source.max_bytes:,} bytes when unpacked",
                "if it is meant to: --max-bytes NUMBER",
            )
        with archive.open(info) as file:
            return self._header(file, info.file_size)

    def _header(self, file: IO[bytes], size: int | None) -> _Member:
        try:
            version = npy.read_magic(file)
            read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            shape, fortran, dtype = read(file)
        except ValueError as error:
            raise DataError(f"{quote(self.name)} is damaged: {error}") from None
        if dtype.kind not in "fiub":
            raise DataError(
                f"{quote(self.name)} holds {dtype}, not numbers",
                "objects are never unpickled: save an array of numbers",
            )
        if len(shape) not in (1, 2):
            raise DataError(f"{quote(self.name)} has {len(shape)} dimensions, not 1 or 2")
        if size is not None and int(np.prod(shape, dtype=object)) * dtype.itemsize > size:
            raise DataError(f"{quote(self.name)} is cut short: its header claims shape {shape}")
        return _Member(shape, dtype, fortran)

    def _load(self, name: str) -> Any:  # noqa: ANN401
        try:
            if name == WHOLE and self._source.path is not None and not self._source.compression():
                return np.load(self._source.path, mmap_mode="r", allow_pickle=False)
            if name == WHOLE:
                with self._source.open() as file:
                    return npy.read_array(file, allow_pickle=False)
            with self._archive() as archive, archive.open(f"{name}.npy") as file:
                return npy.read_array(file, allow_pickle=False)
        except (ValueError, EOFError, zipfile.BadZipFile) as error:
            raise DataError(f"{quote(self.name)} is damaged: {error}") from None

    def _column(self, wanted: Wanted, array: Any, start: int) -> Column:  # noqa: ANN401
        values = np.ascontiguousarray(array, dtype=np.float64)
        wrong = np.isinf(values)
        if wanted.text:
            wrong = wrong | (values != np.rint(values))
        if wrong.any():
            row = int(np.argwhere(wrong)[0][0])
            where, cell = self.place(start + row, wanted.name)
            expected = "a whole number" if wanted.text else "a finite number"
            raise DataError(f"{where}: {cell} is not {expected}")
        if not wanted.text:
            return values
        if values.ndim == 2 and values.shape[1] == 1:
            values = values[:, 0]
        if values.ndim == 2:
            raise DataError(f"{quote(self.name)} has {values.shape[1]} columns, but labels are one")
        distinct, codes = np.unique(values, return_inverse=True)
        return Words(codes.astype(np.intp), tuple(str(int(label)) for label in distinct))
