"""Every value is quoted for the file that it goes into."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from pytelemetry_db.emit import TARGETS, Options, emit
from pytelemetry_db.errors import UsageError

OPTIONS = Options(command="/usr/bin/pytelemetry-db", environment={})
PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=20)


@given(value=PRINTABLE)
@example("$(DB_USER)")
def test_kubernetes_gets_every_value_as_it_is(value: str) -> None:
    options = replace(OPTIONS, command="", environment={"DB_HOST": value}, schema=value, image=value)
    (file,) = emit("kubernetes", options)
    for job in yaml.safe_load_all(file.text):
        (container,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
        assert container["image"] == value
        assert container["env"][0]["value"].replace("$$(", "$(") == value
        assert container["args"][-1].replace("$$(", "$(") == value
        assert not re.search(r"(?<!\$)\$\(", container["env"][0]["value"])


@given(value=PRINTABLE)
@example('%h \\ $HOME "')
def test_systemd_gets_every_value_as_it_is(value: str) -> None:
    service = emit("systemd", replace(OPTIONS, environment={"DB_HOST": value}))[0].text
    (word,) = re.findall(r'^Environment="(DB_HOST=.*)"$', service, re.MULTILINE)
    assert re.sub(r"\\(.)", r"\1", word).replace("%%", "%") == f"DB_HOST={value}"


@given(value=PRINTABLE)
@example("a'b\"")
def test_cron_gets_every_value_as_it_is_or_none(value: str) -> None:
    options = replace(OPTIONS, environment={"DB_HOST": value})
    if "'" in value and '"' in value:
        with pytest.raises(UsageError, match="a crontab cannot hold"):
            emit("cron", options)
    else:
        (found,) = re.findall(r"^DB_HOST=(.*)$", emit("cron", options)[0].text, re.MULTILINE)
        assert found[0] == found[-1] != value
        assert found[1:-1] == value


@pytest.mark.parametrize("target", TARGETS)
def test_a_line_break_never_gets_into_a_file(target: str) -> None:
    command = "" if target == "kubernetes" else OPTIONS.command
    with pytest.raises(UsageError, match="a control character"):
        emit(target, replace(OPTIONS, command=command, environment={"DB_HOST": "a\n* * * * * rm -r /"}))
