"""`fewpix distil` as real processes that tests may kill, on a few ORL faces, with the teacher asked once.

A fork server imports torch once, so that a process starts in a moment: a test can kill many of them.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.data.orl import load_orl
from fewpix.image.codec import write_image
from fewpix.models.teacher import sface

PEOPLE, PICTURES = 6, 4
STEPS = 24

RECIPE = """
name = "tiny"
[model]
arch = "lr24-tiny"
[data]
mixes = 8
holdout = 0.2
[objective]
cosine = {{ weight = 2.0 }}
infonce = {{ weight = 1.0, temperature = 0.07 }}
row-kl = {{ weight = 1.0 }}
crrcd = {{ weight = 0.2, anchors = 4, width = 8 }}
[optim]
lr = 2e-3
warmup = 4
ema = 0.9
[run]
steps = {steps}
batch = 8
queue = 32
precision = "{precision}"
log_every = 1
checkpoint_every = {checkpoint_every}
evaluate_every = 8
"""

# torch._dynamo takes longer to import than a run takes; the first optimiser asks for it.
_PRELOADED = ["cv2", "onnx", "onnxruntime", "torch", "torch._dynamo", "typer", "fewpix.train.distil"]


def recipe_text(precision: str = "fp32", steps: int = STEPS, checkpoint_every: int = 3) -> str:
    """A recipe of half a second."""
    return RECIPE.format(precision=precision, steps=steps, checkpoint_every=checkpoint_every)


def write_faces(folder: Path) -> None:
    """Four pictures of each of six people, their middle square, as `s1/1.png`."""
    orl = load_orl()
    for name, image in zip(orl.names, orl.images, strict=True):
        person, picture = (int(part) for part in name[1:].split("/"))
        if person <= PEOPLE and picture <= PICTURES:
            write_image(folder / f"{name}.png", image[12:104])


@dataclass(frozen=True)
class Bench:
    """What all runs share: the faces, and a cache that the teacher fills once."""

    faces: Path
    cache: Path

    @classmethod
    def make(cls, folder: Path) -> Bench:
        """Write the faces; the folded teacher is taken over from the user's cache."""
        write_faces(folder / "faces")
        shutil.copytree(sface().path.parent, folder / "cache" / "folded")
        return cls(folder / "faces", folder / "cache")

    def words(self, recipe: Path, out: Path, *more: str) -> list[str]:
        """The command line of one run."""
        given = ["--recipe", str(recipe), "--faces", str(self.faces), "--out", str(out), "--device", "cpu"]
        return ["distil", *given, "--threads", "1", *more]

    def start(self, words: Sequence[str], log: Path, limit: int = 0) -> BaseProcess:
        """Start `fewpix` with these arguments; stdout and stderr go to `log`.

        Args:
            words: the arguments.
            log: the file.
            limit: bytes that a file may grow to, as a full disk would stop it; 0 for no limit.
        """
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(_PRELOADED)
        environment = {"FEWPIX_CACHE": str(self.cache)}
        process = context.Process(target=_fewpix, args=(list(words), str(log), environment, limit))
        process.start()
        return process

    def run(self, words: Sequence[str], log: Path, limit: int = 0) -> int:
        """Start and wait; the exit code, negative for a signal."""
        process = self.start(words, log, limit)
        process.join()
        assert process.exitcode is not None
        return process.exitcode


def _fewpix(words: list[str], log: str, environment: Mapping[str, str], limit: int) -> None:
    """The process: what the shell would do, and `fewpix`."""
    from fewpix.cli import main

    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job inherits that it is ignored
    target = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o666)
    os.dup2(target, 1)
    os.dup2(target, 2)
    if limit:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    sys.exit(main(words))


def journal(out: Path) -> list[dict[str, object]]:
    """The lines of a run's journal; every one must be whole."""
    return [json.loads(line) for line in (out / "journal.jsonl").read_text().splitlines()]


def checkpoint(out: Path) -> tuple[dict[str, str], dict[str, NDArray[np.generic]]]:
    """The facts and the tensors of a run's checkpoint."""
    from safetensors import safe_open

    with safe_open(str(out / "checkpoint.safetensors"), framework="numpy") as file:
        facts = dict(file.metadata())
        return facts, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def assert_same_run(one: Path, other: Path) -> None:
    """Two finished runs left the same bits: weights with their card, journal, and the whole last state."""
    assert (one / "tiny.safetensors").read_bytes() == (other / "tiny.safetensors").read_bytes()
    assert journal(one) == journal(other)
    (facts, tensors), (other_facts, other_tensors) = checkpoint(one), checkpoint(other)
    assert facts == other_facts
    assert set(tensors) == set(other_tensors)
    for name, value in tensors.items():
        np.testing.assert_array_equal(value, other_tensors[name], err_msg=name)
