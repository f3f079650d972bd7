"""A bar of bytes read, on a terminal only, and only for work that takes a while."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

PATIENCE = 1.0
"""Seconds of work after which the bar appears."""


class Progress:
    """Counts bytes, and draws them once the work has taken long enough."""

    def __init__(self, *, visible: bool) -> None:
        """Start the clock."""
        self.total: int | None = None
        self._visible = visible
        self._start = time.monotonic()
        self._bytes = 0
        self._bar: Any = None

    def advance(self, count: int) -> None:
        """Count more bytes as read."""
        self._bytes += count
        if not self._visible:
            return
        if self._bar is None and time.monotonic() - self._start > PATIENCE:
            self._bar = _bar()
            self._bar.start()
            self._bar.add_task("reading", total=self.total)
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=self._bytes, total=self.total)

    def close(self) -> None:
        """Take the bar off the screen."""
        if self._bar is not None:
            self._bar.stop()


def _bar() -> Any:  # noqa: ANN401
    from rich import progress  # slow to load, and rarely needed
    from rich.console import Console

    return progress.Progress(
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.DownloadColumn(binary_units=True),
        progress.TransferSpeedColumn(),
        progress.TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )


@contextmanager
def shown_progress(*, quiet: bool) -> Iterator[Progress]:
    """Show the progress of the work inside, unless nobody is watching."""
    progress = Progress(visible=not quiet and sys.stderr.isatty())
    try:
        yield progress
    finally:
        progress.close()
