"""What a hundred million faces and ten thousand cameras would take, reckoned from what was measured.

Every figure is a product of a measured one that stands beside it, and of numbers that stand in its row.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.tables.figures import markdown

FACES, CAMERAS = 100_000_000, 10_000
SHARD = 1_000_000
"""Faces of one collection, as many as the search was measured with."""

BY_TEACHER, BY_S, BY_L = 1, 5, 2
"""Rows of a photo by encoder: its own, and those of the small sizes that are kept."""

_CORES = 2
"""Of the machine that search and embedding were measured on, both of which they use."""

MILLION = 1e6
DAY = 86_400.0

Result = Mapping[str, Any]


def faces(stores: Result, search: Result, embed: Result) -> str:
    """A hundred million faces.

    Args:
        stores: of `benchmarks/gallery/stores.py`.
        search: of `benchmarks/gallery/search.py`.
        embed: of `benchmarks/speed/embed.py`.
    """
    file, server = stores["figures"]["file"], stores["figures"]["server"]
    one, many = (row["ms_per_query"] for row in _searches(search))
    batch = _searches(search)[1]["at_a_time"]
    rates = {
        name: row["faces_per_second"]
        for name, row in embed["figures"]["openvino"].items()
        if name in ("teacher", "fewpix-s", "fewpix-l")
    }
    seconds = BY_TEACHER / rates["teacher"] + BY_S / rates["fewpix-s"] + BY_L / rates["fewpix-l"]
    times, shards = FACES / MILLION, FACES // SHARD
    rows = [
        _bytes("on the disk, files", file["bytes_per_face"]),
        _bytes("on the disk, PostgreSQL", server["bytes_per_face"]),
        _bytes("and with HNSW", server["hnsw_bytes_per_face"]),
        _bytes("in memory, exact search", file["bytes_in_memory_per_face"]),
        [
            "a query over all, exact",
            f"{one:.1f} ms a million",
            f"{one * times / 1000:.1f} s",
            f"{one * SHARD / MILLION:.1f} ms",
        ],
        [
            f"the same, {batch} at a time",
            f"{many:.1f} ms a million",
            f"{many * times / 1000:.2f} s",
            f"{many * SHARD / MILLION:.1f} ms",
        ],
        _reading("reading, from a file", file),
        _reading("reading, from PostgreSQL", server),
        _days("embedding", f"{1000 * seconds:.1f} ms a photo", seconds),
        _days(
            "writing, one by one, PostgreSQL",
            f"{server['ms_per_enrolment']:.0f} ms a photo",
            server["ms_per_enrolment"] / 1000,
        ),
        _days(
            "writing, one by one, files",
            f"{file['ms_per_enrolment']:.0f} ms a photo",
            file["ms_per_enrolment"] / 1000,
        ),
    ]
    titles = ["", "measured", f"{FACES // 10**6} million in one collection", f"each of {shards} collections"]
    note = (
        f"A photo has {BY_TEACHER} row of its own and {stores['settings']['shrunk']} of small sizes, of "
        f"{search['settings']['dim']} numbers; embedding is {BY_TEACHER} face by the teacher, {BY_S} by "
        f"fewpix-s and {BY_L} by fewpix-l. Times are those of one machine of {_CORES} cores; what is told of "
        "one collection is needed for each, by whatever machine serves it."
    )
    return f"{markdown(titles, rows)}\n\n{note}"


def _searches(search: Result) -> tuple[Result, Result]:
    """One query at a time, and most."""
    rows = sorted(search["figures"], key=lambda row: int(row["at_a_time"]))
    return rows[0], rows[-1]


def _bytes(what: str, each: float) -> list[str]:
    return [what, f"{each:,.0f} bytes a face", size(each * FACES), size(each * SHARD)]


def _reading(what: str, store: Result) -> list[str]:
    each = store["cpu_seconds_to_read_a_million"]
    return [
        what,
        f"{each:.1f} s of CPU a million",
        f"{each * FACES / MILLION / 60:,.0f} min",
        f"{each * SHARD / MILLION:.1f} s",
    ]


def _days(what: str, measured: str, seconds: float) -> list[str]:
    return [what, measured, f"{seconds * FACES / DAY:,.0f} days", f"{seconds * SHARD / 3600:,.1f} h"]


def size(count: float) -> str:
    """Bytes, readable: MB, GB or TB of powers of ten."""
    for unit, factor in (("TB", 1e12), ("GB", 1e9)):
        if count >= factor:
            return f"{count / factor:,.1f} {unit}"
    return f"{count / 1e6:,.0f} MB"


def cameras(real_time: Result, search: Result) -> str:
    """Ten thousand cameras.

    Args:
        real_time: of `benchmarks/video/real_time.py`.
        search: of `benchmarks/gallery/search.py`.
    """
    frame = _frame(real_time)
    many = _searches(search)[1]["ms_per_query"] / 1000
    rows = [
        [
            f"{rate} frame{'s' if rate > 1 else ''} a second",
            f"{frame * 1000:.0f} ms a frame",
            f"{frame * rate:.2f}",
            f"{frame * rate * CAMERAS:,.0f}",
        ]
        for rate in (1, 2, 5)
    ]
    for tracks in (1, 10):
        each = tracks / 60
        for name, share in ((f"{SHARD // 10**6} million", SHARD), (f"{FACES // 10**6} million", FACES)):
            busy = each * many * share / MILLION * _CORES
            rows.append(
                [
                    f"{tracks} track{'s' if tracks > 1 else ''} a minute, each looked for in {name}",
                    f"{1000 * many:.1f} ms a million, two cores",
                    f"{busy:.4f}" if busy < 0.01 else f"{busy:.2f}",
                    f"{busy * CAMERAS:,.0f}",
                ]
            )
    note = (
        f"A frame has 1280 × 720 px with up to {_row(real_time)['people']} people in it, and is searched "
        "where faces are and for the rest in turn; CPU time, not time on the clock. A track is looked for "
        f"once, {_searches(search)[1]['at_a_time']} at a time."
    )
    titles = ["each camera", "measured", "cores a camera", f"cores for {CAMERAS:,}"]
    return f"{markdown(titles, rows)}\n\n{note}"


def _row(real_time: Result) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(
        row for row in real_time["figures"] if (row["runtime"], row["way"]) == ("onnxruntime", "attention")
    )
    return found


def _frame(real_time: Result) -> float:
    """CPU seconds of a frame."""
    return float(_row(real_time)["ms"]["cpu_mean"]) / 1000


def kept(stores: Result) -> str:
    """A gallery in a file, and as a collection of a database.

    Args:
        stores: of `benchmarks/gallery/stores.py`.
    """
    file, server = stores["figures"]["file"], stores["figures"]["server"]
    told = [f"{server[key]['median']:.0f} ms" for key in ("ms_until_told", "ms_until_seen")]
    both = [
        ["bytes a face", *(f"{row['bytes_per_face']:,.0f}" for row in (file, server))],
        ["one enrolment, flushed", *(f"{row['ms_per_enrolment']:.0f} ms" for row in (file, server))],
        [
            "enrolments in one transaction",
            *(f"{row['enrolments_per_second_in_one_transaction']:,} a second" for row in (file, server)),
        ],
        [
            "reading a million, on the clock / CPU of the reader",
            *(
                f"{row['seconds_to_read_a_million']:.0f} s / {row['cpu_seconds_to_read_a_million']:.0f} s"
                for row in (file, server)
            ),
        ],
        ["a change is told to another connection", "–", told[0]],
        ["and seen by one that asks all the time", "–", told[1]],
        [
            f"{stores['settings']['gone']} people are removed",
            "–",
            f"{server['seconds_to_remove_people']:.2f} s",
        ],
        ["the collection is dropped", "–", f"{server['seconds_to_drop_the_collection']:.2f} s"],
        ["HNSW is made, a million", "–", f"{server['hnsw_seconds_to_build_a_million']:,.0f} s"],
        ["a query by HNSW", "–", f"{server['hnsw_ms_per_query']:.0f} ms"],
        ["mates whom it finds first, as exact search does", "–", f"{server['hnsw_same_first_of_mates']:.0%}"],
    ]
    note = (
        f"{stores['settings']['people']:,} people with one photo of {1 + stores['settings']['shrunk']} rows "
        f"of {stores['settings']['dim']} numbers; {stores['settings']['rows']:,} rows are read; a change is "
        "timed from the beginning of the enrolment; server and client are on one machine."
    )
    return f"{markdown(['', 'file', 'PostgreSQL'], both)}\n\n{note}"
