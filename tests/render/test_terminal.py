"""What is drawn on a terminal: folded to its width, with style, and never with broken words."""

from __future__ import annotations

import re

import pytest

from lossctl.advice.rule_base import load

STYLE = re.compile(r"\x1b\[[0-9;]*m")
CODE = r" *(\S+|(torch|keras|optax)\..*[)\]]|lossctl .*|(>>> |array\().*)"
WIDTHS = [48, 80, 160]
PAGES = [
    ("show", "huber"),
    ("show", "dice"),
    ("rules", "show", "regression-outliers"),
    ("recommend", "--task", "segmentation", "--imbalanced", "--explain"),
    ("recommend", "--task", "regression", "--outliers", "--why", "mae", "--why-not", "mse"),
    ("recommend",),
]


@pytest.fixture
def terminal(run, monkeypatch):
    """Run a command as on a terminal of a width."""

    def once(width: int, *arguments: str) -> str:
        monkeypatch.delenv("NO_COLOR")
        monkeypatch.setenv("TERM", "xterm-256color")
        monkeypatch.setenv("FORCE_COLOR", "1")
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setattr("sys.stdout.isatty", lambda: True)
        ran = run(list(arguments))
        assert ran.err == ""
        return ran.out

    return once


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("arguments", PAGES, ids=" ".join)
def test_a_page_fits_the_terminal_and_reads_as_in_a_pipe(terminal, run, width, arguments):
    piped = run(list(arguments)).out
    drawn = terminal(width, *arguments)
    plain = STYLE.sub("", drawn)
    assert plain != drawn
    assert plain.split() == piped.split()
    for line in plain.splitlines():
        # Code and single words stick out rather than break.
        assert len(line) <= width or re.fullmatch(CODE, line), line


@pytest.mark.parametrize("width", WIDTHS)
def test_no_name_of_a_rule_is_cut(terminal, width):
    plain = STYLE.sub("", terminal(width, "rules", "list"))
    words = set(plain.replace(",", " ").split())
    assert words > load().rules.keys()
    assert words > {named.loss for rule in load().rules.values() for named in rule.losses}
    assert max(map(len, plain.splitlines())) <= width


def test_headings_are_bold_and_names_are_coloured(terminal):
    drawn = terminal(80, "recommend", "--task", "segmentation", "--imbalanced")
    assert drawn.splitlines()[0] == "\x1b[1mFor task segmentation, imbalanced\x1b[0m"
    assert "\x1b[1mRecommended\x1b[0m" in drawn
    assert "\x1b[36mdice_cross_entropy\x1b[0m" in drawn


def test_a_dumb_terminal_gets_no_codes(terminal, monkeypatch, run):
    terminal(80, "list", "--family", "ranking")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.delenv("FORCE_COLOR")
    assert "\x1b" not in run(["list", "--family", "ranking"]).out


@pytest.mark.parametrize(("columns", "widest"), [("48", 48), ("100", 100), ("none", 80)])
def test_a_page_in_a_pipe_is_as_wide_as_columns_says(run, monkeypatch, columns, widest):
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr("sys.__stdout__", None)
    lines = run(["rules", "show", "regression-outliers"]).out.splitlines()
    assert widest - 12 < max(map(len, lines)) <= widest


def test_a_page_in_a_file_has_the_usual_width(run, monkeypatch, tmp_path):
    monkeypatch.setenv("COLUMNS", "48")
    run(["rules", "show", "regression-outliers", "-o", str(tmp_path / "rule.txt")])
    lines = (tmp_path / "rule.txt").read_text(encoding="utf-8").splitlines()
    assert 68 < max(map(len, lines)) <= 80
