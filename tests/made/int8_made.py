"""A small student in int8, and the faces that it was calibrated on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fewpix.data.faces import FaceSet
from fewpix.data.orl import load_orl
from fewpix.export.int8 import Int8Report, export_int8
from fewpix.foreign import toml_of
from fewpix.image.codec import encode_image
from fewpix.models.weights import save_weights
from fewpix.models.zoo import tensors_of
from tiny_student import POOL_RECIPE, tiny_student

COUNT = 32


def orl_faces(count: int = 40) -> FaceSet:
    """As many people of ORL, one face each, 92 px."""
    pictures = [encode_image(image[12:104], ".png") for image in load_orl().images[::10][:count]]
    return FaceSet(tuple(f"{n:02}" for n in range(count)), ("orl",) * count, tuple(pictures))


def tiny_weights(folder: Path, arch: str = "lr28-tiny") -> Path:
    """The weights of a small student whose card holds a recipe."""
    model, card = tiny_student(arch)
    card = replace(card, provenance={"recipe": toml_of(POOL_RECIPE)})
    save_weights(folder / "tiny.safetensors", tensors_of(model), card)
    return folder / "tiny.safetensors"


def tiny_int8(folder: Path, arch: str = "lr28-tiny") -> Int8Report:
    """It in int8, beside its weights."""
    return export_int8(tiny_weights(folder, arch), folder / "tiny-int8.onnx", orl_faces(), count=COUNT)
