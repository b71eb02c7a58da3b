"""Commands that hand a partition set over: partition adopt, partition hand-back."""

from typing import TYPE_CHECKING, Annotated

import typer

from pytelemetry_db.cli import output
from pytelemetry_db.cli.options import Common, Json, open_connection

if TYPE_CHECKING:
    from pytelemetry_db import db

__all__ = ["adopt", "hand_back"]

Table = Annotated[str, typer.Argument(metavar="TABLE", help="Name of the table, with its schema where needed.")]


def adopt(
    table: Table,
    common: Common,
    keep: Annotated[
        str | None, typer.Option("--keep", metavar="DURATION", help="How long rows stay. [default: its retention]")
    ] = None,
    time_zone: Annotated[
        str | None,
        typer.Option(
            "--time-zone", metavar="ZONE", help="Zone that its partitions follow. [default: found by their bounds]"
        ),
    ] = None,
    detached_keep: Annotated[
        str | None,
        typer.Option(
            "--detached-keep",
            metavar="DURATION",
            help="How long detached partitions stay until they are dropped. [default: 100 years, if it keeps them]",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Take a partition set over from pg_partman: its configuration becomes the policy of TABLE.

    Its automatic maintenance is turned off in the same transaction. The table and its partitions are not touched, and
    names and bounds go on as they are.

    \b
    Examples:
      partition adopt agg_1m
      partition adopt agg_1m --keep 13mon --time-zone Europe/Berlin
    """
    from pytelemetry_db import durations, handover

    with open_connection(common, "partition") as connection:
        rows = handover.adopt(
            connection,
            common.schema,
            table,
            keep=None if keep is None else durations.to_interval(keep, "--keep"),
            time_zone=time_zone,
            detached_keep=None if detached_keep is None else durations.to_interval(detached_keep, "--detached-keep"),
        )
    _show(rows, f"{table} is ours now", json=json)
    output.next_step(f"pytelemetry-db partition rotate {table} --dry-run")


def hand_back(
    table: Table,
    common: Common,
    drop_policy: Annotated[
        bool, typer.Option("--drop-policy", help="Drop the policy. [default: it stays, and only observes]")
    ] = False,
    session_time_zone: Annotated[
        str | None,
        typer.Option(
            "--session-time-zone",
            metavar="ZONE",
            help="TimeZone of the sessions in which pg_partman's maintenance runs. [default: the server's]",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Give a partition set to pg_partman: the policy of TABLE becomes its configuration.

    It gets no retention where its way to count would remove rows too early: partitions longer than the interval, a
    condition, holds. What it could not go on with is refused, with the reason.

    \b
    Examples:
      partition hand-back agg_1m
      partition hand-back agg_1m --drop-policy --session-time-zone UTC
    """
    from pytelemetry_db import handover

    with open_connection(common, "partition") as connection:
        rows = handover.hand_back(
            connection, common.schema, table, drop_policy=drop_policy, session_time_zone=session_time_zone
        )
    _show(rows, f"{table} is pg_partman's now", json=json)
    output.next_step("pytelemetry-db policy list" if drop_policy else f"pytelemetry-db partition list {table}")


def _show(rows: "list[db.Row]", done: str, *, json: bool) -> None:
    if json:
        output.json_dump({"aspects": rows})
        return
    output.table(("aspect", "value", "remark"), [(row["aspect"], row["value"], row["remark"]) for row in rows])
    output.say(f"{output.mark('ok')} {done}")
