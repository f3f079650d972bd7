"""What the recommender prints, from small rule bases, against texts worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest
from rule_bases import CARDS, FACTS, Fields, card, fact, made, rule

from lossctl.advice.answer import answer
from lossctl.advice.answer_page import answer_page
from lossctl.advice.recommendation import Advice, advise
from lossctl.advice.rules import RuleBase
from lossctl.facts.vocabulary import Known
from lossctl.render import Format, render
from lossctl.report import Page


def advice(base: RuleBase, *more: Known, **facts: Any) -> Advice:
    return advise(base, [*(Known(name, value, "flag") for name, value in facts.items()), *more])


def page(told: Advice, **options: Any) -> Page:
    return answer_page(told, answer(told, **options))


def recommendations(base: RuleBase, *files: str, **facts: Any) -> list[dict[str, Any]]:
    return answer(advice(base, **facts), files=files).fields["recommendations"]


def only(base: RuleBase, *files: str, **facts: Any) -> dict[str, Any]:
    (each,) = recommendations(base, *files, **facts)
    return each


SQUARE = rule("usual", "default", {"task": "regression"}, "square", because="Small errors. Really.")


# the fields


def test_a_recommendation_says_all_that_there_is_to_say():
    base = made(
        rule("a", "prefer", {"outliers": True}, "huber:strong", because="It bends.")
        | {"sources": ["book#2", "paper"], "disagree": "The paper says less."},
        rule("b", "prefer", {}, "huber", because="It bends.") | {"sources": ["book"]},
        rule("c", "advise", {}, "huber", because="Scale first.") | {"sources": ["paper"]},
        rule("d", "advise", {}, "huber", warning="Delta has a unit."),
        cards=CARDS
        | {
            "huber": card(
                fits="It fits.",
                strengths=["It is mild."],
                weaknesses=["It has an option."],
                use=["gauges"],
                activation="None.",
                params={"delta": {"value": 1.5, "because": "It is usual.", "source": "book"}},
                code={"torch": "huber(x, delta={delta})"},
            )
        },
        sources=["book", "paper"],
    )
    delta = {"value": 1.5, "default": 1.5, "because": "It is usual.", "source": "book"}
    assert only(base, task="regression", outliers=True) == {
        "loss": "huber",
        "part": "loss",
        "rank": 1,
        "strength": "strong",
        "default": False,
        "leads": True,
        "fits": "It fits.",
        "strengths": ["It is mild."],
        "weaknesses": ["It has an option."],
        "use": ["gauges"],
        "params": {"delta": 1.5},
        "options": {"delta": delta},
        "activation": "None.",
        "because": ["It bends."],
        "warnings": ["Delta has a unit."],
        "advice": ["Scale first."],
        "disagree": ["The paper says less."],
        "rules": ["a", "b", "c", "d"],
        "sources": ["book#2", "paper", "book"],
        "command": "lossctl compute huber PREDICTIONS TARGETS",
        "takes_data": None,
        "refused": "",
        "code": {"torch": "huber(x, delta=1.5)"},
    }


def test_a_default_says_that_it_is_one():
    assert only(made(SQUARE), task="regression")["default"] is True


def test_what_is_recommended_although_it_is_advised_against_says_why_in_its_warnings():
    base = made(SQUARE, rule("against", "avoid", {}, "square", warning="It runs away."))
    assert only(base, task="regression")["warnings"] == ["It runs away."]


def optional(*params: Fields, **options: Any) -> RuleBase:
    """A base whose only rule gives a loss options, beside those of its card."""
    (card_params,) = params or ({},)
    return made(
        rule("a", "prefer", {}, "square", params={"square": options}),
        cards=CARDS | {"square": card(params={n: {"value": v} for n, v in card_params.items()})},
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"delta": 2.5}, "--delta 2.5"),
        ({"first_label": 1}, "--first-label 1"),
        ({"from_logits": True}, "--from-logits"),
        ({"from_logits": False}, "--no-from-logits"),
        ({"weights": "0.2,0.8"}, "--weights 0.2,0.8"),
        ({"name": "two words"}, "--name 'two words'"),
        ({"name": "it's"}, "--name 'it'\\''s'"),
        ({"name": ""}, "--name ''"),
        ({"a": 1, "b": 2}, "--a 1 --b 2"),
    ],
)
def test_the_command_has_the_options(options, words):
    command = only(optional(**options), task="regression")["command"]
    assert command == f"lossctl compute square PREDICTIONS TARGETS {words}"


def test_the_command_leaves_out_what_a_loss_does_anyway():
    base = optional({"delta": 1.0, "eps": 0.5, "flag": True}, delta=1.0, eps=0.25)
    each = only(base, task="regression")
    assert each["params"] == {"delta": 1.0, "eps": 0.25, "flag": True}
    assert each["command"] == "lossctl compute square PREDICTIONS TARGETS --eps 0.25"


@pytest.mark.parametrize(("said", "words"), [({}, " --delta 2.0"), ({"delta": 1.0}, "")])
def test_the_command_has_what_a_card_advises_in_place_of_the_default(said, words):
    params = {"delta": {"value": 2.0, "default": 1.0}}
    base = made(
        rule("a", "prefer", {}, "square", params={"square": said}),
        cards=CARDS | {"square": card(params=params)},
    )
    command = only(base, task="regression")["command"]
    assert command == f"lossctl compute square PREDICTIONS TARGETS{words}"


@pytest.mark.parametrize(
    ("roles", "files", "named"),
    [
        (["prediction", "target"], [], "PREDICTIONS TARGETS"),
        (["prediction", "target"], ["a.csv", "b.csv"], "a.csv b.csv"),
        (["prediction", "target"], ["b.csv"], "PREDICTIONS b.csv"),
        (["prediction", "target"], ["my file.csv"], "PREDICTIONS 'my file.csv'"),
        (["real", "fake"], ["b.csv"], "REAL FAKE"),
        (["real", "fake"], ["a.csv", "b.csv"], "a.csv b.csv"),
        (
            ["anchor", "positive", "negative"],
            ["a.csv", "b.csv"],
            "ANCHOR POSITIVE NEGATIVE",
        ),
        (["x"], ["a.csv"], "a.csv"),
    ],
)
def test_the_command_names_the_files(roles, files, named):
    base = made(SQUARE, cards=CARDS | {"square": card(roles=roles)})
    assert only(base, *files, task="regression")["command"] == f"lossctl compute square {named}"


def test_code_holds_options_as_python_writes_them():
    code = {"torch": "f({a}, {b}, {c})", "keras": "f()"}
    params = {"a": {"value": True}, "b": {"value": "mean"}, "c": {"value": 0.5}}
    base = made(SQUARE, cards=CARDS | {"square": card(code=code, params=params)})
    assert only(base, task="regression")["code"] == {
        "torch": "f(True, 'mean', 0.5)",
        "keras": "f()",
    }


def test_what_is_known_says_where_it_comes_from():
    known = Known("outliers", True, "data", "likely", "3 are far off.", {"share": 0.03}, 100)
    weak = Known("skewed", True, "data", "weak", "It leans.")
    fields = answer(advice(made(SQUARE), known, weak, need=frozenset(["unit", "smooth"]))).fields
    outliers, need = fields["facts"]
    assert outliers == {
        "name": "outliers",
        "value": True,
        "origin": "data",
        "confidence": "likely",
        "evidence": "3 are far off.",
        "numbers": {"share": 0.03},
        "rows": 100,
    }
    assert need["value"] == ["smooth", "unit"]
    assert [(each["name"], each["confidence"]) for each in fields["guesses"]] == [
        ("skewed", "weak")
    ]


def test_what_is_avoided_vetoed_and_remarked_is_told():
    base = made(
        SQUARE,
        rule("b", "avoid", {"outliers": True}, "absolute", because="It is slow."),
        rule("c", "prefer", {"task": "regression"}, "entropy"),
        rule("d", "advise", {}, because="Look at the data."),
        rule("e", "advise", {}, "entropy"),
    )
    fields = answer(advice(base, task="regression", outliers=True)).fields
    assert fields["avoid"] == [
        {"loss": "absolute", "because": "It is slow.", "rule": "b", "sources": ["book"]}
    ]
    assert fields["vetoed"] == [{"loss": "entropy", "because": "It does not fit task regression."}]
    assert fields["remarks"] == ["Look at the data."]
    assert fields["rules_digest"] == "digest"


def test_a_question_says_what_each_answer_changes():
    facts = FACTS | {"outliers": fact("flag") | {"flag": "far_off", "question": "Are any far off?"}}
    base = made(SQUARE, rule("b", "prefer", {"outliers": True}, "absolute"), facts=facts)
    (question,) = answer(advice(base, task="regression")).fields["questions"]
    assert question == {
        "fact": "outliers",
        "question": "Are any far off?",
        "guess": None,
        "values": [
            {
                "value": True,
                "meaning": "",
                "option": "--far-off",
                "first": {"loss": "absolute"},
                "changes": "first",
            },
            {
                "value": False,
                "meaning": "",
                "option": "--no-far-off",
                "first": {"loss": "square"},
                "changes": "nothing",
            },
        ],
    }


def test_a_conflict_names_both_facts():
    base = made(SQUARE)
    known = Known("outliers", True, "data", "certain", "3 are far off.")
    (conflict,) = answer(advice(base, known, outliers=False)).fields["conflicts"] or [None]
    assert conflict is not None
    assert [(each["value"], each["origin"]) for each in conflict["facts"]] == [
        (False, "flag"),
        (True, "data"),
    ]
    assert conflict["because"] == "The value from the flag is used."


EXPLAINED = [
    rule("a", "prefer", {"outliers": True, "skewed": True}, "absolute"),
    rule("b", "prefer", {"outliers": True}, "square"),
    rule("c", "prefer", {"noise": "low", "outliers": True}, "square"),
    rule("d", "advise", {"outliers": True}, "square"),
    rule("e", "avoid", {"noise": "high"}, "square"),
    rule("f", "avoid", {"skewed": True}, "huber"),
]


def test_a_loss_is_explained_with_all_that_is_said_of_it():
    told = advice(made(*EXPLAINED), task="regression", outliers=True, skewed=True)
    (square,) = answer(told, why_not=["square"]).fields["explanations"]
    assert square["loss"] == "square"
    assert (square["state"], square["rank"]) == ("outranked", 2)
    assert square["because"] == "absolute ranks higher: the rule a is more specific."
    assert [each["rule"] for each in square["votes_for"]] == ["b"]
    assert [each["rule"] for each in square["remarks"]] == ["d"]
    assert [each["rule"] for each in square["pending"]] == ["c", "e"]
    assert (square["votes_against"], square["vetoes"]) == ([], [])
    # With little noise two rules of two facts are tied, and absolute is the first by its name; only
    # where the targets are not skewed the other rule is silent.
    assert square["smallest_change"] == {"skewed": False}
    assert square["votes_for"][0] == {
        "rule": "b",
        "kind": "prefer",
        "when": "outliers",
        "facts": ["outliers"],
        "text": "This is b.",
        "evidence": "single",
        "sources": ["book"],
        "file": "rule 2",
        "line": 1,
    }


def test_a_loss_that_is_avoided_is_explained():
    told = advice(made(*EXPLAINED), task="regression", outliers=True, skewed=True)
    (huber,) = answer(told, why_not=["huber"]).fields["explanations"]
    assert (huber["state"], huber["rank"], huber["because"]) == ("avoided", None, "This is f.")
    assert [each["rule"] for each in huber["votes_against"]] == ["f"]


def test_the_loss_that_is_asked_for_is_explained_and_each_only_once():
    told = advice(made(*EXPLAINED), task="regression", outliers=True, asked_for="huber")
    fields = answer(told, why=["square"], why_not=["huber", "square"]).fields
    assert [each["loss"] for each in fields["explanations"]] == ["square", "huber"]


def test_everything_is_laid_open_only_on_demand():
    told = advice(made(*EXPLAINED), task="regression", outliers=True)
    assert not answer(told).fields.keys() & {"fired", "pending"}
    fields = answer(told, explain=True).fields
    assert [each["rule"] for each in fields["fired"]] == ["b", "d"]
    pending = {each["rule"]: each["facts"] for each in fields["pending"]}
    assert pending == {
        "a": ["outliers", "skewed not known"],
        "c": ["outliers", "noise not known"],
        "e": ["noise not known"],
        "f": ["skewed not known"],
    }


def test_the_rows_are_the_recommendations():
    table = page(advice(made(SQUARE), task="regression")).table
    assert table is not None
    (row,) = table.rows
    named = dict(zip((column.name for column in table.columns), row, strict=True))
    assert (named["loss"], named["rank"], named["rules"]) == ("square", 1, ["usual"])


# the text


def sections(shown: Page, width: int = 80) -> dict[str, list[str]]:
    """Lay each section of a page out: the lines below its heading, without their indentation."""
    found = {}
    for section in shown.sections:
        lines = list(render(Page("", {}, (section,)), Format.TEXT, 6, width))
        assert lines[:3] == ["", "", section.heading]
        assert all(line.startswith("  ") for line in lines[3:])
        found[section.heading] = [line[2:] for line in lines[3:]]
    return found


def text(base: RuleBase, *, explain: bool = False, **facts: Any) -> dict[str, list[str]]:
    return sections(page(advice(base, **facts), explain=explain))


@pytest.mark.parametrize(
    ("facts", "title"),
    [
        ({}, "Nothing is known about the problem yet"),
        ({"outliers": False, "task": "regression"}, "For task regression, not outliers"),
        ({"need": frozenset(["unit", "smooth"])}, "For need smooth, unit"),
        ({"share": 0.25}, "For share 0.25"),
    ],
)
def test_the_title_says_what_is_stated(facts, title):
    assert page(advice(made(SQUARE), **facts)).title == title


def test_the_title_leaves_out_what_follows():
    derived = [{"when": {"skewed": True}, "then": {"noise": "high"}, "because": "It follows."}]
    assert page(advice(made(derived=derived), skewed=True)).title == "For skewed"


def test_a_short_answer():
    base = made(SQUARE, rule("b", "avoid", {}, "absolute", because="It is slow."))
    assert text(base, task="regression") == {
        "Recommended": ["1  square  Small errors."],
        "Avoid": ["absolute  It is slow."],
        "Next steps": ["lossctl compute square PREDICTIONS TARGETS", "lossctl show square"],
    }


def test_each_part_has_a_heading_of_its_own_where_there_are_two():
    base = made(SQUARE, rule("b", "prefer", {}, "penalty"))
    laid_out = text(base, task="regression")
    assert laid_out["the loss"] == ["1  square  Small errors."]
    assert laid_out["to be added"] == ["1  penalty  This is b."]
    assert laid_out["Next steps"] == [
        "lossctl compute square PREDICTIONS TARGETS",
        "lossctl compute penalty PREDICTIONS TARGETS",
        "lossctl show square",
    ]


def test_the_same_reason_is_given_once_and_then_what_a_loss_is_for():
    cards = CARDS | {"huber": card(fits="Errors of both kinds.")}
    base = made(rule("a", "prefer", {}, "square", "huber", because="It is."), cards=cards)
    assert text(base, task="regression")["Recommended"] == [
        "1  square  It is.",
        "2  huber   Errors of both kinds.",
    ]


def test_two_notes_are_told_and_the_rest_on_demand():
    notes = [rule(name, "advise", {}, "square", because=f"Note {name}.") for name in "bcd"]
    base = made(SQUARE, *notes, cards=CARDS | {"square": card(activation="None.")})
    assert text(base, task="regression")["With square"] == [
        "output activation  None.",
        "- Note b.",
        "- Note c.",
        "- 1 more with `--explain`",
    ]
    assert text(base, task="regression", explain=True)["With square"] == [
        "output activation  None.",
        "- Note b.",
        "- Note c.",
        "- Note d.",
    ]


def test_an_option_says_why_and_is_not_repeated_as_a_note():
    note = rule("b", "advise", {}, "square", because="Nearly normal. So it is.")
    base = made(SQUARE, note | {"params": {"square": {"delta": 1.5, "half": True}}})
    assert text(base, task="regression")["With square"] == ["--delta 1.5, --half  Nearly normal."]


def test_an_option_without_a_reason_is_shown_on_demand():
    cards = CARDS | {"square": card(params={"limit": {"value": None}}, activation="None.")}
    base = made(SQUARE, cards=cards)
    assert text(base, task="regression")["With square"] == ["output activation  None."]
    assert text(base, task="regression", explain=True)["With square"] == [
        "--limit none",
        "output activation  None.",
    ]


def test_losses_with_the_same_reason_are_named_together_and_the_first_few_only():
    names = [f"loss_{letter}" for letter in "abcdef"]
    base = made(
        SQUARE,
        rule("b", "avoid", {}, *names, because="They are slow."),
        cards=CARDS | {name: card() for name in names},
    )
    assert text(base, task="regression")["Avoid"] == [
        "loss_a, loss_b, loss_c, loss_d and 2 more  They are slow."
    ]


def test_questions_say_which_answer_changes_what():
    base = made(
        SQUARE,
        rule("a", "prefer", {"noise": ["low", "middle"]}, "absolute"),
    )
    assert text(base, task="regression")["Questions that would change the answer"] == [
        "What is it?",
        "    --noise low or --noise middle  absolute first",
    ]


def test_a_question_that_changes_only_alternatives_says_so():
    base = made(
        rule("a", "prefer", {"task": "regression"}, "square"),
        rule("b", "prefer", {"outliers": True}, "huber:weak"),
    )
    assert text(base, task="regression")["Questions that would change the answer"] == [
        "What is it?",
        "    --outliers  same first choice, other alternatives",
    ]


def test_a_guess_is_told_with_its_question():
    base = made(SQUARE, rule("a", "prefer", {"outliers": True}, "absolute"))
    weak = Known("outliers", True, "data", "weak", "One is 30.")
    laid_out = sections(page(advice(base, weak, task="regression")))
    assert laid_out["Questions that would change the answer"] == [
        "What is it?",
        "    The data suggest yes: One is 30.",
        "    --outliers  absolute first",
    ]


def test_facts_that_do_not_go_together_are_told_first():
    base = made(
        SQUARE,
        contradictory=[{"when": {"outliers": True, "noise": "low"}, "because": "Far is far."}],
    )
    laid_out = text(base, task="regression", outliers=True, noise="low")
    assert next(iter(laid_out)) == "Conflicts"
    assert laid_out["Conflicts"] == ["- outliers (flag) and noise low (flag): Far is far."]


def test_where_nothing_fits_it_says_why():
    base = made(rule("a", "prefer", {}, "entropy"))
    assert text(base, task="regression") == {
        "Does not fit": ["entropy  It does not fit task regression."]
    }


def test_a_command_that_would_fail_says_why():
    told = advice(made(SQUARE), task="regression")
    shown = page(told, files=["p.csv", "t.csv"], trial=lambda *_: "line 2 is no number")
    assert sections(shown, 40)["Next steps"] == [
        "lossctl compute square p.csv t.csv",
        "# does not accept the data as they",
        "# are: line 2 is no number",
        "lossctl show square",
    ]


def test_an_explanation_says_what_would_put_a_loss_first():
    told = advice(made(*EXPLAINED), task="regression", outliers=True, skewed=True)
    assert sections(page(told, why_not=["square"]))["Why square is not ranked first"] == [
        "absolute ranks higher: the rule a is more specific.",
        "fits                 It fits.",
        "in favour            This is b.",
        "                     b: outliers",
        "                     single: book",
        "may depend on        noise",
        "would be first with  not skewed",
    ]


def test_an_explanation_of_the_first_choice_is_why_it_is_first():
    shown = sections(page(advice(made(SQUARE), task="regression"), why=["square"]))
    lines = shown["Why square is ranked first"]
    assert lines[:2] == ["fits       It fits.", "in favour  Small errors. Really."]
    assert not [line for line in lines if "would be first" in line]


def test_what_no_two_facts_can_change_says_so():
    shown = sections(page(advice(made(SQUARE), task="regression"), why_not=["huber"]))
    assert shown["Why huber is not ranked first"][-1] == (
        "would be first with  no change of one or two facts"
    )


def test_publications_are_cited_by_their_short_names_and_on_demand_with_the_places():
    base = made(
        rule("a", "prefer", {}, "square") | {"sources": ["book#2", "paper", "book#7"]},
        sources=["book", "paper"],
    )
    told = advice(base, task="regression")
    why = sections(page(told, why=["square"]))["Why square is ranked first"]
    assert why[-1].strip() == "single: book; paper"
    opened = sections(page(told, why=["square"], explain=True))["Why square is ranked first"]
    assert opened[-1].strip() == "single: book [book#2, book#7]; paper [paper]"


def test_everything_is_listed_on_demand():
    base = made(
        SQUARE,
        rule("b", "prefer", {"outliers": True}, "absolute"),
        rule("c", "advise", {}, because="Look."),
    )
    laid_out = text(base, explain=True, task="regression")
    assert laid_out["Facts"] == ["task regression  flag, certain."]
    assert laid_out["For every loss"] == ["- Look."]
    assert laid_out["Rules that fire (2)"] == [
        "c      advise, single: always",
        "usual  default, single: task regression",
    ]
    assert laid_out["Rules that depend on unknown facts (1)"] == ["b"]
    assert laid_out["Sources"] == ["book  book"]
    assert laid_out["Rule base"] == ["digest"]


@pytest.mark.parametrize("width", [48, 80, 160])
def test_no_line_is_wider_than_a_terminal(width):
    long = "A sentence that goes on and on, with clause after clause, " * 6 + "and then ends."
    cards = CARDS | {"square": card(activation=long, fits=long)}
    base = made(
        rule("a", "prefer", {}, "square", "absolute", because=long),
        rule("b", "avoid", {}, "huber", because=long),
        rule("c", "advise", {}, "square", because=long),
        rule("d", "advise", {}, because=long),
        cards=cards,
        contradictory=[{"when": {"outliers": True, "noise": "low"}, "because": long}],
    )
    told = advice(base, task="regression", outliers=True, noise="low")
    laid_out = sections(page(told, explain=True), width)
    assert len(laid_out) > 5
    for lines in laid_out.values():
        assert all(len(line) <= min(width, 100) - 2 for line in lines)
    longest = max(len(line) for lines in laid_out.values() for line in lines)
    assert longest > min(width, 100) - 12
