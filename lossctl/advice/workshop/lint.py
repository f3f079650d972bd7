"""What can be wrong with a rule base although every file of it is well-formed.

Domains are finite, so nothing is guessed: of each fact only the values matter at which a condition
turns, and all their combinations are tried.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

from lossctl.advice.rules import Measured, Rule, RuleBase
from lossctl.advice.situation import Situation
from lossctl.facts.conditions import Condition, Leaf
from lossctl.facts.vocabulary import Facts, FactValue, Vocabulary

GRID = ("task", "labels", "output", "imbalanced", "outliers")
"""The facts over all combinations of which there must be a loss, unless they contradict."""


@dataclass(frozen=True)
class Defect:
    """Something that is wrong with a rule base.

    Args:
        check: what was checked.
        subject: the rule, loss, source or fact that it is about.
        message: what is wrong with it.
        place: file and line of a rule.
    """

    check: str
    subject: str
    message: str
    place: str = ""


def lint(base: RuleBase) -> list[Defect]:
    """Run all checks that need the rule base alone."""
    return [finding for check in CHECKS for finding in check(base)]


def _of(rule: Rule, check: str, message: str) -> Defect:
    return Defect(check, rule.id, message, f"{rule.file}, line {rule.line}")


# what conditions can be


def turns(conditions: Iterable[Condition], vocabulary: Vocabulary) -> dict[str, list[Any]]:
    """Return the facts of some conditions, each with the values at which one of them turns.

    None stands for a fact that is not known.
    """
    leaves = [leaf for condition in conditions for leaf in condition.leaves()]
    return {
        name: [None, *_values(vocabulary, name, [each for each in leaves if each.fact == name])]
        for name in dict.fromkeys(leaf.fact for leaf in leaves)
    }


def _values(vocabulary: Vocabulary, name: str, leaves: Sequence[Leaf]) -> list[FactValue]:
    fact = vocabulary.facts[name]
    named = {value for leaf in leaves if leaf.operator != "known" for value in leaf.values}
    if fact.type in ("number", "integer"):
        named = named or {fact.at_least or fact.at_most or 2}
        step = 1 if fact.type == "integer" else 1e-9
        near = {number + by for number in named for by in (-step, 0, step)}  # type: ignore[operator]
        low = -float("inf") if fact.at_least is None else fact.at_least
        high = float("inf") if fact.at_most is None else fact.at_most
        return sorted(number for number in near if low <= number <= high)
    if fact.type == "several":
        words = sorted(map(str, named))
        return [frozenset(some) for size in (0, 1, 2) for some in combinations(words, size)]
    if fact.type == "loss":
        return sorted(named) or ["mse"]
    others = [value for value in fact.answers().values() if value not in named]
    return [*(value for value in fact.answers().values() if value in named), *others[:1]]


def models(conditions: Sequence[Condition], base: RuleBase) -> Iterator[dict[str, FactValue]]:
    """Yield all facts, of those that the conditions look at, for which all of them hold.

    Facts that contradict each other are left out.
    """
    domains = turns(conditions, base.vocabulary)
    for values in product(*domains.values()):
        stated = {
            name: value for name, value in zip(domains, values, strict=True) if value is not None
        }
        facts = base.vocabulary.completed(stated)
        if all(each.holds(facts) for each in conditions) and _possible(facts, base.vocabulary):
            yield stated


def _possible(facts: Facts, vocabulary: Vocabulary) -> bool:
    return not any(each.when.holds(facts) for each in vocabulary.contradictory)


def implies(special: Condition, general: Condition, base: RuleBase) -> bool:
    """Tell whether one condition holds wherever another does, whatever else is known."""
    domains = turns([special, general], base.vocabulary)
    for values in product(*domains.values()):
        stated = {
            name: value for name, value in zip(domains, values, strict=True) if value is not None
        }
        facts = base.vocabulary.completed(stated)
        if special.holds(facts) and not general.holds(facts) and _possible(facts, base.vocabulary):
            return False
    return True


# the checks


def _unsatisfiable(base: RuleBase) -> Iterator[Defect]:
    for rule in base.rules.values():
        if next(models([rule.when], base), None) is None:
            yield _of(rule, "unsatisfiable", f"no facts fulfil its condition: {rule.when}")


def _examples(base: RuleBase) -> Iterator[Defect]:
    """Every rule shows when it speaks, and that one fact less or otherwise silences it."""
    for rule in base.rules.values():
        if rule.evidence == "own":
            continue
        if not rule.sources:
            yield _of(rule, "source", "it has no source")
        if not rule.fires or not rule.silent:
            yield _of(rule, "example", "it needs an example that fires and one that is silent")
        elif not any(_differences(one, other) == 1 for one in rule.fires for other in rule.silent):
            yield _of(rule, "example", "no silent example differs in one fact from one that fires")


def _differences(one: Facts, other: Facts) -> int:
    return sum(one.get(name) != other.get(name) for name in one.keys() | other.keys())


def _repeated(base: RuleBase) -> Iterator[Defect]:
    """Two rules that say the same, or one that says what a wider one says already."""
    for one, other in _pairs(base, lambda rule: rule.kind):
        same = {each.loss for each in one.losses} == {each.loss for each in other.losses}
        if one.text == other.text and same:
            yield _of(one, "duplicate", f"it says the same as {other.id}: make them one rule")
        elif (
            same
            and one.kind != "advise"  # of which there may be several for one condition
            and implies(one.when, other.when, base)
            and implies(other.when, one.when, base)
        ):
            yield _of(one, "duplicate", f"its condition and losses are those of {other.id}")
    for one, other in _pairs(base, lambda rule: rule.kind in ("avoid", "forbid") and rule.kind):
        for special, general in ((one, other), (other, one)):
            names = {each.loss for each in special.losses}
            inside = names <= {each.loss for each in general.losses}
            if inside and implies(special.when, general.when, base):
                yield _of(special, "subsumed", f"{general.id} says so already, of more")


def _contradicting(base: RuleBase) -> Iterator[Defect]:
    """A rule that speaks for a loss only where another one puts it last can never be heard."""
    against = [rule for rule in base.rules.values() if rule.kind in ("avoid", "forbid")]
    for rule in base.rules.values():
        if rule.kind != "prefer":
            continue
        for named in rule.losses:
            for other in against:
                if (
                    other.names(named.loss)
                    and other.id not in rule.overrides
                    and (rule.facts & other.facts or not other.facts)
                    and implies(rule.when, other.when, base)
                ):
                    message = (
                        f"it speaks for {named.loss}, which {other.id} puts last wherever it does"
                    )
                    yield _of(rule, "contradiction", message)


def _overrides(base: RuleBase) -> Iterator[Defect]:
    """Rules that silence each other, or that never meet."""
    for rule in base.rules.values():
        for name in rule.overrides:
            other = base.rules[name]
            if rule.id in other.overrides:
                yield _of(rule, "override", f"{name} overrides it in turn")
            elif next(models([rule.when, other.when], base), None) is None:
                yield _of(rule, "override", f"{name} never speaks where it does")


def _shadowed(base: RuleBase) -> Iterator[Defect]:
    """A rule that speaks for losses, none of which is ever recommended because of it."""
    for rule in base.rules.values():
        if rule.kind in ("prefer", "default") and not any(
            _heard(rule, Situation(base, facts)) for facts in _cases(rule, base)
        ):
            yield _of(rule, "shadowed", "none of its losses is ever recommended because of it")


def _cases(rule: Rule, base: RuleBase) -> Iterator[Facts]:
    yield from rule.fires
    yield from models([rule.when], base)


def _heard(rule: Rule, situation: Situation) -> bool:
    return any(each.votes[0].rule is rule for each in situation.recommended)


def _unreachable(base: RuleBase) -> Iterator[Defect]:
    """Losses that no rule ever recommends, nor advises against."""
    reached = {
        each.loss
        for rule in base.rules.values()
        if rule.kind in ("prefer", "default")
        for facts in rule.fires
        for each in Situation(base, facts).recommended
    }
    reached |= {
        each.loss for rule in base.rules.values() if rule.kind == "avoid" for each in rule.losses
    }
    for loss in sorted(base.cards.keys() - reached):
        yield Defect("unreachable", loss, "no rule's example recommends it")


def _gaps(base: RuleBase) -> Iterator[Defect]:
    """Combinations of the main facts for which there is no loss although nothing contradicts."""
    facts = base.vocabulary.facts
    near = Situation(base, {})
    tasks = facts["task"].values
    for task in tasks:
        found = 0
        example: Facts = {}
        there = near.knowing(task=task)
        others = [name for name in GRID if name != "task"]
        domains = [[None, *facts[name].answers().values()] for name in others]
        for values in product(*domains):
            more = {n: v for n, v in zip(others, values, strict=True) if v is not None}
            situation = there.knowing(**more)
            if situation.possible and not situation.recommended:
                found += 1
                example = example or situation.stated
        if found:
            said = ", ".join(f"{name} {value}" for name, value in example.items())
            yield Defect("gap", task, f"{found} combinations have no loss, such as {said}")


def _sources(base: RuleBase) -> Iterator[Defect]:
    cited = {source.partition("#")[0] for source in base.cited}
    for name in sorted(base.sources.keys() - cited):
        yield Defect("source", name, "nothing cites it")


def _pairs(base: RuleBase, key: Callable[[Rule], Any]) -> Iterator[tuple[Rule, Rule]]:
    """Yield all pairs of rules of one key that name a loss in common."""
    rules = [rule for rule in base.rules.values() if key(rule)]
    for place, one in enumerate(rules):
        names = {each.loss for each in one.losses}
        for other in rules[place + 1 :]:
            if key(one) == key(other) and names & {each.loss for each in other.losses}:
                yield one, other


CHECKS: Sequence[Callable[[RuleBase], Iterator[Defect]]] = (
    _unsatisfiable,
    _examples,
    _repeated,
    _contradicting,
    _overrides,
    _shadowed,
    _unreachable,
    _gaps,
    _sources,
)


# agreement with the catalogue


def agreement(base: RuleBase) -> Iterator[Defect]:
    """Compare cards and rules with the losses that can be computed."""
    from lossctl.catalogue.scan import load  # noqa: PLC0415  # numpy is for this check only

    catalogue = load()
    for name in sorted(catalogue.keys() - base.cards.keys()):
        yield Defect("card", name, "the loss has no card")
    for name in sorted(base.cards.keys() - catalogue.keys()):
        yield Defect("card", name, "there is no such loss")
    for name in sorted(base.cards.keys() & catalogue.keys()):
        yield from _card_agrees(base, name, catalogue[name])
    for rule in base.rules.values():
        for name, params in rule.params.items():
            options = {key: value for key, value in params.items() if not _measured(value)}
            if name in catalogue:
                yield from (
                    _of(rule, "option", message) for message in _illegal(catalogue[name], options)
                )


def _measured(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, Measured)


def _card_agrees(base: RuleBase, name: str, loss: Any) -> Iterator[Defect]:  # noqa: ANN401
    card = base.cards[name]
    if card.roles != tuple(loss.roles):
        yield Defect("card", name, f"its roles are {', '.join(loss.roles)}")
    values = {name: option.value for name, option in card.params.items()}
    for message in _illegal(loss, values):
        yield Defect("card", name, message)
    for option, advised in card.params.items():
        if option in loss.settings and advised.default != loss.settings[option].default:
            default = loss.settings[option].default
            message = f"the default of {option} is {default}, not {advised.default}"
            yield Defect("card", name, message)
    code = snippets(loss)
    if card.code != code:
        yield Defect("card", name, f"its code is not that of the twins: {code}")
    for option in {hole for each in code.values() for hole in re.findall(r"\{(\w+)\}", each)}:
        if option not in card.params:
            yield Defect("card", name, f"its code has {option}, of which its params say nothing")


def snippets(loss: Any) -> Mapping[str, str]:  # noqa: ANN401
    """Return the call of a loss in each framework, with the loss's own options in braces."""
    defaults = {option: setting.default for option, setting in loss.settings.items()}
    found: dict[str, str] = {}
    for twin in loss.twins:
        differs = any(defaults.get(name, value) != value for name, value in twin.needs.items())
        if "mean" in twin.spelling and not differs and twin.framework not in found:
            code = twin.code.replace("{reduction}", twin.spelling["mean"])
            found[twin.framework] = code.replace("{weight}", "")
    return found


def _illegal(loss: Any, options: Mapping[str, Any]) -> Iterator[str]:  # noqa: ANN401
    from lossctl.engine.computation import prepare  # noqa: PLC0415
    from lossctl.errors import UsageError  # noqa: PLC0415

    try:
        prepare(loss, dict(options))
    except UsageError as error:
        yield error.message
