"""The errors of lossctl, and how their messages are built."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


class LossctlError(Exception):
    """A message for the user, with what to try next and the exit code that it means."""

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
        """Reject a name that does not exist, and suggest the nearest ones that do.

        Args:
            what: what the name should be the name of: "loss", "column".
            name: the name.
            known: the names that exist.
            of: what these names belong to.

        >>> print(UsageError.unknown("loss", "hubr", ["huber", "mse"]))
        unknown loss 'hubr'
        did you mean 'huber'?
        """
        names = sorted(known)
        close = nearest(name, names)
        if close:
            hint = f"did you mean {alternatives(map(quote, close))}?"
        elif 0 < len(names) <= MANY:
            hint = f"one of {listing(names)}"
        else:
            hint = ""
        return cls(f"unknown {what} {quote(name)}{f' of {of}' if of else ''}", hint)


class PluginSkipped(UserWarning):
    """A plug-in with losses could not be loaded, so that its losses are missing."""


class DataError(LossctlError):
    """The data cannot be used: unreadable, misaligned, out of domain or empty."""

    exit_code = 3


def nearest(name: str, names: Sequence[str]) -> list[str]:
    """Return up to three names that a misspelt one can mean: typos first, then parts of names.

    A name is only suggested if few letters differ, so that an abbreviation never leads to another
    one that means something else.

    >>> nearest("mea", ["mae", "mape", "mse"]), nearest("accuracy", ["jaccard"])
    (['mae'], [])
    >>> nearest("focal", ["binary_focal", "dice", "dice_focal"])
    ['binary_focal', 'dice_focal']
    """
    folded = _folded(name)
    limit = min(max(1, len(folded) // 3), 3)
    typos = {known: _typos(folded, _folded(known), limit) for known in names}
    least = min(typos.values(), default=limit + 1)
    if least <= limit:
        return [known for known in names if typos[known] == least][:3]
    words = set(folded.split("_"))
    return [known for known in names if words <= set(_folded(known).split("_"))][:3]


def _folded(name: str) -> str:
    return re.sub(r"[\W_]+", "_", name.lower())


def _typos(name: str, known: str, limit: int) -> int:
    """Count the letters missing, added, replaced or swapped; more than `limit` is not exact.

    A replaced letter counts twice in names of up to three letters: `nce` is no misspelt `cce`.
    """
    if abs(len(name) - len(known)) > limit:
        return limit + 1
    replaced = 1 if len(name) > 3 else 2
    before: list[int] = []
    row = list(range(len(known) + 1))
    for i, letter in enumerate(name, 1):
        before, last, row = row, before, [i]
        for j, other in enumerate(known, 1):
            cost = min(before[j] + 1, row[-1] + 1, before[j - 1] + replaced * (letter != other))
            if i > 1 and j > 1 and (letter, other) == (known[j - 2], name[i - 2]):
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]


MANY = 12
"""More names than this are not listed in a message."""


def listing(names: Iterable[str]) -> str:
    """Quote the first few of some names, and count the rest."""
    quoted = [quote(name) for name in names]
    if len(quoted) <= MANY:
        return ", ".join(quoted)
    return ", ".join(quoted[:MANY]) + f" and {len(quoted) - MANY:,} more"


def alternatives(words: Iterable[str]) -> str:
    """Join words that exclude each other.

    >>> alternatives(["text", "json", "csv"])
    'text, json or csv'
    """
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last


def plural(count: int, noun: str) -> str:
    """Count things: '1 row', '2,000 rows', '3 classes'."""
    if count == 1:
        return f"1 {noun}"
    return f"{count:,} {noun}{'es' if noun.endswith('s') else 's'}"


def quote(text: str, longest: int = 60) -> str:
    """Put text that came from outside in quotes, with invisible characters shown, and shortened."""
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
