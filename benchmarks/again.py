"""Makes results anew that new weights, or a new detector, have made stale: one by one, each by its command.

`results/commands.toml` has the command of every result. What was made is noted in the work folder, so that
the same call goes on after an interruption; output goes to a file per result there. A command that fails is
named, and the others are made all the same.

    python -m benchmarks.again --data DATA --of fewpix-s --list
    python -m benchmarks.again --data DATA --older --work runs/again
    python -m benchmarks.again --data DATA --of fewpix-s --work runs/again
    python -m benchmarks.again --data DATA --only resolution/router.json --work runs/again

`--older` takes those whose figures are of other weights than the package holds, so it goes on where another
machine stopped; until then the tables of documents say of such figures that they are older. DATA holds
whole112-*.tar, faces112-*.tar, lfw112.tar and photos.tar. Results whose figures are times are left out unless
`--timed` asks for them: run these on a machine that does nothing else.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.lib.commands import COMMANDS, ROOT, Result, outdated, read_commands
from benchmarks.lib.run import options
from fewpix.errors import InputError
from fewpix.files import write_text


def chosen(
    results: Iterable[Result], of: Sequence[str], only: Sequence[str], *, timed: bool, older: bool = False
) -> list[Result]:
    """Those that are asked for and can be made.

    Args:
        results: all.
        of: what has changed.
        only: files; they are made whatever has changed.
        timed: also those whose figures are times.
        older: only those that earlier weights made.

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
        or (
            not only
            and not each.kept
            and (timed or not each.timed)
            and (not of or set(of) & set(each.of))
            and (not older or outdated(each.of, each.read()))
        )
    ]


def unpack_lfw(data: Path, work: Path) -> None:
    """LFW's pictures as a folder, which its commands ask for."""
    if not (work / "lfw112" / "pairs.txt").is_file():
        with tarfile.open(data / "lfw112.tar") as archive:
            # Pythons before 3.11.4 have no such filter.
            archive.extraction_filter = getattr(tarfile, "data_filter", None)
            archive.extractall(work)


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
    parser.add_argument("--older", action="store_true", help="those that earlier weights of a student made")
    parser.add_argument("--timed", action="store_true", help="also those whose figures are times")
    parser.add_argument("--work", type=Path, default=Path("runs/again"))
    parser.add_argument("--list", action="store_true", help="say what would be made, and how")
    given = parser.parse_args()
    try:
        results = chosen(read_commands(), given.of, given.only, timed=given.timed, older=given.older)
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
