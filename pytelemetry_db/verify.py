"""Is what is in the database what this release put there? Compared with its record, or with a copy made on the spot."""

import difflib
import re
import secrets
from dataclasses import dataclass
from typing import Literal

from pytelemetry_db import db
from pytelemetry_db.errors import NotInstalled, Refused
from pytelemetry_db.model import Release, Roles
from pytelemetry_db.render import render_probe, render_shadow
from pytelemetry_db.state import not_installed, read_state

__all__ = ["Drift", "Verification", "verify"]

Found = Literal["changed", "missing", "extra"]

# Every object has one of these; what is only sometimes there, a default or a grant, is a change of it.
_WHOLE = {"owner", "definition", "type"}
_WITH_COLUMNS = {"table", "view", "materialized view", "foreign table", "type"}
_PARTS = {"column", "index", "constraint", "trigger", "rule", "row policy"}


@dataclass(frozen=True, slots=True)
class Drift:
    """One object that is not as it was installed: ``aspects`` says in what, for example body, grants, default.

    ``expected`` and ``actual`` are its definitions where they were compared, and None where only fingerprints were.
    """

    found: Found
    kind: str
    identity: str
    aspects: tuple[str, ...]
    expected: str | None = None
    actual: str | None = None

    @property
    def line(self) -> str:
        """What is wrong, in one line: ``changed function plan(regclass, interval): body, grants``."""
        aspects = f": {', '.join(self.aspects)}" if self.found == "changed" else ""
        return f"{self.found} {self.kind} {self.identity}{aspects}"

    def diff(self) -> str:
        """The difference of the definitions as a unified diff; empty when they are not known."""
        lines = difflib.unified_diff(
            (self.expected or "").splitlines(),
            (self.actual or "").splitlines(),
            f"release/{self.identity}",
            f"database/{self.identity}",
            lineterm="",
        )
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Verification:
    """``drifts`` in order; ``notes`` say what could not be compared."""

    version: str
    deep: bool
    drifts: tuple[Drift, ...]
    notes: tuple[str, ...] = ()


def verify(connection: db.Connection, release: Release, schema: str, *, deep: bool = False) -> Verification:
    """Compare the schema with the record that was made of it when it was installed.

    :param deep: trust no record: make a fresh copy of this release in a transaction that is rolled back, and compare
        with that. Needs the right to create schemas in the database.
    :raises NotInstalled: when there is nothing to verify
    :raises Refused: when another version is installed, or there is no record to compare with
    """
    state = read_state(connection, schema)
    if not state.has_code:
        raise not_installed(state)
    if state.version != release.version:
        raise Refused(
            f'schema "{schema}" is at version {state.version}, this is {release.version}',
            next_step=f"pip install pytelemetry-db=={state.version}, or pytelemetry-db upgrade",
        )
    if deep:
        return _compare_with_copy(connection, release, schema)
    try:
        rows = db.fetch(connection, "drift", schema, {"schema": schema})
    except NotInstalled as error:
        raise Refused(
            f'schema "{schema}" lacks its record, or a routine that reads it',
            "only a comparison with a fresh copy can say more",
            "pytelemetry-db verify --deep",
        ) from error
    notes: tuple[str, ...] = ()
    if state.server_major != state.server_version // 10000:
        # Each major version of the server writes the definition of a view in its own way.
        rows = [row for row in rows if (row["kind"], row["aspect"]) != ("view", "definition")]
        notes = (
            f"recorded on PostgreSQL {state.server_major}: definitions of views were not compared, verify --deep does",
        )
    return Verification(release.version, False, _drifts(rows), notes)


def _drifts(rows: list[db.Row]) -> tuple[Drift, ...]:
    objects: dict[tuple[str, str], list[db.Row]] = {}
    for row in _told_once(rows):
        objects.setdefault((row["kind"], row["identity"]), []).append(row)
    return tuple(
        Drift(
            _found(rows),
            kind,
            identity,
            tuple(row["aspect"] for row in rows),
            _text(rows, "expected"),
            _text(rows, "actual"),
        )
        for (kind, identity), rows in sorted(objects.items())
    )


def _told_once(rows: list[db.Row]) -> list[db.Row]:
    """Leave out what goes without saying: the parts of a table that is new or gone, and that columns moved up."""
    alone = [row for row in rows if row["aspect"] in _WHOLE and not (row["recorded"] and row["present"])]
    tables = {row["identity"] for row in alone if row["kind"] in _WITH_COLUMNS}
    moved = {_table(row["identity"]) for row in alone if row["kind"] == "column"}
    return [
        row
        for row in rows
        if not (row["kind"] in _PARTS and _table(row["identity"]) in tables)
        and not (row["aspect"] == "order of columns" and row["identity"] in moved)
    ]


def _table(identity: str) -> str:
    """The table, as it is quoted, of a part that is called table.part."""
    found = re.match(r'("([^"]|"")*"|[^".]+)\.', identity)
    return found[1] if found else ""


def _text(rows: list[db.Row], side: str) -> str | None:
    """What is known of the definitions; a body and the definition of a view speak for themselves."""
    texts = [
        row[side] if row["aspect"] in ("body", "definition") else f"{row['aspect']}: {row[side]}"
        for row in rows
        if row.get(side)
    ]
    return "\n".join(texts) or None


def _found(rows: list[db.Row]) -> Found:
    whole = [row for row in rows if row["aspect"] in _WHOLE]
    if any(not row["present"] for row in whole):
        return "missing"
    if any(not row["recorded"] for row in whole):
        return "extra"
    return "changed"


def _compare_with_copy(connection: db.Connection, release: Release, schema: str) -> Verification:
    found = db.fetch(connection, "installed_for", schema)[0]
    probe = f"_verify_{secrets.token_hex(6)}"
    roles = Roles(found["reader_role"], found["operator_role"])
    with db.rolled_back(connection):
        db.execute_script(connection, render_probe(release, schema, probe, found["owner"], roles))
        actual = _definitions(connection, probe, schema)
        db.execute_script(connection, render_shadow(release, schema))
        expected = _definitions(connection, probe, schema)
    rows = [
        {
            "kind": kind,
            "identity": identity,
            "aspect": aspect,
            "recorded": (kind, identity, aspect) in expected,
            "present": (kind, identity, aspect) in actual,
            "expected": expected.get((kind, identity, aspect)),
            "actual": actual.get((kind, identity, aspect)),
        }
        for kind, identity, aspect in sorted(expected.keys() | actual.keys())
        if expected.get((kind, identity, aspect)) != actual.get((kind, identity, aspect))
    ]
    # Who these are is itself only on record.
    given = [f'owner "{found["owner"]}"']
    given += [f'reader role "{roles.reader}"'] if roles.reader else []
    given += [f'operator role "{roles.operator}"'] if roles.operator else []
    return Verification(release.version, True, _drifts(rows), (f"compared with a copy for {', '.join(given)}",))


def _definitions(connection: db.Connection, probe: str, schema: str) -> dict[tuple[str, str, str], str]:
    rows = db.fetch(connection, "definitions", probe, {"schema": schema})
    return {(row["kind"], row["identity"], row["aspect"]): row["definition"] for row in rows}
