"""May it work here? What stands in the way of passes, and a bundle of facts for whoever is asked for help."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pytelemetry_db import __version__, db, planning, policies, report
from pytelemetry_db.errors import PytelemetryError
from pytelemetry_db.state import not_installed, read_state

__all__ = ["Diagnosis", "Finding", "bundle", "diagnose"]

Level = Literal["error", "warning", "note"]
_LEVELS: tuple[Level, ...] = ("error", "warning", "note")

# What a bundle says of policies, passes and plans: no condition, predicate, statement, message or value of a row.
_POLICY = (
    *("name", "time_column", "time_type", "epoch_unit", "keep", "state", "remove", "time_zone", "grace", "max_size"),
    *("batch_rows", "last_started_at", "last_stop_reason", "last_rows", "debt_rows", "debt_exact"),
)
_RUN = (
    *("run_id", "schema_name", "table_name", "started_at", "finished_at", "duration", "stop_reason", "rows", "batches"),
    *("debt_rows", "debt_exact", "keep", "keep_override", "cutoff", "largest_batch", "longest_batch", "wal_bytes"),
    *("analyzed", "error_sqlstate", "version"),
)
_PLAN = (
    *("schema_name", "table_name", "time_column", "keep", "cutoff", "state", "expired_rows", "exact", "table_rows"),
    "batches",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that stands in the way (``error``), slows or surprises (``warning``), or is good to know (``note``).

    ``name`` is the table it is about, or None for the server, the database and the role. ``fix`` is a statement when
    it ends with a semicolon or a comment, else a sentence.
    """

    name: str | None
    check_id: str
    level: Level
    detail: str
    fix: str | None

    @property
    def is_sql(self) -> bool:
        """Whether ``fix`` can be run as it is."""
        return self.fix is not None and (self.fix.endswith(";") or "; --" in self.fix)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """``policies`` are the tables that were looked at; ``installed`` is False when only the surroundings were."""

    installed: bool
    policies: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def worst(self) -> Level | None:
        """The worst level found."""
        levels = {finding.level for finding in self.findings}
        return next((level for level in _LEVELS if level in levels), None)


def diagnose(connection: db.Connection, schema: str, table: str | None = None) -> Diagnosis:
    """Look at the server, the database, the connected role and, where we are installed, at every policy.

    :param table: look at this one's policy only
    :raises UsageError: for a table that does not exist
    :raises NoPolicy: for a table without a policy
    :raises NotInstalled: for a table, where we are not installed
    """
    state = read_state(connection, schema)
    if table is not None and not state.has_code:
        raise not_installed(state)
    rows = [
        {"name": None, **row}
        for query in ("doctor", "doctor_cron")
        for row in db.fetch(connection, query, schema, {"schema": schema})
    ]
    # Not where one table was asked for: what the guide recommends is about others, too.
    if table is None:
        rows += db.fetch(connection, "doctor_documented", schema)
    known: list[str] = []
    if state.has_code:
        rows += [{"name": None, **row} for row in db.fetch(connection, "doctor_jobs", schema)]
        for row in db.fetch(connection, "lock_times", schema):
            rows.append(_lock_times(row, schema))
        if table is None:
            known = [row["name"] for row in policies.list_policies(connection, schema)]
        else:
            known = [policies.find_policy(connection, schema, table)["name"]]
        rows += policies.preflight(connection, schema, known[0] if table else None)
    rows.sort(key=lambda row: (_LEVELS.index(row["level"]), row["name"] or "", row["check_id"], row["detail"]))
    return Diagnosis(state.has_code, tuple(known), tuple(Finding(**row) for row in rows))


def _lock_times(row: db.Row, schema: str) -> db.Row:
    return {
        "name": None,
        "check_id": "lock_timeout",
        "level": "warning",
        "detail": f"a batch waits {row['lock_timeout']} for a lock, and deadlock_timeout is {row['deadlock_timeout']}: "
        "the application may lose a deadlock",
        "fix": f"set_setting('lock_timeout', …) of schema {schema} to less than that",
    }


def bundle(connection: db.Connection, schema: str) -> dict[str, object]:
    """Collect versions, settings, policies, passes of 30 days and the plan, without row data, literals or secrets."""
    state = read_state(connection, schema)
    found: dict[str, object] = {
        "made_at": datetime.now().astimezone(),
        "command_version": __version__,
        "server": {"version": state.server_version_text, "number": state.server_version, "standby": state.in_recovery},
        "installation": {
            "schema": schema,
            "version": state.version,
            "migration": state.migration,
            "code": state.has_code,
            "extension": state.extension,
        },
        "extensions": dict(state.extensions),
        "server_settings": db.fetch(connection, "facts", schema),
        "findings": [
            {"table": finding.name, "check_id": finding.check_id, "level": finding.level}
            for finding in diagnose(connection, schema).findings
        ],
    }
    if state.has_code:
        listed = policies.list_policies(connection, schema)
        found["settings"] = db.fetch(connection, "settings", schema)
        found["policies"] = [{**_only(row, _POLICY), "has_condition": row["condition"] is not None} for row in listed]
        found["runs"] = [_only(row, _RUN) for row in report.runs(connection, schema, "30 days")]
        found["plan"] = _plan(connection, schema) if listed else []
    return found


def _plan(connection: db.Connection, schema: str) -> object:
    """The plan by estimate; a table that cannot be planned must not spoil the bundle, so its error stands here."""
    try:
        return [_only(row, _PLAN) for row in planning.plan(connection, schema, exact=False)]
    except PytelemetryError as error:
        return {"error": type(error).__name__, "sqlstate": error.sqlstate}


def _only(row: Mapping[str, object], names: tuple[str, ...]) -> dict[str, object]:
    return {name: row[name] for name in names}
