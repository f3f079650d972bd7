"""Options on how files are read, the same for every command that reads any."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Annotated, Any, Literal

import typer

from lossctl.catalogue.options import flag
from lossctl.errors import UsageError, quote

ROWS = "Rows and columns"
READING = "Reading files"


@dataclass(frozen=True)
class ReadingOptions:
    """How files are read, as options of a command."""

    columns: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROLE=COLUMN[+COLUMN...],...",
            help="Which columns play which role. Write \\ before , + = or \\ in a name. "
            "Repeatable.",
            rich_help_panel=ROWS,
        ),
    ] = None
    on: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help="Match rows by this key, not by position. Repeatable.",
            rich_help_panel=ROWS,
        ),
    ] = None
    on_missing_keys: Annotated[
        Literal["error", "inner"],
        typer.Option(
            help="What to do with keys that are missing from a file (with --on).",
            rich_help_panel=ROWS,
        ),
    ] = "error"
    unit: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Rows with the same value form a unit, such as an image or a sentence. The loss "
            "is computed per unit, then averaged.",
            rich_help_panel=ROWS,
        ),
    ] = None
    missing: Annotated[
        Literal["error", "skip"],
        typer.Option(help="What to do with rows that have a missing value.", rich_help_panel=ROWS),
    ] = "error"
    delimiter: Annotated[
        str | None,
        typer.Option(
            metavar="CHARACTER",
            help="Column separator; also tab, comma, semicolon, pipe or space.",
            show_default="detected",
            rich_help_panel=READING,
        ),
    ] = None
    decimal: Annotated[
        str,
        typer.Option(metavar="CHARACTER", help="Decimal separator.", rich_help_panel=READING),
    ] = "."
    thousands: Annotated[
        str | None,
        typer.Option(
            metavar="CHARACTER", help="Separator between thousands.", rich_help_panel=READING
        ),
    ] = None
    encoding: Annotated[
        str | None,
        typer.Option(help="Encoding of text files.", show_default="utf-8", rich_help_panel=READING),
    ] = None
    no_header: Annotated[
        bool,
        typer.Option(
            "--no-header",
            help="The first row is data; the columns are named 1, 2, 3 and so on.",
            rich_help_panel=READING,
        ),
    ] = False
    channels: Annotated[
        Literal["first", "last"] | None,
        typer.Option(
            help="Axis of the channels in arrays with 3 or 4 dimensions.",
            show_default="last of 4, none of 3",
            rich_help_panel=READING,
        ),
    ] = None
    max_bytes: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Largest size that a compressed file may expand to.",
            show_default="64 GiB",
            rich_help_panel=READING,
        ),
    ] = None

    def for_roles(self, roles: Sequence[str], **more: Any) -> Any:  # noqa: ANN401
        """Return what the readers need to know.

        Args:
            roles: the roles that there are.
            more: fields of `lossctl.tables.Reading` for which there is no option here.

        Raises:
            UsageError: a role is unknown, or has its columns twice.
        """
        from lossctl.tables import Reading  # noqa: PLC0415  # --help needs no pandas

        options = {field.name: getattr(self, field.name) for field in fields(self)}
        options["columns"] = columns_by_role(options["columns"] or [], roles)
        options["on"] = tuple(options["on"] or ())
        options["header"] = not options.pop("no_header")
        max_bytes = options.pop("max_bytes")
        reading = Reading(**options, **more)
        return reading if max_bytes is None else replace(reading, max_bytes=max_bytes)

    def words(self) -> list[str]:
        """Write the options that are given as they are typed, each value quoted for the shell."""
        from lossctl.advice.answer import quoted  # noqa: PLC0415

        words = []
        for field in fields(self):
            value = getattr(self, field.name)
            if value != field.default:
                values = value if isinstance(value, list) else [value]
                words += [flag(field.name, one is True or quoted(str(one))) for one in values]
        return words


def columns_by_role(texts: Sequence[str], roles: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    r"""Read `--columns`: a backslash takes the special meaning from the next character.

    Args:
        texts: the values of the option.
        roles: the roles that there are.

    Raises:
        UsageError: there are no columns for a role, or twice, or the role is unknown.

    >>> columns_by_role([r"prediction=p0+p1,target=a\,b"], ["prediction", "target"])
    {'prediction': ('p0', 'p1'), 'target': ('a,b',)}
    """
    chosen: dict[str, tuple[str, ...]] = {}
    for text in texts:
        for name, columns in _pairs(text):
            role = name.strip()
            if columns is None:
                raise UsageError(
                    f"--columns needs ROLE=COLUMN, not {quote(role)}",
                    f"--columns {roles[0]}={role}" if role else "",
                )
            if role not in roles:
                raise UsageError.unknown("role", role, roles)
            if role in chosen:
                raise UsageError(f"--columns names {role} twice")
            chosen[role] = tuple(columns)
    return chosen


def _pairs(text: str) -> Iterator[tuple[str, list[str] | None]]:
    """Yield each role with its columns, or with None if there is no equals sign."""
    role, columns = "", None
    for character, special in [*_characters(text), (",", True)]:
        if special and character == ",":
            yield role, columns
            role, columns = "", None
        elif columns is None and special and character == "=":
            columns = [""]
        elif columns is None:
            role += character
        elif special and character == "+":
            columns.append("")
        else:
            columns[-1] += character


def _characters(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the characters that are meant, and whether each may be special."""
    characters = iter(text)
    for character in characters:
        if character == "\\":
            yield next(characters, character), False
        else:
            yield character, True
