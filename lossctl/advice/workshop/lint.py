"""Checks of a rule base whose files are well-formed: contradictions, duplicates, gaps.

Domains are finite, so nothing is guessed: for each fact only the values at which a condition
changes matter, and all combinations of these are tried.
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
"""Facts of which every combination must have a loss, unless it is a contradiction."""


@dataclass(frozen=True)
class Defect:
    """A defect that `lint` finds in a rule base.

    Args:
        check: the check that finds it.
        subject: the rule, loss, source or fact that has it.
        message: what is wrong.
        place: file and line of a rule.
    """

    check: str
    subject: str
    message: str
    place: str = ""


def lint(base: RuleBase) -> list[Defect]:
    """Run all checks that need the rule base alone."""
    return [defect for check in CHECKS for defect in check(base)]


def _of(rule: Rule, check: str, message: str) -> Defect:
    return Defect(check, rule.id, message, f"{rule.file}, line {rule.line}")


# conditions


def values_that_matter(
    conditions: Iterable[Condition], vocabulary: Vocabulary
) -> dict[str, list[Any]]:
    """Return the facts of some conditions, each with the values at which one of them changes.

    None means that a fact is not known.
    """
    leaves = [leaf for condition in conditions for leaf in condition.leaves()]
    return {
        name: [None, *_values(vocabulary, name, [leaf for leaf in leaves if leaf.fact == name])]
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
    """Yield all combinations of the facts in some conditions for which all of them hold.

    Contradictory facts are left out.
    """
    domains = values_that_matter(conditions, base.vocabulary)
    for values in product(*domains.values()):
        stated = {
            name: value for name, value in zip(domains, values, strict=True) if value is not None
        }
        facts = base.vocabulary.completed(stated)
        if all(condition.holds(facts) for condition in conditions) and _possible(
            facts, base.vocabulary
        ):
            yield stated


def _possible(facts: Facts, vocabulary: Vocabulary) -> bool:
    return not any(rule.when.holds(facts) for rule in vocabulary.contradictory)


def implies(special: Condition, general: Condition, base: RuleBase) -> bool:
    """Tell whether a general condition holds wherever a special one does."""
    domains = values_that_matter([special, general], base.vocabulary)
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
            yield _of(rule, "unsatisfiable", f"its condition can never hold: {rule.when}")


def _examples(base: RuleBase) -> Iterator[Defect]:
    """Every rule needs examples on which it fires and does not fire, differing in one fact."""
    for rule in base.rules.values():
        if rule.evidence == "own":
            continue
        if not rule.sources:
            yield _of(rule, "source", "it has no source")
        if not rule.fires or not rule.silent:
            yield _of(
                rule,
                "example",
                "it needs an example on which it fires, and one on which it does not",
            )
        elif not any(_differences(one, other) == 1 for one in rule.fires for other in rule.silent):
            yield _of(
                rule,
                "example",
                "no two examples, one on which it fires and one not, differ in one fact",
            )


def _differences(one: Facts, other: Facts) -> int:
    return sum(one.get(name) != other.get(name) for name in one.keys() | other.keys())


def _repeated(base: RuleBase) -> Iterator[Defect]:
    """Two rules that say the same, or one that says what a more general one says already."""
    for one, other in _pairs(base, lambda rule: rule.kind):
        same = _names(one) == _names(other)
        if one.text == other.text and same:
            yield _of(one, "duplicate", f"it says the same as {other.id}; merge them")
        elif (
            same
            and one.kind != "advise"  # there may be several remarks on one condition
            and implies(one.when, other.when, base)
            and implies(other.when, one.when, base)
        ):
            yield _of(one, "duplicate", f"it has the condition and losses of {other.id}")
    for one, other in _pairs(base, lambda rule: rule.kind in ("avoid", "forbid") and rule.kind):
        for special, general in ((one, other), (other, one)):
            included = _names(special) <= _names(general)
            if included and implies(special.when, general.when, base):
                yield _of(
                    special, "subsumed", f"{general.id}, which is more general, says the same"
                )


def _contradicting(base: RuleBase) -> Iterator[Defect]:
    """A preference for a loss that another rule always advises against has no effect."""
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
                    message = f"it recommends {named.loss}, which {other.id} always advises against"
                    yield _of(rule, "contradiction", message)


def _overrides(base: RuleBase) -> Iterator[Defect]:
    """Rules that override each other, or that never fire together."""
    for rule in base.rules.values():
        for name in rule.overrides:
            other = base.rules[name]
            if rule.id in other.overrides:
                yield _of(rule, "override", f"{name} overrides it as well")
            elif next(models([rule.when, other.when], base), None) is None:
                yield _of(rule, "override", f"{name} never fires together with it")


def _shadowed(base: RuleBase) -> Iterator[Defect]:
    """A rule that recommends losses but never decides that one of them is recommended."""
    for rule in base.rules.values():
        if rule.kind in ("prefer", "default") and not any(
            _decides(rule, Situation(base, facts)) for facts in _cases(rule, base)
        ):
            yield _of(rule, "shadowed", "none of its losses is ever recommended because of it")


def _cases(rule: Rule, base: RuleBase) -> Iterator[Facts]:
    yield from rule.fires
    yield from models([rule.when], base)


def _decides(rule: Rule, situation: Situation) -> bool:
    return any(ranked.votes[0].rule is rule for ranked in situation.recommended)


def _unreachable(base: RuleBase) -> Iterator[Defect]:
    """Losses that no rule ever recommends or advises against."""
    reached = {
        ranked.loss
        for rule in base.rules.values()
        if rule.kind in ("prefer", "default")
        for facts in rule.fires
        for ranked in Situation(base, facts).recommended
    }
    for rule in base.rules.values():
        if rule.kind == "avoid":
            reached |= _names(rule)
    for loss in sorted(base.cards.keys() - reached):
        yield Defect("unreachable", loss, "no example of a rule recommends it")


def _gaps(base: RuleBase) -> Iterator[Defect]:
    """Combinations of the main facts that have no loss although they do not contradict."""
    facts = base.vocabulary.facts
    nothing_known = Situation(base, {})
    for task in facts["task"].values:
        gaps = 0
        example: Facts = {}
        of_task = nothing_known.knowing(task=task)
        others = [name for name in GRID if name != "task"]
        domains = [[None, *facts[name].answers().values()] for name in others]
        for values in product(*domains):
            more = {n: v for n, v in zip(others, values, strict=True) if v is not None}
            situation = of_task.knowing(**more)
            if situation.possible and not situation.recommended:
                gaps += 1
                example = example or situation.stated
        if gaps:
            facts_of_gap = ", ".join(f"{name} {value}" for name, value in example.items())
            message = f"{gaps} combinations of facts have no loss, such as {facts_of_gap}"
            yield Defect("gap", task, message)


def _sources(base: RuleBase) -> Iterator[Defect]:
    cited = {source.partition("#")[0] for source in base.cited}
    for name in sorted(base.sources.keys() - cited):
        yield Defect("source", name, "it is never cited")


def _pairs(base: RuleBase, key: Callable[[Rule], Any]) -> Iterator[tuple[Rule, Rule]]:
    """Yield all pairs of rules with the same key that have a loss in common."""
    rules = [rule for rule in base.rules.values() if key(rule)]
    for one, other in combinations(rules, 2):
        if key(one) == key(other) and _names(one) & _names(other):
            yield one, other


def _names(rule: Rule) -> set[str]:
    return {named.loss for named in rule.losses}


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
    """Compare cards and rules with the losses of the catalogue."""
    from lossctl.catalogue.scan import load  # noqa: PLC0415  # needed for this check only

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
        yield Defect("card", name, f"its roles should be {', '.join(loss.roles)}")
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
        yield Defect("card", name, f"its code differs from that of the twins: {code}")
    for option in {hole for call in code.values() for hole in re.findall(r"\{(\w+)\}", call)}:
        if option not in card.params:
            yield Defect("card", name, f"its code uses {option}, which its params do not set")


def snippets(loss: Any) -> Mapping[str, str]:  # noqa: ANN401
    """Return the call of a loss in each framework, with the loss's own options in braces."""
    defaults = {option: setting.default for option, setting in loss.settings.items()}
    calls: dict[str, str] = {}
    for twin in loss.twins:
        differs = any(defaults.get(name, value) != value for name, value in twin.needs.items())
        if "mean" in twin.spelling and not differs and twin.framework not in calls:
            code = twin.code.replace("{reduction}", twin.spelling["mean"])
            calls[twin.framework] = code.replace("{weight}", "")
    return calls


def _illegal(loss: Any, options: Mapping[str, Any]) -> Iterator[str]:  # noqa: ANN401
    from lossctl.engine.computation import prepare  # noqa: PLC0415
    from lossctl.errors import UsageError  # noqa: PLC0415

    try:
        prepare(loss, dict(options))
    except UsageError as error:
        yield error.message
