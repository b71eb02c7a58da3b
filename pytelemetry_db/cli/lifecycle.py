"""Commands that put our code into a database and take it out again: install, upgrade, uninstall."""

from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Annotated

import typer

from pytelemetry_db.cli import output
from pytelemetry_db.cli.options import (
    Common,
    DryRun,
    Yes,
    accepts,
    confirm_or_stop,
    open_connection,
    resolve_source,
)
from pytelemetry_db.cli.schedule import CronDsn, open_cron
from pytelemetry_db.errors import NotInstalled, PytelemetryError
from pytelemetry_db.names import validate_profile

if TYPE_CHECKING:
    from pytelemetry_db import apply, db, schedule
    from pytelemetry_db.connection import Source

__all__ = ["AllowAllTables", "Cascade", "KeepData", "OperatorRole", "Owner", "ReaderRole", "register"]

Owner = Annotated[
    str | None, typer.Option("--owner", metavar="ROLE", help="The ordinary role that is to own everything.")
]
ReaderRole = Annotated[
    str | None,
    typer.Option("--reader-role", metavar="ROLE", help="A role that may see the views; none takes that back."),
]
OperatorRole = Annotated[
    str | None,
    typer.Option(
        "--operator-role", metavar="ROLE", help="A role that may also plan, clean, pause and resume; or none."
    ),
]
AllowAllTables = Annotated[
    bool,
    typer.Option("--allow-all-tables-publication", help="Install although a publication replicates every table."),
]
Profile = Annotated[
    str | None,
    typer.Option(
        "--profile",
        metavar="NAME",
        # Before anything is installed.
        callback=lambda name: name and validate_profile(name),
        help="Set the policies of a known platform: telemetry.",
    ),
]
TimeZone = Annotated[
    str | None, typer.Option("--time-zone", metavar="ZONE", help="Of the profile's policies. [default: the session's]")
]
KeepData = Annotated[
    bool, typer.Option("--keep-data", help="Leave the tables: policies and history; install goes on with them.")
]
Cascade = Annotated[bool, typer.Option("--cascade", help="Drop objects elsewhere that depend on ours, too.")]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    app.command("install")(accepts(install))
    app.command("upgrade")(accepts(upgrade))
    app.command("uninstall")(accepts(uninstall))


def install(
    common: Common,
    owner: Owner = None,
    reader_role: ReaderRole = None,
    operator_role: OperatorRole = None,
    profile: Profile = None,
    time_zone: TimeZone = None,
    allow_all_tables_publication: AllowAllTables = False,
    upgrade: Annotated[bool, typer.Option("--upgrade", help="Upgrade an older version that is there.")] = False,
    dry_run: DryRun = False,
) -> None:
    """Install our schema into the database, in one transaction.

    The connected role owns everything; a superuser names another with --owner. Installing again changes nothing. An
    older version is upgraded with --upgrade; without it, what would change is shown, and the exit code is 1. --dry-run
    connects, looks, and prints the very text that would be executed.
    """
    from pytelemetry_db import apply, db, source
    from pytelemetry_db.model import Roles

    release = source.load()
    with open_connection(common, "install") as connection:
        request = apply.Request(common.schema, owner, allow_all_tables_publication, Roles(reader_role, operator_role))
        output.say(f"{db.where(connection)}, schema {common.schema}")
        plan = apply.plan_install(connection, release, request)
        older = plan.start is not None and plan.start.version != release.version
        if dry_run:
            _print_script(plan, "pytelemetry-db install" + (" --upgrade" if older else ""))
            return
        if older and not upgrade:
            _print_changes(plan, release.version)
            output.next_step("pytelemetry-db install --upgrade")
            raise typer.Exit(1)
        done = apply.apply(connection, release, plan)
        _print_done(plan, done)
        owner = done.state.owner or ""
        rows = apply.apply_profile(connection, common.schema, profile, time_zone, owner) if profile else ()
    output.table(("table", "policy", "detail"), [(row.table_name, row.action, row.detail) for row in rows])
    for row in rows:
        if row.fix:
            output.warn(f"{row.table_name}: {row.fix}")
    following = "plan" if any(row.set for row in rows) else "policy set TABLE --keep 30d"
    output.next_step(f"pytelemetry-db {following}")
    if any(row.refused for row in rows):
        raise typer.Exit(2)


def upgrade(
    common: Common,
    reader_role: ReaderRole = None,
    operator_role: OperatorRole = None,
    force: Annotated[
        bool, typer.Option("--force", help="Put routines and views in again at the same version.")
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Bring an installed older version to this one, in one transaction. Policies, history and grants stay.

    A running pass stops at its batch boundary (upgraded), and the next one runs the new code. Takes no lock on tables
    of yours. Exit codes: 0 upgraded or already there; 2 refused, for example by a newer version; 3 not installed.
    """
    from pytelemetry_db import apply, db, source
    from pytelemetry_db.model import Roles

    release = source.load()
    with open_connection(common, "upgrade") as connection:
        request = apply.Request(common.schema, roles=Roles(reader_role, operator_role))
        output.say(f"{db.where(connection)}, schema {common.schema}")
        plan = apply.plan_upgrade(connection, release, request, force=force)
        if dry_run:
            _print_script(plan, "pytelemetry-db upgrade")
            return
        _print_changes(plan, release.version)
        _print_done(plan, apply.apply(connection, release, plan))
    output.next_step("pytelemetry-db verify")


def uninstall(
    common: Common,
    keep_data: KeepData = False,
    cascade: Cascade = False,
    cron_dsn: CronDsn = None,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Remove our schema with its policies and its history; tables of yours stay as they are.

    Jobs of pg_cron that call us go first. Refuses when anything outside the schema depends on it, naming what does;
    --cascade drops that, too. Roles stay.
    """
    from pytelemetry_db import apply, db, schedule, source

    release = source.load()
    chosen = resolve_source(common)
    with open_connection(common, "uninstall", source=chosen) as connection, ExitStack() as stack:
        output.say(f"{db.where(connection)}, schema {common.schema}")
        script = apply.plan_uninstall(connection, release, common.schema, keep_data=keep_data, cascade=cascade)
        jobs = _jobs_elsewhere(connection, chosen, common.schema, cron_dsn, stack)
        lost = apply.find_dependents(connection, release, common.schema, keep_data=keep_data) if cascade else ()
        for name in lost:
            output.warn(f"{name} depends on ours and goes, too")
        if dry_run:
            output.script(script.text)
            output.next_step("pytelemetry-db uninstall")
            return
        what = f"the code in schema {common.schema}" if keep_data else f"schema {common.schema}"
        confirm_or_stop(f"Remove {what} from {db.where(connection)} for good?", yes=yes)
        if jobs is not None:
            schedule.remove(connection, *jobs)
        apply.uninstall(connection, script, common.schema)
        output.say(f"{output.mark('ok')} removed {what} from {db.where(connection)}")
    output.next_step("pytelemetry-db install")


def _print_script(plan: "apply.Plan", following: str) -> None:
    if plan.script is None:
        output.say("already installed: nothing to do")
        return
    output.script(plan.script.text)
    output.next_step(following)


def _print_changes(plan: "apply.Plan", version: str) -> None:
    if plan.changes is None or plan.start is None:
        return
    if plan.start.version == version:
        output.say(f"at {version} already: routines, views and grants are put in again")
        return
    output.say(f"from {plan.start.version} to {version}:")
    output.table(("change", "what"), plan.changes.lines)
    if not plan.changes.lines:
        output.say("nothing but the version")


def _print_done(plan: "apply.Plan", done: "apply.Done") -> None:
    what = "already installed:" if not done.changed else "installed" if plan.start is None else "upgraded to"
    output.say(f"{output.mark('ok')} {what} pytelemetry_db {done.state.version} in schema {done.state.schema}")


def _jobs_elsewhere(
    connection: "db.Connection", source: "Source", schema: str, cron_dsn: str | None, stack: ExitStack
) -> "tuple[schedule.Cron, schedule.Plan] | None":
    """Find jobs that pg_cron keeps in another database, where the script does not reach; say what cannot be done."""
    from pytelemetry_db import db
    from pytelemetry_db import schedule as scheduling
    from pytelemetry_db.state import read_state

    found = db.fetch(connection, "jobs_elsewhere", schema, {"schema": schema})
    if not found or not read_state(connection, schema).has_code:
        return None
    try:
        cron = open_cron(connection, source, "uninstall", cron_dsn)
        stack.enter_context(closing(cron.connection))
        plan = scheduling.make_plan(connection, schema, cron, wanted=False, everybodys=True)
    except PytelemetryError as error:
        if cron_dsn:
            raise
        if not isinstance(error, NotInstalled):
            _tell_jobs(found[0])
        return None
    if plan.permitted:
        for row in plan.rows:
            output.say(f"job {row['job_id']} of pg_cron goes: {row['cron_name'] or row['command']}")
        return cron, plan
    _tell_jobs({**found[0], "database": cron.database})
    return None


def _tell_jobs(found: "db.Row") -> None:
    if found["database"] is not None:
        output.warn(f"pg_cron keeps its jobs in database {found['database']}; there, run: {found['fix']}")
    else:
        output.note(f"if pg_cron has jobs that call this schema, run this in the database it uses: {found['fix']}")
