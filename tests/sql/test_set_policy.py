"""set_policy validates everything when it is called, and says what would have been right."""

from __future__ import annotations

import pytest
from support.cluster import OWNER
from support.policies import Connection, listening, refused, rows, set_policy

KEEP = "7 days"

# What is made, what is named, what the refusal says, and what to do instead.
KINDS = {
    "view": ("create view v as select now() as at", "v", "public.v is a view, not a table", "stores the rows"),
    "materialized view": (
        "create materialized view v as select now() as at",
        "v",
        "public.v is a materialized view, not a table",
        "stores the rows",
    ),
    "sequence": ("create sequence s", "s", "public.s is a sequence, not a table", "stores the rows"),
    "index": (
        "create table t (at timestamptz); create index i on t (at)",
        "i",
        "public.i is an index, not a table",
        "stores the rows",
    ),
    "composite type": ("create type c as (at timestamptz)", "c", "public.c is a composite type", "stores the rows"),
    "partition": (
        "create table t (at timestamptz) partition by range (at);"
        "create table t1 partition of t for values from ('2020-01-01') to ('2021-01-01')",
        "t1",
        "public.t1 is a partition",
        "Name its root: public.t.",
    ),
    "temporary table": (
        "create temporary table t (at timestamptz)",
        "t",
        "is a temporary table",
        "Choose another table.",
    ),
    "system table": ("select", "pg_catalog.pg_class", "pg_catalog.pg_class is a system table", "Choose another table."),
    "information schema": (
        "select",
        "information_schema.sql_features",
        "information_schema.sql_features is a system table",
        "Choose another table.",
    ),
    "our own table": ("select", "maint._run", "maint._run is in a schema of pytelemetry_db itself", "Choose another"),
    "inheritance parent": (
        "create table t (at timestamptz); create table child () inherits (t)",
        "t",
        "public.t takes part in table inheritance",
        "declarative partitioning",
    ),
    "inheritance child": (
        "create table t (at timestamptz); create table child () inherits (t)",
        "child",
        "public.child takes part in table inheritance",
        "declarative partitioning",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_relation_of_another_kind_is_refused(owner: Connection, kind: str) -> None:
    make, table, message, hint = KINDS[kind]
    owner.execute(make.encode())
    said = refused(owner, table, KEEP)
    assert said.sqlstate == "22023"
    assert message in said.message
    assert hint in said.hint


FOREIGN = f"""
create foreign data wrapper nothing;
create server elsewhere foreign data wrapper nothing;
create table t (at timestamptz) partition by range (at);
create foreign table f (at timestamptz) server elsewhere;
create foreign table t1 partition of t for values from ('2020-01-01') to ('2021-01-01') server elsewhere;
alter table t owner to {OWNER}; alter table f owner to {OWNER}; set role {OWNER}
"""


def test_foreign_tables_are_refused(root: Connection) -> None:
    root.execute(FOREIGN.encode())
    said = refused(root, "f", KEEP)
    assert (said.sqlstate, said.message) == ("22023", "public.f is a foreign table, not a table")
    said = refused(root, "t", KEEP)
    assert (said.sqlstate, said.message) == ("22023", "public.t has partitions that are foreign tables")
    assert "Detach them" in said.hint


# The extensions' catalogs as they are, without their code: it is the catalog that is asked.
HYPERTABLE = """
create schema _timescaledb_catalog;
create table _timescaledb_catalog.hypertable (schema_name name, table_name name);
insert into _timescaledb_catalog.hypertable values ('public', 'measured');
"""
DISTRIBUTED = """
create table pg_catalog.pg_dist_partition (logicalrelid regclass);
insert into pg_catalog.pg_dist_partition values ('measured');
grant select on pg_catalog.pg_dist_partition to public;
"""


@pytest.mark.parametrize(
    ("extension", "catalog", "message"),
    [
        ("timescaledb", HYPERTABLE, "public.measured is a TimescaleDB hypertable, which is not supported yet"),
        ("citus", DISTRIBUTED, "public.measured is a Citus distributed table, which is not supported yet"),
    ],
)
@pytest.mark.parametrize("readable", [True, False])
def test_tables_of_other_extensions_are_refused(
    root: Connection, extension: str, catalog: str, message: str, readable: bool
) -> None:
    root.execute(
        b"set local allow_system_table_mods = on;"
        b"create table measured (at timestamptz); create table other (at timestamptz);"
        + catalog.encode()
        + f"""
        insert into pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
        values (4000000001, '{extension}', 10, 'public'::regnamespace, false, '1');
        alter table measured owner to {OWNER}; alter table other owner to {OWNER};
        """.encode()
    )
    if readable:
        root.execute("grant usage on schema public to public")
        if extension == "timescaledb":
            root.execute("grant usage on schema _timescaledb_catalog to public")
            root.execute("grant select on _timescaledb_catalog.hypertable to public")
    elif extension == "citus":
        root.execute("revoke select on pg_catalog.pg_dist_partition from public")
    root.execute(f"set role {OWNER}".encode())
    said = refused(root, "measured", KEEP)
    assert (said.sqlstate, said.message) == ("22023", message)
    if readable:
        assert set_policy(root, "other", KEEP)["table_name"] == "other"
    else:
        # A catalog we may not read must not be guessed at.
        assert refused(root, "other", KEEP).sqlstate == "22023"


def test_plain_unlogged_and_partitioned_tables_are_taken(owner: Connection) -> None:
    owner.execute(
        b"create table plain (at timestamptz); create unlogged table fast (at timestamptz);"
        b"create table parts (at timestamptz) partition by range (at);"
        b"create table leaf partition of parts for values from ('2020-01-01') to ('2021-01-01')"
    )
    for table in ("plain", "fast", "parts"):
        assert set_policy(owner, table, KEEP)["table_name"] == table


def test_no_table_and_unknown_tables(owner: Connection) -> None:
    assert refused(owner, "nosuch", KEEP).sqlstate == "42P01"
    assert refused(owner, "nosuch.t", KEEP).sqlstate in ("42P01", "3F000")
    said = refused(owner, None, KEEP)  # type: ignore[arg-type]
    assert (said.sqlstate, said.message) == ("22023", "p_table is null: no table was named")
    # A number is an oid; nothing has this one.
    said = refused(owner, "4123456789", KEEP)
    assert (said.sqlstate, said.message) == ("22023", "no relation has the oid 4123456789")


# --- the time column ---------------------------------------------------------------------------------------------


def test_the_only_time_column_is_chosen(owner: Connection) -> None:
    owner.execute("create table t (id bigint, gone timestamptz, name text, seen timestamptz)")
    owner.execute("alter table t drop column gone")
    policy = set_policy(owner, "t", KEEP)
    assert (policy["time_column"], policy["time_type"]) == ("seen", "timestamptz")


def test_several_time_columns_are_listed(owner: Connection) -> None:
    owner.execute('create table t (seen timestamptz, "Day of" date, closed timestamp, id bigint)')
    said = refused(owner, "t", KEEP)
    assert said.sqlstate == "22023"
    assert said.message.startswith("public.t has 3 columns of a time type")
    assert said.detail == "Candidates: seen, Day of, closed."
    assert "p_column" in said.hint
    assert set_policy(owner, "t", KEEP, column="Day of")["time_type"] == "date"


def test_no_time_column(owner: Connection) -> None:
    owner.execute("create table t (id bigint, name text)")
    said = refused(owner, "t", KEEP)
    assert (said.sqlstate, said.message.startswith("public.t has 0 columns")) == ("22023", True)
    assert "epoch" in said.detail


@pytest.mark.parametrize("column", ["nosuch", "ctid", "xmin", "gone", "SEEN", "seen; drop table t", ""])
def test_a_missing_column_is_refused(owner: Connection, column: str) -> None:
    owner.execute("create table t (seen timestamptz, gone timestamptz)")
    owner.execute("alter table t drop column gone")
    said = refused(owner, "t", KEEP, column=column)
    assert (said.sqlstate, said.message) == ("22023", f'public.t has no column "{column}"')


@pytest.mark.parametrize(
    "type_",
    [
        "text",
        "time",
        "timetz",
        "interval",
        "numeric",
        "smallint",
        "double precision",
        "timestamptz[]",
        "uuid",
        "d_text",
    ],
)
def test_a_column_of_another_type_is_refused(owner: Connection, type_: str) -> None:
    owner.execute("create domain d_text as text")
    owner.execute(f"create table t (seen {type_})".encode())
    said = refused(owner, "t", KEEP, column="seen")
    assert (said.sqlstate, said.message) == ("22023", 'column "seen" of public.t is not a time column')
    assert "timestamptz, timestamp, date" in said.hint


def test_types_the_cutoff_understands(owner: Connection) -> None:
    owner.execute("create domain at_least as timestamp check (value > '2000-01-01')")
    owner.execute("create domain nested as at_least not null")
    owner.execute("create domain millis as bigint")
    owner.execute(
        "create table t (a timestamptz(0), b timestamp, c date, d integer, e bigint, f nested, g millis,"
        " h timestamptz generated always as (a) stored)"
    )
    found = {}
    for column in "abcdefgh":
        unit = {"epoch_unit": "ms" if column in "eg" else "s"} if column in "deg" else {}
        owner.execute("delete from maint._policy")
        found[column] = set_policy(owner, "t", KEEP, column=column, **unit)["time_type"]
    assert list(found.values()) == [
        "timestamptz", "timestamp", "date", "integer", "bigint", "timestamp", "bigint", "timestamptz",
    ]  # fmt: skip


def test_names_that_need_quotes_and_63_bytes(owner: Connection) -> None:
    table, column = "Ünï " + "x" * 57, 'when"; drop table t; -- é' + "y" * 37
    assert len(table.encode()) == len(column.encode()) == 63
    quoted = column.replace('"', '""')
    owner.execute('create schema "Odd.Schema"')
    owner.execute(f'create table "Odd.Schema"."{table}" ("{quoted}" timestamptz, "select" boolean)'.encode())
    policy = set_policy(owner, f'"Odd.Schema"."{table}"', KEEP, condition='"select"')
    assert (policy["schema_name"], policy["table_name"], policy["time_column"]) == ("Odd.Schema", table, column)
    assert policy["condition"] == '"select"'
    owner.execute(f'insert into "Odd.Schema"."{table}" values (now() - interval \'1 year\', true)'.encode())
    assert rows(owner, "select expired_rows from maint.plan()")[0]["expired_rows"] == 1


# --- keep, zone, unit, limits ------------------------------------------------------------------------------------


@pytest.fixture
def table(owner: Connection) -> str:
    owner.execute(b"create table t (at timestamptz, ms bigint); create index on t (at); create index on t (ms)")
    return "t"


@pytest.mark.parametrize(
    "keep",
    [
        "0", "0 days", "-1 day", "1 second", "59.999 seconds", "1 month -40 days", "-1 month +40 days", "2 days -1 h",
        "-1 microsecond", "1 year -1 second", "101 years", "100 years 1 day", "40000 days", "1000000 hours",
        "178000000 years", "1 day ago",
    ],
)  # fmt: skip
def test_a_keep_that_is_not_positive_or_absurd_is_refused(owner: Connection, table: str, keep: str) -> None:
    said = refused(owner, table, keep, column="at")
    assert said.sqlstate == "22023"
    assert said.message.startswith("keep cannot be")
    assert "1 minute to 100 years" in said.hint


@pytest.mark.parametrize(
    "keep", ["1 minute", "7 days", "100 years", "1 month", "1 year -1 month", "90 days 12:00:00", "P1Y2M3DT4H"]
)
def test_a_keep_that_is_taken(owner: Connection, table: str, keep: str) -> None:
    assert set_policy(owner, table, keep, column="at")["keep"] is not None


def test_a_new_policy_needs_a_keep(owner: Connection, table: str) -> None:
    said = refused(owner, table, column="at")
    assert (said.sqlstate, said.message) == ("22023", "a new policy on public.t needs p_keep")


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "+02:00", "CEST-2", "UTC'; drop table t; --"])
def test_an_unknown_zone_is_refused(owner: Connection, table: str, zone: str) -> None:
    said = refused(owner, table, KEEP, column="at", time_zone=zone)
    assert (said.sqlstate, said.message) == ("22023", f'time zone "{zone}" is not known to this server')
    assert "pg_timezone_names" in said.hint


def test_a_zone_that_is_known_is_kept(owner: Connection, table: str) -> None:
    assert set_policy(owner, table, KEEP, column="at", time_zone="Europe/Berlin")["time_zone"] == "Europe/Berlin"


def test_the_zone_of_a_column_without_one_is_told(owner: Connection) -> None:
    owner.execute(b"create table t (at timestamp); create table z (at timestamptz); create table d (at date)")
    owner.execute("set local timezone = 'Asia/Tokyo'")
    with listening(owner) as told:
        zone = set_policy(owner, "t", KEEP)["time_zone"]
        set_policy(owner, "d", KEEP)
        set_policy(owner, "z", KEEP)
        set_policy(owner, "t", "8 days")
    # Not the zone of the session that happens to ask.
    assert zone == "UTC"
    assert [message for message, _ in told.of("NOTICE")] == [
        "t.at has no time zone; its values are read as times in UTC",
        "d.at has no time zone; its values are read as times in UTC",
    ]


def test_an_epoch_needs_its_unit(owner: Connection, table: str) -> None:
    said = refused(owner, table, KEEP, column="ms")
    assert (said.sqlstate, said.message) == ("22023", 'the epoch column "ms" needs a unit')
    said = refused(owner, table, KEEP, column="ms", epoch_unit="minutes")
    assert (said.sqlstate, said.message) == ("22023", 'the epoch column "ms" needs a unit')
    said = refused(owner, table, KEEP, column="at", epoch_unit="ms")
    assert (said.sqlstate, said.message) == ("22023", 'column "at" is a timestamptz, which has no epoch unit')


FACTORS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


@pytest.mark.parametrize("really", FACTORS)
@pytest.mark.parametrize("said", FACTORS)
def test_an_epoch_read_in_the_wrong_unit_is_refused(owner: Connection, table: str, really: str, said: str) -> None:
    owner.execute(
        "insert into t (ms)"
        " select ((extract(epoch from now()) - n * 60) * %s)::bigint from generate_series(1, 50) as n",
        [FACTORS[really]],
    )
    if said == really:
        assert set_policy(owner, table, KEEP, column="ms", epoch_unit=said)["epoch_unit"] == said
        return
    answer = refused(owner, table, KEEP, column="ms", epoch_unit=said)
    assert answer.sqlstate == "22023"
    assert f"which is a present time in {really} but not in {said}" in answer.message
    assert answer.hint == f"p_epoch_unit => '{really}'"


def test_an_epoch_unit_can_be_corrected_later(owner: Connection, table: str) -> None:
    set_policy(owner, table, KEEP, column="ms", epoch_unit="ms")
    owner.execute("insert into t (ms) select extract(epoch from now())::bigint")
    assert "in s but not in ms" in refused(owner, table, "8 days").message
    assert set_policy(owner, table, epoch_unit="s")["epoch_unit"] == "s"


@pytest.mark.parametrize("batch_rows", [-1, 1_000_001, 2_147_483_647])
def test_batch_rows_has_bounds(owner: Connection, table: str, batch_rows: int) -> None:
    said = refused(owner, table, KEEP, column="at", batch_rows=batch_rows)
    assert (said.sqlstate, said.message) == ("22023", f"batch_rows cannot be {batch_rows}")


@pytest.mark.parametrize("size", ["0", "-1 GB", "0 kB", "5 parsecs", "", "big"])
def test_a_size_that_is_none_is_refused(owner: Connection, table: str, size: str) -> None:
    assert refused(owner, table, KEEP, column="at", max_size=size).sqlstate == "22023"


def test_a_size_is_kept_in_bytes(owner: Connection, table: str) -> None:
    assert set_policy(owner, table, KEEP, column="at", max_size="50 GB")["max_size"] == 50 * 1024**3


def test_grace_and_remove(owner: Connection, table: str) -> None:
    assert refused(owner, table, KEEP, column="at", grace="-1 day").message == 'grace cannot be "-1 days"'
    for remove in ("truncate", "drop", "", "DELETE"):
        said = refused(owner, table, KEEP, column="at", remove=remove)
        assert (said.sqlstate, said.message) == ("22023", f'remove cannot be "{remove}"')
    policy = set_policy(owner, table, KEEP, column="at", grace="0 s", remove="delete")
    assert policy["remove"] == "delete"


def test_omitted_arguments_keep_what_is_stored(owner: Connection) -> None:
    owner.execute(b"create table t (at timestamptz, b timestamptz, ok boolean); create index on t (b)")
    said = {
        "column": "b", "condition": "ok", "remove": "delete", "time_zone": "Asia/Tokyo", "grace": "2 days",
        "max_size": "1 GB", "batch_rows": 77,
    }  # fmt: skip
    before = set_policy(owner, "t", KEEP, **said)
    stable = set(before) - {"epoch", "changed_at", "changed_by"}
    after = set_policy(owner, "t")
    assert {name: after[name] for name in stable} == {name: before[name] for name in stable}
    # Each call raises the epoch: a pass under way must look again.
    assert after["epoch"] == before["epoch"] + 1
    after = set_policy(owner, "t", batch_rows=78)
    assert {name: after[name] for name in stable - {"batch_rows"}} == {
        name: before[name] for name in stable - {"batch_rows"}
    }


def test_an_empty_condition_removes_the_condition(owner: Connection) -> None:
    owner.execute("create table t (at timestamptz, ok boolean)")
    assert set_policy(owner, "t", KEEP, condition="ok")["condition"] == "ok"
    assert set_policy(owner, "t", "8 days")["condition"] == "ok"
    assert set_policy(owner, "t", condition="")["condition"] is None
    set_policy(owner, "t", condition="ok")
    assert set_policy(owner, "t", condition=" \n\t")["condition"] is None


def test_a_fixed_size_of_batches_can_be_taken_back(owner: Connection) -> None:
    owner.execute("create table t (at timestamptz)")
    assert set_policy(owner, "t", KEEP)["batch_rows"] is None
    assert set_policy(owner, "t", batch_rows=77)["batch_rows"] == 77
    assert set_policy(owner, "t", strategy="pages")["batch_rows"] == 77
    after = set_policy(owner, "t", batch_rows=0)
    assert (after["batch_rows"], after["strategy"]) == (None, "pages")


def test_a_refused_change_leaves_the_policy_as_it_was(owner: Connection) -> None:
    owner.execute("create table t (at timestamptz, ok boolean)")
    before = set_policy(owner, "t", KEEP, condition="ok")
    for wrong in ({"keep": "0"}, {"condition": "nosuch"}, {"batch_rows": -1}, {"strategy": "quick"}, {"column": "ok"}):
        refused(owner, "t", **wrong)
    assert rows(owner, "select * from maint._policy") == [before]


def test_drop_policy(owner: Connection) -> None:
    owner.execute("create table t (at timestamptz)")
    set_policy(owner, "t", KEEP)
    owner.execute("select maint.drop_policy('t')")
    assert rows(owner, "select * from maint.retention") == []
    with pytest.raises(Exception, match="there is no policy on t"):
        owner.execute("select maint.drop_policy('t')")
