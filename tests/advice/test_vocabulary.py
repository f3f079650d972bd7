"""What can be said of a problem, how it is said, what follows from it, and what cannot be."""

from __future__ import annotations

import io

import pytest

from lossctl.advice.problem import from_file, from_options
from lossctl.advice.rule_files import read_facts, read_folder
from lossctl.errors import UsageError
from lossctl.facts.vocabulary import Known


@pytest.fixture
def base(small):
    return read_folder(small())


@pytest.fixture
def vocabulary(base):
    return base.vocabulary


# values of facts

SAID = [
    ("task", "regression", "regression"),
    ("task", "binary-classification", "binary_classification"),
    ("task", " regression ", "regression"),
    ("outliers", True, True),
    ("outliers", False, False),
    ("need", "smooth", frozenset({"smooth"})),
    ("need", ["smooth", "same-unit"], frozenset({"smooth", "same_unit"})),
    ("need", [], frozenset()),
    ("need", frozenset({"stable"}), frozenset({"stable"})),
    ("foreground", 0, 0.0),
    ("foreground", 1, 1.0),
    ("foreground", "0.05", 0.05),
    ("foreground", "5e-2", 0.05),
    ("n_classes", 2, 2),
    ("n_classes", "3", 3),
    ("n_classes", 4.0, 4),
    ("n_classes", 10**30, 10**30),
    ("asked_for", "cross-entropy", "cross_entropy"),
]


@pytest.mark.parametrize(("name", "said", "value"), SAID)
def test_a_value_is_of_the_type_of_its_fact(base, name, said, value):
    found = base.vocabulary.fact(name).checked(said, base.cards)
    assert found == value
    assert type(found) is type(value)


TASKS = "one of binary_classification, multiclass_classification"
NOT_SAID = [
    ("task", "regresion", "unknown task 'regresion'\ndid you mean 'regression'?"),
    ("task", "Regression", "unknown task 'Regression'\ndid you mean 'regression'?"),
    (
        "output",
        "xyz",
        "unknown output 'xyz'\none of 'continuous', 'probability'",
    ),
    ("task", "classification", f"'classification' covers several tasks; choose one\n{TASKS}"),
    ("task", ["regression"], "task must be one word, not a list"),
    ("task", True, "task must be one word, not 'True'"),
    ("task", 1, "task must be one word, not '1'"),
    ("task", "", "unknown task ''"),
    ("need", "easy", "'easy' covers several needs; choose one\none of smooth, stable"),
    ("need", ["smooth", "stabel"], "unknown need 'stabel'\ndid you mean 'stable'?"),
    ("need", [["smooth"]], "need must be one word, not a list"),
    ("outliers", "yes", "outliers must be true or false, not 'yes'"),
    ("outliers", 1, "outliers must be true or false, not '1'"),
    ("outliers", None, "outliers must be true or false, not 'None'"),
    ("foreground", -0.01, "foreground must be at least 0 and at most 1, not '-0.01'"),
    ("foreground", 1.01, "foreground must be at least 0 and at most 1, not '1.01'"),
    (
        "foreground",
        float("nan"),
        "foreground must be at least 0 and at most 1, not 'nan'",
    ),
    ("foreground", "five", "foreground must be a number, not 'five'"),
    ("foreground", "1_0", "foreground must be a number, not '1_0'"),
    ("foreground", "nan", "foreground must be a number, not 'nan'"),
    ("foreground", True, "foreground must be a number, not 'True'"),
    ("foreground", [0.5], "foreground must be a number, not '[0.5]'"),
    ("foreground", "1e400", "foreground must be at least 0 and at most 1, not '1e400'"),
    ("n_classes", 1, "n_classes must be at least 2, not '1'"),
    ("n_classes", 2.5, "n_classes must be an integer, not '2.5'"),
    ("n_classes", "2.5", "n_classes must be an integer, not '2.5'"),
    (
        "asked_for",
        "cross_entropie",
        "unknown loss 'cross_entropie'\ndid you mean 'cross_entropy'?",
    ),
    ("asked_for", "regression", "unknown loss 'regression'"),
]


@pytest.mark.parametrize(("name", "said", "message"), NOT_SAID)
def test_what_is_no_value_of_a_fact_is_refused(base, name, said, message):
    with pytest.raises(UsageError) as caught:
        base.vocabulary.fact(name).checked(said, base.cards)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("endless", [float("inf"), "1e400"])
def test_no_number_of_classes_is_endless(vocabulary, endless):
    """That it must be at least 2 would be no reason."""
    with pytest.raises(UsageError, match=r"^n_classes must be .*(?:finite|whole)"):
        vocabulary.fact("n_classes").checked(endless)


@pytest.mark.parametrize(
    "number",
    [10**400, -(10**400), float("inf"), float("-inf")],
    ids=["huge", "minus huge", "endless", "minus endless"],
)
def test_a_number_without_limits_must_still_be_finite(small, number):
    limits = "    at_least: 0\n    at_most: 1\n    help: the share"
    vocabulary = read_folder(small(facts=(limits, "    help: the share"))).vocabulary
    assert vocabulary.fact("foreground").checked(-12.5) == -12.5
    with pytest.raises(UsageError, match=r"^foreground must be finite"):
        vocabulary.fact("foreground").checked(number)


def test_a_fact_is_found_with_hyphens_too(vocabulary):
    assert vocabulary.fact("n-classes") is vocabulary.fact("n_classes")
    assert vocabulary.fact("n_classes").option == "--n-classes"


def test_an_unknown_fact_is_told_with_the_nearest(vocabulary):
    with pytest.raises(UsageError, match=r"^unknown fact 'taks'\ndid you mean 'task'\?$"):
        vocabulary.fact("taks")


def test_a_flag_of_another_name_is_the_option(small):
    text = ("    help: the field\n", "    help: the field\n    flag: in_field\n")
    vocabulary = read_folder(small(facts=text)).vocabulary
    assert vocabulary.fact("domain").option == "--in-field"


def test_the_answers_of_a_question(vocabulary):
    assert vocabulary.fact("outliers").answers() == {"yes": True, "no": False}
    assert vocabulary.fact("output").answers() == {
        "continuous": "continuous",
        "probability": "probability",
    }
    assert vocabulary.fact("need").answers()["smooth"] == frozenset({"smooth"})
    assert vocabulary.fact("foreground").answers() == {}


# what follows


def test_what_follows_follows_in_steps(vocabulary):
    assert vocabulary.completed({"n_classes": 3}) == {
        "n_classes": 3,
        "task": "multiclass_classification",
        "output": "probability",
    }


def test_nothing_follows_from_what_is_not_known(vocabulary):
    assert vocabulary.completed({}) == {}
    assert vocabulary.completed({"n_classes": 2}) == {"n_classes": 2}


def test_what_is_stated_wins(vocabulary):
    stated = {"n_classes": 3, "task": "binary_classification"}
    assert vocabulary.completed(stated) == stated
    stated = {"n_classes": 3, "output": "continuous"}
    assert vocabulary.completed(stated) == {**stated, "task": "multiclass_classification"}


def test_what_is_stated_wins_over_one_of_two_things_that_follow(small):
    facts = ("  then: {output: probability}", "  then: {output: probability, skewed: false}")
    vocabulary = read_folder(small(facts=facts)).vocabulary
    stated = {"task": "multiclass_classification", "skewed": True}
    assert vocabulary.completed(stated) == {**stated, "output": "probability"}


def test_what_is_stated_is_not_changed(vocabulary):
    stated = {"n_classes": 3}
    vocabulary.completed(stated)
    assert stated == {"n_classes": 3}


def test_to_complete_twice_is_to_complete_once(vocabulary):
    once = vocabulary.completed({"n_classes": 7, "skewed": True})
    assert vocabulary.completed(once) == once


FOURTH = """\
- when: {labels: integer}
  then: {outliers: true}
  because: The fourth.
"""
THIRD = """\
- when: {output: probability}
  then: {labels: integer, skewed: false}
  because: The third.
"""


@pytest.mark.parametrize("order", [[THIRD, FOURTH], [FOURTH, THIRD]])
def test_the_order_of_derivations_does_not_matter(small, order):
    facts = ("contradictory:\n", f"{''.join(order)}contradictory:\n")
    assert read_folder(small(facts=facts)).vocabulary.completed({"n_classes": 3}) == {
        "n_classes": 3,
        "task": "multiclass_classification",
        "output": "probability",
        "labels": "integer",
        "skewed": False,
        "outliers": True,
    }


def test_a_circle_of_derivations_ends(small):
    circle = "- when: {output: probability}\n  then: {task: multiclass_classification}\n"
    facts = ("contradictory:\n", f"{circle}  because: Turned round.\ncontradictory:\n")
    vocabulary = read_folder(small(facts=facts)).vocabulary
    both = {"output": "probability", "task": "multiclass_classification"}
    assert vocabulary.completed({"output": "probability"}) == both
    assert vocabulary.completed({"task": "multiclass_classification"}) == both


def test_what_follows_has_a_reason(vocabulary):
    following = vocabulary.following({"n_classes": 3})
    assert following == {
        "task": Known(
            "task",
            "multiclass_classification",
            "derived",
            evidence="More than two classes are several.",
        ),
        "output": Known(
            "output", "probability", "derived", evidence="Each class has a probability."
        ),
    }


def test_what_follows_from_ignorance_has_a_reason_too(small):
    """A fact may follow from another one's not being known, which itself follows later."""
    rule = "- when: {all: [{skewed: true}, {fact: labels, known: false}]}\n"
    rule += "  then: {outliers: true}\n  because: Nobody wrote classes down.\n"
    rule += "- when: {outliers: true}\n  then: {labels: integer}\n  because: So be it.\n"
    base = read_folder(small(facts=("contradictory:\n", f"{rule}contradictory:\n")))
    facts = base.vocabulary.completed({"skewed": True})
    assert facts == {"skewed": True, "outliers": True, "labels": "integer"}
    assert (
        base.vocabulary.following({"skewed": True})["outliers"].evidence
        == "Nobody wrote classes down."
    )


# what cannot be


def said(**facts):
    return [Known(name, value, "flag") for name, value in facts.items()]


def told(conflicts):
    """Put conflicts in plain words: the facts with their origins, and why."""
    return [
        ([(each.name, each.value, each.origin) for each in conflict.facts], conflict.because)
        for conflict in conflicts
    ]


def test_what_agrees_is_no_conflict(vocabulary):
    assert vocabulary.conflicts([]) == []
    agreeing = said(n_classes=3, task="multiclass_classification", output="probability")
    assert vocabulary.conflicts(agreeing) == []
    assert vocabulary.conflicts(said(task="regression", outliers=True)) == []


def test_what_is_contradictory_is_told_with_the_reason(vocabulary):
    assert told(vocabulary.conflicts(said(task="regression", output="probability"))) == [
        (
            [("task", "regression", "flag"), ("output", "probability", "flag")],
            "A number is no probability.",
        )
    ]


def test_a_statement_against_what_follows_is_told_with_the_reason(vocabulary):
    assert told(vocabulary.conflicts(said(task="binary_classification", n_classes=5))) == [
        (
            [
                ("task", "binary_classification", "flag"),
                ("task", "multiclass_classification", "derived"),
            ],
            "More than two classes are several.",
        )
    ]


def test_what_follows_may_be_contradictory(small):
    facts = (
        "- when: {task: regression, output: probability}",
        "- when: {labels: one_hot, output: probability}",
    )
    vocabulary = read_folder(small(facts=facts)).vocabulary
    assert told(vocabulary.conflicts(said(n_classes=3, labels="one_hot"))) == [
        (
            [("labels", "one_hot", "flag"), ("output", "probability", "derived")],
            "A number is no probability.",
        )
    ]


def test_of_alternatives_only_what_is_known_is_told(small):
    facts = (
        "- when: {task: regression, output: probability}",
        "- when: {all: [{task: regression}, {any: [{output: probability}, {labels: one_hot}]}]}",
    )
    vocabulary = read_folder(small(facts=facts)).vocabulary
    assert told(vocabulary.conflicts(said(task="regression", labels="one_hot"))) == [
        (
            [("task", "regression", "flag"), ("labels", "one_hot", "flag")],
            "A number is no probability.",
        )
    ]


def test_a_contradiction_may_rest_on_what_is_not_known(small):
    facts = (
        "- when: {task: regression, output: probability}",
        "- when: {all: [{outliers: true}, {fact: labels, known: false}]}",
    )
    vocabulary = read_folder(small(facts=facts)).vocabulary
    assert told(vocabulary.conflicts(said(outliers=True))) == [
        ([("outliers", True, "flag")], "A number is no probability.")
    ]


def test_two_statements_from_which_opposites_follow_are_a_conflict(small):
    signs = "- when: {labels: one_hot}\n  then: {task: binary_classification}\n"
    facts = ("contradictory:\n", f"{signs}  because: Two columns.\ncontradictory:\n")
    vocabulary = read_folder(small(facts=facts)).vocabulary
    assert vocabulary.conflicts(said(n_classes=3, labels="one_hot"))


# as options and files say it


def test_options_say_facts(base):
    given = {"n-classes": "3", "need": "smooth,same-unit", "outliers": True, "asked_for": "mae"}
    assert from_options(base, given) == [
        Known("n_classes", 3, "flag"),
        Known("need", frozenset({"smooth", "same_unit"}), "flag"),
        Known("outliers", True, "flag"),
        Known("asked_for", "mae", "flag"),
    ]


def test_an_option_may_be_given_several_times(base):
    (known,) = from_options(base, {"need": ("smooth", "stable,same_unit")})
    assert known.value == frozenset({"smooth", "stable", "same_unit"})


def test_a_wrong_option_is_told_with_the_nearest(base):
    with pytest.raises(UsageError, match=r"^unknown fact 'taks'\ndid you mean 'task'\?$"):
        from_options(base, {"taks": "regression"})
    with pytest.raises(UsageError, match=r"^unknown need 'smoth'\ndid you mean"):
        from_options(base, {"need": "stable,smoth"})


def test_a_file_says_facts_with_their_lines(base, tmp_path):
    (tmp_path / "p.yaml").write_text("task: regression\n\nneed: [smooth]\nn-classes: 1e3\n")
    file = str(tmp_path / "p.yaml")
    assert from_file(base, file) == [
        Known("task", "regression", "file", evidence=f"{file}, line 1"),
        Known("need", frozenset({"smooth"}), "file", evidence=f"{file}, line 3"),
        Known("n_classes", 1000, "file", evidence=f"{file}, line 4"),
    ]


def test_a_file_may_be_json_with_a_byte_order_mark(base, tmp_path):
    text = '\ufeff{"task": "regression",\r\n "outliers": true}\r\n'
    (tmp_path / "p.json").write_text(text, newline="", encoding="utf-8")
    known = from_file(base, str(tmp_path / "p.json"))
    assert [(each.name, each.value) for each in known] == [
        ("task", "regression"),
        ("outliers", True),
    ]


def test_standard_input_says_facts(base, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("task: regression\n"))
    assert from_file(base, "-") == [
        Known("task", "regression", "file", evidence="standard input, line 1")
    ]


@pytest.mark.parametrize("errors", ["strict", "surrogateescape"])
def test_standard_input_that_is_no_text_is_refused(base, monkeypatch, errors):
    stream = io.TextIOWrapper(io.BytesIO(b"task: \xff\n"), encoding="utf-8", errors=errors)
    monkeypatch.setattr("sys.stdin", stream)
    with pytest.raises(UsageError, match="standard input"):
        from_file(base, "-")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\ntaks: regression", "2: unknown fact 'taks'\ndid you mean 'task'?"),
        (
            "\ntask: regresion",
            "2: unknown task 'regresion'\ndid you mean 'regression'?",
        ),
        (
            "\ntask: classification",
            f"2: 'classification' covers several tasks; choose one\n{TASKS}",
        ),
        ("\noutliers: 'true'", "2: outliers must be true or false, not 'true'"),
        (
            "\noutliers: yes",
            "2: 'yes' is ambiguous: text or a boolean\nwrite true or false, or put it in quotes",
        ),
        ("task: regression\ntask: regression", "2: duplicate key 'task', first used in line 1"),
        ("\n- task", "2: expected a mapping, not a list"),
        (
            "\nasked_for: cross_entropie",
            "2: unknown loss 'cross_entropie'\ndid you mean 'cross_entropy'?",
        ),
    ],
)
def test_a_wrong_file_is_refused_with_file_and_line(base, text, message):
    with pytest.raises(UsageError) as caught:
        read_facts(text, "p.yaml", base)
    assert str(caught.value) == f"p.yaml, line {message}"


def test_a_fact_cannot_be_stated_in_two_spellings(base):
    with pytest.raises(UsageError, match=r"^p\.yaml, line 2: "):
        read_facts("n_classes: 2\nn-classes: 3\n", "p.yaml", base)


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (None, "' cannot be read: No such file or directory"),
        (b"task: \xff\n", "' is not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(base, tmp_path, write, message):
    if write is not None:
        (tmp_path / "p.yaml").write_bytes(write)
    with pytest.raises(UsageError) as caught:
        from_file(base, str(tmp_path / "p.yaml"))
    assert message in str(caught.value)


# facts.yaml

TWO_CLASSES = "  because: More than two classes are several.\n"
MULTICLASS = "multiclass_classification"
WRONG = {  # what stands there, what instead, the line that is told, and what is said of it
    "key": (
        "    question: Which field is it?",
        "    qestion: Which field is it?",
        "    qestion:",
        "unknown key 'qestion'\ndid you mean 'question'?",
    ),
    "missing key": (
        "    help: the field\n",
        "",
        "    group: problem\n    type: choice\n    hint: true",
        "missing key 'help'",
    ),
    "group": (
        "    group: data\n    type: integer",
        "    group: date\n    type: integer",
        "    group: date",
        "unknown group 'date'\ndid you mean 'data'?",
    ),
    "type": (
        "    type: loss",
        "    type: los",
        "    type: los",
        "unknown type 'los'\ndid you mean 'loss'?",
    ),
    "switch": (
        "    hint: true",
        "    hint: 'true'",
        "    hint: 'true'",
        "expected true or false, not 'true'",
    ),
    "member of a union": (
        "      easy: [smooth, stable]",
        "      easy: [smooth, stabel]",
        "      easy:",
        "unknown value 'stabel'\ndid you mean 'stable'?",
    ),
    "value that looks like another": (
        "      easy: [smooth, stable]\n",
        "      easy: [smooth, stable]\n    appears:\n      stabel: [smooth]\n",
        "      stabel:",
        "unknown value 'stabel'\ndid you mean 'stable'?",
    ),
    "value that it looks like": (
        "      easy: [smooth, stable]\n",
        "      easy: [smooth, stable]\n    appears:\n      stable: [smoth]\n",
        "      stable: [smoth]",
        "unknown value 'smoth'\ndid you mean 'smooth'?",
    ),
    "fact in a derivation": (
        "  then: {output: probability}",
        "  then: {outptu: probability}",
        "  then: {outptu",
        "unknown fact 'outptu'\ndid you mean 'output'?",
    ),
    "value in a derivation": (
        "  then: {output: probability}",
        "  then: {output: probabilty}",
        "  then: {output",
        "unknown output 'probabilty'\ndid you mean 'probability'?",
    ),
    "union in a derivation": (
        "  then: {task: multiclass_classification}",
        "  then: {task: classification}",
        "  then: {task",
        f"'classification' covers several tasks; choose one\n{TASKS}",
    ),
    "condition of a derivation": (
        f"- when: {{task: {MULTICLASS}}}",
        "- when: {task: multiclas_classification}",
        "- when: {task: multiclas_",
        f"unknown task 'multiclas_classification'\ndid you mean '{MULTICLASS}'?",
    ),
    "reason of a derivation": (
        TWO_CLASSES,
        "",
        "- when: {fact: n_classes, at_least: 3}",
        "missing key 'because'",
    ),
    "fact in a contradiction": (
        "- when: {task: regression, output: probability}",
        "- when: {taks: regression, output: probability}",
        "- when: {taks",
        "unknown fact 'taks'\ndid you mean 'task'?",
    ),
    "reason of a contradiction": (
        "  because: A number is no probability.",
        "  becuase: A number is no probability.",
        "  becuase",
        "unknown key 'becuase'\ndid you mean 'because'?",
    ),
    "part without a meaning": (
        "  loss: the loss\n",
        "  loss:\n",
        "  loss:\n",
        "expected text, not nothing",
    ),
    "meaning of a value": (
        "      medical: pictures of bodies",
        "      medical: 5",
        "      medical: 5",
        "expected text, not '5'",
    ),
}


@pytest.mark.parametrize(("old", "new", "at", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_in_the_vocabulary_is_told_with_its_place(small, old, new, at, message):
    folder = small(facts=(old, new))
    before, _, _ = (folder / "facts.yaml").read_text().partition(at)
    with pytest.raises(UsageError) as caught:
        read_folder(folder)
    line = before.count("\n") + 1
    assert str(caught.value).startswith(f"facts.yaml, line {line}: {message}")


@pytest.mark.parametrize(
    ("name", "misspelt"),
    [
        ("contradictory", "contradictry"),
        ("derived", "derivd"),
        ("measures", "measurs"),
        ("facts", "fact"),
    ],
)
def test_a_misspelt_part_of_the_vocabulary_is_refused(small, name, misspelt):
    with pytest.raises(UsageError) as caught:
        read_folder(small(facts=(f"\n{name}:", f"\n{misspelt}:")))
    assert f"unknown key '{misspelt}'" in caught.value.message
    assert caught.value.hint == f"did you mean '{name}'?"


LABELS = "      integer: the number of a class\n      one_hot: a column for each class\n"
UNSOUND = {
    "limit that is a word": ("    at_least: 0\n", "    at_least: zero\n"),
    "limit that is a switch": ("    at_least: 0\n", "    at_least: true\n"),
    "limits that no number keeps": ("    at_least: 0\n", "    at_least: 2\n"),
    "share that is a word": ("    asked: false\n", "    common: often\n"),
    "share above one": ("    asked: false\n", "    common: 7\n"),
    "union of nothing": ("      easy: [smooth, stable]\n", "      easy: []\n"),
    "value with a hyphen": ("      medical: ", "      medical-pictures: "),
    "fact with a hyphen": ("  domain:\n", "  the-domain:\n"),
    "choice of nothing": (f"    values:\n{LABELS}", "    values: {}\n"),
    "no parts": (
        "parts:\n  loss: the loss\n  added: to be added to the loss\n",
        "parts: {}\n",
    ),
    "derivation of nothing": ("  then: {output: probability}", "  then: {}"),
}


@pytest.mark.parametrize("change", UNSOUND.values(), ids=UNSOUND)
def test_a_vocabulary_that_nobody_can_use_is_refused(small, change):
    with pytest.raises(UsageError, match=r"^facts\.yaml, line \d+: "):
        read_folder(small(facts=change))


def test_a_derivation_may_speak_of_a_loss(small):
    facts = ("  then: {output: probability}", "  then: {asked_for: mse}")
    vocabulary = read_folder(small(facts=facts)).vocabulary
    assert vocabulary.completed({"n_classes": 3})["asked_for"] == "mse"
