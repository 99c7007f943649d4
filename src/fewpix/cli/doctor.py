"""`fewpix doctor`: what is installed and what will be used, and why."""

from __future__ import annotations

import typer

from fewpix.cli.output import AsJson, emit, progress
from fewpix.errors import UnavailableError


def doctor(
    as_json: AsJson = False,
) -> None:
    """Show what is installed, which runtime and device will be used and why, and if the weights are whole.

    Ends with exit code 0 when everything needed works, and with 9 when something does not; missing extras are
    no fault.
    """
    from fewpix.doctor.diagnosis import diagnose

    with progress("looking around", as_json=as_json):
        found = diagnose()
    emit(found, as_json)
    if found.faults:
        raise typer.Exit(UnavailableError.exit_code)
