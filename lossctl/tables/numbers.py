"""The text of a cell as a number, or as a missing value."""

from __future__ import annotations

import math
import re

from lossctl.grammar import NUMBER

MISSING_WORDS = (
    "",
    "NaN",
    "nan",
    "NAN",
    "-nan",
    "-NaN",
    "NA",
    "N/A",
    "n/a",
    "<NA>",
    "#N/A",
    "#NA",
    "null",
    "NULL",
    "Null",
    "None",
    "none",
)
"""Cells of a numeric column that mean a missing value."""

WORD = re.compile(r"(?!inf(?:inity)?$)[^\W\d_].*", re.IGNORECASE)
"""A cell that is text, unless it is one of the missing words."""

_INFINITE = re.compile(r"[+-]?inf(?:inity)?", re.ASCII | re.IGNORECASE)


class NotANumber(ValueError):
    """A cell that is not a number, with what was expected and what may help."""

    def __init__(self, expected: str, hint: str = "") -> None:
        """Store what was expected, and the hint."""
        super().__init__(expected)
        self.expected, self.hint = expected, hint


def number(cell: str, decimal: str = ".", thousands: str | None = None) -> float:
    """Read a cell.

    Args:
        cell: its text.
        decimal: the decimal point.
        thousands: the thousands separator.

    Returns:
        The number; NaN if the value is missing.

    Raises:
        NotANumber: the cell is neither a number nor a word for a missing value.

    >>> number(" 1.5e3 "), number("1.500,5", ",", ".")
    (1500.0, 1500.5)
    """
    text = cell.strip(" \t")
    if text in MISSING_WORDS:
        return math.nan
    plain = text
    if thousands:
        plain = _without_groups(plain, decimal, thousands)
    if decimal != ".":
        plain = plain.replace(".", "\x00").replace(decimal, ".")
    if NUMBER.fullmatch(plain):
        value = float(plain)
        if math.isinf(value):
            raise NotANumber("a finite number (too large for 64-bit floating point)")
        return value
    if _INFINITE.fullmatch(plain):
        raise NotANumber("a finite number")
    raise NotANumber("a number", _hint(text, decimal, thousands))


def _without_groups(text: str, decimal: str, thousands: str) -> str:
    whole, point, rest = text.partition(decimal)
    mark = re.escape(thousands)
    if re.fullmatch(rf"[+-]?\d{{1,3}}(?:{mark}\d{{3}})+", whole, re.ASCII):
        whole = whole.replace(thousands, "")
    return whole + point + rest


def _hint(text: str, decimal: str, thousands: str | None) -> str:
    if decimal == "." and re.fullmatch(r"[+-]?\d*,\d+", text, re.ASCII):
        if re.fullmatch(r"[+-]?\d{1,3},\d{3}", text, re.ASCII):
            return (
                "if the comma is a decimal point: --decimal ,  "
                "if it is a thousands separator: --thousands ,"
            )
        return "if the comma is a decimal point: --decimal ,"
    if thousands is None and re.fullmatch(
        r"[+-]?\d{1,3}([ ,'\u00a0\u202f.]\d{3})+(?:[.,]\d+)?", text, re.ASCII
    ):
        match = re.search(r"[^\d+-]", text)
        mark = repr(match.group()) if match else ""
        return f"if {mark} is a thousands separator: --thousands {mark}" if match else ""
    return ""
