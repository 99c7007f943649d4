"""The result of `fewpix compare`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from fewpix.evaluate.schema.pairs import PairChange
from fewpix.evaluate.schema.parts import Model, Part, Sha256
from fewpix.evaluate.schema.search import SearchChange


class Compared(Part):
    """One of the two results."""

    models: dict[str, Model] = Field(description="by name")
    flip: bool = Field(description="whether mirrored pictures were added")
    scores_sha256: Sha256 = Field(description="of its scores")
    sizes_alone: list[int | None] = Field(description="sizes that the other result does not have")


class Comparison(Part):
    """The whole file."""

    schema_name: Literal["comparison-1"] = Field(alias="schema", description="`comparison-1`")
    of: Literal["pairs-1", "search-1"] = Field(description="what was compared")
    benchmark: str = Field(description="its KIND")
    protocol: str = Field(description="of pairs; of a search, `closed` or `open`")
    data_sha256: Sha256 = Field(description="of the benchmark, the same in both")
    first: Compared = Field(description="the result whose figures are counted positive")
    second: Compared = Field(description="the one that is subtracted")
    interval: str = Field(description="how intervals were made")
    replicates: int = Field(description="of the bootstrap")
    seed: int = Field(description="of the bootstrap")
    differences: list[PairChange] | list[SearchChange] = Field(
        description="every model of the first minus every model of the second, at every size that both have"
    )
