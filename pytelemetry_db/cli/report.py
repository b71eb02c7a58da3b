"""The command that tells what happened: report."""

import os
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from pytelemetry_db.cli import output
from pytelemetry_db.cli.options import Common, Json, accepts, open_connection
from pytelemetry_db.errors import UsageError

if TYPE_CHECKING:
    from pytelemetry_db.report import Report

__all__ = ["register"]


class Format(StrEnum):
    """What to write."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"
    CSV = "csv"


Since = Annotated[str, typer.Option("--since", metavar="DURATION", help="How far back to look.")]
TableOption = Annotated[
    list[str] | None, typer.Option("--table", metavar="TABLE", help="Only this table; repeatable. [default: all]")
]
FormatOption = Annotated[
    Format | None,
    typer.Option("--format", metavar="FORMAT", help="text, json, markdown, html or csv (the passes). [default: text]"),
]
Output = Annotated[
    str | None, typer.Option("--output", metavar="FILE", help="Write there, whole or not at all, instead of printing.")
]
# A terminal may be wider than anybody reads.
_WIDEST = 160


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("report")(accepts(report))


def report(
    common: Common,
    since: Since = "7d",
    tables: TableOption = None,
    format_name: FormatOption = None,
    output_file: Output = None,
    json: Json = False,
) -> None:
    """Show what happened: passes, failures, debt, growth, jobs, findings, who changed what; and the time before.

    From the ledger and the samples, so that it has passes of pg_cron and of direct SQL too. --format html is one file
    with charts and without scripts.

    Exit codes: 0 written, whatever it says; 2 the server or the disk refused; 3 not installed, or nothing about a
    --table; 64 wrong usage, or a file that cannot be written.
    """
    from pytelemetry_db import durations, files

    chosen = _chosen(format_name, json)
    span = durations.to_interval(since, "--since")
    if output_file is None:
        found = _collect(common, span, since, tables)
        _print(chosen, _render(chosen, found, output_file))
    else:
        with files.replacing(output_file) as write:
            found = _collect(common, span, since, tables)
            write(_render(chosen, found, output_file))
        output.say(f"wrote {output_file}")
    if not found.runs:
        output.say(f"no pass in the last {since}")
    output.next_step("pytelemetry-db status" if found.runs else "pytelemetry-db cleanup")


def _chosen(name: Format | None, json: bool) -> Format:
    if not json:
        return name or Format.TEXT
    if name not in (None, Format.JSON):
        raise UsageError(f"--json and --format {name}", "one of them")
    return Format.JSON


def _collect(common: Common, span: str, since: str, tables: list[str] | None) -> "Report":
    from pytelemetry_db import report as happened

    with open_connection(common, "report") as connection:
        return happened.collect(connection, common.schema, span, since, tuple(tables or ()))


def _render(chosen: Format, found: "Report", output_file: str | None) -> str:
    # Each with its own libraries: only what is wanted is loaded.
    if chosen is Format.JSON:
        return output.to_json(found.as_dict()) + "\n"
    if chosen is Format.MARKDOWN:
        from pytelemetry_db.report import markdown

        return markdown.render(found)
    if chosen is Format.HTML:
        from pytelemetry_db.report import page

        return page.render(found)
    if chosen is Format.CSV:
        from pytelemetry_db.report import passes_csv

        return passes_csv.render(found)
    from pytelemetry_db.report import text

    return text.render(found, _width() if output_file is None else 80)


def _width() -> int:
    """Return the width of the terminal; 80 in a pipe, or what COLUMNS says."""
    said = os.environ.get("COLUMNS", "")
    if said.isdecimal() and int(said) > 0:
        return min(int(said), _WIDEST)
    return min(os.get_terminal_size(sys.stdout.fileno()).columns or 80, _WIDEST) if sys.stdout.isatty() else 80


def _print(chosen: Format, text: str) -> None:
    if chosen is Format.TEXT:
        for one in text.splitlines():
            output.line(one)
    else:
        output.script(text)
