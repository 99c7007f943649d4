"""Options that several verbs of `fewpix evaluate` share, and how they are understood."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

from typer import Option

from fewpix.cli.kinds import RESULT, STORE
from fewpix.cli.targets import READS, Writes
from fewpix.errors import ConfigError

if TYPE_CHECKING:
    from fewpix.embed.protocol import Encoder

TEACHER = "teacher"
SAME = "same"
"""Stands for the model itself where another one could be named."""

Number = TypeVar("Number", int, float)

Teacher = Annotated[
    str,
    Option(
        help="Sees the sharp pictures of hr-lr: teacher, a model file, or same for the model itself; one for "
        "all models, or one for each, separated by commas."
    ),
]
Flip = Annotated[bool, Option("--flip", help="Add the mirrored picture's embedding, for every model.")]
Family = Annotated[
    str,
    Option(help="How faces get small: area (the protocol), defocus, motion, noise, jpeg20, dark or grey."),
]
AllowMissing = Annotated[
    bool, Option("--allow-missing", help="Leave out pairs that lack a picture, and say how many.")
]
Runtime = Annotated[str, Option(help="auto, onnxruntime, openvino or torch.")]
Device = Annotated[str, Option(help="auto, cpu, cuda, cuda:N or mps.")]
Fuse = Annotated[
    str,
    Option(
        help="How a template is made: media (mean of each medium, then their sum), mean (of all pictures), "
        "or media-quality or quality, which weigh pictures by the detector's score of the list."
    ),
]
Embeddings = Annotated[
    Path | None,
    Option(
        help="Keep embeddings in this folder, so that a repeated or interrupted run need not start anew.",
        show_default=False,
    ),
    Writes(STORE),
]
Sizes = Annotated[
    str | None,
    Option(
        help="Sides in pixels to make pictures small to, 8 to 112, separated by commas. Without it they stay "
        "as they are.",
        show_default=False,
    ),
]
Seed = Annotated[int, Option(min=0, help="Of the random families and of the bootstrap.")]
AsJson = Annotated[bool, Option("--json", help="Print one JSON object.")]
State = Annotated[Path | None, Option(help="Apply a NormState to the model.", show_default=False), READS]
Distance = Annotated[
    int | None, Option(help="Of scface: 1 (4.2 m), 2 (2.6 m) or 3 (1 m).", show_default=False)
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


def open_model(model: str, runtime: str, device: str, state: Path | None = None) -> Encoder:
    """The encoder that the user named."""
    from fewpix.adapt.stats import load_state
    from fewpix.embed.open import open_encoder

    return open_encoder(model, runtime=runtime, device=device, state=load_state(state) if state else None)


def open_models(
    names: Sequence[str], option: str, runtime: str, device: str, state: Path | None = None
) -> dict[str, Encoder]:
    """Encoders by the names that results call them by, in the order given.

    Raises:
        ConfigError: two would have the same name.
    """
    from fewpix.evaluate.results import model_label

    labels = [model_label(name) for name in names]
    if len(set(labels)) < len(labels):
        raise ConfigError(
            f"{option}: two of {', '.join(labels)} have the same name", fix="rename one of the files"
        )
    return {
        label: open_model(name, runtime, device, state) for label, name in zip(labels, names, strict=True)
    }


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
        device: likewise.
        state: that the models run under.
    """
    if state is None and word in models:
        return models[word]
    for_models_only = runtime == "torch"
    return open_model(word, "auto" if for_models_only else runtime, "auto" if for_models_only else device)


def one_state(models: list[str], state: Path | None) -> list[str]:
    """The models, of which there is one where a state is given.

    Raises:
        ConfigError: there are several.
    """
    if state is not None and len(models) > 1:
        raise ConfigError("--state belongs to one model", fix="name one with --model")
    return models


def open_others(
    text: str,
    option: str,
    models: Sequence[str],
    opened: dict[str, Encoder],
    runtime: str,
    device: str,
    state: Path | None,
) -> dict[str, tuple[str, Encoder]]:
    """Who sees the other side of each model's comparisons: one for all models, or one for each.

    Args:
        text: names and model files separated by commas, `same` for the model itself.
        option: that `text` was given to.
        models: as the user named them.
        opened: what `open_models` made of them.
        runtime: of all of them.
        device: likewise.
        state: that the models run under.

    Returns:
        By the model's name in results that of the other one, and its encoder.

    Raises:
        ConfigError: neither one word nor as many as models.
    """
    from fewpix.evaluate.results import model_label

    words = [word.strip() for word in text.split(",") if word.strip()]
    if len(words) not in (1, len(models)):
        raise ConfigError(f"{option}: {len(words)} for {len(models)} models", fix="name one, or one for each")
    known = dict(zip(models, opened.values(), strict=True))
    others: dict[str, Encoder] = {}
    found = {}
    for label, word in zip(opened, words * len(models) if len(words) == 1 else words, strict=True):
        if word == SAME:
            found[label] = (label, opened[label])
            continue
        if word not in others:
            others[word] = open_other(word, known, runtime, device, state)
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


def sizes_of(text: str | None) -> list[int | None]:
    """Sides in pixels; None alone, which leaves pictures as they are, for no list.

    Raises:
        ConfigError: see `words_of` and `whole`.
    """
    return [None] if text is None else [whole(word, "size") for word in words_of(text, "size")]


def whole(word: str, option: str) -> int:
    """A whole number.

    Raises:
        ConfigError: it is not one.
    """
    if not word.isdecimal():
        raise ConfigError(f"{option}: {word!r} is not a whole number")
    return int(word)


def rates_of(text: str) -> list[float]:
    """False accept rates.

    Raises:
        ConfigError: one is no number between 0 and 1, or stands twice.
    """
    found = []
    for word in words_of(text, "fars"):
        try:
            rate = float(word)
        except ValueError:
            rate = -1.0
        if not 0 < rate < 1:
            raise ConfigError(f"fars: {word!r} is not a number between 0 and 1", fix="such as 1e-2,1e-3")
        if rate in found:
            raise ConfigError(f"fars: {word!r} stands there twice")
        found.append(rate)
    return found


def numbers_of(text: str | None, kind: Callable[[str], Number], option: str) -> tuple[Number, ...] | None:
    """The numbers of a list separated by commas; None for no list.

    Raises:
        ConfigError: there is none, one is no number, or one stands twice.
    """
    if text is None:
        return None
    try:
        return tuple(kind(word) for word in words_of(text, option))
    except ValueError as error:
        raise ConfigError(f"{option}: {text!r} is no list of numbers", fix="separate by commas") from error
