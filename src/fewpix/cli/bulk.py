"""Verbs over very many pictures: written in parts, resumed by running them again, here or on a cluster."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from fewpix.cli.output import emit, progress
from fewpix.cli.targets import DryRun
from fewpix.errors import ConfigError

if TYPE_CHECKING:
    from fewpix.bulk.job import Job

Ray = Annotated[
    str | None,
    Option(
        metavar="ADDRESS",
        help="Write parts by the workers of a Ray cluster: local (start one here), auto (the one that this "
        "machine is part of), HOST:PORT, or ray://HOST:PORT.",
        show_default=False,
    ),
]
PartSize = Annotated[int, Option(help="Pictures in a part.", min=1)]


@dataclass(frozen=True)
class BulkOptions:
    """How parts are written, as it was asked for."""

    ray: Ray = None
    part_size: PartSize = 500
    dry_run: DryRun = False

    def wanted(self, out: Path | None) -> bool:
        """Whether parts are asked for: by an output that is a folder, that is a name without an ending.

        Raises:
            ConfigError: what is for parts was asked for, and the output is none.
        """
        if out is not None and not out.suffix:
            return True
        if self.ray is not None or self.dry_run:
            asked = "--ray" if self.ray is not None else "--dry-run"
            raise ConfigError(f"{asked} is for parts", fix="name a folder for them, such as --out parts")
        return False

    def run(
        self, job: Job, source: Path, out: Path, *, replace: bool, skip_bad: bool, as_json: bool, doing: str
    ) -> None:
        """Write the parts, show what came of it, and end as `run_bulk` and the pictures have it.

        Args:
            job: what is done.
            source: the pictures.
            out: the folder.
            replace: begin anew.
            skip_bad: pictures that cannot be used are no error.
            as_json: as for every verb.
            doing: what is going on, for the bar.
        """
        from fewpix.bulk.run import run_bulk

        with progress(doing, as_json=as_json) as bar:
            done = run_bulk(
                source,
                job,
                out,
                part=self.part_size,
                cluster=self.ray,
                replace=replace,
                dry_run=self.dry_run,
                advance=bar,
            )
        emit(done, as_json, done.left_out)
        error = done.error()
        if error is not None and not (skip_bad and len(done.failed) < done.pictures):
            raise error


def absolute(path: Path | str | None) -> str | None:
    """A path as every machine has it; what is no file here, such as a model's name or an address, stays."""
    if path is None:
        return None
    return str(Path(path).resolve()) if Path(path).exists() else str(path)
