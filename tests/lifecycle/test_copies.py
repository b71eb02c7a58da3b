"""A copy of the database removes nothing until somebody says that it is meant to: restored, cloned, promoted.

In every table here the ids 1 to 5 are fresh and the others are long expired.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from support import Cli, Cluster, Database, Result, Standby
from support.cluster import OWNER
from support.passes import Pass, Table, until

FRESH = {1, 2, 3, 4, 5}
CONFIRM = "select maint.confirm(p_guard => 'copy', p_reason => '…');"
UNBOUND = "the policy of app.{} came with a copy of another database and is not bound to a table here yet"
# Of alerts only those with an even id may go.
CLEAN = {"app.events": FRESH, "app.alerts": FRESH | {7, 9, 11, 13, 15}, "app.other": set(range(1, 16))}
FULL = {"app.events": set(range(1, 26)), "app.alerts": set(range(1, 16)), "app.other": set(range(1, 16))}


def make(database: Database, name: str, last_id: int) -> None:
    database.query(f"create table {name} (id bigint primary key, at timestamptz not null)")
    database.query(f"create index on {name} (at)")
    database.query(
        f"insert into {name} select i, now() - make_interval(days => case when i > 5 then 30 else 0 end)"
        f" from generate_series(1, {last_id}) as i"
    )


def fill(database: Database) -> Database:
    """Two tables with policies and one without."""
    database.query("create schema app")
    make(database, "app.events", 25)
    make(database, "app.alerts", 15)
    make(database, "app.other", 15)
    database.query("select maint.set_policy('app.events', '7 days')")
    database.query("select maint.set_policy('app.alerts', '7 days', p_condition => 'id % 2 = 0')")
    assert contents(database) == FULL
    return database


def contents(database: Database) -> dict[str, set[int]]:
    """The ids in every table of the schema app."""
    tables = database.query(
        "select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = 'app'"
    )
    return {row["name"]: {found["id"] for found in database.query(f"select id from {row['name']}")} for row in tables}


def policies(database: Database) -> list[dict[str, Any]]:
    return database.query("select * from maint.retention order by table_name desc")


def state(database: Database) -> list[tuple[str, str | None]]:
    """State and reason of both policies, events first."""
    return [(row["state"], row["state_detail"]) for row in policies(database)]


def clean(database: Database) -> str:
    """Run a pass over everything; returns the error that it ended with, or an empty text."""
    try:
        database.query("call maint.cleanup()")
    except psycopg.Error as error:
        return str(error)
    return ""


@contextmanager
def new_database(cluster: Cluster, name: str, options: str = "") -> Iterator[Database]:
    """A database of the owner for the length of a block."""
    with cluster.connect() as connection:
        connection.execute(f"create database {name} owner {OWNER} {options}".encode())
    try:
        yield Database(cluster, name)
    finally:
        with cluster.connect() as connection:
            connection.execute(f"drop database {name} with (force)".encode())


def restore(original: Database, copy: Database, folder: Path, form: str) -> None:
    """Dump and restore as the owner, with the programs that everybody uses."""
    client, dump = original.cluster.client, folder / "dump"
    client("pg_dump", "-d", original.dsn, "-F", form, "-f", dump)
    if form == "plain":
        client("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", copy.dsn, "-f", dump)
    else:
        client("pg_restore", "--exit-on-error", "-d", copy.dsn, dump)
    assert contents(copy) == FULL


def psql(database: Database, statement: str) -> None:
    """Type a statement into psql as it was printed."""
    database.cluster.client("psql", "-X", "-v", "ON_ERROR_STOP=1", "-d", database.dsn, "-c", statement)


def oid(database: Database) -> int:
    found = database.value("select oid from pg_database where datname = current_database()")
    assert isinstance(found, int)
    return found


def reason(original: Database, copy: Database) -> str:
    return (
        f"this database (oid {oid(copy)}) is not the one that was installed in (oid {oid(original)}):"
        " a restored dump or a copy made from a template"
    )


# --- dumps ------------------------------------------------------------------------------------------------------


def test_a_restored_dump_waits_for_confirm_and_rebind_in_sql(database: Database, tmp_path: Path) -> None:
    fill(database)
    with new_database(database.cluster, "restored") as copy:
        restore(database, copy, tmp_path, "plain")
        why = reason(database, copy)
        planned = copy.query("select * from maint.plan()")
        assert [(row["state"], row["expired_rows"], row["findings"]) for row in planned] == [
            ("suspended", None, [])
        ] * 2
        assert {row["note"] for row in planned} == {f"{why}. Fix: {CONFIRM}"}
        assert state(copy) == [("suspended", why)] * 2
        error = clean(copy)
        assert "2 of 2 tables did not finish: app." in error
        assert error.count(f"suspended, 0 rows in 0 batches, 0.0 s, debt unknown. {why}. Fix: {CONFIRM}") == 2
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="the policy is suspended") as refused:
            copy.query("select maint.rebind('app.events')")
        assert refused.value.diag.message_hint == CONFIRM
        assert contents(copy) == FULL

        psql(copy, CONFIRM)
        assert state(copy) == [("suspended", UNBOUND.format("events")), ("suspended", UNBOUND.format("alerts"))]
        assert "2 of 2 tables did not finish" in clean(copy)
        assert contents(copy) == FULL
        fixes = [row["state_fix"] for row in policies(copy)]
        assert fixes == ["select maint.rebind('app.events');", "select maint.rebind('app.alerts');"]
        psql(copy, fixes[0])
        assert "1 of 2 tables did not finish: app.alerts" in clean(copy)
        assert contents(copy) == FULL | {"app.events": FRESH}
        psql(copy, fixes[1])
        assert clean(copy) == ""
        assert contents(copy) == CLEAN
        assert copy.query("select action, reason from maint._installation_log order by log_id")[-1] == {
            "action": "confirm copy",
            "reason": f"… ({why})",
        }
    assert contents(database) == FULL
    assert state(database) == [("active", None)] * 2


def test_a_restored_dump_waits_for_confirm_and_rebind_on_the_command_line(
    database: Database, cli: Cli, tmp_path: Path
) -> None:
    fill(database)
    with new_database(database.cluster, "restored") as copy:
        restore(database, copy, tmp_path, "custom")
        why = reason(database, copy)

        def run(*command: str, code: int = 0) -> Result:
            result = cli(*command, "--dsn", copy.dsn)
            assert result.returncode == code, result
            return result

        assert run("status").stdout.count(f"suspended: {why}\n") == 2
        assert run("status").stderr == f"next: {CONFIRM}\n"
        assert run("plan").stderr.count(f"{why}. Fix: {CONFIRM}") == 2
        assert CONFIRM in run("doctor", code=2).stdout
        assert "already installed" in run("install").stderr
        assert f"{why}. Fix: {CONFIRM}" in run("cleanup", code=2).stderr
        assert contents(copy) == FULL

        assert "confirmed copy" in run("confirm", "--guard", "copy", "--reason", "moved, the old one is gone").stderr
        assert run("status").stderr == "next: select maint.rebind('app.alerts');\n"
        assert UNBOUND.format("events") in run("cleanup", code=2).stderr
        assert contents(copy) == FULL
        run("policy", "rebind", "app.events")
        run("policy", "rebind", "app.alerts")
        run("doctor")
        done = run("cleanup", "--json").json
        assert sorted((row["table_name"], row["stop_reason"], row["rows"]) for row in done["passes"]) == [
            ("alerts", "done", 5),
            ("events", "done", 20),
        ]
        assert contents(copy) == CLEAN
    assert contents(database) == FULL


def test_on_another_server_the_stored_oid_never_leads_to_a_table(database: Database, tmp_path: Path) -> None:
    """A new cluster gives out the same oids again: to the database, and to a table that nobody named."""
    fill(database)
    stored = database.value("select relation_id from maint._policy where table_name = 'events'")
    elsewhere = database.cluster.another()
    try:
        elsewhere.run("pg_resetwal", "-o", stored - 50, "-D", elsewhere.pgdata)
        elsewhere.start()
        elsewhere.create_roles()
        with new_database(elsewhere, "restored", f"oid = {oid(database)}") as copy:
            with copy.connect() as connection:
                until(lambda: connection.execute("select lo_create(0) = %s", [stored - 1]).fetchone() == (True,))
                connection.execute(
                    "create table public.alerts (id bigint, at timestamptz not null, created_at timestamptz)"
                )
            assert copy.value("select 'public.alerts'::regclass::oid") == stored
            copy.query("insert into public.alerts select i, now() - interval '1 year' from generate_series(1, 9) as i")
            restore(database, copy, tmp_path, "custom")
            # The other stored oid is, by the same chance, that of the first policy's table.
            copy.query("update maint._policy set relation_id = 'app.events'::regclass where table_name = 'alerts'")
            _assert_nothing_leads_to_the_wrong_table(copy)
            assert oid(copy) == oid(database)
            assert clean(copy).count("system identifier") == 2
            assert contents(copy) == FULL
            copy.query(CONFIRM)
            assert state(copy) == [("suspended", UNBOUND.format("events")), ("suspended", UNBOUND.format("alerts"))]
            for row in policies(copy):
                copy.query(row["state_fix"])
            assert clean(copy) == ""
            assert contents(copy) == CLEAN
            assert copy.value("select count(*) from public.alerts") == 9
    finally:
        elsewhere.remove()


def _assert_nothing_leads_to_the_wrong_table(copy: Database) -> None:
    """Before the copy is confirmed, nothing takes the table with the stored oid for the one that has the policy."""
    for call in (
        "select maint.plan('public.alerts')",
        "select maint.pause('public.alerts')",
        "select maint.rebind('public.alerts')",
        "select maint.drop_policy('public.alerts')",
        "call maint.cleanup('public.alerts')",
    ):
        with pytest.raises(psycopg.errors.NoDataFound, match=r"there is no policy on public\.alerts"):
            copy.query(call)
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState) as refused:
        copy.query("select maint.set_policy('public.alerts', '1 day', 'at')")
    assert refused.value.diag.message_hint == CONFIRM
    profile = copy.query("select * from maint.apply_profile('telemetry') where table_name = 'public.alerts'")
    assert [(row["action"], row["fix"]) for row in profile] == [("refused", CONFIRM)]
    assert [
        (row["table_name"], row["expired_rows"], row["findings"]) for row in copy.query("select * from maint.plan()")
    ] == [
        ("alerts", None, []),
        ("events", None, []),
    ]
    assert copy.value("select count(*) from maint._policy") == 2


# --- templates --------------------------------------------------------------------------------------------------


def test_a_database_made_from_a_template_waits_for_confirm_and_needs_no_rebind(database: Database, cli: Cli) -> None:
    fill(database)
    with new_database(database.cluster, "cloned", f'template "{database.name}"') as copy:
        why = reason(database, copy)
        assert state(copy) == [("suspended", why)] * 2
        # Its tables are the policies' tables, so that a plan can say what is waiting.
        planned = copy.query("select table_name, state, expired_rows from maint.plan()")
        assert [tuple(row.values()) for row in planned] == [("alerts", "suspended", 5), ("events", "suspended", 20)]
        assert clean(copy).count(why) == 2
        assert cli.here("cleanup", "--dsn", copy.dsn).returncode == 2
        assert contents(copy) == FULL
        confirmed = cli.here("confirm", "--guard", "copy", "--reason", "a test stand", "--dsn", copy.dsn)
        assert confirmed.returncode == 0, confirmed.stderr
        assert state(copy) == [("active", None)] * 2
        assert cli.here("cleanup", "--dsn", copy.dsn).returncode == 0
        assert contents(copy) == CLEAN
    assert contents(database) == FULL


@pytest.mark.parametrize("how", ["dump", "template"])
def test_holds_come_along_with_a_copy(how: str, database: Database, tmp_path: Path) -> None:
    """They bind by the name of the table where its oid means nothing, also before anybody has bound the policy."""
    fill(database)
    database.query("select maint.add_hold('app.events', 'id in (7, 8)', 'case 4711')")
    database.query("select maint.add_hold('app.alerts', null, 'all of it')")
    template = f'template "{database.name}"' if how == "template" else ""
    with new_database(database.cluster, "held", template) as copy:
        if how == "dump":
            restore(database, copy, tmp_path, "plain")
        held = [(row["table_name"], row["reason"]) for row in copy.query("select * from maint.holds order by hold_id")]
        assert held == [("events", "case 4711"), ("alerts", "all of it")]
        assert {row["state"] for row in policies(copy)} == {"suspended"}
        assert "2 of 2 tables did not finish" in clean(copy)
        assert contents(copy) == FULL
        psql(copy, CONFIRM)
        if how == "dump":
            for table in ("app.events", "app.alerts"):
                copy.query("select maint.rebind(%s::regclass)", table)
        planned = {row["table_name"]: row["expired_rows"] for row in copy.query("select * from maint.plan()")}
        assert planned == {"events": 18, "alerts": 0}
        assert clean(copy) == ""
        assert contents(copy) == FULL | {"app.events": FRESH | {7, 8}}
        copy.query("select maint.release_hold(hold_id, 'closed') from maint.holds")
        assert clean(copy) == ""
        assert contents(copy) == CLEAN


def test_confirm_says_what_it_cannot_confirm(database: Database, cli: Cli) -> None:
    fill(database)
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="nothing waits for a confirmation"):
        database.query(CONFIRM)
    nothing = cli.here("confirm", "--guard", "copy", "--reason", "x", "--dsn", database.dsn)
    assert nothing.returncode == 64
    assert nothing.stderr.startswith("error: nothing waits for a confirmation\n")
    with new_database(database.cluster, "cloned", f'template "{database.name}"') as copy:
        for arguments, says in (
            ("p_guard => 'promotion', p_reason => 'x'", 'p_guard is "promotion", but what waits is "copy"'),
            ("p_reason => 'x'", 'p_guard is "null", but what waits is "copy"'),
            ("'app.events', 'copy', 'x'", "which concerns every table"),
            ("p_guard => 'copy'", "a confirmation needs a reason"),
            ("p_guard => 'copy', p_reason => ' '", "a confirmation needs a reason"),
        ):
            with pytest.raises(psycopg.errors.InvalidParameterValue, match=says) as refused:
                copy.query(f"select maint.confirm({arguments})")
            assert refused.value.diag.message_hint
        for options, says in (
            (("--guard", "promotion", "--reason", "x"), 'what waits is "copy"'),
            (("--guard", "copy", "--reason", ""), "a confirmation needs a reason"),
            (("--guard", "copy"), "Missing option '--reason'"),
            (("--reason", "x"), "Missing option '--guard'"),
        ):
            result = cli.here("confirm", *options, "--dsn", copy.dsn)
            assert result.returncode == 64
            assert says in result.stderr
        assert [row["state"] for row in policies(copy)] == ["suspended"] * 2
        assert copy.value("select count(*) from maint._installation_log where action like 'confirm%%'") == 1


# --- replicas ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def originals(installed_server: Any, cluster: Cluster) -> Iterator[dict[str, Database]]:
    """Three databases of the primary, for as long as this module runs."""
    template = installed_server.template_dbname
    names = ("goes_on", "waits", "races")
    with cluster.connect() as connection:
        for name in names:
            connection.execute(f'create database {name} template "{template}" owner {OWNER}'.encode())
    lent = {name: Database(cluster, name) for name in names}
    for database in lent.values():
        database.query(CONFIRM)
        fill(database)
    lent["waits"].query("select maint.set_setting('on_promotion', 'suspend')")
    yield lent
    with cluster.connect() as connection:
        for name in names:
            connection.execute(f"drop database {name} with (force)".encode())


@pytest.fixture
def standby(originals: dict[str, Database], cluster: Cluster) -> Iterator[Standby]:
    """A streaming replica of the primary."""
    replica = cluster.standby()
    try:
        replica.start()
        yield replica
    finally:
        replica.remove()


def test_a_standby_shows_everything_and_changes_nothing(
    originals: dict[str, Database], standby: Standby, cli: Cli
) -> None:
    primary, replica = originals["goes_on"], Database(standby, "goes_on")
    with Pass(replica) as refused:
        error = refused.wait(10).error
    assert isinstance(error, psycopg.errors.ReadOnlySqlTransaction)
    assert (error.diag.message_primary, error.diag.message_hint) == (
        "this server is a read-only standby",
        "Call cleanup on the primary.",
    )
    assert replica.query("select * from maint.plan()")[0]["expired_rows"] == 5

    said: dict[str, Result] = {}
    for command in (["status"], ["plan"], ["report"], ["doctor"], ["policy", "list"]):
        shown = cli.here(*command, "--dsn", replica.dsn)
        assert shown.returncode == 0, shown
        said[command[0]] = shown
    assert ", read-only standby" in said["status"].stdout
    assert said["status"].stderr == "next: pytelemetry-db report\n"
    for command in (
        ["cleanup"],
        ["cleanup", "app.events"],
        ["install"],
        ["install", "--dry-run"],
        ["install", "--schema", "night"],
        ["policy", "set", "app.events", "--keep", "8d"],
        ["policy", "set", "app.events", "--condition", "id > 0"],
        ["policy", "pause", "app.events"],
        ["policy", "drop", "app.events"],
    ):
        result = cli.here(*command, "--dsn", replica.dsn)
        assert result.returncode == 2, result
        (line,) = re.findall("^error: .*\n  try: .*", result.stderr, re.MULTILINE)
        assert "standby" in line
        assert "on the primary" in line or "to the primary" in line
        assert "Traceback" not in result.stderr
    assert contents(primary) == FULL


def test_a_standby_shows_a_pass_that_is_at_work_on_the_primary(
    originals: dict[str, Database], standby: Standby
) -> None:
    """The process is on another server: whether it lives can only be told by its last sign of life."""
    replica = Database(standby, "races")
    table = Table.make(originals["races"], "app.slow")
    with Pass(table.database, "'app.slow'") as running:
        shown = until(lambda: replica.query("select * from maint.progress where batches > 2"))
        (run,) = replica.query("select * from maint.runs")
        assert (shown[0]["pid"], run["stop_reason"]) == (running.pid, None)
        table.database.query("select maint.pause('app.slow')")
        assert running.wait().error is None
    table.database.query("select maint.drop_policy('app.slow')")
    table.database.query("drop table app.slow")


def test_after_a_promotion_passes_go_on_or_wait_as_the_setting_says(
    originals: dict[str, Database], standby: Standby, cli: Cli
) -> None:
    standby.promote()
    goes_on, waits, races = (Database(standby, name) for name in ("goes_on", "waits", "races"))

    changed = "the timeline changed from 1 to 2"
    done = cli.here("cleanup", "--dsn", goes_on.dsn)
    assert done.returncode == 0, done
    assert re.findall("^warning: (.*)$", done.stderr, re.MULTILINE) == [f"{changed}; passes go on"]
    assert contents(goes_on) == CLEAN
    assert "timeline" not in cli.here("cleanup", "--dsn", goes_on.dsn).stderr
    _assert_logged_once(goes_on, "promotion", f"{changed}; passes go on")

    why = f"{changed}: a failover, or a promoted copy"
    fix = "select maint.confirm(p_guard => 'promotion', p_reason => '…');"
    assert cli.here("status", "--dsn", waits.dsn).stderr == f"next: {fix}\n"
    assert state(waits) == [("suspended", why)] * 2
    refused = cli.here("cleanup", "--dsn", waits.dsn)
    assert refused.returncode == 2
    assert f"{why}. Fix: {fix}" in refused.stderr
    wrong = cli.here("confirm", "--guard", "copy", "--reason", "x", "--dsn", waits.dsn)
    assert (wrong.returncode, 'what waits is "promotion"' in wrong.stderr) == (64, True)
    assert contents(waits) == FULL
    assert cli.here("confirm", "--guard", "promotion", "--reason", "drill", "--dsn", waits.dsn).returncode == 0
    assert clean(waits) == ""
    assert contents(waits) == CLEAN
    _assert_logged_once(waits, "confirm promotion", f"drill ({why})")

    # Two passes at once: the one that comes second neither warns nor writes it down again.
    with races.connect() as first:
        first.execute("begin")
        first.execute("select maint._note_promotion()")
        with Pass(races) as second:
            until(lambda: second.waits_for() == "transactionid")
            first.execute("commit")
            assert second.wait().error is None
    assert not any("timeline" in notice for notice in second.notices)
    assert contents(races) == CLEAN
    _assert_logged_once(races, "promotion", f"{changed}; passes go on")

    assert [contents(database) for database in originals.values()] == [FULL] * 3


def _assert_logged_once(database: Database, action: str, why: str) -> None:
    logged = database.query("select action, reason from maint._installation_log where action like '%%promotion'")
    assert logged == [{"action": action, "reason": why}]
