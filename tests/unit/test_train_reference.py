"""The reference of a student is measured on its training faces; under it, such faces change nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from fewpix.adapt.apply import mixed_statistics, norm_layers  # noqa: E402  (torch may not be installed)
from fewpix.adapt.estimate import estimate, follow  # noqa: E402
from fewpix.data.faces import load_faces  # noqa: E402
from fewpix.data.orl import load_orl  # noqa: E402
from fewpix.degrade import PRESETS  # noqa: E402
from fewpix.errors import ConfigError  # noqa: E402
from fewpix.image.codec import write_image  # noqa: E402
from fewpix.image.resize import resize_square  # noqa: E402
from fewpix.models.card import Card  # noqa: E402
from fewpix.models.teacher import sface  # noqa: E402
from fewpix.models.zoo import architecture, build  # noqa: E402
from fewpix.train.recipe import parse_recipe  # noqa: E402
from fewpix.train.reference import measure_reference  # noqa: E402

pytestmark = pytest.mark.needs("samples")

RECIPE = parse_recipe(
    """
name = "x"
[model]
arch = "lr24-tiny"
[objective]
cosine = {}
[run]
steps = 1
batch = 8
""",
    "x",
)


@pytest.fixture
def student() -> tuple[torch.nn.Module, Card]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = build("lr24-tiny", 128)
        model(torch.randn(64, 3, 24, 24))  # statistics that are its own
    shape = architecture("lr24-tiny")
    return model.eval(), Card("x", "lr24-tiny", "a" * 64, sface().card.space, shape.preprocess, "none", {})


def test_training_faces_of_one_size_are_nothing_strange(
    student: tuple[torch.nn.Module, Card], tmp_path: Path
) -> None:
    model, card = student
    for n, image in enumerate(load_orl().images[:40]):
        write_image(tmp_path / f"{n:02d}.png", resize_square(image[12:104], 112))
    faces = load_faces([tmp_path])
    told: list[tuple[int, int]] = []
    before = {name: value.clone() for name, value in model.state_dict().items()}
    found = measure_reference(model, card, RECIPE, faces, np.arange(30), lambda *now: told.append(now))
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name
    sides = (8, 10, 12, 14, 16, 20, 24, 28, 32)
    assert tuple(found.sizes) == PRESETS["train"].sides == sides
    assert told == [(n + 1, 9) for n in range(9)]
    assert (found.model_sha256, found.faces_sha256) == (card.sha256, faces.sha256)
    assert {item.count for layers in found.sizes.values() for item in layers.values()} == {30}
    again = measure_reference(model, card, RECIPE, faces, np.arange(30))
    assert again.id == found.id

    # The very faces that the first size was measured on: drawn again by the same numbers.
    rng = np.random.default_rng([0, 4])
    drawn = rng.permutation(list(range(30)))
    chain = PRESETS["train"].at(8)
    assert chain.sides == (8,)
    small = [chain.apply(faces.crop(int(n)), rng) for n in drawn]
    assert {crop.shape for crop in small} == {(8, 8, 3)}
    pixels = torch.from_numpy(card.preprocess.apply(small))
    options = {"model_sha256": card.sha256, "source": "x", "final": True, "minimum": 1}
    compared = {"reference": found.at([8] * 30), **options}
    for state in (
        estimate(model, pixels, mode="batch", **compared),
        estimate(model, pixels, mode="batch", memory_mb=0, **compared),
        follow(model, pixels, momentum=0.9, batch=30, **compared),
    ):
        assert state.has_reference
        for name, (mean, var) in mixed_statistics(model, state).items():
            norm = norm_layers(model)[name]
            torch.testing.assert_close(mean, norm.running_mean, rtol=1e-4, atol=1e-5)
            torch.testing.assert_close(var, norm.running_var, rtol=1e-4, atol=1e-6)
    plain = mixed_statistics(model, estimate(model, pixels, mode="batch", **options))
    moved = [
        float(((var / norm_layers(model)[name].running_var).log()).abs().max())
        for name, (_, var) in plain.items()
    ]
    assert max(moved) > 0.2  # without the reference, the size alone is strange


def test_a_pool_that_is_never_seen_as_it_is_has_none(
    student: tuple[torch.nn.Module, Card], tmp_path: Path
) -> None:
    model, card = student
    write_image(tmp_path / "a.png", resize_square(load_orl().images[0][12:104], 112))
    with pytest.raises(ConfigError, match="sees no face as it is"):
        measure_reference(model, card, RECIPE, load_faces([tmp_path]), np.zeros(0, np.int64))
