"""The whole diagnosis: what is here, what will be used, and what is wrong with how to mend it."""

from __future__ import annotations

import platform
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fewpix import __version__
from fewpix.config import cache_dir, gallery_location
from fewpix.doctor.models import RunningModel, WeightsFile, running_models, weights_files
from fewpix.doctor.packages import Package, packages
from fewpix.doctor.runtimes import Runtime, runtimes
from fewpix.errors import FewpixError
from fewpix.models.cores import usable_cores


@dataclass(frozen=True)
class Diagnosis:
    """What `fewpix doctor` shows.

    Args:
        version: of fewpix.
        python: version and where it is.
        system: operating system and processor.
        cores: processors that this process may use.
        packages: see `Package`.
        runtimes: see `Runtime`.
        models: see `RunningModel`.
        weights: see `WeightsFile`.
        cache: the cache folder.
        cache_bytes: how much it holds.
        gallery: the gallery that is used when none is named.
        samples: the sample faces, or why there are none.
    """

    version: str
    python: str
    system: str
    cores: int
    packages: tuple[Package, ...]
    runtimes: tuple[Runtime, ...]
    models: tuple[RunningModel, ...]
    weights: tuple[WeightsFile, ...]
    cache: str
    cache_bytes: int
    gallery: str
    samples: str

    @property
    def faults(self) -> tuple[str, ...]:
        """What does not work although it is needed or installed."""
        missing = [str(item) for item in self.packages if item.version is None and not item.extra]
        broken = [str(item) for item in self.runtimes if item.fault]
        models = [str(item) for item in self.models if item.fault]
        files = [str(item) for item in self.weights if item.fault]
        return (*missing, *broken, *models, *files)

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON values, with `ok` and `faults`."""
        return {"ok": not self.faults, "faults": list(self.faults), **asdict(self)}

    def __str__(self) -> str:
        """A page for people."""
        parts = [
            f"fewpix {self.version}, Python {self.python}\n{self.system}, {self.cores} cores",
            _part("packages", self.packages),
            _part("runtimes, and when each is used", self.runtimes),
            _part("models as they would run now", self.models),
            _part("weights", self.weights),
            _part(
                "places",
                (
                    f"cache {self.cache}, {self.cache_bytes / 1e6:.0f} MB (FEWPIX_CACHE moves it)",
                    f"gallery {self.gallery} (--gallery or FEWPIX_GALLERY names another)",
                    f"samples {self.samples}",
                ),
            ),
            _part("faults", self.faults) if self.faults else "no faults",
        ]
        return "\n\n".join(parts)


def diagnose() -> Diagnosis:
    """Look at everything; takes some seconds, most of them for importing torch."""
    folder = cache_dir()
    return Diagnosis(
        version=__version__,
        python=f"{platform.python_version()} at {sys.prefix}",
        system=f"{platform.system()} {platform.release()} on {platform.machine()}",
        cores=usable_cores(),
        packages=packages(),
        runtimes=runtimes(),
        models=running_models(),
        weights=weights_files(),
        cache=str(folder),
        cache_bytes=sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()),
        gallery=_gallery(),
        samples=_samples(),
    )


def _gallery() -> str:
    location = gallery_location()
    if "://" in location:
        return f"{location.split('://')[0]}://…"  # the rest may hold a password
    return location if Path(location).is_file() else f"{location}, not made yet"


def _samples() -> str:
    from fewpix.data.orl import load_orl

    try:
        return str(load_orl())
    except FewpixError as error:
        return str(error)


def _part(title: str, items: tuple[object, ...]) -> str:
    return "\n".join([title, *(f"  {item}" for item in items)])
