"""The rule base that comes with lossctl: where it is, and reading it, or what was read of it."""

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
"""The code that reads rules, or that what was read is made of."""


def folder() -> Path:
    """Return the folder of the rule base: a part of the package, or beside it in a checkout."""
    installed = PACKAGE / "rules"
    return installed if installed.is_dir() else PACKAGE.parent / "rules"


@cache
def load(overlays: Sequence[str] = ()) -> RuleBase:
    """Return the rule base that comes with lossctl, changed by files of the user's.

    Args:
        overlays: files that add, change or switch off rules, the later over the earlier.

    Raises:
        UsageError: a file is not as it must be; with file, line, and what is wrong.
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
    """Return the rule base in a folder: as it was read when lossctl was built, or read now.

    Strict reading takes longer than all the rest of a command, so the build keeps what was read. It
    is used only while the rules, and the code that reads them, are those of the build.
    """
    with contextlib.suppress(OSError):
        kept = compiled().read_bytes()
        made_of, seal, data = kept[:SEAL], kept[SEAL : 2 * SEAL], kept[2 * SEAL :]
        if made_of == _digest(path) and seal == hashlib.sha256(data).digest():
            base: RuleBase = pickle.loads(data)  # noqa: S301  # a part of the package
            return base
    from lossctl.advice.rule_files import read_folder  # noqa: PLC0415  # yaml is slow to load

    return read_folder(path)


def compiled() -> Path:
    """Return the file in which the build keeps what was read.

    It begins with two digests: of what it was made of, and of the rest, which may be damaged.
    """
    return PACKAGE / "advice" / "compiled_rules.pickle"


SEAL = 32
"""The bytes of such a digest."""


def compile_rules(path: Path) -> Path:
    """Read the rules in a folder and keep what was read, as the build does and no command."""
    from lossctl.advice.rule_files import read_folder  # noqa: PLC0415  # yaml is slow to load

    data = pickle.dumps(read_folder(path), protocol=5)
    compiled().write_bytes(_digest(path) + hashlib.sha256(data).digest() + data)
    return compiled()


def _digest(path: Path) -> bytes:
    """Tell rules, and the code that reads them, from any others."""
    digest = hashlib.sha256()
    code = [file for pattern in READ_BY for file in sorted(PACKAGE.glob(pattern))]
    for root, files in ((PACKAGE, code), (path, sorted(path.rglob("*.y*ml")))):
        for file in files:
            digest.update(f"\0{file.relative_to(root)}\0".encode() + file.read_bytes())
    return digest.digest()
