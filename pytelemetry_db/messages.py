"""What a message says: the same facts as text, as HTML, and as JSON for programs."""

import hashlib
import html
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from pytelemetry_db import __version__
from pytelemetry_db.alike import common, grouped, named
from pytelemetry_db.visible import one_line

__all__ = ["Event", "Message"]

_MOST = 20
# Who would call everybody, in Mattermost also in the text of a program.
_CALLS = re.compile(r"@(?=(all|channel|here)\b)", re.IGNORECASE)
# Slack splits a longer text; so many characters of it may one fact have.
_SLACK, _SLACK_FACT = 4000, 400


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
        name = one_line(self.object or "")
        title = {
            "failed": f"cleanup of {name} failed",
            "late": f"no good cleanup of {name} for too long",
            "suspended": f"the policy of {name} is suspended",
            "finding": f"{self.check_id} is critical" + (f": {name}" if name else ""),
        }[self.kind]
        return f"over: {title}" if self.event == "over" else title


@dataclass(frozen=True, slots=True)
class _Paragraph:
    """What is told in one go: an event, or many that are alike."""

    events: tuple[Event, ...]

    @property
    def title(self) -> str:
        """One line that says what is, or was, wrong."""
        first, number = self.events[0], len(self._names)
        if number == 1:
            return first.title + (f", {len(self.events)} times" if len(self.events) > 1 else "")
        title = {
            "failed": f"cleanup of {number} tables failed",
            "late": f"no good cleanup of {number} tables for too long",
            "suspended": f"the policies of {number} tables are suspended",
            "finding": f"{first.check_id} is critical for {number} objects",
        }[first.kind]
        return f"over: {title}" if first.event == "over" else title

    @property
    def _names(self) -> list[str]:
        """The objects, each once: the same table may have failed more than once since a channel was told."""
        return list(dict.fromkeys(one_line(event.object or "") for event in self.events))

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What there is to say of it, with a name for each."""
        first = self.events[0]
        began = first.event == "began"
        facts = [("which", named(self._names))] if len(self._names) > 1 else []
        facts.append(("since", _span([event.began_at for event in self.events])))
        if ended := [event.ended_at for event in self.events if event.ended_at is not None]:
            facts.append(("until", _span(ended)))
        facts += self._said("what it is" if began else "what it was", [event.detail for event in self.events])
        if began:
            facts += self._said("verdict", [event.verdict for event in self.events])
            facts.append(("look", f"pytelemetry-db health --check {first.check_id}"))
            facts += self._said("mend it", [event.remediation for event in self.events])
        return facts

    def _said(self, name: str, values: list[str | None] | list[str]) -> list[tuple[str, str]]:
        """Return what all events say, or what the first one does that says something."""
        if len(values) == 1:
            return [(name, one_line(values[0]))] if values[0] else []
        text = common([(event.object or "", value) for event, value in zip(self.events, values, strict=True)])
        return [(name, one_line(text))] if text else []


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
        """The first that began, or the first that is over, and how many more."""
        first = next((one for one in self._paragraphs if one.events[0].event == "began"), self._paragraphs[0])
        left = len(self.events) - len(first.events)
        more = f" (and {left} more)" if left else ""
        return f"[{one_line(self.database)}] {first.title}{more}"[:200]

    @property
    def _paragraphs(self) -> list[_Paragraph]:
        """The events, those that are alike together, by name."""
        groups = grouped(self.events, lambda one: (one.event, one.kind, one.check_id))
        return [_Paragraph(tuple(sorted(alike, key=lambda one: one.object or ""))) for alike in groups]

    @property
    def text(self) -> str:
        """The message for people, as plain text."""
        parts = [f"Database {one_line(self.database)}", ""]
        for one in self._paragraphs[:_MOST]:
            parts += [one.title, *(f"    {name}: {value}" for name, value in one.facts), ""]
        return "\n".join([*parts, *self._rest(_MOST)])

    @property
    def html(self) -> str:
        """The message for people, as HTML without anything that is fetched or run."""
        blocks = []
        for one in self._paragraphs[:_MOST]:
            rows = "".join(
                f'<tr><th align="left" valign="top">{html.escape(name)}</th><td>{html.escape(value)}</td></tr>'
                for name, value in one.facts
            )
            blocks.append(f"<h2>{html.escape(one.title)}</h2><table>{rows}</table>")
        rest = "".join(f"<p>{html.escape(line)}</p>" for line in self._rest(_MOST))
        return (
            '<!DOCTYPE html><html lang="en"><body>'
            f"<p>Database {html.escape(one_line(self.database))}</p>{''.join(blocks)}{rest}</body></html>"
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
        """The message as Slack, Mattermost and others take it, not longer than they show in one piece."""
        lines, room, shown = [f"*{_slack(self.subject)}*"], _SLACK - 2 * _SLACK_FACT, 0
        for one in self._paragraphs[:_MOST]:
            more = [f"*{_slack(one.title)}*", *(f"{name}: {_slack(value)}" for name, value in one.facts)]
            room -= len("\n".join(more)) + 1
            if room < 0:
                break
            lines += more
            shown += 1
        return _dump({"text": "\n".join([*lines, *self._rest(shown)])})

    def _rest(self, shown: int) -> list[str]:
        left = sum(len(one.events) for one in self._paragraphs[shown:])
        return [f"and {left} more: pytelemetry-db health"] if left else []


def _dump(facts: dict[str, object]) -> bytes:
    return json.dumps(facts, ensure_ascii=False).encode()


def _slack(text: str) -> str:
    """Escape a text for Slack; what is too long ends with an ellipsis, and not within an escape. It calls nobody."""
    made = ""
    for character in _CALLS.sub("@\u200b", text):
        piece = html.escape(character, quote=False)
        if len(made) + len(piece) >= _SLACK_FACT:
            return f"{made}…"
        made += piece
    return made


def _span(times: list[datetime]) -> str:
    first, last = _time(min(times)), _time(max(times))
    return first if first == last else f"{first} to {last}"


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(sep=" ", timespec="seconds")
