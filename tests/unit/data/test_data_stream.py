"""The stream of faces: all of them, once an epoch, in an order that only the seed decides."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fewpix.data.shard_index import Found, ShardIndex, index_shards
from fewpix.data.stream import RUN, Stream
from fewpix.errors import ConfigError, InputError
from shards_made import number_of, write_shards, write_tar


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> ShardIndex:
    """1,003 faces in shards of several sizes, one of them in several runs."""
    folder = tmp_path_factory.mktemp("stream")
    write_shards(folder, (300, 1, 70, 400, 232))
    return index_shards(folder)


def faces(stream: Stream, lane: int, start: int, stop: int) -> list[int]:
    return [number_of(stream.take(lane, position).crop) for position in range(start, stop)]


@pytest.mark.parametrize("lanes", [1, 4, 7])
def test_lanes_share_an_epoch_without_overlap(index: ShardIndex, lanes: int) -> None:
    stream = Stream(index, lanes=lanes, buffer=50, seed=3)
    lengths = [stream.length(lane) for lane in range(lanes)]
    assert max(lengths) - min(lengths) <= 1
    for epoch in range(2):
        seen = [
            faces(stream, lane, epoch * length, (epoch + 1) * length) for lane, length in enumerate(lengths)
        ]
        assert sorted(number for lane in seen for number in lane) == list(range(1003))


def test_the_order_follows_from_the_seed_and_changes_with_the_epoch(index: ShardIndex) -> None:
    one, same, other = (Stream(index, lanes=3, buffer=64, seed=seed) for seed in (1, 1, 2))
    length = one.length(0)
    first = faces(one, 0, 0, length)
    assert first == faces(same, 0, 0, length)
    assert first != faces(other, 0, 0, length)
    assert sorted(first) != sorted(faces(one, 0, length, 2 * length)), "another stretch of the data"
    # Neighbours in a shard are neighbours in the stream only by chance.
    assert np.mean(np.abs(np.diff(first)) == 1) < 0.2


@pytest.mark.parametrize("position", [0, 1, 15, 16, 17, 250, 251, 252, 700])
def test_a_stream_goes_on_from_anywhere(index: ShardIndex, position: int) -> None:
    whole = faces(Stream(index, lanes=4, buffer=64, seed=5), 2, 0, 760)
    assert faces(Stream(index, lanes=4, buffer=64, seed=5), 2, position, 760) == whole[position:]


def test_a_lane_does_not_depend_on_the_others(index: ShardIndex) -> None:
    together, alone = (Stream(index, lanes=4, buffer=64, seed=5) for _ in range(2))
    mixed = [[number_of(together.take(lane, position).crop) for lane in range(4)] for position in range(300)]
    assert [row[3] for row in mixed] == faces(alone, 3, 0, 300)


class Counted(ShardIndex):
    """Notes which pictures are read."""

    def read(self, numbers: object) -> Iterator[tuple[int, Found]]:
        assert isinstance(numbers, list)
        self.__dict__.setdefault("reads", []).append(numbers)
        return super().read(numbers)


def test_a_buffer_is_all_that_is_held_and_it_is_read_in_order(index: ShardIndex) -> None:
    counted = Counted(**{name: getattr(index, name) for name in ShardIndex.__dataclass_fields__})
    stream = Stream(counted, lanes=4, buffer=80, seed=0)
    for position in range(200):
        for lane in range(4):
            stream.take(lane, position)
    reads = counted.__dict__["reads"]
    assert max(map(len, reads)) == 20
    assert sum(map(len, reads)) <= 4 * (200 + 20), "nothing is read twice"
    assert all(numbers == sorted(numbers) for numbers in reads)
    held = sum(len(block.pictures) for block in stream._held.values())
    assert 0 < held <= 80 < len(index)
    # 20 in a row are from few runs of neighbours
    assert max(len({n // RUN for n in numbers}) for numbers in reads) <= 4


def test_a_face_that_cannot_be_read_is_named_once_and_another_stands_in(tmp_path: Path) -> None:
    (shard,) = write_shards(tmp_path, (40,))
    body = bytearray(shard.read_bytes())
    places = index_shards(shard).places
    for bad in (3, 17):
        body[places[bad] + 512 : places[bad] + 600] = bytes(88)
    shard.write_bytes(body)
    write_tar(tmp_path / "last.tar", [("wide.pgm", b"P5 4 2 255\n" + bytes(8))])
    index = index_shards(tmp_path)
    stream = Stream(index, lanes=2, buffer=16, seed=1)
    lengths = [stream.length(lane) for lane in range(2)]
    assert lengths == [20, 21]
    seen = [number for lane, length in enumerate(lengths) for number in faces(stream, lane, 0, 2 * length)]
    assert set(seen) == set(range(40)) - {3, 17}
    assert len(seen) == 82
    named = [item.path for item in stream.left_out.items if "damaged" in item.why]
    assert named == ["faces-000000.tar/in/000003.jpg", "faces-000000.tar/in/000017.jpg", "last.tar/wide.pgm"]
    # Whoever has not met the damage yet gets the same faces.
    fresh = Stream(index, lanes=2, buffer=16, seed=1)
    assert faces(fresh, 1, 30, 42) == seen[40 + 30 : 40 + 42]


def test_a_block_without_any_good_face_is_passed(tmp_path: Path) -> None:
    first, second = write_shards(tmp_path, (RUN, RUN))
    index = index_shards(tmp_path)
    first.unlink()
    stream = Stream(index, lanes=1, buffer=8, seed=0)
    assert set(faces(stream, 0, 0, 2 * RUN)) == set(range(RUN, 2 * RUN))
    second.unlink()
    with pytest.raises(InputError, match="none of 128 faces in a row can be read, the first: faces-000000"):
        Stream(index, lanes=1, buffer=8, seed=0).take(0, 0)


def test_fewer_faces_than_lanes(index: ShardIndex) -> None:
    with pytest.raises(ConfigError, match=r"run.batch is 2000, .* only 1003 faces"):
        Stream(index, lanes=2000, buffer=9, seed=0)
