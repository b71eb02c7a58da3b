"""What a message says: the same facts as text, as HTML, and as JSON for programs."""

import hashlib
import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from pytelemetry_db import __version__

__all__ = ["Event", "Message"]

_MOST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An incident that began, or is over.

    :param identity: the same whenever the same event is sent again
    :param verdict: why cleanup does not keep up, for an incident of one table
    """

    identity: str
    event: Literal["began", "over"]
    kind: Literal["failed", "late", "suspended", "finding"]
    check_id: str
    object: str | None
    detail: str
    remediation: str | None
    began_at: datetime
    ended_at: datetime | None
    verdict: str | None = None

    @property
    def title(self) -> str:
        """One line that says what is, or was, wrong."""
        name = _line(self.object or "")
        title = {
            "failed": f"cleanup of {name} failed",
            "late": f"no good cleanup of {name} for too long",
            "suspended": f"the policy of {name} is suspended",
            "finding": f"{self.check_id} is critical" + (f": {name}" if name else ""),
        }[self.kind]
        return f"over: {title}" if self.event == "over" else title

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What there is to say of it, with a name for each."""
        facts = [("since", _time(self.began_at))]
        if self.ended_at is not None:
            facts.append(("until", _time(self.ended_at)))
        facts.append(("what it was" if self.event == "over" else "what it is", _line(self.detail)))
        if self.event == "began":
            if self.verdict:
                facts.append(("verdict", _line(self.verdict)))
            facts.append(("look", f"pytelemetry-db health --check {self.check_id}"))
            if self.remediation:
                facts.append(("mend it", _line(self.remediation)))
        return facts


@dataclass(frozen=True, slots=True)
class Message:
    """Events of one database for one channel."""

    database: str
    events: tuple[Event, ...]

    @property
    def identity(self) -> str:
        """A name for exactly these events."""
        return hashlib.sha256("\n".join(sorted(event.identity for event in self.events)).encode()).hexdigest()[:32]

    @property
    def subject(self) -> str:
        """The first event that began, or the first that is over, and how many more."""
        first = next((event for event in self.events if event.event == "began"), self.events[0])
        more = f" (and {len(self.events) - 1} more)" if len(self.events) > 1 else ""
        return f"[{_line(self.database)}] {first.title}{more}"[:200]

    @property
    def text(self) -> str:
        """The message for people, as plain text."""
        parts = [f"Database {self.database}", ""]
        for event in self.events[:_MOST]:
            parts += [event.title, *(f"    {name}: {value}" for name, value in event.facts), ""]
        return "\n".join([*parts, *self._rest()])

    @property
    def html(self) -> str:
        """The message for people, as HTML without anything that is fetched or run."""
        blocks = []
        for event in self.events[:_MOST]:
            rows = "".join(
                f'<tr><th align="left" valign="top">{html.escape(name)}</th><td>{html.escape(value)}</td></tr>'
                for name, value in event.facts
            )
            blocks.append(f"<h2>{html.escape(event.title)}</h2><table>{rows}</table>")
        rest = "".join(f"<p>{html.escape(line)}</p>" for line in self._rest())
        return (
            '<!DOCTYPE html><html lang="en"><body>'
            f"<p>Database {html.escape(self.database)}</p>{''.join(blocks)}{rest}</body></html>"
        )

    def json(self) -> bytes:
        """The message for programs."""
        return _dump(
            {
                "schema_version": 1,
                "sender": f"pytelemetry_db {__version__}",
                "id": self.identity,
                "database": self.database,
                "subject": self.subject,
                "events": [
                    {
                        "id": event.identity,
                        "event": event.event,
                        "kind": event.kind,
                        "check_id": event.check_id,
                        "object": event.object,
                        "title": event.title,
                        "detail": event.detail,
                        "verdict": event.verdict,
                        "remediation": event.remediation,
                        "began_at": event.began_at.isoformat(),
                        "ended_at": event.ended_at and event.ended_at.isoformat(),
                    }
                    for event in self.events
                ],
            }
        )

    def slack(self) -> bytes:
        """The message as Slack, Mattermost and others take it."""
        lines = [f"*{_slack(self.subject)}*"]
        for event in self.events[:_MOST]:
            lines += [f"*{_slack(event.title)}*", *(f"{name}: {_slack(value)}" for name, value in event.facts)]
        return _dump({"text": "\n".join([*lines, *self._rest()])})

    def _rest(self) -> Sequence[str]:
        left = len(self.events) - _MOST
        return [f"and {left} more: pytelemetry-db health"] if left > 0 else []


def _dump(facts: dict[str, object]) -> bytes:
    return json.dumps(facts, ensure_ascii=False).encode()


def _slack(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _line(text: str) -> str:
    return " ".join(text.split())


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(sep=" ", timespec="seconds")
