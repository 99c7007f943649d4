"""The runtimes with the devices that they really reach, asked of the runtimes themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fewpix.doctor.packages import version
from fewpix.errors import FewpixError

WHY = {
    "onnxruntime": "used where OpenVINO is not: every base install has it",
    "openvino": "used where it gives what onnxruntime gives, which it is faster than on x86",
    "torch": "for distil, adapt and .safetensors files, and with --runtime torch",
}
"""When each runtime is used."""


@dataclass(frozen=True)
class Runtime:
    """One runtime.

    Args:
        name: as `--runtime` takes it.
        version: None when it is not installed.
        devices: those it can use here, as `--device` takes them.
        when: when it is used.
        fault: why an installed runtime does not work; empty when it does.
    """

    name: str
    version: str | None
    devices: tuple[str, ...]
    when: str
    fault: str = ""

    def __str__(self) -> str:
        if self.version is None:
            return f"{self.name} is not installed"
        reach = self.fault or f"on {', '.join(self.devices)}"
        return f"{self.name} {self.version} {reach}: {self.when}"


def runtimes() -> tuple[Runtime, ...]:
    """onnxruntime, OpenVINO and torch; importing torch takes seconds."""
    return tuple(_look(name, check) for name, check in _CHECKS.items())


def _look(name: str, check: Callable[[], Callable[[str], object]]) -> Runtime:
    found = version(name) or version(f"{name}-gpu")
    if found is None:
        return Runtime(name, None, (), WHY[name])
    try:
        accepts = check()
        devices = tuple(device for device in ("cpu", "cuda", "mps") if _works(accepts, device))
    except Exception as error:  # a broken installation fails to import in any way it likes
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        return Runtime(name, found, (), WHY[name], f"does not start: {reason}")
    return Runtime(name, found, devices, WHY[name])


def _works(accepts: Callable[[str], object], device: str) -> bool:
    try:
        accepts(device)
    except FewpixError:
        return False
    return True


def _onnxruntime() -> Callable[[str], object]:
    from fewpix.embed.onnxruntime import providers

    return providers


def _openvino() -> Callable[[str], object]:
    from openvino import Core

    known = {name.lower().split(".")[0] for name in Core().available_devices}

    def accepts(device: str) -> None:
        if device != "cpu" or device not in known:
            raise FewpixError(f"OpenVINO is not used on {device}")

    return accepts


def _torch() -> Callable[[str], object]:
    from fewpix.embed.torch import pick_device

    return pick_device


_CHECKS: dict[str, Callable[[], Callable[[str], object]]] = {
    "onnxruntime": _onnxruntime,
    "openvino": _openvino,
    "torch": _torch,
}
