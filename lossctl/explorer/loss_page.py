"""All that is known of one loss, as fields: what `lossctl show` prints."""

from __future__ import annotations

from collections.abc import Mapping

from lossctl.catalogue.definition import PRECISION, Loss, Twin
from lossctl.catalogue.kinds import Kind
from lossctl.catalogue.options import Setting, Value, flag
from lossctl.engine.computation import Computation, prepare
from lossctl.engine.conventions import CONVENTIONS
from lossctl.report import Cell, Page


def card(
    loss: Loss,
    given: Mapping[str, object],
    *,
    like: str | None = None,
    twin: Twin | None = None,
) -> Page:
    """Describe a loss with its options set.

    Args:
        loss: the loss.
        given: options by name.
        like: a framework whose conventions hold.
        twin: the very twin whose conventions hold.

    Raises:
        UsageError: an option is out of range or does not go with another.

    >>> from lossctl.catalogue.names import find
    >>> card(find("huber")[0], {"delta": 2.0}).fields["twins"][0]["code"]
    'torch.nn.functional.huber_loss(prediction, target, delta=2.0, reduction="mean")'
    """
    computation = prepare(loss, given, like=like, twin=twin)
    sections = loss.sections
    fields: dict[str, Cell] = {
        "name": loss.name,
        "aliases": list(loss.aliases),
        "family": loss.family,
        "summary": loss.summary,
        "formula": sections["Formula"],
        "helps": sections["Helps"],
        "hurts": sections["Hurts"],
        "domain": sections["Domain"],
        "noted": [{"kind": each.name, "message": each.message} for each in computation.data_notes],
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
            _option(each, computation.options[each.name]) for each in loss.settings.values()
        ],
        "conventions": [
            _option(each, computation.conventions[each.name]) for each in CONVENTIONS.values()
        ],
        "optimum": loss.optimum,
        "signature": computation.signature(weight=None, missing="error"),
        "twins": [_twin(each, computation) for each in loss.twins],
        "example": sections["Example"],
        "references": sections["References"],
    }
    return Page(f"{loss.name}: {loss.summary}", fields, _sections(loss, computation, fields))


def _sections(loss: Loss, computation: Computation, fields: Mapping[str, Cell]) -> dict[str, str]:
    """Lay the fields out for people."""
    roles = (_role(loss, role, kind) for role, kind in computation.kinds.items())
    settings = [*loss.settings.values(), *CONVENTIONS.values()]
    values = {**computation.options, **computation.conventions}
    parts = {
        "Formula": loss.sections["Formula"],
        "Helps": loss.sections["Helps"],
        "Hurts": loss.sections["Hurts"],
        "Domain": loss.sections["Domain"],
        "Noted where": "\n".join(each.message for each in computation.data_notes),
        "Roles, in the order of the files": "\n".join(roles),
        "Options": "\n".join(_option_lines(each, values[each.name]) for each in settings),
        "The same elsewhere": "\n".join(_twin_lines(each, computation) for each in loss.twins),
        "Example": loss.sections["Example"],
        "References": loss.sections["References"],
        "Names": ", ".join([loss.name, *loss.aliases]),
        "Signature": str(fields["signature"]),
    }
    return {heading: text for heading, text in parts.items() if text}


def _role(loss: Loss, role: str, kind: Kind) -> str:
    said = [f"{role}: {kind.title}", kind.shape, kind.noun]
    said += ["rows of its own"] if kind.apart else []
    said += ["may be left out"] if role in loss.optional else []
    return ", ".join(said)


def _option_lines(setting: Setting, value: Value) -> str:
    now = f"{setting.flag} none" if value is None else flag(setting.name, value)
    change = "" if value == setting.default else f"; the default is {_said(setting.default)}"
    return f"{now}\n    {setting.option.help} ({setting.range}{change})"


def _twin_lines(twin: Twin, computation: Computation) -> str:
    field = _twin(twin, computation)
    lines = [f"{twin.framework}: {field['code']}"]
    if field["needs"]:
        lines.append(f"only with {field['needs']}")
    if twin.sets:
        sets = " ".join(flag(name, value) for name, value in twin.sets.items())
        lines.append(f"--like {twin.framework} means {sets}")
    if twin.weight:
        lines.append(f"weights: {field['weight']}")
    if twin.names:
        lines.append(f"also {', '.join(twin.names)}")
    if field["remark"]:
        lines.append(str(field["remark"]))
    if twin.tolerance > EXACT:
        lines.append(f"agrees to {twin.tolerance:g}")
    return "\n    ".join(lines)


def _said(value: Value) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return "none" if value is None else f"{value}"


EXACT = 1e-12
"""Twins agree with the loss to this relative difference, unless they say otherwise."""


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
    missing = {name: value for name, value in twin.needs.items() if options[name] != value}
    reduction = str(computation.reduction)
    if reduction not in twin.spelling:
        reduction = next(iter(twin.spelling))
    return {
        "framework": twin.framework,
        "name": twin.name,
        "code": twin.filled({**options, **twin.needs}, reduction, weighted=False),
        "weight": twin.weight.lstrip(", ") or None,
        "needs": " ".join(flag(name, value) for name, value in missing.items()) or None,
        "sets": dict(twin.sets),
        "other_names": list(twin.names),
        "tolerance": twin.tolerance,
        "remark": "; ".join(filter(None, [twin.note, PRECISION.get(twin.framework)])) or None,
    }
