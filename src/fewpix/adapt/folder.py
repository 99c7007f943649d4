"""States of several places in one folder: which are there, whose they are, and what may be replaced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fewpix.adapt.stats import NormState, load_state, save_state
from fewpix.errors import InputError, WeightsError
from fewpix.files import PathLike, path_of

SUFFIX = ".safetensors"


@dataclass(frozen=True)
class StateFolder:
    """The states below a folder.

    Args:
        states: (name of the file relative to the folder, state) by name.
        others: files with the right ending that are no state, each with the reason.
    """

    states: tuple[tuple[str, NormState], ...]
    others: tuple[tuple[str, str], ...] = ()

    @classmethod
    def read(cls, folder: PathLike) -> StateFolder:
        """Read every state below the folder.

        Raises:
            InputError: no such folder.
        """
        folder = path_of(folder)
        if not folder.is_dir():
            raise InputError(f"there is no folder {folder}", fix="name the folder that holds the states")
        states, others = [], []
        for path in sorted(folder.rglob(f"*{SUFFIX}")):
            name = path.relative_to(folder).as_posix()
            try:
                states.append((name, load_state(path)))
            except (InputError, WeightsError) as error:
                others.append((name, error.what.replace(str(path), "it")))
        return cls(tuple(states), tuple(others))

    def of(self, source: str, model_sha256: str) -> NormState:
        """The state of a place for a model.

        Args:
            source: as the state names it.
            model_sha256: from the model's card.

        Raises:
            InputError: there is none, or more than one.
        """
        found = [
            (name, state)
            for name, state in self.states
            if state.source == source and state.model_sha256 == model_sha256
        ]
        if len(found) != 1:
            which = ", ".join(name for name, _ in found) or "none"
            raise InputError(
                f"one state of '{source}' for the model {model_sha256[:12]} is needed, there is {which}",
                fix="make one with `fewpix adapt`, or name the file",
            )
        return found[0][1]

    def to_json(self) -> dict[str, Any]:
        """Every state without its moments, and the files that are none."""
        return {
            "states": [{"path": name, **state.to_json()} for name, state in self.states],
            "others": [name for name, _ in self.others],
        }

    def __str__(self) -> str:
        lines = [f"{name}: {state}" for name, state in self.states] or ["no states"]
        return "\n".join([*lines, *(f"left out {name}: {why}" for name, why in self.others)])


def check_free(path: PathLike, *, source: str, model_sha256: str) -> None:
    """Refuse to write one place's state over something else.

    A state of the same place and the same model may be replaced: the place was measured again.

    Args:
        path: where a state is to be written.
        source: of the new state.
        model_sha256: of the new state.

    Raises:
        InputError: another place's state, another model's, or no state at all lies there.
    """
    path = path_of(path)
    if not path.exists():
        return
    fix = "choose another path, or say --replace"
    try:
        old = load_state(path)
    except (InputError, WeightsError) as error:
        raise InputError(f"{path} exists and is not a state", fix=fix) from error
    if (old.source, old.model_sha256) != (source, model_sha256):
        raise InputError(
            f"{path} holds the state of '{old.source}' for the model {old.model_sha256[:12]}, "
            f"not of '{source}' for {model_sha256[:12]}",
            fix=fix,
        )


def keep(path: PathLike, state: NormState, *, replace: bool = False) -> None:
    """`save_state`, but over another place's state only with `replace`; errors as both."""
    path = path_of(path)
    if not replace:
        check_free(path, source=state.source, model_sha256=state.model_sha256)
    save_state(path, state)
