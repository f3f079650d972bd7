"""Positive amounts, and numbers whose range depends on the distribution they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

from lossctl.catalogue.kinds.kind import Kind
from lossctl.catalogue.options import REAL, Interval, Option

POSITIVE = Interval(at_least=1e-150)
"""What counts as above 0: the largest numbers in use divided by it are still float64."""

POSITIVE_NUMBER = f"a finite number above 0 (at least {POSITIVE.at_least:g})"


@dataclass(frozen=True)
class TweedieKind(Kind):
    """Means or values of a Tweedie distribution, whose power determines their range."""

    predicted: bool = False
    power: Annotated[
        float,
        Option(
            "variance is proportional to mean^power: 0 is normal, 1 Poisson, 2 gamma, "
            "3 inverse Gaussian",
            Interval(at_least=1, at_most=100, also=(0.0,)),
        ),
    ] = 1.5

    def configured(self, options: Mapping[str, Any]) -> Kind:
        """Set the power and the range that follows from it."""
        kind = replace(self, **options)
        if kind.power == 0.0:
            return replace(kind, noun="a finite number", within=REAL)
        if kind.predicted or kind.power >= 2.0:
            return replace(kind, noun=POSITIVE_NUMBER, within=POSITIVE)
        return replace(kind, noun="a finite number of at least 0", within=Interval(at_least=0))
