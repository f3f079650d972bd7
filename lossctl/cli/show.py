"""`lossctl show`: all that is known of one loss, with the user's options filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from lossctl.cli.losses import LossGroup, complete_framework, example_option
from lossctl.cli.output import PageOutput


def show(
    loss: Any,  # noqa: ANN401
    twin: Any,  # noqa: ANN401
    options: Mapping[str, Any],
    *,
    like: Annotated[
        str | None,
        typer.Option(
            metavar="FRAMEWORK",
            help="Show the conventions of this framework.",
            autocompletion=complete_framework,
        ),
    ] = None,
    output: PageOutput,
) -> None:
    """Explain one loss."""
    from lossctl.catalogue.names import find  # noqa: PLC0415
    from lossctl.explorer.loss_page import loss_page  # noqa: PLC0415  # --help needs no numpy

    find(loss.name)  # a name that several losses share has no page
    output.check()
    output.emit(loss_page(loss, options, like=like, twin=None if like else twin))


def _examples(loss: Any) -> Sequence[tuple[str, str]]:  # noqa: ANN401
    command = f"lossctl show {loss.name}"
    examples = [("Formula, options and equivalents", command)]
    if option := example_option(loss):
        examples.append(("With an option of the loss filled in", f"{command} {option}"))
    return [*examples, ("For a program", f"{command} --format json")]


def command() -> Any:  # noqa: ANN401
    """Make the command."""
    return LossGroup(
        "show",
        "Explain a loss: formula, inputs, options, and its equivalents in other frameworks.\n\n"
        "Options of the loss, such as --delta, are filled in.",
        run=show,
        examples=_examples,
        common=("like", "form", "paths"),
    )
