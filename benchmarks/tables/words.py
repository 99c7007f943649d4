"""Sentences of documents that hold figures, made from results like the tables beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.tables.figures import markdown, percent

Row = Mapping[str, Any]

DEFAULT, PLAIN, ENLARGED = "fewpix + auto, matched", "yunet + sface", "yunet x3 + sface"
"""Arms of `photos/photos.json`."""


def on_photographs(result: Row, size: int) -> str:
    """How often the right person is first on whole photographs, beside the usual way."""
    cells = {row["arm"]: row for row in result["figures"] if row["size"] == size}
    first, plain, enlarged = (f"{100 * cells[arm]['rank1']:.0f} %" for arm in (DEFAULT, PLAIN, ENLARGED))
    low, high = (f"{100 * end:.0f}" for end in cells[DEFAULT]["rank1_ci95"])
    return (
        f"For {first} ({low} to {high}) of the faces of {size} px in JPEG files, the right person is ranked "
        f"first of {result['settings']['enrolled']}.\nYuNet and SFace without changes reach {plain}. On a "
        f"picture that is enlarged three times first, they reach {enlarged}."
    )


def in_films(result: Row, size: int) -> str:
    """How often a person of a film gets the right name, beside the usual way."""
    cells = {row["arm"]: row for row in result["figures"] if row["kind"] == str(size)}
    track, frame, vote = (cells[arm] for arm in ("track", "frame", "yunet + sface, vote"))
    low, high = (f"{100 * end:.0f}" for end in track["rank1_ci95"])
    return (
        f"For {100 * track['rank1']:.0f} % ({low} to {high}) of the people who are {size} px wide in a film, "
        f"the right one of {result['settings']['enrolled']} is ranked first.\nBy a single frame it is "
        f"{100 * frame['rank1']:.0f} %. YuNet and SFace in every frame, with a vote, reach "
        f"{100 * vote['rank1']:.0f} %."
    )


def stated_rates(pool: Row, lfw: Row) -> str:
    """How many of the stated rates were seen, on people like those of the calibration and on others."""
    same, others = pool["figures"], lfw["figures"]
    held, seen = (sum(figure["agrees"] for figure in figures) for figures in (same, others))
    shares = sorted(figure["observed"] / figure["stated"] for figure in others)
    rest = [figure for figure in others if not figure["agrees"]]
    spanned = sum(figure["in_range"] for figure in rest)
    rarer = sum(figure["observed"] < figure["stated"] for figure in rest if not figure["in_range"])
    low, high = _hundredth(others)
    like_low, like_high = _hundredth(pool["among_their_like"])
    same_low, same_high = _hundredth(same)
    return (
        f"On people of other sources whom no student saw, {held} of {len(same)} stated rates are seen, and a "
        f"stated FPIR of 1 % is {same_low} to {same_high} %. On LFW, where so many people show every small "
        f"difference, {seen} of {len(others)} are: what was seen is {shares[0]:.2g} to {shares[-1]:.2g} "
        f"times what is stated. Of the rest, {spanned} lie in the interval that spans the other populations, "
        f"{rarer} are rarer than all of it, and {len(rest) - spanned - rarer} more frequent. A stated FPIR "
        f"of 1 % is {low} to {high} % there. Among people of their own source, who are photographed alike, "
        f"it is {like_low} to {like_high} %."
    )


def _hundredth(figures: Sequence[Row]) -> tuple[str, str]:
    """The least and the largest percentage that a stated FPIR of 1 % was."""
    found = [100 * f["observed"] for f in figures if f["people"] > 1 and f["stated"] == 0.01]
    return f"{min(found):.1f}", f"{max(found):.1f}"


def one_person(result: Row, limit: str) -> str:
    """How well sets of one person are told from sets of many.

    Args:
        result: `facebn/guard.json`.
        limit: the cosine from which on two faces count as one person's, as its key.
    """
    sizes = sorted({row["size"] for row in result["figures"]})
    told = (("one_person", "one person, recognised as one"), ("many_people", "many people, taken for one"))
    rows = []
    for kind, title in told:
        shares = [[row[kind][limit] for row in result["figures"] if row["size"] == size] for size in sizes]
        rows.append([title, *(f"{percent(sum(each) / len(each))} %" for each in shares)])
    least = min(result["figures"], key=lambda row: row["one_person"][limit])
    most = max(result["figures"], key=lambda row: row["many_people"][limit])
    note = (
        f"The worst cases are {least['family']} at {least['size']} px, where "
        f"{percent(least['one_person'][limit])} % are recognised as one, and {most['family']} at "
        f"{most['size']} px, where {percent(most['many_people'][limit])} % of the sets of many people are "
        "taken for one."
    )
    return f"{markdown(['', *(f'{size} px' for size in sizes)], rows)}\n\n{note}"
