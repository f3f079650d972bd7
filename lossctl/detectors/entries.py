"""Values that look like placeholders of missing ones: repeated, and far from all others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from lossctl.detectors.findings import Finding, Observation
from lossctl.detectors.profile import Profile
from lossctl.detectors.scale import is_numbers
from lossctl.facts.vocabulary import Known

PLACEHOLDERS = (-1, -99, -999, -9999, -99999, 99, 999, 9999, 99999, 999999)
"""Numbers that are written where one is missing."""

REPEATED, FEW = 2, 20
"""How often a placeholder must occur, and among how many others."""


def detect(profile: Profile, found: Mapping[str, Known]) -> Iterator[Finding]:
    """Name placeholders that lie beyond all other targets by more than their whole range."""
    if not is_numbers(found) or profile.target.columns > 1 or not profile.target.measurable:
        return
    values = profile.sample["target"][:, 0]
    suspects = [each for each in PLACEHOLDERS if np.count_nonzero(values == each) >= REPEATED]
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
                f"The target {value} occurs {count:,} times, the others are from {least:.6g} to "
                f"{greatest:.6g}: it may stand for missing values."
            )
            yield Observation(
                "placeholders", message, {"value": value, "count": count}, profile.rows
            )
