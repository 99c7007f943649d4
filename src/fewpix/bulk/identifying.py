"""Pictures to rows of who is in them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from fewpix.bulk.job import Job
from fewpix.data.shard_index import Found
from fewpix.detect import default_detector
from fewpix.detect.runtime import beside
from fewpix.errors import InputError
from fewpix.gallery.cameras import state_at
from fewpix.gallery.store import open_enrolled
from fewpix.identify.pipeline import Identifier
from fewpix.identify.rule import Rule, rule_for
from fewpix.identify.settings import settings_of
from fewpix.image.codec import decode_image


@dataclass(frozen=True)
class IdentifyJob(Job):
    """Who of a gallery is in each picture; see `Job`, and `fewpix.identify.pipeline.Identifier`.

    Args:
        gallery: a file that all machines see, or the address of a database.
        camera: use the state that the gallery keeps for it.
        crops: pictures are aligned crops; no face is looked for.
        top: candidates per face.
        templates: compare with each person's template.
        matched: compare small faces with photos made small, too.
        threshold: as in `fewpix.identify.rule.rule_for`, like the three that follow.
        fpir: likewise.
        cautious: likewise.
        calibration: likewise; a file.
    """

    verb: ClassVar[str] = "identify"

    gallery: str = ""
    camera: str | None = None
    crops: bool = False
    top: int = 3
    templates: bool = True
    matched: bool | None = None
    threshold: float | None = None
    fpir: float | None = None
    cautious: bool = False
    calibration: str | None = None

    def open(self) -> OpenedIdentifying:
        """Models, gallery and rule.

        Raises:
            FewpixError: as `open_encoder`, `rule_for`, `Gallery.open` and `Identifier`.
        """
        encoder = self.encoder(None if self.camera is None else state_at(self.gallery, self.camera))
        own = self.runtime == "torch"
        detector = (
            None
            if self.crops
            else default_detector(runtime=beside(self.runtime), threads=0 if own else self.threads)
        )
        by = rule_for(
            encoder,
            calibration=self.calibration,
            fpir=self.fpir,
            threshold=self.threshold,
            cautious=self.cautious,
        )
        gallery = open_enrolled(self.gallery, encoder.card.space)
        try:
            identifier = Identifier(
                detector,
                encoder,
                gallery,
                top=self.top,
                threshold=by.threshold,
                templates=self.templates,
                calibrated=by.calibrated,
                fpir=by.fpir,
                matched=self.matched,
            )
        except BaseException:
            gallery.close()
            raise
        return OpenedIdentifying(identifier, by)


class OpenedIdentifying:
    """Names the faces of pictures.

    Args:
        identifier: of the job; its gallery is closed with this.
        by: its rule.
    """

    def __init__(self, identifier: Identifier, by: Rule) -> None:
        self._identifier, self.rule = identifier, by
        self.runtime = identifier.encoder.runtime
        self.settings = {"verb": IdentifyJob.verb, **settings_of(identifier, by, None)}

    def table(self, pictures: Iterable[Found]) -> Any:
        """Columns `picture`, `faces` (their number), `names` (a list: who each is, or null), `result` (the
        JSON text that `fewpix identify --json` prints) and `error`.
        """
        import pyarrow

        columns: dict[str, list[Any]] = {
            name: [] for name in ("picture", "faces", "names", "result", "error")
        }
        for found in pictures:
            faces: int | None = None
            names: list[str | None] | None = None
            result, why = None, found.why
            try:
                if not why:
                    image = decode_image(found.data, found.name)
                    picture = self._identifier.identify_picture(image, found.name)
                    faces, names = len(picture.faces), [face.decision for face in picture.faces]
                    result = json.dumps(picture.to_json(), allow_nan=False)
            except InputError as error:
                why = error.what.replace(found.name, "it", 1).removeprefix("it: ")
            for name, value in zip(columns, (found.name, faces, names, result, why or None), strict=True):
                columns[name].append(value)
        text = pyarrow.string()
        types = (text, pyarrow.int32(), pyarrow.list_(text), text, text)
        return pyarrow.table(
            {
                name: pyarrow.array(values, type=kind)
                for (name, values), kind in zip(columns.items(), types, strict=True)
            }
        )

    def close(self) -> None:
        """Close the gallery."""
        self._identifier.gallery.close()
