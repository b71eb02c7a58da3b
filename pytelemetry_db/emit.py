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
from textwrap import indent

from pytelemetry_db.crontab import Expression, parse
from pytelemetry_db.errors import UsageError

__all__ = ["JOBS", "KNOWN", "TARGETS", "File", "Job", "Options", "emit"]


@dataclass(frozen=True, slots=True)
class Job:
    """One command on a schedule: ``words`` are its arguments, with ``{max_duration}`` and ``{max_age}`` in them.

    ``delay`` is the most by which systemd may put it off, so that not all machines come at once. ``long``: it works for
    as long as ``max_duration`` says, instead of only looking.
    """

    name: str
    description: str
    words: tuple[str, ...]
    schedule: str
    delay: str
    long: bool = False


JOBS = (
    Job(
        "cleanup",
        "remove expired rows",
        ("cleanup", "-q", "--max-duration", "{max_duration}"),
        "0 2 * * *",
        "5min",
        True,
    ),
    Job("check", "say when retention does not work", ("status", "-q", "--max-age", "{max_age}"), "7 * * * *", "1min"),
)
# One more, for whoever asks for it.
KNOWN = (*JOBS, Job("sample", "measure the managed tables", ("sample", "-q"), "*/10 * * * *", "1min"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What to write. ``environment`` says where to connect; ``schedules`` maps jobs to expressions.

    ``seconds`` is ``max_duration`` as a number; ``log`` and ``user`` are None where they were not said. ``owner`` is
    the user and the group that the log belongs to.
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
    owner: tuple[str, str] = ("root", "root")
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

    def timeout(self, job: Job) -> int:
        """Seconds after which a job hangs: a pass may need some for its last batch and the ANALYZE."""
        return self.seconds + 600 if job.long else 300


@dataclass(frozen=True, slots=True)
class File:
    """A file to write. ``keep``: somebody fills it in, so that one which is there is left alone."""

    name: str
    text: str
    mode: int = 0o644
    keep: bool = False


def emit(target: str, options: Options) -> tuple[File, ...]:
    """Write the files for a target.

    :raises UsageError: for an unknown target, an expression or a value that the target cannot have
    """
    if target not in TARGETS:
        raise UsageError(f'there is no target "{target}"', f"one of {', '.join(TARGETS)}")
    for name, reason in _WITHOUT[target].items():
        if getattr(options, name):
            raise UsageError(reason, f"leave out --{name.removesuffix('s').replace('_', '-')}")
    values = (*options.environment.values(), options.command, options.mailto, options.log or "", options.user or "")
    if any(re.search(r"[\x00-\x1f\x7f]", value) for value in values):
        raise UsageError("a control character in a value", "one line of text")
    for name, (rule, expected) in _RULES.items():
        value = getattr(options, name)
        if value and not re.fullmatch(rule, value, re.ASCII):
            raise UsageError(f'--{name}: found "{value}"', expected)
    return TARGETS[target](options)


# Options that a target cannot honour.
_WITHOUT: Mapping[str, Mapping[str, str]] = {
    "cron": {"time_zone": "cron has no time zones: it runs by the machine's"},
    "systemd": {"log": "systemd's journal has the lines; LOG_FILE goes into /etc/pytelemetry-db/environment"},
    "kubernetes": {
        "command": "the image says what is run",
        "user": "the image says as whom it runs",
        "log": "the log of the pod has the lines",
    },
    "script": {"time_zone": "a script has no times", "schedules": "a script has no times"},
}
_RULES: Mapping[str, tuple[str, str]] = {
    "command": (r"/.*|[^/]+", "an absolute path, or a name that is in the PATH"),
    "user": (r"[A-Za-z_][A-Za-z0-9_.-]{0,31}", "the name of an account"),
    "mailto": (r"[^\s\"'%]*", "addresses without spaces"),
    # logrotate takes patterns, also between quotes.
    "log": (r"/[^*?\[\]{}]+", "an absolute path without wildcards"),
    "namespace": (r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", "a-z, 0-9 and -"),
    "secret": (r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", "a-z, 0-9, - and ."),
}


def _cron(options: Options) -> tuple[File, ...]:
    lines = []
    for job in options.jobs:
        # In a crontab % ends the command.
        command = shlex.join([options.command, *options.words(job)]).replace("%", r"\%")
        if len(command) > 900:
            raise UsageError("the command is longer than cron takes", "900 characters", "a shorter --command")
        lines.append(f"{options.expression(job).cron} {f'{options.user} ' if options.user else ''}{command}")
    values = {**options.environment, **({"LOG_FILE": options.log} if options.log else {})}
    text = _fill(
        "cron",
        mailto=options.mailto,
        environment="\n".join(f"{name}={_crontab_value(value)}" for name, value in values.items()),
        lines="\n".join(lines),
    )
    return (File("pytelemetry-db" if options.user else "pytelemetry-db.crontab", text), *_logrotate(options))


def _systemd(options: Options) -> tuple[File, ...]:
    if re.search(r"[\\\"']", options.command):
        raise UsageError("--command holds a quote or a backslash, which systemd takes in no program's path")
    environment = "\n".join(f"Environment={_unit(f'{name}={value}')}" for name, value in options.environment.items())
    files = []
    for job in options.jobs:
        name = f"pytelemetry-db-{job.name}"
        # $ is doubled in arguments only: the path of the program is taken as it is.
        words = [_unit(options.command), *(_unit(word).replace("$", "$$") for word in options.words(job))]
        text = _fill(
            "service",
            unit=name,
            description=job.description,
            account=f"User={options.user}" if options.user else "DynamicUser=yes",
            environment=environment,
            command=" ".join(words),
            timeout=str(options.timeout(job)),
            # A program below /home has to be seen.
            home="read-only" if re.match(r"/(home|root|run/user)/", options.command) else "yes",
        )
        files.append(File(f"{name}.service", text))
        calendar = options.expression(job).on_calendar(options.time_zone)
        text = _fill("timer", unit=name, description=job.description, calendar=calendar, delay=job.delay)
        files.append(File(f"{name}.timer", text))
    return (*files, *(File(name, _fill(name), 0o600, keep=True) for name in ("environment", "pgpass")))


def _kubernetes(options: Options) -> tuple[File, ...]:
    names = ("PGUSER", "PGPASSWORD") if "DB_HOST" not in options.environment else ("DB_USER", "DB_PASSWORD")
    # A role that was said is no secret.
    secrets = {n: k for n, k in zip(names, ("username", "password"), strict=True) if n not in options.environment}
    variables = [f"- name: {name}\n  value: {_expanded(value)}" for name, value in options.environment.items()]
    variables += [
        f"- name: {name}\n  valueFrom:\n    secretKeyRef:\n      name: {json.dumps(options.secret)}\n      key: {key}"
        for name, key in secrets.items()
    ]
    documents = [
        _fill(
            "cronjob",
            name=json.dumps(f"pytelemetry-db-{job.name}"),
            namespace=json.dumps(options.namespace),
            schedule=json.dumps(options.expression(job).cron),
            time_zone=json.dumps(options.time_zone or "Etc/UTC"),
            # How long a start that was missed is made up for.
            starting_deadline="3600" if job.long else "600",
            deadline=str(options.timeout(job)),
            image=json.dumps(options.image),
            arguments=f"[{', '.join(map(_expanded, options.words(job)))}]",
            environment=indent("\n".join(variables), " " * 16),
        )
        for job in options.jobs
    ]
    return (File("cronjobs.yaml", "---\n".join(documents)),)


def _script(options: Options) -> tuple[File, ...]:
    exported = {**options.environment, **({"LOG_FILE": options.log} if options.log else {})}
    own = {"MAX_DURATION": options.max_duration, "MAX_AGE": options.max_age, "PYTELEMETRY_DB": options.command}
    usual = [f'[ -n "${{{name}:-}}" ] || {name}={shlex.quote(value)}' for name, value in (exported | own).items()]
    schema = "" if options.schema is None else f" --schema {shlex.quote(options.schema)}"
    lines = []
    for job in options.jobs:
        words = " ".join(re.sub(r"^\{(\w+)\}$", lambda found: f'"${found[1].upper()}"', word) for word in job.words)
        lines.append(f"run {words}{schema}" + (' "$@"' if job.long else ""))
    text = _fill(
        "script",
        usual="\n".join([*usual, *(f"export {name}" for name in exported)]),
        lines="\n".join(lines),
    )
    return (File("daily-cleanup.sh", text, 0o755), *_logrotate(options))


def _logrotate(options: Options) -> tuple[File, ...]:
    if options.log is None:
        return ()
    log = '"' + re.sub(r'(["\\])', r"\\\1", options.log) + '"'
    user, group = options.owner
    return (File("pytelemetry-db.logrotate", _fill("logrotate", log=log, user=user, group=group)),)


TARGETS: Mapping[str, Callable[[Options], tuple[File, ...]]] = {
    "cron": _cron,
    "systemd": _systemd,
    "kubernetes": _kubernetes,
    "script": _script,
}


def _fill(template: str, **values: str) -> str:
    text = resources.files("pytelemetry_db").joinpath("templates", f"{template}.txt").read_text(encoding="utf-8")
    return Template(text).substitute(values)


def _crontab_value(value: str) -> str:
    """Quote for an assignment in a crontab, which knows no escapes: the other quote has to do."""
    for quote in "\"'":
        if quote not in value:
            return f"{quote}{value}{quote}"
    raise UsageError(f"a crontab cannot hold the value {value}", "one kind of quotes")


def _unit(word: str) -> str:
    """Quote one word of a unit file: % begins a specifier."""
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%") + '"'


def _expanded(value: str) -> str:
    """Quote a value in which Kubernetes would replace $(NAME)."""
    return json.dumps(value.replace("$(", "$$("))
