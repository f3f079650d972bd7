"""Each check finds its own fault in a base that has nothing else wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from rule_bases import CARDS, FACTS, Fields, card, made, rule

from lossctl.advice.rule_base import load
from lossctl.advice.rules import Measured, OptionAdvice, RuleBase
from lossctl.advice.workshop.lint import Defect, agreement, implies, lint, models
from lossctl.facts.conditions import All, AnyOf, Condition, Leaf, Not

REGRESSION: Fields = {"task": "regression"}
CLASSES: Fields = {"task": "classification"}
FAR_OFF: Fields = {"task": "regression", "outliers": True}
BOOK = "book"


def shown(fires: Fields, silent: Fields) -> Fields:
    return {"examples": {"fires": [fires], "silent": [silent]}}


CLEAN: dict[str, Fields] = {
    "usual": rule("usual", "default", REGRESSION, "square", "huber", **shown(REGRESSION, CLASSES)),
    "classes": rule("classes", "default", CLASSES, "entropy", **shown(CLASSES, REGRESSION)),
    "far-off": rule(
        "far-off",
        "prefer",
        FAR_OFF,
        "absolute",
        **shown(FAR_OFF, {"task": "regression", "outliers": False}),
    ),
    "not-squares": rule(
        "not-squares",
        "avoid",
        {"outliers": True},
        "square",
        **shown({"outliers": True}, {"outliers": False}),
    ),
    "beside": rule(
        "beside",
        "prefer",
        {"noise": "high"},
        "penalty",
        **shown({"noise": "high"}, {"noise": "low"}),
    ),
    "told": rule("told", "advise", REGRESSION, "square", **shown(REGRESSION, CLASSES)),
}


def base(*changed: Fields, **more: Any) -> RuleBase:
    """The clean base, with rules of the same name replaced and others added."""
    rules = CLEAN | {each["id"]: each for each in changed}
    return made(*(each for each in rules.values() if each), **more)


def found(*changed: Fields, **more: Any) -> list[tuple[str, str]]:
    return [(each.check, each.subject) for each in lint(base(*changed, **more))]


OTHERWISE = {
    True: False,
    False: True,
    "regression": "classification",
    "high": "low",
    "low": "high",
}


def more(name: str, kind: str, when: Fields, *losses: str, **fields: Any) -> Fields:
    """Write a rule that has the examples it needs: when it fires, and one fact otherwise."""
    fires = fields.pop("fires", when)
    name_of_one, value = next(iter(fires.items()))
    silent = {**fires, name_of_one: OTHERWISE[value]}
    return rule(name, kind, when, *losses, **shown(fires, silent), **fields)


def test_a_clean_base_has_no_finding():
    assert lint(base()) == []


def test_a_finding_says_where():
    (finding,) = lint(base(CLEAN["told"] | {"sources": []}))
    assert finding == Defect("source", "told", "it has no source", "rule 6, line 1")


# conditions


def test_a_condition_that_nothing_fulfils_is_found():
    when = {"all": [{"noise": "high"}, {"noise": "low"}]}
    unsatisfiable = more("never", "advise", when, "square", fires=FAR_OFF)
    assert found(unsatisfiable) == [("unsatisfiable", "never")]


def test_a_condition_that_only_a_contradiction_fulfils_is_found():
    contradictory = [{"when": {"outliers": True, "noise": "low"}, "because": "It cannot be."}]
    never = more("never", "advise", {"outliers": True, "noise": "low"}, "square")
    assert found(never, contradictory=contradictory) == [("unsatisfiable", "never")]
    assert found(never) == []


def test_a_condition_that_what_follows_excludes_is_found():
    derived = [{"when": {"outliers": True}, "then": {"noise": "high"}, "because": "It follows."}]
    # Only a value that is stated against what follows can fulfil it, and that is a conflict, which
    # the vocabulary may declare.
    contradictory = [{"when": {"outliers": True, "noise": "low"}, "because": "It cannot be."}]
    never = more("never", "advise", {"outliers": True, "noise": "low"}, "square")
    assert ("unsatisfiable", "never") in found(never, derived=derived, contradictory=contradictory)


@pytest.mark.parametrize(
    "when",
    [
        {"all": [{"fact": "share", "at_least": 0.5}, {"fact": "share", "at_most": 0.25}]},
        {"all": [{"fact": "share", "at_least": 0.5}, {"not": {"fact": "share", "at_least": 0.5}}]},
        {"all": [{"fact": "share", "between": [0.25, 0.5]}, {"fact": "share", "at_least": 0.75}]},
        {"not": {"fact": "share", "between": [0, 1]}},
        {"all": [{"need": "smooth"}, {"not": {"need": "smooth"}}]},
        {"all": [{"fact": "noise", "known": False}, {"noise": "low"}]},
    ],
)
def test_ranges_and_sets_that_exclude_each_other_are_found(when):
    assert ("unsatisfiable", "never") in found(
        more("never", "advise", when, "square", fires=FAR_OFF)
    )


@pytest.mark.parametrize(
    "when",
    [
        {"all": [{"fact": "share", "at_least": 0.5}, {"fact": "share", "at_most": 0.5}]},
        {"all": [{"fact": "share", "at_least": 0.5}, {"not": {"fact": "share", "at_least": 0.75}}]},
        {"not": {"fact": "share", "between": [0.25, 0.5]}},
        {"not": {"noise": ["low", "middle"]}},
        {"fact": "noise", "known": False},
        {"not": {"need": "smooth"}},
        {"all": [{"need": "smooth"}, {"need": "unit"}]},
        {"fact": "share", "known": True},
        {"fact": "asked_for", "known": True},
        {"fact": "need", "known": True},
    ],
)
def test_ranges_and_sets_that_meet_are_not_found(when):
    rules = more("sometimes", "advise", when, "square", fires=FAR_OFF)
    assert ("unsatisfiable", "sometimes") not in found(rules)


LOW = Leaf("noise", "in", ("low",))
LOW_OR_HIGH = Leaf("noise", "in", ("low", "high"))
HALF = Leaf("share", "at_least", (0.5,))
QUARTER = Leaf("share", "at_least", (0.25,))
OUTLIERS = Leaf("outliers", "in", (True,))


@pytest.mark.parametrize(
    ("special", "general", "expected"),
    [
        (LOW, LOW_OR_HIGH, True),
        (LOW_OR_HIGH, LOW, False),
        (HALF, QUARTER, True),
        (QUARTER, HALF, False),
        (All((LOW, OUTLIERS)), LOW, True),
        (LOW, All((LOW, OUTLIERS)), False),
        (LOW, AnyOf((LOW, OUTLIERS)), True),
        (AnyOf((LOW, OUTLIERS)), LOW, False),
        (LOW, Not(Leaf("noise", "in", ("high",))), True),
        (Not(Leaf("noise", "in", ("high",))), LOW, False),
        (LOW, Leaf("noise", "known", (True,)), True),
        (LOW, All(()), True),
        (All(()), LOW, False),
        (LOW, OUTLIERS, False),
        (LOW, LOW, True),
    ],
)
def test_whether_one_condition_holds_wherever_another_does(special, general, expected):
    assert implies(special, general, base()) is expected


def test_the_models_of_a_condition_are_all_that_fulfil_it():
    condition: Condition = AnyOf((LOW_OR_HIGH, OUTLIERS))
    expected = [
        {"noise": noise, "outliers": outliers}
        for noise in (None, "low", "high", "middle")
        for outliers in (None, True, False)
        if noise in ("low", "high") or outliers
    ]
    stated = [{n: v for n, v in each.items() if v is not None} for each in expected]
    assert sorted(map(repr, models([condition], base()))) == sorted(map(repr, stated))


# examples and sources


@pytest.mark.parametrize(
    ("fields", "check"),
    [
        ({"sources": []}, "source"),
        ({"examples": {"fires": [], "silent": [CLASSES]}}, "example"),
        ({"examples": {"fires": [REGRESSION], "silent": []}}, "example"),
        (shown(FAR_OFF, {**CLASSES, "outliers": False}), "example"),
        (shown(REGRESSION, {}), None),
        (shown(FAR_OFF, {**CLASSES, "outliers": True}), None),
    ],
)
def test_a_rule_without_what_shows_its_edge_is_found(fields, check):
    assert found(CLEAN["told"] | fields) == ([(check, "told")] if check else [])


def test_a_rule_of_the_users_own_needs_neither_sources_nor_examples():
    own = (
        CLEAN["told"]
        | {"evidence": "own", "sources": []}
        | {"examples": {"fires": [], "silent": []}}
    )
    assert found(own) == []


def test_a_source_that_nothing_cites_is_found():
    assert found(sources=[BOOK, "unread"]) == [("source", "unread")]
    cites = CLEAN["told"] | {"sources": ["unread#3"]}
    assert found(cites, sources=[BOOK, "unread"]) == []


# rules against rules


def test_two_rules_that_say_the_same_are_found():
    twice = more("twice", "advise", {"outliers": True}, "square", because="This is told.")
    assert found(twice) == [("duplicate", "told")]


def test_two_rules_of_one_condition_for_the_same_losses_are_found():
    when = {"all": [{"outliers": True}, REGRESSION]}
    twice = more("twice", "prefer", when, "absolute:strong", fires=FAR_OFF)
    # Of the two the stronger is always the one that decides, so the other is never heard.
    assert set(found(twice)) == {("duplicate", "far-off"), ("shadowed", "far-off")}


def test_several_notes_on_one_loss_are_no_fault():
    assert found(more("note", "advise", REGRESSION, "square")) == []


@pytest.mark.parametrize("kind", ["avoid", "forbid"])
def test_a_rule_that_a_wider_one_makes_needless_is_found(kind):
    rules = [
        CLEAN["not-squares"] | {"kind": kind},
        more("needless", kind, {"outliers": True, "noise": "high"}, "square"),
    ]
    assert found(*rules) == [("subsumed", "needless")]


def test_a_narrower_rule_that_is_about_more_losses_is_no_fault():
    more_losses = more("more", "avoid", {"outliers": True, "noise": "high"}, "square", "huber")
    assert found(more_losses) == []


def test_a_rule_that_speaks_for_what_another_puts_last_is_found():
    contradicting = more("for", "prefer", {"outliers": True, "noise": "low"}, "huber", "square")
    assert found(contradicting) == [("contradiction", "for")]


def test_a_rule_that_overrides_what_would_put_its_loss_last_is_no_fault():
    when = {"outliers": True, "noise": "low"}
    assert found(more("for", "prefer", when, "square:strong", overrides=["not-squares"])) == []


def test_rules_that_only_sometimes_meet_do_not_contradict_each_other():
    assert found(more("for", "prefer", {"noise": "low"}, "square")) == []


def test_two_rules_that_override_each_other_are_found():
    one = more("one", "advise", {"skewed": True}, "square", overrides=["two"])
    two = more("two", "advise", {"skewed": True, "outliers": True}, "square", overrides=["one"])
    assert found(one, two) == [("override", "one"), ("override", "two")]


def test_an_override_that_never_happens_is_found():
    never = more("never", "advise", {"outliers": False}, "square", overrides=["far-off"])
    assert found(never) == [("override", "never")]


def test_a_rule_whose_losses_never_fit_is_found():
    wrong = more("wrong", "prefer", {"task": "regression", "skewed": True}, "entropy")
    assert found(wrong) == [("shadowed", "wrong")]


def test_a_rule_of_which_another_always_says_more_is_found():
    # Whatever fulfils the narrower one fulfils the wider one; the wider one decides elsewhere.
    wide = more("wide", "prefer", {"task": "regression", "skewed": True}, "absolute:strong")
    narrow = more(
        "narrow", "prefer", {"skewed": True}, "absolute:weak", fires=FAR_OFF | {"skewed": True}
    )
    assert ("shadowed", "narrow") not in found(wide, narrow)
    default = more("late", "default", {"outliers": True, "task": "regression"}, "absolute")
    assert found(default) == [("shadowed", "late")]


def test_a_loss_that_no_example_reaches_is_found():
    assert found(cards=CARDS | {"forgotten": card()}) == [("unreachable", "forgotten")]


def test_a_combination_of_facts_without_a_loss_is_found():
    (gap,) = [
        each
        for each in lint(
            base(CLEAN["classes"] | {"when": {"task": "classification", "outliers": False}})
        )
        if each.check == "gap"
    ]
    # Outliers unknown or true: 2 of 3; labels and output 3 each, imbalanced 3.
    assert gap.subject == "classification"
    assert gap.message == "54 combinations of facts have no loss, such as task classification"


def test_a_combination_that_contradicts_itself_needs_no_loss():
    cards = CARDS | {"entropy": card(tasks=["classification"], outputs=["probability"])}
    contradictory = [{"when": {"task": "classification", "output": "number"}, "because": "No."}]
    assert found(cards=cards, contradictory=contradictory) == []
    assert found(cards=cards) == [("gap", "classification")]


def test_the_values_tried_of_a_whole_number_are_whole():
    counted = dict(FACTS) | {
        "rows": FACTS["share"] | {"type": "integer", "at_least": 0, "at_most": 9}
    }
    between = {"all": [{"fact": "rows", "at_least": 3}, {"not": {"fact": "rows", "at_least": 4}}]}
    never = {
        "all": [{"not": {"fact": "rows", "at_most": 3}}, {"not": {"fact": "rows", "at_least": 4}}]
    }
    some = more("some", "advise", between, "square", fires=FAR_OFF)
    none = more("none", "advise", never, "square", fires=FAR_OFF)
    assert found(some, facts=counted) == []
    assert found(none, facts=counted) == [("unsatisfiable", "none")]


# agreement with the losses that can be computed

Change = Callable[[RuleBase], RuleBase]


def cards(**changed: Any) -> Change:
    """Change fields of cards, by name; None leaves a card out."""

    def once(base: RuleBase) -> RuleBase:
        kept = {
            name: each for name, each in base.cards.items() if changed.get(name, {}) is not None
        }
        kept |= {
            n: replace(kept[n], **fields) for n, fields in changed.items() if fields is not None
        }
        return replace(base, cards=kept)

    return once


def params(**options: Any) -> Change:
    """Let a rule give mse or huber options."""

    def once(base: RuleBase) -> RuleBase:
        named = base.rules["regression-default"]
        return replace(base, rules={**base.rules, named.id: replace(named, params=options)})

    return once


@pytest.mark.parametrize(
    ("change", "check", "subject", "words"),
    [
        (cards(mse=None), "card", "mse", "has no card"),
        (cards(mse={"roles": ("prediction",)}), "card", "mse", "prediction, target"),
        (cards(huber={"params": {"delta": OptionAdvice(-1.0, -1.0)}}), "card", "huber", "delta"),
        (
            cards(huber={"params": {"delta": OptionAdvice(7.0, 7.0)}}),
            "card",
            "huber",
            "default of delta",
        ),
        (cards(huber={"params": {"dleta": OptionAdvice(1.0, 1.0)}}), "card", "huber", "dleta"),
        (cards(mse={"code": {}}), "card", "mse", "its code"),
        (params(huber={"delta": 0}), "option", "regression-default", "delta"),
        (params(mse={"delta": 1}), "option", "regression-default", "delta"),
    ],
)
def test_what_does_not_agree_with_the_losses_is_found(change, check, subject, words):
    good = load()
    finding = next(each for each in agreement(change(good)) if each not in [*agreement(good)])
    assert (finding.check, finding.subject) == (check, subject)
    assert words in finding.message


def test_a_card_without_a_loss_is_found():
    good = load()
    made_up = replace(good.cards["mse"], loss="made_up")
    findings = agreement(replace(good, cards={**good.cards, "made_up": made_up}))
    assert Defect("card", "made_up", "there is no such loss") in [*findings]


def test_an_option_that_is_measured_is_no_fault():
    base = params(huber={"delta": Measured("residual_scale", 1.345)})(load())
    assert not [each for each in agreement(base) if each.subject == "regression-default"]
