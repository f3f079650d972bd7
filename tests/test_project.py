"""What the project's own files say of each other: versions, extras and what the gate installs."""

from __future__ import annotations

import re
import tomllib
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
REQUIREMENT = re.compile(r"([\w-]+)(\[[\w,]+\])?(?:(>=|==)([\w.]+))?(?:,<[\w.]+)?")


def requirements(lines: list[str]) -> dict[str, tuple[str, str]]:
    """Return the sign and the version of each requirement, by its name."""
    matches = [REQUIREMENT.fullmatch(line) for line in lines]
    return {match[1].lower(): (match[3], match[4]) for match in matches if match}


def pinned(name: str) -> dict[str, set[str]]:
    """Return the versions in a file of constraints; there may be several, for several Pythons."""
    versions: dict[str, set[str]] = {}
    for line in (ROOT / ".ci" / name).read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            package, version = line.partition(" ")[0].split("==")
            versions.setdefault(package, set()).add(version)
    return versions


def padded(version: str) -> list[int]:
    numbers = list(map(int, version.split(".")))
    return numbers + [0] * (3 - len(numbers))


def test_the_lowest_versions_that_are_tested_are_those_that_are_admitted():
    extras = PROJECT["optional-dependencies"]
    direct = requirements(
        PROJECT["dependencies"] + extras["test"] + extras["images"] + extras["onnx"]
    )
    tested = pinned("lowest.txt")
    for name, (sign, version) in direct.items():
        if name != "lossctl":
            assert sign == ">="
            assert [padded(each) for each in tested[name]] == [padded(version)], RENEW


def test_every_requirement_has_an_exact_version():
    extras = chain.from_iterable(PROJECT["optional-dependencies"].values())
    everything = requirements([*PROJECT["dependencies"], *extras])
    assert everything.keys() - {"lossctl"} <= pinned("constraints.txt").keys(), RENEW


def test_the_tools_that_judge_style_are_the_same_everywhere():
    tools = requirements(PROJECT["optional-dependencies"]["lint"])
    assert {sign for sign, _ in tools.values()} == {"=="}
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert f"rev: v{tools['ruff'][1]}\n" in hooks


RENEW = "after a change of the dependencies: .ci/renew-constraints"
