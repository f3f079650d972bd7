"""Each file in `cases` is a test: its files, its command, and all that must come of it."""

from __future__ import annotations

import pytest
from cases import CASES, read


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_command_does_what_the_case_says(path, run, tmp_path, monkeypatch):
    case = read(path.read_text(encoding="utf-8"))
    for name, content in case.files.items():
        (tmp_path / name).write_bytes(content.encode())
    monkeypatch.chdir(tmp_path)

    ran = run(case.arguments, case.stdin)

    assert ran.out == case.stdout
    assert ran.err == case.stderr
    assert ran.code == case.code


def test_there_are_cases():
    assert len(CASES) > 20
