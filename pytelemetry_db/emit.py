"""Write files for schedulers outside the database: cron, systemd, Kubernetes, a shell script. Pure: nothing is opened.

Every value that goes into a file is quoted as that file wants it, and no password ever does: each format says where it
comes from instead.
"""

import json
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from string import Template

from pytelemetry_db.crontab import Expression, parse
from pytelemetry_db.errors import UsageError

__all__ = ["JOBS", "TARGETS", "File", "Job", "Options", "emit"]


@dataclass(frozen=True, slots=True)
class Job:
    """One command on a schedule: ``words`` are its arguments, with ``{max_duration}`` and ``{max_age}`` in them.

    ``delay`` is the most by which systemd may put it off, so that not all machines come at once.
    """

    name: str
    description: str
    words: tuple[str, ...]
    schedule: str
    delay: str


JOBS = (
    Job("cleanup", "remove expired rows", ("cleanup", "-q", "--max-duration", "{max_duration}"), "0 2 * * *", "5min"),
    Job("check", "say when retention does not work", ("status", "-q", "--max-age", "{max_age}"), "7 * * * *", "1min"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What to write. ``environment`` has DB_HOST, DB_PORT, DB_NAME, DB_USER; ``schedules`` maps jobs to expressions.

    ``seconds`` is ``max_duration`` as a number; ``log`` and ``user`` are None where they were not said.
    """

    command: str
    environment: Mapping[str, str]
    jobs: tuple[Job, ...] = JOBS
    schedules: Mapping[str, str] = field(default_factory=dict)
    time_zone: str | None = None
    max_duration: str = "50min"
    seconds: int = 3000
    max_age: str = "26h"
    schema: str | None = None
    user: str | None = None
    mailto: str = "root"
    log: str | None = None
    namespace: str = "telemetry"
    image: str = "pytelemetry-db:latest"
    secret: str = "postgres-credentials"

    def expression(self, job: Job) -> Expression:
        """When a job runs.

        :raises UsageError: for an expression that cannot be
        """
        return parse(self.schedules.get(job.name, job.schedule), f"--schedule {job.name}=")

    def words(self, job: Job) -> list[str]:
        """The arguments of a job's command."""
        schema = [] if self.schema is None else ["--schema", self.schema]
        return [word.format(max_duration=self.max_duration, max_age=self.max_age) for word in job.words] + schema


@dataclass(frozen=True, slots=True)
class File:
    """A file to write. ``place`` is where it belongs; None means that it is only an extra beside the real ones."""

    name: str
    text: str
    place: str | None = None
    mode: int = 0o644


def emit(target: str, options: Options) -> tuple[File, ...]:
    """Write the files for a target.

    :raises UsageError: for an unknown target, an expression or a value that the target cannot have
    """
    if target not in TARGETS:
        raise UsageError(f'there is no target "{target}"', f"one of {', '.join(TARGETS)}")
    for value in (
        *options.environment.values(),
        options.command,
        options.mailto,
        options.log or "",
        options.user or "",
    ):
        if re.search(r"[\x00-\x1f\x7f]", value):
            raise UsageError("a control character in a value", "one line of text")
    return TARGETS[target](options)


def _cron(options: Options) -> tuple[File, ...]:
    if options.time_zone:
        raise UsageError("cron has no time zones: it runs by the machine's", "leave out --time-zone, or use systemd")
    user = f"{options.user} " if options.user else ""
    lines = [
        f"{options.expression(job).cron} {user}{_percent(shlex.join([options.command, *options.words(job)]))}"
        for job in options.jobs
    ]
    values = {**options.environment, **({"LOG_FILE": options.log} if options.log else {})}
    text = _fill(
        "cron",
        mailto=_crontab_value(options.mailto),
        environment="\n".join(f'{name}="{_crontab_value(value)}"' for name, value in values.items()),
        lines="\n".join(lines),
    )
    name = "pytelemetry-db" if options.user else "pytelemetry-db.crontab"
    return (File(name, text, "/etc/cron.d/pytelemetry-db" if options.user else None), *_logrotate(options))


def _systemd(options: Options) -> tuple[File, ...]:
    environment = "\n".join(f"Environment={_unit(f'{name}={value}')}" for name, value in options.environment.items())
    files = []
    for job in options.jobs:
        name = f"pytelemetry-db-{job.name}"
        service, timer = (f"/etc/systemd/system/{name}.{kind}" for kind in ("service", "timer"))
        command = " ".join(_unit(word, dollar=True) for word in (options.command, *options.words(job)))
        text = _fill(
            "service",
            path=service,
            description=job.description,
            account=f"User={_unit(options.user)}" if options.user else "DynamicUser=yes",
            environment=environment,
            command=command,
            timeout=str(options.seconds + 600),
        )
        files.append(File(f"{name}.service", text, service))
        calendar = options.expression(job).on_calendar(options.time_zone)
        text = _fill("timer", path=timer, description=job.description, calendar=calendar, delay=job.delay)
        files.append(File(f"{name}.timer", text, timer))
    names = {name.removeprefix("DB_").lower(): value for name, value in options.environment.items()}
    text = _fill("environment", host=names["host"], port=names["port"], database=names["name"], user=names["user"])
    return (*files, File("environment.example", text, mode=0o600))


def _kubernetes(options: Options) -> tuple[File, ...]:
    documents = []
    for job in options.jobs:
        documents.append(
            _fill(
                "cronjob",
                name=json.dumps(f"pytelemetry-db-{job.name}"),
                namespace=json.dumps(options.namespace),
                schedule=json.dumps(options.expression(job).cron),
                time_zone=json.dumps(options.time_zone or "Etc/UTC"),
                starting_deadline="600",
                deadline=str(options.seconds + 600),
                image=json.dumps(options.image),
                arguments=json.dumps(options.words(job)),
                secret=json.dumps(options.secret),
                environment="\n".join(
                    f"                - name: {name}\n                  value: {json.dumps(value)}"
                    for name, value in options.environment.items()
                    if name != "DB_USER"
                ),
            )
        )
    return (File("cronjobs.yaml", "---\n".join(documents)),)


def _script(options: Options) -> tuple[File, ...]:
    usual = {
        **options.environment,
        **({"LOG_FILE": options.log} if options.log else {}),
        "MAX_DURATION": options.max_duration,
        "MAX_AGE": options.max_age,
        "PYTELEMETRY_DB": options.command,
    }
    lines = [f'[ -n "${{{name}:-}}" ] || {name}={shlex.quote(value)}' for name, value in usual.items()]
    text = _fill(
        "script",
        usual="\n".join(lines),
        exported=" ".join(name for name in usual if name.startswith(("DB_", "LOG_"))),
        options="" if options.schema is None else f" --schema {shlex.quote(options.schema)}",
    )
    return (File("daily-cleanup.sh", text, mode=0o755), *_logrotate(options))


def _logrotate(options: Options) -> tuple[File, ...]:
    if options.log is None:
        return ()
    log = '"' + re.sub(r'(["\\])', r"\\\1", options.log) + '"'
    text = _fill("logrotate", log=log, user=options.user or "root")
    return (File("pytelemetry-db.logrotate", text, "/etc/logrotate.d/pytelemetry-db"),)


TARGETS: Mapping[str, Callable[[Options], tuple[File, ...]]] = {
    "cron": _cron,
    "systemd": _systemd,
    "kubernetes": _kubernetes,
    "script": _script,
}


def _fill(template: str, **values: str) -> str:
    text = resources.files("pytelemetry_db").joinpath("templates", f"{template}.txt").read_text(encoding="utf-8")
    return Template(text).substitute(values)


def _percent(command: str) -> str:
    """In a crontab % ends the command."""
    return command.replace("%", r"\%")


def _crontab_value(value: str) -> str:
    """A value that cron takes as it is between double quotes: it knows no escapes."""
    if '"' in value:
        raise UsageError(f'a crontab cannot hold the value "{value}"', "no double quotes")
    return value


def _unit(word: str, *, dollar: bool = False) -> str:
    """One word of a unit file, in quotes; $ means something in commands only."""
    text = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return '"' + (text.replace("$", "$$") if dollar else text) + '"'
