"""What a verb reads and what it writes, and that nothing is written over what it did not make.

Every parameter that is a path carries `READS` or `Writes` in its annotation; a verb without such a
mark does not start. Before a verb runs, each of its outputs is compared with each of its inputs:

* an output that is an input, or a file that belongs to one, is refused;
* so are pictures below a folder that is read, and files in it that the verb did not make;
* an existing file of another kind is replaced only with `--replace`, which every verb that writes has;
* a name must end as such files do.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, wraps
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from typer import Option, Typer
from typer.models import ArgumentInfo

from fewpix.cli.kinds import Kind
from fewpix.errors import ConfigError, InputError

READS = "reads"
"""The mark of a file or folder that is read, and never written."""

DryRun = Annotated[bool, Option("--dry-run", help="Change nothing, say what would happen.")]
Replace = Annotated[bool, Option("--replace", help="Write over a file that this command did not make.")]


@dataclass(frozen=True)
class Writes:
    """The mark of an output.

    Args:
        kind: what is written there.
        replaceable: whether `--replace` helps where something else lies there.
    """

    kind: Kind
    replaceable: bool = True


Role = str | Writes


@cache
def parameters_of(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    """A verb's parameters by name, with annotations that are no texts."""
    return inspect.signature(function, eval_str=True).parameters


@cache
def roles_of(function: Callable[..., Any]) -> dict[str, Role]:
    """The marks of a verb's parameters, by their names.

    Raises:
        TypeError: a path has none, so that nobody knows whether it is written to.
    """
    found: dict[str, Role] = {}
    for name, parameter in parameters_of(function).items():
        annotation = parameter.annotation
        marks = [mark for mark in get_args(annotation)[1:] if isinstance(mark, Writes | str)]
        if marks:
            found[name] = marks[0]
        elif _holds_path(annotation):
            raise TypeError(f"{function.__name__}: mark '{name}' with READS or Writes(KIND)")
    return found


def guarded(function: Callable[..., Any]) -> Callable[..., Any]:
    """A verb whose outputs are checked before it runs, with `--replace` if it has outputs."""
    if hasattr(function, "__wrapped__"):
        return function
    roles = roles_of(function)
    if not any(isinstance(role, Writes) for role in roles.values()):
        return function
    signature = inspect.signature(function, eval_str=True)
    own = "replace" in signature.parameters
    offered = any(role.replaceable for role in roles.values() if isinstance(role, Writes))

    @wraps(function)
    def verb(**given: Any) -> None:
        replace = given["replace"] if own else given.pop("replace", False)
        check_targets(function, given, replace=replace)
        function(**given)

    if not own and offered:
        kind = inspect.Parameter.KEYWORD_ONLY
        option = inspect.Parameter("replace", kind, default=False, annotation=Replace)
        whole = signature.replace(parameters=[*signature.parameters.values(), option])
        vars(verb)["__signature__"] = whole  # where typer looks for options
    return verb


def guard_all(app: Typer) -> Typer:
    """`guarded` for every command of an app, and of the groups in it."""
    for command in app.registered_commands:
        if command.callback is not None:
            command.callback = guarded(command.callback)
    for group in app.registered_groups:
        if group.typer_instance is not None:
            guard_all(group.typer_instance)
    return app


def check_targets(function: Callable[..., Any], given: Mapping[str, Any], *, replace: bool) -> None:
    """Compare a verb's outputs with its inputs, with one another and with what is there.

    Args:
        function: the verb.
        given: its arguments.
        replace: whether `--replace` was given.

    Raises:
        ConfigError: an output is an input, lies among the pictures that are read, or is another output.
        InputError: it is a file of another kind, or its name does not end as such files do.
    """
    roles = roles_of(function)
    targets = [
        (_shown(function, name), Path(given[name]), role)
        for name, role in roles.items()
        if isinstance(role, Writes) and given.get(name) is not None
    ]
    if not targets:
        return
    inputs = [path for path in _inputs(function, roles, given) if os.path.lexists(path)]
    for n, (option, path, role) in enumerate(targets):
        check_name(path, role.kind)
        for other, second, _ in targets[:n]:
            if _is_same(path, second):
                raise ConfigError(f"{other} and {option} both name {path}", fix="name two files")
        _check_inputs(option, path, role.kind, inputs)
        check_free(path, role.kind, replace=replace and role.replaceable, offer=role.replaceable)


def check_name(path: Path, kind: Kind) -> None:
    """Refuse a name that is not one of this kind, and a folder in a file's place.

    Raises:
        InputError: it is one; of some kinds a ConfigError.
    """
    example = f"name one, such as {kind.example}" if kind.example else "name another"
    is_file = kind.folder is False or (bool(kind.endings) and bool(path.suffix))
    if is_file and path.is_dir():
        raise kind.refusal(f"{path} is a folder, not {kind.what}", fix=example)
    if kind.endings and path.suffix.lower() not in kind.endings:
        endings = " or ".join(filter(None, kind.endings))
        raise kind.refusal(f"{kind.what} is a {endings} file, not {path}", fix=example)


def check_free(path: Path, kind: Kind, *, replace: bool = False, offer: bool = True) -> None:
    """Refuse to write over what was not written by the verb whose output this is.

    Args:
        path: the output; of a folder all is checked that will be written into it.
        kind: what will be written.
        replace: go on whatever lies there.
        offer: whether the message offers `--replace`.

    Raises:
        InputError: something else lies there.
    """
    for file, made in kind.all_of(path):
        if not file.exists():
            continue
        if not file.is_file():
            raise InputError(f"{file} is not an ordinary file", fix="choose another path")
        if replace or not file.stat().st_size or (made is not None and made(file)):
            continue
        part = "" if file == path else "part of "
        raise InputError(
            f"{file} exists" + (f" and is not {part}{kind.what}" if made else ""),
            fix="choose another path" + (", or say --replace" if offer else ""),
        )


def _check_inputs(option: str, path: Path, kind: Kind, inputs: list[Path]) -> None:
    """Refuse an output that is an input, or lies below one.

    Raises:
        ConfigError: it does.
    """
    there, files = path.resolve(), kind.all_of(path)
    for given in inputs:
        parts = [given, *_with(given)]
        for file, made in files:
            if any(_is_same(file, part) for part in parts):
                raise ConfigError(
                    f"{option} {path} would replace {file}, which this command reads", fix="name another file"
                )
            if given.is_dir() and given.resolve() in file.resolve().parents and _holds(file, made):
                raise ConfigError(
                    f"{option} {path} would replace a file in the folder {given}, which this command reads",
                    fix="name another file",
                )
        if not kind.pictures:
            continue
        here = given.resolve()
        if given.is_dir() and (there == here or here in there.parents):
            raise ConfigError(f"{option} {path} lies in the folder that is read", fix="name another folder")
        if kind.folder is None and path.is_dir() and there in here.parents and _has_pictures(given):
            raise ConfigError(
                f"{option} {path} holds the pictures that are read, {given}", fix="name another folder"
            )


def _has_pictures(path: Path) -> bool:
    """Whether an input is a folder, or a picture by its first bytes."""
    from fewpix.image.header import read_header

    if path.is_dir():
        return True
    try:
        with path.open("rb") as file:
            return read_header(file.read(64)) is not None
    except OSError:
        return False


def _holds(file: Path, made: Callable[[Path], bool] | None) -> bool:
    """Whether something lies there that the verb did not write."""
    return file.exists() and (made is None or not file.is_file() or not made(file))


def _inputs(
    function: Callable[..., Any], roles: Mapping[str, Role], given: Mapping[str, Any]
) -> Iterator[Path]:
    """What the arguments name: what is marked as read, and every other word that is the name of a file."""
    from fewpix.config import gallery_location
    from fewpix.models.shipped import STUDENTS, WEIGHTS

    for name, value in given.items():
        role = roles.get(name)
        for item in value if isinstance(value, list | tuple) else (value,):
            if role == READS and item is not None:
                yield Path(item)
            elif role is None and isinstance(item, str):
                words = {item, *(word.strip() for word in item.split(","))} - {""}
                yield from (Path(word) for word in words if "://" not in word and _is_file(word))
                yield from (file for word in words & set(STUDENTS) for file in WEIGHTS.glob(f"{word}.*"))
    if "gallery" in parameters_of(function) and given.get("gallery") is None:
        location = str(gallery_location())
        if "://" not in location:
            yield Path(location)


def _is_file(word: str) -> bool:
    try:
        return Path(word).expanduser().is_file()
    except (OSError, ValueError):  # too long a word, or one with a zero byte, is no file's name
        return False


def _with(path: Path) -> list[Path]:
    """Files that belong to an input: a model's card and weights, a gallery's log, a result's scores."""
    if not path.is_file():
        return []
    if path.suffix == ".onnx":
        from fewpix.models.onnx_file import weights_beside

        return [path.with_name(path.name + ".json"), *weights_beside(path)]
    if path.suffix == ".safetensors":
        return [path.with_suffix(".reference.safetensors")]
    if path.suffix == ".json":
        return [path.with_suffix(".run.json"), path.with_suffix(".scores.npz")]
    return [path.with_name(path.name + ending) for ending in ("-wal", "-shm", "-journal")]


def _is_same(first: Path, second: Path) -> bool:
    """Whether two paths are one file, by whatever links; also of files that are not there yet."""
    try:
        return first.samefile(second)
    except OSError:
        return first.resolve() == second.resolve()


def _holds_path(annotation: Any) -> bool:
    """Whether a type has `Path` in it: `Path | None`, `list[Path]`, `Annotated[Path, ...]`."""
    if get_origin(annotation) is Annotated:
        return _holds_path(get_args(annotation)[0])
    return annotation is Path or any(_holds_path(inner) for inner in get_args(annotation))


def _shown(function: Callable[..., Any], name: str) -> str:
    """A parameter as the command line has it."""
    annotation = parameters_of(function)[name].annotation
    is_argument = any(isinstance(mark, ArgumentInfo) for mark in get_args(annotation))
    return name.upper() if is_argument else f"--{name.replace('_', '-')}"
