"""LFW at few pixels: SFace fed directly, the students, FaceBN and a gallery matched in resolution, under
eight families of degradations, at 112 px as they are and at 32 to 8 px.

A pair's second picture is the probe: the family makes it small. What it is compared with is the protocol:

    hr-lr    its first picture, sharp, by the teacher
    lr-lr    its first picture, made small by the same family, by the same model
    matched  its first picture, made as small by area averaging alone, by the same model: a sharp gallery that
             was brought to the probes' resolution, and knows nothing of their camera. For `area` this is
             lr-lr, so it is left out there

Every cell (family, size, model) is embedded once, kept in --work, and serves all protocols. A run that is
stopped goes on where it was; parts can be made one after the other with --families, --sizes and --models. The
result has every cell of the study that --work holds, whoever made it, and names those that are absent.

    python -m benchmarks.lfw.study LFW112 --work runs/lfw_study --out results/lfw/study.json --dry-run
    python -m benchmarks.lfw.study LFW112 --work runs/lfw_study --out results/lfw/study.json
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.lfw.cells import Cell, Cells, Faces, Source
from benchmarks.lib.lfw import LfwPairs, minus, said
from benchmarks.lib.progress import EVERY
from benchmarks.lib.run import guarded, options, run
from fewpix import __version__
from fewpix.degrade.degradation import SIDE, Degradation
from fewpix.degrade.presets import UNSEEN
from fewpix.embed.open import open_encoder
from fewpix.embed.protocol import Encoder
from fewpix.errors import ConfigError, InputError
from fewpix.evaluate.result.file import model_facts
from fewpix.evaluate.statistics.bootstrap import LEVEL, REPLICATES, mean_interval
from fewpix.evaluate.statistics.estimate import Draws
from fewpix.evaluate.tasks.pairs import cosines
from fewpix.files import check_folder, write_text
from fewpix.optional import require

if TYPE_CHECKING:
    from benchmarks.lfw.facebn import States

FAMILIES = ("area", "cctv", "jpeg20", "dark", "noise", "defocus", "interlaced", "cctv-night")
"""The clean one first, since the matched gallery is made of it."""
SIZES = (16, 8, 24, 12, 32, 112)
CLEAN = "area"
BASELINE, STUDENT = "teacher", "fewpix-s"
FACEBN = f"{STUDENT}+facebn"
MODELS = (BASELINE, STUDENT, "fewpix-l", FACEBN)
SHARP = Cell(CLEAN, SIDE, BASELINE)
"""What the small faces of hr-lr are compared with."""
PROTOCOLS = ("hr-lr", "lr-lr", "matched")

HELD = 32
"""Cells in memory, 4 MB each."""

Rows = list[dict[str, Any]]
Correct = NDArray[np.bool_]


def grid(families: Sequence[str], sizes: Sequence[int], models: Sequence[str]) -> list[Cell]:
    """The cells in the order in which they are made; 112 px is of the clean family only.

    Models of one family and size follow each other, so that its small faces are made once.
    """
    return [
        Cell(family, size, model)
        for family in families
        for size in sizes
        if size < SIDE or family == CLEAN
        for model in models
    ]


def sides(cell: Cell, protocol: str) -> tuple[Cell, Cell] | None:
    """The cells of a pair's first and second pictures; None where the protocol says nothing of its own."""
    if protocol == "hr-lr":
        return SHARP, cell
    if protocol == "lr-lr":
        return cell, cell
    if cell.family == CLEAN:
        return None
    # a gallery is enrolled without the state of the probes' camera
    return Cell(CLEAN, cell.size, STUDENT if cell.model == FACEBN else cell.model), cell


class Study:
    """The models on LFW.

    Args:
        data: LFW.
        folder: where cells are kept.
        runtime: of all models.
        threads: of the runtime; 0 leaves it to the runtime.
        seed: of families and intervals.
        facebn: whether FaceBN is looked at; it needs torch.
        replicates: of the bootstrap.
    """

    def __init__(
        self,
        data: LfwPairs,
        folder: Path,
        *,
        runtime: str,
        threads: int = 0,
        seed: int = 0,
        facebn: bool = True,
        replicates: int = REPLICATES,
    ) -> None:
        self.data, self.folder, self.seed, self.replicates = data, folder, seed, replicates
        self.faces = Faces.read(data)
        self.cells = Cells(self.faces, folder, seed)
        self.open: dict[str, Any] = {"runtime": runtime, "threads": threads}
        self.encoders: dict[str, Encoder] = {
            name: open_encoder(name, **self.open) for name in MODELS if name != FACEBN
        }
        self.states: States | None = None
        self._rows: dict[Cell, NDArray[np.float32]] = {}
        if facebn:
            require("torch")
        if find_spec("torch") is not None:
            from benchmarks.lfw.facebn import Parts, States

            try:
                self.states = States(self.faces, Parts.of(data), folder, STUDENT, seed)
            except InputError:  # a list that leaves nobody to adapt to
                if facebn:
                    raise

    def source(self, cell: Cell, *, make: bool = False) -> Source | None:
        """What embeds a cell; None where that needs a state which was not made.

        Args:
            cell: of the grid.
            make: make the state then.
        """
        if cell.model != FACEBN:
            return Source(self.encoders[cell.model], self.cells.everything)
        if self.states is None:
            return None
        find = self.states.make if make else self.states.find
        found = find(cell.family, cell.size)
        if found is None:
            return None
        state = found[0]
        return Source(
            self.encoders[STUDENT],
            self.states.parts.used,
            state.id,
            lambda: open_encoder(STUDENT, state=state, **self.open),
        )

    def rows(self, cell: Cell) -> NDArray[np.float32] | None:
        """Embeddings of a cell that was made; the last few are held in memory."""
        if cell not in self._rows:
            source = self.source(cell)
            found = None if source is None else self.cells.rows(cell, source)
            if found is None:
                return None
            if len(self._rows) >= HELD:
                del self._rows[next(iter(self._rows))]
            self._rows[cell] = found
        return self._rows[cell]

    def made(self, cell: Cell) -> bool:
        """Whether a cell is kept."""
        return self.rows(cell) is not None

    def make(self, missing: Sequence[Cell], seconds: Mapping[Cell, float]) -> None:
        """Embed cells, telling how far it is.

        Args:
            missing: in the order of `grid`.
            seconds: what each may take; what they are worth in the estimate of the time left.
        """
        told = Progress(sum(seconds[cell] for cell in missing))
        for scene in dict.fromkeys((cell.family, cell.size) for cell in missing):
            own = [cell for cell in missing if (cell.family, cell.size) == scene]
            sources = {}
            for cell in own:
                source = self.source(cell, make=True)
                assert source is not None  # a chosen FaceBN was refused at the start where it cannot be
                sources[cell.model] = source
            faces = sum(len(source.numbers) for source in sources.values())
            told.begin(f"{scene[0]} {scene[1]} px", faces, sum(seconds[cell] for cell in own))
            self.cells.make(scene, sources, told)
            told.end()

    def figures(self) -> dict[str, Any]:
        """Everything that the kept cells say, in the order of the study's grid."""
        models = [name for name in MODELS if name != FACEBN or self.states is not None]
        plan = grid(FAMILIES, SIZES, MODELS)
        absent = [cell for cell in plan if cell.model not in models or not self.made(cell)]
        there = [cell for cell in plan if cell not in absent]
        figures, correct = self._scored([cell for cell in there if cell.model != FACEBN], self.data)
        payload: dict[str, Any] = {
            "figures": figures,
            "summary": self._summary(correct),
            "facebn": self._facebn([cell for cell in there if cell.model == FACEBN]),
            "absent": [cell.to_json() for cell in absent],
        }
        return payload

    def _scored(self, cells: Sequence[Cell], data: LfwPairs) -> tuple[Rows, dict[tuple[Cell, str], Correct]]:
        """A figure per cell and protocol that both sides are there for; and which pairs were right."""
        rows: Rows = []
        correct: dict[tuple[Cell, str], Correct] = {}
        for cell, protocol, scores in self._scores(cells, data):
            against = {"minus_baseline": (Cell(cell.family, cell.size, BASELINE), protocol)}
            if protocol == "matched":
                against["minus_sharp_gallery"] = (cell, "hr-lr")
            rows.append(self._figure(cell, protocol, scores, data, against))
            folds = data.outcomes(scores).folds
            assert folds is not None
            correct[cell, protocol] = folds.correct
        return rows, correct

    def _scores(
        self, cells: Sequence[Cell], data: LfwPairs
    ) -> Iterator[tuple[Cell, str, NDArray[np.float64]]]:
        for cell in cells:
            for protocol in PROTOCOLS:
                scores = self._cosines(cell, protocol, data)
                if scores is not None:
                    yield cell, protocol, scores

    def _cosines(self, cell: Cell, protocol: str, data: LfwPairs) -> NDArray[np.float64] | None:
        """Of every pair; None where a side was not made."""
        both = sides(cell, protocol)
        if both is None:
            return None
        left = self.rows(both[0])
        right = left if both[0] == both[1] else self.rows(both[1])
        if left is None or right is None:
            return None
        return cosines(left, right, data.pairs)

    def _figure(
        self,
        cell: Cell,
        protocol: str,
        scores: NDArray[np.float64],
        data: LfwPairs,
        against: dict[str, tuple[Cell, str]],
    ) -> dict[str, Any]:
        """A row of the result. Intervals take a second each, so it is kept under what it depends on."""
        others = {
            name: found
            for name, (other, how) in against.items()
            if other.model != cell.model or how != protocol
            if (found := self._cosines(other, how, data)) is not None
        }
        key = hashlib.sha256(
            f"{__version__} {self.data.list_sha256} {self.replicates} {self.seed} {sorted(others)}".encode()
        )
        for values in (scores, *(others[name] for name in sorted(others)), data.folds.astype(np.float64)):
            key.update(np.ascontiguousarray(values).tobytes())
        path = self.folder / f"figure-{key.hexdigest()[:24]}.json"
        try:
            made: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            own, draws = data.outcomes(scores), Draws(self.replicates, self.seed)
            made = said(own, draws)
            for name, other in others.items():
                made[name] = minus(own, data.outcomes(other), draws)
            write_text(path, json.dumps(made))
        return {**cell.to_json(), "protocol": protocol, **dict.fromkeys(against), **made}

    def _summary(self, correct: dict[tuple[Cell, str], Correct]) -> Rows:
        """Per protocol, size and model over the families that are there: the mean, and the worst of them.

        The mean's interval resamples people for all families together.
        """
        pairs, rows = self.data.pairs, []
        clusters = self.data.clusters()

        def interval(values: Sequence[NDArray[Any]]) -> dict[str, Any]:
            mean = np.mean([np.asarray(value, dtype=np.float64) for value in values], axis=0)
            found = mean_interval(
                mean, clusters, strata=pairs.same, replicates=self.replicates, seed=self.seed
            )
            return {"accuracy": float(mean.mean()), "ci95": found.to_json()}

        for protocol in PROTOCOLS:
            for size in SIZES:
                for model in MODELS:
                    own = {
                        family: correct[Cell(family, size, model), protocol]
                        for family in FAMILIES
                        if (Cell(family, size, model), protocol) in correct
                    }
                    if not own or size == SIDE:
                        continue
                    worst = min(own, key=lambda family: own[family].mean())
                    changes = {"minus_baseline": (BASELINE, protocol)} if model != BASELINE else {}
                    if protocol == "matched":
                        changes["minus_sharp_gallery"] = (model, "hr-lr")
                    row: dict[str, Any] = {
                        "protocol": protocol,
                        "size": size,
                        "model": model,
                        "families": list(own),
                        "mean": interval(list(own.values())),
                        "worst": {"family": worst, "accuracy": float(own[worst].mean())},
                    }
                    for name, (other, how) in changes.items():
                        theirs = [correct.get((Cell(family, size, other), how)) for family in own]
                        row[name] = (
                            interval(
                                [
                                    a.astype(np.float64) - b
                                    for a, b in zip(own.values(), theirs, strict=True)
                                    if b is not None
                                ]
                            )
                            if all(b is not None for b in theirs)
                            else None
                        )
                    rows.append(row)
        return rows

    def _facebn(self, cells: Sequence[Cell]) -> dict[str, Any] | None:
        """FaceBN's own figures, on the pairs of all folds but one; None without any."""
        if self.states is None or not cells:
            return None
        parts = self.states.parts
        data = self.data.only(parts.scored)
        rows, states = [], []
        for cell, protocol, scores in self._scores(cells, data):
            against = {
                f"minus_{name}": (Cell(cell.family, cell.size, model), protocol)
                for name, model in (("unadapted", STUDENT), ("baseline", BASELINE))
            }
            rows.append(self._figure(cell, protocol, scores, data, against))
        for cell in cells:
            found = self.states.find(cell.family, cell.size)
            assert found is not None
            state, verdict = found
            states.append(
                {
                    "family": cell.family,
                    "size": cell.size,
                    "state_id": state.id,
                    "weight": state.weight,
                    "guard": verdict,
                }
            )
        from benchmarks.lfw.facebn import ARM

        return {
            "model": STUDENT,
            "arm": ARM,
            "fold": parts.fold,
            "adapting": len(parts.source),
            "pairs": len(data),
            "states": states,
            "figures": rows,
        }

    def payload(self) -> dict[str, Any]:
        """What goes into `results/lfw/study.json`."""
        return {
            "question": "how well are LFW's pairs verified at few pixels, under which degradation, by what?",
            "data": {
                "sha256": self.faces.sha256,
                "pairs": len(self.data.pairs),
                "missing": self.data.missing,
                "pictures": len(self.faces.names),
            },
            "models": {name: model_facts(encoder) for name, encoder in self.encoders.items()},
            "settings": {
                "families": {name: Degradation(name, self.seed).describe(16) for name in FAMILIES},
                "unseen": [name for name in FAMILIES if name in UNSEEN],
                "sizes": sorted(SIZES),
                "protocols": list(PROTOCOLS),
                "baseline": BASELINE,
                "flip": False,
                "interpolation": Degradation().interpolation,
                "interval": f"{100 * LEVEL:g} %, percentile bootstrap over people",
                "replicates": self.replicates,
                "seed": self.seed,
            },
            **self.figures(),
        }


class Progress:
    """Lines on stderr: how far a family at a size is, how far everything, and how long that will take.

    Args:
        total: seconds that everything may take; only shares of it are used.
    """

    def __init__(self, total: float) -> None:
        self.start, self.total, self.before = time.monotonic(), total, 0.0
        self.title, self.faces, self.done, self.worth, self.said = "", 0, 0, 0.0, 0.0

    def begin(self, title: str, faces: int, worth: float) -> None:
        """A family at a size, how many faces its models together embed, and the seconds that may take."""
        self.title, self.faces, self.worth, self.done = title, faces, worth, 0

    def __call__(self, count: int) -> None:
        """So many more faces."""
        self.done += count
        if time.monotonic() - self.said >= EVERY:
            self._say(self.before + self.worth * self.done / self.faces)

    def end(self) -> None:
        """The family is done at this size; some of it may have been kept from before."""
        self.before += self.worth
        self._say(self.before)

    def _say(self, done: float) -> None:
        self.said = time.monotonic()
        gone, share = self.said - self.start, done / self.total
        print(
            f"{self.title}: {self.done:,} of {self.faces:,} faces; all: {100 * share:.1f} %, "
            f"{_clock(gone)} gone, about {_clock(gone / share - gone)} left",
            file=sys.stderr,
            flush=True,
        )


def estimated(study: Study, cells: Sequence[Cell], faces: int = 64) -> dict[Cell, float]:
    """Seconds that cells may take here, from a few faces.

    A state is worth four passes of its faces through torch, which is taken to be as fast as the runtime.
    """
    some = study.faces.crops[:faces]
    names = study.faces.names[:faces]
    rates: dict[str, float] = {}
    scenes: dict[tuple[str, int], float] = {}
    out: dict[Cell, float] = {}
    for cell in cells:
        scene, model = (cell.family, cell.size), STUDENT if cell.model == FACEBN else cell.model
        if scene not in scenes:
            start, degradation = time.monotonic(), Degradation(cell.family, study.seed)
            for crop, name in zip(some, names, strict=True):
                degradation.apply(crop, name, cell.size)
            scenes[scene] = (time.monotonic() - start) / len(some)
        if model not in rates:
            study.encoders[model].embed(some[:4])
            start = time.monotonic()
            study.encoders[model].embed(some)
            rates[model] = (time.monotonic() - start) / len(some)
        count = len(study.faces.names)
        if cell.model == FACEBN and study.states is not None:
            count = len(study.states.parts.used) + 4 * len(study.states.parts.source)
        first = next(other for other in cells if (other.family, other.size) == scene)
        out[cell] = count * (rates[model] + (scenes[scene] if cell is first else 0.0))
    return out


def _clock(seconds: float) -> str:
    """`1:02:03`, or `2:03`."""
    hours, rest = divmod(round(seconds), 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"


def _chosen(text: str, known: Sequence[Any], option: str) -> list[Any]:
    """Words between commas, each one of `known`, once each in the order of `known`."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    wrong = [word for word in words if word not in {str(value) for value in known}]
    if wrong or not words:
        raise ConfigError(
            f"{option}: {', '.join(wrong) or 'nothing'} is not in the study",
            fix=f"use some of {', '.join(str(value) for value in known)}, between commas",
        )
    return [value for value in known if str(value) in words]


def opened(given: argparse.Namespace) -> tuple[Study, list[Cell]]:
    """The study with the cells of this run.

    Raises:
        FewpixError: an option is wrong, or the data cannot be read.
    """
    check_folder(given.work, "the embeddings")
    models = _chosen(given.models, MODELS, "--models")
    families, sizes = _chosen(given.families, FAMILIES, "--families"), _chosen(given.sizes, SIZES, "--sizes")
    wanted = grid(families, sizes, models)
    study = Study(
        LfwPairs.open(given.lfw),
        given.work,
        runtime=given.runtime,
        threads=given.threads,
        seed=given.seed,
        facebn=FACEBN in models,
        replicates=given.replicates,
    )
    return study, wanted if SHARP in wanted else [SHARP, *wanted]


def result(given: argparse.Namespace) -> dict[str, Any]:
    """Make what is missing."""
    study, wanted = opened(given)
    missing = [cell for cell in wanted if not study.made(cell)]
    study.make(missing, estimated(study, missing))
    return study.payload()


def foretold(given: argparse.Namespace) -> None:
    """Say what would be made and how long it takes."""
    study, wanted = opened(given)
    missing = [cell for cell in wanted if not study.made(cell)]
    seconds = estimated(study, missing)
    for cell in wanted:
        print(f"{cell}: " + (f"about {_clock(seconds[cell])}" if cell in seconds else "kept"))
    print(f"{len(missing)} of {len(wanted)} cells to make, about {_clock(sum(seconds.values()))}")


def told(found: Mapping[str, Any]) -> Iterator[str]:
    """What the result says."""
    for row in found["summary"]:
        mean, worst = row["mean"]["accuracy"], row["worst"]
        yield (
            f"{row['protocol']} {row['size']} px {row['model']}: mean of {len(row['families'])} families "
            f"{100 * mean:.1f} %, worst {worst['family']} {100 * worst['accuracy']:.1f} %"
        )
    if found["absent"]:
        yield f"{len(found['absent'])} cells of the study are absent; the result names them"


def main() -> int:
    """Make what is missing, then write what there is."""
    parser = options(__doc__, "lfw", "--runtime", "--threads", "--replicates", "--seed", "--work", "--out")
    parser.add_argument("--families", default=",".join(FAMILIES), help="to make in this run")
    parser.add_argument("--sizes", default=",".join(str(size) for size in SIZES), help="to make in this run")
    parser.add_argument("--models", default=",".join(MODELS), help="to make in this run")
    parser.add_argument("--dry-run", action="store_true", help="say what would be made and how long it takes")
    given = parser.parse_args()
    if given.dry_run:
        return guarded(lambda: foretold(given))
    return run(given.out, lambda: result(given), told, kept=given.work)


if __name__ == "__main__":
    sys.exit(main())
