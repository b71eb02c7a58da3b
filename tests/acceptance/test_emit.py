"""Files for schedulers outside, tried with the real tools: systemd, cron, logrotate, shellcheck, Kubernetes' schema."""

from __future__ import annotations

import configparser
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import venv
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from cronsim import CronSim
from support import Cli, Database
from support.cluster import OWNER, PASSWORD_ROLE
from support.command import ROOT
from support.passes import Table, until

from pytelemetry_db.crontab import parse

TARGETS = ("cron", "systemd", "kubernetes", "script")
SECRET = "s3cr3t-w0rd"
# A command that is there, for tools that look.
HERE = ("--command", sys.executable)
# The documented timer of the program that this one replaces.
GUIDE = ("daily", "02:00")
BEGIN = datetime(2026, 11, 30, tzinfo=UTC) - timedelta(seconds=1)


def tool(*command: object, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=60, env=env)


def write(cli: Cli, folder: Path, target: str, *options: object) -> list[Path]:
    folder.mkdir(exist_ok=True)
    done = cli.here("schedule", "emit", target, "--output", folder, *options)
    assert done.returncode == 0, done.stderr
    return [Path(line) for line in done.stdout.splitlines()]


def upcoming(calendar: str, count: int) -> list[datetime]:
    """The next times of an OnCalendar expression from a fixed moment on, as systemd itself computes them."""
    shown = tool(
        *("systemd-analyze", "calendar", f"--iterations={count}", f"--base-time={BEGIN:%Y-%m-%d %H:%M:%S} UTC"),
        calendar,
        env={"PATH": os.environ["PATH"], "TZ": "UTC", "LANG": "C"},
    )
    assert shown.returncode == 0, shown.stderr
    times = re.findall(r"(?:Next elapse|Iter\. #\d+): \w+ (\S+ \S+) UTC", shown.stdout)
    assert times
    return [datetime.strptime(time, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC) for time in times]


def elapses(*calendars: str) -> list[datetime]:
    """When systemd would start something within two days."""
    found = [time for calendar in calendars for time in upcoming(calendar, 100)]
    return sorted(time for time in found if time < BEGIN + timedelta(days=2))


@pytest.mark.parametrize(
    "expression",
    [
        "0 2 * * *",
        "7 * * * *",
        "*/15 1-5/2 * * *",
        "*/7 */5 * * *",
        "5-59/20 0,12-13 * * *",
        "0 0 1,15,31 * *",
        "30 4 */9 2-12/5 *",
        "30 4 * * mon,wed",
        "0 6 * jan,dec 5-7",
        "0 6 * * */3",
        "0 0 1 dec *",
        "0 0 29 2 *",
        "59 23 30 * *",
        "0 12 * * 7",
    ],
)
def test_systemd_comes_when_cron_comes(expression: str) -> None:
    """The oracle is a cron of somebody else's."""
    parsed = parse(expression, "test")
    count = 4 if "29 2" in expression else 50
    oracle = CronSim(expression, BEGIN)
    wanted = [next(oracle) for _ in range(count)]
    assert upcoming(parsed.on_calendar(), count) == wanted
    plain = CronSim(parsed.cron, BEGIN)
    assert [next(plain) for _ in range(count)] == wanted


def test_a_day_has_one_cleanup_where_the_guides_timer_had_two(cli: Cli, tmp_path: Path) -> None:
    timers = [path for path in write(cli, tmp_path, "systemd") if path.suffix == ".timer"]
    calendars = {path.stem: re.findall(r"^OnCalendar=(.*)$", path.read_text(), re.MULTILINE) for path in timers}
    assert {name: len(found) for name, found in calendars.items()} == {
        "pytelemetry-db-cleanup": 1,
        "pytelemetry-db-check": 1,
    }
    assert len(elapses(*calendars["pytelemetry-db-cleanup"])) == 2
    assert len(elapses(*GUIDE)) == 4
    (zoned,) = write(cli, tmp_path / "zone", "systemd", "--time-zone", "Asia/Tokyo", "--job", "cleanup")[1:2]
    (calendar,) = re.findall(r"^OnCalendar=(.*)$", zoned.read_text(), re.MULTILINE)
    assert [time.hour for time in elapses(calendar)] == [17, 17]


def test_systemd_finds_nothing_wrong_and_enabling_starts_nothing(cli: Cli, tmp_path: Path) -> None:
    hostile = ("--db-host", 'a "b" \\ %h $HOME', "--command", program(cli, "50%host $HOME/pytelemetry-db"))
    for number, options in enumerate([HERE, hostile, (*hostile, "--user", "telemetry")]):
        written = write(cli, tmp_path / f"units{number}", "systemd", *options)
        units = [path for path in written if path.suffix]
        checked = tool("systemd-analyze", "verify", "--man=no", *units)
        assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
    # It looks: it finds the program, and names what it does not know.
    (broken,) = (path for path in units if path.name == "pytelemetry-db-cleanup.service")
    before = broken.read_text()
    broken.write_text(before.replace("50%%host", "50%host").replace("UMask=", "UMusk="))
    said = tool("systemd-analyze", "verify", "--man=no", broken).stderr
    assert "'UMusk'" in said
    assert re.search("is not executable|No such file", said)
    broken.write_text(before)
    for unit in units:
        parsed = configparser.ConfigParser(strict=False, interpolation=None)
        parsed.optionxform = str  # type: ignore[assignment,method-assign]
        parsed.read_string(unit.read_text())
        assert not any(name in parsed["Unit"] for name in ("Requires", "BindsTo", "PartOf", "Upholds"))
        assert ("Install" in parsed) == (unit.suffix == ".timer")
    root = tmp_path / "root"
    (root / "etc/systemd/system").mkdir(parents=True)
    for unit in units:
        (root / "etc/systemd/system" / unit.name).write_text(unit.read_text())
    enabled = tool("systemctl", f"--root={root}", "enable", *(unit.name for unit in units if unit.suffix == ".timer"))
    assert enabled.returncode == 0, enabled.stderr
    linked = {path.relative_to(root / "etc/systemd/system").as_posix() for path in root.rglob("*") if path.is_symlink()}
    assert linked == {f"timers.target.wants/pytelemetry-db-{job}.timer" for job in ("cleanup", "check")}
    # Whoever enables a service by mistake links nothing.
    tool("systemctl", f"--root={root}", "enable", "pytelemetry-db-cleanup.service")
    assert sum(path.is_symlink() for path in root.rglob("*")) == 2


def test_a_service_may_do_little_else(cli: Cli, tmp_path: Path) -> None:
    services = [path for path in write(cli, tmp_path, "systemd", *HERE) if path.suffix == ".service"]
    for service in services:
        shown = tool("systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", service)
        assert shown.returncode == 0, shown.stdout[-300:] + shown.stderr


def lines_of(crontab: Path) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """The environment and the jobs of a crontab, read as cron reads them: (schedule, command)."""
    environment, jobs = {}, []
    for line in crontab.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        if named := re.fullmatch(r'(\w+)\s*=\s*("?)(.*)\2', line):
            environment[named[1]] = named[3]
        else:
            *schedule, command = line.split(" ", 5)
            jobs.append((" ".join(schedule), command.replace(r"\%", "\0").partition("%")[0].replace("\0", "%")))
    return environment, jobs


def test_cron_takes_the_lines_and_refuses_broken_ones(cli: Cli, tmp_path: Path) -> None:
    (crontab,) = write(cli, tmp_path, "cron", "--db-host", "a%b c", "--schedule", "check=*/20 8-18 * * mon-fri")
    taken = tool("crontab", "-n", crontab)
    assert taken.returncode == 0, taken.stderr
    broken = tmp_path / "broken"
    broken.write_text(crontab.read_text().replace("0 2 * * *", "0 25 * * *"))
    assert tool("crontab", "-n", broken).returncode != 0
    environment, jobs = lines_of(crontab)
    assert environment["DB_HOST"] == "a%b c"
    assert [schedule for schedule, _ in jobs] == ["0 2 * * *", "0,20,40 8,9,10,11,12,13,14,15,16,17,18 * * 1,2,3,4,5"]
    (system,) = write(cli, tmp_path, "cron", "--user", "telemetry")
    assert system.name == "pytelemetry-db"
    assert re.search(r"^0 2 \* \* \* telemetry \S", system.read_text(), re.MULTILINE)


def as_cron(command: str, environment: dict[str, str], cli: Cli) -> subprocess.CompletedProcess[str]:
    """Run a command as cron does: /bin/sh -c, and hardly any environment."""
    known = {"HOME": str(cli.home), "LOGNAME": "somebody", **environment}
    return subprocess.run(
        ["/bin/sh", "-c", command], env=known, cwd=cli.home, capture_output=True, text=True, timeout=60
    )


def connected(database: Database) -> list[str]:
    cluster = database.cluster
    return ["--db-host", cluster.host, "--db-port", str(cluster.port), "--db-name", database.name, "--db-user", OWNER]


def program(cli: Cli, name: str = "50% of it/pytelemetry-db") -> Path:
    """The command under a name that needs quoting, running this repository."""
    path = cli.home / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m pytelemetry_db "$@"\n')
    path.chmod(0o755)
    return path


def test_the_lines_of_a_crontab_clean_and_say_nothing(cli: Cli, database: Database, tmp_path: Path) -> None:
    table = Table.make(database, expired=300, batch_rows=100, slow=0)
    (cli.home / ".pgpass").write_text(f"*:*:*:*:{OWNER}\n")
    (cli.home / ".pgpass").chmod(0o600)
    log = tmp_path / "cleanup.log"
    options = (*connected(database), "--command", program(cli), "--log", log)
    crontab, _rotation = write(cli, tmp_path / "files", "cron", *options)
    environment, ((_, cleanup), (_, check)) = lines_of(crontab)
    for command in (cleanup, check):
        done = as_cron(command, environment, cli)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert table.count() == table.fresh
    assert "app.events" in log.read_text()
    # Trouble is what gets mailed.
    database.query("alter table app.events rename to other")
    failed = as_cron(cleanup, environment, cli)
    assert failed.returncode == 2
    assert "suspended" in failed.stdout + failed.stderr


@pytest.mark.parametrize("words", [["--job", "sample"], ["--schedule", "sample=*/5 * * * *"]], ids=" ".join)
def test_sample_is_a_job_for_whoever_asks_for_it(
    words: list[str], cli: Cli, database: Database, tmp_path: Path
) -> None:
    Table.make(database, expired=300, batch_rows=100, slow=0)
    (cli.home / ".pgpass").write_text(f"*:*:*:*:{OWNER}\n")
    (cli.home / ".pgpass").chmod(0o600)
    options = (*connected(database), "--command", program(cli), *words)
    (crontab,) = write(cli, tmp_path / "files", "cron", *options)
    environment, jobs = lines_of(crontab)
    [(schedule, command)] = [(when, what) for when, what in jobs if " sample " in what]
    assert len(jobs) == (1 if "--job" in words else 3)
    assert len(schedule.split()[0].split(",")) == (6 if "--job" in words else 12)
    done = as_cron(command, environment, cli)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert database.value("select count(*) from maint._sample where problem is null") == 1


def test_the_log_is_rotated_and_no_line_of_a_pass_at_work_is_lost(cli: Cli, tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    log = logs / "a log.log"
    _crontab, snippet = write(cli, tmp_path, "cron", "--log", log)
    rotate = ("/usr/sbin/logrotate", "--force", "--state", tmp_path / "state", snippet)
    with open(log, "a", buffering=1) as at_work:
        at_work.write("begun\n")
        rotated = tool(*rotate)
        assert rotated.returncode == 0, rotated.stderr
        at_work.write("done\n")
    assert Path(f"{log}.1").read_text() == "begun\ndone\n"
    assert (log.read_text(), log.stat().st_mode & 0o777) == ("", 0o640)
    log.write_text("next\n")
    assert tool(*rotate).returncode == 0
    assert sorted(path.name for path in logs.iterdir()) == ["a log.log", "a log.log.1", "a log.log.2.gz"]
    # Nothing to rotate, and no log at all, are no errors.
    log.unlink()
    again = tool(*rotate)
    assert (again.returncode, again.stderr) == (0, "")


def test_the_service_has_a_passfile_that_libpq_reads(cli: Cli, database: Database, tmp_path: Path) -> None:
    """What the unit says is run as systemd would; a credential may look readable for a group, which libpq ignores."""
    folder = tmp_path / "units"
    said = (*connected(database)[:-1], PASSWORD_ROLE)
    write(cli, folder, "systemd", "--job", "check", *said, "--command", program(cli, "it/pytelemetry-db"))
    credentials, runtime = tmp_path / "credentials", tmp_path / "run"
    credentials.mkdir()
    (runtime / "pytelemetry-db-check").mkdir(parents=True)
    (credentials / "pgpass").write_text(f"{(folder / 'pgpass').read_text()}*:*:*:*:{PASSWORD_ROLE}\n")
    (credentials / "pgpass").chmod(0o440)
    text = (folder / "pytelemetry-db-check.service").read_text()
    text = text.replace("%d", str(credentials)).replace("%t", str(runtime)).replace("%%", "%")
    settings = re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE)
    environment = dict(shlex.split(value)[0].split("=", 1) for name, value in settings if name == "Environment")
    commands = {name: shlex.split(value) for name, value in settings if name.startswith("ExecStart")}
    assert tool(*commands["ExecStartPre"]).returncode == 0
    # It gets in, as a role that may not look.
    assert "permission denied for schema maint" in tool(*commands["ExecStart"], env=environment).stderr
    environment["PGPASSFILE"] = str(credentials / "pgpass")
    assert "password authentication failed" in tool(*commands["ExecStart"], env=environment).stderr


@pytest.mark.parametrize(
    ("log", "severity"),
    # In the second, shellcheck takes quotes within quotes for a mistake.
    [("/var/log/a log.log", "style"), ('/var/log/it\'s a "log" $(x).log', "error")],
    ids=["ordinary", "hostile"],
)
def test_the_script_is_clean_shell(log: str, severity: str, cli: Cli, tmp_path: Path) -> None:
    script, _ = write(cli, tmp_path, "script", "--log", log, "--schema", "other", "--db-host", "db.internal")
    assert script.stat().st_mode & 0o777 == 0o755
    checked = tool("shellcheck", f"--severity={severity}", script)
    assert (checked.returncode, checked.stdout) == (0, "")
    echo = tmp_path / "echo"
    echo.write_text('#!/bin/sh\nprintf "%s|" "$LOG_FILE" "$DB_HOST" "$@"; echo\n')
    echo.chmod(0o755)
    said = tool(script, "--dry-run", env={"PATH": "/usr/bin:/bin", "PYTELEMETRY_DB": str(echo), "DB_HOST": "mine"})
    assert said.stdout.splitlines() == [
        f"{log}|mine|cleanup|-q|--max-duration|50min|--schema|other|--dry-run|",
        f"{log}|mine|status|-q|--max-age|26h|--schema|other|",
    ]


def test_the_script_passes_on_what_came_of_it(cli: Cli, tmp_path: Path) -> None:
    (script,) = write(cli, tmp_path, "script")
    for name, code in (("true", 0), ("false", 1)):
        done = tool(script, env={"PATH": "/usr/bin:/bin", "PYTELEMETRY_DB": name})
        assert (done.returncode, done.stdout, done.stderr) == (code, "", "")
    missing = tool(script, env={"PATH": "/usr/bin:/bin", "PYTELEMETRY_DB": "/nonesuch"})
    assert missing.returncode == 127
    assert missing.stderr == (
        "daily-cleanup.sh: /nonesuch is not here: pip install pytelemetry-db, or set PYTELEMETRY_DB\n"
    )


def test_a_signal_to_the_script_stops_the_pass_at_its_batch(cli: Cli, database: Database, tmp_path: Path) -> None:
    table = Table.make(database, expired=2000, slow=0.1)
    (script,) = write(cli, tmp_path, "script", *connected(database), "--command", program(cli))
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(cli.home)}
    with subprocess.Popen([script], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        until(table.in_a_batch)
        process.terminate()
        process.communicate(timeout=60)
    assert process.returncode == 143
    assert table.last_run()["stop_reason"] == "interrupted"
    table.assert_nothing_half_done(whole_batches=True)


def test_the_script_twice_at_the_same_time(cli: Cli, database: Database, tmp_path: Path) -> None:
    """Without pg_cron in the database, the same guarantees: exactly the expired rows go, and nothing is left behind."""
    assert database.query("select 1 from pg_extension where extname = 'pg_cron'") == []
    table = Table.make(database, slow=0.05)
    (script,) = write(cli, tmp_path, "script", *connected(database), "--command", program(cli))
    log = tmp_path / "log"
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(cli.home), "DB_PASSWORD": OWNER, "LOG_FILE": str(log)}
    looked = tool(script, "--dry-run", env=environment)
    assert looked.returncode == 0, looked.stderr
    assert table.missing() == 0

    def start() -> subprocess.Popen[str]:
        return subprocess.Popen([script], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    with start() as first:
        until(table.in_a_batch)
        with start() as second:
            second_said = second.communicate(timeout=60)
            assert first.poll() is None
            table.fast()
            first_said = first.communicate(timeout=60)
    assert (first.returncode, *first_said) == (second.returncode, *second_said) == (0, "", "")
    assert table.count() == table.fresh
    table.assert_nothing_half_done()
    assert [(run["stop_reason"], run["rows"]) for run in table.runs() if run["rows"]] == [("done", 4000)]
    assert "app.events" in log.read_text()


def test_the_documented_variables_of_the_script(cli: Cli, database: Database, tmp_path: Path) -> None:
    database.query("create table events_seen (id bigint primary key, created_at timestamptz)")
    database.query("create index on events_seen (created_at)")
    database.query(
        "insert into events_seen select g, now() - make_interval(days => g) from generate_series(0, 39) as g"
    )
    database.query("select maint.set_policy('events_seen', '7 days')")
    (script,) = write(cli, tmp_path, "script", "--db-host", "/nonesuch", "--command", program(cli))
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(cli.home),
        "DB_HOST": database.cluster.host,
        "DB_PORT": str(database.cluster.port),
        "DB_NAME": database.name,
        "DB_USER": OWNER,
        "DB_PASSWORD": OWNER,
        "EVENTS_RETENTION_DAYS": "20",
    }
    done = tool(script, env=environment)
    assert database.value("select count(*) from events_seen") in (20, 21), done.stderr
    wrong = tool(script, env={**environment, "EVENTS_RETENTION_DAYS": "some"})
    assert wrong.returncode == 64
    assert 'EVENTS_RETENTION_DAYS: found "some"' in wrong.stderr


def cronjobs(cli: Cli, *options: object) -> list[Any]:
    done = cli.here("schedule", "emit", "kubernetes", *options)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def test_kubernetes_takes_the_cronjobs(cli: Cli) -> None:
    options = (
        "--db-host",
        'a"b: {',
        "--image",
        "registry:5000/x#y@sha256:0",
        "--max-duration",
        "2h",
        "--schema",
        "other",
    )
    jobs = cronjobs(cli, *options, "--time-zone", "Europe/Berlin")
    assert [job["metadata"]["name"] for job in jobs] == ["pytelemetry-db-cleanup", "pytelemetry-db-check"]
    for job in jobs:
        for version in ("1.27", kubernetes_validate.latest_version()):
            kubernetes_validate.validate(job, version, strict=True)
        # It would have seen a word that does not exist, and a value of another kind.
        for change in ({"concurrencyPolice": "Forbid"}, {"startingDeadlineSeconds": "60"}):
            with pytest.raises(kubernetes_validate.ValidationError):
                kubernetes_validate.validate({**job, "spec": {**job["spec"], **change}}, "1.27", strict=True)
        spec = job["spec"]
        assert (spec["concurrencyPolicy"], spec["timeZone"]) == ("Forbid", "Europe/Berlin")
        assert spec["failedJobsHistoryLimit"] == spec["successfulJobsHistoryLimit"] == 3
        run = spec["jobTemplate"]["spec"]
        assert run["backoffLimit"] == 0
        pod = run["template"]["spec"]
        assert (pod["restartPolicy"], pod["securityContext"]["runAsNonRoot"]) == ("Never", True)
        (container,) = pod["containers"]
        assert container["image"] == "registry:5000/x#y@sha256:0"
        variables = {one["name"]: one for one in container["env"]}
        assert variables["DB_HOST"]["value"] == 'a"b: {'
        assert variables["DB_PASSWORD"]["valueFrom"]["secretKeyRef"] == {
            "name": "postgres-credentials",
            "key": "password",
        }
        assert variables["DB_USER"]["valueFrom"]["secretKeyRef"] == {"name": "postgres-credentials", "key": "username"}
    assert [job["spec"]["startingDeadlineSeconds"] for job in jobs] == [3600, 600]
    assert [job["spec"]["jobTemplate"]["spec"]["activeDeadlineSeconds"] for job in jobs] == [7800, 300]
    assert jobs[0]["spec"]["schedule"] == "0 2 * * *"
    arguments = jobs[0]["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["args"]
    assert arguments == ["cleanup", "-q", "--max-duration", "2h", "--schema", "other"]


def test_what_is_said_of_the_server_gets_into_the_pod(cli: Cli) -> None:
    for host in ("localhost", "/run/postgresql"):
        warned = cli.here("schedule", "emit", "kubernetes", "--db-host", host)
        assert f"warning: {host} is the pod itself: say --db-host\n" in warned.stderr
    said = cli.here("schedule", "emit", "kubernetes", "--dsn", "postgresql://me@db/app?sslmode=verify-full")
    assert "warning" not in said.stderr
    for job in yaml.safe_load_all(said.stdout):
        (container,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
        variables = {one["name"]: one.get("value", one.get("valueFrom")) for one in container["env"]}
        assert variables == {
            "PGHOST": "db",
            "PGDATABASE": "app",
            "PGUSER": "me",
            "PGSSLMODE": "verify-full",
            "PGPASSWORD": {"secretKeyRef": {"name": "postgres-credentials", "key": "password"}},
        }


@pytest.mark.parametrize("target", TARGETS)
def test_no_file_holds_a_password_or_connects(target: str, cli: Cli, tmp_path: Path) -> None:
    secrets = {"DB_PASSWORD": SECRET, "PGPASSWORD": SECRET, "DB_HOST": "192.0.2.1"}
    printed = cli.here("schedule", "emit", target, env=secrets)
    assert printed.returncode == 0, printed.stderr
    assert "192.0.2.1" in printed.stdout
    assert SECRET not in printed.stdout + printed.stderr
    url = {"DATABASE_URL": f"postgresql://me:{SECRET}@192.0.2.1/app"}
    written = cli.here("schedule", "emit", target, "--output", tmp_path, env=url)
    texts = [path.read_text() for path in tmp_path.iterdir()]
    assert any("192.0.2.1" in text for text in texts)
    assert SECRET not in "".join([*texts, written.stdout, written.stderr])
    for said in (["--db-password", SECRET], ["-W"], ["--dsn", f"postgresql://me:{SECRET}@db/app"]):
        refused = cli.here("schedule", "emit", target, *said)
        assert refused.returncode == 64
        assert refused.stdout == ""
        assert SECRET not in refused.stderr


BAD: dict[str, tuple[list[str], str]] = {
    "target": (["at"], 'there is no target "at"'),
    "job": (["cron", "--job", "health"], 'there is no job "health"'),
    "schedule without a time": (["cron", "--schedule", "check"], '--schedule: found "check"'),
    "schedule of nothing": (["cron", "--schedule", "x=@daily"], '--schedule: found "x=@daily"'),
    "expression": (["cron", "--schedule", "check=0 25 * * *"], '--schedule check=: the hour cannot be "25"'),
    "both days": (["systemd", "--schedule", "check=0 2 1 * mon"], "a day of the month and a day of the week"),
    "zone": (["systemd", "--time-zone", "Europe/Nowhere"], 'there is no zone "Europe/Nowhere"'),
    "zone that is a path": (["systemd", "--time-zone", "../../etc/passwd"], "there is no zone"),
    "zone for a script": (["script", "--time-zone", "Europe/Berlin"], "a script has no times"),
    "time for a script": (["script", "--schedule", "cleanup=@daily"], "a script has no times"),
    "log for systemd": (["systemd", "--log", "/x"], "systemd's journal has the lines"),
    "command for an image": (["kubernetes", "--command", "/x"], "the image says what is run"),
    "account": (["cron", "--user", "root; rm"], '--user: found "root; rm"'),
    "addresses": (["cron", "--mailto", "a b"], '--mailto: found "a b"'),
    "relative log": (["cron", "--log", "a.log"], "an absolute path without wildcards"),
    "pattern as log": (["cron", "--log", "/var/log/*"], "an absolute path without wildcards"),
    "relative command": (["cron", "--command", "bin/x"], "an absolute path, or a name"),
    "long command": (["cron", "--command", "/" + "x" * 900], "longer than cron takes"),
    "quoted program": (["systemd", "--command", "/it's"], "systemd takes in no program's path"),
    "namespace": (["kubernetes", "--namespace", "Tele_metry"], '--namespace: found "Tele_metry"'),
    "secret": (["kubernetes", "--secret", "a/b"], '--secret: found "a/b"'),
    "zone for cron": (["cron", "--time-zone", "Europe/Berlin"], "cron has no time zones"),
    "months": (["systemd", "--max-duration", "1mon"], '--max-duration: "1mon" has no fixed length in seconds'),
    "bare number": (["systemd", "--max-age", "26"], '--max-age: "26" of what?'),
    "two lines": (["cron", "--mailto", "a\nb"], "a control character in a value"),
    "quotes in a crontab": (["cron", "--db-host", "a\"b'"], "a crontab cannot hold the value"),
    "no folder": (["cron", "--output", "/nonesuch"], "--output: /nonesuch is not a directory"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_clear_line_and_writes_nothing(case: str, cli: Cli) -> None:
    words, message = BAD[case]
    done = cli.here("schedule", "emit", *words)
    assert (done.returncode, done.stdout) == (64, "")
    assert done.stderr.startswith("error: ")
    assert message in done.stderr
    assert len(done.stderr.splitlines()) <= 2


def test_files_that_differ_are_not_overwritten_unasked(cli: Cli, tmp_path: Path) -> None:
    written = write(cli, tmp_path, "systemd")
    before = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in written} == {
        name: "0o600" if name in ("environment", "pgpass") else "0o644" for name in before
    }
    assert write(cli, tmp_path, "systemd") == written[:-2]
    edited = written[0]
    edited.write_text("mine\n")
    refused = cli.here("schedule", "emit", "systemd", "--output", tmp_path, "--max-duration", "1h")
    assert refused.returncode == 64
    assert "is there already and differs" in refused.stderr
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {**before, edited.name: "mine\n"}
    # What somebody filled in stays in any case.
    (tmp_path / "pgpass").write_text(SECRET)
    write(cli, tmp_path, "systemd", "--force")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {**before, "pgpass": SECRET}


def test_nothing_is_written_where_something_is_in_the_way(cli: Cli, tmp_path: Path) -> None:
    for way in ("folder", "link", "full"):
        (folder := tmp_path / way).mkdir()
        last = folder / "pytelemetry-db-check.timer"
        if way == "folder":
            last.mkdir()
        elif way == "link":
            last.symlink_to("nowhere")
        else:
            # Met when others are written already, under other names.
            (folder / ".pytelemetry-db-check.timer.new").mkdir()
        refused = cli.here("schedule", "emit", "systemd", "--output", folder, "--force")
        assert refused.returncode == (2 if way == "full" else 64)
        assert (refused.stdout, len(refused.stderr.splitlines())) == ("", 1)
        assert len(list(folder.iterdir())) == 1


def test_the_image_is_made_of_what_is_here_by_commands_that_work(tmp_path: Path) -> None:
    """Each RUN is run in a virtual environment, on what COPY copies; the base image is not ours."""
    checked = tool(Path(sys.executable).with_name("hadolint"), ROOT / "Containerfile")
    assert checked.returncode == 0, checked.stdout
    text = (ROOT / "Containerfile").read_text().replace("\\\n", " ")
    for line in re.findall(r"^COPY (.*)$", text, re.MULTILINE):
        *sources, target = line.split()
        for source in sources:
            there = tmp_path / target / (source if target.endswith("/") else "")
            copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
            copy(ROOT / source, there)
    venv.create(tmp_path / "venv", with_pip=True)
    programs = tmp_path / "venv" / "bin"
    commands = re.findall(r"^RUN (?:--\S+ +)*(.*)$", text, re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        done = subprocess.run(
            ["/bin/sh", "-c", command.replace("/wheels", str(tmp_path / "wheels"))],
            env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    (entrypoint,) = re.findall(r"^ENTRYPOINT (.*)$", text, re.MULTILINE)
    said = tool(programs / json.loads(entrypoint)[0], "schedule", "emit", "script")
    assert said.stdout.startswith("#!/bin/sh\n")
    assert re.search(r"^USER [1-9]\d*:\d+$", text, re.MULTILINE)
