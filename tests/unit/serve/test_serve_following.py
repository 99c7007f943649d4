"""What a service makes of the version rows of a database that others use, too; without a server."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fewpix.gallery.storage.postgres import PROCESS
from fewpix.gallery.storage.postgres_address import Address
from fewpix.gallery.storage.postgres_watch import Edition
from fewpix.serve import replay
from fewpix.serve.database import Office, ServiceDatabase
from fewpix.serve.following import Around, Follower
from fewpix.serve.galleries import Collections
from fewpix.serve.problems import ProblemError

pytestmark = pytest.mark.needs("serve")

SERVER = Address("postgresql://localhost:1/faces")


class Results:
    """Notes whose results were looked at; may be away."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.away = False

    async def forget(self, collection: str) -> None:
        if self.away:
            raise ProblemError("storage")
        self.asked.append(collection)


class Bench:
    """A follower without its thread."""

    def __init__(self, folder: Path) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.collections, self.office = Collections(folder / "collections", {}, store=SERVER), Office(folder)
        self.results: Any = Results()
        around = Around(self.collections, self.office, self.results)
        self.follower = Follower(around, SERVER.server, {"old": "visitors"}, True)
        self.follower._loop = self.loop

    def look(self, only: set[str] | None = None, **editions: Edition) -> list[str]:
        """Whose results were looked at, of the ones of before this none."""
        self.results.asked.clear()
        self.follower._look(editions, only)
        return sorted(self.results.asked)

    def keep(self, collection: str) -> None:
        """Keep an answer to a write."""

        def do(database: ServiceDatabase) -> None:
            with database.transaction():
                replay.claim(database, "local", collection, b"", collection, 0.0)
                replay.keep(database, "local", collection, 200, b"Zaphod")

        self.office.do(do)

    def kept(self) -> list[str]:
        return [name for (name,) in self.office.do(lambda it: it.select("SELECT collection FROM replay"))]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.loop.call_soon_threadsafe(made.loop.stop)
    made.thread.join()
    made.loop.close()
    made.office.close()


def test_edits_of_others_are_followed_and_own_ones_are_not(bench: Bench) -> None:
    assert bench.look(staff=Edition(1, 0, "", 0)) == []
    assert bench.collections.names() == ["staff"]
    bench.keep("staff")
    bench.keep("guests")
    assert bench.look(staff=Edition(1, 1, PROCESS, 1)) == []
    assert sorted(bench.kept()) == ["guests", "staff"]
    assert bench.look(staff=Edition(1, 2, "other", 1)) == ["staff"]
    assert bench.kept() == ["guests"]
    assert bench.look(staff=Edition(1, 4, PROCESS, 1)) == ["staff"]  # one of the two was somebody else's
    assert bench.look(staff=Edition(1, 4, PROCESS, 1)) == []
    bench.keep("staff")
    assert bench.look(staff=Edition(1, 7, PROCESS, 4)) == []  # three of its own since the last look
    assert sorted(bench.kept()) == ["guests", "staff"]
    assert bench.look(staff=Edition(1, 12, PROCESS, 4)) == ["staff"]  # four of its own, after another's
    assert bench.kept() == ["guests"]


def test_collections_come_and_go(bench: Bench) -> None:
    bench.look(staff=Edition(1, 0, "", 0), guests=Edition(2, 0, "", 0))
    assert bench.collections.names() == ["guests", "staff"]
    assert bench.look({"guests"}) == ["guests"]  # told of one, which is gone
    assert bench.collections.names() == ["staff"]
    assert bench.look({"new"}, new=Edition(3, 0, "", 0)) == []
    assert bench.collections.names() == ["new", "staff"]


def test_one_that_was_restored_or_made_anew_is_there_all_the_while(bench: Bench) -> None:
    bench.look(staff=Edition(1, 0, "", 0))
    desk = bench.collections.desk("staff")
    seen: list[list[str]] = []
    forget = bench.results.forget

    async def look(collection: str) -> None:
        seen.append(bench.collections.names())
        await forget(collection)

    bench.results.forget = look
    assert bench.look(staff=Edition(2, 0, "", 0)) == ["staff"]
    assert seen == [["staff"]]
    assert bench.collections.desk("staff") is not desk  # what was in memory is of another table


def test_what_cannot_be_followed_now_is_followed_later(bench: Bench) -> None:
    bench.look(staff=Edition(1, 0, "", 0))
    bench.results.away = True
    assert bench.look(staff=Edition(1, 1, "other", 1)) == []
    bench.results.away = False
    assert bench.look(staff=Edition(1, 1, "other", 1)) == ["staff"]


def test_a_collection_that_stands_in_the_settings_has_its_name_there(bench: Bench) -> None:
    bench.look(old=Edition(1, 0, "", 0))
    assert bench.collections.names() == []  # it is not one of the store by its own name
    assert bench.look(old=Edition(1, 1, "other", 1)) == ["visitors"]
