"""Every benchmark of templates, read into one form: pairs of templates, or galleries and probes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from fewpix.evaluate.benchmark import TemplatePairData, TemplatePictures, TemplateSearchData
from fewpix.evaluate.inventory import require_folder
from fewpix.evaluate.readers import ijb, ijb_pairs, ijb_search, ijbs, ijbs_faces
from fewpix.evaluate.readers.kinds import TEMPLATE_PAIRS, TEMPLATE_SEARCH, chosen


def open_template_pairs(
    kind: str, path: Path, *, allow_missing: bool = False, **options: object
) -> TemplatePairData:
    """Read the pairs of templates of a benchmark.

    Args:
        kind: see `readers.kinds`.
        path: of its folder.
        allow_missing: leave out missing pictures, and pairs whose template has none left, instead of
            refusing.
        options: of the kind, None for what was not set.

    Raises:
        ConfigError: no such kind, or an option that it does not know.
        InputError: see its reader.
    """
    chosen(TEMPLATE_PAIRS, kind, options)
    found = ijb.read(path, allow_missing=allow_missing)
    file = ijb.list_path(path, found.inventory.kind, ijb_pairs.LIST)
    require_folder(path, file.relative_to(path).as_posix(), kind=found.inventory.kind.upper())
    pairs = ijb_pairs.read_pairs(file, found.template_ids(), allow_missing=allow_missing)
    counts = (*found.inventory.counts, *ijb_pairs.counts(pairs, found.inventory.kind))
    inventory = replace(found.inventory, counts=counts)
    return TemplatePairData(found.inventory.kind, inventory, _pictures(found), pairs)


def open_template_search(
    kind: str, path: Path, *, allow_missing: bool = False, **options: object
) -> TemplateSearchData:
    """Read the galleries and probes of a benchmark of templates.

    Args:
        kind: see `readers.kinds`.
        path: of its folder.
        allow_missing: leave out missing pictures, and templates that have none left, instead of refusing.
        options: of the kind, None for what was not set: `faces` and `protocol` of ijbs.

    Raises:
        ConfigError: no such kind, an option that it does not know, or one that it needs is not set.
        InputError: see its reader.
    """
    set_ = chosen(TEMPLATE_SEARCH, kind, options)
    return SEARCHES[kind](path, allow_missing=allow_missing, **set_)


def _ijb(path: Path, *, allow_missing: bool) -> TemplateSearchData:
    found = ijb.read(path, allow_missing=allow_missing)
    lists = ijb_search.read_search(path, found.template_ids(), allow_missing=allow_missing)
    counts = (*found.inventory.counts, *lists.counts(found.inventory.kind))
    return TemplateSearchData(
        found.inventory.kind,
        "",
        replace(found.inventory, counts=counts),
        _pictures(found),
        dict(zip(lists.names, lists.galleries, strict=True)),
        lists.probes,
        lists.missing,
    )


def _ijbs(
    path: Path, *, allow_missing: bool, faces: Path, protocol: str = "surveillance_to_single"
) -> TemplateSearchData:
    found = ijbs_faces.read(ijbs.read(path), faces, protocol, allow_missing=allow_missing)
    pictures = TemplatePictures(faces, found.names, found.templates, found.media)
    return TemplateSearchData(
        ijbs.KIND,
        protocol,
        found.inventory,
        pictures,
        dict(zip(("g1", "g2"), found.galleries, strict=True)),
        found.probes,
        found.missing,
    )


def _pictures(found: ijb.Ijb) -> TemplatePictures:
    return TemplatePictures(
        found.inventory.folder, found.pictures, found.templates, found.media, found.points, found.quality
    )


SEARCHES: dict[str, Callable[..., TemplateSearchData]] = {"ijb": _ijb, "ijbs": _ijbs}
"""Kind → how its search is opened; the keywords of each are those of `readers.kinds`."""
