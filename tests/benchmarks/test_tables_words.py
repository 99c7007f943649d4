"""Sentences with figures say what the results say."""

from __future__ import annotations

from typing import Any

from benchmarks.tables.words import on_photographs, one_person, stated_rates


def test_how_often_the_right_person_is_first_on_photographs() -> None:
    shares = {"fewpix + auto, matched": 0.521, "yunet + sface": 0.09, "yunet x3 + sface": 0.3}
    cells = [
        {"arm": arm, "size": size, "rank1": share if size == 16 else 1.0, "rank1_ci95": [0.45, 0.604]}
        for arm, share in shares.items()
        for size in (16, 32)
    ]
    said = on_photographs({"figures": cells, "settings": {"enrolled": 42}}, 16)
    assert said.startswith("For 52 % (45 to 60) of the faces of 16 px in JPEG files, the right person")
    assert "first of 42.\nYuNet and SFace without changes reach 9 %." in said
    assert said.endswith("they reach 30 %.")


def rate(observed: float, *, agrees: bool, in_range: bool, people: int = 100) -> dict[str, Any]:
    return {"observed": observed, "stated": 0.01, "people": people, "agrees": agrees, "in_range": in_range}


def test_how_many_stated_rates_were_seen() -> None:
    pool = {
        "figures": [rate(0.01, agrees=True, in_range=True), rate(0.02, agrees=False, in_range=True)],
        "among_their_like": [rate(0.034, agrees=False, in_range=True)],
    }
    others = [
        rate(0.011, agrees=True, in_range=True),
        rate(0.02, agrees=False, in_range=True),
        rate(0.004, agrees=False, in_range=False),
        rate(0.05, agrees=False, in_range=False, people=1),
    ]
    said = stated_rates(pool, {"figures": others})
    assert (
        "whom no student saw, 1 of 2 stated rates are seen, and a stated FPIR of 1 % is 1.0 to 2.0 %" in said
    )
    assert "1 of 4 are: what was seen is 0.4 to 5 times what is stated" in said
    assert "1 lie in the interval that spans the other populations, 1 are rarer" in said
    assert "and 1 more frequent. A stated FPIR of 1 % is 0.4 to 2.0 % there." in said
    assert said.endswith("who are photographed alike, it is 3.4 to 3.4 %.")


def test_how_well_sets_of_one_person_are_told() -> None:
    def row(family: str, size: int, one: float, many: float) -> dict[str, Any]:
        return {"family": family, "size": size, "one_person": {"0.2": one}, "many_people": {"0.2": many}}

    figures = [row("area", 8, 1.0, 0.0), row("motion", 8, 0.9, 0.02), row("area", 16, 1.0, 0.0)]
    table, note = one_person({"figures": figures}, "0.2").split("\n\n")
    assert table.splitlines()[2:] == [
        "| one person, recognised as one | 95.0 % | 100.0 % |",
        "| many people, taken for one | 1.0 % | 0.0 % |",
    ]
    assert note.startswith(
        "The worst cases are motion at 8 px, where 90.0 % are recognised as one, and motion"
    )
