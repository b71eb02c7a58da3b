"""metrics prints, writes and serves what the ledger, the samples, the policies and health say."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from support import Cli, Cluster, Database
from support.passes import Table, until
from support.receivers import free_port

from pytelemetry_db.registry import CHEAP, DEAR, METRICS, by_name

DOCUMENTED = (
    "telemetry_cleanup_duration_seconds",
    "telemetry_cleanup_records_deleted",
    "telemetry_db_table_size_bytes",
    "telemetry_db_table_rows",
    "telemetry_db_oldest_record_age_seconds",
)


def promtool(*arguments: object, stdin: str | None = None) -> str:
    """Run promtool; anything it complains of fails the test."""
    result = subprocess.run(["promtool", *map(str, arguments)], input=stdin, capture_output=True, text=True)
    assert result.returncode == 0, result
    assert result.stderr == "", result
    return result.stdout


def get(url: str, accept: str = "") -> tuple[int, str]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers={"Accept": accept}), timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def value(text: str, name: str) -> float:
    (found,) = re.findall(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return float(found)


@contextmanager
def serving(cli: Cli, database: Database, *options: str) -> Iterator[str]:
    port = free_port()
    with cli.start("metrics", "--serve", f"127.0.0.1:{port}", "--dsn", database.dsn, *options) as process:
        try:
            assert process.stderr is not None
            assert "serving" in process.stderr.readline()
            yield f"http://127.0.0.1:{port}"
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
        finally:
            process.kill()


def used(database: Database) -> Table:
    """A table with one pass and one sample."""
    table = Table.make(database, expired=100, slow=0, autovacuum=False)
    with database.connect() as connection:
        connection.execute("call maint.cleanup()")
        connection.execute("call maint.sample()")
    return table


def test_the_documented_metrics_are_there_and_promtool_has_nothing_to_say(database: Database, cli: Cli) -> None:
    used(database)
    text = cli.here("metrics", "--dsn", database.dsn).stdout
    promtool("check", "metrics", stdin=text)
    labels = '{schema="app",table="events"}'
    for name in DOCUMENTED:
        assert value(text, name + labels) >= 0
    assert value(text, "telemetry_cleanup_records_deleted" + labels) == 100
    assert value(text, "telemetry_db_table_rows" + labels) == 50
    assert value(text, "telemetry_cleanup_last_run_success" + labels) == 1
    assert value(text, "telemetry_retention_seconds" + labels) == 7 * 86400
    size = database.value("select pg_total_relation_size('app.events')::float")
    assert value(text, "telemetry_db_table_size_bytes" + labels) == size


def test_the_view_and_the_registry_are_the_same(database: Database) -> None:
    used(database)
    database.query("select maint.set_policy('app.events', p_max_size => '1 GB')")
    database.query("call maint.sample()")
    # Two weeks of samples, a job and a last good pass: then every metric has something to say.
    database.query(
        "insert into maint._sample"
        " select (jsonb_populate_record(s, jsonb_build_object('at', s.at - make_interval(days => g)))).*"
        " from maint._sample as s cross join generate_series(1, 20) as g"
    )
    database.query(
        "insert into maint._job"
        " (job_name, kind, schedule, time_zone, role_name, cron_database, cron_job_id, database_oid, command)"
        " values ('cleanup', 'cleanup', '*/5 * * * *', 'UTC', current_user, 'postgres', 1, 1, 'call maint.cleanup()')"
    )
    database.query("insert into maint._call (job_name, started_at, deadline) values ('cleanup', now(), now())")
    database.query("create table app.parts (at timestamptz not null) partition by range (at)")
    database.query("create table app.parts_rest partition of app.parts default")
    database.query("insert into app.parts values (now() + interval '1 year')")
    database.query("analyze app.parts_rest")
    database.query("select maint.set_policy('app.parts', '7 days', p_partition_interval => '1 day', p_premake => 4)")
    known = by_name()
    seen = set()
    for row in database.query("select source, name, labels from maint.metrics"):
        metric = known[row["name"]]
        assert (metric.source, set(metric.labels)) == (row["source"], set(row["labels"])), row
        seen.add(row["name"])
    missing = {metric.name for metric in METRICS if metric.source != "exporter"} - seen
    # Nobody has measured how fast rows come in.
    assert missing <= {"telemetry_cleanup_margin_ratio", "telemetry_job_healthy"}, missing


def test_counters_do_not_fall_when_the_ledger_is_pruned(database: Database) -> None:
    table = used(database)
    totals = "select name, labels, value from maint.metrics where name ~ '_total$' order by name, labels::text"
    for _ in range(3):
        table.inflow(10)
        database.query("call maint.cleanup()")
    before = database.query(totals)
    database.query("select maint.set_setting('runs_keep_count', '1')")
    database.query("select maint._prune_runs()")
    assert database.value("select count(*) from maint.runs") <= 2
    assert database.query(totals) == before
    assert sum(row["value"] for row in before if "deleted" in row["name"]) == 130


def test_a_text_file_is_replaced_whole(database: Database, cli: Cli) -> None:
    used(database)
    folder = cli.home / "textfile"
    folder.mkdir()
    file = folder / "telemetry.prom"
    file.write_text("old")
    result = cli.here("metrics", "--textfile", file, "--dsn", database.dsn)
    assert (result.returncode, result.stdout) == (0, "")
    promtool("check", "metrics", stdin=file.read_text())
    assert file.stat().st_mode & 0o777 == 0o644
    assert [path.name for path in folder.iterdir()] == ["telemetry.prom"]
    old = file.read_bytes()
    broken = cli.here("metrics", "--textfile", file, "--dsn", f"host=127.0.0.1 port={free_port()} user=x dbname=x")
    assert (broken.returncode, file.read_bytes()) == (2, old)
    nowhere = cli.here("metrics", "--textfile", cli.home / "missing" / "a.prom", "--dsn", database.dsn)
    assert nowhere.returncode == 64
    assert "cannot write" in nowhere.stderr
    taken = cli.here("metrics", "--textfile", folder, "--dsn", database.dsn)
    assert taken.returncode == 64
    assert "Is a directory" in taken.stderr
    assert [path.name for path in folder.iterdir()] == ["telemetry.prom"]
    assert sorted(path.name for path in cli.home.iterdir() if path.name.startswith(".")) == []


def test_fifty_scrapes_are_one_refresh(database: Database, cli: Cli) -> None:
    used(database)
    with serving(cli, database, "--interval", "1h", "--health-interval", "1h") as url:
        with ThreadPoolExecutor(50) as pool:
            answers = list(pool.map(lambda _: get(f"{url}/metrics"), range(50)))
        assert {code for code, _ in answers} == {200}
        assert {value(text, "telemetry_exporter_refreshes_total") for _, text in answers} == {1.0}
        text = answers[0][1]
        promtool("check", "metrics", stdin=text)
        assert (
            value(text, "telemetry_maintenance_info" + re.findall(r"telemetry_maintenance_info(\{.*\})", text)[0]) == 1
        )
        assert "# EOF" in get(f"{url}/metrics", "application/openmetrics-text; version=1.0.0")[1]
        assert get(f"{url}/-/healthy")[0] == 200
        assert get(f"{url}/-/ready")[0] == 200
        assert get(f"{url}/etc/passwd")[0] == 404
        (session,) = database.query(
            "select pid from pg_stat_activity where application_name = 'pytelemetry_db metrics'"
        )
        assert session


def test_blind_is_503_with_a_reason_and_passes(database: Database, cli: Cli, cluster: Cluster) -> None:
    used(database)
    with serving(cli, database, "--interval", "1s") as url:
        assert get(f"{url}/metrics")[0] == 200
        cluster.stop()
        try:
            _, reason = until(lambda: (found := get(f"{url}/metrics"))[0] == 503 and found)  # type: ignore[misc]
            assert "cannot connect to" in reason or "terminating connection" in reason or "closed" in reason
            assert get(f"{url}/-/ready")[0] == 503
            assert get(f"{url}/-/healthy")[0] == 200
        finally:
            cluster.start()
        until(lambda: get(f"{url}/metrics")[0] == 200)


def test_a_server_that_says_nothing_does_not_hang_a_scrape(cli: Cli) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = free_port()
        dsn = f"host=127.0.0.1 port={silent.getsockname()[1]} user=x dbname=x"
        with cli.start("metrics", "--serve", f"127.0.0.1:{port}", "--dsn", dsn) as process:
            try:
                assert process.stderr is not None
                process.stderr.readline()
                began = time.monotonic()
                code, reason = get(f"http://127.0.0.1:{port}/metrics")
                assert (code, time.monotonic() - began < 10) == (503, True)
                assert "timeout" in reason
            finally:
                process.kill()


@pytest.mark.parametrize("address", ["9187", "host", "127.0.0.1:99999", "http://127.0.0.1:1", ""])
def test_a_wrong_address_is_a_usage_error(cli: Cli, address: str) -> None:
    assert cli.here("metrics", "--serve", address, "--dsn", "host=127.0.0.1").returncode == 64


def test_a_port_in_use_is_said(cli: Cli) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        result = cli.here("metrics", "--serve", address, "--dsn", "host=127.0.0.1")
    assert result.returncode == 2
    assert f"cannot listen on {address}: Address already in use" in result.stderr


def test_where_we_are_not_installed_it_says_so(empty_database: Database, cli: Cli) -> None:
    result = cli.here("metrics", "--dsn", empty_database.dsn)
    assert result.returncode == 3
    assert "not installed" in result.stderr
    with serving(cli, empty_database) as url:
        code, reason = get(f"{url}/metrics")
        assert (code, "not installed" in reason) == (503, True)


def test_two_thousand_partitions_are_cheap_and_not_locked(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    with database.connect() as connection:
        connection.execute("create schema app")
        connection.execute("create table app.big (at timestamptz not null) partition by range (at)")
        connection.execute(
            "do $$ declare v_at timestamptz := date_trunc('hour', now()); begin for i in 0..1999 loop execute format("
            "'create table app.big_%s partition of app.big for values from (%L) to (%L)', i,"
            " v_at - make_interval(hours => i), v_at - make_interval(hours => i - 1)); end loop; end $$"
        )
        connection.execute("select maint.set_policy('app.big', '90 days')")
        connection.execute("call maint.sample()")
    scrape = (
        "select count(*), count(*) filter (where labels ->> 'table' ~ 'big_') from maint.metrics where source = any(%s)"
    )
    with database.connect() as reader, database.connect() as owner:
        reader.autocommit = owner.autocommit = False
        reader.execute("set jit = off")
        reader.execute("set lock_timeout = '1s'")
        reader.commit()
        took = []
        for _ in range(20):
            began = time.perf_counter()
            found = reader.execute(scrape, [list(CHEAP)]).fetchone()
            took.append((time.perf_counter() - began) * 1000)
            reader.rollback()
        assert found is not None
        assert found[0] > 20
        assert found[1] == 0
        reader.execute(scrape, [[*CHEAP, *DEAR]])
        locks = reader.execute(
            "select count(*) from pg_locks as l inner join pg_class as c on c.oid = l.relation"
            " where l.pid = pg_backend_pid() and c.relname ~ '^big'"
        ).fetchone()
        assert locks == (0,)
        reader.rollback()
        # Nor does it wait for who has locked them all.
        owner.execute("lock table app.big in access exclusive mode")
        assert reader.execute(scrape, [list(CHEAP)]).fetchone() == found
        # Two series: how many, and how far ahead. Without an interval nothing is missing, and there is no limit.
        assert reader.execute(scrape, [["partitions"]]).fetchone() == (2, 0)
        owner.rollback()
    with capsys.disabled():
        print(f"\n2,000 partitions: {min(took):.0f} ms at best, {sorted(took)[10]:.0f} ms in the middle of 20")
    assert min(took) < 50


def test_the_collector_file_gives_what_the_view_does(database: Database, cli: Cli) -> None:
    import yaml

    used(database)
    collector = yaml.safe_load(cli.here("metrics", "--sql-exporter").stdout)
    assert collector["min_interval"] == "1m"
    names = set()
    with database.connect() as connection:
        for metric in collector["metrics"]:
            cursor = connection.execute(metric["query"])
            assert [column.name for column in cursor.description or ()] == [*metric["key_labels"], "value"]
            assert isinstance(metric["help"], str)
            names |= {metric["metric_name"]} if cursor.fetchall() else set()
    there = {row["name"] for row in database.query("select distinct name from maint.metrics")}
    assert names == there


def test_a_reader_may_scrape(database: Database, cli: Cli, cluster: Cluster) -> None:
    used(database)
    with cluster.connect() as superuser:
        superuser.execute("create role metrics_reader login")
    try:
        granted = cli.here("upgrade", "--reader-role", "metrics_reader", "--dsn", database.dsn)
        assert granted.returncode == 0, granted
        result = cli.here("metrics", "--dsn", cluster.dsn(database.name, user="metrics_reader"))
        assert result.returncode == 0, result
        assert value(result.stdout, 'telemetry_cleanup_records_deleted{schema="app",table="events"}') == 100
        assert 'telemetry_health_status{check="passes"} 0.0' in result.stdout
    finally:
        with psycopg.connect(cluster.dsn(database.name), autocommit=True) as superuser:
            superuser.execute("drop owned by metrics_reader")
            superuser.execute("drop role metrics_reader")


def test_options_that_exclude_each_other(cli: Cli, tmp_path: Path) -> None:
    assert cli.here("metrics", "--sql-exporter", "--textfile", tmp_path / "x").returncode == 64
