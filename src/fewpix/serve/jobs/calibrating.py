"""A calibration as a job: strangers' pictures in, rates out, as `fewpix calibrate` measures them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from fewpix.calibration.file import write_calibration
from fewpix.calibration.of_pictures import of_pictures
from fewpix.serve.inference import Inference
from fewpix.serve.jobs.archive import unpack
from fewpix.serve.jobs.task import FILM, Stopped, Task
from fewpix.serve.settings import Settings

CALIBRATION = "calibration.json"


@dataclass(frozen=True)
class CalibrationOptions:
    """What is measured; fields as the options of `fewpix calibrate`.

    Args:
        population: where the faces come from, in words.
        one_each: every picture shows another person; else each folder is one person's.
        crops: the pictures are aligned crops.
        matched: measure scores with a matched gallery, too.
        sizes: sides of the small faces in pixels.
        galleries: numbers of enrolled people.
        note: what else is to be kept in the file.
    """

    population: str
    one_each: bool
    crops: bool
    matched: bool
    sizes: tuple[int, ...]
    galleries: tuple[int, ...]
    note: str

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return asdict(self) | {"sizes": list(self.sizes), "galleries": list(self.galleries)}


class Calibrations:
    """Does jobs of the kind "calibration".

    Args:
        settings: of the service.
        inference: the models.
    """

    def __init__(self, settings: Settings, inference: Inference) -> None:
        self._settings, self._inference = settings, inference

    def __call__(self, task: Task) -> Mapping[str, Any]:
        """Measure, and leave the file in the folder of the job.

        Raises:
            InputError: the archive cannot be read, or shows too few people.
            ConfigError: a size is out of range.
        """
        said = dict(task.job.options)
        options = CalibrationOptions(**said | {n: tuple(said[n]) for n in ("sizes", "galleries")})
        sight = self._inference.sight
        pictures, cache = task.folder / "pictures", task.folder / "embeddings.db"
        try:
            names = unpack(task.folder / FILM, pictures, self._settings.limits)

            def advance(done: float, total: float | None = None, note: str = "", stage: str = "") -> None:
                if task.stop.is_set():
                    raise Stopped
                task.progress.at(done, total, stage)

            made = of_pictures(
                *(pictures, None if options.crops else sight.watching(), sight.encoder, self._settings.model),
                cache=cache,
                population=options.population,
                one_each=options.one_each,
                matched=options.matched,
                sizes=options.sizes,
                galleries=options.galleries,
                note=options.note,
                advance=advance,
            )
            write_calibration(task.folder / CALIBRATION, made.calibration)
        finally:
            shutil.rmtree(pictures, ignore_errors=True)
            for path in task.folder.glob(f"{cache.name}*"):
                path.unlink(missing_ok=True)
        found = made.calibration
        return {
            "probes": {"people": found.probes.people, "faces": found.probes.faces},
            "gallery": {"people": found.gallery.people, "faces": found.gallery.faces},
            "independent_pairs": found.independent_pairs,
            "independent_searches": found.independent_searches,
            "warning": made.warning() or None,
            "left_out": [{"file": names.get(name, name), "why": why} for name, why in made.failed],
        }
