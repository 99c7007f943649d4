"""`fewpix calibrate`: from faces of strangers to false match rates."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from fewpix.cli.encoder_options import EncoderOptions
from fewpix.cli.gallery_options import Location
from fewpix.cli.groups import grouped, renamed
from fewpix.cli.kinds import CALIBRATION
from fewpix.cli.output import AsJson, emit, progress
from fewpix.cli.picture_options import Crops
from fewpix.cli.search_options import Camera
from fewpix.cli.targets import READS, DryRun, Writes
from fewpix.errors import ConfigError

if TYPE_CHECKING:
    from fewpix.data.faces import FaceSet


@dataclass(frozen=True)
class StrangerOptions:
    """Whose faces are compared, as it was asked for."""

    impostors: Annotated[
        list[Path] | None,
        Option(
            help="A folder of strangers, a tar shard or a .rec; may be given again. They are searched for, "
            "and without --against half of the people are searched among the other half.",
            show_default=False,
        ),
        READS,
    ] = None
    footage: Annotated[
        list[Path] | None,
        Option(
            help="Instead of pictures a film of strangers, for rates of tracks; may be given again. They are "
            "searched for among the people of --against.",
            show_default=False,
        ),
        READS,
    ] = None
    against: Annotated[
        list[Path] | None,
        Option(
            help="Search among these instead: people who are not among the impostors. May be given again.",
            show_default=False,
        ),
        READS,
    ] = None
    source: Annotated[
        list[str] | None,
        Option(
            help="Of --impostors, use the faces of this source of a shard; repeatable.", show_default=False
        ),
    ] = None
    against_source: Annotated[
        list[str] | None, Option(help="The same for --against; repeatable.", show_default=False)
    ] = None
    one_each: Annotated[
        bool,
        Option(
            "--one-each",
            help="Every picture shows another person; else each folder is one person's pictures.",
        ),
    ] = False


@dataclass(frozen=True)
class ComparisonOptions:
    """Which comparisons are measured, as it was asked for."""

    sizes: Annotated[str, Option(help="Sides of the small faces in pixels.")] = "8,12,16,24,32,48,112"
    galleries: Annotated[
        str, Option(help="Numbers of enrolled people; those that there are too few people for are left out.")
    ] = "10,100,1000,5000"
    same: Annotated[
        float | None,
        Option(
            help="Sharp faces from this cosine on are one person and not compared; 0.55 if nothing is said.",
            show_default=False,
        ),
    ] = None
    family: Annotated[str, Option(help="How faces are made small: a family of degradations.")] = "area"
    seed: Annotated[
        int, Option(min=0, help="Of who is in which gallery, and of what is random in the family.")
    ] = 0
    matched: Annotated[
        bool,
        Option(
            "--matched",
            help="Measure scores with a matched gallery, too, as `enrol` makes it: people then are compared "
            "with their photo and with the photo shrunk to the probe's size.",
        ),
    ] = False


@grouped
def calibrate(
    *,
    faces: StrangerOptions,
    out: Annotated[
        Path | None, Option(help="The JSON file to write.", show_default=False), Writes(CALIBRATION)
    ] = None,
    look: EncoderOptions,
    camera: Camera = None,
    gallery: Location = None,
    crops: Crops = False,
    comparisons: ComparisonOptions,
    population: Annotated[
        str, Option(help="Where the faces come from, in words, kept in the file.", show_default=False)
    ] = "",
    name: Annotated[str | None, Option("--name", hidden=True)] = None,
    note: Annotated[str, Option(help="What else is to be kept in the file.", show_default=False)] = "",
    beside: Annotated[
        list[Path] | None,
        Option(
            help="A calibration of other strangers by the same model: intervals then hold what rates are "
            "among those, too. May be given again.",
            show_default=False,
        ),
        READS,
    ] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Measure how often strangers reach a score, for every size of face and of gallery.

    Strangers' faces are made small, embedded, and searched for among people who are somebody else. The file
    says which scores are reached how often; give it to `identify` and `verify` with --calibration. A run that
    was interrupted goes on where it was.

    With --footage strangers are followed through films of a place, and the file is of templates of tracks,
    for `identify` on videos: sizes, light and movement are those of the place.
    """
    if out is None and not dry_run:
        raise ConfigError("calibrate needs a file to write", fix="name one with --out")
    if (faces.impostors is None) == (faces.footage is None):
        raise ConfigError(
            "calibrate needs strangers", fix="name pictures by --impostors, or films by --footage"
        )
    from fewpix.calibration.file import read_calibration, write_calibration
    from fewpix.calibration.impostors import strangers
    from fewpix.calibration.measure import measure
    from fewpix.calibration.plan import SAME, plan
    from fewpix.calibration.populations import beside as spanning
    from fewpix.calibration.report import Made
    from fewpix.cli.evaluate_options import numbers_of
    from fewpix.config import cache_dir
    from fewpix.degrade.degradation import Degradation
    from fewpix.evaluate.result.file import model_label
    from fewpix.gallery.matched import shipped_matching

    others = [read_calibration(path) for path in beside or ()]
    encoder = look.open(look.norms(camera, gallery))
    if faces.footage is not None:
        if dry_run or out is None:
            raise ConfigError("--dry-run knows nothing of films", fix="leave it out")
        if comparisons.matched or beside or not faces.against:
            raise ConfigError(
                "--footage goes with --against, and not with --matched or --beside",
                fix="name sharp pictures of people who are not in the films by --against",
            )
        from fewpix.cli.calibrate_footage import calibrate_footage

        among, missing = _faces(faces.against, crops, as_json)
        film = calibrate_footage(
            faces.footage,
            out,
            encoder,
            strangers(
                among,
                _named(faces.against, faces.against_source),
                one_each=faces.one_each,
                sources=faces.against_source or (),
            ),
            as_json=as_json,
            model=model_label(look.model),
            name=renamed("--name", "--population", name, population) or _named(faces.footage, None),
            galleries=numbers_of(comparisons.galleries, int, "galleries") or (),
            same=SAME if comparisons.same is None else comparisons.same,
            note=note,
        )
        write_calibration(out, film.calibration)
        for path, why in missing:
            logging.getLogger("fewpix").warning("left out %s: %s", path, why)
        emit(film, as_json, among.left_out)
        return
    assert faces.impostors is not None
    pool, failed = _faces(faces.impostors, crops, as_json)
    left_out = pool.left_out
    called = renamed("--name", "--population", name, population) or _named(faces.impostors, faces.source)
    probes = strangers(pool, called, one_each=faces.one_each, sources=faces.source or ())
    people = None
    if faces.against:
        enrolled, more = _faces(faces.against, crops, as_json)
        failed += more
        left_out += enrolled.left_out
        people = strangers(
            enrolled,
            _named(faces.against, faces.against_source),
            one_each=faces.one_each,
            sources=faces.against_source or (),
        )
    found = plan(
        model_label(look.model),
        encoder,
        probes,
        people,
        sizes=numbers_of(comparisons.sizes, int, "sizes") or (),
        galleries=numbers_of(comparisons.galleries, int, "galleries") or (),
        same=SAME if comparisons.same is None else comparisons.same,
        degradation=Degradation(comparisons.family, comparisons.seed),
        note=note,
        matching=shipped_matching() if comparisons.matched else None,
    )
    if dry_run or out is None:
        emit(found, as_json, left_out)
        return
    if not as_json:
        emit(found, as_json)
    with progress("calibrating", as_json=as_json) as bar:
        calibration, suspects = measure(found, cache_dir() / "teacher.db", bar)
    calibration = spanning(calibration, others)
    write_calibration(out, calibration)
    made = Made(str(out), calibration, suspects, failed)
    emit(made, as_json, left_out)
    if as_json and made.warning():
        logging.getLogger("fewpix").warning("%s", made.warning())


def _faces(paths: list[Path], crops: bool, as_json: bool) -> tuple[FaceSet, tuple[tuple[str, str], ...]]:
    """Aligned faces of crops, shards and RecordIO, or those found in the photographs of one folder.

    Raises:
        ConfigError: photographs and aligned faces were mixed.
        InputError: see `load_faces` and `faces_of`.
    """
    from fewpix.data.faces import load_faces

    if crops or not any(path.is_dir() for path in paths):
        return load_faces(paths), ()
    if len(paths) > 1:
        raise ConfigError(
            "photographs come from one folder, and not together with aligned faces",
            fix="put them into one folder, or say --crops if they are aligned crops",
        )
    from fewpix.calibration.photographs import faces_of
    from fewpix.detect import default_detector

    with progress("finding faces", as_json=as_json) as bar:
        return faces_of(paths[0], default_detector(), bar)


def _named(paths: list[Path], sources: list[str] | None) -> str:
    """Where faces come from, without folders of this machine."""
    names = ", ".join(path.name for path in paths)
    return f"{', '.join(sources)} of {names}" if sources else names
