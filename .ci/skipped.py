"""Fails if tests were left out that did not pass elsewhere; takes JUnit reports.

A test may be skipped only if it has passed in an earlier report, so nothing may in the first one.
"""

import sys
import xml.etree.ElementTree as ET
from pathlib import Path


def outcomes(path: str) -> tuple[set[str], set[str]]:
    """Return the names of the tests that passed, and of the others."""
    passed, others = set(), set()
    for case in ET.parse(path).iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        bad = {"skipped", "failure", "error"} & {child.tag for child in case}
        (others if bad else passed).add(name)
    return passed, others


def main(paths: list[str]) -> int:
    """Print what each report has; return 1 if a test was skipped that had not passed before."""
    everything, missing = set(), set()
    for path in paths:
        passed, others = outcomes(path)
        missing |= others - everything
        everything |= passed
        elsewhere = len(others & everything)
        print(f"{Path(path).stem}: {len(passed)} passed, {elsewhere} skipped that passed before")
    for name in sorted(missing):
        print(f"not passed: {name}")
    print(f"{len(everything)} passed, {len(missing)} failed, 0 skipped")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
