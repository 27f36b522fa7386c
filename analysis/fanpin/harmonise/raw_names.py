"""Whether raw files have the variables that the mapping needs, and what to do where they do not."""

from __future__ import annotations

from fanpin.core.errors import UnknownNameError, unknown_name
from fanpin.harmonise.mapping import ColumnMap, Layout, TableMap
from fanpin.harmonise.raw import RawRole, references, resolved, split_reference
from fanpin.harmonise.read import RawFile


def check_names(table: TableMap, layout: Layout, roles: dict[str, RawRole], every: list[Layout]) -> None:
    """Raise for variables that a table needs and its files do not have."""
    for role in (*table.roles, *(lookup.role for lookup in table.lookups)):
        if role in roles:
            _check_role(role, table, layout, roles, every)


def _check_role(role: str, table: TableMap, layout: Layout, roles: dict[str, RawRole], every: list[Layout]) -> None:
    needed = {v for lookup in table.lookups for here, there in lookup.on
              for v in ((here,) if role in table.roles else ()) + ((there,) if role == lookup.role else ())}  # fmt: skip
    needed |= set(roles[role].role.key)
    for column in table.columns.values():
        needed |= _needed(column, role, table, roles)
    for file in roles[role].files:
        absent = sorted(needed - set(resolved(file, sorted(needed))), key=str.lower)
        if absent:
            raise _absent(file, absent, len(needed), every)


def _needed(column: ColumnMap, role: str, table: TableMap, roles: dict[str, RawRole]) -> set[str]:
    """The variables of a role without which a column cannot be made."""
    if column.optional:
        return set()
    own: set[str] = set()
    for variable in (*column.variables, *(m.variable for m in column.missing_if)):
        where, name = split_reference(variable, table)
        if role in where and not any(c in name for c in "*?["):
            others = [r for r in where if r != role and r in roles and roles[r].find(name)]
            if not others:
                own.add(name)
    if column.origin in ("from", "any") and len(column.variables) > 1 and _any_found(column, table, roles):
        return {v for v in own if any(v == m.variable for m in column.missing_if)}
    return own


def _any_found(column: ColumnMap, table: TableMap, roles: dict[str, RawRole]) -> bool:
    for variable in column.variables:
        where, name = split_reference(variable, table)
        if any(r in roles and roles[r].find(name) for r in where):
            return True
    return False


def _absent(file: RawFile, absent: list[str], needed: int, every: list[Layout]) -> UnknownNameError:
    header = file.header.names
    closest = unknown_name("column of the raw file", absent[0], header, where=file.path)
    fits = _fitting(file, every)
    if fits:
        closest.next_step = f"its columns are those of {fits}: is the file misnamed?"
    return UnknownNameError(
        f"the file has no column {', '.join(map(repr, absent))}",
        expected=f"the {needed} columns that {file.layout.source}/{file.layout.stem}.toml needs of its {file.role.name} file",
        got=f"{len(header)} columns: {', '.join(header[:12])}{' …' if len(header) > 12 else ''}",
        where=file.path,
        next_step=closest.next_step or "fetch the release of the file that has it, or name it among the aliases of a mapping of your own",
    )  # fmt: skip


def _fitting(file: RawFile, every: list[Layout]) -> str:
    """Another role or wave whose variables all stand in this file."""
    for layout in every:
        for role in layout.roles:
            if (layout.stem, role) == (file.layout.stem, file.role.name):
                continue
            wanted = list(dict.fromkeys(v for v, _ in references(layout, role) if not any(c in v for c in "*?[")))
            if len(wanted) > 3 and len(resolved(file, wanted)) == len(wanted):
                return f"a {role} file of {layout.source}/{layout.stem}.toml ({layout.roles[role].shown})"
    return ""
