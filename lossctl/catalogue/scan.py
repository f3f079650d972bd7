"""The catalogue: every loss of the families and of plug-ins, found by its mark."""

from __future__ import annotations

import importlib
import inspect
import re
import warnings
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType

from lossctl.catalogue import families
from lossctl.catalogue.definition import Choice, Loss, Twin
from lossctl.errors import LossctlError, PluginSkipped, visible

PLUGINS = "lossctl.losses"
"""The entry-point group in which another package names a module of losses."""


class Catalogue:
    """Losses by name, and by every other name that they go by."""

    def __init__(self) -> None:
        """Start with no losses."""
        self.losses: dict[str, Loss] = {}
        self.choices: list[Choice] = []
        self.names: dict[str, tuple[Loss | Choice, Twin | None]] = {}

    def add(self, module: ModuleType) -> None:
        """Add the losses and choices of a module: all of them, or none.

        Raises:
            LossctlError: a name is taken.
        """
        losses, choices = _losses(module), _choices(module)
        for loss in losses:
            if loss.name in self.losses:
                raise LossctlError(f"two losses are named {loss.name}")
        names = dict(self.names)
        entries: list[Loss | Choice] = [*choices, *losses]
        for entry in entries:
            for name, twin in _names(entry):
                known, _ = names.setdefault(plain(name), (entry, twin))
                if known is not entry:
                    raise LossctlError(f"{name} names both {known.name} and {entry.name}")
        self.losses |= {loss.name: loss for loss in losses}
        self.choices += choices
        self.names = names


@cache
def catalogue() -> Catalogue:
    """Return the catalogue: families in their order, then plug-ins.

    A plug-in that cannot be loaded, or that takes a name that is taken, is skipped with a warning.
    """
    found = Catalogue()
    for module in _families():
        found.add(module)
    for point in entry_points(group=PLUGINS):
        try:
            found.add(point.load())
        except Exception as error:  # noqa: BLE001  # whatever is wrong with it, it is not ours
            warnings.warn(_skipped(point, error), PluginSkipped, stacklevel=2)
    return found


def load() -> Mapping[str, Loss]:
    """Return every loss by name, family by family and, in each, in the order of its modules."""
    return catalogue().losses


def plain(name: str) -> str:
    """Return a name as it is compared: without case, hyphens, underscores and blanks.

    >>> plain("tf.keras.losses.Mean-Squared Error")
    'keras.losses.meansquarederror'
    """
    bare = re.sub("[-_\\s'\u2019]", "", name).lower()
    return bare.removeprefix("tf.").replace("optax.losses.", "optax.")


def _families() -> Iterator[ModuleType]:
    """Import the modules of all families, in the order in which `MODULES` names them."""
    for family in families.MODULES:
        module = importlib.import_module(f"{families.__name__}.{family}")
        if hasattr(module, "__path__"):  # a family of several modules
            for part in module.MODULES:
                yield importlib.import_module(f"{module.__name__}.{part}")
        else:
            yield module


def _losses(module: ModuleType) -> list[Loss]:
    """Find the losses that the module itself defines, in the order in which it does."""
    functions = [
        member
        for member in vars(module).values()
        if inspect.isfunction(member) and member.__module__ == module.__name__
    ]
    functions.sort(key=lambda function: inspect.unwrap(function).__code__.co_firstlineno)
    marks = [getattr(function, "loss", None) for function in functions]
    return [mark for mark in marks if isinstance(mark, Loss)]


def _choices(module: ModuleType) -> list[Choice]:
    return [member for member in vars(module).values() if isinstance(member, Choice)]


def _names(entry: Loss | Choice) -> Iterator[tuple[str, Twin | None]]:
    """Yield the names that lead to a loss, with the twin that each belongs to."""
    yield from ((name, None) for name in (entry.name, *entry.aliases))
    if isinstance(entry, Loss):
        yield from ((name, twin) for twin in entry.twins for name in twin.all_names)


def _skipped(point: EntryPoint, error: Exception) -> str:
    distribution = f" of {point.dist.name} {point.dist.version}" if point.dist else ""
    reason = visible(f"{type(error).__name__}: {error}".partition("\n")[0])
    return f"the plug-in {point.name!r}{distribution} was skipped: {reason}"
