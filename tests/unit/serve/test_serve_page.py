"""The page: served whole, with a policy that lets nothing else in, and complete in the package."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

from fewpix.image.align import TEMPLATE
from fewpix.serve.routes.page import MEDIA, assets
from project import ROOT
from tiny_service import Caller, face, png, service

pytestmark = pytest.mark.needs("serve")

FOLDER = ROOT / "src" / "fewpix" / "serve" / "page"


def text(name: str) -> str:
    return assets()[name].decode()


def named_by(name: str) -> set[str]:
    """The files that a file of the page asks for."""
    if name.endswith(".html"):
        return set(re.findall(r'(?:src|href)="assets/([^"]+)"', text(name)))
    return set(re.findall(r'^import .*?from "\./([^"]+)";$', text(name), re.M))


def test_the_page_is_served_with_a_strict_policy(caller: Caller) -> None:
    found = caller.get("/")
    assert found.status_code == 200
    assert found.headers["content-type"] == "text/html; charset=utf-8"
    policy = dict(part.strip().split(" ", 1) for part in found.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["form-action"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["img-src"] == "'self' blob:"
    assert "unsafe" not in found.headers["content-security-policy"]
    assert found.headers["permissions-policy"].startswith("camera=(self)")


def test_every_file_is_served_and_asked_again_only_when_it_changed(caller: Caller) -> None:
    for name in assets():
        found = caller.get(f"/assets/{name}")
        assert found.status_code == 200
        assert found.content == assets()[name]
        assert found.headers["content-type"] == MEDIA[name.rpartition(".")[2]]
        assert "no-cache" in found.headers["cache-control"]
        again = caller.get(f"/assets/{name}", headers={"If-None-Match": found.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", ["none.js", "..%2Fapp.py", "%2e%2e/schemas.py", "page.py"])
def test_nothing_else_is_served(caller: Caller, name: str) -> None:
    caller.problem(404, "no-route", "GET", f"/assets/{name}")


def test_the_page_comes_without_a_key_and_what_it_asks_for_does_not(tmp_path: Path) -> None:
    with service(tmp_path) as caller:
        assert caller.post("/v1/keys", json={"name": "a", "scope": "admin"}).status_code == 201
        assert caller.get("/").status_code == 200
        caller.problem(401, "no-key", "GET", "/v1/collections")


def test_every_file_that_is_named_is_there_and_every_file_is_named() -> None:
    named, new = set[str](), {"index.html"}
    while new:
        named |= new
        new = set().union(*(named_by(name) for name in new)) - named
        assert new <= set(assets()), "a file is named that is not there"
    assert named == set(assets()), "a file is there that nothing names"


def test_nothing_comes_from_elsewhere_and_nothing_is_inline() -> None:
    for name in assets():
        said = text(name).replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert not re.search(r"""https?:|wss?:|["'(]//|@import|url\(""", said), name
        assert not re.search(r"(inner|outer|Adjacent)HTML|document\.write|\beval\(|Function\(", said), name
    page = text("index.html")
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*src=)", page)


def test_files_are_small() -> None:
    assert {name for name in assets() if len(text(name).splitlines()) > 200} == set()


def test_the_package_holds_the_page() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    patterns = project["tool"]["setuptools"]["package-data"]["fewpix"]
    held = {path for pattern in patterns for path in (ROOT / "src" / "fewpix").glob(pattern)}
    assert {FOLDER / name for name in assets()} <= held


def test_the_template_of_the_page_is_the_library_s() -> None:
    found = re.search(r"const TEMPLATE = (\[.*?\n\]);", text("geometry.js"), re.S)
    assert found
    assert ast.literal_eval(found[1]) == TEMPLATE.tolist()


def test_people_are_found_by_a_part_of_their_name_in_pages(caller: Caller) -> None:
    for n, name in enumerate(("Ada Lovelace", "Émile Ada", "Grace Hopper", "adam")):
        caller.enrol("staff", name, png(face(n)))
    path = "/v1/collections/staff/names"
    first = caller.get(path, params={"part": "ADA", "limit": 2}).json()
    rest = caller.get(path, params={"part": "ADA", "limit": 2, "cursor": first["next"]}).json()
    names = [each["name"] for each in first["people"] + rest["people"]]
    assert names == ["Ada Lovelace", "adam", "Émile Ada"]
    assert rest["next"] is None
    (emile,) = caller.get(path, params={"part": "émile"}).json()["people"]
    assert (
        emile == caller.get("/v1/collections/staff/people", params={"name": "Émile Ada"}).json()["people"][0]
    )
    assert caller.get(path, params={"part": "100 %"}).json() == {"people": [], "next": None}
    caller.problem(422, "cursor", "GET", path, params={"part": "a", "cursor": "-"})
    caller.problem(404, "no-collection", "GET", "/v1/collections/none/names", params={"part": "a"})
