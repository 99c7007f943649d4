"""Single scores beside a result: the same bytes every time, and nothing that was changed is believed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fewpix.evaluate.pair_record import PairRecord
from fewpix.evaluate.scores_file import (
    digest,
    names_array,
    names_of,
    packed,
    read_scores,
    scores_path,
    write_scores,
)
from fewpix.evaluate.search_record import SearchRecord
from fewpix.evaluate.streaming_search import search

from fewpix.errors import InputError
from fewpix.evaluate.benchmark import PairList


def record() -> PairRecord:
    pairs = PairList(
        ("Bo/1", "Bo/2", "Äl, b/3"),
        np.array([0, 0]),
        np.array([1, 2]),
        np.array([True, False]),
        np.array([0, 1]),
    )
    return PairRecord.of(pairs, ("Bo/1.jpg", "Bo/2.jpg", "Äl, b/3.png"), np.array([[0.5, 0.1], [0.7, -0.2]]))


def test_what_was_written_is_read(tmp_path: Path) -> None:
    content = packed(record().arrays())
    assert content == packed(record().arrays())
    write_scores(tmp_path / "x.json", content)
    assert scores_path(tmp_path / "x.json") == tmp_path / "x.scores.npz"
    found = PairRecord.from_arrays(read_scores(tmp_path / "x.json", digest(content)))
    assert found.pairs.pictures == ("Bo/1.jpg", "Bo/2.jpg", "Äl, b/3.png")
    assert np.array_equal(found.scores, record().scores)
    for key in ("first", "second", "same", "folds"):
        assert np.array_equal(getattr(found.pairs, key), getattr(record().pairs, key))
    own = PairList(
        ("Bo/1", "Bo/2", "Äl, b/3"), *(getattr(found.pairs, k) for k in ("first", "second", "same", "folds"))
    )
    assert np.array_equal(found.pairs.clusters().first, own.clusters().first)
    assert np.array_equal(found.pairs.clusters().second, own.clusters().second)


def test_nothing_in_the_file_is_an_object(tmp_path: Path) -> None:
    path = scores_path(tmp_path / "x.json")
    write_scores(tmp_path / "x.json", packed(record().arrays()))
    with np.load(path, allow_pickle=False) as arrays:
        assert {arrays[key].dtype.kind for key in arrays.files} == {"u", "i", "b", "f"}
    with pytest.raises(ValueError, match="allow_pickle"):
        packed({"x": np.array([{}])})


def test_a_missing_or_changed_file_is_refused(tmp_path: Path) -> None:
    content = packed(record().arrays())
    with pytest.raises(InputError, match="keep both files together"):
        read_scores(tmp_path / "x.json", digest(content))
    write_scores(tmp_path / "x.json", content[:-1] + b"x")
    with pytest.raises(InputError, match=r"hashes to [0-9a-f]{12}, but x\.json was written with"):
        read_scores(tmp_path / "x.json", digest(content))
    write_scores(tmp_path / "x.json", b"no archive")
    with pytest.raises(InputError, match="is no file of scores"):
        read_scores(tmp_path / "x.json", digest(b"no archive"))


def test_arrays_that_do_not_fit_are_refused() -> None:
    whole = dict(record().arrays())
    with pytest.raises(InputError, match="lack the array 'folds'"):
        PairRecord.from_arrays({key: value for key, value in whole.items() if key != "folds"})
    with pytest.raises(InputError, match="do not fit one another"):
        PairRecord.from_arrays({**whole, "scores": whole["scores"][:, :1]})
    with pytest.raises(InputError, match="do not fit one another"):
        PairRecord.from_arrays({**whole, "first": np.array([0, 3], dtype=np.int32)})


def test_names_of_any_letters() -> None:
    names = ("a", "", "ö/\n \\x.jpg")
    assert names_of(names_array(names)) == names
    assert names_of(names_array(())) == ()


@pytest.mark.parametrize("closed", [True, False])
def test_searches_are_kept_whole(closed: bool) -> None:
    probes = np.eye(4)[[0, 1, 2, 0]] * 1.0
    people = np.array(["a", "b", "a" if closed else "z", "b"])
    found = search(probes, people, np.eye(4)[[0, 1]], np.array(["a", "b"]), precisions=closed)
    kept = SearchRecord.of(["p0", "p1", "p2", "p3"], people, [found, found])
    back = SearchRecord.from_arrays(kept.arrays())
    assert back.probes == kept.probes
    assert len(back.searched) == 2
    assert back.people.tolist() == np.unique(people, return_inverse=True)[1].tolist()
    for one in back.searched:
        assert one.people == found.people
        for key in ("mated", "own", "best", "other", "ranks", "row_ranks"):
            assert np.array_equal(getattr(one, key), getattr(found, key), equal_nan=key == "own")
        assert (one.precisions is None) == (not closed)
    with pytest.raises(InputError, match="do not fit one another"):
        SearchRecord.from_arrays({**kept.arrays(), "ranks": np.zeros((2, 3))})
    with pytest.raises(InputError, match="lack the array 'own'"):
        SearchRecord.from_arrays({key: value for key, value in kept.arrays().items() if key != "own"})


def test_the_best_other_person_is_never_ones_own() -> None:
    rng = np.random.default_rng(0)
    gallery, people = rng.normal(size=(12, 6)), np.arange(12) % 5
    probes, names = rng.normal(size=(9, 6)), np.array([0, 1, 2, 3, 4, 7, 8, 0, 1])
    gallery /= np.linalg.norm(gallery, axis=1, keepdims=True)
    probes /= np.linalg.norm(probes, axis=1, keepdims=True)
    found = search(probes, names, gallery, people)
    scores = probes @ gallery.T
    for n, name in enumerate(names):
        assert found.other[n] == pytest.approx(scores[n, people != name].max(), abs=1e-6)
    alone = search(probes[:1], [0], gallery[:1], [0])
    assert alone.other[0] == -np.inf
