"""Detach partitions concurrently for a pass of rotation: the one statement that the database cannot run from inside.

The pass decides, asks, and looks in the catalog at what came of it; here a session of its own does as it is asked.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from pytelemetry_db import db
from pytelemetry_db.errors import PytelemetryError

__all__ = ["at_work"]

_POLL_SECONDS = 0.1
_END_SECONDS = 5.0


@contextmanager
def at_work(
    connect: Callable[[str], db.Connection], schema: str, purpose: str, on_error: Callable[[PytelemetryError], None]
) -> Iterator[str]:
    """Detach what passes ask for while the block runs; yields the name by which they ask (``p_detacher``).

    A detach that is under way when the block ends is cancelled, and the next rotation finishes it.

    :param purpose: a word for the name, the same for no two commands
    :param on_error: told why it cannot go on; what was asked for then fails as well
    """
    with closing(connect(purpose)) as connection:
        detacher = _Detacher(connection, schema, db.application_name(purpose), on_error)
        detacher.start()
        try:
            yield detacher.name
        finally:
            detacher.end()


class _Detacher(threading.Thread):
    """Asks every tenth of a second what there is to detach."""

    def __init__(
        self, connection: db.Connection, schema: str, name: str, on_error: Callable[[PytelemetryError], None]
    ) -> None:
        super().__init__(name=name, daemon=True)
        self._connection, self._schema, self._on_error = connection, schema, on_error
        self._over = threading.Event()

    def run(self) -> None:
        """Serve until the end, or until the connection is lost."""
        try:
            while not self._over.wait(_POLL_SECONDS):
                for row in db.fetch(self._connection, "claim_detach", self._schema, {"detacher": self.name}):
                    self._detach(row)
        except PytelemetryError as error:
            self._on_error(error)

    def end(self) -> None:
        """Come to an end, within seconds."""
        self._over.set()
        self.join(_POLL_SECONDS * 2)
        if self.is_alive():
            self._connection.cancel_safe()
            self.join(_END_SECONDS)

    def _detach(self, row: db.Row) -> None:
        error: PytelemetryError | None = None
        try:
            db.query(self._connection, row["statement"].replace("%", "%%"), self._schema)
        except PytelemetryError as caught:
            if self._connection.closed:
                raise
            error = caught
        ended = {"relation_id": row["relation_id"], "detacher": self.name}
        ended |= {"sqlstate": error and error.sqlstate, "message": error and error.found}
        db.fetch(self._connection, "end_detach", self._schema, ended)
