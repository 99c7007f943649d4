"""From a model's name or path to an encoder that runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fewpix.adapt.stats import NormState
from fewpix.embed.fastest import fastest
from fewpix.embed.protocol import Encoder
from fewpix.embed.router import Router, read_bands
from fewpix.errors import ConfigError, InputError, WeightsError
from fewpix.models.shipped import STUDENTS, shipped
from fewpix.models.teacher import OnnxModel, foreign, sface
from fewpix.optional import require

__all__ = ["RUNTIMES", "STUDENTS", "TEACHERS", "open_encoder", "open_onnx", "open_path"]

RUNTIMES = ("auto", "onnxruntime", "openvino", "torch")
TEACHERS = ("teacher", "sface")


def open_encoder(
    model: str | Path = "fewpix-s",
    *,
    runtime: str = "auto",
    device: str = "auto",
    state: NormState | None = None,
    threads: int = 0,
) -> Encoder:
    """Open an encoder. What is asked for by name is what runs: nothing falls back to something else.

    Args:
        model: "fewpix-xs", "fewpix-s" or "fewpix-l" (the shipped students: the fastest, the one
            for the smallest faces, the accurate one), "teacher" (SFace), "auto" (per face the best of the
            last three at its size), or a path: `.onnx` for onnxruntime and OpenVINO, `.safetensors` for
            torch.
        runtime: "auto" (OpenVINO where it is installed and gives what onnxruntime gives, see `fastest`; else
            onnxruntime; torch for a `.safetensors` path), "onnxruntime", "openvino" or "torch".
        device: "auto", "cpu", "cuda", "cuda:1" or "mps"; see the runtime.
        state: the NormState to run under. Of "auto" it reaches the student that it was made for.
        threads: of the runtime on the CPU; 0 leaves it to the runtime.

    Raises:
        ConfigError: the runtime's name is unknown, or it cannot read this kind of file.
        InputError: no model of this name or at this path.
        UnavailableError: the runtime or the device is not here.
        WeightsError: the weights are damaged, or the state belongs to another model.
    """
    model = str(model)
    if runtime not in RUNTIMES:
        raise ConfigError(f"unknown runtime '{runtime}'", fix=f"one of {', '.join(RUNTIMES)}")
    if model == "auto":
        return _open_router(runtime=runtime, device=device, state=state, threads=threads)
    if model in TEACHERS:
        return open_onnx(sface(), runtime=runtime, device=device, state=state, threads=threads)
    if model in STUDENTS:
        file = shipped(model + (".safetensors" if runtime == "torch" else ".onnx"))
        return open_path(file, runtime=runtime, device=device, state=state, threads=threads)
    path = Path(model)
    if not path.is_file():
        known = ", ".join((*STUDENTS, "teacher", "auto"))
        raise InputError(
            f"no model '{model}'", fix=f"one of {known}, or the path of an .onnx or .safetensors file"
        )
    return open_path(path, runtime=runtime, device=device, state=state, threads=threads)


def reopened(
    encoder: Encoder,
    model: str | Path,
    state: NormState,
    *,
    runtime: str = "auto",
    device: str = "auto",
    threads: int = 0,
) -> Encoder:
    """An encoder that is open already once more, under a state; a router shares the models without one.

    Args:
        encoder: as `open_encoder` gave it.
        model: what it was opened by.
        state: as in `open_encoder`.
        runtime: what it was opened with.
        device: likewise.
        threads: likewise.

    Raises:
        FewpixError: as `open_encoder`.
    """
    common: dict[str, Any] = {"runtime": runtime, "device": device, "threads": threads, "state": state}
    if not isinstance(encoder, Router):
        return open_encoder(model, **common)
    known = {each.card.sha256: each.card.name for each in encoder.encoders if each.card.name in STUDENTS}
    if state.model_sha256 not in known:
        raise WeightsError(
            f"the state {state.id} belongs to the model {state.model_sha256[:12]}, "
            f"which the router does not use",
            fix=f"adapt one of {', '.join(known.values())}",
        )
    owner = open_encoder(known[state.model_sha256], **common)
    return Router(
        [
            (start, owner if each.card.sha256 == state.model_sha256 else each)
            for start, each in zip(encoder.starts, encoder.encoders, strict=True)
        ]
    )


def _open_router(*, runtime: str, device: str, state: NormState | None, threads: int) -> Router:
    """The router of the package. Arguments and errors as `open_encoder`."""
    common: dict[str, Any] = {"runtime": runtime, "device": device, "threads": threads}
    router = Router([(start, open_encoder(name, **common)) for start, name in read_bands()])
    if state is None:
        return router
    adapted = reopened(router, "auto", state, **common)
    assert isinstance(adapted, Router)
    return adapted


def teacher_file(model: str) -> Path | None:
    """The ONNX file of a teacher, for those who want its layers; None where there is none.

    Args:
        model: a name or path, as in `open_encoder`.

    Raises:
        UnavailableError: SFace is not installed.
    """
    if model in TEACHERS:
        return sface().path
    path = Path(model)
    return path if path.suffix == ".onnx" and path.is_file() else None


def open_path(
    path: Path, *, runtime: str, device: str, state: NormState | None = None, threads: int = 0
) -> Encoder:
    """Open a file; its suffix says which runtimes can read it. Arguments and errors as `open_encoder`."""
    if path.suffix == ".safetensors":
        if runtime not in ("auto", "torch"):
            raise ConfigError(
                f"{runtime} cannot read {path.name}", fix="make an .onnx file with `fewpix export`"
            )
        require("torch")
        from fewpix.embed.torch import TorchEncoder
        from fewpix.models.zoo import load_student

        if threads:
            raise ConfigError("torch's threads are the whole process's", fix="set OMP_NUM_THREADS instead")
        return TorchEncoder(*load_student(path), device=device, state=state)
    if path.suffix != ".onnx":
        raise InputError(f"{path} is neither .onnx nor .safetensors", fix="name a model file")
    return open_onnx(foreign(path), runtime=runtime, device=device, state=state, threads=threads)


def open_onnx(
    model: OnnxModel, *, runtime: str, device: str, state: NormState | None = None, threads: int = 0
) -> Encoder:
    """Open an ONNX model with its card. Arguments and errors as `open_encoder`."""
    if runtime == "torch":
        raise ConfigError(
            f"torch cannot read {model}, which is an ONNX file",
            fix="use --runtime onnxruntime or openvino, or a student, such as fewpix-s",
        )
    if runtime == "auto":
        runtime = fastest(model, device).runtime
    if runtime == "openvino":
        require("openvino")
        from fewpix.embed.openvino import OpenVinoEncoder

        return OpenVinoEncoder(model, device=device, state=state, threads=threads)
    from fewpix.embed.onnxruntime import OnnxRuntimeEncoder

    return OnnxRuntimeEncoder(model, device=device, state=state, threads=threads)
