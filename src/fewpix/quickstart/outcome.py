"""What the quickstart made, in words, as JSON and for the report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fewpix.quickstart.faces import SampleFaces, Split
from fewpix.quickstart.identifying import Identified
from fewpix.quickstart.learning import Learnt
from fewpix.quickstart.results import Table

NOTE = (
    "ORL is an easy set: near-frontal faces before a plain wall, few people. The figures that count are\n"
    "those on LFW, in results/lfw/table.json and the README's table. The weights, shipped and made here,\n"
    "are for research only."
)


@dataclass(frozen=True, eq=False)
class Quickstart:
    """What the quickstart made.

    Args:
        report: the page with everything.
        table: the figures.
        faces: the sample faces.
        parts: who was learnt from and who tested.
        learnt: the training run.
        scene: the searched picture.
        seconds: wall-clock time.
    """

    report: Path
    table: Table
    faces: SampleFaces
    parts: Split
    learnt: Learnt
    scene: Identified
    seconds: float

    @property
    def learn_people(self) -> int:
        """How many people were learnt from."""
        return len(set(self.faces.people[self.parts.learn].tolist()))

    @property
    def test_people(self) -> int:
        """How many people were tested, each with the same number of enrolled pictures."""
        return len(set(self.faces.people[self.parts.gallery].tolist()))

    def __str__(self) -> str:
        return (
            f"{self.table}\n\n"
            f"{len(self.parts.probes)} probes of {self.test_people} people never trained on, "
            "one sharp picture each enrolled; in brackets 95 % intervals.\n"
            f"{self.scene}\n{NOTE}\n\n"
            f"report: {self.report} ({self.seconds:.0f} s)"
        )

    def to_json(self) -> dict[str, Any]:
        """The figures and where the page is."""
        return {"report": str(self.report), "seconds": round(self.seconds, 1), **self.payload()}

    def payload(self) -> dict[str, Any]:
        """What the seed and the weights determine."""
        return {
            "data": {
                "set": "ORL",
                "learn_people": self.learn_people,
                "learn_pictures": len(self.parts.learn),
                "test_people": self.test_people,
                "adapt_pictures": len(self.parts.adapt),
                "probes": len(self.parts.probes),
                "no_face_found": list(self.faces.skipped),
            },
            "distil": {
                "recipe": self.learnt.recipe.model_dump(mode="json"),
                "objective": [round(self.learnt.first, 4), round(self.learnt.last, 4)],
            },
            "figures": self.table.to_json(),
            "scene": self.scene.to_json(),
            "note": " ".join(NOTE.split()),
        }
