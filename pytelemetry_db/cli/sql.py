"""Commands that print SQL and never connect: sql install, sql upgrade, sql uninstall."""

from typing import Annotated

import typer

from pytelemetry_db.cli import output
from pytelemetry_db.cli.lifecycle import AllowAllTables, Cascade, KeepData, OperatorRole, Owner, ReaderRole
from pytelemetry_db.cli.options import Offline, accepts
from pytelemetry_db.errors import UsageError

__all__ = ["register"]

NoTransaction = Annotated[
    bool,
    typer.Option("--no-transaction", help="Without begin and commit, for a migration tool that opens its own."),
]
From = Annotated[str, typer.Option("--from", metavar="VERSION", help="The version that is installed now.")]


def register(app: typer.Typer) -> None:
    """Add the group to ``app``."""
    sql = typer.Typer(help="Print the SQL of a command; never connects.", no_args_is_help=True, rich_markup_mode=None)
    sql.command("install")(accepts(sql_install))
    sql.command("upgrade")(accepts(sql_upgrade))
    sql.command("uninstall")(accepts(sql_uninstall))
    sql.command("schedule")(accepts(sql_schedule))
    app.add_typer(sql, name="sql")


def sql_install(
    offline: Offline,
    owner: Owner = None,
    reader_role: ReaderRole = None,
    operator_role: OperatorRole = None,
    allow_all_tables_publication: AllowAllTables = False,
    no_transaction: NoTransaction = False,
) -> None:
    """Print the script that installs: the same text that `install` executes."""
    from pytelemetry_db import render, source
    from pytelemetry_db.model import Roles

    script = render.render_install(
        source.load(),
        offline.schema,
        owner,
        allow_all_tables_publication,
        roles=Roles(reader_role, operator_role),
        transaction=not no_transaction,
    )
    _print(script.text)


def sql_upgrade(
    offline: Offline,
    start: From,
    reader_role: ReaderRole = None,
    operator_role: OperatorRole = None,
    no_transaction: NoTransaction = False,
) -> None:
    """Print the script that upgrades exactly VERSION to this one: the same text that `upgrade` executes."""
    from pytelemetry_db import render, source
    from pytelemetry_db.model import Roles, Version

    release = source.load()
    known = {**release.released, release.version: release.migration}
    if start not in known:
        raise UsageError(f'--from: "{start}" was never released', f"one of {', '.join(known)}")
    if known[start] > release.migration:
        raise UsageError(f'--from: "{start}" is newer than {release.version}', next_step=f"pytelemetry-db=={start}")
    script = render.render_upgrade(
        release,
        Version(start, known[start]),
        offline.schema,
        roles=Roles(reader_role, operator_role),
        transaction=not no_transaction,
    )
    _print(script.text)


def sql_uninstall(
    offline: Offline, keep_data: KeepData = False, cascade: Cascade = False, no_transaction: NoTransaction = False
) -> None:
    """Print the script that removes this version: the same text that `uninstall` executes."""
    from pytelemetry_db import render, source

    script = render.render_uninstall(
        source.load(), offline.schema, keep_data=keep_data, cascade=cascade, transaction=not no_transaction
    )
    _print(script.text)


def sql_schedule(offline: Offline) -> None:
    """Print what puts the jobs into a pg_cron that keeps them in the same database, for the role that runs it.

    Elsewhere schedule apply does it, and schedule apply --dry-run prints the statements.
    """
    from pytelemetry_db import render, source

    _print(render.render_schedule(source.load(), offline.schema).text)


def _print(text: str) -> None:
    output.script(text)
    output.next_step("psql -v ON_ERROR_STOP=1 -f FILE")
