"""The command that writes files for schedulers outside the database: schedule emit."""

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pytelemetry_db.cli import output
from pytelemetry_db.cli.options import Common, accepts
from pytelemetry_db.errors import UsageError

if TYPE_CHECKING:
    from pytelemetry_db.emit import File, Job, Options

__all__ = ["register"]

Target = Annotated[str, typer.Argument(metavar="TARGET", help="cron, systemd, kubernetes or script.")]
Jobs = Annotated[
    list[str] | None, typer.Option("--job", metavar="NAME", help="Only this one: cleanup, check, sample; repeatable.")
]
Schedules = Annotated[
    list[str] | None,
    typer.Option("--schedule", metavar="JOB=CRON", help="Another time, such as cleanup='0 2 * * *'; repeatable."),
]
TimeZone = Annotated[
    str | None, typer.Option("--time-zone", metavar="ZONE", help="Zone of the schedules: systemd and kubernetes.")
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
Secret = Annotated[
    str, typer.Option("--secret", metavar="NAME", help="Kubernetes secret with password, and username unless said.")
]
Output = Annotated[str | None, typer.Option("--output", metavar="DIR", help="Write files there. [default: print them]")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite files that differ, but never those with secrets.")]


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

    Two jobs: cleanup, nightly, and check, hourly, which fails when a policy had no good pass for --max-age; and sample,
    which measures for the forecast, when it is named by --job or --schedule. No file ever holds a password.
    """
    from pytelemetry_db import durations, emit

    seconds = durations.to_seconds(max_duration, "--max-duration")
    durations.to_interval(max_age, "--max-age")
    options = emit.Options(
        # What is installed here says nothing of the image.
        command=command or ("" if target == "kubernetes" else _this_command()),
        environment=_environment(common, target),
        jobs=_jobs(job or [], schedules := _schedules(schedule or [])),
        schedules=schedules,
        time_zone=_time_zone(time_zone),
        max_duration=max_duration,
        seconds=seconds,
        max_age=max_age,
        schema=common.schema_option,
        user=user,
        owner=_owner(user),
        mailto=mailto,
        log=log,
        namespace=namespace,
        image=image,
        secret=secret,
    )
    files = emit.emit(target, options)
    said = options.environment
    host = said.get("DB_HOST") or said.get("PGHOST") or said.get("PGHOSTADDR") or ""
    if target == "kubernetes" and _is_the_pod_itself(host):
        output.warn(f"{host or 'a local socket'} is the pod itself: say --db-host")
    if output_dir is None:
        # What comes beside a crontab or a script has a place of its own.
        shown = [file for file in files if not file.keep] if target == "systemd" else files[:1]
        output.script("\n".join(file.text for file in shown))
        if len(shown) < len(files):
            output.note(f"--output DIR also writes {', '.join(file.name for file in files if file not in shown)}")
    else:
        _write(Path(output_dir), files, force=force)
    for step in _following(target, output_dir, options):
        output.next_step(step)


def _this_command() -> str:
    """The program that runs now, if it is there under its own name."""
    beside = Path(sys.executable).with_name("pytelemetry-db")
    return str(beside) if beside.is_file() else shutil.which("pytelemetry-db") or "pytelemetry-db"


def _environment(common: Common, target: str) -> dict[str, str]:
    """Where to connect, as variables, from the options and the environment; never with a password."""
    from pytelemetry_db import connection, db

    if common.db_password or common.ask_password:
        raise UsageError("a password was given", "none: these files never hold one", "leave out --db-password and -W")
    options = connection.Options(
        dsn=common.dsn,
        db_host=common.db_host,
        db_port=common.db_port,
        db_name=common.db_name,
        db_user=common.db_user,
    )
    environ = {name: value for name, value in os.environ.items() if name != "DB_PASSWORD"}
    source = connection.resolve(options, environ, db.parse_dsn)
    if source.kind == "dsn" and "password" in source.conninfo:
        raise UsageError("the connection string has a password", "none: these files never hold one")
    for text in source.notes:
        output.note(text)
    if target == "script" and source.kind == "defaults":
        # Whoever calls it says where to connect, in any of the ways there are.
        return {}
    found = connection.variables(source, environ)
    if target == "kubernetes" and not (common.db_user or environ.get("DB_USER")):
        # Only a default: the secret has it.
        found.pop("DB_USER", None)
    return found


def _is_the_pod_itself(host: str) -> bool:
    return host in ("", "localhost", "127.0.0.1", "::1") or host.startswith("/")


def _owner(user: str | None) -> tuple[str, str]:
    """Whose the log is: user and group; on another machine the group is likely to have the user's name."""
    import grp
    import pwd

    try:
        found = pwd.getpwnam(user) if user else pwd.getpwuid(os.geteuid())
        return found.pw_name, grp.getgrgid(found.pw_gid).gr_name
    except KeyError:
        name = user or str(os.geteuid())
        return name, name


def _jobs(names: list[str], schedules: dict[str, str]) -> "tuple[Job, ...]":
    from pytelemetry_db.emit import JOBS, KNOWN

    known = {job.name: job for job in KNOWN}
    if unknown := [name for name in names if name not in known]:
        raise UsageError(f'--job: there is no job "{unknown[0]}"', f"one of {', '.join(known)}")
    wanted = names or [*(job.name for job in JOBS), *schedules]
    return tuple(job for job in KNOWN if job.name in wanted)


def _schedules(pairs: list[str]) -> dict[str, str]:
    from pytelemetry_db.emit import KNOWN

    found = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or name not in {job.name for job in KNOWN}:
            raise UsageError(
                f'--schedule: found "{pair}"', f"JOB=CRON, a job being {' or '.join(j.name for j in KNOWN)}"
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
    """Write all files or none: what is in the way is looked for first. What somebody fills in is never overwritten."""
    if not folder.is_dir():
        raise UsageError(f"--output: {folder} is not a directory", next_step=f"mkdir {folder}")
    wanted = [file for file in files if not (file.keep and (folder / file.name).is_file())]
    for file in wanted:
        path = folder / file.name
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise UsageError(f"--output: {path} is not a plain file", "another directory")
        if path.exists() and path.read_bytes() != file.text.encode() and not force:
            raise UsageError(
                f"--output: {path} is there already and differs", next_step="the same command with --force"
            )
    written = []
    try:
        for file in wanted:
            new = folder / f".{file.name}.new"
            written.append((new, folder / file.name))
            with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, file.mode), "w", encoding="utf-8") as stream:
                os.fchmod(stream.fileno(), file.mode)
                stream.write(file.text)
        while written:
            new, path = written[0]
            new.replace(path)
            written.pop(0)
            output.line(str(path))
    finally:
        for new, _path in written:
            new.unlink(missing_ok=True)


def _following(target: str, folder: str | None, options: "Options") -> list[str]:
    """What to type to install the files."""
    secret = (
        f"kubectl -n {options.namespace} create secret generic {options.secret}"
        " --from-file=username=FILE --from-file=password=FILE"
    )
    if folder is None:
        call = shlex.join(["pytelemetry-db", *sys.argv[1:]])
        system = f"{call} > pytelemetry-db; sudo install -m 0644 pytelemetry-db /etc/cron.d/"
        return {
            "cron": [system if options.user else f"(crontab -l; {call}) | crontab -"],
            "systemd": [f"mkdir units; {call} --output units"],
            "kubernetes": [secret, f"{call} | kubectl apply -f -"],
            "script": [f"{call} > daily-cleanup.sh; chmod 755 daily-cleanup.sh"],
        }[target]
    here = shlex.quote(folder)
    rotate = [f"sudo install -m 0644 {here}/pytelemetry-db.logrotate /etc/logrotate.d/pytelemetry-db"]
    if target == "cron":
        lines = f"(crontab -l; cat {here}/pytelemetry-db.crontab) | crontab -"
        system = f"sudo install -m 0644 {here}/pytelemetry-db /etc/cron.d/"
        return [*(rotate if options.log else []), system if options.user else lines]
    if target == "systemd":
        timers = " ".join(f"pytelemetry-db-{job.name}.timer" for job in options.jobs)
        etc = "/etc/pytelemetry-db"
        return [
            # Those that are there already hold a password.
            f"sudo install -d -m 0700 {etc}; sudo cp --no-clobber {here}/environment {here}/pgpass {etc}/",
            f"sudo install -m 0644 {here}/pytelemetry-db-*.service {here}/pytelemetry-db-*.timer /etc/systemd/system/",
            f"sudo systemctl daemon-reload; sudo systemctl enable --now {timers}",
        ]
    if target == "kubernetes":
        return [secret, f"kubectl apply -f {here}/cronjobs.yaml"]
    return [*(rotate if options.log else []), f"{here}/daily-cleanup.sh"]
