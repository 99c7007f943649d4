"""The one road of every measurement: embed, compare, estimate, subtract the baseline."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.data.inventory import Inventory
from fewpix.embed.protocol import Encoder
from fewpix.evaluate.benchmark import Benchmark, Pairs, Searches
from fewpix.evaluate.embedding.embed import Embedded, contents_sha256, embed
from fewpix.evaluate.plan import Plan
from fewpix.evaluate.readers.uccs import Uccs
from fewpix.evaluate.result.file import model_facts
from fewpix.evaluate.result.model import (
    Count,
    Facts,
    Failures,
    Model,
    Other,
    Result,
    Seen,
    Treatment,
    UccsScores,
)
from fewpix.evaluate.result.scores import digest, packed
from fewpix.evaluate.result.words import words
from fewpix.evaluate.statistics.estimate import Draws
from fewpix.evaluate.tasks.detections import FOUND, Judged
from fewpix.evaluate.tasks.joined import JOINED, search_joined
from fewpix.evaluate.tasks.outcomes import Measured, Outcomes, bootstrap_of, differences
from fewpix.evaluate.tasks.pairs import PairList, compare_pairs
from fewpix.evaluate.tasks.search import PROBES, gallery_of, search_gallery
from fewpix.evaluate.view import View
from fewpix.evaluate.worst import worst_pairs, worst_searches
from fewpix.files import sha256_file
from fewpix.progress import Parts, Told


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a run found.

    Args:
        result: the figures.
        scores: the content of the file of single scores; None where none are kept.
    """

    result: Result | UccsScores
    scores: bytes | None = None

    def __str__(self) -> str:
        return words(self.result)

    def to_json(self) -> dict[str, Any]:
        """The result as it is written."""
        return self.result.model_dump(mode="json", by_alias=True)

    def measured(self) -> Result:
        """The figures.

        Raises:
            TypeError: there are none: it says how a score file was made.
        """
        if not isinstance(self.result, Result):
            raise TypeError("there are no figures of a score file that was made")
        return self.result


def evaluate(benchmark: Benchmark, plan: Plan, *, advance: Told | None = None) -> Evaluation:
    """Measure every model at every size on a benchmark, and compare each with the baseline.

    Every picture is read once. Memory holds the embeddings of all views, and scores as the tasks say.

    Args:
        benchmark: of `readers.registry.open_benchmark`.
        plan: how.
        advance: told how many pictures are embedded, then how many probes are searched.

    Raises:
        ConfigError: see `Plan.check`.
        SpaceError: likewise.
        InputError: of pairs of pictures one cannot be read; else no item of a side can be embedded; or see
            the tasks.
        StorageError: the store cannot be written.
    """
    plan.check(benchmark)
    return _Run(benchmark, plan, advance).evaluation()


def evaluate_detections(
    data: Uccs, scores: Path, judged: Judged, *, iou: float, draws: Draws | None = None
) -> Evaluation:
    """What a score file that was judged is worth.

    Args:
        data: the benchmark.
        scores: the score file.
        judged: of `tasks.detections.judge`.
        iou: that it was judged with.
        draws: of the bootstrap.
    """
    how, found = draws or Draws(), data.inventory
    parts, counts = judged
    measured = [
        (outcomes.cell(scores.name, None, {"faces": part}, how), outcomes) for part, outcomes in parts.items()
    ]
    score_file = sha256_file(scores)
    content = hashlib.sha256(f"{found.sha256}\n{score_file}\n".encode()).hexdigest()
    file = _packed(measured)
    result = Result(
        schema_name="evaluation-2",
        task="detections",
        benchmark=_facts(found, counts, content, score_file_sha256=score_file),
        treatment=Treatment(iou=iou),
        models={},
        others={},
        bootstrap=bootstrap_of(how, FOUND),
        cells=[cell for cell, _ in measured],
        differences=[],
        compared=[],
        scores_sha256=None if file is None else digest(file),
    )
    return Evaluation(result, file)


def _facts(
    found: Inventory,
    comparisons: Mapping[str, int],
    data_sha256: str,
    *,
    kind: str = "",
    variant: str = "",
    left_out: int = 0,
    coverage: float | None = None,
    score_file_sha256: str | None = None,
) -> Facts:
    """What is known of a benchmark; no path of this machine.

    Args:
        found: of it.
        comparisons: numbers of them.
        data_sha256: over the lists and the pictures used.
        kind: its name; that of `found` when "".
        variant: which of its pictures.
        left_out: pairs or items without a picture.
        coverage: share that was compared; of the listed pictures when None.
        score_file_sha256: of detections.
    """
    return Facts(
        kind=kind or found.kind,
        variant=variant,
        counts=[Count(what=one.what, found=one.found, published=one.published) for one in found.counts],
        listed=found.listed,
        missing=len(found.missing),
        missing_first=list(found.missing[:100]),
        complete=found.complete,
        comparisons=dict(comparisons),
        left_out=left_out,
        coverage=found.coverage if coverage is None else coverage,
        lists_sha256=found.sha256,
        data_sha256=data_sha256,
        score_file_sha256=score_file_sha256,
    )


def _packed(measured: Sequence[Measured]) -> bytes | None:
    """The content of the file of single scores."""
    return packed((cell.part, outcomes.shared(), outcomes.own()) for cell, outcomes in measured)


class _Run:
    """One measurement: its views, what they made of the items, and what came of it."""

    def __init__(self, benchmark: Benchmark, plan: Plan, advance: Told | None) -> None:
        self._benchmark, self._plan = benchmark, plan
        self._items, self._asked = benchmark.items, plan.asked or benchmark.asked
        self._modes, self._looks = plan.modes(benchmark), plan.looks()
        comparisons = benchmark.comparisons
        self._listed = PairList.of(comparisons, self._items) if isinstance(comparisons, Pairs) else None
        self._views: dict[tuple[int, int | None], View] = {}
        wanted: dict[View, NDArray[np.bool_]] = {}
        for view, mask in self._needed():
            wanted[view] = wanted[view] | mask if view in wanted else mask
        galleries = 0 if isinstance(comparisons, Pairs) else len(comparisons.galleries)
        self._parts = Parts(1 + galleries * len(plan.models) * len(plan.sizes), advance)
        self._embedded = embed(
            self._items,
            wanted,
            fusion=plan.fusion,
            faults="stop" if self._listed is not None and self._items.single else "count",
            store=plan.store,
            advance=self._parts.part(),
        )

    def evaluation(self) -> Evaluation:
        """The result."""
        benchmark, plan = self._benchmark, self._plan
        measured = list(self._measured())
        contents = contents_sha256(self._items, list(self._embedded.values()))
        content = hashlib.sha256(f"{benchmark.inventory.sha256}\n{contents}\n".encode()).hexdigest()
        file = _packed(measured)
        result = Result(
            schema_name="evaluation-2",
            task=benchmark.comparisons.task,
            benchmark=_facts(
                benchmark.inventory,
                benchmark.comparisons.counts(),
                content,
                kind=benchmark.kind,
                variant=benchmark.variant,
                left_out=benchmark.missing,
                coverage=benchmark.coverage,
            ),
            treatment=plan.treatment(benchmark),
            models={name: Model(**model_facts(encoder)) for name, encoder in plan.models.items()},
            others=self._others(),
            bootstrap=bootstrap_of(plan.draws, PROBES if self._listed is None else self._listed.resampled),
            cells=[cell for cell, _ in measured],
            differences=differences(measured, plan.first(), plan.draws),
            compared=[],
            scores_sha256=None if file is None else digest(file),
        )
        return Evaluation(result, file)

    def _needed(self) -> Iterator[tuple[View, NDArray[np.bool_]]]:
        """Every view of the run, and the items that it needs."""
        for _, low, high in self._modes:
            for name in self._plan.models:
                for size in self._plan.sizes:
                    yield self._low(name, size), low
                if high is not None:
                    yield self._high(name), high

    def _low(self, name: str, size: int | None) -> View:
        """A model at a size."""
        return self._view(name, self._plan.models[name], size)

    def _high(self, name: str) -> View:
        """Who sees the other side of a model's comparisons, of searches at another size."""
        other = (self._plan.others or {}).get(name, (name, self._plan.models[name]))
        return self._view(*other, self._plan.other_size if self._listed is None else None)

    def _view(self, name: str, encoder: Encoder, size: int | None) -> View:
        """One for each encoder at each size, whoever asks for it."""
        key = (id(encoder), size)
        if key not in self._views:
            self._views[key] = View(name, encoder, self._looks[size], self._plan.flip)
        return self._views[key]

    def _measured(self) -> Iterator[Measured]:
        """Every model at every size in every part."""
        comparisons = self._benchmark.comparisons
        for protocol, small, others in self._modes:
            for size in self._plan.sizes:
                for name in self._plan.models:
                    low = self._embedded[self._low(name, size)]
                    high = low if others is None else self._embedded[self._high(name)]
                    side = low.seen(self._items, small)
                    if isinstance(comparisons, Searches):
                        yield from self._searched(comparisons, name, size, low, high, side)
                        continue
                    assert self._listed is not None
                    part = {"protocol": protocol} if len(self._modes) > 1 else {}
                    ends = (low, high) if self._plan.small == "first" else (high, low)
                    found = compare_pairs(comparisons, self._listed, *ends, self._asked)
                    worst = worst_pairs(found) if self._items.single else None
                    yield self._cell(name, size, part, found, side, worst)

    def _searched(
        self, searches: Searches, name: str, size: int | None, low: Embedded, high: Embedded, side: Seen
    ) -> Iterator[Measured]:
        """In every gallery, and in all of them joined."""
        items, asked = self._items, self._asked
        for label in searches.galleries:
            part = {"gallery": label} if label else {}
            gallery = gallery_of(items, searches, label, high)
            found = search_gallery(items, searches, label, low, gallery, asked, advance=self._parts.part())
            worst = (
                worst_searches(items, searches, label, found, low, high, gallery) if items.single else None
            )
            yield self._cell(name, size, part, found, side, worst)
        if len(searches.galleries) > 1:
            joined = search_joined(items, searches, low, high, asked)
            yield self._cell(name, size, {"gallery": JOINED}, joined, side)

    def _cell(
        self,
        name: str,
        size: int | None,
        part: dict[str, str],
        outcomes: Outcomes,
        side: Seen,
        worst: Failures | None = None,
    ) -> Measured:
        return outcomes.cell(name, size, part, self._plan.draws, side, worst), outcomes.kept()

    def _others(self) -> dict[str, Other]:
        """Who saw the other side of each model's comparisons."""
        found = {}
        others = self._plan.others or {}
        for _, _, high in self._modes:
            for name in self._plan.models if high is not None and others else ():
                view = self._high(name)
                assert high is not None
                seen = self._embedded[view].seen(self._items, high)
                found[name] = Other(name=others[name][0], model=Model(**model_facts(view.encoder)), seen=seen)
        return found
