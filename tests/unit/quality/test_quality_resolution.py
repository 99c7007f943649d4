"""Effective resolution of real faces that were made small and enlarged again."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from fewpix.data.orl import load_orl
from fewpix.degrade import ops
from fewpix.errors import WeightsError
from fewpix.image.resize import Crop
from fewpix.quality.assess import assess_crop
from fewpix.quality.resolution import TABLE, Estimator, effective_pixels, read_estimator
from fewpix.quality.spectrum import RINGS, spectrum

KERNELS = {
    "nearest": cv2.INTER_NEAREST,
    "bilinear": cv2.INTER_LINEAR,
    "bicubic": cv2.INTER_CUBIC,
    "lanczos": cv2.INTER_LANCZOS4,
}


@pytest.fixture(scope="module")
def faces() -> list[Crop]:
    """The middles of ORL pictures, which nothing was fitted on, as sharp as they come, 92 px."""
    return [np.ascontiguousarray(image[10:102]) for image in load_orl().images[::20]]


def enlarged(face: Crop, size: int, kernel: str, side: int = 112) -> Crop:
    small = cv2.resize(face, (size, size), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (side, side), interpolation=KERNELS[kernel]), dtype=np.uint8)


@pytest.mark.needs("samples")
@pytest.mark.parametrize("kernel", KERNELS)
def test_an_enlarged_face_is_as_small_as_it_was(faces: list[Crop], kernel: str) -> None:
    """In the median within a quarter, blocks of equal pixels within a half; ordered without a fault."""
    factor = 1.5 if kernel == "nearest" else 1.25
    medians = []
    for size in (8, 12, 16, 24, 40):
        found = float(np.median([effective_pixels(enlarged(face, size, kernel)) for face in faces]))
        assert size / factor < found < size * factor, (size, found)
        medians.append(found)
    assert medians == sorted(medians)


@pytest.mark.needs("samples")
def test_sharp_faces_keep_their_size_and_blur_takes_it(faces: list[Crop]) -> None:
    sharp = [effective_pixels(face) for face in faces]
    assert np.median(sharp) > 50
    last = float(np.median(sharp))
    for sigma in (2.0, 4.0, 8.0):
        blurred = [cv2.GaussianBlur(face, (0, 0), sigma) for face in faces]
        found = float(np.median([effective_pixels(np.asarray(face, dtype=np.uint8)) for face in blurred]))
        assert found < 0.8 * last
        last = found
    assert last < 16


@pytest.mark.needs("samples")
def test_noise_and_jpeg_do_not_make_a_small_face_large(faces: list[Crop]) -> None:
    rng = np.random.default_rng(0)
    for spoilt in (
        [ops.jpeg(enlarged(face, 12, "bicubic"), 75) for face in faces],
        [ops.sensor_noise(enlarged(face, 12, "bicubic"), rng, 5.0, 0.0) for face in faces],
    ):
        assert np.median([effective_pixels(crop) for crop in spoilt]) < 20


@pytest.mark.needs("samples")
@pytest.mark.parametrize("side", [9, 20, 60])
def test_a_crop_of_its_own_pixels_is_never_more_than_them(faces: list[Crop], side: int) -> None:
    for face in faces[:5]:
        own = np.asarray(cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA), dtype=np.uint8)
        assert 0.5 * side < effective_pixels(own) <= side
        assert assess_crop(own).effective_pixels <= side


def test_flat_and_tiny_crops_have_an_answer() -> None:
    for crop in (np.zeros((112, 112, 3), np.uint8), np.full((1, 1, 3), 90, np.uint8)):
        assert 6 <= effective_pixels(crop) <= 112


def test_the_spectrum_finds_a_grating_in_its_ring() -> None:
    """12 cycles along the width, one ring; the same grating turned by 45 degrees, the diagonal ring."""
    across = np.arange(112)[None, :] + np.zeros((112, 1))
    for phase, sector in ((across, 1), ((across + across.T) / np.sqrt(2), 0)):
        wave = 128 + 60 * np.sin(2 * np.pi * 13 * phase / 112)
        crop = np.repeat(wave.round().astype(np.uint8)[..., None], 3, axis=2)
        power = spectrum(crop).reshape(2, -1)
        ring = int(np.searchsorted(RINGS, 13, side="right")) - 1
        assert np.unravel_index(int(power.argmax()), power.shape) == (sector, ring)
    assert (spectrum(np.full((112, 112, 3), 90, np.uint8)) < -4).all()


def test_a_damaged_table_is_refused(tmp_path: Path) -> None:
    table = json.loads(TABLE.read_text(encoding="utf-8"))
    assert read_estimator().to_json() == {key: table[key] for key in read_estimator().to_json()}
    broken = tmp_path / "resolution.json"
    for spoil in (
        {**table, "bias": table["bias"][1:]},
        {**table, "offset": float("nan")},
        {key: value for key, value in table.items() if key != "hidden"},
        {**table, "hidden": "none"},
    ):
        broken.write_text(json.dumps(spoil), encoding="utf-8")
        with pytest.raises(WeightsError, match="install fewpix again"):
            read_estimator(broken)
    with pytest.raises(WeightsError):
        read_estimator(tmp_path / "none.json")


def test_the_estimate_is_the_formula_of_the_docstring() -> None:
    one = Estimator(
        mean=np.array([1.0]), spread=np.array([2.0]), hidden=np.array([[3.0]]), bias=np.array([0.5]),
        out=np.array([2.0]), offset=4.0,
    )  # fmt: skip
    spectra = np.array([[1.0], [1.2], [50.0], [-50.0]])
    expected = 2 ** (2 * np.tanh(3 * (spectra[:, 0] - 1) / 2 + 0.5) + 4)
    np.testing.assert_allclose(one.pixels(spectra), np.clip(expected, 6, 112))
