"""Boxes: four columns that are called like corners, or are in the order of corners."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from lossctl.block import Array
from lossctl.detectors.findings import Finding, Observation, fact, percent
from lossctl.detectors.profile import Profile
from lossctl.facts.vocabulary import Known

NAMED = {
    "xyxy": (
        ("x1", "y1", "x2", "y2"),
        ("x0", "y0", "x1", "y1"),
        ("xmin", "ymin", "xmax", "ymax"),
        ("x_min", "y_min", "x_max", "y_max"),
        ("left", "top", "right", "bottom"),
    ),
    "xywh": (
        ("x", "y", "w", "h"),
        ("x", "y", "width", "height"),
        ("left", "top", "width", "height"),
    ),
    "cxcywh": (
        ("cx", "cy", "w", "h"),
        ("cx", "cy", "width", "height"),
        ("x_center", "y_center", "width", "height"),
    ),
}
"""What the columns of each format of boxes are usually called, in their order."""

SOUND = 0.99
"""The share of rows that must have a width and a height."""


def detect(profile: Profile, found: Mapping[str, Known]) -> Iterator[Finding]:
    """Say that rows are boxes, in which format, and whether some miss each other."""
    del found
    roles = [role for role in ("target", "prediction") if role in profile.roles]
    if profile.words or any(profile.sample[role].shape[1] != 4 for role in roles):
        return
    form = _form(profile)
    corners = {role: _corners(profile.sample[role], form or "xyxy") for role in roles}
    sound = min(float((each[:, 2:] > each[:, :2]).all(axis=1).mean()) for each in corners.values())
    if form is None:
        if sound == 1 and not profile.target.whole | profile.target.within_unit:
            evidence = "Four columns, of which the third and fourth exceed the first two."
            yield fact("output", "boxes", "weak", evidence, profile.rows)
        return
    if sound < SOUND:
        message = f"Columns named as boxes, but only {percent(sound)} of the rows have a size."
        yield Observation("boxes", message, {"sound": sound}, profile.rows)
        return
    evidence = f"Columns named as boxes ({form}); {percent(sound)} have a size."
    yield fact("output", "boxes", "likely", evidence, profile.rows, sound=sound)
    if len(corners) == 2:
        apart = _miss(corners["prediction"], corners["target"])
        evidence = f"{apart:,} of {profile.sample.rows:,} predicted boxes miss theirs altogether."
        yield fact("no_overlap", apart > 0, "likely", evidence, profile.rows, apart=apart)


def _form(profile: Profile) -> str | None:
    """Name the format that the columns' names stand for."""
    names = profile.names.of("target")
    plain = tuple(name.lower().removeprefix("target_").removeprefix("bbox_") for name in names)
    return next((form for form, known in NAMED.items() if plain in known), None)


def _corners(boxes: Array, form: str) -> Array:
    """Turn boxes, `(rows, 4)`, into left, top, right and bottom."""
    first, second = boxes[:, :2], boxes[:, 2:]
    if form == "xywh":
        return np.hstack([first, first + second])
    if form == "cxcywh":
        return np.hstack([first - second / 2, first + second / 2])
    return boxes


def _miss(one: Array, other: Array) -> int:
    """Count the rows whose two boxes have no point in common."""
    start = np.maximum(one[:, :2], other[:, :2])
    end = np.minimum(one[:, 2:], other[:, 2:])
    return int((end <= start).any(axis=1).sum())
