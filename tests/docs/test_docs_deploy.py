"""What is in deploy/ fits the service: commands, options, variables, files; as far as no Docker is needed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from documents import ROOT, blocks
from fewpix.cli.verbs import command
from tiny_service import Caller, face, png, service

pytestmark = pytest.mark.needs("serve")
DEPLOY = ROOT / "deploy"
SOURCES = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "src" / "fewpix").rglob("*.py"))


def values(words: Sequence[str]) -> dict[str, Any]:
    """The options of a command of the service, as its own parser reads them."""
    verb, *rest = words
    return dict(command(verb).make_context(f"fewpix {verb}", list(rest)).params)


def stages() -> list[list[tuple[str, str]]]:
    """The instructions of the Dockerfile, by stage."""
    lines = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith("#")).replace("\\\n", " ")
    found: list[list[tuple[str, str]]] = []
    for line in filter(str.strip, text.splitlines()):
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            found.append([])
        found[-1].append((word, rest.strip()))
    return found


def test_the_image_is_small_and_without_privileges() -> None:
    build, final = stages()
    said = dict(final)
    assert all(stage[0][1].startswith("python:3.11-slim") for stage in (build, final))
    assert not re.match(r"(root|0)\b", said["USER"])
    words = [word for word, _ in final]
    assert words.index("USER") > max(n for n, word in enumerate(words) if word in ("RUN", "COPY"))
    assert not [rest for word, rest in final if word == "RUN" and re.search(r"pip install|apt|gcc", rest)]
    assert said["VOLUME"] == "/data"
    assert "/v1/health" in said["HEALTHCHECK"]
    check = json.loads(said["HEALTHCHECK"].partition("CMD ")[2])
    compile(check[2], "healthcheck", "exec")
    made = re.search(r"--uid (\d+)", said["RUN"])
    assert made is not None
    assert said["USER"] == f"{made[1]}:{made[1]}"


def test_what_the_image_is_made_of_is_there() -> None:
    build, final = stages()
    copied = [rest.split()[:-1] for word, rest in build if word == "COPY"]
    files = [name for names in copied for name in names]
    assert all((ROOT / name).exists() for name in files)
    let_in = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert {f"!{name}" for name in files} <= set(let_in)
    assert let_in[0] == "*"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (ROOT / project["readme"]).name in files
    (extras,) = re.findall(r'"\.\[(.*?)\]"', str(build))
    assert set(extras.split(",")) <= set(project["optional-dependencies"])
    names = set(re.findall(r"\b(FEWPIX_\w+)=", str(final)))
    assert names
    assert all(f'"{name}"' in SOURCES for name in names)


def test_the_image_starts_the_service() -> None:
    said = dict(stages()[1])
    assert json.loads(said["ENTRYPOINT"]) == ["fewpix"]
    found = values(json.loads(said["CMD"]))
    assert found["data"] == said["VOLUME"]
    assert str(found["port"]) == said["EXPOSE"]


@pytest.mark.needs("schemathesis")  # which brings PyYAML
def test_compose_names_what_is_there() -> None:
    import yaml

    said = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    own, database = said["services"]["fewpix"], said["services"]["database"]
    found = values(own["command"])
    assert found["data"] == "/data"
    assert "data:/data" in own["volumes"]
    assert (DEPLOY / own["build"]["context"]).resolve() == ROOT
    assert (ROOT / own["build"]["dockerfile"]).is_file()
    assert own["ports"] == [f"127.0.0.1:{found['port']}:{found['port']}"]
    assert own["read_only"] is True
    assert own["cap_drop"] == ["ALL"]
    assert own["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert "pgvector" in database["image"]
    assert database["healthcheck"]["test"][0] == "CMD"
    assert own["environment"]["PGUSER"] == database["environment"]["POSTGRES_USER"]
    volumes = {name.partition(":")[0] for each in (own, database) for name in each["volumes"]}
    assert {name for name in volumes if not name.startswith(".")} == set(said["volumes"])
    assert all((DEPLOY / name).is_file() for name in volumes if name.startswith("."))
    made = {database["environment"]["POSTGRES_DB"]}
    made |= set(re.findall(r"CREATE DATABASE (\w+);", (DEPLOY / "databases.sql").read_text(encoding="utf-8")))
    assert {place.partition("=")[2] for place in found["collection"]} == {
        f"postgresql:///{db}" for db in made
    }


def unit() -> dict[str, list[str]]:
    """The settings of the systemd unit."""
    found: dict[str, list[str]] = {}
    for line in (DEPLOY / "fewpix.service").read_text(encoding="utf-8").splitlines():
        name, separator, value = line.partition("=")
        if separator and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def test_the_unit_starts_the_service_where_its_data_are() -> None:
    said = unit()
    program, *words = said["ExecStart"][0].split()
    assert program.endswith("/bin/fewpix")
    found = values([word for word in words if word != "-v"])
    assert found["data"] == f"/var/lib/{said['StateDirectory'][0]}"
    assert f"FEWPIX_CACHE=/var/cache/{said['CacheDirectory'][0]}" in said["Environment"]
    assert said["User"] == ["fewpix"]
    assert int(said["TimeoutStopSec"][0]) > found["seconds"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no program systemd-analyze")
def test_systemd_knows_every_setting_of_the_unit(tmp_path: Path) -> None:
    text = (DEPLOY / "fewpix.service").read_text(encoding="utf-8")
    path = tmp_path / "fewpix.service"
    path.write_text(text.replace("/opt/fewpix/bin/fewpix", sys.executable), encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", str(path)], capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("sqlite3") is None, reason="no program sqlite3")
def test_what_was_backed_up_while_it_ran_is_a_service_again(tmp_path: Path) -> None:
    """The commands of docs/deploy.md, with other folders."""
    (block,) = [
        each
        for each in blocks(ROOT / "docs" / "deploy.md", "sh")
        if each.note.startswith("tried by tests/docs/test_docs_deploy.py")
    ]
    data, copy = tmp_path / "data", tmp_path / "copy"
    with service(data) as caller:
        for name in ("staff", "guests"):
            caller.post("/v1/collections", json={"name": name})
            caller.enrol(name, "Ada", png(face(1)))
        key = caller.post("/v1/keys", json={"name": "a", "scope": "admin"}).json()["key"]
        text = "\n".join(block.lines)
        assert "/var/lib/fewpix" in text
        text = text.replace("/var/lib/fewpix", str(data)).replace("/backup", str(copy))
        subprocess.run(["sh", "-eu", "-c", text], check=True)
        boss = Caller(caller.app, key)
        (ada,) = boss.get("/v1/collections/staff/people").json()["people"]
        boss.delete(f"/v1/collections/staff/people/{ada['id']}")
    with service(copy) as caller:
        caller.problem(401, "no-key", "GET", "/v1/collections")
        boss = Caller(caller.app, key)
        assert boss.get("/v1/collections").json()["collections"] == ["guests", "staff"]
        for name in ("staff", "guests"):
            assert [each["name"] for each in boss.get(f"/v1/collections/{name}/people").json()["people"]] == [
                "Ada"
            ]


def test_commands_of_the_service_in_the_documents_exist() -> None:
    """Those in blocks of `sh`, which name programs that the other tests do not know."""
    seen = 0
    for name in ("deploy.md", "threat_model.md", "cli/serving.md"):
        for block in blocks(ROOT / "docs" / name, "sh"):
            for line in "\n".join(block.lines).replace("\\\n", " ").splitlines():
                found = re.search(r"(?:^|\s|/)fewpix (serve|keys \w+) ?(.*)", line)
                if found is None:
                    continue
                verb, *more = found[1].split()
                words = [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', found[2])]
                parser: Any = command(verb)
                if more:
                    parser = parser.commands[more[0]]
                parser.make_context(verb, words)
                seen += 1
    assert seen >= 3
