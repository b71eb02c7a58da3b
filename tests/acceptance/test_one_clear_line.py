"""Whatever goes wrong is one line on stderr, with what to do, the documented exit code, and nothing changed.

What needs no server is in unit/test_cli.py; what install refuses is in lifecycle/test_refusals.py. A traceback would
end the test, because commands run in its own process here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support import Cli, Cluster, Database, Result
from support.cluster import PASSWORD_ROLE
from support.telemetry import fill, make_tables

from pytelemetry_db.render import render_install
from pytelemetry_db.source import load

# Every command that needs our schema, with arguments that would be right if it were there.
COMMANDS = [
    ["plan"],
    ["plan", "events_seen", "--keep", "events_seen=5d"],
    ["cleanup"],
    ["cleanup", "--dry-run"],
    ["cleanup", "events_seen"],
    ["policy", "set", "events_seen", "--keep", "7d"],
    ["policy", "list"],
    ["policy", "show", "events_seen"],
    ["policy", "drop", "events_seen"],
    ["policy", "pause", "events_seen"],
    ["policy", "resume", "events_seen"],
    ["policy", "rebind", "events_seen"],
    ["confirm", "--guard", "copy", "--reason", "why not"],
    ["doctor", "events_seen"],
    ["report"],
]
OTHERS = """
    create view seen as select * from events_seen;
    create materialized view seen_yesterday as select * from events_seen;
    create sequence numbers;
    create table parted (at timestamptz) partition by range (at);
    create table parted_2020 partition of parted for values from ('2020-01-01') to ('2021-01-01');
    create table twice (made timestamptz, seen timestamptz);
    create table never (id integer);
    create table free (at timestamptz);
    create table gone (at timestamptz);
    create schema empty_schema
"""
FOREIGN = """
    create foreign data wrapper nothing;
    create server elsewhere foreign data wrapper nothing;
    create foreign table far (at timestamptz) server elsewhere;
    create table theirs (at timestamptz);
    create schema locked create table hidden (at timestamptz)
"""


@pytest.fixture(scope="module")
def database(installed_server: Any, cluster: Cluster) -> Iterator[Database]:
    """The telemetry tables with their policies, and everything that is no table to clean."""
    name = "one_clear_line"
    with cluster.connect() as connection:
        connection.execute(f'create database {name} template "{installed_server.template_dbname}" owner maint_owner')
    lent = Database(cluster, name)
    lent.query("select maint.confirm(p_guard => 'copy', p_reason => 'a copy for the tests of one module')")
    make_tables(lent)
    fill(lent)
    lent.query("select * from maint.apply_profile('telemetry')")
    lent.query(OTHERS)
    with lent.superuser() as superuser:
        superuser.execute(FOREIGN)
    lent.query("select maint.set_policy('gone', '7 days')")
    lent.query("drop table gone")
    with lent.connect() as connection:
        connection.execute(render_install(load(), schema="no_policies").text.encode())
    yield lent
    with cluster.connect() as connection:
        connection.execute(f"drop database {name} with (force)")


def everything(database: Database) -> list[dict[str, Any]]:
    """What must not change: rows, policies, passes, relations."""
    return database.query(
        """
        select
            (select array_agg(p::text order by p.policy_id) from maint._policy as p) as policies,
            (select count(*) from maint._run) as runs,
            (select count(*) from events_seen) + (select count(*) from agg_1m) + (select count(*) from alerts) as rows,
            (select array_agg(c.oid order by c.oid) from pg_class as c) as relations,
            (select array_agg(l::text) from maint._installation_log as l) as log
        """
    )


def one_clear_line(result: Result, code: int, *says: str) -> None:
    """One error with its reason, at most one line with what to do; before it at most where we are and a note."""
    assert result.returncode == code, result
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("error: "))
    assert all("@" in line or line.startswith("note: ") for line in lines[:at]), lines
    assert [line for line in lines[at + 1 :] if not line.startswith("  try: ")] == []
    assert len(lines) - at <= 2
    for text in says:
        assert text in "\n".join(lines[at:])


# --- the database ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [["cleanup"], ["plan"], ["policy", "list"], ["doctor"]], ids=" ".join)
@pytest.mark.parametrize(
    ("dsn", "code", "says"),
    [
        ("nonsense", 64, "--dsn cannot be read as a connection string"),
        ("host=127.0.0.1 port=1 dbname=x", 2, "Connection refused"),
        ("host=/nowhere dbname=x", 2, "cannot connect to /nowhere:5432/x (from --dsn)"),
        ("host=nowhere.invalid dbname=x", 2, "cannot connect to nowhere.invalid:5432/x (from --dsn)"),
        ("{dsn} dbname=no_such_database", 2, 'database "no_such_database" does not exist'),
        ("{dsn} user=nobody_at_all", 3, 'role "nobody_at_all" does not exist'),
        (f"{{dsn}} user={PASSWORD_ROLE} password=wrong", 3, "password authentication failed"),
        (f"{{dsn}} user={PASSWORD_ROLE} password=''", 3, "no password supplied"),
    ],
    ids=["no dsn", "no server", "no socket", "no host", "no database", "no role", "wrong password", "no password"],
)
def test_no_connection(command: list[str], dsn: str, code: int, says: str, database: Database, cli: Cli) -> None:
    result = cli.here(*command, "--dsn", dsn.format(dsn=database.dsn))
    one_clear_line(result, code, says)
    assert "wrong" not in result.stderr
    if code != 64:
        assert "  try: check " in result.stderr


def test_two_sources_are_told_and_one_is_used_whole(database: Database, cli: Cli) -> None:
    """PGHOST leads nowhere: were it mixed into DB_*, there would be no connection."""
    where = {"DB_HOST": database.cluster.host, "DB_PORT": str(database.cluster.port), "DB_NAME": database.name}
    elsewhere = {"PGHOST": "/nowhere", "DATABASE_URL": "postgresql://nowhere.invalid/x"}
    result = cli.here("plan", "agg_1m", env={**where, "DB_USER": "maint_owner", **elsewhere})
    assert result.returncode == 0, result.stderr
    first, second, *_ = result.stderr.splitlines()
    assert first == ("note: connection from DB_HOST, DB_PORT, DB_NAME, DB_USER; not used: PGHOST; DATABASE_URL")
    assert second.startswith("maint_owner@")


# --- our schema --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("schema", ["not_there", "empty_schema"])
def test_not_installed(command: list[str], schema: str, database: Database, cli: Cli) -> None:
    result = cli.here(*command, "--schema", schema, "--dsn", database.dsn)
    one_clear_line(result, 3, f'pytelemetry_db is not installed in schema "{schema}"')
    # What to do is about that schema too, and not about the usual one.
    assert result.stderr.splitlines()[-1] in (
        f"  try: pytelemetry-db install --schema {schema}",
        f"  try: pytelemetry-db status --schema {schema}",
    )


@pytest.mark.parametrize(
    "command", [["plan"], ["cleanup"], ["cleanup", "--dry-run"], ["cleanup", "--json"]], ids=" ".join
)
def test_no_policy_at_all(command: list[str], database: Database, cli: Cli) -> None:
    result = cli.here(*command, "--schema", "no_policies", "--dsn", database.dsn)
    one_clear_line(result, 3, "there is no policy in schema no_policies", '"policy set" (command line)')


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_privilege_on_our_schema(command: list[str], database: Database, cli: Cli) -> None:
    before = everything(database)
    stranger = database.cluster.dsn(database.name, user=PASSWORD_ROLE, password=PASSWORD_ROLE)
    one_clear_line(
        cli.here(*command, "--dsn", stranger),
        3,
        "permission denied for schema maint",
        "try: connect as the role that owns schema maint, or as a member of it",
    )
    assert everything(database) == before


# --- tables ------------------------------------------------------------------------------------------------------

A_COLUMN = ["--keep", "7d", "--column", "at"]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["seen", *A_COLUMN], 64, ["public.seen is a view, not a table", "Name the table that stores the rows"]),
        (["seen_yesterday", *A_COLUMN], 64, ["public.seen_yesterday is a materialized view, not a table"]),
        (["far", *A_COLUMN], 64, ["public.far is a foreign table, not a table"]),
        (["numbers", *A_COLUMN], 64, ["public.numbers is a sequence, not a table"]),
        (["parted_2020", *A_COLUMN], 64, ["public.parted_2020 is a partition", "Name its root: public.parted."]),
        (["pg_class", *A_COLUMN], 64, ["pg_catalog.pg_class is a system table"]),
        (["maint._run", *A_COLUMN], 64, ["maint._run is in a schema of pytelemetry_db itself"]),
        (
            ["no_such_table", "--keep", "7d"],
            64,
            ['relation "no_such_table" does not exist', "try: name the table with"],
        ),
        (["no_such_schema.t", "--keep", "7d"], 64, ['schema "no_such_schema" does not exist']),
        (["maint.no_such_table", "--keep", "7d"], 64, ['relation "maint.no_such_table" does not exist']),
        (["elsewhere.public.t", "--keep", "7d"], 64, ["cross-database references are not implemented"]),
        (["a.b.c.d", "--keep", "7d"], 64, ["too many dotted names"]),
        (["", "--keep", "7d"], 64, ["invalid name syntax"]),
        (["twice", "--keep", "7d"], 64, ["public.twice has 2 columns of a time type", "made, seen", "--column"]),
        (["twice", "--keep", "7d", "--column", "no"], 64, ['public.twice has no column "no"', "--column"]),
        (["never", "--keep", "7d"], 64, ["public.never has 0 columns of a time type", "--column"]),
        (["never", "--keep", "7d", "--column", "id"], 64, ['the epoch column "id" needs a unit', "--epoch-unit"]),
        (["free"], 64, ["a new policy on public.free needs p_keep", "--keep"]),
        (
            ["theirs", "--keep", "7d"],
            3,
            ["has no DELETE privilege on public.theirs", "try: grant delete on public.theirs"],
        ),
        (["locked.hidden", "--keep", "7d"], 3, ["permission denied for schema locked"]),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_policy_that_cannot_be(
    arguments: list[str], code: int, says: list[str], database: Database, cli: Cli
) -> None:
    before = everything(database)
    one_clear_line(cli.here("policy", "set", *arguments, "--dsn", database.dsn), code, *says)
    assert everything(database) == before


def test_a_policy_on_a_temporary_table(database: Database, cli: Cli) -> None:
    """Another session's: even its name is out of reach."""
    with database.connect() as session:
        session.execute("create temporary table scratch (at timestamptz)")
        found = session.execute("select pg_my_temp_schema()::regnamespace::text").fetchone()
        assert found is not None
        for name, code in (("scratch", 64), (f"{found[0]}.scratch", 3)):
            one_clear_line(cli.here("policy", "set", name, "--keep", "7d", "--dsn", database.dsn), code)


def test_a_privilege_that_was_taken_away_later(database: Database, cli: Cli) -> None:
    """set_policy had it; the pass fails with the grant that mends it, plan and doctor say it before."""
    with database.superuser() as superuser:
        superuser.execute("grant select, delete on theirs to maint_owner")
        database.query("select maint.set_policy('theirs', '7 days')")
        superuser.execute("revoke delete on theirs from maint_owner")
    try:
        reason = "role maint_owner has no DELETE privilege on public.theirs"
        for command, code in ((["plan", "theirs"], 0), (["doctor", "theirs"], 2), (["cleanup", "theirs"], 2)):
            result = cli.here(*command, "--dsn", database.dsn)
            assert result.returncode == code
            assert reason in result.stdout + result.stderr
            assert "grant delete on public.theirs to maint_owner;" in result.stdout + result.stderr
        quiet = cli.here("cleanup", "theirs", "-q", "--dsn", database.dsn)
        assert quiet.returncode == 2
        (line,) = quiet.stderr.splitlines()
        assert line.startswith("warning: run ")
        assert reason in line
    finally:
        database.query("select maint.drop_policy('theirs')")
        database.query("delete from maint._run")


# --- values ------------------------------------------------------------------------------------------------------


def keeps(text: str) -> list[list[str]]:
    """The three ways to say a keep."""
    return [
        ["policy", "set", "events_seen", f"--keep={text}"],
        ["plan", f"--keep=events_seen={text}"],
        ["cleanup", "--yes", f"--keep=events_seen={text}"],
    ]


@pytest.mark.parametrize("way", range(3), ids=["policy set", "plan", "cleanup"])
@pytest.mark.parametrize(
    ("keep", "says"),
    [
        ("0", ['"0" has no unit']),
        ("0d", ['keep cannot be "00:00:00"', "1 minute to 100 years"]),
        ("-7d", ['"-7d" is negative']),
        ("7", ['"7" of what? (7d is days, 7h is hours)', "events_seen=7d"]),
        ("7m", ['"7m" is ambiguous', "minutes or months?"]),
        ("1s", ['keep cannot be "00:00:01"']),
        ("500y", ['keep cannot be "500 years"', "1 minute to 100 years"]),
        ("99999999999999999999y", ["interval field value out of range"]),
        ("soon", ['"soon" is not a duration']),
        ("", ["is empty"]),
    ],
)
def test_a_keep_that_cannot_be(keep: str, says: list[str], way: int, database: Database, cli: Cli) -> None:
    before = everything(database)
    said = [text.replace("events_seen=", "") if way == 0 else text for text in says]
    one_clear_line(cli.here(*keeps(keep)[way], "--dsn", database.dsn), 64, *said)
    assert everything(database) == before


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ("cleanup --max-duration 0", 64, ['--max-duration: "0" has no unit']),
        ("cleanup --max-duration 0s", 64, ['max_duration cannot be "00:00:00"', "above 0"]),
        ("cleanup --max-duration 5", 64, ['"5" of what?', "try: --max-duration 5d"]),
        ("cleanup --max-duration 900000y", 64, ["out of range"]),
        ("cleanup --batch-rows 0", 64, ["batch_rows cannot be 0", "1 to 1000000"]),
        ("cleanup --batch-rows 2000000", 64, ["batch_rows cannot be 2000000"]),
        ("cleanup --batch-rows 0 --dry-run", 64, ["batch_rows cannot be 0", "1 to 1000000"]),
        ("cleanup --batch-rows many", 64, ["--batch-rows", "pytelemetry-db cleanup --help"]),
        ("plan --batch-rows 0", 64, ["batch_rows cannot be 0", "1 to 1000000"]),
        ("plan --batch-rows=-1", 64, ["batch_rows cannot be -1"]),
        ("cleanup -events-retention-days=0", 64, ['keep cannot be "00:00:00"']),
        ("cleanup -events-retention-days=-7", 64, ['keep cannot be "-7 days"']),
        ("cleanup -events-retention-days=week", 64, ["--events-retention-days"]),
        ("cleanup --keep 7d", 64, ['--keep: found "7d" (TABLE=DURATION, such as events_seen=7d)']),
        (
            "cleanup --keep events_seen=3d",
            64,
            ["keep 3 days is shorter than the 7 days of the policy on public.events_seen"],
        ),
        ("cleanup --keep free=7d", 3, ["there is no policy on public.free", '"policy set"']),
        ("plan --keep free=7d", 3, ["there is no policy on public.free"]),
        ("cleanup --keep nowhere=7d", 64, ['relation "nowhere" does not exist']),
        ("cleanup agg_1m --keep events_seen=8d", 64, ["a keep for public.events_seen, which is not among the tables"]),
        ("cleanup --keep events_seen=8d --keep events_seen=9d", 64, ["two keeps for events_seen: 8 days and 9 days"]),
        (
            "cleanup --keep events_seen=8d --keep public.events_seen=9d",
            64,
            ["two keeps for public.events_seen: 8 days and 9 days"],
        ),
        ("cleanup -events-retention-days=8 --keep events_seen=9d", 64, ["two keeps for events_seen"]),
        ("cleanup free", 3, ["there is no policy on public.free"]),
        ("cleanup events_seen free", 3, ["there is no policy on public.free"]),
        ("cleanup events_seen nowhere", 64, ['relation "nowhere" does not exist', "policy list"]),
        ("cleanup gone", 64, ['relation "gone" does not exist', "policy list"]),
        ("plan free", 3, ["there is no policy on public.free"]),
        ("policy show free", 3, ["there is no policy on free", "try: pytelemetry-db policy set free --keep 30d"]),
        ("policy drop free", 3, ["there is no policy on free", "policy list"]),
        ("policy drop nowhere", 3, ["there is no policy on nowhere", "policy list"]),
        ("policy pause free", 3, ["there is no policy on public.free"]),
        ("policy resume free", 3, ["there is no policy on public.free"]),
        ("policy rebind free", 3, ["there is no policy on public.free"]),
        ("policy show nowhere", 64, ['relation "nowhere" does not exist']),
        ("policy set events_seen --batch-rows -1", 64, ["batch_rows cannot be -1"]),
        ("policy set events_seen --strategy fast", 64, ['strategy cannot be "fast"', "auto, range or pages"]),
        ("cleanup --duty often", 64, ['duty cannot be "often"', "gentle, normal, full"]),
        ("policy set events_seen --max-size 5parsecs", 64, ["5parsecs"]),
        ("policy set events_seen --remove truncate", 64, ['remove cannot be "truncate"', "auto or delete"]),
        ("policy set events_seen --time-zone Mars/Olympus", 64, ['time zone "Mars/Olympus" is not known']),
        ("policy set events_seen --epoch-unit ms", 64, ["which has no epoch unit", "--epoch-unit"]),
        ("policy set events_seen --grace=-1d", 64, ["negative"]),
        ("policy set events_seen --condition now()>created_at", 64, ["the condition cannot be used", "immutable"]),
        ("policy set events_seen --condition nosuch", 64, ["the condition cannot be used"]),
        ("policy set", 64, ["Missing argument 'TABLE'", "pytelemetry-db policy set --help"]),
        ("policy sit events_seen", 64, ["No such command 'sit'", "pytelemetry-db policy --help"]),
        ("confirm --guard copy --reason none", 64, ["nothing waits for a confirmation"]),
        ("confirm", 64, ["Missing option '--guard'", "pytelemetry-db confirm --help"]),
        ("doctor free", 3, ["there is no policy on free"]),
        ("doctor nowhere", 64, ['relation "nowhere" does not exist']),
        ("report --since 0", 64, ['--since: "0" has no unit']),
        ("report --since yesterday", 64, ['"yesterday" is not a duration']),
        ("install --profile weather", 64, ['unknown profile "weather"', "Known profiles: telemetry."]),
        ("cleanup --frobnicate", 64, ["No such option: --frobnicate", "pytelemetry-db cleanup --help"]),
        ("clean", 64, ["No such command 'clean'", "pytelemetry-db --help"]),
        ("cleanup --log-file /", 64, ["cannot write the log file /: Is a directory"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_command_that_cannot_be(arguments: str, code: int, says: list[str], database: Database, cli: Cli) -> None:
    before = everything(database)
    # The option for the database first: what follows a command that does not exist is not looked at.
    one_clear_line(cli.here("--dsn", database.dsn, *arguments.split()), code, *says)
    assert everything(database) == before


@pytest.mark.parametrize("variable", ["EVENTS_RETENTION_DAYS", "AGG_RETENTION_DAYS"])
@pytest.mark.parametrize(
    ("value", "says"), [("0", 'keep cannot be "00:00:00"'), ("-7", "a whole number of days"), ("7d", "a whole number")]
)
def test_a_variable_that_cannot_be(variable: str, value: str, says: str, database: Database, cli: Cli) -> None:
    before = everything(database)
    one_clear_line(cli.here("cleanup", "--dsn", database.dsn, env={variable: value}), 64, says)
    assert everything(database) == before
