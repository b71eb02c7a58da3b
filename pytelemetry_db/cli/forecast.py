"""The commands that measure and say what will be: sample, forecast."""

from typing import TYPE_CHECKING, Annotated

import typer

from pytelemetry_db.cli import output
from pytelemetry_db.cli.options import Common, Json, accepts, open_connection
from pytelemetry_db.errors import UsageError

if TYPE_CHECKING:
    from pytelemetry_db import db

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("forecast")(accepts(forecast))
    app.command("sample")(accepts(sample))


def forecast(
    common: Common,
    keep: Annotated[
        list[str] | None,
        typer.Option("--keep", metavar="TABLE=DURATION", help="What another keep would change; repeatable."),
    ] = None,
    json: Json = False,
) -> None:
    """Show how fast the tables grow, when a size budget or the capacity is reached, and what another keep would save.

    Made from samples: `schedule set sample '*/10 * * * *'` and `schedule apply`, or call sample() in another way.
    Growth takes two weeks of them, and comes with a range that should hold in nine weeks of ten.

    Exit codes: 0 fine; 3 not installed, or no policy.
    """
    from pytelemetry_db import forecast as outlook

    keeps = dict(_pair(pair) for pair in keep or ())
    with open_connection(common, "forecast") as connection:
        rows = outlook.forecast(connection, common.schema)
        changes = outlook.forecast_keep(connection, common.schema, keeps)
    if json:
        output.json_dump({"tables": rows, "keeps": changes})
    elif not rows:
        output.say("no policies: nothing is measured")
    else:
        _print(rows)
        for row in changes:
            _print_change(row)
    if not rows:
        output.next_step("pytelemetry-db policy set TABLE --keep 30d")
        raise typer.Exit(3)
    sampled = any(row["sampled_at"] for row in rows)
    output.next_step("pytelemetry-db status" if sampled else "pytelemetry-db schedule set sample '*/10 * * * *'")


def sample(common: Common) -> None:
    """Measure every managed table now, at a bounded cost, for `forecast` and the debt that `status` shows.

    For schedulers outside the database; pg_cron does the same with `schedule set sample`.

    Exit codes: 0 fine; 1 a table could not be measured; 3 not installed.
    """
    from pytelemetry_db import forecast as outlook

    warnings = []

    def tell(severity: str, text: str) -> None:
        if severity == "WARNING":
            warnings.append(text)
            output.warn(text)

    with open_connection(common, "sample") as connection:
        outlook.sample(connection, common.schema, tell)
    if warnings:
        raise typer.Exit(1)
    output.say(f"{output.mark('ok')} every managed table was measured")
    output.next_step("pytelemetry-db forecast")


def _pair(text: str) -> tuple[str, str]:
    from pytelemetry_db import durations

    table, _, keep = text.partition("=")
    if not (table and keep):
        raise UsageError(f'--keep: found "{text}"', "TABLE=DURATION, such as events_seen=5d")
    return table, durations.to_interval(keep, "--keep")


def _print(rows: "list[db.Row]") -> None:
    from pytelemetry_db import durations

    def size(value: int | None) -> str | None:
        return None if value is None else f"{'-' if value < 0 else ''}{durations.format_bytes(abs(value))}"

    output.table(
        ("table", "size", "a day", "from", "to", "limit", "reached", "days of samples"),
        [
            (
                "all" if row["scope"] == "all" else f"{row['schema_name']}.{row['table_name']}",
                size(row["bytes"]),
                size(row["growth_per_day"]),
                size(row["growth_low"]),
                size(row["growth_high"]),
                size(row["limit_bytes"]),
                "never" if row["limit_never"] else row["limit_at"],
                row["days"],
            )
            for row in rows
        ],
    )


def _print_change(row: "db.Row") -> None:
    from pytelemetry_db import durations

    what = f"{row['schema_name']}.{row['table_name']}: keep {row['new_keep']} instead of {row['keep']}"
    if row["saved_rows"] is None:
        output.line(f"{output.mark('unknown')} {what}: {row['note']}")
        return
    verb = "saves" if row["saved_rows"] >= 0 else "costs"
    sure = f", give or take {round(row['accuracy'] * 100)} %" if row["accuracy"] is not None else ""
    bytes_text = "" if row["saved_bytes"] is None else f" and {durations.format_bytes(abs(row['saved_bytes']))}"
    rows_text = durations.format_count(abs(row["saved_rows"]))
    output.line(f"{output.mark('ok')} {what} {verb} about {rows_text} rows{bytes_text}{sure}")
