"""`fewpix evaluate search`: models on a benchmark that searches a gallery."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from fewpix.cli.delivery import Delivery, Report
from fewpix.cli.evaluate_options import (
    TEACHER,
    AsJson,
    Device,
    Distance,
    Embeddings,
    Family,
    Ids,
    Out,
    Runtime,
    Seed,
    State,
    numbers_of,
    one_state,
    open_models,
    open_others,
    sizes_of,
    words_of,
)
from fewpix.cli.output import progress
from fewpix.cli.targets import READS


def search(
    kind: Annotated[str, Argument(help="tinyface, scface, survface or table.", show_default=False)],
    path: Annotated[
        Path,
        Argument(
            help="Its folder with the original names inside; of table the CSV file: picture,person,role.",
            show_default=False,
        ),
        READS,
    ],
    model: Annotated[
        str,
        Option(
            help="Sees the probes: "
            "fewpix-xs, fewpix-s, fewpix-l, teacher, auto or model files, separated by commas."
        ),
    ] = "fewpix-s",
    gallery_model: Annotated[
        str,
        Option(
            help="Sees the gallery: teacher, a name or model file, or same for --model itself; one for all "
            "models, or one for each, separated by commas."
        ),
    ] = TEACHER,
    size: Annotated[
        str | None,
        Option(
            help="Make the probes small to these sides in pixels, 8 to 112, separated by commas; else their "
            "own.",
            show_default=False,
        ),
    ] = None,
    gallery_size: Annotated[
        int | None, Option(help="Make the gallery small likewise; else its own.", show_default=False)
    ] = None,
    family: Family = "area",
    fit: Annotated[
        str,
        Option(help="How a picture becomes square: pad (its border is repeated) or stretch (it is resized)."),
    ] = "pad",
    flip: Annotated[
        bool, Option("--flip", help="Add the mirrored picture's embedding, on both sides.")
    ] = False,
    state: State = None,
    distance: Distance = None,
    ids: Ids = None,
    enrolled: Annotated[
        str | None,
        Option(
            help="Of scface: who of --ids is in the gallery, in the same form; the others are strangers.",
            show_default=False,
        ),
    ] = None,
    aligned: Annotated[
        str | None,
        Option(
            help="Of tinyface: a folder below PATH with copies, such as aligned_pad_0.1_pad_high.",
            show_default=False,
        ),
    ] = None,
    folder: Annotated[
        Path | None,
        Option(help="Of table: what its pictures are relative to, if not its folder.", show_default=False),
        READS,
    ] = None,
    ranks: Annotated[
        str | None,
        Option(
            help="Of closed sets: the k of rank-k, separated by commas; 1,5,10,20,50.", show_default=False
        ),
    ] = None,
    fpirs: Annotated[
        str | None,
        Option(
            help="Of open sets: rates, separated by commas; 0.1,0.01, of survface 0.01,0.1,0.2,0.3.",
            show_default=False,
        ),
    ] = None,
    rank: Annotated[
        int | None,
        Option(
            help="Of open sets: the place up to which the right person counts; 1, of survface 20.",
            show_default=False,
        ),
    ] = None,
    allow_missing: Annotated[
        bool, Option("--allow-missing", help="Leave out missing pictures, and say how many.")
    ] = False,
    seed: Seed = 0,
    embeddings: Embeddings = None,
    out: Out = None,
    report: Report = None,
    runtime: Runtime = "auto",
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Search the probes of a benchmark in its gallery, at the pictures' own size or another.

    Prints rank-k and mAP where every probe shows somebody of the gallery, else TPIR at FPIR. A picture that
    cannot be read, or is below 8 px, counts against the model.
    """
    from fewpix.evaluate.degraded import Degradation
    from fewpix.evaluate.embedding_store import check_folder
    from fewpix.evaluate.native import Eye, Look
    from fewpix.evaluate.pictures import in_folder
    from fewpix.evaluate.readers.registry import open_search
    from fewpix.evaluate.search_benchmark import SearchOptions, evaluate_search
    from fewpix.evaluate.search_choices import Choices

    delivery = Delivery(out, report)
    if embeddings is not None:
        check_folder(embeddings)
    degradation = Degradation(family, seed)
    sizes = sizes_of(size)
    looks = [Look(side, fit, degradation) for side in sizes]
    names = one_state(words_of(model, "model"), state)
    choices = Choices(numbers_of(ranks, int, "ranks"), rank, numbers_of(fpirs, float, "fpirs"))
    data = open_search(
        kind,
        path,
        allow_missing=allow_missing,
        distance=distance,
        ids=ids,
        enrolled=enrolled,
        aligned=aligned,
        folder=folder,
    )
    choices.check(data)
    models = open_models(names, "model", runtime, device, state)
    others = open_others(gallery_model, "gallery-model", names, models, runtime, device, state)
    sharp = Look(gallery_size, fit, degradation)
    galleries = {label: Eye(name, encoder, sharp) for label, (name, encoder) in others.items()}
    with progress("evaluating", as_json=as_json) as bar:
        result = evaluate_search(
            kind,
            data,
            models,
            galleries,
            looks,
            options=SearchOptions(flip, embeddings, choices, seed=seed),
            advance=bar,
        )
    delivery.finish(result, in_folder(data.inventory.folder), as_json=as_json)
