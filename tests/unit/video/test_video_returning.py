"""A stream that dies, stays away, and comes back with another size, followed to the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

from fewpix.adapt.folder import keep
from fewpix.adapt.stats import LayerStats, NormState, load_state
from fewpix.errors import InputError
from fewpix.gallery import Gallery
from fewpix.identify import Identifier
from fewpix.identify.learning import Reservoir
from fewpix.image.codec import Image
from fewpix.video import (
    Annotator,
    Frame,
    Patience,
    Shown,
    StateLearner,
    VideoIdentifier,
    h264_file,
    open_video,
    source_of,
)
from fewpix.video.collect import collect
from fewpix.video.counts import Counts
from fewpix.video.tracker import Tracker
from places_made import SPACE, MeanColor, Place
from stream_server import camera, packets

STATE = NormState(
    "c" * 64, "prior", 0.5, 64, "2026-01-01", "yard", {"l": LayerStats(np.zeros(2), np.ones(2), 64)}
)
SMALL, LARGE = (120, 160), (240, 320)
"""Height and width before the camera goes away, and afterwards."""


class Bright:
    """Finds the one bright square of a picture."""

    def detect(self, image: Image) -> Sequence[Place]:
        count, _, stats, _ = cv2.connectedComponentsWithStats((image.max(axis=2) > 110).astype(np.uint8))
        found = [stats[n] for n in range(1, count) if stats[n][4] > 60]
        return [Place((float(x), float(y)), float(max(wide, high))) for x, y, wide, high, _ in found]


def square(shape: tuple[int, int], n: int, side: int = 16) -> Image:
    image = np.full((*shape, 3), 10, np.uint8)
    x = 20 + n % 40
    image[50 : 50 + side, x : x + side] = (200, 20, 20)
    return image


@pytest.fixture
def gallery(tmp_path: Path) -> Iterator[Gallery]:
    with Gallery.open(tmp_path / "g.db", SPACE) as store:
        row = np.array((200, 20, 20), np.float32)
        row /= np.linalg.norm(row)
        store.add("Ana", row, pixels=50, encoder_sha256="e" * 64, state_id="", source="a.png")
        yield store


def test_another_size_ends_all_tracks():
    tracker = Tracker()
    assert tracker.see((100, 200, 3)) == ()
    tracker.step(np.array([[10.0, 10, 20, 20], [90, 50, 20, 20]]), [0.9, 0.9], 0.0)
    assert tracker.see((100, 200, 3)) == ()
    assert tracker.see((200, 400, 3)) == (1, 2)
    assert tracker.see((200, 400, 3)) == ()
    step = tracker.step(np.array([[10.0, 10, 20, 20]]), [0.9], 0.1)
    assert step.ids == (3,), "at the same place in other pixels it is another track"


class Film:
    """Frames of two sizes."""

    name, live, duration = "film", False, None

    def __init__(self) -> None:
        self.counts = Counts()

    def frames(self) -> Iterator[Frame | None]:
        for n in range(20):
            yield Frame(square(SMALL if n < 10 else LARGE, n), 0.1 * n)

    def close(self) -> None:
        pass


def test_learning_from_footage_of_two_sizes_takes_both():
    encoder = MeanColor(16)
    held = Reservoir(encoder, encoder.card.sha256)
    assert collect(Film(), Bright(), held) == 20
    assert held.seen == 4, "one each half second, of two tracks"


@pytest.mark.needs("video")
def test_a_stream_that_comes_back_larger(gallery: Gallery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Forty frames, no camera for a second, forty of twice the size, and then it stays away for good."""
    learned: list[int] = []

    def adapt(weights: Path, crops, *, pixels, source: str) -> NormState:
        learned.append(len(crops))
        return STATE

    monkeypatch.setattr("fewpix.identify.learning.adapt_to", adapt)
    monkeypatch.setattr("fewpix.identify.learning.APART", 0.0)
    encoder, adapted = MeanColor(16), MeanColor(16)
    adapted.state_id = STATE.id  # type: ignore[misc]
    path = tmp_path / "yard.safetensors"
    learner = StateLearner(
        partial(keep, path), "yard", Path("w"), encoder.card.sha256, encoder, lambda state: adapted
    )
    small, large = (packets([square(shape, n) for n in range(40)]) for shape in (SMALL, LARGE))
    identifier = VideoIdentifier(
        Identifier(Bright(), encoder, gallery, threshold=0.9), gap=0.5, learner=learner
    )
    annotator, shapes, before = Annotator(), [], 0

    def watch(frame: Frame, sights) -> None:
        nonlocal before
        if frame.image.shape[:2] == LARGE and LARGE not in shapes:
            before = learner.seen
            learner._due = before + 3
        shapes.append(frame.image.shape[:2])
        shown = [Shown(s.track.number, s.box, identifier.so_far(s.track)) for s in sights]
        writer.write(annotator.draw(frame, shown), frame.time)

    tracks = []
    with (
        camera(small, [40, 40], fast=1.0, later=[large], away=1.0) as server,
        h264_file(tmp_path / "o.mp4") as writer,
    ):
        reader = open_video(source_of(server.url), None, Patience(first=0.05, longest=0.2, give_up=2.0))
        with pytest.raises(InputError, match="sent nothing for"):
            tracks.extend(identifier.run(reader, watch=watch))
    assert server.connections == 2
    assert reader.counts.reconnects == 1
    assert {SMALL, LARGE} == set(shapes)
    # How many frames are looked at depends on how busy the machine is; a track may have a gap for that.
    assert {track.face.decision for track in tracks} == {"Ana"}
    assert len(tracks) >= 2
    first, last = tracks[0], tracks[-1]
    assert all(track.last - track.first < 3 for track in tracks), "none lasts over the break"
    assert first.last < last.first - 0.5, "the first one ended while the stream was away"
    assert (first.state_id, last.state_id) == ("state", STATE.id)
    assert before > 2
    assert learned[0] >= before + 3, "learning went on with the faces of before"
    assert load_state(path).id == STATE.id
    assert (tmp_path / "o.mp4").stat().st_size > 1000
