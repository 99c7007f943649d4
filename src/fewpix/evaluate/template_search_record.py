"""What a search of templates said of every probe in every gallery, as it is kept beside the result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.evaluate.benchmark import TemplatePeople
from fewpix.evaluate.scores_file import Arrays
from fewpix.evaluate.search_record import SearchRecord
from fewpix.evaluate.streaming_search import Searched


@dataclass(frozen=True, eq=False)
class TemplateSearchRecord:
    """The probes in each gallery; a probe's name is the number of its template.

    Args:
        galleries: by name what a search in it said, see `SearchRecord`.
    """

    galleries: Mapping[str, SearchRecord]

    @classmethod
    def of(cls, probes: TemplatePeople, searched: Sequence[Mapping[str, Searched]]) -> TemplateSearchRecord:
        """From the probes and, for each of the result's figures, what was found by gallery."""
        names = [str(template) for template in probes.ids.tolist()]
        return cls(
            {
                gallery: SearchRecord.of(names, probes.people, [one[gallery] for one in searched])
                for gallery in searched[0]
            }
        )

    def arrays(self) -> Arrays:
        """For `scores_file.packed`: those of `SearchRecord`, with the gallery's name and a dot in front."""
        return {
            f"{gallery}.{key}": array
            for gallery, record in self.galleries.items()
            for key, array in record.arrays().items()
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> TemplateSearchRecord:
        """What `arrays` gave.

        Raises:
            InputError: there is no gallery, or see `SearchRecord.from_arrays`.
        """
        parts: dict[str, dict[str, NDArray[np.generic]]] = {}
        for name, array in arrays.items():
            gallery, _, key = name.rpartition(".")
            parts.setdefault(gallery, {})[key] = array
        if not parts or "" in parts:
            raise InputError("the scores are of no gallery", fix="measure again with --out")
        return cls({gallery: SearchRecord.from_arrays(found) for gallery, found in parts.items()})
