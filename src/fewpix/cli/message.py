"""A result that is a sentence for people and a few facts for scripts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Message:
    """Text for people, with the facts beneath it.

    Args:
        text: a sentence.
        facts: JSON values by name.
    """

    text: str
    facts: Mapping[str, Any]

    def to_json(self) -> Mapping[str, Any]:
        """The facts."""
        return self.facts

    def __str__(self) -> str:
        """The sentence, and a line for each fact."""
        return "\n".join([self.text, *(f"  {name}: {value}" for name, value in self.facts.items())])
