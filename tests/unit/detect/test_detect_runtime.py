"""Detection in either runtime: the same faces; "auto" takes the faster one, once it gave the same."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

import fewpix.detect.runtime as runtime_module
from fewpix.data.orl import load_orl
from fewpix.detect import default_detector
from fewpix.detect.runtime import Choice, beside, faster
from fewpix.errors import ConfigError
from fewpix.image.codec import Image
from fewpix.models import comparison
from fewpix.models.aligner_file import ALIGNER

DATA, SHAPE = ALIGNER.read_bytes(), (2, 3, 32, 32)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FEWPIX_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(comparison.platform, "machine", lambda: "x86_64")
    return tmp_path / "cache"


def crowd() -> Image:
    """30 faces of about 15 px, side by side."""
    rows = [np.concatenate(list(load_orl().images[n : n + 100 : 10]), axis=1) for n in (0, 100, 200)]
    return np.asarray(cv2.resize(np.concatenate(rows), None, fx=0.2, fy=0.2, interpolation=cv2.INTER_AREA))


@pytest.mark.needs("openvino")
def test_every_runtime_and_number_of_threads_finds_the_same_faces() -> None:
    """Boxes and points to a hundredth of a pixel, scores to a thousandth; workers change nothing at all."""
    picture = crowd()
    expected = default_detector(runtime="onnxruntime", threads=1).detect(picture)
    assert len(expected) >= 24
    for runtime, threads, atol in (("onnxruntime", 2, 1e-4), ("openvino", 1, 1e-2), ("openvino", 2, 1e-2)):
        detector = default_detector(runtime=runtime, threads=threads)
        assert detector.runtime == runtime
        for _ in range(2):
            found = detector.detect(picture)
            assert len(found) == len(expected)
            for one, other in zip(found, expected, strict=True):
                np.testing.assert_allclose(one.box, other.box, atol=atol)
                np.testing.assert_allclose(one.points, other.points, atol=atol)
                assert one.score == pytest.approx(other.score, abs=1e-3)


def outcome(**known: object):
    return lambda data, threads, trial: dict(known)


@pytest.mark.needs("openvino")
@pytest.mark.parametrize(
    ("known", "runtime", "why"),
    [
        ({"difference": 1e-6, "onnxruntime": 0.02, "openvino": 0.01}, "openvino", "20.0 ms in onnxruntime"),
        ({"difference": 1e-6, "onnxruntime": 0.01, "openvino": 0.02}, "onnxruntime", "20.0 in OpenVINO"),
        (
            {"difference": 0.1, "onnxruntime": 0.02, "openvino": 0.01},
            "onnxruntime",
            "differs from it by",
        ),
        ({"fault": "no memory"}, "onnxruntime", "cannot run it: no memory"),
    ],
)
def test_auto_takes_the_faster_one_that_gives_the_same(
    known: dict[str, object], runtime: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime_module, "_compare", outcome(**known))
    choice = faster(DATA, 1, SHAPE)
    assert choice.runtime == runtime
    assert why in choice.why
    monkeypatch.setattr(runtime_module, "_compare", None)  # the second time out of the cache
    assert faster(DATA, 1, SHAPE) == choice


@pytest.mark.needs("openvino")
def test_the_comparison_is_of_both(cache: Path) -> None:
    assert " ms in onnxruntime, " in faster(DATA, 1, SHAPE).why
    assert len(list((cache / "runtimes").iterdir())) == 1


def test_without_openvino_there_is_nothing_to_compare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison.platform, "machine", lambda: "aarch64")
    assert faster(DATA, 1, SHAPE) == Choice("onnxruntime", "OpenVINO was not measured on aarch64")


def test_detection_runs_where_encoders_do_if_it_can() -> None:
    assert [beside(name) for name in ("auto", "onnxruntime", "openvino", "torch")] == [
        "auto",
        "onnxruntime",
        "openvino",
        "auto",
    ]
    with pytest.raises(ConfigError, match="unknown runtime 'torch'"):
        default_detector(runtime="torch")
