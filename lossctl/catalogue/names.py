"""All losses: found by scanning, looked up by any name they go by."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import entry_points
from types import ModuleType

from lossctl.catalogue import families
from lossctl.catalogue.definition import Choice, Loss, Twin
from lossctl.errors import LossctlError, UsageError

PLUGINS = "lossctl.losses"
"""The entry-point group in which another package names a module of losses."""


@cache
def load() -> Mapping[str, Loss]:
    """Return every loss by name, sorted by family and, within it, as its module has them."""
    found: dict[str, Loss] = {}
    for module in _modules():
        for each in _marked(module):
            if each.name in found:
                raise LossctlError(f"two losses are named {each.name}")
            found[each.name] = each
    return found


@cache
def _names() -> Mapping[str, tuple[Loss | Choice, Twin | None]]:
    names: dict[str, tuple[Loss | Choice, Twin | None]] = {}
    for choice in choices():
        for name in (choice.name, *choice.aliases):
            names[_plain(name)] = choice, None
    for each in load().values():
        own: list[tuple[str, Twin | None]] = [(name, None) for name in (each.name, *each.aliases)]
        of_twins = [(name, twin) for twin in each.twins for name in twin.all_names]
        for name, twin in own + of_twins:
            known, _ = names.setdefault(_plain(name), (each, twin))
            if known is not each:
                raise LossctlError(f"{name} names both {known.name} and {each.name}")
    return names


@cache
def choices() -> list[Choice]:
    """Return the names that stand for several losses."""
    return [
        member
        for module in _modules()
        for member in vars(module).values()
        if isinstance(member, Choice)
    ]


def find(name: str) -> tuple[Loss, Twin | None]:
    """Look up a loss by name, alias or framework name; with the twin that the name belongs to.

    Case, hyphens, underscores and the word "loss" at the end do not matter.

    Raises:
        UsageError: nothing has that name; the nearest names are in the hint. Or it stands for
            several losses.

    >>> loss, twin = find("torch.nn.HuberLoss")
    >>> loss.name, twin.framework
    ('huber', 'torch')
    """
    found, twin = look_up(name)
    if isinstance(found, Choice):
        raise UsageError(
            f"{found.name} stands for several losses, chosen by the shapes of the data",
            f"name one: {', '.join(each.name for each in found.of)}",
        )
    return found, twin


def look_up(name: str) -> tuple[Loss | Choice, Twin | None]:
    """Look up a loss as `find` does, or a name that stands for several.

    Raises:
        UsageError: nothing has that name.

    >>> [each.name for each in look_up("cross_entropy")[0].of][-1]
    'binary_cross_entropy'
    """
    plain = _plain(name)
    found = _names().get(plain) or _names().get(plain.removesuffix("loss"))
    if found is None:
        raise UsageError.unknown("loss", name, all_names())
    return found


def all_names() -> list[str]:
    """Return every name that `find` knows, as it is usually written."""
    of_choices = [name for choice in choices() for name in (choice.name, *choice.aliases)]
    return of_choices + [
        name
        for each in load().values()
        for name in (
            each.name,
            *each.aliases,
            *(name for twin in each.twins for name in twin.all_names),
        )
    ]


def family_names() -> list[str]:
    """Return the names of the families, in the order of the catalogue."""
    return list(dict.fromkeys(each.family for each in load().values()))


def _plain(name: str) -> str:
    plain = re.sub("[-_\\s'\u2019]", "", name).lower()
    return plain.removeprefix("tf.").replace("optax.losses.", "optax.")


def _modules() -> Iterator[ModuleType]:
    for info in pkgutil.iter_modules(families.__path__):
        yield importlib.import_module(f"{families.__name__}.{info.name}")
    for point in entry_points(group=PLUGINS):
        yield point.load()


def _marked(module: ModuleType) -> list[Loss]:
    """Find the losses that the module itself defines, in the order in which it does."""
    functions = [
        member
        for member in vars(module).values()
        if inspect.isfunction(member) and member.__module__ == module.__name__
    ]
    functions.sort(key=lambda function: inspect.unwrap(function).__code__.co_firstlineno)
    marks = [getattr(function, "loss", None) for function in functions]
    return [mark for mark in marks if isinstance(mark, Loss)]
