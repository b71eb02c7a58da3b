"""Is what is in the database what this release put there? Compared with its record, or with a copy made on the spot."""

import difflib
import secrets
from dataclasses import dataclass
from typing import Literal

from pytelemetry_db import db
from pytelemetry_db.errors import NotInstalled, Refused
from pytelemetry_db.model import Release, Roles
from pytelemetry_db.render import render_probe, render_shadow
from pytelemetry_db.state import read_state

__all__ = ["Drift", "Verification", "verify"]

Found = Literal["changed", "missing", "extra"]


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
    :raises Refused: when another version is installed
    """
    state = read_state(connection, schema)
    if not state.installed or not state.has_code:
        raise NotInstalled(f'pytelemetry_db is not installed in schema "{schema}"', next_step="pytelemetry-db install")
    if state.version != release.version:
        raise Refused(
            f'schema "{schema}" is at version {state.version}, this is {release.version}',
            next_step=f"pip install pytelemetry-db=={state.version}, or pytelemetry-db upgrade",
        )
    if deep:
        return Verification(release.version, True, _compare_with_copy(connection, release, schema))
    rows = db.fetch(connection, "drift", schema, {"schema": schema})
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
    for row in rows:
        objects.setdefault((row["kind"], row["identity"]), []).append(row)
    return tuple(
        Drift(
            _found(rows),
            kind,
            identity,
            tuple(row["aspect"] for row in rows),
            "\n".join(row["expected"] for row in rows if row.get("expected")) or None,
            "\n".join(row["actual"] for row in rows if row.get("actual")) or None,
        )
        for (kind, identity), rows in sorted(objects.items())
    )


# An object has an owner or a definition; what is only sometimes there, a default or a grant, is a change of it.
_WHOLE = {"owner", "definition", "type"}


def _found(rows: list[db.Row]) -> Found:
    whole = [row for row in rows if row["aspect"] in _WHOLE]
    if any(not row["present"] for row in whole):
        return "missing"
    if any(not row["recorded"] for row in whole):
        return "extra"
    return "changed"


def _compare_with_copy(connection: db.Connection, release: Release, schema: str) -> tuple[Drift, ...]:
    found = db.fetch(connection, "installed_for", schema)[0]
    probe = f"_verify_{secrets.token_hex(6)}"
    roles = Roles(found["reader_role"] or None, found["operator_role"] or None)
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
    return _drifts(rows)


def _definitions(connection: db.Connection, probe: str, schema: str) -> dict[tuple[str, str, str], str]:
    rows = db.fetch(connection, "definitions", probe, {"schema": schema})
    return {(row["kind"], row["identity"], row["aspect"]): row["definition"] for row in rows}
