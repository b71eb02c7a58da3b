"""Write the alert rules, and their unit tests, as promtool and Prometheus read them."""

import json

from pytelemetry_db.rules import RULES

__all__ = ["to_rules", "to_tests"]


def to_rules(runbooks: str) -> str:
    """Return the file for ``rule_files`` of Prometheus. YAML, with every text quoted as in JSON.

    :param runbooks: what the links begin with; the name of the page follows
    """
    lines = ["# Made by pytelemetry-db alert rules: do not edit, make it again.", "groups:", "  - name: pytelemetry_db"]
    lines.append("    rules:")
    base = runbooks.rstrip("/") + "/"
    for rule in RULES:
        lines += [
            f"      - alert: {rule.name}",
            f"        expr: {_text(rule.expr)}",
            f"        for: {rule.wait}m",
            "        labels:",
            *(
                f"          {name}: {_text(value)}"
                for name, value in {"severity": rule.severity, **rule.labels}.items()
            ),
            "        annotations:",
            f"          summary: {_text(rule.summary)}",
            f"          description: {_text(rule.description)}",
            f"          runbook_url: {_text(base + rule.page + '.md')}",
        ]
    return "\n".join(lines) + "\n"


def to_tests(rules_file: str) -> str:
    """Return a file for ``promtool test rules``: each alert fires once, and once it does not."""
    lines = [
        "# Made by pytelemetry-db alert rules --tests: do not edit, make it again.",
        "rule_files:",
        f"  - {_text(rules_file)}",
        "evaluation_interval: 1m",
        "tests:",
    ]
    for rule in RULES:
        end = rule.wait + 10
        labels = ", ".join(f'{name}="{value}"' for name, value in rule.labels.items())
        alert = f'ALERTS{{alertname="{rule.name}", alertstate="firing"{", " + labels if labels else ""}}}'
        for name, series, count in (("fires", rule.fires, 1), ("is quiet", rule.quiet, 0)):
            lines += [f"  - name: {_text(f'{rule.name} {labels} {name}')}", "    interval: 1m", "    input_series:"]
            for one, value in series.items():
                lines += [f"      - series: {_text(one)}", f"        values: {_text(f'{value}x{end}')}"]
            lines += ["    promql_expr_test:", f"      - expr: {_text(f'count({alert})')}"]
            lines += [f"        eval_time: {end}m"]
            lines += (
                ["        exp_samples:", "          - labels: '{}'", f"            value: {count}"]
                if count
                else ["        exp_samples: []"]
            )
    return "\n".join(lines) + "\n"


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
