"""What users do between two rotations, to detached tables, defaults, names and roles: nothing of theirs goes."""

from __future__ import annotations

import threading

import psycopg
import pytest
from support import Cli, Cluster, Database
from support.passes import Pass, until
from support.rotations import last_run, make_sets, rotation, sql

DUE = "update maint._detached set drop_after = clock_timestamp() - interval '1 s'"
OLD = "for values from ('2020-01-01 00:00+00') to ('2020-02-01 00:00+00')"
LOCK = "lock table only app.rest in share update exclusive mode"
KEPT = (
    "select maint.set_policy('app.t', '{keep}', p_partition_interval => '1 month', p_premake => 2,"
    " p_time_zone => 'UTC', p_partition_remove => 'detach', p_detached_keep => '7 days'{more})"
)


@pytest.fixture
def detached(database: Database) -> Database:
    """Partitions a and b are detached, and in the ledger."""
    make_sets(database)
    sql(database, "drop table app.rest", KEPT.format(keep="1 day", more=""))
    rotate(database)
    assert open_entries(database) == ["a", "b"]
    return database


def rotate(database: Database) -> str:
    """What the pass says when it fails; empty when it does not."""
    with rotation(database) as call:
        return str(call.wait().error or "")


def open_entries(database: Database) -> list[str]:
    found = database.query("select table_name from maint._detached where dropped_at is null order by 1")
    return [str(row["table_name"]) for row in found]


def dropped(database: Database) -> list[str]:
    found = database.query("select table_name from maint._detached where dropped_by_run is not null order by 1")
    return [str(row["table_name"]) for row in found]


def drops(database: Database) -> list[str]:
    found = database.query("select partition_name from maint.plan_rotation('app.t') where action = 'drop' order by 1")
    return [str(row["partition_name"]) for row in found]


@pytest.mark.parametrize("condition", ["null", "'n > 990'"])
def test_a_hold_on_a_table_that_was_detached(detached: Database, condition: str) -> None:
    number = detached.value(f"select maint.add_hold('app.b', {condition}, 'court')")
    sql(detached, DUE)
    rotate(detached)
    assert (dropped(detached), open_entries(detached)) == (["a"], ["b"])
    detached.value("select maint.release_hold(%s, 'over')", number)
    rotate(detached)
    assert dropped(detached) == ["a", "b"]


def test_a_longer_keep_and_a_condition_that_came_since(detached: Database) -> None:
    sql(detached, DUE, KEPT.format(keep="100 years", more=""))
    assert drops(detached) == []
    rotate(detached)
    assert dropped(detached) == []
    sql(detached, KEPT.format(keep="1 day", more=", p_condition => 'n <= 744'"))
    rotate(detached)
    # Partition a has the rows up to 648 only.
    assert dropped(detached) == ["a"]
    assert open_entries(detached) == ["b"]


def test_attached_again_it_leaves_the_ledger(detached: Database) -> None:
    """Also when somebody detaches it himself afterwards, and when a pass does: then its time begins anew."""
    sql(detached, KEPT.format(keep="100 years", more=""), f"alter table app.t attach partition app.a {OLD}")
    assert drops(detached) == []
    rotate(detached)
    assert open_entries(detached) == ["b"]
    sql(detached, "alter table app.t detach partition app.a", DUE, KEPT.format(keep="1 day", more=""))
    rotate(detached)
    assert detached.value("select count(*) from app.a") > 0
    sql(detached, f"alter table app.t attach partition app.a {OLD}", DUE)
    rotate(detached)
    assert open_entries(detached) == ["a"]
    assert detached.value("select drop_after > now() + interval '6 days' from maint._detached where dropped_at is null")


def test_the_child_of_another_table_is_not_dropped(detached: Database) -> None:
    sql(detached, "create table app.hist (at timestamptz not null, n int)", "alter table app.a inherit app.hist", DUE)
    assert drops(detached) == ["b"]
    rotate(detached)
    assert dropped(detached) == ["b"]
    assert detached.value("select count(*) from app.hist") > 0


def test_a_table_that_takes_the_name_while_we_wait(detached: Database) -> None:
    """The one that was detached has another name by then, and the new one of that name is a stranger's."""
    sql(detached, DUE, "select maint.set_setting('lock_timeout', '5 s')")
    with detached.connect() as stranger:
        stranger.autocommit = False
        stranger.execute("alter table app.a rename to mine")
        stranger.execute("create table app.a (like app.t)")
        stranger.execute("insert into app.a values (now(), 1)")
        with rotation(detached) as call:
            until(lambda: detached.query("select 1 as one from pg_locks where not granted"))
            stranger.commit()
            call.wait()
    rotate(detached)
    assert dropped(detached) == ["b"]
    assert detached.query("select count(*) from app.a") == [{"count": 1}]
    assert detached.value("select count(*) from app.mine") > 0


def test_names_that_are_taken_where_it_moves(database: Database) -> None:
    sql(database, "create schema archive")
    for schema in ("s1", "s2"):
        sql(
            database,
            f"create schema {schema}",
            f"create table {schema}.e (id serial, at timestamptz, primary key (id, at)) partition by range (at)",
            f"create index on {schema}.e (at)",
            f"create table {schema}.e_1 partition of {schema}.e {OLD}",
            f"alter sequence {schema}.e_id_seq owned by none",
            f"create sequence {schema}.own owned by {schema}.e_1.id",
            f"create table {schema}.e_2 partition of {schema}.e for values from (now()) to ('infinity')",
            f"select maint.set_policy('{schema}.e', '90 days', 'at', p_partition_interval => '1 month',"
            " p_time_zone => 'UTC', p_partition_remove => 'move', p_detached_schema => 'archive')",
        )
    sql(database, "create table s2.e_1_1 (x int)")
    sql(database, "call maint.rotate('s1.e')", "call maint.rotate('s2.e')")
    found = database.query(
        "select relname from pg_class where relnamespace = 'archive'::regnamespace and relkind <> 't' order by 1"
    )
    assert len(found) == 8
    assert {"e_1", "e_1_2", "e_1_pkey", "e_1_pkey_1", "own", "own_1"} < {row["relname"] for row in found}
    assert database.value("select count(*) from maint._detached where schema_name = 'archive'") == 2


def big_default(database: Database) -> None:
    sql(
        database,
        "create schema app",
        "create table app.t (at timestamptz, n int, pad text) partition by range (at)",
        "create index on app.t (at)",
        "create table app.rest partition of app.t default",
        "alter table app.rest alter pad set storage plain",
        "insert into app.t select null, i, repeat('x', 1000) from generate_series(1, 10000) as i",
        "select maint.set_policy('app.t', '90 days', 'at', p_partition_interval => '1 month', p_time_zone => 'UTC')",
    )


@pytest.mark.parametrize("ending", ["nothing", "pause", "drop_policy", "set_policy"])
def test_the_proof_does_not_stay_behind(database: Database, ending: str) -> None:
    """A pass that could not finish it takes it away, or whoever ends its passes does."""
    big_default(database)
    proof = "select conname from pg_constraint where conname = 'pytelemetry_db_no_rows'"
    with database.connect() as vacuum:
        vacuum.autocommit = False
        with database.superuser() as root:
            root.execute(
                "create function public.stop_here() returns event_trigger language plpgsql as $$ begin"
                " if exists (select from pg_constraint where conname = 'pytelemetry_db_no_rows' and not convalidated)"
                " then perform pg_sleep(1); end if; end $$"
            )
            root.execute("create event trigger stop_here on ddl_command_end execute function public.stop_here()")
        call = Pass(database)
        call.statement = "call maint.rotate('app.t', p_max_duration => '4 s')"
        with call:
            until(lambda: call.waits_for() == "PgSleep")
            held = threading.Thread(target=lambda: vacuum.execute(LOCK))
            held.start()
            call.wait()
            held.join()
        with database.superuser() as root:
            root.execute("drop event trigger stop_here")
        left = database.query(proof)
        vacuum.rollback()
    if ending == "nothing":
        assert rotate(database) == ""
    elif ending == "set_policy":
        sql(database, "select maint.set_policy('app.t', '90 days', 'at', p_managed_by => 'us', p_premake => 0)")
        assert rotate(database) == ""
    else:
        sql(database, f"select maint.{ending}('app.t')")
    assert left, "the lock kept the pass from taking it away"
    assert database.query(proof) == []


def test_rows_in_a_later_cell_keep_only_that_one_from_being_made(database: Database) -> None:
    big_default(database)
    sql(
        database,
        "insert into app.t values (date_trunc('month', now(), 'UTC') + interval '3 months 4 days', 1, 'y')",
        "create function app.seen() returns trigger language plpgsql as $$ begin return old; end $$",
        "alter function app.seen() set search_path = ''",
        "create trigger seen after delete on app.t for each row execute function app.seen()",
    )
    error = rotate(database)
    assert "cannot move: trigger seen fires for each deleted row" in error
    assert "violated" not in error
    assert last_run(database)["partitions_made"] == 4


def test_an_insert_only_publication_of_everything_keeps_rows_from_moving(database: Database) -> None:
    make_sets(database)
    with database.superuser() as root:
        root.execute("create publication all_of_it for tables in schema app with (publish = 'insert, update')")
    planned = database.query("select detail from maint.plan_rotation('app.t') where action = 'create'")
    (line,) = [row["detail"] for row in planned if "app.rest" in row["detail"]]
    assert "cannot move: publication all_of_it would publish them again" in line
    assert "publication all_of_it would publish them again" in rotate(database)
    assert database.value("select count(*) from app.rest") == 50


def test_thousands_that_are_missing_are_made_from_the_present_on(database: Database) -> None:
    sql(
        database,
        "create schema app",
        "create table app.t (at timestamptz not null, n int) partition by range (at)",
        "create index on app.t (at)",
        "create table app.t_0 partition of app.t for values from ('1970-01-01 00:00+00') to ('1970-01-02 00:00+00')",
        "select maint.set_policy('app.t', '100 years', 'at', p_partition_interval => '1 hour', p_time_zone => 'UTC')",
    )
    call = rotation(database)
    with call:
        until(lambda: database.value("select coalesce(max(partitions_made), 0) from maint._run") > 10, 60)
        sql(database, "insert into app.t values (now(), 1)")
        call.wait(300)
    assert last_run(database)["partitions_made"] == 1000
    assert "the next pass" in last_run(database)["detail"]


def test_a_bound_of_another_world_stops_no_other_table(database: Database) -> None:
    make_sets(database)
    sql(
        database,
        "create table app.d (at date not null) partition by range (at)",
        "create index on app.d (at)",
        "create table app.d_1 partition of app.d for values from ('2020-01-01') to ('2100-01-01')",
        "select maint.set_policy('app.d', '90 days', 'at', p_partition_interval => '1 month', p_time_zone => 'UTC')",
        "create table app.d_2 partition of app.d for values from ('300000-01-01') to ('infinity')",
        "call maint.rotate()",
        "call maint.cleanup()",
    )
    assert database.value("select count(*) from maint.partitions where table_name = 'd'") >= 2
    assert {row["stop_reason"] for row in database.query("select stop_reason from maint.runs")} == {"done"}


@pytest.mark.parametrize(
    ("kind", "interval", "unit", "message"),
    [
        ("date", "36 hours", "null", "have to be of whole days: at is a date"),
        ("bigint", "60.5 s", "'s'", "have to be of whole units: at counts in s"),
        ("bigint", "60.0005 s", "'ms'", "have to be of whole units: at counts in ms"),
    ],
)
def test_an_interval_that_the_key_cannot_say(
    database: Database, kind: str, interval: str, unit: str, message: str
) -> None:
    sql(database, f"create table public.d (at {kind} not null) partition by range (at)")
    with pytest.raises(psycopg.errors.InvalidParameterValue) as refused:
        database.query(
            f"select maint.set_policy('d', '90 days', 'at', p_epoch_unit => {unit},"
            f" p_partition_interval => '{interval}')"
        )
    assert message in str(refused.value.diag.message_primary)


def test_an_operator_who_is_a_member_of_the_owner_has_rows_removed(
    database: Database, cluster: Cluster, cli: Cli
) -> None:
    """What may be dropped is not for him to write: rotate says so, and cleanup deletes the rows."""
    make_sets(database)
    with database.superuser() as root:
        root.execute("create role member_of_owner login")
        try:
            root.execute("create role app_owner")
            root.execute("grant app_owner to member_of_owner, maint_owner")
            root.execute("alter schema app owner to app_owner")
            for name in ("t", "a", "b", "rest"):
                root.execute(f"alter table app.{name} owner to app_owner".encode())
            given = cli.here("upgrade", "--operator-role", "member_of_owner", "--dsn", database.dsn)
            assert given.returncode == 0, given
            with psycopg.connect(
                host=cluster.host, port=cluster.port, dbname=database.name, user="member_of_owner", autocommit=True
            ) as operator:
                with pytest.raises(psycopg.Error, match="may not write the ledger of what may be dropped"):
                    operator.execute("call maint.rotate('app.t')")
                operator.execute("call maint.cleanup('app.t')")
            assert database.value("select count(*) from app.t") == 50
        finally:
            root.execute("set lock_timeout = '10 s'")
            root.execute("reassign owned by app_owner to maint_owner")
            root.execute("drop owned by member_of_owner, app_owner")
            root.execute("drop role member_of_owner, app_owner")


def test_what_a_dropped_policy_had_asked_for_is_forgotten(database: Database) -> None:
    make_sets(database)
    sql(database, "drop table app.rest")
    call = Pass(database)
    call.statement = "call maint.rotate('app.t', p_detacher => 'nobody')"
    with call:
        until(lambda: database.query("select 1 as one from maint._detaching"))
        database.cluster.kill_backend(call.pid)
        call.wait()
    sql(database, "select maint.drop_policy('app.t')")
    assert database.query("select * from maint._detaching") == []
