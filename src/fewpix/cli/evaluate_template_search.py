"""`fewpix evaluate template-search`: models that search the templates of IJB-B, IJB-C or IJB-S."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from fewpix.cli.delivery import Delivery, Report
from fewpix.cli.evaluate_options import (
    SAME,
    TEACHER,
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
    numbers_of,
    one_state,
    open_models,
    open_other,
    sizes_of,
    words_of,
)
from fewpix.cli.output import progress
from fewpix.cli.targets import READS
from fewpix.evaluate.readers.registry import TEMPLATE_SEARCH, kinds_of


def template_search(
    kind: Annotated[str, Argument(help=f"{', '.join(kinds_of(TEMPLATE_SEARCH))}.", show_default=False)],
    path: Annotated[
        Path,
        Argument(
            help="The folder with meta and loose_crop; of ijbs that with protocols.", show_default=False
        ),
        READS,
    ],
    model: Annotated[
        str,
        Option(
            help="See the probes: "
            "fewpix-xs, fewpix-s, fewpix-l, teacher, auto or model files, separated by commas."
        ),
    ] = "fewpix-s",
    gallery_model: Annotated[
        str, Option(help="Sees the galleries: teacher, a name or model file, or same for --model itself.")
    ] = TEACHER,
    size: Sizes = None,
    gallery_size: Annotated[
        int | None, Option(help="Make the galleries small likewise; else their own.", show_default=False)
    ] = None,
    fuse: Fuse = "media",
    family: Family = "area",
    fit: Annotated[
        str,
        Option(help="Of ijbs: how a crop becomes square: pad (its border is repeated) or stretch."),
    ] = "pad",
    flip: Flip = False,
    state: State = None,
    faces: Annotated[
        Path | None,
        Option(
            help="Of ijbs: the folder of faces cut from its videos and pictures, FILE/PERSON/*.png.",
            show_default=False,
        ),
        READS,
    ] = None,
    protocol: Annotated[
        str | None,
        Option(
            help="Of ijbs: surveillance_to_single (the default), surveillance_to_booking, "
            "multiview_surveillance_to_booking, surveillance_to_surveillance or uav_to_booking.",
            show_default=False,
        ),
    ] = None,
    ranks: Annotated[str, Option(help="The k of rank-k, separated by commas.")] = "1,5,10",
    fpirs: Annotated[
        str, Option(help="False positive identification rates, separated by commas.")
    ] = "0.01,0.1",
    allow_missing: Annotated[
        bool, Option("--allow-missing", help="Leave out templates without a picture, and say how many.")
    ] = False,
    seed: Seed = 0,
    embeddings: Embeddings = None,
    out: Out = None,
    report: Report = None,
    runtime: Runtime = "auto",
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Search templates in each of two galleries: rank-k and TPIR at FPIR, at any size.

    Who is in the other gallery has no mate in this one: such probes are the non-mated searches. A template
    without any embedding counts against the model.
    """
    from fewpix.evaluate.degraded import Degradation
    from fewpix.evaluate.embedding_store import check_folder
    from fewpix.evaluate.readers.registry import open_template_search
    from fewpix.evaluate.results import model_label
    from fewpix.evaluate.template_search_benchmark import Searching, evaluate_template_search
    from fewpix.evaluate.templates import check_fusion, fusing

    delivery = Delivery(out, report)
    if embeddings is not None:
        check_folder(embeddings)
    how = Searching(
        fusing(fuse),
        gallery_size,
        Degradation(family, seed),
        fit,
        flip,
        numbers_of(ranks, int, "ranks") or (),
        numbers_of(fpirs, float, "fpirs") or (),
    )
    sizes = sizes_of(size)
    for side in (*sizes, gallery_size):
        how.look(side)
    names = one_state(words_of(model, "model"), state)
    data = open_template_search(kind, path, allow_missing=allow_missing, faces=faces, protocol=protocol)
    check_fusion(data.pictures, how.fusion)
    models = open_models(names, "model", runtime, device, state)
    gallery = None
    if gallery_model != SAME:
        known = dict(zip(names, models.values(), strict=True))
        other = open_other(gallery_model, known, runtime, device, state)
        gallery = (model_label(gallery_model), other)
    with progress("embedding", len(data.pictures), as_json=as_json) as bar:
        result = evaluate_template_search(
            data, models, gallery, how, sizes=sizes, store=embeddings, seed=seed, advance=bar
        )
    delivery.finish(result, as_json=as_json)
