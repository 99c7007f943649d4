"""The files of jobs: each in a folder of its own, which goes with the job."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path

from fewpix.errors import StorageError
from fewpix.serve.jobs.task import FILM

INCOMING = ".incoming"


class Files:
    """The folder of all jobs.

    Args:
        folder: made when it is needed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def incoming(self) -> Path:
        """A path for a file that comes or goes; errors as `take`."""
        place = self.folder / INCOMING
        try:
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise StorageError(f"cannot make {place}: {error.strerror}", fix="check the disk") from error
        return place / secrets.token_hex(8)

    def of(self, job: str) -> Path:
        """The folder of a job."""
        return self.folder / job

    def film(self, job: str) -> Path:
        """The file that came with a job."""
        return self.of(job) / FILM

    def take(self, file: Path, job: str) -> None:
        """Move a file that came to its job.

        Raises:
            StorageError: it cannot be moved.
        """
        try:
            self.of(job).mkdir(mode=0o700)
            file.rename(self.film(job))
        except OSError as error:
            self.remove(job)
            what = f"cannot write {self.of(job)}: {error.strerror}"
            raise StorageError(what, fix="check the disk") from error

    def drop(self, job: str) -> None:
        """Delete what came with a job."""
        self.film(job).unlink(missing_ok=True)

    def remove(self, job: str) -> None:
        """Delete all of a job."""
        shutil.rmtree(self.of(job), ignore_errors=True)

    def tidy(self, known: set[str]) -> None:
        """Delete files of no job, which a killed service has left."""
        if self.folder.is_dir():
            for path in self.folder.iterdir():
                if path.name not in known:
                    shutil.rmtree(path, ignore_errors=True)
