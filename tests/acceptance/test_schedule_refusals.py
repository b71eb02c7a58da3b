"""What `schedule` cannot do: one clear error, its exit code, and nothing half done; what it shows, and to whom."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support import Cli, Cluster, Database, Result
from support.jobs import ELSEWHERE, USAGE, CronJobs, add_table, apply

READER = "schedule_reader"
COLUMNS = ["job", "schedule", "state", "last", "run", "result", "removed", "next", "missed", "late", "as"]
# As these reach the table by hand; pg_cron takes some of them, and never runs them.
INVALID = ("every day", "99 * * * *", "5-1 * * * *", "0 0 31 2 *", "* * * *", "1 1 1 * 1", "", "@reboot", "61 seconds")


@pytest.fixture
def applied(cron: CronJobs, database: Database, cli: Cli) -> CronJobs:
    """The jobs of a database with one policy are there."""
    add_table(database, "events")
    apply(cli, database.dsn)
    return cron


def state(cron: CronJobs, database: Database) -> tuple[object, ...]:
    """What must not change when something is refused."""
    return cron.jobs(), database.query("select * from maint._job order by 1")


def assert_one_error(result: Result, code: int, *says: str) -> None:
    assert (result.returncode, result.stdout) == (code, ""), result
    assert result.stderr.count("error: ") == 1
    assert "Traceback" not in result.stderr
    for text in says:
        assert text in result.stderr


@pytest.mark.parametrize("command", ["apply", "apply --dry-run", "list", "remove"])
def test_where_pg_cron_cannot_be_reached(command: str, applied: CronJobs, database: Database, cli: Cli) -> None:
    before = state(applied, database)
    nowhere = applied.cluster.dsn(host="/nowhere")
    without = applied.cluster.dsn(database.name)
    stranger = applied.cluster.dsn(user="nobody_here")
    for dsn, code, says in (
        (nowhere, 2, ("pg_cron's database: cannot connect to", "--cron-dsn")),
        (stranger, 3, ('role "nobody_here" does not exist', "--cron-dsn")),
        ("", 64, ("--cron-dsn is empty",)),
        (without, 3, (f"pg_cron is not in database {database.name}", "schedule emit")),
        ("nonsense", 64, ("--cron-dsn cannot be read",)),
    ):
        # An empty variable is none.
        for options, env in (([f"--cron-dsn={dsn}"], {}), ([], {"CRON_DSN": dsn}))[: 2 if dsn else 1]:
            result = cli.here("schedule", *command.split(), *options, "--dsn", database.dsn, env=env)
            if command == "list" and env:
                # It was not asked for in so many words: what is known without pg_cron is shown.
                assert result.returncode == 0
                assert "note: pg_cron was not looked at: " in result.stderr
            else:
                assert_one_error(
                    result,
                    code,
                    *(text if options else text.replace("--cron-dsn can", "CRON_DSN can") for text in says),
                )
    assert state(applied, database) == before


@pytest.mark.parametrize(
    ("setting", "schedules"), [("cleanup_schedule", INVALID[::2]), ("vacuum_schedule", INVALID[1::2])]
)
def test_a_schedule_that_nobody_checked(
    setting: str, schedules: tuple[str, ...], applied: CronJobs, database: Database, cli: Cli
) -> None:
    database.query("select maint.set_setting('prune_schedule', '1 1 * * *')")
    add_table(database, "more")
    before = state(applied, database)
    for schedule in schedules:
        with database.connect() as connection:
            connection.execute(
                "insert into maint._setting_value (name, value) values (%s, %s)"
                " on conflict (name) do update set value = excluded.value",
                [setting, schedule],
            )
        result = cli.here("schedule", "apply", "--dsn", database.dsn)
        assert_one_error(result, 64, f'setting {setting} is "{schedule}": ', "try: pytelemetry-db schedule set ")
        assert state(applied, database) == before
    assert_one_error(cli.here("schedule", "apply", "--dry-run", "--dsn", database.dsn), 64, setting)
    # The jobs that are there are shown as before.
    assert cli.here("schedule", "list", "--dsn", database.dsn).returncode == 0
    assert cli.here("doctor", "--dsn", database.dsn).returncode == 0
    kind = setting.removesuffix("_schedule")
    assert cli.here("schedule", "set", kind, "0 5 * * *", "--dsn", database.dsn).returncode == 0
    apply(cli, database.dsn)
    assert applied.named()["vacuum:public.more"]["active"]


def test_set_refuses_what_cannot_be(database: Database, cli: Cli) -> None:
    for schedule in INVALID:
        result = cli.here("schedule", "set", "cleanup", schedule, "--dsn", database.dsn)
        assert_one_error(result, 64)
    assert_one_error(
        cli.here("schedule", "set", "dance", "off", "--dsn", database.dsn), 64, "cleanup, rotation, vacuum, prune"
    )
    assert database.query("select * from maint._setting_value") == []


def test_pg_cron_refuses_one_of_them(applied: CronJobs, database: Database, cli: Cli) -> None:
    """An error in the middle leaves none of the changes."""
    add_table(database, "more")
    database.query("select maint.set_setting('prune_schedule', '1 1 * * *')")
    before = state(applied, database)
    applied.execute("alter table cron.job add constraint no_more check (jobname !~ 'more') not valid")
    try:
        result = cli.here("schedule", "apply", "--dsn", database.dsn)
        assert result.returncode == 2
        assert "no_more" in result.stderr
        assert "ok " not in result.stderr
        assert state(applied, database) == before
    finally:
        applied.execute("alter table cron.job drop constraint no_more")
    apply(cli, database.dsn)
    assert {"vacuum:public.more", "prune"} < applied.named().keys()


def test_list_shows_what_is_there(cron: CronJobs, database: Database, cli: Cli) -> None:
    def listed(*options: str) -> Result:
        return cli.here("schedule", "list", *options, "--dsn", database.dsn)

    nothing = listed()
    assert nothing.returncode == 3
    assert "UNKNOWN no jobs: nothing runs by itself" in nothing.stderr
    assert nothing.stderr.endswith("next: pytelemetry-db schedule apply\n")
    assert (listed("--json").returncode, listed("--json").json["jobs"]) == (3, [])

    add_table(database, "events")
    database.query("select maint.set_setting('cleanup_schedule', '0 0 1 1 *')")
    apply(cli, database.dsn)
    shown = listed()
    assert shown.returncode == 0, shown
    header, *rows = shown.stdout.split("\n\n")[0].splitlines()
    assert header.split() == COLUMNS
    assert [row.split()[0] for row in rows] == ["cleanup", "prune", "vacuum:public.events"]
    assert all(" waiting " in row for row in rows)
    assert "0 0 1 1 * in GMT runs next at" in shown.stdout
    facts = listed("--json")
    jobs = {job["job_name"]: job for job in facts.json["jobs"]}
    assert facts.returncode == 0
    assert {name: (job["state"], job["cron_job_id"]) for name, job in jobs.items()} == {
        name: ("waiting", job["jobid"]) for name, job in cron.named().items()
    }
    assert jobs["cleanup"]["next"][0].startswith(f"{jobs['cleanup']['next_at'][:4]}-01-01T00:00:00")
    assert len(jobs["prune"]["next"]) == 5

    job = cron.named()["prune"]["jobid"]
    for change, found in (
        (f"select cron.alter_job({job}, schedule := '1 1 1 1 *')", "changed"),
        (f"select cron.alter_job({job}, schedule := '47 3 * * *', active := false)", "inactive"),
        (f"select cron.unschedule({job})", "removed"),
    ):
        cron.execute(change)
        text, facts = listed(), listed("--json")
        assert (text.returncode, facts.returncode) == (1, 1)
        assert f"WARNING prune {found}: " in text.stdout
        assert "    fix: pytelemetry-db schedule apply" in text.stdout
        states = {job["job_name"]: job["state"] for job in facts.json["jobs"]}
        assert states == dict.fromkeys(jobs, "waiting") | {"prune": found}
    assert [line.split()[:2] for line in apply(cli, database.dsn).stdout.splitlines()[1:]] == [["add", "prune"]]
    assert listed().returncode == 0

    # Without a look into pg_cron it says so, and shows the rest.
    cron.execute("alter role maint_owner connection limit 1")
    try:
        blind = listed()
        assert blind.returncode == 0, blind
        assert "note: pg_cron was not looked at: pg_cron's database: cannot connect" in blind.stderr
        assert "vacuum:public.events" in blind.stdout
    finally:
        cron.execute("alter role maint_owner connection limit -1")


def test_remove_takes_out_all_of_ours_once(applied: CronJobs, database: Database, cli: Cli) -> None:
    def remove(*options: str) -> Result:
        return cli.here("schedule", "remove", *options, "--dsn", database.dsn)

    before = state(applied, database)
    shown = remove("--dry-run")
    assert shown.returncode == 0
    assert shown.stdout.count("select cron.unschedule(") == 3
    assert state(applied, database) == before
    done = remove()
    assert (done.returncode, done.stdout.count("remove ")) == (0, 3)
    assert state(applied, database) == ([], [])
    for _ in range(2):
        again = remove()
        assert (again.returncode, again.stdout) == (0, "")
        assert "ok there were none" in again.stderr
    assert cli.here("schedule", "list", "--dsn", database.dsn).returncode == 3
    apply(cli, database.dsn)
    assert len(applied.jobs()) == 3


def test_remove_without_the_right_to_look(applied: CronJobs, database: Database, cli: Cli) -> None:
    before = state(applied, database)
    applied.revoke(USAGE)
    for options in ([], ["--dry-run"]):
        result = cli.here("schedule", "remove", *options, "--dsn", database.dsn)
        assert_one_error(result, 3, "may not change jobs of maint_owner in database postgres")
    assert state(applied, database) == before
    applied.grant(USAGE)
    # To remove takes less than to make.
    applied.revoke(ELSEWHERE)
    assert cli.here("schedule", "remove", "--dsn", database.dsn).returncode == 0
    assert applied.jobs() == []
    applied.grant(ELSEWHERE)


def test_where_nothing_is_installed(cron: CronJobs, empty_database: Database, cli: Cli) -> None:
    for command in ("apply", "apply --dry-run", "list", "remove", "set cleanup off"):
        result = cli.here("schedule", *command.split(), "--dsn", empty_database.dsn)
        assert_one_error(result, 3, 'pytelemetry_db is not installed in schema "maint"', "pytelemetry-db install")
    assert cron.jobs() == []


@pytest.fixture
def reader(cluster: Cluster, database: Database, cli: Cli) -> Iterator[str]:
    """A role that may look at our schema, and no more."""
    with database.superuser() as superuser:
        superuser.execute(f"create role {READER} login")
        try:
            let_in = cli.here("upgrade", "--force", "--reader-role", READER, "--dsn", database.dsn)
            assert let_in.returncode == 0, let_in
            yield cluster.dsn(database.name, user=READER)
        finally:
            superuser.execute(f"drop owned by {READER}")
            superuser.execute(f"drop role {READER}")


def test_a_reader_sees_the_jobs_and_changes_nothing(
    applied: CronJobs, database: Database, reader: str, cli: Cli
) -> None:
    before = state(applied, database)
    own = cli.here("schedule", "list", "--json", "--dsn", database.dsn).json["jobs"]
    listed = cli.here("schedule", "list", "--json", "--dsn", reader)
    assert listed.returncode == 0, listed
    assert listed.json["jobs"] == [{**job, "next": []} for job in own]
    shown = cli.here("schedule", "list", "--dsn", reader)
    assert shown.returncode == 0
    assert [line.split()[0] for line in shown.stdout.splitlines()] == ["job", *(job["job_name"] for job in own)]
    for command in ("apply", "apply --dry-run", "remove", "set cleanup off"):
        result = cli.here("schedule", *command.split(), "--dsn", reader)
        assert (result.returncode, result.stdout) == (3, ""), result
        assert result.stderr.count("error: ") == 1
    assert state(applied, database) == before


def test_a_standby_shows_the_jobs_and_changes_nothing(applied: CronJobs, database: Database, cli: Cli) -> None:
    own = cli.here("schedule", "list", "--json", "--dsn", database.dsn).json["jobs"]
    replica = applied.cluster.standby()
    try:
        replica.start()
        dsn = Database(replica, database.name).dsn
        listed = cli.here("schedule", "list", "--json", "--dsn", dsn)
        assert (listed.returncode, listed.json["jobs"]) == (0, own), listed
        assert apply(cli, dsn, "--dry-run").stdout == ""
        root = cli.here("doctor", "--json", "--dsn", replica.dsn(database.name))
        assert [f for f in root.json["findings"] if "cron" in f["check_id"] and f["level"] != "note"] == []
        for command in ("apply", "remove", "set cleanup off"):
            refused = cli.here("schedule", *command.split(), "--dsn", dsn)
            assert refused.returncode == 2, refused
            assert refused.stderr.count("error: ") == 1
            assert "try: connect to the primary" in refused.stderr
        mixed = cli.here("schedule", "apply", "--dsn", dsn, "--cron-dsn", applied.cluster.dsn())
        assert_one_error(mixed, 64, "--cron-dsn leads to another server")
    finally:
        replica.remove()
    assert len(applied.jobs()) == 3


def test_whoever_does_not_see_the_jobs_does_not_miss_them(applied: CronJobs, database: Database, cli: Cli) -> None:
    role = "needs_password"
    let_in = cli.here("upgrade", "--force", "--operator-role", role, "--dsn", database.dsn)
    assert let_in.returncode == 0, let_in
    applied.grant(USAGE, role=role)
    try:
        dsn = applied.cluster.dsn(database.name, user=role, password=role)
        listed = cli.here("schedule", "list", "--json", "--dsn", dsn)
        assert [job["state"] for job in listed.json["jobs"]] == ["waiting"] * 3
        assert listed.returncode == 0
    finally:
        applied.revoke(USAGE, role=role)
