"""The tracks of a film as templates, for a calibration: of the best sight, of the best two, and so on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

from fewpix.embed.protocol import Encoder
from fewpix.identify.faces import EmbeddedFace, Finder
from fewpix.video.follow import follow
from fewpix.video.pipeline import SHORTEST
from fewpix.video.reader import Reader
from fewpix.video.template import of_one_encoder, template
from fewpix.video.track import Track
from fewpix.video.tracker import Tracker


def templates_in(
    reader: Reader,
    detector: Finder,
    encoder: Encoder,
    counts: Sequence[int],
    *,
    advance: Callable[[float], object] = lambda time: None,
) -> Iterator[tuple[EmbeddedFace, ...]]:
    """Follow the faces of a video as `identify` does, and make templates of every track.

    Args:
        reader: of the video; it is closed at the end.
        detector: finds faces.
        encoder: of the sights, or a router.
        counts: numbers of sights, rising from 1.
        advance: told the time of every frame, in seconds.

    Yields:
        For each track that is long enough a template of each of `counts`, as far as it has so many sights.
    """
    tracker = Tracker()
    tracks: dict[int, Track] = {}

    def ended(numbers: Sequence[int]) -> Iterator[tuple[EmbeddedFace, ...]]:
        for number in numbers:
            track = tracks.pop(number)
            samples = of_one_encoder(tuple(track.best), encoder)
            if track.frames >= SHORTEST:
                yield tuple(template(samples[:n], encoder) for n in counts if n <= len(samples))

    with closing(follow(reader, detector, tracker)) as frames:
        for seen in frames:
            time = seen.frame.time
            for face, number in seen.faces:
                if number is not None:
                    track = tracks.setdefault(number, Track(number, time))
                    track.add(seen.frame.image, face, time, encoder)
            yield from ended(seen.ended)
            advance(time)
    yield from ended(tracker.finish())
