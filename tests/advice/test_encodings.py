"""The command that is recommended computes the loss of files that are as the problem says.

Or it is told what has to be written otherwise first. The files are made from what labels and
outputs mean, whatever any loss takes.
"""

from __future__ import annotations

import shlex
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from lossctl.advice.answer import _Data, _recommendation
from lossctl.advice.recommendation import advise
from lossctl.advice.rule_base import load
from lossctl.facts.vocabulary import Known

ROWS = 24

BINARY, SEVERAL = "binary_classification", "multiclass_classification"
TASKS = (BINARY, SEVERAL, "multilabel_classification", "ordinal_regression", "distillation")
ONE_COLUMN_EACH = (SEVERAL, "multilabel_classification", "ordinal_regression", "distillation")
LABELS = ("binary_01", "plus_minus_1", "integer", "one_hot", "multi_hot", "soft")
OUTPUTS = ("probability", "distribution", "class_scores")
BESIDE = (
    {},
    {"imbalanced": True},
    {"noisy_labels": True},
    {"hard_examples": True},
    {"long_tailed": True},
    {"model": "svm"},
    {"need": frozenset({"calibrated_probabilities"})},
)


def softmax(scores):
    return np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)


@cache
def arrays(task: str, labels: str, output: str, n_outputs: int):
    """Predictions and targets; scores rise from column to column, as those of an order do."""
    draw = np.random.default_rng(0)
    classes = 2 if task == BINARY else 4
    wide = classes if n_outputs > 1 or output == "distribution" else 1
    scores = np.sort(draw.normal(size=(ROWS, classes)), axis=1)[:, :wide]
    row_of = np.resize(np.arange(classes), ROWS)
    predictions = {
        "class_scores": scores,
        "probability": 1 / (1 + np.exp(-scores)),
        "distribution": softmax(scores),
    }[output]
    many = (draw.random((ROWS, classes)) > 0.5).astype(int)
    targets = {
        "binary_01": many if task == "multilabel_classification" else row_of % 2,
        "plus_minus_1": row_of % 2 * 2 - 1,
        "integer": row_of,
        "one_hot": np.eye(classes, dtype=int)[row_of],
        "multi_hot": many,
        "soft": softmax(draw.normal(size=(ROWS, classes))) if wide > 1 else draw.random(ROWS),
    }[labels]
    return predictions, np.reshape(targets, (ROWS, -1))


def write(file: str, role: str, table) -> None:
    names = [role] if table.shape[1] == 1 else [f"{role}_{n}" for n in range(table.shape[1])]
    rows = [",".join(map(str, row)) for row in [names, *table.tolist()]]
    Path(file).write_text("\n".join(rows) + "\n")


def problems(task: str, labels: str, output: str, n_outputs: int):
    for more in BESIDE:
        facts = {"task": task, "labels": labels, "output": output, **more}
        yield facts | ({"n_outputs": n_outputs} if task == BINARY else {})


def recommended(facts):
    """All losses of predictions and targets that are recommended, unless facts contradict."""
    advice = advise(load(), [Known(name, each, "flag") for name, each in facts.items()])
    for each in advice.situation.recommended if not advice.conflicts else ():
        if advice.base.cards[each.loss].roles == ("prediction", "target"):
            yield _recommendation(advice, each, _Data(["predictions.csv", "targets.csv"]))


def told_to_rewrite(rules) -> bool:
    """Whether a rule says what has to be written otherwise; that on from_logits says how not to."""
    return any(name.startswith("encoding-") and name != "encoding-scores" for name in rules)


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_what_is_recommended_takes_the_data_or_it_is_told_what_to_write_otherwise(
    task, run, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    codes = []
    for labels, output in product(LABELS, OUTPUTS):
        wide = task in ONE_COLUMN_EACH or labels in ("one_hot", "multi_hot")
        n_outputs = 2 if wide or output == "distribution" else 1
        predictions, targets = arrays(task, labels, output, n_outputs)
        write("predictions.csv", "prediction", predictions)
        write("targets.csv", "target", targets)
        once = cache(lambda command: run(shlex.split(command)[1:]).code)
        for facts in problems(task, labels, output, n_outputs):
            for each in recommended(facts):
                codes.append(once(each.command))
                assert codes[-1] == 0 or told_to_rewrite(each.rules), (facts, each.command)
    assert codes.count(0) > codes.count(3) > 0
