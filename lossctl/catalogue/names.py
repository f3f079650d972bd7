"""Looking up losses by any name that they go by."""

from __future__ import annotations

from lossctl.catalogue.definition import Choice, Loss, Twin
from lossctl.catalogue.scan import catalogue, load, plain
from lossctl.catalogue.scores import find_score
from lossctl.errors import UsageError, nearest


class UnknownLoss(UsageError):
    """No loss has a name.

    Args:
        name: the name.
    """

    def __init__(self, name: str) -> None:
        """Find what may be meant: the loss nearest to a score, or a name with few typos.

        `instead` is that, as it is typed; empty if there is none, or more than one.
        """
        score = find_score(name)
        if score:
            super().__init__(f"{name} is a score, not a loss: {score.because}", score.loss)
            self.instead = score.loss
        else:
            error = UsageError.unknown("loss", name, all_names())
            super().__init__(error.message, error.hint)
            close = nearest(name, all_names())
            self.instead = close[0] if len(close) == 1 else ""


def find(name: str) -> tuple[Loss, Twin | None]:
    """Look up a loss by name, alias or framework name; with the twin that the name belongs to.

    Case, hyphens, underscores and the word "loss" at the end do not matter.

    Raises:
        UnknownLoss: nothing has that name; the nearest is in the hint.
        UsageError: it means several losses.

    >>> loss, twin = find("torch.nn.HuberLoss")
    >>> loss.name, twin.framework
    ('huber', 'torch')
    """
    found, twin = look_up(name)
    if isinstance(found, Choice):
        raise UsageError(
            f"{found.name} covers several losses, chosen by the shapes of the data; choose one",
            f"one of {', '.join(loss.name for loss in found.of)}",
        )
    return found, twin


def look_up(name: str) -> tuple[Loss | Choice, Twin | None]:
    """Look up a loss as `find` does, or a name that means several.

    Raises:
        UnknownLoss: nothing has that name.

    >>> [loss.name for loss in look_up("cross_entropy")[0].of][-1]
    'binary_cross_entropy'
    """
    names, bare = catalogue().names, plain(name)
    found = names.get(bare) or names.get(bare.removesuffix("loss"))
    if found is None:
        raise UnknownLoss(name)
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
