"""PNG images, one or a folder of them, whose rows are pixels or lines."""

from __future__ import annotations

import importlib
import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lossctl.block import Array, Column, Words
from lossctl.errors import DataError, UsageError, quote
from lossctl.tables.arrays import IMAGE, SIZE, WHOLE
from lossctl.tables.compression import without_suffix
from lossctl.tables.source import Progress, Source, open_source
from lossctl.tables.table import Wanted

PNG = b"\x89PNG\r\n"
END = b"IEND\xaeB`\x82"

DEPTH, GREY = 24, 0
"""The offset of the number of bits of a channel, before the colour type; and that type for grey."""

MOST_BYTES = 2**30
"""The largest file that is read; Pillow refuses images of so many bytes anyway."""

BRIGHTEST = {"1": 1, "L": 255, "RGB": 255, "I;16": 65_535, "P": 255}
"""The largest number of a pixel, for each of Pillow's modes that are read."""

OPAQUE = "save it without an alpha channel"


def open_folder(name: str, max_bytes: int) -> list[Source]:
    """Find the images of a folder, in the order of their names.

    Args:
        name: the folder.
        max_bytes: the largest size that a compressed file may have when decompressed.

    Returns:
        The images.

    Raises:
        DataError: there are other files in the folder, or none.
    """
    files = sorted(path for path in Path(name).iterdir() if not path.name.startswith("."))
    for path in files:
        if not without_suffix(path.name).lower().endswith(".png"):
            raise DataError(f"{quote(name)} contains {quote(path.name)}, which is not a PNG image")
    if not files:
        raise DataError(f"{quote(name)} contains no PNG images")
    return [open_source(str(path), max_bytes) for path in files]


class ImageTable:
    """One PNG image, or those of a folder, all of the same kind.

    Grey levels and colours are scaled to [0, 1]; if raw numbers are requested, for masks and class
    numbers, they are kept.
    """

    columns: tuple[str, ...] = (WHOLE,)
    has_channels = True

    def __init__(
        self,
        name: str,
        sources: Sequence[Source],
        progress: Progress | None,
        *,
        stack: bool = False,
    ) -> None:
        """Keep the files; they are opened one after the other.

        Args:
            name: the file or the folder.
            sources: the files.
            progress: called with the number of bytes on disk that were read.
            stack: whether they are those of a folder.
        """
        self.name = name
        sizes = [source.size for source in sources]
        self.size = None if None in sizes else sum(size or 0 for size in sizes)
        self.extras: tuple[str, ...] = (IMAGE, SIZE)
        self.agreeing: tuple[str, ...] = (IMAGE, SIZE) if stack else (SIZE,)
        self.own_unit = IMAGE if stack else ""
        self._sources, self._progress = sources, progress
        self._lines = False

    def blocks(self, wanted: Sequence[Wanted]) -> Iterator[Mapping[Wanted, Column]]:
        """Yield the rows of one image after the other."""
        self._lines = any(column.lines for column in wanted)
        if any(column.raw is None for column in wanted):
            raise UsageError(
                f"the losses read the pixels of {quote(self.name)} differently",
                "compute them in two runs",
            )
        for source in self._sources:
            pixels, mode = self._pixels(source)
            rows = pixels if self._lines else pixels.reshape(-1, *pixels.shape[2:])
            block: dict[Wanted, Column] = {}
            for column in wanted:
                if column.name in self.extras:
                    word = _extra(column.name, source, pixels)
                    block[column] = Words(np.zeros(len(rows), dtype=np.intp), (word,))
                elif column.text:
                    block[column] = self._labels(source, self._levels(source, rows, mode))
                elif column.raw:
                    block[column] = self._levels(source, rows, mode)
                else:
                    block[column] = self._scaled(source, rows, mode)
            yield block
            if self._progress and source.size:
                self._progress(source.size)

    def width(self, column: str) -> int:
        """Return the number of channels."""
        del column
        pixels, _ = self._pixels(self._sources[0])
        return 1 if pixels.ndim == 2 else pixels.shape[2]

    def place(self, row: int, column: str) -> tuple[str, str]:
        """Return where a cell is, in words, and its text."""
        for source in self._sources:
            pixels, _ = self._pixels(source)
            height, width = pixels.shape[:2]
            rows = height if self._lines else height * width
            if row >= rows:
                row -= rows
                continue
            line, pixel = (row, 0) if self._lines else divmod(row, width)
            where = f"{quote(source.name)}, line {line + 1:,}"
            if column in self.extras:
                return where, _extra(column, source, pixels)
            if self._lines:
                return where, str(pixels[line])
            return f"{where}, pixel {pixel + 1:,}", str(pixels[line, pixel])
        raise DataError(f"{quote(self.name)} changed while it was read")

    def _pixels(self, source: Source) -> tuple[Array, str]:
        """Read an image as numbers, and their mode."""
        pillow = _pillow()
        try:
            data = _content(source)
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # Pillow warns if an image is suspiciously large
                image = pillow.open(io.BytesIO(data), formats=["PNG"])
                image.load()
                if "transparency" in image.info:
                    raise DataError(f"{quote(source.name)} is partly transparent", OPAQUE)
                mode = "I;16" if image.mode == "I" else image.mode
                if mode in ("RGBA", "LA"):
                    if image.getchannel("A").getextrema() != (255, 255):
                        raise DataError(f"{quote(source.name)} is partly transparent", OPAQUE)
                    mode = mode.removesuffix("A")
                    image = image.convert(mode)
                if mode not in BRIGHTEST:
                    raise DataError(
                        f"{quote(source.name)} has pixels of mode {mode}, which is not supported",
                        "save it as greyscale or RGB",
                    )
                return np.asarray(image, dtype=np.float64), mode
        except (
            OSError,
            SyntaxError,
            ValueError,
            Warning,
            pillow.DecompressionBombError,
        ) as error:
            raise DataError(f"{quote(source.name)} is damaged: {error}") from None

    def _levels(self, source: Source, rows: Array, mode: str) -> Array:
        """Return the numbers as they are stored; Pillow scales those of fewer than 8 bits."""
        if mode != "L":
            return rows
        bits = source.start(DEPTH + 1)[DEPTH]
        return rows / (255 // (2**bits - 1)) if bits < 8 else rows

    def _scaled(self, source: Source, rows: Array, mode: str) -> Array:
        if mode == "P":
            raise DataError(
                f"{quote(source.name)} has a palette, so the brightness of its pixels is unknown",
                "save it as greyscale or RGB",
            )
        if mode == "L" and rows.max() == 1:
            raise DataError(
                f"{quote(source.name)} is almost black: all pixels are 0 or 1 out of 255",
                "save a mask as 0 and 255",
            )
        return rows / BRIGHTEST[mode]

    def _labels(self, source: Source, rows: Array) -> Words:
        if rows.ndim > 1:
            raise DataError(
                f"{quote(source.name)} is a colour image, but labels take one channel",
                "save it as greyscale, with class numbers as grey levels",
            )
        distinct, codes = np.unique(rows, return_inverse=True)
        return Words(codes.astype(np.intp), tuple(str(int(label)) for label in distinct))


def _content(source: Source) -> bytes:
    """Read a whole PNG file."""
    chunks: list[bytes] = []
    size = 0
    for chunk in source.chunks():
        chunks.append(chunk)
        size += len(chunk)
        if size > MOST_BYTES:
            raise DataError(f"{quote(source.name)} is too large for an image")
    data = b"".join(chunks)
    if not data.startswith(PNG):
        raise DataError(f"{quote(source.name)} is not a PNG image")
    if END not in data or len(data) <= DEPTH + 1:
        raise DataError(f"{quote(source.name)} is damaged: the end of the file is missing")
    if data[DEPTH] == 16 and data[DEPTH + 1] != GREY:
        raise DataError(
            f"{quote(source.name)} has colours of 16 bits per channel, which are not supported",
            "save it with 8 bits per channel",
        )
    return data


def _extra(column: str, source: Source, pixels: Array) -> str:
    """Return the name or the size of an image."""
    if column == SIZE:
        return f"{pixels.shape[0]} × {pixels.shape[1]}"
    return Path(without_suffix(source.name)).stem


def _pillow() -> Any:  # noqa: ANN401
    try:
        return importlib.import_module("PIL.Image")
    except ImportError:
        raise UsageError(
            "reading images needs the package pillow", 'pip install "lossctl[images]"'
        ) from None
