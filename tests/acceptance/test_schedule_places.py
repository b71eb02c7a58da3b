"""Where jobs are kept and for whom: grants, databases, schemas, roles, names of any kind, other people's jobs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from psycopg import sql
from support import Cli, Cluster, Database, LocalCluster
from support.cluster import OWNER
from support.dumps import run_script
from support.jobs import ELSEWHERE, RARELY, USAGE, CronJobs, Job, add_table, apply, install

KEPT_HERE = "telemetry"
HOSTILE = (
    'it\'s "quoted" $$ \\ %s {} */ /* % //**',
    "line one\n\\! false\nselect 1/0; --",
    "x" * 63,
    "Ünïcode 数据库 💾 " + "ä" * 17 + "xxx",
)


@pytest.fixture(scope="module")
def same() -> Iterator[LocalCluster]:
    """A server on which pg_cron keeps its jobs in the database that they work in."""
    server = LocalCluster(f"cron.database_name = '{KEPT_HERE}'\n")
    try:
        server.start()
        server.create_roles()
        database = install(server, KEPT_HERE)
        with database.superuser() as root:
            root.execute("create extension pg_cron")
        yield server
    finally:
        server.remove()


@contextmanager
def lent(cluster: Cluster, name: str) -> Iterator[Database]:
    """A database with our schema, whatever its name."""
    try:
        yield install(cluster, name)
    finally:
        with cluster.connect() as connection:
            connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


def essence(jobs: list[Job]) -> list[tuple[Any, ...]]:
    names = ("jobname", "schedule", "command", "database", "username", "active")
    return sorted(tuple(job[name] for name in names) for job in jobs)


def recorded(database: Database, schema: str = "maint") -> list[int]:
    return [row["cron_job_id"] for row in database.query(f"select cron_job_id from {schema}._job order by 1")]


def printed_for_a_superuser(cli: Cli, database: Database) -> str:
    refused = cli.here("schedule", "apply", "--dsn", database.dsn)
    assert refused.returncode == 3, refused
    assert f"role {OWNER} may not schedule jobs as {OWNER} in database postgres" in refused.stderr
    assert "give the printed statements to a superuser" in refused.stderr
    assert refused.stdout == cli.here("schedule", "apply", "--dry-run", "--dsn", database.dsn).stdout
    return refused.stdout


@pytest.mark.parametrize("missing", [(ELSEWHERE,), (USAGE,), (USAGE, ELSEWHERE)], ids=["elsewhere", "usage", "both"])
def test_what_is_printed_for_a_superuser_is_enough(
    missing: tuple[str, ...], cron: CronJobs, database: Database, cli: Cli
) -> None:
    add_table(database, "events")
    apply(cli, database.dsn)
    wanted = essence(cron.jobs())
    cron.clear()
    cron.revoke(*missing)
    script = printed_for_a_superuser(cli, database)
    assert cron.jobs() == []
    done = run_script(cron.cluster.dsn(), script)
    assert (done.returncode, done.stderr) == (0, "")
    made = cron.jobs()
    assert essence(made) == wanted
    if USAGE not in missing:
        # It sees that nothing is left to do.
        assert apply(cli, database.dsn).stdout == ""
        assert recorded(database) == [job["jobid"] for job in made]
        database.query("select maint.drop_policy('events'), maint.set_setting('prune_schedule', '1 1 1 * *')")
        done = run_script(cron.cluster.dsn(), printed_for_a_superuser(cli, database))
        assert (done.returncode, done.stderr) == (0, "")
        assert cron.named().keys() == {"cleanup", "prune"}
    else:
        assert printed_for_a_superuser(cli, database) == script
    cron.grant(*missing)
    assert apply(cli, database.dsn).stdout == ""
    assert recorded(database) == [job["jobid"] for job in cron.jobs()]


def test_a_superuser_makes_jobs_of_the_owner(cron: CronJobs, database: Database, cli: Cli) -> None:
    apply(cli, database.dsn)
    wanted = essence(cron.jobs())
    cron.clear()
    cron.revoke(USAGE, ELSEWHERE)
    try:
        root = cron.cluster.dsn(database.name)
        apply(cli, root)
        made = cron.jobs()
        assert essence(made) == wanted
        assert apply(cli, root).stdout == ""
        assert cron.jobs() == made
    finally:
        cron.grant(USAGE, ELSEWHERE)
    # The owner goes on with the same jobs.
    assert apply(cli, database.dsn).stdout == ""
    # Another way into the same server, with more rights there.
    cron.clear()
    cron.revoke(USAGE, ELSEWHERE)
    try:
        apply(cli, database.dsn, "--cron-dsn", cron.cluster.dsn())
        assert essence(cron.jobs()) == wanted
        removed = cli.here("schedule", "remove", "--dsn", database.dsn, env={"CRON_DSN": cron.cluster.dsn()})
        assert (removed.returncode, cron.jobs()) == (0, [])
    finally:
        cron.grant(USAGE, ELSEWHERE)


def test_where_pg_cron_keeps_its_jobs_in_the_same_database(same: LocalCluster, cli: Cli) -> None:
    database = Database(same, KEPT_HERE)
    root = same.dsn(KEPT_HERE)
    cron = CronJobs(same, database.superuser())
    with cron.connection:
        refused = cli.here("schedule", "apply", "--dsn", database.dsn)
        assert refused.returncode == 3
        done = run_script(root, refused.stdout)
        assert (done.returncode, done.stderr) == (0, "")
        by_hand = cron.named()
        assert {name: job["database"] for name, job in by_hand.items()} == {
            "cleanup": KEPT_HERE,
            "prune": KEPT_HERE,
        }
        cron.grant(USAGE)
        assert apply(cli, database.dsn).stdout == ""
        assert cron.named() == by_hand
        add_table(database, "events")
        apply(cli, database.dsn)
        jobs = cron.named()
        assert jobs == {**by_hand, "vacuum:public.events": jobs["vacuum:public.events"]}
        assert apply(cli, root).stdout == ""
        assert cli.here("schedule", "list", "--dsn", database.dsn).returncode == 0
        wanted = essence(cron.jobs())

        # The script for psql has the same effect, and none when it is run again.
        script = cli.here("sql", "schedule").stdout
        for dsn in (database.dsn, root):
            cron.clear()
            database.query("delete from maint._job")
            for _ in range(2):
                done = run_script(dsn, script)
                assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
                assert essence(cron.jobs()) == wanted
            assert apply(cli, database.dsn).stdout == ""
            assert recorded(database) == [job["jobid"] for job in cron.jobs()]
        database.query("select maint.drop_policy('events')")
        assert run_script(database.dsn, script).returncode == 0
        assert cron.named().keys() == {"cleanup", "prune"}
        removed = cli.here("schedule", "remove", "--dsn", database.dsn)
        assert (removed.returncode, cron.jobs()) == (0, [])
        cron.revoke(USAGE)


def test_the_script_for_psql_says_so_where_pg_cron_is_elsewhere(cron: CronJobs, database: Database, cli: Cli) -> None:
    done = run_script(database.dsn, cli.here("sql", "schedule").stdout)
    assert done.returncode != 0
    assert "pg_cron keeps its jobs in another database than this one" in done.stderr
    assert "pytelemetry-db schedule apply --dry-run" in done.stderr
    assert cron.jobs() == []


def test_schemas_and_databases_do_not_disturb_each_other(cron: CronJobs, database: Database, cli: Cli) -> None:
    schema = "maint_2"
    assert cli.here("install", "--schema", schema, "--dsn", database.dsn).returncode == 0
    with lent(cron.cluster, database.name + "2") as second:
        here, there = ("--dsn", database.dsn), ("--dsn", second.dsn)
        places = [(*here,), (*here, "--schema", schema), (*there,)]
        sets: list[list[int]] = []
        for place in places:
            before = cron.jobs()
            assert cli.here("schedule", "apply", *place).returncode == 0
            assert cron.jobs()[: len(before)] == before
            sets.append([job["jobid"] for job in cron.jobs()[len(before) :]])
        assert [len(ids) for ids in sets] == [2, 2, 2]
        for place in places:
            again = cli.here("schedule", "apply", *place)
            assert (again.returncode, again.stdout, again.stderr.count("warning")) == (0, "", 0)
        assert recorded(database) == sets[0]
        assert recorded(database, schema) == sets[1]
        assert recorded(second) == sets[2]
        for place, ids in zip(places, sets, strict=True):
            others = [job for job in cron.jobs() if job["jobid"] not in ids]
            assert cli.here("schedule", "remove", *place).returncode == 0
            assert cron.jobs() == others
        assert cron.jobs() == []


def test_a_second_role_has_jobs_of_its_own(cron: CronJobs, database: Database, cli: Cli) -> None:
    role = "second_scheduler"
    cron.execute(f"create role {role} login in role {OWNER}")
    try:
        cron.grant(USAGE, ELSEWHERE, role=role)
        dsn = cron.cluster.dsn(database.name, user=role)
        apply(cli, database.dsn)
        first = cron.jobs()
        apply(cli, dsn)
        both = cron.jobs()
        assert both[: len(first)] == first
        assert [job["jobname"] for job in both[len(first) :]] == [job["jobname"] for job in first]
        assert {job["username"] for job in both[len(first) :]} == {role}
        assert apply(cli, dsn).stdout == ""
        # A superuser sees that there are two of each, and leaves the other.
        seen = apply(cli, cron.cluster.dsn(database.name))
        assert seen.stdout == ""
        assert seen.stderr.count(f"does the same as role {role}") == 2
        assert cron.jobs() == both
        assert cli.here("schedule", "remove", "--dsn", dsn).returncode == 0
        assert cron.jobs() == first
    finally:
        cron.clear()
        cron.execute(f"drop owned by {role}")
        with database.superuser() as root:
            root.execute(f"drop owned by {role}".encode())
        cron.execute(f"drop role {role}")


def test_jobs_made_by_hand_are_named_and_left(cron: CronJobs, database: Database, cli: Cli) -> None:
    root = cron.cluster.dsn(database.name)
    for name, command, role in (
        ("calls us", "CALL maint.cleanup()", OWNER),
        ("calls us too", '\n call "maint" . cleanup()', "postgres"),
        ("something else", "vacuum", OWNER),
        ("another schema", "call maint2.cleanup()", OWNER),
        ("only talks of it", "select 'call maint.cleanup()' -- pytelemetry_db:maint:cleanup", OWNER),
        (f"pytelemetry_db:{database.name}:maint:cleanup", "select 'of another role'", "postgres"),
    ):
        cron.execute("select cron.schedule_in_database(%s, %s, %s, %s, %s)", name, RARELY, command, database.name, role)
    by_hand = cron.jobs()
    for dsn, named in ((database.dsn, 1), (root, 2)):
        for command in ("apply", "apply", "remove", "remove"):
            result = cli.here("schedule", command, "--dsn", dsn)
            assert result.returncode == 0, result
            assert cron.jobs()[: len(by_hand)] == by_hand
            assert (
                result.stderr.count("calls schema maint, too; in database postgres: select cron.unschedule(") == named
            )
        assert cron.jobs() == by_hand


def test_a_job_that_has_our_name_already_becomes_ours(cron: CronJobs, database: Database, cli: Cli) -> None:
    name = f"pytelemetry_db:{database.name}:maint:cleanup"
    call = "select cron.schedule_in_database(%s, %s, %s, %s, %s)"
    cron.execute(call, name, RARELY, "call maint.cleanup()", database.name, OWNER)
    (before,) = cron.jobs()
    told = apply(cli, database.dsn)
    assert "change  cleanup" in told.stdout
    assert "warning" not in told.stderr
    assert cron.named()["cleanup"]["jobid"] == before["jobid"]
    assert cron.named()["cleanup"]["command"].endswith(f" /* {name} */")


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_names_of_any_kind(name: str, cron: CronJobs, cli: Cli) -> None:
    schema = "s" * 48
    table = "public.\"t 'x' */ /* % %s $$ : ö\""
    with lent(cron.cluster, name) as database:
        assert cli.here("install", "--schema", schema, "--dsn", database.dsn).returncode == 0
        database.query("select maint.set_setting('cleanup_jobs', 'per_policy')")
        add_table(database, table)
        shown = apply(cli, database.dsn, "--dry-run").stdout
        done = run_script(cron.cluster.dsn(user=OWNER, password=OWNER), shown)
        assert (done.returncode, done.stderr) == (0, "")
        made = cron.jobs()
        assert len(made) == 3
        assert apply(cli, database.dsn).stdout == ""
        assert cron.jobs() == made
        apply(cli, database.dsn, "--schema", schema)
        assert cron.jobs()[:3] == made
        assert len(cron.jobs()) == 5
        assert apply(cli, database.dsn).stdout == ""
        # What stands there can be run.
        for job in made:
            with cron.cluster.connect(job["database"], user=OWNER, password=OWNER) as connection:
                connection.execute(job["command"].encode())
        assert cli.here("schedule", "list", "--dsn", database.dsn).returncode == 0
        assert cli.here("schedule", "remove", "--schema", schema, "--dsn", database.dsn).returncode == 0
        assert cron.jobs() == made
        assert cli.here("uninstall", "--yes", "--dsn", database.dsn).returncode == 0
        assert cron.jobs() == []


def test_no_name_is_taken_for_another(cron: CronJobs, cli: Cli) -> None:
    """A database's name may look like another's and its schema's, or differ in what a comment cannot hold."""
    with (
        lent(cron.cluster, "tele") as short,
        lent(cron.cluster, "tele:maint") as long,
        lent(cron.cluster, "tele*/") as odd,
    ):
        apply(cli, long.dsn)
        apply(cli, odd.dsn)
        others = cron.jobs()
        assert len(others) == 4
        apply(cli, short.dsn)
        assert cron.jobs()[:4] == others
        assert cli.here("schedule", "remove", "--dsn", short.dsn).returncode == 0
        assert cron.jobs() == others
        # Nor by the statement that a DBA gets.
        apply(cli, short.dsn)
        cron.revoke(USAGE)
        told = cli.here("uninstall", "--yes", "--dsn", short.dsn)
        cron.grant(USAGE)
        assert told.returncode == 0
        cron.execute(told.stderr.split(" run: ")[1].splitlines()[0].replace("%", "%%"))
        assert cron.jobs() == others
