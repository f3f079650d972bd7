"""The code that `lossctl show` prints for a twin, with every sort of value that an option can have.

A new loss or twin is covered as soon as it is in the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lossctl.catalogue.definition import Loss, Twin
from lossctl.catalogue.options import Setting, Value
from lossctl.engine.computation import prepare


@dataclass(frozen=True)
class Snippet:
    """Code of a twin as it is shown, and the options and conventions that it is shown with."""

    options: Mapping[str, Value]
    reduction: str
    code: str


def snippets(loss: Loss, twin: Twin) -> Iterator[Snippet]:
    """Yield the code with the default options, and with each of its options at each value."""
    computation = prepare(loss, {})
    defaults = {**computation.options, **computation.conventions}
    changes: list[dict[str, Value]] = [{}]
    changes += [
        {name: value}
        for name, setting in loss.settings.items()
        if f"{{{name}}}" in twin.code
        for value in values_of(setting)
    ]
    shown = set()
    for reduction in twin.spelling:
        for change in changes:
            options = twin.accepted({**defaults, **change, "reduction": reduction})
            code = twin.filled(options, reduction, weighted=False)
            if code not in shown:
                yield Snippet(options, reduction, code)
            shown.add(code)


def values_of(setting: Setting) -> list[Value]:
    """List values of every sort: none, on and off, each choice, the default, ends of the range."""
    values: list[Value] = [None] if setting.optional else []
    if setting.type is bool:
        return [*values, False, True]
    if setting.choices:
        return [*values, *setting.choices]
    if setting.type is str:
        return [*values, 'it\'s "1"']
    within = setting.option.within
    inner = (0, 1) if setting.type is int else (1e-9, 0.25, 0.5, 1.0, 2.0)
    legal = [number for number in (within.at_least, within.at_most, *inner) if number in within]
    return [*values, *(setting.type(number) for number in dict.fromkeys(legal))]
