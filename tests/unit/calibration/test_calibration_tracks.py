"""Rates of templates of several sights: in the file, looked up, and measured on strangers in motion."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from calibration_made import SMALL, data, made, size
from fewpix.calibration.file import Calibration
from fewpix.calibration.impostors import strangers
from fewpix.calibration.lookup import MORE_SIGHTS, Calibrated
from fewpix.calibration.measure import measure
from fewpix.calibration.motion import Motion
from fewpix.calibration.plan import plan
from fewpix.calibration.report import Made
from fewpix.data.faces import FaceSet
from fewpix.detect.aligner import Aligner
from fewpix.embed.fusion import fuse, independent
from fewpix.identify.rule import rule_for
from grey_encoder import Grey
from orl_files import face_file


def of_tracks() -> Calibration:
    """Of one and of four sights, the latter 0.04 higher at 8 px and 0.02 at 16."""
    values = data()
    values["encoders"][0]["sizes"] = [
        size(8, 0.1),
        {**size(8, 0.14), "sights": 4.0},
        size(16, 0.0),
        {**size(16, 0.02), "sights": 4.0},
    ]
    return Calibration.model_validate(values)


def test_a_file_of_pictures_has_no_word_of_sights_and_one_of_tracks_keeps_them() -> None:
    assert "sights" not in made().to_text()
    again = Calibration.model_validate_json(of_tracks().to_text())
    assert again == of_tracks()
    assert again.encoders[0].pixels == (8, 16)
    assert (again.of_tracks, made().of_tracks) == (True, False)


def test_sizes_rise_and_sights_within_them() -> None:
    values = data()
    values["encoders"][0]["sizes"] = [{**size(8, 0.1), "sights": 4.0}, size(8, 0.1)]
    with pytest.raises(ValidationError, match="sizes must rise"):
        Calibration.model_validate(values)


def test_between_two_numbers_of_sights_the_threshold_is_linear_in_their_logarithm() -> None:
    known = Calibrated(of_tracks())

    def threshold(pixels: float, sights: float) -> float:
        found = known.curve(SMALL, "", pixels, sights=sights).threshold(0.01)
        assert found is not None
        return found

    assert threshold(8, 1) == pytest.approx(0.4)
    assert threshold(8, 4) == pytest.approx(0.44)
    assert threshold(8, 2) == pytest.approx(0.42)
    assert threshold(16, 2) == pytest.approx(0.31)
    assert threshold(8 * 2**0.5, 2) == pytest.approx((0.42 + 0.31) / 2)
    assert threshold(16, 4 * MORE_SIGHTS) == threshold(16, 4)


def test_more_sights_than_were_measured_have_no_rate() -> None:
    pictures = Calibrated(made()).curve(SMALL, "", 16, sights=9.5)
    assert pictures.reason == "not measured: a template of 9.5 sights, the calibration is of single pictures"
    assert "--footage" in pictures.fix
    tracks = Calibrated(of_tracks()).curve(SMALL, "", 16, sights=8)
    assert tracks.reason == "not measured: a template of 8 sights, the calibration is of 1 to 4 sights"
    assert not Calibrated(made()).curve(SMALL, "", 16, sights=1.0).reason


def test_a_calibration_of_pictures_decides_no_track(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = data()
    for encoder in values["encoders"]:
        encoder["sha256"] = Grey().card.sha256
    values["encoders"] = values["encoders"][:1]
    file = tmp_path / "c.json"
    file.write_text(Calibration.model_validate(values).to_text(), encoding="utf-8")
    assert rule_for(Grey(), calibration=file).fpir == 0.01
    rule = rule_for(Grey(), calibration=file, tracks=True)
    assert (rule.fpir, rule.calibrated) == (None, None)
    assert (
        rule.why
        == "there is no calibration (it is of single pictures, and templates of tracks score otherwise)"
    )
    monkeypatch.setattr("fewpix.identify.rule.SHIPPED_TRACKS", tmp_path / "absent.json")
    assert "no calibration of tracks" in rule_for(Grey(), tracks=True).why


@pytest.fixture(scope="module")
def people() -> FaceSet:
    keys = [f"{person:02d}" for person in range(40)]
    return FaceSet(
        tuple(keys), ("",) * len(keys), tuple(face_file(person, 0, ".png", 112) for person in range(40))
    )


def test_sights_of_one_picture_differ_and_are_the_same_when_made_again(people: FaceSet) -> None:
    motion, aligner = Motion((1, 4)), Aligner()
    first, again = (motion.sights(people.crop(3), "a" * 64, 16, 28, aligner) for _ in range(2))
    assert len(first.crops) == 4
    assert all((a == b).all() for a, b in zip(first.crops, again.crops, strict=True))
    assert all((first.crops[0] != crop).any() for crop in first.crops[1:])
    other = replace(motion, seed=1).sights(people.crop(3), "a" * 64, 16, 28, aligner)
    assert (other.crops[0] != first.crops[0]).any()
    assert motion.key != replace(motion, seed=1).key
    # What is no face has no sights.
    noise = np.random.default_rng(0).integers(0, 255, (112, 112, 3)).astype(np.uint8)
    none = motion.sights(noise, "b" * 64, 16, 28, aligner)
    assert (len(none.crops), len(none.weights)) == (0, 0)
    made = motion.templates([none, first], Grey())
    assert not made[0].any()
    weights = first.weights
    rows = Grey().embed(list(first.crops))
    np.testing.assert_allclose(made[1, 1, :-1], fuse(rows, np.zeros(1, np.int64), weights).embeddings[0])
    assert made[1, 1, -1] == pytest.approx(independent(weights))
    np.testing.assert_allclose(made[1, 0, :-1], rows[0], atol=1e-6)


def test_rates_of_tracks_are_those_of_brute_force(people: FaceSet, tmp_path: Path) -> None:
    probes = strangers(people, "A", one_each=True, keep=range(20))
    gallery = strangers(people, "B", one_each=True, keep=range(20, 40))
    motion = Motion((1, 3), faint=0.0)
    planned = plan("grey", Grey(), probes, gallery, sizes=(12,), galleries=(5,), same=0.99999, motion=motion)
    assert "templates of 1, 3 sights; film: " in str(planned)
    calibration, suspects = measure(planned, tmp_path / "c.db")
    (encoder,) = calibration.encoders
    assert [(each.pixels, each.sights > 1) for each in encoder.sizes] == [(12, False), (12, True)]
    assert (calibration.degradation, calibration.of_tracks) == ("film", True)
    assert "of 2." in str(Made("c.json", calibration, suspects))
    aligner, digests = Aligner(), probes.digests
    tracks = [
        motion.sights(people.crop(n), digests[n], 12, Grey().card.preprocess.side, aligner) for n in range(20)
    ]
    scores = (
        motion.templates(tracks, Grey())[:, 1, :-1] @ Grey().embed([people.crop(n) for n in range(20, 40)]).T
    )
    fmr = encoder.sizes[1].curves[0]
    for rate, threshold in zip(calibration.rates, fmr.threshold, strict=False):
        assert (scores >= threshold - 1e-4).mean() >= rate - 1 / scores.size
        assert (scores >= threshold + 1e-4).mean() <= rate
    assert measure(planned, tmp_path / "c.db")[0] == calibration
    assert [len(each.curves) for each in encoder.sizes] == [2, 2]


def test_independent_sights() -> None:
    assert independent(np.ones(7)) == pytest.approx(7)
    assert independent(np.array([1.0, 0, 0])) == 1
    assert independent(np.array([3.0, 1.0])) == pytest.approx(1.6)
