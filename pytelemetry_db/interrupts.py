"""Signals that ask us to stop, counted instead of thrown."""

import signal
from types import FrameType, TracebackType
from typing import Self

__all__ = ["Interrupts"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Within the block Ctrl-C, SIGTERM and SIGHUP are counted; the code inside decides what they mean.

    ``count`` says how many came, ``exit_code`` what the process should end with: 130 for Ctrl-C, 143 for the others.
    A signal that was ignored before stays so: ``nohup`` means what it says.
    """

    def __init__(self) -> None:
        self.count = 0
        self.exit_code = 0
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> Self:
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.count += 1
        self.exit_code = self.exit_code or (130 if number == signal.SIGINT else 143)
