"""How facts become an order of losses; every expected order is worked out by hand."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise, permutations

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from rule_bases import CARDS, FACTS, card, fact, made, rule

from lossctl.advice.answer import answer
from lossctl.advice.recommendation import Advice, advise
from lossctl.advice.rule_base import folder, load
from lossctl.advice.rule_files import read_folder
from lossctl.advice.rules import EVIDENCE, Named, OptionAdvice, RuleBase
from lossctl.advice.situation import Situation
from lossctl.errors import UsageError
from lossctl.facts.conditions import All, Leaf
from lossctl.facts.vocabulary import Facts, FactValue, Known, in_words

REGRESSION = {"task": "regression"}
FAR_OFF = {"task": "regression", "outliers": True, "skewed": True}


def order(base: RuleBase, facts: Facts) -> list[str]:
    return [each.loss for each in Situation(base, facts).recommended]


def told(base: RuleBase, *known: Known, declined: frozenset[str] = frozenset()) -> Advice:
    return advise(base, known, declined=declined)


def flags(facts: Facts) -> list[Known]:
    return [Known(name, value, "flag") for name, value in facts.items()]


# the order

# Neither the names of the losses nor those of the rules may decide where anything else does.
WINNERS = [("absolute", "square"), ("square", "absolute")]
NAMES = [("p", "q"), ("q", "p")]


@pytest.mark.parametrize(("winner", "loser"), WINNERS)
@pytest.mark.parametrize(("first", "second"), NAMES)
@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        ({"outliers": True, "skewed": True}, {"outliers": True}),
        ({"outliers": True}, {}),
        ({"noise": "low"}, {"noise": ["low", "middle"]}),
        ({"outliers": True}, {"not": {"noise": "high"}}),
        ({"noise": ["low", "middle"]}, {"fact": "noise", "known": True}),
        ({"all": [{"outliers": True}, {"noise": ["low", "high"]}]}, {"skewed": True}),
        ({"noise": "low"}, {"any": [{"noise": ["low", "high"]}, {"outliers": True}]}),
        ({"outliers": True}, {"field": "medicine"}),
        ({"fact": "share", "at_most": 0.5}, {"noise": ["low", "middle"]}),
        ({"need": "smooth"}, {"noise": ["low", "middle"]}),
    ],
)
def test_the_more_specific_rule_decides_however_weak_it_is(
    narrow, wide, first, second, winner, loser
):
    base = made(
        rule(first, "prefer", narrow, f"{winner}:weak") | {"evidence": "contested"},
        rule(second, "prefer", wide, f"{loser}:strong") | {"evidence": "agreed"},
    )
    facts = FAR_OFF | {
        "noise": "low",
        "field": "medicine",
        "share": 0.25,
        "need": frozenset(["smooth"]),
    }
    assert order(base, facts) == [winner, loser]


@pytest.mark.parametrize(("winner", "loser"), WINNERS)
@pytest.mark.parametrize(("first", "second"), NAMES)
@pytest.mark.parametrize(("weaker", "stronger"), [("weak", "normal"), ("normal", "strong")])
def test_of_rules_that_are_as_specific_the_stronger_decides(
    weaker, stronger, first, second, winner, loser
):
    base = made(
        rule(first, "prefer", {"outliers": True}, "huber", f"{winner}:{stronger}")
        | {"evidence": "contested"},
        rule(second, "prefer", {"skewed": True}, f"{loser}:{weaker}") | {"evidence": "agreed"},
    )
    assert [each for each in order(base, FAR_OFF) if each != "huber"] == [winner, loser]


@pytest.mark.parametrize(("winner", "loser"), WINNERS)
@pytest.mark.parametrize(("first", "second"), NAMES)
@pytest.mark.parametrize(
    ("worse", "better"), list(pairwise(["contested", "expert", "single", "agreed", "own"]))
)
def test_of_rules_that_are_as_strong_the_better_supported_decides(
    worse, better, first, second, winner, loser
):
    base = made(
        rule(first, "prefer", {"outliers": True}, "huber:weak", winner) | {"evidence": better},
        rule(second, "prefer", {"skewed": True}, loser) | {"evidence": worse},
    )
    assert order(base, FAR_OFF) == [winner, loser, "huber"]
    assert set(EVIDENCE) == {"contested", "expert", "single", "agreed", "own"}


@pytest.mark.parametrize(("winner", "loser"), WINNERS)
@pytest.mark.parametrize(("first", "second"), NAMES)
def test_then_the_place_in_the_rule_decides(first, second, winner, loser):
    together = made(rule(first, "prefer", REGRESSION, winner, loser))
    assert order(together, REGRESSION) == [winner, loser]
    apart = made(
        rule(first, "prefer", {"outliers": True}, winner),
        rule(second, "prefer", {"skewed": True}, "huber", loser),
    )
    assert order(apart, FAR_OFF)[-1] == loser


@pytest.mark.parametrize(("first", "second", "third"), list(permutations("pqr")))
def test_a_tie_is_broken_by_the_name_of_the_loss_not_of_the_rule(first, second, third):
    base = made(
        rule(first, "prefer", {"outliers": True}, "square"),
        rule(second, "prefer", {"skewed": True}, "huber"),
        rule(third, "prefer", {"task": "regression"}, "absolute"),
    )
    assert order(base, FAR_OFF) == ["absolute", "huber", "square"]


def test_a_strength_counts_before_the_place():
    base = made(rule("r", "prefer", REGRESSION, "absolute:weak", "huber", "square:strong"))
    assert order(base, REGRESSION) == ["square", "huber", "absolute"]


def test_the_same_advice_from_several_rules_counts_once():
    base = made(
        *(rule(name, "prefer", {"outliers": True}, "square") for name in "abc"),
        rule("d", "prefer", {"outliers": True}, "absolute:strong"),
    )
    assert order(base, FAR_OFF) == ["absolute", "square"]


def test_the_weightiest_voice_decides_and_is_told_first():
    base = made(
        rule("a", "prefer", {}, "square:strong"),
        rule("b", "prefer", {"outliers": True, "skewed": True}, "square:weak"),
        rule("c", "prefer", {"outliers": True}, "square", "absolute:strong"),
    )
    square, absolute = Situation(base, FAR_OFF).recommended
    assert (square.loss, square.rank, square.strength) == ("square", 1, "weak")
    assert [vote.rule.id for vote in square.votes] == ["b", "c", "a"]
    assert (absolute.loss, absolute.rank, absolute.strength) == ("absolute", 2, "strong")


def test_a_hint_says_nothing_about_how_specific_a_rule_is():
    base = made(
        rule("a", "prefer", {"field": "medicine", "outliers": True}, "square"),
        rule("b", "prefer", {"skewed": True}, "absolute:strong"),
        rule("c", "prefer", {"field": ["medicine", "trade"]}, "huber:strong"),
    )
    facts = FAR_OFF | {"field": "medicine"}
    assert order(base, facts) == ["absolute", "square", "huber"]


def test_five_losses_of_a_part_are_recommended():
    names = [f"loss_{letter}" for letter in "abcdefg"]
    cards = {name: card() for name in names} | {"penalty": CARDS["penalty"]}
    base = made(
        rule("r", "prefer", REGRESSION, *names), rule("s", "prefer", {}, "penalty"), cards=cards
    )
    situation = Situation(base, REGRESSION)
    assert order(base, REGRESSION) == [*names[:5], "penalty"]
    assert situation.top == {"loss": tuple(names[:3]), "added": ("penalty",)}
    assert situation.first == {"loss": "loss_a", "added": "penalty"}
    assert [each.loss for each in situation.ranked["loss"]] == names


def test_a_rule_that_waits_for_a_fact_does_not_speak():
    base = made(
        rule("a", "prefer", {"outliers": True}, "square"),
        rule("b", "prefer", {"not": {"skewed": True}}, "absolute"),
    )
    situation = Situation(base, REGRESSION)
    assert (situation.fired, situation.recommended) == ([], [])
    assert [each.id for each in situation.pending] == ["a", "b"]


# defaults


DEFAULT = rule("default", "default", REGRESSION, "square:strong", "huber")


def test_a_default_speaks_where_no_rule_prefers_anything():
    base = made(DEFAULT, rule("far-off", "prefer", {"outliers": True}, "absolute:weak"))
    assert order(base, REGRESSION) == ["square", "huber"]
    assert order(base, REGRESSION | {"outliers": False}) == ["square", "huber"]
    assert order(base, FAR_OFF) == ["absolute"]


def test_a_default_goes_behind_even_the_widest_preference():
    narrow = rule("default", "default", {"outliers": True, "skewed": True}, "square:strong")
    base = made(narrow, rule("wide", "prefer", {}, "absolute:weak"))
    assert order(base, FAR_OFF) == ["absolute"]


def test_defaults_are_ordered_like_all_rules():
    narrow = rule("narrow", "default", {"task": "regression", "outliers": True}, "absolute:weak")
    assert order(made(DEFAULT, narrow), FAR_OFF) == ["absolute", "square", "huber"]


def test_a_preference_for_a_loss_that_does_not_fit_leaves_the_default():
    base = made(DEFAULT, rule("wrong", "prefer", {}, "entropy:strong"))
    assert order(base, REGRESSION) == ["square", "huber"]


def test_a_preference_in_one_part_leaves_the_default_of_another():
    base = made(DEFAULT, rule("beside", "prefer", {}, "penalty"))
    situation = Situation(base, REGRESSION)
    assert situation.top == {"loss": ("square", "huber"), "added": ("penalty",)}


def test_a_preference_that_is_advised_against_leaves_the_default_before_it():
    base = made(
        DEFAULT,
        rule("wish", "prefer", {"outliers": True}, "absolute:strong"),
        rule("not-now", "avoid", {"skewed": True}, "absolute"),
    )
    situation = Situation(base, FAR_OFF)
    assert [each.loss for each in situation.ranked["loss"]] == ["square", "huber", "absolute"]
    assert order(base, FAR_OFF) == ["square", "huber"]
    assert order(base, FAR_OFF | {"skewed": False}) == ["absolute"]


# what is advised against, and what does not fit


def test_what_is_advised_against_comes_last_however_much_speaks_for_it():
    base = made(
        rule("for", "prefer", {"outliers": True, "skewed": True}, "square:strong"),
        rule("other", "prefer", {}, "absolute:weak"),
        rule("against", "avoid", {}, "square"),
    )
    situation = Situation(base, FAR_OFF)
    assert [(each.loss, each.rank) for each in situation.ranked["loss"]] == [
        ("absolute", 1),
        ("square", 2),
    ]
    assert [each.id for each in situation.ranked["loss"][1].avoided] == ["against"]
    assert order(base, FAR_OFF) == ["absolute"]
    assert [(loss, each.id) for loss, each in told(base, *flags(FAR_OFF)).avoid] == [
        ("square", "against")
    ]


def test_where_all_is_advised_against_it_is_recommended_all_the_same():
    base = made(DEFAULT, rule("against", "avoid", {}, "square", "huber"))
    advice = told(base, *flags(REGRESSION))
    assert order(base, REGRESSION) == ["square", "huber"]
    assert advice.avoid == []


def test_what_nothing_speaks_for_is_named_where_it_is_advised_against():
    base = made(
        DEFAULT,
        rule("b", "avoid", {"outliers": True}, "absolute"),
        rule("a", "avoid", {"outliers": True}, "absolute", "entropy"),
        rule("c", "avoid", {"outliers": True, "skewed": True}, "absolute"),
    )
    # The weightiest is named: the most specific one. What does not fit is no advice.
    advice = told(base, *flags(FAR_OFF))
    assert [(loss, each.id) for loss, each in advice.avoid] == [("absolute", "c")]
    assert advice.vetoed == [("entropy", "This is a.")]


def test_what_is_forbidden_is_removed():
    base = made(
        DEFAULT,
        rule("never", "forbid", {"outliers": True}, "square"),
        rule("for", "prefer", {"outliers": True, "skewed": True}, "square:strong"),
    )
    situation = Situation(base, FAR_OFF)
    assert order(base, FAR_OFF) == ["huber"]
    assert situation.vetoes("square") == ["This is never."]
    assert told(base, *flags(FAR_OFF)).vetoed == [("square", "This is never.")]


def test_a_rule_that_waits_forbids_nothing():
    base = made(DEFAULT, rule("never", "forbid", {"outliers": True}, "square"))
    assert order(base, REGRESSION) == ["square", "huber"]


@pytest.mark.parametrize(
    ("fields", "facts", "why"),
    [
        ({"tasks": ["classification"]}, {}, ["It does not fit task regression."]),
        ({"labels": ["coded"]}, {"labels": "plain"}, ["It does not fit labels plain."]),
        ({"outputs": ["probability"]}, {"output": "number"}, ["It does not fit output number."]),
        ({"labels": ["coded"]}, {}, []),
        ({"labels": ["coded"]}, {"labels": "coded"}, []),
        ({}, {"labels": "plain", "output": "number"}, []),
        (
            {"requires": [{"when": {"outliers": True}, "because": "It needs them."}]},
            {"outliers": False},
            ["It needs them."],
        ),
        ({"requires": [{"when": {"outliers": True}, "because": "It needs them."}]}, {}, []),
        (
            {"excludes": [{"when": {"outliers": True}, "because": "It breaks."}]},
            {"outliers": True},
            ["It breaks."],
        ),
        ({"excludes": [{"when": {"outliers": True}, "because": "It breaks."}]}, {}, []),
    ],
)
def test_a_card_vetoes_what_is_known_not_to_fit(fields, facts, why):
    base = made(
        rule("a", "prefer", {}, "square:strong", "huber"), cards=CARDS | {"square": card(**fields)}
    )
    facts = REGRESSION | facts
    assert Situation(base, facts).vetoes("square") == why
    assert order(base, facts) == (["huber"] if why else ["square", "huber"])


def test_nothing_is_recommended_where_nothing_fits():
    base = made(rule("a", "prefer", {}, "square"))
    assert order(base, {"task": "classification"}) == []
    assert Situation(base, {"task": "classification"}).first == {}


def test_a_rule_is_silent_where_one_that_overrides_it_speaks():
    base = made(
        rule("wide", "prefer", {"outliers": True}, "square:strong"),
        rule("against", "avoid", {"outliers": True}, "huber"),
        rule("never", "forbid", {"outliers": True}, "absolute"),
        rule("default", "default", {}, "absolute", "huber:strong"),
        rule(
            "special",
            "advise",
            {"skewed": True},
            "square",
            overrides=["wide", "against", "never"],
        ),
    )
    assert order(base, {"task": "regression", "outliers": True}) == ["square"]
    assert order(base, FAR_OFF) == ["huber", "absolute"]
    assert [each.id for each in Situation(base, FAR_OFF).fired] == ["default", "special"]


# the parts of a training


def test_the_parts_of_a_training_are_ranked_apart_and_told_in_their_order():
    base = made(
        rule("a", "prefer", {"outliers": True, "skewed": True}, "penalty:strong"),
        rule("b", "prefer", {}, "square:weak", "huber:weak"),
    )
    assert [(each.part, each.loss, each.rank) for each in Situation(base, FAR_OFF).recommended] == [
        ("loss", "square", 1),
        ("loss", "huber", 2),
        ("added", "penalty", 1),
    ]


def test_a_loss_may_serve_another_part_in_another_task():
    cards = CARDS | {
        "square": card(tasks=["regression", "classification"], parts={"classification": "added"})
    }
    base = made(rule("r", "prefer", {}, "square"), cards=cards)
    assert Situation(base, REGRESSION).first == {"loss": "square"}
    assert Situation(base, {"task": "classification"}).first == {"added": "square"}
    assert Situation(base, {}).first == {"loss": "square"}


# advice


def test_advice_is_told_and_changes_no_order():
    choosing = [
        rule("a", "prefer", {"outliers": True}, "square", "absolute"),
        rule("d", "default", REGRESSION, "huber"),
    ]
    advising = [
        rule("x", "advise", {"outliers": True, "skewed": True}, "absolute:strong", "huber:strong"),
        rule("z", "advise", {"outliers": True}, "absolute"),
        rule("y", "advise", {"outliers": True}, "absolute"),
        rule("all", "advise", {}),
    ]
    without, with_advice = made(*choosing), made(*choosing, *advising)
    for facts in (FAR_OFF, REGRESSION):
        assert order(with_advice, facts) == order(without, facts)
    advice = told(with_advice, *flags(FAR_OFF))
    # The most specific is told first, then by name; what is about no loss is told of all.
    assert [each.id for each in advice.remarks_on("absolute")] == ["x", "y", "z"]
    assert [each.id for each in advice.remarks_on("huber")] == ["x"]
    assert advice.remarks_on("square") == []
    assert [each.id for each in advice.remarks] == ["all"]


# what is known


def test_what_is_weak_is_a_guess_and_no_fact():
    base = made(DEFAULT, rule("a", "prefer", {"outliers": True}, "absolute"))
    weak = Known("outliers", True, "data", "weak", "A value is 30.")
    advice = told(base, Known("task", "regression", "flag"), weak)
    assert [each.name for each in advice.known] == ["task"]
    assert advice.guesses == (weak,)
    assert order(base, advice.situation.stated) == ["square", "huber"]
    assert [(each.fact, each.guess) for each in advice.questions] == [("outliers", weak)]


def test_what_data_hint_at_is_asked_first_if_it_decides():
    base = made(
        DEFAULT,
        rule("a", "prefer", {"outliers": True}, "absolute"),
        rule("b", "prefer", {"skewed": True}, "huber"),
    )
    for value, order_of_questions in [
        (True, ["skewed", "outliers"]),
        (False, ["outliers", "skewed"]),
    ]:
        weak = Known("skewed", value, "data", "weak", "A value is 30.")
        advice = told(base, Known("task", "regression", "flag"), weak)
        assert [each.fact for each in advice.questions] == order_of_questions


def test_what_is_likely_is_a_fact():
    base = made(DEFAULT, rule("a", "prefer", {"outliers": True}, "absolute"))
    advice = told(
        base, Known("task", "regression", "flag"), Known("outliers", True, "data", "likely")
    )
    assert advice.situation.first == {"loss": "absolute"}


def test_a_guess_at_what_is_known_is_none():
    base = made(DEFAULT)
    advice = told(
        base,
        Known("outliers", False, "flag"),
        Known("outliers", True, "data", "weak"),
    )
    assert (advice.guesses, advice.conflicts) == ((), ())
    assert advice.situation.facts == {"outliers": False}


def test_of_two_values_the_first_is_taken_and_the_conflict_told():
    base = made(DEFAULT)
    flag, data = Known("outliers", False, "flag"), Known("outliers", True, "data")
    advice = told(base, flag, data)
    assert advice.situation.facts == {"outliers": False}
    (conflict,) = advice.conflicts
    assert conflict.facts == (flag, data)
    assert conflict.because == "The value from the flag is used."
    assert told(base, data, flag).situation.facts == {"outliers": True}


def test_how_the_data_of_a_value_look_does_not_contradict_it():
    task = {**FACTS["task"], "appears": {"regression": ["classification"]}}
    base = made(DEFAULT, facts=FACTS | {"task": task})
    stated, seen = Known("task", "regression", "flag"), Known("task", "classification", "data")
    assert told(base, stated, seen).conflicts == ()
    assert told(base, stated, seen).situation.facts["task"] == "regression"
    said = Known("task", "classification", "file")  # by somebody who might know
    assert len(told(base, stated, said).conflicts) == 1
    other = Known("task", "classification", "flag")
    assert len(told(base, other, Known("task", "regression", "data")).conflicts) == 1


def test_the_same_value_twice_is_no_conflict():
    advice = told(made(), Known("outliers", True, "flag"), Known("outliers", True, "data"))
    assert advice.conflicts == ()


DERIVED = [{"when": {"skewed": True}, "then": {"noise": "high"}, "because": "It follows."}]


def test_what_follows_is_known_too_and_says_why():
    advice = told(made(derived=DERIVED), Known("skewed", True, "flag"))
    skewed, noise = advice.known
    assert (skewed.name, skewed.origin) == ("skewed", "flag")
    assert noise == Known("noise", "high", "derived", evidence="It follows.")


def test_what_is_stated_goes_before_what_follows_and_the_conflict_is_told():
    advice = told(
        made(derived=DERIVED), Known("skewed", True, "flag"), Known("noise", "low", "data")
    )
    assert advice.situation.facts == {"skewed": True, "noise": "low"}
    (conflict,) = advice.conflicts
    assert [(each.name, each.value, each.origin) for each in conflict.facts] == [
        ("noise", "low", "data"),
        ("noise", "high", "derived"),
    ]
    assert conflict.because == "It follows."


IMPOSSIBLE = [
    {"when": {"task": "regression", "output": "probability"}, "because": "A number is none."}
]


def test_facts_that_contradict_each_other_are_told():
    base = made(DEFAULT, contradictory=IMPOSSIBLE)
    advice = told(base, Known("task", "regression", "flag"), Known("output", "probability", "data"))
    assert not advice.situation.possible
    (conflict,) = advice.conflicts
    assert [(each.name, each.origin) for each in conflict.facts] == [
        ("task", "flag"),
        ("output", "data"),
    ]
    assert conflict.because == "A number is none."


def test_facts_of_which_one_is_not_known_do_not_contradict_each_other():
    advice = told(made(contradictory=IMPOSSIBLE), Known("output", "probability", "flag"))
    assert advice.conflicts == ()
    assert advice.situation.possible


# questions


def asked(advice: Advice) -> list[str]:
    return [each.fact for each in advice.questions]


def test_only_a_fact_that_changes_the_answer_is_asked():
    base = made(
        DEFAULT,
        rule("a", "prefer", {"outliers": True}, "absolute"),
        rule("b", "prefer", {"skewed": True}, "entropy"),
        rule("c", "advise", {"noise": "low"}, "square"),
    )
    advice = told(base, *flags(REGRESSION))
    assert asked(advice) == ["outliers"]
    (question,) = advice.questions
    yes, no = question.answers["yes"], question.answers["no"]
    assert (yes.value, yes.changes, yes.first) == (True, "first", {"loss": "absolute"})
    assert (no.value, no.changes, no.first) == (False, "nothing", {"loss": "square"})


def test_a_fact_that_changes_the_first_three_is_asked_after_those_that_change_the_first():
    base = made(
        rule("a", "prefer", REGRESSION, "square"),
        rule("b", "prefer", {"outliers": True}, "huber:weak"),
        rule("c", "prefer", {"task": "regression", "skewed": True}, "absolute"),
    )
    advice = told(base, *flags(REGRESSION))
    assert asked(advice) == ["skewed", "outliers"]
    assert [each.answers["yes"].changes for each in advice.questions] == ["first", "top"]


def test_what_is_known_or_declined_is_not_asked():
    base = made(
        DEFAULT,
        rule("a", "prefer", {"outliers": True}, "absolute"),
        rule("b", "prefer", {"skewed": True}, "huber:strong"),
    )
    assert asked(told(base, *flags(REGRESSION))) == ["outliers", "skewed"]
    known = flags(REGRESSION | {"outliers": False})
    assert asked(told(base, *known)) == ["skewed"]
    declined = frozenset(["outliers", "skewed"])
    assert asked(told(base, *flags(REGRESSION), declined=declined)) == []


def test_what_only_data_tell_is_asked_where_they_hint_at_it():
    base = made(DEFAULT, rule("a", "prefer", {"hidden": True}, "absolute"))
    assert asked(told(base, *flags(REGRESSION))) == []
    weak = Known("hidden", True, "data", "weak")
    assert asked(told(base, *flags(REGRESSION), weak)) == ["hidden"]


def test_at_most_three_questions_are_asked_the_commonest_first():
    common = {"outliers": 0.1, "skewed": 0.4, "imbalanced": 0.3, "hidden": 0.2}
    facts = FACTS | {name: fact("flag", common=share) for name, share in common.items()}
    base = made(
        DEFAULT,
        *(rule(name, "prefer", {name: True}, "absolute") for name in common),
        facts=facts,
    )
    assert asked(told(base, *flags(REGRESSION))) == ["skewed", "imbalanced", "hidden"]


def test_questions_that_are_as_worth_asking_keep_the_order_of_the_vocabulary():
    base = made(
        DEFAULT,
        *(rule(name, "prefer", {name: True}, "absolute") for name in ("skewed", "outliers")),
    )
    assert asked(told(base, *flags(REGRESSION))) == ["outliers", "skewed"]


def test_the_question_of_which_more_answers_decide_comes_first():
    base = made(
        DEFAULT,
        rule("a", "prefer", {"noise": "low"}, "absolute"),  # one answer in three
        rule("b", "prefer", {"skewed": True}, "absolute"),  # one in two
    )
    assert asked(told(base, *flags(REGRESSION))) == ["skewed", "noise"]


def test_a_question_of_which_every_answer_decides_stands_alone():
    base = made(
        rule("a", "default", REGRESSION, "square"),
        rule("b", "default", {"task": "classification"}, "entropy"),
        rule("c", "prefer", {"outliers": True}, "absolute"),
        rule("d", "prefer", {"skewed": True}, "huber"),
    )
    assert asked(told(base)) == ["task"]
    assert asked(told(base, declined=frozenset(["task"]))) == ["outliers", "skewed"]


def test_an_answer_that_cannot_be_is_left_out():
    base = made(
        DEFAULT,
        rule("a", "prefer", {"noise": ["middle", "high"]}, "absolute"),
        contradictory=[{"when": {"task": "regression", "noise": "high"}, "because": "Never."}],
    )
    (question,) = told(base, *flags(REGRESSION)).questions
    assert list(question.answers) == ["low", "middle"]


def test_where_facts_contradict_each_other_only_these_are_asked():
    base = made(
        DEFAULT,
        rule("b", "default", {"task": "classification"}, "entropy"),
        rule("a", "prefer", {"outliers": True}, "absolute"),
        contradictory=IMPOSSIBLE,
    )
    advice = told(base, *flags(REGRESSION | {"output": "probability"}))
    assert asked(advice) == ["task"]  # another output changes nothing
    assert list(advice.questions[0].answers) == ["classification"]
    assert "outliers" in asked(told(base, *flags(REGRESSION)))


def test_a_number_is_asked_at_the_values_where_a_condition_turns():
    base = made(
        DEFAULT,
        rule("a", "prefer", {"fact": "share", "at_most": 0.25}, "absolute"),
        rule("b", "prefer", {"fact": "share", "between": [0.5, 0.75]}, "huber:strong"),
    )
    (question,) = told(base, *flags(REGRESSION)).questions
    assert {each.value: each.first["loss"] for each in question.answers.values()} == {
        0.25: "absolute",
        0.5: "huber",
        0.75: "huber",
    }


# why not


def test_the_first_choice_needs_no_reason():
    why = Situation(made(DEFAULT), REGRESSION).why_not("square")
    assert (why.state, why.change) == ("first", {})


def test_a_loss_that_does_not_fit_says_so_first():
    base = made(
        DEFAULT,
        rule("b", "default", {"task": "classification"}, "entropy"),
        rule("against", "avoid", {"outliers": True}, "entropy"),
    )
    why = Situation(base, REGRESSION).why_not("entropy")
    assert (why.state, why.because) == ("vetoed", "It does not fit task regression.")
    assert why.change == {"task": "classification"}
    why = Situation(base, FAR_OFF).why_not("entropy")
    assert (why.state, why.because) == ("vetoed", "This is against.")


def test_a_loss_that_is_advised_against_says_why():
    base = made(DEFAULT, rule("against", "avoid", {"outliers": True}, "square"))
    why = Situation(base, FAR_OFF).why_not("square")
    assert (why.state, why.because) == ("avoided", "This is against.")
    assert why.change == {"outliers": False}


def test_a_loss_that_nothing_speaks_for_says_so():
    why = Situation(made(DEFAULT), REGRESSION).why_not("absolute")
    assert (why.state, why.because) == ("unnamed", "No rule recommends it here.")
    assert why.change == {}


@pytest.mark.parametrize(
    ("ours", "theirs", "advantage"),
    [
        (rule("q", "prefer", {}, "absolute"), None, "is more specific"),
        (
            rule("q", "prefer", {"skewed": True}, "absolute:weak"),
            None,
            "recommends it more strongly",
        ),
        (
            rule("q", "prefer", {"skewed": True}, "absolute") | {"evidence": "contested"},
            None,
            "has stronger evidence",
        ),
        (
            rule("q", "prefer", {"skewed": True}, "huber", "absolute"),
            "huber",
            "lists it earlier",
        ),
    ],
)
def test_a_loss_that_is_outranked_says_by_what(ours, theirs, advantage):
    rules = [ours] if theirs else [ours, rule("p", "prefer", {"outliers": True}, "square")]
    why = Situation(made(*rules), FAR_OFF).why_not("absolute")
    winner, deciding = ("huber", "q") if theirs else ("square", "p")
    assert why.state == "outranked"
    assert why.because == f"{winner} ranks higher: the rule {deciding} {advantage}."


def test_one_fact_goes_before_two():
    base = made(
        DEFAULT,
        rule("a", "prefer", {"imbalanced": True, "skewed": True}, "absolute"),
        rule("b", "prefer", {"noise": "high"}, "absolute"),
    )
    assert Situation(base, REGRESSION).why_not("absolute").change == {"noise": "high"}


def test_two_facts_are_found_where_one_does_not_do():
    base = made(DEFAULT, rule("a", "prefer", {"outliers": True, "skewed": True}, "absolute"))
    situation = Situation(base, REGRESSION)
    assert situation.why_not("absolute").change == {"outliers": True, "skewed": True}
    assert Situation(base, REGRESSION | {"skewed": True}).why_not("absolute").change == {
        "outliers": True
    }


def test_three_facts_are_not_looked_for():
    when = {"outliers": True, "skewed": True, "noise": "high"}
    base = made(DEFAULT, rule("a", "prefer", when, "absolute"))
    assert Situation(base, REGRESSION).why_not("absolute").change == {}


def test_to_add_a_fact_goes_before_changing_one():
    base = made(
        DEFAULT,
        rule("a", "prefer", {"outliers": True}, "absolute"),
        rule("b", "prefer", {"skewed": True}, "absolute"),
    )
    situation = Situation(base, REGRESSION | {"outliers": False})
    assert situation.why_not("absolute").change == {"skewed": True}


def test_a_change_that_cannot_be_is_none():
    base = made(
        DEFAULT,
        rule("a", "prefer", {"output": "probability"}, "absolute"),
        contradictory=IMPOSSIBLE,
    )
    assert Situation(base, REGRESSION).why_not("absolute").change == {}


# options


def test_options_are_the_rules_before_the_cards():
    cards = CARDS | {
        "square": card(
            params={"power": {"value": 2, "because": "Usual."}, "limit": {"value": 9, "default": 8}}
        )
    }
    base = made(
        rule("a", "prefer", {"outliers": True}, "square", params={"square": {"power": 3}}),
        rule("b", "prefer", {}, "square", params={"square": {"power": 4, "base": 10}}),
        rule("c", "advise", {}, "square", params={"square": {"power": 5, "base": 11, "step": 1}}),
        rule("d", "advise", {}, "huber", params={"huber": {"delta": 7}}),
        cards=cards,
    )
    advice = told(base, *flags(FAR_OFF))
    (each,) = advice.situation.recommended
    # The weightiest voice goes before the others, all of them before mere advice and the card.
    assert advice.options(each) == {
        "power": OptionAdvice(3, 2, "This is a.", "a"),
        "limit": OptionAdvice(9, 8),
        "base": OptionAdvice(10, None, "This is b.", "b"),
        "step": OptionAdvice(1, None, "This is c.", "c"),
    }


def test_an_option_may_be_measured_in_the_data():
    measured = {"huber": {"delta": {"measured": "spread", "times": 1.5}}}
    base = made(
        rule("a", "prefer", {}, "huber", params=measured),
        cards=CARDS | {"huber": card(params={"delta": {"value": 1.0}})},
    )
    numbers = {"spread": 2.00004, "other": 5.0}
    advice = told(base, Known("outliers", True, "data", numbers=numbers))
    # 1.5 times 2.00004 is 3.00006, of which four digits are kept.
    assert advice.options(advice.situation.recommended[0])["delta"].value == 3.0
    assert advice.measured == {"spread": 2.00004}
    without = told(base, Known("outliers", True, "data"))
    assert without.options(without.situation.recommended[0])["delta"].value == 1.0


def test_an_option_that_was_not_measured_is_left_to_the_next_rule():
    base = made(
        rule(
            "a",
            "prefer",
            {"outliers": True},
            "huber",
            params={"huber": {"delta": {"measured": "spread"}}},
        ),
        rule("b", "advise", {}, "huber", params={"huber": {"delta": 2.0}}),
    )
    advice = told(base, *flags(FAR_OFF))
    assert advice.options(advice.situation.recommended[0])["delta"].source == "b"
    known = Known("skewed", True, "data", numbers={"spread": 4.0})
    advice = told(base, Known("outliers", True, "flag"), known)
    assert advice.options(advice.situation.recommended[0])["delta"] == OptionAdvice(
        4.0, None, "This is a.", "a"
    )


def test_a_measure_that_is_not_declared_is_an_error():
    with pytest.raises(UsageError, match="spraed"):
        made(rule("a", "prefer", {}, "huber", params={"huber": {"delta": {"measured": "spraed"}}}))


def test_the_last_layer_is_the_rules_before_the_cards():
    cards = CARDS | {"square": card(activation="None.")}
    rules = [
        rule("a", "prefer", {"outliers": True}, "square"),
        rule("b", "prefer", {}, "square", activation="Linear."),
        rule("c", "advise", {"outliers": True}, "square", activation="Sigmoid."),
    ]
    for chosen, expected in (
        (rules, "Linear."),
        ((rules[0], rules[2]), "Sigmoid."),
        (rules[:1], "None."),
    ):
        advice = told(made(*chosen, cards=cards), *flags(FAR_OFF))
        assert advice.activation(advice.situation.recommended[0]) == expected


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (True, "yes"),
        (False, "no"),
        (frozenset(["b", "a"]), "a, b"),
        (frozenset(), "none"),
        (3, "3"),
        (0.5, "0.5"),
        ("low", "low"),
    ],
)
def test_a_value_is_said_in_words(value, words):
    assert in_words(value) == words


def test_nothing_known_is_no_error():
    advice = told(made(DEFAULT))
    assert (advice.known, advice.situation.recommended, advice.avoid, advice.vetoed) == (
        (),
        [],
        [],
        [],
    )


# laws, over the rule base that comes with lossctl


@st.composite
def values(draw: st.DrawFn, name: str) -> FactValue:
    """Any value of a fact, numbers above all where a condition turns."""
    base = load()
    known = base.vocabulary.facts[name]
    if known.type == "several":
        return draw(st.frozensets(st.sampled_from(list(known.values))))
    if known.type == "loss":
        return draw(st.sampled_from(list(base.cards)))
    if known.type in ("number", "integer"):
        low = 0 if known.at_least is None else known.at_least
        near = (
            [low, low + 1, 10, 20, 1000] if known.type == "integer" else [low, 0.005, 0.01, 0.3, 1]
        )
        return draw(st.sampled_from(near))
    return draw(st.sampled_from(list(known.answers().values())))


@st.composite
def problems(draw: st.DrawFn, most: int = 7) -> Facts:
    """Any facts, most often with the task; they may contradict each other."""
    names = draw(st.sets(st.sampled_from(list(load().vocabulary.facts)), max_size=most))
    if draw(st.integers(0, 4)):
        names.add("task")
    return {name: draw(values(name)) for name in sorted(names)}


def outcome(situation: Situation) -> dict[str, list[tuple[object, ...]]]:
    """All that a situation says: what is recommended, and the rules that speak for and against."""
    return {
        part: [
            (each.loss, each.rank, [vote.rule.id for vote in each.votes], each.avoided)
            for each in ranking
        ]
        for part, ranking in situation.ranked.items()
    }


@given(problems(), problems(most=3), problems(most=2))
def test_what_is_evaluated_anew_is_exact(facts, more, still_more):
    base = load()
    near = Situation(base, facts).knowing(**more)
    for situation, stated in (
        (near, {**facts, **more}),
        (near.knowing(**still_more), {**facts, **more, **still_more}),
    ):
        fresh = Situation(base, stated)
        assert situation.facts == fresh.facts
        assert situation.truths == fresh.truths
        assert situation.fired == fresh.fired
        assert outcome(situation) == outcome(fresh)


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(problems())
def test_what_is_evaluated_anew_is_exact_for_every_answer_to_a_question(facts):
    base = load()
    situation = Situation(base, facts)
    for known in base.vocabulary.facts.values():
        for value in known.answers().values():
            fresh = Situation(base, {**facts, known.name: value})
            assert situation.knowing(**{known.name: value}).truths == fresh.truths


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(problems(), st.randoms(use_true_random=False))
def test_the_order_of_rules_and_cards_changes_nothing(facts, random):
    base = load()
    rules, cards = list(base.rules.items()), list(base.cards.items())
    random.shuffle(rules)
    random.shuffle(cards)
    shuffled = replace(base, rules=dict(rules), cards=dict(cards))
    one, other = advise(base, flags(facts)), advise(shuffled, flags(facts))
    assert outcome(one.situation) == outcome(other.situation)
    assert one.situation.recommended == other.situation.recommended
    assert [loss for loss, _ in one.avoid] == [loss for loss, _ in other.avoid]
    assert [loss for loss, _ in one.vetoed] == [loss for loss, _ in other.vetoed]
    assert asked(one) == asked(other)


def test_the_order_of_files_and_of_what_they_hold_changes_nothing(tmp_path):
    here = folder()
    for number, file in enumerate(sorted(here.rglob("*.yaml"), reverse=True)):
        place = file.relative_to(here)
        if len(place.parts) > 1:
            place = place.with_name(f"{number:03}.yaml")
        there = tmp_path / place
        there.parent.mkdir(exist_ok=True)
        head, *items = re.split(r"(?m)^(?=- id:|[a-z][\w]*:$)", file.read_text(encoding="utf-8"))
        if place.parts[0] == "recommend":  # `rules:` and its items
            items = [items[0], *(f"{item.rstrip()}\n" for item in reversed(items[1:]))]
        elif place.parts[0] == "losses":
            items = [f"{item.rstrip()}\n" for item in reversed(items)]
        there.write_text(head + "".join(items), encoding="utf-8")
    base, turned = load(), read_folder(tmp_path)
    assert list(turned.rules) == list(base.rules)
    assert {n: replace(each, file="", line=0) for n, each in turned.rules.items()} == {
        n: replace(each, file="", line=0) for n, each in base.rules.items()
    }
    assert list(turned.cards.items()) == list(base.cards.items())


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(problems())
@example({"task": "regression", "labels": "multi_hot", "overdispersed": True, "counts": False})
def test_the_order_of_facts_changes_nothing(facts):
    base, known = load(), flags(facts)
    one, other = (answer(advise(base, each), explain=True).fields for each in (known, known[::-1]))
    assert one == other


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(problems(), st.data())
def test_advice_however_it_is_put_changes_no_order(facts, data):
    base = load()
    names = data.draw(st.lists(st.sampled_from(list(facts)), unique=True)) if facts else []
    leaves = tuple(
        Leaf(name, "known", (True,))
        if isinstance(facts[name], frozenset)
        else Leaf(name, "in", (facts[name],))
        for name in names
    )
    losses = data.draw(st.lists(st.sampled_from(list(base.cards)), unique=True, max_size=5))
    model = next(each for each in base.rules.values() if each.kind == "advise")
    advice = replace(
        model,
        id="zz-more-advice",
        when=All(leaves),
        losses=tuple(Named(loss, "strong") for loss in losses),
        overrides=(),
    )
    more = replace(base, rules={**base.rules, advice.id: advice})
    one, other = advise(base, flags(facts)), advise(more, flags(facts))
    assert advice in other.situation.fired
    assert outcome(one.situation) == outcome(other.situation)
    assert one.situation.recommended == other.situation.recommended
    assert asked(one) == asked(other)
    assert one.vetoed == other.vetoed


@given(problems())
def test_what_is_recommended_fits(facts):
    situation = Situation(load(), facts)
    known = situation.facts
    forbidden = {
        named.loss for rule in situation.fired if rule.kind == "forbid" for named in rule.losses
    }
    for each in situation.recommended:
        card = situation.base.cards[each.loss]
        assert each.loss not in forbidden
        assert "task" not in known or known["task"] in card.tasks
        assert not card.labels or "labels" not in known or known["labels"] in card.labels
        assert not card.outputs or "output" not in known or known["output"] in card.outputs
        assert not any(requirement.when.holds(known) is False for requirement in card.requires)
        assert not any(requirement.when.holds(known) for requirement in card.excludes)
        assert each.part == card.part_in(known)
        assert any(vote.rule in situation.fired for vote in each.votes)


@given(problems())
def test_ranks_count_from_one_and_what_is_advised_against_comes_last(facts):
    for ranking in Situation(load(), facts).ranked.values():
        assert [each.rank for each in ranking] == list(range(1, len(ranking) + 1))
        assert len({each.loss for each in ranking}) == len(ranking)
        against = [bool(each.avoided) for each in ranking]
        assert against == sorted(against)


@settings(max_examples=50, deadline=None)
@given(problems(most=4), problems(most=4))
def test_no_further_fact_revives_a_loss_that_its_card_bars(facts, more):
    """Only where what was known stays: with a further fact another one may follow than before.

    And unless its card asks whether a fact is known, or a rule overrides the one that forbids it.
    """
    base = load()
    before, after = Situation(base, facts), Situation(base, {**more, **facts})
    assume(before.facts.items() <= after.facts.items())
    never = [rule for rule in before.fired if rule.kind == "forbid" and rule not in after.fired]
    for loss, each in base.cards.items():
        leaves = [
            leaf
            for requirement in (*each.requires, *each.excludes)
            for leaf in requirement.when.leaves()
        ]
        waits = any(leaf.operator == "known" for leaf in leaves)
        if before.vetoes(loss) and not waits and not any(rule.names(loss) for rule in never):
            assert after.vetoes(loss)


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(problems())
def test_no_question_is_idle(facts):
    advice = advise(load(), flags(facts))
    in_conflict = {each.name for conflict in advice.conflicts for each in conflict.facts}
    assert len(advice.questions) <= 3
    for question in advice.questions:
        name = question.fact
        assert name in in_conflict if in_conflict else name not in advice.situation.facts
        assert {each.changes for each in question.answers.values()} & {"first", "top"}
        for each in question.answers.values():
            other = Situation(advice.base, {**facts, name: each.value})
            assert other.first == each.first
            assert other.possible


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(problems(most=3), st.data())
def test_the_smallest_change_puts_a_loss_first(facts, data):
    situation = Situation(load(), facts)
    loss = data.draw(st.sampled_from(list(situation.base.cards)))
    why = situation.why_not(loss)
    if why.change:
        other = Situation(situation.base, {**facts, **why.change})
        assert loss in other.first.values()
        assert other.possible
        assert len(why.change) <= 2
        assert all(situation.facts.get(name) != value for name, value in why.change.items())
