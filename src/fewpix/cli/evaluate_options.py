"""Options that the verbs of `fewpix evaluate` share, and how they are understood."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from typer import Option

from fewpix.cli.delivery import Delivery, Report
from fewpix.cli.encoder_options import Device, EncoderOptions, Runtime, StateFile
from fewpix.cli.kinds import RESULT, STORE
from fewpix.cli.output import AsJson
from fewpix.cli.targets import READS, Writes
from fewpix.errors import ConfigError
from fewpix.files import check_folder

if TYPE_CHECKING:
    from fewpix.embed.protocol import Encoder
    from fewpix.evaluate.benchmark import Benchmark

TEACHER = "teacher"
SAME = "same"
"""Stands for the model itself where another one could be named."""

Number = TypeVar("Number", int, float)

Flip = Annotated[bool, Option("--flip", help="Add the mirrored picture's embedding, for every model.")]
Family = Annotated[
    str,
    Option(help="How faces get small: area (the protocol), defocus, motion, noise, jpeg20, dark or grey."),
]
Fuse = Annotated[
    str,
    Option(
        help="How a template is made: media (mean of each medium, then their sum), mean (of all pictures), "
        "or media-quality or quality, which weigh pictures by the detector's score of the list."
    ),
]
Seed = Annotated[int, Option(min=0, help="Of the random families and of the bootstrap.")]
AllowMissing = Annotated[
    bool, Option("--allow-missing", help="Leave out what lacks a picture, and say how much.")
]
PairsFile = Annotated[
    Path | None,
    Option(help="Of lfw: another list than PATH/pairs.txt.", show_default=False),
    READS,
]
Ids = Annotated[
    str | None,
    Option(help="Of scface: all, dev or eval, or a file with one id per line.", show_default=False),
]
Out = Annotated[
    Path | None,
    Option(help="Also write the result to X.json and X.run.json.", show_default=False),
    Writes(RESULT),
]


@dataclass(frozen=True)
class Who:
    """The models that are measured."""

    model: Annotated[
        str, Option(help="fewpix-xs, fewpix-s, fewpix-l, teacher, auto or model files, separated by commas.")
    ] = "fewpix-s"
    state: StateFile = None
    runtime: Runtime = "auto"
    device: Device = "auto"

    def names(self) -> list[str]:
        """As the user named them.

        Raises:
            ConfigError: none is named, one is named twice, or several where a state is given.
        """
        names = words_of(self.model, "model")
        if self.state is not None and len(names) > 1:
            raise ConfigError("--state belongs to one model", fix="name one with --model")
        return names

    def one(self) -> None:
        """Refuse several models.

        Raises:
            ConfigError: several are named, or none.
        """
        if len(self.names()) > 1:
            raise ConfigError("model: this verb measures one", fix="use `fewpix evaluate pairs lfw`")

    def open(self) -> dict[str, Encoder]:
        """Encoders by the names that results call them by, in the order given.

        Raises:
            ConfigError: two would have the same name.
        """
        from fewpix.evaluate.result.file import model_label

        names = self.names()
        labels = [model_label(name) for name in names]
        if len(set(labels)) < len(labels):
            raise ConfigError(
                f"model: two of {', '.join(labels)} have the same name", fix="rename one of the files"
            )
        opened = [EncoderOptions(name, self.state, self.runtime, self.device).opened() for name in names]
        return dict(zip(labels, opened, strict=True))


@dataclass(frozen=True)
class Treated:
    """What happens to pictures before they are embedded."""

    size: Annotated[
        str | None,
        Option(
            help="Sides in pixels to make pictures small to, 8 to 112, separated by commas. Without it they "
            "stay as they are.",
            show_default=False,
        ),
    ] = None
    fit: Annotated[
        str,
        Option(
            help="How pictures become square: pad repeats the border, stretch resizes, aligned takes aligned "
            "crops of 112x112 px alone."
        ),
    ] = "pad"
    family: Family = "area"
    flip: Flip = False
    seed: Seed = 0

    def sizes(self) -> list[int | None]:
        """Sides in pixels; None alone, which leaves pictures as they are, for no list.

        Raises:
            ConfigError: see `words_of` and `whole`.
        """
        if self.size is None:
            return [None]
        return [whole(word, "size") for word in words_of(self.size, "size")]

    def check(self, *more: int | None) -> None:
        """Refuse sizes, `more` of them too, a family or a fit that there is not.

        Raises:
            ConfigError: see above.
        """
        from fewpix.degrade.degradation import Degradation
        from fewpix.evaluate.view import Look

        for side in (*self.sizes(), *more):
            Look(side, self.fit, Degradation(self.family, self.seed))

    def plan(self, baseline: str | None = None) -> dict[str, Any]:
        """The same, and the model to compare with, as arguments of `Plan`."""
        from fewpix.degrade.degradation import Degradation
        from fewpix.evaluate.result.file import model_label
        from fewpix.evaluate.statistics.estimate import Draws

        return {
            "baseline": None if baseline is None else model_label(baseline),
            "sizes": self.sizes(),
            "fit": self.fit,
            "flip": self.flip,
            "degradation": Degradation(self.family, self.seed),
            "draws": Draws(seed=self.seed),
        }


@dataclass(frozen=True)
class ReaderOptions:
    """What single readers know."""

    allow_missing: AllowMissing = False
    pairs: PairsFile = None
    aligned: Annotated[
        bool | None,
        Option(
            "--aligned/--original",
            help="Of xqlfw: which pictures to take; by default the aligned ones if they are there.",
            show_default=False,
        ),
    ] = None
    copies: Annotated[
        str | None,
        Option(
            help="Of tinyface: a folder below PATH with copies, such as aligned_pad_0.1_pad_high.",
            show_default=False,
        ),
    ] = None
    folder: Annotated[
        Path | None,
        Option(help="Of table: what its pictures are relative to; by default its own.", show_default=False),
        READS,
    ] = None
    distance: Annotated[
        int | None, Option(help="Of scface: 1 (4.2 m), 2 (2.6 m) or 3 (1 m).", show_default=False)
    ] = None
    ids: Ids = None
    enrolled: Annotated[
        str | None,
        Option(
            help="Of scface: who of --ids is in the gallery, in the same form; the others are strangers.",
            show_default=False,
        ),
    ] = None
    faces: Annotated[
        Path | None,
        Option(
            help="Of ijbs: the folder of faces cut from its videos and pictures, FILE/PERSON/*.png.",
            show_default=False,
        ),
        READS,
    ] = None
    lists: Annotated[
        str | None,
        Option(
            help="Of ijbs: surveillance_to_single (the default), surveillance_to_booking, "
            "multiview_surveillance_to_booking, surveillance_to_surveillance or uav_to_booking.",
            show_default=False,
        ),
    ] = None

    def open(self, task: str, kind: str, path: Path) -> Benchmark:
        """Read a benchmark for a task.

        Raises:
            ConfigError: an option that its reader does not know.
            InputError: see the reader.
        """
        from fewpix.evaluate.readers.registry import open_benchmark

        return open_benchmark(task, kind, path, **vars(self))


@dataclass(frozen=True)
class Delivered:
    """Where a result goes."""

    embeddings: Annotated[
        Path | None,
        Option(
            help="Keep embeddings in this folder, so that a repeated or interrupted run need not start anew.",
            show_default=False,
        ),
        Writes(STORE),
    ] = None
    out: Out = None
    report: Report = None
    as_json: AsJson = False

    def delivery(self) -> Delivery:
        """Made before the run, so that a bad place costs no time.

        Raises:
            StorageError: a place cannot be written.
            UnavailableError: a report needs a package that is not here.
        """
        if self.embeddings is not None:
            check_folder(self.embeddings, "the embeddings")
        return Delivery(self.out, self.report)


def open_other(
    word: str, models: Mapping[str, Encoder], runtime: str, device: str, state: Path | None = None
) -> Encoder:
    """Who sees the other side of a comparison: a model that is open already, or one that is opened now.

    A state belongs to the models alone, so one that runs under it is opened anew. torch cannot run an ONNX
    teacher, and was asked for the models' sake.

    Args:
        word: a name or a model file.
        models: those that are open, by the words that the user named them by.
        runtime: of the models.
        device: of the models.
        state: that the models run under.
    """
    if state is None and word in models:
        return models[word]
    if runtime == "torch":
        runtime = device = "auto"
    return EncoderOptions(word, None, runtime, device).opened()


def open_others(
    text: str, option: str, who: Who, opened: Mapping[str, Encoder]
) -> dict[str, tuple[str, Encoder]]:
    """Who sees the other side of each model's comparisons: one for all models, or one for each.

    Args:
        text: names and model files separated by commas, `same` for the model itself.
        option: that `text` was given to.
        who: the models as the user named them.
        opened: what `who.open` made of them.

    Returns:
        By the model's name in results that of the other one, and its encoder.

    Raises:
        ConfigError: neither one word nor as many as models.
    """
    from fewpix.evaluate.result.file import model_label

    words = [word.strip() for word in text.split(",") if word.strip()]
    if len(words) not in (1, len(opened)):
        raise ConfigError(f"{option}: {len(words)} for {len(opened)} models", fix="name one, or one for each")
    known = dict(zip(who.names(), opened.values(), strict=True))
    others: dict[str, Encoder] = {}
    found = {}
    for label, word in zip(opened, words * len(opened) if len(words) == 1 else words, strict=True):
        if word == SAME:
            found[label] = (label, opened[label])
            continue
        if word not in others:
            others[word] = open_other(word, known, who.runtime, who.device, who.state)
        found[label] = (model_label(word), others[word])
    return found


def words_of(text: str, option: str) -> list[str]:
    """The words of a list separated by commas.

    Raises:
        ConfigError: there is none, or one stands twice.
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words or len(set(words)) < len(words):
        raise ConfigError(f"{option}: {text!r} is empty or names something twice", fix="separate by commas")
    return words


def whole(word: str, option: str) -> int:
    """A whole number.

    Raises:
        ConfigError: it is not one.
    """
    if not word.isdecimal():
        raise ConfigError(f"{option}: {word!r} is not a whole number")
    return int(word)


def numbers_of(text: str | None, kind: Callable[[str], Number], option: str) -> tuple[Number, ...] | None:
    """The numbers of a list separated by commas; None for no list.

    Raises:
        ConfigError: there is none, one is no number, or one stands twice.
    """
    if text is None:
        return None
    try:
        found = tuple(kind(word) for word in words_of(text, option))
    except ValueError as error:
        raise ConfigError(f"{option}: {text!r} is no list of numbers", fix="separate by commas") from error
    if len(set(found)) < len(found):
        raise ConfigError(f"{option}: {text!r} names a number twice")
    return found


def asked_of(**given: object) -> dict[str, Any]:
    """What of `Asked` was given; the rest is as the benchmark's authors have it.

    Args:
        given: its rates and ranks, None for what was not given.

    Raises:
        ConfigError: one of them is out of range.
    """
    from fewpix.evaluate.benchmark import Asked

    found: dict[str, Any] = {name: one for name, one in given.items() if one is not None}
    Asked(**found)
    return found
