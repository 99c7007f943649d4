"""`fewpix serve` as a process of its own, for measuring, and what it takes of the machine."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from fewpix.errors import UnavailableError


@contextmanager
def served(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A service with its data in a folder, and its address; told to end when the block does.

    Raises:
        UnavailableError: it does not start, or its models are not there after five minutes.
    """
    words = ["serve", "--data", str(folder), "--port", "0", "--json", *options]
    running = subprocess.Popen([sys.executable, "-m", "fewpix", *words], stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    try:
        line = running.stdout.readline()
        if not line:
            raise UnavailableError("the service did not start", fix="run `fewpix serve` to see why")
        address = str(json.loads(line)["address"]).removesuffix("/v1/")
        until = time.monotonic() + 300
        while not httpx2.get(f"{address}/v1/ready").is_success:
            if time.monotonic() > until:
                raise UnavailableError("the service is not ready after five minutes")
            time.sleep(0.2)
        yield running, address
    finally:
        running.terminate()
        running.wait()
        running.stdout.close()


def resident(process: int) -> float:
    """Megabytes of a process in memory; 0 where the system does not tell."""
    status = Path(f"/proc/{process}/status")
    if not status.is_file():
        return 0.0
    lines = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
    return int(lines["VmRSS"].split()[0]) / 1024


def handles(process: int) -> int:
    """Open files and connections of a process; 0 where the system does not tell."""
    folder = Path(f"/proc/{process}/fd")
    return sum(1 for _ in folder.iterdir()) if folder.is_dir() else 0


def threads(process: int) -> int:
    """Threads of a process; 0 where the system does not tell."""
    folder = Path(f"/proc/{process}/task")
    return sum(1 for _ in folder.iterdir()) if folder.is_dir() else 0
