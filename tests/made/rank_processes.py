"""Several processes that find one another, as `torchrun` starts them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

from project import ROOT, SOURCE


def start(count: int, *words: str, folder: Path) -> None:
    """So many processes as `torchrun` would start them."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
    facts = {
        "WORLD_SIZE": str(count),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": port,
        "OMP_NUM_THREADS": "1",
    }
    paths = os.pathsep.join(str(path) for path in (SOURCE.parent, ROOT / "tests" / "made"))
    environment = os.environ | facts | {"PYTHONPATH": paths, "XDG_CACHE_HOME": str(folder)}
    running = [
        subprocess.Popen(
            [sys.executable, *words], env=environment | {"RANK": str(n), "LOCAL_RANK": str(n)}, cwd=folder
        )
        for n in range(count)
    ]
    try:
        assert [each.wait(600) for each in running] == [0] * count
    finally:
        for each in running:
            each.kill()
