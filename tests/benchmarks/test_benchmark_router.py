"""The router's bands are read off measured TAR so that no band begins before its encoder has won for good."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

import pytest

Figures = list[dict[str, Any]]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return importlib.import_module("benchmarks.resolution.router")


def figures(**tars: list[float]) -> Figures:
    return [
        {"size": size, **{name: {"tar": values[n]} for name, values in tars.items()}}
        for n, size in enumerate((8, 12, 16, 24, 32))
    ]


def test_a_crossover_is_the_first_size_from_which_on_the_others_are_never_behind(bench: ModuleType):
    made = figures(s=[0.5, 0.4, 0.6, 0.7, 0.8], teacher=[0.1, 0.4, 0.5, 0.7, 0.9])
    assert bench.crossover(made, ["s"], ["teacher"]) == 24  # level at 12 px, behind again at 16
    assert bench.crossover(figures(s=[0.1] * 5, teacher=[0.1] * 5), ["s"], ["teacher"]) == 8
    assert bench.crossover(figures(s=[0.2] * 5, teacher=[0.1] * 5), ["s"], ["teacher"]) == 32


@pytest.mark.parametrize(
    ("s", "m", "expected"),
    [
        ([0.5, 0.5, 0.5, 0.5, 0.5], [0.4, 0.4, 0.6, 0.8, 0.7], [(0, "s"), (16, "m"), (32, "teacher")]),
        ([0.5, 0.5, 0.9, 0.9, 0.5], [0.4, 0.4, 0.6, 0.8, 0.7], [(0, "s"), (32, "teacher")]),
        ([0.1, 0.1, 0.1, 0.1, 0.1], [0.4, 0.4, 0.6, 0.8, 0.7], [(0, "m"), (32, "teacher")]),
    ],
)
def test_bands(bench: ModuleType, s: list[float], m: list[float], expected: list[tuple[int, str]]):
    made = figures(s=s, m=m, teacher=[0.1, 0.2, 0.3, 0.5, 0.9])
    assert [(band["from_px"], band["model"]) for band in bench.bands(made, ["s", "m", "teacher"])] == expected
