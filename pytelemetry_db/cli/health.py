"""The command that says whether it is working now: health."""

import time
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from pytelemetry_db.cli import output
from pytelemetry_db.cli.options import Common, Json, accepts, open_connection
from pytelemetry_db.errors import PytelemetryError

if TYPE_CHECKING:
    from pytelemetry_db.findings import Finding
    from pytelemetry_db.health import Health, Managed

__all__ = ["register", "show_health"]


class FailOn(StrEnum):
    """From where on the exit code is not 0."""

    WARNING = "warning"
    CRITICAL = "critical"
    NEVER = "never"


Checks = Annotated[
    list[str] | None, typer.Option("--check", metavar="CHECK", help="Only this check; repeatable. [default: all]")
]
Exact = Annotated[bool, typer.Option("--exact", help="Measure and count managed tables; reads all of their rows.")]
FailOnOption = Annotated[
    FailOn, typer.Option("--fail-on", metavar="LEVEL", help="warning, critical or never: what is worth an exit code.")
]
Nagios = Annotated[bool, typer.Option("--nagios", help="One line for Nagios, exit codes 0 to 3.")]
Watch = Annotated[bool, typer.Option("--watch", help="Look again every five seconds, until Ctrl-C.")]
_EVERY = 5.0
_MARKS: "dict[str, output.Level]" = {"warning": "warning", "critical": "critical", "unknown": "unknown"}
_OLDEST = {"events_seen": "event", "agg_1m": "aggregate"}


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    group = typer.Typer(invoke_without_command=True, rich_markup_mode=None)
    group.callback(invoke_without_command=True)(accepts(health))
    group.command("ack")(accepts(ack))
    app.add_typer(group, name="health")


def health(
    context: typer.Context,
    common: Common,
    checks: Checks = None,
    exact: Exact = False,
    fail_on: FailOnOption = FailOn.WARNING,
    nagios: Nagios = False,
    watch: Watch = False,
    json: Json = False,
) -> None:
    """Say whether it is working now: connections, tables, locks, dead rows, retention, jobs, with what mends it.

    Each check is a statement of its own with a time budget; what cannot be seen is unknown, never ok. Works before
    installing, too, with the documented checks. Exit codes: 0 all well; 1 warnings; 2 critical, or no connection; 3
    unknown, or not installed.
    """
    if context.invoked_subcommand is None:
        raise typer.Exit(
            show_health(common, checks or [], exact=exact, fail_on=fail_on, nagios=nagios, watch=watch, json=json)
        )


def ack(
    common: Common,
    fingerprint: Annotated[str, typer.Argument(metavar="FINGERPRINT", help="As health shows it.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept and shown.")],
    until: Annotated[str, typer.Option("--for", metavar="DURATION", help="How long to be silent.")] = "7d",
) -> None:
    """Silence one finding for a time, with a reason that is kept."""
    from pytelemetry_db import durations
    from pytelemetry_db import health as looking

    duration = durations.to_interval(until, "--for")
    with open_connection(common, "health") as connection:
        looking.acknowledge(connection, common.schema, fingerprint, reason, duration)
    output.say(f"{output.mark('ok')} {fingerprint} is silent for {until}")
    output.next_step("pytelemetry-db health")


def show_health(
    common: Common,
    checks: list[str],
    *,
    exact: bool = False,
    fail_on: str = "warning",
    nagios: bool = False,
    watch: bool = False,
    json: bool = False,
) -> int:
    """Look, print what was found, and return the exit code."""
    from pytelemetry_db import health as looking

    try:
        with open_connection(common, "health") as connection:
            while True:
                found = looking.look(connection, common.schema, checks, exact=exact)
                if watch and output.is_fancy():
                    output.clear()
                if nagios:
                    _print_nagios(found)
                elif json:
                    output.json_dump(found.as_dict())
                else:
                    _print(found, checks)
                if not watch:
                    break
                time.sleep(_EVERY)
    except PytelemetryError as error:
        if not nagios:
            raise
        code = 2 if error.exit_code == 2 else 3
        output.line(f"TELEMETRY {'CRITICAL' if code == 2 else 'UNKNOWN'} - {_plain(error.found)}")
        return code
    if not found.installed and not nagios:
        output.say(f"{output.mark('unknown')} not installed: only the documented checks were made")
        output.next_step("pytelemetry-db install")
    return looking.exit_code(found, fail_on)


def _print(found: "Health", checks: list[str]) -> None:
    if not checks:
        output.line(f"{output.mark('ok')} Database connectivity OK")
    _print_documented(found, checks)
    if not checks:
        problems = [one for one in found.findings if one.status in _MARKS]
        output.line()
        if not problems:
            output.line(f"{output.mark('ok')} Database health check completed successfully")
        else:
            count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
            output.line(f"{output.mark(_MARKS[found.worst])} Database health check completed with {count}")
    _print_rest(found)


def _print_documented(found: "Health", checks: list[str]) -> None:
    def wanted(check: str) -> bool:
        return not checks or check in checks

    facts = found.facts
    if wanted("connections") and facts.connections:
        open_, in_use, idle, most = (
            "?" if facts.connections[name] is None else facts.connections[name]
            for name in ("open", "in_use", "idle", "max_open")
        )
        mark = _mark(found, "connections")
        output.line(f"{mark} Connection pool: Open={open_} InUse={in_use} Idle={idle} MaxOpen={most}")
    if wanted("table_sizes") and facts.tables:
        sizes = " ".join(f"{_short(table, facts.tables)}={_size(table.bytes)}" for table in facts.tables)
        output.line(f"{_mark(found, 'table_sizes')} Table sizes: {sizes}")
    if wanted("row_counts") and facts.tables:
        rows = " ".join(f"{_short(t, facts.tables)}={'?' if t.rows is None else t.rows}" for t in facts.tables)
        method = "" if all(table.exact for table in facts.tables) else " (estimated)"
        output.line(f"{_mark(found, 'row_counts')} Row counts: {rows}{method}")
    if wanted("oldest_rows"):
        for table in facts.tables:
            _print_oldest(found, table, facts.tables)
    _print_list(found, wanted("long_queries"), "long_queries", "No long-running queries", "Long-running queries")
    _print_list(found, wanted("blocked_queries"), "blocked_queries", "No blocked queries", "Blocked queries")
    if facts.largest_indexes:
        output.line(f"{output.mark('ok')} Top 5 indexes:")
        for row in facts.largest_indexes:
            name = f"{row['schema_name']}.{row['table_name']}.{row['index_name']}"
            output.line(f"  - {name}: {_size(row['bytes'])}")
    fine = "All tables are well-maintained (no excessive dead tuples)"
    _print_list(found, wanted("dead_tuples"), "dead_tuples", fine, "Tables with excessive dead tuples")


def _print_list(found: "Health", wanted: bool, check: str, fine: str, title: str) -> None:
    if not wanted:
        return
    problems = [one for one in found.of(check) if one.status in _MARKS]
    if not problems:
        output.line(f"{output.mark('ok')} {fine}")
        return
    output.line(f"{output.mark(_MARKS[problems[0].status])} {title}: {len(problems)}")
    for one in problems:
        output.line(f"  - {f'{one.object}: ' if one.object else ''}{one.detail}")
        _print_remedy(one)


def _print_oldest(found: "Health", table: "Managed", tables: "list[Managed]") -> None:
    label = _OLDEST.get(table.table_name) or _short(table, tables)
    name = f"{table.schema_name}.{table.table_name}"
    problems = [one for one in found.of("oldest_rows") if one.object == name]
    mark = output.mark(_MARKS[problems[0].status] if problems else "ok")
    if table.oldest is None:
        output.line(f"{mark} Oldest {label}: {problems[0].detail if problems else 'none'}")
        return
    moment = table.oldest.astimezone(UTC)
    hours = int((datetime.now(UTC) - moment).total_seconds() // 3600)
    output.line(f"{mark} Oldest {label}: {moment:%Y-%m-%dT%H:%M:%SZ} (age: {hours}h ({hours // 24} d))")
    for one in problems:
        _print_remedy(one)


def _print_rest(found: "Health") -> None:
    from pytelemetry_db.health import DOCUMENTED

    shown = {"connections", "oldest_rows", "long_queries", "blocked_queries", "dead_tuples"} & set(DOCUMENTED)
    for check in dict.fromkeys(one.check_id for one in found.findings):
        for one in found.of(check):
            if check in shown and (check != "connections" or one.status not in _MARKS):
                continue
            about = f"{check}: " if one.object is None else f"{check}: {one.object}: "
            if one.status not in _MARKS:
                output.detail(f"{output.mark('ok')} {about}{one.detail}{' (skipped)' * (one.status == 'skipped')}")
                continue
            seen = f" [{one.fingerprint}]" if one.fingerprint else ""
            output.line(f"{output.mark(_MARKS[one.status])} {about}{one.detail}{seen}")
            _print_remedy(one)


def _print_remedy(one: "Finding") -> None:
    if one.remediation:
        lock = "" if one.lock_level in (None, "none") else f"  -- {one.lock_level}"
        output.line(f"    {'do' if one.lock_level == 'manual' else 'run'}: {output.in_schema(one.remediation)}{lock}")


def _print_nagios(found: "Health") -> None:
    problems = [one for one in found.findings if one.status in _MARKS]
    counts = {level: sum(one.status == level for one in problems) for level in _MARKS}
    worst = found.worst if found.installed else "unknown"
    word = worst.upper() if worst in _MARKS else "OK"
    first = min(problems, key=lambda one: ("critical", "unknown", "warning").index(one.status), default=None)
    said = "all checks are well" if first is None else f"{first.check_id}: {first.object or ''} {first.detail}"
    if not found.installed:
        said = "not installed"
    figures = " ".join(f"'{level}'={count};;;0" for level, count in counts.items())
    output.line(f"TELEMETRY {word} - {_plain(said)} | {figures}")


def _plain(text: str) -> str:
    """One line without the bar that begins the figures."""
    return " ".join(text.replace("|", "/").split())


def _mark(found: "Health", check: str) -> str:
    problems = [one for one in found.of(check) if one.status in _MARKS]
    return output.mark(_MARKS[problems[0].status] if problems else "ok")


def _short(table: "Managed", tables: "list[Managed]") -> str:
    alone = sum(other.table_name == table.table_name for other in tables) == 1
    return table.table_name if alone else f"{table.schema_name}.{table.table_name}"


def _size(size: int | None) -> str:
    return "?" if size is None else output.size(size)
