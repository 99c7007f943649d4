"""Batches of a stream of shards: a face of each lane, mirrored by chance, seen by the teacher, made small."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fewpix.data.cache import Embed, TeacherCache
from fewpix.data.faces import FaceSet
from fewpix.data.shard_index import ShardIndex
from fewpix.data.stream import Stream
from fewpix.data.views import Views, make_views, plain_key
from fewpix.degrade import PRESETS, per_item_rng
from fewpix.image.codec import encode_image
from fewpix.image.preprocess import Preprocess
from fewpix.models.zoo import architecture
from fewpix.train.batches import DEGRADE, ahead
from fewpix.train.recipe import Recipe

_FLIP = 2  # names the random stream, beside `DEGRADE`


@dataclass(frozen=True)
class StreamedBatch:
    """The part of a batch that one process makes.

    Args:
        step: its number.
        pixels: (P, 3, side, side) uint8 in the student's colour order.
        teacher: (P, D) float32, the teacher's embeddings of the sharp faces.
        keys: (P,) int64 >= 0, made of their contents: a face has one key, mirrored or not.
    """

    step: int
    pixels: NDArray[np.uint8]
    teacher: NDArray[np.float32]
    keys: NDArray[np.int64]


def open_stream(recipe: Recipe, index: ShardIndex) -> Stream:
    """The stream of a recipe: a lane for each slot of a batch, so that any number of processes can share it.

    Raises:
        ConfigError: there are fewer faces than slots.
    """
    run = recipe.run
    return Stream(index, lanes=run.batch, buffer=recipe.data.stream, seed=run.seed)


@dataclass(frozen=True)
class StreamMaker:
    """Makes batches of a stream; each is a pure function of the seed and the step.

    Args:
        recipe: of the run.
        faces: their stream.
        store: keeps the teacher's embeddings, so that the next epoch does not ask again.
        embed: the teacher.
        part: the slots that are made.
    """

    recipe: Recipe
    faces: Stream
    store: TeacherCache
    embed: Embed
    part: slice = field(default_factory=lambda: slice(None))

    @property
    def preprocess(self) -> Preprocess:
        """The student's."""
        return architecture(self.recipe.model.arch).preprocess

    def make(self, step: int) -> StreamedBatch:
        """Batch number `step`.

        Raises:
            InputError: nothing of an epoch of a lane can be read.
            StorageError: the teacher's embeddings cannot be kept.
        """
        seed, chain = self.recipe.run.seed, PRESETS[self.recipe.degrade.chain]
        slots = range(self.faces.lanes)[self.part]
        taken = [self.faces.take(slot, step) for slot in slots]
        flips = [
            self.recipe.data.flip and per_item_rng(seed, _FLIP, step, slot).random() < 0.5 for slot in slots
        ]
        sharp = [
            np.ascontiguousarray(face.crop[:, ::-1]) if flip else face.crop
            for face, flip in zip(taken, flips, strict=True)
        ]
        names = [plain_key(face.digest, flip=flip) for face, flip in zip(taken, flips, strict=True)]
        teacher = self.store.embeddings(names, sharp.__getitem__, self.embed)
        small = [
            chain.apply(crop, per_item_rng(seed, DEGRADE, step, slot))
            for crop, slot in zip(sharp, slots, strict=True)
        ]
        keys = np.array([int(face.digest[:15], 16) for face in taken], dtype=np.int64)
        return StreamedBatch(step, self.preprocess.pixels(small), teacher, keys)

    def stream(self, start: int, stop: int) -> Iterator[StreamedBatch]:
        """Batches `start` to `stop` - 1; the next one is made while the caller works on this one."""
        return ahead(self.make, start, stop)


def first_views(recipe: Recipe, faces: Stream, count: int) -> Views:
    """Views of the first faces of a stream, which are held.

    Args:
        recipe: whether they are mirrored, too.
        faces: their stream.
        count: of faces, about; no more than there are.
    """
    each = -(-min(count, len(faces.index)) // faces.lanes)
    taken = [faces.take(lane, n) for lane in range(faces.lanes) for n in range(each)]
    crops = {face.digest: face.crop for face in taken}
    data = tuple(encode_image(crop) for crop in crops.values())
    held = FaceSet(tuple(crops), ("",) * len(crops), data)
    rng = np.random.default_rng(recipe.run.seed)
    return make_views(held, np.arange(len(held)), {}, flip=recipe.data.flip, rng=rng)
