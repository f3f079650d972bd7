"""What a run computes: known at once, or as soon as the shapes of the data are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lossctl.catalogue.definition import Choice, Loss, Twin
from lossctl.catalogue.kinds import FeaturesKind, Kind
from lossctl.engine.computation import Computation, prepare
from lossctl.errors import UsageError
from lossctl.report import Note
from lossctl.tables import Role
from lossctl.tables.reading import Features

TWO_RUNS = "compute them in two runs"


@dataclass(frozen=True)
class Wish:
    """A requested loss, or a name shared by several losses, with its options."""

    loss: Loss | Choice
    twin: Twin | None
    options: Mapping[str, object]


@dataclass(frozen=True)
class Plan:
    """The losses of one run, and the settings that apply to all of them."""

    wishes: Sequence[Wish]
    conventions: Mapping[str, object]
    like: str | None = None
    by_unit: bool = False

    @property
    def settled(self) -> bool:
        """Whether every loss is known before the shapes of the data are."""
        return not any(isinstance(wish.loss, Choice) for wish in self.wishes)

    def computations(self, widths: Mapping[str, int] | None = None) -> list[Computation]:
        """Prepare all losses.

        Args:
            widths: the number of columns of each role; needed unless all losses are settled.

        Returns:
            One computation per loss.

        Raises:
            UsageError: an option does not apply, or no loss of a shared name takes such shapes.
        """
        return [
            prepare(
                wish.loss.fitting(widths or {}) if isinstance(wish.loss, Choice) else wish.loss,
                {**self.conventions, **wish.options},
                like=self.like,
                twin=None if self.like else wish.twin,
                by_unit=self.by_unit,
            )
            for wish in self.wishes
        ]

    def roles(self, computations: Sequence[Computation]) -> list[Role]:
        """Describe to the readers what the losses need.

        Args:
            computations: the losses; none as long as they are not known.

        Returns:
            The roles, with as few demands as possible as long as the losses are not known.

        Raises:
            UsageError: two losses have different roles, or read a role differently.
        """
        if not computations:
            return [Role(name, wide=True) for name in self.wishes[0].loss.roles]
        first, *others = computations
        for other in others:
            for role in {**first.kinds, **other.kinds}:
                ours, theirs = first.kinds.get(role), other.kinds.get(role)
                if ours is None or theirs is None:
                    raise UsageError(
                        f"{other.loss.name} and {first.loss.name} take different inputs", TWO_RUNS
                    )
                if _reading(ours) != _reading(theirs):
                    raise UsageError(
                        f"{other.loss.name} reads {role} differently from {first.loss.name}",
                        TWO_RUNS,
                    )
        return [
            Role(
                role,
                text=kind.text,
                wide=any(computation.kinds[role].wide for computation in computations),
                several=kind.columns == "several",
                optional=role in first.loss.optional,
                apart=kind.apart,
                whole=kind.gathers != "rows",
                lines=kind.gathers == "images",
                raw=_shared([computation.kinds[role].raw for computation in computations]),
                weighs_rows=kind.weighs_rows,
                features=_features(kind),
            )
            for role, kind in first.kinds.items()
        ]

    def notes(self, computations: Sequence[Computation]) -> list[Note]:
        """Return a note on each shared name, with the loss that was chosen."""
        return [
            Note("chosen", 1, f"{wish.loss.name}: using {loss}, judging by the shapes of the data")
            for wish, loss in zip(self.wishes, [c.loss.name for c in computations], strict=True)
            if isinstance(wish.loss, Choice)
        ]


def _shared(values: Sequence[bool]) -> bool | None:
    """Return the value that all share, or None if they differ."""
    return values[0] if len(set(values)) == 1 else None


def _reading(kind: Kind) -> tuple[object, ...]:
    """Return everything that affects how a role is read."""
    return kind.text, kind.apart, kind.gathers, kind.weighs_rows, _features(kind)


def _features(kind: Kind) -> Features | None:
    if not isinstance(kind, FeaturesKind):
        return None
    layers = tuple(name.strip() for name in (kind.layers or "").split(",") if name.strip())
    return Features(kind.network, layers)
