"""Files for schedulers outside, tried with the real tools: systemd, cron, logrotate, shellcheck, Kubernetes' schema."""

from __future__ import annotations

import configparser
import json
import os
import pwd
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from support import Cli, Database
from support.cluster import OWNER
from support.command import ROOT
from support.passes import Table

from pytelemetry_db.crontab import parse

TARGETS = ("cron", "systemd", "kubernetes", "script")
SECRET = "s3cr3t-w0rd"
# A command that is there, for tools that look.
HERE = ("--command", sys.executable)
# The documented timer of the program that this one replaces.
GUIDE = ("daily", "02:00")


def tool(*command: object, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=60, env=env)


def write(cli: Cli, folder: Path, target: str, *options: object) -> list[Path]:
    folder.mkdir(exist_ok=True)
    done = cli.here("schedule", "emit", target, "--output", folder, *options)
    assert done.returncode == 0, done.stderr
    return [Path(line) for line in done.stdout.splitlines()]


def elapses(*calendars: str) -> list[datetime]:
    """When systemd would start something within two days from a fixed moment on."""
    begin = datetime(2026, 11, 30, tzinfo=UTC) - timedelta(seconds=1)
    found = []
    for calendar in calendars:
        shown = tool(
            *("systemd-analyze", "calendar", "--iterations=3000", f"--base-time={begin:%Y-%m-%d %H:%M:%S} UTC"),
            calendar,
            env={"PATH": os.environ["PATH"], "TZ": "UTC", "LANG": "C"},
        )
        assert shown.returncode == 0, shown.stderr
        times = re.findall(r"(?:Next elapse|Iter\. #\d+): \w+ (\S+ \S+) UTC", shown.stdout)
        assert times
        found += [datetime.strptime(time, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC) for time in times]
    return sorted(time for time in found if time < begin + timedelta(days=2))


def expanded(expression: str) -> list[datetime]:
    """The same two days minute by minute: the oracle."""
    parsed = parse(expression, "oracle")
    begin = datetime(2026, 11, 30, tzinfo=UTC)
    minutes = [begin + timedelta(minutes=minute) for minute in range(2 * 24 * 60)]
    wanted = (parsed.minutes, parsed.hours, parsed.days, parsed.months, parsed.weekdays)
    return [
        at
        for at in minutes
        if all(
            values is None or value in values
            for values, value in zip(wanted, (at.minute, at.hour, at.day, at.month, at.isoweekday() % 7), strict=True)
        )
    ]


@pytest.mark.parametrize(
    "expression",
    [
        "0 2 * * *",
        "7 * * * *",
        "*/15 1-5/2 * * *",
        "30 4 * * mon,wed",
        "0 0 1 dec *",
        "59 23 30 * *",
        "0 12 * * 7",
        "@daily",
    ],
)
def test_systemd_elapses_when_cron_would(expression: str) -> None:
    calendar = parse(expression, "test").on_calendar()
    if wanted := expanded(expression):
        assert elapses(calendar) == wanted
    else:
        assert expression == "0 12 * * 7"
        assert elapses(calendar) == []


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
    units = [path for path in write(cli, tmp_path / "units", "systemd", *HERE) if path.suffix != ".example"]
    checked = tool("systemd-analyze", "verify", "--man=no", *units)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
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
        shown = tool("systemd-analyze", "security", "--offline=true", "--threshold=30", "--no-pager", service)
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


def test_the_log_is_rotated(cli: Cli, tmp_path: Path) -> None:
    log, user = tmp_path / "a log.log", pwd.getpwuid(os.geteuid()).pw_name
    _crontab, snippet = write(cli, tmp_path, "cron", "--log", log, "--user", user)
    text = snippet.read_text()
    # Rotated at once and not once a week, and without root's rule about the folder.
    snippet.write_text(text.replace("weekly", f"weekly\n    su {user} {user}"))
    snippet.chmod(0o644)
    log.write_text("a line\n")
    rotated = tool("/usr/sbin/logrotate", "--force", "--state", tmp_path / "state", snippet)
    assert rotated.returncode == 0, rotated.stderr
    assert Path(f"{log}.1").read_text() == "a line\n"
    assert (log.read_text(), log.stat().st_mode & 0o777) == ("", 0o640)


def test_the_script_is_clean_shell(cli: Cli, tmp_path: Path) -> None:
    script, _ = write(cli, tmp_path, "script", "--log", '/var/log/it\'s a "log".log', "--schema", "other")
    assert script.stat().st_mode & 0o777 == 0o755
    checked = tool("shellcheck", "--severity=error", script)
    assert checked.returncode == 0, checked.stdout
    missing = tool(script, env={"PATH": "/usr/bin:/bin", "PYTELEMETRY_DB": "/nonesuch"})
    assert missing.returncode == 127
    assert missing.stderr == (
        "daily-cleanup.sh: /nonesuch is not here: pip install pytelemetry-db, or set PYTELEMETRY_DB\n"
    )


def test_the_script_twice_at_the_same_time(cli: Cli, database: Database, tmp_path: Path) -> None:
    """Without pg_cron in the database, the same guarantees: exactly the expired rows go, and nothing is left behind."""
    assert database.query("select 1 from pg_extension where extname = 'pg_cron'") == []
    table = Table.make(database, expired=1000, slow=0.01)
    (script,) = write(cli, tmp_path, "script", *connected(database), "--command", program(cli))
    log = tmp_path / "log"
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(cli.home), "DB_PASSWORD": OWNER, "LOG_FILE": str(log)}
    both = [
        subprocess.Popen([script], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    ended = [(process.communicate(timeout=60), process.returncode) for process in both]
    assert ended == [(("", ""), 0)] * 2
    assert table.count() == table.fresh
    table.assert_nothing_half_done()
    assert [run["stop_reason"] for run in table.runs() if run["rows"]] == ["done"]
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
        kubernetes_validate.validate(job, kubernetes_validate.latest_version(), strict=True)
        spec = job["spec"]
        assert (spec["concurrencyPolicy"], spec["timeZone"]) == ("Forbid", "Europe/Berlin")
        assert spec["startingDeadlineSeconds"] == 600
        assert spec["failedJobsHistoryLimit"] == spec["successfulJobsHistoryLimit"] == 3
        run = spec["jobTemplate"]["spec"]
        assert (run["backoffLimit"], run["activeDeadlineSeconds"]) == (0, 7800)
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
    assert jobs[0]["spec"]["schedule"] == "0 2 * * *"
    arguments = jobs[0]["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["args"]
    assert arguments == ["cleanup", "-q", "--max-duration", "2h", "--schema", "other"]


@pytest.mark.parametrize("target", TARGETS)
def test_no_file_holds_a_password_or_connects(target: str, cli: Cli, tmp_path: Path) -> None:
    secrets = {"DB_PASSWORD": SECRET, "PGPASSWORD": SECRET, "DB_HOST": "192.0.2.1"}
    printed = cli.here("schedule", "emit", target, env=secrets)
    assert printed.returncode == 0, printed.stderr
    assert "192.0.2.1" in printed.stdout
    assert SECRET not in printed.stdout + printed.stderr
    for said in (["--db-password", SECRET], ["--dsn", f"postgresql://me:{SECRET}@db/app"]):
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
    "zone for cron": (["cron", "--time-zone", "Europe/Berlin"], "cron has no time zones"),
    "months": (["systemd", "--max-duration", "1mon"], '--max-duration: "1mon" has no fixed length in seconds'),
    "bare number": (["systemd", "--max-age", "26"], '--max-age: "26" of what?'),
    "two lines": (["cron", "--mailto", "a\nb"], "a control character in a value"),
    "quotes in a crontab": (["cron", "--db-host", 'a"b'], "a crontab cannot hold the value"),
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
        name: "0o600" if name == "environment.example" else "0o644" for name in before
    }
    assert write(cli, tmp_path, "systemd") == written
    written[-2].write_text("mine\n")
    refused = cli.here("schedule", "emit", "systemd", "--output", tmp_path, "--max-duration", "1h")
    assert refused.returncode == 64
    assert "is there already and differs" in refused.stderr
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {**before, written[-2].name: "mine\n"}
    write(cli, tmp_path, "systemd", "--force")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == before


def test_the_image_is_made_of_what_is_here() -> None:
    text = (ROOT / "Containerfile").read_text()
    copied = [line.split() for line in re.findall(r"^COPY ([^-].*)$", text, re.MULTILINE)]
    assert copied
    assert all((ROOT / name).exists() for words in copied for name in words[:-1])
    assert json.loads(re.findall(r"^ENTRYPOINT (.*)$", text, re.MULTILINE)[0]) == ["pytelemetry-db"]
    assert re.search(r"^USER \d+:\d+$", text, re.MULTILINE)
