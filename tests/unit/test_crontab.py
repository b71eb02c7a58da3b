"""Cron expressions for schedulers outside: checked, plain, and in systemd's words."""

from __future__ import annotations

import pytest

from pytelemetry_db.crontab import parse
from pytelemetry_db.errors import UsageError


@pytest.mark.parametrize(
    ("text", "cron", "calendar"),
    [
        ("0 2 * * *", "0 2 * * *", "*-*-* 02:00:00"),
        ("@daily", "0 0 * * *", "*-*-* 00:00:00"),
        ("@weekly", "0 0 * * 0", "Sun *-*-* 00:00:00"),
        ("*/20 * * * *", "0,20,40 * * * *", "*-*-* *:00,20,40:00"),
        (
            "5,10-12 8-18/5 * * mon-fri",
            "5,10,11,12 8,13,18 * * 1,2,3,4,5",
            "Mon,Tue,Wed,Thu,Fri *-*-* 08,13,18:05,10,11,12:00",
        ),
        ("30 4 1,15 jan,JUL *", "30 4 1,15 1,7 *", "*-01,07-01,15 04:30:00"),
        ("0 0 * * 7", "0 0 * * 0", "Sun *-*-* 00:00:00"),
        ("0 0 * * 5-7", "0 0 * * 0,5,6", "Fri,Sat,Sun *-*-* 00:00:00"),
        ("0 0 29 2 *", "0 0 29 2 *", "*-02-29 00:00:00"),
    ],
)
def test_one_expression_for_everybody(text: str, cron: str, calendar: str) -> None:
    found = parse(text, "--schedule cleanup=")
    assert (found.cron, found.on_calendar()) == (cron, calendar)
    assert found.on_calendar("Europe/Berlin") == f"{calendar} Europe/Berlin"
    assert parse(found.cron, "again") == found


@pytest.mark.parametrize(
    "text",
    [
        *("", "* * * *", "* * * * * *", "@reboot", "@never", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *"),
        *("* * * 13 *", "* * * * 8", "5-1 * * * *", "*/0 * * * *", "*/60 * * * *", "5/2 * * * *", "1,,2 * * * *"),
        *("* * * * mon#1", "* * L * *", "0 0 $ * *", "a * * * *", "-1 * * * *", "* * * jan-13 *", "0 0 * * sun-mon x"),
        *("0 0 31 2 *", "0 0 30 2 *", "0 0 31 4,6 *", "0 0 1 * mon", "30 seconds", "٣ * * * *"),
    ],
)
def test_what_would_never_run_or_mean_two_things_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse(text, "--schedule cleanup=")
    assert raised.value.found.startswith("--schedule cleanup=: ")
    assert raised.value.expected
