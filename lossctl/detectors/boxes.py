"""Bounding boxes: four columns with the names, or the order, of box coordinates."""

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
"""The usual names of the columns of each box format, in order."""

SOUND = 0.99
"""The share of boxes that must have a positive width and height."""


def detect(profile: Profile, facts: Mapping[str, Known]) -> Iterator[Finding]:
    """Detect boxes, their format, and whether some do not overlap their target."""
    del facts
    roles = [role for role in ("target", "prediction") if role in profile.roles]
    if profile.words or any(profile.sample[role].shape[1] != 4 for role in roles):
        return
    form = _box_format(profile)
    corners = {role: _corners(profile.sample[role], form or "xyxy") for role in roles}
    sound = min(
        float((boxes[:, 2:] > boxes[:, :2]).all(axis=1).mean()) for boxes in corners.values()
    )
    if form is None:
        if sound == 1 and not profile.target.integers | profile.target.within_unit:
            evidence = "Of four columns, the third and fourth always exceed the first and second."
            yield fact("output", "boxes", "weak", evidence, profile.rows)
        return
    size = f"{percent(sound)} of the boxes have a positive size"
    if sound < SOUND:
        message = f"The columns are named like box coordinates, but only {size}."
        yield Observation("boxes", message, {"sound": sound}, profile.rows)
        return
    evidence = f"The columns are named like box coordinates ({form}), and {size}."
    yield fact("output", "boxes", "likely", evidence, profile.rows, sound=sound)
    if len(corners) == 2:
        apart = _without_overlap(corners["prediction"], corners["target"])
        rows = profile.sample.rows
        evidence = f"{apart:,} of {rows:,} predicted boxes do not overlap their target."
        yield fact("no_overlap", apart > 0, "likely", evidence, profile.rows, apart=apart)


def _box_format(profile: Profile) -> str | None:
    """Recognise the format by the names of the columns."""
    names = profile.names.of("target")
    plain = tuple(name.lower().removeprefix("target_").removeprefix("bbox_") for name in names)
    return next((form for form, known in NAMED.items() if plain in known), None)


def _corners(boxes: Array, form: str) -> Array:
    """Convert boxes, `(rows, 4)`, to left, top, right and bottom."""
    first, second = boxes[:, :2], boxes[:, 2:]
    if form == "xywh":
        return np.hstack([first, first + second])
    if form == "cxcywh":
        return np.hstack([first - second / 2, first + second / 2])
    return boxes


def _without_overlap(one: Array, other: Array) -> int:
    """Count the rows whose two boxes do not overlap."""
    start = np.maximum(one[:, :2], other[:, :2])
    end = np.minimum(one[:, 2:], other[:, 2:])
    return int((end <= start).any(axis=1).sum())
