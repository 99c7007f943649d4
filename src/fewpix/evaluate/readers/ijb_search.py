"""The 1:N protocol of IJB-B and IJB-C: two galleries, and probes that are searched in each of them.

    FOLDER/meta/ijbc_1N_gallery_G1.csv    TEMPLATE_ID,SUBJECT_ID,FILENAME,...   one row a picture
    FOLDER/meta/ijbc_1N_gallery_G2.csv
    FOLDER/meta/ijbc_1N_probe_mixed.csv

The galleries share no person, and every probe's person is in one of them. So in each gallery about half of
the probes have no mate: they are the non-mated searches of NIST's false positive identification rate, and the
two galleries are to be searched one by one. Public code (insightface, ijb_1n.py) joins them into one, where
every probe has a mate; `fewpix.evaluate.template_search` gives both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.evaluate.benchmark import TemplatePeople, TemplateSearchData
from fewpix.evaluate.inventory import Count
from fewpix.evaluate.readers import ijb
from fewpix.evaluate.readers.csv_columns import integers, read_columns
from fewpix.evaluate.readers.ijb import EDITIONS, edition, list_path


@dataclass(frozen=True, eq=False)
class IjbSearch:
    """Templates to be searched in two galleries.

    Args:
        names: of the galleries, such as ("G1", "G2").
        galleries: their templates.
        probes: searched in each.
        missing: how many templates of the lists were left out, because they have no picture.
    """

    names: tuple[str, str]
    galleries: tuple[TemplatePeople, TemplatePeople]
    probes: TemplatePeople
    missing: int

    def counts(self, name: str) -> tuple[Count, ...]:
        """What was found, beside the published numbers of edition `name` ("ijbb" or "ijbc")."""
        published = EDITIONS[name]
        return (
            *(
                Count(f"templates of gallery {label}", len(gallery), number)
                for label, gallery, number in zip(self.names, self.galleries, published.gallery, strict=True)
            ),
            Count("probe templates", len(self.probes), published.probes),
        )

    def joined(self) -> TemplatePeople:
        """Both galleries as one, as insightface searches them."""
        ids, people = (
            np.concatenate([getattr(g, what) for g in self.galleries]) for what in ("ids", "people")
        )
        order = np.argsort(ids)
        return TemplatePeople(ids[order], people[order])


def read(folder: Path, *, allow_missing: bool = False) -> TemplateSearchData:
    """Read the galleries and probes of IJB-B or IJB-C.

    Args:
        folder: of the benchmark.
        allow_missing: leave out missing pictures, and templates that have none left, instead of refusing.

    Raises:
        InputError: see `ijb.read` and `read_search`.
    """
    found = ijb.read(folder, allow_missing=allow_missing)
    kind = found.inventory.kind
    lists = read_search(folder, found.template_ids(), allow_missing=allow_missing)
    return TemplateSearchData(
        kind,
        "",
        replace(found.inventory, counts=(*found.inventory.counts, *lists.counts(kind))),
        found.benchmark_pictures,
        dict(zip(lists.names, lists.galleries, strict=True)),
        lists.probes,
        lists.missing,
    )


def read_search(folder: Path, ids: NDArray[np.int64], *, allow_missing: bool = False) -> IjbSearch:
    """Read the two galleries and the probes.

    Args:
        folder: of the benchmark.
        ids: (T,) the templates that there are, rising: `Ijb.template_ids()`.
        allow_missing: leave out templates that have no picture, instead of refusing.

    Raises:
        InputError: a list is missing or malformed, a template is of two people, the galleries share a person
            or a template, or a template has no picture.
    """
    name = edition(folder)
    names = EDITIONS[name].galleries
    files = [*(f"1N_gallery_{gallery}.csv" for gallery in names), "1N_probe_mixed.csv"]
    found, missing = [], 0
    for file in files:
        path = list_path(folder, name, file)
        listed = _templates(path)
        there = np.isin(listed.ids, ids)
        if not there.all() and not allow_missing:
            raise InputError(
                f"{path}: {int((~there).sum())} of {len(listed)} templates have no picture, "
                f"the first one {listed.ids[~there][0]}",
                fix="complete the folder, or leave them out with --allow-missing",
            )
        if not there.any():
            raise InputError(f"{path} names no template that has a picture", fix="check the path")
        missing += int((~there).sum())
        found.append(TemplatePeople(listed.ids[there], listed.people[there]))
    first, second, probes = found
    for what, shared in (
        ("person", np.intersect1d(first.people, second.people)),
        ("template", np.intersect1d(first.ids, second.ids)),
    ):
        if len(shared):
            raise InputError(
                f"{files[0]} and {files[1]} share {len(shared)} {what}s, the first one {shared[0]}",
                fix="use the lists of one release together",
            )
    return IjbSearch(names, (first, second), probes, missing)


def _templates(path: Path) -> TemplatePeople:
    """The templates of a list with a row for every picture."""
    templates, subjects = read_columns(path, ["TEMPLATE_ID", "SUBJECT_ID"])
    rows = integers(templates, path, "TEMPLATE_ID")
    people = integers(subjects, path, "SUBJECT_ID")
    ids, first, which = np.unique(rows, return_index=True, return_inverse=True)
    bad = np.flatnonzero(people != people[first][which])
    if len(bad):
        row = int(bad[0])
        raise InputError(
            f"{path}, row {row + 1}: template {rows[row]} is of person {people[row]} here and of "
            f"{people[first[which[row]]]} before",
            fix="use the original list",
        )
    return TemplatePeople(ids, people[first])
