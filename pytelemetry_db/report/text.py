"""The report as plain text, as wide as it may be."""

import textwrap
import unicodedata
from collections.abc import Iterator, Sequence

from pytelemetry_db.report.facts import Report
from pytelemetry_db.report.parts import Column, Section, headline, moment
from pytelemetry_db.report.sections import sections
from pytelemetry_db.visible import one_line

__all__ = ["render"]

_LIMIT = 20
_GAP = "  "
# A column of text is not made narrower than this.
_NARROW = 8


def render(report: Report, width: int = 80) -> str:
    """Write it in lines of at most ``width`` characters; columns without room are left out, the longest cells cut."""
    return "\n".join(_lines(report, max(width, 40))) + "\n"


def _lines(report: Report, width: int) -> Iterator[str]:
    period = report.period
    yield from _wrap(f"report of {one_line(report.where)}", width)
    yield from _wrap(f"{moment(period.begins_at)} to {moment(period.at)} UTC ({period.since})", width)
    yield ""
    for name, value, level in headline(report):
        sign = "" if level in ("ok", "unknown") else f"  ({level})"
        yield f"{name:<14}{value}{sign}"
    for section in sections(report, _LIMIT):
        yield ""
        yield section.title.upper()
        if not section.rows:
            yield from _wrap(section.empty, width)
            continue
        yield from _table(section, width)
        if section.more:
            yield from _wrap(f"and {section.more:,} more: --format json has all", width)


def _table(section: Section, width: int) -> Iterator[str]:
    chosen = _columns(section, width)
    titles = [section.columns[index].title for index in chosen]
    rows = [[row.cells[index] for index in chosen] for row in section.rows]
    widths = [max(map(_width, cells)) for cells in zip(titles, *rows, strict=True)]
    columns = [section.columns[index] for index in chosen]
    # The longest cells pay for what there is no room for.
    while sum(widths) + len(_GAP) * (len(widths) - 1) > width and max(widths) > _NARROW:
        widths[widths.index(max(widths))] -= 1
    yield _line(titles, columns, widths)
    for cells, row in zip(rows, section.rows, strict=True):
        yield _line(cells, columns, widths)
        for text in (row.text, row.code):
            yield from _wrap(text, width, "    ")


def _columns(section: Section, width: int) -> list[int]:
    """Return the columns that fit, by their ranks, with those that say nothing left out."""
    chosen = [
        index
        for index, column in enumerate(section.columns)
        if column.rank == 0 or any(row.cells[index] for row in section.rows)
    ]

    def needed() -> int:
        sizes = [
            max(_width(section.columns[index].title), *(_width(row.cells[index]) for row in section.rows))
            for index in chosen
        ]
        return sum(sizes) + len(_GAP) * (len(sizes) - 1)

    while needed() > width:
        worst = max(chosen, key=lambda index: (section.columns[index].rank, index))
        if section.columns[worst].rank == 0:
            break
        chosen.remove(worst)
    return chosen


def _line(cells: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> str:
    made = []
    for cell, column, width in zip(cells, columns, widths, strict=True):
        text = _cut(cell, width)
        space = " " * (width - _width(text))
        made.append(space + text if column.right else text + space)
    return _GAP.join(made).rstrip()


def _cut(text: str, width: int) -> str:
    """Take out of the middle what does not fit: names differ at both ends."""
    if _width(text) <= width:
        return text
    head, tail = list(text), list[str]()
    while head and _width("".join(head)) > width // 2:
        head.pop()
    for character in reversed(text):
        if _width("".join(head)) + 1 + _width("".join([character, *tail])) > width:
            break
        tail.insert(0, character)
    return f"{''.join(head)}…{''.join(tail)}"


def _wrap(text: str, width: int, indent: str = "") -> list[str]:
    wide = _width(text) - len(text)
    return textwrap.wrap(
        text,
        # Wide characters take two places each; half the width is enough for any number of them.
        width if not wide else width // 2,
        initial_indent=indent,
        subsequent_indent=indent,
        break_on_hyphens=False,
    )


def _width(text: str) -> int:
    """Return how many places a terminal gives to a text."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )
