"""What was made of one film: whose tracks they are, their sights, and what others make of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.photos.arms import OpenCV, usable
from benchmarks.video.film import Film
from fewpix.calibration.motion import SEEN
from fewpix.degrade.photograph import Spread
from fewpix.detect import Detector, Face
from fewpix.detect.aligner import Aligner
from fewpix.embed.protocol import Encoder
from fewpix.files import atomic
from fewpix.gallery.store import Gallery
from fewpix.identify.faces import embed_faces
from fewpix.identify.pipeline import Identifier
from fewpix.image.align import TEMPLATE, pixels
from fewpix.image.codec import Image
from fewpix.video import Frame, Sight, VideoIdentifier, open_video, source_of
from fewpix.video.collect import FAINT_SCORE

KEPT = 12
_NEAR = 0.6  # sides of a face that a find may be off and still be of it


@dataclass(frozen=True, eq=False)
class Seen:
    """One film; A people are in it, each seen once or not at all, K sights at the most.

    Args:
        found: (A,) whether they have a track.
        frames: (A,) in what share of the frames their face was found.
        switches: (A,) how often the track changed.
        others: tracks that are nobody's.
        rows: (A, K, D) of the sights, by falling weight.
        weights: (A, K) of them; 0 where there are fewer.
        errors: (A, K) the aligner's estimates.
        qualities: (A, K) see `Quality.value`.
        times: (A, K) seconds.
        sights: (A,) independent ones, as the template says.
        pixels: (A,) by which its encoder was chosen.
        makers: (A,) the encoder's digest.
        peer: (A, F, D) embeddings of SFace, frame by frame; zero where YuNet found nothing.
    """

    found: NDArray[np.bool_]
    frames: NDArray[np.float64]
    switches: NDArray[np.int64]
    others: NDArray[np.int64]
    rows: NDArray[np.float32]
    weights: NDArray[np.float64]
    errors: NDArray[np.float64]
    qualities: NDArray[np.float64]
    times: NDArray[np.float64]
    sights: NDArray[np.float64]
    pixels: NDArray[np.float64]
    makers: NDArray[np.str_]
    peer: NDArray[np.float32]

    def save(self, path: Path) -> None:
        """Write it."""
        with atomic(path) as part, part.open("wb") as file:
            np.savez(file, **vars(self))

    @classmethod
    def load(cls, path: Path) -> Seen:
        """Read it."""
        with np.load(path, allow_pickle=False) as values:
            return cls(**{name: values[name] for name in cls.__dataclass_fields__})


class TrueBoxes:
    """A detector that knows where faces are, errs as the search does, and has the aligner of the real one.

    Args:
        film: whose frames are looked at, in their order.
        aligner: the one of the detector.
        seed: of the errors.
    """

    def __init__(self, film: Film, aligner: Aligner, seed: int) -> None:
        self._film, self._aligner = film, aligner
        self._rng, self._frame = np.random.default_rng([seed, film.number]), -1

    def detect(self, image: Image) -> Sequence[Face]:
        """See `fewpix.identify.faces.Finder`."""
        self._frame += 1
        time, faces = self._film.times[self._frame], []
        for each in self._film.cast:
            size, points = each.size(time), each.points(time)
            turn = each.turn(time)
            off, shift = Spread().draw(size, self._rng)
            # Errors are told in the template's pixels, from its corner.
            origin = each.centre(time) - turn * complex(*TEMPLATE.mean(axis=0))
            there = turn * (off * ((points[:, 0] + 1j * points[:, 1] - origin) / turn) + shift) + origin
            moved = np.stack([there.real, there.imag], axis=1).astype(np.float32)
            x, y = (float(value) for value in moved.mean(axis=0))
            box = (x - size / 2.82, y - size / 2.06, size / 1.41, size / 1.03)
            faces.append(Face(box, moved, SEEN, pixels(moved)))
        return [face for face in self._aligner.refine(image, faces) if face.score >= FAINT_SCORE]


class Counting:
    """Who is where in every frame, by the truth."""

    def __init__(self, film: Film) -> None:
        self._film = film
        self.tracks: list[list[int]] = [[] for _ in film.cast]
        self.owners: dict[int, Counter[int]] = {}
        self.number = -1

    def __call__(self, frame: Frame, sights: Sequence[Sight]) -> None:
        """Told of a frame."""
        self.number += 1
        boxes = np.array([sight.box for sight in sights]).reshape(-1, 4)
        for sight in sights:
            self.owners.setdefault(sight.track.number, Counter())
        for place, n in whose(self._film, self.number, boxes).items():
            number = sights[n].track.number
            self.tracks[place].append(number)
            self.owners[number][place] += 1


def whose(film: Film, frame: int, boxes: NDArray[np.floating]) -> Mapping[int, int]:
    """Place in the cast → the box that is nearest to its face, of those that are near."""
    time, out = film.times[frame], {}
    for place, each in enumerate(film.cast):
        if not len(boxes):
            break
        x, y = each.points(time).mean(axis=0)
        apart = np.hypot(boxes[:, 0] + boxes[:, 2] / 2 - x, boxes[:, 1] + boxes[:, 3] / 2 - y)
        if apart.min() < _NEAR * each.size(time):
            out[place] = int(apart.argmin())
    return out


def look(
    film: Film,
    path: Path,
    encoder: Encoder,
    gallery: Gallery,
    detector: Detector | TrueBoxes,
    peer: tuple[OpenCV, Encoder] | None,
) -> Seen:
    """Run fewpix on a film, and the peer.

    Args:
        film: what is in it.
        path: of the file.
        encoder: of the sights.
        gallery: any; nobody is named here.
        detector: finds the faces.
        peer: OpenCV's way and the teacher; None leaves it out.
    """
    count, dim = len(film.cast), encoder.card.space.dim
    counting = Counting(film)
    identifier = VideoIdentifier(Identifier(detector, encoder, gallery))
    tracks = {
        track.track: track for track in identifier.run(open_video(source_of(str(path))), watch=counting)
    }
    out = Seen(
        found=np.zeros(count, np.bool_),
        frames=np.array([len(each) / len(film.times) for each in counting.tracks]),
        switches=np.array([_switches(each, tracks) for each in counting.tracks]),
        others=np.array(sum(not counting.owners[n] for n in tracks)),
        rows=np.zeros((count, KEPT, dim), np.float32),
        weights=np.zeros((count, KEPT)),
        errors=np.zeros((count, KEPT)),
        qualities=np.zeros((count, KEPT)),
        times=np.zeros((count, KEPT)),
        sights=np.zeros(count),
        pixels=np.zeros(count),
        makers=np.array([""] * count, dtype="U64"),
        peer=_peers(film, path, peer, dim),
    )
    for place, each in enumerate(counting.tracks):
        mine = [n for n, times in Counter(each).most_common() if n in tracks and _owner(counting, n) == place]
        if not mine:
            continue
        track = tracks[mine[0]]
        faces = embed_faces([sample.face for sample in track.samples])
        used = len(faces)
        out.found[place] = True
        out.rows[place, :used] = np.stack([face.embedding for face in faces])
        out.weights[place, :used] = [sample.weight for sample in track.samples]
        out.errors[place, :used] = [sample.face.quality.alignment_error or 0.0 for sample in track.samples]
        out.qualities[place, :used] = [sample.face.quality.value for sample in track.samples]
        out.times[place, :used] = [sample.time for sample in track.samples]
        weights = out.weights[place, :used] / out.weights[place, :used].sum()
        out.sights[place] = track.sights
        out.pixels[place] = float(weights @ [sample.face.routed_pixels for sample in track.samples])
        out.makers[place] = faces[0].encoder_sha256
    return out


def _owner(counting: Counting, track: int) -> int:
    return counting.owners[track].most_common(1)[0][0]


def _switches(tracks: Sequence[int], finished: Mapping[int, object]) -> int:
    """How often a face goes on in another track, of those long enough to be one."""
    known = [n for n in tracks if n in finished]
    return sum(a != b for a, b in pairwise(known))


def _peers(film: Film, path: Path, peer: tuple[OpenCV, Encoder] | None, dim: int) -> NDArray[np.float32]:
    out = np.zeros((len(film.cast), len(film.times), dim), np.float32)
    if peer is None:
        return out
    finder, teacher = peer
    for number, frame in enumerate(frame for frame in open_video(source_of(str(path))).frames() if frame):
        rows = usable(finder.find(frame.image))
        places = whose(film, number, rows[:, :4])
        faces = [finder.cut(frame.image, rows[n], teacher) for n in places.values()]
        for place, face in zip(places, embed_faces(faces), strict=True):
            out[place, number] = face.embedding
    return out
