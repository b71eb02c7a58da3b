"""The command that removes expired rows: cleanup."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from pytelemetry_db.cli import output
from pytelemetry_db.cli.keeps import BatchRows, Keeps, Tables, keeps_of, keeps_of_environment
from pytelemetry_db.cli.options import Common, DryRun, Json, accepts, open_connection, resolve_source
from pytelemetry_db.cli.passes import make_passes, print_passes
from pytelemetry_db.cli.plan import show_plan
from pytelemetry_db.errors import OperationFailed

if TYPE_CHECKING:
    from pytelemetry_db.heartbeat import Heartbeat

__all__ = ["register", "run_cleanup"]

Duty = Annotated[
    str | None,
    typer.Option(
        "--duty", metavar="SHARE", help="gentle, normal, full, or the share of the time to work. [default: as set]"
    ),
]
EventsDays = Annotated[
    int | None,
    typer.Option(
        "--events-retention-days", metavar="N", help="Short for --keep events_seen=Nd. [env: EVENTS_RETENTION_DAYS]"
    ),
]
AggDays = Annotated[
    int | None,
    typer.Option("--agg-retention-days", metavar="N", help="Short for --keep agg_1m=Nd. [env: AGG_RETENTION_DAYS]"),
]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    app.command("cleanup")(accepts(cleanup))


def cleanup(
    common: Common,
    tables: Tables = None,
    dry_run: DryRun = False,
    keep: Keeps = None,
    events_retention_days: EventsDays = None,
    agg_retention_days: AggDays = None,
    max_duration: Annotated[
        str, typer.Option("--max-duration", metavar="DURATION", help="Stop at a batch boundary after this time.")
    ] = "1h",
    batch_rows: BatchRows = None,
    duty: Duty = None,
    heartbeat_url: Annotated[
        str | None,
        typer.Option(
            "--heartbeat-url",
            metavar="URL",
            help="Call this URL after good passes. [env: HEARTBEAT_URL]",
        ),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Allow a keep shorter than the policy's, this time.")
    ] = False,
    vacuum: Annotated[
        bool, typer.Option("--vacuum", help="Then vacuum the tables from which rows went, if the role may.")
    ] = False,
    emergency: Annotated[
        bool,
        typer.Option("--emergency", help="For a disk that fills: say what helps, ask for keeps, clean."),
    ] = False,
    health_check: Annotated[
        bool, typer.Option("--health-check", help="Only look, as pytelemetry-db health does; remove nothing.")
    ] = False,
    json: Json = False,
) -> None:
    """Remove expired rows in committed batches, as the policies say. The work is done inside the database.

    Ctrl-C stops at the batch boundary, a second one at once; what was removed stays removed, and the next pass goes on.
    A keep shorter than the stored policy needs --yes; it counts for this pass only and is recorded.

    Batches take about batch_target (0.2 s) each; --duty normal pauses as long as it works, --duty full never. Tables
    take turns, and all of them share --max-duration.

    --emergency works table by table, most room for each byte of WAL first, vacuums each, and asks for the shortest keep
    that is allowed now; without a terminal it takes --keep and --yes. With --dry-run it only says what would help.

    The heartbeat URL is called once, by GET, when every pass was good: done, or less is left than before. A server
    there that does not answer is a warning. The variable keeps the URL out of ps.

    Exit codes: 0 done, paused, at work elsewhere, or out of time while the backlog shrinks; 1 out of time while it does
    not, or interrupted by others; 2 failed, locked out or suspended; 3 no policy; 64 wrong usage; 130 and 143
    interrupted by a signal.
    """
    if health_check:
        from pytelemetry_db.cli.health import show_health

        raise typer.Exit(show_health(common, [], json=json))
    days = {"events_seen": events_retention_days, "agg_1m": agg_retention_days}
    keeps = keeps_of(keep or [], days)
    heartbeat = _heartbeat(heartbeat_url)
    if emergency:
        from pytelemetry_db.cli.emergency import run_emergency

        def clean(table: str, keeps: dict[str, str]) -> int:
            return run_cleanup(
                common,
                [table],
                keeps,
                max_duration=max_duration,
                batch_rows=batch_rows,
                duty=duty or "full",
                yes=True,
                vacuum=True,
                json=json,
            )

        raise typer.Exit(run_emergency(common, tables or [], keeps, dry_run=dry_run, yes=yes, json=json, clean=clean))
    if dry_run:
        show_plan(common, tables or [], keeps, batch_rows=batch_rows, exact=True, json=json)
        return
    code = run_cleanup(
        common,
        tables or [],
        keeps,
        max_duration=max_duration,
        batch_rows=batch_rows,
        duty=duty,
        yes=yes,
        vacuum=vacuum,
        heartbeat=heartbeat,
        json=json,
    )
    raise typer.Exit(code)


def run_cleanup(
    common: Common,
    tables: list[str],
    keeps: dict[str, str],
    *,
    max_duration: str,
    batch_rows: int | None,
    duty: str | None = None,
    yes: bool,
    vacuum: bool = False,
    heartbeat: "Heartbeat | None" = None,
    json: bool = False,
) -> int:
    """Clean, show how it goes, print what came of it, tell the heartbeat, and return the exit code."""
    from pytelemetry_db import cleanup as cleaning
    from pytelemetry_db import db, durations, planning

    limit = durations.to_interval(max_duration, "--max-duration")
    source = resolve_source(common)
    with open_connection(common, "cleanup", source=source) as connection:
        keeps = keeps | keeps_of_environment(connection, common.schema, tables, keeps)
        output.say(f"{db.where(connection)} {source.origin}, schema {common.schema}")
        # A table that does not exist, or code of ours that does not, is told before the work begins.
        planning.targets(connection, common.schema, tables, keeps)
    request = cleaning.Request(
        tables=tables,
        keeps=keeps,
        max_duration=limit,
        batch_rows=batch_rows,
        duty=duty,
        yes=yes,
        vacuum=vacuum,
    )
    outcome, code, interrupted = make_passes(source, common.schema, request)
    if json and (outcome.passes or not outcome.errors):
        output.json_dump({"passes": outcome.passes})
    elif outcome.passes:
        # With --quiet a scheduler has nothing to mail when all is well.
        with output.only_logged(output.is_quiet() and code == 0):
            print_passes(list(outcome.passes))
    if outcome.passes:
        output.next_step("pytelemetry-db report")
    if heartbeat is not None and not interrupted and cleaning.every_pass_was_good(outcome):
        _tell(heartbeat)
    return code


def _heartbeat(said: str | None) -> "Heartbeat | None":
    from pytelemetry_db.heartbeat import parse

    url = said or os.environ.get("HEARTBEAT_URL")
    return parse(url, "--heartbeat-url" if said else "HEARTBEAT_URL") if url else None


def _tell(to: "Heartbeat") -> None:
    """Call the heartbeat URL; whatever comes of it, the passes were made and the exit code is theirs."""
    from pytelemetry_db.heartbeat import send

    try:
        send(to)
    except OperationFailed as error:
        output.warn(str(error))
    else:
        output.note(f"told {to.shown}")
