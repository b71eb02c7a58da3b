"""What messages say: many that are alike together, hostile texts harmless, and never longer than a channel takes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from pytelemetry_db.alike import common, grouped, named
from pytelemetry_db.messages import Event, Message
from pytelemetry_db.visible import visible

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
FAILED = Event(
    identity="1:began",
    event="began",
    kind="failed",
    check_id="passes",
    object="app.a",
    detail="deadlock",
    remediation="call maint.cleanup('app.a');",
    began_at=NOW,
    ended_at=None,
    verdict="failing",
)


def slack(*events: Event) -> str:
    text = json.loads(Message("u@h:5432/d", events).slack())["text"]
    assert isinstance(text, str)
    return text


def some(number: int, **parts: object) -> tuple[Event, ...]:
    return tuple(
        replace(FAILED, identity=f"{index}", object=f"app.t{index}", began_at=NOW + timedelta(minutes=index), **parts)  # type: ignore[arg-type]
        for index in range(number)
    )


def test_three_are_told_one_by_one_and_four_together() -> None:
    three, four = Message("d", some(3)), Message("d", some(4))
    assert three.subject == "[d] cleanup of app.t0 failed (and 2 more)"
    assert [line for line in three.text.splitlines() if line.startswith("cleanup")] == [
        f"cleanup of app.t{index} failed" for index in range(3)
    ]
    assert four.subject == "[d] cleanup of 4 tables failed"
    assert four.text.splitlines()[2:] == [
        "cleanup of 4 tables failed",
        "    which: app.t0, app.t1, app.t2, app.t3",
        "    since: 2026-11-25 12:00:00+00:00 to 2026-11-25 12:03:00+00:00",
        "    what it is: deadlock",
        "    verdict: failing",
        "    look: pytelemetry-db health --check passes",
        "    mend it: call maint.cleanup('app.a');",
    ]


def test_what_differs_is_told_of_the_first_one() -> None:
    events = [replace(event, detail=f"run {index} failed") for index, event in enumerate(some(9))]
    text = Message("d", tuple(events)).text
    assert "which: app.t0, app.t1, app.t2, app.t3, app.t4 and 4 more" in text
    assert "what it is: app.t0: run 0 failed" in text
    # Another check, and what is over, are not alike.
    ended = some(4, event="over", ended_at=NOW)
    findings = some(4, kind="finding", check_id="runway")
    message = Message("d", (*ended, *events, *findings))
    assert message.subject == "[d] cleanup of 9 tables failed (and 8 more)"
    titles = [line for line in message.text.splitlines() if line and not line.startswith((" ", "Database"))]
    assert titles == [
        "over: cleanup of 4 tables failed",
        "cleanup of 9 tables failed",
        "runway is critical for 4 objects",
    ]
    assert message.html.count("<h2>") == 3
    assert len(json.loads(message.json())["events"]) == 17


def test_the_same_table_many_times_is_one_table() -> None:
    message = Message("d", tuple(replace(FAILED, identity=str(index)) for index in range(5)))
    assert message.subject == "[d] cleanup of app.a failed, 5 times"
    assert "which" not in message.text


def test_what_has_no_room_is_counted() -> None:
    many = tuple(event for index in range(30) for event in some(5, kind="finding", check_id=f"check_{index}"))
    assert Message("d", many).text.endswith("and 50 more: pytelemetry-db health")
    text = slack(*(replace(event, detail="long " * 500) for event in many))
    shown = text.count("*check_")
    assert 0 < shown < 20
    assert text.endswith(f"and {150 - 5 * shown} more: pytelemetry-db health")


@settings(deadline=None, max_examples=50)
@given(st.lists(st.text(max_size=500), min_size=3, max_size=3), st.integers(1, 30))
def test_slack_gets_what_it_shows_in_one_piece_and_obeys_nothing(words: list[str], number: int) -> None:
    name, detail, remediation = words
    events = tuple(
        replace(event, object=name, detail=detail, remediation=remediation, verdict=detail) for event in some(number)
    )
    text = slack(*events)
    assert len(text) <= 4000
    assert "<" not in text
    plain = Message("d", events)
    assert visible(plain.text) == plain.text
    assert visible(plain.subject) == plain.subject
    assert visible(plain.html) == plain.html


def test_escapes_are_not_cut_and_nobody_is_called() -> None:
    text = slack(replace(FAILED, object="&" * 3000, detail="<!channel> @all @Here @allen", verdict=None))
    assert not [piece for piece in text.split("&")[1:] if not piece.startswith(("amp;", "lt;", "gt;"))]
    assert "&lt;!channel&gt; @\u200ball @\u200bHere @allen" in text


def test_names_and_what_is_common() -> None:
    assert named([]) == ""
    assert named(list("abcdef")) == "a, b, c, d, e, f"
    assert named(list("abcdefg")) == "a, b, c, d, e and 2 more"
    assert grouped("abacada", str) == [("a",) * 4, ("b",), ("c",), ("d",)]
    assert common([("a", "x"), ("b", "x")]) == "x"
    assert common([("a", None), ("b", "x")]) == "b: x"
    assert common([("a", None), ("b", None)]) is None
