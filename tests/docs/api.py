"""The operations of the service as a document, made from the service itself. As a program it renews it:

    python tests/docs/api.py docs/api.md

Operations stand between `<!-- operations -->` and `<!-- /operations -->`, problems likewise.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from fewpix.serve.access import SCOPE, UPLOADS
from fewpix.serve.app import create_app
from fewpix.serve.problems import KINDS
from fewpix.serve.routes.operation import ACCESS, CODES, REPEAT
from fewpix.serve.settings import Settings

_BLOCK = re.compile(r"(<!-- (operations|problems) -->\n).*?(<!-- /\2 -->)", re.DOTALL)
EVERYWHERE = (*ACCESS, "invalid", "bug")


@cache
def described() -> dict[str, Any]:
    """The interface as OpenAPI."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Settings(data=folder))
        try:
            return app.openapi()
        finally:
            app.state.service.stop()


def operations() -> str:
    """A section for each subject, with a part for each operation."""
    subjects: dict[str, list[str]] = {}
    for path, item in described()["paths"].items():
        for method, said in item.items():
            part = "\n".join(_operation(f"{method.upper()} {path}", said))
            subjects.setdefault(said["tags"][0], []).append(part)
    return "\n\n".join(
        f"## {subject.capitalize()}\n\n" + "\n\n".join(parts) for subject, parts in subjects.items()
    )


def _operation(title: str, said: dict[str, Any]) -> Iterator[str]:
    needs = "nothing" if said[SCOPE] == "none" else f"the scope `{said[SCOPE]}`"
    yield f"### {title}\n\n{said['description']}\n\nIt needs {needs}."
    given = list(_parameters(said))
    if given:
        yield "\n| option | meaning |\n|---|---|\n" + "\n".join(given)
    body = said.get("requestBody", {})
    if said.get(UPLOADS) and "image/jpeg" not in body["content"]:
        yield f"\nBody: {body['description'][0].lower()}{body['description'][1:]}"
    elif said.get(UPLOADS):
        yield "\nBody: picture files as `multipart/form-data`, or one of them as `image/...`."
    elif "requestBody" in said:
        yield f"\nBody: {_fields(said['requestBody']['content']['application/json']['schema'])}."
    good = {number: each for number, each in said["responses"].items() if number.startswith("2")}
    for number, each in good.items():
        content = each.get("content", {}).get("application/json", {}).get("schema")
        told = _fields(content) if content else "as the description says"
        yield f"\nResult, {number}: {told}."
    own = [f"`{code}`" for code in said[CODES] if code not in EVERYWHERE]
    yield f"\nErrors: {', '.join(own) or 'none'} and those of every operation."
    yield f"\nMay it be sent again? {said[REPEAT]}"


def _parameters(said: dict[str, Any]) -> Iterator[str]:
    for each in said.get("parameters", []):
        if each["in"] == "path":
            continue
        text = each.get("description") or each["schema"].get("description", "")
        default = each["schema"].get("default")
        ends = "" if default is None or default is False else f" Default: `{default}`."
        where = " (header)" if each["in"] == "header" else ""
        yield f"| `{each['name']}`{where} | {text}{ends} |"


def _fields(schema: dict[str, Any]) -> str:
    """A schema as a list of its members."""
    name = schema.get("$ref", "").rpartition("/")[2]
    found = described()["components"]["schemas"].get(name, schema)
    members = [f"`{field}`{_inside(each)}" for field, each in found.get("properties", {}).items()]
    return ", ".join(members) if members else "a value"


def _inside(schema: dict[str, Any]) -> str:
    """What a list in a schema is a list of."""
    items = schema.get("items", {})
    for each in (items, *items.get("anyOf", [])):
        if "$ref" in each:
            return f" (each {_fields(each)})"
    return ""


def problems() -> str:
    """Every code."""
    rows = [f"| `{code}` | {kind.status} | {kind.title} | {kind.remedy} |" for code, kind in KINDS.items()]
    return "\n".join(["| code | status | what it is | what to do |", "|---|---|---|---|", *rows])


def renewed(text: str) -> str:
    """The document with its parts made anew."""
    made = {"operations": operations, "problems": problems}
    return _BLOCK.sub(lambda found: f"{found[1]}\n{made[found[2]]()}\n\n{found[3]}", text)


def main(words: list[str]) -> int:
    """Renew the documents."""
    for word in words:
        path = Path(word)
        path.write_text(renewed(path.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
