"""Commands about partitions: list and rotate; adopt and hand-back are in `handover`."""

from typing import TYPE_CHECKING, Annotated

import typer

from pytelemetry_db.cli import convert, output
from pytelemetry_db.cli.handover import adopt, hand_back
from pytelemetry_db.cli.keeps import Tables
from pytelemetry_db.cli.options import Common, DryRun, Json, accepts, open_connection, resolve_source
from pytelemetry_db.cli.passes import make_passes

if TYPE_CHECKING:
    from pytelemetry_db import db

__all__ = ["DetachedKeep", "DetachedSchema", "ManagedBy", "PartitionFormat", "PartitionInterval", "PartitionRemove"]
__all__ += ["Premake", "register"]

# What "policy set" is told about partitions.
PartitionInterval = Annotated[
    str | None,
    typer.Option(
        "--partition-interval",
        metavar="DURATION",
        help="Width of the partitions that rotate makes, such as 1d or 1mon; 0s: none are made or removed.",
    ),
]
Premake = Annotated[
    int | None,
    typer.Option("--premake", metavar="N", help="How many partitions beyond the present one there are. [default: 4]"),
]
PartitionRemove = Annotated[
    str | None,
    typer.Option("--partition-remove", metavar="HOW", help="drop, detach or move what is expired. [default: drop]"),
]
DetachedSchema = Annotated[
    str | None, typer.Option("--detached-schema", metavar="NAME", help="Where move puts detached partitions.")
]
DetachedKeep = Annotated[
    str | None,
    typer.Option(
        "--detached-keep",
        metavar="DURATION",
        help="How long detached partitions stay until they are dropped. [default: 7d]",
    ),
]
ManagedBy = Annotated[
    str | None,
    typer.Option(
        "--managed-by", metavar="WHO", help="us; observe or drive where pg_partman makes the partitions. [default: us]"
    ),
]
PartitionFormat = Annotated[
    str | None,
    typer.Option("--partition-format", metavar="FORMAT", help="Names as pg_partman 4 gave them: its datetime_string."),
]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    partition = typer.Typer(
        help="Look after partitions: made in time, gone when expired.", no_args_is_help=True, rich_markup_mode=None
    )
    for name, command in (("list", list_), ("rotate", rotate), ("adopt", adopt), ("hand-back", hand_back)):
        partition.command(name)(accepts(command))
    convert.register(partition)
    app.add_typer(partition, name="partition")


def list_(
    common: Common,
    table: Annotated[
        str | None, typer.Argument(metavar="TABLE", help="Show each partition of it. [default: one line per table]")
    ] = None,
    json: Json = False,
) -> None:
    """List partitioned tables with a policy: how far ahead partitions reach, what is missing or expired.

    Rows and sizes are as VACUUM and ANALYZE last saw them; no partition is locked.
    """
    from pytelemetry_db import partitions

    with open_connection(common, "partition") as connection:
        sets = partitions.list_sets(connection, common.schema, table)
        parts = partitions.list_partitions(connection, common.schema, table) if table and sets else []
    if json:
        output.json_dump({"sets": sets} | ({"partitions": parts} if table else {}))
        return
    if not sets:
        of = f"{table} is not" if table else "no table with a policy is"
        output.say(f"{of} partitioned by range on the column of its policy")
        output.next_step("pytelemetry-db policy list")
        return
    _print_sets(sets)
    if table:
        output.line()
        output.table(
            ("partition", "from", "to", "state", "rows", "size", "detail"),
            [
                (
                    row["partition_name"],
                    row["lower_bound"],
                    row["upper_bound"],
                    row["state"],
                    row["row_estimate"],
                    output.size(row["bytes"]),
                    row["detail"],
                )
                for row in parts
            ],
        )
    output.next_step("pytelemetry-db partition rotate --dry-run")


def rotate(
    common: Common,
    tables: Tables = None,
    dry_run: DryRun = False,
    max_duration: Annotated[
        str, typer.Option("--max-duration", metavar="DURATION", help="Stop between two partitions after this time.")
    ] = "30min",
    concurrently: Annotated[
        bool,
        typer.Option(
            "--concurrently",
            help="Detach without a lock for which readers and writers wait, where that is possible.",
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Make partitions ahead of time and remove expired ones, as the policies say.

    Each is one short transaction. A partition goes by its real upper bound, oldest first, never the last one, and never
    with a row in it that must stay. --dry-run prints what would be done.

    Exit codes: 0 done, paused or at work elsewhere; 1 out of time; 2 failed, locked out or suspended; 3 no policy; 64
    wrong usage; 130 and 143 interrupted by a signal.
    """
    if dry_run:
        _show_plan(common, tables or [], concurrently=concurrently, json=json)
        return
    from pytelemetry_db import cleanup as cleaning
    from pytelemetry_db import db, durations, planning

    limit = durations.to_interval(max_duration, "--max-duration")
    source = resolve_source(common)
    with open_connection(common, "rotate", source=source) as connection:
        output.say(f"{db.where(connection)} {source.origin}, schema {common.schema}")
        planning.targets(connection, common.schema, tables or [], {})
    request = cleaning.Request(tables=tables or [], max_duration=limit, rotation=True, concurrently=concurrently)
    outcome, code, _ = make_passes(source, common.schema, request)
    if json and (outcome.passes or not outcome.errors):
        output.json_dump({"passes": outcome.passes})
    elif outcome.passes:
        with output.only_logged(output.is_quiet() and code == 0):
            output.table(
                ("run", "table", "result", "made", "removed", "detail"),
                [
                    (
                        row["run_id"],
                        f"{row['schema_name']}.{row['table_name']}",
                        row["stop_reason"] or "running",
                        row["partitions_made"],
                        row["partitions_removed"],
                        row["error_message"] or row["detail"],
                    )
                    for row in outcome.passes
                ],
            )
    elif not outcome.errors:
        output.say("no policy has a partition interval: nothing to rotate")
    output.next_step("pytelemetry-db partition list")
    raise typer.Exit(code)


def _show_plan(common: "Common", tables: list[str], *, concurrently: bool, json: bool) -> None:
    from pytelemetry_db import db, partitions

    with open_connection(common, "rotate") as connection:
        rows = partitions.plan_rotation(connection, common.schema, tables, concurrently=concurrently)
        output.say(f"{db.where(connection)}, schema {common.schema}: what would be done now; nothing is changed")
    if json:
        output.json_dump({"actions": rows})
        return
    if rows:
        output.table(
            ("table", "action", "partition", "from", "to", "rows", "detail"),
            [
                (
                    f"{row['schema_name']}.{row['table_name']}",
                    row["action"],
                    row["partition_name"],
                    row["lower_bound"],
                    row["upper_bound"],
                    row["row_estimate"],
                    row["detail"],
                )
                for row in rows
            ],
        )
    else:
        output.say("nothing to do")
    again = f"pytelemetry-db partition rotate{' --concurrently' if concurrently else ''}"
    output.next_step(again if rows else "pytelemetry-db partition list")


def _print_sets(rows: "list[db.Row]") -> None:
    from pytelemetry_db import durations

    output.table(
        ("table", "interval", "partitions", "runway", "missing", "gaps", "expired", "default rows", "detached", "by"),
        [
            (
                row["name"],
                row["partition_interval"],
                row["partitions"],
                "no end" if row["runway_seconds"] is None else durations.format_duration(row["runway_seconds"]),
                row["missing"],
                row["gaps"],
                row["expired"],
                row["default_rows"] if row["default_name"] else None,
                row["detached"],
                row["managed_by"],
            )
            for row in rows
        ],
    )
    for row in rows:
        if row["expired"] and row["removal_reason"]:
            output.warn(f"{row['name']}: expired partitions go once their rows are gone: {row['removal_reason']}")
        if row["half_detached"]:
            output.warn(f"{row['name']}: {row['half_detached']} partitions are half detached")
