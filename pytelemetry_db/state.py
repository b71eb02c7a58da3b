"""Ask a database what it is, whether we are installed in it, and how our policies stand."""

import shlex
from dataclasses import asdict, dataclass
from datetime import datetime

from pytelemetry_db import db
from pytelemetry_db.durations import format_count
from pytelemetry_db.errors import NotInstalled
from pytelemetry_db.model import State
from pytelemetry_db.names import DEFAULT_SCHEMA, quote_identifier, validate_schema

__all__ = ["PolicyStatus", "Status", "not_installed", "read_state", "read_status"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyStatus:
    """One row of the view ``retention``. ``debt_rows`` is None where it is not known.

    ``late`` says that there was no good pass for the time that was asked for; None when none was.
    """

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
    debt_exact: bool | None
    created_at: datetime | None
    last_good_at: datetime | None
    last_detail: str | None
    verdict: str | None
    evidence: str | None
    late: bool | None

    @property
    def table(self) -> str:
        """The table as it is written in SQL."""
        return f"{quote_identifier(self.schema_name)}.{quote_identifier(self.table_name)}"

    @property
    def lateness(self) -> str:
        """Since when there was no good pass and why, in one line."""
        if self.last_good_at:
            since = f"since {self._time(self.last_good_at)}"
        else:
            since = f"since its policy was made, {self._time(self.created_at)}"
        return " ".join(f"no good pass {since}; {'; '.join(self._reasons())}".split())

    def _reasons(self) -> list[str]:
        found = [] if self.state == "active" else [f"{self.state}: {self.state_detail}".removeprefix("paused: ")]
        if self.last_started_at is None:
            return [*found, "never cleaned"]
        about = "about " if self.debt_exact is False else ""
        debt = "nothing expired" if self.debt_rows == 0 else "unknown"
        if self.debt_rows:
            debt = f"{about}{format_count(self.debt_rows)} expired rows"
        last = f"last pass {self._time(self.last_started_at)} {self.last_stop_reason or 'still at work'}"
        found.append(f"{last}, left: {debt}")
        if self.last_detail and not (self.state_detail and self.state_detail in self.last_detail):
            found.append(self.last_detail)
        return found

    @property
    def remedy(self) -> str:
        """What to type when there was no good pass for too long."""
        table = shlex.quote(self.table)
        if self.state == "suspended":
            return self.state_fix or f"pytelemetry-db policy show {table}"
        if self.state == "paused":
            return f"pytelemetry-db policy resume {table}"
        if self.last_stop_reason in ("failed", "locked", "interrupted", "suspended"):
            return "pytelemetry-db report"
        if self.last_stop_reason == "done" and self.last_rows == 0 and self.debt_rows != 0:
            return "pytelemetry-db doctor"
        return f"pytelemetry-db cleanup {table}"

    @staticmethod
    def _time(moment: datetime | None) -> str:
        return moment.isoformat(sep=" ", timespec="seconds") if moment else "unknown"


@dataclass(frozen=True, slots=True)
class Status:
    """Where we are (``user@host:port/database``), what is there, and each policy."""

    where: str
    state: State
    policies: tuple[PolicyStatus, ...]

    @property
    def late(self) -> tuple[PolicyStatus, ...]:
        """The policies that had no good pass for the time that was asked for."""
        return tuple(policy for policy in self.policies if policy.late)

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
        if first.late:
            return first.remedy
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
            "policies": [
                asdict(policy) | ({"lateness": policy.lateness, "remedy": policy.remedy} if policy.late else {})
                for policy in self.policies
            ],
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


def read_status(connection: db.Connection, schema: str, max_age: str | None = None) -> Status:
    """Return what the status screen shows.

    :param max_age: an interval; policies without a good pass for so long are late
    :raises NotInstalled: when the release in the database does not know which passes were good
    """
    state = read_state(connection, schema)
    rows = db.fetch(connection, "status", schema, {"max_age": max_age}) if state.has_code else []
    if max_age is not None and any(row["late"] is None for row in rows):
        raise NotInstalled(
            f"pytelemetry_db {state.version} does not say which passes were good", None, "pytelemetry-db upgrade"
        )
    return Status(db.where(connection), state, tuple(PolicyStatus(**row) for row in rows))
