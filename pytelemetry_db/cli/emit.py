"""The command that writes files for schedulers outside the database: schedule emit."""

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pytelemetry_db.cli import output
from pytelemetry_db.cli.options import Common, accepts
from pytelemetry_db.errors import UsageError

if TYPE_CHECKING:
    from pytelemetry_db.emit import File, Job

__all__ = ["register"]

Target = Annotated[str, typer.Argument(metavar="TARGET", help="cron, systemd, kubernetes or script.")]
Jobs = Annotated[
    list[str] | None, typer.Option("--job", metavar="NAME", help="Only this one: cleanup, check; repeatable.")
]
Schedules = Annotated[
    list[str] | None,
    typer.Option("--schedule", metavar="JOB=CRON", help="Another time, such as cleanup='0 2 * * *'; repeatable."),
]
TimeZone = Annotated[
    str | None, typer.Option("--time-zone", metavar="ZONE", help="Zone of the schedules, not in cron.")
]
MaxDuration = Annotated[str, typer.Option("--max-duration", metavar="DURATION", help="How long one cleanup may take.")]
MaxAge = Annotated[
    str, typer.Option("--max-age", metavar="DURATION", help="How long without a good pass is too long, for check.")
]
Command = Annotated[
    str | None, typer.Option("--command", metavar="PATH", help="Where pytelemetry-db is. [default: this one]")
]
User = Annotated[
    str | None,
    typer.Option("--user", metavar="NAME", help="Account that runs it; in cron, writes a file for /etc/cron.d."),
]
Mailto = Annotated[str, typer.Option("--mailto", metavar="ADDRESS", help="Who gets cron's mail.")]
Log = Annotated[
    str | None,
    typer.Option("--log", metavar="FILE", help="LOG_FILE of the runs, with a logrotate snippet: cron and script."),
]
Namespace = Annotated[str, typer.Option("--namespace", metavar="NAME", help="Kubernetes namespace.")]
Image = Annotated[str, typer.Option("--image", metavar="IMAGE", help="Image made of the Containerfile.")]
Secret = Annotated[str, typer.Option("--secret", metavar="NAME", help="Kubernetes secret with username and password.")]
Output = Annotated[str | None, typer.Option("--output", metavar="DIR", help="Write files there. [default: print them]")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite files that differ.")]


def register(schedule: typer.Typer) -> None:
    """Add the command to the group ``schedule``."""
    schedule.command("emit")(accepts(emit))


def emit(
    target: Target,
    common: Common,
    job: Jobs = None,
    schedule: Schedules = None,
    time_zone: TimeZone = None,
    max_duration: MaxDuration = "50min",
    max_age: MaxAge = "26h",
    command: Command = None,
    user: User = None,
    mailto: Mailto = "root",
    log: Log = None,
    namespace: Namespace = "telemetry",
    image: Image = "pytelemetry-db:latest",
    secret: Secret = "postgres-credentials",
    output_dir: Output = None,
    force: Force = False,
) -> None:
    """Write ready files for cron, systemd or Kubernetes, or a script for any other scheduler; never connects.

    Two jobs: cleanup, nightly, and check, hourly, which fails when a policy had no good pass for --max-age. No file
    ever holds a password. cron and kubernetes go straight into crontab - and kubectl apply -f -.
    """
    from pytelemetry_db import durations, emit

    seconds = durations.to_seconds(max_duration, "--max-duration")
    durations.to_interval(max_age, "--max-age")
    options = emit.Options(
        command=command or _this_command(),
        environment=_environment(common),
        jobs=_jobs(job or []),
        schedules=_schedules(schedule or []),
        time_zone=_time_zone(time_zone),
        max_duration=max_duration,
        seconds=seconds,
        max_age=max_age,
        schema=common.schema_option,
        user=user,
        mailto=mailto,
        log=log,
        namespace=namespace,
        image=image,
        secret=secret,
    )
    files = emit.emit(target, options)
    if output_dir is None:
        # A script goes alone: what comes beside it has a place of its own.
        shown = [file for file in files if target == "systemd" and file.place] or files[:1]
        output.script("\n".join(file.text for file in shown))
        if len(shown) < len(files):
            output.note(f"--output DIR also writes {', '.join(file.name for file in files if file not in shown)}")
    else:
        _write(Path(output_dir), files, force=force)
    output.next_step(_following(target, output_dir, user))


def _this_command() -> str:
    """The program that runs now, if it is there under its own name."""
    beside = Path(sys.executable).with_name("pytelemetry-db")
    return str(beside) if beside.is_file() else shutil.which("pytelemetry-db") or "pytelemetry-db"


def _environment(common: Common) -> dict[str, str]:
    """Where to connect, as DB_* variables, from the options and the environment; never with a password."""
    from pytelemetry_db import connection, db

    if common.db_password or common.ask_password:
        raise UsageError("a password was given", "none: these files never hold one", "leave out --db-password and -W")
    source = connection.resolve(
        connection.Options(
            dsn=common.dsn,
            db_host=common.db_host,
            db_port=common.db_port,
            db_name=common.db_name,
            db_user=common.db_user,
        ),
        {name: value for name, value in os.environ.items() if name != "DB_PASSWORD"},
        db.parse_dsn,
    )
    if "password" in source.conninfo:
        raise UsageError("the connection string has a password", "none: these files never hold one")
    for text in source.notes:
        output.note(text)
    known = source.conninfo
    if "service" in known or (source.kind == "libpq" and os.environ.get("PGSERVICE")):
        raise UsageError("a service cannot be written into these files", "--db-host, --db-port, --db-name, --db-user")
    asked = (
        ("host", "PGHOST", "localhost"),
        ("port", "PGPORT", "5432"),
        ("dbname", "PGDATABASE", "telemetry"),
        ("user", "PGUSER", "telemetry"),
    )
    from_libpq = os.environ if source.kind == "libpq" else {}
    values = [known.get(key) or from_libpq.get(name) or usual for key, name, usual in asked]
    return dict(zip(("DB_HOST", "DB_PORT", "DB_NAME", "DB_USER"), values, strict=True))


def _jobs(names: list[str]) -> "tuple[Job, ...]":
    from pytelemetry_db.emit import JOBS

    known = {job.name: job for job in JOBS}
    if unknown := [name for name in names if name not in known]:
        raise UsageError(f'--job: there is no job "{unknown[0]}"', f"one of {', '.join(known)}")
    return tuple(job for job in JOBS if not names or job.name in names)


def _schedules(pairs: list[str]) -> dict[str, str]:
    from pytelemetry_db.emit import JOBS

    found = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or name not in {job.name for job in JOBS}:
            raise UsageError(
                f'--schedule: found "{pair}"', f"JOB=CRON, a job being {' or '.join(j.name for j in JOBS)}"
            )
        found[name] = text
    return found


def _time_zone(name: str | None) -> str | None:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    if name is not None:
        try:
            ZoneInfo(name)
        except (ValueError, OSError, ZoneInfoNotFoundError):
            raise UsageError(f'--time-zone: there is no zone "{name}"', "a name such as Europe/Berlin") from None
    return name


def _write(folder: Path, files: "tuple[File, ...]", *, force: bool) -> None:
    """Write all files or none: what is in the way is looked for first."""
    if not folder.is_dir():
        raise UsageError(f"--output: {folder} is not a directory", next_step=f"mkdir {folder}")
    for file in files:
        path = folder / file.name
        if path.is_dir() or (path.exists() and path.read_bytes() != file.text.encode() and not force):
            raise UsageError(
                f"--output: {path} is there already and differs", next_step="the same command with --force"
            )
    written = []
    try:
        for file in files:
            new = folder / f".{file.name}.new"
            written.append((new, folder / file.name))
            with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, file.mode), "w", encoding="utf-8") as stream:
                os.fchmod(stream.fileno(), file.mode)
                stream.write(file.text)
        while written:
            new, path = written.pop(0)
            new.replace(path)
            output.line(str(path))
    finally:
        for new, _path in written:
            new.unlink(missing_ok=True)


def _following(target: str, folder: str | None, user: str | None) -> str:
    where = folder or "DIR"
    if target == "cron":
        if user:
            return f"install -m 644 {where}/pytelemetry-db /etc/cron.d/pytelemetry-db"
        return f"crontab {where}/pytelemetry-db.crontab (it replaces the whole crontab: crontab -l first)"
    if target == "systemd":
        return (
            f"cp {where}/pytelemetry-db-*.service {where}/pytelemetry-db-*.timer /etc/systemd/system/;"
            " systemctl daemon-reload; systemctl enable --now pytelemetry-db-cleanup.timer pytelemetry-db-check.timer"
        )
    if target == "kubernetes":
        return f"kubectl apply -f {where}/cronjobs.yaml"
    return f"{where}/daily-cleanup.sh"
