"""Rules of the installed schema, read from the catalogs."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import Database

# Procedures that commit cannot have a SET clause: their statements qualify every name and pin the path themselves.
COMMITTING_PROCEDURES = {
    "_begin_transaction",
    "_cleanup_table",
    "_require_own_transaction",
    "_try_commit",
    "cleanup",
    "convert",
    "rotate",
    "sample",
}

# A name typed by the user means what it means to the user; everything of ours and of PostgreSQL's is qualified.
CALLERS_NAMES = {"drop_policy"}

# SECURITY DEFINER: argument-free, read-only, path-pinned functions behind views that readers see.
# And the trigger that writes the audit, so that no role needs a right to write there.
SECURITY_DEFINER = {
    *(
        "_health_conversion_states",
        "_gate_readings",
        "_health_policies",
        "_health_settings",
        "_job_states",
        "_record_change",
    ),
    *("_partition_rows", "_partition_sets", "_standings", "_suspensions"),
}

# The one COMMIT in a block with EXCEPTION is there to fail: its message tells whether one is allowed at all.
MEANT = {
    "maint._require_own_transaction(text), line 6, error: cannot commit while a subtransaction is active",
}

QUERIES = Path(__file__).parent / "queries"


def _found(database: Database, query: str) -> list[str]:
    return [row["object"] for row in database.query((QUERIES / f"{query}.sql").read_text())]


def test_every_routine_pins_its_search_path(database: Database) -> None:
    assert set(_found(database, "routines_without_search_path")) == COMMITTING_PROCEDURES | CALLERS_NAMES


def test_no_routine_runs_with_its_owners_rights(database: Database) -> None:
    assert set(_found(database, "security_definer")) == SECURITY_DEFINER


@pytest.mark.parametrize(
    "query",
    [
        "granted_to_public",
        "without_comment",
        "tables_without_primary_key",
        "owned_by_others",
        "procedures_with_results",
    ],
)
def test_nothing_is_found_by(query: str, database: Database) -> None:
    assert _found(database, query) == []


def test_plpgsql_check_is_silent(database: Database) -> None:
    with database.superuser() as superuser:
        superuser.execute("create extension plpgsql_check")
        rows = superuser.execute((QUERIES / "plpgsql_check.sql").read_bytes()).fetchall()
    checked, findings = {row[0] for row in rows}, {row[1] for row in rows if row[1]}
    assert checked, "no PL/pgSQL routine was checked"
    assert findings == MEANT
