"""Where a service keeps its data, for the verbs that have to do with one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

if TYPE_CHECKING:
    from fewpix.serve.database import ServiceDatabase

DATA = "fewpix-data"

Data = Annotated[
    str, Option("--data", help="Folder of the service: collections, keys, audit log; made when missing.")
]


def open_service(data: str) -> ServiceDatabase:
    """The file of a service, which may be running."""
    from fewpix.optional import require
    from fewpix.serve.database import ServiceDatabase

    require("fastapi", use="the service")
    return ServiceDatabase(Path(data).expanduser())
