"""The statements of ``bench/sql``, by name."""

import re
from functools import cache
from pathlib import Path

from pytelemetry_db.names import quote_identifier

__all__ = ["statement"]

_ROOT = Path(__file__).parent / "sql"


def statement(name: str, **names: str) -> bytes:
    """Return ``bench/sql/<name>.sql`` with identifiers in place of ``@relation@`` and others.

    :raises KeyError: for a token that nothing was given for
    """
    return re.sub(r"@(\w+)@", lambda found: quote_identifier(names[found[1]]), _text(name)).encode()


@cache
def _text(name: str) -> str:
    return (_ROOT / f"{name}.sql").read_text(encoding="utf-8")
