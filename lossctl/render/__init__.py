"""From a report to text: one module for each format, with `render(report, digits, width)`.

A renderer yields whole lines without the last newline, so that a table of millions of rows is never
held as text. It knows neither files nor terminals; only the text format can be drawn for one.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from enum import StrEnum

from lossctl.errors import UsageError, quote
from lossctl.render.layout import WIDTH
from lossctl.report import Report


class Format(StrEnum):
    """The formats; each is the name of the module that writes it."""

    TEXT = "text"
    VALUE = "value"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    MARKDOWN = "markdown"

    @property
    def rounds(self) -> bool:
        """Whether it rounds numbers to some significant digits."""
        return self in (Format.TEXT, Format.MARKDOWN)

    @property
    def holds_notes(self) -> bool:
        """Whether the notes of a table are part of it, so that nobody else need show them."""
        return self is Format.JSON

    @property
    def rows_only(self) -> bool:
        """Whether it shows of a page only the rows of its table."""
        return self in (Format.VALUE, Format.CSV, Format.JSONL)

    @classmethod
    def of_suffix(cls, name: str) -> Format:
        """Return the format that the suffix of a file name means.

        Raises:
            UsageError: the suffix means no format.

        >>> Format.of_suffix("results.JSON").value
        'json'
        """
        suffix = name.rpartition(".")[2].lower() if "." in name else ""
        if suffix not in SUFFIXES:
            raise UsageError(
                f"cannot tell the format from {quote(name)}",
                "use one of the suffixes ." + ", .".join(SUFFIXES),
            )
        return SUFFIXES[suffix]


SUFFIXES = {
    "txt": Format.TEXT,
    "json": Format.JSON,
    "jsonl": Format.JSONL,
    "csv": Format.CSV,
    "md": Format.MARKDOWN,
}


def render(report: Report, form: Format, digits: int = 6, width: int = WIDTH) -> Iterator[str]:
    """Write a report in a format.

    Args:
        report: what to write.
        form: the format.
        digits: significant digits of numbers, in text and Markdown.
        width: columns of a line of prose, in text.

    Raises:
        UsageError: the format cannot show this report.
    """
    module = importlib.import_module(f"{__name__}.{form.value}")
    pieces: Iterator[str] = module.render(report, digits, width)
    return pieces
