"""A student in int8: kernels by output channel, maps by the ranges that degraded faces give them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fewpix.data.faces import FaceSet
from fewpix.degrade import PRESETS, per_item_rng
from fewpix.embed.graph import initialisers
from fewpix.embed.onnxruntime import OnnxRuntimeEncoder
from fewpix.embed.openvino import OpenVinoEncoder
from fewpix.embed.protocol import Encoder
from fewpix.errors import ConfigError, WeightsError
from fewpix.export.equalise import equalise
from fewpix.export.graph import INPUT, to_onnx
from fewpix.files import PathLike, atomic, path_of
from fewpix.image.resize import Crop
from fewpix.models.card import METADATA_KEY, Card
from fewpix.models.teacher import OnnxModel
from fewpix.models.weights import digest
from fewpix.models.zoo import load_student
from fewpix.optional import installed
from fewpix.train.recipe import Recipe

if TYPE_CHECKING:
    import onnx

FACES = 512
"""Faces that are looked at when nothing is said."""

BATCH = 8
"""A map's range is the mean of the ranges of so many faces: the extremes of all of them would leave too few
steps for what is usual."""

LEAST = 0.98
"""The mean cosine with the embeddings in float32 from which on a file is kept."""


@dataclass(frozen=True)
class Int8Report:
    """What was written, and how near it is.

    Args:
        path: the ONNX file.
        model: the card's name.
        sha256: the digest of the int8 weights.
        of: the digest of the student that they were made of.
        bytes: size of the file.
        faces: how many faces it was calibrated on.
        faces_sha256: of the set that they were drawn from.
        seed: of the draw and of what was done to them.
        chain: that made them small.
        cosine: mean cosine with the student's own embeddings of these faces, by runtime; empty when not
            checked.
        least: what `cosine` had to reach.
    """

    path: str
    model: str
    sha256: str
    of: str
    bytes: int
    faces: int
    faces_sha256: str
    seed: int
    chain: str
    cosine: Mapping[str, float]
    least: float = LEAST

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return asdict(self) | {"cosine": dict(self.cosine)}

    def __str__(self) -> str:
        """Three lines for people."""
        size = f"{self.bytes / 1e6:.2f} MB"
        lines = [
            f"{self.path}: {self.model} {self.sha256[:12]}, {size}, made of {self.of[:12]}",
            f"calibrated on {self.faces} faces of {self.faces_sha256[:12]}, seed {self.seed}, "
            f"made small by {self.chain}",
        ]
        found = ", ".join(f"{name} {value:.4f}" for name, value in self.cosine.items())
        lines.append(
            f"mean cosine with float32: {found} (at least {self.least})"
            if found
            else "the embeddings were not compared with float32"
        )
        return "\n".join(lines)


def export_int8(
    weights: PathLike,
    target: PathLike,
    faces: FaceSet,
    *,
    count: int = FACES,
    seed: int = 0,
    check: bool = True,
) -> Int8Report:
    """Write a student as ONNX in int8. Equal weights, faces, count and seed give equal bytes on one machine.

    The first convolution stays in float32. The card is the student's, with a name and a digest of its own and
    what it was calibrated on. Its space is the same; a NormState does not fit it.

    Args:
        weights: a `.safetensors` file of a student.
        target: the `.onnx` file to write, atomically.
        faces: sharp aligned faces, to calibrate on. They are made small as in the student's training, to each
            size in turn.
        count: how many are drawn, at least `BATCH`; of a smaller set, faces are drawn again.
        seed: of the draw and of what is done to them.
        check: False leaves out the comparison with float32.

    Raises:
        ConfigError: the count is too small.
        InputError: no such weights, or a face is smaller than the largest size.
        StorageError: the target cannot be written.
        WeightsError: the weights are damaged, of an unknown architecture or without a recipe, or the
            embeddings in int8 are too far from theirs in a runtime; what was at `target` before is still
            there.
    """
    weights, target = path_of(weights), path_of(target)
    if count < BATCH:
        raise ConfigError(f"--count must be at least {BATCH}, not {count}")
    model, card = load_student(weights)
    chain = _chain(card)
    crops = calibration_crops(faces, chain, count, seed)
    plain = bytes(to_onnx(model, card).SerializeToString())
    proto = quantised(plain, card.preprocess.apply(crops))
    facts = {"of": card.sha256, "faces": count, "faces_sha256": faces.sha256, "seed": seed, "chain": chain}
    made = replace(
        card,
        name=f"{card.name}-int8",
        sha256=digest(initialisers(proto)),
        provenance={**card.provenance, "int8": facts},
    )
    proto.graph.name = made.name
    del proto.metadata_props[:]
    proto.metadata_props.add(key=METADATA_KEY, value=made.to_text())
    data = bytes(proto.SerializeToString(deterministic=True))
    cosine = _compared(OnnxModel(target, card, plain), OnnxModel(target, made, data), crops) if check else {}
    with atomic(target) as part:
        part.write_bytes(data)
    return Int8Report(
        str(target),
        made.name,
        made.sha256,
        card.sha256,
        len(data),
        count,
        faces.sha256,
        seed,
        chain,
        cosine,
    )


def calibration_crops(faces: FaceSet, chain: str, count: int, seed: int) -> list[Crop]:
    """Faces of a set, made small by a chain of `PRESETS`, to each of its sides in turn.

    Raises:
        InputError: a face is smaller than the largest side.
    """
    steps = PRESETS[chain]
    drawn = np.resize(np.random.default_rng(seed).permutation(len(faces)), count)
    return [
        steps.at(steps.sides[n % len(steps.sides)]).apply(faces.crop(int(face)), per_item_rng(seed, n))
        for n, face in enumerate(drawn)
    ]


def quantised(plain: bytes, faces: NDArray[np.float32]) -> onnx.ModelProto:
    """A student's graph in int8: a QuantizeLinear and a DequantizeLinear around what is calculated so.

    Args:
        plain: a serialised ONNX model, as `to_onnx` gives it.
        faces: (N, 3, side, side), preprocessed.
    """
    import onnx
    from onnxruntime.quantization import (
        CalibrationDataReader,
        QuantFormat,
        QuantType,
        quant_pre_process,
        quantize_static,
    )

    batches = np.array_split(faces, max(len(faces) // BATCH, 1))

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        """Gives the library one batch after the other."""

        def __init__(self) -> None:
            self._rest: Iterator[NDArray[np.float32]] = iter(batches)

        def get_next(self) -> dict[str, NDArray[np.float32]] | None:
            """The next one, None at the end."""
            batch = next(self._rest, None)
            return None if batch is None else {INPUT: batch}

    with TemporaryDirectory(prefix="fewpix-int8-") as folder:
        file, folded, made = (Path(folder) / name for name in ("plain.onnx", "folded.onnx", "int8.onnx"))
        file.write_bytes(plain)
        quant_pre_process(str(file), str(folded), skip_symbolic_shape=True)
        model = onnx.load(str(folded))
        equalise(model, batches)
        onnx.save(model, str(folded))
        first = next(node.name for node in model.graph.node if node.op_type == "Conv")
        quantize_static(
            str(folded),
            str(made),
            Reader(),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv", "Gemm", "Add"],
            nodes_to_exclude=[first],
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            extra_options={"CalibMovingAverage": True, "OpTypesToExcludeOutputQuantization": ["Gemm"]},
        )
        return onnx.load(str(made))


def _chain(card: Card) -> str:
    """The name of the chain that the student was trained with.

    Raises:
        WeightsError: its card does not say.
    """
    try:
        recipe = Recipe.model_validate(card.provenance["recipe"], strict=False)
    except (KeyError, ValueError) as error:
        raise WeightsError(
            f"the card of {card.name} holds no recipe that this fewpix reads", fix="distil it again"
        ) from error
    return recipe.degrade.chain


def _compared(before: OnnxModel, after: OnnxModel, crops: Sequence[Crop]) -> dict[str, float]:
    """The mean cosine of both models' embeddings, by runtime.

    Raises:
        WeightsError: one is below `LEAST`.
    """
    wanted = OnnxRuntimeEncoder(before).embed(crops)
    encoders: list[Encoder] = [OnnxRuntimeEncoder(after)]
    if installed("openvino"):
        encoders.append(OpenVinoEncoder(after))
    found = {}
    for encoder in encoders:
        cosine = float((encoder.embed(crops) * wanted).sum(axis=1).mean())
        if not cosine >= LEAST:
            raise WeightsError(
                f"in int8, in {encoder.runtime}, the embeddings of {before.card.name} have a mean cosine of "
                f"{cosine:.4f} with those in float32, less than {LEAST}; nothing was written",
                fix="calibrate on more faces, or use the model in float32",
            )
        found[encoder.runtime] = round(cosine, 6)
    return found
