"""From every released version and from this one to the next ones: as a fresh installation, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from _pytest.mark import ParameterSet
from lifecycle.snapshot import snapshot
from support import Cli, Database
from support.releases import Start, starts

from pytelemetry_db import __version__
from upgrade.fixture_release import FixtureRelease

IN_USE = """
    create table events_seen (id bigint primary key, created_at timestamptz, ok boolean);
    insert into events_seen
    select i, now() - make_interval(hours => i, mins => -30), i % 2 = 0 from generate_series(1, 400) as i;
    create index on events_seen (created_at);
    create table calm (id bigint primary key, at timestamptz);
    create index on calm (at);
    select maint.set_policy('events_seen', '7 days', p_condition => 'ok', p_batch_rows => 50);
    select maint.set_policy('calm', '1 day');
    select maint.set_setting('runs_keep_count', '77');
    call maint.cleanup('events_seen', p_quiet => true);
    select maint.pause('calm', 'not yet');
    call maint.cleanup(p_quiet => true);
    create view public.my_runs as select table_name, rows, stop_reason from maint.runs;
    create function maint.mine() returns integer language sql as 'select 42';
    create view maint.my_view as select rows from maint.runs where maint.mine() = 42;
"""
# What the DBA gave to a role of theirs; every object is there in all releases.
GRANTS = """
    grant usage on schema {0} to dashboard;
    grant select on {0}.runs to dashboard with grant option;
    grant select (policy_id, keep) on {0}._policy to dashboard;
    grant execute on function {0}.plan(regclass, interval, integer, boolean) to dashboard;
"""
DIFFERENT = [
    "changed column _policy.keep: grants",
    "changed column _policy.policy_id: grants",
    "extra function mine()",
    "changed function plan(regclass, interval, integer, boolean): grants",
    "changed schema maint: grants",
    "extra view my_view",
    "changed view runs: grants",
]
ROWS = """
    select 'policy' as what, to_jsonb(p) - array['note'] as row from maint._policy as p
    union all select 'run', to_jsonb(r) - array['note'] from maint._run as r
    union all select 'setting', to_jsonb(s) from maint._setting as s
    union all select 'value', to_jsonb(v) from maint._setting_value as v
    union all select 'home', to_jsonb(h) from maint._home as h
    union all select 'log', to_jsonb(l) from maint._installation_log as l where l.action <> 'upgrade'
    order by 1, 2
"""


def ways() -> list[ParameterSet]:
    """The releases on the way, for each starting point: directly, and step by step."""
    found = []
    for start in starts():
        to = [("second",), ("first", "second")]
        if start.version != __version__:
            to += [("HEAD",), ("HEAD", "first", "second")]
        found += [pytest.param(start, way, id=" to ".join((start.name, *way))) for way in to]
    return found


def run(database: Database, statements: str) -> None:
    """One after the other: a CALL that commits stands alone."""
    with database.connect() as connection:
        for statement in statements.split(";\n"):
            connection.execute(statement.encode())


@pytest.fixture
def old(empty_database: Database, start: Start) -> Iterator[Database]:
    """A database with the old version, in use: policies, passes, settings, objects and a role of the DBA's."""
    with empty_database.superuser() as superuser, empty_database.connect() as owner:
        superuser.execute("create role dashboard")
        owner.execute(start.script.encode())
        run(empty_database, IN_USE)
        run(empty_database, GRANTS.format("maint"))
        yield empty_database
        superuser.execute("drop owned by dashboard")
        superuser.execute("drop role dashboard")


def assert_kept(before: list[dict[str, Any]], after: list[dict[str, Any]], start: Start) -> None:
    """Whatever was there stays as it was; later releases add columns, and settings with their defaults are ours."""
    mine = [row for row in after if row["what"] != "setting"]
    was = [row for row in before if row["what"] != "setting"]
    for old_row, new_row in zip(was, mine, strict=True):
        expected = dict(old_row["row"])
        if start.version == "0.1.0" and old_row["what"] == "policy" and expected["batch_rows"] == 10000:
            # The default then, which nobody chose.
            expected["batch_rows"] = None
        assert {name: new_row["row"][name] for name in expected} == expected
    names = {row["row"]["name"] for row in before if row["what"] == "setting"}
    assert names <= {row["row"]["name"] for row in after if row["what"] == "setting"}


@pytest.mark.parametrize(("start", "way"), ways())
def test_an_upgrade_ends_as_a_fresh_installation_and_keeps_everything(
    start: Start,
    way: tuple[str, ...],
    old: Database,
    cli: Cli,
    cli_of: Callable[[FixtureRelease], Cli],
    first: FixtureRelease,
    second: FixtureRelease,
) -> None:
    commands = {"HEAD": cli, "first": cli_of(first), "second": cli_of(second)}
    versions = {"HEAD": __version__, "first": first.version, "second": second.version}
    before = old.query(ROWS)
    assert {"policy", "run", "setting", "value", "home", "log"} == {row["what"] for row in before}
    for name in way:
        done = commands[name]("upgrade", "--dsn", old.dsn)
        assert done.returncode == 0, done.stderr
        assert f"upgraded to pytelemetry_db {versions[name]}" in done.stderr
    assert_kept(before, old.query(ROWS), start)
    assert_the_steps_are_on_record(old, [start.version, *(versions[name] for name in way)])
    assert_as_fresh(old, commands[way[-1]])
    assert_in_use(old, commands[way[-1]])


def assert_the_steps_are_on_record(database: Database, stations: list[str]) -> None:
    log = database.query(
        "select from_version, to_version from maint._installation_log where action = 'upgrade' order by log_id"
    )
    assert [(row["from_version"], row["to_version"]) for row in log] == [*pairwise(stations)]


def assert_as_fresh(database: Database, command: Cli) -> None:
    """The record, a copy made on the spot, and a fresh schema with the same grants: all agree."""
    for options in ((), ("--deep",)):
        verified = command("verify", *options, "--dsn", database.dsn)
        assert [line.removeprefix("WARNING ") for line in verified.stdout.splitlines()] == DIFFERENT, options
    assert command("install", "--schema", "fresh", "--dsn", database.dsn).returncode == 0
    run(database, GRANTS.format("fresh"))
    run(database, "alter view maint.my_view set schema public;\nalter function maint.mine() set schema public")
    assert snapshot(database) == snapshot(database, "fresh")
    settings = [f"select * from {schema}._setting order by name" for schema in ("maint", "fresh")]
    assert database.query(settings[0]) == database.query(settings[1])


def assert_in_use(database: Database, command: Cli) -> None:
    """What depends on our views reads on, and the next pass goes on."""
    worked = command("cleanup", "--dsn", database.dsn)
    assert worked.returncode == 0, worked.stderr
    assert database.query("select * from public.my_runs order by table_name, rows") == [
        {"table_name": "calm", "rows": 0, "stop_reason": "paused"},
        {"table_name": "calm", "rows": 0, "stop_reason": "paused"},
        {"table_name": "events_seen", "rows": 0, "stop_reason": "done"},
        {"table_name": "events_seen", "rows": 0, "stop_reason": "done"},
        {"table_name": "events_seen", "rows": 116, "stop_reason": "done"},
    ]
    assert database.value("select sum(rows) from public.my_view") == 116
    with database.superuser() as superuser:
        superuser.execute("set role dashboard")
        assert superuser.execute("select count(keep) from maint._policy").fetchone() == (2,)
