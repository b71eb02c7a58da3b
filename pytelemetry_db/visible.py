"""Text that others wrote, made harmless for whoever shows it: names, messages and queries may hold anything."""

import re

__all__ = ["escaped", "one_line", "visible"]

# What a terminal takes for a command, and what turns around or hides the text beside it. Line feed and tab are meant.
_ACTIVE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]")


def visible(text: str) -> str:
    r"""Write control characters as they are written in Python (``\x1b``): no terminal or editor obeys them then."""
    return _ACTIVE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def one_line(text: str) -> str:
    """Make one harmless line of a text."""
    return visible(" ".join(text.split()))


def escaped(text: str) -> str:
    """Write the same characters as JSON writes them in strings."""
    return _ACTIVE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
