"""CRD's memory bank: what earlier steps made of each face, kept by face and not by step."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fewpix.losses.geometry import unit
from fewpix.losses.groups import Groups


class FaceBank(nn.Module):
    """Rows of faces, the student's and the teacher's side by side (CRD, arXiv 1910.10699).

    RepDistiller has one row per image of the data set, random at first. Here a face takes a row when it is
    first seen, the oldest one's when the bank is full: with `size` at least the number of faces it is the
    same bank without the random rows, with less it forgets. All of it are buffers of fixed shape, so that a
    checkpoint holds it.

    Args:
        size: rows.
        width: of the rows.
        dim: D of the teacher's embeddings, kept to know who is who.
        momentum: share of the old row when a face comes again.

    Memory: size·(2·width + D) numbers.
    """

    student: Tensor
    teacher: Tensor
    embeddings: Tensor
    keys: Tensor
    people: Tensor
    added: Tensor

    def __init__(self, size: int, width: int, dim: int, momentum: float = 0.5) -> None:
        super().__init__()
        self.momentum = momentum
        self.register_buffer("student", torch.zeros(size, width))
        self.register_buffer("teacher", torch.zeros(size, width))
        self.register_buffer("embeddings", torch.zeros(size, dim))
        self.register_buffer("keys", torch.zeros(size, dtype=torch.int64))
        self.register_buffer("people", torch.zeros(size, dtype=torch.int64))
        self.register_buffer("added", torch.zeros((), dtype=torch.int64))

    @property
    def filled(self) -> int:
        """How many rows hold a face."""
        return min(int(self.added), len(self.keys))

    def contents(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Copies, since a step's gradient outlives its update: student, teacher, embeddings, people."""
        n = self.filled
        return (
            self.student[:n].clone(),
            self.teacher[:n].clone(),
            self.embeddings[:n].clone(),
            self.people[:n].clone(),
        )

    def find(self, keys: Tensor) -> tuple[Tensor, Tensor]:
        """(B,) keys to (B,) row numbers and (B,) whether the face has one. Memory: B·size bytes."""
        if not self.filled:
            return torch.zeros_like(keys), torch.zeros_like(keys, dtype=torch.bool)
        equal = keys[:, None] == self.keys[None, : self.filled]
        return equal.to(torch.uint8).argmax(dim=1), equal.any(dim=1)

    @torch.no_grad()
    def enter(self, keys: Tensor, people: Tensor, student: Tensor, teacher: Tensor, faces: Tensor) -> None:
        """Give rows to the faces that have none; of more than the bank holds the last stay.

        Args:
            keys: (B,) faces.
            people: (B,) who is on them.
            student: (B, width) unit vectors; views of one face are averaged.
            teacher: (B, width) likewise.
            faces: (B, D) the teacher's embeddings.
        """
        new = ~self.find(keys)[1]
        if not bool(new.any()):
            return
        groups = Groups(keys[new])
        count, size = len(groups.numbers), len(self.keys)
        skipped = max(0, count - size)
        places = (int(self.added) + torch.arange(skipped, count, device=keys.device)) % size
        self.keys[places] = groups.numbers[skipped:]
        self.people[places] = groups.first(people[new])[skipped:]
        self.student[places] = unit(groups.mean(student[new]))[skipped:].to(self.student)
        self.teacher[places] = unit(groups.mean(teacher[new]))[skipped:].to(self.teacher)
        self.embeddings[places] = unit(groups.mean(faces[new]))[skipped:].to(self.embeddings)
        self.added += count

    @torch.no_grad()
    def update(self, keys: Tensor, student: Tensor, teacher: Tensor) -> None:
        """A face seen again: m becomes unit(momentum·m + (1 − momentum)·f), f the mean of its views."""
        groups = Groups(keys)
        places, found = self.find(groups.numbers)
        places = places[found]
        for rows, new in ((self.student, student), (self.teacher, teacher)):
            step = unit(groups.mean(new))[found].to(rows)
            rows[places] = unit(self.momentum * rows[places] + (1 - self.momentum) * step)
