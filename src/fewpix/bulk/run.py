"""Bulk work from its pictures to its parts, here or on a cluster; a second run does what is missing."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fewpix.bulk.job import Job
from fewpix.bulk.parts import Parts
from fewpix.bulk.source import open_source
from fewpix.counted import counted
from fewpix.data.passed_over import LeftOut
from fewpix.errors import ConfigError, InputError
from fewpix.files import PathLike, path_of
from fewpix.foreign import json_of

SHOWN = 10
"""So many pictures that failed are in a text; in JSON all are."""


@dataclass(frozen=True)
class BulkResult:
    """What bulk work came to.

    Args:
        out: the folder of the parts.
        pictures: of the source.
        parts: of them.
        before: parts that were whole before.
        failed: names of the pictures that could not be used, in all parts, with the reason.
        made: how the parts were made.
        left_out: what lay beside the pictures.
        planned: nothing was done yet.
    """

    out: Path
    pictures: int
    parts: int
    before: int
    failed: tuple[tuple[str, str], ...]
    made: dict[str, Any]
    left_out: LeftOut
    planned: bool = False

    def __str__(self) -> str:
        """Counts, and the first failures."""
        parts = f"{counted(self.pictures, 'picture')} in {counted(self.parts, 'part')}"
        if self.planned:
            return f"{self.out}: {parts} would be written, {self.before} of them are whole; nothing was done"
        lines = [f"{self.out}: {parts}, {self.before} of them whole before"]
        lines += [f"left out {name}: {why}" for name, why in self.failed[:SHOWN]]
        if len(self.failed) > SHOWN:
            lines.append(f"and {len(self.failed) - SHOWN:,} more, see the column error")
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "out": str(self.out),
            "pictures": self.pictures,
            "parts": self.parts,
            "before": self.before,
            "planned": self.planned,
            "failed": [name for name, _ in self.failed],
            "made": self.made,
        }

    def error(self) -> InputError | None:
        """What a command ends with where pictures failed; None where none did."""
        if not self.failed:
            return None
        (name, why), were = self.failed[0], "was" if len(self.failed) == 1 else "were"
        return InputError(
            f"{len(self.failed)} of {self.pictures} pictures {were} refused, the first, {name}: {why}",
            fix="repair or remove them, or accept it with --skip-bad",
        )


def run_bulk(
    source: PathLike,
    job: Job,
    out: PathLike,
    *,
    part: int,
    cluster: str | None = None,
    replace: bool = False,
    dry_run: bool = False,
    advance: Callable[[int, int], object] | None = None,
) -> BulkResult:
    """Work on every picture, in parts; parts that are whole are passed over.

    A picture that cannot be used is in its part with the reason, and stops nothing.

    Args:
        source: see `fewpix.bulk.source.open_source`.
        job: what is done.
        out: the folder of the parts, which every machine of the cluster sees, as it sees the source.
        part: pictures in each.
        cluster: the address of a Ray cluster; None works in this process.
        replace: begin anew where the folder's parts were made in another way.
        dry_run: look, and do nothing.
        advance: told the pictures done and of all.

    Raises:
        ConfigError: the folder holds parts that were made in another way, or `part` is not above 0.
        InputError: there is no picture.
        StorageError: a part cannot be written; the parts before are whole.
        UnavailableError: pyarrow or Ray is not installed, or there is no such cluster.
        FewpixError: see `Job.open`.
    """
    if part < 1:
        raise ConfigError(f"a part must hold at least 1 picture, not {part}")
    folder = path_of(out)
    pictures, left_out = open_source(source)
    with closing(job.open()) as opened:
        source_facts = {"source_sha256": pictures.sha256, "pictures": len(pictures), "part": part}
        made = json_of(json.dumps({**opened.settings, **source_facts}))
        parts = Parts(folder, made)
        count = -(-len(pictures) // part)
        ranges = [(n, n * part, min(len(pictures), (n + 1) * part)) for n in range(count)]
        if not dry_run:
            parts.begin(replace=replace)
        whole = {n for n in range(count) if parts.is_whole(n)}
        due = [each for each in ranges if each[0] not in whole]
        if dry_run:
            return BulkResult(folder, len(pictures), count, len(whole), (), made, left_out, True)
        done = len(pictures) - sum(stop - start for _, start, stop in due)
        if cluster is None:
            for number, start, stop in due:
                parts.write(number, opened.table(pictures.part(start, stop).read()))
                done += stop - start
                if advance is not None:
                    advance(done, len(pictures))
    if cluster is not None and due:
        from fewpix.bulk.cluster import each_part

        for finished in each_part(cluster, job, opened, pictures, parts, due):
            done += finished
            if advance is not None:
                advance(done, len(pictures))
    failed = tuple(parts.failed(count))
    return BulkResult(folder, len(pictures), count, len(whole), failed, made, left_out)
