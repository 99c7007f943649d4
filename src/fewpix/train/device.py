"""Where training computes; an explicit wish that cannot be met is an error, never a fall-back."""

from __future__ import annotations

import re

import torch

from fewpix.errors import ConfigError, UnavailableError


def use_device(name: str, threads: int = 0) -> str:
    """Check a device, and set torch's threads if a number is given.

    Args:
        name: "auto" (CUDA, else MPS, else the CPU), "cpu", "cuda", "cuda:1" or "mps".
        threads: of torch on the CPU; 0 changes nothing.

    Returns:
        A torch device's name.

    Raises:
        ConfigError: not a device, or not a number of threads.
        UnavailableError: a device that is not here.
    """
    if threads < 0:
        raise ConfigError(f"threads must be 0 or more, not {threads}")
    if threads:
        torch.set_num_threads(threads)
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if name == "auto":
        return "cuda" if cuda else "mps" if mps else "cpu"
    if not re.fullmatch(r"cpu|mps|cuda(:[0-9]+)?", name):
        raise ConfigError(f"unknown device '{name}'", fix="auto, cpu, cuda, cuda:N or mps")
    kind, _, number = name.partition(":")
    if (kind == "mps" and not mps) or (kind == "cuda" and int(number or 0) >= torch.cuda.device_count()):
        raise UnavailableError(
            f"the device '{name}' is not here", fix="use --device cpu, or install torch for it"
        )
    return name


def degrades_there(where: str, device: str) -> bool:
    """Whether low-resolution views are made by the device that learns from them, and not by OpenCV.

    Args:
        where: "auto" (where the device is CUDA), "host" or "device".
        device: a torch device's name.

    Raises:
        ConfigError: `where` is none of them.
    """
    if where not in ("auto", "host", "device"):
        raise ConfigError(f"unknown place '{where}' to make faces small", fix="auto, host or device")
    return where == "device" or (where == "auto" and device.startswith("cuda"))
