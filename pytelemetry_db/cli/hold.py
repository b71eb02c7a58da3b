"""Commands about holds: add, list, release."""

from typing import Annotated

import typer

from pytelemetry_db.cli import output
from pytelemetry_db.cli.options import Common, Json, accepts, open_connection

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    hold = typer.Typer(help="Keep rows although they are expired.", no_args_is_help=True, rich_markup_mode=None)
    for name, command in (("add", add), ("list", list_), ("release", release)):
        hold.command(name)(accepts(command))
    app.add_typer(hold, name="hold")


def add(
    table: Annotated[str, typer.Argument(metavar="TABLE", help="Name of the table, with its schema where needed.")],
    common: Common,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept in the audit.")],
    condition: Annotated[
        str | None,
        typer.Option("--condition", metavar="SQL", help="Rows for which this is not false stay. [default: all]"),
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option("--expires", metavar="TIME", help="When the hold ends by itself. [default: when it is released]"),
    ] = None,
) -> None:
    """Keep rows of TABLE, whatever its policy says. When this returns, none of them is removed any more.

    \b
    Examples:
      hold add alerts --condition "site_id = 17" --reason "case 4711" --expires 2031-01-01
      hold add audit_log --reason "until the lawyers have seen it"
    """
    from pytelemetry_db import holds

    with open_connection(common, "hold") as connection:
        hold_id = holds.add_hold(connection, common.schema, table, condition=condition, reason=reason, expires=expires)
    output.say(f"{output.mark('ok')} hold {hold_id} keeps rows of {table}")
    output.next_step(f"pytelemetry-db plan {table}")


def list_(common: Common, json: Json = False) -> None:
    """List all holds, also those that ended."""
    from pytelemetry_db import holds

    with open_connection(common, "hold") as connection:
        rows = holds.list_holds(connection, common.schema)
    if json:
        output.json_dump({"holds": rows})
        return
    output.table(
        ("hold", "table", "state", "rows", "reason", "expires", "by"),
        [
            (
                row["hold_id"],
                row["name"],
                row["state"],
                row["condition"] or "all",
                row["reason"],
                row["expires_at"],
                row["created_by"],
            )
            for row in rows
        ],
    )


def release(
    hold_id: Annotated[int, typer.Argument(metavar="HOLD", help="Number of the hold, as hold list shows it.")],
    common: Common,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept in the audit.")],
) -> None:
    """End a hold. The next pass removes what is expired by then."""
    from pytelemetry_db import holds

    with open_connection(common, "hold") as connection:
        holds.release_hold(connection, common.schema, hold_id, reason)
    output.say(f"{output.mark('ok')} released hold {hold_id}")
    output.next_step("pytelemetry-db plan")
