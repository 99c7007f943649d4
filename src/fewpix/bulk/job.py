"""What is done with the pictures of a part, as words that can be sent to another machine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Protocol

from fewpix.data.shard_index import Found
from fewpix.embed.protocol import Encoder


class Opened(Protocol):
    """A job whose models are loaded.

    Attributes:
        settings: what its rows depend on, beside the pictures: JSON values.
        runtime: of its encoder.
    """

    @property
    def settings(self) -> Mapping[str, Any]: ...  # noqa: D102

    @property
    def runtime(self) -> str: ...  # noqa: D102

    def table(self, pictures: Iterable[Found]) -> Any:
        """A `pyarrow.Table` with a row for each picture, in their order.

        It has the columns `picture`, the name, and `error`, why there is nothing in the others, or null.
        """
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...


@dataclass(frozen=True)
class Job:
    """Which encoder is used, as in `fewpix.embed.open.open_encoder`.

    Args:
        model: a name or a path.
        runtime: of the encoder.
        device: of the encoder.
        state: the file of a NormState; None for none.
        threads: of the runtime; 0 leaves it to the runtime.
    """

    verb: ClassVar[str]

    model: str
    runtime: str = "auto"
    device: str = "auto"
    state: str | None = None
    threads: int = 0

    def open(self) -> Opened:
        """Load what it needs. Raises FewpixError where something of it is missing or does not fit."""
        raise NotImplementedError

    def to_json(self) -> dict[str, Any]:
        """What `job_of` makes it of again, in another process."""
        return {"verb": self.verb, **asdict(self)}

    def encoder(self, state: Any = None) -> Encoder:
        """The encoder, under a state, or that of `state`."""
        from fewpix.adapt.stats import load_state
        from fewpix.embed.open import open_encoder

        if state is None and self.state is not None:
            state = load_state(self.state)
        own = self.runtime == "torch" or self.model.endswith(".safetensors")  # its threads are the process's
        threads = 0 if own else self.threads
        return open_encoder(
            self.model, runtime=self.runtime, device=self.device, state=state, threads=threads
        )


def job_of(facts: Mapping[str, Any]) -> Job:
    """A job from what `to_json` gave."""
    from fewpix.bulk.embedding import EmbedJob
    from fewpix.bulk.identifying import IdentifyJob

    jobs: dict[str, type[Job]] = {each.verb: each for each in (EmbedJob, IdentifyJob)}
    return jobs[facts["verb"]](**{name: value for name, value in facts.items() if name != "verb"})
