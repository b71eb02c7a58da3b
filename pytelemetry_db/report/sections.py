"""The facts of a report as tables of text: what every document shows, each in its own way."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pytelemetry_db.alike import common, grouped, named
from pytelemetry_db.report.facts import BAD, Pass, Report, TableReport
from pytelemetry_db.report.partition_section import partition_section
from pytelemetry_db.report.parts import Column, Row, Section, age, count, moment, section, size, standing
from pytelemetry_db.visible import one_line

__all__ = ["sections"]

_FINE_JOBS = ("ok", "running", "waiting")
_DID = {"insert": "made", "update": "changed", "delete": "removed"}
# What there is to say about a row of the audit that is new or gone, and what a change always changes.
_ABOUT = ("keep", "condition", "time_column", "name", "value", "guards", "reason", "expires_at", "timeline")
_BESIDE = ("epoch", "changed_at", "changed_by", "created_at", "created_by")


def sections(report: Report, limit: int, tables: int | None = None) -> tuple[Section, ...]:
    """Return the sections, each with at most ``limit`` rows: the first ones, or the newest of what is in order of time.

    :param tables: as many rows have those with one row per table, if it is not ``limit``

    Sections about parts that could not be read are left out; the last one names these.
    """
    missing = {part.section for part in report.missing}
    most = tables or limit
    makers: tuple[tuple[str, Callable[[Report, int], Section], int], ...] = (
        ("policies", _policies, most),
        ("", _removed, most),
        ("", _failures, limit),
        ("growth", _growth, most + 1),
        *((("partitions", partition_section, most),) if report.partitions else ()),
        ("jobs", _jobs, limit),
        ("findings", _findings, limit),
        ("changes", _changes, limit),
        ("", _passes, limit),
    )
    found = [make(report, rows) for part, make, rows in makers if part not in missing]
    if report.missing:
        found.append(_missing(report))
    return tuple(found)


def _policies(report: Report, limit: int) -> Section:
    columns = (
        Column("table"),
        Column("keep", 2),
        Column("verdict"),
        Column("expired", right=True),
        Column("over policy", 1, right=True),
        Column("last good pass", 4, time=True),
        Column("size", 3, right=True),
        Column("catch up", 5),
    )
    rows = [
        Row(
            (
                one_line(table.table),
                policy["keep"],
                policy["state"] if policy["state"] != "active" else policy["verdict"] or "unknown",
                ("" if policy["expired_method"] == "counted" else "about ") + count(policy["expired_rows"])
                if policy["expired_rows"] is not None
                else "unknown",
                age(policy["over_policy_seconds"]),
                moment(policy["last_good_at"]) or "never",
                size(policy["total_bytes"]),
                policy["catch_up_text"] or "",
            ),
            one_line(policy["state_detail"] or policy["evidence"] or "") if standing(policy) != "ok" else "",
            level=standing(policy),
        )
        for table in report.tables
        if (policy := table.policy)
    ]
    return section("policies", "Policies: debt and verdict", columns, rows, limit, "no policies: nothing is removed")


def _removed(report: Report, limit: int) -> Section:
    columns = (
        Column("table"),
        Column("passes", right=True),
        Column("before", 3, right=True),
        Column("rows", right=True),
        Column("rows before", 2, right=True),
        Column("took", 1, right=True),
        Column("rows/s", 2, right=True),
        Column("WAL", 4, right=True),
        Column("ended"),
    )
    rows = [_removed_row(table) for table in report.tables if table.runs or table.before]
    empty = f"no pass in the last {report.period.since}"
    return section("removed", "Removed, by table", columns, rows, limit, empty)


def _removed_row(table: TableReport) -> Row:
    before = table.before or {"passes": 0, "rows": 0}
    ended = ", ".join(f"{times} {how}" for how, times in table.stop_reasons.items())
    return Row(
        (
            one_line(table.table),
            count(len(table.runs)),
            count(before["passes"]),
            count(table.rows),
            count(before["rows"]),
            age(table.seconds) if table.runs else "",
            count(table.rows_per_second),
            size(float(sum(run.wal_bytes for run in table.runs))) if table.runs else "",
            ended,
        ),
        level="critical" if any(how in BAD for how in table.stop_reasons) else "ok",
    )


def _failures(report: Report, limit: int) -> Section:
    columns = (
        Column("table"),
        Column("ended"),
        Column("SQLSTATE"),
        Column("passes", right=True),
        Column("last", 1, time=True),
    )
    rows = [
        Row(
            (
                one_line(table.table),
                failure.stop_reason,
                failure.sqlstate or "",
                count(failure.passes),
                moment(failure.last_at),
            ),
            one_line(failure.message),
            level="critical",
        )
        for table in report.tables
        for failure in table.failures
    ]
    return section("failures", "Passes that failed", columns, rows, limit, "none")


def _growth(report: Report, limit: int) -> Section:
    columns = (
        Column("table"),
        Column("size", right=True),
        Column("a day", right=True),
        Column("from", 2, right=True),
        Column("to", 2, right=True),
        Column("limit", 1, right=True),
        Column("limit reached", time=True),
        Column("samples", 3, right=True),
    )
    tables = [(one_line(table.table), table.growth) for table in report.tables if table.growth]
    rows = [_growth_row(name, row) for name, row in (("all tables", report.total), *tables) if row is not None]
    return section("growth", "Growth and forecast", columns, rows, limit, "no policies: nothing is measured")


def _growth_row(name: str, row: Mapping[str, Any]) -> Row:
    reached = "never" if row["limit_never"] else moment(row["limit_at"])[:10]
    return Row(
        (
            name,
            size(row["bytes"]),
            size(row["growth_per_day"]) or "unknown",
            size(row["growth_low"]),
            size(row["growth_high"]),
            size(row["limit_bytes"]),
            reached,
            f"{row['days']} d",
        )
    )


def _jobs(report: Report, limit: int) -> Section:
    columns = (
        Column("job"),
        Column("state"),
        Column("schedule", 2),
        Column("last", 1, time=True),
        Column("next", 3, time=True),
        Column("missed in 24 h", 4, right=True),
    )
    rows = [
        Row(
            (
                one_line(row["job_name"]),
                row["state"] or "",
                row["schedule"] or "",
                moment(row["last_started_at"]),
                moment(row["next_at"]),
                count(row["missed_24h"]),
            ),
            one_line(row["state_detail"] or "") if row["state"] not in _FINE_JOBS else "",
            one_line(row["state_fix"] or "") if row["state"] not in _FINE_JOBS else "",
            level="ok" if row["state"] in _FINE_JOBS else "warning",
        )
        for row in report.jobs
    ]
    return section(
        "jobs", "Jobs of pg_cron", columns, rows, limit, "none: passes are called by something else, if at all"
    )


def _findings(report: Report, limit: int) -> Section:
    columns = (Column("status"), Column("check"), Column("object", 1))
    alike = grouped(report.troubles, lambda row: (row["status"], row["check_id"]))
    rows = [_finding(group) for group in alike]
    fine = sum(row["status"] == "ok" for row in report.findings)
    return section("findings", "Findings of now", columns, rows, limit, f"none: {fine} checks are fine")


def _finding(alike: Sequence[Mapping[str, Any]]) -> Row:
    """Make one row of a finding, or of many that are alike: which they are, and what the first one says."""
    first, names = alike[0], [one_line(row["object"] or "") for row in alike]
    detail = common([(name, row["detail"]) for name, row in zip(names, alike, strict=True)]) or ""
    return Row(
        (first["status"], first["check_id"], names[0] if len(alike) == 1 else f"{len(alike)} objects"),
        one_line(first["detail"] or "" if len(alike) == 1 else f"{named(names)}. {detail}"),
        one_line(first["remediation"] or ""),
        first["status"],
    )


def _changes(report: Report, limit: int) -> Section:
    columns = (Column("at", time=True), Column("who"), Column("did"), Column("table", 1))
    rows = [
        Row(
            (
                moment(row["at"]),
                one_line(row["session_role"])
                + ("" if row["acting_role"] == row["session_role"] else f" as {one_line(row['acting_role'])}"),
                f"{_DID.get(row['action'], row['action'])} {row['object']}",
                one_line(row["table_name"] or ""),
            ),
            _difference(row["before"], row["after"]),
        )
        for row in report.changes
    ]
    empty = f"nobody decided anything in the last {report.period.since}"
    return section("changes", "Who decided what", columns, rows, limit, empty, newest=True)


def _difference(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> str:
    """Say what a change changed: a name, and the value before and after; of what is new or gone, what it is about."""
    old, new = before or {}, after or {}
    if before is None or after is None:
        row = {**old, **new}
        return one_line("; ".join(f"{name} {_value(row[name])}" for name in _ABOUT if row.get(name) is not None))
    names = [name for name in dict.fromkeys((*old, *new)) if old.get(name) != new.get(name) and name not in _BESIDE]
    return one_line("; ".join(f"{name} {_value(old.get(name))} → {_value(new.get(name))}" for name in names))


def _value(value: object) -> str:
    text = "none" if value is None else ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 120 else f"{text[:119]}…"


def _passes(report: Report, limit: int) -> Section:
    columns = (
        Column("run", right=True),
        Column("table"),
        Column("started", time=True),
        Column("took", 2, right=True),
        Column("result"),
        Column("rows", right=True),
        Column("batches", 3, right=True),
        Column("left", 1, right=True),
        Column("keep", 4),
    )
    rows = [
        Row(
            (
                str(run.run_id),
                one_line(run.table),
                moment(run.started_at),
                age(run.duration.total_seconds()),
                (run.stop_reason or "running") + (" (rotation)" if run.kind == "rotation" else ""),
                count(run.rows),
                count(run.batches),
                count(run.debt_rows),
                run.keep,
            ),
            _about(run),
            level="critical" if run.stop_reason in BAD else "ok",
        )
        for run in report.runs
    ]
    empty = f"no pass in the last {report.period.since}"
    return section("passes", "Passes, newest last", columns, rows, limit, empty, newest=True)


def _about(run: Pass) -> str:
    override = f"keep {run.keep} (this pass only)" if run.keep_override else ""
    return ". ".join(part for part in (override, one_line(run.why)) if part)


def _missing(report: Report) -> Section:
    rows = [Row((part.section, part.sqlstate or ""), one_line(part.reason), level="unknown") for part in report.missing]
    return section("missing", "What could not be read", (Column("part"), Column("SQLSTATE")), rows, len(rows), "")
