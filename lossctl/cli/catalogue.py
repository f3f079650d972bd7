"""`lossctl list`: all losses, by family."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lossctl.cli.commands import command_of
from lossctl.cli.output import PageOutput
from lossctl.errors import UsageError
from lossctl.report import Column, Table


def _complete_family(incomplete: str) -> list[str]:
    from lossctl.catalogue.names import family_names  # noqa: PLC0415

    return [name for name in family_names() if name.startswith(incomplete)]


def list_losses(
    *,
    family: Annotated[
        str | None,
        typer.Option(help="Only the losses of this family.", autocompletion=_complete_family),
    ] = None,
    output: PageOutput,
) -> None:
    """List all losses by family, with a summary of each."""
    from lossctl.catalogue.names import family_names  # noqa: PLC0415  # --help needs no losses
    from lossctl.catalogue.scan import load  # noqa: PLC0415

    output.check()
    if family is not None and family not in family_names():
        raise UsageError.unknown("family", family, family_names())
    rows = [
        (
            loss.name,
            loss.family,
            loss.summary,
            list(loss.aliases),
            list(loss.roles),
            list(dict.fromkeys(twin.framework for twin in loss.twins)),
        )
        for loss in load().values()
        if family in (None, loss.family)
    ]
    columns = (
        Column("name"),
        Column("family"),
        Column("summary"),
        Column("aliases", audience="machines"),
        Column("roles", audience="machines"),
        Column("frameworks", audience="machines"),
    )
    output.emit(Table("losses", columns, rows, "name"))


def command() -> Any:  # noqa: ANN401
    """Make the command."""
    return command_of(list_losses, "list")
