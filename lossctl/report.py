"""The one neutral result of every command: what was found, before it has a format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Cell: TypeAlias = "str | int | float | bool | Sequence[Cell] | Mapping[str, Cell] | None"


@dataclass(frozen=True)
class Note:
    """Something a reader of a number must know: what was clipped, mapped, skipped or left out."""

    kind: str
    count: int
    message: str


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Args:
        name: its heading, and its key in JSON.
        kind: what its cells hold; formats align, round and protect by it.
        within: the key of a JSON object that holds it together with its like.
        audience: "all", "machines" for what only a program wants, "people" for what only they do.
    """

    name: str
    kind: Literal["text", "count", "number", "flag", "nested"] = "text"
    within: str = ""
    audience: Literal["all", "machines", "people"] = "all"


@dataclass(frozen=True)
class Table:
    """Rows under columns; `name` is the key of the list in JSON.

    `values` names the column that is the result itself, for formats that print nothing else.
    """

    name: str
    columns: tuple[Column, ...]
    rows: Iterable[tuple[Cell, ...]]
    values: str = ""
    footer: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class Page:
    """One thing and all that is known of it: fields for programs, headed sections for people.

    `table` is what of it formats show that hold rows only; without one, the fields are one row.
    """

    title: str
    fields: Mapping[str, Cell]
    sections: Mapping[str, str]
    table: Table | None = None


Report: TypeAlias = Table | Page
