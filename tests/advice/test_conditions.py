"""Conditions in three values: their tables, their laws, and how they are written."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossctl.advice.documents import read
from lossctl.advice.rule_files import Reader, read_folder
from lossctl.errors import UsageError
from lossctl.facts.conditions import All, AnyOf, Leaf, Not

A, B, C = (Leaf(name, "in", (True,)) for name in "abc")


def facts(**truths):
    """State what is true and false; what is None is not known."""
    return {name: truth for name, truth in truths.items() if truth is not None}


# the tables, as Kleene has them

T, F, U = True, False, None

ALL = {
    (T, T): T, (T, F): F, (T, U): U,
    (F, T): F, (F, F): F, (F, U): F,
    (U, T): U, (U, F): F, (U, U): U,
}  # fmt: skip
ANY = {
    (T, T): T, (T, F): T, (T, U): T,
    (F, T): T, (F, F): F, (F, U): U,
    (U, T): T, (U, F): U, (U, U): U,
}  # fmt: skip


@pytest.mark.parametrize("truth", [T, F, U])
def test_a_leaf_is_true_false_or_not_known(truth):
    assert A.holds(facts(a=truth)) is truth


@pytest.mark.parametrize(("a", "b"), ALL)
def test_all_of_two(a, b):
    assert All((A, B)).holds(facts(a=a, b=b)) is ALL[a, b]


@pytest.mark.parametrize(("a", "b"), ANY)
def test_any_of_two(a, b):
    assert AnyOf((A, B)).holds(facts(a=a, b=b)) is ANY[a, b]


@pytest.mark.parametrize(("truth", "opposite"), [(T, F), (F, T), (U, U)])
def test_the_opposite(truth, opposite):
    assert Not(A).holds(facts(a=truth)) is opposite


@pytest.mark.parametrize(("a", "b", "c"), list(product([T, F, U], repeat=3)))
def test_of_three_in_any_order_one_decides_or_leaves_it_open(a, b, c):
    known = facts(a=a, b=b, c=c)
    for parts in ((A, B, C), (C, A, B), (B, C, A), (C, B, A)):
        assert All(parts).holds(known) is ALL[ALL[a, b], c]
        assert AnyOf(parts).holds(known) is ANY[ANY[a, b], c]


def test_all_of_nothing_is_always_true():
    assert All(()).holds({}) is True


def test_all_and_any_of_one_are_that_one():
    for truth in (T, F, U):
        assert All((A,)).holds(facts(a=truth)) is truth
        assert AnyOf((A,)).holds(facts(a=truth)) is truth


# the operators

LOW, HIGH, SMOOTH, STABLE = 0.25, 0.75, "smooth", "stable"
OPERATORS = [
    (Leaf("x", "in", ("a",)), "a", True),
    (Leaf("x", "in", ("a",)), "b", False),
    (Leaf("x", "in", ("a", "b")), "b", True),
    (Leaf("x", "in", ("a", "b")), "c", False),
    (Leaf("x", "in", (True,)), False, False),
    (Leaf("x", "in", (False,)), False, True),
    (Leaf("x", "in", (3,)), 3, True),
    (Leaf("x", "at_least", (LOW,)), 0.25, True),
    (Leaf("x", "at_least", (LOW,)), 0.2499, False),
    (Leaf("x", "at_least", (LOW,)), 7, True),
    (Leaf("x", "at_most", (LOW,)), 0.25, True),
    (Leaf("x", "at_most", (LOW,)), 0.2501, False),
    (Leaf("x", "at_most", (LOW,)), -7, True),
    (Leaf("x", "between", (LOW, HIGH)), 0.25, True),
    (Leaf("x", "between", (LOW, HIGH)), 0.5, True),
    (Leaf("x", "between", (LOW, HIGH)), 0.75, True),
    (Leaf("x", "between", (LOW, HIGH)), 0.2499, False),
    (Leaf("x", "between", (LOW, HIGH)), 0.7501, False),
    (Leaf("x", "between", (3, 3)), 3, True),
    (Leaf("x", "at_most", (0,)), 0, True),  # nothing at all is a number too
    (Leaf("x", "has", (SMOOTH,)), frozenset({SMOOTH, STABLE}), True),
    (Leaf("x", "has", (SMOOTH,)), frozenset({STABLE}), False),
    (Leaf("x", "has", (SMOOTH, STABLE)), frozenset({STABLE, "other"}), True),
    (Leaf("x", "has", (SMOOTH,)), frozenset(), False),  # none of them is known, not unknown
    (Leaf("x", "known", (True,)), False, True),
    (Leaf("x", "known", (False,)), False, False),
    (Leaf("x", "known", (True,)), frozenset(), True),
]


def named(value):
    """Name a case the same in every process: the order of a set is not."""
    return "+".join(sorted(value)) if isinstance(value, frozenset) else str(value)


@pytest.mark.parametrize(("leaf", "value", "holds"), OPERATORS, ids=named)
def test_an_operator(leaf, value, holds):
    assert leaf.holds({"x": value}) is holds


@pytest.mark.parametrize("leaf", dict.fromkeys(leaf for leaf, _, _ in OPERATORS), ids=str)
def test_of_an_unknown_fact_it_is_only_known_that_it_is_unknown(leaf):
    if leaf.operator == "known":
        assert leaf.holds({"y": True}) is not leaf.values[0]
    else:
        assert leaf.holds({"y": True}) is None


# the laws

DOMAINS = {
    "flag": [True, False],
    "choice": ["a", "b", "c"],
    "number": [0.0, 0.25, 0.5, 1.0],
    "several": [frozenset(), frozenset("a"), frozenset("b"), frozenset("ab")],
}


def leaves(*, asking=False):
    numbers = st.sampled_from(DOMAINS["number"])
    options = [
        st.builds(Leaf, st.just("flag"), st.just("in"), st.sampled_from([(True,), (False,)])),
        st.builds(Leaf, st.just("choice"), st.just("in"), st.sampled_from([("a",), ("b", "c")])),
        st.builds(
            Leaf, st.just("number"), st.sampled_from(["at_least", "at_most"]), st.tuples(numbers)
        ),
        st.builds(
            Leaf,
            st.just("number"),
            st.just("between"),
            st.tuples(numbers, numbers).map(lambda ends: tuple(sorted(ends))),
        ),
        st.builds(Leaf, st.just("several"), st.just("has"), st.sampled_from([("a",), ("a", "b")])),
    ]
    if asking:
        names = st.sampled_from(list(DOMAINS))
        options.append(st.builds(Leaf, names, st.just("known"), st.tuples(st.booleans())))
    return st.one_of(options)


def conditions(*, asking=False):
    return st.recursive(
        leaves(asking=asking),
        lambda inner: st.one_of(
            st.builds(All, st.lists(inner, max_size=3).map(tuple)),
            st.builds(AnyOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
            st.builds(Not, inner),
        ),
        max_leaves=8,
    )


PARTIAL = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from(values) for name, values in DOMAINS.items()}
)


@given(conditions(asking=True), PARTIAL)
def test_not_not_is_nothing(condition, known):
    assert Not(Not(condition)).holds(known) is condition.holds(known)


@given(st.lists(conditions(asking=True), min_size=1, max_size=3).map(tuple), PARTIAL)
def test_de_morgan(parts, known):
    opposites = tuple(Not(part) for part in parts)
    assert Not(All(parts)).holds(known) is AnyOf(opposites).holds(known)
    assert Not(AnyOf(parts)).holds(known) is All(opposites).holds(known)


@given(conditions(asking=True), conditions(asking=True), PARTIAL)
def test_one_inside_the_other_is_the_one(one, other, known):
    assert All((one, AnyOf((one, other)))).holds(known) is one.holds(known)
    assert AnyOf((one, All((one, other)))).holds(known) is one.holds(known)


@given(conditions(), PARTIAL, PARTIAL)
def test_to_know_more_never_turns_what_is_decided(condition, known, more):
    before = condition.holds(known)
    if before is not None:
        assert condition.holds(more | known) is before


@given(
    conditions(asking=True),
    st.fixed_dictionaries({k: st.sampled_from(v) for k, v in DOMAINS.items()}),
)
def test_where_all_is_known_all_is_decided(condition, known):
    assert condition.holds(known) in (True, False)


@given(conditions(asking=True), PARTIAL)
def test_only_the_facts_of_its_leaves_matter(condition, known):
    looked_at = {leaf.fact for leaf in condition.leaves()}
    inside = {name: value for name, value in known.items() if name in looked_at}
    assert condition.holds(known) is condition.holds(inside)


# how specific

ONE, TWO_VALUES = Leaf("x", "in", ("a",)), Leaf("x", "in", ("a", "b"))
HINT, HINTS = Leaf("x", "in", ("a",), 0.0), Leaf("x", "in", ("a", "b"), 0.0)
ASKS = Leaf("x", "known", (True,), 0.0)
SPECIFIC = [
    (ONE, 1.0),
    (TWO_VALUES, 0.5),
    (HINT, 0.0),
    (HINTS, 0.0),
    (ASKS, 0.0),
    (Leaf("x", "known", (False,)), 0.0),
    (Leaf("x", "at_least", (3,)), 1.0),
    (Leaf("x", "between", (3, 4)), 1.0),
    (Leaf("x", "has", ("a", "b")), 1.0),
    (All(()), 0.0),
    (All((ONE,)), 1.0),
    (All((ONE, TWO_VALUES, A)), 2.5),
    (All((ONE, HINT, ASKS)), 1.0),
    (AnyOf((All((A, B)), TWO_VALUES)), 0.5),
    (AnyOf((All((A, B)), All((A, B, C)))), 2.0),
    (Not(ONE), 0.5),
    (Not(All((A, B))), 1.0),
    (All((A, Not(TWO_VALUES), AnyOf((B, C)))), 2.25),
]


@pytest.mark.parametrize(("condition", "specificity"), SPECIFIC, ids=str)
def test_how_much_a_condition_narrows(condition, specificity):
    assert condition.specificity == specificity


# in words

WORDS = [
    (Leaf("outliers", "in", (True,)), "outliers"),
    (Leaf("outliers", "in", (False,)), "outliers no"),
    (Leaf("task", "in", ("a", "b")), "task a or b"),
    (Leaf("share", "at_most", (0.05,)), "share at most 0.05"),
    (Leaf("share", "at_least", (2,)), "share at least 2"),
    (Leaf("share", "between", (1, 2)), "share between 1 and 2"),
    (Leaf("task", "known", (True,)), "task known"),
    (Leaf("task", "known", (False,)), "task not known"),
    (All(()), "always"),
    (All((A, Not(B))), "a, not b"),
    (AnyOf((A, All((B, C)))), "(a; or b, c)"),
]


@pytest.mark.parametrize(("condition", "words"), WORDS, ids=str)
def test_a_condition_in_words(condition, words):
    assert str(condition) == words


# as they are written


@pytest.fixture
def condition(small):
    reader = Reader(read_folder(small()))
    return lambda text: reader.condition(read(text, "c.yaml"))


NESTED = """\
all:
- task: regression
- not:
    any:
    - {fact: need, has: smooth}
    - {fact: foreground, at_least: 0.5}
"""
WRITTEN = {
    "choice": ("{task: regression}", Leaf("task", "in", ("regression",))),
    "one of several": (
        "{output: [continuous, probability]}",
        Leaf("output", "in", ("continuous", "probability")),
    ),
    "is": ("{fact: task, is: regression}", Leaf("task", "in", ("regression",))),
    "in": (
        "{fact: output, in: [continuous, probability]}",
        Leaf("output", "in", ("continuous", "probability")),
    ),
    "flag": ("{outliers: false}", Leaf("outliers", "in", (False,))),
    "short of several": ("{need: smooth}", Leaf("need", "has", ("smooth",))),
    "has": (
        "{fact: need, has: [smooth, stable]}",
        Leaf("need", "has", ("smooth", "stable")),
    ),
    "at least": ("{fact: n_classes, at_least: 3}", Leaf("n_classes", "at_least", (3,))),
    "at most": ("{fact: foreground, at_most: 0.05}", Leaf("foreground", "at_most", (0.05,))),
    "between": (
        "{fact: foreground, between: [0.1, 0.2]}",
        Leaf("foreground", "between", (0.1, 0.2)),
    ),
    "between the same": (
        "{fact: n_classes, between: [3, 3]}",
        Leaf("n_classes", "between", (3, 3)),
    ),
    "number": ("{n_classes: 3}", Leaf("n_classes", "in", (3,))),
    "known": ("{fact: task, known: true}", Leaf("task", "known", (True,), 0.0)),
    "not known": ("{fact: n_classes, known: false}", Leaf("n_classes", "known", (False,), 0.0)),
    "hint": ("{domain: medical}", Leaf("domain", "in", ("medical",), 0.0)),
    "loss": ("{asked_for: mae}", Leaf("asked_for", "in", ("mae",))),
    "union": (
        "{task: classification}",
        Leaf("task", "in", ("binary_classification", "multiclass_classification")),
    ),
    "union and more": (
        "{task: [regression, classification]}",
        Leaf("task", "in", ("regression", "binary_classification", "multiclass_classification")),
    ),
    "union of several": ("{need: easy}", Leaf("need", "has", ("smooth", "stable"))),
    "hyphens in the fact": ("{n-classes: 3}", Leaf("n_classes", "in", (3,))),
    "hyphens in the value": (
        "{task: binary-classification}",
        Leaf("task", "in", ("binary_classification",)),
    ),
    "several facts": (
        "{task: regression, outliers: true}",
        All((Leaf("task", "in", ("regression",)), Leaf("outliers", "in", (True,)))),
    ),
    "no facts": ("{}", All(())),
    "all": (
        "all: [{outliers: true}, {skewed: true}]",
        All((Leaf("outliers", "in", (True,)), Leaf("skewed", "in", (True,)))),
    ),
    "any": (
        "any: [{outliers: true}, {skewed: true, task: regression}]",
        AnyOf(
            (
                Leaf("outliers", "in", (True,)),
                All((Leaf("skewed", "in", (True,)), Leaf("task", "in", ("regression",)))),
            )
        ),
    ),
    "not": ("not: {outliers: true}", Not(Leaf("outliers", "in", (True,)))),
    "all of it": (
        NESTED,
        All(
            (
                Leaf("task", "in", ("regression",)),
                Not(
                    AnyOf(
                        (
                            Leaf("need", "has", ("smooth",)),
                            Leaf("foreground", "at_least", (0.5,)),
                        )
                    )
                ),
            )
        ),
    ),
}


@pytest.mark.parametrize(("text", "meant"), WRITTEN.values(), ids=WRITTEN)
def test_a_condition_as_it_is_written(condition, text, meant):
    assert condition(text) == meant


def test_a_union_with_hyphens_stands_for_its_members_too(small):
    union = "      classification: [binary_classification, multiclass_classification]"
    reader = Reader(
        read_folder(
            small(
                facts=(union, f"{union}\n      of_classes: [binary_classification]"),
            )
        )
    )
    meant = Leaf("task", "in", ("binary_classification",))
    assert reader.condition(read("{task: of_classes}", "c.yaml")) == meant
    assert reader.condition(read("{task: of-classes}", "c.yaml")) == meant


@pytest.mark.parametrize(
    "text",
    [
        "{task: [regression, regression]}",
        "{fact: task, in: [regression, regression]}",
    ],
)
def test_the_same_value_twice_is_one_value(condition, text):
    assert condition(text).specificity == 1.0


OPERATORS_SAID = "a fact needs exactly one of is, in, has, at_least, at_most, between, known"
MISUSED = {
    "at_least of a choice": (
        "{fact: task, at_least: 2}",
        "at_least does not apply to task, which is of type choice",
    ),
    "at_most of a flag": (
        "{fact: outliers, at_most: 2}",
        "at_most does not apply to outliers, which is of type flag",
    ),
    "between of several": (
        "{fact: need, between: [1, 2]}",
        "between does not apply to need, which is of type several",
    ),
    "at_least of a loss": (
        "{fact: asked_for, at_least: 2}",
        "at_least does not apply to asked_for, which is of type loss",
    ),
    "has of a choice": (
        "{fact: task, has: regression}",
        "has does not apply to task, which is of type choice",
    ),
    "has of a number": (
        "{fact: foreground, has: 0.5}",
        "has does not apply to foreground, which is of type number",
    ),
    "in of several": (
        "{fact: need, in: [smooth]}",
        "in does not apply to need, which is of type several",
    ),
    "is of several": (
        "{fact: need, is: smooth}",
        "is does not apply to need, which is of type several",
    ),
    "larger number first": (
        "{fact: foreground, between: [0.5, 0.1]}",
        "between needs the smaller number first",
    ),
    "one end": ("{fact: foreground, between: [0.5]}", "between needs 2 numbers"),
    "three ends": ("{fact: foreground, between: [0.1, 0.2, 0.3]}", "between needs 2 numbers"),
    "word for a number": (
        "{fact: foreground, at_least: low}",
        "foreground must be a number, not 'low'",
    ),
    "number out of limits": (
        "{fact: foreground, at_least: 2}",
        "foreground must be at least 0 and at most 1, not '2'",
    ),
    "fraction of a class": (
        "{fact: n_classes, at_least: 2.5}",
        "n_classes must be an integer, not '2.5'",
    ),
    "word for a flag": ("{outliers: maybe}", "outliers must be true or false, not 'maybe'"),
    "number for a flag": ("{outliers: 1}", "outliers must be true or false, not '1'"),
    "text for a flag": ("{outliers: 'true'}", "outliers must be true or false, not 'true'"),
    "number for a word": ("{task: 1}", "task must be one word, not '1'"),
    "known of a word": (
        "{fact: task, known: maybe}",
        "expected true or false, not 'maybe'",
    ),
    "no operator": ("{fact: task}", OPERATORS_SAID),
    "two operators": ("{fact: task, is: regression, known: true}", OPERATORS_SAID),
    "none of the values": ("{task: []}", "no value for task"),
    "all of nothing": ("all: []", "all is empty"),
    "any of nothing": ("any: []", "any is empty"),
    "all with another": (
        "{all: [{task: regression}], outliers: true}",
        "all, any and not cannot be combined with other keys",
    ),
    "all and any": (
        "{all: [{task: regression}], any: [{outliers: true}]}",
        "all, any and not cannot be combined with other keys",
    ),
    "all of a mapping": ("all: {task: regression}", "expected a list, not a mapping"),
    "not of a list": ("not: [{task: regression}]", "expected a mapping, not a list"),
    "list": ("[{task: regression}]", "expected a mapping, not a list"),
    "word": ("regression", "expected a mapping, not 'regression'"),
}


@pytest.mark.parametrize(("text", "message"), MISUSED.values(), ids=MISUSED)
def test_what_makes_no_condition_is_refused_with_its_place(condition, text, message):
    with pytest.raises(UsageError) as caught:
        condition(f"\n\n{text}")
    assert caught.value.message == f"c.yaml, line 3: {message}"


MISSPELT = {
    "fact": ("{taks: regression}", "unknown fact 'taks'\ndid you mean 'task'?"),
    "fact of a leaf": (
        "{fact: taks, is: regression}",
        "unknown fact 'taks'\ndid you mean 'task'?",
    ),
    "value": (
        "{task: regresion}",
        "unknown task 'regresion'\ndid you mean 'regression'?",
    ),
    "value in capitals": (
        "{task: Regression}",
        "unknown task 'Regression'\ndid you mean 'regression'?",
    ),
    "value of several": (
        "{need: [stable, smoth]}",
        "unknown need 'smoth'\ndid you mean 'smooth'?",
    ),
    "union": (
        "{need: eazy}",
        "unknown need 'eazy'\none of 'same_unit', 'smooth', 'stable'",
    ),
    "loss": (
        "{asked_for: cross_entropie}",
        "unknown loss 'cross_entropie'\ndid you mean 'cross_entropy'?",
    ),
    "operator": (
        "{fact: n_classes, atleast: 3}",
        "unknown key 'atleast'\ndid you mean 'at_least'?",
    ),
    "fact inside": (
        "not: {any: [{outliers: true}, {skewd: true}]}",
        "unknown fact 'skewd'\ndid you mean 'skewed'?",
    ),
}


@pytest.mark.parametrize(("text", "message"), MISSPELT.values(), ids=MISSPELT)
def test_what_is_misspelt_is_refused_with_the_nearest(condition, text, message):
    with pytest.raises(UsageError) as caught:
        condition(f"\n{text}")
    assert str(caught.value) == f"c.yaml, line 2: {message}"


@pytest.mark.parametrize(
    "text",
    [
        "{task: {is: regression}}",
        "{task: [[regression]]}",
        "{task: [{is: regression}]}",
        "{fact: task, is: {regression: true}}",
        "{fact: foreground, at_least: {number: 1}}",
        "{outliers: [[true]]}",
        "{task: }",
    ],
)
def test_a_value_that_is_no_value_is_refused_with_its_place(condition, text):
    with pytest.raises(UsageError, match=r"^c\.yaml, line 2: "):
        condition(f"\n{text}")


def test_a_misspelt_fact_is_told_where_it_stands_not_where_its_value_does(condition):
    with pytest.raises(UsageError, match=r"^c\.yaml, line 2: unknown fact 'taks'"):
        condition("outliers: true\ntaks:\n- regression\n")
