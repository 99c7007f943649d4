"""A result as text, and the short form of LFW."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from fewpix.data.inventory import Count
from fewpix.degrade.degradation import Degradation
from fewpix.evaluate.benchmark import Asked, Benchmark, Items, Pairs, Searches
from fewpix.evaluate.plan import Plan
from fewpix.evaluate.result.file import canonical
from fewpix.evaluate.result.words import ShortForm, words
from fewpix.evaluate.run import Evaluation, evaluate
from fewpix.evaluate.statistics.estimate import Draws
from grey_encoder import Grey
from made_outcomes import Memory, benchmark_of, noise

PEOPLE = 12


def pictures(*shapes: tuple[int, int]) -> Memory:
    """Two pictures of everybody, of 24 px unless their shapes are given."""
    return Memory([noise(*(shapes[n] if n < len(shapes) else (24, 24)), n) for n in range(2 * PEOPLE)])


def pairs(source: Memory | None = None, **more: object) -> Benchmark:
    first = np.repeat(2 * np.arange(PEOPLE), 2)
    second = first + 1
    second[1::2] = (first[1::2] + 3) % (2 * PEOPLE)
    same = np.arange(2 * PEOPLE) % 2 == 0
    listed = Pairs(first, second, same, np.repeat(np.arange(3), 8))
    return benchmark_of(Items(source or pictures(), np.arange(2 * PEOPLE) // 2), listed, **more)


def search(source: Memory | None = None) -> Benchmark:
    """The first four probes show nobody of the two galleries, who are four people each."""
    galleries = {"G1": np.arange(8, 16, 2), "G2": np.arange(16, 24, 2)}
    probes = np.concatenate((np.arange(0, 4), np.arange(9, 24, 2)))
    return benchmark_of(Items(source or pictures(), np.arange(2 * PEOPLE) // 2), Searches(galleries, probes))


def run(found: Benchmark, **how: object) -> Evaluation:
    how = {"draws": Draws(20), **how}
    return evaluate(found, Plan({"one": Grey(), "other": Grey("2" * 64)}, **how))  # type: ignore[arg-type]


def test_pairs_say_what_was_compared_and_how() -> None:
    found = pairs(pictures((12, 9), (30, 40)), missing=2, variant="own")
    how = {"sizes": (16, 8), "protocols": ("lr-lr",), "fit": "stretch", "flip": True}
    text = str(run(found, **how, asked=Asked((0.25, 0.01))))
    lines = text.splitlines()
    assert lines[0] == "made (own): pairs, lr-lr: 12 pairs of one person, 12 of two people"
    assert lines[1].startswith("coverage 92.3 %, 2 left out for want of a picture; lists aaaaaaaaaaaa")
    assert "squares by stretch; resampled area down, cubic up (OpenCV); mirrored pictures added" in text
    assert "both sides made small to 16 px: area@16: downscale side 16" in lines
    assert "both sides made small to 8 px: area@8: downscale side 8" in lines
    at = lines.index("one at 16 px")
    assert (
        lines[at + 1] == "  24 pictures of 12 people, shorter side 24 px, half of them 24 to 24, all 9 to 30"
    )
    assert lines[at + 2] == "  1 pictures were smaller already and stayed so"
    assert lines[at + 3].startswith("  accuracy ")
    assert "  TAR at FAR 1e-2 cannot be shown: 12 impostor pairs cannot show a false accept rate" in text
    assert "other minus one at 8 px, in points" in lines
    difference = lines[lines.index("other minus one at 8 px, in points") + 1]
    assert difference == "  accuracy +0.0 (+0.0 to +0.0)"


def test_a_side_seen_by_somebody_else_is_told() -> None:
    others = {name: ("sharp", Grey("1" * 64)) for name in ("one", "other")}
    text = str(run(pairs(), sizes=(8,), protocols=("hr-lr",), small="first", others=others))
    assert "the first of a pair made small to 8 px: area@8: downscale side 8" in text
    assert "the other side of one seen by sharp\n  " in text
    both = str(run(pairs(), sizes=(8,), protocols=("hr-lr", "lr-lr"), others=others))
    assert "hr-lr and lr-lr" in both.splitlines()[0]
    assert "one at 8 px, hr-lr\n" in both
    assert "one at 8 px, lr-lr\n" in both
    assert "other minus one at 8 px, lr-lr, in points" in both


def test_searches_say_it_gallery_by_gallery_with_what_failed() -> None:
    source = pictures()
    source.images = [b"" if n == 9 else image for n, image in enumerate(source.images)]
    text = str(run(search(source), sizes=(8,), other_size=12, asked=Asked(ranks=(1,), fpirs=(0.25, 0.01))))
    lines = text.splitlines()
    assert lines[0] == "made: search: 12 probes, 4 in gallery G1, 4 in gallery G2"
    assert "probes made small to 8 px: area@8: downscale side 8" in lines
    assert "the gallery made small to 12 px: area@12: downscale side 12" in lines
    at = lines.index("one at 8 px, G1")
    assert lines[at + 2] == "  1 pictures failed; the first: cannot read 9.png: No such file or directory"
    assert lines[at + 3] == "  1 failed to enrol, and count"
    assert lines[at + 4] == "  4 people, 4 rows, 4 mated, 8 nonmated"
    assert "  TPIR at FPIR 1e-2 cannot be shown: 8 non-mated searches cannot show it" in lines
    # the side is told once for each model at each size
    assert lines[lines.index("one at 8 px, G2") + 1] == "  4 people, 4 rows, 4 mated, 8 nonmated"
    assert any(line.startswith("one at 8 px, joined") for line in lines)
    assert "/home" not in text


def test_what_was_published_is_told_where_anything_was() -> None:
    def second(counts: tuple[Count, ...]) -> str:
        found = pairs()
        inventory = replace(found.inventory, counts=counts)
        result = run(replace(found, inventory=inventory), protocols=("native",), draws=Draws(2)).measured()
        return words(result).splitlines()[1]

    assert second((Count("people", 12, 12),)) == "coverage 100.0 %, as published; lists aaaaaaaaaaaa"
    assert second((Count("people", 12, 13),)) == "coverage 100.0 %, not as published; lists aaaaaaaaaaaa"
    assert second((Count("people", 12),)) == "coverage 100.0 %; lists aaaaaaaaaaaa"


# the short form of LFW


@pytest.fixture
def short() -> dict[str, object]:
    return {"sizes": (8,), "protocols": ("hr-lr",), "draws": Draws(20, 3), "asked": Asked((0.25, 0.01))}


def shown(found: Benchmark, **how: object) -> ShortForm:
    others = {"m": ("sharp", Grey("1" * 64))} if "hr-lr" in how["protocols"] else None  # type: ignore[operator]
    return ShortForm(evaluate(found, Plan({"m": Grey()}, others, **how)).measured())  # type: ignore[arg-type]


def test_the_short_form_is_one_line(short: dict[str, object]) -> None:
    text = str(shown(pairs(), **short))
    assert text.startswith("LFW, m at 8 px, hr-lr: accuracy ")
    assert "TAR at FAR 2.5e-1 " in text
    assert "TAR at FAR 1e-2 cannot be shown: 12 impostor pairs" in text
    assert text.endswith(", 24 pairs")
    assert "\n" not in text
    more = {**short, "flip": True, "degradation": Degradation("noise")}
    text = str(shown(pairs(missing=6), **more))
    assert text.startswith("LFW, m at 8 px, hr-lr, flip, noise: ")
    assert text.endswith("24 pairs; 6 pairs left out, coverage 80.0 %")


def test_the_short_form_has_the_keys_that_scripts_lean_on(short: dict[str, object]) -> None:
    found = shown(pairs(missing=6), **short).to_json()
    assert set(found) >= {
        "schema",
        "model",
        "model_sha256",
        "size",
        "protocol",
        "flip",
        "interpolation",
        "n_pairs",
        "n_missing",
        "accuracy",
        "accuracy_ci95",
        "tar_at_far",
    }
    assert (found["schema"], found["model"], found["model_sha256"]) == ("lfw-1", "m", "0" * 64)
    assert (found["size"], found["protocol"], found["flip"]) == (8, "hr-lr", False)
    assert (found["n_pairs"], found["n_missing"], found["coverage"]) == (24, 6, 0.8)
    assert found["interpolation"] == Degradation().interpolation
    assert list(found["tar_at_far"]) == list(found["tar_at_far_ci95"]) == ["2.5e-1", "1e-2"]
    assert found["tar_at_far"]["1e-2"] is found["tar_at_far_ci95"]["1e-2"] is None
    low, high = found["accuracy_ci95"]
    assert low <= found["accuracy"] <= high
    assert (found["family"], found["replicates"], found["seed"]) == ("area", 20, 3)
    assert (found["runtime"], found["state_id"], found["side"]) == ("test", "", 4)
    assert found["teacher_sha256"] == "1" * 64
    assert json.loads(canonical(found))["n_pairs"] == 24
    alone = shown(pairs(), **{**short, "protocols": ("lr-lr",)}).to_json()
    assert (alone["teacher_sha256"], alone["protocol"]) == ("", "lr-lr")
