"""Forecasts of more than a number for each target, told by what their columns are called."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from lossctl.detectors.findings import Finding, fact
from lossctl.detectors.profile import Profile
from lossctl.errors import listing, quote
from lossctl.facts.vocabulary import Known
from lossctl.tables.column_names import USUAL

CENTRES = (*USUAL["mean"], "pred", "y_pred", "yhat")
SPREADS = (*USUAL["variance"], "std", "sigma", "stddev", "standard_deviation")
"""What the two columns of a normal distribution are called."""

PREFIX = re.compile(r"^(?:y_)?pred(?:iction|icted)?[_.]")
NUMBERED = re.compile(r"(q|p|quantile|percentile)_?(\d*\.?\d+)")
LEVEL = re.compile(r"0?\.\d+|\d\d(?:\.\d+)?")
"""The level of a quantile, as a share or in percent of two digits; other numbers are of classes."""

MEMBERS = re.compile(r"(?:member|ensemble|ens|sample|draw)_?\d+")


def columns_of_forecasts(names: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that are together a forecast; none where there are none.

    >>> columns_of_forecasts(["day", "q0.1", "q0.9", "target"]), columns_of_forecasts(["p1", "p2"])
    (('q0.1', 'q0.9'), ())
    """
    return _named(names)[1]


def _named(names: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return what is forecast, as the fact `output` says it, and the columns."""
    plain = {name: PREFIX.sub("", name.lower()) for name in names}
    centres = [name for name in names if plain[name] in CENTRES]
    spreads = [name for name in names if plain[name] in SPREADS]
    if len(centres) == len(spreads) == 1:
        return "mean_and_variance", (centres[0], spreads[0])
    numbered = {name: found[2] for name in names if (found := NUMBERED.fullmatch(plain[name]))}
    if len(numbered) > 1 and all(map(LEVEL.fullmatch, numbered.values())):
        return "quantiles", tuple(numbered)
    members = tuple(name for name in names if MEMBERS.fullmatch(plain[name]))
    return ("predictive_distribution", members) if len(members) > 1 else ("", ())


def detect(profile: Profile, found: Mapping[str, Known]) -> Iterator[Finding]:
    """Say what is forecast, where all columns of the predictions are called so."""
    del found
    names = profile.names.of("prediction")
    output, columns = _named(names)
    if columns and len(columns) == len(names):
        said = listing(names) if len(names) < 4 else f"{quote(names[0])} to {quote(names[-1])}"
        evidence = f"The predictions' columns are called {said}."
        yield fact("output", output, "likely", evidence, profile.rows, columns=len(columns))
