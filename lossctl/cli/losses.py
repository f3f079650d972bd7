"""A command for each loss, made from its signature when it is asked for."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer

from lossctl.cli.parameters import Group, command_of
from lossctl.errors import LossctlError

FOR_LOSS = "Options of this loss"


class LossGroup(Group):
    """A group whose commands are the losses, made when they are asked for."""

    run: Callable[..., None]

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002, D102
        from lossctl.catalogue.scan import load  # noqa: PLC0415  # --help of lossctl needs no numpy

        return list(load())

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401, ARG002, D102
        from lossctl.catalogue.names import look_up  # noqa: PLC0415

        loss, twin = look_up(cmd_name)
        return command_for(loss, twin, type(self).run)


def command_of_losses(run: Callable[..., None], summary: str, usage: str) -> Any:  # noqa: ANN401
    """Make the command whose commands are the losses, each of which runs the function."""
    app = typer.Typer(
        cls=type("LossesOf", (LossGroup,), {"run": staticmethod(run)}),
        help=summary,
        subcommand_metavar=usage,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    app.callback()(lambda: None)
    return typer.main.get_command(app)


def command_for(loss: Any, twin: Any, run: Callable[..., None]) -> Any:  # noqa: ANN401
    """Make the command that runs a loss: the shared parameters, then the loss's own options."""
    shared = [
        parameter
        for name, parameter in inspect.signature(run, eval_str=True).parameters.items()
        if name not in ("loss", "twin", "given")
    ]
    own = [_parameter(each) for each in loss.settings.values()]

    def command(**values: Any) -> None:  # noqa: ANN401
        given = {name: values.pop(name) for name in loss.settings}
        run(loss, twin, _parsed(loss.settings, given), **values)

    command.__signature__ = inspect.Signature([*own, *shared])  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in [*own, *shared]}
    command.__doc__ = (
        f"{loss.summary}\n\nRoles, in the order of the files: {', '.join(loss.roles)}."
    )
    made = command_of(command, loss.name, short_help=loss.summary)
    made.rich_help_panel = loss.family.capitalize()
    return made


def _parameter(setting: Any) -> inspect.Parameter:  # noqa: ANN401
    words = f"{setting.option.help[0].upper()}{setting.option.help[1:]}: {setting.range}."
    default = "none" if setting.default is None else _written(setting.default)
    flag = f"{setting.flag}/--no-{setting.flag[2:]}" if setting.type is bool else setting.flag
    kind = bool if setting.type is bool else str
    option = typer.Option(
        flag,
        help=words.replace("[", "\\["),  # not markup
        show_default=default,
        rich_help_panel=FOR_LOSS,
        metavar=None if setting.type is bool else _metavar(setting),
        autocompletion=(lambda: list(setting.choices)) if setting.choices else None,
    )
    return inspect.Parameter(
        setting.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[kind | None, option],
    )


def _metavar(setting: Any) -> str:  # noqa: ANN401
    if setting.choices:
        return f"[{'|'.join(setting.choices)}]"
    return {int: "INTEGER", float: "NUMBER", str: "TEXT"}[setting.type]


def _written(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _parsed(settings: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Read the options that were given; a loss reads them in the same way in the library."""
    return {
        name: settings[name].parsed(value) if isinstance(value, str) else value
        for name, value in given.items()
        if value is not None
    }


def complete(incomplete: str) -> list[str]:
    """Complete the name of a loss."""
    from lossctl.catalogue.scan import load  # noqa: PLC0415

    try:
        return [name for name in load() if name.startswith(incomplete)]
    except LossctlError:
        return []
