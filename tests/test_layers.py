"""Who loads what: imports go one way, and start-up stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import lossctl

PACKAGE = Path(lossctl.__file__).parent

GROUND = {"block", "errors", "grammar", "lazy", "parallel", "report", "version"}
BELOW = {
    "facts": GROUND,
    "catalogue": GROUND,
    "tables": GROUND,
    "engine": GROUND | {"catalogue", "tables"},
    "detectors": GROUND | {"facts", "catalogue", "tables", "engine"},
    "advice": GROUND | {"facts", "catalogue", "tables", "engine"},
    "explorer": GROUND | {"catalogue", "engine"},
    "render": GROUND,
    "library": GROUND | {"catalogue", "engine", "detectors", "advice", "render"},
}
"""What each room may import; `cli`, above all others, may import everything."""

HEAVY = ("numpy", "pandas", "yaml")


def imports(source: str) -> Iterator[str]:
    """Yield the modules of lossctl that a source imports, wherever it does."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def package() -> dict[str, str]:
    """Read the source of every module, by the module's name."""
    return {
        ".".join(("lossctl", *path.relative_to(PACKAGE).with_suffix("").parts)): path.read_text()
        for path in PACKAGE.rglob("*.py")
    }


def room(module: str) -> str:
    return module.split(".")[1]


def broken(sources: Mapping[str, str]) -> list[str]:
    """Name every import that goes from a room to one that is not below it."""
    rooms = {room(module) for module in sources}
    return [
        f"{module} imports {imported}"
        for module, source in sources.items()
        for imported in imports(source)
        if imported.startswith("lossctl.") and room(imported) in rooms
        if room(module) in BELOW or room(module) in GROUND
        if room(imported) not in BELOW.get(room(module), GROUND) | {room(module)}
    ]


def circle(sources: Mapping[str, str]) -> Iterable[str]:
    """Return modules that import each other in a circle, if there are any."""
    graph = {module: set(imports(source)) & sources.keys() for module, source in sources.items()}
    try:
        TopologicalSorter({module: found - {module} for module, found in graph.items()}).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_imports_go_one_way():
    assert broken(package()) == []


def test_no_modules_import_each_other_in_a_circle():
    assert circle(package()) == []


@pytest.mark.parametrize(
    ("module", "planted"),
    [
        ("lossctl.catalogue.families.regression.robust", "from lossctl.engine.fold import fold"),
        ("lossctl.engine.sums", "def late():\n    from lossctl.cli import main"),
        ("lossctl.tables.text", "import lossctl.engine.plan"),
        ("lossctl.render.csv", "from lossctl.catalogue import names"),
        ("lossctl.errors", "from lossctl.library import compute"),
    ],
)
def test_an_import_the_other_way_is_found(module, planted):
    sources = package()
    sources[module] += f"\n{planted}\n"
    assert [each for each in broken(sources) if each.startswith(f"{module} imports")]


def test_a_circle_is_found():
    sources = package()
    sources["lossctl.advice.rules"] += "\nfrom lossctl.advice.rule_files import read_folder\n"
    assert set(circle(sources)) >= {"lossctl.advice.rules", "lossctl.advice.rule_files"}


def test_every_room_is_in_the_contract():
    rooms = {room(module) for module in package()} - {"__init__", "__main__", "cli"}
    assert rooms == BELOW.keys() | GROUND


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


@pytest.mark.parametrize(
    "arguments",
    [
        ("list",),
        ("list", "--format", "json"),
        ("show", "huber"),
        ("show", "dice", "--format", "json"),
        ("compute", "mse", "--help"),
    ],
)
def test_to_list_and_explain_losses_takes_neither_numpy_nor_pandas(arguments, environment):
    assert not modules_after(environment, *arguments) & {"numpy", "pandas"}
