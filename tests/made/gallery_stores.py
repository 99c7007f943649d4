"""Both places that a gallery can be in, for tests that must hold in each: a file, and a real PostgreSQL."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from fewpix.adapt.stats import LayerStats, NormState
from fewpix.models.space import Space

SPACE = Space("a" * 64, 8)
PROVENANCE = {"pixels": 60.0, "encoder_sha256": "e" * 64, "state_id": "", "source": "photo.jpg"}

STORES = ["file", pytest.param("server", marks=[pytest.mark.slow, pytest.mark.needs("postgres")])]
"""Parameters of the fixture `location`; a server takes seconds to start, so `make test-all` has it."""

_numbers = itertools.count()


def unit(seed: int, dim: int = 8) -> NDArray[np.float32]:
    values = np.random.default_rng(seed).standard_normal(dim)
    return (values / np.linalg.norm(values)).astype(np.float32)


def state(seed: int, model: str = "c" * 64) -> NormState:
    rng = np.random.default_rng(seed)
    layers = {"bn": LayerStats(rng.standard_normal(3), rng.random(3), 40)}
    return NormState(model, "prior", 0.5, 40, "2026-01-02", f"camera {seed}", layers)


def new_database(server: str) -> str:
    """The address of a new, empty database on the server."""
    import psycopg

    name = f"gallery_{next(_numbers)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return server.replace("/postgres?", f"/{name}?")
