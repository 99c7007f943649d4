"""`fewpix embed`: a folder of face crops becomes one file of embeddings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from fewpix.cli.kinds import EMBEDDINGS
from fewpix.cli.output import emit, progress
from fewpix.cli.targets import READS, Writes
from fewpix.errors import ConfigError


def embed(
    folder: Annotated[
        Path, Argument(help="Every image below it is one aligned face.", show_default=False), READS
    ],
    out: Annotated[Path, Option(help="The NPZ file to write.", show_default=False), Writes(EMBEDDINGS)],
    crops: Annotated[
        bool, Option("--crops", help="The images are aligned square crops, 8x8 px and up; always needed.")
    ] = False,
    model: Annotated[
        str,
        Option(
            help="fewpix-xs, fewpix-s, fewpix-l, "
            "teacher, auto (fewpix-s, fewpix-l or teacher by each crop's size), or a model file."
        ),
    ] = "fewpix-s",
    state: Annotated[
        Path | None,
        Option(help="Apply a NormState of `fewpix adapt`.", show_default=False),
        READS,
    ] = None,
    skip_bad: Annotated[
        bool, Option("--skip-bad", help="List images that cannot be embedded in `failed` and go on.")
    ] = False,
    runtime: Annotated[str, Option(help="auto, onnxruntime, openvino or torch.")] = "auto",
    device: Annotated[str, Option(help="auto, cpu, cuda, cuda:N or mps.")] = "auto",
    as_json: Annotated[bool, Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Turn a folder of face crops into embeddings.

    The NPZ holds names (paths below FOLDER with /, sorted), embeddings (N, D, float32, L2-normalised) and
    failed; it loads with numpy.load(..., allow_pickle=False).
    """
    if not crops:
        raise ConfigError(
            "embed takes aligned crops only, and does not look for faces",
            fix="say --crops if they are aligned crops; for photographs use `fewpix identify` or `enrol`",
        )
    from fewpix.adapt.stats import load_state
    from fewpix.embed.folder import embed_folder
    from fewpix.embed.open import open_encoder
    from fewpix.evaluate.result.file import model_label

    norms = load_state(state) if state else None
    encoder = open_encoder(model, runtime=runtime, device=device, state=norms)
    with progress("embedding", as_json=as_json) as bar:
        result = embed_folder(folder, model_label(model), encoder, skip_bad=skip_bad, advance=bar)
    result.save(out)
    emit(result, as_json, result.left_out)
