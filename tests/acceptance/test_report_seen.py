"""The report's page as a real browser shows it: at a phone and a desktop, by day and at night, without scripts."""

from __future__ import annotations

import itertools
from pathlib import Path

from support import Cli, Database
from support.chromium import Box, chromium
from support.reports import HOSTILE, fill, partition

# What a font may reach over its line.
SLACK = 3.0


def inside(inner: Box, outer: Box) -> bool:
    return (
        outer.left - SLACK <= inner.left
        and inner.right <= outer.right + SLACK
        and outer.top - SLACK <= inner.top
        and inner.bottom <= outer.bottom + SLACK
    )


def within(inner: Box, outer: Box) -> bool:
    """Whether the middle of a text is in a picture: then it is one of its texts."""
    x, y = (inner.left + inner.right) / 2, (inner.top + inner.bottom) / 2
    return outer.left <= x <= outer.right and outer.top <= y <= outer.bottom


def test_nothing_is_cut_off_and_the_console_is_silent(database: Database, cli: Cli, tmp_path: Path) -> None:
    fill(database, policies=6, days=6, passes_per_day=3)
    partition(database, 3, name="a_name_as_long_as_a_name_can_be_in_postgresql_is_all_of")
    path = tmp_path / "report.html"
    arguments = ("report", "--format", "html", "--since", "6d", "--output", path, "--dsn", database.dsn)
    assert cli.here(*arguments).returncode == 0
    pictures = set()
    with chromium() as browser:
        for width, dark in itertools.product((390, 1280), (False, True)):
            seen = browser.look(path, width=width, dark=dark)
            assert seen.said == [], (width, dark)
            assert (seen.page_width, seen.window_width) == (width, width)
            texts = [box for box in seen.texts if box.text.strip()]
            assert [box for box in texts if box.left < 0 or box.right > width] == [], (width, dark)
            charts = [box for box in seen.pictures if box.right - box.left > 200]
            assert len(charts) > 30
            assert [box for box in seen.pictures if box.left < 0 or box.right > width] == []
            labels = [(text, chart) for chart in charts for text in texts if within(text, chart)]
            assert len(labels) > 150
            assert [label for label in labels if not inside(*label)] == [], (width, dark)
            shown = " ".join(box.text for box in texts)
            for words in (f"app.{HOSTILE}", "Runway", "Timeline", "budget", "Findings of now"):
                assert words in shown
            pictures.add(seen.picture)
        # The dark page is another one than the light one.
        assert len(pictures) == 4


def test_a_browser_that_sees_something_wrong_says_so(tmp_path: Path) -> None:
    path = tmp_path / "wrong.html"
    path.write_text(
        "<!doctype html><meta name='viewport' content='width=device-width'>"
        "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        "<img src='data:image/png;base64,x'><p style='width: 900px'>wide<script>document.title = 'run'</script>"
        "<svg width=300 height=30><text x=290 y=20>cut off at the end</text></svg>"
    )
    with chromium() as browser:
        seen = browser.look(path, width=390, dark=False)
    assert seen.page_width > 390
    # The picture is forbidden; the script does not even come that far.
    assert [said for said in seen.said if "violates" not in said] == []
    assert len(seen.said) == 1
    (label,) = [box for box in seen.texts if box.text.startswith("cut off")]
    assert not inside(label, seen.pictures[0])
