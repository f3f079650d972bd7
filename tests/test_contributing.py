"""What CONTRIBUTING.md and docs/extending.md promise: any package can bring a loss."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
EXTENDING = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    """Return the only block of a language in docs/extending.md."""
    (example,) = re.findall(rf"```{language}\n(.*?)```", EXTENDING, re.DOTALL)
    return example


@pytest.fixture
def package(tmp_path):
    """A package with the example as its only module, as an installer would lay it out."""
    (tmp_path / "my_losses.py").write_text(block("python"), encoding="utf-8")
    information = tmp_path / "my_losses-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: my-losses\nVersion: 1.0\n")
    entry_points = block("toml").replace("project.entry-points.", "").replace('"', "")
    (information / "entry_points.txt").write_text(entry_points)
    (tmp_path / "rules.yaml").write_text(block("yaml"), encoding="utf-8")
    (tmp_path / "predictions.csv").write_text("prediction\n1\n3\n")
    (tmp_path / "targets.csv").write_text("target\n1\n1\n")
    return tmp_path


@pytest.fixture
def lossctl(package, environment):
    """Run the command line where the package is installed; return what it prints, or says."""

    def run(*arguments, code=0):
        done = subprocess.run(
            [sys.executable, "-m", "lossctl", *arguments],
            cwd=package,
            env={**environment, "PYTHONPATH": f"{package}:{ROOT}"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, bool(done.stderr)) == (code, bool(code)), done.stderr
        return done.stdout or done.stderr

    return run


def test_the_example_is_computed(lossctl):
    files = ("predictions.csv", "targets.csv")
    # (0⁴ + 2⁴) / 2, and with half of the residual (0⁴ + 1⁴) / 2
    assert lossctl("compute", "quartic", *files, "-f", "value") == "8.0\n"
    assert lossctl("compute", "quartic-error", *files, "--scale", "2", "-f", "value") == "0.5\n"


def test_the_example_is_listed_and_explained(lossctl):
    assert "quartic" in lossctl("list", "--format", "value").split()
    for arguments in (("compute", "quartic", "--help"), ("show", "quartic", "--scale", "2")):
        shown = lossctl(*arguments)
        assert "Fourth power of the residual." in shown
        assert "--scale" in shown


@pytest.mark.parametrize("form", ["text", "json", "markdown"])
def test_the_example_is_shown_in_every_format_of_pages(lossctl, form):
    assert "Fourth power of the residual." in lossctl("show", "quartic", "--format", form)


def test_the_example_is_recommended_by_its_own_rules(lossctl):
    rules = ("--rules", "rules.yaml")
    lossctl("rules", "lint", *rules)
    facts = ("--task", "regression", "--penalise-large-errors")
    first, *_ = lossctl("recommend", *rules, *facts, "--format", "value").split()
    assert first == "quartic"
    assert "disaster" in lossctl("recommend", *rules, *facts, "--why", "quartic")


def test_sections_that_a_docstring_lacks_are_left_out(lossctl):
    title, *lines = lossctl("show", "quartic").splitlines()
    assert title == "quartic: Fourth power of the residual."
    headings = [line for line in lines if line and not line.startswith(" ")]
    assert headings == [
        "Warnings",
        "Inputs, in the order of the files",
        "Options",
        "Other names",
        "Signature",
    ]
    fields = json.loads(lossctl("show", "quartic", "-f", "json"))
    assert [fields[name] for name in ("formula", "helps", "example")] == [None] * 3


def test_a_loss_without_a_docstring_is_listed_and_explained(package, lossctl):
    example = package / "my_losses.py"
    text = example.read_text(encoding="utf-8")
    example.write_text(text.replace('    """Fourth power of the residual."""\n', ""))
    assert "quartic" in lossctl("list", "--format", "value").split()
    assert lossctl("show", "quartic").splitlines()[0] == "quartic"


def test_a_loss_without_a_card_is_told_so(lossctl):
    lossctl("recommend", "--task", "regression")
    asked = ("recommend", "--task", "regression", "--why", "quartic")
    said = lossctl(*asked, code=2)
    assert "error: the rules have no card for 'quartic'" in said


def test_every_file_that_the_table_names_is_there():
    for path in re.findall(r"`((?:lossctl|tests|docs|\.ci)/[\w/.]+)`", TEXT):
        assert (ROOT / path).exists(), path
