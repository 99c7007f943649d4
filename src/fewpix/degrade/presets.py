"""Named chains: the evaluation protocol, the training mixture, and families kept for testing."""

from __future__ import annotations

from fewpix.degrade.chain import Chain
from fewpix.degrade.compress import MACROBLOCK
from fewpix.degrade.draws import Choice, Fixed, Uniform
from fewpix.degrade.step import Step, step
from fewpix.errors import ConfigError


def _train(aligned: Step, jpeg: float) -> tuple[Step, ...]:
    """In the light's order: geometry, the lens, the sensor's grid, its noise, its tone curve, the file."""
    return (
        aligned,
        step("defocus", p=0.15, radius=Uniform(0.4, 1.2)),
        step("motion_blur", p=0.1, length=Uniform(1, 2.5), angle=Uniform(0, 180)),
        step(
            "downscale",
            side=Choice((8, 10, 12, 14, 16, 20, 24, 28, 32), (2, 1, 2, 1, 2, 1, 2, 1, 2)),
            interpolation=Choice(("area", "bilinear", "bicubic"), (8, 1, 1)),
        ),
        step("sensor_noise", p=0.3, read=Uniform(0, 6), shot=Uniform(0, 0.15)),
        step("gamma", p=0.2, g=Uniform(0.7, 1.5, log=True)),
        step("contrast", p=0.2, gain=Uniform(0.75, 1.2), offset=Uniform(-15, 15)),
        step("grey", p=0.1),
        step("jpeg", p=jpeg, quality=Uniform(30, 95)),
    )


_NEARLY = step(
    "shift", p=0.5, dx=Uniform(-2, 2), dy=Uniform(-2, 2), scale=Uniform(0.97, 1.03), angle=Uniform(-3, 3)
)
_ROUGHLY = step(
    "shift", p=0.7, dx=Uniform(-4, 4), dy=Uniform(-4, 4), scale=Uniform(0.92, 1.08), angle=Uniform(-6, 6)
)

_IN_BLOCK = {"left": Uniform(0, MACROBLOCK - 1), "top": Uniform(0, MACROBLOCK - 1)}

_FOUND: tuple[Step, ...] = (
    # What an aligner leaves of the errors of found points.
    step(
        "shift",
        p=0.6,
        dx=Uniform(-2.5, 2.5),
        dy=Uniform(-2.5, 2.5),
        scale=Uniform(0.96, 1.04),
        angle=Uniform(-4, 4),
    ),
    step("defocus", p=0.25, radius=Uniform(0.4, 1.4)),
    step("motion_blur", p=0.15, length=Uniform(1, 3.2), angle=Uniform(0, 180)),
    step(
        "downscale",
        side=Choice((8, 10, 12, 14, 16, 20, 24, 28, 32), (2, 2, 3, 2, 3, 2, 2, 1, 2)),
        interpolation=Choice(("area", "bilinear", "bicubic"), (8, 1, 1)),
    ),
    # Little light falls on the sensor, so this loss comes before the noise.
    step("contrast", p=0.15, gain=Uniform(0.35, 0.8), offset=Fixed(0.0)),
    step("sensor_noise", p=0.35, read=Uniform(0, 8), shot=Uniform(0, 0.25)),
    step("gamma", p=0.25, g=Uniform(0.6, 1.7, log=True)),
    step("contrast", p=0.2, gain=Uniform(0.7, 1.25), offset=Uniform(-20, 25)),
    step("grey", p=0.15),
    step("crispen", p=0.15, amount=Uniform(0.3, 1.5)),
    # Compressed in three views of four: by a camera, by a recorder, and once more when it is sent on.
    step("photo_jpeg", p=0.65, quality=Uniform(30, 95), **_IN_BLOCK),
    step("video_frame", p=0.25, qp=Uniform(20, 36), **_IN_BLOCK),
    step("photo_jpeg", p=0.15, quality=Uniform(50, 95), **_IN_BLOCK),
)

PRESETS: dict[str, Chain] = {
    "area": Chain((step("downscale", side=Choice((8, 12, 16, 24, 32))),), name="area"),
    "train": Chain(_train(_NEARLY, 0.3), name="train"),
    "train-found": Chain(_train(_ROUGHLY, 0.6), name="train-found"),
    "train-photo": Chain(_FOUND, name="train-photo"),
}
"""`area` is the protocol at its five sizes; `train` is the default training mixture of 8 to 32 px.
`train-found` is for faces that a detector finds: its landmarks are some 4 pixels of 112 off where a face has
8 px (`results/detection/small_faces.json`), and cameras send JPEG. `train-photo` is for faces that an aligner
has put right in whole pictures that were compressed, with a wider tail of everything but `UNSEEN`."""

FAMILIES: dict[str, tuple[tuple[Step, ...], tuple[Step, ...]]] = {
    "area": ((), ()),
    "defocus": ((step("defocus", radius=1.5),), ()),
    "motion": ((step("motion_blur", length=3.5, angle=Uniform(0, 180)),), ()),
    "noise": ((), (step("sensor_noise", read=10.0, shot=0.3),)),
    "jpeg20": ((), (step("jpeg", quality=20),)),
    # Little light falls on the sensor, so the loss comes before the noise, unlike the tone curve of `train`.
    "dark": ((), (step("contrast", gain=0.3, offset=0.0), step("sensor_noise", read=2.0, shot=0.1))),
    "grey": ((), (step("grey"),)),
    "gamma": ((), (step("gamma", g=2.5),)),
    "infrared": ((), (step("sensor_noise", read=4.0, shot=0.1), step("infrared"))),
    "interlaced": ((), (step("interlace", dx=Choice((-1.5, 1.5))),)),
    "ringing": ((), (step("sharpen", amount=2.0, radius=1.5),)),
    # An old camera at dusk: lens, movement, little contrast, noise, then sharpening and a strong compression.
    "cctv": (
        (step("defocus", radius=0.8), step("motion_blur", length=2.0, angle=Uniform(0, 180))),
        (
            step("contrast", gain=0.6, offset=25.0),
            step("sensor_noise", read=5.0, shot=0.1),
            step("sharpen", amount=1.0, radius=1.0),
            step("jpeg", quality=35),
        ),
    ),
    # The same at night: infra-red light, a moving face in two fields.
    "cctv-night": (
        (step("defocus", radius=0.8),),
        (
            step("contrast", gain=0.5, offset=10.0),
            step("sensor_noise", read=7.0, shot=0.1),
            step("infrared"),
            step("interlace", dx=Uniform(-1, 1)),
            step("jpeg", quality=30),
        ),
    ),
}
"""Steps before and after area down-scaling. All but `area` and `grey` are stronger than any in `train`."""

UNSEEN = ("infrared", "interlaced", "ringing", "cctv", "cctv-night")
"""Families with an operation that no training mixture may contain, so that there is always something new."""


def family(name: str, size: int) -> Chain:
    """A test family at one size: its steps around an area down-scaling to `size` pixels.

    Args:
        name: a key of `FAMILIES`.
        size: side in pixels, at least 8.

    Raises:
        ConfigError: unknown family, or a size out of range.
    """
    if name not in FAMILIES:
        raise ConfigError(f"unknown degradation family {name!r}", fix=f"use one of {', '.join(FAMILIES)}")
    before, after = FAMILIES[name]
    return Chain((*before, step("downscale", side=size), *after), name=f"{name}@{size}")
