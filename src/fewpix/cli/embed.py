"""`fewpix embed`: a folder of face crops becomes one file of embeddings, or parts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from fewpix.cli.bulk import BulkOptions, absolute
from fewpix.cli.encoder_options import CropEncoderOptions
from fewpix.cli.groups import grouped
from fewpix.cli.kinds import EMBEDDINGS
from fewpix.cli.output import AsJson, emit, progress
from fewpix.cli.picture_options import Crops, SkipBad
from fewpix.cli.targets import READS, Replace, Writes
from fewpix.errors import ConfigError


@grouped
def embed(
    folder: Annotated[
        Path, Argument(help="Every image below it is one aligned face.", show_default=False), READS
    ],
    out: Annotated[
        Path,
        Option(help="The NPZ file to write, or a folder of Parquet parts.", show_default=False),
        Writes(EMBEDDINGS),
    ],
    *,
    crops: Crops = False,
    look: CropEncoderOptions,
    bulk: BulkOptions,
    skip_bad: SkipBad = False,
    replace: Replace = False,
    as_json: AsJson = False,
) -> None:
    """Turn a folder of face crops into embeddings.

    The NPZ holds names (paths below FOLDER with /, sorted), embeddings (N, D, float32, L2-normalised) and
    failed; it loads with numpy.load(..., allow_pickle=False).

    Where --out has no ending, it is a folder of Parquet files with the columns picture, embedding and error,
    and FOLDER may also be a tar or .rec shard, or a folder of such. The same command again goes on.
    """
    if not crops:
        raise ConfigError(
            "embed takes aligned crops only, and does not look for faces",
            fix="say --crops if they are aligned crops; for photographs use `fewpix identify` or `enrol`",
        )
    if bulk.wanted(out):
        from fewpix.bulk.embedding import EmbedJob

        look.norms()  # told before any work where there is no such state
        job = EmbedJob(absolute(look.model) or "", look.runtime, look.device, absolute(look.state))
        bulk.run(job, folder, out, replace=replace, skip_bad=skip_bad, as_json=as_json, doing="embedding")
        return
    from fewpix.embed.folder import embed_folder
    from fewpix.evaluate.result.file import model_label

    encoder = look.open(look.norms())
    with progress("embedding", as_json=as_json) as bar:
        result = embed_folder(folder, model_label(look.model), encoder, skip_bad=skip_bad, advance=bar)
    result.save(out)
    emit(result, as_json, result.left_out)
