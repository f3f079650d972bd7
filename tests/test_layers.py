"""Who loads what: start-up stays light, and each library has one owner."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("numpy", "pandas", "yaml")


def modules_after(environment: dict[str, str], *arguments: str) -> set[str]:
    program = (
        "import sys; from lossctl.cli import main; "
        f"main({list(arguments)!r}); print('\\n'.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    return set(done.stderr.split())


@pytest.mark.parametrize("arguments", [("--help",), ("--version",)])
def test_help_loads_neither_numpy_nor_pandas(arguments, environment):
    assert not modules_after(environment, *arguments) & set(HEAVY)


def test_a_command_loads_the_modules_of_no_other(environment):
    modules = {f"lossctl.cli.{name}" for name in ("compute", "inspect", "rules", "catalogue")}
    assert not modules_after(environment, "--help") & modules
    assert modules_after(environment, "list") & modules == {"lossctl.cli.catalogue"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("recommend", "--task", "segmentation", "--imbalanced"),
        ("recommend", "--task", "regression", "--why-not", "mse", "--format", "json"),
        ("rules", "list"),
    ],
)
def test_advice_without_data_loads_neither_numpy_nor_pandas(arguments, environment):
    assert not modules_after(environment, *arguments) & {"numpy", "pandas", "pydantic"}


@pytest.mark.parametrize(
    "arguments",
    [("--help",), ("list",), ("show", "huber", "--delta", "2"), ("list", "--format", "json")],
)
def test_plain_text_is_not_checked_by_a_library(arguments, environment):
    assert "pydantic" not in modules_after(environment, *arguments)


@pytest.mark.parametrize("arguments", [("list",), ("show", "huber"), ("compute", "mse", "--help")])
def test_the_catalogue_does_not_load_pandas(arguments, environment):
    assert "pandas" not in modules_after(environment, *arguments)
