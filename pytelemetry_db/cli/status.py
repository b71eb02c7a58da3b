"""The command that says how things are: status."""

from typing import TYPE_CHECKING, Annotated

import typer

from pytelemetry_db.cli import output
from pytelemetry_db.cli.options import Common, Json, accepts, open_connection, resolve_source

if TYPE_CHECKING:
    from pytelemetry_db.state import Status

__all__ = ["register", "show_status"]


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("status")(accepts(status))


def status(
    common: Common,
    max_age: Annotated[
        str | None,
        typer.Option("--max-age", metavar="DURATION", help="Fail when a policy had no good pass for so long."),
    ] = None,
    json: Json = False,
) -> None:
    """Show on one screen where we are, what is installed, each policy and what to type next.

    With --max-age 26h it is a dead man's switch: a pass is good when it is done, or leaves less than the one before it.
    One line says for each policy without one since when, why, and what to type; with --quiet there is nothing else. A
    policy that is paused or suspended is no exception, one that was made more recently is not late yet.

    Exit codes: 0 fine; 2 a policy had no good pass for so long, or no connection; 3 not installed, or no policy with
    --max-age.
    """
    show_status(common, max_age=max_age, json=json)


def show_status(common: Common, *, max_age: str | None = None, json: bool) -> None:
    """Print the status; exits with 3 when we are not installed, with 2 when a policy is late."""
    from pytelemetry_db import durations, state

    limit = None if max_age is None else durations.to_interval(max_age, "--max-age")
    chosen = resolve_source(common)
    with open_connection(common, "status", source=chosen) as connection:
        found = state.read_status(connection, common.schema, limit)
    if json:
        facts = {"max_age": limit, "late": [policy.table for policy in found.late]} if limit else {}
        output.json_dump(found.as_dict(chosen.label) | facts)
    else:
        if not (limit and found.policies and output.is_quiet()):
            _print_status(found, chosen.label)
        _print_late(found, max_age)
    output.next_step(found.next_command)
    if not found.state.has_code or (limit and not found.policies):
        raise typer.Exit(3)
    if found.late:
        raise typer.Exit(2)


def _print_late(found: "Status", max_age: str | None) -> None:
    where = "on the primary: " if found.state.in_recovery else ""
    for policy in found.late:
        command = output.in_schema(policy.remedy)
        output.line(f"{output.mark('critical')} {policy.table}: {policy.lateness}; try {where}{command}")
    if max_age and found.policies and not found.late and not output.is_quiet():
        output.line(f"{output.mark('ok')} no policy was without a good pass for {max_age}")


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
        elif policy.verdict not in (None, "ok"):
            mark = output.mark("unknown" if policy.verdict in ("unknown", "waiting") else "warning")
            output.line(f"{mark} {policy.table} {policy.verdict}: {policy.evidence}")
