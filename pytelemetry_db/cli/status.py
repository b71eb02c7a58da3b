"""The command that says how things are: status."""

from typing import TYPE_CHECKING

import typer

from pytelemetry_db.cli import output
from pytelemetry_db.cli.options import Common, Json, accepts, open_connection, resolve_source

if TYPE_CHECKING:
    from pytelemetry_db.state import Status

__all__ = ["register", "show_status"]


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("status")(accepts(status))


def status(common: Common, json: Json = False) -> None:
    """Show on one screen where we are, what is installed, each policy and what to type next."""
    show_status(common, json=json)


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
    output.next_step(found.next_command)
    if not found.state.has_code:
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
    if not state.has_code:
        output.line(f"{output.mark('unknown')} only its data is here: uninstalled with --keep-data")
        return
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
