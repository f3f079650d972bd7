"""A command for each loss, made from its signature when it is asked for."""

from __future__ import annotations

import contextlib
import inspect
import shlex
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

import typer

from lossctl.catalogue.options import flag
from lossctl.cli.commands import Group, command_of
from lossctl.cli.parameters import Bundle, optional
from lossctl.errors import UsageError

FOR_LOSS = "Options of this loss"

FRAMEWORKS = ("torch", "keras", "sklearn", "optax", "scipy", "statsmodels", "torchvision")


Examples: TypeAlias = Callable[[Any], Sequence[tuple[str, str]]]
"""Makes the examples for the help of a loss."""


class LossGroup(Group):
    """A group whose commands are the losses, made when they are asked for."""

    def __init__(
        self,
        name: str,
        help: str,  # noqa: A002
        *,
        run: Callable[..., None],
        examples: Examples,
        common: Sequence[str],
    ) -> None:
        """Make the group.

        Args:
            name: its name.
            help: its help.
            run: the function that each command calls with the loss, the twin whose name was used,
                the options of the loss that are given, and its own parameters.
            examples: makes the examples for the help of a loss.
            common: the parameters that the help of the group explains; the others are only in the
                help of each loss.
        """
        super().__init__(name=name, help=help)
        self._run, self._examples, self._common = run, examples, common

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002, D102
        from lossctl.catalogue.scan import load  # noqa: PLC0415  # --help of lossctl needs no losses

        return list(load())

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401, ARG002, D102
        from lossctl.catalogue.names import UnknownLoss, look_up  # noqa: PLC0415

        try:
            loss, twin = look_up(cmd_name)
        except UnknownLoss:
            return None
        return command_of(
            partial(self._run, loss, twin),
            loss.name,
            help=f"{loss.summary}\n\nInputs, in the order of the files: {', '.join(loss.roles)}.",
            examples=self._examples(loss),
            options=_options(loss),
        )

    def unknown(self, ctx: Any, name: str, rest: Sequence[str]) -> UsageError:  # noqa: ANN401
        """Make the error for a loss that does not exist, with the command that was meant."""
        return unknown_loss(name, ctx.command_path, rest)

    def misused(self, ctx: Any, name: str, args: Sequence[str]) -> UsageError:  # noqa: ANN401
        """Make the error for an unknown option, or one that is put before the loss."""
        from lossctl.catalogue.names import UnknownLoss, look_up  # noqa: PLC0415

        for place, word in enumerate(args):
            with contextlib.suppress(UnknownLoss):
                look_up(word)
                words = shlex.join([word, *args[:place], *args[place + 1 :]])
                return UsageError(f"{name} must follow the loss", f"{ctx.command_path} {words}")
        return super().misused(ctx, name, args)

    def help_page(self, ctx: Any) -> Any:  # noqa: ANN401
        """Say what all losses have in common, and where they are listed."""
        from lossctl.cli.help_page import Row, page  # noqa: PLC0415

        template = command_of(partial(self._run, None, None), "LOSS", options=Bundle([], dict))
        common = [option for option in template.params if option.name in self._common]
        return page(
            ctx.command_path,
            str(self.help),
            arguments=[Row("LOSS", "A loss, by any of its names: see lossctl list.")],
            parameters=[*common, *self.get_params(ctx)],
            examples=self.examples_of(ctx),
        )


def unknown_loss(name: str, command: str, rest: Sequence[str]) -> UsageError:
    """Make the error for a name that no loss has, with the command that was meant.

    Args:
        name: the name.
        command: the command that takes a loss: `lossctl compute`.
        rest: its arguments after the loss.
    """
    from lossctl.catalogue.names import UnknownLoss, look_up  # noqa: PLC0415

    error = UnknownLoss(name)
    if not error.instead:
        return UsageError(error.message, error.hint or "lossctl list")
    loss = look_up(error.instead.partition(" ")[0])[0]
    if rest and list(loss.roles) != ["prediction", "target"]:  # it takes other files
        return UsageError(error.message, f"lossctl show {error.instead}")
    return UsageError(error.message, " ".join([command, error.instead, shlex.join(rest)]).rstrip())


def _options(loss: Any) -> Bundle:  # noqa: ANN401
    """Bundle the options of a loss."""
    parameters = [_parameter(setting) for setting in loss.settings.values()]
    return Bundle(parameters, partial(_parsed, loss.settings))


def _parameter(setting: Any) -> inspect.Parameter:  # noqa: ANN401
    text = f"{setting.option.help[0].upper()}{setting.option.help[1:]}"
    switch = setting.type is bool
    if not switch and setting.range not in EVERYTHING:
        text += f": {setting.range}"
    information = typer.Option(
        f"{setting.flag}/--no-{setting.flag[2:]}" if switch else setting.flag,
        help=f"{text}.",
        show_default=_written(setting.default),
        rich_help_panel=FOR_LOSS,
        metavar=None if switch else _value_name(setting),
        autocompletion=(lambda: list(setting.choices)) if setting.choices else None,
    )
    return optional(setting.name, bool if switch else str, information)


EVERYTHING = ("a number", "text")
"""Ranges that say no more than the name of the value does."""


def _value_name(setting: Any) -> str:  # noqa: ANN401
    if setting.choices:
        return "NAME"
    return {int: "INTEGER", float: "NUMBER", str: "TEXT"}[setting.type]


def _written(value: Any) -> str:  # noqa: ANN401
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _parsed(settings: Mapping[str, Any], **values: Any) -> dict[str, Any]:  # noqa: ANN401
    """Read the options that are given; a loss reads them in the same way in the library."""
    return {
        name: settings[name].parsed(value) if isinstance(value, str) else value
        for name, value in values.items()
        if value is not None
    }


def example_option(loss: Any) -> str:  # noqa: ANN401
    """Write an option of a loss with a value that is not its default; nothing if there is none.

    >>> from lossctl.catalogue.names import find
    >>> example_option(find("quantile")[0]), example_option(find("mae")[0])
    ('--tau 0.9', '')
    """
    for setting in loss.settings.values():
        if setting.type is bool:
            return flag(setting.name, not setting.default)
        for choice in setting.choices:
            if setting.default not in (None, choice):
                return flag(setting.name, choice)
        if setting.type is float and setting.default is not None and abs(setting.default) > 0.01:
            values = (2, 0.5, 0.9)
            within = setting.option.within
            value = next(one for one in values if one != setting.default and one in within)
            return flag(setting.name, value)
    return ""


def complete(incomplete: str) -> list[str]:
    """Complete the name of a loss."""
    from lossctl.catalogue.scan import load  # noqa: PLC0415

    return [name for name in load() if name.startswith(incomplete)]


def complete_framework(incomplete: str) -> list[str]:
    """Complete the name of a framework."""
    return [name for name in FRAMEWORKS if name.startswith(incomplete)]
