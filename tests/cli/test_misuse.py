"""Wrong usage: every error has one design, and its hint can be typed and leads on."""

from __future__ import annotations

import os
import pty
import re
import shlex
import subprocess
import sys

import pytest

import lossctl
from lossctl.catalogue.names import UnknownLoss, look_up
from lossctl.catalogue.scores import SCORES

SHAPE = re.compile(r"error: .+\n(  (try: .+|did you mean .+\?)\n)?")


@pytest.fixture(autouse=True)
def _tables(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("p.csv", "predictions.csv"):
        (tmp_path / name).write_text("prediction,ab\n0.25,x\n0.75,y\n")
    for name in ("t.csv", "targets.csv"):
        (tmp_path / name).write_text("target,ab\n0,x\n1,y\n")


WRONG = {
    # commands
    "nope": ("unknown command 'nope'", "try: lossctl --help"),
    "comput mse p.csv t.csv": (
        "unknown command 'comput'",
        "try: lossctl compute mse p.csv t.csv",
    ),
    "rules lnt": ("unknown command 'lnt'", "try: lossctl rules lint"),
    "help nope": ("unknown command 'nope'", "try: lossctl --help"),
    # losses where a command should be
    "mse p.csv t.csv": (
        "'mse' is a loss, not a command",
        "try: lossctl compute mse p.csv t.csv",
    ),
    "mse 'p.csv' t.csv --by 'a b'": (
        "'mse' is a loss, not a command",
        "try: lossctl compute mse p.csv t.csv --by 'a b'",
    ),
    "torch.nn.HuberLoss": (
        "'torch.nn.HuberLoss' is a loss, not a command",
        "try: lossctl show torch.nn.HuberLoss",
    ),
    "hubr p.csv t.csv": ("unknown command 'hubr'", "try: lossctl compute huber p.csv t.csv"),
    # losses
    "compute hubr p.csv t.csv": ("unknown loss 'hubr'", "try: lossctl compute huber p.csv t.csv"),
    "compute nope p.csv t.csv": ("unknown loss 'nope'", "try: lossctl list"),
    "compute mse p.csv t.csv --also hubr": ("unknown loss 'hubr'", "did you mean 'huber'?"),
    # scores
    "accuracy p.csv t.csv": (
        (
            "accuracy is a score, not a loss: it counts correct predictions and has no gradient; "
            "the usual loss is cross-entropy"
        ),
        "try: lossctl compute cross_entropy p.csv t.csv",
    ),
    "compute recall p.csv t.csv": (
        (
            "recall is a score, not a loss: the Tversky loss is 1 minus recall if only false "
            "negatives count"
        ),
        "try: lossctl compute tversky --fp-weight 0 --fn-weight 1 p.csv t.csv",
    ),
    "compute roc_auc_score p.csv t.csv": (
        (
            "roc_auc_score is a score, not a loss: it is the share of pairs in the right order; "
            "a smooth loss for that is pairwise_logistic"
        ),
        "try: lossctl show pairwise_logistic",  # its files would be others
    ),
    "show f1": (
        (
            "f1 is a score, not a loss: F1 of predicted probabilities is the Dice coefficient, "
            "and the loss is 1 minus that"
        ),
        "try: lossctl show dice",
    ),
    "compute mse p.csv t.csv --also r2": (
        (
            "r2 is a score, not a loss: it compares the mean squared error with the variance of "
            "the target"
        ),
        "try: mse",
    ),
    # options
    "--nope": ("unknown option '--nope'", "try: lossctl --help"),
    "compute mse p.csv t.csv --redution sum": (
        "unknown option '--redution'",
        "did you mean '--reduction'?",
    ),
    "compute mse p.csv t.csv -x": ("unknown option '-x'", "try: lossctl compute mse --help"),
    "compute mse p.csv t.csv --\x1b[31m": (
        "unknown option '--\\x1b[31m'",
        "try: lossctl compute mse --help",
    ),
    "compute --max 3 mse p.csv t.csv": (
        "--max must follow the loss",
        "try: lossctl compute mse --max 3 p.csv t.csv",
    ),
    "compute mse p.csv t.csv --digits": (
        "--digits needs a value",
        "try: lossctl compute mse --help",
    ),
    "compute mse p.csv t.csv --quiet=3": ("--quiet takes no value", "try: --quiet"),
    "compute mse p.csv t.csv --digits 0": (
        "--digits must be an integer between 1 and 17, not '0'",
        "",
    ),
    "compute mse p.csv t.csv --digits 1_0": (
        "--digits must be an integer between 1 and 17, not '1_0'",
        "",
    ),
    "compute mse p.csv t.csv --max-bytes -5": (
        "--max-bytes must be an integer at least 1, not '-5'",
        "",
    ),
    "compute mse p.csv t.csv --format yaml": (
        "--format must be text, value, json, jsonl, csv or markdown, not 'yaml'",
        "",
    ),
    "compute mse p.csv t.csv --reduction avg": (
        "--reduction must be mean, sum or none, not 'avg'",
        "",
    ),
    "compute mse p.csv t.csv -f csv --digits 3": (
        "--digits has no effect: csv always has all digits",
        "",
    ),
    # arguments
    "compute mse": (
        "missing argument FILES",
        "try: lossctl compute mse predictions.csv targets.csv",
    ),
    "inspect": ("missing argument FILES", "try: lossctl inspect predictions.csv targets.csv"),
    "inspect --train p.csv": ("--train needs --validation", "try: lossctl inspect --help"),
    "list mse": ("unexpected argument 'mse'", "try: lossctl list --help"),
    "recommend --delimiter ';'": ("--delimiter applies to files, but none are given", ""),
    "list --family regresion": ("unknown family 'regresion'", "did you mean 'regression'?"),
}

every_mistake = pytest.mark.parametrize("words", WRONG)


def typed(words):
    return shlex.split(words)


@every_mistake
def test_an_error_says_what_is_wrong_and_what_to_try(words, run):
    message, hint = WRONG[words]
    ran = run(typed(words))
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"error: {message}\n" + (f"  {hint}\n" if hint else "")
    assert SHAPE.fullmatch(ran.err)


@every_mistake
def test_a_command_to_try_is_no_mistake_itself(words, run):
    _, hint = WRONG[words]
    if hint.startswith("try: lossctl") and "--by 'a b'" not in words:  # there is no such column
        tried = run(typed(hint)[2:])
        assert tried.code == 0, tried.err


@pytest.mark.parametrize("score", SCORES, ids=lambda score: score.names[0])
def test_the_loss_nearest_to_a_score_can_be_computed_or_shown(score, run):
    for name in score.names:
        with pytest.raises(UnknownLoss):  # a loss that is called so would be out of reach
            look_up(name)
        ran = run(["show", name])
        assert ran.err.startswith(f"error: {name} is a score, not a loss: {score.because}\n")
    name, *options = shlex.split(score.loss)
    if name != "cross_entropy":  # the shapes of the data choose which
        assert run(["show", name, *options]).code == 0


@pytest.mark.parametrize("name", ["accuracy", "map", "auc", "nce", "accurasy", "loss_of_mine"])
def test_no_loss_of_another_kind_is_suggested(name):
    with pytest.raises(UnknownLoss) as caught:
        lossctl.compute(name, [0.5], [1])
    assert "jaccard" not in str(caught.value)
    assert "mape" not in str(caught.value)
    assert "cce" not in str(caught.value)


def test_without_arguments_the_help_is_shown(run):
    for words in ([], ["--debug"], ["compute"], ["show"], ["rules"]):
        ran = run(words)
        assert (ran.code, ran.err) == (2, "")
        assert ran.out == run([*words, "--help"]).out


@pytest.mark.parametrize("words", ["", "compute", "compute mse", "rules list", "recommend"])
def test_help_of_a_command_is_its_help(words, run):
    helped, asked = run(["help", *typed(words)]), run([*typed(words), "--help"])
    assert helped == asked
    assert (helped.code, helped.err) == (0, "")


def test_help_of_help_is_that_of_lossctl(run):
    assert run(["help", "--help"]) == run(["help", "-h"]) == run(["--help"])


def started(words, environment, **more):
    return subprocess.run(
        [sys.executable, "-m", "lossctl", *typed(words)],
        capture_output=True,
        text=True,
        check=False,
        env={**environment, **more},
    )


def test_an_error_is_plain_where_it_is_redirected_whoever_runs_it(environment):
    environment = {
        name: value for name, value in environment.items() if name not in ("NO_COLOR", "TERM")
    }
    for more in ({"GITHUB_ACTIONS": "true"}, {"PY_COLORS": "1"}, {"TERM": "xterm-256color"}):
        for words in ("nope", "compute mse", "compute mse --nope"):
            ran = started(words, environment, **more)
            assert (ran.returncode, ran.stdout) == (2, "")
            assert SHAPE.fullmatch(ran.stderr)
            assert "\x1b" not in ran.stderr


@pytest.mark.parametrize(
    ("more", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_an_error_is_coloured_on_a_terminal_that_can(more, coloured, environment):
    plain = {"NO_COLOR", "TERM", "_TYPER_FORCE_DISABLE_TERMINAL"}
    environment = {name: value for name, value in environment.items() if name not in plain}
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        done = subprocess.run(
            [sys.executable, "-m", "lossctl", "nope"],
            stderr=theirs,
            check=False,
            env={**environment, "TERM": "xterm-256color", **more},
        )
        os.close(theirs)
        written = terminal.read(1000).decode()
    assert done.returncode == 2
    assert ("\x1b[31m" in written) == coloured
    assert "unknown command 'nope'" in written
