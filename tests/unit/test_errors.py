import pytest

from pytelemetry_db import errors
from pytelemetry_db.errors import Interrupted, OperationFailed, PytelemetryError

CODES = {
    "ConnectionFailed": 2,
    "Interrupted": 130,
    "NoPolicy": 3,
    "NotInstalled": 3,
    "NotPermitted": 3,
    "OperationFailed": 2,
    "PytelemetryError": 2,
    "Refused": 2,
    "UsageError": 64,
}


def test_every_error_has_its_documented_exit_code() -> None:
    assert {name: getattr(errors, name)("found").exit_code for name in errors.__all__} == CODES


def test_every_code_is_in_the_table() -> None:
    assert errors.__doc__ is not None
    for code in {0, 1, 143, *CODES.values()}:
        assert f"\n{code} " in errors.__doc__


def test_termination_has_a_code_of_its_own() -> None:
    assert Interrupted(exit_code=143).exit_code == 143


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (OperationFailed("no"), "no"),
        (OperationFailed("no", "yes"), "no (yes)"),
        (OperationFailed("no", None, "do"), "no\n  try: do"),
        (OperationFailed("two\nlines", "and\n\tmore", "do\nthis"), "two lines (and more)\n  try: do this"),
    ],
)
def test_an_error_reads_as_one_line_and_one_step(error: PytelemetryError, text: str) -> None:
    assert str(error) == text
