"""Things that are alike, told together: forty tables with the same trouble are one paragraph, not forty."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

__all__ = ["common", "grouped", "named"]

# Fewer than this are told one by one: each has its own facts.
_LEAST = 4
_NAMES = 5
T = TypeVar("T")


def grouped(items: Iterable[T], key: Callable[[T], Hashable]) -> list[tuple[T, ...]]:
    """Put those with the same key together, where there are enough; the others stay alone. The first of each decides
    its place."""
    found: dict[Hashable, list[T]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    groups: list[tuple[T, ...]] = []
    for alike in found.values():
        groups += [tuple(alike)] if len(alike) >= _LEAST else [(item,) for item in alike]
    return groups


def named(names: Sequence[str]) -> str:
    """Write the first few names, and how many more there are."""
    if len(names) <= _NAMES + 1:
        return ", ".join(names)
    return f"{', '.join(names[:_NAMES])} and {len(names) - _NAMES} more"


def common(values: Sequence[tuple[str, str | None]]) -> str | None:
    """Return what all of these say, or what the first one says, with its name; None when none of them says anything.

    :param values: for each a name, and what it says
    """
    said = [(name, value) for name, value in values if value]
    if not said:
        return None
    name, value = said[0]
    return value if len(said) == len(values) and len({value for _, value in said}) == 1 else f"{name}: {value}"
