"""The files of the rule base, read strictly: facts, sources, loss cards, rules, a user's own rules.

Nothing is taken on trust. Unknown keys, facts, values, losses and sources are errors with file and
line, so a rule that is misspelt can never just stay silent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from lossctl.documents import Node, read
from lossctl.errors import UsageError, quote
from lossctl.facts import Contradiction, Derivation, Fact, Facts, Vocabulary
from lossctl.facts.conditions import All, AnyOf, Condition, Leaf, Not
from lossctl.rules import (
    EVIDENCE,
    KINDS,
    STRENGTHS,
    Bar,
    Card,
    Measured,
    Named,
    Rule,
    RuleBase,
    Source,
)

Value = TypeVar("Value")

BUILTIN = "builtin"

STATEMENTS = "statements.yaml"
"""What the articles say: not for advice, but to see that all of it was heard."""

SCENARIOS = "scenarios.yaml"
"""Problems from practice with what a good answer says."""


def read_folder(path: Path) -> RuleBase:
    """Read a rule base.

    Args:
        path: its folder, with facts.yaml, sources.yaml, losses/, recommend/ and pitfalls.yaml.

    Raises:
        UsageError: a file is not as it must be; with file, line, and what is wrong.
    """
    texts = {
        each.relative_to(path).as_posix(): read_text(str(each))
        for each in sorted(path.rglob("*.yaml"))
    }
    for name in ("facts.yaml", "sources.yaml"):
        if name not in texts:
            raise UsageError(f"the rule base {quote(str(path))} has no {name}")
    reader = Reader()
    documents = {n: read(text, n) for n, text in texts.items() if n not in (STATEMENTS, SCENARIOS)}
    reader.facts(documents.pop("facts.yaml"))
    reader.read_sources(documents.pop("sources.yaml").known_fields(["sources"])["sources"])
    for name in [name for name in documents if name.startswith("losses/")]:
        reader.read_cards(documents.pop(name))
    for document in documents.values():
        for node in document.known_fields(["rules"])["rules"].items():
            reader.read_rule(node)
    return reader.base(hashlib.sha256("\0".join(texts.values()).encode()).hexdigest()[:16])


def overlaid(base: RuleBase, file: str, above: Sequence[str] = ()) -> RuleBase:
    """Change a rule base as a user's file says.

    Args:
        base: the rule base.
        file: the user's file.
        above: the files that extend it.

    Raises:
        UsageError: the file is not as it must be, or changes a rule that is not there.
    """
    text = read_text(file)
    parts = ["disable", "override", "add", "sources", "losses"]
    fields = read(text, file).known_fields(["extends"], parts)
    extended = fields["extends"].text()
    if extended != BUILTIN:
        other = str(Path(file).parent / extended)
        if other in (file, *above):
            raise fields["extends"].error(f"{quote(extended)} extends itself")
        base = overlaid(base, other, (file, *above))
    reader = Reader(base)
    if "sources" in fields:
        reader.read_sources(fields["sources"])
    if "losses" in fields:
        reader.read_cards(fields["losses"])
    for node in fields["disable"].items() if "disable" in fields else ():
        del reader.rules[reader.rule_named(node, node.text())]
    for name, node in fields["override"].fields().items() if "override" in fields else ():
        reader.override(reader.rule_named(node, name), node)
    for node in fields["add"].items() if "add" in fields else ():
        reader.read_rule(node, own=True)
    return reader.base(hashlib.sha256(f"{base.digest}\0{text}".encode()).hexdigest()[:16])


def read_text(file: str) -> str:
    """Read a text file.

    Raises:
        UsageError: it cannot be read, or is not UTF-8.
    """
    try:
        return Path(file).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{quote(file)} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{quote(file)} is not UTF-8") from None


def read_facts(text: str, file: str, base: RuleBase) -> dict[str, tuple[Any, int]]:
    """Read a document of facts: each with its value and its line.

    Raises:
        UsageError: a fact or a value is unknown.
    """
    root = read(text, file)
    facts = Reader(base).stated(root)
    lines = {base.vocabulary.fact(name).name: node.line for name, node in root.fields().items()}
    return {name: (value, lines[name]) for name, value in facts.items()}


class Reader:
    """Reads documents one after the other; later ones are checked against earlier ones."""

    def __init__(self, base: RuleBase | None = None) -> None:
        """Begin with nothing, or with a rule base that is to be changed."""
        self.vocabulary = base.vocabulary if base else Vocabulary({}, {})
        self.parts: dict[str, str] = dict(base.parts) if base else {}
        self.sources: dict[str, Source] = dict(base.sources) if base else {}
        self.cards: dict[str, Card] = dict(base.cards) if base else {}
        self.rules: dict[str, Rule] = dict(base.rules) if base else {}

    def base(self, digest: str) -> RuleBase:
        """Return all that was read; rules stand in the order of their names, not of files."""
        for rule in self.rules.values():
            for name in rule.overrides:
                if name not in self.rules:
                    unknown = UsageError.unknown("rule", name, self.rules)
                    raise Node(name, rule.file, rule.line).at(unknown)
        rules = {name: self.rules[name] for name in sorted(self.rules)}
        cards = {name: self.cards[name] for name in sorted(self.cards)}
        return RuleBase(self.vocabulary, self.parts, self.sources, cards, rules, digest)

    def rule_named(self, node: Node, name: str) -> str:
        """Return the name of a rule that is there."""
        if name not in self.rules:
            raise node.at(UsageError.unknown("rule", name, self.rules))
        return name

    # facts

    def facts(self, root: Node) -> None:
        """Read the vocabulary."""
        fields = root.known_fields(
            ["groups", "facts", "parts"], ["measures", "derived", "contradictory"]
        )
        groups = {name: node.text() for name, node in fields["groups"].fields().items()}
        self.parts = {name: node.text() for name, node in fields["parts"].fields().items()}
        facts = {name: _fact(name, node, groups) for name, node in fields["facts"].fields().items()}
        measures = fields["measures"].fields() if "measures" in fields else {}
        told = {name: node.text() for name, node in measures.items()}
        self.vocabulary = Vocabulary(groups, facts, told)
        derived = tuple(_listed(fields, "derived", self._derivation))
        contradictory = tuple(_listed(fields, "contradictory", self._contradiction))
        self.vocabulary = Vocabulary(groups, facts, told, derived, contradictory)

    def _derivation(self, node: Node) -> Derivation:
        fields = node.known_fields(["when", "then", "because"])
        then = self.stated(fields["then"])
        return Derivation(self.condition(fields["when"]), then, fields["because"].text())

    def _contradiction(self, node: Node) -> Contradiction:
        fields = node.known_fields(["when", "because"])
        return Contradiction(self.condition(fields["when"]), fields["because"].text())

    def stated(self, node: Node) -> Facts:
        """Read facts as someone states them."""
        found = {}
        for name, each in node.fields().items():
            fact = self.fact(name, each)
            try:
                found[fact.name] = fact.checked(each.plain, self.cards)
            except UsageError as error:
                raise each.at(error) from None
        return found

    def fact(self, name: str, node: Node) -> Fact:
        """Look a fact up that a document names."""
        try:
            return self.vocabulary.fact(name)
        except UsageError as error:
            raise node.at(error) from None

    # conditions

    def condition(self, node: Node) -> Condition:
        """Read a condition: `{fact: value, …}`, a leaf with an operator, or all, any, not."""
        fields = node.fields()
        if "fact" in fields:
            return self._leaf(node)
        words = fields.keys() & {"all", "any", "not"}
        if not words:
            leaves = tuple(self._short(name, each) for name, each in fields.items())
            return leaves[0] if len(leaves) == 1 else All(leaves)
        if len(fields) > 1:
            raise node.error("all, any and not stand alone")
        ((word, inner),) = fields.items()
        if word == "not":
            return Not(self.condition(inner))
        parts = tuple(self.condition(each) for each in inner.items())
        if not parts:
            raise node.error(f"{word} of nothing")
        return All(parts) if word == "all" else AnyOf(parts)

    def _short(self, name: str, node: Node) -> Leaf:
        fact = self.fact(name, node)
        return self._made(fact, "has" if fact.type == "several" else "in", node)

    def _leaf(self, node: Node) -> Leaf:
        operators = ["is", "in", "has", "at_least", "at_most", "between", "known"]
        fields = node.known_fields(["fact"], operators)
        if len(fields) != 2:
            raise node.error(f"one of {', '.join(operators)} is needed beside the fact")
        fact = self.fact(fields["fact"].text(), node)
        ((word, each),) = [(word, each) for word, each in fields.items() if word != "fact"]
        if word == "known":
            return Leaf(fact.name, "known", (each.switch(),), 0.0)
        ends = {"at_least": 1, "at_most": 1, "between": 2}
        numeric = fact.type in ("number", "integer")
        if (word in ends and not numeric) or ((word == "has") != (fact.type == "several")):
            raise each.error(f"{word} does not go with {fact.name}, which is a {fact.type}")
        leaf = self._made(fact, "in" if word == "is" else word, each)
        if word in ends and len(leaf.values) != ends[word]:
            raise each.error(f"{word} needs {ends[word]} numbers")
        if word == "between" and leaf.values[0] > leaf.values[1]:  # type: ignore[operator]
            raise each.error("between needs the smaller number first")
        return leaf

    def _made(self, fact: Fact, operator: Any, node: Node) -> Leaf:  # noqa: ANN401
        nodes = node.items() if isinstance(node.plain, list) else [node]
        values = tuple(value for each in nodes for value in self._meant(fact, each))
        if not values:
            raise node.error(f"{fact.name} of nothing")
        return Leaf(fact.name, operator, values, 0.0 if fact.hint else 1.0)

    def _meant(self, fact: Fact, node: Node) -> tuple[Any, ...]:
        """Return the values that a word of a condition means: a union stands for its members."""
        if node.plain in fact.unions:
            return fact.unions[node.plain]
        try:
            value = fact.checked(node.plain, self.cards)
        except UsageError as error:
            raise node.at(error) from None
        return tuple(value) if isinstance(value, frozenset) else (value,)

    # sources and cards

    def read_sources(self, root: Node) -> None:
        """Read sources."""
        details = ["authors", "where", "year", "publisher", "date", "url"]
        for name, node in root.fields().items():
            texts = {
                key: str(each.plain)
                for key, each in node.known_fields(["title", "kind"], details).items()
            }
            self.sources[name] = Source(name, texts.pop("title"), texts.pop("kind"), texts)

    def cited(self, node: Node) -> tuple[str, ...]:
        """Read the names of sources, each with a place in it or without."""
        for each in node.items():
            source = each.text().partition("#")[0]
            if source not in self.sources:
                raise each.at(UsageError.unknown("source", source, self.sources))
        return tuple(each.text() for each in node.items())

    def read_cards(self, root: Node) -> None:
        """Read loss cards."""
        for name, node in root.fields().items():
            if name in self.cards:
                raise node.error(f"{quote(name)} has a card already")
            self.cards[name] = self._card(name, node)

    def _card(self, name: str, node: Node) -> Card:
        lists = ["labels", "outputs", "requires", "excludes", "strengths", "weaknesses", "use"]
        others = ["part", "parts", "roles", "activation", "params", "code"]
        fields = node.known_fields(["tasks", "fits", "sources"], [*lists, *others])

        def values(key: str, fact: str) -> tuple[str, ...]:
            known = self.vocabulary.facts[fact]
            meant = _listed(fields, key, lambda node: self._meant(known, node))
            return tuple(value for each in meant for value in each)

        def bars(key: str) -> tuple[Bar, ...]:
            return tuple(_listed(fields, key, self._bar))

        def texts(key: str) -> tuple[str, ...]:
            return tuple(_listed(fields, key, Node.text))

        parts = list(self.parts)
        return Card(
            loss=name,
            tasks=values("tasks", "task"),
            labels=values("labels", "labels"),
            outputs=values("outputs", "output"),
            requires=bars("requires"),
            excludes=bars("excludes"),
            part=_one_of(fields["part"], "part", parts) if "part" in fields else parts[0],
            parts={
                task: _one_of(each, "part", parts)
                for task, each in (fields["parts"].fields().items() if "parts" in fields else ())
            },
            roles=texts("roles") or ("prediction", "target"),
            fits=fields["fits"].text(),
            strengths=texts("strengths"),
            weaknesses=texts("weaknesses"),
            use=texts("use"),
            activation=fields["activation"].text() if "activation" in fields else "",
            params=_params(fields["params"]) if "params" in fields else {},
            code={
                framework: each.text()
                for framework, each in (fields["code"].fields().items() if "code" in fields else ())
            },
            sources=self.cited(fields["sources"]),
        )

    def _bar(self, node: Node) -> Bar:
        fields = node.known_fields(["when", "because"])
        return Bar(self.condition(fields["when"]), fields["because"].text())

    # rules

    def read_rule(self, node: Node, *, own: bool = False) -> None:
        """Read a rule; a user's own needs neither evidence nor sources nor examples."""
        proven = ["evidence", "sources", "examples"]
        needed = ["id", "kind", "when"]
        others = ["because", "warning", "losses", "params", "activation", "disagree", "overrides"]
        if own:
            fields = node.known_fields(needed, [*others, *proven])
        else:
            fields = node.known_fields([*needed, *proven], others)
        name = fields["id"].text()
        if name in self.rules:
            there = self.rules[name]
            raise fields["id"].error(
                f"there is a rule {quote(name)} already: {there.file}, line {there.line}",
                "override it, or give this one another id" if own else "",
            )
        values: dict[str, Any] = {
            "id": name,
            "losses": (),
            "because": "",
            "warning": "",
            "evidence": "own",
            "sources": (),
            "params": {},
            "activation": "",
            "disagree": "",
            "overrides": (),
            "fires": (),
            "silent": (),
            "file": node.file,
            "line": node.line,
        }
        rule = Rule(**(values | self._attributes(fields)))
        self.rules[name] = _sound(rule, node)

    def override(self, name: str, node: Node) -> None:
        """Replace some fields of a rule; the rest stays as it is."""
        fields = node.fields()
        known = ["kind", "when", "losses", "because", "warning", "evidence", "sources", "params"]
        fields = node.known_fields([], [*known, "activation", "disagree", "overrides", "examples"])
        rule = self.rules[name]
        places = {key: f"{node.file}, line {each.line}" for key, each in fields.items()}
        changes = self._attributes(fields)
        if "examples" not in fields and "when" in fields:
            changes |= {"fires": (), "silent": ()}  # they were of the former condition
        self.rules[name] = _sound(
            replace(rule, **changes, changed={**rule.changed, **places}), node
        )

    def _attributes(self, fields: Mapping[str, Node]) -> dict[str, Any]:
        """Read the fields that there are."""
        readers: dict[str, Callable[[Node], Any]] = {
            "kind": lambda node: _one_of(node, "kind", KINDS),
            "when": self.condition,
            "losses": lambda node: tuple(self._named(each) for each in node.items()),
            "because": Node.text,
            "warning": Node.text,
            "evidence": lambda node: _one_of(node, "evidence", EVIDENCE),
            "sources": self.cited,
            "params": self._options,
            "activation": Node.text,
            "disagree": Node.text,
            "overrides": lambda node: tuple(each.text() for each in node.items()),
        }
        found = {key: readers[key](node) for key, node in fields.items() if key in readers}
        if "examples" in fields:
            examples = fields["examples"].known_fields(["fires", "silent"])
            for key, node in examples.items():
                found[key] = tuple(self.stated(each) for each in node.items())
        return found

    def _named(self, node: Node) -> Named:
        if isinstance(node.value, str):
            return Named(self.loss(node, node.value))
        fields = node.known_fields(["loss"], ["strength"])
        loss = self.loss(fields["loss"], fields["loss"].text())
        if "strength" not in fields:
            return Named(loss)
        return Named(loss, _one_of(fields["strength"], "strength", STRENGTHS))  # type: ignore[arg-type]

    def loss(self, node: Node, name: str) -> str:
        """Return the name of a loss that a document names, if it has a card."""
        if name not in self.cards:
            raise node.at(UsageError.unknown("loss", name, self.cards))
        return name

    def _options(self, node: Node) -> Mapping[str, Mapping[str, Any]]:
        return {
            self.loss(each, name): {
                option: self._option(value) for option, value in each.fields().items()
            }
            for name, each in node.fields().items()
        }

    def _option(self, node: Node) -> Any:  # noqa: ANN401  # a value, or how to measure one
        if not isinstance(node.value, Mapping):
            return node.plain
        fields = node.known_fields(["measured"], ["times"])
        measure = _one_of(fields["measured"], "measure", list(self.vocabulary.measures))
        return Measured(measure, fields["times"].plain if "times" in fields else 1.0)


def _fact(name: str, node: Node, groups: Mapping[str, str]) -> Fact:
    needed = ["group", "type", "help", "question"]
    numbers = ["at_least", "at_most", "common"]
    fields = node.known_fields(needed, ["values", "unions", "flag", "asked", "hint", *numbers])
    kinds = ["choice", "several", "flag", "number", "integer", "loss"]
    values = {
        value: meaning.text()
        for value, meaning in (fields["values"].fields().items() if "values" in fields else ())
    }
    unions = fields["unions"].fields() if "unions" in fields else {}
    return Fact(
        name=name,
        group=_one_of(fields["group"], "group", list(groups)),
        type=_one_of(fields["type"], "type", kinds),  # type: ignore[arg-type]
        help=fields["help"].text(),
        question=fields["question"].text(),
        asked=fields["asked"].switch() if "asked" in fields else True,
        values=values,
        unions={
            union: tuple(_one_of(each, "value", list(values)) for each in members.items())
            for union, members in unions.items()
        },
        flag=fields["flag"].text() if "flag" in fields else "",
        hint=fields["hint"].switch() if "hint" in fields else False,
        **{key: fields[key].plain for key in numbers if key in fields},
    )


def _sound(rule: Rule, node: Node) -> Rule:
    """Return a rule whose fields go together."""
    if bool(rule.because) == bool(rule.warning):
        raise node.error(f"{rule.id} needs one of because and warning")
    if not rule.losses and rule.kind != "advise":
        raise node.error(f"{rule.id} names no loss", "only advise may speak of all of them")
    if rule.kind in ("avoid", "forbid") and any(each.strength != "normal" for each in rule.losses):
        raise node.error(f"{rule.id} has a strength, which {rule.kind} has not")
    return rule


def _params(node: Node) -> Mapping[str, Mapping[str, Any]]:
    return {
        option: {
            key: value.plain
            for key, value in each.known_fields(["value"], ["default", "because", "source"]).items()
        }
        for option, each in node.fields().items()
    }


def _listed(fields: Mapping[str, Node], key: str, reader: Callable[[Node], Value]) -> list[Value]:
    """Read each of a list that may be left out."""
    return [reader(each) for each in fields[key].items()] if key in fields else []


def _one_of(node: Node, what: str, known: Sequence[str]) -> str:
    if not isinstance(node.value, str) or node.value not in known:
        raise node.at(UsageError.unknown(what, str(node.plain), known))
    return node.value
