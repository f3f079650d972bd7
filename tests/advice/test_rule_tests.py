"""Scenarios and examples fail where they should, and coverage counts what it says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rule_bases import CARDS, Fields, card, made, rule

from lossctl.advice.workshop.rule_tests import (
    Scenario,
    Share,
    coverage,
    failures,
    read_scenarios,
    read_statements,
    wrong_examples,
)
from lossctl.errors import UsageError

BASE = made(
    rule("usual", "default", {"task": "regression"}, "square", "huber", because="Small errors."),
    rule(
        "far-off",
        "prefer",
        {"outliers": True},
        "absolute:strong",
        "huber",
        because="It grows slowly.",
    ),
    rule("not-squares", "avoid", {"outliers": True}, "square", warning="It runs away."),
    rule("scale", "advise", {}, "huber", because="Delta has the unit of the target."),
    cards=CARDS | {"huber": card(activation="Linear.")},
    contradictory=[{"when": {"task": "regression", "output": "probability"}, "because": "No."}],
)
FAR_OFF = {"task": "regression", "outliers": True}


def write(folder: Path, *scenarios: Fields) -> str:
    file = folder / "scenarios.yaml"
    file.write_text(json.dumps({"scenarios": scenarios}), encoding="utf-8")
    return str(file)


@pytest.fixture
def scenario(tmp_path: Path) -> Callable[..., Scenario]:
    def once(facts: Fields, first: list[str], **more: Any) -> Scenario:
        fields = {"name": "one", "story": "It is so.", "facts": facts, "first": first, "why": "So."}
        (found,) = read_scenarios(write(tmp_path, fields | more), BASE)
        return found

    return once


@pytest.mark.parametrize(
    ("facts", "first", "more"),
    [
        (FAR_OFF, ["absolute"], {}),
        (FAR_OFF, ["entropy", "absolute"], {}),
        ({"task": "classification"}, [], {}),
        (FAR_OFF, ["absolute"], {"also": ["huber"]}),
        (FAR_OFF, ["absolute"], {"order": ["absolute", "huber"]}),
        (FAR_OFF, ["absolute"], {"never": ["square", "entropy"]}),
        (FAR_OFF, ["absolute"], {"avoided": ["square"]}),
        ({"task": "regression"}, ["square"], {"asks": ["outliers", "noise"]}),
        (
            {"task": "regression", "output": "probability"},
            ["square"],
            {"contradicts": ["output", "task"]},
        ),
        (FAR_OFF, ["absolute"], {"advice": {"huber": ["UNIT of", "nothing like it"]}}),
        (FAR_OFF, ["absolute"], {"advice": {"huber": ["linear"]}}),
        (FAR_OFF, ["absolute"], {"unsaid": ["overfitting"]}),
    ],
)
def test_a_scenario_that_is_fulfilled_passes(facts, first, more, scenario):
    assert list(failures(scenario(facts, first, **more), BASE)) == []


@pytest.mark.parametrize(
    ("facts", "first", "more", "message"),
    [
        (FAR_OFF, ["huber"], {}, "first is absolute, not huber"),
        (FAR_OFF, ["huber", "square"], {}, "first is absolute, not huber or square"),
        ({"task": "classification"}, ["entropy"], {}, "first is nothing, not entropy"),
        (FAR_OFF, [], {}, "absolute, huber should not be recommended, nor any other loss"),
        (FAR_OFF, ["absolute"], {"also": ["square"]}, "square is not recommended"),
        (FAR_OFF, ["absolute"], {"order": ["huber", "absolute"]}, "the order is absolute, huber"),
        (FAR_OFF, ["absolute"], {"order": ["absolute", "square"]}, "square is not recommended"),
        (FAR_OFF, ["absolute"], {"never": ["huber"]}, "huber should not be recommended"),
        (FAR_OFF, ["absolute"], {"avoided": ["entropy"]}, "entropy is not advised against"),
        (
            {"task": "regression"},
            ["square"],
            {"asks": ["noise"]},
            "it asks for outliers, not noise",
        ),
        (FAR_OFF, ["absolute"], {"asks": ["noise"]}, "it asks for nothing, not noise"),
        (
            FAR_OFF,
            ["absolute"],
            {"contradicts": ["task"]},
            "task is not reported as a contradiction",
        ),
        (
            FAR_OFF,
            ["absolute"],
            {"advice": {"absolute": ["unit", "scale"]}},
            "the advice on absolute does not mention unit or scale",
        ),
        (
            FAR_OFF,
            ["absolute"],
            {"advice": {"square": ["runs"]}},
            "the advice on square does not mention runs",
        ),
        (FAR_OFF, ["absolute"], {"unsaid": ["RUNS away"]}, "'RUNS away' should not be mentioned"),
    ],
)
def test_a_scenario_that_is_not_fulfilled_says_what_is_wrong(facts, first, more, message, scenario):
    assert list(failures(scenario(facts, first, **more), BASE)) == [message]


def test_all_that_is_wrong_is_told(scenario):
    wrong = scenario(FAR_OFF, ["huber"], never=["huber"], avoided=["entropy"])
    assert list(failures(wrong, BASE)) == [
        "first is absolute, not huber",
        "huber should not be recommended",
        "entropy is not advised against",
    ]


def test_first_may_be_in_any_part(scenario):
    base = made(rule("a", "prefer", {}, "square"), rule("b", "prefer", {}, "penalty", "huber"))
    assert list(failures(scenario({"task": "regression"}, ["penalty"]), base)) == []


def test_a_scenario_knows_where_it_stands(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(
        """\
scenarios:
- name: one
  story: It is so.
  facts: {task: regression}
  first: [square]
  why: Because.
- name: two
  story: It is so.
  facts: {}
  first: []
  unsaid: [0.5]
  why: Because.
""",
        encoding="utf-8",
    )
    one, two = read_scenarios(str(file), BASE)
    assert (one.name, one.place, one.facts) == ("one", "mine.yaml, line 2", {"task": "regression"})
    assert (two.name, two.place, two.unsaid) == ("two", "mine.yaml, line 7", ("0.5",))
    assert (one.also, one.advice, one.asks) == ((), {}, ())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"also": ["sqare"]}, "unknown loss 'sqare'"),
        ({"first": ["sqare"]}, "unknown loss 'sqare'"),
        ({"advice": {"sqare": ["x"]}}, "unknown loss 'sqare'"),
        ({"asks": ["outlier"]}, "unknown fact 'outlier'"),
        ({"facts": {"outlier": True}}, "unknown fact 'outlier'"),
        ({"facts": {"noise": "loud"}}, "unknown noise 'loud'"),
        ({"allso": ["square"]}, "unknown key 'allso'"),
    ],
)
def test_a_scenario_is_read_strictly(change, words, tmp_path):
    fields = {"name": "one", "story": "So.", "facts": {}, "first": [], "why": "So."}
    with pytest.raises(UsageError) as error:
        read_scenarios(write(tmp_path, fields | change), BASE)
    assert error.value.message.startswith("scenarios.yaml, line ")
    assert change.keys() == {"facts"} or words in error.value.message
    assert error.value.hint


@pytest.mark.parametrize("key", ["name", "story", "facts", "first", "why"])
def test_a_scenario_needs_its_story_and_its_reason(key, tmp_path):
    fields = {"name": "one", "story": "So.", "facts": {}, "first": [], "why": "So."}
    with pytest.raises(UsageError, match=f"missing key '{key}'"):
        read_scenarios(write(tmp_path, {k: v for k, v in fields.items() if k != key}), BASE)


# examples


def exampled(when: Fields, fires: list[Fields], silent: list[Fields], **more: Any) -> list[Any]:
    one = rule("r", "advise", when, examples={"fires": fires, "silent": silent})
    return list(wrong_examples(made(one, **more)))


def test_examples_that_do_as_they_should_pass():
    assert exampled({"outliers": True}, [{"outliers": True}], [{"outliers": False}, {}]) == []


def test_an_example_that_should_fire_and_does_not_is_told():
    wrong = exampled({"outliers": True}, [{"outliers": True}, {"task": "regression"}], [])
    assert wrong == [("r", "it should fire on {task: regression}")]


def test_an_example_that_should_be_silent_and_is_not_is_told():
    wrong = exampled({"outliers": True}, [], [{"outliers": True, "noise": "low"}])
    assert wrong == [("r", "it should not fire on {outliers: True, noise: low}")]


def test_what_follows_from_an_example_counts():
    derived = [{"when": {"skewed": True}, "then": {"outliers": True}, "because": "So."}]
    assert exampled({"outliers": True}, [{"skewed": True}], [], derived=derived) == []


# coverage


def test_coverage_counts_what_is_tested_and_what_is_cited(tmp_path, scenario):
    statements = tmp_path / "statements.yaml"
    statements.write_text(
        """\
book:
- {section: One, says: Squares are usual.}
- {section: One, says: Medians are robust.}
- {section: Two, says: Everything is easy., waived: Overstated.}
paper:
- {section: Three, says: Bend it.}
""",
        encoding="utf-8",
    )
    base = made(
        rule("spoken", "prefer", {"outliers": True}, "absolute", sources=["book#2"])
        | {"examples": {"fires": [FAR_OFF], "silent": []}},
        rule("unheard", "prefer", {"noise": "low"}, "huber", sources=["book"]),
        rule("both", "default", {"task": "regression"}, "square", sources=["paper#1"])
        | {"examples": {"fires": [], "silent": [{"task": "classification"}]}},
        sources=["book", "paper"],
    )
    told = coverage(base, [scenario({"task": "regression", "outliers": False}, [])], statements)
    assert told[0] == Share("rules that fire in a test", 2, 3, ("unheard",))
    assert told[1] == Share("rules that do not fire in a test", 2, 3, ("unheard",))
    assert (told[2].covered, told[2].of) == (2, 5)
    assert told[2].missing == ("entropy", "huber", "penalty")
    # Of the book the third statement is waived; the first one nobody cites.
    assert told[3] == Share("statements cited or waived", 3, 4, ("book#1",))


def test_statements_are_numbered_in_each_article(tmp_path):
    file = tmp_path / "statements.yaml"
    file.write_text(
        "a:\n- {section: S, says: X.}\n- {section: T, says: Y., waived: No.}\n"
        "b:\n- {section: U, says: Z.}\n",
        encoding="utf-8",
    )
    said, waived = read_statements(file)
    assert said == {"a#1": "S: X.", "a#2": "T: Y.", "b#1": "U: Z."}
    assert waived == {"a#2"}
