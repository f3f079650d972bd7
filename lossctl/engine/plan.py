"""What one run is to compute: settled at once, or as soon as the shapes of the data are known."""

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


@dataclass(frozen=True)
class Wish:
    """One loss, or a name that stands for several, with the options that were given."""

    loss: Loss | Choice
    twin: Twin | None
    options: Mapping[str, object]


@dataclass(frozen=True)
class Plan:
    """The losses of one run, and what holds for all of them."""

    wishes: Sequence[Wish]
    conventions: Mapping[str, object]
    like: str | None = None
    by_unit: bool = False

    @property
    def settled(self) -> bool:
        """Whether every loss is known before the data are."""
        return not any(isinstance(wish.loss, Choice) for wish in self.wishes)

    def computations(self, widths: Mapping[str, int] | None = None) -> list[Computation]:
        """Prepare all losses; those that are chosen by shape need the roles' widths.

        Raises:
            UsageError: an option does not fit, or no loss has such shapes.
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
        """Tell the reader what the losses need; before they are known, as little as possible.

        Raises:
            UsageError: two losses have different roles, or read a role in different ways.
        """
        if not computations:
            return [Role(name, wide=True) for name in self.wishes[0].loss.roles]
        first, *others = computations
        for other in others:
            for role in {**first.kinds, **other.kinds}:
                ours, theirs = first.kinds.get(role), other.kinds.get(role)
                if ours is None or theirs is None or _reading(ours) != _reading(theirs):
                    raise UsageError(
                        f"{other.loss.name} does not take the same {role} as {first.loss.name}",
                        "compute them in two runs",
                    )
        return [
            Role(
                role,
                text=kind.text,
                wide=any(each.kinds[role].wide for each in computations),
                several=kind.columns == "several",
                optional=role in first.loss.optional,
                apart=kind.apart,
                whole=kind.gathers != "rows",
                lines=kind.gathers == "images",
                raw=_shared([each.kinds[role].raw for each in computations]),
                weighs_rows=kind.weighs_rows,
                features=_features(kind),
            )
            for role, kind in first.kinds.items()
        ]

    def notes(self, computations: Sequence[Computation]) -> list[Note]:
        """Say what the names that stand for several losses stood for."""
        return [
            Note("chosen", 1, f"{wish.loss.name}: {each.loss.name}, by the shapes of the data")
            for wish, each in zip(self.wishes, computations, strict=True)
            if isinstance(wish.loss, Choice)
        ]


def _shared(values: Sequence[bool]) -> bool | None:
    """Return what all say, or None where they differ."""
    return values[0] if len(set(values)) == 1 else None


def _reading(kind: Kind) -> tuple[object, ...]:
    """Tell what makes a difference to how a role is read."""
    return kind.text, kind.apart, kind.gathers, kind.weighs_rows, _features(kind)


def _features(kind: Kind) -> Features | None:
    if not isinstance(kind, FeaturesKind):
        return None
    layers = tuple(name.strip() for name in (kind.layers or "").split(",") if name.strip())
    return Features(kind.network, layers)
