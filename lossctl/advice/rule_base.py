"""The rule base of lossctl: where it is, and how it is loaded."""

from __future__ import annotations

import contextlib
import hashlib
import pickle
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from lossctl.advice.rules import RuleBase

PACKAGE = Path(__file__).parent.parent

READ_BY = ("grammar.py", "facts/*.py", "advice/*.py")
"""The code that reads rules, and whose classes they consist of."""


def folder() -> Path:
    """Return the folder of the rule base: in the package, or beside it in a checkout."""
    installed = PACKAGE / "rules"
    return installed if installed.is_dir() else PACKAGE.parent / "rules"


@cache
def load(overlays: Sequence[str] = ()) -> RuleBase:
    """Return the rule base of lossctl, changed by the user's files.

    Args:
        overlays: files that add, change or disable rules, applied in this order.

    Raises:
        UsageError: a file is invalid; with file, line and the problem.
    """
    base = shipped(folder())
    if not overlays:
        return base
    from lossctl.advice.rule_files import overlaid  # noqa: PLC0415  # yaml is slow to load

    laid: set[str] = set()
    for overlay in overlays:
        base = overlaid(base, overlay, laid)
    return base


def shipped(path: Path) -> RuleBase:
    """Return the rule base in a folder: as compiled when lossctl was built, or read now.

    Strict reading takes longer than the rest of a command, so the build compiles the rules. The
    compiled file is used only if the rules, and the code that reads them, are those of the build.
    """
    with contextlib.suppress(OSError):
        content = compiled().read_bytes()
        inputs, checksum = content[:DIGEST_BYTES], content[DIGEST_BYTES : 2 * DIGEST_BYTES]
        data = content[2 * DIGEST_BYTES :]
        if inputs == _digest(path) and checksum == hashlib.sha256(data).digest():
            base: RuleBase = pickle.loads(data)  # noqa: S301  # a part of the package
            return base
    from lossctl.advice.rule_files import read_folder  # noqa: PLC0415  # yaml is slow to load

    return read_folder(path)


def compiled() -> Path:
    """Return the path of the compiled rules.

    The file begins with two digests: of everything it was made from, and of the rest of it.
    """
    return PACKAGE / "advice" / "compiled_rules.pickle"


DIGEST_BYTES = 32
"""The length of such a digest."""


def compile_rules(path: Path) -> Path:
    """Read the rules in a folder and write the compiled file; only the build does this."""
    from lossctl.advice.rule_files import read_folder  # noqa: PLC0415  # yaml is slow to load

    data = pickle.dumps(read_folder(path), protocol=5)
    compiled().write_bytes(_digest(path) + hashlib.sha256(data).digest() + data)
    return compiled()


def _digest(path: Path) -> bytes:
    """Return a digest of the rules and of the code that reads them."""
    digest = hashlib.sha256()
    code = [file for pattern in READ_BY for file in sorted(PACKAGE.glob(pattern))]
    for root, files in ((PACKAGE, code), (path, sorted(path.rglob("*.y*ml")))):
        for file in files:
            digest.update(f"\0{file.relative_to(root)}\0".encode() + file.read_bytes())
    return digest.digest()
