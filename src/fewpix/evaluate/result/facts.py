"""What a result says of its benchmark, its models and how they were treated."""

from __future__ import annotations

from collections.abc import Mapping

from fewpix.embed.protocol import Encoder
from fewpix.evaluate.benchmark import Asked, Benchmark, Pairs
from fewpix.evaluate.inventory import Inventory
from fewpix.evaluate.plan import Plan
from fewpix.evaluate.result.file import model_facts
from fewpix.evaluate.result.model import Bootstrap, Count, Facts, Model, Treatment
from fewpix.evaluate.statistics.bootstrap import LEVEL
from fewpix.evaluate.statistics.estimate import Draws


def benchmark_facts(
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


def model_of(encoder: Encoder) -> Model:
    """What is known of a model."""
    return Model(**model_facts(encoder))


def bootstrap_facts(draws: Draws, how: str) -> Bootstrap:
    """How intervals were made; `how` says what was resampled."""
    return Bootstrap(level=LEVEL, replicates=draws.replicates, seed=draws.seed, how=how)


def treatment_of(benchmark: Benchmark, plan: Plan, asked: Asked) -> Treatment:
    """What happened to the pictures of a benchmark."""
    pairs = isinstance(benchmark.comparisons, Pairs)
    sizes = [size for size in (*plan.sizes, plan.other_size) if size is not None]
    both = pairs and "hr-lr" not in plan.protocols
    by_points = benchmark.items.points is not None
    return Treatment(
        protocols=list(plan.protocols) if pairs else [],
        small=("both" if both else plan.small) if pairs else "probes",
        other_size=None if pairs else plan.other_size,
        family=plan.degradation.family,
        seed=plan.degradation.seed,
        steps={str(size): plan.degradation.describe(size) for size in dict.fromkeys(sizes)},
        interpolation=plan.degradation.interpolation,
        fit=plan.fit,
        flip=plan.flip,
        alignment="by the list's five points" if by_points else "pictures are crops of faces",
        fusion="" if benchmark.items.single else plan.fusion.words,
        prototypes=getattr(benchmark.comparisons, "prototypes", False),
        rank=asked.rank,
    )
