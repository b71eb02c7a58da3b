"""How a pass shows itself: a bar on a terminal, a plain line per table elsewhere."""

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import typer

from pytelemetry_db.cli import output

if TYPE_CHECKING:
    from pytelemetry_db import db

__all__ = ["Progress"]


class Progress:
    """Shows rows of the view ``progress`` and the NOTICE that ends each pass."""

    def __init__(self) -> None:
        self._fancy = sys.stderr.isatty() and not output.is_quiet()
        self._run: int | None = None
        self._bar: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def show(self, row: "db.Row") -> None:
        """Move the bar to where the pass is."""
        if not self._fancy:
            return
        if row["run_id"] != self._run:
            self._close()
            self._run = row["run_id"]
            self._bar = typer.progressbar(
                length=max(int(row["rows_expected"] or 0), 1),
                label=f"{row['schema_name']}.{row['table_name']}",
                file=sys.stderr,
                show_pos=True,
            )
            self._bar.__enter__()
        self._bar.length = max(int(row["rows_expected"] or 0), int(row["rows"]), 1)
        self._bar.update(int(row["rows"]) - self._bar.pos)

    def tell(self, severity: str, text: str) -> None:
        """Pass on a line of the procedure."""
        self._close()
        if severity == "WARNING":
            output.warn(text)
        elif self._fancy:
            output.say(text)
        else:
            output.timed(text)

    def _close(self) -> None:
        # The bar stays where the pass was last seen; the line that follows says how it ended.
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
            self._bar = None
