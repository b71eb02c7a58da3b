"""The report as GitHub's Markdown: the summary first, long tables folded."""

import re
from collections.abc import Iterator

from pytelemetry_db.report.facts import Report
from pytelemetry_db.report.parts import Level, Section, headline, moment
from pytelemetry_db.report.sections import sections
from pytelemetry_db.visible import one_line

__all__ = ["render"]

_LIMIT = 50
_MARKS: dict[Level, str] = {"ok": "✓", "warning": "⚠", "critical": "✗", "unknown": "?"}
_FOLDED = ("passes", "changes")
# Everything that means something to Markdown or HTML. A backslash before punctuation is that character, everywhere.
_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+.!|~$@:&-])")
# Without these a name in a table is text in every dialect: an entity is never markup.
_HTML = {"<": "&lt;", ">": "&gt;", "&": "&amp;", "|": "&#124;", "@": "&#64;", ":": "&#58;"}


def render(report: Report) -> str:
    """Write it; everything that others wrote is text, whatever it looks like."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    period = report.period
    yield f"# Report of {_text(one_line(report.where))}"
    yield ""
    yield f"{moment(period.begins_at)} to {moment(period.at)} UTC ({_text(period.since)})"
    yield ""
    yield "| | what | how much |"
    yield "|---|---|---|"
    for name, value, level in headline(report):
        yield f"| {_MARKS[level]} | {name} | {_text(value)} |"
    for section in sections(report, _LIMIT):
        yield ""
        yield f"## {section.title}"
        yield ""
        if not section.rows:
            yield _text(section.empty)
            continue
        if section.name in _FOLDED:
            yield f"<details><summary>{len(section.rows):,} shown</summary>"
            yield ""
        yield from _table(section)
        if section.more:
            yield ""
            yield f"and {section.more:,} more: `--format json` has all"
        if section.name in _FOLDED:
            yield ""
            yield "</details>"


def _table(section: Section) -> Iterator[str]:
    texts = any(row.text or row.code for row in section.rows)
    titles = ["", *(column.title for column in section.columns), *(["why"] if texts else [])]
    yield _row(titles)
    yield _row(["---", *("---:" if column.right else "---" for column in section.columns), *(["---"] if texts else [])])
    for row in section.rows:
        code = f"<code>{_text(row.code)}</code>" if row.code else ""
        why = [" ".join(part for part in (_text(row.text), code) if part)] if texts else []
        yield _row([_MARKS[row.level], *map(_text, row.cells), *why])


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _text(text: str) -> str:
    return _SPECIAL.sub(lambda found: _HTML.get(found[0], f"\\{found[0]}"), text)
