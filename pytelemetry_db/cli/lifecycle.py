"""Commands that put our code into a database, take it out again, and say how things are."""

from typing import TYPE_CHECKING, Annotated

import typer

from pytelemetry_db.cli import output
from pytelemetry_db.cli.options import (
    Common,
    DryRun,
    Json,
    Offline,
    Yes,
    accepts,
    confirm_or_stop,
    open_connection,
    resolve_source,
)
from pytelemetry_db.names import DEFAULT_SCHEMA, validate_profile

if TYPE_CHECKING:
    from pytelemetry_db.state import Status

__all__ = ["register", "show_status"]

Owner = Annotated[
    str | None, typer.Option("--owner", metavar="ROLE", help="The ordinary role that is to own everything.")
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


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    app.command("install")(accepts(install))
    app.command("uninstall")(accepts(uninstall))
    app.command("status")(accepts(status))
    sql = typer.Typer(help="Print the SQL of a command; never connects.", no_args_is_help=True, rich_markup_mode=None)
    sql.command("install")(accepts(sql_install))
    sql.command("uninstall")(accepts(sql_uninstall))
    app.add_typer(sql, name="sql")


def install(
    common: Common,
    owner: Owner = None,
    profile: Profile = None,
    time_zone: TimeZone = None,
    allow_all_tables_publication: AllowAllTables = False,
    dry_run: DryRun = False,
) -> None:
    """Install our schema into the database, in one transaction.

    The connected role owns everything; a superuser names another with --owner. Installing again changes nothing.
    --dry-run connects, looks, and prints the very text that would be executed.
    """
    from pytelemetry_db import apply, db, source

    chosen = resolve_source(common)
    with open_connection(common, "install", source=chosen) as connection:
        request = apply.InstallRequest(common.schema, owner, allow_all_tables_publication)
        output.say(f"{db.where(connection)}, schema {common.schema}")
        if dry_run:
            script = apply.plan_install(connection, source.load(), request)
            if script is None:
                output.say("already installed: nothing to do")
            else:
                output.script(script.text)
                output.next_step(_with_schema("pytelemetry-db install", common))
            return
        result = apply.install(connection, source.load(), request)
        done = "installed" if result.changed else "already installed:"
        output.say(f"{output.mark('ok')} {done} pytelemetry_db {result.version} in schema {common.schema}")
        rows = apply.apply_profile(connection, common.schema, profile, time_zone, result.owner) if profile else ()
    output.table(("table", "policy", "detail"), [(row.table_name, row.action, row.detail) for row in rows])
    for row in rows:
        if row.fix:
            output.warn(f"{row.table_name}: {row.fix}")
    following = "plan" if any(row.set for row in rows) else "policy set TABLE --keep 30d"
    output.next_step(_with_schema(f"pytelemetry-db {following}", common))
    if any(row.refused for row in rows):
        raise typer.Exit(2)


def uninstall(common: Common, dry_run: DryRun = False, yes: Yes = False) -> None:
    """Remove our schema with its policies and its history; tables of yours stay as they are.

    Refuses when anything outside the schema depends on it, naming what does. Roles stay.
    """
    from pytelemetry_db import apply, db, source

    with open_connection(common, "uninstall") as connection:
        output.say(f"{db.where(connection)}, schema {common.schema}")
        script = apply.plan_uninstall(connection, source.load(), common.schema)
        if dry_run:
            output.script(script.text)
            output.next_step(_with_schema("pytelemetry-db uninstall", common))
            return
        confirm_or_stop(f"Remove schema {common.schema} from {db.where(connection)} for good?", yes=yes)
        apply.uninstall(connection, script, common.schema)
        output.say(f"{output.mark('ok')} removed schema {common.schema} from {db.where(connection)}")
    output.next_step(_with_schema("pytelemetry-db install", common))


def status(common: Common, json: Json = False) -> None:
    """Show on one screen where we are, what is installed, each policy and what to type next."""
    show_status(common, json=json)


def sql_install(offline: Offline, owner: Owner = None, allow_all_tables_publication: AllowAllTables = False) -> None:
    """Print the script that installs: the same text that `install` executes."""
    from pytelemetry_db import render, source

    script = render.render_install(source.load(), offline.schema, owner, allow_all_tables_publication)
    output.script(script.text)
    output.next_step("psql -v ON_ERROR_STOP=1 -f FILE")


def sql_uninstall(offline: Offline) -> None:
    """Print the script that removes this version: the same text that `uninstall` executes."""
    from pytelemetry_db import render, source

    output.script(render.render_uninstall(source.load(), offline.schema).text)
    output.next_step("psql -v ON_ERROR_STOP=1 -f FILE")


def show_status(common: Common, *, json: bool) -> None:
    """Print the status; exits with 3 when we are not installed."""
    from pytelemetry_db import state

    chosen = resolve_source(common)
    with open_connection(common, "status", source=chosen) as connection:
        found = state.read_status(connection, common.schema)
    if json:
        output.json_dump(found.as_dict(chosen.label))
    else:
        _print_status(found, chosen.label)
    output.next_step(_with_schema(found.next_command, common))
    if not found.state.installed:
        raise typer.Exit(3)


def _print_status(found: "Status", label: str) -> None:
    from pytelemetry_db import __version__

    state = found.state
    standby = ", read-only standby" if state.in_recovery else ""
    output.line(f"{output.mark('ok')} {found.where} {label[label.rindex('(') :]}")
    output.line(f"{output.mark('ok')} PostgreSQL {state.server_version_text}{standby}")
    if not state.installed:
        output.line(f"{output.mark('unknown')} not installed in schema {state.schema}")
        return
    output.line(
        f"{output.mark('ok')} pytelemetry_db {state.version} (migration {state.migration})"
        f" in schema {state.schema}, owned by {state.owner}"
    )
    if state.version != __version__:
        output.warn(f"this command is version {__version__}, the database is at {state.version}")
    if not found.policies:
        output.line(f"{output.mark('warning')} no policies: nothing is removed")
        return
    output.line()
    shown = ("table", "time_column", "keep", "state", "last_started_at", "last_stop_reason", "last_rows", "debt_rows")
    titles = ("table", "column", "keep", "state", "last run", "result", "removed", "debt")
    output.table(titles, [[getattr(policy, name) for name in shown] for policy in found.policies])
    for policy in found.policies:
        if policy.state_detail:
            output.line(f"{output.mark('warning')} {policy.table} {policy.state}: {policy.state_detail}")


def _with_schema(command: str, common: Common) -> str:
    return command if common.schema == DEFAULT_SCHEMA else f"{command} --schema {common.schema}"
