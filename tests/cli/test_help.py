"""The help of every command, at any width: complete, in plain words, with examples that run."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from functools import cache
from pathlib import Path

import pytest
import typer
from samples import SAMPLES

import lossctl
from lossctl.cli import COMMANDS, app
from lossctl.cli.examples import EXAMPLES
from lossctl.cli.help_page import HelpPage, Row, Section, drawn
from lossctl.cli.rules import COMMANDS as RULES

ROOT = Path(__file__).parent.parent.parent
LOSSES = list(lossctl.losses())
PATHS = [
    [],
    *([name] for name in COMMANDS),
    *(["rules", name] for name in RULES),
    *([command, name] for command in ("compute", "show") for name in LOSSES),
]
RAW = re.compile(
    r"<\w|list\[|\w=<|default: \(|\{|\}|\[\[|None|True|False|/ ?--no-|--no-no-|\bOPTIONAL\b"
)
"""What only a program would say: types, ranges, a default in two pairs of brackets."""

every_command = pytest.mark.parametrize("path", PATHS, ids=" ".join)


@cache
def help_page(*path):
    """Return the help of a command, and the command, as Typer finds it."""
    command = typer.main.get_command(app)
    context = command.make_context("lossctl", [*path], resilient_parsing=True)
    for word in path:
        _, command, _ = context.command.resolve_command(context, [word])
        context = command.make_context(word, [], parent=context, resilient_parsing=True)
    return context.command.help_page(context), context.command.get_params(context)


def plain(page, width):
    return re.sub(r"\x1b\[\d+m", "", drawn(page, width))


def help_of(run, path, width, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    ran = run([*path, "--help"])
    assert (ran.code, ran.err) == (0, "")
    return ran.out


@every_command
def test_everything_is_shown_complete_at_any_width(path):
    page, _ = help_page(*path)
    for width in (48, 80, 100):
        text = plain(page, width)
        assert max(map(len, text.splitlines())) <= width
        assert "…" not in text
        assert "\x1b" not in text
        assert not RAW.search(text.partition("Examples")[0])
        for section in page.sections:
            assert f"\n{section.heading}\n" in text
            for row in section.rows:
                assert re.search(rf"^  {re.escape(row.name)}( |$)", text, re.MULTILINE)
        assert copied(text) == [shlex.split(command) for _, command in page.examples]


def copied(text):
    """Read the examples off the help, as a user copies them; the shell joins continued lines."""
    lines = text.partition("\nExamples\n")[2].replace("\\\n", " ").splitlines()
    return [shlex.split(line) for line in lines if not line.startswith("  #")]


@every_command
def test_every_parameter_is_explained_in_a_sentence(path):
    page, parameters = help_page(*path)
    rows = [row for section in page.sections for row in section.rows]
    explained = " ".join(row.name for row in rows).replace(",", "").split()
    for parameter in parameters:
        if parameter.param_type_name == "option":
            assert set(parameter.opts) <= set(explained)
    for row in rows:
        assert re.fullmatch(r"[A-Z0-9\-].*[.)]", row.text), row


@every_command
def test_there_are_two_or_three_examples_of_the_command(path):
    page, _ = help_page(*path)
    assert len(page.examples) in (2, 3)
    wanted = path[-1] if path[-1:] != ["show"] and path[-1:] != ["compute"] and path else "lossctl"
    assert all(wanted in command for _, command in page.examples)


@pytest.mark.parametrize("path", [[], ["compute"], ["compute", "mse"], ["rules", "list"]])
@pytest.mark.parametrize(("columns", "width"), [(20, 32), (48, 48), (80, 80), (160, 100)])
def test_the_help_is_as_wide_as_the_terminal_but_not_too_wide(
    path, columns, width, run, monkeypatch
):
    assert help_of(run, path, columns, monkeypatch) == plain(help_page(*path)[0], width) + "\n"


def test_the_help_of_losses_is_short_and_says_where_they_are_listed(run, monkeypatch):
    for name in ("compute", "show"):
        text = help_of(run, [name], 80, monkeypatch)
        assert len(text.splitlines()) <= 60
        assert "lossctl list" in text
        assert not re.search(r"^  (mse|dice)\b", text, re.MULTILINE)


def test_what_is_common_to_all_losses_is_in_the_help_of_each(run, monkeypatch):
    common = set(re.findall(r"--[\w-]+", help_of(run, ["compute"], 80, monkeypatch)))
    assert common <= set(
        re.findall(r"--[\w-]+", help_of(run, ["compute", "huber"], 80, monkeypatch))
    )


def test_the_most_used_stands_first(run, monkeypatch):
    names = run(["list", "--format", "value"]).out.split()
    assert names[0] == "mse"
    assert names[-1].startswith("gan")
    text = help_of(run, ["compute", "huber"], 80, monkeypatch)
    headings = re.findall(r"^[A-Z][\w ]+$", text, re.MULTILINE)
    assert headings[:2] == ["Arguments", "Options of this loss"]
    assert headings[-2:] == ["Output", "Examples"]
    assert next(iter(COMMANDS)) == "compute"


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (["compute", "huber"], "--delta NUMBER"),
        (["compute", "huber"], "[default: 1]"),
        (["compute", "huber"], "--reduction mean|sum|none"),
        (["compute", "huber"], "FILES... [OPTIONS]"),
        (["compute", "poisson"], "--log-input  "),  # off, unless it is given
        (["compute", "lsgan_generator"], "--half, --no-half"),  # on, unless --no-half is given
        (["recommend"], "--penalise-large-errors"),
        (["recommend"], "--no-overlap  "),
        (["recommend"], "recommend [FILES...] [OPTIONS]"),
        (["rules", "show"], "show [ID] [OPTIONS]"),
        (["rules"], "Options\n  -h, --help"),
        (["compute"], "Repeatable.\n  -h, --help"),  # at the end of the last section
        (["list"], "-f, --format FORMAT"),
    ],
)
def test_it_is_written_as_people_write(path, shown, run, monkeypatch):
    assert shown in help_of(run, path, 80, monkeypatch)


def test_a_fact_with_no_in_its_name_is_denied_without_it(run):
    asked = ["recommend", "--task", "object_detection", "--format", "json"]
    facts = [json.loads(run([*asked, flag]).out)["facts"] for flag in ("--no-overlap", "--overlap")]
    assert [each["value"] for both in facts for each in both if each["name"] == "no_overlap"] == [
        True,
        False,
    ]


def test_help_is_styled_on_a_terminal_and_wherever_colour_is_forced(run, monkeypatch):
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    assert "\x1b" not in run(["--help"]).out
    monkeypatch.setenv("FORCE_COLOR", "1")
    styled = run(["--help"]).out
    assert "\x1b[1mCommands\x1b[0m" in styled
    monkeypatch.delenv("FORCE_COLOR")
    assert re.sub(r"\x1b\[\d+m", "", styled) == run(["--help"]).out


PAGE = HelpPage(
    "lossctl do FILES...",
    ["One two three."],
    [
        Section(
            "Options", (Row("-a, --all", "Take all of them.", "NUMBER", "1"), Row("-h", "Help."))
        )
    ],
    [("Do it", "lossctl do 'a b.csv' --all 2")],
)


def test_texts_stand_beside_their_names():
    assert plain(PAGE, 64) == (
        "One two three.\n"
        "\n"
        "Usage: lossctl do FILES...\n"
        "\n"
        "Options\n"
        "  -a, --all NUMBER  Take all of them. [default: 1]\n"
        "  -h                Help.\n"
        "\n"
        "Examples\n"
        "  # Do it\n"
        "  lossctl do 'a b.csv' --all 2"
    )


def test_texts_stand_below_their_names_on_narrow_screens_and_commands_can_still_be_copied():
    assert plain(PAGE, 24) == (
        "One two three.\n"
        "\n"
        "Usage: lossctl do\n"
        "       FILES...\n"
        "\n"
        "Options\n"
        "  -a, --all NUMBER\n"
        "      Take all of them.\n"
        "      [default: 1]\n"
        "  -h\n"
        "      Help.\n"
        "\n"
        "Examples\n"
        "  # Do it\n"
        "  lossctl do 'a b.csv' \\\n"
        "    --all 2"
    )


# every example runs


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with the files that the examples name."""
    rows = [(n, n % 7 / 7, n % 2, "north" if n % 3 else "south") for n in range(60)]
    tables = {
        "predictions.csv": ("id,prediction,region", [(n, p, at) for n, p, _, at in rows]),
        "targets.csv": ("id,target,region", [(n, t, at) for n, _, t, at in rows]),
        "sales.csv": ("forecast,sold", [(p * 10, t * 9 + p) for _, p, t, _ in rows]),
        "train.csv": ("prediction,target", [(p, t) for _, p, t, _ in rows]),
        "validation.csv": ("prediction,target", [(1 - p, t) for _, p, t, _ in rows]),
    }
    for name, (header, lines) in tables.items():
        text = "\n".join([header, *(",".join(map(str, line)) for line in lines)])
        (tmp_path / name).write_text(text + "\n")
    shutil.copy(ROOT / "sample_data" / "house_rules.yaml", tmp_path)
    (tmp_path / "scenarios.yaml").write_text(
        "scenarios:\n"
        "- {name: ours, story: Ours., facts: {task: regression}, first: [mse], why: As usual.}\n"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    "example", dict.fromkeys(command for examples in EXAMPLES.values() for _, command in examples)
)
def test_every_example_runs(example, run):
    ran = run(shlex.split(example)[1:], "regression\n")
    checks = "--max" in example or "rules coverage" in example
    assert ran.code in ((0, 1) if checks else (0,)), ran.err
    assert ran.out


DATA_OF = {
    "gan_discriminator": "gan_minimax",  # the sample of its own is of logits
    "lovasz_softmax": "sparse_categorical_cross_entropy",  # a table, to which units can be added
    "tweedie_deviance": "gamma_deviance",  # with the power of the example targets are above 0
    "perceptual": "charbonnier",  # features are numbers in one column
}
"""Losses whose examples are run with the sample of another loss."""


@pytest.mark.parametrize("name", LOSSES)
def test_every_example_of_a_loss_runs_with_sample_data(name, run, tmp_path, monkeypatch):
    """The files of the sample get the names of the example; some data need options to be read."""
    sample = next(sample for sample in SAMPLES if sample.loss == DATA_OF.get(name, name))
    words = shlex.split(sample.arguments)[1:]
    sources = [ROOT / word for word in words if word.startswith("sample_data/")]
    reading = ("--columns", "--on", "--first-label", "--order", "--window", "--unit")
    for number, (_, command) in enumerate(help_page("compute", name)[0].examples):
        arguments = shlex.split(command)[1:]
        folder = tmp_path / str(number)
        folder.mkdir()
        monkeypatch.chdir(folder)
        files = [word for word in arguments[2:] if word.endswith((".csv", ".npy"))]
        for place, file in enumerate(files):
            copy(sources[min(place, len(sources) - 1)], folder / file)
            if "--unit" in arguments:
                mark_units(folder / file, *about(words, ["--unit"])[1:])
        options = about(words, [each for each in reading if each not in arguments])
        ran = run([*arguments, *options])
        assert ran.code == 0 or (ran.code == 1 and "--max" in arguments), (arguments, ran.err)


def about(words, options):
    """Take some options, each with its value."""
    return [
        word
        for place, option in enumerate(words)
        if option in options
        for word in words[place : place + 2]
    ]


def copy(source, target):
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy(source, target)


def mark_units(path, column=None):
    """Name the column of units id; without one, each half of the rows is a unit."""
    header, *lines = path.read_text().splitlines()
    if column is None:
        lines = [f"{place * 2 // len(lines)},{line}" for place, line in enumerate(lines)]
        header = f"id,{header}"
    else:
        header = ",".join("id" if name == column else name for name in header.split(","))
    path.write_text("\n".join([header, *lines]) + "\n")


@pytest.mark.parametrize("name", LOSSES)
def test_every_example_of_showing_a_loss_runs(name, run):
    for _, command in help_page("show", name)[0].examples:
        assert run(shlex.split(command)[1:]).code == 0
