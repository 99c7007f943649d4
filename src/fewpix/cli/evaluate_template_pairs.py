"""`fewpix evaluate template-pairs`: models on the pairs of templates of IJB-B or IJB-C."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from fewpix.cli.delivery import Delivery, Report
from fewpix.cli.evaluate_options import (
    TEACHER,
    AllowMissing,
    AsJson,
    Device,
    Embeddings,
    Family,
    Flip,
    Fuse,
    Out,
    Runtime,
    Seed,
    Sizes,
    State,
    Teacher,
    one_state,
    open_models,
    open_others,
    rates_of,
    sizes_of,
    words_of,
)
from fewpix.cli.output import progress
from fewpix.cli.targets import READS
from fewpix.errors import ConfigError
from fewpix.evaluate.readers.registry import TEMPLATE_PAIRS, kinds_of


def template_pairs(
    kind: Annotated[str, Argument(help=f"{', '.join(kinds_of(TEMPLATE_PAIRS))}.", show_default=False)],
    path: Annotated[Path, Argument(help="The folder with meta and loose_crop.", show_default=False), READS],
    model: Annotated[
        str, Option(help="fewpix-xs, fewpix-s, fewpix-l, teacher, auto or model files, separated by commas.")
    ] = "fewpix-s",
    protocol: Annotated[
        str,
        Option(
            help="native: pictures as they are, to the model; hr-lr: those of one template small, of the "
            "other to the teacher; lr-lr: all small."
        ),
    ] = "native",
    size: Sizes = None,
    small: Annotated[
        str | None,
        Option(
            help="Of hr-lr: which template of a pair is small, first or second (the default).",
            show_default=False,
        ),
    ] = None,
    fuse: Fuse = "media",
    fars: Annotated[
        str | None,
        Option(help="False accept rates, separated by commas; by default 1e-1 to 1e-6.", show_default=False),
    ] = None,
    state: State = None,
    teacher: Teacher = TEACHER,
    flip: Flip = False,
    family: Family = "area",
    allow_missing: AllowMissing = False,
    seed: Seed = 0,
    embeddings: Embeddings = None,
    out: Out = None,
    report: Report = None,
    runtime: Runtime = "auto",
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Verify pairs of templates: TAR at FAR down to what the pairs can show, ROC, EER and AUC, at any size.

    Pictures are aligned by the five points of the benchmark's list. One that gives no embedding is left out
    of its template; a template without any counts against the model.
    """
    from fewpix.evaluate.degraded import Degradation
    from fewpix.evaluate.embedding_store import check_folder
    from fewpix.evaluate.pair_result import Treatment
    from fewpix.evaluate.readers.registry import open_template_pairs
    from fewpix.evaluate.template_pair_benchmark import evaluate_template_pairs
    from fewpix.evaluate.templates import check_fusion, fusing

    delivery = Delivery(out, report)
    if embeddings is not None:
        check_folder(embeddings)
    if small is not None and protocol != "hr-lr":
        raise ConfigError(f"--small chooses a side of hr-lr; the protocol is {protocol}")
    treatment = Treatment(protocol, small or "second", Degradation(family, seed), flip=flip)
    sizes = sizes_of(size)
    treatment.check(sizes)
    rates = None if fars is None else rates_of(fars)
    fusion = fusing(fuse)
    names = one_state(words_of(model, "model"), state)
    data = open_template_pairs(kind, path, allow_missing=allow_missing)
    check_fusion(data.pictures, fusion)
    models = open_models(names, "model", runtime, device, state)
    sharp = None
    if protocol == "hr-lr":
        others = open_others(teacher, "teacher", names, models, runtime, device, state)
        sharp = {name: other for name, (_, other) in others.items()}
    with progress("embedding", len(data.pictures), as_json=as_json) as bar:
        result = evaluate_template_pairs(
            data,
            models,
            sharp,
            sizes=sizes,
            treatment=treatment,
            fusion=fusion,
            fars=rates,
            store=embeddings,
            seed=seed,
            advance=bar,
        )
    delivery.finish(result, as_json=as_json)
