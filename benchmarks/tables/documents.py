"""Tables in README and docs, generated from `results/`: no figure in prose is typed by hand.

A table stands between `<!-- table: NAME -->` and `<!-- /table -->`, each on a line of its own; all between
them is replaced. NAME is a key of `TABLES`.

    make tables
    python -m benchmarks.tables.documents README.md docs/*.md docs/cli/*.md --check
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.lib.commands import outdated, read_commands
from benchmarks.lib.run import guarded, options
from benchmarks.tables import calibration, capacity, detect, quality, review, service, study, video, words
from benchmarks.tables.figures import (
    DEFAULT_WAY,
    ablation,
    ablation_differences,
    facebn_arms,
    facebn_shifts,
    families,
    lfw,
    norm_quality,
)
from benchmarks.tables.int8 import int8_loss, int8_speed
from benchmarks.tables.matched import matched_gallery
from benchmarks.tables.photos import found_faces, photo_differences, photos
from benchmarks.tables.scale import embed_speed, gallery_search, real_time, scale, spread_prelu, video_stages
from fewpix.errors import ConfigError, InputError
from fewpix.evaluate.result.file import read_result
from fewpix.files import write_text

_OPENING = re.compile(r"<!-- table: *(.*?) *-->")
_CLOSING = "<!-- /table -->"
_SURENESS = {
    "the search's score": "by the score of the search",
    "the aligner's error, 3 px of the template": "by the error in the template, steeply",
    "error in the template, whatever the size": "by both, error in the template",
    "sureness": "by both, error in the picture: shipped",
}
_ON_THE_POOL = {"rank1": "rank-1", "cosine": "100 × cosine"}

TABLES: dict[str, tuple[str | tuple[str, ...], Callable[..., str]]] = {
    "lfw-hr-lr": ("lfw/table.json", lambda result: lfw(result, "hr-lr")),
    "lfw-lr-lr": ("lfw/table.json", lambda result: lfw(result, "lr-lr")),
    "lfw-xs-hr-lr": ("lfw/table_xs.json", lambda result: lfw(result, "hr-lr")),
    "lfw-xs-lr-lr": ("lfw/table_xs.json", lambda result: lfw(result, "lr-lr")),
    "router-hr-lr": ("lfw/router.json", lambda result: lfw(result, "hr-lr")),
    "router-lr-lr": ("lfw/router.json", lambda result: lfw(result, "lr-lr")),
    "facebn-pool": ("facebn/pool.json", lambda result: facebn_arms(result, _ON_THE_POOL)),
    "facebn-pool-xs": ("facebn/pool_xs.json", lambda result: facebn_arms(result, _ON_THE_POOL)),
    "facebn-pool-modes": ("facebn/pool_modes.json", lambda result: facebn_arms(result, _ON_THE_POOL)),
    "facebn-lfw": (
        "facebn/lfw.json",
        lambda result: facebn_arms(result, {"hr-lr": "sharp against small", "lr-lr": "both small"}),
    ),
    "facebn-pool-shifts": ("facebn/pool.json", lambda result: facebn_shifts(result, DEFAULT_WAY, "rank1")),
    "facebn-lfw-shifts": ("facebn/lfw.json", lambda result: facebn_shifts(result, DEFAULT_WAY, "hr-lr")),
    "families": ("resolution/families.json", lambda result: families(result, "fewpix-s")),
    "families-l": ("resolution/families.json", lambda result: families(result, "fewpix-l")),
    "families-xs": ("resolution/families_xs.json", lambda result: families(result, "fewpix-xs")),
    "matched-gallery": ("gallery/matched.json", matched_gallery),
    "norm-quality": ("gallery/norm_quality.json", norm_quality),
    "detect-orl": ("detection/small_faces.json", lambda result: detect.found(result, "orl")),
    "detect-photos": ("detection/small_faces.json", lambda result: detect.found(result, "photos")),
    "detect-points": ("detection/small_faces.json", lambda result: detect.points(result, "photos")),
    "detect-cost": ("detection/small_faces.json", detect.cost),
    "detect-sureness": ("detection/sureness.json", lambda result: detect.told(result, _SURENESS)),
    "detect-aligner": ("detection/points.json", lambda result: detect.aligned(result, 75)),
    "effective-resolution": ("resolution/effective.json", quality.effective_resolution),
    "effective-routing": ("resolution/routing.json", quality.effective_routing),
    "poor-enrolment": ("gallery/poor_enrolment.json", quality.poor_enrolment),
    "template-weights": ("gallery/template_quality.json", quality.template_weights),
    "landmark-noise": (
        "detection/landmark_noise.json",
        lambda result: quality.landmark_noise(result, "fewpix-s"),
    ),
    "landmark-noise-l": (
        "detection/landmark_noise_l.json",
        lambda result: quality.landmark_noise(result, "fewpix-l"),
    ),
    "ablation-pool": ("training/ablation.json", lambda result: ablation(result, "pool", "area", 16)),
    "ablation-orl": ("training/ablation.json", lambda result: ablation(result, "orl", "area", 16)),
    "ablation-differences": (
        "training/ablation.json",
        lambda result: ablation_differences(result, "pool", "area", "rank1"),
    ),
    "ablation-cctv": (
        "training/ablation.json",
        lambda result: ablation_differences(result, "pool", "cctv", "rank1"),
    ),
    "embed-speed": ("speed/embed.json", embed_speed),
    "spread-prelu": ("speed/prelu.json", spread_prelu),
    "int8-speed": ("speed/int8_speed.json", int8_speed),
    "int8-loss": (("speed/int8_xs.json", "speed/int8.json", "speed/int8_l.json"), int8_loss),
    "scale": ("speed/scale.json", scale),
    "scale-search": ("speed/scale_search.json", scale),
    "gallery-search": ("gallery/search.json", gallery_search),
    "unknown-groups": ("gallery/unknown_groups.json", review.groups),
    "corrections": ("gallery/corrections.json", review.corrections),
    "gallery-stores": ("gallery/stores.json", capacity.kept),
    "service-load": ("serve/load.json", service.load),
    "bulk-speed": ("speed/bulk.json", service.bulk),
    "soak": ("serve/soak.json", service.soak),
    "capacity-faces": (
        ("gallery/stores.json", "gallery/search.json", "speed/embed.json"),
        capacity.faces,
    ),
    "capacity-cameras": (("video/real_time.json", "gallery/search.json"), capacity.cameras),
    "real-time": ("video/real_time.json", real_time),
    "video-stages": ("detection/video_stages.json", video_stages),
    "calibration-lfw-fmr": ("calibration/lfw.json", calibration.false_matches),
    "calibration-lfw-fpir": ("calibration/lfw.json", calibration.false_positives),
    "calibration-pool-fmr": ("calibration/pool.json", calibration.false_matches),
    "calibration-pool-fpir": ("calibration/pool.json", calibration.false_positives),
    "calibration-larger": ("calibration/larger.json", calibration.larger),
    "calibration-tracks-fpir": ("calibration/tracks.json", video.by_sights),
    "calibration-tracks-early": ("calibration/tracks.json", video.early),
    "films-rank1": ("video/films.json", lambda result: video.films(result, "rank1")),
    "films-tpir": ("video/films.json", lambda result: video.films(result, "tpir")),
    "films-words": ("video/films.json", lambda result: words.in_films(result, 12)),
    "films-strangers": ("video/films.json", video.strangers),
    "true-boxes-rank1": ("video/true_boxes.json", lambda result: video.films(result, "rank1")),
    "true-boxes-tpir": ("video/true_boxes.json", lambda result: video.films(result, "tpir")),
    "true-boxes-strangers": ("video/true_boxes.json", video.strangers),
    "fusion": ("video/fusion.json", video.fusion),
    "photos-words": ("photos/photos.json", lambda result: words.on_photographs(result, 16)),
    "stated-rates": (("calibration/pool.json", "calibration/lfw.json"), words.stated_rates),
    "one-person": ("facebn/guard.json", lambda result: words.one_person(result, "0.2")),
    "photos-detection": ("photos/photos.json", lambda result: photos(result, "detection")),
    "photos-rank1": ("photos/photos.json", lambda result: photos(result, "rank1")),
    "photos-tpir": ("photos/photos.json", lambda result: photos(result, "tpir")),
    "photos-differences": (
        "photos/photos.json",
        lambda result: photo_differences(result, "fewpix + auto, matched"),
    ),
    "found-faces": ("detection/found_faces.json", lambda result: found_faces(result, "fewpix-s", "teacher")),
    "study-clean": ("lfw/study.json", study.clean),
    "study-hr-lr": ("lfw/study.json", lambda result: study.over_families(result, "hr-lr")),
    "study-lr-lr": ("lfw/study.json", lambda result: study.over_families(result, "lr-lr")),
    "study-families": ("lfw/study.json", lambda result: study.by_family(result, "hr-lr", "fewpix-s")),
    "study-matched": ("lfw/study.json", study.matched),
    "study-facebn-hr-lr": ("lfw/study.json", lambda result: study.facebn(result, "hr-lr")),
    "study-facebn-lr-lr": ("lfw/study.json", lambda result: study.facebn(result, "lr-lr")),
}
"""Name → (file in `results/`, or several, how their contents become Markdown)."""


def render(text: str, results: Path, origin: str) -> str:
    """A document with all its tables made anew.

    Args:
        text: the document.
        results: the folder of results.
        origin: the document's name, for messages.

    Raises:
        ConfigError: an unknown table, or one that is not closed.
        InputError: a result is missing or lacks something that its table shows.
    """
    lines = text.split("\n")
    out: list[str] = []
    place = 0
    while place < len(lines):
        out.append(lines[place])
        opening = _OPENING.fullmatch(lines[place].strip())
        if opening is not None:
            name = opening.group(1)
            try:
                end = lines.index(_CLOSING, place + 1)
            except ValueError:
                raise ConfigError(
                    f"{origin}, line {place + 1}: the table '{name}' is not closed", fix=f"add {_CLOSING}"
                ) from None
            out += ["", *_table(name, results, f"{origin}, line {place + 1}").split("\n"), "", _CLOSING]
            place = end
        place += 1
    return "\n".join(out)


def _table(name: str, results: Path, where: str) -> str:
    if name not in TABLES:
        raise ConfigError(f"{where}: unknown table '{name}'", fix=f"use one of {', '.join(TABLES)}")
    file, make = TABLES[name]
    files = (file,) if isinstance(file, str) else file
    try:
        payloads = {each: read_result(results / each) for each in files}
        return "\n\n".join((make(*payloads.values()), *_older(payloads)))
    except (KeyError, TypeError, ValueError, StopIteration) as error:
        names = " or ".join(str(results / each) for each in files)
        raise InputError(
            f"{names} lacks what the table '{name}' shows: {error!r}", fix="measure it again"
        ) from error


def _older(payloads: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What is said of figures that earlier weights gave."""
    of = {each.file: each.of for each in read_commands()}
    names = sorted({name for file in payloads for name in outdated(of.get(file, ()), payloads[file])})
    return [f"Measured with other weights of {' and '.join(names)} than the package holds."] if names else []


@dataclass(frozen=True)
class Rendered:
    """What `update` did.

    Args:
        current: documents whose tables were up to date.
        written: documents whose tables were replaced.
    """

    current: tuple[str, ...]
    written: tuple[str, ...]

    def __str__(self) -> str:
        lines = [f"{name}: tables replaced" for name in self.written]
        return "\n".join(lines + [f"{name}: up to date" for name in self.current])


def update(documents: Sequence[Path], results: Path, *, check: bool = False) -> Rendered:
    """Make the tables of documents anew.

    Args:
        documents: Markdown files.
        results: the folder of results.
        check: write nothing; refuse when a document is not what would be written.

    Raises:
        InputError: a document or result is missing, or with `check` a table is out of date.
        ConfigError: see `render`.
    """
    current, changed = [], []
    for path in documents:
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise InputError(
                f"cannot read {path}: {error.strerror or error}", fix="check the path"
            ) from error
        made = render(text, results, path.name)
        if made == text:
            current.append(path.name)
            continue
        if check:
            raise InputError(f"the tables of {path} are not those of {results}", fix="run `make tables`")
        write_text(path, made)
        changed.append(path.name)
    return Rendered(tuple(current), tuple(changed))


def main() -> int:
    """Renew the documents that are named."""
    parser = options(__doc__)
    parser.add_argument("documents", type=Path, nargs="+", help="Markdown files")
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--check", action="store_true", help="write nothing; fail where one is out of date")
    given = parser.parse_args()
    return guarded(lambda: print(update(given.documents, given.results, check=given.check)))


if __name__ == "__main__":
    sys.exit(main())
