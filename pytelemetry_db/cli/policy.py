"""Commands about policies: set, list, show, drop, pause, resume, rebind; and confirm."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from pytelemetry_db.cli import output
from pytelemetry_db.cli.options import Common, Json, accepts, open_connection
from pytelemetry_db.cli.partition import (
    DetachedKeep,
    DetachedSchema,
    ManagedBy,
    PartitionFormat,
    PartitionInterval,
    PartitionRemove,
    Premake,
)

if TYPE_CHECKING:
    from pytelemetry_db import db

__all__ = ["register"]

Table = Annotated[str, typer.Argument(metavar="TABLE", help="Name of the table, with its schema where needed.")]
Keep = Annotated[
    str | None,
    typer.Option("--keep", metavar="DURATION", help="How long rows stay: 7d, 6h, 3mon, 1y. A new policy needs it."),
]
Column = Annotated[
    str | None,
    typer.Option(
        "--column",
        metavar="NAME",
        help="The column that tells the age of a row. [default: the only one of a time type]",
    ),
]
Condition = Annotated[
    str | None,
    typer.Option(
        "--condition", metavar="SQL", help="Only rows for which this is true expire; an empty text removes it."
    ),
]
TimeZone = Annotated[
    str | None,
    typer.Option(
        "--time-zone", metavar="ZONE", help="Zone of columns without one, and of months. [default: the server's]"
    ),
]
Grace = Annotated[
    str | None, typer.Option("--grace", metavar="DURATION", help="How late is still in time. [default: 1d]")
]
MaxSize = Annotated[
    str | None, typer.Option("--max-size", metavar="SIZE", help="Size budget of the table, such as 50GB.")
]
EpochUnit = Annotated[
    str | None, typer.Option("--epoch-unit", metavar="UNIT", help="s, ms, us or ns, for an integer column.")
]
BatchRows = Annotated[
    int | None,
    typer.Option("--batch-rows", metavar="N", help="A fixed number of rows in a batch; 0: as many as the time allows."),
]
Strategy = Annotated[
    str | None,
    typer.Option(
        "--strategy", metavar="HOW", help="auto, range (by the index) or pages (by the heap). [default: auto]"
    ),
]
Remove = Annotated[str | None, typer.Option("--remove", metavar="HOW", help="auto or delete. [default: auto]")]
Reason = Annotated[
    str | None, typer.Option("--reason", metavar="TEXT", help="Kept with the pause, for whoever looks next.")
]

Hours = Annotated[
    str | None,
    typer.Option(
        "--hours",
        metavar="HOURS",
        help="Times of the day at which passes may run, such as 22:00-06:00; an empty text removes them.",
    ),
]
SynchronousCommit = Annotated[
    str | None,
    typer.Option(
        "--synchronous-commit",
        metavar="BOOL",
        help="on: each batch waits until the disk has it; off: only the end of a pass does. [default: off]",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    policy = typer.Typer(help="Say what to keep: one policy per table.", no_args_is_help=True, rich_markup_mode=None)
    for name, command in (
        ("set", set_),
        ("list", list_),
        ("show", show),
        ("drop", drop),
        ("pause", pause),
        ("resume", resume),
        ("rebind", rebind),
    ):
        policy.command(name)(accepts(command))
    app.add_typer(policy, name="policy")
    app.command("confirm")(accepts(confirm))


def set_(
    table: Table,
    common: Common,
    keep: Keep = None,
    column: Column = None,
    condition: Condition = None,
    time_zone: TimeZone = None,
    grace: Grace = None,
    max_size: MaxSize = None,
    epoch_unit: EpochUnit = None,
    batch_rows: BatchRows = None,
    strategy: Strategy = None,
    hours: Hours = None,
    synchronous_commit: SynchronousCommit = None,
    remove: Remove = None,
    partition_interval: PartitionInterval = None,
    premake: Premake = None,
    partition_remove: PartitionRemove = None,
    detached_schema: DetachedSchema = None,
    detached_keep: DetachedKeep = None,
    managed_by: ManagedBy = None,
    partition_format: PartitionFormat = None,
    json: Json = False,
) -> None:
    """Make or change the policy of TABLE; what is not said stays as it is.

    Everything is checked now: the column, the condition, the privileges of the connected role, triggers, foreign keys,
    publications and the index. A running pass stops at its batch, and the next one follows the new policy.

    \b
    Examples:
      policy set events_seen --column created_at --keep 7d
      policy set alerts --column created_at --keep 30d --condition "resolved_at is not null"
    """
    from pytelemetry_db import durations, policies

    change = policies.PolicyChange(
        keep=None if keep is None else durations.to_interval(keep, "--keep"),
        column=column,
        condition=condition,
        remove=remove,
        time_zone=time_zone,
        grace=None if grace is None else durations.to_interval(grace, "--grace"),
        max_size=max_size,
        epoch_unit=epoch_unit,
        batch_rows=batch_rows,
        strategy=strategy,
        hours=hours,
        synchronous_commit=synchronous_commit,
        partition_interval=(
            None if partition_interval is None else durations.to_interval(partition_interval, "--partition-interval")
        ),
        premake=premake,
        partition_remove=partition_remove,
        detached_schema=detached_schema,
        detached_keep=None if detached_keep is None else durations.to_interval(detached_keep, "--detached-keep"),
        managed_by=managed_by,
        partition_format=partition_format,
    )
    with open_connection(common, "policy") as connection:
        _tell_notices(connection)
        row = policies.set_policy(connection, common.schema, table, change)
    _print_policy(row, json=json)
    output.next_step(f"pytelemetry-db plan {row['schema_name']}.{row['table_name']}")


def list_(common: Common, json: Json = False) -> None:
    """List all policies with their state and their last pass."""
    from pytelemetry_db import policies

    with open_connection(common, "policy") as connection:
        rows = policies.list_policies(connection, common.schema)
    if json:
        output.json_dump({"policies": rows})
    else:
        output.table(
            ("table", "keep", "column", "state", "last pass", "result", "rows", "left"),
            [
                (
                    row["name"],
                    row["keep"],
                    row["time_column"],
                    row["state"],
                    row["last_started_at"],
                    row["last_stop_reason"],
                    row["last_rows"],
                    row["debt_rows"],
                )
                for row in rows
            ],
        )
    _next_of(bool(rows))


def show(table: Table, common: Common, json: Json = False) -> None:
    """Show everything about the policy of TABLE."""
    from pytelemetry_db import policies

    with open_connection(common, "policy") as connection:
        row = policies.find_policy(connection, common.schema, table)
    _print_policy(row, json=json)
    output.next_step(f"pytelemetry-db plan {row['name']}")


def drop(table: Table, common: Common) -> None:
    """Remove the policy of TABLE, also of a table that is gone. No row is deleted; the history stays."""
    from pytelemetry_db import policies

    with open_connection(common, "policy") as connection:
        _tell_notices(connection)
        policies.drop_policy(connection, common.schema, table)
    output.say(f"{output.mark('ok')} dropped the policy of {table}")
    output.next_step("pytelemetry-db policy list")


def pause(table: Table, common: Common, reason: Reason = None) -> None:
    """Stop passes on TABLE until resume. When this returns, nothing is being deleted there."""
    from pytelemetry_db import policies

    with open_connection(common, "policy") as connection:
        policies.pause(connection, common.schema, table, reason)
    output.say(f"{output.mark('ok')} paused {table}")
    output.next_step(f"pytelemetry-db policy resume {table}")


def resume(table: Table, common: Common) -> None:
    """Let passes on TABLE run again."""
    from pytelemetry_db import policies

    with open_connection(common, "policy") as connection:
        policies.resume(connection, common.schema, table)
    output.say(f"{output.mark('ok')} resumed {table}")
    output.next_step(f"pytelemetry-db plan {table}")


def rebind(table: Table, common: Common) -> None:
    """Bind a suspended policy to TABLE, which was renamed, made again or restored; checks everything again."""
    from pytelemetry_db import policies

    with open_connection(common, "policy") as connection:
        _tell_notices(connection)
        row = policies.rebind(connection, common.schema, table)
    output.say(
        f"{output.mark('ok')} bound to {row['schema_name']}.{row['table_name']} ({row['time_column']}, {row['keep']})"
    )
    output.next_step(f"pytelemetry-db plan {row['schema_name']}.{row['table_name']}")


def confirm(
    common: Common,
    guard: Annotated[
        str,
        typer.Option("--guard", metavar="NAME", help="What to confirm; status and policy show the guard that waits."),
    ],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept in the log.")],
    table: Annotated[
        str | None, typer.Argument(metavar="TABLE", help="The suspended table; none for copy and promotion.")
    ] = None,
) -> None:
    """Decide a guard that suspends policies: yes, go on.

    copy and promotion concern the whole database. clock, source, tightened, share and usual concern one TABLE: its next
    passes may remove what the refused one found, until one of them is done.
    """
    from pytelemetry_db import db, policies

    with open_connection(common, "confirm") as connection:
        policies.confirm(connection, common.schema, {"guard": guard, "reason": reason, "p_table": table})
        of = f"{table} in " if table else ""
        output.say(f"{output.mark('ok')} confirmed {guard} for {of}{db.where(connection)}")
    output.next_step(f"pytelemetry-db plan {table}" if table else "pytelemetry-db plan")


def _print_policy(row: "db.Row", *, json: bool) -> None:
    from pytelemetry_db import durations

    if json:
        output.json_dump({"policy": row})
        return
    hidden = ("name", "schema_name", "table_name")
    output.line(f"{row['schema_name']}.{row['table_name']}")
    for name, value in row.items():
        if value is not None and name not in hidden:
            text = durations.format_bytes(value) if name == "max_size" else _plain(value)
            output.line(f"  {name.replace('_', ' '):16} {text}")


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.isoformat(sep=" ", timespec="seconds") if isinstance(value, datetime) else str(value)


def _next_of(known: bool) -> None:
    """Say what to type next, and first that nothing happens as long as there is no policy."""
    if known:
        output.next_step("pytelemetry-db plan")
    else:
        output.say(f"{output.mark('warning')} no policies: nothing is removed")
        output.next_step("pytelemetry-db policy set TABLE --keep 30d")


def _tell_notices(connection: "db.Connection") -> None:
    from pytelemetry_db import db

    db.on_notice(connection, lambda severity, text: output.warn(text) if severity == "WARNING" else output.note(text))
