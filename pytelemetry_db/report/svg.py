"""Charts as inline SVG: no script, no style attribute, no request; colours come from classes of the page.

Everything but the numbers is escaped by ``Markup``. A chart has a title and a description for those who do not see it.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from markupsafe import Markup

__all__ = ["Band", "Bars", "Chart", "Level", "Line", "Point", "gauge", "lane", "path"]

# Twice the pixels that a chart has on a phone, so that whole numbers are exact enough.
_WIDTH, _HEIGHT = 720, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 112, 16, 14, 34
_LANE = 300

Point = tuple[datetime, float]


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points, in order of time."""

    points: Sequence[Point]
    kind: Literal["main", "expected"] = "main"


@dataclass(frozen=True, slots=True)
class Band:
    """The area between two lines: where a value is expected."""

    low: Sequence[Point]
    high: Sequence[Point]


@dataclass(frozen=True, slots=True)
class Bars:
    """A bar at each point, as wide as ``width``; ``bad`` ones look different."""

    points: Sequence[Point]
    width: timedelta
    bad: Sequence[Point] = ()


@dataclass(frozen=True, slots=True)
class Level:
    """A line across: a limit."""

    value: float
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One chart over time, from zero up. ``write`` puts a value into words."""

    title: str
    description: str
    begins_at: datetime
    ends_at: datetime
    parts: tuple[Line | Band | Bars | Level, ...]
    write: Callable[[float], str]
    unit: Literal["count", "bytes", "seconds"] = "count"
    now: datetime | None = None

    def render(self, name: str) -> Markup:
        """Draw it. ``name`` makes its ids those of no other chart."""
        top = self._top()
        x, y = _scale(self.begins_at, self.ends_at), _vertical(top)
        marks = Markup("").join([*self._axes(top, y), *self._now(x), *(_draw(part, x, y) for part in self.parts)])
        return Markup(
            "<figure><figcaption>{} <span>{}</span></figcaption>"
            '<svg viewBox="0 0 {} {}" role="img" aria-labelledby="{}t {}d"><title id="{}t">{}</title>'
            '<desc id="{}d">{}</desc>{}</svg></figure>'
        ).format(
            *(self.title, self.description, _WIDTH, _HEIGHT),
            *(name, name, name, self.title, name, self.description, marks),
        )

    def _top(self) -> float:
        highest = max((value for part in self.parts for value in _values(part)), default=0.0)
        # The name of a limit needs room above its line.
        return (highest * (1.15 if any(isinstance(part, Level) for part in self.parts) else 1.05)) or 1.0

    def _axes(self, top: float, y: Callable[[float], int]) -> Iterable[Markup]:
        step = _step(top, self.unit)
        for value in (index * step for index in range(int(top / step) + 1)):
            yield Markup('<path class="g" d="M{} {}H{}"/><text class="e" x="{}" y="{}">{}</text>').format(
                _LEFT, y(value), _WIDTH - _RIGHT, _LEFT - 8, y(value) + 7, self.write(value)
            )
        pattern = "%H:%M" if self.ends_at - self.begins_at < timedelta(days=2) else "%b %d"
        for at, where, css in (
            (self.begins_at, _LEFT, "s"),
            (self.begins_at + (self.ends_at - self.begins_at) / 2, (_LEFT + _WIDTH - _RIGHT) // 2, "m"),
            (self.ends_at, _WIDTH - _RIGHT, "e"),
        ):
            yield Markup('<text class="{}" x="{}" y="{}">{}</text>').format(
                css, where, _HEIGHT - 8, f"{at.astimezone(UTC):{pattern}}"
            )

    def _now(self, x: Callable[[datetime], int]) -> Iterable[Markup]:
        if self.now is not None:
            yield Markup('<path class="n" d="M{} {}V{}"/>').format(x(self.now), _TOP, _HEIGHT - _BOTTOM)


def lane(title: str, marks: Iterable[tuple[str, Iterable[tuple[float, int]]]]) -> Markup:
    """Draw a strip of marks, as wide as it gets.

    :param marks: kinds (classes of the page), each with places from 0 to 1 and the height that a mark has there
    """
    drawn = [
        Markup('<path class="{}" d="{}"/>').format(kind, text) for kind, places in marks if (text := _ticks(places))
    ]
    return Markup(
        '<svg class="lane" viewBox="0 0 {} 30" preserveAspectRatio="none" role="img"><title>{}</title>{}</svg>'
    ).format(_LANE, title, Markup("").join(drawn))


def gauge(name: str, title: str, description: str, share: float, marks: Sequence[float], *, bad: bool) -> Markup:
    """Draw a bar from the left, as wide as it gets, and a line across at each of ``marks``, the first one a limit.

    :param name: makes its ids those of no other chart
    :param share: where the bar ends, from 0 to 1
    """
    end = round(_LANE * min(max(share, 0.0), 1.0))
    lines = Markup("").join(
        Markup('<path class="{}" d="M{} 0v30"/>').format("b" if index == 0 else "n", round(_LANE * mark))
        for index, mark in enumerate(marks)
    )
    return Markup(
        '<svg class="lane gauge" viewBox="0 0 {} 30" preserveAspectRatio="none" role="img" aria-labelledby="{}t {}d">'
        '<title id="{}t">{}</title><desc id="{}d">{}</desc><path class="{}" d="M0 8v14H{}V8z"/>{}</svg>'
    ).format(_LANE, name, name, name, title, name, description, "x" if bad else "r", end, lines)


def _ticks(places: Iterable[tuple[float, int]]) -> str:
    """Return the data of ticks; those without room between them are one block."""
    steps = {round(place * _LANE): height for place, height in places if 0 <= place <= 1}
    blocks: list[list[int]] = []
    for step in sorted(steps):
        if blocks and step == blocks[-1][1] + 1:
            blocks[-1][1] = step
        else:
            blocks.append([step, step])
    return "".join(
        f"M{first} {30 - steps[first]}v{steps[first]}" + (f"H{last}v-{steps[first]}z" if last > first else "")
        for first, last in blocks
    )


def path(points: Sequence[tuple[int, int]]) -> str:
    """Return the data of a path, in steps from point to point, which are the shortest to write."""
    if not points:
        return ""
    text, (x, y) = f"M{points[0][0]} {points[0][1]}l", points[0]
    steps = []
    for next_x, next_y in points[1:]:
        steps.append(f"{next_x - x} {next_y - y}")
        x, y = next_x, next_y
    return text + " ".join(steps) if steps else f"{text}0 0"


def _draw(part: Line | Band | Bars | Level, x: Callable[[datetime], int], y: Callable[[float], int]) -> Markup:
    if isinstance(part, Level):
        height = y(part.value)
        # The name stands above its line, unless that would be outside.
        return Markup('<path class="b" d="M{} {}H{}"/><text class="b e" x="{}" y="{}">{}</text>').format(
            _LEFT, height, _WIDTH - _RIGHT, _WIDTH - _RIGHT - 4, height - 6 if height > 40 else height + 22, part.name
        )
    if isinstance(part, Line):
        return Markup('<path class="{}" d="{}"/>').format(
            "l" if part.kind == "main" else "f", path([(x(at), y(value)) for at, value in part.points])
        )
    if isinstance(part, Band):
        around = [*part.high, *reversed(part.low)]
        return Markup('<path class="a" d="{}z"/>').format(path([(x(at), y(value)) for at, value in around]))
    width = max(2, x(part.points[0][0] + part.width) - x(part.points[0][0]) - 1) if part.points else 2
    return Markup("").join(
        Markup('<path class="{}" d="{}"/>').format(
            kind, "".join(f"M{x(at)} {y(0)}v{y(value) - y(0)}h{width}V{y(0)}z" for at, value in points)
        )
        for kind, points in (("r", part.points), ("x", part.bad))
        if points
    )


def _step(top: float, unit: str) -> float:
    """Return a round number that goes into ``top`` two to five times."""
    if unit == "seconds":
        steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, *(3600 * hours for hours in (1, 2, 3, 6, 12))]
        steps += [86400 * days for days in (1, 2, 5, 7, 14, 30, 60, 90, 180, 365, 730, 1825, 3650)]
        if fitting := [step for step in steps if 2 <= top / step < 6]:
            return float(fitting[-1])
    base = 1024 if unit == "bytes" else 1000
    power = math.floor(math.log(max(top, 1e-9), base))
    for step in (1, 2, 5, 10, 20, 50, 100, 200, 500):
        if top / (step * base**power) < 6:
            break
    rounded = step * float(base) ** power
    # A thousand and a little, counted in thousands: once is not enough.
    return rounded if top / rounded >= 2 else rounded / 2


def _values(part: Line | Band | Bars | Level) -> Iterable[float]:
    if isinstance(part, Level):
        return (part.value,)
    if isinstance(part, Band):
        return (value for _, value in (*part.low, *part.high))
    return (value for _, value in (*part.points, *(part.bad if isinstance(part, Bars) else ())))


def _scale(begins_at: datetime, ends_at: datetime) -> Callable[[datetime], int]:
    span = max((ends_at - begins_at).total_seconds(), 1.0)
    room = _WIDTH - _LEFT - _RIGHT

    def place(at: datetime) -> int:
        share = (at - begins_at).total_seconds() / span
        return round(_LEFT + room * min(max(share, 0.0), 1.0))

    return place


def _vertical(top: float) -> Callable[[float], int]:
    room = _HEIGHT - _TOP - _BOTTOM

    def place(value: float) -> int:
        share = value / top if math.isfinite(value) else 0.0
        return round(_TOP + room * (1 - min(max(share, 0.0), 1.0)))

    return place
