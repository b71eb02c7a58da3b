"""The command that turns a plain table into a partitioned one: partition convert."""

from typing import Annotated

import typer

from pytelemetry_db.cli import output
from pytelemetry_db.cli.options import Common, DryRun, Json, accepts, open_connection

__all__ = ["register"]


def register(partition: typer.Typer) -> None:
    """Add the command to the group."""
    partition.command("convert")(accepts(convert))


def convert(
    table: Annotated[str, typer.Argument(metavar="TABLE", help="Name of the table, with its schema where needed.")],
    common: Common,
    interval: Annotated[
        str | None,
        typer.Option("--interval", metavar="INTERVAL", help="How much time one partition holds, such as '1 month'."),
    ] = None,
    premake: Annotated[
        int | None, typer.Option("--premake", metavar="COUNT", help="Partitions to make ahead. [default: the policy's]")
    ] = None,
    boundary: Annotated[
        str | None,
        typer.Option("--boundary", metavar="TIME", help="Where the old table ends. [default: a week ahead or more]"),
    ] = None,
    max_duration: Annotated[
        str, typer.Option("--max-duration", metavar="INTERVAL", help="Give up after so long; run it again to go on.")
    ] = "1 hour",
    undo: Annotated[bool, typer.Option("--undo", help="Make it the plain table again that it was.")] = False,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Turn TABLE, while it is being written, into a partitioned table whose first partition it becomes.

    \b
    Examples:
      partition convert agg_1m --interval "1 month" --dry-run
      partition convert agg_1m --interval "1 month"
      partition convert agg_1m --undo
    """
    from pytelemetry_db import conversion, db, durations

    request = conversion.Request(
        table=table,
        interval=None if interval is None else durations.to_interval(interval, "--interval"),
        premake=premake,
        boundary=boundary,
        max_duration=durations.to_interval(max_duration, "--max-duration"),
        undo=undo,
    )
    with open_connection(common, "convert") as connection:
        steps = conversion.plan_conversion(connection, common.schema, request)
        if dry_run:
            _print_steps(steps, json=json)
            output.say(f"{db.where(connection)}, schema {common.schema}: nothing was changed")
            return
        output.say(f"{db.where(connection)}, schema {common.schema}: {'undoing' if undo else 'converting'} {table}")
        row = conversion.convert(
            connection, common.schema, request, on_notice=lambda _severity, text: output.timed(text)
        )
    if json:
        output.json_dump({"conversion": row})
    elif undo:
        output.say(f"{output.mark('ok')} {table} is a plain table again")
    else:
        output.say(
            f"{output.mark('ok')} {table} is partitioned; {row['old_name']} holds what lies before {row['boundary']}"
        )
        output.next_step(f"pytelemetry-db plan {table}")


def _print_steps(steps: list[dict[str, object]], *, json: bool) -> None:
    if json:
        output.json_dump({"steps": steps})
        return
    output.table(("step", "what", "locks"), [(row["step"], row["detail"], row["locks"]) for row in steps])
