"""NumPy's own files, read without running any code that they hold."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from lossctl.block import Column, Words
from lossctl.errors import DataError, plural, quote
from lossctl.tables.reading import Reading
from lossctl.tables.source import Progress, Source
from lossctl.tables.table import Wanted

ROWS = 262_144
MAGIC = b"\x93NUMPY"

WHOLE = ""
"""The name of the only column of a .npy file, which has none."""

IMAGE = "image"
"""The column with the numbers of the images of a stack."""

SIZE = "image size"
"""The column with the height and width of the images."""


@dataclass(frozen=True)
class _Header:
    """The header of an array, and the offset of its values in the file."""

    shape: tuple[int, ...]
    dtype: Any
    order: Any
    offset: int


class ArrayTable:
    """A .npy file, whose array is the only column, or a .npz file, whose arrays are the columns.

    Arrays of three or more dimensions are stacks of images, `(images, height, width)` or
    `(images, height, width, channels)`. Their rows are pixels or, if requested, lines.
    """

    def __init__(self, source: Source, reading: Reading, progress: Progress | None) -> None:
        """Read the headers and check them against the size of the file.

        Args:
            source: the file, not compressed.
            reading: how to read it.
            progress: called with the number of bytes on disk that were read.

        Raises:
            DataError: the file is damaged, or holds other things than arrays of numbers.
        """
        self.name, self.size = source.name, source.size
        self._source, self._progress, self._channels = source, progress, reading.channels
        self._lines = False
        if source.start(len(MAGIC)) == MAGIC:
            with source.open() as file:
                self._headers = {WHOLE: self._header(file, source.stored_size)}
        else:
            with self._archive() as archive:
                self._headers = {
                    info.filename.removesuffix(".npy"): self._header_in(archive, info)
                    for info in archive.infolist()
                }
        self.columns = tuple(self._headers)
        stacked = any(len(header.shape) > 2 for header in self._headers.values())
        self.extras: tuple[str, ...] = ()
        if stacked:
            self.extras = tuple(name for name in (IMAGE, SIZE) if name not in self.columns)
        self.agreeing = tuple(name for name in (SIZE,) if name in self.extras)
        self.own_unit = IMAGE if IMAGE in self.extras else ""
        self.has_channels = stacked

    def blocks(self, wanted: Sequence[Wanted]) -> Iterator[Mapping[Wanted, Column]]:
        """Yield the rows of the arrays as float64."""
        self._lines = any(column.lines for column in wanted)
        extras = [column for column in wanted if column.name in self.extras]
        arrays = {column: self._load(column.name) for column in wanted if column not in extras}
        first = next(iter(arrays.values()))
        if not all(array.size for array in arrays.values()):
            return
        rows = self._rows(first)
        if any(len(array) != len(first) or self._rows(array) != rows for array in arrays.values()):
            raise DataError(f"{quote(self.name)}: the arrays have different numbers of rows")
        step = max(1, ROWS // max(rows, 1))
        for start in range(0, len(first), step):
            end = min(start + step, len(first))
            block = {
                column: self._column(column, array[start:end], start * rows)
                for column, array in arrays.items()
            }
            yield block | {column: self._extra(column.name, first, start, end) for column in extras}
        if self._progress and self.size:
            self._progress(self.size)

    def width(self, column: str) -> int:
        """Return the number of columns of an array."""
        shape = self._headers[column].shape
        if len(shape) == 3 and self._channels is not None:
            return shape[0 if self._channels == "first" else 2]
        if len(shape) == 4:
            return shape[1 if self._channels == "first" else 3]
        return shape[1] if len(shape) == 2 else 1

    def array(self, name: str) -> Any:  # noqa: ANN401
        """Return an array as it is stored."""
        return self._opened(name)

    def place(self, row: int, column: str) -> tuple[str, str]:
        """Return where a cell is, in words, and its text."""
        extra, column = (column, self.columns[0]) if column in self.extras else ("", column)
        named = f", array {quote(column)}" if column else ""
        array = self._load(column)
        where = f"{quote(self.name)}{named}"
        if array.ndim < 3:
            if row >= len(array):
                raise DataError(f"{where} has no row {row + 1:,}")
            return f"{where}, row {row + 1:,}", str(array[row])
        height, width = array.shape[1:3]
        image, line = divmod(row if self._lines else row // width, height)
        where = f"{where}, image {image + 1:,}, line {line + 1:,}"
        if extra:
            return where, _size(array) if extra == SIZE else str(image + 1)
        if self._lines:
            return where, str(array[image, line])
        return f"{where}, pixel {row % width + 1:,}", str(array[image, line, row % width])

    def _extra(self, column: str, array: Any, start: int, end: int) -> Words:  # noqa: ANN401
        """Return the number, from 1, or the size of the image of each row."""
        codes = np.repeat(np.arange(end - start), self._rows(array))
        if column == SIZE:
            return Words(np.zeros_like(codes), (_size(array),))
        return Words(codes, tuple(str(number + 1) for number in range(start, end)))

    def _rows(self, array: Any) -> int:  # noqa: ANN401
        """Count the rows of one entry along the first dimension."""
        if array.ndim < 3:
            return 1
        return int(array.shape[1]) * (1 if self._lines else int(array.shape[2]))

    @contextmanager
    def _archive(self) -> Iterator[zipfile.ZipFile]:
        try:
            with self._source.open() as file, zipfile.ZipFile(file) as archive:
                yield archive
        except zipfile.BadZipFile as error:
            raise DataError(f"{quote(self.name)} is damaged: {error}") from None

    def _header_in(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> _Header:
        if not info.filename.endswith(".npy"):
            raise DataError(f"{quote(self.name)} is a zip archive, but not of arrays (.npz)")
        if info.file_size > self._source.max_bytes:
            raise DataError(
                f"{quote(self.name)} exceeds {self._source.max_bytes:,} bytes when decompressed",
                "if this is intended, raise the limit: --max-bytes NUMBER",
            )
        with archive.open(info) as file:
            return self._header(file, info.file_size)

    def _header(self, file: IO[bytes], size: int) -> _Header:
        try:
            version = npy.read_magic(file)
            read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            shape, fortran, dtype = read(file)
        except ValueError as error:
            raise DataError(f"{quote(self.name)} is damaged: {error}") from None
        if dtype.kind not in "fiub":
            raise DataError(
                f"{quote(self.name)} holds {dtype}, not numbers",
                "save an array of numbers; objects are never unpickled",
            )
        if len(shape) not in (1, 2, 3, 4):
            raise DataError(f"{quote(self.name)} has {plural(len(shape), 'dimension')}, not 1 to 4")
        if int(np.prod(shape, dtype=object)) * dtype.itemsize > size:
            raise DataError(f"{quote(self.name)} is truncated: its header claims shape {shape}")
        return _Header(shape, dtype, "F" if fortran else "C", file.tell())

    def _load(self, name: str) -> Any:  # noqa: ANN401
        """Open an array; one with more than two dimensions has the images first."""
        array = self._opened(name)
        if array.ndim < 3 or self._channels is None:
            return array
        if array.ndim == 3:
            array = array[None]
        return np.moveaxis(array, 1, -1) if self._channels == "first" else array

    def _opened(self, name: str) -> Any:  # noqa: ANN401
        try:
            if name == WHOLE:
                header = self._headers[name]
                file: Any = self._source.spooled or self._source.path
                return np.memmap(file, header.dtype, "r", header.offset, header.shape, header.order)
            with self._archive() as archive, archive.open(f"{name}.npy") as member:
                return npy.read_array(member, allow_pickle=False)
        except (ValueError, EOFError, zipfile.BadZipFile) as error:
            raise DataError(f"{quote(self.name)} is damaged: {error}") from None

    def _column(self, wanted: Wanted, array: Any, start: int) -> Column:  # noqa: ANN401
        if array.ndim > 2:
            lines = array.shape[0] * array.shape[1]
            shape = (lines, *array.shape[2:]) if self._lines else (-1, *array.shape[3:])
            array = array.reshape(shape)
        values = np.ascontiguousarray(array, dtype=np.float64)
        wrong = np.isinf(values)
        if wanted.text:
            wrong = wrong | (values != np.rint(values))
        if wrong.any():
            row = int(np.argwhere(wrong)[0][0])
            where, cell = self.place(start + row, wanted.name)
            expected = "an integer" if wanted.text else "a finite number"
            raise DataError(f"{where}: {cell} is not {expected}")
        if not wanted.text:
            return values
        if values.ndim == 2 and values.shape[1] == 1:
            values = values[:, 0]
        if values.ndim == 2:
            raise DataError(
                f"{quote(self.name)} has {values.shape[1]} columns, but labels take one"
            )
        distinct, codes = np.unique(values, return_inverse=True)
        return Words(codes.astype(np.intp), tuple(str(int(label)) for label in distinct))


def _size(array: Any) -> str:  # noqa: ANN401
    """Write the size of the images of a stack."""
    return f"{array.shape[1]} × {array.shape[2]}" if array.ndim > 2 else "no image"
