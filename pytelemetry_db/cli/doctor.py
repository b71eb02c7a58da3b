"""The command that says whether it may work here: doctor."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pytelemetry_db.cli import output
from pytelemetry_db.cli.options import Common, Json, accepts, open_connection
from pytelemetry_db.errors import UsageError

if TYPE_CHECKING:
    from pytelemetry_db.doctor import Diagnosis

__all__ = ["register"]

OneTable = Annotated[
    str | None, typer.Argument(metavar="TABLE", help="Only this table. [default: all that have a policy]")
]
Sql = Annotated[bool, typer.Option("--sql", help="Print only the statements that mend what was found.")]
Bundle = Annotated[
    str | None,
    typer.Option(
        "--bundle",
        metavar="FILE",
        help="Write versions, settings, policies, passes and plan as JSON, without row data, literals or secrets.",
    ),
]

_MARKS: "dict[str, output.Level]" = {"error": "critical", "warning": "warning"}


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("doctor")(accepts(doctor))


def doctor(common: Common, table: OneTable = None, sql: Sql = False, bundle: Bundle = None, json: Json = False) -> None:
    """Say what keeps passes from running here, or slows them, with the SQL that mends it.

    Looks at the server, the database, the connected role and every policy; works before installing, too. Exit codes: 0
    nothing found; 1 it would be slow or surprising; 2 a pass could not run; 3 not installed, or no policy.
    """
    from pytelemetry_db import doctor as diagnosing

    if bundle is not None:
        _write_bundle(common, bundle)
        return
    with open_connection(common, "doctor") as connection:
        found = diagnosing.diagnose(connection, common.schema, table)
    if json:
        output.json_dump(
            {
                "installed": found.installed,
                "policies": found.policies,
                "findings": [
                    {"name": f.name, "check_id": f.check_id, "level": f.level, "detail": f.detail, "fix": f.fix}
                    for f in found.findings
                ],
            }
        )
    elif sql:
        _print_sql(found)
    else:
        _print(found)
    output.next_step(_following(found))
    raise typer.Exit(_exit_code(found))


def _print(found: "Diagnosis") -> None:
    for finding in found.findings:
        about = f"{finding.name}: " if finding.name else ""
        if finding.level not in _MARKS:
            output.note(f"{about}{finding.detail}" + (f"; {finding.fix}" if finding.fix else ""))
            continue
        output.line(f"{output.mark(_MARKS[finding.level])} {about}{finding.detail}")
        if finding.fix:
            output.line(f"    fix: {finding.fix}")
    if found.installed and not found.policies:
        output.say(f"{output.mark('warning')} no policies: nothing is removed")
    elif found.worst in (None, "note"):
        output.say(f"{output.mark('ok')} nothing stands in the way")


def _print_sql(found: "Diagnosis") -> None:
    for finding in found.findings:
        if finding.level in _MARKS:
            about = f"{finding.name}: " if finding.name else ""
            output.line(f"-- {about}{finding.detail}")
            output.line(finding.fix or "" if finding.is_sql else f"-- {finding.fix}")


def _following(found: "Diagnosis") -> str:
    if found.worst == "error":
        return "pytelemetry-db doctor --sql"
    if not found.installed:
        return "pytelemetry-db install"
    return "pytelemetry-db plan" if found.policies else "pytelemetry-db policy set TABLE --keep 30d"


def _exit_code(found: "Diagnosis") -> int:
    if found.worst == "error":
        return 2
    if not found.policies:
        return 3
    return 1 if found.worst == "warning" else 0


def _write_bundle(common: Common, name: str) -> None:
    from pytelemetry_db import doctor as diagnosing

    path = Path(name)
    if not path.parent.is_dir():
        raise UsageError(f"--bundle: {path.parent} is not a directory", next_step=f"mkdir {path.parent}")
    with open_connection(common, "doctor") as connection:
        facts = diagnosing.bundle(connection, common.schema)
    # Names of tables and columns are in it: for its owner's eyes.
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(output.to_json(facts) + "\n")
    output.say(f"{output.mark('ok')} wrote {path}: read it before you send it")
