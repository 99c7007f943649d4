"""`fewpix evaluate search`: one model on a benchmark that searches a gallery."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from fewpix.cli.evaluate_options import (
    SAME,
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
    open_model,
    open_teacher,
)
from fewpix.cli.output import emit, progress


def search(
    kind: Annotated[str, Argument(help="tinyface, scface, survface or table.", show_default=False)],
    path: Annotated[
        Path,
        Argument(
            help="Its folder with the original names inside; of table the CSV file: picture,person,role.",
            show_default=False,
        ),
    ],
    model: Annotated[
        str, Option(help="Sees the probes: fewpix-s, fewpix-l, teacher, auto (the router), or a model file.")
    ] = "fewpix-s",
    gallery_model: Annotated[
        str, Option(help="Sees the gallery: teacher, a name or model file, or same for --model itself.")
    ] = TEACHER,
    size: Annotated[
        int | None,
        Option(
            help="Make the probes small to this side in pixels, 8 to 112; else their own.", show_default=False
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
    from fewpix.evaluate.native import Look
    from fewpix.evaluate.readers.searches import read_search
    from fewpix.evaluate.results import Run, check_target, model_label, write_result
    from fewpix.evaluate.search_benchmark import Eye, embed_sides, measure_search
    from fewpix.evaluate.search_choices import Choices

    start = time.monotonic()
    if out is not None:
        check_target(out)
    if embeddings is not None:
        check_folder(embeddings)
    degradation = Degradation(family, seed)
    looks = [Look(side, fit, degradation) for side in (size, gallery_size)]
    choices = Choices(numbers_of(ranks, int, "ranks"), rank, numbers_of(fpirs, float, "fpirs"))
    data = read_search(
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
    probes = Eye(model_label(model), open_model(model, runtime, device, state), looks[0])
    if gallery_model == SAME or (gallery_model == model and state is None):
        gallery = Eye(probes.name, probes.encoder, looks[1])
    else:
        gallery = Eye(model_label(gallery_model), open_teacher(gallery_model, runtime, device), looks[1])
    total = len(data.gallery) + len(data.probes)
    with progress("embedding", total, as_json=as_json) as bar:
        sides = embed_sides(data, probes, gallery, flip=flip, store=embeddings, advance=bar)
    with progress("searching", len(data.probes), as_json=as_json) as bar:
        result = measure_search(
            kind, data, probes, gallery, sides, flip=flip, seed=seed, choices=choices, advance=bar
        )
    if out is not None:
        write_result(out, result.to_json(), Run.since(start))
    emit(result, as_json)
