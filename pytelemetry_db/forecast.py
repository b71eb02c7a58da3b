"""What will be: growth of the managed tables, when a limit is reached, and what another keep would change."""

from collections.abc import Callable, Mapping

from pytelemetry_db import db
from pytelemetry_db.state import not_installed, read_state

__all__ = ["forecast", "forecast_keep", "sample"]


def forecast(connection: db.Connection, schema: str) -> list[db.Row]:
    """Return the rows of the view ``forecast``: one per policy, and last the one of all tables together.

    :raises NotInstalled: when we are not installed, or an older release is
    """
    state = read_state(connection, schema)
    if not state.has_code:
        raise not_installed(state)
    return db.fetch(connection, "forecast", schema)


def forecast_keep(connection: db.Connection, schema: str, keeps: Mapping[str, str]) -> list[db.Row]:
    """Return for each table what that keep would change: rows and bytes saved, negative when more would stay.

    :raises NoPolicy: when a table has none
    """
    return [
        row
        for table, keep in keeps.items()
        for row in db.fetch(connection, "forecast_keep", schema, {"p_table": table, "keep": keep})
    ]


def sample(connection: db.Connection, schema: str, on_notice: Callable[[str, str], None]) -> None:
    """Measure every managed table; of one that cannot be measured ``on_notice`` gets a WARNING.

    :raises NotInstalled: when we are not installed, or an older release is
    """
    state = read_state(connection, schema)
    if not state.has_code:
        raise not_installed(state)
    db.on_notice(connection, on_notice)
    db.fetch(connection, "sample", schema)
