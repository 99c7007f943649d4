"""The objective: named terms with weights, composed from pure functions."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from fewpix.errors import ConfigError
from fewpix.losses.centres import AdaDistill
from fewpix.losses.crcd import CRCD
from fewpix.losses.crd import CRD
from fewpix.losses.instance import cosine, infonce
from fewpix.losses.octuplet import Octuplet
from fewpix.losses.people import AdaFace, ArcFace, CosFace
from fewpix.losses.relation import RelationModule, contrastive_relation, row_kl
from fewpix.losses.rkd import RKD
from fewpix.losses.sample import Sample, unlabelled


class Cosine(nn.Module):
    """The term `cosine`."""

    def __init__(self, dim: int) -> None:
        super().__init__()

    def forward(self, sample: Sample) -> Tensor:
        """See `losses.instance.cosine`."""
        return cosine(sample.student, sample.teacher)


class InfoNCE(nn.Module):
    """The term `infonce`."""

    def __init__(self, dim: int, temperature: float = 0.07) -> None:
        super().__init__()
        self.temperature = temperature

    def forward(self, sample: Sample) -> Tensor:
        """See `losses.instance.infonce`."""
        return infonce(sample.student, sample.candidates, sample.blocked, self.temperature)


class RowKL(nn.Module):
    """The term `row-kl`."""

    def __init__(self, dim: int, student_temperature: float = 0.1, teacher_temperature: float = 0.1) -> None:
        super().__init__()
        self.student_temperature, self.teacher_temperature = student_temperature, teacher_temperature

    def forward(self, sample: Sample) -> Tensor:
        """See `losses.relation.row_kl`."""
        return row_kl(
            sample.student,
            sample.teacher,
            sample.candidates,
            sample.blocked,
            self.student_temperature,
            self.teacher_temperature,
        )


class CRRCD(nn.Module):
    """The term `crrcd`; its two relation modules are learnt with the student and thrown away after it.

    Args:
        dim: D.
        temperature: of the critic.
        width: of the relation vectors.
        anchors: how many faces of the batch take the place of i; bounds the memory at anchors·B² values.
    """

    def __init__(self, dim: int, temperature: float = 0.1, width: int = 64, anchors: int = 32) -> None:
        super().__init__()
        self.temperature, self.anchors = temperature, anchors
        self.within = RelationModule(dim, width)
        self.across = RelationModule(dim, width)

    def forward(self, sample: Sample) -> Tensor:
        """See `losses.relation.contrastive_relation`; i from the teacher, j from teacher and student."""
        count = min(self.anchors, len(sample.teacher))
        anchors = sample.teacher[:count]
        defined = ~sample.blocked[:count, : len(sample.teacher)]
        # The sum over k grows with the batch; divided by its size, the weight means the same at any batch.
        return contrastive_relation(
            self.within(anchors, sample.teacher),
            self.across(anchors, sample.student),
            defined,
            self.temperature,
        ) / len(sample.teacher)


TERMS: dict[str, Callable[..., nn.Module]] = {
    "cosine": Cosine,
    "infonce": InfoNCE,
    "crd": CRD,
    "row-kl": RowKL,
    "crrcd": CRRCD,
    "crcd": CRCD,
    "rkd": RKD,
    "arcface": ArcFace,
    "cosface": CosFace,
    "adaface": AdaFace,
    "adadistill": AdaDistill,
    "octuplet": Octuplet,
}
"""Every term by its name in recipes; those with a parameter `classes` need faces with labels."""


class Objective(nn.Module):
    """A weighted sum of named terms, with weights that stay as they are.

    Args:
        terms: by name, the weight and the term's own options.
        dim: D of the embeddings.
        classes: how many people the labels name; 0 for faces without labels.

    Raises:
        ConfigError: an unknown term or option, an option of a wrong type or out of range, no term at all, or
            a term that needs labels where there are none.
    """

    def __init__(
        self, terms: Mapping[str, tuple[float, Mapping[str, Any]]], dim: int, classes: int = 0
    ) -> None:
        super().__init__()
        if not terms:
            raise ConfigError("objective: no term", fix=f"name some of {', '.join(TERMS)}")
        self.weights: dict[str, float] = {}
        self.terms = nn.ModuleDict()
        for name, (weight, options) in terms.items():
            if name not in TERMS:
                raise ConfigError(f"objective: unknown term '{name}'", fix=f"terms: {', '.join(TERMS)}")
            _check_options(name, options)
            own = dict(options)
            if "classes" in _parameters(name):
                if not classes:
                    raise unlabelled(name)
                own["classes"] = classes
            self.terms[name] = TERMS[name](dim, **own)
            self.weights[name] = weight

    def forward(self, sample: Sample) -> dict[str, Tensor]:
        """Every term unweighted, and their weighted sum under `total`.

        Raises:
            ConfigError: a term needs labels that the sample lacks.
        """
        values: dict[str, Tensor] = {name: term(sample) for name, term in self.terms.items()}
        total = torch.stack([self.weights[name] * value for name, value in values.items()]).sum()
        return {**values, "total": total}


def _parameters(name: str) -> dict[str, Any]:
    """The parameters of a term but `dim`, by name, with their defaults."""
    parameters = inspect.signature(TERMS[name]).parameters
    return {key: parameter.default for key, parameter in parameters.items() if key != "dim"}


def _check_options(name: str, options: Mapping[str, Any]) -> None:
    """Every option of a term is a number above 0, whole where its default is; checked before the first batch.

    Raises:
        ConfigError: one is not, or the term has no such option; it is named.
    """
    defaults = {key: default for key, default in _parameters(name).items() if key != "classes"}
    for key, value in options.items():
        if key not in defaults:
            fix = f"options: {', '.join([*defaults, 'weight'])}"
            raise ConfigError(f"objective.{name}: unknown option '{key}'", fix=fix)
        whole = isinstance(defaults[key], int)
        kinds = (int,) if whole else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds) or not 0 < value < math.inf:
            kind = "whole number" if whole else "number"
            raise ConfigError(f"objective.{name}.{key} must be a {kind} above 0, not {value!r}")
