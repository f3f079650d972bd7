"""The one neutral result of every command: what was found, before it has a format."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Note:
    """Something a reader of a number must know: what was clipped, mapped, skipped or left out."""

    kind: str
    count: int
    message: str
