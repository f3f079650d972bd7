"""What CONTRIBUTING.md promises: a loss is one function, and any package can bring it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


@pytest.fixture
def package(tmp_path):
    """A package with the example as its only module, as an installer would lay it out."""
    (example,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    (tmp_path / "my_losses.py").write_text(example, encoding="utf-8")
    information = tmp_path / "my_losses-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: my-losses\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[lossctl.losses]\nmine = my_losses\n")
    (tmp_path / "predictions.csv").write_text("prediction\n1\n3\n")
    (tmp_path / "targets.csv").write_text("target\n1\n1\n")
    return tmp_path


def lossctl(folder, environment, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "lossctl", *arguments],
        cwd=folder,
        env={**environment, "PYTHONPATH": f"{folder}:{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_example_is_computed_by_the_command_line(package, environment):
    done = lossctl(
        package, environment, "compute", "quartic", "predictions.csv", "targets.csv", "-f", "value"
    )
    # (0⁴ + 2⁴) / 2
    assert (done.stdout, done.stderr, done.returncode) == ("8.0\n", "", 0)


def test_the_example_has_a_help_page_and_is_listed(package, environment):
    assert "Fourth power" in lossctl(package, environment, "compute", "quartic", "--help").stdout
    assert "quartic" in lossctl(package, environment, "list", "--format", "value").stdout


def test_the_example_is_explained_without_the_sections_that_its_docstring_lacks(
    package, environment
):
    done = lossctl(package, environment, "show", "quartic")
    assert (done.stderr, done.returncode) == ("", 0)
    title, *_ = lines = done.stdout.splitlines()
    assert title == "quartic: Fourth power of the residual."
    headings = [line for line in lines[1:] if line and not line.startswith(" ")]
    assert headings == [
        "Warnings",
        "Inputs, in the order of the files",
        "Options",
        "Other names",
        "Signature",
    ]
    fields = json.loads(lossctl(package, environment, "show", "quartic", "-f", "json").stdout)
    assert [fields[name] for name in ("formula", "helps", "example")] == [None] * 3
    assert lossctl(package, environment, "show", "quartic", "-f", "markdown").returncode == 0


def test_a_loss_without_a_docstring_is_listed_and_explained(package, environment):
    example = package / "my_losses.py"
    text = example.read_text(encoding="utf-8")
    example.write_text(text.replace('    """Fourth power of the residual."""\n', ""))
    assert lossctl(package, environment, "list").stderr == ""
    done = lossctl(package, environment, "show", "quartic")
    assert (done.stdout.splitlines()[0], done.stderr) == ("quartic", "")


def test_the_rules_say_that_they_do_not_know_the_example(package, environment):
    asked = ("recommend", "--task", "regression")
    assert lossctl(package, environment, *asked).returncode == 0
    done = lossctl(package, environment, *asked, "--why", "quartic")
    assert (done.returncode, done.stdout) == (2, "")
    assert "error: the rules have no card for 'quartic'" in done.stderr


def test_every_file_that_the_table_names_is_there():
    for path in re.findall(r"`((?:lossctl|tests)/[\w/.]+)`", TEXT):
        assert (ROOT / path).exists(), path


def test_the_benchmark_table_is_filled_in():
    assert "BENCHMARKS" not in TEXT
