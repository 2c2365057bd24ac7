"""Write the rules and the runbook's page from thresholds.toml and docs/runbook.md.

Run: python -m prometheus.generate
"""

from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml
from markdown_it import MarkdownIt

from prometheus import business_alerts, pipeline_alerts, recording
from prometheus.thresholds import HERE

RUNBOOK = HERE.parent / "docs" / "runbook.md"
BANNER = "# Generated from prometheus/thresholds.toml by `make generate`: change it there.\n"
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Runbook</title>
<style>body{{font:1rem/1.5 system-ui;max-width:45rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}}
pre{{overflow-x:auto}} :target{{background:#fd08}}</style></head>
<body>
{body}</body></html>
"""


class _Dumper(yaml.SafeDumper):
    """Represent expressions of several lines in block style, which is easier to read."""


def _text(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def files() -> dict[Path, str]:
    """Return every generated file with its content."""
    recorded = _group("retention-recording", recording.rules())
    business = _group("retention-business", [alert.rule() for alert in business_alerts.alerts()])
    pipeline = _group("retention-pipeline", [alert.rule() for alert in pipeline_alerts.alerts()])
    return {
        HERE / "rules" / "recording.yml": _yaml([recorded]),
        HERE / "rules" / "alerts.yml": _yaml([business, pipeline]),
        HERE / "user" / "runbook.html": page(RUNBOOK.read_text(encoding="utf-8")),
    }


def page(markdown: str) -> str:
    """Return the runbook as one HTML page, each heading with the anchor that the alerts link to."""
    reader = MarkdownIt("commonmark").enable("table")
    tokens = reader.parse(markdown)
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            opening.attrSet("id", inline.content.strip("`").lower().replace(" ", "-"))
    return PAGE.format(body=reader.renderer.render(tokens, reader.options, {}))


def _group(name: str, rules: list[dict[str, Any]]) -> dict[str, Any]:
    return {"name": name, "rules": rules}


def _yaml(groups: list[dict[str, Any]]) -> str:
    dumped: str = yaml.dump({"groups": groups}, Dumper=_Dumper, sort_keys=False, width=10_000)
    return BANNER + dumped


if __name__ == "__main__":
    for path, content in files().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8")
        print("wrote", path.relative_to(HERE.parent))
