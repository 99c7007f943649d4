"""Results made by hand: every kind of figure that a report shows, in few cells."""

from __future__ import annotations

from typing import Any

from fewpix.evaluate.result.model import (
    Bootstrap,
    Cell,
    Change,
    Compared,
    Count,
    Curve,
    Difference,
    Facts,
    Failure,
    Failures,
    Figure,
    Histogram,
    McNemar,
    Model,
    Other,
    Pixels,
    Result,
    Seen,
    Treatment,
)

SPAN = (0.25, 0.9375)
LOW = (0.0, 0.4)


def figure(measure: str, at: str = "", value: float | None = 0.75, **changes: Any) -> Figure:
    """With an interval and no threshold."""
    known: dict[str, Any] = {
        "ci95": None if value is None else SPAN,
        "threshold": None,
        "reason": "",
        "detail": {},
    }
    return Figure(measure=measure, at=at, value=value, **known | changes)


def missing(measure: str, at: str, reason: str) -> Figure:
    """One that cannot be shown."""
    return figure(measure, at, None, reason=reason)


def model(letter: str) -> Model:
    """Whose digest is one letter."""
    return Model(sha256=letter * 64, runtime="numpy", state_id="", side=8)


def seen(**changes: Any) -> Seen:
    """Six pictures of 24 px."""
    px = Pixels(of="picture", min=20, p25=22, median=24, p75=25, max=30)
    known: dict[str, Any] = {"items": 6, "people": 3, "failed_items": 0, "pictures": 6}
    known |= {"failed_pictures": 0}
    known |= {"first_fault": "", "already_smaller": 0, "not_square": 2, "px": px}
    return Seen(**known | changes)


def curve(n: float = 0.0) -> Curve:
    """Three points, the last at a false rate of 0, which no logarithmic axis shows."""
    return Curve(
        x=[0.5, 0.25, 0.0],
        y=[1.0, 0.75 - n, 0.5],
        ci95=[(0.5, 1.0), (0.25, 0.9), None],
        threshold=[0.1, 0.2, 0.3],
    )


def cmc() -> Curve:
    """Up to rank 50."""
    return Curve(x=[1, 2, 50], y=[0.5, 0.75, 1.0], ci95=[SPAN, SPAN, (0.6, 1.0)], threshold=[])


def histogram() -> Histogram:
    """Forty bins from -1 to 1."""
    mated, nonmated = [0] * 40, [0] * 40
    mated[36], nonmated[24], nonmated[36] = 4, 3, 1
    return Histogram(mated=mated, nonmated=nonmated)


def cell(name: str, size: int | None, figures: list[Figure], **changes: Any) -> Cell:
    """Of a model, with nothing to draw."""
    known: dict[str, Any] = {"part": {}, "counts": {}, "seen": seen()}
    known |= dict.fromkeys(("curve", "ranks", "histogram", "worst"))
    return Cell(model=name, size=size, figures=figures, **known | changes)


def difference(first: str, second: str, size: int | None, *changes: Change, **part: str) -> Difference:
    """Of two models."""
    return Difference(model=first, minus=second, size=size, part=part, changes=list(changes))


def change(measure: str, at: str = "", value: float = -0.125, mcnemar: McNemar | None = None) -> Change:
    """Whose interval is half a point wide."""
    return Change(
        measure=measure, at=at, difference=value, ci95=(value - 0.25, value + 0.25), mcnemar=mcnemar
    )


def known_of(task: str) -> dict[str, Any]:
    """How the pictures of a task are treated."""
    if task == "detections":
        return {"iou": 0.5}
    said = {"interpolation": "area down", "fit": "pad", "alignment": "pictures are crops of faces", "seed": 3}
    if task == "search":
        return said | {"small": "probes", "rank": 20}
    return said | {"small": "both", "protocols": ["native"]}


def result(task: str, cells: list[Cell], **changes: Any) -> Result:
    """Of a benchmark that is all there."""
    treatment = changes.pop("treatment", {})
    known: dict[str, Any] = {
        "benchmark": Facts(
            kind="own",
            variant="",
            counts=[Count(what="people", found=3, published=4000)],
            listed=7,
            missing=1,
            missing_first=["Ann/gone.jpg"],
            complete=False,
            comparisons={"same": 1234, "different": 4},
            left_out=1,
            coverage=0.875,
            lists_sha256="1" * 64,
            data_sha256="2" * 64,
        ),
        "treatment": Treatment(**known_of(task) | treatment),
        "models": {name: model("0") for name in dict.fromkeys(one.model for one in cells) if name},
        "others": {},
        "bootstrap": Bootstrap(level=0.95, replicates=2000, seed=0, how="percentile bootstrap over people"),
        "differences": [],
        "compared": [],
        "scores_sha256": "3" * 64,
    }
    return Result(schema_name="evaluation-2", task=task, cells=cells, **known | changes)


def failures() -> Failures:
    """Of the pictures of `lfw_layout`."""
    ann, bob, cid = "Ann/Ann_0001.jpg", "Bob_B/Bob_B_0012.jpg", "Cid/Cid_0003.jpg"
    return Failures(
        nonmated=[
            Failure(first=ann, second=bob, score=0.9123, threshold=0.5, wrong=True),
            Failure(first=bob, second=cid, score=-0.0001, threshold=0.5, wrong=False),
        ],
        mated=[Failure(first=ann, second="Ann/Ann_0002.jpg", score=0.4, threshold=None, wrong=True)],
    )


def pairs() -> Result:
    """Two models at two sizes; a sharp picture goes to somebody else."""
    cells = [
        cell(
            name,
            size,
            [
                figure(
                    "accuracy",
                    value=0.5 + 0.01 * (size + (name == "grey")),
                    threshold=None,
                    detail={"per_fold": [0.5, 1.0], "thresholds": [0.25, 0.5]},
                ),
                figure("accuracy", "worst", 1.0, detail={"quality": [0.1, 0.25], "pairs": [3, 1]}),
                figure(
                    "accuracy", "best", 0.5, ci95=None, detail={"quality": [0.25, 0.9], "pairs": [1300, 650]}
                ),
                figure("tar", "3e-1", threshold=0.125),
                missing("tar", "1e-2", "4 impostor pairs cannot show a false accept rate below 0.25"),
                missing("tar", "1e-3", "4 impostor pairs cannot show a false accept rate below 0.25"),
                figure("eer", value=0.125, ci95=LOW, threshold=0.375),
                figure("auc"),
            ],
            counts={"failed": 0},
            seen=seen(already_smaller=size // 12),
            curve=curve(),
            histogram=histogram(),
            worst=failures(),
        )
        for size in (8, 12)
        for name in ("grey", "other <b>")
    ]
    small = {
        "protocols": ["hr-lr"],
        "small": "first",
        "family": "noise",
        "steps": {"12": "noise@12: all", "8": "noise@8: all"},
    }
    test = McNemar(only_first=1, only_second=2, p=0.0004)
    differences = [
        difference("other <b>", "grey", size, change("accuracy", mcnemar=test), change("eer"))
        for size in (8, 12)
    ]
    others = {
        name: Other(name="teacher", model=model("5"), seen=seen(items=4)) for name in ("grey", "other <b>")
    }
    return result("pairs", cells, treatment=small, differences=differences, others=others)


def searches() -> Result:
    """A model in two galleries, and in both as one, of templates some of which failed to enrol."""
    probes = seen(failed_items=1, failed_pictures=2, first_fault="a/1.jpg is cut off", pictures=12)
    figures = [figure("tpir", "1e-1", threshold=0.5), figure("rank", "1"), figure("map"), figure("auc")]
    none = missing("tpir", "1e-1", "4 non-mated probes cannot show it")
    counts = {"people": 2, "rows": 3, "mated": 4, "nonmated": 5}
    common = {"counts": counts, "seen": probes, "ranks": cmc(), "histogram": histogram()}
    cells = [
        cell("grey", 8, figures, part={"gallery": "G1"}, curve=curve(), **common),
        cell("grey", 8, [none, *figures[1:]], part={"gallery": "G2"}, **common),
        cell(
            "grey",
            8,
            [figure("rank", "1", ci95=None, reason="galleries as one"), figure("recall", "1e-1", ci95=None)],
            part={"gallery": "joined"},
            counts={"people": 4, "mated": 9},
            seen=probes,
        ),
    ]
    others = {"grey": Other(name="teacher", model=model("5"), seen=seen(px=None))}
    how = {"fusion": "mean of all pictures", "prototypes": True, "steps": {"8": "area@8"}, "other_size": 12}
    made = result("search", cells, others=others, treatment=how)
    counted = made.benchmark.model_copy(
        update={"comparisons": {"probes": 9, "gallery G1": 2, "gallery G2": 3}}
    )
    return made.model_copy(update={"benchmark": counted})


def detections() -> Result:
    """Of a score file: detection, and identification at two ranks."""
    cells = [
        cell(
            "own.csv",
            None,
            [
                figure("found", "1e-1", 0.5 + 0.1 * n, threshold=0.5, detail={"per_image": [0.1]}),
                missing("found", "1e-2", "4 pictures cannot show fewer than 0.25 false alarms a picture"),
            ],
            part={"faces": faces},
            counts={"wanted": 1500, "found": 4, "alarms": 2},
            seen=None,
            curve=curve(0.1 * n),
        )
        for n, faces in enumerate(("detection", "rank 1", "rank 10"))
    ]
    made = result("detections", cells, models={})
    counted = made.benchmark.model_copy(
        update={"comparisons": {"pictures": 4, "without_detection": 1, "detections": 6}}
    )
    return made.model_copy(update={"benchmark": counted})


def comparison() -> Result:
    """Of two files with one model each."""
    test = McNemar(only_first=3, only_second=4, p=0.75)
    both = [
        difference(
            "one", "other", 8, change("rank", "1", mcnemar=test), change("tpir", "1e-1"), gallery="G1"
        ),
        difference("one", "other", 8, change("rank", "1", 0.5), gallery="G2"),
    ]
    sides = [
        Compared(
            name=f"{name}.json",
            models={name: model("0")},
            flip=name == "one",
            sizes_alone=[20] if name == "one" else [],
            scores_sha256="4" * 64,
        )
        for name in ("one", "other")
    ]
    return result("search", [], differences=both, compared=sides, scores_sha256=None)
