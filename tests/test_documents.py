"""The documents are true: what they show runs, and prints or gives what they say."""

from __future__ import annotations

import ast
import re
import shutil
import tokenize
from io import StringIO

import numpy as np
import pytest
from examples import ROOT, agrees, documents, examples, run, without_output
from loss_pages import pages

import lossctl

README = (ROOT / "README.md").read_text(encoding="utf-8")
TEXTS = {path.relative_to(ROOT): path.read_text(encoding="utf-8") for path in documents()}
EXAMPLES = [example for path, text in TEXTS.items() for example in examples(text, str(path))]
PYTHON = {
    str(path): "\n".join(blocks)
    for path, text in TEXTS.items()
    if (blocks := re.findall(r"```python\n(.*?)```", text, re.DOTALL))
}


@pytest.fixture
def project(tmp_path):
    shutil.copytree(ROOT / "sample_data", tmp_path / "sample_data")
    return tmp_path


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: f"{each.document}: {each.command}")
def test_a_command_of_a_document_prints_what_it_says(example, project, environment):
    printed = run(example.command, project, environment)
    if not agrees(example.printed, printed):
        assert printed == example.printed, "after a change on purpose: python -m tests.renew"


def comments(source: str) -> dict[int, str]:
    """Return the comments of a source by line."""
    tokens = tokenize.generate_tokens(StringIO(source).readline)
    return {
        token.start[0]: token.string.removeprefix("# ")
        for token in tokens
        if token.type == tokenize.COMMENT
    }


@pytest.mark.parametrize("document", PYTHON)
def test_the_python_of_a_document_gives_what_its_comments_say(document, project, monkeypatch):
    monkeypatch.chdir(project)
    source, names = PYTHON[document], {"__name__": "document"}
    said = comments(source)
    for statement in ast.parse(source).body:
        code = ast.unparse(statement)
        if isinstance(statement, ast.Expr) and statement.end_lineno in said:
            expected = eval(said[statement.end_lineno], {"array": np.array})  # noqa: S307
            value = eval(code, names)  # noqa: S307
            if isinstance(expected, str):
                assert value == expected
            else:
                assert value == pytest.approx(expected, rel=1e-7)
        else:
            exec(code, names)  # noqa: S102


def test_links_between_documents_lead_somewhere():
    for path, text in TEXTS.items():
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
            assert (ROOT / path.parent / link).exists(), f"{path}: {link}"


@pytest.mark.parametrize(
    ("path", "page"), pages().items(), ids=lambda each: getattr(each, "stem", "")
)
def test_the_pages_on_losses_are_made_of_the_losses_as_they_are(path, page):
    written = path.read_text(encoding="utf-8") if path.exists() else ""
    if without_output(written) != page:  # a difference of whole pages takes pytest minutes
        pytest.fail("python -m tests.renew")


def test_every_loss_is_explained_with_a_command():
    text = "".join(pages().values())
    for name in lossctl.losses():
        assert f"$ lossctl compute {name} " in text


def test_every_command_is_in_the_readme():
    for name in ("compute", "list", "show", "inspect", "recommend"):
        assert f"$ lossctl {name} " in README or f"`lossctl {name}" in README, name


def test_the_readme_is_short():
    assert len(README.splitlines()) <= 200


def test_there_are_examples():
    assert len(EXAMPLES) >= 10
