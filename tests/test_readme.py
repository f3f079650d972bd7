"""The README is true: every console block in it runs and prints what it says."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import lossctl

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```console\n(.*?)```", README, re.DOTALL)
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def sessions(block: str) -> list[tuple[str, str]]:
    """Split a block into commands and what each prints."""
    found = []
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, printed = part.partition("\n")
        found.append((command, printed))
    return found


SESSIONS = [session for block in BLOCKS for session in sessions(block)]


@pytest.fixture
def project(tmp_path):
    shutil.copytree(ROOT / "sample_data", tmp_path / "sample_data")
    return tmp_path


@pytest.mark.parametrize(("command", "printed"), SESSIONS, ids=[each[0] for each in SESSIONS])
def test_a_command_of_the_readme_prints_what_it_says(command, printed, project, environment):
    # `lossctl` is the one under test, however this Python was started
    prelude = f'lossctl() {{ "{sys.executable}" -m lossctl "$@"; }}; '
    done = subprocess.run(
        ["bash", "-c", prelude + command],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env={**environment, "PYTHONPATH": str(Path(lossctl.__file__).parent.parent)},
    )
    assert done.stdout == printed


def test_the_python_of_the_readme_runs(project, monkeypatch):
    monkeypatch.chdir(project)
    for block in PYTHON:
        exec(compile(block, "README.md", "exec"), {})  # noqa: S102


def test_every_loss_command_and_exit_code_is_in_the_readme():
    for name in [
        *(f"compute {each}" for each in lossctl.losses()),
        "list",
        "show",
        "inspect",
        "recommend",
        "rules",
    ]:
        assert f"$ lossctl {name} " in README or f"`lossctl {name}" in README, name


def test_there_are_examples():
    assert len(SESSIONS) >= 10
