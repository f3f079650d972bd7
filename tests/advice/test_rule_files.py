"""The files of a rule base: what they say, and that nothing in them can be misspelt unnoticed."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from lossctl.advice.answer import answer
from lossctl.advice.recommendation import advise
from lossctl.advice.rule_files import read_folder
from lossctl.advice.rules import LossCard, Measured, Named, OptionAdvice, Publication, Rule
from lossctl.errors import UsageError
from lossctl.facts.conditions import All, Leaf
from lossctl.facts.vocabulary import Known

# what the files say

REGRESSION = Leaf("task", "in", ("regression",))


def test_a_rule_is_what_its_file_says(small):
    assert read_folder(small()).rules["far-off"] == Rule(
        id="far-off",
        kind="prefer",
        when=All((REGRESSION, Leaf("outliers", "in", (True,)))),
        losses=(Named("mae", "strong"), Named("mse", "weak")),
        because="It grows slowly.",
        warning="",
        evidence="single",
        sources=("book#7",),
        params={},
        activation="",
        disagree="",
        overrides=("squares",),
        fires=({"task": "regression", "outliers": True},),
        silent=({"task": "regression", "outliers": False},),
        file="recommend/a.yaml",
        line=12,
        changed={},
    )


FULL = """\
  labels: [integer]
  part: added
  parts: {regression: loss}
  requires: [{when: {fact: n_classes, at_least: 2}, because: Of two at least.}]
  excludes: [{when: {skewed: true}, because: Not so.}]
  strengths: [good]
  weaknesses: [bad, worse]
  use: [everywhere]
  roles: [real, fake]
  activation: none
  params: {smooth: {value: 0.1, because: It helps., source: book}}
  code: {pytorch: 'f()'}
"""


def test_a_card_is_what_its_file_says(small):
    base = read_folder(small(losses=("  outputs: [probability]\n", FULL)))
    card = base.cards["cross_entropy"]
    assert (card.tasks, card.labels, card.outputs) == (
        ("binary_classification", "multiclass_classification"),
        ("integer",),
        (),
    )
    assert (card.part, card.parts) == ("added", {"regression": "loss"})
    assert (card.part_in({"task": "regression"}), card.part_in({})) == ("loss", "added")
    assert [(str(requirement.when), requirement.because) for requirement in card.requires] == [
        ("n_classes at least 2", "Of two at least.")
    ]
    assert [(str(requirement.when), requirement.because) for requirement in card.excludes] == [
        ("skewed", "Not so.")
    ]
    assert (card.strengths, card.weaknesses, card.use) == (
        ("good",),
        ("bad", "worse"),
        ("everywhere",),
    )
    assert (card.roles, card.activation) == (("real", "fake"), "none")
    assert card.params == {"smooth": OptionAdvice(0.1, 0.1, "It helps.", "book")}
    assert card.code == {"pytorch": "f()"}
    assert card.facts == {"task", "labels", "output", "n_classes", "skewed"}


def test_what_a_card_leaves_out(small):
    assert read_folder(small()).cards["mse"] == LossCard(
        loss="mse",
        tasks=("regression",),
        labels=(),
        outputs=(),
        requires=(),
        excludes=(),
        part="loss",
        parts={},
        roles=("prediction", "target"),
        fits="Small errors.",
        strengths=(),
        weaknesses=(),
        use=(),
        activation="",
        params={},
        code={},
        sources=("book#3",),
    )


def test_a_source_is_what_its_file_says(small):
    base = read_folder(small())
    assert base.sources["book"] == Publication(
        "book", "A book", "book", {"authors": "Somebody", "year": "1999"}
    )
    assert str(base.sources["book"]) == "Somebody, A book, 1999"
    assert base.cited == {"book", "book#3", "book#7", "article"}


def test_options_of_a_rule_are_values_or_measured(small):
    params = "  params: {mae: {delta: {measured: spread, times: 1.345}, tau: 0.5}, mse: {}}\n"
    base = read_folder(small(recommend=("  overrides: [squares]\n", params)))
    assert base.rules["far-off"].params == {
        "mae": {"delta": Measured("spread", 1.345), "tau": 0.5},
        "mse": {},
    }
    once = params.replace(", times: 1.345", "")
    base = read_folder(small(recommend=("  overrides: [squares]\n", once)))
    assert base.rules["far-off"].params["mae"]["delta"] == Measured("spread", 1.0)


def test_rules_are_found_by_their_facts(small):
    found = read_folder(small()).rules_by_fact
    names = {name: [rule.id for rule in rules] for name, rules in found.items()}
    assert names["outliers"] == ["far-off"]
    assert names["task"] == ["classes", "far-off", "squares"]
    assert names["skewed"] == []


# what is wrong in them


def refused(folder):
    with pytest.raises(UsageError) as caught:
        read_folder(folder)
    return str(caught.value)


def line_of(file, at):
    """Return the line in which a text first stands."""
    before, found, _ = file.read_text(encoding="utf-8").partition(at)
    assert found, f"{at!r} does not stand there"
    return before.count("\n") + 1


def said_of(small, file, old, new, at):
    """Return what is said of a change, and in which line it should be."""
    folder = small(**{file: (old, new)})
    return refused(folder), f"{file}, line {line_of(folder / file, at)}: "


FITS = "  outputs: [probability]\n"
CARDS = {  # what stands there, what instead, the line that is told, and what is said of it
    "key": (FITS, "  output: [probability]\n", "  output:",
            "unknown key 'output'\ndid you mean 'outputs'?"),
    "missing key": ("  fits: Classes.\n", "", "  tasks: [classification]",
                    "missing key 'fits'"),
    "missing sources": ("  sources: [article]\n", "", "  tasks: [classification]",
                        "missing key 'sources'"),
    "task": ("[classification]", "[clasification, regression]", "  tasks: [clas",
             "unknown task 'clasification'"),
    "output": (FITS, "  outputs: [probabilty]\n", "  outputs",
               "unknown output 'probabilty'\ndid you mean 'probability'?"),
    "labels": (FITS, "  labels: [intger]\n", "  labels",
               "unknown labels 'intger'\ndid you mean 'integer'?"),
    "no list": (FITS, "  outputs: probability\n", "  outputs",
                "expected a list, not 'probability'"),
    "source": ("[article]", "[artcle]", "[artcle",
               "unknown source 'artcle'\ndid you mean 'article'?"),
    "source with a place": ("[article]", "\n  - book\n  - artcle#4", "  - artcle",
                            "unknown source 'artcle'\ndid you mean 'article'?"),
    "part": (FITS, "  part: aded\n", "  part", "unknown part 'aded'\ndid you mean 'added'?"),
    "part of a task": (FITS, "  parts: {regression: aded}\n", "  parts",
                       "unknown part 'aded'\ndid you mean 'added'?"),
    "task of a part": (FITS, "  parts: {regresion: added}\n", "  parts",
                       "unknown task 'regresion'\ndid you mean 'regression'?"),
    "fact of a bar": (FITS, "  requires: [{when: {outlirs: true}, because: x}]\n", "  requires",
                      "unknown fact 'outlirs'\ndid you mean 'outliers'?"),
    "value of a bar": (FITS, "  excludes: [{when: {labels: onehot}, because: x}]\n", "  excludes",
                       "unknown labels 'onehot'\ndid you mean 'one_hot'?"),
    "reason of a bar": (FITS, "  excludes: [{when: {labels: one_hot}}]\n", "  excludes",
                        "missing key 'because'"),
    "key of a bar": (FITS, "  excludes: [{wen: {labels: one_hot}, because: x}]\n", "  excludes",
                     "unknown key 'wen'\ndid you mean 'when'?"),
    "key of an option": (FITS, "  params: {a: {valu: 1}}\n", "  params",
                         "unknown key 'valu'\ndid you mean 'value'?"),
    "option without a value": (FITS, "  params: {a: {because: x}}\n", "  params",
                               "missing key 'value'"),
    "plain option": (FITS, "  params: {a: 1}\n", "  params", "expected a mapping, not '1'"),
    "source of an option": (FITS, "  params: {a: {value: 1, source: bok}}\n", "  params",
                            "unknown source 'bok'\ndid you mean 'book'?"),
    "reason of an option": (FITS, "  params: {a: {value: 1, because: 5}}\n", "  params",
                            "expected text, not '5'"),
    "code that is no text": (FITS, "  code: {pytorch: 5}\n", "  code", "expected text, not '5'"),
    "strength that is no text": (FITS, "  strengths: [1]\n", "  strengths",
                                 "expected text, not '1'"),
    "empty text": ("  fits: Classes.\n", "  fits: ''\n", "  fits: ''", "the text is empty"),
    "repeated card": ("mae:\n", "mse:\n", "mse:\n  tasks: [regression]\n  fits: Large",
                      "duplicate key 'mse', first used in line 1"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "at", "message"), CARDS.values(), ids=CARDS)
def test_what_is_wrong_in_a_card_is_told_with_its_place(small, old, new, at, message):
    said, place = said_of(small, "losses/a.yaml", old, new, at)
    assert said.startswith(f"{place}{message}")


KIND, LOSSES = "  kind: prefer\n", "[{loss: mae, strength: strong}, {loss: mse, strength: weak}]"
BECAUSE, OVERRIDES = "  because: It grows slowly.\n", "  overrides: [squares]\n"
FIRES = "fires: [{task: regression, outliers: true}]"
WHEN = "{task: regression, outliers: true}\n  losses"
RULE = "- id: far-off"
ONE_OF = "far-off needs exactly one of because and warning"
RULES = {
    "key of the file": ("rules:\n", "rule:\n", "rule:", "unknown key 'rule'"),
    "key": (OVERRIDES, "  overides: [squares]\n", "  overides",
            "unknown key 'overides'\ndid you mean 'overrides'?"),
    "missing evidence": ("  evidence: single\n", "", RULE, "missing key 'evidence'"),
    "missing sources": ("  sources: [book#7]\n", "", RULE, "missing key 'sources'"),
    "missing id": (RULE, "- disagree: x", "- disagree", "missing key 'id'"),
    "id that is a number": (RULE, "- id: 5", "- id: 5", "expected text, not '5'"),
    "repeated id": (RULE, "- id: squares", "- id: squares\n  kind: prefer",
                    "there is already a rule 'squares': recommend/a.yaml, line 2"),
    "kind": (KIND, "  kind: prefr\n", "  kind: prefr",
             "unknown kind 'prefr'\ndid you mean 'prefer'?"),
    "evidence": ("evidence: single", "evidence: singel", "  evidence: singel",
                 "unknown evidence 'singel'\ndid you mean 'single'?"),
    "strength": ("strength: strong", "strength: stong", "  losses: [{loss: mae",
                 "unknown strength 'stong'\ndid you mean 'strong'?"),
    "loss": ("losses: [cross_entropy]", "losses: [cross_entropie]", "  losses: [cross_entropie",
             "unknown loss 'cross_entropie'\ndid you mean 'cross_entropy'?"),
    "loss with a strength": ("loss: mae", "loss: maee", "  losses: [{loss: maee",
                             "unknown loss 'maee'\ndid you mean 'mae'?"),
    "key of a loss": ("loss: mae", "los: mae", "  losses: [{los",
                      "unknown key 'los'\ndid you mean 'loss'?"),
    "loss that is a number": (LOSSES, "[5]", "  losses: [5]", "expected a mapping, not '5'"),
    "fact": (WHEN, WHEN.replace("task", "taks"), "  when: {taks",
             "unknown fact 'taks'\ndid you mean 'task'?"),
    "value": (WHEN, WHEN.replace("regression", "regresion"), "  when: {task: regresion",
              "unknown task 'regresion'\ndid you mean 'regression'?"),
    "source": ("book#7", "bok#7", "  sources: [bok",
               "unknown source 'bok'\ndid you mean 'book'?"),
    "overridden rule": (OVERRIDES, "  overrides: [sqares]\n", "  overrides",
                        "unknown rule 'sqares'\ndid you mean 'squares'?"),
    "loss of an option": (OVERRIDES, "  params: {cross_entropie: {a: 1}}\n", "  params",
                          "unknown loss 'cross_entropie'\ndid you mean 'cross_entropy'?"),
    "measure": (OVERRIDES, "  params: {mae: {a: {measured: spred}}}\n", "  params",
                "unknown measure 'spred'\ndid you mean 'spread'?"),
    "key of a measure": (OVERRIDES, "  params: {mae: {a: {measure: spread}}}\n", "  params",
                         "unknown key 'measure'\ndid you mean 'measured'?"),
    "factor that is a word": (OVERRIDES,
                              "  params: {mae: {a: {measured: spread, times: twice}}}\n",
                              "  params", "expected a number, not 'twice'"),
    "factor that is a switch": (OVERRIDES,
                                "  params: {mae: {a: {measured: spread, times: true}}}\n",
                                "  params", "expected a number, not"),
    "examples": (FIRES, FIRES.replace("fires", "fire"), "    fire:",
                 "unknown key 'fire'\ndid you mean 'fires'?"),
    "missing examples": ("    silent: [{task: regression, outliers: false}]\n", "", f"    {FIRES}",
                         "missing key 'silent'"),
    "fact of an example": (FIRES, "fires: [{taks: regression}]", "    fires: [{taks",
                           "unknown fact 'taks'\ndid you mean 'task'?"),
    "value of an example": (FIRES, "fires: [{task: regresion}]", "    fires: [{task: regresion",
                            "unknown task 'regresion'\ndid you mean 'regression'?"),
    "union in an example": (FIRES, "fires: [{task: classification}]", "    fires: [{task: clas",
                            "'classification' covers several tasks; choose one"),
    "because and warning": (BECAUSE, f"  warning: Beware.\n{BECAUSE}", RULE, ONE_OF),
    "neither because nor warning": (BECAUSE, "", RULE, ONE_OF),
    "empty because": (BECAUSE, "  because: ''\n", "  because: ''", "the text is empty"),
    "empty because and warning": (BECAUSE, "  because: ' '\n  warning: Beware.\n",
                                  "  because: ' '", "the text is empty"),
    "no losses": (f"  losses: {LOSSES}\n", "", RULE,
                  "far-off names no loss\nonly rules of kind advise may"),
    "none of the losses": (LOSSES, "[]", RULE, "far-off names no loss"),
    "avoid with a strength": (KIND, "  kind: avoid\n", RULE,
                              "rules of kind avoid have no strengths, but far-off has one"),
    "forbid with a strength": (KIND, "  kind: forbid\n", RULE,
                               "rules of kind forbid have no strengths, but far-off has one"),
    "override of itself": (OVERRIDES, "  overrides: [far-off]\n", "  overrides: [far-off",
                           "far-off"),
    "same loss twice": (LOSSES, "[mae, {loss: mae, strength: weak}]", "  losses: [mae, {", ""),
    "evidence of the user's": ("evidence: single", "evidence: own", "  evidence: own", ""),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "at", "message"), RULES.values(), ids=RULES)
def test_what_is_wrong_in_a_rule_is_told_with_its_place(small, old, new, at, message):
    said, place = said_of(small, "recommend/a.yaml", old, new, at)
    assert said.startswith(f"{place}{message}")


@pytest.mark.parametrize("kind", ["avoid", "forbid"])
def test_what_is_advised_against_has_no_strength(small, kind):
    text = f"{RULE}\n{KIND}  when: {{task: regression, outliers: true}}\n  losses: {LOSSES}\n"
    plain = text.replace(LOSSES, "[mae]").replace("prefer", kind)
    base = read_folder(small(recommend=(text, plain)))
    assert base.rules["far-off"].losses == (Named("mae", "normal"),)


def test_a_warning_may_stand_for_because(small):
    base = read_folder(small(recommend=(BECAUSE, "  warning: Beware.\n")))
    rule = base.rules["far-off"]
    assert (rule.because, rule.warning, rule.text) == ("", "Beware.", "Beware.")


def test_only_advice_may_speak_of_all_losses(small):
    text = f"{RULE}\n{KIND}  when: {{task: regression, outliers: true}}\n  losses: {LOSSES}\n"
    advice = text.replace("prefer", "advise").replace(f"  losses: {LOSSES}\n", "")
    assert read_folder(small(recommend=(text, advice))).rules["far-off"].losses == ()


@pytest.mark.parametrize(
    ("old", "new", "at", "message"),
    [
        ("    kind: book\n", "", "    title: A book", "missing key 'kind'"),
        (
            "    year: 1999",
            "    yaer: 1999",
            "    yaer",
            "unknown key 'yaer'\ndid you mean 'year'?",
        ),
        (
            "  article:\n",
            "  book:\n",
            "  book:\n    title: An",
            "duplicate key 'book', first used in line 2",
        ),
        ("title: A book", "title:", "    title:\n", "expected text, not nothing"),
        ("title: A book", "title: [A, book]", "    title: [", "expected text, not a list"),
        ("year: 1999", "year: {born: 1999}", "    year: {", "expected text, not a mapping"),
        ("sources:\n", "source:\n", "source:", "unknown key 'source'"),
    ],
)
def test_what_is_wrong_in_a_source_is_told_with_its_place(small, old, new, at, message):
    said, place = said_of(small, "sources.yaml", old, new, at)
    assert said.startswith(f"{place}{message}")


def test_a_key_that_is_misspelt_is_told_where_it_stands(small):
    """Its value may begin lines below it."""
    said, place = said_of(
        small,
        "recommend/a.yaml",
        f"  losses: {LOSSES}\n",
        "  losess:\n\n  # the first\n  - mae\n",
        "  losess:",
    )
    assert said == f"{place}unknown key 'losess'\ndid you mean 'losses'?"


# the folder


@pytest.mark.parametrize("name", ["facts", "sources"])
def test_a_file_that_must_be_there(small, name):
    assert f"has no {name}.yaml" in refused(small(**{name: None}))


def test_an_empty_file_is_refused(small):
    assert refused(small(**{"recommend/b.yaml": ""})) == "recommend/b.yaml is empty"


def test_a_file_of_another_encoding_is_refused(small):
    folder = small()
    (folder / "recommend" / "b.yaml").write_bytes(b"rules: [] # \xff\n")
    assert "recommend/b.yaml" in refused(folder)  # however long the name of the folder is


def test_a_file_in_a_misspelt_folder_is_refused(small):
    card = "huber:\n  tasks: [regression]\n  fits: All.\n  sources: [book]\n"
    assert refused(small(**{"loses/b.yaml": card})).startswith("loses/b.yaml, line 1: ")


def test_a_file_of_another_ending_is_not_passed_over(small):
    assert "b.yml" in refused(small(**{"recommend/b.yml": "rules: []\n"}))


def test_two_files_cannot_have_the_same_rule(small):
    text = (small() / "recommend" / "a.yaml").read_text()
    assert refused(small(**{"recommend/b.yaml": text})) == (
        "recommend/b.yaml, line 2: there is already a rule 'squares': recommend/a.yaml, line 2"
    )


def test_two_files_cannot_have_the_same_card(small):
    card = "mse:\n  tasks: [regression]\n  fits: All.\n  sources: [book]\n"
    assert refused(small(**{"losses/b.yaml": card})).startswith("losses/b.yaml, line ")


def test_statements_and_scenarios_are_no_rules(small):
    files = {"statements.yaml": "anything: [goes]\n", "scenarios.yaml": "here: too\n"}
    assert read_folder(small(to="more", **files)).rules == read_folder(small()).rules


# names and order of files do not matter

FACTS = [
    {"task": task, **more, **({"skewed": True} if skewed else {})}
    for task, more, skewed in product(
        ("regression", "binary_classification", "multiclass_classification"),
        ({}, {"outliers": True}, {"outliers": False}),
        (True, False),
    )
]


def answers(base):
    """Return all that is said of many problems, but for the fingerprint of the rules."""
    found = []
    for facts in FACTS:
        advice = advise(base, [Known(name, value, "flag") for name, value in facts.items()])
        found.append(repr(answer(advice)).replace(base.digest, ""))
    return found


def placeless(base):
    """Return all that a rule base says, but not where."""
    rules = {name: replace(rule, file="", line=0) for name, rule in base.rules.items()}
    return replace(base, rules=rules, digest="")


def split(text, start):
    """Cut a file into its parts, each with its heading lines."""
    head, *parts = text.split(start)
    return [f"{head}{start}{part}" for part in parts]


def test_the_order_of_files_changes_nothing(small):
    one = small(to="one", **{"recommend/b.yaml": "rules: []\n"})
    other = small(to="other", **{"recommend/a.yaml": None, "recommend/b.yaml": "rules: []\n"})
    (other / "recommend" / "a.yaml").write_text((one / "recommend" / "a.yaml").read_text())
    assert read_folder(one) == read_folder(other)


def test_another_cut_into_files_changes_nothing(small):
    whole = read_folder(small(to="whole"))
    text = (small() / "recommend" / "a.yaml").read_text()
    cards = (small() / "losses" / "a.yaml").read_text()
    mse, mae, entropy = _cards(cards)
    squares, far_off, classes = split(text, "- id: ")
    folder = small(
        to="cut",
        recommend=None,
        losses=None,
        **{
            "recommend/z.yaml": squares,
            "recommend/deep/er.yaml": far_off,
            "anything.yaml": classes,
            "losses/c.yaml": mse,
            "losses/b.yaml": mae,
            "losses/deep/a.yaml": entropy,
        },
    )
    cut = read_folder(folder)
    assert {rule.file for rule in cut.rules.values()} == {
        "recommend/z.yaml",
        "recommend/deep/er.yaml",
        "anything.yaml",
    }
    assert placeless(cut) == placeless(whole)
    assert list(cut.rules) == list(whole.rules) == ["classes", "far-off", "squares"]
    assert list(cut.cards) == list(whole.cards) == ["cross_entropy", "mae", "mse"]
    assert answers(cut) == answers(whole)


def _cards(text):
    first, second = text.index("mae:"), text.index("cross_entropy:")
    return text[:first], text[first:second], text[second:]


def test_the_order_of_rules_and_cards_changes_nothing(small):
    whole = read_folder(small(to="whole"))
    text = (small() / "recommend" / "a.yaml").read_text()
    head, *rules = text.split("- id: ")
    turned = head + "".join(f"- id: {rule}" for rule in reversed(rules))
    cards = "".join(reversed(_cards((small() / "losses" / "a.yaml").read_text())))
    other = read_folder(small(to="turned", recommend=turned, losses=cards))
    assert placeless(other) == placeless(whole)
    assert list(other.rules) == list(whole.rules)
    assert list(other.cards) == list(whole.cards)
    assert answers(other) == answers(whole)


@pytest.mark.parametrize("name", ["losses/0.yaml", "losses/z.yaml"])
def test_a_card_may_speak_of_a_loss_in_any_other_file(small, name):
    card = "  excludes: [{when: {asked_for: huber}, because: Not asked for.}]\n"
    huber = "huber:\n  tasks: [regression]\n  fits: All.\n  sources: [book]\n"
    base = read_folder(small(losses=(FITS, card), **{name: huber}))
    (requirement,) = base.cards["cross_entropy"].excludes
    assert requirement.when == Leaf("asked_for", "in", ("huber",))


# the fingerprint


def test_the_fingerprint_is_of_what_the_files_say(small):
    digest = read_folder(small(to="one")).digest
    assert len(digest) == 16
    assert read_folder(small(to="other")).digest == digest


CHANGES = [
    ("recommend", ("It grows slowly.", "It grows very slowly.")),
    ("losses", ("Small errors.", "No errors.")),
    ("sources", ("year: 1999", "year: 2000")),
    ("facts", ("help: the field", "help: the branch")),
    ("statements.yaml", "said: nothing\n"),
]


@pytest.mark.parametrize(("name", "change"), CHANGES)
def test_the_fingerprint_changes_with_every_file(small, name, change):
    former = read_folder(small(to="former")).digest
    assert read_folder(small(to="changed", **{name: change})).digest != former


def test_the_fingerprint_does_not_depend_on_the_order_of_writing(small):
    folder = small(to="one", **{"recommend/b.yaml": "rules: []\n"})
    digest = read_folder(folder).digest
    for file in sorted(folder.rglob("*.yaml"), reverse=True):
        text = file.read_text()
        file.unlink()
        file.write_text(text)
    assert read_folder(folder).digest == digest


def test_the_fingerprint_does_not_depend_on_the_ends_of_lines(small):
    digest = read_folder(small(to="one")).digest
    folder = small(to="other")
    for file in folder.rglob("*.yaml"):
        file.write_text(file.read_text().replace("\n", "\r\n"), newline="")
    assert read_folder(folder).digest == digest


def test_the_fingerprint_does_not_depend_on_the_names_of_files(small):
    one = {"recommend/b.yaml": "rules: []\n"}
    other = {"recommend/0.yaml": "rules: []\n"}
    digest = read_folder(small(to="one", **one)).digest
    assert read_folder(small(to="other", **other)).digest == digest
