"""Every operation on batches against its twin on one crop, under the same draws; and whole chains."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from fewpix.degrade import PRESETS, Chain, Choice, Uniform, per_item_rng, step
from fewpix.degrade.plan import METHODS, draw_plan
from fewpix.errors import ConfigError
from fewpix.image.resize import Crop, resize_square

torch = pytest.importorskip("torch")

from fewpix.train.batched import BatchedChain  # noqa: E402  (torch may not be installed)
from fewpix.train.batched.chain import COVERED  # noqa: E402
from fewpix.train.batched.resample import matrix  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_thread")

SIDE, COUNT = 112, 24
CPU = torch.device("cpu")
SIDES = Choice((8, 10, 13, 16, 21, 28, 32))


def crops(side: int = SIDE, count: int = COUNT) -> list[Crop]:
    """Smooth colours with some texture, dark and bright, as different as photographs are."""
    made = []
    for n in range(count):
        rng = np.random.default_rng([side, n])
        coarse = rng.integers(0, 256, (9, 9, 3), dtype=np.uint8)
        smooth = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC).astype(np.float32)
        made.append(np.clip(smooth + rng.normal(0, 12, smooth.shape), 0, 255).astype(np.uint8))
    return made


def stacked(faces: list[Crop]) -> torch.Tensor:
    return torch.from_numpy(np.stack(faces).transpose(0, 3, 1, 2).copy())


def differences(chain: Chain, faces: list[Crop], seed: int = 0) -> list[np.ndarray]:
    """Per face, how far its view of the batch is from that of the chain, in grey levels."""
    keys = [(1, 0, n) for n in range(len(faces))]
    plan = draw_plan(chain, len(faces[0]), seed, keys)
    made = BatchedChain(chain, len(faces[0]), 28, CPU).degrade(stacked(faces), plan)
    out = []
    for n, face in enumerate(faces):
        expected = chain.apply(face, per_item_rng(seed, *keys[n])).astype(np.float64)
        side = int(plan.sides[n])
        assert expected.shape == (side, side, 3)
        view = made[n, :, :side, :side].numpy().transpose(1, 2, 0)
        np.testing.assert_array_equal(view, np.rint(view))
        out.append(np.abs(view - expected))
    return out


IN_BLOCK = {"left": Uniform(0, 15), "top": Uniform(0, 15)}

TWINS = {
    "shift": (
        step("shift", dx=Uniform(-4, 4), dy=Uniform(-4, 4), scale=Uniform(0.9, 1.1), angle=Uniform(-9, 9)),
        0.001,
    ),
    "defocus": (step("defocus", radius=Uniform(0, 9)), 0.001),
    "motion_blur": (step("motion_blur", length=Uniform(0, 15), angle=Uniform(-90, 180)), 0.001),
    "sensor_noise": (step("sensor_noise", read=Uniform(0, 8), shot=Uniform(0, 0.25)), 0.001),
    "gamma": (step("gamma", g=Uniform(0.6, 1.7, log=True)), 0.001),
    "contrast": (step("contrast", gain=Uniform(0.4, 1.3), offset=Uniform(-20, 25)), 0.001),
    "grey": (step("grey"), 0.01),  # OpenCV rounds its three weights
    "crispen": (step("crispen", amount=Uniform(0, 1.5)), 0.001),
    # A coefficient that falls on the other side of a half is a step of the quantiser away.
    "jpeg": (step("jpeg", quality=Uniform(20, 100)), 0.2),
    "photo_jpeg": (step("photo_jpeg", quality=Uniform(20, 100), **IN_BLOCK), 0.2),
    "video_frame": (step("video_frame", qp=Uniform(10, 45), **IN_BLOCK), 0.1),
}
"""An operation, and how far the mean grey level may be from its twin's."""


@pytest.mark.parametrize("side", [56, 24, 11])
@pytest.mark.parametrize("name", sorted(TWINS))
def test_an_operation_is_its_twin(name: str, side: int) -> None:
    one, bound = TWINS[name]
    found = differences(Chain((one,)), crops(side))
    assert np.mean([difference.mean() for difference in found]) < bound
    if bound < 0.1:
        assert max(difference.max() for difference in found) <= 1


@pytest.mark.parametrize(("method", "bound"), [("area", 0.01), ("bilinear", 0.15), ("bicubic", 0.01)])
def test_down_scaling_is_its_twin(method: str, bound: float) -> None:
    """To one of many sides, each face its own; OpenCV's bilinear weights are in 256ths."""
    found = differences(Chain((step("downscale", side=SIDES, interpolation=method),)), crops())
    assert np.mean([difference.mean() for difference in found]) < bound
    assert max(difference.max() for difference in found) <= 1


@pytest.mark.parametrize("method", METHODS)
def test_small_faces_among_large_ones_keep_their_own_borders(method: str) -> None:
    """What lies beyond a face on its canvas is never seen: noise, sharpening and blocks know its side."""
    chain = Chain(
        (
            step("downscale", side=SIDES, interpolation=method),
            step("crispen", p=0.5, amount=1.0),
            step("sensor_noise", p=0.5, read=4.0, shot=0.1),
            step("crispen", amount=0.5),
        )
    )
    found = differences(chain, crops())
    # One level of rounding in the down-scaling is at most 1 + 1 + 1·0.5 levels after the second sharpening.
    assert max(difference.max() for difference in found) <= 8
    assert np.mean([difference.mean() for difference in found]) < (0.3 if method == "bilinear" else 0.02)


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_chain_under_the_same_draws_gives_the_same_views(name: str) -> None:
    """Means of 0.001 (`area`) to 0.19 grey levels (`train-found`) were measured."""
    found = differences(PRESETS[name], crops(count=64))
    assert np.mean([difference.mean() for difference in found]) < 0.3
    assert np.mean([difference.mean() < 1 for difference in found]) > 0.9


def test_every_step_of_a_named_chain_has_a_twin() -> None:
    assert {s.op for chain in PRESETS.values() for s in chain.steps} <= set(COVERED)
    assert set(COVERED) == {*TWINS, "downscale"}
    with pytest.raises(ConfigError, match="interlace cannot be done in batches"):
        BatchedChain(Chain((step("interlace", dx=1),)), SIDE, 28, CPU)


def test_views_are_brought_to_the_student_s_side_as_crops_are() -> None:
    faces, chain = crops(), Chain((step("downscale", side=SIDES),))
    keys = [(n,) for n in range(COUNT)]
    plan = draw_plan(chain, SIDE, 0, keys)
    for target in (24, 28, 40):
        made = BatchedChain(chain, SIDE, target, CPU).apply(stacked(faces), plan)
        for n, face in enumerate(faces):
            expected = resize_square(chain.apply(face, per_item_rng(0, *keys[n])), target).transpose(2, 0, 1)
            assert np.abs(made[n].numpy() - expected).max() <= 2  # a level before a cubic enlargement


def test_equal_plans_give_equal_views_and_a_face_does_not_depend_on_the_others() -> None:
    faces, chain = crops(), PRESETS["train-photo"]
    made = BatchedChain(chain, SIDE, 28, CPU)
    keys = [(1, 7, n) for n in range(COUNT)]
    whole = made.apply(stacked(faces), draw_plan(chain, SIDE, 3, keys))
    again = BatchedChain(chain, SIDE, 28, CPU).apply(stacked(faces), draw_plan(chain, SIDE, 3, keys))
    assert torch.equal(whole, again)
    other = made.apply(stacked(faces), draw_plan(chain, SIDE, 4, keys))
    assert (whole - other).abs().mean() > 5
    part = made.apply(stacked(faces[:5]), draw_plan(chain, SIDE, 3, keys[:5]))
    # The size of the Fourier transform may change with the others: a level here and there.
    assert (part - whole[:5]).abs().mean() < 0.05


def test_the_input_is_not_written_to() -> None:
    faces = stacked(crops())
    before = faces.clone()
    chain = PRESETS["train-found"]
    BatchedChain(chain, SIDE, 28, CPU).apply(faces, draw_plan(chain, SIDE, 0, [(n,) for n in range(COUNT)]))
    assert torch.equal(faces, before)


@pytest.mark.parametrize(("source", "target"), [(112, 8), (112, 28), (32, 28), (8, 28), (13, 40), (50, 49)])
@pytest.mark.parametrize("method", METHODS)
def test_a_matrix_resizes_a_line(source: int, target: int, method: str) -> None:
    """The rows sum to 1, and the picture is OpenCV's in float32."""
    if method == "area" and target > source:
        return
    line = matrix(source, target, method)
    np.testing.assert_allclose(line.sum(axis=1), 1, atol=1e-6)
    picture = np.random.default_rng(source).random((source, source), dtype=np.float32)
    flag = {"area": cv2.INTER_AREA, "bilinear": cv2.INTER_LINEAR, "bicubic": cv2.INTER_CUBIC}[method]
    expected = cv2.resize(picture, (target, target), interpolation=flag)
    np.testing.assert_allclose(line @ picture @ line.T, expected, atol=2e-5)
