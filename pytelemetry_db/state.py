"""Ask a database what it is, whether we are installed in it, and how our policies stand."""

from dataclasses import asdict, dataclass
from datetime import datetime

from pytelemetry_db import db
from pytelemetry_db.errors import NotInstalled
from pytelemetry_db.model import State
from pytelemetry_db.names import DEFAULT_SCHEMA, quote_identifier, validate_schema

__all__ = ["PolicyStatus", "Status", "not_installed", "read_state", "read_status"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyStatus:
    """One row of the view ``retention``. ``debt_rows`` is None where it is not known."""

    schema_name: str
    table_name: str
    time_column: str
    keep: str
    condition: str | None
    state: str
    state_detail: str | None
    state_fix: str | None
    last_started_at: datetime | None
    last_stop_reason: str | None
    last_rows: int | None
    debt_rows: int | None

    @property
    def table(self) -> str:
        """The table as it is written in SQL."""
        return f"{quote_identifier(self.schema_name)}.{quote_identifier(self.table_name)}"


@dataclass(frozen=True, slots=True)
class Status:
    """Where we are (``user@host:port/database``), what is there, and each policy."""

    where: str
    state: State
    policies: tuple[PolicyStatus, ...]

    @property
    def next_command(self) -> str:
        """What to type next: a command, or the statement that lifts a suspension."""
        if not self.state.installed:
            return "pytelemetry-db install --profile telemetry"
        if not self.state.has_code:
            return "pytelemetry-db install"
        if self.state.in_recovery:
            return "pytelemetry-db report"
        if not self.policies:
            return "pytelemetry-db policy set TABLE --keep 30d"
        first = self.policies[0]
        if first.state == "suspended":
            return first.state_fix or f"pytelemetry-db policy show {first.table}"
        if any(policy.last_stop_reason in ("failed", "locked") for policy in self.policies):
            return "pytelemetry-db report"
        if any(policy.last_started_at is None for policy in self.policies):
            return "pytelemetry-db plan"
        if any(policy.debt_rows for policy in self.policies):
            return "pytelemetry-db cleanup"
        return "pytelemetry-db report"

    def as_dict(self, source: str) -> dict[str, object]:
        """Return the facts for JSON."""
        return {
            "where": self.where,
            "source": source,
            **asdict(self.state),
            "policies": [asdict(policy) for policy in self.policies],
            "next": self.next_command,
        }


def read_state(connection: db.Connection, schema: str) -> State:
    """Return the state of the server and of our schema; changes nothing, works when not installed.

    :raises UsageError: for a schema name that is not allowed
    :raises NotPermitted: when we are installed but this role may not read the version
    """
    found = db.fetch(connection, "state", schema, {"schema": validate_schema(schema)})[0]
    version: db.Row = {"version": None, "migration": None, "has_code": False, "server_major": None}
    if found["installed"]:
        version = db.fetch(connection, "installation", schema)[0]
    found["publications_for_all_tables"] = tuple(found["publications_for_all_tables"])
    return State(
        schema=schema,
        host=connection.info.host or None,
        port=connection.info.port,
        **version,
        **found,
    )


def not_installed(state: State) -> NotInstalled:
    """Say what a schema without our code has of us."""
    option = "" if state.schema == DEFAULT_SCHEMA else f" --schema {state.schema}"
    if state.installed and not state.has_code:
        found = f'only the data of pytelemetry_db {state.version} is in schema "{state.schema}"'
        expected = "uninstalled with --keep-data"
    else:
        found, expected = f'pytelemetry_db is not installed in schema "{state.schema}"', None
    return NotInstalled(found, expected, f"pytelemetry-db install{option}")


def read_status(connection: db.Connection, schema: str) -> Status:
    """Return what the status screen shows."""
    state = read_state(connection, schema)
    rows = db.fetch(connection, "status", schema) if state.has_code else []
    return Status(db.where(connection), state, tuple(PolicyStatus(**row) for row in rows))
