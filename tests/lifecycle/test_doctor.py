"""What doctor finds around the policies: server, database and role; that its SQL mends it; what a bundle holds."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pglast
import pytest
from support import Cli, Cluster, Database

ROLE = "doctor_patient"
TABLE = "create table events (at timestamptz, note text); create index on events (at);"


@pytest.fixture
def patient(database: Database) -> Iterator[Database]:
    """The database as a role of its own sees it, a member of the owner."""
    with database.superuser() as root:
        root.execute(f"create role {ROLE} login password '{ROLE}' in role {database.owner}")
    yield Database(database.cluster, database.name, ROLE)
    with database.superuser() as root:
        root.execute(f"drop owned by {ROLE}; drop role {ROLE}".encode())


def findings(cli: Cli, database: Database) -> dict[str, dict[str, str]]:
    """By check: what is found beyond notes."""
    found = cli("doctor", "--json", "--dsn", database.dsn).json["findings"]
    return {finding["check_id"]: finding for finding in found if finding["level"] != "note"}


STRANGER = (
    f"revoke maint_owner from {ROLE}; grant usage on schema maint to {ROLE};"
    f"grant select on all tables in schema maint to {ROLE}; grant execute on all routines in schema maint to {ROLE}"
)
# What is wrong (said by a superuser), the check that finds it, and how bad it is.
ILLS = [
    (f"alter role {ROLE} in database {{db}} set statement_timeout = '30s'", "statement_timeout", "warning"),
    (f"alter role {ROLE} set default_transaction_read_only = on", "default_transaction_read_only", "warning"),
    ("revoke temporary on database {db} from public, maint_owner", "temporary", "warning"),
    (STRANGER, "member", "error"),
]


@pytest.mark.parametrize(("ill", "check", "level"), ILLS, ids=[check for _, check, _ in ILLS])
def test_what_is_wrong_is_named_and_its_sql_mends_it(
    ill: str, check: str, level: str, patient: Database, cli: Cli
) -> None:
    assert findings(cli, patient) == {}
    with patient.superuser() as root:
        root.execute(ill.format(db=patient.name).encode())
    found = findings(cli, patient)
    assert list(found) == [check]
    assert found[check]["level"] == level
    printed = cli("doctor", "--sql", "--dsn", patient.dsn).stdout
    assert found[check]["fix"] in printed.splitlines()
    with patient.superuser() as root:
        root.execute(found[check]["fix"].encode())
    assert findings(cli, patient) == {}


def test_before_installing_it_looks_at_the_surroundings(empty_database: Database, cli: Cli) -> None:
    ready = cli("doctor", "--dsn", empty_database.dsn)
    assert ready.returncode == 3
    assert ready.stderr.endswith("next: pytelemetry-db install\n")
    dsn = empty_database.cluster.dsn(empty_database.name, user="needs_password", password="needs_password")
    refused = cli("doctor", "--dsn", dsn)
    assert refused.returncode == 2
    assert "FAILED role needs_password may not create schema maint" in refused.stdout
    grant = f"grant create on database {empty_database.name} to needs_password;"
    assert f"    fix: {grant}" in refused.stdout
    with empty_database.superuser() as root:
        root.execute("create publication everything for all tables")
        root.execute(grant.encode())
    warned = cli("doctor", "--dsn", dsn)
    assert warned.returncode == 3
    assert "WARNING publication everything replicates all tables, ours too" in warned.stdout
    with empty_database.superuser() as root:
        root.execute(f"revoke create on database {empty_database.name} from needs_password".encode())


def test_a_superuser_is_told_to_come_as_somebody_else(empty_database: Database, cluster: Cluster, cli: Cli) -> None:
    result = cli("doctor", "--dsn", cluster.dsn(empty_database.name))
    assert f"WARNING role {cluster.user} is a superuser" in result.stdout


def test_where_pg_cron_keeps_its_jobs(database: Database, cluster: Cluster, cli: Cli) -> None:
    """The server of the tests has pg_cron, with its jobs in another database."""
    result = cli("doctor", "--dsn", database.dsn)
    assert result.stdout == ""
    seen = result.stderr
    assert "note: pg_cron is not in this database" in seen
    assert "pytelemetry-db schedule apply" in seen


def test_a_lock_timeout_above_deadlock_timeout(database: Database, cli: Cli) -> None:
    database.query("select maint.set_setting('lock_timeout', '1 s')")
    assert "lock_timeout" in findings(cli, database)
    database.query("select maint.set_setting('lock_timeout', '900 ms')")
    assert findings(cli, database) == {}


def test_the_sql_is_nothing_but_sql(database: Database, cli: Cli) -> None:
    with database.connect() as connection:
        connection.execute(TABLE.encode())
        connection.execute("create table bare (at timestamptz)")
        connection.execute("select maint.set_policy('events', '7 days'), maint.set_policy('bare', '7 days')")
        connection.execute("alter table events rename to others")
    printed = cli("doctor", "--sql", "--dsn", database.dsn)
    assert printed.returncode == 2
    assert [type(item.stmt).__name__ for item in pglast.parse_sql(printed.stdout)] == [
        "SelectStmt",
        "IndexStmt",
    ]
    for line in printed.stdout.splitlines():
        if not line.startswith("--"):
            database.query(line)
    assert findings(cli, database) == {}


def test_a_bundle_holds_no_row_no_literal_and_no_secret(database: Database, cli: Cli, tmp_path: Path) -> None:
    with database.connect() as connection:
        connection.execute(TABLE.encode())
        connection.execute(
            "insert into events select now() - interval '30 days', 'secret-row' from generate_series(1, 9)"
        )
        connection.execute("select maint.set_policy('events', '7 days', p_condition => $$note <> 'secret-literal'$$)")
        connection.execute(
            b"create function refuse() returns trigger language plpgsql set search_path = '' as"
            b" $$ begin raise exception 'no: %', old.note; end $$;"
            b"create trigger refuse before delete on events for each row execute function refuse()"
        )
        connection.execute("select maint.pause('events', 'secret-reason'), maint.resume('events')")
    assert cli("cleanup", "--dsn", database.dsn).returncode == 2
    path = tmp_path / "bundle.json"
    result = cli("doctor", "--bundle", path, "--dsn", database.dsn)
    assert (result.returncode, result.stdout) == (0, ""), result.stderr
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    for secret in ("secret-row", "secret-literal", "secret-reason", "note <>", database.owner + "'"):
        assert secret not in text
    facts = json.loads(text)
    assert facts["schema_version"] == 1
    assert facts["installation"]["code"] is True
    assert [policy["has_condition"] for policy in facts["policies"]] == [True]
    assert [run["stop_reason"] for run in facts["runs"]] == ["failed"]
    assert [run["error_sqlstate"] for run in facts["runs"]] == ["P0001"]
    assert [row["exact"] for row in facts["plan"]] == [True]
    assert {"name": "server_version", "setting": facts["server"]["version"]}.items() <= {
        key: value for row in facts["server_settings"] if row["name"] == "server_version" for key, value in row.items()
    }.items()


def test_a_bundle_needs_a_directory_and_works_before_installing(
    empty_database: Database, cli: Cli, tmp_path: Path
) -> None:
    wrong = cli("doctor", "--bundle", tmp_path / "nowhere" / "b.json", "--dsn", empty_database.dsn)
    assert wrong.returncode == 64
    assert cli("doctor", "--bundle", tmp_path / "b.json", "--dsn", empty_database.dsn).returncode == 0
    assert json.loads((tmp_path / "b.json").read_text())["installation"]["version"] is None
