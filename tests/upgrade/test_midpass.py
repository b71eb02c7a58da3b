"""An upgrade while a pass is at work: the pass stops at a batch, without an error, and never calls the new code."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from support import Cli, Database
from support.passes import Pass, Table, until

from pytelemetry_db import __version__
from pytelemetry_db.model import Version
from pytelemetry_db.render import render_upgrade
from upgrade.fixture_release import FixtureRelease

Upgrade = Callable[[Database], "subprocess.Popen[str]"]
UPGRADED = "pytelemetry_db was upgraded; the next pass runs the new code"


@pytest.fixture(params=["command", "psql"])
def upgrade(request: pytest.FixtureRequest, first: FixtureRelease, tmp_path: Path) -> Upgrade:
    """Starts an upgrade in a process of its own: our command, or psql with the printed script."""
    command = Cli(tmp_path, first.root)
    if request.param == "command":
        return lambda database: command.start("upgrade", "--dsn", database.dsn)
    printed = command("sql", "upgrade", "--from", __version__)
    assert printed.returncode == 0, printed.stderr
    path = tmp_path / "upgrade.sql"
    path.write_text(printed.stdout)

    def by_psql(database: Database) -> subprocess.Popen[str]:
        arguments = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database.dsn, "-f", str(path)]
        return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    return by_psql


def finish(process: subprocess.Popen[str]) -> None:
    with process:
        out, error = process.communicate(timeout=60)
    assert process.returncode == 0, out + error


def waits(database: Database) -> bool:
    """An upgrade waits for the installation lock, or has it already."""
    return bool(
        database.value(
            "select count(*) from pg_locks where locktype = 'advisory' and mode = 'ExclusiveLock' and objsubid = 1"
            " and database = (select oid from pg_database where datname = current_database())"
        )
    )


@contextmanager
def blocked(database: Database, table: str, mode: str) -> Iterator[Any]:
    """Somebody else holds a lock on a table; leaving the block lets it go."""
    with database.connect() as application, application.transaction(force_rollback=True):
        application.execute(f"lock table {table} in {mode} mode".encode())
        yield application


def assert_the_next_pass_is_the_new_ones(table: Table, first: FixtureRelease) -> None:
    table.assert_nothing_half_done(whole_batches=True)
    table.assert_finishes()
    assert table.last_run()["version"] == first.version


def test_in_a_batch(database: Database, upgrade: Upgrade, first: FixtureRelease) -> None:
    table = Table.make(database, slow=0.3)
    with Pass(database) as running:
        until(lambda: table.under_way(2) and running.waits_for() == "PgSleep")
        process = upgrade(database)
        assert running.wait().error is None
        finish(process)
    assert running.notices == [UPGRADED]
    assert table.last_run()["stop_reason"] == "upgraded"
    assert table.last_run()["detail"] == f"upgrade to {first.version}"
    database.query("drop trigger slow on app.events")
    assert_the_next_pass_is_the_new_ones(table, first)


def test_between_two_attempts_at_a_lock(database: Database, upgrade: Upgrade, first: FixtureRelease) -> None:
    table = Table.make(database, expired=1000, slow=0.005)
    with Pass(database) as running:
        until(lambda: table.under_way(2))
        with blocked(database, "app.events", "share"):
            until(lambda: running.waits_for() == "PgSleep")
            finish(upgrade(database))
            assert running.wait().error is None
    assert running.notices == [UPGRADED]
    assert table.last_run()["stop_reason"] == "upgraded"
    assert_the_next_pass_is_the_new_ones(table, first)


def test_between_two_tables(database: Database, upgrade: Upgrade, first: FixtureRelease) -> None:
    """The second table is locked by somebody: the pass on it has a row in the ledger, and no batch."""
    done = Table.make(database, expired=40, slow=0)
    table = Table.make(database, "app.alerts", expired=400, slow=0)
    with blocked(database, "app.alerts", "access exclusive"), Pass(database) as running:
        until(lambda: database.value("select count(*) from maint._run where table_name = 'alerts'"))
        process = upgrade(database)
        assert running.wait().error is None
        finish(process)
    assert running.notices[1:] == [UPGRADED]
    assert done.last_run()["stop_reason"] == "done"
    assert (table.last_run()["stop_reason"], table.missing()) == ("upgraded", 0)
    assert_the_next_pass_is_the_new_ones(table, first)


def test_while_the_pass_analyzes_at_its_end(database: Database, upgrade: Upgrade, first: FixtureRelease) -> None:
    """Its work is done and on record; what would have come after is left out."""
    table = Table.make(database, expired=400, slow=0)
    Table.make(database, "app.alerts", expired=40, slow=0)
    # The ANALYZE waits for as long as the upgrade takes to begin.
    database.query("select maint.set_setting('lock_timeout', '30 s')")
    with ExitStack() as stack, Pass(database) as running:
        stack.enter_context(blocked(database, "app.events", "share update exclusive"))
        until(lambda: running.waits_for() == "relation")
        process = upgrade(database)
        until(lambda: waits(database))
        stack.close()
        assert running.wait().error is None
        finish(process)
    assert running.notices == [UPGRADED]
    assert [(run["stop_reason"], run["analyzed"]) for run in table.runs()] == [("done", True)]
    assert database.value("select count(*) from maint.runs") == 1
    table.assert_nothing_half_done(whole_batches=True)
    with Pass(database) as following:
        assert following.wait().error is None
    assert database.value("select min(version) from maint.runs where table_name = 'alerts'") == first.version


@pytest.mark.parametrize("already_done", ["nothing", "everything"])
def test_right_at_the_start_of_the_call(already_done: str, database: Database, first: FixtureRelease) -> None:
    """The pass waits for the upgrade, and holds nothing meanwhile that the upgrade needs."""
    table = Table.make(database, expired=400, slow=0)
    script = render_upgrade(first.load(), Version(__version__, _migration(database)))
    texts = [statement.text for statement in script.statements]
    lock = next(n for n, statement in enumerate(script.statements) if statement.origin_file == "sql/frame/lock.sql")
    cut = lock + 1 if already_done == "nothing" else len(texts) - 1
    with database.connect() as upgrading:
        upgrading.execute("\n".join(texts[:cut]).encode())
        with Pass(database) as running:
            until(lambda: running.waits_for() == "advisory")
            held = "select relation::regclass::text from pg_locks where pid = %s and locktype = 'relation' and granted"
            assert {row["relation"] for row in database.query(held, running.pid) if "maint" in row["relation"]} == set()
            upgrading.execute("\n".join(texts[cut:]).encode())
            assert running.wait().error is None
    assert running.notices == ["pytelemetry_db was upgraded while this call began; the next one runs the new code"]
    assert table.runs() == []
    assert_the_next_pass_is_the_new_ones(table, first)


def _migration(database: Database) -> int:
    found = database.value("select migration from maint._installation")
    assert isinstance(found, int)
    return found


def test_the_command_that_cleans_meanwhile_ends_well(database: Database, cli: Cli, upgrade: Upgrade) -> None:
    table = Table.make(database, slow=0.05)
    with cli.start("cleanup", "--dsn", database.dsn, "--json") as cleaning:
        until(lambda: table.under_way(2))
        finish(upgrade(database))
        out, said = cleaning.communicate(timeout=60)
    assert cleaning.returncode == 0, said
    assert UPGRADED in said
    assert '"stop_reason": "upgraded"' in out
    table.assert_nothing_half_done(whole_batches=True)
