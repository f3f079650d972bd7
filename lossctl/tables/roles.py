"""The assignment of columns to roles: what the user names, or what the names suggest."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from lossctl.errors import DataError, UsageError, listing, plural, quote
from lossctl.tables.column_names import KEY, usual_names, with_usual_beginning, with_usual_name
from lossctl.tables.numbers import MISSING_WORDS, WORD
from lossctl.tables.reading import Reading, Role
from lossctl.tables.table import TableReader


@dataclass(frozen=True)
class Assignment:
    """The columns of a role, and the index of the file that has them."""

    file: int
    columns: tuple[str, ...]


def assign(
    tables: Sequence[TableReader], roles: Sequence[Role], reading: Reading
) -> dict[str, Assignment]:
    """Assign columns to every role.

    Args:
        tables: the files.
        roles: the roles, in the order of the files.
        reading: which columns the user named, for roles and for other purposes.

    Returns:
        The assignment of each role; optional roles may have none.

    Raises:
        UsageError: the user named a column that does not exist, or the number of files is wrong.
        DataError: it is not clear which columns to use.
    """
    for name in reading.columns:
        if name not in [role.name for role in roles]:
            raise UsageError.unknown("role", name, [role.name for role in roles])
    needed = [role for role in roles if not role.optional]
    alone = len(tables) == 1
    if len(tables) == len(roles):
        assigned = {
            role.name: Assignment(index, _in_own_file(table, role, reading, alone=alone))
            for index, (table, role) in enumerate(zip(tables, roles, strict=True))
        }
    elif len(tables) in (1, len(needed)):
        assigned = _optional(tables, roles, reading)
        taken = {name for assignment in assigned.values() for name in assignment.columns}
        shared = alone and bool(taken)  # the remaining columns need not belong to the role
        if len(tables) == len(needed) and not shared:
            assigned |= {
                role.name: Assignment(index, _in_own_file(table, role, reading, taken, alone=alone))
                for index, (table, role) in enumerate(zip(tables, needed, strict=True))
            }
        else:
            columns = _in_shared_file(tables[0], needed, reading, taken)
            assigned |= {name: Assignment(0, names) for name, names in columns.items()}
    else:
        names = ", ".join(role.name for role in roles)
        raise UsageError(
            f"{plural(len(tables), 'file')} for {plural(len(roles), 'role')} ({names})",
            "give one file per role, in this order, or one file with all of them",
        )
    return _in_same_order(tables, {r.name: assigned[r.name] for r in roles if r.name in assigned})


def _optional(
    tables: Sequence[TableReader], roles: Sequence[Role], reading: Reading
) -> dict[str, Assignment]:
    """Assign columns to the optional roles that are in the files of the others."""
    assigned = {}
    for role in roles:
        if not role.optional:
            continue
        named = reading.columns.get(role.name, ())
        for index, table in enumerate(tables):
            known = [*_free(table, reading), *table.extras]
            if role.wide:
                names = named or (_by_names(table, role, known) if len(known) > 1 else ())
                if names:
                    columns = tuple(find(table, name) for name in names)
                    assigned[role.name] = Assignment(index, columns)
                    break
                continue
            names = named or tuple(name for name in known if name.lower() in usual_names(role.name))
            if len(names) == 1 and names[0] in (*table.columns, *table.extras):
                assigned[role.name] = Assignment(index, tuple(names))
                break
        else:
            if named:
                known = [name for table in tables for name in table.columns if name]
                raise UsageError.unknown("column", named[0], dict.fromkeys(known))
    return assigned


def _by_names(table: TableReader, role: Role, candidates: Sequence[str]) -> tuple[str, ...]:
    """Return the columns whose names belong to a role; there may be none."""
    together = _together(table, role, candidates)
    if together:
        return together
    if not with_usual_name(role, candidates) and not with_usual_beginning(role, candidates):
        return ()
    return _recognised(table, role, candidates)


def _together(table: TableReader, role: Role, candidates: Sequence[str]) -> tuple[str, ...]:
    names = role.together(candidates) if role.together else ()
    return tuple(find(table, name) for name in names)


def find(table: TableReader, name: str) -> str:
    """Check that a table has a column, and only once.

    Args:
        table: the table.
        name: the column.

    Returns:
        The name.

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


def _in_own_file(
    table: TableReader,
    role: Role,
    reading: Reading,
    taken: Collection[str] = (),
    *,
    alone: bool = False,
) -> tuple[str, ...]:
    """Choose columns for a role in a file that holds no other required role."""
    named = _named(table, role, reading)
    if named:
        return named
    candidates = [name for name in _free(table, reading) if name not in taken]
    if len(set(candidates)) == 1:
        return (find(table, candidates[0]),)
    together = _together(table, role, candidates)
    if together:
        return together
    usual = with_usual_name(role, candidates)
    if len(set(usual)) == 1:
        return (find(table, usual[0]),)
    if role.wide and candidates and len(usual) == 0:
        keys = [name for name in candidates if KEY.fullmatch(name)]
        if not keys:
            _refuse_text(table, role, candidates, slices=reading.slices)
            return tuple(find(table, name) for name in candidates)
        choose = f"name the columns: --columns {role.name}=A+B"
        raise DataError(
            f"{quote(table.name)}: column {quote(keys[0])} looks like a key, not like {role.name}",
            choose if alone else f"to match rows by it: --on {keys[0]}; otherwise {choose}",
        )
    raise _unclear(table, role, candidates)


def _refuse_text(
    table: TableReader, role: Role, candidates: Sequence[str], *, slices: bool
) -> None:
    """Refuse a column of text among several columns that the user did not name."""
    for name in candidates if len(candidates) > 1 else ():
        try:
            where, cell = table.place(0, name)
        except DataError:  # there are no rows
            return
        if WORD.fullmatch(cell) and cell not in MISSING_WORDS:
            sliced = f"if slices: --by {name}; " if slices else ""
            raise DataError(
                f"{where}: {quote(cell)} is text, so this column cannot be part of {role.name}",
                f"if it names units: --unit {name}; {sliced}"
                f"otherwise name the columns: --columns {role.name}=A+B",
            )


def _in_shared_file(
    table: TableReader, roles: Sequence[Role], reading: Reading, taken: Collection[str]
) -> dict[str, tuple[str, ...]]:
    """Choose columns for all required roles in a file that holds them together."""
    chosen = {role.name: _named(table, role, reading) for role in roles}
    for role in roles:
        if not chosen[role.name]:
            others = {name for names in chosen.values() for name in names} | {*taken}
            free = [name for name in _free(table, reading) if name not in others]
            chosen[role.name] = _recognised(table, role, free)
    columns = [name for names in chosen.values() for name in names]
    for name in columns:
        if columns.count(name) > 1:
            raise UsageError(f"column {quote(name)} cannot be used for two roles")
    return chosen


def _recognised(table: TableReader, role: Role, candidates: Sequence[str]) -> tuple[str, ...]:
    """Choose the only column with a usual name, or all whose names begin with one."""
    usual = with_usual_name(role, candidates)
    prefixed = with_usual_beginning(role, candidates) if role.wide else []
    if bool(prefixed) == bool(usual) or len(set(usual)) > 1:
        raise _unclear(table, role, candidates, ", or give one file per role")
    return tuple(find(table, name) for name in usual or prefixed)


def _named(table: TableReader, role: Role, reading: Reading) -> tuple[str, ...]:
    """Return the columns that the user named for a role."""
    names = reading.columns.get(role.name, ())
    if len(names) > 1 and not role.wide:
        raise UsageError(f"{role.name} takes one column, not {len(names)}")
    return tuple(find(table, name) for name in names)


def _free(table: TableReader, reading: Reading) -> list[str]:
    """Return the columns that the user did not name for other purposes."""
    used = {*reading.on, *reading.by, reading.weight, reading.unit}
    return [name for name in table.columns if name not in used]


def _unclear(
    table: TableReader, role: Role, candidates: Sequence[str], more: str = ""
) -> DataError:
    columns = f"there are {listing(candidates)}" if candidates else "no column is left"
    return DataError(
        f"{quote(table.name)}: it is not clear which column is the {role.name}; {columns}",
        f"name it: --columns {role.name}=NAME{more}",
    )


def _in_same_order(
    tables: Sequence[TableReader], assigned: dict[str, Assignment]
) -> dict[str, Assignment]:
    """Order the columns of later roles like those of the first, if they have the same names."""
    several = {role: own for role, own in assigned.items() if len(own.columns) > 1}
    first = next(iter(several.values()), None)
    for role, other in several.items():
        if first is None or other.file == first.file or other.columns == first.columns:
            continue
        ours, theirs = set(first.columns), set(other.columns)
        if ours == theirs:
            assigned[role] = Assignment(other.file, first.columns)
        elif ours & theirs:
            differing = sorted(ours ^ theirs)
            raise DataError(
                f"{quote(tables[first.file].name)} and {quote(tables[other.file].name)} share some "
                f"columns, but not {listing(differing)}",
                f"name the columns in order: --columns {role}=A+B",
            )
    return assigned
