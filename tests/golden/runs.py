"""Every verb of `fewpix evaluate` on small copies of its benchmarks, and `fewpix compare` of what they write.

`python tests/golden/runs.py` (with `tests/made` on PYTHONPATH) writes `kept/` anew.
"""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import bin_layout
import ijb_layout
import ijbs_faces_layout
import ijbs_layout
import lfw_layout
import scface_layout
import survface_layout
import tinyface_layout
import uccs_layout
import xqlfw_layout
from fewpix.cli import main
from orl_files import put
from pixels_model import write_two_models

KEPT = Path(__file__).resolve().parent / "kept"

HR_LR = "--protocol hr-lr --teacher same"
BOTH = "--model {one},{other}"
SAME = "--gallery-model same"

RUNS = {
    "lfw": "evaluate lfw {lfw} --model {one} --teacher same --size 8",
    "lfw-table": f"evaluate pairs lfw {{lfw}} {BOTH} --baseline {{other}} --protocol hr-lr,lr-lr --size 8 "
    "--fit aligned --fars 0.001 --teacher same --flip",
    "pairs-lfw": "evaluate pairs lfw {lfw} --model {one} --fars 0.3,0.01",
    "pairs-xqlfw": f"evaluate pairs xqlfw {{xqlfw}} --model {{one}} {HR_LR} --small first --size 12,8 --flip",
    "pairs-bin": "evaluate pairs bin {bin} --model {one} --protocol lr-lr --size 8 --family noise --seed 3",
    "pairs-scface": f"evaluate pairs scface {{scface}} {BOTH} --distance 1 --ids {{ids}} --allow-missing "
    "--fars 0.1",
    "pairs-survface": "evaluate pairs survface-pairs {survface} --model {one} --fit stretch",
    "pairs-table": f"evaluate pairs table {{pairs}} {BOTH} {HR_LR} --size 8,12 --fars 0.2,1e-1",
    "search-tinyface": f"evaluate search tinyface {{tinyface}} {BOTH} {SAME} --size 9,12 --ranks 1,3",
    "search-scface": f"evaluate search scface {{scface}} --model {{one}} {SAME} --ids {{ids}} --distance 2 "
    "--enrolled {enrolled} --fpirs 0.1,0.3",
    "search-survface": f"evaluate search survface {{survface}} {BOTH} {SAME} --gallery-size 12",
    "search-table": f"evaluate search table {{searched}} {BOTH} {SAME} --size 8 --fpirs 0.5,0.01 --flip",
    "template-pairs": f"evaluate pairs ijb {{ijb}} {BOTH} {HR_LR} --size 8 --fars 0.25,0.05,0.01",
    "template-pairs-native": "evaluate pairs ijb {ijb} --model {one} --fuse media-quality --fars 0.3",
    "template-search-ijb": f"evaluate search ijb {{ijb}} {BOTH} {SAME} --size 8 --ranks 1,2 --fpirs 0.3,0.1",
    "template-search-ijbs": f"evaluate search ijbs {{ijbs}} --faces {{faces}} --model {{one}} "
    f"{SAME} --fpirs 0.5 --fuse mean",
    "uccs": "evaluate uccs {uccs} {scores} --ranks 1,2 --rates 0.1,0.25,0.5,1",
    "uccs-other": "evaluate uccs {uccs} {other_scores} --ranks 1,2 --rates 0.1,0.25,0.5,1",
    "uccs-scores": f"evaluate uccs-scores {{photos}} {{made_scores}} --model {{one}} {SAME} --min-score 0.6",
    "compare-lfw": "compare {out}/lfw.json {out}/lfw.json",
    "compare-lfw-table": "compare {out}/lfw-table.json {out}/lfw-table.json",
    "compare-pairs": "compare {out}/pairs-table.json {out}/pairs-table.json",
    "compare-search": "compare {out}/search-tinyface.json {out}/search-tinyface.json",
    "compare-open-search": "compare {out}/search-table.json {out}/search-table.json",
    "compare-template-pairs": "compare {out}/template-pairs.json {out}/template-pairs.json",
    "compare-template-search": "compare {out}/template-search-ijb.json {out}/template-search-ijb.json",
    "compare-uccs": "compare {out}/uccs-other.json {out}/uccs.json",
}
"""Name → the command; what `lay_out` made stands in braces, and `{out}` for the results of earlier ones."""


@dataclass(frozen=True)
class Outcome:
    """What a run gave: the words on stdout, the result, the single scores (None where there are none)."""

    text: str
    result: bytes
    scores: dict[str, np.ndarray] | None


def lay_out(folder: Path) -> dict[str, Path]:
    """All benchmarks and models, by the words that stand for them in `RUNS`."""
    (folder / "models").mkdir(parents=True)
    one, other = write_two_models(folder / "models")
    scface, tinyface = scface_layout.scface(folder / "scface"), tinyface_layout.tinyface(folder / "tinyface")
    (scface / "surveillance_cameras_distance_1/cam_3/044_cam3_1.jpg").unlink()
    put(tinyface / "Testing_Set/Probe/10_7.jpg", 3, 2)  # looks like another person
    (tinyface / "Testing_Set/Probe/6_2.jpg").write_bytes(b"\xff\xd8\xff")
    survface_layout.verification(folder / "survface")
    ijb, uccs = ijb_layout.lay_out(folder / "ijbc"), uccs_layout.lay_out(folder / "uccs").folder
    (broken,) = [name for name, template, _ in ijb.rows if template == 8]  # the only picture of its template
    (ijb.folder / "loose_crop" / broken).write_bytes(b"\xff\xd8\xff")
    ijbs_layout.lay_out(folder / "ijbs")
    made = {
        "one": one,
        "other": other,
        "lfw": lfw_layout.lay_out_folds(folder / "lfw"),
        "xqlfw": xqlfw_layout.lay_out_xqlfw(folder / "xqlfw", "xqlfw_aligned_112"),
        "bin": bin_layout.write(folder / "own.bin", (bin_layout.BINS, bin_layout.SAME)),
        "scface": scface,
        "ids": scface_layout.ids(folder / "ids.txt"),
        "enrolled": scface_layout.ids(folder / "enrolled.txt", scface_layout.PEOPLE[:3]),
        "survface": survface_layout.identification(folder / "survface"),
        "tinyface": tinyface,
        "pairs": _pairs(folder / "pairs"),
        "searched": _searched(folder / "searched"),
        "ijb": ijb.folder,
        "ijbs": folder / "ijbs",
        "faces": ijbs_faces_layout.cut(folder / "faces"),
        "uccs": uccs,
        "photos": uccs_layout.lay_out_photos(folder / "photos").folder,
        "scores": uccs_layout.scores(folder / "scores.csv"),
        "other_scores": uccs_layout.scores(
            folder / "other.csv", [*uccs_layout.ROWS[:3], ("cc.jpg", 0.6, 90, 60, (0.1, 0.1, 0.95))]
        ),
        "made_scores": folder / "made.csv",
    }
    (folder / "out").mkdir()
    return {**made, "out": folder / "out"}


def _pairs(folder: Path, people: int = 9) -> Path:
    """A table of pairs in three folds."""
    rows = ["first,second,same,fold"]
    for person in range(people):
        for n in (1, 2):
            put(folder / f"s{person}/{n}.png", person, 4 * n)
        rows.append(f"s{person}/1.png,s{person}/2.png,1,{person % 3}")
        rows += [f"s{person}/1.png,s{(person + k) % people}/2.png,0,{person % 3}" for k in (2, 4)]
    (folder / "pairs.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder / "pairs.csv"


def _searched(folder: Path) -> Path:
    """A table of an open search; one probe cannot be read."""
    rows = ["picture,person,role"]
    for person in range(8):
        for n, role in ((0, "gallery"), (5, "probe"), (7, "probe")):
            put(folder / f"{person}-{n}.png", person, n)
            if role == "probe" or person < 5:
                rows.append(f"{person}-{n}.png,p{person},{role}")
    (folder / "0-5.png").write_bytes(b"\x89PNG")
    (folder / "table.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder / "table.csv"


def run(name: str, places: dict[str, Path]) -> Outcome:
    """Run one, in this process, and before it what it compares; its result lies in `places["out"]`."""
    path = places["out"] / f"{name}.json"
    words = [*RUNS[name].format(**places).split(), "--out", str(path)]
    for needed in map(Path, words[1:-1]):
        if needed.parent == places["out"] and not needed.is_file():
            run(needed.stem, places)
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        code = main(words)
    if code:
        raise AssertionError(f"{name}: {err.getvalue()}")
    scores, found = path.with_suffix(".scores.npz"), None
    if scores.is_file():
        with np.load(scores) as arrays:
            found = {key: arrays[key] for key in arrays.files}
    return Outcome(out.getvalue(), path.read_bytes(), found)


def report(name: str, places: dict[str, Path]) -> str:
    """The report of a result that `run` wrote, in Markdown, without pictures."""
    from fewpix.evaluate.report.faces import Faces, nowhere
    from fewpix.evaluate.report.folder import document, made
    from fewpix.evaluate.result.read import parsed

    payload = json.loads((places["out"] / f"{name}.json").read_bytes())
    return document(made(parsed(payload), Faces(nowhere)))


def kept(name: str) -> Outcome:
    """What is kept of a run."""
    scores, found = KEPT / f"{name}.npz", None
    if scores.is_file():
        with np.load(scores) as arrays:
            found = {key: arrays[key] for key in arrays.files}
    read = {kind: (KEPT / f"{name}.{kind}").read_bytes() for kind in ("txt", "json")}
    return Outcome(read["txt"].decode(), read["json"], found)


def keep(places: dict[str, Path]) -> None:
    """Run all, and keep what they give."""
    shutil.rmtree(KEPT, ignore_errors=True)
    KEPT.mkdir()
    for name in RUNS:
        found = run(name, places)
        (KEPT / f"{name}.txt").write_bytes(found.text.encode())
        (KEPT / f"{name}.json").write_bytes(found.result)
        (KEPT / f"{name}.md").write_bytes(report(name, places).encode())
        if found.scores is not None:
            np.savez_compressed(KEPT / f"{name}.npz", **found.scores)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        keep(lay_out(Path(scratch) / "all"))
