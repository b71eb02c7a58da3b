"""The single-dash long flags of the cleanup utility that operators already have in their crontabs."""

from collections.abc import Iterator, Sequence
from itertools import islice

__all__ = ["rewrite"]

_WITH_VALUE = frozenset(
    ("db-host", "db-port", "db-name", "db-user", "db-password", "events-retention-days", "agg-retention-days")
)
_SWITCHES = frozenset(("dry-run", "health-check"))
_TRUE = frozenset(("1", "t", "T", "true", "TRUE", "True"))
_FALSE = frozenset(("0", "f", "F", "false", "FALSE", "False"))


def rewrite(arguments: Sequence[str]) -> list[str]:
    """Return ``arguments`` with the documented old flags in their double-dash form; everything else as it is.

    ``-dry-run``, ``-dry-run=false``, ``-events-retention-days=3``, ``-db-host name``. Nothing is changed after ``--``,
    nor where a word is the value of one of these flags.
    """
    result: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--":
            result += [word, *words]
            break
        name, equals, value = word[1:].partition("=")
        if not word.startswith("-") or word.startswith("--"):
            result.append(word)
            if word[2:] in _WITH_VALUE:
                result += _next(words)
        elif name in _WITH_VALUE:
            result.append(f"-{word}")
            if not equals:
                result += _next(words)
        elif name in _SWITCHES and (not equals or value in _TRUE):
            result.append(f"--{name}")
        elif name not in _SWITCHES or value not in _FALSE:
            result.append(word)
    return result


def _next(words: Iterator[str]) -> list[str]:
    return list(islice(words, 1))
