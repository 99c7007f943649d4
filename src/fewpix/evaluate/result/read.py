"""Results read from files: in today's form, or in that of the tables of LFW before it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from fewpix.errors import InputError
from fewpix.evaluate.result.model import SCHEMA, Part, Result, UccsScores

UCCS_SCORES = "uccs-scores-1"
LFW_TABLE = "lfw-table-1"

SCHEMAS: dict[str, type[Result] | type[UccsScores]] = {SCHEMA: Result, UCCS_SCORES: UccsScores}
"""What results call their own form → the form. Tables of LFW are read besides."""

KNOWN = (*SCHEMAS, LFW_TABLE)
"""All that is read."""

EARLIER = ("pairs-1", "search-1", "template-pairs-1", "template-search-1", "uccs-1", "lfw-1", "comparison-1")
"""Schemas of results from before there was one form; they are to be measured again."""

_FIRST_TABLES = {"benchmark", "data", "models", "settings", "figures"}
"""Keys of a table of LFW from before tables had a schema."""


def kind_of(payload: Mapping[str, Any]) -> object:
    """The schema of a result; that of the first tables of LFW is known by their keys."""
    if set(payload) == _FIRST_TABLES and payload["benchmark"] == "lfw":
        return LFW_TABLE
    return payload.get("schema")


def parsed(payload: Mapping[str, Any], name: str = "the result") -> Result | UccsScores:
    """A result in its form.

    Args:
        payload: JSON values.
        name: of the file, for messages.

    Raises:
        InputError: its schema is unknown, or it is not as its schema says.
    """
    kind = kind_of(payload)
    if kind == LFW_TABLE:
        payload, kind = _of_table(payload, name), SCHEMA
    if not isinstance(kind, str) or kind not in SCHEMAS:
        known = ", ".join(KNOWN)
        raise InputError(
            f"{name} has the unknown schema {kind!r}; known are {known}",
            fix="name a result of fewpix evaluate or fewpix compare, or measure it again",
        )
    form: type[Part] = SCHEMAS[kind]
    try:
        found = form.model_validate(dict(payload))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"{name} is not as {kind} has it: {place}: {first['msg']}", fix="measure it again"
        ) from error
    assert isinstance(found, Result | UccsScores)
    return found


def _of_table(payload: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A table of LFW in today's form; what it did not say is told as unknown.

    Raises:
        InputError: it lacks what tables have.
    """
    try:
        return _converted(payload)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{name} is not as {LFW_TABLE} has it: {error}", fix="measure it again") from error


def _converted(payload: Mapping[str, Any]) -> dict[str, Any]:
    data, how, rows = payload["data"], payload["settings"], payload["figures"]
    protocols = list(dict.fromkeys(row["protocol"] for row in rows))
    cells, differences = [], []
    for row in rows:
        part = {"protocol": row["protocol"]} if len(protocols) > 1 else {}
        place = {"model": row["model"], "size": row["size"], "part": part}
        figures = [_figure("accuracy", "", row["accuracy"], row["accuracy_ci95"])]
        figures += [
            _figure("tar", far, value, row["tar_at_far_ci95"][far])
            for far, value in row["tar_at_far"].items()
        ]
        nothing = dict.fromkeys(("seen", "curve", "ranks", "histogram", "worst"))
        cells.append({**place, "counts": {}, "figures": figures, **nothing})
        change = row.get("minus_baseline")
        if change is not None:
            said = {"measure": "accuracy", "at": "", "difference": change["accuracy"], "ci95": change["ci95"]}
            differences.append({**place, "minus": how["baseline"], "changes": [{**said, "mcnemar": None}]})
    pairs = int(data["pairs"])
    return {
        "schema": SCHEMA,
        "task": "pairs",
        "benchmark": {
            "kind": "lfw",
            "variant": "",
            "counts": [],
            "listed": data["pictures"],
            "missing": 0,
            "missing_first": [],
            "complete": data["missing"] == 0,
            "comparisons": {"pairs": pairs},
            "left_out": data["missing"],
            "coverage": pairs / (pairs + data["missing"]),
            "lists_sha256": data["sha256"],
            "data_sha256": data["sha256"],
        },
        "treatment": {
            "protocols": protocols,
            "small": "second",
            "family": how["family"],
            "seed": how["seed"],
            "interpolation": how["interpolation"],
            "fit": "aligned",
            "flip": how["flip"],
            "alignment": "pictures are crops of faces",
        },
        "models": payload["models"],
        "others": {},
        "bootstrap": {
            "level": 0.95,
            "replicates": how["replicates"],
            "seed": how["seed"],
            "how": how["interval"].removeprefix("95 %, "),
        },
        "cells": cells,
        "differences": differences,
        "compared": [],
        "scores_sha256": payload.get("scores_sha256"),
    }


def _figure(measure: str, at: str, value: float | None, ci95: object) -> dict[str, Any]:
    reason = "" if value is not None else "the pairs of two people are too few to show it"
    said = {"measure": measure, "at": at, "value": value, "ci95": ci95}
    return {**said, "threshold": None, "reason": reason, "detail": {}}
