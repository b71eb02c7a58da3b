"""Tell people and programs what changed: what is wrong since the last time, and what is not any more.

The database remembers what was told through which channel. A channel is told at least once: a sender claims what it
sends for a time, so that two senders never send the same, and one that dies in the middle is replaced when that time
is over.
"""

import queue
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pytelemetry_db import db
from pytelemetry_db.channels import Channel
from pytelemetry_db.errors import OperationFailed, PytelemetryError
from pytelemetry_db.messages import Event, Message

__all__ = ["Told", "send", "try_out"]

# Longer than any channel may take.
_LEASE = "10 minutes"


@dataclass(frozen=True, slots=True)
class Told:
    """What one message to one channel came to; ``events`` of them were in it."""

    channel: str
    events: int
    sent: bool
    problem: str | None


def send(connection: db.Connection, schema: str, channels: Sequence[Channel], environ: Mapping[str, str]) -> list[Told]:
    """Find out what changed, and send what is due; channels that fail are tried again by a later call.

    All channels are served at the same time; none waits for another one.
    """
    with db.mapped(connection, schema=schema), connection.transaction():
        db.fetch(connection, "alert_budget", schema)
        db.fetch(connection, "note_incidents", schema, {"channels": [channel.name for channel in channels]})
    verdicts: dict[str, str] = {}
    told: list[Told] = []
    office = _Office(environ)
    claims: dict[str, list[db.Row]] = {}

    def claim(channel: Channel) -> None:
        rows = db.fetch(connection, "claim_deliveries", schema, {"channel": channel.name, "lease": _LEASE})
        if not rows:
            return
        if not verdicts:
            verdicts.update((row["object"], row["verdict"]) for row in db.fetch(connection, "verdicts", schema))
        claims[channel.name] = rows
        office.begin(channel, Message(db.where(connection), tuple(_event(row, verdicts) for row in rows)))

    for channel in channels:
        claim(channel)
    while office.busy:
        channel, problem, sent = office.wait()
        rows = claims.pop(channel.name)
        facts = {
            "channel": channel.name,
            "incidents": [row["incident_id"] for row in rows],
            "events": [row["event"] for row in rows],
            "sent": sent,
            "problem": problem,
        }
        db.fetch(connection, "finish_deliveries", schema, facts)
        told.append(Told(channel.name, len(rows), sent, problem))
        if sent:
            claim(channel)
    return told


def try_out(channels: Sequence[Channel], environ: Mapping[str, str]) -> list[Told]:
    """Send one message that says it is a test through every channel; nothing is remembered."""
    now = datetime.now(UTC)
    event = Event(
        identity=f"test {now.isoformat()}",
        event="began",
        kind="finding",
        check_id="test",
        object="this is only a test",
        detail="somebody ran alert test, to see whether messages arrive; nothing is wrong",
        remediation=None,
        began_at=now,
        ended_at=None,
    )
    office = _Office(environ)
    for channel in channels:
        office.begin(channel, Message("no database", (event,)))
    told = []
    while office.busy:
        channel, problem, sent = office.wait()
        told.append(Told(channel.name, 1, sent, problem))
    return told


def _event(row: db.Row, verdicts: Mapping[str, str]) -> Event:
    parts = {name: row[name] for name in row if name not in ("incident_id", "attempts")}
    if row["event"] == "began":
        # It may be over by now, which is a message of its own.
        parts["ended_at"] = None
    verdict = verdicts.get(row["object"] or "") if row["kind"] != "finding" else None
    return Event(identity=f"{row['incident_id']}:{row['event']}", verdict=verdict, **parts)


class _Office:
    """Sends with one thread for each channel; what takes too long is given up, the thread is left behind."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._done: queue.Queue[tuple[object, str | None, bool]] = queue.Queue()
        self._running: dict[object, tuple[Channel, float]] = {}

    @property
    def busy(self) -> bool:
        return bool(self._running)

    def begin(self, channel: Channel, message: Message) -> None:
        token = object()
        self._running[token] = (channel, time.monotonic() + channel.seconds)
        threading.Thread(target=self._send, args=(token, channel, message), daemon=True).start()

    def _send(self, token: object, channel: Channel, message: Message) -> None:
        try:
            self._done.put((token, channel.send(message, self._environ), True))
        except PytelemetryError as error:
            self._done.put((token, _line(error), False))
        except Exception as error:
            self._done.put((token, f"{type(error).__name__} in the channel {channel.name}", False))
            raise

    def wait(self) -> tuple[Channel, str | None, bool]:
        """Return the next channel that is done, what was wrong, and whether the message went out."""
        while True:
            first = min(self._running, key=lambda token: self._running[token][1])
            channel, deadline = self._running[first]
            try:
                token, problem, sent = self._done.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                del self._running[first]
                return channel, _line(OperationFailed(f"not done in {channel.seconds:.0f} s")), False
            if token in self._running:
                return self._running.pop(token)[0], problem, sent


def _line(error: PytelemetryError) -> str:
    return f"{error.found} ({error.expected})" if error.expected else error.found
