"""One training step: everything that learns, and nothing that reads or writes a file."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fewpix.losses.objective import Objective
from fewpix.losses.queue import TeacherQueue, blocked_candidates
from fewpix.losses.sample import Sample, people_of
from fewpix.train.fast import quicken
from fewpix.train.optimise import decay_groups, move_average
from fewpix.train.ranks import ALONE, Ranks, share_statistics
from fewpix.train.recipe import Recipe
from fewpix.train.schedule import ema_decay, lr_factor


class Distiller:
    """A student, its averaged copy, where it began if that matters, the objective, the queue, the optimiser.

    Args:
        student: trained in place.
        recipe: rates, weights and sizes.
        dim: D of the embeddings.
        device: where to compute.
        classes: how many people the labels name; 0 for faces without labels.
        ranks: the processes that train together; each is given its part of the faces.

    Raises:
        ConfigError: the objective does not fit; see `Objective`.
    """

    def __init__(
        self,
        student: nn.Module,
        recipe: Recipe,
        dim: int,
        device: torch.device,
        classes: int = 0,
        ranks: Ranks = ALONE,
    ) -> None:
        self.recipe, self.device, self.ranks = recipe, device, ranks
        # Channels last is what the CPU's convolutions in bfloat16 are fastest with.
        self.student = student.to(device).to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
        self.average = copy.deepcopy(self.student).eval().requires_grad_(False)
        self.start = copy.deepcopy(self.average) if recipe.optim.start_share else None
        if device.type == "cpu":
            quicken(self.student)
        share_statistics(self.student, ranks)
        self.objective = Objective(recipe.terms(), dim, classes).to(device).train()
        self.queue = TeacherQueue(recipe.run.queue, dim)
        self.queue.vectors = self.queue.vectors.to(device)
        self.queue.keys = self.queue.keys.to(device)
        groups = decay_groups(self._parameters(), recipe.optim.weight_decay)
        self.optimiser = torch.optim.AdamW(groups, lr=recipe.optim.lr, fused=True)
        self.step = 0

    def start_from(self, student: nn.Module) -> None:
        """Take the weights of a student of the same architecture, before the first step."""
        self.student.load_state_dict(student.state_dict())
        self.average.load_state_dict(student.state_dict())
        if self.start is not None:
            self.start.load_state_dict(student.state_dict())

    def _parameters(self) -> list[nn.Parameter]:
        return [*self.student.parameters(), *self.objective.parameters()]

    def train_step(
        self, faces: Tensor, teacher: Tensor, keys: Tensor, labels: Tensor | None = None
    ) -> dict[str, float]:
        """Learn from one batch, and wait for what came of it; see `learn`."""
        return {name: float(value) for name, value in self.learn(faces, teacher, keys, labels).items()}

    def learn(
        self, faces: Tensor, teacher: Tensor, keys: Tensor, labels: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Learn from one batch. Nothing here waits for the device.

        Args:
            faces: (B, 3, side, side) float32, preprocessed; of several processes each has its part of them,
                and all of what follows.
            teacher: (B, D) unit embeddings of their sharp originals.
            keys: (B,) int64, the face that each belongs to.
            labels: (B,) int64, the person on each face from 0, or -1 where unknown; None without labels.
                Faces of one person are no negatives of one another.

        Returns:
            The terms in force, their total, the gradient's norm and the learning rate: scalars, on the device
            until they are looked at.
        """
        faces = faces.to(self.device, memory_format=torch.channels_last)
        teacher, keys = teacher.detach().to(self.device), keys.to(self.device)
        labels = None if labels is None else labels.to(self.device)
        people = people_of(keys, labels)
        lr = self.recipe.optim.lr * lr_factor(self.step, self.recipe.run.steps, self.recipe.optim.warmup)
        for group in self.optimiser.param_groups:
            group["lr"] = lr
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.recipe.run.precision == "bf16"):
            raw = self.student(faces)
        past, past_people = self.queue.contents()
        candidates = torch.cat([teacher, past])
        same = self.recipe.run.same
        blocked = blocked_candidates(teacher, people, candidates, torch.cat([people, past_people]), same)
        raw = self.ranks.gather(raw.float() if raw.dtype == torch.bfloat16 else raw)
        norms = raw.detach().norm(dim=1)
        sample = Sample(F.normalize(raw, dim=1), teacher, candidates, blocked, keys, norms, same, labels)
        values = self.objective(sample)
        self.optimiser.zero_grad(set_to_none=True)
        values["total"].backward()
        self.ranks.add_up(self.student.parameters())
        norm = nn.utils.clip_grad_norm_(self._parameters(), self.recipe.optim.clip)
        self.optimiser.step()
        move_average(self.average, self.student, 1 - ema_decay(self.step, self.recipe.optim.ema))
        self.queue.push(teacher, people)
        self.step += 1
        terms = {name: value.detach() for name, value in values.items()}
        return {**terms, "gradient": norm, "lr": torch.tensor(lr, dtype=torch.float64)}

    def mix_start(self) -> None:
        """Give the averaged copy the recipe's share of the weights that training began with; to be done once,
        at the end.
        """
        assert self.start is not None
        move_average(self.average, self.start, self.recipe.optim.start_share)

    @torch.no_grad()
    def embed(self, faces: Tensor) -> Tensor:
        """(N, D) unit embeddings of preprocessed faces by the averaged student, in float32."""
        parts = [
            F.normalize(self.average(part.to(self.device, memory_format=torch.channels_last)), dim=1).cpu()
            for part in torch.split(faces, 256)
        ]
        return torch.cat(parts)
