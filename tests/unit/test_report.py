"""The pure parts of the report: widths, escapes, axes, files."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import stat
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytelemetry_db import files
from pytelemetry_db.cli import output
from pytelemetry_db.errors import OperationFailed, PytelemetryError, UsageError
from pytelemetry_db.report import charts, facts, markdown, page, partition_section, passes_csv, sections, svg, text
from pytelemetry_db.report.parts import Column, Row, Section
from pytelemetry_db.visible import one_line, visible

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def a_pass(**parts: object) -> facts.Pass:
    given_parts: dict[str, object] = {
        "run_id": 1,
        "schema_name": "app",
        "table_name": "events",
        "started_at": NOW,
        "finished_at": NOW,
        "duration": timedelta(seconds=1.5),
        "stop_reason": "done",
        "rows": 10,
        "batches": 1,
        "debt_rows": 0,
        "debt_exact": True,
        "keep": "7 days",
        "keep_override": False,
        "cutoff": NOW,
        "largest_batch": 10,
        "longest_batch": timedelta(0),
        "wal_bytes": 100,
        "analyzed": False,
        "error_sqlstate": None,
        "error_message": None,
        "error_context": None,
        "detail": None,
        "role_name": "maint_owner",
        "pid": 1,
        "version": "x",
        "kind": "cleanup",
        "partitions_made": None,
        "partitions_removed": None,
    }
    return facts.Pass(**(given_parts | parts))  # type: ignore[arg-type]


def a_report(*runs: facts.Pass) -> facts.Report:
    period = facts.Period(since="7d", at=NOW, begins_at=NOW - timedelta(days=7), before_at=NOW - timedelta(days=14))
    made: dict[tuple[str, str], list[facts.Pass]] = {}
    for run in runs:
        made.setdefault((run.schema_name, run.table_name), []).append(run)
    tables = tuple(
        facts.TableReport(schema_name=key[0], table_name=key[1], runs=tuple(passes)) for key, passes in made.items()
    )
    return facts.Report(
        where="u@h:5432/d",
        version="x",
        server_version="15",
        period=period,
        tables=tables,
        runs=runs,
        total=None,
        partitions=(),
        jobs=(),
        findings=(),
        changes=(),
        missing=(),
    )


# --- text --------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.lists(st.text(max_size=70), min_size=3, max_size=3), st.integers(40, 160))
def test_no_line_is_wider_than_it_may_be(words: list[str], width: int) -> None:
    table, message, schema = (word.replace("\x00", "") for word in words)
    run = a_pass(schema_name=schema, table_name=table, stop_reason="failed", error_message=message)
    shown = text.render(a_report(run), width)
    assert max(text._width(line) for line in shown.split("\n")) <= width
    assert visible(shown) == shown


def test_columns_go_by_rank_and_then_the_longest_cells_are_cut() -> None:
    columns = (Column("table"), Column("less", 2), Column("least", 3), Column("n", right=True))
    section = Section("x", "X", columns, (Row(("a" * 30, "b" * 10, "c" * 10, "7")),), "")
    assert list(text._table(section, 70))[1] == f"{'a' * 30}  {'b' * 10}  {'c' * 10}  7"
    assert list(text._table(section, 50))[1] == f"{'a' * 30}  {'b' * 10}  7"
    assert list(text._table(section, 40))[1] == f"{'a' * 30}  7"
    assert list(text._table(section, 20))[1] == f"{'a' * 8}…{'a' * 8}  7"


def test_names_that_differ_at_their_ends_stay_different() -> None:
    assert text._cut("app.events_2026_11_25", 12) == "app.ev…11_25"
    assert text._cut("事事事事事", 5) == "事…事"
    assert text._width("e\u0301") == 1


# --- what others wrote -------------------------------------------------------------------------------------------


def test_nothing_that_others_wrote_is_obeyed() -> None:
    assert visible("\x1b[2J\x07 ok\n\tß é 事") == "\\x1b[2J\\x07 ok\n\tß é 事"
    assert visible("a\u202eb\u2066c\x9b") == "a\\u202eb\\u2066c\\x9b"
    assert one_line("two\nlines\r\x00") == "two lines \\x00"


def test_json_is_the_same_value_without_anything_to_obey() -> None:
    value = "\x1b[31m \x9b \u202e \u2028 ß"
    written = output.to_json({"x": value})
    assert json.loads(written)["x"] == value
    assert visible(written) == written


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "|", "%", "\t=", "\r="])
def test_no_cell_of_a_spreadsheet_is_a_formula(begin: str) -> None:
    run = a_pass(table_name=f"{begin}cmd|' /C calc'!A0", detail=f'{begin}1,"x"\ny')
    (cells,) = csv.DictReader(io.StringIO(passes_csv.render(a_report(run))))
    assert not [cell for cell in cells.values() if cell.startswith(tuple("=+-@|%\t\r"))]
    assert cells["table_name"].lstrip("'") == one_line(run.table_name)
    assert (cells["duration"], cells["started_at"], cells["keep_override"]) == (
        "1.500",
        "2026-11-25T12:00:00+00:00",
        "false",
    )


def test_markdown_takes_names_as_text() -> None:
    name = "a|b `c` <img src=x> [d](javascript:e) **f** @g ~h~ $i$ &amp; \\| -j"
    made = markdown.render(a_report(a_pass(table_name=name, stop_reason="failed", error_message="x | <b>y</b>\n# z")))
    rows = [line for line in made.splitlines() if line.startswith("|")]
    widths = {re.sub(r"\\.", "", line).count("|") for line in rows if "events" in line or "c\\`" in line}
    assert "<" not in re.sub(r"</?(details|summary|code)>", "", made)
    assert "\\*\\*f\\*\\*" in made
    assert "&#64;g" in made
    assert all(len(row) > 3 for row in rows)
    # A bar in a name makes no cell: each row has as many as its table's head.
    tables = re.split(r"\n(?!\|)", made)
    for table in tables:
        lines = [line for line in table.splitlines() if line.startswith("|")]
        assert len({line.count("|") for line in lines}) <= 1, lines
    assert widths


# --- charts ------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.floats(1e-3, 1e18), st.sampled_from(["count", "bytes", "seconds"]))
def test_an_axis_has_two_to_six_steps(top: float, unit: str) -> None:
    step = svg._step(top, unit)
    assert 1.9 <= top / step < 6.5


def test_bars_stay_in_their_chart_and_show_failures() -> None:
    runs = [a_pass(run_id=i, started_at=NOW - timedelta(hours=i), rows=i) for i in range(1, 160)]
    runs.append(a_pass(run_id=999, started_at=NOW - timedelta(days=3), stop_reason="failed", rows=0))
    report = a_report(*runs)
    rows, took, _ = charts.table_charts(report.tables[0], report.period, "t")
    assert "1 failed" in rows
    assert 'class="x"' in rows
    assert "<title" in took
    assert re.findall(r"[Mv-]\d+ ?-?\d*", rows)
    numbers = [int(number) for number in re.findall(r"M(\d+) ", rows)]
    assert 0 <= min(numbers) <= max(numbers) <= 720


def test_ticks_without_room_between_them_are_one_block() -> None:
    assert svg._ticks([(0.0, 12), (0.5, 12)]) == "M0 18v12M150 18v12"
    assert svg._ticks([(i / 300, 12) for i in range(301)]) == "M0 18v12H300v-12z"
    assert svg._ticks([(-1, 12), (2, 12)]) == ""


def a_set(name: str, runway: int | None, wanted: int | None = 100, missing: int = 0) -> dict[str, object]:
    until = None if not runway else NOW + timedelta(seconds=runway)
    return {
        "name": name,
        "runway_seconds": runway,
        "wanted_seconds": wanted,
        "missing": missing,
        "partition_interval": wanted and "1 day",
        "partitions": 3,
        "covered_until": until,
        **dict.fromkeys(("gaps", "half_detached", "detached", "expired", "default_rows"), 0),
    }


def test_the_shortest_runways_come_first_and_are_bad_up_to_the_limit() -> None:
    sets = [a_set("far", 10_000), a_set("endless", None), a_set("limit", 50, missing=2), a_set("none", 0, missing=4)]
    sets += [a_set("other's", 100, None), a_set("enough", 51), a_set("zero", 5, 0)]
    report = replace(a_report(), partitions=tuple(sets))
    found, more = partition_section.runways(report)
    assert ([one.name for one in found], more) == (["none", "limit", "enough", "far", "endless"], 0)
    ends = {one.name: re.findall(r'class="([rx])" d="M0 8v14H(\d+)', one.strip)[0] for one in found}
    assert ends == {
        "none": ("x", "0"),
        "limit": ("x", "100"),
        "enough": ("r", "102"),
        "endless": ("r", "300"),
        "far": ("r", "300"),
    }
    assert all('class="b" d="M100 ' in one.strip for one in found)
    assert all('class="n" d="M200 ' in one.strip for one in found)
    many = replace(report, partitions=tuple(a_set(f"t{index}", index) for index in range(30)))
    found, more = partition_section.runways(many)
    assert (len(found), more) == (20, 10)
    # Partitions without an end are no reason to make some.
    section = partition_section.partition_section(report, 10)
    levels = {row.cells[0]: (row.level, bool(row.code)) for row in section.rows}
    assert levels["endless"] == ("ok", False)
    assert levels["none"] == ("warning", True)


# --- findings ----------------------------------------------------------------------------------------------------


def test_findings_that_are_alike_are_one_row_in_every_document() -> None:
    found = [
        {"status": "warning", "check_id": "dead_rows", "object": f"app.t{index:02d}", "detail": f"{index} dead"}
        for index in range(1, 41)
    ]
    found += [{"status": "critical", "check_id": "dead_rows", "object": "app.worst", "detail": "all dead"}]
    found += [{"status": "warning", "check_id": "locks", "object": f"l{index}", "detail": "same"} for index in range(3)]
    report = replace(a_report(), findings=tuple(row | {"remediation": f"vacuum {row['object']};"} for row in found))
    section = next(one for one in sections.sections(report, 50) if one.name == "findings")
    assert [row.cells for row in section.rows] == [
        ("critical", "dead_rows", "app.worst"),
        ("warning", "dead_rows", "40 objects"),
        *(("warning", "locks", f"l{index}") for index in range(3)),
    ]
    assert section.rows[1].text == "app.t01, app.t02, app.t03, app.t04, app.t05 and 35 more. app.t01: 1 dead"
    assert section.rows[1].code == "vacuum app.t01;"
    for made in (text.render(report, 80), markdown.render(report).replace("\\", ""), page.render(report)):
        assert " ".join(made.split()).count("and 35 more") == 1
        assert "40 objects" in made
        assert "t06" not in made
    assert len(report.as_dict()["findings"]) == 44  # type: ignore[arg-type]


# --- files -------------------------------------------------------------------------------------------------------


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "r.txt"
    with files.replacing(str(path)) as write:
        write("one\r\n")
        assert not path.exists()
    assert path.read_bytes() == b"one\r\n"
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask
    path.chmod(0o640)
    with suppress(ZeroDivisionError), files.replacing(str(path)) as write:
        write("half")
        raise ZeroDivisionError
    assert path.read_bytes() == b"one\r\n"
    link = tmp_path / "link"
    link.symlink_to(path)
    with files.replacing(str(link)) as write:
        write("two")
    assert (link.is_symlink(), path.read_text(), stat.S_IMODE(path.stat().st_mode)) == (True, "two", 0o640)
    assert sorted(found.name for found in tmp_path.iterdir()) == ["link", "r.txt"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("no/such/folder", UsageError),
        (".", UsageError),
        ("x" * 300, PytelemetryError),
        ("/proc/x", UsageError),
    ],
)
def test_what_cannot_be_written_is_said(tmp_path: Path, name: str, kind: type[PytelemetryError]) -> None:
    with pytest.raises(kind, match="cannot write"), files.replacing(str(tmp_path / name)) as write:
        write("x")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_said() -> None:
    with pytest.raises(OperationFailed, match="No space left"), files.replacing("/dev/full") as write:
        write("x" * 100_000)
