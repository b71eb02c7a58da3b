"""The command that says whether the database holds what this release put there: verify."""

from typing import Annotated

import typer

from pytelemetry_db.cli import output
from pytelemetry_db.cli.options import Common, Json, accepts, open_connection

__all__ = ["register"]

Deep = Annotated[
    bool, typer.Option("--deep", help="Trust no record: compare with a fresh copy, made and rolled back on the spot.")
]
Diff = Annotated[bool, typer.Option("--diff", help="Like --deep, and show how the definitions differ.")]


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("verify")(accepts(verify))


def verify(common: Common, deep: Deep = False, diff: Diff = False, json: Json = False) -> None:
    """Compare what is in our schema with what this release put there, and name what differs.

    Exit codes: 0 as installed; 1 something was changed, is missing, or was added; 2 another version; 3 not installed.
    """
    from dataclasses import asdict

    from pytelemetry_db import db, source
    from pytelemetry_db import verify as verification

    with open_connection(common, "verify") as connection:
        output.say(f"{db.where(connection)}, schema {common.schema}")
        result = verification.verify(connection, source.load(), common.schema, deep=deep or diff)
    for text in result.notes:
        output.note(text)
    if json:
        output.json_dump(asdict(result))
    else:
        for drift in result.drifts:
            output.line(f"{output.mark('warning')} {drift.line}")
            if diff and (text := drift.diff()):
                output.line(text)
    if not result.drifts:
        output.say(f"{output.mark('ok')} schema {common.schema} is as {result.version} installed it")
        output.next_step("pytelemetry-db status")
        return
    repair = "upgrade --force" if diff else "verify --diff"
    output.next_step(f"pytelemetry-db {repair}")
    raise typer.Exit(1)
