"""Cases of the command line: each file in `cli/cases` is one, and is read and written anew here.

A line that starts with `--- ` opens a part: `--- NAME` a file, `--- stdin`, `--- $ lossctl …` the
command, `--- exit N`, `--- stdout`, `--- stderr`. Parts that are missing are empty, exit is 0.
"""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lossctl.cli import main

CASES = sorted((Path(__file__).parent / "cli" / "cases").glob("*.txt"))


@dataclass(frozen=True)
class Case:
    """What a case begins with, and what must come of it."""

    files: dict[str, str]
    stdin: str
    command: str
    code: int
    stdout: str
    stderr: str

    @property
    def arguments(self) -> list[str]:
        """The arguments of the command."""
        return shlex.split(self.command)[1:]


def read(text: str) -> Case:
    parts: dict[str, str] = {}
    heading = ""
    for line in text.splitlines(keepends=True):
        if line.startswith("--- "):
            heading = line[4:].rstrip("\n")
            parts[heading] = ""
        else:
            parts[heading] = parts.get(heading, "") + line
    (command,) = (heading for heading in parts if heading.startswith("$ lossctl"))
    code = next((int(heading[5:]) for heading in parts if heading.startswith("exit ")), 0)
    files = {
        name: content
        for name, content in parts.items()
        if name and not name.startswith(("$ ", "exit ")) and name not in ("stdin", *STREAMS)
    }
    stdin, stdout, stderr = (parts.get(name, "") for name in ("stdin", *STREAMS))
    return Case(files, stdin, command.removeprefix("$ "), code, stdout, stderr)


STREAMS = ("stdout", "stderr")


def renewed(text: str) -> str:
    """Run a case, and write what comes of it now behind its command."""
    case = read(text)
    with tempfile.TemporaryDirectory() as folder:
        for name, content in case.files.items():
            (Path(folder) / name).write_bytes(content.encode())
        code, *printed = _run(case, folder)
    parts = [
        text[: text.index(f"--- $ {case.command}")],
        f"--- $ {case.command}\n",
        f"--- exit {code}\n" if code else "",
    ]
    for name, stream in zip(STREAMS, printed, strict=True):
        parts.append(f"--- {name}\n{stream}" if stream else "")
    return "".join(parts)


def _run(case: Case, folder: str) -> tuple[int, str, str]:
    streams = [_stream() for _ in STREAMS]
    here, stdin = Path.cwd(), sys.stdin
    os.chdir(folder)
    sys.stdin = io.TextIOWrapper(io.BytesIO(case.stdin.encode()))
    try:
        with _redirected(*streams):
            code = main(case.arguments)
    finally:
        os.chdir(here)
        sys.stdin = stdin
    out, err = (stream.buffer.getvalue().decode() for stream in streams)  # type: ignore[attr-defined]
    return code, out, err


def _stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="", write_through=True)


@contextlib.contextmanager
def _redirected(out: io.TextIOWrapper, err: io.TextIOWrapper) -> Iterator[None]:
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        yield
