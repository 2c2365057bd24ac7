"""Write schemas/v1/*.json (a JSON Schema for each type), schemas/asyncapi.yaml and schemas/openapi.json.

Run: python -m schemas.generate
"""

import json
from pathlib import Path

import yaml

from schemas import asyncapi, json_schema
from streams.http.api import openapi

HERE = Path(__file__).parent
BANNER = "# Generated from the code's types by `make generate`.\n"


class _Dumper(yaml.SafeDumper):
    """Write repeated parts in full, because anchors are hard to read."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - signature of the base class
        return True


def files() -> dict[Path, str]:
    """Return path -> content of every generated file."""
    directory = HERE / f"v{json_schema.VERSION}"
    written = {
        directory / f"{name}.json": json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        for name, document in json_schema.documents().items()
    }
    asyncapi_yaml: str = yaml.dump(asyncapi.document(), Dumper=_Dumper, sort_keys=False, width=110)
    openapi_json = json.dumps(openapi.document(), indent=2, ensure_ascii=False) + "\n"
    return written | {HERE / "asyncapi.yaml": BANNER + asyncapi_yaml, HERE / "openapi.json": openapi_json}


if __name__ == "__main__":
    for path, content in files().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8")
        print("wrote", path.relative_to(HERE.parent))
