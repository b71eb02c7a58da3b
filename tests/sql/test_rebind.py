"""A pass works on the very table its policy was made for, or not at all: renamed, dropped, made again, swapped.

In every table here the ids 1 to 5 are fresh and the others are long expired.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from support import Cli, Database
from support.passes import Pass, Table, until

FRESH = {1, 2, 3, 4, 5}
SHAPE = "(id bigint primary key, at timestamptz not null)"
FILL = "select i, now() - make_interval(days => case when i > 5 then 30 else 0 end) from generate_series(1, {}) as i"


def make(database: Database, name: str, last_id: int, keep: str | None = None) -> None:
    database.query(f"create table {name} {SHAPE}")
    database.query(f"create index on {name} (at)")
    database.query(f"insert into {name} {FILL.format(last_id)}")
    if keep is not None:
        database.query(f"select maint.set_policy('{name}', '{keep}')")


@pytest.fixture
def app(database: Database) -> Database:
    """A database with the table app.events, which has a policy, and app.other, which has none."""
    database.query("create schema app")
    make(database, "app.events", 25, "7 days")
    make(database, "app.other", 15)
    return database


def change(database: Database, statements: str) -> None:
    """What a migration does: everything in one transaction."""
    with database.connect() as connection, connection.transaction():
        for statement in statements.split(";"):
            connection.execute(statement.encode())


def contents(database: Database) -> dict[str, set[int]]:
    """The ids in every table that is not ours."""
    tables = database.query(
        "select format('%I.%I', n.nspname, c.relname) as name from pg_class as c"
        " join pg_namespace as n on n.oid = c.relnamespace"
        " where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema', 'maint')"
    )
    return {row["name"]: {found["id"] for found in database.query(f"select id from {row['name']}")} for row in tables}


def policy(database: Database, name: str = "app.events") -> dict[str, Any]:
    """The row of the view retention, where people look."""
    return database.query("select * from maint.retention where schema_name || '.' || table_name = %s", name)[0]


def printed(fix: str) -> list[str]:
    """The statements in a printed fix that can be run as they are."""
    return [statement for statement in re.findall(r"select [^;]+;", fix) if "…" not in statement]


def as_command(statement: str) -> list[str]:
    """The command that does the same as a printed statement."""
    found = re.fullmatch(r"select maint\.(\w+)\('((?:[^']|'')+)'(?:, p_column => '(\w+)')?\);", statement)
    assert found, statement
    words = {"rebind": "rebind", "drop_policy": "drop", "set_policy": "set"}
    column = ["--column", found[3]] if found[3] else []
    return ["policy", words[found[1]], found[2].replace("''", "'"), *column]


def clean(database: Database) -> str:
    """Run a pass over everything; returns the error that it ended with, or an empty text."""
    try:
        database.query("call maint.cleanup()")
    except psycopg.Error as error:
        return str(error)
    return ""


def assert_suspended(database: Database, says: str) -> str:
    """No row of any table goes and every way of looking says why; returns the printed fix."""
    before = contents(database)
    seen = policy(database)
    assert seen["state"] == "suspended"
    assert re.fullmatch(says, seen["state_detail"]), seen["state_detail"]
    fix = str(seen["state_fix"])
    (planned,) = database.query("select * from maint.plan()")
    assert (planned["state"], planned["expired_rows"], planned["findings"]) == ("suspended", None, [])
    assert planned["note"] == f"{seen['state_detail']}. Fix: {fix}"
    error = clean(database)
    assert "1 of 1 tables did not finish: app.events: suspended, 0 rows" in error
    assert f"{seen['state_detail']}. Fix: {fix}" in error
    last = policy(database)
    assert (last["last_stop_reason"], last["last_rows"], last["debt_rows"]) == ("suspended", 0, None)
    assert database.query("select error_message from maint.runs") == [{"error_message": None}]
    assert contents(database) == before
    return fix


@dataclass(frozen=True)
class Case:
    """What happens to app.events, what the suspension says, and the statements it prints with what each cleans."""

    name: str
    statements: str
    says: str
    fixes: tuple[tuple[str, str | None], ...]
    how: tuple[str, ...] = ("sql", "cli")


DROP = ("select maint.drop_policy('app.events');", None)
REBIND = ("select maint.rebind('app.events');", "app.events")
SEEN = ("select maint.rebind('app.seen');", "app.seen")
AGAIN = f"drop table app.events; create table app.events {SHAPE}; insert into app.events {FILL.format(35)}"
ANOTHER = r"app\.events is another table than before \(oid \d+, was \d+\): dropped and made again, or restored"
GONE = r"app\.events \(oid \d+\) does not exist any more"
OTHER_TYPE = r"column at of app\.events is not of type timestamptz any more"
NO_COLUMN = r"app\.events has no column at any more"

CASES = [
    Case(
        "renamed", "alter table app.events rename to seen", r"app\.events was renamed to app\.seen", (SEEN,), ("sql",)
    ),
    Case(
        "renamed to a name that needs quotes",
        """create schema "A"; alter table app.events rename to "e'v""t"; alter table app."e'v""t" set schema "A\"""",
        r'app\.events was renamed to "A"\."e\'v""t"',
        (("""select maint.rebind('"A"."e''v""t"');""", '"A"."e\'v""t"'),),
    ),
    Case(
        "schema renamed",
        "alter schema app rename to telemetry",
        r"app\.events was renamed to telemetry\.events",
        (("select maint.rebind('telemetry.events');", "telemetry.events"),),
    ),
    Case("dropped", "drop table app.events", GONE, (DROP,)),
    Case("made again", AGAIN, ANOTHER, (REBIND,)),
    Case(
        "made again with other columns",
        f"{AGAIN}; alter table app.events rename at to happened_at",
        ANOTHER,
        (DROP,),
        ("sql",),
    ),
    Case(
        "a view instead",
        "drop table app.events; create view app.events as select * from app.other",
        GONE,
        (DROP,),
        ("sql",),
    ),
    Case(
        "renamed behind a view",
        "alter table app.events rename to seen; create view app.events as select * from app.seen",
        r"app\.events was renamed to app\.seen",
        (SEEN,),
        ("sql",),
    ),
    Case(
        "renamed, and another table took the name",
        f"alter table app.events rename to seen; create table app.events {SHAPE};"
        f" insert into app.events {FILL.format(35)}",
        r"app\.events was renamed to app\.seen, and another table now has the old name",
        (REBIND, SEEN),
    ),
    Case(
        "swapped with a table that has no policy",
        "alter table app.events rename to t; alter table app.other rename to events; alter table app.t rename to other",
        r"app\.events was renamed to app\.other, and another table now has the old name",
        (REBIND, ("select maint.rebind('app.other');", "app.other")),
    ),
    Case(
        "column renamed",
        "alter table app.events rename at to happened_at",
        NO_COLUMN,
        (("select maint.set_policy('app.events', p_column => 'happened_at');", "app.events"),),
    ),
    Case(
        "column gone, and two others could be meant",
        "alter table app.events drop at; alter table app.events add a date, add b date",
        NO_COLUMN,
        (DROP,),
        ("sql",),
    ),
    Case("column of another type", "alter table app.events alter at type timestamp", OTHER_TYPE, (REBIND,), ("sql",)),
    Case("column of no time type", "alter table app.events alter at type text", OTHER_TYPE, (DROP,), ("sql",)),
    Case(
        "column that is an epoch now",
        "alter table app.events alter at type bigint using extract(epoch from at)",
        OTHER_TYPE,
        (DROP,),
        ("sql",),
    ),
]
READINGS = [
    pytest.param(case, number, how, id=f"{case.name}, {how}{f', reading {number + 1}' if number else ''}")
    for case in CASES
    for number in range(len(case.fixes))
    for how in case.how
]


@pytest.mark.parametrize(("case", "number", "how"), READINGS)
def test_a_changed_table_is_left_alone_until_the_printed_fix_was_run(
    app: Database, cli: Cli, case: Case, number: int, how: str
) -> None:
    change(app, case.statements)
    fix = assert_suspended(app, case.says)
    assert printed(fix) == [statement for statement, _cleaned in case.fixes]
    statement, cleaned = case.fixes[number]
    if how == "cli":
        refused = cli.here("cleanup", "--dsn", app.dsn)
        assert refused.returncode == 2
        assert fix in refused.stderr
        done = cli.here(*as_command(statement), "--dsn", app.dsn)
        assert done.returncode == 0, done.stderr
    else:
        # As a whole, with its comment, when it is the first one.
        app.query(statement if number else fix)
    before = contents(app)
    if cleaned is None:
        assert "there is no policy" in clean(app)
        assert contents(app) == before
        return
    assert clean(app) == ""
    assert contents(app) == before | {cleaned: FRESH}
    assert len(before[cleaned]) > len(FRESH)


def test_an_epoch_column_that_became_a_timestamp_loses_its_unit(app: Database) -> None:
    app.query("create table app.clicks (id bigint primary key, at bigint not null)")
    app.query(f"insert into app.clicks select id, extract(epoch from at) from ({FILL.format(25)}) as x (id, at)")
    app.query("select maint.set_policy('app.clicks', '7 days', 'at', p_epoch_unit => 's')")
    change(app, "alter table app.clicks alter at type timestamptz using to_timestamp(at)")
    (statement,) = printed(policy(app, "app.clicks")["state_fix"])
    app.query(statement)
    assert policy(app, "app.clicks")["epoch_unit"] is None
    assert clean(app) == ""
    assert contents(app) == {"app.events": FRESH, "app.clicks": FRESH, "app.other": set(range(1, 16))}


def test_the_condition_is_read_again_with_the_new_column(app: Database) -> None:
    """A condition that names the renamed column cannot go on as it is, and that is said now and not at night."""
    app.query("select maint.set_policy('app.events', p_condition => 'at is not null')")
    change(app, "alter table app.events rename at to happened_at")
    (statement,) = printed(policy(app)["state_fix"])
    with pytest.raises(psycopg.errors.InvalidParameterValue, match='the condition cannot be used: column "at"'):
        app.query(statement)
    app.query("select maint.set_policy('app.events', p_column => 'happened_at', p_condition => 'id > 20')")
    assert clean(app) == ""
    assert contents(app)["app.events"] == set(range(1, 21))


def test_doctor_and_plan_of_one_table_see_the_suspension(app: Database, cli: Cli) -> None:
    """Also when the table is named, whose oid is not the one in the policy."""
    change(app, AGAIN)
    fix = assert_suspended(app, ANOTHER)
    for command in (["doctor"], ["doctor", "app.events"]):
        result = cli.here(*command, "--dsn", app.dsn)
        assert result.returncode == 2
        assert [line for line in result.stdout.splitlines() if "app.events" not in line] == []
        assert f"    fix: {fix}" in result.stdout
    planned = cli.here("plan", "app.events", "--dsn", app.dsn)
    assert planned.returncode == 0
    assert f"Fix: {fix}" in planned.stderr
    status = cli.here("status", "--dsn", app.dsn)
    assert status.returncode == 0
    assert status.stderr == f"next: {fix}\n"


@pytest.mark.parametrize("name", ["app.events", "app.seen"])
def test_a_suspended_policy_is_not_moved_by_accident(app: Database, name: str) -> None:
    change(app, f"alter table app.events rename to seen; create table app.events {SHAPE}")
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="the policy is suspended") as refused:
        app.query(f"select maint.set_policy('{name}', '1 day')")
    assert refused.value.diag.message_hint == policy(app)["state_fix"]
    assert (policy(app)["keep"].days, app.value("select count(*) from maint._policy")) == (7, 1)


# --- two policies -----------------------------------------------------------------------------------------------


@pytest.fixture
def both(app: Database) -> Database:
    """app.events keeps 7 days, app.other ten years: the wrong one of them would delete what it must not."""
    app.query("select maint.set_policy('app.other', '10 years')")
    return app


SWAP = "alter table app.events rename to t; alter table app.other rename to events; alter table app.t rename to other"
BOTH_CLAIM = {
    "swapped": SWAP,
    "one dropped, the other renamed over it": "drop table app.events; alter table app.other rename to events",
}


@pytest.mark.parametrize("statements", BOTH_CLAIM.values(), ids=BOTH_CLAIM)
@pytest.mark.parametrize(("dropped", "how"), [("app.events", "sql"), ("app.other", "cli")])
def test_of_two_policies_that_claim_a_table_one_must_go(
    both: Database, cli: Cli, statements: str, how: str, dropped: str
) -> None:
    change(both, statements)
    before = contents(both)
    assert "2 of 2 tables did not finish" in clean(both)
    drop = f"select maint.drop_policy('{dropped}');"
    (left,) = {"app.events", "app.other"} - {dropped}
    fix = policy(both, dropped)["state_fix"]
    assert fix.startswith(drop)
    assert printed(fix)[1:] == [f"select maint.drop_policy('{left}');"]
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="two policies claim") as refused:
        both.query("select maint.rebind('app.events')")
    assert drop in str(refused.value.diag.message_hint)
    # The policy that is listed under the name goes, whichever table has that name now.
    if how == "cli":
        assert cli.here(*as_command(drop), "--dsn", both.dsn).returncode == 0
    else:
        both.query(fix)
    assert [row["table_name"] for row in both.query("select table_name from maint.retention")] == [left[4:]]
    assert "1 of 1 tables did not finish" in clean(both)
    assert contents(both) == before
    first = printed(policy(both, left)["state_fix"])[0]
    both.query(first)
    assert clean(both) == ""
    expired = {re.findall(r"'(.*)'", first)[0]: FRESH} if left == "app.events" else {}
    assert contents(both) == before | expired


# --- in mid-pass ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MidPass:
    """A change while batches are being committed: the name the table has then, or None when it is gone."""

    statements: str
    says: str
    name: str | None


MID_PASS = {
    "renamed": MidPass("alter table app.events rename to seen", "was renamed to app.seen", "app.seen"),
    "schema renamed": MidPass(
        "alter schema app rename to telemetry", "was renamed to telemetry.events", "telemetry.events"
    ),
    "dropped": MidPass("drop table app.events", "does not exist any more", None),
    "made again": MidPass(AGAIN, "is another table than before", None),
    "swapped": MidPass(SWAP, "was renamed to app.other, and another table now has the old name", "app.other"),
    "column renamed": MidPass("alter table app.events rename at to happened_at", "has no column at", "app.events"),
    "column of another type": MidPass(
        "alter table app.events alter at type timestamp",
        "is not of type timestamptz any more",
        "app.events",
    ),
}


def locks(database: Database) -> list[dict[str, Any]]:
    """Locks of other clients in this database: advisory ones, and those on tables."""
    return database.query(
        "select l.locktype, l.mode, l.relation::regclass::text as name from pg_locks as l"
        " join pg_stat_activity as a on a.pid = l.pid where a.datname = current_database()"
        " and a.pid <> pg_backend_pid() and a.backend_type = 'client backend'"
        " and l.locktype in ('advisory', 'relation')"
    )


def analyzed(database: Database, name: str) -> int:
    found = database.value("select analyze_count from pg_stat_user_tables where relid = %s::regclass", name)
    assert isinstance(found, int)
    return found


def assert_nothing_wrong_went(database: Database, one: MidPass, begun: Table) -> None:
    """The pass ended as suspended; every row that is missing is in the ledger and was expired."""
    last = begun.last_run()
    assert (last["stop_reason"], last["error_message"]) == ("suspended", None)
    assert one.says in last["detail"]
    assert "could not be counted" not in last["detail"]
    assert f"Fix: {policy(database)['state_fix']}" in last["detail"]
    assert last["rows"] in range(1, begun.expired - 10 * begun.batch_rows)
    found = {name.partition(".")[2]: ids for name, ids in contents(database).items()}
    if one.name is not None:
        ids = found.pop(one.name.partition(".")[2])
        assert set(range(begun.expired + 1, begun.expired + begun.fresh + 1)) <= ids
        assert len(ids) == begun.expired + begun.fresh - last["rows"]
    assert found, "nothing was left that could have been hit"
    assert all(ids in (set(range(1, 16)), set(range(1, 36))) for ids in found.values())
    until(lambda: not locks(database), 10)


@pytest.fixture
def begun(database: Database) -> Table:
    """A table whose batches are slow, and one beside it whose rows are expired and not named by any policy."""
    table = Table.make(database, expired=2000)
    database.query(f"create table app.other {SHAPE}")
    database.query(f"insert into app.other {FILL.format(15)}")
    return table


@pytest.mark.parametrize("one", MID_PASS.values(), ids=MID_PASS)
def test_a_change_in_mid_pass_suspends_the_pass(database: Database, begun: Table, one: MidPass) -> None:
    with Pass(database) as running:
        until(lambda: begun.under_way(3))
        change(database, one.statements)
        error = running.wait().error
    assert "app.events: suspended" in str(error)
    assert_nothing_wrong_went(database, one, begun)
    if "telemetry" not in one.statements:
        assert analyzed(database, "app.events" if one.name == "app.other" else "app.other") == 0


@pytest.mark.parametrize("one", MID_PASS.values(), ids=MID_PASS)
def test_a_change_that_a_batch_waits_for_suspends_the_pass(database: Database, begun: Table, one: MidPass) -> None:
    """The batch looked, waits for the lock, and gets it when the table is no longer what it saw."""
    database.query("select maint.set_setting('lock_timeout', '20 s')")
    with Pass(database) as running, database.connect() as operator:
        until(lambda: begun.under_way(3))
        operator.execute("begin")
        operator.execute("lock table app.events in access exclusive mode")
        until(lambda: running.waits_for() == "relation")
        for statement in one.statements.split(";"):
            operator.execute(statement.encode())
        operator.execute("commit")
        error = running.wait().error
    assert "app.events: suspended" in str(error)
    assert_nothing_wrong_went(database, one, begun)


def test_a_predicate_is_not_used_on_a_column_that_got_another_type(database: Database) -> None:
    """Twelve hours back on the wall clock: read as times in UTC, rows that are kept would look expired."""
    table = Table.make(database, expired=10, fresh=10, slow=0)
    database.query("update app.events set at = now() - interval '6 days 18 hours' where id > 10")
    database.query("select maint.set_setting('lock_timeout', '20 s')")
    with database.connect() as operator:
        operator.execute("begin")
        # Lets the pass count the rows, and stops its batch.
        operator.execute("lock table app.events in share mode")
        with Pass(database) as running:
            until(lambda: running.waits_for() == "relation")
            operator.execute("alter table app.events alter at type timestamp using at at time zone 'Etc/GMT+12'")
            operator.execute("commit")
            error = running.wait().error
    assert "app.events: suspended" in str(error)
    assert (table.last_run()["stop_reason"], table.count()) == ("suspended", 20)


GATE = """
    create function lib.gate(bigint) returns boolean language plpgsql immutable set search_path = pg_catalog as $$
    begin
        if current_setting('application_name') like '%batch 3,%' then
            perform pg_advisory_xact_lock_shared(4711);
        end if;
        return true;
    end $$
"""
UNDER_A_BATCH = {
    "schema renamed": ("alter schema app rename to former", "was renamed to former.events"),
    "schemas swapped": (
        "alter schema app rename to former; alter schema later rename to app",
        "was renamed to former.events, and another table now has the old name",
    ),
}


@pytest.mark.parametrize(("statements", "says"), UNDER_A_BATCH.values(), ids=UNDER_A_BATCH)
def test_a_schema_that_is_renamed_under_a_batch_does_not_lead_its_delete_elsewhere(
    database: Database, statements: str, says: str
) -> None:
    """Renaming a schema waits for no lock on its tables: the name leads to another table than was locked."""
    table = Table.make(database, expired=400, slow=0)
    database.query("create schema lib")
    database.query(GATE)
    database.query("create schema later")
    database.query("create table later.events as table app.events")
    database.query("select maint.set_policy('app.events', p_condition => 'lib.gate(id)')")
    with database.connect() as operator:
        operator.execute("select pg_advisory_lock(4711)")
        with Pass(database) as running:
            # It holds the lock on the table and looks for the end of its third batch.
            until(lambda: running.waits_for() == "advisory")
            change(database, statements)
            operator.execute("select pg_advisory_unlock(4711)")
            error = running.wait().error
    assert "app.events: suspended" in str(error)
    (last,) = table.runs()
    assert (last["stop_reason"], last["rows"], last["error_message"]) == ("suspended", 2 * table.batch_rows, None)
    assert says in last["detail"]
    counted = {len(ids) for ids in contents(database).values()}
    assert counted == {450, 450 - 2 * table.batch_rows}
    until(lambda: not locks(database), 10)


def test_a_pass_that_was_suspended_goes_on_after_the_fix(database: Database) -> None:
    begun = Table.make(database, expired=400)
    with Pass(database) as running:
        until(lambda: begun.under_way(3))
        change(database, "alter table app.events rename to seen")
        running.wait()
    gone = begun.last_run()["rows"]
    database.query(policy(database)["state_fix"])
    assert clean(database) == ""
    runs = database.query("select stop_reason, rows from maint.runs order by run_id")
    assert runs == [{"stop_reason": "suspended", "rows": gone}, {"stop_reason": "done", "rows": begun.expired - gone}]
    assert contents(database)["app.seen"] == set(range(begun.expired + 1, begun.expired + begun.fresh + 1))


def test_a_policy_bound_to_another_table_in_mid_pass_ends_the_pass(database: Database, begun: Table) -> None:
    """Dropped, made again and bound again between two batches: the pass does not go on in the new table."""
    with Pass(database) as running:
        until(lambda: begun.under_way(3))
        change(database, f"{AGAIN}; select maint.rebind('app.events')")
        assert running.wait().error is None
    last = begun.last_run()
    assert last["stop_reason"] == "interrupted"
    assert "the policy was changed" in last["detail"]
    assert "syntax error" not in last["detail"]
    assert contents(database) == {"app.events": set(range(1, 36)), "app.other": set(range(1, 16))}
    assert analyzed(database, "app.other") == 0
    until(lambda: not locks(database), 10)


# --- partitions in mid-pass -------------------------------------------------------------------------------------

PART = 100


@pytest.fixture
def parts(database: Database) -> Database:
    """app.events with the partitions p1, p2 and p3; each has 100 expired rows, and its batches are slow."""
    with database.connect() as connection:
        connection.execute("create schema app")
        connection.execute(
            "create function app.slow() returns trigger language plpgsql set search_path = ''"
            " as $$ begin perform pg_catalog.pg_sleep(0.02); return null; end $$"
        )
        connection.execute("create table app.events (id bigint, at timestamptz not null) partition by range (id)")
        connection.execute("create index on app.events (at)")
        for number in (1, 2, 3):
            name, first = f"app.p{number}", number * 1000
            for statement in (
                f"create table {name} partition of app.events for values from ({first}) to ({first + 1000})",
                f"insert into {name} select {first} + i, now() - interval '30 days' from generate_series(1, {PART}) i",
                f"create trigger slow after delete on {name} execute function app.slow()",
            ):
                connection.execute(statement.encode())
        connection.execute("analyze app.events")
        connection.execute("select maint.set_policy('app.events', '7 days', p_batch_rows => 10)")
    return database


LATE = (
    "create table app.late (like app.events);"
    " insert into app.late select i, now() - make_interval(days => 29, secs => i) from generate_series(4001, 4040) as i"
)
# What happens while p1 is being cleaned, the lock that it begins with, and what is left in the end: the rows of each
# table that still has some, None for those of p1 that the pass had not come to.
PARTITIONS: dict[str, tuple[str, str | None, dict[str, int | None]]] = {
    "the one at work is detached": (
        "alter table app.events detach partition app.p1",
        "app.events",
        {"app.p1": None},
    ),
    "the one at work is detached concurrently": (
        "alter table app.events detach partition app.p1 concurrently",
        None,
        {"app.p1": None},
    ),
    "the one at work is dropped": ("drop table app.p1", "app.events", {}),
    "the one at work is detached and its name taken": (
        f"alter table app.events detach partition app.p1; alter table app.p1 rename to old; {LATE};"
        " alter table app.late rename to p1",
        "app.events",
        {"app.old": None, "app.p1": 40},
    ),
    "the one at work is renamed and its name taken": (
        f"alter table app.p1 rename to first; {LATE}; alter table app.late rename to p1",
        "app.p1",
        {"app.p1": 40},
    ),
    "the next is detached": ("alter table app.events detach partition app.p2", "app.events", {"app.p2": PART}),
    "the next is dropped": ("drop table app.p2", "app.events", {}),
    "another is attached": (
        f"{LATE}; alter table app.events attach partition app.late for values from (4000) to (5000)",
        "app.events",
        {},
    ),
}
MOMENTS = [
    pytest.param(statements, lock, left, waits, id=f"{name}, {'a batch waits for it' if waits else 'between batches'}")
    for name, (statements, lock, left) in PARTITIONS.items()
    for waits in ((False, True) if lock and "at work" in name else (False,))
]


@pytest.mark.parametrize(("statements", "lock", "left", "waits"), MOMENTS)
def test_partitions_that_come_and_go_in_mid_pass(
    parts: Database, statements: str, lock: str | None, left: dict[str, int | None], waits: bool
) -> None:
    """The pass goes on with what is a partition, touches nothing that is none, and ends as done."""
    parts.query("select maint.set_setting('lock_timeout', '20 s')")
    with Pass(parts) as running, parts.connect() as operator:
        until(lambda: parts.value("select max(batches) from maint.runs") in range(2, 8))
        if lock is not None:
            operator.execute("begin")
            operator.execute(f"lock table {lock} in access exclusive mode".encode())
        if waits:
            until(lambda: running.waits_for() == "relation")
        for statement in statements.split(";"):
            operator.execute(statement.encode())
        operator.execute("commit")
        assert running.wait().error is None
    (run,) = parts.query("select * from maint.runs")
    assert (run["stop_reason"], run["debt_rows"]) == ("done", 0)
    counted = {name: len(ids) for name, ids in contents(parts).items() if ids}
    not_reached = 3 * PART - run["rows"]
    assert counted == {name: not_reached if count is None else count for name, count in left.items()}
    assert None not in left.values() or 0 < not_reached < PART
    until(lambda: not locks(parts), 10)
