"""Is it working now? Each check is a statement and transaction of its own, with a time budget.

The facts behind the documented lines are read by the texts of our own functions, which name nothing of ours: they work
where we are not installed, too.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

from pytelemetry_db import db, source
from pytelemetry_db.errors import NotPermitted, PytelemetryError, UsageError
from pytelemetry_db.findings import (
    DOCUMENTED_RULES,
    STATUSES,
    Finding,
    Status,
    drifted,
    late_rows,
    oldest_row,
    other_version,
    told_once,
    unknown,
)
from pytelemetry_db.render import routine_bodies
from pytelemetry_db.state import not_installed, read_state

__all__ = ["DOCUMENTED", "Budget", "Facts", "Finding", "Health", "Managed", "acknowledge", "exit_code", "look"]

# The checks whose lines the operators' guide shows; the oldest rows are looked for by the command alone.
OLDEST = "oldest_rows"
_INDEXES, _INSTALLATION = "largest_indexes", "installation"
_SIZES, _BLOCKED = ("table_sizes", "row_counts"), ("long_queries", "blocked_queries")
DOCUMENTED = ("connections", *_SIZES, OLDEST, *_BLOCKED, _INDEXES, "dead_tuples")
_CODES: dict[Status, int] = {"critical": 2, "unknown": 3, "warning": 1, "skipped": 0, "ok": 0}


@dataclass(frozen=True, slots=True)
class Budget:
    """How long one check may take, and wait for a lock, as PostgreSQL's intervals."""

    statement_timeout: str = "5s"
    lock_timeout: str = "200ms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Managed:
    """A table of a policy, or a documented one. What is not known is None.

    ``oldest`` and ``newest`` are of rows up to tomorrow; ``late`` counts those beyond, at infinity too, up to 1001.
    """

    schema_name: str
    table_name: str
    bytes: int | None = None
    rows: int | None = None
    exact: bool = False
    oldest: datetime | None = None
    newest: datetime | None = None
    late: int | None = None


@dataclass(slots=True)
class Facts:
    """What the documented lines show."""

    connections: dict[str, int | None] = field(default_factory=dict)
    tables: list[Managed] = field(default_factory=list)
    largest_indexes: list[db.Row] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Health:
    """What was found, in the order of the checks."""

    installed: bool
    at: datetime
    facts: Facts
    findings: tuple[Finding, ...]

    @property
    def worst(self) -> Status:
        """The worst status; critical is worse than unknown, and that than a warning."""
        return min((finding.status for finding in self.findings), key=STATUSES.index, default="ok")

    def of(self, check_id: str) -> list[Finding]:
        """The findings of one check, worst first."""
        return sorted((f for f in self.findings if f.check_id == check_id), key=lambda f: STATUSES.index(f.status))

    def as_dict(self) -> dict[str, object]:
        """Return it for JSON."""
        return {
            "installed": self.installed,
            "at": self.at,
            "worst": self.worst,
            "connections": self.facts.connections,
            "tables": [asdict(table) for table in self.facts.tables],
            "largest_indexes": self.facts.largest_indexes,
            "findings": [asdict(finding) for finding in self.findings],
        }


def exit_code(health: Health, fail_on: str) -> int:
    """Return 0, 1 (warning), 2 (critical) or 3 (unknown, not installed).

    :param fail_on: ``warning``, ``critical`` (warnings are 0) or ``never``
    """
    if not health.installed:
        return 3
    code = _CODES[health.worst]
    return 0 if fail_on == "never" or (fail_on == "critical" and code == 1) else code


def acknowledge(connection: db.Connection, schema: str, fingerprint: str, reason: str, duration: str) -> None:
    """Silence one finding for that long."""
    said = {"fingerprint": fingerprint, "reason": reason, "duration": duration}
    db.fetch(connection, "health_ack", schema, said)


def look(
    connection: db.Connection,
    schema: str,
    checks: Sequence[str] = (),
    *,
    exact: bool = False,
    budget: Budget | None = None,
) -> Health:
    """Make the checks; one that fails, or takes longer than its budget, is unknown.

    :param checks: only these
    :param exact: measure and count managed tables instead of asking the catalogs
    :raises UsageError: for a check that does not exist
    :raises NotInstalled: for a check that needs our schema, where we are not installed
    """
    state = read_state(connection, schema)
    looking = _Look(connection, schema, budget or Budget(), state.has_code)
    known = (
        (*DOCUMENTED, *(row["check_id"] for row in db.fetch(connection, "health_list", schema)))
        if state.has_code
        else DOCUMENTED
    )
    for name in checks:
        if name not in known:
            if not state.has_code:
                raise not_installed(state)
            raise UsageError(f'there is no check "{name}"', ", ".join(dict.fromkeys(known)))
    wanted = tuple(dict.fromkeys(name for name in known if not checks or name in checks))
    facts, findings = looking.facts(wanted, exact=exact)
    if state.has_code:
        findings += [one for name in wanted if name not in (OLDEST, _INDEXES) for one in looking.check(name)]
        if _INSTALLATION in (checks or (_INSTALLATION,)):
            findings += looking.installation(str(state.version))
        findings = told_once(findings)
    else:
        findings += looking.documented(wanted, hidden=facts.connections.get("in_use", 0) is None)
    return Health(state.has_code, datetime.now(UTC), facts, tuple(findings))


class _Look:
    """One look at one database."""

    def __init__(self, connection: db.Connection, schema: str, budget: Budget, installed: bool) -> None:
        self.connection, self.schema, self.budget, self.installed = connection, schema, budget, installed
        release = source.load()
        self.version = release.version
        self.texts = routine_bodies(release, schema)

    def within(self, work: Callable[[], list[db.Row]]) -> list[db.Row]:
        """Do something in a transaction of its own, within the budget."""
        with db.rolled_back(self.connection):
            db.fetch(self.connection, "health_budget", self.schema, asdict(self.budget))
            return work()

    def text(self, statement: str) -> list[db.Row]:
        escaped = statement.replace("%", "%%")
        return self.within(lambda: db.query(self.connection, escaped, self.schema))

    def check(self, name: str) -> Iterator[Finding]:
        try:
            rows = self.within(lambda: db.fetch(self.connection, "health_check", self.schema, {"check_id": name}))
        except PytelemetryError as error:
            yield unknown(name, None, error)
        else:
            yield from (Finding(**row) for row in rows)

    def installation(self, version: str) -> list[Finding]:
        """Compare the database with this command, and our objects with how they were installed, where we may."""
        if version != self.version:
            return [other_version(version, self.version)]
        try:
            rows = self.within(lambda: db.fetch(self.connection, "drift", self.schema, {"schema": self.schema}))
        except PytelemetryError as error:
            # Only members of the owner may read the record; monitoring is to be well without it.
            return [] if isinstance(error, NotPermitted) else [unknown(_INSTALLATION, None, error)]
        changed = sorted({row["identity"] for row in rows if (row["kind"], row["aspect"]) != ("view", "definition")})
        return [drifted(changed)] if changed else []

    def facts(self, wanted: Iterable[str], *, exact: bool) -> tuple[Facts, list[Finding]]:
        facts, findings = Facts(), list[Finding]()

        def read(check: str, routine: str) -> list[db.Row]:
            try:
                return self.text(self.texts[routine])
            except PytelemetryError as error:
                findings.append(unknown(check, None, error))
                return []

        if "connections" in wanted:
            facts.connections = self._connections(read("connections", "_connections"))
        if {"table_sizes", "row_counts", OLDEST} & set(wanted):
            measured = {row["relation_id"]: row for row in read("table_sizes", "_tables")}
            catalog = "health_managed" if self.installed else "health_documented"
            for row in db.fetch(self.connection, catalog, self.schema):
                table, said = self._managed(row, measured.get(row["relation_id"]), exact, OLDEST in wanted)
                facts.tables.append(table)
                findings += said
        if _INDEXES in wanted:
            indexes = read(_INDEXES, "_largest_indexes")
            facts.largest_indexes = [row for row in indexes if row["schema_name"] != self.schema][:5]
        return facts, findings

    def _connections(self, rows: list[db.Row]) -> dict[str, int | None]:
        ours = [row for row in rows if row["database_name"] == self.connection.info.dbname]
        hidden = any(row["state"] == "hidden" for row in ours)
        total = sum(row["connections"] for row in ours)
        idle = sum(row["connections"] for row in ours if row["state"] == "idle")
        return {
            "open": total,
            "in_use": None if hidden else total - idle,
            "idle": None if hidden else idle,
            "max_open": rows[0]["max_open"] if rows else None,
        }

    def _managed(self, row: db.Row, measured: db.Row | None, exact: bool, probe: bool) -> tuple[Managed, list[Finding]]:
        name = f"{row['schema_name']}.{row['table_name']}"
        found: dict[str, object] = {}
        findings = []
        known = measured is not None and not measured["never_measured"]
        if measured is not None and known:
            found = {"bytes": measured["total_bytes"], "rows": measured["rows_estimated"]}
        wanted = [("oldest", OLDEST)] if probe else []
        wanted += [("sized", "table_sizes"), ("counted", "row_counts")] if exact else []
        for column, check in wanted:
            if row["relation_id"] is None or row[column] is None:
                detail = (
                    "the table is not there" if row["relation_id"] is None else "no index leads with its time column"
                )
                findings.append(Finding(check_id=check, status="unknown", object=name, detail=detail, method=None))
                continue
            try:
                found |= self.text(row[column])[0]
            except PytelemetryError as error:
                findings.append(unknown(check, name, error))
        table = Managed(
            schema_name=row["schema_name"],
            table_name=row["table_name"],
            exact=exact and not findings,
            **found,  # type: ignore[arg-type]
        )
        if table.late:
            findings.append(late_rows(name, table.late))
        late = row["late_before"]
        if table.oldest is not None and late is not None and table.oldest < late:
            findings.append(oldest_row(OLDEST, name, table.oldest, late))
        return table, findings

    def documented(self, wanted: Iterable[str], *, hidden: bool) -> list[Finding]:
        """The documented checks by the documented limits, where there is nothing of ours to ask."""
        detail = "sessions of other roles cannot be seen without pg_read_all_stats"
        findings = [Finding(check_id="long_queries", status="unknown", detail=detail)] if hidden else []
        for check, rule in DOCUMENTED_RULES.items():
            if check not in wanted:
                continue
            try:
                findings += [one for row in self.text(self.texts[f"_{check}"]) if (one := rule(row))]
            except PytelemetryError as error:
                findings.append(unknown(check, None, error))
        return findings
