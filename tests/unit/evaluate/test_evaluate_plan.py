"""What a run does with a benchmark: which side goes where, and what is refused before a picture is read."""

from __future__ import annotations

import numpy as np
import pytest

from fewpix.degrade.degradation import Degradation
from fewpix.errors import ConfigError, InputError, SpaceError
from fewpix.evaluate.benchmark import Asked, Benchmark, Items, Pairs, Searches
from fewpix.evaluate.plan import Plan
from fewpix.evaluate.run import evaluate
from grey_encoder import Grey
from made_outcomes import Memory, benchmark_of, items_of

PAIRED = Pairs(np.array([0, 2]), np.array([1, 3]), np.array([True, False]), np.array([0, 1]))


def pairs() -> Benchmark:
    return benchmark_of(items_of([0, 0, 1, 2, 3]), PAIRED)


def search(*galleries: list[int]) -> Benchmark:
    listed = {f"G{n}" if len(galleries) > 1 else "": np.array(one) for n, one in enumerate(galleries)}
    return benchmark_of(items_of([0, 0, 1, 2, 3]), Searches(listed, np.array([0, 2])))


def plan(**how: object) -> Plan:
    return Plan({"m": Grey()}, **how)  # type: ignore[arg-type]


def same() -> dict[str, tuple[str, Grey]]:
    return {"m": ("teacher", Grey("1" * 64))}


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"protocols": ("lr-hr",), "sizes": (8,)}, "unknown protocol 'lr-hr'"),
        ({"protocols": ("hr-lr",), "sizes": (8,), "small": "third"}, "a pair has no side 'third'"),
        ({"sizes": (8,)}, "native compares pictures as they are"),
        ({"protocols": ("native", "lr-lr"), "sizes": (8,)}, "native compares pictures as they are"),
        ({"protocols": ("lr-lr",)}, "lr-lr needs a size"),
        ({"protocols": ("lr-lr",), "sizes": (8, None)}, "lr-lr needs a size"),
        ({"protocols": ("lr-lr",), "sizes": (7,)}, "size: 7 px is out of range"),
        ({"protocols": ("lr-lr",), "sizes": (113,)}, "size: 113 px is out of range"),
        ({"fit": "cut"}, "there is no way 'cut'"),
        ({"protocols": ("hr-lr",), "sizes": (8,), "others": None}, "hr-lr needs a teacher"),
        ({"baseline": "teacher"}, "the baseline teacher is none of the models"),
        ({"others": {}}, "others are named for no model, the models are m"),
        ({"others": {"x": ("teacher", Grey())}}, "others are named for x, the models are m"),
    ],
)
def test_what_does_not_fit_is_refused(how: dict[str, object], message: str) -> None:
    given = plan(**{"others": same(), **how})
    for benchmark in (pairs(), benchmark_of(items_of([0, 0, 1, 2]), PAIRED)):
        with pytest.raises(ConfigError, match=message):
            given.check(benchmark)
        with pytest.raises(ConfigError, match=message):
            evaluate(benchmark, given)


def test_two_spaces_are_not_compared() -> None:
    other = {"m": ("teacher", Grey(space="1" * 64))}
    for benchmark in (pairs(), search([1, 3])):
        with pytest.raises(SpaceError, match=r"m writes into space .*, teacher of the other side into space"):
            plan(others=other, protocols=("hr-lr",), sizes=(8,)).check(benchmark)


def test_a_search_needs_a_mate_in_every_gallery() -> None:
    plan().check(search([1], [3, 2]))
    with pytest.raises(InputError, match="no probe shows anybody of the gallery G1"):
        plan().check(search([1], [3, 4]))
    with pytest.raises(InputError, match=r"no probe shows anybody of the gallery \(check"):
        plan().check(search([3]))


def test_qualities_that_there_are_not_cannot_weigh() -> None:
    item = np.array([0, 1, 2, 3, 4])
    templates = Items(Memory([b""] * 5), np.arange(5) // 2, item=item, media=item)
    found = benchmark_of(templates, PAIRED)
    plan().check(found)
    with pytest.raises(ConfigError, match="gives its pictures no quality"):
        plan(fusion="quality").check(found)
    plan(fusion="quality").check(pairs())  # of single pictures nothing is fused


def test_which_side_goes_where() -> None:
    first, second = np.array([1, 0, 1, 0, 0], bool), np.array([0, 1, 0, 1, 0], bool)
    others = same()
    both = plan(protocols=("hr-lr", "lr-lr"), sizes=(8,), others=others).modes(pairs())
    assert [protocol for protocol, _, _ in both] == ["hr-lr", "lr-lr"]
    (_, low, high), (_, every, nobody) = both
    assert low.tolist() == second.tolist()
    assert high is not None
    assert high.tolist() == first.tolist()
    assert every.tolist() == (first | second).tolist()
    assert nobody is None
    ((_, turned, _),) = plan(protocols=("hr-lr",), small="first", others=others).modes(pairs())
    assert turned.tolist() == first.tolist()
    ((protocol, low, high),) = plan(others=others, other_size=12).modes(search([1], [3, 2]))
    assert protocol == ""
    assert low.tolist() == [True, False, True, False, False]
    assert high is not None
    assert high.tolist() == [False, True, True, True, False]


def test_looks_are_made_once_for_each_size() -> None:
    how = Degradation("noise", 3)
    looks = plan(sizes=(8, None, 12, 8), other_size=12, fit="stretch", degradation=how).looks()
    assert list(looks) == [8, None, 12]
    assert all(
        (look.size, look.fit, look.degradation) == (size, "stretch", how) for size, look in looks.items()
    )


def test_what_is_asked_is_that_of_the_benchmark_where_nobody_says() -> None:
    found = benchmark_of(items_of([0, 0, 1, 2]), PAIRED, missing=2)
    assert found.asked == Asked()
    assert found.coverage == 0.5
    assert found.comparisons.counts() == {"same": 1, "different": 1}
    assert search([1], [3, 2]).comparisons.counts() == {"probes": 2, "gallery G0": 1, "gallery G1": 2}
    assert search([1, 3]).comparisons.counts() == {"probes": 2, "gallery": 2}
