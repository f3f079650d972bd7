"""Write anew what is made from the code: `python -m tests.renew`.

It makes the pages on losses, runs every example of the README and of docs and every case of the
command line, and writes down what they print now. Read the difference before you commit it: it is
what users will see.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # as pytest has it

import cases
import examples
import loss_pages
from conftest import COLOURED, PLAIN


def renewed() -> Iterator[tuple[Path, str]]:
    """Yield everything that is made from the code, as it is now."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        shutil.copytree(examples.ROOT / "sample_data", project / "sample_data")
        pages = loss_pages.pages()
        texts = {path: path.read_text(encoding="utf-8") for path in examples.documents()}
        for path, text in {**texts, **pages}.items():
            yield path, examples.renewed(text, project, os.environ)
    for path in cases.CASES:
        yield path, cases.renewed(path.read_text(encoding="utf-8"))


def main() -> None:
    """Write what has changed, and say what that is."""
    for name in COLOURED:
        os.environ.pop(name, None)
    os.environ.update(PLAIN)
    for path, text in renewed():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"renewed {path.relative_to(examples.ROOT)}")


if __name__ == "__main__":
    main()
