"""What `lossctl recommend` says to go on with can be gone on with."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections import deque
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import lossctl
from lossctl.errors import DataError, UsageError

ROWS = "".join(f"{n % 17},{n % 10};{n % 13},5\n" for n in range(60))


def commands(printed: str) -> list[list[str]]:
    _, _, after = printed.partition("Next steps\n")
    lines = [shlex.split(line, comments=True) for line in after.splitlines()]
    return [words[1:] for words in lines if words]


def test_the_next_command_reads_the_file_as_it_was_read(run, tmp_path, monkeypatch):
    (tmp_path / "both.csv").write_text(f"prediction;target\n{ROWS}")
    monkeypatch.chdir(tmp_path)
    advised = run(["recommend", "both.csv", "--delimiter", ";", "--decimal", ","], "")
    assert advised.code == 0
    compute, show = commands(advised.out)
    assert compute[2:] == ["both.csv", "--delimiter", ";", "--decimal", ","]
    assert run(compute, "").code == 0
    assert run(show, "").code == 0


def test_only_targets_leave_a_place_for_predictions(run, tmp_path, monkeypatch):
    (tmp_path / "t.csv").write_text("target\n" + "".join(f"{n % 10}.5\n" for n in range(60)))
    monkeypatch.chdir(tmp_path)
    compute, _ = commands(run(["recommend", "t.csv", "--task", "regression"], "").out)
    assert compute == ["compute", "mse", "PREDICTIONS", "t.csv"]


def test_options_on_reading_go_with_the_files_only(run, tmp_path, monkeypatch):
    rows = "".join(f"{n + 1},{n % 2}\n" for n in range(60))
    (tmp_path / "all.csv").write_text(f"time,seen\n{rows}")
    monkeypatch.chdir(tmp_path)
    asked = ["recommend", "all.csv", "--columns", "target=time", "--task", "survival"]
    compute, _ = commands(run(asked).out)
    assert compute[1:] == ["cox_partial_likelihood", "PREDICTIONS", "TARGETS", "EVENT"]


def test_a_column_of_units_is_no_data(run, tmp_path, monkeypatch):
    line = [f"s{n // 10}" for n in range(60)]
    (tmp_path / "p.csv").write_text(
        "line,a\n" + "".join(f"{line[n]},{n % 7 / 7}\n" for n in range(60))
    )
    (tmp_path / "t.csv").write_text("line,b\n" + "".join(f"{line[n]},{n % 2}\n" for n in range(60)))
    monkeypatch.chdir(tmp_path)
    refused = run(["recommend", "p.csv", "t.csv"])
    assert (refused.code, "--unit line" in refused.err) == (3, True)
    asked = ["recommend", "p.csv", "t.csv", "--unit", "line"]
    compute, _ = commands(run(asked).out)
    assert compute == ["compute", "binary_cross_entropy", "p.csv", "t.csv", "--unit", "line"]
    assert run(compute).code == 0
    first = json.loads(run([*asked, "--format", "json"]).out)["recommendations"][0]
    assert first["takes_data"] is True
    inspected = run(["inspect", "p.csv", "t.csv", "--unit", "line", "--format", "json"])
    facts = {each["name"]: each["value"] for each in json.loads(inspected.out)["facts"]}
    assert facts["labels"] == "binary_01"


@pytest.mark.parametrize("command", ["recommend", "inspect"])
@pytest.mark.parametrize(
    ("header", "first", "tried"),
    [
        (
            "group",
            "x",
            "if it names units: --unit group; otherwise name the columns: --columns target=A+B",
        ),
        ("id", "7", "name the columns: --columns target=A+B"),
    ],
)
def test_only_options_of_the_command_are_suggested(
    run, tmp_path, monkeypatch, command, header, first, tried
):
    (tmp_path / "t.csv").write_text(f"{header},a,b\n{first},1.5,2.5\n{first},2.5,3\n")
    monkeypatch.chdir(tmp_path)
    refused = run([command, "t.csv"])
    assert (refused.code, refused.err.splitlines()[1].strip()) == (3, f"try: {tried}")


def test_the_title_names_what_the_advice_rests_on(run):
    """Of the data only what rules looked at; what the user said always; 80 columns at most."""
    files = ["sample_data/diabetes_predictions.csv", "sample_data/diabetes_targets.csv"]
    title = run(["recommend", *files]).out.split("\n\n")[0]
    assert title == "For task regression, output continuous, not outliers"
    title = run(["recommend", *files, "--domain", "house_prices"]).out.split("\n\n")[0]
    assert "domain house_prices" in title.replace("\n ", "")
    counts = ["sample_data/visits_predictions.csv", "sample_data/visits_targets.csv"]
    title = run(["recommend", *counts]).out.split("\n\n")[0].splitlines()
    assert len(title) == 2
    assert max(map(len, title)) <= 80
    boxes = ["sample_data/coins_boxes_prediction.csv", "sample_data/coins_boxes_target.csv"]
    assert run(["recommend", *boxes]).out.startswith("For output boxes\n")


@pytest.mark.parametrize(
    ("file", "loss"),
    [
        ("sample_data/diabetes_gaussian.csv", "gaussian_nll"),
        ("sample_data/diabetes_quantile.csv", "mse"),
    ],
)
def test_one_table_with_all_is_enough(run, file, loss):
    """The first loss is computed by the command as it is printed."""
    first = json.loads(run(["recommend", file, "--format", "json"]).out)["recommendations"][0]
    assert (first["loss"], first["takes_data"]) == (loss, True)
    assert run(shlex.split(first["command"])[1:]).code == 0


def test_what_is_left_beside_predictions_is_not_the_target(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("both.csv").write_text("probability,price\n0.5,0\n0.9,2.197\n0.1,-2.197\n")
    for command in (["recommend"], ["inspect"], ["compute", "mse"]):
        ran = run([*command, "both.csv"])
        assert ran.code == 3
        assert "not clear which column is the target; there are 'price'" in ran.err
    Path("forecast.csv").write_text("day,p10,p90,y\nmon,1,3,2\ntue,2,5.5,4\nwed,4,9,8\n")
    told = json.loads(run(["inspect", "forecast.csv", "--format", "json"]).out)["facts"][0]
    assert (told["name"], told["value"]) == ("output", "quantiles")


def test_what_the_data_tell_is_not_asked():
    """Errors with outliers, of targets that are no counts, no grades, and lie beyond 0 and 1."""
    rng = np.random.default_rng(7)
    target = rng.normal(0, 3, 600)
    far = np.where(np.arange(600) % 50 == 0, 90.0, 0.3)
    answer = lossctl.recommend(target=target, prediction=target + far * rng.normal(0, 1, 600))
    assert answer["recommendations"][0]["loss"] == "huber"
    asked = {each["fact"] for each in answer["questions"]}
    assert asked
    assert not asked & {"counts", "ordinal", "range", "overdispersed", "zero_inflated"}


def test_arrays_are_named_so_that_none_is_taken_for_the_other():
    for ask in (lossctl.inspect, lossctl.recommend):
        with pytest.raises(TypeError, match="positional"):
            ask([0.2, 0.9], [0, 1])


def test_grades_that_look_like_classes_do_not_contradict_the_user(run, tmp_path, monkeypatch):
    (tmp_path / "t.csv").write_text("stars\n" + "".join(f"{n % 5}\n" for n in range(60)))
    monkeypatch.chdir(tmp_path)
    asked = ["recommend", "t.csv", "--format", "json", "--task"]
    assert json.loads(run([*asked, "ordinal_regression"]).out)["conflicts"] == []
    (conflict,) = json.loads(run([*asked, "regression"]).out)["conflicts"]
    assert [each["value"] for each in conflict["facts"]] == [
        "regression",
        "multiclass_classification",
    ]


OWN = """\
extends: builtin
add:
- {id: own, kind: prefer, when: {task: regression}, losses: [mae], because: We report medians.}
"""
SCENARIO = """\
scenarios:
- {name: ours, story: Ours., facts: {task: regression}, first: [%s], why: So it was decided.}
"""


@pytest.mark.slow
def test_own_rules_change_the_answer_and_can_be_checked(run, tmp_path, monkeypatch):
    (tmp_path / "own.yaml").write_text(OWN)
    (tmp_path / "good.yaml").write_text(SCENARIO % "mae")
    (tmp_path / "bad.yaml").write_text(SCENARIO % "mse")
    monkeypatch.chdir(tmp_path)
    own = ["--rules", "own.yaml"]
    asked = ["recommend", "--task", "regression", "--why", "mae", *own]
    assert run([*asked, "--format", "value"], "").out.splitlines()[0] == "mae"
    assert "own: own.yaml, line 3" in run(asked, "").out
    assert run(["rules", "lint", *own], "").code == 0
    assert run(["rules", "test", *own, "--scenarios", "good.yaml"], "").code == 0
    failed = run(["rules", "test", *own, "--scenarios", "bad.yaml"], "")
    assert (failed.code, "first is mae, not mse" in failed.out) == (1, True)


def test_an_interview_ends_where_nothing_would_change_any_more(run):
    told = run(["recommend", "--interactive", "--format", "value"], "gan\n\n\n\n")
    assert told.code == 0
    assert told.out.splitlines()[0] == "gan_generator"
    assert told.err.count("What is the task?") == 1


def test_an_answer_that_is_not_understood_is_asked_for_again(run):
    told = run(["recommend", "--interactive", "--format", "value"], "regresion\nregression\n")
    assert "did you mean 'regression'?" in told.err
    assert told.out.splitlines()[0] == "mse"


@pytest.mark.parametrize("word", ["9" * 5000, "99", "²", "0"])
def test_a_number_that_no_answer_has_is_asked_for_again(run, word):
    told = run(["recommend", "--interactive", "--format", "value"], f"{word}\nregression\n")
    assert "unknown task" in told.err
    assert told.out.splitlines()[0] == "mse"


def test_an_answer_that_is_no_text_is_wrong_usage(environment):
    done = subprocess.run(
        [sys.executable, "-m", "lossctl", "recommend", "--interactive"],
        input=b"\xff\n",
        capture_output=True,
        check=False,
        env={**environment, "PYTHONIOENCODING": "utf-8:strict"},
    )
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.endswith(b"error: standard input is not UTF-8\n")


# whether the data are taken as they are


def column(name: str, *values: object) -> str:
    return "\n".join(map(str, (name, *values))) + "\n"


@pytest.fixture
def signs(tmp_path, monkeypatch):
    (tmp_path / "p.csv").write_text(column("prediction", *([0.2, 0.9, 0.6] * 10)))
    (tmp_path / "t.csv").write_text(column("target", *([-1, 1, 1] * 10)))
    monkeypatch.chdir(tmp_path)


REFUSED = "'t.csv', line 2, column 'target': '-1' is not a probability (between 0 and 1)"


@pytest.mark.usefixtures("signs")
def test_a_command_that_would_fail_says_so(run):
    said = run(["recommend", "p.csv", "t.csv"])
    assert (
        "  lossctl compute binary_cross_entropy p.csv t.csv\n"
        "  # does not accept the data as they are: 't.csv', line 2, column 'target': '-1'\n"
        "  # is not a probability (between 0 and 1)\n"
        "  lossctl show binary_cross_entropy\n"
    ) in said.out
    assert "It takes labels of 0 and 1: recode -1 as 0 first." in said.out
    compute, show = commands(said.out)
    assert (run(compute).code, run(show).code) == (3, 0)


@pytest.mark.usefixtures("signs")
def test_every_format_for_programs_says_what_is_refused(run):
    asked = ["recommend", "p.csv", "t.csv", "--format"]
    first = json.loads(run([*asked, "json"]).out)["recommendations"][0]
    assert (first["takes_data"], first["refused"]) == (False, REFUSED)
    assert json.loads(run([*asked, "jsonl"]).out.splitlines()[0])["refused"] == REFUSED
    assert REFUSED in run([*asked, "csv"]).out


@pytest.mark.usefixtures("signs")
@pytest.mark.parametrize("task", ["embedding", "gan"])
def test_a_loss_that_needs_other_files_is_not_tried(run, task):
    said = run(["recommend", "p.csv", "t.csv", "--task", task, "--format", "json"])
    for each in json.loads(said.out)["recommendations"]:
        words = shlex.split(each["command"])
        assert (each["takes_data"] is None) == ("p.csv" not in words)


@pytest.mark.parametrize(
    ("task", "loss", "files"),
    [
        ("ranking", "margin_ranking", ["POSITIVE", "NEGATIVE", "ORDER"]),
        ("survival", "cox_partial_likelihood", ["p.csv", "t.csv", "EVENT"]),
    ],
)
def test_predictions_and_targets_stand_for_nothing_else(
    run, tmp_path, monkeypatch, task, loss, files
):
    (tmp_path / "p.csv").write_text(column("score", *(n % 7 + 0.5 for n in range(60))))
    (tmp_path / "t.csv").write_text(column("value", *(n % 9 + 0.25 for n in range(60))))
    monkeypatch.chdir(tmp_path)
    said = run(["recommend", "p.csv", "t.csv", "--task", task, "--format", "json"])
    found = {each["loss"]: each for each in json.loads(said.out)["recommendations"]}[loss]
    words = shlex.split(found["command"])[3 : 3 + len(files)]
    assert (words, found["takes_data"]) == (files, None)


@pytest.mark.usefixtures("signs")
def test_what_can_be_read_only_once_is_not_tried(run):
    targets = Path("t.csv").read_text()
    asked = ["recommend", "p.csv", "-", "--format", "json"]
    piped = json.loads(run(asked, targets).out)["recommendations"][0]
    assert (piped["loss"], piped["takes_data"]) == ("binary_cross_entropy", None)
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as pipe:
        pipe.write(targets)
    asked = ["recommend", "p.csv", f"/dev/fd/{reading}", "--format", "json"]
    assert json.loads(run(asked).out)["recommendations"][0]["takes_data"] is None
    os.close(reading)


def test_without_data_nothing_is_tried(run):
    said = run(["recommend", "--task", "regression", "--format", "json"])
    for each in json.loads(said.out)["recommendations"]:
        assert (each["takes_data"], each["refused"]) == (None, "")


def tables():
    """Predictions and targets of all sorts, those that do not belong together among them."""
    draw = np.random.default_rng(1)
    score, scores = draw.normal(size=(60, 1)), draw.normal(size=(60, 3))
    odds = np.exp(scores)
    classes = np.resize([0, 1, 2], 60)[:, None]
    predictions = {
        "score": score,
        "scores": scores,
        "probability": 1 / (1 + np.exp(-score)),
        "distribution": odds / odds.sum(axis=1, keepdims=True),
        "two_scores": scores[:, :2],
    }
    targets = {
        "zeros_and_ones": classes % 2,
        "signs": classes % 2 * 2 - 1,
        "ones_and_twos": classes % 2 + 1,
        "classes": classes,
        "one_hot": np.eye(3, dtype=int)[classes[:, 0]],
        "labels": draw.integers(0, 2, (60, 3)),
        "numbers": 3 * score + draw.normal(size=(60, 1)),
        "words": np.array(["no", "yes"])[classes % 2],
    }
    return predictions, targets


@pytest.mark.slow
def test_data_are_said_to_be_taken_if_compute_takes_them(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for each in tables():
        for name, table in each.items():
            header = [f"{name}{n}" for n in range(table.shape[1])]
            rows = [",".join(map(str, row)) for row in [header, *table.tolist()]]
            (tmp_path / f"{name}.csv").write_text("\n".join(rows) + "\n")
    taken = []
    for prediction, target in product(*tables()):
        asked = ["recommend", f"{prediction}.csv", f"{target}.csv", "--format", "json"]
        said = run(asked)
        assert said.code in (0, 1), f"{asked}: {said.err}"
        for each in json.loads(said.out)["recommendations"]:
            taken.append(each["takes_data"])
            code = run(shlex.split(each["command"])[1:]).code
            assert code == (0 if each["takes_data"] else 3), each["command"]
    assert taken.count(True) > 20
    assert taken.count(False) > 20


def test_arrays_are_tried_too():
    target, prediction = [-1, 1, 1] * 10, [0.2, 0.9, 0.6] * 10
    first = lossctl.recommend(target=target, prediction=prediction)["recommendations"][0]
    assert (first["loss"], first["takes_data"]) == ("binary_cross_entropy", False)
    assert first["refused"] == "target[0]: -1.0 is not a probability (between 0 and 1)"
    first = lossctl.recommend(target=[0, 1, 1] * 10, prediction=prediction)["recommendations"][0]
    assert (first["loss"], first["takes_data"], first["refused"]) == (
        "binary_cross_entropy",
        True,
        "",
    )
    assert lossctl.recommend(target=[0, 1, 1] * 10)["recommendations"][0]["takes_data"] is None


def test_arrays_that_cannot_be_cut_are_tried_too():
    prediction = deque([0.2, 0.9, 0.6] * 10)
    for target in (deque([0, 1, 1] * 10), deque([-1, 1, 1] * 10)):
        first = lossctl.recommend(target=target, prediction=prediction)["recommendations"][0]
        assert first["loss"] == "binary_cross_entropy"
        assert first["takes_data"] is (min(target) == 0)


@pytest.mark.parametrize("nothing", [None, float("nan"), np.float32("nan"), pd.NA, pd.NaT])
def test_a_missing_label_is_no_class(nothing):
    words = ["yes", nothing, "no"] * 10
    for labels in (words, tuple(words), np.array(words, dtype=object), pd.Series(words)):
        for ask in (lossctl.inspect, lossctl.recommend):
            with pytest.raises(DataError, match=r"^target\[1\]: .* is not a label\n"):
                ask(target=labels)
    with pytest.raises(DataError, match=r"^target\[1\]: .* is not a label\n"):
        lossctl.compute("scce", pd.DataFrame({"no": [0.5] * 30, "yes": [0.5] * 30}), words)
    with pytest.raises(DataError, match=r"^unit\[1\]: .* is not a label\n"):
        lossctl.compute("mse", [0.5] * 30, [0.5] * 30, unit=words)


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({"n_classes": np.array([3, 4])}, "n_classes must be a number, not '[3 4]'"),
        ({"imbalanced": np.array([True, False])}, "imbalanced must be true or false, not "),
        ({"why": [None]}, "the name of a loss must be text, not 'None'"),
        ({"why_not": [3]}, "the name of a loss must be text, not '3'"),
        ({"rules": "a\0b"}, "'a\\x00b' is not a valid file name"),
    ],
)
def test_what_a_program_says_wrongly_is_told(stated, message):
    with pytest.raises(UsageError) as caught:
        lossctl.recommend(task="regression", **stated)
    assert caught.value.message.startswith(message)


def test_a_path_names_a_file_of_rules(tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text(OWN)
    for rules in (own, str(own), [own]):
        advised = lossctl.recommend(task="regression", rules=rules)
        assert advised["recommendations"][0]["loss"] == "mae"
