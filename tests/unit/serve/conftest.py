"""A service with a collection, for every test of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tiny_service import Caller, service


@pytest.fixture
def caller(tmp_path: Path) -> Iterator[Caller]:
    """Calls a service without keys, in which the collection `staff` is empty."""
    with service(tmp_path / "data") as found:
        assert found.post("/v1/collections", json={"name": "staff"}).status_code == 201
        yield found
