import pytest

from pytelemetry_db.errors import UsageError
from pytelemetry_db.names import DEFAULT_SCHEMA, quote_identifier, quote_literal, validate_schema


@pytest.mark.parametrize("name", [DEFAULT_SCHEMA, "_", "a1", "order", "public", "x" * 48])
def test_allowed_schema_names(name: str) -> None:
    assert validate_schema(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "Maint", "1a", "a-b", "a.b", 'a"b', "a'b", "a b", "x" * 49, "maint\n", "é", "pg_maint", "information_schema"],
)
def test_other_schema_names_are_refused_with_the_rule(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        validate_schema(name)
    assert caught.value.exit_code == 64
    assert caught.value.expected
    assert caught.value.next_step == "--schema maint"


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("maint", "maint"),
        ("_x1", "_x1"),
        ("order", '"order"'),
        ("user", '"user"'),
        ("json_table", '"json_table"'),
        ("system_user", '"system_user"'),
        ("Mixed", '"Mixed"'),
        ("a b", '"a b"'),
        ('a"b', '"a""b"'),
        ("1a", '"1a"'),
    ],
)
def test_identifiers_are_quoted_where_they_must_be(name: str, written: str) -> None:
    assert quote_identifier(name) == written


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_what_is_no_identifier_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        quote_identifier(name)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("", "''"),
        ("maint", "'maint'"),
        ("it's", "'it''s'"),
        ("a\\b'c", "E'a\\\\b''c'"),
        ("a$$b", "E'a\\x24\\x24b'"),
    ],
)
def test_literals_cannot_leave_their_quotes(value: str, written: str) -> None:
    assert quote_literal(value) == written


def test_a_literal_with_nul_is_refused() -> None:
    with pytest.raises(UsageError):
        quote_literal("a\0b")
