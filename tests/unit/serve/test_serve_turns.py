"""Whose turn it is to search a picture; files of the service of before."""

from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path

import pytest

from fewpix.detect import Search, default_detector
from fewpix.image.codec import Image
from fewpix.serve.batching import DEADLINE
from fewpix.serve.database import VERSION, ServiceDatabase
from fewpix.serve.problems import ProblemError
from fewpix.serve.schema import STEPS
from fewpix.serve.turns import ONE_OF, LookingInTurn, OneAtATime, Turns, watching
from fewpix.video.attention import Looker
from tiny_service import Tiles, face

pytestmark = pytest.mark.needs("serve")


class Slow(Tiles):
    """Takes as long as it is told to, and notes in which order it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.go = threading.Event()

    def search(self, image: Image) -> Search:
        self.asked.append(threading.current_thread().name)
        self.go.wait(10)
        return super().search(image)


def waits(detector: OneAtATime, name: str) -> threading.Thread:
    thread = threading.Thread(target=detector.detect, args=(face(1),), name=name)
    thread.start()
    time.sleep(0.05)
    return thread


def test_requests_go_before_films_that_wait_longer() -> None:
    turns, slow = Turns(), Slow()
    request, film = OneAtATime(slow, 9, turns), watching(slow, 9, turns)
    threads = [
        waits(request, "first"),
        waits(film, "film"),
        waits(request, "second"),
        waits(request, "third"),
    ]
    slow.go.set()
    for thread in threads:
        thread.join(10)
    assert slow.asked[0] == "first"
    assert slow.asked[3] == "film"


def test_a_film_is_not_kept_waiting_by_requests_without_end() -> None:
    turns, slow = Turns(), Slow()
    request, film = OneAtATime(slow, 9, turns), watching(slow, 9, turns)
    threads = [waits(request, "request")] + [waits(film, "film") for _ in range(2)]
    threads += [waits(request, "request") for _ in range(2 * ONE_OF - 2)]
    slow.go.set()
    for thread in threads:
        thread.join(10)
    assert [n for n, each in enumerate(slow.asked, 1) if each == "film"] == [ONE_OF, 2 * ONE_OF]


def test_a_request_whose_time_is_over_holds_nobody_up() -> None:
    turns, slow = Turns(), Slow()
    first = waits(OneAtATime(slow, 9, turns), "first")
    token = DEADLINE.set(time.monotonic() + 0.05)
    with pytest.raises(ProblemError) as caught:
        OneAtATime(slow, 9, turns).detect(face(1))
    DEADLINE.reset(token)
    assert caught.value.code == "too-late"
    film = waits(watching(slow, 9, turns), "film")
    slow.go.set()
    first.join(10)
    film.join(10)
    assert slow.asked == ["first", "film"]


@pytest.mark.needs("samples")
def test_a_detector_of_films_still_looks_at_parts() -> None:
    made = watching(default_detector(), 9, Turns())
    assert isinstance(made, LookingInTurn)
    assert isinstance(made, Looker)
    assert not isinstance(watching(Tiles(), 9, Turns()), Looker)


def test_a_file_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "service.db", isolation_level=None)
    for statement in STEPS[0]:
        connection.execute(statement)
    connection.execute("INSERT INTO secret VALUES (1, ?)", (b"s" * 32,))
    connection.execute(f"PRAGMA application_id = {0x66777376}")
    connection.execute("PRAGMA user_version = 1")
    connection.close()
    database = ServiceDatabase(tmp_path)
    assert database.secret == b"s" * 32
    assert database.select("SELECT count(*) FROM jobs") == [(0,)]
    assert database.select("PRAGMA user_version") == [(VERSION,)]
    database.close()
