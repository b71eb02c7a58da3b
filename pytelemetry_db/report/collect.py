"""Read the facts of a report: from the ledger, the samples and the views, whoever made the passes."""

from collections.abc import Callable, Sequence
from dataclasses import asdict

from pytelemetry_db import db, health
from pytelemetry_db.errors import ConnectionFailed, Interrupted, NoPolicy, PytelemetryError
from pytelemetry_db.names import quote_identifier
from pytelemetry_db.report.facts import Missing, Pass, Period, Report, Sample, TableReport
from pytelemetry_db.state import not_installed, read_state

__all__ = ["collect", "runs"]

# As many points a chart may have, and samples a table in JSON.
_POINTS = 60


def runs(connection: db.Connection, schema: str, since: str, tables: Sequence[str] = ()) -> list[db.Row]:
    """Return the passes that began within the interval ``since``, oldest first (view ``runs``)."""
    return _runs(connection, schema, _period(connection, schema, since, since), tables)


def collect(connection: db.Connection, schema: str, interval: str, since: str, tables: Sequence[str] = ()) -> Report:
    """Read everything that happened in the last ``interval``, and how things stand.

    A part that this role may not read, that takes too long, or that an older release does not have, is named in
    ``missing``; the others are there.

    :param since: the interval as it was typed
    :param tables: only these, as ``schema.table`` or the name alone, quoted as in SQL
    :raises NotInstalled: when there is no ledger
    :raises NoPolicy: for a table that has no policy and had no pass in that time
    """
    state = read_state(connection, schema)
    if not state.has_code:
        raise not_installed(state)
    period = _period(connection, schema, interval, since)
    reading = _Reading(connection, schema, period, tables)
    passes = tuple(Pass(**row) for row in _runs(connection, schema, period, tables))
    found, total = reading.tables(passes)
    for name in tables:
        if not any(name in (one.table_name, _written(one)) for one in found):
            step = "pytelemetry-db policy list"
            raise NoPolicy(f"{name} has no policy, and had no pass in the last {since}", None, step)
    partitions = reading.part("partitions", reading.partitions)
    jobs = reading.part("jobs", lambda: db.fetch(connection, "jobs", schema))
    changes = reading.part("changes", lambda: reading.fetch("report_changes"))
    return Report(
        where=db.where(connection),
        version=state.version or "unknown",
        server_version=state.server_version_text,
        period=period,
        tables=found,
        runs=passes,
        total=total,
        partitions=tuple(partitions),
        jobs=tuple(jobs),
        findings=tuple(reading.part("findings", reading.findings)),
        changes=tuple(changes),
        missing=tuple(reading.missing),
    )


def _period(connection: db.Connection, schema: str, interval: str, since: str) -> Period:
    (row,) = db.fetch(connection, "report_period", schema, {"since": interval})
    return Period(since=since, **row)


def _runs(connection: db.Connection, schema: str, period: Period, tables: Sequence[str]) -> list[db.Row]:
    said = {"begins_at": period.begins_at, "ends_at": period.at, "tables": list(tables) or None}
    return db.fetch(connection, "report_runs", schema, said)


def _written(table: TableReport) -> str:
    return f"{quote_identifier(table.schema_name)}.{quote_identifier(table.table_name)}"


class _Reading:
    """One look at everything but the passes."""

    def __init__(self, connection: db.Connection, schema: str, period: Period, tables: Sequence[str]) -> None:
        self.connection, self.schema, self.period, self.names = connection, schema, period, list(tables) or None
        self.missing: list[Missing] = []

    def fetch(self, name: str) -> list[db.Row]:
        span = (self.period.at - self.period.begins_at).total_seconds()
        said = {
            "before_at": self.period.before_at,
            "begins_at": self.period.begins_at,
            "tables": self.names,
            "step": f"{max(span / _POINTS, 1)} s",
        }
        return db.fetch(self.connection, name, self.schema, said)

    def part(self, section: str, read: Callable[[], list[db.Row]]) -> list[db.Row]:
        """Read one part; a reason why that is not possible is a fact like others."""
        try:
            return read()
        except (ConnectionFailed, Interrupted):
            raise
        except PytelemetryError as error:
            self.missing.append(Missing(section=section, reason=error.found, sqlstate=error.sqlstate))
            return []

    def tables(self, passes: tuple[Pass, ...]) -> tuple[tuple[TableReport, ...], db.Row | None]:
        """Return every table with a policy, then those that only had passes; and the growth of all together."""
        policies = _by_table(self.part("policies", lambda: self.fetch("report_policies")))
        before = _by_table(self.part("before", lambda: self.fetch("report_before")))
        growth = self.part("growth", lambda: db.fetch(self.connection, "forecast", self.schema))
        one = _by_table([row for row in growth if row["scope"] == "table"])
        samples: dict[tuple[str, str], list[Sample]] = {}
        for row in self.part("samples", lambda: self.fetch("report_samples")):
            key = (row.pop("schema_name"), row.pop("table_name"))
            samples.setdefault(key, []).append(Sample(**row))
        made: dict[tuple[str, str], list[Pass]] = {}
        for run in passes:
            made.setdefault((run.schema_name, run.table_name), []).append(run)
        found = tuple(
            TableReport(
                schema_name=key[0],
                table_name=key[1],
                runs=tuple(made.get(key, ())),
                policy=policies.get(key),
                growth=one.get(key),
                before=before.get(key),
                samples=tuple(samples.get(key, ())),
            )
            for key in dict.fromkeys((*policies, *made))
        )
        return found, next((row for row in growth if row["scope"] == "all" and self.names is None), None)

    def partitions(self) -> list[db.Row]:
        """Return how far ahead the partitions of each table reach; none of them is read or locked."""
        rows = db.fetch(self.connection, "partition_sets", self.schema, {"p_table": None})
        meant = self.names
        return [row for row in rows if meant is None or row["table_name"] in meant or row["name"] in meant]

    def findings(self) -> list[db.Row]:
        """The findings of now; no check here reads a managed table."""
        checks = [row["check_id"] for row in db.fetch(self.connection, "health_list", self.schema)]
        return [asdict(finding) for finding in health.look(self.connection, self.schema, checks).findings]


def _by_table(rows: Sequence[db.Row]) -> dict[tuple[str, str], db.Row]:
    return {(row["schema_name"], row["table_name"]): row for row in rows}
