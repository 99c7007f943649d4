"""Which command makes which result, and which results are older than the weights in the package."""

from __future__ import annotations

import json
import shlex
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from fewpix.embed.router import read_bands, routed_sha256
from fewpix.models.shipped import STUDENTS, shipped
from fewpix.models.teacher import SFACE_SHA256
from fewpix.models.weights import load_weights

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = ROOT / "results" / "commands.toml"


class Result(BaseModel):
    """One result and how it is made; the fields are told in `results/commands.toml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str
    of: tuple[str, ...] = ()
    command: str = ""
    timed: bool = False
    kept: str = ""
    toy: str = ""
    untried: str = ""

    def seconds(self) -> float | None:
        """How long it took last time, if that is known."""
        run = ROOT / "results" / f"{self.file.removesuffix('.json')}.run.json"
        return float(json.loads(run.read_bytes())["duration_s"]) if run.is_file() else None

    def read(self) -> dict[str, Any]:
        """What it says at present."""
        payload: dict[str, Any] = json.loads((ROOT / "results" / self.file).read_bytes())
        return payload

    def words(self, data: Path, work: Path, trial: Path | None = None) -> list[str]:
        """The command, as a program gets it.

        Args:
            data: the folder of the faces.
            work: a folder of its own.
            trial: the file to write instead, by the small settings that end in seconds on toy data.
        """
        there = {
            "whole": [str(path) for path in sorted(data.glob("whole112-*.tar"))],
            "chips": [str(path) for path in sorted(data.glob("faces112-*.tar"))],
            "lfw": [str(work.parent / "lfw112")],
            "photos": [str(data / "photos.tar")],
            "work": [str(work)],
        }
        words = [
            each
            for word in shlex.split(self.command)
            for each in (there[word[1:-1]] if word.startswith("{") else [word])
        ]
        if words[0] == "python":
            words[0] = sys.executable
        else:
            words[:1] = [sys.executable, "-m", "fewpix"]
        if trial:
            return [
                *(each for each in words if each != "--write"),
                *shlex.split(self.toy),
                "--out",
                str(trial),
            ]
        return words if self.file.startswith("../") else [*words, "--out", f"results/{self.file}"]


@cache
def read_commands() -> tuple[Result, ...]:
    """All results, in the order in which they are made."""
    with COMMANDS.open("rb") as file:
        return tuple(Result.model_validate(each) for each in tomllib.load(file)["result"])


@cache
def present() -> Mapping[str, str]:
    """The digests of the students in the package, by name, and that of `auto`."""
    students = {name: load_weights(shipped(f"{name}.safetensors"))[1].sha256 for name in STUDENTS}
    cards = {
        **{name: (name, sha256) for name, sha256 in students.items()},
        "teacher": ("sface", SFACE_SHA256),
    }
    return {**students, "auto": routed_sha256((start, *cards[model]) for start, model in read_bands())}


def texts(payload: Any) -> Iterator[str]:
    """All texts in a result."""
    if isinstance(payload, str):
        yield payload
    elif isinstance(payload, Mapping | list | tuple):
        for each in payload.values() if isinstance(payload, Mapping) else payload:
            yield from texts(each)


def outdated(of: Sequence[str], payload: Mapping[str, Any]) -> list[str]:
    """The students of whose present weights a result does not speak.

    Args:
        of: what it is made of, see `Result`.
        payload: the result; it names the digest of each student, or that of `auto`, which holds theirs.
    """
    known = set(texts(payload))
    current = present()
    if current["auto"] in known:
        return []
    return [name for name in of if name in STUDENTS and current[name] not in known]
