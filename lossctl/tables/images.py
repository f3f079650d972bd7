"""PNG pictures, one or a folder of them, whose rows are pixels or lines."""

from __future__ import annotations

import importlib
import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

import numpy as np

from lossctl.block import Array, Column, Words
from lossctl.errors import DataError, UsageError, quote
from lossctl.tables.arrays import IMAGE, SIZE, WHOLE
from lossctl.tables.source import Progress, Source
from lossctl.tables.table import Wanted

DEPTH, GREY = 24, 0
"""Where a file says how many bits a channel has, before its colour type; and that of grey."""

END = b"IEND\xaeB`\x82"
OPAQUE = "save it without an alpha channel"
PNG = b"\x89PNG\r\n"
BRIGHTEST = {"1": 1, "L": 255, "RGB": 255, "I;16": 65_535, "P": 255}
"""The greatest number a pixel can have, for each of Pillow's modes that is read."""


class ImageTable:
    """One PNG picture, or those of a folder in the order of their names, of the same kind.

    Grey levels and colours become shares of the brightest; where raw numbers are wanted, for masks
    and class numbers, they stay as they are.
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
        """Take the files; they are opened one after the other."""
        self.name = name
        sizes = [source.size for source in sources]
        self.size = None if None in sizes else sum(size or 0 for size in sizes)
        self.extras: tuple[str, ...] = (IMAGE, SIZE)
        self.agreeing: tuple[str, ...] = (IMAGE, SIZE) if stack else (SIZE,)
        self.own_unit = IMAGE if stack else ""
        self._sources, self._progress = sources, progress
        self._lines = False

    def blocks(self, wanted: Sequence[Wanted]) -> Iterator[Mapping[Wanted, Column]]:
        """Yield the rows of one picture after the other."""
        self._lines = any(each.lines for each in wanted)
        if any(each.raw is None for each in wanted):
            raise UsageError(
                f"the losses take the pixels of {quote(self.name)} in different ways",
                "compute them in two runs",
            )
        for source in self._sources:
            pixels, mode = self._pixels(source)
            rows = pixels if self._lines else pixels.reshape(-1, *pixels.shape[2:])
            found: dict[Wanted, Column] = {}
            for each in wanted:
                if each.name in self.extras:
                    said = _extra(each.name, source, pixels)
                    found[each] = Words(np.zeros(len(rows), dtype=np.intp), (said,))
                elif each.text:
                    found[each] = self._labels(source, self._levels(source, rows, mode))
                elif each.raw:
                    found[each] = self._levels(source, rows, mode)
                else:
                    found[each] = self._shares(source, rows, mode)
            yield found
            if self._progress and source.size:
                self._progress(source.size)

    def width(self, column: str) -> int:
        """Return the number of channels."""
        del column
        pixels, _ = self._pixels(self._sources[0])
        return 1 if pixels.ndim == 2 else pixels.shape[2]

    def place(self, row: int, column: str) -> tuple[str, str]:
        """Say where a cell stands."""
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
        """Read one picture as numbers, and tell their mode."""
        pillow = _pillow()
        try:
            with source.open() as file:
                data = file.read()
            if END not in data:
                raise DataError(f"{quote(source.name)} is damaged: it is cut short")
            if data[DEPTH] == 16 and data[DEPTH + 1] != GREY:
                raise DataError(
                    f"{quote(source.name)} has 16 bits a channel, of which only grey is read",
                    "save it with 8 bits a channel",
                )
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # a picture too large to be sound
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
                    raise DataError(f"{quote(source.name)} has pixels of a kind not read: {mode}")
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
        """Return the numbers as they are stored; Pillow stretches those of few bits."""
        if mode != "L":
            return rows
        with source.open() as file:
            bits = file.read(DEPTH + 1)[DEPTH]
        return rows / (255 // (2**bits - 1)) if bits < 8 else rows

    def _shares(self, source: Source, rows: Array, mode: str) -> Array:
        if mode == "P":
            raise DataError(
                f"{quote(source.name)} has a palette, which does not say how bright a pixel is",
                "save it as grey levels or as RGB",
            )
        if mode == "L" and rows.max() == 1:
            raise DataError(
                f"{quote(source.name)} holds nothing but 0 and 1 of 255, which is all but black",
                "write a mask as 0 and 255",
            )
        return rows / BRIGHTEST[mode]

    def _labels(self, source: Source, rows: Array) -> Words:
        if rows.ndim > 1:
            raise DataError(f"{quote(source.name)} has colours, but a label is one number")
        distinct, codes = np.unique(rows, return_inverse=True)
        return Words(codes.astype(np.intp), tuple(str(int(label)) for label in distinct))


def _extra(column: str, source: Source, pixels: Array) -> str:
    """Say the name or the size of a picture."""
    if column == SIZE:
        return f"{pixels.shape[0]} × {pixels.shape[1]}"
    return PurePath(source.name).stem


def _pillow() -> Any:  # noqa: ANN401
    try:
        return importlib.import_module("PIL.Image")
    except ImportError:
        raise UsageError(
            "pictures need the package pillow", 'install it: pip install "lossctl[images]"'
        ) from None
