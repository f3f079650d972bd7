"""What users read is in the field's words.

A few home-made ones stay out of the rule base, the catalogue, all help and the documents.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
import typer
from examples import documents

import lossctl
from lossctl.advice.documents import read
from lossctl.advice.rule_base import folder, load
from lossctl.advice.rule_files import SCENARIOS, STATEMENTS, read_text
from lossctl.cli import app
from lossctl.cli.commands import Group

WORDS = {
    r"\bslopes?\b": "gradient",
    r"\bpictures?\b(?!\.\w)": "image",
    r"\b(put|puts|putting) out\b": "output",
    r"\bweigh(s|ed|ing)?\b": "weight",
    r"\bdr(aw|aws|awn|awing)\b( \w+){0,3} more often\b": "oversample",
    r"\byes(es)? (or|and) no(es)?\b|\byeses\b|\bnoes\b": "a binary label; positives, negatives",
    r"\bclass(es)? that (is|are) rare\b": "minority class",
    r"\bwhole numbers?\b": "integer",
    r"\blast layers?\b": "output activation",
    r"\bseen through\b": "recognised as fake",
    r"\bdear(er|est|ly)?\b": "costly",
    r"\beven noise\b": "constant-variance noise",
    r"\btail is [\w.]+ times as long\b": "left or right skewed",
    r"\bsure(ly| enough|r)\b": "significantly; confident",
    r"\btak(en|es|ing) [\w ]{0,20}\bat (its|their|your) word\b": "calibrated",
    r"\btaken for (?!granted)": "treated as",
    r"\bthe two look swapped\b": "predictions and targets look swapped",
    r"\bothers behind the first\b": "same first choice, other alternatives",
    r"\blay(s|ing)? (\w+ ){0,5}open\b": "show",
    r"\b(put|puts|putting) together\b": "combine",
}
"""Home-made words, and the field's."""

ALLOWED = re.compile(
    r"\b(line|linear) (of|with) slope\b|\bcurve's slope\b|\bslopes? of (a|the) (curve|line)\b"
    r"|\bslope and intercept\b"
)
"""A curve has a slope, and so has a line; it is a loss that has a gradient."""

ARTICLES = {r"\barticle-\d\b": "the short name of the article"}
"""Keys of articles, which a sentence must not have; lists of sources do."""

FRAME = re.compile(r"[\s│╭╮╰╯─]+")
"""What a line of a text or of a help screen is broken by."""


def home_made(text: str, words: Mapping[str, str] = WORDS) -> Iterator[str]:
    """Yield each home-made word of a text, with those around it and the field's term."""
    plain = ALLOWED.sub(" ", FRAME.sub(" ", text))
    for pattern, better in words.items():
        for match in re.finditer(pattern, plain, re.IGNORECASE):
            around = plain[max(match.start() - 40, 0) : match.end() + 20]
            yield f"{match.group()!r} in {around!r}: {better}"


def texts(value: Any) -> Iterator[str]:  # whatever a rule base is made of
    """Yield the sentences of a value: texts with a space, which no name and no key has."""
    if isinstance(value, str):
        if " " in value:
            yield value
    elif isinstance(value, Mapping):
        yield from (text for inner in value.values() for text in texts(inner))
    elif isinstance(value, list | tuple):
        yield from (text for inner in value for text in texts(inner))
    elif is_dataclass(value):
        yield from (text for field in fields(value) for text in texts(getattr(value, field.name)))


def literals(file: Path) -> Iterator[str]:
    """Yield the sentences among the literals of a module: docstrings, helps, notes and errors."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant):
            yield from texts(node.value)


def commands(
    command: Any,  # Typer has no types for its groups
    path: tuple[str, ...] = (),
    parent: Any = None,
) -> Iterator[tuple[str, Any]]:
    """Yield the program, its commands and theirs: what is typed, and the command itself."""
    name = path[-1] if path else "lossctl"
    context = command.make_context(name, [], parent=parent, resilient_parsing=True)
    yield " ".join(path), context.command
    if isinstance(context.command, Group):
        for name in context.command.list_commands(context):
            inner = context.command.get_command(context, name)
            yield from commands(inner, (*path, name), context)


def home_made_in(sentences: Iterable[str], words: Mapping[str, str] = WORDS) -> list[str]:
    """Return what is home-made in some sentences, each once."""
    return list(dict.fromkeys(word for text in sentences for word in home_made(text, words)))


COMMANDS = dict(commands(typer.main.get_command(app)))
OF_LOSSES = {f"{command} {loss}" for command in ("compute", "show") for loss in lossctl.losses()}

PACKAGE = Path(lossctl.__file__).parent
MODULES = sorted(
    file
    for room in ("catalogue", "tables", "engine", "detectors")
    for file in (PACKAGE / room).rglob("*.py")
)


@pytest.mark.parametrize("part", ["vocabulary", "parts", "cards", "rules"])
def test_the_rule_base_is_in_the_words_of_the_field(part):
    assert home_made_in(texts(getattr(load(), part)), WORDS | ARTICLES) == []


@pytest.mark.parametrize("file", [STATEMENTS, SCENARIOS])
def test_statements_and_scenarios_are_in_the_words_of_the_field(file):
    document = read(read_text(str(folder() / file)), file).plain
    assert home_made_in(texts(document), WORDS | ARTICLES) == []


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_modules_are_in_the_words_of_the_field(file):
    assert home_made_in(literals(file)) == []


@pytest.mark.parametrize("command", [name for name in COMMANDS if name not in OF_LOSSES])
def test_help_is_in_the_words_of_the_field(command, run):
    screen = run([*command.split(), "--help"])
    assert screen.code == 0
    assert home_made_in([screen.out]) == []


@pytest.mark.parametrize("group", ["compute", "show"])
def test_help_on_a_loss_is_in_the_words_of_the_field(group):
    """Drawing two hundred screens takes long; what they say is read off the commands."""
    of_losses = [COMMANDS[name] for name in COMMANDS if name.startswith(f"{group} ")]
    helps = [entry.help for command in of_losses for entry in (command, *command.params)]
    assert len(helps) > len(of_losses) >= len(lossctl.losses())
    assert home_made_in(filter(None, helps)) == []


@pytest.mark.parametrize("document", documents(), ids=lambda document: document.name)
def test_documents_are_in_the_words_of_the_field(document):
    assert home_made_in([document.read_text(encoding="utf-8")]) == []


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("It has no slope at 0.", "slope"),
        ("The slope of the loss is 1.", "slope"),
        ("Two Pictures are\n  compared.", "Pictures"),
        ("the model puts\n│ out a number", "puts out"),
        ("weigh the rows", "weigh"),
        ("Draw rare classes more often.", "Draw rare classes more often"),
        ("a yes or no", "yes or no"),
        ("The upper tail is 3.2 times as long.", "tail is 3.2 times as long"),
        ("Scores can be taken at their word.", "taken at their word"),
        ("article-5 says so.", "article-5"),
    ],
)
def test_a_home_made_word_is_found(text, word):
    (message,) = home_made(text, WORDS | ARTICLES)
    assert message.startswith(f"{word!r} in ")


@pytest.mark.parametrize(
    "text",
    [
        "The curve's slope at 0 is the gradient.",
        "the slope of the curve",
        "slope and intercept",
        "linear with slope delta",
        "`picture.png` is one image.",
        "The weighted mean of the output.",
        "taken for granted",
    ],
)
def test_a_word_of_the_field_is_not(text):
    assert list(home_made(text, WORDS | ARTICLES)) == []


def test_every_command_is_looked_at():
    assert {"", "recommend", "rules lint", *OF_LOSSES} <= COMMANDS.keys()
