"""Looking up losses by any name that they go by."""

from __future__ import annotations

from lossctl.catalogue.definition import Choice, Loss, Twin
from lossctl.catalogue.scan import catalogue, load, plain
from lossctl.errors import UsageError


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
            f"name one: {', '.join(loss.name for loss in found.of)}",
        )
    return found, twin


def look_up(name: str) -> tuple[Loss | Choice, Twin | None]:
    """Look up a loss as `find` does, or a name that stands for several.

    Raises:
        UsageError: nothing has that name.

    >>> [loss.name for loss in look_up("cross_entropy")[0].of][-1]
    'binary_cross_entropy'
    """
    names, bare = catalogue().names, plain(name)
    found = names.get(bare) or names.get(bare.removesuffix("loss"))
    if found is None:
        raise UsageError.unknown("loss", name, all_names())
    return found


def all_names() -> list[str]:
    """Return every name that `find` knows, as it is usually written."""
    entries: list[Loss | Choice] = [*catalogue().choices, *load().values()]
    return [
        name
        for entry in entries
        for name in (
            entry.name,
            *entry.aliases,
            *(name for twin in getattr(entry, "twins", ()) for name in twin.all_names),
        )
    ]


def family_names() -> list[str]:
    """Return the names of the families, in the order of the catalogue."""
    return list(dict.fromkeys(loss.family for loss in load().values()))
