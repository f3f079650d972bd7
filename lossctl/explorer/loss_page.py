"""All that is known about one loss: what `lossctl show` prints."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from lossctl.catalogue.definition import PRECISION, Loss, Twin
from lossctl.catalogue.kinds import Kind
from lossctl.catalogue.options import Setting, Value, flag
from lossctl.engine.computation import CONVENTIONS, Computation, prepare
from lossctl.report import (
    Cell,
    Code,
    Entries,
    Entry,
    Item,
    Name,
    Page,
    Paragraph,
    Points,
    Section,
    Snippet,
    joined,
    parts,
    prose,
)

EXACT = 1e-12
"""Twins agree with the loss to this relative difference, unless they say otherwise."""


def loss_page(
    loss: Loss,
    options: Mapping[str, object],
    *,
    like: str | None = None,
    twin: Twin | None = None,
) -> Page:
    """Describe a loss with its options set.

    Args:
        loss: the loss.
        options: values of options by name.
        like: a framework whose conventions hold.
        twin: the very twin whose conventions hold.

    Raises:
        UsageError: an option is out of range or does not go with another.

    >>> from lossctl.catalogue.names import find
    >>> loss_page(find("huber")[0], {"delta": 2.0}).fields["twins"][0]["code"]
    'torch.nn.functional.huber_loss(prediction, target, delta=2.0, reduction="mean")'
    """
    computation = prepare(loss, options, like=like, twin=twin)
    written = loss.sections  # a plug-in may leave any of them out
    fields: dict[str, Cell] = {
        "name": loss.name,
        "aliases": list(loss.aliases),
        "family": loss.family,
        "summary": loss.summary,
        "formula": written.get("Formula"),
        "helps": written.get("Helps"),
        "hurts": written.get("Hurts"),
        "domain": written.get("Domain"),
        "warnings": [
            {"kind": note.name, "message": note.message} for note in computation.data_notes
        ],
        "roles": [
            {
                "name": role,
                "kind": kind.title,
                "shape": kind.shape,
                "values": kind.noun,
                "optional": role in loss.optional,
                "rows_of_its_own": kind.apart,
                "whole_units": kind.gathers != "rows",
            }
            for role, kind in computation.kinds.items()
        ],
        "options": [
            _option(setting, computation.options[setting.name])
            for setting in loss.settings.values()
        ],
        "conventions": [
            _option(setting, computation.conventions[setting.name])
            for setting in CONVENTIONS.values()
        ],
        "optimum": loss.optimum,
        "signature": computation.signature(weight=None, missing="error"),
        "twins": [_twin(equivalent, computation) for equivalent in loss.twins],
        "example": written.get("Example"),
        "references": written.get("References"),
    }
    title = (Name(loss.name), f": {loss.summary}") if loss.summary else Name(loss.name)
    sections = (Section(heading, tuple(items)) for heading, items in _contents(computation))
    return Page(title, fields, tuple(section for section in sections if section.items))


def _contents(computation: Computation) -> Iterator[tuple[str, list[Item]]]:
    """Yield the heading and the content of each section; what has no content is left out."""
    loss = computation.loss
    for heading in ("Formula", "Helps", "Hurts", "Domain"):
        yield heading, _paragraphs(loss.sections.get(heading, ""))
    messages = tuple(note.message for note in computation.data_notes)
    yield "Warnings", [Points(messages)] if messages else []
    inputs = (_input(loss, role, kind) for role, kind in computation.kinds.items())
    yield "Inputs, in the order of the files", [Entries(tuple(inputs))]
    yield "Options", [Entries(tuple(_option_entries(computation)))]
    twins = tuple(_twin_entry(twin, computation) for twin in loss.twins)
    yield "Equivalents", [Entries(twins)] if twins else []
    example = loss.sections.get("Example")
    yield "Example", [Snippet(example, "pycon")] if example else []
    yield "References", _paragraphs(loss.sections.get("References", ""))
    names = joined(map(Name, loss.aliases))
    yield "Other names", [Paragraph(names)] if names else []
    yield "Signature", [Snippet(computation.signature(weight=None, missing="error"))]


def _paragraphs(text: str) -> list[Item]:
    """Read the paragraphs of a docstring's section, which blank lines part."""
    return [Paragraph(prose(part)) for part in re.split(r"\n\s*\n", text) if part.strip()]


def _input(loss: Loss, role: str, kind: Kind) -> Entry:
    words = [kind.title, kind.shape, f"each {kind.noun}"]
    words += ["with rows of its own"] if kind.apart else []
    words += ["optional"] if role in loss.optional else []
    return Entry(role, ", ".join(words))


def _option_entries(computation: Computation) -> Iterator[Entry]:
    values = {**computation.options, **computation.conventions}
    for setting in (*computation.loss.settings.values(), *CONVENTIONS.values()):
        value = values[setting.name]
        current = f"{setting.flag} none" if value is None else flag(setting.name, value)
        default = "" if value == setting.default else f"; default {_written(setting.default)}"
        yield Entry(Code(current), prose(f"{setting.option.help} ({setting.range}{default})"))


def _twin_entry(twin: Twin, computation: Computation) -> Entry:
    fields = _twin(twin, computation)
    details: list[Item] = [Snippet(str(fields["code"]), "py")]
    if fields["needs"]:
        details.append(Paragraph(("only with ", Code(str(fields["needs"])))))
    if twin.sets:
        options = " ".join(flag(name, value) for name, value in twin.sets.items())
        details.append(Paragraph((Code(f"--like {twin.framework}"), " sets ", Code(options))))
    if twin.weight:
        details.append(Paragraph(("weights: ", Code(str(fields["weight"])))))
    if twin.names:
        names = parts(joined(map(Code, twin.names)))
        details.append(Paragraph(("also ", *names)))
    if fields["remark"]:
        details.append(Paragraph(prose(str(fields["remark"]))))
    if twin.tolerance > EXACT:
        details.append(Paragraph(f"agrees to {twin.tolerance:g}"))
    return Entry(twin.framework, details=tuple(details))


def _written(value: Value) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return "none" if value is None else f"{value}"


def _option(setting: Setting, value: Value) -> dict[str, Cell]:
    return {
        "flag": setting.flag,
        "name": setting.name,
        "help": setting.option.help,
        "range": setting.range,
        "default": setting.default,
        "value": value,
    }


def _twin(twin: Twin, computation: Computation) -> dict[str, Cell]:
    """Describe a twin; one that the options exclude is shown with the options that it needs."""
    options = {**computation.options, **computation.conventions}
    accepted = twin.accepted(options)
    missing = {name: value for name, value in accepted.items() if options[name] != value}
    reduction = str(computation.reduction)
    if reduction not in twin.spelling:
        reduction = next(iter(twin.spelling))
    return {
        "framework": twin.framework,
        "name": twin.name,
        "code": twin.filled(accepted, reduction, weighted=False),
        "weight": twin.weight.lstrip(", ") or None,
        "needs": " ".join(flag(name, value) for name, value in missing.items()) or None,
        "sets": dict(twin.sets),
        "other_names": list(twin.names),
        "tolerance": twin.tolerance,
        "remark": "; ".join(filter(None, [twin.note, PRECISION.get(twin.framework)])) or None,
    }
