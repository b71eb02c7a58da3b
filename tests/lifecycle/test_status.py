from support import Cli, Database

from pytelemetry_db import __version__, source

TABLE = "create table public.events_seen (event_id uuid primary key, created_at timestamp default now())"


def test_before_installing(empty_database: Database, cli: Cli) -> None:
    for command in ([], ["status"]):
        result = cli(*command, "--dsn", empty_database.dsn)
        assert result.returncode == 3
        where, server, installed = result.stdout.splitlines()
        host = f"{empty_database.cluster.host}:{empty_database.cluster.port}"
        assert where == f"ok maint_owner@{host}/{empty_database.name} (from --dsn)"
        assert server.startswith("ok PostgreSQL 1")
        assert installed == "UNKNOWN not installed in schema maint"
        assert result.stderr == "next: pytelemetry-db install --profile telemetry\n"


def test_before_a_policy(database: Database, cli: Cli) -> None:
    result = cli("status", "--dsn", database.dsn)
    assert result.returncode == 0
    assert result.stdout.splitlines()[2:] == [
        f"ok pytelemetry_db {__version__} (migration {source.load().migration}) in schema maint, owned by maint_owner",
        "WARNING no policies: nothing is removed",
    ]


def test_with_policies(database: Database, cli: Cli) -> None:
    database.query(TABLE)
    installed = cli("install", "--dsn", database.dsn, "--profile", "telemetry", "--time-zone", "UTC")
    assert installed.returncode == 0, installed.stderr
    assert [line.split()[:2] for line in installed.stdout.splitlines()] == [
        ["table", "policy"],
        ["public.events_seen", "set"],
        ["public.agg_1m", "absent"],
        ["public.alerts", "absent"],
    ]
    assert installed.stderr.splitlines()[-1] == "next: pytelemetry-db plan"
    status = cli("--dsn", database.dsn)
    assert status.returncode == 0
    *_, shown, verdict = status.stdout.splitlines()
    assert shown.split() == ["public.events_seen", "created_at", "7", "days", "active"]
    assert verdict.startswith("WARNING public.events_seen not scheduled: no job of pg_cron calls it, and its last pass")
    assert status.stderr == "next: pytelemetry-db plan\n"
    facts = cli("status", "--json", "--dsn", database.dsn).json
    assert facts["schema_version"] == 1
    assert facts["version"] == __version__
    assert facts["installed"] is True
    [policy] = facts["policies"]
    assert (policy["schema_name"], policy["table_name"], policy["keep"]) == ("public", "events_seen", "7 days")


def test_a_suspended_policy_comes_first_with_its_reason(database: Database, cli: Cli) -> None:
    database.query(TABLE)
    database.query("create table public.a_first (created_at timestamptz)")
    database.query("select maint.set_policy('public.a_first', '1 day', p_time_zone => 'UTC')")
    database.query("select maint.set_policy('public.events_seen', '7 days', p_time_zone => 'UTC')")
    database.query("alter table public.events_seen rename to seen")
    result = cli("status", "--dsn", database.dsn)
    assert result.returncode == 0
    *_, first, _second, reason, verdict = result.stdout.splitlines()
    assert verdict.startswith("WARNING public.a_first not scheduled: ")
    assert first.split()[0] == "public.events_seen"
    assert reason == "WARNING public.events_seen suspended: public.events_seen was renamed to public.seen"
    assert result.stderr == "next: select maint.rebind('public.seen');\n"


def test_a_profile_is_refused_by_name(database: Database, cli: Cli) -> None:
    result = cli("install", "--dsn", database.dsn, "--profile", "nonesuch")
    assert result.returncode == 64
    assert 'unknown profile "nonesuch"' in result.stderr


def test_a_profile_whose_table_is_not_ours_to_clean_says_how_to_change_that(database: Database, cli: Cli) -> None:
    with database.superuser() as connection:
        connection.execute(TABLE.encode())
    result = cli("install", "--dsn", database.dsn, "--profile", "telemetry", "--time-zone", "UTC")
    assert result.returncode == 2
    assert "public.events_seen  refused" in result.stdout
    assert "warning: public.events_seen: grant" in result.stderr


def test_a_superusers_profile_is_set_as_the_owner(empty_database: Database, cli: Cli) -> None:
    empty_database.query(TABLE)
    dsn = empty_database.cluster.dsn(empty_database.name)
    result = cli("install", "--dsn", dsn, "--owner", "maint_owner", "--profile", "telemetry", "--time-zone", "UTC")
    assert result.returncode == 0, result.stderr + result.stdout
    assert empty_database.value("select count(*) from maint._policy") == 1


def test_a_role_without_privileges(database: Database, cli: Cli) -> None:
    dsn = database.cluster.dsn(database.name, user="needs_password", password="needs_password")
    result = cli("status", "--dsn", dsn)
    assert result.returncode == 3
    assert "permission denied for schema maint" in result.stderr


def test_the_documented_variables_and_the_default_password(database: Database, cli: Cli) -> None:
    """DB_* names the server; PGPASSWORD may give the password; PGHOST belongs to another source and is hidden."""
    environ = {
        "DB_HOST": database.cluster.host,
        "DB_PORT": str(database.cluster.port),
        "DB_NAME": database.name,
        "DB_USER": "needs_password",
    }
    refused = cli("status", env=environ)
    assert refused.returncode == 3
    assert "password authentication failed" in refused.stderr
    for extra in ({"DB_PASSWORD": "needs_password"}, {"PGPASSWORD": "needs_password", "PGHOST": "/nowhere"}):
        result = cli("status", env=environ | extra)
        assert "permission denied for schema maint" in result.stderr
    with database.superuser() as connection:
        connection.execute("alter role needs_password password 'telemetry'")
        try:
            assert "permission denied for schema maint" in cli("status", env=environ).stderr
        finally:
            connection.execute("alter role needs_password password 'needs_password'")


def test_the_server_sees_who_we_are(database: Database) -> None:
    from pytelemetry_db import db
    from pytelemetry_db.connection import Options, resolve

    where = resolve(Options(dsn=database.dsn), {}, db.parse_dsn)
    with db.connect(where, purpose="status") as connection:
        [row] = db.query(
            connection,
            "select application_name, current_setting('client_connection_check_interval') as watches"
            " from pg_stat_activity where pid = pg_backend_pid()",
            "maint",
        )
    assert row == {"application_name": "pytelemetry_db status", "watches": "5s"}
