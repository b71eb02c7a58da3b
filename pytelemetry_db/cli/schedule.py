"""Commands that put the work on a schedule in pg_cron: schedule apply, list, set, remove."""

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import TYPE_CHECKING, Annotated

import typer

from pytelemetry_db.cli import emit, output
from pytelemetry_db.cli.options import Common, DryRun, Json, accepts, open_connection, resolve_source
from pytelemetry_db.errors import NotPermitted, PytelemetryError, UsageError

if TYPE_CHECKING:
    from pytelemetry_db import db, schedule
    from pytelemetry_db.connection import Source

__all__ = ["CronDsn", "open_cron", "register"]

CronDsn = Annotated[
    str | None,
    typer.Option(
        "--cron-dsn",
        metavar="DSN",
        help="Where pg_cron keeps its jobs. [env: CRON_DSN; default: here, or the database it names, as this user]",
    ),
]
_FINE = ("ok", "running", "waiting")


def register(app: typer.Typer) -> None:
    """Add the group to ``app``."""
    group = typer.Typer(
        help="Put the work on a schedule, and see that it ran.", no_args_is_help=True, rich_markup_mode=None
    )
    group.command("apply")(accepts(apply))
    group.command("list")(accepts(list_))
    group.command("set")(accepts(set_))
    group.command("remove")(accepts(remove))
    emit.register(group)
    app.add_typer(group, name="schedule")


@contextmanager
def _open_both(common: Common, purpose: str, cron_dsn: str | None) -> "Iterator[tuple[db.Connection, schedule.Cron]]":
    """Connect to the database that the jobs work in, and to the one in which pg_cron keeps them."""
    source = resolve_source(common)
    with open_connection(common, purpose, source=source) as connection:
        cron = open_cron(connection, source, purpose, cron_dsn)
        with closing(cron.connection):
            yield connection, cron


def open_cron(connection: "db.Connection", source: "Source", purpose: str, cron_dsn: str | None) -> "schedule.Cron":
    """Connect to the database in which pg_cron keeps its jobs; the caller closes it."""
    from dataclasses import replace

    from pytelemetry_db import connection as connections
    from pytelemetry_db import db, schedule

    cron_source = None
    name = "CRON_DSN" if cron_dsn is None else "--cron-dsn"
    if cron_dsn is not None or (cron_dsn := os.environ.get("CRON_DSN")):
        # Said for this one connection: nothing else of the command line or the environment counts for it.
        try:
            cron_source = connections.resolve(connections.Options(dsn=cron_dsn), {}, db.parse_dsn)
        except UsageError as error:
            raise UsageError(error.found.replace("--dsn", name), error.expected, error.next_step) from None
        cron_source = replace(cron_source, label=cron_source.label.replace("--dsn", name))
    return schedule.open_cron(connection, source, cron_source, lambda chosen: db.connect(chosen, purpose=purpose))


def apply(
    common: Common,
    cron_dsn: CronDsn = None,
    activate: Annotated[bool, typer.Option("--activate", help="Switch jobs on again that were switched off.")] = False,
    dry_run: DryRun = False,
) -> None:
    """Put the jobs into pg_cron as the settings and policies say; only what differs is changed, in one transaction.

    Jobs run as the connected role, or as the owner of our schema when that is a superuser. --dry-run prints the
    statements, for pg_cron's database. When we may not run them there they are printed, too, for a superuser to run,
    and the exit code is 3; 0 when all is as it should be.
    """
    from pytelemetry_db import db, schedule

    with _open_both(common, "schedule", cron_dsn) as (connection, cron):
        if not dry_run:
            schedule.lock(cron)
        plan = schedule.make_plan(connection, common.schema, cron, activate=activate)
        output.say(
            f"jobs of {db.where(connection)}, schema {common.schema}, as {plan.role};"
            f" pg_cron {cron.version} in database {cron.database}"
        )
        _tell(plan)
        if not plan.permitted and plan.script is not None:
            output.script(plan.script.text)
            raise NotPermitted(
                f"role {cron.role_name} may not schedule jobs as {plan.role} in database {cron.database}",
                "USAGE on schema cron, EXECUTE on cron.schedule_in_database, and the same role",
                "give the printed statements to a superuser, for psql there",
            )
        if dry_run:
            if plan.script is not None:
                output.script(plan.script.text)
            output.next_step("pytelemetry-db schedule apply")
            return
        _print_changes(plan)
        after = schedule.apply(connection, cron, plan)
        changed = {row["job_id"] for row in plan.changes}
        _tell_others(after, [row for row in after.others if row["change"] == "inactive" and row["job_id"] in changed])
        _warn_of_pile_ups(connection, common.schema)
    output.say(f"{output.mark('ok')} {'changed' if plan.changes else 'nothing to change'}")
    output.next_step("pytelemetry-db schedule list")


def list_(common: Common, cron_dsn: CronDsn = None, json: Json = False) -> None:
    """Show the jobs: when they run next, what came of the last run, and what was missed.

    Exit codes: 0 all as it should be; 1 a job is late, failing, switched off or changed; 3 no jobs.
    """
    from pytelemetry_db import schedule

    source = resolve_source(common)
    with open_connection(common, "schedule", source=source) as connection, ExitStack() as stack:
        rows = schedule.jobs(connection, common.schema)
        if rows:
            try:
                cron = open_cron(connection, source, "schedule", cron_dsn)
                stack.enter_context(closing(cron.connection))
                schedule.add_cron_facts(rows, schedule.make_plan(connection, common.schema, cron))
            except PytelemetryError as error:
                if cron_dsn is not None:
                    raise
                output.note(f"pg_cron was not looked at: {error.found}")
        times: dict[tuple[str, str], list[db.Row]] = {}
        with suppress(NotPermitted):
            # A reader sees the next time in the view, and no more.
            for row in rows:
                if row["schedule"]:
                    when = (row["schedule"], row["time_zone"])
                    times[when] = schedule.fires(connection, common.schema, *when)
    if json:
        output.json_dump({"jobs": [{**row, "next": _next_times(times, row)} for row in rows]})
    else:
        _print_jobs(rows, times)
    bad = [row for row in rows if row["state"] not in _FINE]
    output.next_step("pytelemetry-db schedule apply" if not rows else "pytelemetry-db status")
    raise typer.Exit(3 if not rows else 1 if bad else 0)


def set_(
    job: Annotated[str, typer.Argument(metavar="JOB", help="cleanup, rotation, vacuum, prune or sample.")],
    when: Annotated[str, typer.Argument(metavar="SCHEDULE", help="Five fields as in '*/5 * * * *', or off.")],
    common: Common,
) -> None:
    """Set when a job is to run, in the time zone of pg_cron; says the next times, and what clock changes do to them.

    pg_cron knows it after schedule apply.
    """
    from pytelemetry_db import db, schedule

    with open_connection(common, "schedule") as connection:
        db.on_notice(connection, _tell_notice)
        schedule.set_schedule(connection, common.schema, job, when)
    output.next_step("pytelemetry-db schedule apply")


def remove(common: Common, cron_dsn: CronDsn = None, dry_run: DryRun = False) -> None:
    """Take our jobs out of pg_cron. A pass that is at work for one of them stops at its batch boundary."""
    from pytelemetry_db import schedule

    with _open_both(common, "schedule", cron_dsn) as (connection, cron):
        if not dry_run:
            schedule.lock(cron)
        plan = schedule.make_plan(connection, common.schema, cron, wanted=False)
        _tell(plan)
        if plan.script is not None and (dry_run or not plan.permitted):
            output.script(plan.script.text)
        if not plan.permitted:
            raise NotPermitted(
                f"role {cron.role_name} may not change jobs of {plan.role} in database {cron.database}",
                next_step="connect as that role, or give --cron-dsn of a superuser",
            )
        if dry_run:
            output.next_step("pytelemetry-db schedule remove")
            return
        _print_changes(plan)
        for call in schedule.remove(connection, cron, plan):
            output.say(f"{call['job_name']}: pid {call['pid']} is still at work and was asked to stop")
    output.say(f"{output.mark('ok')} {'removed' if plan.changes else 'there were none'}")
    output.next_step("pytelemetry-db schedule apply")


def _tell(plan: "schedule.Plan") -> None:
    if not plan.time_zone_known:
        output.note(f"this role may not see cron.timezone: taken as {plan.time_zone}")
    for text in plan.refusals:
        output.warn(text)
    _tell_others(plan, plan.others)


def _tell_others(plan: "schedule.Plan", rows: "Iterable[db.Row]") -> None:
    for row in rows:
        name = f"job {row['job_id']} ({row['cron_name'] or 'without a name'})"
        if row["change"] == "inactive":
            output.warn(f"{name} was switched off and stays so; schedule apply --activate switches it on")
        elif row["change"] == "other role":
            output.warn(
                f"{name} does the same as role {row['role_name']}; in database {plan.cron_database}: {row['statement']}"
            )
        else:
            output.warn(f"{name} calls schema {plan.schema}, too; in database {plan.cron_database}: {row['statement']}")


def _print_changes(plan: "schedule.Plan") -> None:
    output.table(
        ("change", "job", "schedule", "was"),
        [
            (row["change"], row["job_name"] or row["cron_name"], row["schedule"], row["old_schedule"])
            for row in plan.changes
        ],
    )


def _print_jobs(rows: "list[db.Row]", times: "dict[tuple[str, str], list[db.Row]]") -> None:
    if not rows:
        output.say(f"{output.mark('unknown')} no jobs: nothing runs by itself")
        return
    output.table(
        ("job", "schedule", "state", "last run", "result", "removed", "next", "missed", "late", "as"),
        [
            (
                row["job_name"],
                row["schedule"],
                row["state"],
                row["last_started_at"] or row["last_finished_at"],
                row["last_outcome"],
                row["last_rows"],
                row["next_at"],
                row["missed_24h"],
                row["late_24h"],
                row["role_name"],
            )
            for row in rows
        ],
    )
    for row in rows:
        if row["state_detail"] and row["state"] != "waiting":
            level: output.Level = "ok" if row["state"] in _FINE else "warning"
            output.line(f"{output.mark(level)} {row['job_name']} {row['state']}: {row['state_detail']}")
        if row["state_fix"]:
            output.line(f"    fix: {row['state_fix']}")
    for (text, zone), found in times.items():
        output.line()
        output.line(f"{text} in {zone} runs next at")
        for one in found:
            output.line(
                f"  {output.mark('warning')} {one['warning']}"
                if one["warning"]
                else f"  {one['here']}   {one['there']}"
            )


def _next_times(times: "dict[tuple[str, str], list[db.Row]]", row: "db.Row") -> list[object]:
    return [one["at"] for one in times.get((row["schedule"], row["time_zone"]), []) if one["at"]]


def _warn_of_pile_ups(connection: "db.Connection", schema: str) -> None:
    from pytelemetry_db import schedule

    for row in schedule.pile_ups(connection, schema):
        output.warn(
            f"{row['job_name']} may take {row['max_duration']} and comes again after {row['gap']}:"
            " set cleanup_max_duration to less"
        )


def _tell_notice(severity: str, message: str) -> None:
    (output.warn if severity == "WARNING" else output.say)(message)
