"""Placeholders of missing values: repeated, and far from all other values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from lossctl.detectors.findings import Finding, Observation
from lossctl.detectors.profile import Profile
from lossctl.detectors.scale import is_numbers
from lossctl.facts.vocabulary import Known

PLACEHOLDERS = (-1, -99, -999, -9999, -99999, 99, 999, 9999, 99999, 999999)
"""Numbers that are often written in place of a missing value."""

REPEATED, FEW = 2, 20
"""How often a placeholder must occur, and the number of other values that there must be."""


def detect(profile: Profile, facts: Mapping[str, Known]) -> Iterator[Finding]:
    """Find placeholders that are further from all other targets than the range of these."""
    if not is_numbers(facts) or profile.target.columns > 1 or not profile.target.measurable:
        return
    values = profile.sample["target"][:, 0]
    suspects = [value for value in PLACEHOLDERS if np.count_nonzero(values == value) >= REPEATED]
    others = values[~np.isin(values, suspects)]
    if not suspects or len(others) < FEW:
        return
    least, greatest = float(others.min()), float(others.max())
    width = greatest - least
    for value in suspects:
        apart = least - value if value < least else value - greatest
        if apart > width or (value < 0 <= least):
            count = int(np.count_nonzero(values == value))
            message = (
                f"The target {value} occurs {count:,} times, and the others range from "
                f"{least:.6g} to {greatest:.6g}, so it may represent missing values."
            )
            yield Observation(
                "placeholders", message, {"value": value, "count": count}, profile.rows
            )
