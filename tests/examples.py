"""Examples in documents and cases: found, run in this process, and written anew.

A console block holds commands behind `$ ` and what each prints, standard error included. `…` in
what is printed stands for anything within a line: for counts, lines and versions that move.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import lossctl
from lossctl.cli import main

ROOT = Path(__file__).parent.parent

BLOCK = re.compile(r"^```console\n(.*?)^```", re.DOTALL | re.MULTILINE)
SHELL = re.compile(r"[|;<>&$`*?]")
"""What only a shell understands; a command without it is run in this process."""


def documents() -> list[Path]:
    """Return the documents whose examples are run."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@dataclass(frozen=True)
class Example:
    """A command of a document, and what it prints."""

    document: str
    command: str
    printed: str


def examples(text: str, document: str = "") -> Iterator[Example]:
    """Yield the commands of all console blocks, in order."""
    for block in BLOCK.findall(text):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, printed = part.partition("\n")
            yield Example(document, command, printed)


def run(command: str, folder: Path, environment: Mapping[str, str]) -> str:
    """Run a command in a folder; return what it prints, standard error included."""
    if command.startswith("lossctl ") and not SHELL.search(command):
        return _run_here(shlex.split(command)[1:], folder)
    # `lossctl` is the one under test, however this Python was started
    prelude = f'lossctl() {{ "{sys.executable}" -m lossctl "$@"; }}; '
    done = subprocess.run(
        ["bash", "-c", prelude + command],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env={**environment, "PYTHONPATH": str(Path(lossctl.__file__).parent.parent)},
    )
    return done.stdout


def _run_here(arguments: list[str], folder: Path) -> str:
    printed = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="", write_through=True)
    here = Path.cwd()
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            main(arguments)
    finally:
        os.chdir(here)
    return printed.buffer.getvalue().decode()  # type: ignore[attr-defined]


def agrees(said: str, printed: str) -> bool:
    """Tell whether a document says what a command printed."""
    pattern = re.escape(said).replace("…", "[^\\n]*")
    return re.fullmatch(pattern, printed) is not None


def without_version(printed: str) -> str:
    """Put an ellipsis for the version of lossctl, which moves."""
    marks = (f"|lossctl:{lossctl.__version__}", f'"lossctl": "{lossctl.__version__}"')
    for mark in marks:
        printed = printed.replace(mark, mark.replace(lossctl.__version__, "…"))
    return printed


def without_output(text: str) -> str:
    """Return a text with the commands of its console blocks, and without what they print."""

    def block(found: re.Match[str]) -> str:
        return (
            "".join(["```console\n", *(f"$ {each.command}\n" for each in examples(found[0]))])
            + "```"
        )

    return BLOCK.sub(block, text)


def renewed(text: str, folder: Path, environment: Mapping[str, str]) -> str:
    """Run every example of a text, and write what it prints now where that is something else."""

    def block(found: re.Match[str]) -> str:
        parts = [
            f"$ {example.command}\n" + (example.printed if agrees(example.printed, now) else now)
            for example in examples(found.group())
            for now in [run(example.command, folder, environment)]
        ]
        return "```console\n" + "".join(parts) + "```"

    return BLOCK.sub(block, text)
