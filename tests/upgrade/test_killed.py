"""A script whose connection dies leaves everything as it was, wherever it dies; many at once do what one does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg
from lifecycle.snapshot import schemas, snapshot
from support import Database
from support.passes import Pass, Table, until

from pytelemetry_db import __version__, apply, db, source
from pytelemetry_db.connection import Options, resolve
from pytelemetry_db.model import Script, Version
from pytelemetry_db.render import render_install, render_upgrade
from upgrade.fixture_release import FixtureRelease


def beginnings(script: Script) -> Iterator[str]:
    """The script up to every statement of the frame, and up to every fifth of the sources; never with its commit."""
    texts = [statement.text for statement in script.statements]
    for length in range(1, len(texts)):
        if "/frame/" in script.statements[length - 1].origin_file or length % 5 == 0:
            yield "\n".join(texts[:length])


def begin_and_die(database: Database, text: str, superuser: psycopg.Connection[tuple[object, ...]]) -> None:
    """Execute a part of a script, and end its connection from outside."""
    with closing(database.connect()) as victim:
        victim.execute(text.encode())
        pid = victim.info.backend_pid
        superuser.execute("select pg_terminate_backend(%s)", [pid])
        until(lambda: not database.query("select from pg_stat_activity where pid = %s", pid))


def test_an_installation_that_dies_leaves_nothing(empty_database: Database) -> None:
    with empty_database.superuser() as superuser:
        died = 0
        for text in beginnings(render_install(source.load())):
            begin_and_die(empty_database, text, superuser)
            assert schemas(empty_database) == {"public"}
            died += 1
    assert died > 20
    assert empty_database.value("select count(*) from pg_locks where locktype = 'advisory'") == 0


def test_an_upgrade_that_dies_leaves_the_old_version_at_work(database: Database, first: FixtureRelease) -> None:
    table = Table.make(database, expired=60, slow=0)
    before = snapshot(database)
    start = Version(__version__, database.value("select migration from maint._installation"))
    with database.superuser() as superuser:
        died = 0
        for text in beginnings(render_upgrade(first.load(), start)):
            begin_and_die(database, text, superuser)
            assert database.value("select version from maint._installation") == __version__
            assert snapshot(database) == before
            died += 1
    assert died > 20
    with Pass(database) as running:
        assert running.wait().error is None
    assert (table.last_run()["stop_reason"], table.count()) == ("done", table.fresh)
    table.assert_nothing_half_done()


def test_twenty_upgrades_at_once_all_end_well(database: Database, first: FixtureRelease) -> None:
    where = resolve(Options(dsn=database.dsn), {}, db.parse_dsn)
    release = first.load()
    start = threading.Barrier(20)

    def upgrade(_: int) -> apply.Done:
        with db.connect(where, purpose="upgrade") as connection:
            start.wait()
            return apply.apply(connection, release, apply.plan_upgrade(connection, release, apply.Request("maint")))

    with ThreadPoolExecutor(20) as pool:
        results = list(pool.map(upgrade, range(20)))
    assert {result.state.version for result in results} == {first.version}
    assert [result.changed for result in results].count(True) == 1
    assert database.value("select count(*) from maint._installation_log where action = 'upgrade'") == 1
