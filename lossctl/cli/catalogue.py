"""`lossctl list`: the losses there are."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lossctl.cli.output import FilesOption, FormatOption, Output
from lossctl.cli.parameters import command_of
from lossctl.errors import UsageError
from lossctl.report import Column, Table


def _complete_family(incomplete: str) -> list[str]:
    from lossctl.catalogue.names import family_names  # noqa: PLC0415

    return [name for name in family_names() if name.startswith(incomplete)]


def list_losses(
    family: Annotated[
        str | None,
        typer.Option(help="Only the losses of one family.", autocompletion=_complete_family),
    ] = None,
    form: FormatOption = None,
    output: FilesOption = None,
) -> None:
    """List the losses, with their other names and the frameworks that have them."""
    from lossctl.catalogue.names import family_names  # noqa: PLC0415  # --help needs no numpy
    from lossctl.catalogue.scan import load  # noqa: PLC0415  # --help needs no numpy

    destination = Output(form, output or [], None)
    if family is not None and family not in family_names():
        raise UsageError.unknown("family", family, family_names())
    rows = [
        (
            each.name,
            each.family,
            each.summary,
            list(each.aliases),
            list(each.roles),
            list(dict.fromkeys(twin.framework for twin in each.twins)),
        )
        for each in load().values()
        if family in (None, each.family)
    ]
    columns = (
        Column("name"),
        Column("family"),
        Column("summary"),
        Column("aliases", audience="machines"),
        Column("roles", audience="machines"),
        Column("frameworks", audience="machines"),
    )
    destination.emit(Table("losses", columns, rows, "name"))


def command() -> Any:  # noqa: ANN401
    """Make the command."""
    return command_of(list_losses, "list")
