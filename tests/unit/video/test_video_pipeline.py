"""From frames to tracks with one decision each, with faces, an encoder and a stream that are known."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from fewpix.adapt.folder import keep
from fewpix.adapt.stats import LayerStats, NormState, load_state
from fewpix.embed.router import Router
from fewpix.errors import ConfigError, GuardError, InputError
from fewpix.gallery import Gallery
from fewpix.identify import Identifier, Verdict
from fewpix.identify.faces import routed_pixels
from fewpix.image.codec import Image
from fewpix.quality.assess import Quality
from fewpix.quality.pose import Pose
from fewpix.quality.sharpness import sharpness
from fewpix.quality.sight import weight
from fewpix.video import Annotator, ContactSheet, Frame, Shown, StateLearner, VideoIdentifier
from fewpix.video.counts import Counts
from fewpix.video.early import LOOKS, SHARE, Event
from fewpix.video.result import Early
from fewpix.video.sample import APART, KEPT, Best, Sample
from fewpix.video.template import of_one_encoder, template
from fewpix.video.track import BOXES
from places_made import SPACE, KnownPlaces, MeanColor, Place

COLORS = {"Ana": (200, 20, 20), "Bo": (20, 200, 20), "Cy": (20, 20, 200)}
Face = tuple[str, Place]
"""Colour of a square, and where it is."""


class Film:
    """Frames made of coloured squares; the detector knows where they are."""

    live, duration = False, None

    def __init__(self, frames: Sequence[Sequence[Face] | None], detector: KnownPlaces, interval: float = 0.1):
        self.name, self.counts, self.closed = "film", Counts(), False
        self._frames, self._detector, self._interval = frames, detector, interval
        self.error: Exception | None = None

    def frames(self) -> Iterator[Frame | None]:
        for n, faces in enumerate(self._frames):
            if faces is None:
                yield None
                continue
            self._detector.places = [place for _, place in faces]
            yield Frame(painted(faces), n * self._interval)
        if self.error is not None:
            raise self.error

    def close(self) -> None:
        self.closed = True


def painted(faces: Sequence[Face]) -> Image:
    image = np.full((200, 300, 3), 10, np.uint8)
    for color, place in faces:
        x, y, side = round(place.at[0]), round(place.at[1]), round(place.pixels)
        image[y : y + side, x : x + side] = COLORS[color]
    return image


@pytest.fixture
def gallery(tmp_path: Path) -> Iterator[Gallery]:
    with Gallery.open(tmp_path / "g.db", SPACE) as store:
        for name, color in COLORS.items():
            row = np.array(color, np.float32)
            row /= np.linalg.norm(row)
            if name != "Cy":
                store.add(name, row, pixels=50, encoder_sha256="e" * 64, state_id="", source=f"{name}.png")
        yield store


def video(gallery: Gallery, frames, *, encoder=None, interval: float = 0.1, **options):
    detector = KnownPlaces()
    identifier = Identifier(detector, encoder or MeanColor(16), gallery, threshold=0.9)
    return VideoIdentifier(identifier, **options), Film(frames, detector, interval)


def walk(name: str, frames: int, start=(20.0, 20.0), speed=(10.0, 0.0), pixels: float = 12.0) -> list[Face]:
    places = [Place((start[0] + speed[0] * n, start[1] + speed[1] * n), pixels, 0.9) for n in range(frames)]
    return [(name, place) for place in places]


def test_each_track_gets_one_decision(gallery: Gallery):
    ana, cy = walk("Ana", 20), walk("Cy", 20, (230.0, 100.0), (-10.0, 0.0))
    frames = [[a, c] for a, c in zip(ana, cy, strict=True)]
    identifier, film = video(gallery, frames)
    tracks = list(identifier.run(film))
    assert [(t.track, t.face.decision, t.frames) for t in tracks] == [(1, "Ana", 20), (2, None, 20)]
    assert tracks[0].face.candidates[0].name == "Ana"
    assert tracks[0].verdict == Verdict("named", "Ana")
    assert str(tracks[1].verdict) == "unknown, below the threshold of 0.9; tie: Ana, Bo"
    assert (tracks[0].first, tracks[0].last) == (0.0, pytest.approx(1.9))
    assert (tracks[0].clock, tracks[0].path) == (None, "film")
    assert film.closed
    line = tracks[0].to_json()
    assert line.keys() == {
        *("path", "track", "first", "last", "clock", "frames", "boxes", "pixels", "quality", "crops"),
        *("effective_pixels", "sharpness", "pose", "detector_score", "state", "candidates"),
        "alignment_error",
        "sights",
        *("event", "early"),
        *("fpir", "fpir_kind", "fpir_range", "fpir_reason", "fpir_basis"),
        *("decision", "verdict", "ambiguous", "tie", "reason", "fix"),
    }
    assert np.array(line["crops"][0]["points"]).shape == (5, 2)
    assert line["boxes"][3] == [0.3, 50.0, 20.0, 12.0, 12.0]
    assert line["pixels"] == pytest.approx(12, abs=0.1)
    assert len(line["crops"]) == KEPT
    assert "track 1   0.0 s-1.9 s   20 frames   12 px   Ana   [Ana " in str(tracks[0])


def test_a_track_ends_in_the_stream_and_a_return_is_a_new_one(gallery: Gallery):
    ana = [[face] for face in walk("Ana", 8, speed=(2.0, 0.0))]
    identifier, film = video(gallery, [*ana, *[[]] * 15, *ana], gap=1.0)
    seen: list[tuple[int, float]] = []
    now = [0.0]
    for track in identifier.run(film, watch=lambda frame, sights: now.__setitem__(0, frame.time)):
        seen.append((track.track, now[0]))
    assert seen == [(1, pytest.approx(1.8)), (2, pytest.approx(3.0))]


def test_single_sights_are_left_out_and_counted(gallery: Gallery):
    frames = [[face] for face in walk("Ana", 6)]
    frames[3] = [*frames[3], ("Bo", Place((200.0, 150.0), 12.0))]
    identifier, film = video(gallery, frames)
    assert [t.face.decision for t in identifier.run(film)] == ["Ana"]
    assert identifier.left_out == 1
    identifier, film = video(gallery, frames, shortest=1)
    assert sorted(t.face.decision for t in identifier.run(film)) == ["Ana", "Bo"]


def test_memory_does_not_grow_with_the_length_of_a_track(gallery: Gallery):
    frames = [[("Ana", Place((50.0 + n % 3, 50.0), 12.0))] for n in range(1000)]
    identifier, film = video(gallery, frames)
    (track,) = identifier.run(film)
    assert track.frames == 1000
    assert BOXES / 2 <= len(track.boxes) <= BOXES
    times = [time for time, _ in track.boxes]
    assert times[0] == 0
    assert times[-1] > 90
    assert np.ptp(np.diff(times)) < 1e-6
    assert len(track.samples) == KEPT
    assert max(max(item.patch.shape) for item in track.samples) <= 96


def test_stopping_gives_what_was_seen(gallery: Gallery):
    stop = threading.Event()
    identifier, film = video(gallery, [[face] for face in walk("Bo", 20)])

    def watch(frame: Frame, sights) -> None:
        if frame.time > 0.75:
            stop.set()

    (track,) = identifier.run(film, watch=watch, stop=stop)
    assert (track.frames, track.face.decision) == (9, "Bo")
    assert film.closed


def test_what_was_seen_comes_before_the_failure_of_a_stream(gallery: Gallery):
    identifier, film = video(gallery, [[face] for face in walk("Bo", 5)])
    film.error, film.live = InputError("gone"), True
    found = []
    with pytest.raises(InputError, match="gone"):
        found.extend(identifier.run(film))
    assert [t.face.decision for t in found] == ["Bo"]
    assert found[0].clock is not None
    assert found[0].clock.endswith("+00:00")


def test_the_time_of_a_stream_is_that_of_the_clock_as_it_is_set(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch
):
    """A camera is followed for months, and may begin before the clock of its machine was ever set."""
    off = timedelta(days=-20_000)

    class Set(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + off

    def watch(frame: Frame, sights: object) -> None:
        nonlocal off
        off = timedelta(0)

    monkeypatch.setattr("fewpix.video.pipeline.datetime", Set)
    identifier, film = video(gallery, [[face] for face in walk("Bo", 5)])
    film.live = True
    (track,) = identifier.run(film, watch=watch)
    assert track.clock is not None
    assert abs((datetime.fromisoformat(track.clock) - datetime.now(UTC)).total_seconds()) < 60


def test_tracks_end_while_a_stream_is_silent(gallery: Gallery, monkeypatch: pytest.MonkeyPatch):
    clock = iter(np.arange(0.0, 1000, 0.5))
    monkeypatch.setattr("fewpix.video.pipeline.time.monotonic", lambda: float(next(clock)))
    identifier, film = video(gallery, [*([face] for face in walk("Bo", 5)), *[None] * 5, []])
    ended = []
    for track in identifier.run(film, watch=lambda frame, sights: ended.append(frame.time)):
        ended.append(track.face.decision)
    assert ended[5:] == ["Bo", pytest.approx(1.0)]


def test_a_growing_track_is_looked_up_rarely(gallery: Gallery):
    encoder = MeanColor(16)
    identifier, film = video(gallery, [[face] for face in walk("Ana", 20)], encoder=encoder)
    calls: list[int] = []
    original = encoder.embed

    def counted(crops):
        calls.append(len(crops))
        return original(crops)

    encoder.embed = counted  # type: ignore[method-assign]
    known = []

    def watch(frame: Frame, sights) -> None:
        (sight,) = sights
        known.append(identifier.so_far(sight.track))

    list(identifier.run(film, watch=watch))
    assert known[0] is None
    assert all(track is not None and track.face.decision == "Ana" for track in known[1:])
    assert calls == [2, 4, 8, 12, 12]  # with 2, 4, 8 and 16 frames, and at the end


def sample(
    color: tuple[int, int, int],
    worth: float,
    time: float = 0.0,
    pixels: float = 12.0,
    effective: float | None = None,
) -> Sample:
    from fewpix.identify.faces import AlignedFace

    crop = np.full((16, 16, 3), color, np.uint8)
    detail = pixels / 2 if effective is None else effective
    quality = Quality(detail, worth, Pose(worth, 0.0, 0.0), 0.9)
    face = AlignedFace((0, 0, pixels, pixels), pixels, quality, crop, MeanColor(16))
    return Sample(time, face, crop, worth)


def test_a_template_is_the_weighted_mean() -> None:
    encoder = MeanColor(16)
    samples = [sample((200, 0, 0), 3.0, pixels=20), sample((0, 200, 0), 1.0, pixels=12)]
    made = template(samples, encoder)
    np.testing.assert_allclose(made.embedding, np.array([3, 1, 0]) / np.sqrt(10), atol=1e-6)
    assert made.pixels == pytest.approx(18)
    assert made.box == (0, 0, 20, 20)
    assert (made.quality.effective_pixels, made.quality.sharpness) == (pytest.approx(9), pytest.approx(2.5))
    assert made.quality.pose == Pose(3.0, 0.0, 0.0)  # of the best sight
    assert made.quality.detector_score == pytest.approx(0.9)
    with pytest.raises(InputError):
        template([], encoder)


def test_a_template_is_of_one_encoders_sights_at_their_size() -> None:
    """Whose sights weigh the most; the others, and the mean size of all, say nothing of it."""
    small, large = MeanColor(16, "small"), MeanColor(16, "large")
    router = Router([(0, small), (18, large)])
    near = [sample((0, 200, 0), 2.0, pixels=20, effective=20)] * 2
    far = [sample((200, 0, 0), 1.5, pixels=13, effective=13)] * 2
    made = template([*near, *far], router)
    assert (made.encoder_sha256, made.routed_pixels) == (large.card.sha256, pytest.approx(20))
    np.testing.assert_allclose(made.embedding, [0, 1, 0], atol=1e-6)
    made = template([*near, *far, *far], router)
    assert (made.encoder_sha256, made.routed_pixels) == (small.card.sha256, pytest.approx(13))
    np.testing.assert_allclose(made.embedding, [1, 0, 0], atol=1e-6)
    assert of_one_encoder([*near, *far, *far], router) == (*far, *far)
    assert of_one_encoder([], router) == ()


def test_a_templates_size_stays_in_the_band_of_its_encoder() -> None:
    """A large face without detail, and a small one: neither is the other encoder's, but their means are."""
    small, large = MeanColor(16, "small"), MeanColor(16, "large")
    sights = [
        sample((200, 0, 0), 1.0, pixels=100, effective=14),  # routed by 17.5
        sample((200, 0, 0), 1.0, pixels=17, effective=17),
    ]
    made = template(sights, Router([(0, small), (18, large)]))
    assert routed_pixels(made.pixels, made.quality) > 18
    assert (made.encoder_sha256, made.routed_pixels) == (small.card.sha256, pytest.approx(17.25))


def test_the_best_sights_are_kept_and_not_two_of_a_moment() -> None:
    best = Best(3)
    for time, worth in ((0.0, 1.0), (0.05, 2.0), (1.0, 0.5), (2.0, 3.0), (3.0, 0.7), (3.0 + APART / 2, 0.6)):
        if best.wants(time, worth):
            best.add(sample((9, 9, 9), worth, time))
    assert [item.weight for item in best] == [3.0, 2.0, 0.7]


def test_sharp_sights_count_more_than_blurred_ones_and_large_more_than_small() -> None:
    import cv2

    from fewpix.data.orl import load_orl

    face = load_orl().images[5]
    for width in (12, 20, 40):
        small = cv2.resize(face, (width, round(width * 112 / 92)), interpolation=cv2.INTER_AREA)
        box = (0.0, 0.0, float(small.shape[1]), float(small.shape[0]))
        values = [sharpness(cv2.GaussianBlur(small, (0, 0), width / 12 * s), box) for s in (0.3, 0.8, 1.5)]
        assert values == sorted(values, reverse=True)
        assert values[0] > 1.3 * values[1]
    assert sharpness(np.full((20, 20, 3), 90, np.uint8), (0, 0, 20, 20)) == 0
    assert sharpness(face, (-50, -50, 20, 20)) == 0
    assert weight(20, 1, 0.9) > weight(10, 1, 0.9)
    assert weight(60, 1, 0.9) == weight(32, 1, 0.9)


def test_annotated_frames_are_all_of_one_size_and_keep_faces_in_their_places(gallery: Gallery):
    frames = [[face] for face in walk("Ana", 6)]
    identifier, film = video(gallery, frames)
    annotator, drawn = Annotator(), []

    def watch(frame: Frame, sights) -> None:
        before = frame.image.copy()
        shown = [Shown(s.track.number, s.box, identifier.so_far(s.track)) for s in sights]
        drawn.append(annotator.draw(frame, shown))
        np.testing.assert_array_equal(frame.image, before)

    list(identifier.run(film, watch=watch))
    assert {image.shape for image in drawn} == {drawn[0].shape}
    assert drawn[0].shape[0] >= 480
    assert drawn[0].shape[0] % 2 == drawn[0].shape[1] % 2 == 0
    # The face is not drawn over: its pixels are all there, enlarged.
    enlarged = 3
    x, y = 20 + 10 * 5, 20
    inside = drawn[5][enlarged * y : enlarged * (y + 12), enlarged * x : enlarged * (x + 12)]
    np.testing.assert_array_equal(inside, np.broadcast_to(COLORS["Ana"], inside.shape))
    # A frame of another size, as after a stream came back, still fits.
    other = annotator.draw(Frame(np.zeros((90, 120, 3), np.uint8), 9.0), [Shown(9, (5, 5, 20, 20), None)])
    assert other.shape == drawn[0].shape


def test_a_contact_sheet_shows_pixels_and_the_last_tracks(gallery: Gallery):
    identifier, film = video(gallery, [[face] for face in walk("Ana", 6)])
    (track,) = identifier.run(film)
    sheet = ContactSheet()
    sheet.add(track)
    one = sheet.draw()
    blue = (one == np.array(COLORS["Ana"])).all(axis=2).sum()
    assert blue > 6 * (96 / 1.5) ** 2 * 0.8
    for _ in range(250):
        sheet.add(track)
    assert sheet.added == 251
    many = sheet.draw()
    assert many.shape[1] == 5 * one.shape[1]
    assert many.shape[0] < 5000
    assert ContactSheet().draw().size > 0


STATE = NormState(
    "c" * 64, "prior", 0.5, 64, "2026-01-01", "yard", {"l": LayerStats(np.zeros(2), np.ones(2), 64)}
)


@pytest.fixture
def learner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    asked: list[int] = []
    answers: list[NormState | GuardError] = []

    def adapt(weights: Path, crops, *, pixels, source: str) -> NormState:
        asked.append(len(crops))
        answer = answers.pop(0) if answers else STATE
        if isinstance(answer, GuardError):
            raise answer
        return replace(answer, pixels=(math.floor(min(pixels)), math.ceil(max(pixels))))

    monkeypatch.setattr("fewpix.identify.learning.adapt_to", adapt)
    encoder, adapted = MeanColor(16), MeanColor(16)
    adapted.state_id = STATE.id  # type: ignore[misc]
    made = StateLearner(
        partial(keep, tmp_path / "yard.safetensors"),
        "yard",
        Path("w"),
        encoder.card.sha256,
        encoder,
        lambda state: adapted,
    )
    return made, asked, answers, adapted


def test_a_state_is_learned_from_the_stream_kept_and_used(gallery: Gallery, learner, tmp_path: Path):
    made, asked, _, adapted = learner
    # Sixteen people for two seconds each, so four faces of each: one per half second.
    visit = [[("Ana", Place((20.0 + 2 * n, 50.0), 12.0))] if n < 20 else [] for n in range(32)]
    frames = visit * 17
    identifier, film = video(gallery, frames, encoder=made.encoder, learner=made, gap=1.0)
    tracks = list(identifier.run(film))
    assert asked == [64]
    assert load_state(tmp_path / "yard.safetensors").id == STATE.id
    assert made.state is not None
    assert (made.state.id, made.state.pixels) == (STATE.id, (7, 8))  # 12 px wide, and without any detail
    assert len(tracks) == 17
    assert [t.state_id for t in tracks] == ["state"] * 15 + [STATE.id] * 2
    assert identifier.identifier.encoder is adapted


def test_what_the_guard_refuses_is_not_used(learner, tmp_path: Path, caplog: pytest.LogCaptureFixture):
    made, asked, answers, _ = learner
    answers += [GuardError("one person only"), GuardError("harm")]
    before, place = made.encoder, Place((5.0, 5.0), 12.0)
    image = painted([("Ana", place)])
    for n in range(2000):
        made.see(image, place, track=n, time=float(n))
    assert made.refusals == ["one person only", "harm"]
    assert asked == [64, 128, 256, 512, 512]  # so many are held at most
    assert made.encoder is not before
    assert (tmp_path / "yard.safetensors").exists()


def test_faces_of_another_encoder_and_of_the_same_moment_are_not_learned_from(learner):
    made, _, _, _ = learner
    place = Place((5.0, 5.0), 12.0)
    image = painted([("Ana", place)])
    for n in range(50):
        made.see(image, place, track=1, time=0.1 * n)
    assert made.seen == 10
    made._reservoir._student = "0" * 64
    made.see(image, place, track=2, time=0.0)
    assert made.seen == 10


def test_bad_arguments_are_refused(gallery: Gallery):
    crops = Identifier(None, MeanColor(16), gallery)
    with pytest.raises(ConfigError, match="no crops"):
        VideoIdentifier(crops)
    with pytest.raises(ConfigError, match="--shortest must be at least 1"):
        VideoIdentifier(Identifier(KnownPlaces(), MeanColor(16), gallery), shortest=0)


def test_somebody_is_named_while_they_are_there_and_confirmed_at_the_end(gallery: Gallery):
    told: list[Event] = []
    ana, cy = walk("Ana", 20), walk("Cy", 20, (230.0, 100.0), (-10.0, 0.0))
    frames = [[a, c] for a, c in zip(ana, cy, strict=True)]
    identifier, film = video(gallery, frames, tell=told.append)
    tracks = list(identifier.run(film))
    assert [(event.kind, event.track) for event in told] == [("seen", 1), ("seen", 2), ("named", 1)]
    named = next(event for event in told if event.kind == "named")
    assert str(named) == "film: track 1   0.3 s   Ana, by 4 sights so far"
    values = named.to_json()
    assert (values["event"], values["decision"], values["time"]) == ("named", "Ana", 0.3)
    assert values["box"] == [50.0, 20.0, 12.0, 12.0]
    seen = told[0].to_json()
    assert seen == {
        "event": "seen",
        "path": "film",
        "track": 1,
        "time": 0.1,
        "clock": None,
        "box": [30.0, 20.0, 12.0, 12.0],
    }
    first, second = tracks
    assert first.early == Early("Ana", pytest.approx(0.3))
    assert "   Ana; confirmed: Ana at 0.3 s   [Ana " in str(first)
    assert (first.to_json()["event"], first.to_json()["early"]) == (
        "ended",
        {"decision": "Ana", "time": 0.3},
    )
    assert (second.early, second.to_json()["early"]) == (None, None)


def test_what_later_sights_say_revises_an_early_name(gallery: Gallery):
    """A track that changes from one person to another: the last word is the template's."""
    told: list[Event] = []
    frames = [[face] for face in (*walk("Ana", 4), *walk("Bo", 20, (60.0, 20.0)))]
    identifier, film = video(gallery, frames, tell=told.append)
    (track,) = identifier.run(film)
    assert [event.found.face.decision for event in told if event.found is not None] == ["Ana"]
    assert track.face.decision == "Bo"
    assert "   Bo; revised: Ana at 0.3 s   [" in str(track)


def test_a_track_is_looked_at_as_planned_and_each_look_spends_its_share(gallery: Gallery):
    """A stranger who stands still for long: a few looks, and one track."""
    told: list[Event] = []
    frames = [[("Cy", Place((50.0, 50.0), 12.0))] for n in range(200)]
    identifier, film = video(gallery, frames, tell=told.append)
    shares: list[float] = []
    looked = identifier.identifier.named

    def counted(faces, *, share=1.0):
        shares.append(share)
        return looked(faces, share=share)

    identifier.identifier.named = counted  # type: ignore[method-assign]
    (track,) = identifier.run(film)
    assert [event.kind for event in told] == ["seen"]
    assert shares == [SHARE, SHARE, pytest.approx(1 - len(LOOKS) * SHARE)]
    assert sum(shares) == pytest.approx(1)
    assert track.frames == 200
    # A look that the calibration cannot tell so rare a rate for is not made, and spends nothing.
    unable, film = video(gallery, frames, tell=told.append)
    shares.clear()
    looked = unable.identifier.named
    unable.identifier.named = counted  # type: ignore[method-assign]
    unable.identifier.keeps = lambda face, share: False  # type: ignore[method-assign]
    assert len(list(unable.run(film))) == 1
    assert shares == [1.0]
    plain, film = video(gallery, frames)
    shares.clear()
    plain.identifier.named = counted  # type: ignore[method-assign]
    assert len(list(plain.run(film))) == 1
    assert shares == [1.0]
