"""Naming the tracks of films and cameras at the desk of their collection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

from fewpix.embed.protocol import Encoder
from fewpix.gallery.store import Gallery
from fewpix.identify.faces import EmbeddedFace, Searcher
from fewpix.identify.pipeline import IdentifiedFace, Identifier
from fewpix.identify.rule import Rule
from fewpix.serve.database import Office
from fewpix.serve.desk import Desk
from fewpix.serve.galleries import Collections
from fewpix.serve.inference import Sight
from fewpix.serve.review import corrections

Value = TypeVar("Value")


class AtDesk:
    """Names templates of tracks, from a thread of its own, with the gallery that requests use.

    A name is not given where the face is more like one that was said not to be theirs; see `corrections`.

    Args:
        sight: the models.
        detector: finds the faces.
        collections: of the service.
        collection: whose people are looked for.
        loop: of the service, in whose thread desks are found.
        office: where corrections are.
        rule: by which people are named.
        top: candidates of a face.
        photos: compare with every photo instead of with templates.
        matched: as in `Identifier`.
        encoder: embeds the faces; that of the models if None.
    """

    def __init__(
        self,
        sight: Sight,
        detector: Searcher,
        collections: Collections,
        collection: str,
        loop: asyncio.AbstractEventLoop,
        office: Office,
        rule: Rule,
        *,
        top: int = 3,
        photos: bool = False,
        matched: bool | None = None,
        encoder: Encoder | None = None,
    ) -> None:
        self.encoder: Encoder = sight.encoder if encoder is None else encoder
        self.detector = detector
        self.threshold, self.fpir = rule.threshold, rule.fpir
        self._sight, self._collections, self._collection, self._loop = sight, collections, collection, loop
        self.rule, self._office = rule, office
        self._top, self._photos, self._matched = top, photos, matched

    def named(self, faces: Sequence[EmbeddedFace], *, share: float = 1.0) -> list[IdentifiedFace]:
        """See `Identifier.named`.

        Raises:
            ProblemError: the collection is gone, of another space, or cannot be read.
        """

        def work(identifier: Identifier) -> list[IdentifiedFace]:
            found = identifier.named(faces, share=share)
            return corrections.corrected(*(self._office, self._collection, identifier.gallery, faces, found))

        return self._asked(work)

    def keeps(self, face: EmbeddedFace, share: float) -> bool:
        """See `Identifier.keeps`; errors as `named`."""
        return self._asked(lambda identifier: identifier.keeps(face, share))

    def check(self) -> None:
        """Refuse a collection that cannot be searched for these faces; errors as `named`."""
        self._wait(lambda desk, gallery: desk.check(self._sight))

    def at_desk(self, work: Callable[[Gallery], Value]) -> Value:
        """Do something with the gallery, and wait for it; errors as `named`."""
        return self._wait(lambda desk, gallery: work(gallery))

    def _asked(self, work: Callable[[Identifier], Value]) -> Value:
        rule = self.rule
        by = (rule.threshold, rule.fpir, rule.calibrated, self.encoder.state_id)
        how: Hashable = ("tracks", self._top, *by, self._photos, self._matched)
        return self._wait(lambda desk, gallery: work(desk.identifier(self._sight, how, self._identifier)))

    def _identifier(self, gallery: Gallery) -> Identifier:
        return Identifier(
            self.detector,
            self.encoder,
            gallery,
            top=self._top,
            threshold=self.rule.threshold,
            templates=not self._photos,
            calibrated=self.rule.calibrated,
            fpir=self.rule.fpir,
            matched=self._matched,
        )

    def _wait(self, work: Callable[[Desk, Gallery], Value]) -> Value:
        async def ask() -> Value:
            desk = self._collections.desk(self._collection)
            return await desk.run(lambda gallery: work(desk, gallery))

        return asyncio.run_coroutine_threadsafe(ask(), self._loop).result()
