from datetime import timedelta

import pytest

from pytelemetry_db.durations import format_bytes, format_count, format_duration, to_interval
from pytelemetry_db.errors import UsageError


@pytest.mark.parametrize(
    ("text", "interval"),
    [
        ("30s", "30 seconds"),
        ("10min", "10 minutes"),
        ("6h", "6 hours"),
        ("7d", "7 days"),
        ("2w", "2 weeks"),
        ("3mon", "3 months"),
        ("1y", "1 years"),
        ("500ms", "500 milliseconds"),
        (" 7D ", "7 days"),
        ("1.5h", "1.5 hours"),
        ("1d12h", "1 days 12 hours"),
        ("1 day 12 hours", "1 days 12 hours"),
        ("1 year, 2 mons", "1 years 2 months"),
        ("1 day 02:30:00", "1 days 02:30:00"),
        ("90 days", "90 days"),
        ("P7D", "P7D"),
        ("pt5m", "PT5M"),
        ("P1Y2M3DT4H5M6S", "P1Y2M3DT4H5M6S"),
    ],
)
def test_durations(text: str, interval: str) -> None:
    assert to_interval(text, "--keep") == interval


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("7", "of what"),
        ("7.5", "of what"),
        ("7m", "minutes or months? write 7min or 7mon"),
        ("7 M", "minutes or months"),
        ("1d5m", "minutes or months"),
        ("-7d", "negative"),
        ("1 day -2 hours", "negative"),
        ("7 days ago", "negative"),
        ("7 fortnights", 'unknown unit "fortnights"'),
        ("soon", "not a duration"),
        ("d7", "not a duration"),
        ("7d; drop table x", "not a duration"),
        ("1-2", "not a duration"),
        ("P", "not a duration"),
        ("P7", "not a duration"),
        ("7d 3", "not a duration"),
        ("٧d", "not a duration"),
    ],
)
def test_what_is_refused_says_why(text: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        to_interval(text, "--keep")
    assert says in str(caught.value)
    assert "--keep" in str(caught.value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0ms"),
        (0.35, "350ms"),
        (0.9999, "1s"),
        (4.2, "4.2s"),
        (59.97, "1min"),
        (timedelta(minutes=3, seconds=5), "3min 05s"),
        (timedelta(hours=2), "2h"),
        (timedelta(days=7, hours=2, minutes=59), "7d 02h"),
        (-90, "-1min 30s"),
    ],
)
def test_format_duration(value: timedelta | float, text: str) -> None:
    assert format_duration(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1024, "1.0 kB"),
        (1536 * 1024, "1.5 MB"),
        (245 * 1024**2, "245 MB"),
        (1024**3 - 1, "1.0 GB"),
        (3 * 1024**5, "3.0 PB"),
        (-2048, "-2.0 kB"),
    ],
)
def test_format_bytes(value: int, text: str) -> None:
    assert format_bytes(value) == text


def test_format_count() -> None:
    assert format_count(1250000) == "1,250,000"
