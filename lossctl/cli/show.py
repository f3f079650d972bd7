"""`lossctl show`: all that is known of one loss, with the user's options filled in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from lossctl.cli.losses import command_of_losses
from lossctl.cli.output import FilesOption, FormatOption, Output


def show(
    loss: Any,  # noqa: ANN401
    twin: Any,  # noqa: ANN401
    given: Mapping[str, Any],
    *,
    like: Annotated[
        str | None, typer.Option(help="The framework whose conventions to show.")
    ] = None,
    form: FormatOption = None,
    output: FilesOption = None,
) -> None:
    """Explain one loss."""
    from lossctl.catalogue.names import find  # noqa: PLC0415
    from lossctl.explorer.loss_page import loss_page  # noqa: PLC0415  # --help needs no numpy

    find(loss.name)  # a name that several losses share has no page
    destination = Output(form, output or [], None)
    destination.emit(loss_page(loss, given, like=like, twin=None if like else twin))


def command() -> Any:  # noqa: ANN401
    """Make the command."""
    summary = "Explain a loss: formula, roles, options, and the same in other frameworks."
    return command_of_losses(show, summary, "LOSS [OPTIONS]")
