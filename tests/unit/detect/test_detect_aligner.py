"""The aligner: what it is told is undone exactly, it puts points right, and every runtime says the same."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from fewpix.data.orl import load_orl
from fewpix.detect import Face
from fewpix.detect.aligner import EXACT, FULL, LEAST_SCORE, SMALL, Aligner, corrected, sureness
from fewpix.detect.face import Alignment
from fewpix.errors import WeightsError
from fewpix.image.align import TEMPLATE, TEMPLATE_SIDE, pixels, similarity
from fewpix.image.window import CENTRE
from fewpix.models.aligner_file import ALIGNER

FACES = load_orl().images
_POINTS = TEMPLATE[:, 0] + 1j * TEMPLATE[:, 1]


@pytest.fixture(scope="module")
def aligner() -> Aligner:
    return Aligner(threads=1)


def complex_of(points: np.ndarray) -> np.ndarray:
    return points[:, 0] + 1j * points[:, 1].astype(np.float64)


def face_at(points: np.ndarray) -> Face:
    return Face((0.0, 0.0, 1.0, 1.0), points.astype(np.float32), 0.9, pixels(points))


@pytest.mark.parametrize("outputs", [(0, 0, 0, 0), (0.7, -1.2, 0.4, -0.9), (-1.5, 0.3, -1.1, 0.2)])
def test_what_the_network_says_is_undone_exactly(outputs: tuple[float, ...]) -> None:
    """A face that is seen at E(template) is cut out at the template."""
    true = (0.31 + 0.05j, 4.0 - 7.0j)  # from the picture to the template
    growth, turn, right, down = outputs
    seen = complex(1 + 0.1 * growth, 0.1 * turn)
    move = complex(8 * right, 8 * down)
    found = (seen * true[0], seen * (true[1] - CENTRE) + CENTRE + move)
    back = corrected(found, np.array([*outputs, 0.0, 0.0]))
    np.testing.assert_allclose(back, true, atol=1e-12)


def small(n: int, size: float) -> tuple[np.ndarray, np.ndarray]:
    """An ORL face made small on grey, and where the points of the large one lie in it."""
    image = FACES[n]
    given = np.array([[27.0, 47.0], [63.0, 47.0], [45.0, 66.0], [31.0, 86.0], [60.0, 86.0]])
    ratio = size / pixels(given)
    made = cv2.resize(image, None, fx=ratio, fy=ratio, interpolation=cv2.INTER_AREA)
    real = np.array([made.shape[1] / image.shape[1], made.shape[0] / image.shape[0]])
    picture = cv2.copyMakeBorder(made, 20, 20, 20, 20, cv2.BORDER_REPLICATE)
    return np.asarray(picture, np.uint8), (given + 0.5) * real - 0.5 + 20


@pytest.mark.parametrize("size", [12, 20, 40])
def test_the_answer_hardly_depends_on_how_far_off_the_points_were(size: int, aligner: Aligner) -> None:
    """Points moved by up to 6 pixels of 112 in any direction come together, to less than half of that."""
    rng = np.random.default_rng(0)
    before, after = [], []
    for n in range(0, 100, 10):
        picture, points = small(n, size)
        moved = [points + rng.uniform(-6, 6, 2) * size / TEMPLATE_SIDE for _ in range(6)]
        faces = aligner.refine(picture, [face_at(each) for each in moved])
        for places, given in ((before, moved), (after, [face.points for face in faces])):
            where = np.array([complex_of(np.asarray(each)).mean() for each in given])
            places.append(np.abs(where - where.mean()).mean() * TEMPLATE_SIDE / size)
    assert np.mean(after) < 0.5 * np.mean(before)


def test_points_move_together_and_are_cut_out_as_said(aligner: Aligner) -> None:
    """How they lie to one another stays, so that the pose stays; `pixels` is that of the new points."""
    picture, points = small(3, 16)
    points = points + np.array([[0.5, 0.2], [-0.3, 0.1], [0.4, -0.2], [0.0, 0.3], [-0.2, -0.4]])
    face = face_at(points)
    (better,) = aligner.refine(picture, [face])
    assert better.alignment is not None
    assert better.alignment.moved
    a, b = complex_of(points), complex_of(better.points)
    np.testing.assert_allclose((b - b.mean()) / (b[1] - b[0]), (a - a.mean()) / (a[1] - a[0]), atol=1e-3)
    assert better.pixels == pytest.approx(pixels(better.points), rel=1e-4)
    assert abs(similarity(better.points)[0]) == pytest.approx(TEMPLATE_SIDE / better.pixels, rel=1e-4)
    assert json.loads(json.dumps(better.to_json()))["alignment"]["moved"] is True


def test_faces_together_give_what_each_gives_alone(aligner: Aligner) -> None:
    picture, points = small(5, 14)
    faces = [face_at(points + np.array([dx, 0.0])) for dx in (-0.5, 0.0, 0.7)]
    together = aligner.refine(picture, faces)
    for face, one in zip(faces, together, strict=True):
        (alone,) = aligner.refine(picture, [face])
        np.testing.assert_allclose(alone.points, one.points, atol=1e-3)
    assert aligner.refine(picture, []) == []


def test_what_is_no_face_keeps_its_points(aligner: Aligner) -> None:
    rng = np.random.default_rng(0)
    kept = 0
    for _ in range(20):
        noise = cv2.GaussianBlur(rng.integers(0, 256, (80, 80, 3), np.uint8), (0, 0), 3)
        face = face_at(TEMPLATE * 0.3 + 15)
        (seen,) = aligner.refine(np.asarray(noise, np.uint8), [face])
        assert seen.alignment is not None
        assert seen.alignment.moved == (seen.alignment.score >= LEAST_SCORE)
        if not seen.alignment.moved:
            kept += 1
            np.testing.assert_array_equal(seen.points, face.points)
    assert kept >= 16


def test_it_says_that_it_is_less_sure_of_small_faces(aligner: Aligner) -> None:
    def stated(size: int) -> float:
        faces = [aligner.refine(*_one(n, size))[0] for n in range(0, 100, 10)]
        return float(np.median([face.alignment.error for face in faces if face.alignment]))

    assert stated(8) > 1.5 * stated(24)


def test_a_find_is_surer_by_a_better_search_an_exacter_place_and_fewer_pixels() -> None:
    usual = sureness(0.5, Alignment(error=3.0, score=1.0), 16.0)
    assert sureness(0.8, Alignment(3.0, 1.0), 16.0) > usual
    assert sureness(0.5, Alignment(2.5, 1.0), 16.0) > usual
    assert sureness(0.5, Alignment(3.0, 1.0), 12.0) > usual
    assert sureness(0.5, Alignment(3.0, 0.5), 16.0) == pytest.approx(usual / 2)
    assert sureness(0.5, Alignment(3.0, 1.0), 90.0) == sureness(0.5, Alignment(3.0, 1.0), FULL)
    assert sureness(0.5, Alignment(3.0, 1.0), 2.0) == sureness(0.5, Alignment(3.0, 1.0), SMALL)
    assert sureness(1.0, Alignment(1.5, 1.0), 90.0) < 1


@pytest.mark.parametrize("size", [10.0, 16.0, 28.0])
def test_half_a_pixel_of_error_leaves_what_the_search_says(size: float) -> None:
    half = Alignment(EXACT * TEMPLATE_SIDE / size, 1.0)
    assert sureness(0.7, half, size) == pytest.approx(0.7)


def _one(n: int, size: int) -> tuple[np.ndarray, list[Face]]:
    picture, points = small(n, size)
    return picture, [face_at(points)]


def test_the_shipped_file_is_small_and_the_same_in_every_runtime() -> None:
    torch = pytest.importorskip("torch")
    openvino = pytest.importorskip("openvino")
    import onnx
    import onnxruntime
    from onnx import numpy_helper

    from fewpix.models.aligner import AlignerNet

    data = ALIGNER.read_bytes()
    assert len(data) <= 1_000_000
    side = Aligner(data).side
    faces = np.random.default_rng(0).uniform(-1, 1, (5, 3, side, side)).astype(np.float32)
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    expected = session.run(None, {session.get_inputs()[0].name: faces})[0]
    graph = openvino.Core().read_model(data)
    compiled = openvino.Core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    np.testing.assert_allclose(compiled(faces)[0], expected, atol=2e-4)
    weights = {
        item.name: torch.from_numpy(numpy_helper.to_array(item).astype(np.float32))
        for item in onnx.load_model_from_string(data).graph.initializer
    }
    convs = [v for name, v in weights.items() if v.ndim == 4]
    widths = [int(value.shape[0]) for value in convs]
    hidden = next(int(v.shape[0]) for v in weights.values() if v.ndim == 2 and v.shape[0] > 6)
    net = AlignerNet(widths, hidden, side).eval()
    net.load_state_dict(weights, strict=False)
    with torch.no_grad():
        np.testing.assert_allclose(net(torch.from_numpy(faces)).numpy(), expected, atol=2e-4)


@pytest.mark.parametrize("data", [b"", b"no model", b"\x08\x08"])
def test_other_bytes_are_no_aligner(data: bytes) -> None:
    with pytest.raises(WeightsError, match="aligner"):
        Aligner(data)
