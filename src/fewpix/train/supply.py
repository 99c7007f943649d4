"""Where a run's faces come from, behind one interface: a set that is held, or shards that are streamed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor

from fewpix.data.cache import Embed, TeacherCache
from fewpix.data.faces import FaceSet
from fewpix.data.passed_over import LeftOut
from fewpix.data.sampling import Sampler
from fewpix.data.shard_index import ShardIndex
from fewpix.data.views import Views
from fewpix.degrade import PRESETS
from fewpix.errors import ConfigError
from fewpix.image.resize import Crop
from fewpix.models.card import Card
from fewpix.models.zoo import architecture
from fewpix.train.batches import BatchMaker, PixelMaker
from fewpix.train.check import check_faces, check_stream
from fewpix.train.device import degrades_there
from fewpix.train.device_batches import DeviceBatches, HostBatches, workers_for
from fewpix.train.heldout import HeldOut
from fewpix.train.material import Material, count_people, prepare
from fewpix.train.ranks import Ranks
from fewpix.train.recipe import Recipe
from fewpix.train.start import check_split
from fewpix.train.streamed import StreamMaker, first_views, open_stream


@dataclass(frozen=True)
class Lesson:
    """What one step learns from.

    Args:
        step: its number, from 0.
        faces: (P, 3, side, side) float32, preprocessed, this process's part of the batch.
        teacher: (B, D) the teacher's embeddings, of the whole batch.
        keys: (B,) int64, the face in each slot.
        labels: (B,) int64, the person, or below 0; None where nobody told.
    """

    step: int
    faces: Tensor
    teacher: Tensor
    keys: Tensor
    labels: Tensor | None


class Supply(Protocol):
    """The faces of a run."""

    in_batches: bool
    """Whether the device that learns makes the faces small."""

    @property
    def sha256(self) -> str:
        """Names them."""
        ...

    @property
    def classes(self) -> int:
        """How many people their labels name; 0 without labels."""
        ...

    def __len__(self) -> int: ...

    @property
    def left_out(self) -> LeftOut:
        """What could not be used so far."""
        ...

    def first(self) -> Crop:
        """One sharp face."""
        ...

    def check_start(self, before: Card | None) -> None:
        """Refuse weights that have seen what is held out. Errors as `fewpix.train.start.check_split`."""
        ...

    def prepare(self, store: TeacherCache, embed: Embed, report: Callable[[int, int], None]) -> None:
        """Ask the teacher what has to be known before the first step."""
        ...

    def views(self, count: int) -> Views:
        """Views to fit a transplant to, of which so many are looked at."""
        ...

    def scorer(self) -> HeldOut | None:
        """Scores by the faces that are held out; None where none are."""
        ...

    def maker(self) -> PixelMaker:
        """Makes whole batches."""
        ...

    def lessons(self, start: int, stop: int) -> Iterator[Lesson]:
        """What steps `start` to `stop` - 1 learn from."""
        ...


def supply_of(
    recipe: Recipe, faces: FaceSet | ShardIndex, ranks: Ranks, device: str, degrade_on: str
) -> Supply:
    """The supply of a recipe.

    Args:
        recipe: of the run.
        faces: shards where it streams, a set where not.
        ranks: the processes that share a batch.
        device: a torch device's name; where is learnt.
        degrade_on: as in `fewpix.train.distil.distil`.

    Raises:
        ConfigError: the faces do not fit the recipe.
    """
    there, place = degrades_there(degrade_on, device), torch.device(device)
    if isinstance(faces, ShardIndex):
        if degrade_on == "device":
            raise ConfigError("the faces of a stream are made small on the host", fix="--degrade-on host")
        return StreamedSupply(recipe, faces, ranks, place)
    return HeldSupply(recipe, faces, ranks, place, there)


class HeldSupply:
    """Faces that are all at hand; arguments and errors as `supply_of`."""

    def __init__(
        self, recipe: Recipe, faces: FaceSet, ranks: Ranks, device: torch.device, there: bool
    ) -> None:
        if recipe.data.stream:
            raise ConfigError("data.stream: a set of faces was given, no shards", fix="set it to 0")
        check_faces(recipe, faces)
        self._recipe, self._device, self.in_batches = recipe, device, there
        self._part = ranks.part(recipe.run.batch)
        self._faces = faces.of_sources(recipe.data.sources)
        self._material: Material | None = None

    def __len__(self) -> int:
        return len(self._faces)

    @property
    def sha256(self) -> str:
        """Over all of them; the first call reads each."""
        return self._faces.sha256

    @property
    def classes(self) -> int:
        """See `Supply`."""
        return count_people(self._recipe, self._faces)

    @property
    def left_out(self) -> LeftOut:
        """What lay beside the faces."""
        return self._faces.left_out

    def first(self) -> Crop:
        """See `Supply`."""
        return self._faces.crop(0)

    def check_start(self, before: Card | None) -> None:
        """See `Supply`."""
        check_split(self._recipe, self._faces, before)

    def prepare(self, store: TeacherCache, embed: Embed, report: Callable[[int, int], None]) -> None:
        """Ask about every view, and split off those that are held out."""
        self._material = prepare(self._recipe, self._faces, store, embed, report)

    def views(self, count: int) -> Views:
        """All there are."""
        return self._known().views

    def scorer(self) -> HeldOut | None:
        """See `Supply`."""
        known = self._known()
        if not len(known.held_out):
            return None
        crops = [self._faces.crop(int(n)) for n in known.held_out]
        return HeldOut(crops, known.held_teacher, architecture(self._recipe.model.arch).preprocess)

    def maker(self) -> BatchMaker:
        """See `Supply`."""
        recipe, known = self._recipe, self._known()
        run, data = recipe.run, recipe.data
        sampler = Sampler(known.views.weights, run.batch, run.seed, data.per_person, known.labels)
        preprocess = architecture(recipe.model.arch).preprocess
        return BatchMaker(known.views, sampler, PRESETS[recipe.degrade.chain], preprocess, run.seed)

    def lessons(self, start: int, stop: int) -> Iterator[Lesson]:
        """See `Supply`."""
        maker, place, known = replace(self.maker(), part=self._part), self._device, self._known()
        teacher, keys = (torch.from_numpy(array).to(place) for array in (known.teacher, known.keys))
        labels = None if known.labels is None else torch.from_numpy(known.labels).to(place)
        source = DeviceBatches(maker, place, workers_for(place)) if self.in_batches else HostBatches(maker)
        for batch in source.stream(start, stop):
            at = torch.from_numpy(batch.views).to(place, non_blocking=True)
            told = None if labels is None else labels[at]
            yield Lesson(batch.step, batch.faces, teacher[at], keys[at], told)

    def _known(self) -> Material:
        assert self._material is not None  # `prepare` comes first
        return self._material


class StreamedSupply:
    """Faces of shards, of which a buffer is held; arguments and errors as `supply_of`."""

    in_batches, classes = False, 0

    def __init__(self, recipe: Recipe, index: ShardIndex, ranks: Ranks, device: torch.device) -> None:
        check_stream(recipe)
        self._recipe, self._ranks, self._device = recipe, ranks, device
        self._stream = open_stream(recipe, index)
        self._part = ranks.part(recipe.run.batch)
        self._teacher: tuple[TeacherCache, Embed] | None = None

    def __len__(self) -> int:
        return len(self._stream.index)

    @property
    def sha256(self) -> str:
        """Of the shards, by what their index knows."""
        return self._stream.index.sha256

    @property
    def left_out(self) -> LeftOut:
        """Damaged shards, and the damaged pictures that this process met."""
        return self._stream.left_out

    def first(self) -> Crop:
        """See `Supply`."""
        return self._stream.take(0, 0).crop

    def check_start(self, before: Card | None) -> None:
        """Nothing is held out."""

    def prepare(self, store: TeacherCache, embed: Embed, report: Callable[[int, int], None]) -> None:
        """Nothing yet: the teacher is asked about each batch as it comes."""
        self._teacher = (store, embed)

    def views(self, count: int) -> Views:
        """The first faces of the stream."""
        return first_views(self._recipe, self._stream, count)

    def scorer(self) -> None:
        """Nothing is held out."""

    def maker(self) -> StreamMaker:
        """See `Supply`."""
        assert self._teacher is not None  # `prepare` comes first
        return StreamMaker(self._recipe, self._stream, *self._teacher)

    def lessons(self, start: int, stop: int) -> Iterator[Lesson]:
        """See `Supply`; each process asks the teacher about its own part."""
        maker = replace(self.maker(), part=self._part)
        for batch in maker.stream(start, stop):
            faces = torch.from_numpy(maker.preprocess.scale(batch.pixels))
            teacher, keys = (
                self._ranks.gather(torch.from_numpy(array).to(self._device))
                for array in (batch.teacher, batch.keys)
            )
            yield Lesson(batch.step, faces, teacher, keys, None)
