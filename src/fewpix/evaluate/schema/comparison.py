"""The result of `fewpix compare`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from fewpix.evaluate.schema.lfw import LfwChange
from fewpix.evaluate.schema.pairs import PairChange
from fewpix.evaluate.schema.parts import Model, Part, Sha256
from fewpix.evaluate.schema.search import SearchChange
from fewpix.evaluate.schema.templates import TemplatePairChange, TemplateSearchChange
from fewpix.evaluate.schema.uccs import UccsChange


class Compared(Part):
    """One of the two results."""

    models: dict[str, Model] = Field(description="by name; of a score file none is known")
    flip: bool | None = Field(description="whether mirrored pictures were added; null of a score file")
    scores_sha256: Sha256 = Field(description="of its scores")
    sizes_alone: list[int | None] = Field(description="sizes that the other result does not have")


class Comparison(Part):
    """The whole file."""

    schema_name: Literal["comparison-1"] = Field(alias="schema", description="`comparison-1`")
    of: Literal[
        "pairs-1",
        "search-1",
        "lfw-1",
        "lfw-table-1",
        "template-pairs-1",
        "template-search-1",
        "uccs-1",
    ] = Field(description="what was compared")
    benchmark: str = Field(description="its KIND")
    protocol: str = Field(description='of pairs; of a search, `closed` or `open`; of others `""`')
    data_sha256: Sha256 = Field(description="of the benchmark, of UCCS its lists; the same in both")
    first: Compared = Field(description="the result whose figures are counted positive")
    second: Compared = Field(description="the one that is subtracted")
    interval: str = Field(description="how intervals were made")
    replicates: int = Field(description="of the bootstrap")
    seed: int = Field(description="of the bootstrap")
    differences: (
        list[PairChange]
        | list[SearchChange]
        | list[LfwChange]
        | list[TemplatePairChange]
        | list[TemplateSearchChange]
        | list[UccsChange]
    ) = Field(
        min_length=1,
        description="every model of the first minus every model of the second, at every size that both have",
    )
