"""Settings of the process, which only a program may make and a library may not."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import signal
import sys
from pathlib import Path

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # parameters of mallopt, from malloc.h
MEBIBYTE = 2**20


def start() -> None:
    """End silently when nobody reads on, as any tool does, and put off collecting garbage.

    Imports make many objects and no garbage; without collection they take a tenth less time. What
    the shell has closed (`>&-`) is not wanted: it goes nowhere. A sign that the terminal's encoding
    has not, such as ≤ in Latin-1, is written as its number on standard output, too.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115
    with contextlib.suppress(AttributeError):
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    with contextlib.suppress(AttributeError, ValueError):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    gc.disable()


def prepare_for_data() -> None:
    """Collect garbage from here on, and keep freed memory for the next block.

    Blocks are of one size, so what one leaves fits the next. The C library would give each back to
    the system and ask for it anew, and the page faults of that take a third of the time.
    """
    gc.freeze()
    gc.enable()
    with contextlib.suppress(AttributeError, OSError):
        library = ctypes.CDLL(None)
        library.mallopt(MMAP_THRESHOLD, 32 * MEBIBYTE)
        library.mallopt(TRIM_THRESHOLD, 512 * MEBIBYTE)
