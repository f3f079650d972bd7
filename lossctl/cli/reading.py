"""Options on how files are read, the same for every command that reads any."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

import typer

from lossctl.errors import UsageError, quote

ROWS = "Rows and columns"
READING = "Reading"

ColumnsOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ROLE=COLUMN[+COLUMN...],...",
        help="Which columns play which role. Repeatable; \\ before , + = or \\ in a name.",
        rich_help_panel=ROWS,
    ),
]
OnOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN",
        help="Match the rows of the files by key instead of by position. Repeatable.",
        rich_help_panel=ROWS,
    ),
]
MissingKeysOption = Annotated[
    Literal["error", "inner"],
    typer.Option(help="With --on: keys that not every file has.", rich_help_panel=ROWS),
]
UnitOption = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Rows that share its value are one unit: a picture, a sentence, a patient. "
        "A loss is computed of each unit, and these are averaged.",
        rich_help_panel=ROWS,
    ),
]
MissingOption = Annotated[
    Literal["error", "skip"],
    typer.Option(help="Rows with a missing number.", rich_help_panel=ROWS),
]
DelimiterOption = Annotated[
    str | None,
    typer.Option(
        help="Between columns: a character, or tab, comma, semicolon, pipe, space.",
        show_default="found out",
        rich_help_panel=READING,
    ),
]
DecimalOption = Annotated[str, typer.Option(help="The decimal point.", rich_help_panel=READING)]
ThousandsOption = Annotated[
    str | None,
    typer.Option(help="Between groups of three digits.", rich_help_panel=READING),
]
EncodingOption = Annotated[
    str | None,
    typer.Option(help="Encoding of text files.", show_default="utf-8", rich_help_panel=READING),
]
NoHeaderOption = Annotated[
    bool,
    typer.Option(
        "--no-header",
        help="The first row is data; columns are named 1, 2, ….",
        rich_help_panel=READING,
    ),
]
ChannelsOption = Annotated[
    Literal["first", "last"] | None,
    typer.Option(
        help="Where the channels of arrays of 3 or 4 dimensions stand.",
        show_default="last of 4, none of 3",
        rich_help_panel=READING,
    ),
]
MaxBytesOption = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Largest size to which a compressed file may grow.",
        show_default="64 GiB",
        rich_help_panel=READING,
    ),
]


def reading_of(
    roles: Sequence[str],
    *,
    columns: ColumnsOption = None,
    on: OnOption = None,
    on_missing_keys: MissingKeysOption = "error",
    unit: UnitOption = None,
    missing: MissingOption = "error",
    delimiter: DelimiterOption = None,
    decimal: DecimalOption = ".",
    thousands: ThousandsOption = None,
    encoding: EncodingOption = None,
    no_header: NoHeaderOption = False,
    channels: ChannelsOption = None,
    max_bytes: MaxBytesOption = None,
) -> Any:  # noqa: ANN401  # the readers are loaded when they are needed
    """Make of these options what the readers want to know, for the roles that there are."""
    from lossctl.tables import Reading  # noqa: PLC0415  # --help needs no pandas

    reading = Reading(
        columns=of_roles(columns or [], roles),
        on=tuple(on or ()),
        on_missing_keys=on_missing_keys,
        unit=unit,
        missing=missing,
        delimiter=delimiter,
        decimal=decimal,
        thousands=thousands,
        encoding=encoding,
        header=not no_header,
        channels=channels,
    )
    return reading if max_bytes is None else replace(reading, max_bytes=max_bytes)


def of_roles(texts: Sequence[str], roles: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Read `prediction=p0+p1,target=y`; a backslash takes the meaning from the next character."""
    chosen: dict[str, tuple[str, ...]] = {}
    for text in texts:
        for pair in _split(text, ","):
            role, *rest = _split(pair, "=")
            role = _plain(role).strip()
            if not rest:
                raise UsageError(
                    f"--columns needs ROLE=COLUMN, not {quote(pair)}",
                    f"for instance --columns {roles[0]}={pair}",
                )
            if role not in roles:
                raise UsageError.unknown("role", role, roles)
            if role in chosen:
                raise UsageError(f"--columns names {role} twice")
            chosen[role] = tuple(_plain(name) for name in _split("=".join(rest), "+"))
    return chosen


def _split(text: str, mark: str) -> list[str]:
    return re.split(rf"(?<!\\)(?:\\\\)*{re.escape(mark)}", text)


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)
