"""Which columns of which file play which role."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from lossctl.errors import DataError, UsageError, listing, plural, quote
from lossctl.tables.numbers import MISSING_WORDS
from lossctl.tables.reading import Reading, Role
from lossctl.tables.table import TableReader

USUAL = {
    "prediction": [
        "prediction",
        "predictions",
        "pred",
        "preds",
        "predicted",
        "y_pred",
        "ypred",
        "y_hat",
        "yhat",
        "y_prob",
        "y_proba",
        "y_score",
        "y_predicted",
        "score",
        "scores",
        "prob",
        "proba",
        "probability",
        "probabilities",
        "p",
        "logit",
        "logits",
        "output",
        "outputs",
        "forecast",
        "forecasts",
    ],
    "target": [
        "target",
        "targets",
        "label",
        "labels",
        "y",
        "y_true",
        "ytrue",
        "y_actual",
        "true",
        "true_label",
        "truth",
        "actual",
        "actuals",
        "ground_truth",
        "gt",
        "mask",
    ],
    "similar": ["similar", "same", "is_similar", "label", "target", "y"],
    "order": ["order", "label", "target", "y"],
    "variance": ["variance", "var", "sigma2"],
    "mean": ["mean", "mu", "prediction", "y_hat"],
    "positive": ["positive", "positives", "pos", "score_positive"],
    "negative": ["negative", "negatives", "neg", "score_negative"],
    "anchor": ["anchor", "anchors"],
    "event": ["event", "events", "observed", "status"],
    "gradient_norm": ["gradient_norm", "norm", "norms"],
}
WORD = re.compile(r"(?!inf(?:inity)?$)[^\W\d_].*", re.IGNORECASE)
KEY = re.compile(r"id|idx|index|row|key|uuid|.*_id|unnamed.*|", re.IGNORECASE)


@dataclass(frozen=True)
class Assignment:
    """The columns of one role, and the number of the file that has them."""

    file: int
    columns: tuple[str, ...]


def assign(
    tables: Sequence[TableReader], roles: Sequence[Role], reading: Reading
) -> dict[str, Assignment]:
    """Find the columns of every role.

    Raises:
        UsageError: a column that was named is not there, or the files do not fit the roles.
        DataError: it cannot be told which columns are meant.
    """
    for name in reading.columns:
        if name not in [role.name for role in roles]:
            raise UsageError.unknown("role", name, [role.name for role in roles])
    needed = [role for role in roles if not role.optional]
    alone = len(tables) == 1
    if len(tables) == len(roles):
        chosen = {
            role.name: Assignment(number, _of_one(table, role, reading, alone=alone))
            for number, (table, role) in enumerate(zip(tables, roles, strict=True))
        }
    elif len(tables) in (1, len(needed)):
        chosen = _beside(tables, roles, reading)
        taken = {name for each in chosen.values() for name in each.columns}
        shared = alone and bool(taken)  # then what is left may be anything, not the role
        if len(tables) == len(needed) and not shared:
            chosen |= {
                role.name: Assignment(number, _of_one(table, role, reading, taken, alone=alone))
                for number, (table, role) in enumerate(zip(tables, needed, strict=True))
            }
        else:
            columns = _of_shared(tables[0], needed, reading, taken)
            chosen |= {name: Assignment(0, names) for name, names in columns.items()}
    else:
        names = ", ".join(role.name for role in roles)
        raise UsageError(
            f"{plural(len(tables), 'file')} for {plural(len(roles), 'role')} ({names})",
            "give one file a role, in this order, or one file with all of them",
        )
    return _in_one_order(tables, {r.name: chosen[r.name] for r in roles if r.name in chosen})


def _beside(
    tables: Sequence[TableReader], roles: Sequence[Role], reading: Reading
) -> dict[str, Assignment]:
    """Find the columns of roles that may be left out, beside those of the others."""
    found = {}
    for role in roles:
        if not role.optional:
            continue
        given = reading.columns.get(role.name, ())
        for number, table in enumerate(tables):
            known = [*_free(table, reading), *table.extras]
            if role.wide:
                names = given or (_some(table, role, known) if len(known) > 1 else ())
                if names:
                    found[role.name] = Assignment(
                        number, tuple(find(table, name) for name in names)
                    )
                    break
                continue
            names = given or tuple(name for name in known if name.lower() in _names(role))
            if len(names) == 1 and names[0] in (*table.columns, *table.extras):
                found[role.name] = Assignment(number, tuple(names))
                break
        else:
            if given:
                known = [name for table in tables for name in table.columns if name]
                raise UsageError.unknown("column", given[0], dict.fromkeys(known))
    return found


def _some(table: TableReader, role: Role, candidates: Sequence[str]) -> tuple[str, ...]:
    """List the columns that are a role's by their names; there may be none."""
    together = _together(table, role, candidates)
    if together:
        return together
    if not _usual(candidates, role) and not _prefixed(candidates, role):
        return ()
    return _recognised(table, role, candidates)


def _together(table: TableReader, role: Role, candidates: Sequence[str]) -> tuple[str, ...]:
    names = role.together(candidates) if role.together else ()
    return tuple(find(table, name) for name in names)


def find(table: TableReader, name: str) -> str:
    """Look a column up; it must be there once.

    Raises:
        UsageError: there is no such column.
        DataError: there are several.
    """
    count = table.columns.count(name)
    if count == 0:
        raise UsageError.unknown("column", name, table.columns, quote(table.name))
    if count > 1:
        raise DataError(f"{quote(table.name)} has {count} columns named {quote(name)}")
    return name


def _of_one(
    table: TableReader,
    role: Role,
    reading: Reading,
    taken: Collection[str] = (),
    *,
    alone: bool = False,
) -> tuple[str, ...]:
    given = _given(table, role, reading)
    if given:
        return given
    candidates = [name for name in _free(table, reading) if name not in taken]
    if len(set(candidates)) == 1:
        return (find(table, candidates[0]),)
    together = _together(table, role, candidates)
    if together:
        return together
    usual = _usual(candidates, role)
    if len(set(usual)) == 1:
        return (find(table, usual[0]),)
    if role.wide and candidates and len(usual) == 0:
        keys = [name for name in candidates if KEY.fullmatch(name)]
        if not keys:
            _refuse_words(table, role, candidates, slices=reading.slices)
            return tuple(find(table, name) for name in candidates)
        raise DataError(
            f"{quote(table.name)}: column {quote(keys[0])} looks like a key, not like {role.name}",
            f"name the columns: --columns {role.name}=A+B"
            if alone
            else f"to match rows by it: --on {keys[0]}; otherwise name the columns: "
            f"--columns {role.name}=A+B",
        )
    raise _unclear(table, role, candidates)


def _refuse_words(
    table: TableReader, role: Role, candidates: Sequence[str], *, slices: bool
) -> None:
    """Refuse a column of words among the columns of numbers that nobody has named."""
    for name in candidates if len(candidates) > 1 else ():
        try:
            where, cell = table.place(0, name)
        except DataError:  # there is no row
            return
        if WORD.fullmatch(cell) and cell not in MISSING_WORDS:
            sliced = f"if slices: --by {name}; " if slices else ""
            raise DataError(
                f"{where}: {quote(cell)} is a word, so the column is no part of {role.name}",
                f"if it names units: --unit {name}; {sliced}"
                f"otherwise name the columns: --columns {role.name}=A+B",
            )


def _of_shared(
    table: TableReader, roles: Sequence[Role], reading: Reading, beside: Collection[str]
) -> dict[str, tuple[str, ...]]:
    chosen = {role.name: _given(table, role, reading) for role in roles}
    for role in roles:
        if not chosen[role.name]:
            taken = {name for names in chosen.values() for name in names} | {*beside}
            free = [name for name in _free(table, reading) if name not in taken]
            chosen[role.name] = _recognised(table, role, free)
    names = [name for each in chosen.values() for name in each]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"column {quote(name)} cannot play two roles")
    return chosen


def _recognised(table: TableReader, role: Role, candidates: Sequence[str]) -> tuple[str, ...]:
    """Take the one usual name, or all names that begin with a usual one, if it is clear which."""
    usual = _usual(candidates, role)
    prefixed = _prefixed(candidates, role) if role.wide else []
    if bool(prefixed) == bool(usual) or len(set(usual)) > 1:
        raise _unclear(table, role, candidates, ", or give a file for each role")
    return tuple(find(table, name) for name in usual or prefixed)


def _given(table: TableReader, role: Role, reading: Reading) -> tuple[str, ...]:
    names = reading.columns.get(role.name, ())
    if len(names) > 1 and not role.wide:
        raise UsageError(f"{role.name} takes one column, not {len(names)}")
    return tuple(find(table, name) for name in names)


def _free(table: TableReader, reading: Reading) -> list[str]:
    used = {*reading.on, *reading.by, reading.weight, reading.unit}
    return [name for name in table.columns if name not in used]


def _names(role: Role) -> list[str]:
    return USUAL.get(role.name, [role.name, f"{role.name}s"])


def _usual(candidates: Sequence[str], role: Role) -> list[str]:
    """List the names that a single column of the role usually has."""
    if role.several and len(set(candidates)) > 1:
        return []  # among columns that are classes, such a name is a class's
    return [name for name in candidates if name.lower() in _names(role)]


def _prefixed(candidates: Sequence[str], role: Role) -> list[str]:
    """List the names that one of several columns has: a usual one and more, as in `prob_cat`."""
    usual = _names(role)
    starts = tuple(f"{name}{mark}" for name in usual for mark in "_.")
    longer = [name for name in candidates if name.lower() not in usual]  # y_true is all of a name
    return [name for name in longer if name.lower().startswith(starts)]


def _unclear(
    table: TableReader, role: Role, candidates: Sequence[str], more: str = ""
) -> DataError:
    there = f"there are {listing(candidates)}" if candidates else "there is no other"
    return DataError(
        f"{quote(table.name)}: it is not clear which column is the {role.name}; {there}",
        f"name it: --columns {role.name}=NAME{more}",
    )


def _in_one_order(
    tables: Sequence[TableReader], chosen: dict[str, Assignment]
) -> dict[str, Assignment]:
    """Put the columns of later roles in the order of the first, where they have the same names."""
    several = {role: each for role, each in chosen.items() if len(each.columns) > 1}
    first = next(iter(several.values()), None)
    for role, each in several.items():
        if first is None or each.file == first.file or each.columns == first.columns:
            continue
        ours, theirs = set(first.columns), set(each.columns)
        if ours == theirs:
            chosen[role] = Assignment(each.file, first.columns)
        elif ours & theirs:
            differing = sorted(ours ^ theirs)
            raise DataError(
                f"{quote(tables[first.file].name)} and {quote(tables[each.file].name)} share some "
                f"columns, but not {listing(differing)}",
                f"name the columns in their order: --columns {role}=A+B",
            )
    return chosen
