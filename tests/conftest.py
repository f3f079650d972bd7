"""What all tests share: the same terminal for everybody, and a way to run the command line."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import settings

from lossctl.cli import main

# Locally every run looks in new places; the gate looks in the same ones, so that it says the same
# of the same commit. A deadline would tell how busy the machine is.
settings.register_profile("developer", deadline=None)
settings.register_profile("gate", deadline=None, derandomize=True)
settings.load_profile("gate" if os.environ.get("CI") else "developer")

PLAIN = {"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "80", "_TYPER_FORCE_DISABLE_TERMINAL": "1"}
COLOURED = ("FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS", "CLICOLOR_FORCE")


@pytest.fixture(autouse=True)
def _plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in PLAIN.items():
        monkeypatch.setenv(name, value)
    for name in COLOURED:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def environment() -> dict[str, str]:
    """The environment for a process that a test starts."""
    kept = {name: value for name, value in os.environ.items() if name not in COLOURED}
    return {**kept, **PLAIN}


@dataclass(frozen=True)
class Ran:
    """What a run of the command line left behind."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    def once(arguments: Sequence[str], stdin: str = "") -> Ran:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        capsys.readouterr()
        code = main(list(arguments))
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return once
