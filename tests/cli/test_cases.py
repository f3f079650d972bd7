"""Each file in `cases` is a test: its files, its command, and all that must come of it.

A line that starts with `--- ` opens a part: `--- NAME` a file, `--- stdin`, `--- $ lossctl …` the
command, `--- exit N`, `--- stdout`, `--- stderr`. Parts that are missing are empty, exit is 0.
"""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

CASES = sorted((Path(__file__).parent / "cases").glob("*.txt"))


def parts_of(case: Path) -> dict[str, str]:
    parts: dict[str, str] = {}
    heading = ""
    for line in case.read_text(encoding="utf-8").splitlines(keepends=True):
        if line.startswith("--- "):
            heading = line[4:].rstrip("\n")
            parts[heading] = ""
        else:
            parts[heading] = parts.get(heading, "") + line
    return parts


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_the_command_does_what_the_case_says(case, run, tmp_path, monkeypatch):
    parts = parts_of(case)
    (command,) = (heading for heading in parts if heading.startswith("$ lossctl"))
    code = next((int(heading[5:]) for heading in parts if heading.startswith("exit ")), 0)
    for name, text in parts.items():
        if name and not name.startswith(("$ ", "exit ")) and name not in ("stdout", "stderr"):
            (tmp_path / name).write_bytes(text.encode())
    monkeypatch.chdir(tmp_path)

    ran = run(shlex.split(command)[2:], parts.get("stdin", ""))

    assert ran.out == parts.get("stdout", "")
    assert ran.err == parts.get("stderr", "")
    assert ran.code == code


def test_there_are_cases():
    assert len(CASES) > 20
