"""Makes results anew that new weights, or a new detector, have made stale: one by one, each by its command.

`results/commands.toml` has the command of every result. What was made is noted in the work folder, so that
the same call goes on after an interruption; output goes to a file per result there. A command that fails is
named, and the others are made all the same.

    python -m benchmarks.again --data DATA --of fewpix-s --list
    python -m benchmarks.again --data DATA --of fewpix-s --work runs/again
    python -m benchmarks.again --data DATA --only resolution/router.json --work runs/again

DATA holds whole112-*.tar, faces112-*.tar, lfw112.tar and photos.tar. Results whose figures are times are left
out unless `--timed` asks for them: run these on a machine that does nothing else.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import tarfile
import time
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from benchmarks.lib.run import options
from fewpix.errors import InputError
from fewpix.files import write_text

ROOT = Path(__file__).resolve().parents[1]
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


def read_commands() -> list[Result]:
    """All results, in the order in which they are made."""
    with COMMANDS.open("rb") as file:
        return [Result.model_validate(each) for each in tomllib.load(file)["result"]]


def chosen(results: Iterable[Result], of: Sequence[str], only: Sequence[str], *, timed: bool) -> list[Result]:
    """Those that are asked for and can be made.

    Args:
        results: all.
        of: what has changed.
        only: files; they are made whatever has changed.
        timed: also those whose figures are times.

    Raises:
        InputError: a name that is not there, or a file that is not made anew.
    """
    results = list(results)
    by_file = {each.file: each for each in results}
    known = {name for each in results for name in each.of}
    for name in of:
        if name not in known:
            raise InputError(f"no result is made of '{name}'", fix=f"one of {', '.join(sorted(known))}")
    for file in only:
        if file not in by_file:
            raise InputError(f"{COMMANDS.name} has no '{file}'", fix="see --list")
        if by_file[file].kept:
            raise InputError(f"{file} is not made anew: {by_file[file].kept}")
    return [
        each
        for each in results
        if each.file in only
        or (not only and not each.kept and (timed or not each.timed) and (not of or set(of) & set(each.of)))
    ]


def unpack_lfw(data: Path, work: Path) -> None:
    """LFW's pictures as a folder, which its commands ask for."""
    if not (work / "lfw112" / "pairs.txt").is_file():
        with tarfile.open(data / "lfw112.tar") as archive:
            archive.extractall(work, filter="data")


def make(results: Sequence[Result], data: Path, work: Path) -> list[Result]:
    """Make them one by one; which failed."""
    work.mkdir(parents=True, exist_ok=True)
    noted = work / "made.json"
    made = json.loads(noted.read_bytes()) if noted.is_file() else []
    failed = []
    if any("{lfw}" in each.command for each in results):
        unpack_lfw(data, work)
    for number, each in enumerate(results, 1):
        if each.file in made:
            print(f"{number} of {len(results)}: {each.file} is made already", flush=True)
            continue
        took = each.seconds()
        hint = "" if took is None else f", {took / 60:.0f} minutes last time"
        print(f"{number} of {len(results)}: {each.file}{hint}", flush=True)
        name = each.file.replace("../", "").replace("/", "-").removesuffix(".json")
        start = time.monotonic()
        with (work / f"{name}.log").open("w", encoding="utf-8") as log:
            done = subprocess.run(
                each.words(data, work / name), cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, check=False
            )
        if done.returncode:
            failed.append(each)
            print(f"  failed with {done.returncode}: {work / f'{name}.log'}", flush=True)
            continue
        made.append(each.file)
        write_text(noted, json.dumps(made))
        print(f"  {(time.monotonic() - start) / 60:.1f} minutes", flush=True)
    return failed


def main() -> int:
    """Make what is asked for."""
    parser = options(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of the faces")
    parser.add_argument("--of", nargs="+", default=[], help="what has changed: a student, or detector")
    parser.add_argument("--only", nargs="+", default=[], metavar="FILE", help="these results")
    parser.add_argument("--timed", action="store_true", help="also those whose figures are times")
    parser.add_argument("--work", type=Path, default=Path("runs/again"))
    parser.add_argument("--list", action="store_true", help="say what would be made, and how")
    given = parser.parse_args()
    try:
        results = chosen(read_commands(), given.of, given.only, timed=given.timed)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    data, work = given.data.resolve(), given.work.resolve()
    if given.list:
        for each in results:
            took = each.seconds()
            print(f"{each.file}, {'?' if took is None else f'{took / 60:.0f}'} minutes\n    {each.command}")
        total = sum(each.seconds() or 0 for each in results)
        print(f"{len(results)} results, {total / 3600:.1f} hours last time")
        return 0
    failed = make(results, data, work)
    print(f"{len(results) - len(failed)} of {len(results)} are made")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
