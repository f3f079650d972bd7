"""The rule base that comes with lossctl: nothing is wrong with it, and all of it is tested."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from functools import cache

import pytest

from lossctl.advice.answer import Recommendation, _Data, _recommendation
from lossctl.advice.documents import read
from lossctl.advice.recommendation import advise
from lossctl.advice.rule_base import folder, load
from lossctl.advice.rule_files import SCENARIOS, STATEMENTS, read_text
from lossctl.advice.workshop.lint import agreement, lint
from lossctl.advice.workshop.rule_tests import (
    Scenario,
    coverage,
    failures,
    read_scenarios,
    read_statements,
    wrong_examples,
)
from lossctl.catalogue import names as catalogue
from lossctl.engine.computation import prepare
from lossctl.facts.vocabulary import Facts, Known


@cache
def scenarios() -> list[Scenario]:
    return read_scenarios(str(folder() / SCENARIOS), load())


def problems() -> Iterator[Facts]:
    """All facts that a scenario or an example of a rule states."""
    yield from (each.facts for each in scenarios())
    yield from (facts for rule in load().rules.values() for facts in (*rule.fires, *rule.silent))


@cache
def recommended() -> Mapping[str, Recommendation]:
    """All that is recommended for any of these problems, by the command to go on with."""
    found = {}
    for facts in problems():
        advice = advise(load(), [Known(name, value, "flag") for name, value in facts.items()])
        for each in advice.situation.recommended:
            told = _recommendation(advice, each, _Data())
            found[told.command] = told
    return found


@pytest.mark.slow
def test_nothing_is_wrong_with_the_rules():
    assert lint(load()) == []


def test_cards_and_rules_agree_with_the_losses_that_can_be_computed():
    assert list(agreement(load())) == []


def test_every_loss_has_a_card():
    assert set(load().cards) == set(catalogue.load())


def test_every_example_does_as_it_should():
    assert list(wrong_examples(load())) == []


def test_there_are_scenarios_enough_for_every_task():
    assert len(scenarios()) >= 40
    assert len({each.name for each in scenarios()}) == len(scenarios())
    tasks = {load().vocabulary.completed(each.facts).get("task") for each in scenarios()}
    assert tasks >= set(load().vocabulary.facts["task"].values)


@pytest.mark.slow
def test_every_scenario_passes():
    found = {each.name: list(failures(each, load())) for each in scenarios()}
    assert {name: said for name, said in found.items() if said} == {}


@pytest.mark.slow
def test_everything_is_covered():
    shares = coverage(load(), scenarios(), folder() / STATEMENTS)
    assert [each.missing for each in shares] == [()] * len(shares)
    assert [each.covered for each in shares] == [each.of for each in shares]
    of = {each.what.partition(" ")[0]: each.of for each in shares}
    assert of == {"rules": len(load().rules), "losses": len(load().cards), "statements": 237}


def test_what_is_cited_is_a_statement_and_none_that_is_waived():
    said, waived = read_statements(folder() / STATEMENTS)
    articles = {name.partition("#")[0] for name in said}
    cited = {each for each in load().cited if each.partition("#")[0] in articles}
    assert cited - said.keys() == set()
    assert cited & waived == set()


def test_what_is_waived_says_why():
    document = read(read_text(str(folder() / STATEMENTS)), STATEMENTS).plain
    waived = [
        each["waived"] for article in document.values() for each in article if "waived" in each
    ]
    assert all(each.strip().endswith(".") for each in waived)
    wrong = [each for each in waived if each.startswith(("Wrong", "Overstated"))]
    assert len(wrong) >= 3  # the three that are known to be false


@pytest.mark.slow
def test_every_command_that_is_recommended_names_files_and_options_of_its_loss():
    losses = catalogue.load()
    assert {each.loss for each in recommended().values()} > {"mse", "dice", "triplet", "ctc"}
    for command, each in recommended().items():
        lossctl, compute, name, *words = shlex.split(command)
        assert (lossctl, compute, name) == ("lossctl", "compute", each.loss)
        loss = losses[name]
        files = [word for word in words if word.isupper()]
        named = [word.lower() for word in files]
        plural = {"prediction": "predictions", "target": "targets"}
        assert named == [plural.get(role, role) for role in loss.roles], command
        computation = prepare(loss, each.params)  # refuses what is no legal option
        assert computation.options.keys() >= each.params.keys(), command


def test_the_command_line_takes_every_command_that_is_recommended(run):
    for command in recommended():
        name, *words = shlex.split(command)[2:]
        options = [word for word in words if not word.isupper()]
        if options:  # `show` takes the options of a loss, and needs no files
            ran = run(["show", name, *options])
            assert ran.code == 0, f"{command}: {ran.err}"


def test_a_command_sets_every_option_in_which_a_loss_would_do_otherwise():
    losses = catalogue.load()
    for command, each in recommended().items():
        settings = losses[each.loss].settings
        for name, value in each.params.items():
            words = (
                (f" --{name} ", f" --no-{name} ") if value in (True, False) else (f" --{name} ",)
            )
            set_here = any(word.replace("_", "-") in f"{command} " for word in words)
            same = name in settings and value == settings[name].default
            assert set_here or same, f"{name} in {command}"


def test_code_is_filled_with_options():
    for each in recommended().values():
        for code in each.code.values():
            assert "{" not in code, code
            assert code.count("(") == code.count(")"), code
