"""Reading the files of the rule base: facts, sources, loss cards, rules, and a user's own rules.

Unknown keys, facts, values, losses and sources are errors with file and line, so a misspelt rule
cannot simply never fire.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lossctl.advice.documents import Node, read
from lossctl.advice.rules import (
    EVIDENCE,
    KINDS,
    STRENGTHS,
    LossCard,
    Measured,
    Named,
    OptionAdvice,
    Publication,
    Requirement,
    Rule,
    RuleBase,
)
from lossctl.advice.vocabulary_files import VocabularyReader, listed, number, one_of, texts
from lossctl.errors import UsageError, quote
from lossctl.facts.vocabulary import Vocabulary

BUILTIN = "builtin"
"""The name under which a user's file extends the rules of lossctl."""

STATEMENTS = "statements.yaml"
"""The statements of the articles: not used for advice, but to check that all are considered."""

SCENARIOS = "scenarios.yaml"
"""Problems from practice with the requirements on a good answer."""


def read_folder(path: Path) -> RuleBase:
    """Read a rule base.

    Args:
        path: its folder, with facts.yaml, sources.yaml, losses/, recommend/ and pitfalls.yaml.

    Raises:
        UsageError: a file is invalid; with file, line and the problem.
    """
    for file in sorted(path.rglob("*.yml")):
        name = quote(file.relative_to(path).as_posix())
        raise UsageError(f"{name} would be ignored", "rename it to .yaml")
    files = {file.relative_to(path).as_posix(): file for file in sorted(path.rglob("*.yaml"))}
    contents = {name: read_text(str(file), name) for name, file in files.items()}
    for name in ("facts.yaml", "sources.yaml"):
        if name not in contents:
            raise UsageError(f"the rule base {quote(str(path))} has no {name}")
    documents = {
        name: read(text, name)
        for name, text in contents.items()
        if name not in (STATEMENTS, SCENARIOS)
    }
    cards = [document for name, document in documents.items() if name.startswith("losses/")]
    reader = Reader(losses=[loss for document in cards for loss in document.fields()])
    reader.read_parts(documents["facts.yaml"])
    reader.facts(documents.pop("facts.yaml"))
    reader.read_sources(documents.pop("sources.yaml").known_fields(["sources"])["sources"])
    for document in cards:
        reader.read_cards(document)
    for name, document in documents.items():
        if not name.startswith("losses/"):
            for node in document.known_fields(["rules"])["rules"].items():
                reader.read_rule(node)
    return reader.base(_digest(*sorted(contents.values())))


def _digest(*contents: str) -> str:
    return hashlib.sha256("\0".join(contents).encode()).hexdigest()[:16]


def overlaid(
    base: RuleBase, file: str, laid: set[str] | None = None, above: Sequence[str] = ()
) -> RuleBase:
    """Apply a user's file to a rule base.

    Args:
        base: the rule base.
        file: the user's file.
        laid: the files applied already; each is applied once.
        above: the files that extend this one.

    Raises:
        UsageError: the file is invalid, or changes a rule that does not exist.
    """
    laid = set() if laid is None else laid
    text = read_text(file)
    resolved = str(Path(file).resolve())
    if resolved in laid:
        return base
    parts = ["disable", "override", "add", "sources", "losses"]
    fields = read(text, file).known_fields(["extends"], parts)
    if fields["extends"].text() != BUILTIN:
        other = _extended(fields["extends"], Path(file).parent, (resolved, *above))
        base = overlaid(base, other, laid, (resolved, *above))
    laid.add(resolved)
    cards = fields["losses"].fields() if "losses" in fields else {}
    reader = Reader(base, losses=list(cards))
    if "sources" in fields:
        reader.read_sources(fields["sources"])
    if "losses" in fields:
        reader.read_cards(fields["losses"])
    for node in fields["disable"].items() if "disable" in fields else ():
        reader.disable(reader.rule_named(node, node.text()))
    for name, node in fields["override"].fields().items() if "override" in fields else ():
        reader.override(reader.rule_named(fields["override"].key(name), name), node)
    for node in fields["add"].items() if "add" in fields else ():
        reader.read_rule(node, own=True)
    return reader.base(_digest(base.digest, text))


def _extended(node: Node, folder: Path, above: Sequence[str]) -> str:
    """Return the name of the file that a user's file extends."""
    other = folder / node.text()
    try:
        there, itself = other.is_file(), str(other.resolve()) in above
    except (OSError, ValueError):  # not a valid file name
        there, itself = False, False
    if itself:
        raise node.error(f"{quote(node.text())} extends itself")
    if not there:
        hint = f"use {BUILTIN}, or a file in the same folder"
        raise node.error(f"there is no file {quote(node.text())}", hint)
    return str(other)


def read_text(file: str, name: str = "") -> str:
    """Read a text file; `name` replaces its own name in messages.

    Raises:
        UsageError: it cannot be read, or is not UTF-8.
    """
    try:
        return Path(file).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{quote(name or file)} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{quote(name or file)} is not UTF-8") from None
    except ValueError:
        raise UsageError(f"{quote(name or file)} is not a valid file name") from None


def read_facts(text: str, file: str, base: RuleBase) -> dict[str, tuple[Any, int]]:
    """Read a document of facts, each with its value and its line.

    Raises:
        UsageError: a fact or a value is unknown.
    """
    root = read(text, file)
    facts = Reader(base).stated(root)
    lines = {base.vocabulary.fact(name).name: root.keys[name] for name in root.fields()}
    return {name: (value, lines[name]) for name, value in facts.items()}


class Reader(VocabularyReader):
    """Reads documents one after the other, and checks later ones against earlier ones."""

    def __init__(self, base: RuleBase | None = None, losses: Sequence[str] = ()) -> None:
        """Start with nothing, or with a rule base that is to be changed.

        Args:
            base: the rule base.
            losses: the losses whose cards will be read.
        """
        vocabulary = base.vocabulary if base else Vocabulary({}, {})
        super().__init__(vocabulary, [*(base.cards if base else ()), *losses])
        self.parts: dict[str, str] = dict(base.parts) if base else {}
        self.sources: dict[str, Publication] = dict(base.sources) if base else {}
        self.cards: dict[str, LossCard] = dict(base.cards) if base else {}
        self.rules: dict[str, Rule] = dict(base.rules) if base else {}
        self.overridden: list[Node] = []

    def base(self, digest: str) -> RuleBase:
        """Return the rule base; rules are in the order of their names, not of files."""
        for node in self.overridden:  # a rule may override one in a later file
            self.rule_named(node, node.text())
        rules = {name: self.rules[name] for name in sorted(self.rules)}
        cards = {name: self.cards[name] for name in sorted(self.cards)}
        return RuleBase(self.vocabulary, self.parts, self.sources, cards, rules, digest)

    def rule_named(self, node: Node, name: str) -> str:
        """Return the name of a rule, if the rule exists."""
        if name not in self.rules:
            raise node.at(UsageError.unknown("rule", name, self.rules))
        return name

    def loss(self, node: Node, name: str) -> str:
        """Return the name of a loss, if it has a card."""
        if name not in self.losses:
            raise node.at(UsageError.unknown("loss", name, self.losses))
        return name

    # sources and cards

    def read_parts(self, root: Node) -> None:
        """Read the parts that a training objective may have."""
        node = root.fields().get("parts")
        if node is None:
            raise root.error("missing key 'parts'")
        self.parts = texts(node)
        if not self.parts:
            raise node.error("at least one part is needed")

    def read_sources(self, root: Node) -> None:
        """Read sources."""
        details = ["authors", "where", "year", "publisher", "date", "url"]
        for name, node in root.fields().items():
            if name in self.sources:
                raise root.key(name).error(f"there is already a source {quote(name)}")
            entries = {
                key: str(entry.value) if type(entry.value) is int else entry.text()
                for key, entry in node.known_fields(["title", "kind"], details).items()
            }
            title, kind = entries.pop("title"), entries.pop("kind")
            self.sources[name] = Publication(name, title, kind, entries)

    def _cited(self, node: Node) -> tuple[str, ...]:
        """Read the names of sources, each with or without a place in it."""
        return tuple(self._source(source) for source in node.items())

    def _source(self, node: Node) -> str:
        source = node.text().partition("#")[0]
        if source not in self.sources:
            raise node.at(UsageError.unknown("source", source, self.sources))
        return node.text()

    def read_cards(self, root: Node) -> None:
        """Read loss cards."""
        for name, node in root.fields().items():
            if name in self.cards:
                raise node.error(f"there is already a card for {quote(name)}")
            self.cards[name] = self._card(name, node)

    def _card(self, name: str, node: Node) -> LossCard:
        lists = ["labels", "outputs", "requires", "excludes", "strengths", "weaknesses", "use"]
        others = ["part", "parts", "roles", "activation", "params", "code"]
        fields = node.known_fields(["tasks", "fits", "sources"], [*lists, *others])

        def values(key: str, fact: str) -> tuple[str, ...]:
            known = self.vocabulary.facts[fact]
            of_words = listed(fields, key, lambda node: self.meant(known, node))
            return tuple(value for values in of_words for value in values)

        parts = list(self.parts)
        return LossCard(
            loss=name,
            tasks=values("tasks", "task"),
            labels=values("labels", "labels"),
            outputs=values("outputs", "output"),
            requires=tuple(listed(fields, "requires", self._requirement)),
            excludes=tuple(listed(fields, "excludes", self._requirement)),
            part=one_of(fields["part"], "part", parts) if "part" in fields else parts[0],
            parts=self._parts(fields["parts"]) if "parts" in fields else {},
            roles=tuple(listed(fields, "roles", Node.text)) or ("prediction", "target"),
            fits=fields["fits"].text(),
            strengths=tuple(listed(fields, "strengths", Node.text)),
            weaknesses=tuple(listed(fields, "weaknesses", Node.text)),
            use=tuple(listed(fields, "use", Node.text)),
            activation=fields["activation"].text() if "activation" in fields else "",
            params=self._params(fields["params"]) if "params" in fields else {},
            code=texts(fields["code"]) if "code" in fields else {},
            sources=self._cited(fields["sources"]),
        )

    def _requirement(self, node: Node) -> Requirement:
        fields = node.known_fields(["when", "because"])
        return Requirement(self.condition(fields["when"]), fields["because"].text())

    def _parts(self, node: Node) -> dict[str, str]:
        """Read the part that a loss is for, by task."""
        task = self.vocabulary.facts["task"]
        return {
            value: one_of(part, "part", list(self.parts))
            for name, part in node.fields().items()
            for value in self.meant(task, node.key(name))
        }

    def _params(self, node: Node) -> dict[str, OptionAdvice]:
        """Read the values for a loss's options."""
        params = {}
        for name, option in node.fields().items():
            fields = option.known_fields(["value"], ["default", "because", "source"])
            params[name] = OptionAdvice(
                value=fields["value"].plain,
                default=fields.get("default", fields["value"]).plain,
                because=fields["because"].text() if "because" in fields else "",
                source=self._source(fields["source"]) if "source" in fields else "",
            )
        return params

    # rules

    def read_rule(self, node: Node, *, own: bool = False) -> None:
        """Read a rule; a user's own rule needs no evidence, sources or examples."""
        proven = ["evidence", "sources", "examples"]
        needed = ["id", "kind", "when"]
        others = ["because", "warning", "losses", "params", "activation", "disagree", "overrides"]
        if own:
            fields = node.known_fields(needed, [*others, *proven])
        else:
            fields = node.known_fields([*needed, *proven], others)
        name = fields["id"].text()
        if name in self.rules:
            other = self.rules[name]
            raise fields["id"].error(
                f"there is already a rule {quote(name)}: {other.file}, line {other.line}",
                "override it, or choose another id" if own else "",
            )
        defaults: dict[str, Any] = {
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
        rule = Rule(**(defaults | self._attributes(fields, own=own)))
        self.rules[name] = _sound(rule, node, fields)

    def disable(self, name: str) -> None:
        """Remove a rule, also from the overrides of others."""
        del self.rules[name]
        for rule in list(self.rules.values()):
            remaining = tuple(other for other in rule.overrides if other != name)
            self.rules[rule.id] = replace(rule, overrides=remaining)

    def override(self, name: str, node: Node) -> None:
        """Replace some fields of a rule."""
        known = ["kind", "when", "losses", "because", "warning", "evidence", "sources", "params"]
        fields = node.known_fields([], [*known, "activation", "disagree", "overrides", "examples"])
        rule = self.rules[name]
        places = {key: f"{node.file}, line {node.keys[key]}" for key in fields}
        changes = self._attributes(fields, own=True)
        for field, other in (("because", "warning"), ("warning", "because")):
            if field in fields and other not in fields:
                changes[other] = ""  # a rule has one or the other
        if "examples" not in fields and "when" in fields:
            changes |= {"fires": (), "silent": ()}  # they belong to the former condition
        changed = replace(rule, **changes, changed={**rule.changed, **places})
        self.rules[name] = _sound(changed, node, fields)

    def _attributes(self, fields: Mapping[str, Node], *, own: bool) -> dict[str, Any]:
        """Read the fields that are present."""
        evidence = EVIDENCE if own else EVIDENCE[:-1]
        readers: dict[str, Callable[[Node], Any]] = {
            "kind": lambda node: one_of(node, "kind", KINDS),
            "when": self.condition,
            "losses": self._all_named,
            "because": Node.text,
            "warning": Node.text,
            "evidence": lambda node: one_of(node, "evidence", evidence),
            "sources": self._cited,
            "params": self._options,
            "activation": Node.text,
            "disagree": Node.text,
            "overrides": self._overridden,
        }
        attributes = {key: readers[key](node) for key, node in fields.items() if key in readers}
        if "examples" in fields:
            examples = fields["examples"].known_fields(["fires", "silent"])
            for key, node in examples.items():
                attributes[key] = tuple(self.stated(facts) for facts in node.items())
        return attributes

    def _overridden(self, node: Node) -> tuple[str, ...]:
        self.overridden += node.items()
        return tuple(name.text() for name in node.items())

    def _all_named(self, node: Node) -> tuple[Named, ...]:
        by_loss: dict[str, Named] = {}
        for item in node.items():
            named = self._named(item)
            if named.loss in by_loss:
                raise item.error(f"{named.loss} is named twice")
            by_loss[named.loss] = named
        return tuple(by_loss.values())

    def _named(self, node: Node) -> Named:
        if isinstance(node.value, str):
            return Named(self.loss(node, node.value))
        fields = node.known_fields(["loss"], ["strength"])
        loss = self.loss(fields["loss"], fields["loss"].text())
        if "strength" not in fields:
            return Named(loss)
        return Named(loss, one_of(fields["strength"], "strength", STRENGTHS))  # type: ignore[arg-type]

    def _options(self, node: Node) -> Mapping[str, Mapping[str, Any]]:
        return {
            self.loss(node.key(name), name): {
                option: self._option(value) for option, value in options.fields().items()
            }
            for name, options in node.fields().items()
        }

    def _option(self, node: Node) -> Any:  # noqa: ANN401  # a value, or how to measure one
        if not isinstance(node.value, Mapping):
            return node.plain
        fields = node.known_fields(["measured"], ["times"])
        measure = one_of(fields["measured"], "measure", list(self.vocabulary.measures))
        return Measured(measure, number(fields["times"]) if "times" in fields else 1.0)


def _sound(rule: Rule, node: Node, fields: Mapping[str, Node]) -> Rule:
    """Return a rule, after checking that its fields go together."""
    if bool(rule.because) == bool(rule.warning):
        raise node.error(f"{rule.id} needs exactly one of because and warning")
    if not rule.losses and rule.kind != "advise":
        raise node.error(f"{rule.id} names no loss", "only rules of kind advise may")
    if rule.id in rule.overrides:
        raise fields["overrides"].error(f"{rule.id} overrides itself")
    if rule.kind in ("avoid", "forbid") and any(
        named.strength != "normal" for named in rule.losses
    ):
        raise node.error(f"rules of kind {rule.kind} have no strengths, but {rule.id} has one")
    return rule
