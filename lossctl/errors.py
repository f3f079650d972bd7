"""Everything lossctl says when it cannot go on; each sentence is built in one place."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class LossctlError(Exception):
    """A message for the user, with what to try next and the exit code it stands for."""

    exit_code = 2

    def __init__(self, message: str, hint: str = "") -> None:
        """Keep the message and the hint apart, so that each can be shown in its own way."""
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Join message and hint as one text of one or two lines."""
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class UsageError(LossctlError):
    """What was asked for makes no sense, whatever the data say."""

    @classmethod
    def unknown(cls, what: str, name: str, known: Iterable[str], of: str = "") -> UsageError:
        """Name the unknown thing, what it should be a part of, and the nearest known ones."""
        names = sorted(known)
        lowered = {known_name.lower(): known_name for known_name in names}
        close = _nearest(name.lower(), list(lowered))
        if close:
            hint = "did you mean " + " or ".join(quote(lowered[match]) for match in close) + "?"
        elif len(names) > MANY:
            hint = ""
        else:
            hint = f"there are: {listing(names)}" if names else ""
        return cls(f"there is no {what} {quote(name)}{f' of {of}' if of else ''}", hint)


class PluginSkipped(UserWarning):  # it is what happened
    """A plug-in with losses could not be loaded, so that its losses are missing."""


class DataError(LossctlError):
    """The data cannot be used: unreadable, misaligned, out of domain or empty."""

    exit_code = 3


def _nearest(name: str, names: list[str]) -> list[str]:
    """Return up to three names that are about as near as the nearest, if that is near at all."""
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    ratios = {each: difflib.SequenceMatcher(None, each, name).ratio() for each in close}
    return [each for each in close if ratios[each] > ratios[close[0]] - 0.2]


MANY = 12
"""More names than this are not listed in a message."""


def listing(names: Iterable[str]) -> str:
    """Quote the first few of some names, and count the rest."""
    quoted = [quote(name) for name in names]
    if len(quoted) <= MANY:
        return ", ".join(quoted)
    return ", ".join(quoted[:MANY]) + f" and {len(quoted) - MANY:,} more"


def plural(count: int, noun: str) -> str:
    """Count things: '1 row', '2,000 rows', '3 classes'."""
    if count == 1:
        return f"1 {noun}"
    return f"{count:,} {noun}{'es' if noun.endswith('s') else 's'}"


def quote(text: str, longest: int = 60) -> str:
    """Put text that came from outside in quotes, made visible and kept short."""
    shown = visible(text)
    if len(shown) > longest:
        shown = shown[: longest - 1] + "…"
    return f"'{shown}'"


def visible(text: str) -> str:
    """Show control, bidi and other invisible characters as escapes, and keep the rest."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


class OutOfDomain(DataError):
    """A value that its role cannot hold; whoever knows the file adds the place."""

    def __init__(
        self,
        role: str,
        row: int,
        column: int,
        value: str,
        expected: str,
        hint: str = "",
        of: str = "",
    ) -> None:
        """Say what was found in which cell of which role, and what belongs there.

        `of` names the role whose rows a weight belongs to, where roles have rows of their own.
        """
        self.role, self.row, self.column, self.of = role, row, column, of
        self.value, self.expected = value, expected
        array = f"{role} of {of}" if of else role
        index = f"{array}[{row}]" if column < 0 else f"{array}[{row}, {column}]"
        super().__init__(f"{index}: {value} is not {expected}", hint)

    def at(self, place: str, cell: str) -> DataError:
        """Make the same error with the file, line and column in front."""
        return DataError(f"{place}: {quote(cell)} is not {self.expected}", self.hint)

    def shifted(self, rows: int) -> OutOfDomain:
        """Make the same error for data that has so many rows in front of it."""
        row, expected = self.row + rows, self.expected
        return OutOfDomain(self.role, row, self.column, self.value, expected, self.hint, self.of)

    def advised(self, hint: str) -> OutOfDomain:
        """Make the same error with other advice."""
        row, expected = self.row, self.expected
        return OutOfDomain(self.role, row, self.column, self.value, expected, hint, self.of)
