"""Put the work on a schedule in pg_cron: which jobs are wanted, which are there, and the difference between them.

pg_cron keeps its jobs in one database of a server, often not the one that the jobs work in: hence two connections. What
is wanted comes from the settings and policies, what is there from ``cron.job``, and what was done is written down in
our schema, so that the view ``jobs`` can tell what came of it.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, fields, replace

from pytelemetry_db import db
from pytelemetry_db.connection import Source
from pytelemetry_db.errors import ConnectionFailed, NotInstalled, NotPermitted, Refused, UsageError
from pytelemetry_db.model import Script
from pytelemetry_db.names import DEFAULT_SCHEMA
from pytelemetry_db.render import render_jobs
from pytelemetry_db.state import not_installed, read_state

__all__ = [
    "KINDS",
    "Cron",
    "Plan",
    "apply",
    "fires",
    "jobs",
    "lock",
    "make_plan",
    "open_cron",
    "pile_ups",
    "remove",
    "set_schedule",
]

KINDS = ("cleanup", "rotation", "vacuum", "prune", "sample")

_UNKNOWN_ZONE = "GMT"
# Versions that know no other zone.
_WITHOUT_ZONES = ("1.2", "1.3", "1.4")
_CHANGES = ("add", "change", "remove")
_MAKING = ("add", "change", "inactive")
_OTHERS = ("calls", "other role")


@dataclass(frozen=True, slots=True)
class Cron:
    """A connection to the database in which pg_cron keeps its jobs, and what the connected role may do there.

    ``time_zone`` is None when the role may not see that setting.
    """

    connection: db.Connection
    database: str
    version: str
    role_name: str
    is_superuser: bool
    may_look: bool
    may_schedule_elsewhere: bool
    time_zone: str | None
    in_recovery: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The wanted jobs beside those in pg_cron.

    ``rows`` are those of ``cron_changes``, empty when we may not look; ``script`` is what makes the difference, None
    when there is none; ``permitted`` is False when only a superuser of pg_cron's database can run it. ``refusals`` says
    which jobs cannot be had, and why.
    """

    database: str
    schema: str
    role: str
    cron_database: str
    time_zone: str
    time_zone_known: bool
    rows: tuple[db.Row, ...]
    refusals: tuple[str, ...]
    script: Script | None
    permitted: bool

    @property
    def changes(self) -> tuple[db.Row, ...]:
        """Jobs that are added, changed or removed."""
        return tuple(row for row in self.rows if row["change"] in _CHANGES)

    @property
    def others(self) -> tuple[db.Row, ...]:
        """Jobs that are left as they are, and should be looked at: inactive, of another role, or not made by us."""
        return tuple(row for row in self.rows if row["change"] not in (*_CHANGES, "same"))


def open_cron(
    connection: db.Connection, source: Source, cron_source: Source | None, connect: Callable[[Source], db.Connection]
) -> Cron:
    """Connect to the database in which pg_cron keeps its jobs.

    That is the one of ``cron_source``; without it the database of ``connection``, if pg_cron is there, or else the one
    that ``cron.database_name`` names, ``postgres`` when that cannot be seen. The caller closes the connection.

    :raises NotInstalled: when pg_cron is not there
    :raises ConnectionFailed: when the database cannot be reached
    :raises UsageError: when ``cron_source`` is on another server
    """
    here = _place(connection)
    if cron_source is None:
        guessed = here["database"] if here["version"] else here["cron_database"] or "postgres"
        cron_source = replace(source, conninfo={**source.conninfo, "dbname": guessed})
    try:
        opened = connect(cron_source)
    except (ConnectionFailed, NotPermitted) as error:
        raise type(error)(
            f"pg_cron's database: {error.found}", error.expected, "name it with --cron-dsn", sqlstate=error.sqlstate
        ) from error
    found = _place(opened)
    if found["version"] is None:
        opened.close()
        raise NotInstalled(
            f"pg_cron is not in database {found['database']}"
            + ("" if found["database"] == here["database"] else f", nor in {here['database']}"),
            "the extension in the database that cron.database_name names",
            "pytelemetry-db doctor; pytelemetry-db schedule emit writes files for a scheduler outside",
        )
    if (found["system_identifier"], found["started_at"]) != (here["system_identifier"], here["started_at"]):
        opened.close()
        raise UsageError("--cron-dsn leads to another server", "the one that the jobs work on")
    names = tuple(item.name for item in fields(Cron) if item.name != "connection")
    return Cron(opened, **{name: found[name] for name in names})


def lock(cron: Cron) -> None:
    """Wait until nobody else is about to change our jobs, and keep others waiting until ``cron`` is closed.

    :raises Refused: on a standby, where nothing can be changed
    """
    if cron.in_recovery:
        raise Refused("this server is a standby", next_step="connect to the primary")
    db.fetch(cron.connection, "lock_jobs", DEFAULT_SCHEMA)


def make_plan(
    connection: db.Connection,
    schema: str,
    cron: Cron,
    *,
    wanted: bool = True,
    activate: bool = False,
    everybodys: bool = False,
) -> Plan:
    """Compare the wanted jobs with those in pg_cron.

    :param wanted: False wants none: what ``remove`` does
    :param activate: switch jobs on again that somebody switched off
    :param everybodys: with ``wanted=False``, also remove those jobs that call our schema and were not made by us
    :raises NotInstalled: when we are not installed
    """
    state = read_state(connection, schema)
    if not state.has_code:
        raise not_installed(state)
    place = db.fetch(connection, "job_place", schema, {"schema": schema})[0]
    role, here = place["role_name"], cron.database == place["database"]
    found = db.fetch(connection, "wanted_jobs", schema, {"role": role}) if wanted else []
    given = {
        "jobs": json.dumps([row for row in found if not row["refusal"]]),
        "role": role,
        "database": place["database"],
        "cron_database": cron.database,
    }
    rows: list[db.Row] = []
    if cron.may_look:
        calls = rf'^\s*call\s+"?{schema}"?\s*\.'
        asked = {**given, "marker": place["marker"], "calls": calls, "activate": activate}
        rows = db.fetch(cron.connection, "cron_changes", schema, asked)
    meant = (*_CHANGES, *(["inactive"] if activate else []), *(_OTHERS if everybodys else []))
    differing = [row for row in rows if row["change"] in meant]
    makes_some = any(row["change"] in _MAKING for row in differing)
    as_that_role = cron.is_superuser or role == cron.role_name
    permitted = cron.may_look and as_that_role and (here or cron.may_schedule_elsewhere or not makes_some)
    if not permitted:
        differing = [row for row in differing if row["change"] not in _MAKING]
        differing += db.fetch(cron.connection, "cron_statements", schema, given)
    statements = [row["statement"] for row in differing]
    title = f"jobs of database {place['database']}, schema {schema}; for database {cron.database}"
    return Plan(
        database=place["database"],
        schema=schema,
        role=role,
        cron_database=cron.database,
        time_zone=cron.time_zone or _UNKNOWN_ZONE,
        time_zone_known=cron.time_zone is not None or cron.version.startswith(_WITHOUT_ZONES),
        rows=tuple(rows),
        refusals=tuple(f"{row['job_name']} is left out: {row['refusal']}" for row in found if row["refusal"]),
        script=render_jobs(title, statements) if statements else None,
        permitted=permitted,
    )


def apply(connection: db.Connection, cron: Cron, plan: Plan) -> Plan:
    """Run the script of a plan in one transaction, write down what is there now, and return the plan that is left.

    :raises UsageError: when this pg_cron does not know one of the schedules
    :raises PytelemetryError: the server's error; then no job was changed
    """
    if plan.script is not None:
        try:
            db.execute_script(cron.connection, plan.script)
        except UsageError as error:
            # We checked the schedules when they were set, not knowing by which pg_cron they would be read.
            if "invalid schedule" not in error.found:
                raise
            raise UsageError(
                f"pg_cron {cron.version}: {error.found}",
                "'30 seconds' needs pg_cron 1.5, $ for the last day of a month 1.6",
                "pytelemetry-db schedule set JOB SCHEDULE, with five fields",
                sqlstate=error.sqlstate,
            ) from error
    after = make_plan(connection, plan.schema, cron)
    _record(connection, after, [row for row in after.rows if row["change"] in ("same", "inactive")])
    return after


def remove(connection: db.Connection, cron: Cron, plan: Plan) -> tuple[db.Row, ...]:
    """Run the script of a plan that wants no jobs, and ask calls of theirs that are still at work to stop.

    pg_cron ends nothing that runs. Returns the calls that were asked: job_name, pid.
    """
    known = [row["job_name"] for row in jobs(connection, plan.schema)]
    if plan.script is not None:
        db.execute_script(cron.connection, plan.script)
    _record(connection, plan, [])
    return tuple(db.fetch(connection, "stop_calls", plan.schema, {"jobs": known}))


def jobs(connection: db.Connection, schema: str) -> list[db.Row]:
    """Return the rows of the view ``jobs``.

    :raises NotInstalled: when we are not installed
    """
    return db.fetch(connection, "jobs", schema)


def add_cron_facts(rows: list[db.Row], plan: Plan) -> None:
    """Put what pg_cron says into rows of the view ``jobs``, which sees it only where pg_cron is in its database."""
    there = {row["job_name"]: row for row in plan.rows if row["job_name"]}
    for row in rows:
        found = there.get(row["job_name"])
        if row["state"] not in ("ok", "waiting", "late", "failing") or not plan.rows or row["role_name"] != plan.role:
            # pg_cron shows a role no jobs of another.
            continue
        if found is None or found["change"] == "add":
            row |= {"state": "removed", "state_detail": "it is not in pg_cron any more"}
        elif found["change"] == "inactive":
            row |= {"state": "inactive", "state_detail": "it was switched off in pg_cron"}
        elif found["change"] == "change":
            row |= {"state": "changed", "state_detail": "the settings, or pg_cron, say something else by now"}
        elif row["last_outcome"] is None and found["last_status"] is not None:
            row |= {"last_started_at": found["last_start"], "last_outcome": found["last_status"]}
            row |= {"state": "ok", "state_detail": None} if row["state"] == "waiting" else {}
            if found["last_status"] == "failed":
                row |= {"state": "failing", "state_detail": found["last_message"]}
        if row["state"] in ("removed", "inactive", "changed"):
            activate = " --activate" if row["state"] == "inactive" else ""
            row["state_fix"] = f"pytelemetry-db schedule apply{activate}"


def fires(connection: db.Connection, schema: str, schedule: str, time_zone: str) -> list[db.Row]:
    """Return when a schedule fires next (at, here, there), and what clock changes do to it (warning)."""
    return db.fetch(connection, "fires", schema, {"schedule": schedule, "time_zone": time_zone})


def pile_ups(connection: db.Connection, schema: str) -> list[db.Row]:
    """Return cleanup jobs that may still be at work when their next time comes: job_name, gap, max_duration."""
    return db.fetch(connection, "pile_ups", schema)


def set_schedule(connection: db.Connection, schema: str, kind: str, schedule: str) -> None:
    """Store when a kind of job is to run; ``off`` for never. pg_cron knows it after ``apply``.

    :raises UsageError: for an unknown kind, or a schedule that cannot be
    """
    if kind not in KINDS:
        raise UsageError(f'there is no job "{kind}"', f"one of {', '.join(KINDS)}")
    db.fetch(connection, "set_setting", schema, {"name": f"{kind}_schedule", "value": schedule})


def _record(connection: db.Connection, plan: Plan, rows: list[db.Row]) -> None:
    kept = ("job_name", "kind", "relation_id", "schedule", "command")
    facts = [{name: row[name] for name in kept} | {"cron_job_id": row["job_id"]} for row in rows]
    given = {
        "jobs": json.dumps(facts),
        "role": plan.role,
        "cron_database": plan.cron_database,
        "time_zone": plan.time_zone,
    }
    db.fetch(connection, "record_jobs", plan.schema, given)


def _place(connection: db.Connection) -> db.Row:
    return db.fetch(connection, "cron_place", DEFAULT_SCHEMA)[0]
