"""Batches for the device that learns: made on the host, or drawn there ahead and degraded in torch."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fewpix.degrade import Chain
from fewpix.degrade.plan import Plan, draw_plan
from fewpix.train.batched import BatchedChain
from fewpix.train.batches import DEGRADE, BatchMaker
from fewpix.train.pictures import Pictures

Task: TypeAlias = tuple[Chain, int, int, list[tuple[int, ...]]]
"""The arguments of `draw_plan`."""


@dataclass(frozen=True)
class FaceBatch:
    """Low-resolution views of one step as the student takes them.

    Args:
        step: its number.
        views: (B,) indices of the views.
        faces: (P, 3, side, side) float32, preprocessed, of the maker's part of the views.
    """

    step: int
    views: NDArray[np.int64]
    faces: Tensor


class HostBatches:
    """The batches of a `BatchMaker` as they are, in the CPU's memory.

    Args:
        maker: whose batches.
    """

    def __init__(self, maker: BatchMaker) -> None:
        self._maker = maker

    def stream(self, start: int, stop: int) -> Iterator[FaceBatch]:
        """Batches `start` to `stop` − 1, made one step ahead."""
        for batch in self._maker.stream(start, stop):
            faces = torch.from_numpy(self._maker.preprocess.scale(batch.pixels))
            yield FaceBatch(batch.step, batch.views, faces)


def workers_for(device: torch.device) -> int:
    """How many processes draw: none beside a CPU that computes, which a thread keeps up with."""
    return 0 if device.type == "cpu" else max(1, min(8, (os.cpu_count() or 1) - 2))


class DeviceBatches:
    """The batches of a `BatchMaker`: the same views, operations, parameters and noise, on a device.

    They differ by what rounding does to grey levels (`fewpix.train.batched`).

    Args:
        maker: whose batches.
        device: where the sharp pictures are kept and degraded.
        workers: processes that draw; 0 for a thread.

    Raises:
        ConfigError: the chain cannot be done in batches.
        InputError: a picture is unreadable or not square.
    """

    def __init__(self, maker: BatchMaker, device: torch.device, workers: int = 0) -> None:
        self._maker, self._device, self._workers = maker, device, workers
        target = maker.preprocess.side
        self._pictures = Pictures(maker.views, device)
        self._chains = {
            side: BatchedChain(maker.chain, side, target, device)
            for side in np.unique(self._pictures.sides).tolist()
        }
        self._mean = torch.tensor(maker.preprocess.mean, device=device).view(1, 3, 1, 1)
        self._std = torch.tensor(maker.preprocess.std, device=device).view(1, 3, 1, 1)

    def make(self, step: int) -> FaceBatch:
        """Batch number `step`."""
        drawn = self._maker.sampler.batch(step)
        return self.finish(step, drawn, [draw_plan(*task) for task in self._tasks(step, drawn)])

    def stream(self, start: int, stop: int) -> Iterator[FaceBatch]:
        """Batches `start` to `stop` − 1; those that follow are drawn while the caller works on this one."""
        waiting: deque[tuple[int, NDArray[np.int64], list[Future[Plan]]]] = deque()
        following = start
        with self._executor() as pool:
            for step in range(start, stop):
                while following < min(stop, step + 2 * max(1, self._workers)):
                    drawn = self._maker.sampler.batch(following)
                    plans = [pool.submit(draw_plan, *task) for task in self._tasks(following, drawn)]
                    waiting.append((following, drawn, plans))
                    following += 1
                number, drawn, plans = waiting.popleft()
                yield self.finish(number, drawn, [plan.result() for plan in plans])

    def _executor(self) -> Executor:
        if not self._workers:
            return ThreadPoolExecutor(1, "draws")
        # A process that uses CUDA must not be forked; and an interrupt is the parent's to handle.
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(
            self._workers, context, initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN)
        )

    def _tasks(self, step: int, drawn: NDArray[np.int64]) -> list[Task]:
        """The arguments of `draw_plan` for the faces of each side."""
        maker, slots = self._maker, self._maker.slots(drawn)
        sides = self._pictures.sides[drawn[slots]]
        return [
            (maker.chain, side, maker.seed, [(DEGRADE, step, int(n)) for n in slots[sides == side]])
            for side in np.unique(sides).tolist()
        ]

    @torch.no_grad()
    def finish(self, step: int, drawn: NDArray[np.int64], plans: list[Plan]) -> FaceBatch:
        """What a batch becomes of its draws, on the device.

        Args:
            step: its number.
            drawn: (B,) indices of the views.
            plans: one per side that the pictures have, smallest first.
        """
        mine = drawn[self._maker.slots(drawn)]
        sides = self._pictures.sides[mine]
        side = self._maker.preprocess.side
        out = torch.empty(len(mine), 3, side, side, device=self._device)
        for source, plan in zip(np.unique(sides).tolist(), plans, strict=True):
            slots = np.flatnonzero(sides == source)
            made = self._chains[source].apply(self._pictures.take(mine[slots]), plan)
            out[torch.from_numpy(slots).to(self._device, non_blocking=True)] = made
        if self._maker.preprocess.color == "rgb":
            out = out.flip(1)
        return FaceBatch(step, drawn, (out - self._mean) / self._std)
