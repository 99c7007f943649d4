"""What the scripts about calibrations share: rates seen at stated thresholds, and when the two agree."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.calibration import tracks
from benchmarks.calibration.observed_rates import agree, observed
from calibration_made import SMALL, beside_others, made
from fewpix.calibration.lookup import Calibrated
from fewpix.data.faces import FaceSet
from grey_encoder import Grey


def unit(rng: np.random.Generator, *shape: int) -> np.ndarray:
    rows = rng.normal(size=shape)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_shares_are_counted_as_by_hand():
    rng = np.random.default_rng(0)
    probes, gallery = unit(rng, 300, 12), unit(rng, 40, 12)
    people, enrolled = np.arange(300) % 100, np.arange(40)
    known, scores = Calibrated(made()), probes @ gallery.T
    mine = people[:, None] == enrolled[None, :]
    figures = observed(known, Grey(SMALL), 16, probes, people, gallery, lambda part: mine[part], [10, 50])
    by = {(figure["people"], figure["stated"]): figure for figure in figures}
    assert set(by) == {(1, 0.1), (1, 0.01), (1, 0.001), (10, 0.1), (10, 0.03), (10, 0.01)}
    assert by[1, 0.01]["threshold"] == pytest.approx(0.3)
    assert by[1, 0.01]["observed"] == pytest.approx((scores[~mine] >= 0.3).mean())
    best = scores.reshape(300, 4, 10).max(axis=2)
    strangers = ~mine.reshape(300, 4, 10).any(axis=2)
    found = by[10, 0.01]
    assert (found["galleries"], found["threshold"]) == (4, pytest.approx(0.4))
    assert found["observed"] == pytest.approx((best[strangers] >= 0.4).mean())
    assert found["observed_ci95"][0] < found["observed"] < found["observed_ci95"][1]


def test_a_rate_may_agree_over_all_populations_only():
    rng = np.random.default_rng(0)
    probes, gallery = unit(rng, 300, 12), unit(rng, 40, 12)
    mine = np.arange(300)[:, None] % 100 == np.arange(40)[None, :]
    seen = {}
    for known in (Calibrated(made()), Calibrated(beside_others(0.2, -0.2))):
        arguments = (probes, np.arange(300) % 100, gallery, lambda part: mine[part], [])
        seen[bool(known.calibration.populations)] = observed(known, Grey(SMALL), 16, *arguments)
    for alone, spanning in zip(seen[False], seen[True], strict=True):
        assert (alone["observed"], alone["agrees"]) == (spanning["observed"], spanning["agrees"])
        assert alone["stated_range"] == alone["stated_ci95"] == spanning["stated_ci95"]
        assert alone["in_range"] == alone["agrees"]
    # a cosine of 0.3 is reached by far more than 1 in 100 here, as among those who score 0.2 higher
    assert [(row["stated"], row["agrees"], row["in_range"]) for row in seen[True]][1] == (0.01, False, True)


def test_rates_agree_when_their_difference_is_within_its_interval():
    assert agree(0.01, (0.008, 0.012), 0.01, (0.009, 0.011))
    assert agree(0.01, (0.008, 0.012), 0.0125, (0.0105, 0.015))  # hypot(0.002, 0.002) is 0.0028
    assert not agree(0.01, (0.008, 0.012), 0.013, (0.011, 0.015))
    assert agree(0.01, (0.008, 0.012), 0.0075, (0.006, 0.0095))
    assert not agree(0.01, (0.008, 0.012), 0.007, (0.006, 0.009))
    assert not agree(0.01, (0.01, 0.01), 0.02, (0.015, 0.03))


def test_strangers_whom_a_student_held_out_are_left_for_observing(monkeypatch: pytest.MonkeyPatch):
    for name, value in (("PEOPLE", 4), ("LEFT", 3)):
        monkeypatch.setattr(tracks, name, value)
    faces = FaceSet(tuple("abcdefghijkl"), ("web",) * 10 + ("other",) * 2, (b"",) * 12)
    for held in ([], [2, 5, 11]):
        parts = tracks.dealt(faces, 2, np.array(held, dtype=np.int64))
        # of ten faces of the source three are asked about and one is left, since there are so few
        assert [len(part) for part in parts] == ([2, 1, 6] if not held else [2, 2, 5])
        assert len(set(np.concatenate(parts).tolist()) - set(range(10))) == 0
        assert len(np.unique(np.concatenate(parts))) == sum(map(len, parts))
    assert sorted(parts[1].tolist()) == [2, 5]
