"""How a training gets along with the memory."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

CODE = """
import resource, sys
import numpy as np
from fewpix.threads import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory()
for n in range(12):
    if n == 2:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.ones((40, 1 << 20), dtype=np.uint8)  # 40 MiB, written and freed
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(how: str, **environment: str) -> int:
    """Pages that the system had to hand out for ten blocks, after the first two."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    done = subprocess.run(
        [sys.executable, "-c", CODE, how],
        env={**kept, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc is told")
def test_freed_memory_is_used_again() -> None:
    assert faults("keep") < 100
    assert faults("give back", NUMPY_MADVISE_HUGEPAGE="0") > 10_000


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc is told")
def test_the_users_own_settings_stay() -> None:
    code = "from fewpix.threads import keep_freed_memory; print(keep_freed_memory())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "MALLOC_ARENA_MAX": "4"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "False"
