"""Forecasts of more than one number per target, recognised by the names of their columns."""

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
"""The usual names of the mean and the spread of a normal distribution."""

PREFIX = re.compile(r"^(?:y_)?pred(?:iction|icted)?[_.]")
NUMBERED = re.compile(r"(q|p|quantile|percentile)_?(\d*\.?\d+)")
LEVEL = re.compile(r"0?\.\d+|\d\d(?:\.\d+)?")
"""The level of a quantile, as a fraction or a percentage of two digits; others number classes."""

MEMBERS = re.compile(r"(?:member|ensemble|ens|sample|draw)_?\d+")


def columns_of_forecasts(names: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that together are one forecast; empty if there are none.

    >>> columns_of_forecasts(["day", "q0.1", "q0.9", "target"]), columns_of_forecasts(["p1", "p2"])
    (('q0.1', 'q0.9'), ())
    """
    return _named(names)[1]


def _named(names: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return the value of the fact `output` and the columns of the forecast."""
    plain = {name: PREFIX.sub("", name.lower()) for name in names}
    centres = [name for name in names if plain[name] in CENTRES]
    spreads = [name for name in names if plain[name] in SPREADS]
    if len(centres) == len(spreads) == 1:
        return "mean_and_variance", (centres[0], spreads[0])
    numbered = {name: match[2] for name in names if (match := NUMBERED.fullmatch(plain[name]))}
    if len(numbered) > 1 and all(map(LEVEL.fullmatch, numbered.values())):
        return "quantiles", tuple(numbered)
    members = tuple(name for name in names if MEMBERS.fullmatch(plain[name]))
    return ("predictive_distribution", members) if len(members) > 1 else ("", ())


def detect(profile: Profile, facts: Mapping[str, Known]) -> Iterator[Finding]:
    """Detect forecasts, if all prediction columns have the names of one."""
    del facts
    names = profile.names.of("prediction")
    output, columns = _named(names)
    if columns and len(columns) == len(names):
        named = listing(names) if len(names) < 4 else f"{quote(names[0])} to {quote(names[-1])}"
        evidence = f"The prediction columns are named {named}."
        yield fact("output", output, "likely", evidence, profile.rows, columns=len(columns))
