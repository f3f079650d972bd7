"""Write anew what is made from the code: `python -m tests.renew`.

It runs every example of the README and of docs, and every case of the command line, and writes down
what they print now. Read the difference before you commit it: it is what users will see.
"""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from pathlib import Path

from tests import cases, examples
from tests.conftest import COLOURED, PLAIN


def renew() -> list[Path]:
    """Write all examples and cases anew; return the files that changed."""
    for name in COLOURED:
        os.environ.pop(name, None)
    os.environ.update(PLAIN)
    changed = []
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(examples.ROOT / "sample_data", Path(folder) / "sample_data")
        for path in examples.documents():
            text = path.read_text(encoding="utf-8")
            now = examples.renewed(text, Path(folder), os.environ)
            if now != text:
                path.write_text(now, encoding="utf-8")
                changed.append(path)
    for path in cases.CASES:
        text = path.read_text(encoding="utf-8")
        now = cases.renewed(text)
        if now != text:
            path.write_text(now, encoding="utf-8")
            changed.append(path)
    return changed


if __name__ == "__main__":
    for each in renew():
        print(f"renewed {shlex.quote(str(each.relative_to(examples.ROOT)))}")
