"""Rules, dashboard, collector and documentation use the metrics that there are, and promtool takes the rules."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from support.command import ROOT

from pytelemetry_db import dashboard, promtool
from pytelemetry_db.registry import METRICS, by_name, names_in
from pytelemetry_db.rules import RULES, Rule

RUNBOOKS = ROOT / "docs" / "runbooks"


def _expressions() -> list[str]:
    board = json.loads(dashboard.to_dashboard())
    variables = [v["query"]["query"] for v in board["templating"]["list"] if isinstance(v["query"], dict)]
    return [target["expr"] for panel in board["panels"] for target in panel["targets"]] + variables


def test_every_expression_of_the_dashboard_names_a_metric() -> None:
    expressions = _expressions()
    assert len(expressions) > 20
    for expression in expressions:
        names = names_in(expression)
        assert names, expression
        assert names <= set(by_name()), expression


def test_panels_do_not_overlap_and_say_what_they_show() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in json.loads(dashboard.to_dashboard())["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        assert panel["description"]
        taken |= cells


def test_names_are_what_prometheus_expects() -> None:
    assert len(by_name()) == len(METRICS)
    for metric in METRICS:
        assert (metric.kind == "counter") == metric.name.endswith("_total"), metric.name
        assert metric.help.endswith("."), metric.name
        assert not {"instance", "job", "le", "quantile"} & set(metric.labels), metric.name
        assert names_in(metric.name) == {metric.name}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name + "".join(rule.labels.values()))
def test_every_rule_has_metrics_a_wait_and_a_runbook(rule: Rule) -> None:
    assert rule.names
    assert rule.names <= set(by_name())
    assert rule.wait >= 2
    assert "$value" not in rule.summary
    assert {name for series in rule.fires for name in names_in(series)} <= rule.names
    page = (RUNBOOKS / f"{rule.page}.md").read_text()
    assert f"`{rule.name}`" in page
    for heading in ("## What you see", "## Confirm", "## Fix"):
        assert page.count(heading) == 1, heading
        part = page.split(heading)[1].split("\n## ")[0]
        assert heading == "## What you see" or "```" in part, heading


def test_every_metric_of_a_rule_that_is_always_there_is_missed() -> None:
    missed = {rule.labels["metric"] for rule in RULES if rule.name == "TelemetryMetricsAbsent"}
    for rule in RULES:
        if rule.name not in ("TelemetryMetricsAbsent", "TelemetryMetricsStale"):
            watched = rule.names & missed
            sources = {by_name()[name].source for name in rule.names - missed}
            # What is not always there comes from a source of which something is, or is there only where it matters.
            assert watched or sources <= {"jobs", "samples", "server", "policies", "retention", "partitions"}, rule.name
    assert {"telemetry_maintenance_info", "telemetry_db_table_size_bytes", "telemetry_health_status"} <= missed


def test_promtool_takes_the_rules_and_each_fires_and_is_quiet(tmp_path: Path) -> None:
    (tmp_path / "pytelemetry_db.rules.yml").write_text(promtool.to_rules("https://example.org/runbooks"))
    (tmp_path / "tests.yml").write_text(promtool.to_tests("pytelemetry_db.rules.yml"))
    for command in (["check", "rules", "pytelemetry_db.rules.yml"], ["test", "rules", "tests.yml"]):
        done = subprocess.run(["promtool", *command], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done
        assert "SUCCESS" in done.stdout
    rules = yaml.safe_load((tmp_path / "pytelemetry_db.rules.yml").read_text())["groups"][0]["rules"]
    assert len(rules) == len(RULES)
    for rule in rules:
        assert rule["annotations"]["runbook_url"].startswith("https://example.org/runbooks/")
        assert rule["labels"]["severity"] in ("warning", "critical")
    tests = yaml.safe_load((tmp_path / "tests.yml").read_text())["tests"]
    assert len(tests) == 2 * len(RULES)


def test_a_rule_that_cannot_fire_fails_its_test(tmp_path: Path) -> None:
    broken = promtool.to_rules("x").replace(
        "telemetry_cleanup_last_run_success == 0", "telemetry_cleanup_last_run_success == 7"
    )
    (tmp_path / "rules.yml").write_text(broken)
    (tmp_path / "tests.yml").write_text(promtool.to_tests("rules.yml"))
    done = subprocess.run(["promtool", "test", "rules", "tests.yml"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0


def test_the_reference_lists_every_metric_and_alert() -> None:
    text = (ROOT / "docs" / "metrics.md").read_text()
    described = dict(re.findall(r"^\| `(telemetry_\w+)` \|.*\| (.*) \|$", text, re.MULTILINE))
    assert described == {metric.name: metric.help for metric in METRICS}
    alerts = set(re.findall(r"^\| `(Telemetry\w+)`", (ROOT / "docs" / "alerting.md").read_text(), re.MULTILINE))
    assert alerts == {rule.name for rule in RULES}
    reference = (ROOT / "docs" / "reference.md").read_text()
    assert "metrics.md" in reference
    assert "alerting.md" in reference


def test_no_page_is_left_without_an_alert() -> None:
    assert {page.stem for page in RUNBOOKS.glob("*.md")} >= {rule.page for rule in RULES}
