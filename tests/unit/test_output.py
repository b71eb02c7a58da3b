import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from pytelemetry_db.cli import output


def test_a_table_aligns_words_left_and_numbers_right(capsys: pytest.CaptureFixture[str]) -> None:
    when = datetime(2026, 3, 1, 2, 0, 0, 123456, tzinfo=UTC)
    output.table(("table", "rows", "last"), [("a", 1250000, when), ("long\nname", None, None)])
    assert capsys.readouterr().out.splitlines() == [
        "table           rows  last",
        "a          1,250,000  2026-03-01 02:00:00+00:00",
        "long name",
    ]


def test_a_table_without_rows_is_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(("table",), [])
    assert capsys.readouterr().out == ""


def test_json_has_a_version_and_plain_values(capsys: pytest.CaptureFixture[str]) -> None:
    output.json_dump(
        {"at": datetime(2026, 3, 1, tzinfo=UTC), "took": timedelta(seconds=90), "n": Decimal(3), "r": Decimal("0.5")}
    )
    printed = json.loads(capsys.readouterr().out)
    assert printed == {"schema_version": 1, "at": "2026-03-01T00:00:00+00:00", "took": 90.0, "n": 3, "r": 0.5}
    with pytest.raises(TypeError):
        output.json_dump({"x": object()})


class Terminal:
    """As much of a stdout as the marks look at."""

    def __init__(self, encoding: str, tty: bool) -> None:
        self.encoding, self.tty = encoding, tty

    def isatty(self) -> bool:
        return self.tty


@pytest.mark.parametrize(
    ("encoding", "tty", "no_color", "mark"),
    [
        ("utf-8", True, "", "✓"),
        ("UTF-8", True, "", "✓"),
        ("utf-8", False, "", "ok"),
        ("iso8859-1", True, "", "ok"),
        ("utf-8", True, "1", "ok"),
    ],
)
def test_marks_fall_back_to_words(
    encoding: str, tty: bool, no_color: str, mark: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setattr("sys.stdout", Terminal(encoding, tty))
    assert output.mark("ok") == mark
