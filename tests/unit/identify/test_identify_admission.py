"""Which faces are taken into a gallery: by their detail and by which way they look."""

from __future__ import annotations

import numpy as np
import pytest

from fewpix.errors import InputError
from fewpix.identify.admission import (
    REFUSED_BELOW,
    REFUSED_YAW,
    WARNED_BELOW,
    WARNED_YAW,
    admit,
)
from fewpix.identify.faces import AlignedFace
from fewpix.quality.assess import ENOUGH, Quality
from fewpix.quality.pose import Pose


def face(effective: float, pixels: float = 100.0, pose: Pose | None = None) -> AlignedFace:
    crop = np.zeros((8, 8, 3), np.uint8)
    return AlignedFace((0, 0, 1, 1), pixels, Quality(effective, 0.5, pose, 0.9), crop, None)  # type: ignore[arg-type]


def test_a_good_face_is_taken_without_a_word() -> None:
    assert admit(face(WARNED_BELOW, pose=Pose(0, 0, 90)), "a.jpg") == ()
    assert admit(face(112), "a.jpg") == ()


def test_too_little_detail_is_refused_with_both_sizes_the_limit_and_the_way_round() -> None:
    with pytest.raises(InputError) as caught:
        admit(face(REFUSED_BELOW - 4), "a.jpg")
    text = str(caught.value)
    for part in (
        "a.jpg: the face has the detail of a face of",
        f"{REFUSED_BELOW - 4:.0f} px, though it is 100 px wide",
        f"at least {REFUSED_BELOW:.0f} are wanted",
        "--accept-poor",
    ):
        assert part in text
    with pytest.raises(InputError) as small:
        admit(face(REFUSED_BELOW - 4, pixels=REFUSED_BELOW - 3), "a.jpg")
    assert "wide" not in str(small.value)  # nothing was enlarged


def test_in_the_band_above_it_is_taken_with_a_warning() -> None:
    (warning,) = admit(face((REFUSED_BELOW + WARNED_BELOW) / 2), "a.jpg")
    assert "detail" in warning
    assert f"{WARNED_BELOW:.0f} would be better" in warning


@pytest.mark.parametrize("side", [-1, 1])
def test_a_face_turned_away(side: int) -> None:
    assert admit(face(112, pose=Pose(side * (WARNED_YAW - 1), 80, 170)), "a.jpg") == ()
    (warning,) = admit(face(112, pose=Pose(side * WARNED_YAW, 0, 0)), "a.jpg")
    assert f"turned away by about {WARNED_YAW:.0f} degrees" in warning
    with pytest.raises(InputError, match=f"turned away by about {REFUSED_YAW + 9:.0f} degrees"):
        admit(face(112, pose=Pose(side * (REFUSED_YAW + 9), 0, 0)), "a.jpg")


def test_all_reasons_are_told_and_the_override_turns_them_into_warnings() -> None:
    poor = face(REFUSED_BELOW / 2, pose=Pose(REFUSED_YAW + 9, 0, 0))
    with pytest.raises(InputError, match=r"detail .*, and is turned away"):
        admit(poor, "a.jpg")
    assert len(admit(poor, "a.jpg", accept_poor=True)) == 2


def test_the_one_number_is_the_product_of_its_parts() -> None:
    assert Quality(ENOUGH, 0.1).value == 1
    assert Quality(ENOUGH / 4, 9.0, None, 0.5).value == pytest.approx(0.125)
    assert Quality(112, 0.1, Pose(60, -60, 45), 0.8).value == pytest.approx(0.8 * 0.25)
    assert Quality(112, 0.1, Pose(90, 0, 0), 0.8).value == pytest.approx(0, abs=1e-9)
    assert 0 <= Quality(6, 0, Pose(-90, 90, 180), 0.0).value <= 1
    assert Quality(8.004, 0.25).to_json() == {
        "quality": 0.4447, "effective_pixels": 8.0, "sharpness": 0.25, "pose": None, "detector_score": None,
        "alignment_error": None,
    }  # fmt: skip
