"""`fewpix evaluate`: measure models on benchmarks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option, Typer

from fewpix.cli.delivery import Delivery, Report
from fewpix.cli.evaluate_options import (
    TEACHER,
    AllowMissing,
    Delivered,
    Family,
    Flip,
    Fuse,
    Out,
    PairsFile,
    ReaderOptions,
    Seed,
    Treated,
    Who,
    asked_of,
    numbers_of,
    open_others,
    whole,
    words_of,
)
from fewpix.cli.evaluate_uccs import uccs, uccs_scores
from fewpix.cli.groups import grouped
from fewpix.cli.output import AsJson, progress
from fewpix.cli.targets import READS
from fewpix.errors import ConfigError
from fewpix.evaluate.readers.registry import PAIRS, SEARCH, kinds_of

if TYPE_CHECKING:
    from fewpix.evaluate.benchmark import Benchmark
    from fewpix.evaluate.plan import Plan

evaluate = Typer(add_completion=False, help="Measure a model on a benchmark.")

Teacher = Annotated[
    str,
    Option(
        help="Sees the sharp pictures of hr-lr: teacher, a model file, or same for the model itself; one for "
        "all models, or one for each, separated by commas."
    ),
]
Baseline = Annotated[
    str | None,
    Option(help="The model that each other one is compared with; by default the first.", show_default=False),
]
Place = Annotated[
    Path, Argument(help="Its folder or file, with the original names inside.", show_default=False), READS
]


@evaluate.command("lfw", short_help="one model at one size on LFW's pairs")
@grouped
def lfw(
    folder: Annotated[
        Path,
        Argument(help="Holds NAME/NAME_0001.jpg, aligned to 112x112 px, and pairs.txt.", show_default=False),
        READS,
    ],
    who: Who,
    size: Annotated[str, Option(help="Side of the small faces in pixels, 8 to 112.")] = "16",
    protocol: Annotated[
        str,
        Option(
            help="hr-lr: the second picture is small, the first goes to the teacher; lr-lr: both are small."
        ),
    ] = "hr-lr",
    teacher: Teacher = TEACHER,
    flip: Flip = False,
    family: Family = "area",
    pairs: PairsFile = None,
    allow_missing: AllowMissing = False,
    seed: Seed = 0,
    out: Out = None,
    report: Report = None,
    as_json: AsJson = False,
) -> None:
    """Verify LFW's pairs with faces of few pixels: accuracy over 10 folds, and TAR at FAR 1e-3.

    A short form of `evaluate pairs lfw`: what it prints, and its JSON, are of one model at one size. The file
    that --out writes is as that of `evaluate pairs`.
    """
    from fewpix.evaluate.benchmark import Asked
    from fewpix.evaluate.plan import Plan

    delivery = Delivery(out, report)
    if protocol not in ("hr-lr", "lr-lr"):
        raise ConfigError(f"unknown protocol {protocol!r}", fix="use hr-lr or lr-lr")
    treated = Treated(str(whole(size, "size")), "aligned", family, flip, seed)
    treated.check()
    who.one()
    data = ReaderOptions(allow_missing=allow_missing, pairs=pairs).open(PAIRS, "lfw", folder)
    models = who.open()
    plan = Plan(
        models,
        open_others(teacher, "teacher", who, models) if protocol == "hr-lr" else None,
        protocols=(protocol,),
        asked=Asked(fars=(1e-3,)),
        **treated.plan(),
    )
    _measure(data, plan, delivery, as_json=as_json, short=True)


@evaluate.command("pairs", short_help="models on the pairs of any benchmark")
@grouped
def pairs(
    kind: Annotated[str, Argument(help=f"{', '.join(kinds_of(PAIRS))}.", show_default=False)],
    path: Place,
    who: Who,
    protocol: Annotated[
        str,
        Option(
            help="native: both sides as they are, to the model; hr-lr: one small, the other one to the "
            "teacher; lr-lr: both small. Several may be named, separated by commas."
        ),
    ] = "native",
    small: Annotated[
        str | None,
        Option(
            help="Of hr-lr: which side of a pair is small, first or second (the default).",
            show_default=False,
        ),
    ] = None,
    teacher: Teacher = TEACHER,
    treated: Treated = Treated(),
    fuse: Fuse = "media",
    fars: Annotated[
        str | None,
        Option(
            help="False accept rates, separated by commas; by default the benchmark's, or 1e-1,1e-2,1e-3.",
            show_default=False,
        ),
    ] = None,
    baseline: Baseline = None,
    of: ReaderOptions = ReaderOptions(),
    delivered: Delivered = Delivered(),
) -> None:
    """Verify the pairs of a benchmark, of pictures or of templates: accuracy, TAR at FAR, EER and AUC.

    A pair of templates of which no picture gives an embedding counts as rejected.
    """
    from fewpix.evaluate.embedding.fuse import check_fusion
    from fewpix.evaluate.plan import Plan, check_protocols

    delivery = delivered.delivery()
    protocols = tuple(words_of(protocol, "protocol"))
    if small is not None and "hr-lr" not in protocols:
        raise ConfigError(f"--small chooses a side of hr-lr; the protocol is {protocol}")
    treated.check()
    check_protocols(protocols, treated.sizes(), small or "second")
    check_fusion(fuse)
    asked = asked_of(fars=numbers_of(fars, float, "fars"))
    who.names()
    data = of.open(PAIRS, kind, path)
    models = who.open()
    plan = Plan(
        models,
        open_others(teacher, "teacher", who, models) if "hr-lr" in protocols else None,
        protocols=protocols,
        small=small or "second",
        fusion=fuse,
        store=delivered.embeddings,
        asked=replace(data.asked, **asked),
        **treated.plan(baseline),
    )
    _measure(data, plan, delivery, as_json=delivered.as_json)


@evaluate.command("search", short_help="models on a benchmark that searches a gallery")
@grouped
def search(
    kind: Annotated[str, Argument(help=f"{', '.join(kinds_of(SEARCH))}.", show_default=False)],
    path: Place,
    who: Who,
    gallery_model: Annotated[
        str,
        Option(
            help="Sees the gallery: teacher, a name or model file, or same for --model itself; one for all "
            "models, or one for each, separated by commas."
        ),
    ] = TEACHER,
    gallery_size: Annotated[
        int | None, Option(help="Make the gallery small, in pixels; else its own size.", show_default=False)
    ] = None,
    treated: Treated = Treated(),
    fuse: Fuse = "media",
    ranks: Annotated[
        str | None,
        Option(help="The k of rank-k, separated by commas; by default the benchmark's.", show_default=False),
    ] = None,
    fpirs: Annotated[
        str | None,
        Option(
            help="Where some probes show nobody of the gallery: false positive identification rates.",
            show_default=False,
        ),
    ] = None,
    rank: Annotated[
        int | None,
        Option(
            help="There: the place up to which the right person counts; 1, of survface 20.",
            show_default=False,
        ),
    ] = None,
    baseline: Baseline = None,
    of: ReaderOptions = ReaderOptions(),
    delivered: Delivered = Delivered(),
) -> None:
    """Search the probes of a benchmark in its gallery, at the pictures' own size or another.

    Prints rank-k and mAP where every probe shows somebody of the gallery, else TPIR at FPIR, too. Of several
    galleries each is searched by itself: who is in another one has no mate there. What cannot be embedded
    counts against the model.
    """
    from fewpix.evaluate.embedding.fuse import check_fusion
    from fewpix.evaluate.plan import Plan

    delivery = delivered.delivery()
    treated.check(gallery_size)
    check_fusion(fuse)
    places, rates = numbers_of(ranks, int, "ranks"), numbers_of(fpirs, float, "fpirs")
    asked = asked_of(ranks=places, fpirs=rates, rank=rank)
    who.names()
    data = of.open(SEARCH, kind, path)
    if (rank is not None or rates is not None) and not data.strangers:
        raise ConfigError(
            "--rank and --fpirs are for probes of strangers, and every probe shows somebody of the gallery",
            fix="leave them out",
        )
    models = who.open()
    plan = Plan(
        models,
        open_others(gallery_model, "gallery-model", who, models),
        other_size=gallery_size,
        fusion=fuse,
        store=delivered.embeddings,
        asked=replace(data.asked, **asked),
        **treated.plan(baseline),
    )
    _measure(data, plan, delivery, as_json=delivered.as_json)


def _measure(data: Benchmark, plan: Plan, delivery: Delivery, *, as_json: bool, short: bool = False) -> None:
    """Measure, write and print; with `short` what is printed is of one model at one size."""
    from fewpix.evaluate.result.words import ShortForm
    from fewpix.evaluate.run import evaluate as measured

    with progress("evaluating", as_json=as_json) as bar:
        result = measured(data, plan, advance=bar)
    shown = ShortForm(result.measured()) if short else None
    delivery.finish(result, data.items.pictures, as_json=as_json, shown=shown)


evaluate.command("uccs", short_help="a score file of the UCCS watchlist, by its protocol")(uccs)
evaluate.command("uccs-scores", short_help="write a score file of the UCCS watchlist")(uccs_scores)
