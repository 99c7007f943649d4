"""The recipe of a training run: one TOML file, checked whole before the first batch."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fewpix.errors import ConfigError, InputError
from fewpix.files import PathLike, path_of
from fewpix.foreign import toml_of

Positive = Annotated[int, Field(gt=0)]

FROM_TEACHER = "teacher"
"""The `model.init` of a student that starts from its teacher's layers."""


def _added(default: Any) -> Any:
    """A field that came later: left out of the recipe's hash where it has its default, so that the runs and
    weights from before keep theirs.
    """
    return Field(default, exclude_if=lambda value: value == default)


class Section(BaseModel):
    """Strict and frozen: an unknown key or a wrong type is an error, not a surprise at step 40,000."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    @property
    def sha256(self) -> str:
        """Names the recipe by its content, defaults filled in; see `_added`."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


class ModelSection(Section):
    """The student: its name in the zoo, and how it starts.

    `init` is "random", "teacher" (the teacher's deep layers, see `fewpix.train.transplant`), the name of a
    shipped student, or a safetensors file. For "teacher", the layers are fitted to `fit_faces` views, and the
    stem before them is trained for `fit_steps` first. With `restated`, the BatchNorms then get the statistics
    of `fit_faces` degraded views, and give what they gave. A student that is its teacher as a whole keeps its
    first `kept` blocks as they are; 0 trains all of it.
    """

    arch: str
    init: str = "random"
    fit_faces: Annotated[int, Field(ge=20)] = 3000
    fit_steps: Positive = 600
    kept: Annotated[int, Field(ge=0)] = _added(0)
    restated: bool = _added(False)


class DataSection(Section):
    """Which faces are learnt from.

    `weights` maps a source (`utk`, `celeba`, …) to how often a face of it is drawn per epoch; 1 where it is
    not named. `mixes` faces are made from two each and drawn `mix_weight` times per epoch; `chips` are the
    sources whose faces are cut too tight to give a mix its frame. `varied` more are faces and mixes whose
    points are shifted by up to `warp` of the side and whose colours are changed by up to `colour`. With
    `sources` only faces of these are taken at all: others are neither learnt from, nor mixed in, nor scored.
    `holdout` is the share of the faces, in whole connected components of teacher similarity >=
    `component_similarity`, that is never trained on; those of `holdout_sources` (all when empty) are scored.
    `split` decides which faces that are; `run.seed` where it is not said. A run that goes on from another's
    weights, on the same faces, must hold out the same.

    `people` says where labels come from, for terms that need them: "folders" takes the folder that a face
    lies in for a person, "clusters" the faces' `clusters` clusters in the teacher's space. A mixed or varied
    face is nobody's. `per_person` views of one person come together in a batch; without labels, of one face.

    With `stream` above 0 the faces are shards, tar or RecordIO, too many to hold: they are read as they are
    needed, and so many encoded faces are held to be shuffled (`fewpix.data.stream`). What needs all faces at
    hand, every key above but `flip`, is not for them.
    """

    weights: dict[str, Annotated[float, Field(ge=0)]] = {}
    flip: bool = True
    mixes: Annotated[int, Field(ge=0)] = 0
    mix_weight: Annotated[float, Field(ge=0)] = 1.0
    chips: tuple[str, ...] = ()
    sources: tuple[str, ...] = _added(())
    varied: Annotated[int, Field(ge=0)] = _added(0)
    warp: Annotated[float, Field(ge=0, le=0.2)] = _added(0.04)
    colour: Annotated[float, Field(ge=0, lt=1)] = _added(0.3)
    holdout: Annotated[float, Field(ge=0, lt=1)] = 0.03
    component_similarity: Annotated[float, Field(gt=0, le=1)] = 0.55
    holdout_sources: tuple[str, ...] = ()
    split: Annotated[int, Field(ge=0)] | None = _added(None)
    people: Literal["unknown", "folders", "clusters"] = _added("unknown")
    clusters: Annotated[int, Field(ge=2)] = _added(2000)
    per_person: Positive = _added(1)
    stream: Annotated[int, Field(ge=0)] = _added(0)


class DegradeSection(Section):
    """The named chain (`fewpix.degrade.PRESETS`) that makes the low-resolution views."""

    chain: str = "train"


class TermSection(Section):
    """One named loss term; options other than `weight` go to the objective as they are.

    Every term knows `start` and `stop`, the steps between which it is in force; the others are its own.
    """

    model_config = ConfigDict(extra="allow", frozen=True, strict=True, allow_inf_nan=False)

    weight: Annotated[float, Field(ge=0)] = 1.0


class OptimSection(Section):
    """AdamW with linear warm-up and cosine decay, counted in steps and never in seconds.

    `clip` bounds the norm of the gradient; `ema` is the decay of the averaged weights, which are what is
    kept. Of a student that starts from its teacher's layers, `start_share` of what is kept are the weights
    before the first step (WiSE-FT, Wortsman et al., CVPR 2022).
    """

    lr: Annotated[float, Field(gt=0)] = 1e-3
    weight_decay: Annotated[float, Field(ge=0)] = 0.05
    warmup: Annotated[int, Field(ge=0)] = 100
    clip: Annotated[float, Field(gt=0)] = 5.0
    ema: Annotated[float, Field(ge=0, lt=1)] = 0.999
    start_share: Annotated[float, Field(ge=0, lt=1)] = _added(0.0)


class RunSection(Section):
    """How long, how wide, how often it is saved and scored.

    `steps` is the length of the schedule; with `stop` above 0 the run ends that early, at a learning rate
    that is still high, for weights that another recipe starts from.

    `queue` teacher embeddings are kept beyond the batch; those with a teacher cosine of at least `same` to
    the anchor count as the anchor's own face and are no negatives. `precision` "bf16" computes convolutions
    in bfloat16: twice as fast on a CPU with AVX512-BF16, and on GPUs.
    """

    steps: Positive
    stop: Annotated[int, Field(ge=0)] = 0
    batch: Positive = 128
    queue: Annotated[int, Field(ge=0)] = 4096
    same: Annotated[float, Field(gt=0, le=1)] = 0.5
    precision: Literal["fp32", "bf16"] = "fp32"
    seed: Annotated[int, Field(ge=0)] = 0
    log_every: Positive = 20
    checkpoint_every: Positive = 200
    evaluate_every: Positive = 500


class Recipe(Section):
    """Everything that decides what a run produces, except the faces themselves."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
    model: ModelSection
    data: DataSection = DataSection()
    degrade: DegradeSection = DegradeSection()
    objective: dict[str, TermSection]
    optim: OptimSection = OptimSection()
    run: RunSection

    @property
    def last_step(self) -> int:
        """The step that the run ends with."""
        return min(self.run.steps, self.run.stop or self.run.steps)

    @property
    def split(self) -> int:
        """What decides which faces are held out, see `DataSection`."""
        return self.run.seed if self.data.split is None else self.data.split

    def terms(self) -> dict[str, tuple[float, dict[str, Any]]]:
        """The objective's terms: name to (weight, options)."""
        return {name: (term.weight, dict(term.model_extra or {})) for name, term in self.objective.items()}


AnyRecipe = TypeVar("AnyRecipe", bound=Section)


def load_recipe(path: PathLike) -> Recipe:
    """Read and check a recipe. Errors as `read_recipe`."""
    return read_recipe(path, Recipe)


def read_recipe(path: PathLike, kind: type[AnyRecipe]) -> AnyRecipe:
    """Read and check a recipe of any kind.

    Raises:
        InputError: the file is missing.
        ConfigError: not TOML, an unknown key, a wrong type or a value out of range; the key is named.
    """
    path = path_of(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"cannot read the recipe {path}: {error}", fix="name a TOML file; see recipes/"
        ) from error
    return _parse(text, str(path), kind)


def parse_recipe(text: str, origin: str) -> Recipe:
    """Check the TOML text of a recipe that came from `origin`.

    Raises:
        ConfigError: as `read_recipe`.
    """
    return _parse(text, origin, Recipe)


def _parse(text: str, origin: str, kind: type[AnyRecipe]) -> AnyRecipe:
    try:
        data = toml_of(text, finite=False)
    except ValueError as error:
        raise ConfigError(f"{origin} is not TOML: {error}") from error
    try:
        return kind.model_validate(_lists_to_tuples(data))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        if first["type"] == "extra_forbidden":
            raise ConfigError(
                f"{origin}: unknown key '{key}'{more}", fix="remove it or check its spelling"
            ) from error
        raise ConfigError(f"{origin}: '{key}': {first['msg']}, got {first['input']!r}{more}") from error


def _lists_to_tuples(value: object) -> object:
    """TOML has lists only; strict pydantic wants the tuples that frozen sections hold."""
    if isinstance(value, dict):
        return {key: _lists_to_tuples(item) for key, item in value.items()}
    if isinstance(value, list):
        return tuple(_lists_to_tuples(item) for item in value)
    return value
