"""Bulk work on a Ray cluster of two nodes: workers and nodes that die change nothing in what is written."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from fewpix.bulk.embedding import EmbedJob
from fewpix.bulk.run import run_bulk
from fewpix.errors import ConfigError, StorageError, UnavailableError
from fewpix.models.shipped import WEIGHTS
from pixels_model import write_pixels_model
from project import SOURCE
from rtsp_server import free_port
from shards_made import write_shards

IGNORED = ("DeprecationWarning", "FutureWarning", "ResourceWarning")  # Ray's own, not about us
pytestmark = [pytest.mark.needs("ray"), pytest.mark.slow]
pytestmark += [pytest.mark.filterwarnings(f"ignore::{kind}") for kind in IGNORED]

STORE = 80_000_000


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Two nodes of one CPU each; this process is connected to them."""
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("PYTHONPATH", str(SOURCE.parent))
    import ray
    from ray.cluster_utils import Cluster

    made = Cluster()
    try:
        made.add_node(num_cpus=1, object_store_memory=STORE)
        made.add_node(num_cpus=1, object_store_memory=STORE)
        ray.init(address=made.address, log_to_driver=False)
        yield made
    finally:
        ray.shutdown()
        made.shutdown()


def workers_of(node: Any) -> list[Any]:
    """The processes of a node that write parts."""
    import psutil

    (raylet,) = node.all_processes["raylet"]
    children = psutil.Process(raylet.process.pid).children(recursive=True)
    return [child for child in children if "PartWorker" in " ".join(child.cmdline())]


def content(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(out.iterdir())}


@pytest.mark.needs("weights")
def test_a_killed_worker_and_a_lost_node_leave_every_part_once(cluster: Any, tmp_path: Path) -> None:
    from pyarrow import parquet

    write_shards(tmp_path / "tars", (170, 130))
    job = EmbedJob(str(WEIGHTS / "fewpix-l.onnx"), runtime="onnxruntime", threads=1)
    second = next(iter(cluster.worker_nodes))
    told: list[int] = []
    killed: list[int] = []

    def advance(done: int, total: int) -> None:
        told.append(done)
        if len(told) == 2:
            (victim,) = workers_of(cluster.head_node)
            victim.kill()
            killed.append(victim.pid)
        if len(told) == 6:
            killed.extend(worker.pid for worker in workers_of(second))
            cluster.remove_node(second, allow_graceful=False)

    done = run_bulk(tmp_path / "tars", job, tmp_path / "out", part=10, cluster="auto", advance=advance)
    assert len(killed) == 2, "a worker of each node was at work"
    assert told == list(range(10, 301, 10))
    assert (done.pictures, done.parts, done.before, done.failed) == (300, 30, 0, ())
    names = [
        name
        for path in sorted((tmp_path / "out").glob("part-*.parquet"))
        for name in parquet.read_table(path)["picture"].to_pylist()
    ]
    assert len(names) == len(set(names)) == 300
    for part in (tmp_path / "out").glob(".*.part"):  # what a killed writer leaves is no part
        part.unlink()
    run_bulk(tmp_path / "tars", job, tmp_path / "here", part=10)
    assert content(tmp_path / "out") == content(tmp_path / "here"), "the same bytes as without a cluster"
    assert run_bulk(tmp_path / "tars", job, tmp_path / "out", part=10, cluster="auto").before == 30


def test_what_a_worker_comes_to_is_told_as_its_error(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "models").mkdir()
    job = EmbedJob(str(write_pixels_model(tmp_path / "models")))
    write_shards(tmp_path / "tars", (9,))
    run_bulk(tmp_path / "tars", job, tmp_path / "out", part=3)
    second = tmp_path / "out" / "part-000001.parquet"
    second.unlink()
    second.mkdir()  # nothing can be renamed to it
    with pytest.raises(StorageError, match=r"cannot write .*part-000001\.parquet"):
        run_bulk(tmp_path / "tars", job, tmp_path / "out", part=3, cluster="auto")
    second.rmdir()
    done = run_bulk(tmp_path / "tars", job, tmp_path / "out", part=3, cluster="auto")
    assert (done.parts, done.before) == (3, 2)
    monkeypatch.setattr("fewpix.bulk.cluster.__version__", "0.0.9")
    with pytest.raises(ConfigError, match=r"has fewpix .*, not 0\.0\.9"):
        run_bulk(tmp_path / "tars", job, tmp_path / "other", part=3, cluster="auto")


def embed(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the program in a folder, on seven faces that are put there."""
    (folder / "models").mkdir(exist_ok=True)
    model = write_pixels_model(folder / "models")
    write_shards(folder / "tars", (7,))
    environment = os.environ | {"PYTHONPATH": str(SOURCE.parent)}
    environment.pop("RAY_ADDRESS", None)
    return subprocess.run(
        [sys.executable, "-m", "fewpix", "embed", "tars", "--crops", "--model", str(model), "--json", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=500,
    )


def test_the_program_starts_a_cluster_of_its_own_and_tells_of_one_that_is_not_there(tmp_path: Path) -> None:
    absent = embed(tmp_path, "--out", "parts", "--ray", "ray://127.0.0.1:1")
    assert absent.returncode == UnavailableError.exit_code, absent.stderr
    assert "there is no Ray cluster at ray://127.0.0.1:1" in absent.stderr
    assert "ray get-auth-token" in absent.stderr
    done = embed(tmp_path, "--out", "parts", "--part-size", "3", "--ray", "local")
    assert done.returncode == 0, done.stderr
    assert '"parts": 3' in done.stdout
    said = [line for line in done.stderr.splitlines() if "core_worker.cc" not in line]
    assert not said, "Ray keeps its words to itself, but for its core's"
    assert len(list((tmp_path / "parts").glob("part-*.parquet"))) == 3


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@contextmanager
def elsewhere(folder: Path, **environment: str) -> Iterator[str]:
    """The address of a cluster that this machine is no part of, as far as other processes know."""
    port, client, agent = (free_port() for _ in range(3))
    words = ["start", "--head", "--block", "--num-cpus", "1", "--include-dashboard", "false"]
    words += ["--node-ip-address", "127.0.0.1", "--port", str(port), "--ray-client-server-port", str(client)]
    words += ["--object-store-memory", str(STORE), "--dashboard-agent-listen-port", str(agent)]
    with (folder / "ray.log").open("wb") as log:
        head = subprocess.Popen(
            [sys.executable, "-m", "ray.scripts.scripts", *words],
            env=os.environ | {"PYTHONPATH": str(SOURCE.parent), "RAY_USAGE_STATS_ENABLED": "0"} | environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        until = time.monotonic() + 120
        while not answers(client):
            assert head.poll() is None, (folder / "ray.log").read_text()
            assert time.monotonic() < until, (folder / "ray.log").read_text()
            time.sleep(0.2)
        yield f"ray://127.0.0.1:{client}"
    finally:
        head.terminate()
        try:
            head.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(head.pid, signal.SIGKILL)
            head.wait()


@pytest.mark.parametrize(("token", "asked"), [(False, False), (True, True), (True, False)])
def test_a_cluster_elsewhere_is_asked_by_its_client_port(
    token: bool, asked: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether this machine has a token, and whether the cluster asks for one."""
    for name in ("RAY_ADDRESS", "RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home" / ".ray").mkdir(parents=True)
    if token:
        (tmp_path / "home" / ".ray" / "auth_token").write_text("0123456789abcdef" * 4)
    with elsewhere(tmp_path, RAY_AUTH_MODE="token" if asked else "disabled") as address:
        done = embed(tmp_path, "--out", "parts", "--part-size", "3", "--ray", address)
    assert done.returncode == 0, done.stderr
    assert '"parts": 3' in done.stdout
    here = embed(tmp_path, "--out", "here", "--part-size", "3")
    assert here.returncode == 0, here.stderr
    assert content(tmp_path / "parts") == content(tmp_path / "here")
