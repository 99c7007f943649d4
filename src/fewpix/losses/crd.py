"""The term `crd`: contrastive representation distillation with a memory bank."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fewpix.errors import ConfigError
from fewpix.losses.bank import FaceBank
from fewpix.losses.nce import Partition, nce
from fewpix.losses.queue import blocked_candidates
from fewpix.losses.sample import Sample


class CRD(nn.Module):
    """The term `crd`: the student against the bank's teacher, plus the teacher against the bank's student.

    Both embeddings go through a linear layer each, learnt with the student and thrown away after it. An
    anchor's own face is its positive, as the bank has it; other pictures of its person (by label, by key, or
    by a teacher cosine of at least `Sample.same`) are no negatives. RepDistiller draws 16,384 negatives for
    each anchor and gathers a row for each; here all anchors share the bank's rows, which is one matrix
    product and needs no random numbers.

    Args:
        dim: D.
        temperature: τ.
        width: of the projections.
        bank: rows of the memory bank, and with it the number of negatives.
        momentum: share of the old row when a face comes again; below 1.

    Memory: bank·(2·width + D) numbers that every checkpoint holds (25 MB at the defaults and D = 128), and a
    few times batch·bank while it is computed (17 MB each at a batch of 256).
    """

    def __init__(
        self,
        dim: int,
        temperature: float = 0.07,
        width: int = 128,
        bank: int = 16384,
        momentum: float = 0.5,
    ) -> None:
        super().__init__()
        if momentum >= 1:
            raise ConfigError(f"objective.crd.momentum must be below 1, not {momentum}")
        self.temperature = temperature
        self.project_student = nn.Linear(dim, width)
        self.project_teacher = nn.Linear(dim, width)
        self.bank = FaceBank(bank, width, dim, momentum)
        self.z_student, self.z_teacher = Partition(), Partition()

    def forward(self, sample: Sample) -> Tensor:
        """The sum of both sides, each a `losses.nce.nce`.

        In train mode the bank and Z learn from the batch; in eval mode nothing is remembered.
        """
        student = F.normalize(self.project_student(sample.student), dim=1)
        teacher = F.normalize(self.project_teacher(sample.teacher), dim=1)
        people = sample.people
        if self.training:
            # New faces enter before they are compared, so that the first batch has negatives: its own faces.
            self.bank.enter(sample.keys, people, student.detach(), teacher.detach(), sample.teacher)
        places, found = self.bank.find(sample.keys)
        rows_student, rows_teacher, embeddings, rows_people = self.bank.contents()
        blocked = blocked_candidates(sample.teacher, people, embeddings, rows_people, sample.same)
        everyone = torch.ones_like(found)
        sides = []
        for anchors, other, rows, z in (
            (student, teacher, rows_teacher, self.z_student),
            (teacher, student, rows_student, self.z_teacher),
        ):
            # A face that the bank does not know, or no longer, has its own projection for a partner.
            own = torch.where(found[:, None], rows[places], other.detach()) if len(rows) else other.detach()
            negative = anchors @ rows.T / self.temperature
            positive = (anchors * own).sum(dim=1) / self.temperature
            sides.append(nce(positive, negative, blocked, z(negative, blocked), everyone))
        if self.training:
            self.bank.update(sample.keys, student.detach(), teacher.detach())
        return torch.stack(sides).sum()
