"""The page about a film: who is on it when, what is put together, and that it asks nobody for anything."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest

from fewpix.gallery.search import Candidate
from fewpix.identify.faces import AlignedFace, EmbeddedFace
from fewpix.identify.pipeline import IdentifiedFace
from fewpix.identify.verdict import Verdict
from fewpix.image.codec import decode_image
from fewpix.quality.assess import Quality
from fewpix.video import Frame, IdentifiedTrack
from fewpix.video.report.clip import MOST, Clip, Scene
from fewpix.video.report.film_page import About, film_page
from fewpix.video.report.people import Alikeness, grouped, people
from fewpix.video.report.timeline import Span
from fewpix.video.sample import Sample

ANA, BO, UNKNOWN = Verdict("named", "Ana"), Verdict("named", "Bo"), Verdict("unknown", reason="too rare")
HALF = Alikeness(lambda track: 0.5, "as a test says")


def towards(*parts: float) -> np.ndarray:
    vector = np.array(parts, dtype=np.float32)
    return vector / np.linalg.norm(vector)


def track(
    number: int, first: float, last: float, verdict: Verdict = UNKNOWN, embedding: np.ndarray | None = None
) -> IdentifiedTrack:
    box, quality = (4.0, 6.0, 12.0, 14.0), Quality(effective_pixels=12.0, sharpness=0.5)
    seen = EmbeddedFace(
        box, 14.0, quality, towards(1, 0) if embedding is None else embedding, "sha", "", 14.0
    )
    face = IdentifiedFace(box, 14.0, quality, (Candidate("Ana", 0.61),), verdict)
    patch = np.full((20, 20, 3), 90, np.uint8)
    cut = AlignedFace(box, 14.0, quality, patch, None)
    return IdentifiedTrack(
        path="gate.mp4",
        track=number,
        first=first,
        last=last,
        clock=None,
        frames=round(10 * (last - first)),
        boxes=((first, box),),
        face=face,
        state_id="",
        samples=(Sample(first, cut, patch, 1.0),),
        template=seen,
        sights=1.0,
    )


def sight(number: int, time: float, worth: float, last: float | None = None) -> SimpleNamespace:
    best = [SimpleNamespace(time=time, weight=worth)]
    grown = SimpleNamespace(number=number, best=best, last=time if last is None else last)
    return SimpleNamespace(track=grown, box=(40.0, 20.0, 12.0, 14.0))


def frame(time: float, shade: int = 100, size: tuple[int, int] = (60, 100)) -> Frame:
    return Frame(np.full((*size, 3), shade, np.uint8), time)


class Page(HTMLParser):
    """What a page holds, as a browser would see it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("img", "meta", "br", "!doctype"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def every(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        return [a for name, a in self.tags if name == tag and wanted.items() <= a.items()]


def clip(*tracks: IdentifiedTrack) -> Clip:
    made = Clip()
    made.see(frame(0.0), [])
    for each in tracks:
        made.see(frame(each.first), [sight(each.track, each.first, 1.0)])
        made.add(each)
    made.see(frame(60.0), [])
    return made


def page_of(made: Clip, **about: object) -> Page:
    page = Page(film_page(made, About(**({"name": "gate.mp4", "facts": ["600 frames looked at"]} | about))))
    assert not page.open
    return page


def test_a_page_shows_who_was_there_and_opens_every_frame():
    made = clip(
        track(1, 1, 5, ANA), track(2, 20, 24, ANA), track(3, 2, 8), track(4, 40, 43), track(5, 50, 55, BO)
    )
    page = page_of(made, alikeness=HALF, decided="at most one in a hundred")
    rows = [a for a in page.every("li") if a.get("class") in ("named", "unknown")]
    assert [row["class"] for row in rows] == ["named", "named", "unknown"]
    for said in ("2 people named, 1 not.", "0.0 s to 1:00", "5 tracks", "600 frames looked at"):
        assert said in page.text
    assert "at most one in a hundred" in page.text
    assert "1 unknown person came several times: tracks are put together as a test says" in page.text
    assert "unknown A" in page.text
    assert "Named Ana." in page.text
    assert "Unknown, too rare." in page.text
    bars = page.every("button", **{"class": "bar"})
    assert len(bars) == 5
    assert bars[0]["aria-label"] == "track 1, Ana, 1.0 s to 5.0 s: show the frame"
    opened = {a["id"] for a in page.every("div") if "popover" in a}
    assert opened == {f"f{n}" for n in range(1, 6)}
    assert {a["popovertarget"] for a in page.every("button")} == opened
    assert len(page.every("button", popovertargetaction="hide")) == 5
    links = {a["href"] for a in page.every("a")}
    assert links == {"#p1", "#p2", "#p3"}
    assert links == {f"#{a['id']}" for a in page.every("article")}


def test_a_page_fetches_nothing_and_runs_nothing():
    hostile = Verdict("named", '<script>alert(1)</script>"\u202e')
    text = film_page(
        clip(replace(track(1, 1, 5, hostile), path="x")), About('<img src="http://x/">.mp4', ["a<b"])
    )
    page = Page(text)
    (policy,) = page.every("meta", **{"http-equiv": "Content-Security-Policy"})
    assert str(policy["content"]).startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:;")
    assert not page.every("script")
    assert not page.every("link")
    assert all(str(a["src"]).startswith("data:image/") for a in page.every("img"))
    assert not [a for _, a in page.tags if any(name.startswith("on") for name in a)]
    assert not re.search(r"url\(|@import|https?://(?!x/)", text)
    assert "\u202e" not in text
    assert 'name="generator" content="fewpix"' in text[:4096]


def test_a_film_without_faces_has_a_page_too():
    page = page_of(clip())
    assert "No face was followed." in page.text
    assert not page.every("button")


def test_unknown_tracks_are_one_persons_if_all_are_alike_and_never_together():
    a, near, far = towards(1, 0, 0), towards(1, 0.3, 0), towards(0, 0, 1)
    between = towards(1, 1.2, 0)  # like `near` (0.83) and, at 0.64, like `a`
    scenes = [
        Scene(track(n, first, last, embedding=vector), None)
        for n, (first, last, vector) in enumerate(
            [(0, 5, a), (3, 8, near), (10, 12, near), (20, 21, far), (30, 31, between)], 1
        )
    ]

    def numbers(alikeness: Alikeness | None) -> list[list[int]]:
        return [[scene.track.track for scene in group] for group in grouped(scenes, alikeness)]

    assert numbers(None) == [[1], [2], [3], [4], [5]]
    # The second is there together with the first; the third may join both, and is more like the second.
    assert numbers(HALF) == [[1], [2, 3, 5], [4]]
    assert numbers(Alikeness(lambda track: 0.9, "")) == [[1], [2, 3], [4], [5]]
    by_track = Alikeness(lambda track: None if track.track == 3 else 0.5, "")
    assert numbers(by_track) == [[1], [2, 5], [3], [4]]


def test_people_come_in_the_order_of_the_film_those_without_a_name_last():
    both = Verdict("ambiguous", ambiguous=("Ana", "Bo"))
    scenes = [
        Scene(each, None)
        for each in (track(1, 0, 1), track(2, 2, 3, BO), track(3, 4, 5, ANA), track(4, 6, 7, both))
    ]
    found = people(scenes, None)
    assert [person.label for person in found] == ["Bo", "Ana", "unknown", "one of Ana, Bo"]
    assert [person.seconds for person in found] == [1, 1, 1, 1]


def test_the_frame_of_the_best_sight_is_kept_and_made_smaller():
    made = Clip()
    made.see(frame(0.0, 50, (540, 1920)), [sight(1, 0.0, 1.0)])
    made.see(frame(0.5, 100, (540, 1920)), [sight(1, 0.5, 1.05)])  # hardly better
    made.see(frame(1.0, 150, (540, 1920)), [sight(1, 1.0, 2.0)])
    made.see(frame(1.5, 200, (540, 1920)), [sight(1, 1.0, 2.0, last=1.5)])  # another was the best
    made.add(track(1, 0.0, 1.5, ANA))
    (scene,) = made.scenes
    assert scene.still is not None
    assert (scene.still.time, scene.still.size) == (1.0, (1920, 540))
    for data, shape in ((scene.still.jpeg, (270, 960, 3)), (scene.still.small, (90, 320, 3))):
        image = decode_image(data, "a frame")
        assert image.shape == shape
        assert image.mean() == pytest.approx(150, abs=2)


def test_memory_is_bounded_however_long_the_film():
    made = Clip()
    for n in range(3 * MOST):
        made.see(frame(float(n)), [sight(n, float(n), 1.0)])  # half of them are never told of
        if n % 2:
            made.add(track(n, n, n + 0.1 * (1 + n % 7)))
    assert len(made.scenes) == MOST
    assert made.added == 3 * MOST // 2
    assert min(scene.track.frames for scene in made.scenes) >= 3
    assert len(made._growing) <= 2 * MOST
    assert f"{made.added - MOST} short tracks not shown" in film_page(made, About("x", []))


def test_places_and_round_times_on_a_line():
    assert Span.of(3.0, 3.0).place(3.0) == 0
    span = Span.of(0.0, 60.0)
    assert [span.place(time) for time in (-5, 0, 15, 60, 90)] == [0, 0, 25, 100, 100]
    assert span.ticks() == [0, 10, 20, 30, 40, 50, 60]
    assert Span.of(97.0, 1350.0).ticks() == [97.0, 300.0, 600.0, 900.0, 1200.0]
    assert len(Span.of(0.0, 9e6).ticks()) <= 8
