"""`fewpix evaluate pairs`: models on the pairs of any benchmark that has a reader."""

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
    Distance,
    Family,
    Flip,
    Ids,
    Out,
    Runtime,
    Seed,
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
from fewpix.evaluate.readers.registry import PAIRS, kinds_of


def pairs(
    kind: Annotated[str, Argument(help=f"{', '.join(kinds_of(PAIRS))}.", show_default=False)],
    path: Annotated[
        Path,
        Argument(help="Its folder or file, with the original names inside.", show_default=False),
        READS,
    ],
    model: Annotated[
        str, Option(help="fewpix-xs, fewpix-s, fewpix-l, teacher, auto or model files, separated by commas.")
    ] = "fewpix-s",
    protocol: Annotated[
        str,
        Option(
            help="native: both pictures as they are, to the model; hr-lr: one small, the other to the "
            "teacher; lr-lr: both small."
        ),
    ] = "native",
    size: Annotated[
        str | None,
        Option(
            help="Sides in pixels to make pictures small to, 8 to 112, separated by commas. Without it they "
            "stay as they are.",
            show_default=False,
        ),
    ] = None,
    small: Annotated[
        str | None,
        Option(
            help="Of hr-lr: which picture of a pair is small, first or second (the default).",
            show_default=False,
        ),
    ] = None,
    fit: Annotated[
        str, Option(help="How pictures become square: pad repeats the border, stretch resizes.")
    ] = "pad",
    fars: Annotated[
        str | None,
        Option(
            help="False accept rates, separated by commas; by default the benchmark's, or 1e-1,1e-2,1e-3.",
            show_default=False,
        ),
    ] = None,
    state: State = None,
    teacher: Teacher = TEACHER,
    flip: Flip = False,
    family: Family = "area",
    pairs_file: Annotated[
        Path | None,
        Option("--pairs", help="Of lfw: another list than PATH/pairs.txt.", show_default=False),
        READS,
    ] = None,
    aligned: Annotated[
        bool | None,
        Option(
            "--aligned/--original",
            help="Of xqlfw: which pictures to take; by default the aligned ones if they are there.",
            show_default=False,
        ),
    ] = None,
    folder: Annotated[
        Path | None,
        Option(help="Of table: what its pictures are relative to; by default its own.", show_default=False),
        READS,
    ] = None,
    distance: Distance = None,
    ids: Ids = None,
    allow_missing: AllowMissing = False,
    seed: Seed = 0,
    out: Out = None,
    report: Report = None,
    runtime: Runtime = "auto",
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Verify the pairs of a benchmark: accuracy over folds, TAR at FAR, EER and AUC, at any size."""
    from fewpix.evaluate.degraded import Degradation
    from fewpix.evaluate.pair_benchmark import evaluate_pairs
    from fewpix.evaluate.pair_result import Treatment
    from fewpix.evaluate.pictures import by_name
    from fewpix.evaluate.readers.registry import open_pairs

    delivery = Delivery(out, report)
    if small is not None and protocol != "hr-lr":
        raise ConfigError(f"--small chooses a side of hr-lr; the protocol is {protocol}")
    treatment = Treatment(protocol, small or "second", Degradation(family, seed), fit, flip)
    sizes = sizes_of(size)
    treatment.check(sizes)
    rates = None if fars is None else rates_of(fars)
    names = one_state(words_of(model, "model"), state)
    data = open_pairs(
        kind,
        path,
        allow_missing=allow_missing,
        pairs=pairs_file,
        aligned=aligned,
        folder=folder,
        distance=distance,
        ids=ids,
    )
    models = open_models(names, "model", runtime, device, state)
    sharp = None
    if protocol == "hr-lr":
        others = open_others(teacher, "teacher", names, models, runtime, device, state)
        sharp = {name: encoder for name, (_, encoder) in others.items()}
    with progress("evaluating", len(data.pictures.names), as_json=as_json) as bar:
        result = evaluate_pairs(
            data, models, sharp, sizes=sizes, treatment=treatment, fars=rates, seed=seed, advance=bar
        )
    delivery.finish(result, by_name(data.pictures), as_json=as_json)
