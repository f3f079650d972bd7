"""The documents are true: every console block in them runs and prints what it says."""

from __future__ import annotations

import re
import shutil

import pytest
from examples import ROOT, agrees, documents, examples, run

import lossctl

README = (ROOT / "README.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
EXAMPLES = [
    example
    for path in documents()
    for example in examples(path.read_text(encoding="utf-8"), path.stem)
]


@pytest.fixture
def project(tmp_path):
    shutil.copytree(ROOT / "sample_data", tmp_path / "sample_data")
    return tmp_path


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: f"{each.document}: {each.command}")
def test_a_command_of_a_document_prints_what_it_says(example, project, environment):
    printed = run(example.command, project, environment)
    if not agrees(example.printed, printed):
        assert printed == example.printed, "after a change on purpose: python -m tests.renew"


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
    assert len(EXAMPLES) >= 10
