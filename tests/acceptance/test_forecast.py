"""`pytelemetry-db forecast`, and the verdict on the status screen."""

from __future__ import annotations

from sql.test_forecast import store
from sql.test_samples import make, sample
from support import Cli, Database
from support.policies import set_policy


def test_growth_limit_and_another_keep(database: Database, cli: Cli) -> None:
    make(database, expired=0, fresh=9000)
    with database.connect() as connection:
        set_policy(connection, "events", max_size="10 GB")
    store(database, [10**9 + i * 10**8 for i in range(20)])
    result = cli.here("forecast", "--keep", "events=5d", "--dsn", database.dsn)
    assert result.returncode == 0, result
    shown, total, keep = result.stdout.splitlines()[1:]
    assert shown.split()[0] == "public.events"
    assert "95" in shown or "100" in shown
    assert total.split()[0] == "all"
    assert keep.startswith("ok public.events: keep 5 days instead of 7 days saves about ")
    facts = cli.here("forecast", "--json", "--keep", "events=5d", "--dsn", database.dsn).json
    one, both = facts["tables"]
    assert (one["scope"], one["growth_per_day"], one["days"]) == ("table", 10**8, 20)
    assert one["limit_at"] is not None
    assert (both["scope"], both["limit_bytes"]) == ("all", None)
    assert facts["keeps"][0]["saved_rows"] > 0


def test_without_samples_it_says_what_to_type(database: Database, cli: Cli) -> None:
    make(database)
    result = cli.here("forecast", "--keep", "events=5d", "--dsn", database.dsn)
    assert result.returncode == 0
    assert "there is no sample of it yet; call maint.sample()" in result.stdout
    assert "next: pytelemetry-db schedule set sample" in result.stderr


def test_bad_input(database: Database, cli: Cli) -> None:
    assert cli.here("forecast", "--dsn", database.dsn).returncode == 3
    make(database)
    for keep in ("events", "events=", "events=5", "events=1s"):
        assert cli.here("forecast", "--keep", keep, "--dsn", database.dsn).returncode == 64, keep
    result = cli.here("forecast", "--keep", "nonesuch=5d", "--dsn", database.dsn)
    assert result.returncode == 64
    assert "nonesuch" in result.stderr
    database.query("create table bare (at timestamptz)")
    assert cli.here("forecast", "--keep", "bare=5d", "--dsn", database.dsn).returncode == 3


def test_not_installed(empty_database: Database, cli: Cli) -> None:
    result = cli.here("forecast", "--dsn", empty_database.dsn)
    assert result.returncode == 3
    assert "is not installed" in result.stderr


def test_status_says_the_verdict_where_it_is_not_ok(database: Database, cli: Cli) -> None:
    make(database)
    database.query("call maint.cleanup(p_quiet => true)")
    assert "WARNING" not in cli.here("status", "--dsn", database.dsn).stdout
    database.query("update maint._run set started_at = started_at - interval '27 hours'")
    sample(database)
    result = cli.here("status", "--dsn", database.dsn)
    assert result.returncode == 0
    assert result.stdout.splitlines()[-1].startswith("WARNING public.events not scheduled: no job of pg_cron calls it")
    (policy,) = cli.here("status", "--json", "--dsn", database.dsn).json["policies"]
    assert (policy["verdict"], policy["state"]) == ("not scheduled", "active")
