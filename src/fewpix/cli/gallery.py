"""`fewpix gallery`: look at who is enrolled, and change it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option, Typer

from fewpix.cli.calibration_options import CalibrationFile
from fewpix.cli.encoder_options import EncoderOptions
from fewpix.cli.gallery_camera import camera
from fewpix.cli.gallery_options import WAIT, Location, Wait, Yes, open_gallery, overwritten
from fewpix.cli.groups import grouped
from fewpix.cli.kinds import EXPORT
from fewpix.cli.output import AsJson, emit, progress
from fewpix.cli.targets import READS, DryRun, Writes

gallery = Typer(add_completion=False, help="Look at who is enrolled, and change it.")
gallery.add_typer(camera, name="camera", short_help="NormStates of cameras")

Name = Annotated[str, Argument(help="The person.", show_default=False)]
FileEnding = Argument(help="Ends in .npz, .json or .parquet.", show_default=False)


@gallery.command("list", short_help="everybody who is enrolled")
def list_people(gallery: Location = None, as_json: AsJson = False) -> None:
    """List everybody with the number of their photos."""
    from fewpix.cli.gallery_views import People

    with open_gallery(gallery, write=False) as store:
        emit(People(store.location, store.space, tuple(store.people()), store.shrunk_sizes()), as_json)


@gallery.command("show", short_help="one person's photos and history")
def show(name: Name, gallery: Location = None, as_json: AsJson = False) -> None:
    """Show a person's photos, what they were embedded by, and what was done to the entry."""
    from fewpix.cli.gallery_views import Shown
    from fewpix.gallery.history import history
    from fewpix.gallery.names import stored_name

    with open_gallery(gallery, write=False) as store:
        person = stored_name(name)
        with store.database.snapshot():
            events = tuple(history(store, person))
            faces, rows = tuple(store.faces(person)), tuple(store.rows(person))
            shown = Shown(person, faces, rows, events, store.shrunk_sizes(person))
        emit(shown, as_json)


@gallery.command("rename", short_help="give a person another name")
def rename(
    old: Name,
    new: Annotated[str, Argument(help="The new name, which nobody has.", show_default=False)],
    gallery: Location = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Give a person another name; photos and history stay."""
    from fewpix.gallery import edit

    with open_gallery(gallery, write=True) as store:
        emit(edit.rename(store, old, new, dry_run=dry_run), as_json)


@gallery.command("merge", short_help="make one person of several")
def merge(
    people: Annotated[list[str], Argument(help="Who ends.", show_default=False)],
    into: Annotated[str, Option(help="Who takes their photos and history.", show_default=False)],
    gallery: Location = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    wait: Wait = WAIT,
    as_json: AsJson = False,
) -> None:
    """Make one person of several entries: photos and history go to --into."""
    from fewpix.cli.confirm import confirmed
    from fewpix.gallery import edit

    with open_gallery(gallery, write=True) as store:
        trial = edit.merge(store, people, into, dry_run=True)
        if not dry_run:
            confirmed(str(trial), yes)
            trial = edit.merge(store, people, into, wait=wait)
        emit(trial, as_json)
    overwritten(trial.remains)


@gallery.command("remove", short_help="remove people, or some of their photos")
def remove(
    people: Annotated[list[str], Argument(help="Who goes.", show_default=False)],
    photo: Annotated[
        list[int] | None,
        Option(help="Only this photo, by its number in `show`; repeatable.", show_default=False),
    ] = None,
    gallery: Location = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    wait: Wait = WAIT,
    as_json: AsJson = False,
) -> None:
    """Remove people with all that is known of them, or single photos of one person.

    Ends with 10 where somebody else was using the gallery all the time, so that bytes of theirs are left.
    """
    from fewpix.cli.confirm import confirmed
    from fewpix.errors import ConfigError
    from fewpix.gallery import edit

    if photo and len(people) != 1:
        raise ConfigError("--photo needs exactly one person", fix="name the person whose photos these are")
    with open_gallery(gallery, write=True) as store:

        def change(dry_run: bool) -> edit.Changed:
            if photo:
                return edit.remove_faces(store, people[0], photo, dry_run=dry_run, wait=wait)
            return edit.remove(store, people, dry_run=dry_run, wait=wait)

        done = change(True)
        if not dry_run:
            confirmed(str(done), yes)
            done = change(False)
        emit(done, as_json)
    overwritten(done.remains)


@gallery.command("export", short_help="write everything into one file")
def export(
    file: Annotated[Path, FileEnding, Writes(EXPORT)],
    gallery: Location = None,
    without_crops: Annotated[
        bool, Option("--without-crops", help="Leave out the pixels that were kept of photos.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write people, embeddings, originals, history and cameras into one file that holds no program."""
    from fewpix.errors import InputError
    from fewpix.gallery.cameras import cameras
    from fewpix.gallery.exchange import export_gallery
    from fewpix.gallery.exchange.formats import check_ending

    check_ending(file)
    with open_gallery(gallery, write=False) as store:
        if store.is_empty() and not cameras(store):
            raise InputError(
                f"the gallery {store.location} is empty", fix="enrol people, or name another one"
            )
        emit(export_gallery(store, file, originals=not without_crops), as_json)


@gallery.command("import", short_help="add what an exported file holds")
def import_file(
    file: Annotated[Path, FileEnding, READS],
    gallery: Location = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Add everything in an exported file; what is there already is not doubled. The gallery may be new."""
    from fewpix.config import gallery_location
    from fewpix.errors import InputError
    from fewpix.gallery.exchange import import_document, read_document, try_import
    from fewpix.gallery.store import Gallery

    document = read_document(file)
    if not document.rows and not document.cameras:
        raise InputError(f"{file} holds nobody and no camera", fix="name another file")
    location = gallery or gallery_location()
    if dry_run:
        emit(try_import(location, document, str(file)), as_json)
        return
    with Gallery.open(location, document.space) as store:
        emit(import_document(store, document, str(file)), as_json)


@gallery.command("reembed", short_help="embed kept originals again by another model")
@grouped
def reembed(
    look: EncoderOptions,
    gallery: Location = None,
    drop_lost: Annotated[
        bool,
        Option("--drop-lost", help="Into another space: remove photos whose originals were not kept."),
    ] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    wait: Wait = WAIT,
    as_json: AsJson = False,
) -> None:
    """Replace older embeddings by a model's own, from the originals of `enrol --keep-crops`.

    Within one space a photo without an original keeps its embedding, which stays comparable. Into another
    space everything changes over at once, or nothing does. Photos get the rows of small sizes that `enrol`
    makes, too, those with an original that were enrolled before there were any.
    """
    from fewpix.cli.confirm import confirmed
    from fewpix.identify.reembed import reembed as embed_again

    norms = look.norms()
    with open_gallery(gallery, write=True) as store:
        encoder = look.open(norms)
        if drop_lost and not dry_run:
            confirmed(f"photos without originals are going to be removed from {store.location}", yes)
        with progress("embedding", as_json=as_json) as bar:
            done = embed_again(store, encoder, drop_lost=drop_lost, dry_run=dry_run, wait=wait, progress=bar)
    emit(done, as_json)
    overwritten(done.remains)


@gallery.command("check", short_help="look for faults")
def check(gallery: Location = None, calibration: CalibrationFile = None, as_json: AsJson = False) -> None:
    """Read everything in the gallery and say what is wrong; measure the recall of an HNSW index.

    Names that the faces speak against are doubts, no faults: photos under two names, people who look alike,
    photos unlike the others of their person. How alike strangers are, the calibration says.
    """
    from fewpix.calibration.file import SHIPPED, read_calibration
    from fewpix.calibration.lookup import Calibrated
    from fewpix.check.gallery import check_gallery

    file = calibration or (SHIPPED if SHIPPED.is_file() else None)
    calibrated = Calibrated(read_calibration(file)) if file else None
    with open_gallery(gallery, write=False) as store:
        found = check_gallery(store, calibrated)
    emit(found, as_json)
    error = found.error()
    if error is not None:
        raise error


@gallery.command("index", short_help="search exactly, or by HNSW on PostgreSQL")
def index(
    kind: Annotated[
        str, Argument(help="exact, or hnsw: faster on large galleries, approximate.", show_default=False)
    ],
    gallery: Location = None,
    as_json: AsJson = False,
) -> None:
    """Choose how a gallery on PostgreSQL is searched; `check` measures what HNSW misses."""
    from fewpix.cli.message import Message
    from fewpix.errors import ConfigError

    if kind not in ("exact", "hnsw"):
        raise ConfigError(f"unknown index '{kind}'", fix="one of exact, hnsw")
    with open_gallery(gallery, write=True) as store:
        store.database.set_index(kind == "hnsw")
        emit(Message(f"{store.location} is searched by {kind}", {"index": kind}), as_json)
