"""The result of every command, before it has a format: a table, or a page of sections."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Literal, TypeAlias

Cell: TypeAlias = "str | int | float | bool | Sequence[Cell] | Mapping[str, Cell] | None"


@dataclass(frozen=True)
class Note:
    """What a reader of a number must know: values clipped, labels mapped, rows skipped."""

    kind: str
    count: int
    message: str


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Args:
        name: its heading, and its key in JSON.
        kind: what its cells hold; it decides alignment, rounding and escaping.
        within: the key of the JSON object that groups it with similar columns.
        audience: who needs it: "all", only "machines", or only "people".
    """

    name: str
    kind: Literal["text", "count", "number", "flag", "nested"] = "text"
    within: str = ""
    audience: Literal["all", "machines", "people"] = "all"


@dataclass(frozen=True)
class Table:
    """Rows under columns; `name` is the key of the list in JSON.

    `values` names the column that is the result itself, for formats that print only that.
    """

    name: str
    columns: tuple[Column, ...]
    rows: Iterable[tuple[Cell, ...]]
    values: str = ""
    footer: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class Code:
    """Something to be typed or run, within a text; no line breaks inside it."""

    text: str


@dataclass(frozen=True)
class Name:
    """The name of a loss or a rule, within a text; no line breaks inside it."""

    text: str


Part: TypeAlias = str | Code | Name
Text: TypeAlias = Part | tuple[Part, ...]


def parts(text: Text) -> tuple[Part, ...]:
    """Return the parts of a text, which may be a single one."""
    return text if isinstance(text, tuple) else (text,)


@dataclass(frozen=True)
class Paragraph:
    """Running prose."""

    text: Text


@dataclass(frozen=True)
class Points:
    """Remarks in no particular order."""

    points: tuple[Text, ...]


@dataclass(frozen=True)
class Entry:
    """A name and what is to be said about it, with details below."""

    name: Text
    text: Text = ""
    details: tuple[Item, ...] = ()


@dataclass(frozen=True)
class Entries:
    """Entries of one kind; `numbered` where their order is a ranking."""

    entries: tuple[Entry, ...]
    numbered: bool = False


@dataclass(frozen=True)
class Command:
    """A command line, and what there is to remark on it."""

    line: str
    remark: str = ""


@dataclass(frozen=True)
class Commands:
    """Command lines to copy."""

    commands: tuple[Command, ...]


@dataclass(frozen=True)
class Snippet:
    """Code or output that is shown as it is, line by line."""

    text: str
    language: str = ""


Item: TypeAlias = Paragraph | Points | Entries | Commands | Snippet


@dataclass(frozen=True)
class Section:
    """A part of a page."""

    heading: str
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Page:
    """One thing and all that is known of it: fields for programs, sections for people.

    The content has no width and no markup: each format lays it out in its own way. `table` is what
    formats of rows show; without one, the fields are one row each.
    """

    title: Text
    fields: Mapping[str, Cell]
    sections: tuple[Section, ...]
    table: Table | None = None


Report: TypeAlias = Table | Page


def prose(text: str) -> Text:
    r"""Read a text in which backticks mark code, and line breaks mean nothing.

    >>> prose("Above 0\nunless `squared`.")
    ('Above 0 unless ', Code(text='squared'), '.')
    """
    pieces = " ".join(text.split()).split("`")
    if len(pieces) % 2 == 0:  # a backtick that nothing closes is just one
        return "`".join(pieces)
    marked = (Code(piece) if place % 2 else piece for place, piece in enumerate(pieces))
    return tuple(part for part in marked if part)


def joined(texts: Iterable[Text], separator: str = ", ") -> Text:
    """Join texts with a separator between them."""
    all_parts: list[Part] = []
    for text in texts:
        all_parts += [separator, *parts(text)] if all_parts else parts(text)
    return tuple(all_parts)


def as_fields(value: Any) -> Any:  # noqa: ANN401  # whatever a result is made of
    """Return a value as JSON has it: a dataclass as an object of its fields, a set in order.

    >>> as_fields(Command("lossctl list"))
    {'line': 'lossctl list', 'remark': ''}
    """
    if is_dataclass(value):
        return {field.name: as_fields(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: as_fields(inner) for key, inner in value.items()}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple | list):
        return [as_fields(inner) for inner in value]
    return value
