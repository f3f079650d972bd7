"""What `lossctl recommend` says to go on with can be gone on with."""

from __future__ import annotations

import shlex

ROWS = "".join(f"{n % 17},{n % 10};{n % 13},5\n" for n in range(60))


def commands(printed: str) -> list[list[str]]:
    _, _, after = printed.partition("Go on with\n")
    return [shlex.split(line)[1:] for line in after.splitlines() if line]


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
    assert compute == ["compute", "mse", "predictions.csv", "t.csv"]


OWN = """\
extends: builtin
add:
- {id: own, kind: prefer, when: {task: regression}, losses: [mae], because: We report medians.}
"""
SCENARIO = """\
scenarios:
- {name: ours, story: Ours., facts: {task: regression}, first: [%s], why: So it was decided.}
"""


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
    assert told.err.count("What is predicted?") == 1


def test_an_answer_that_is_not_understood_is_asked_for_again(run):
    told = run(["recommend", "--interactive", "--format", "value"], "regresion\nregression\n")
    assert "did you mean 'regression'?" in told.err
    assert told.out.splitlines()[0] == "mse"
