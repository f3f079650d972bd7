"""The choice of a framework's twin that agrees with the options."""

from __future__ import annotations

from collections.abc import Mapping

from lossctl.catalogue.definition import Loss, Twin
from lossctl.catalogue.options import Value, flag
from lossctl.engine.conventions import CONVENTIONS
from lossctl.errors import UsageError


def twin_of_framework(
    loss: Loss, framework: str, options: Mapping[str, Value], chosen: set[str]
) -> Twin:
    """Choose the framework's twin that agrees with the options.

    Args:
        loss: the loss.
        framework: the framework.
        options: the values of all options, and of the conventions that the user set.
        chosen: the names of the options and conventions that the user set. Of several twins that
            agree, the one that needs most of these is taken.

    Raises:
        UsageError: the framework has no such loss, or none with these options.
    """
    of_framework = [twin for twin in loss.twins if twin.framework == framework]
    if not of_framework:
        others = "|".join(dict.fromkeys(twin.framework for twin in loss.twins))
        raise UsageError(
            f"{framework} has no equivalent of {loss.name}", f"--like {others}" if others else ""
        )
    values = {name: setting.default for name, setting in CONVENTIONS.items()} | dict(options)
    fitting = [
        twin
        for twin in of_framework
        if all(values[name] == value for name, value in twin.needs.items())
    ]
    if not fitting:
        needed = ", or ".join(_needed_options(twin) for twin in of_framework)
        raise UsageError(
            f"{framework} has no equivalent of {loss.name} with these options", f"use {needed}"
        )
    return max(fitting, key=lambda twin: len(chosen & twin.needs.keys()))


def twin_of_same_name(loss: Loss, twin: Twin, chosen: Mapping[str, object]) -> Twin:
    """Return the twin, or another of the same framework name that agrees with the user's options.

    Raises:
        UsageError: none does.
    """
    names = {twin.name, *twin.names}
    same_name = [other for other in loss.twins if {other.name, *other.names} & names]
    for candidate in [twin, *same_name]:
        if all(chosen.get(name, value) == value for name, value in candidate.needs.items()):
            return candidate
    name, value = next((n, v) for n, v in twin.needs.items() if chosen.get(n, v) != v)
    raise UsageError(
        f"{twin.name} implies {flag(name, value)}, not {flag(name, chosen[name])}",  # type: ignore[arg-type]
        f"to choose freely, use the name {loss.name}",
    )


def _needed_options(twin: Twin) -> str:
    return " ".join(flag(name, value) for name, value in twin.needs.items())
