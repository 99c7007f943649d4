"""The reference of a student is measured on its training faces; faces of such places change nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from fewpix.adapt.apply import mixed_statistics, norm_layers  # noqa: E402  (torch may not be installed)
from fewpix.adapt.estimate import estimate  # noqa: E402
from fewpix.adapt.expected import Expected  # noqa: E402
from fewpix.adapt.stats import NormState  # noqa: E402
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
from fewpix.train.reference import FACES, PLACES, familiar, measure_reference  # noqa: E402

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


@pytest.mark.slow
def test_training_faces_of_one_size_are_nothing_strange(
    student: tuple[torch.nn.Module, Card], tmp_path: Path
) -> None:
    model, card = student
    for n, image in enumerate(load_orl().images[:40]):
        write_image(tmp_path / f"{n:02d}.png", resize_square(image[12:104], 112))
    faces = load_faces([tmp_path])
    told: list[tuple[int, int]] = []
    before = {name: value.clone() for name, value in model.state_dict().items()}
    few = {"places": PLACES // 2, "each": FACES // 3}
    found = measure_reference(model, card, RECIPE, faces, np.arange(30), lambda *now: told.append(now), **few)
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name
    sides = (8, 10, 12, 14, 16, 20, 24, 28, 32)
    assert tuple(found.sizes) == PRESETS["train"].sides == sides
    assert told == [(n + 1, 9) for n in range(9)]
    assert (found.model_sha256, found.faces_sha256) == (card.sha256, faces.sha256)
    again = measure_reference(model, card, RECIPE, faces, np.arange(30), sides=[8], **few)
    assert again.faces == found.faces == 2 * (PLACES // 2) * (FACES // 3)
    for name, layer in again.sizes[8].items():  # the first size is drawn first
        for part, value in vars(layer).items():
            np.testing.assert_array_equal(value, getattr(found.sizes[8][name], part))

    # The very faces that the first size was measured on: drawn again by the same numbers.
    rng = np.random.default_rng([0, 4])
    drawn = np.resize(rng.permutation(list(range(30))), (PLACES // 2, 2 * (FACES // 3)))
    chain, small = PRESETS["train"].at(8), []
    for members in drawn:
        place = chain.place(rng)
        small.append(card.preprocess.apply([place.apply(faces.crop(int(n)), rng) for n in members]))
    pixels = torch.from_numpy(np.concatenate(small))
    options = {"model_sha256": card.sha256, "source": "x", "minimum": 1}
    expected = found.at([8] * len(pixels))
    for name, moments in estimate(
        model, pixels, mode="batch", order="naive", final=True, **options
    ).layers.items():
        np.testing.assert_allclose(expected[name].mean, moments.mean, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(expected[name].var, moments.var, rtol=1e-4, atol=1e-6)
    exact = {
        name: Expected(layer.mean, layer.var, 0 * layer.mean, 0 * layer.var)
        for name, layer in expected.items()
    }
    for state in (
        estimate(model, pixels, expected=exact, **options),
        estimate(model, pixels, expected=exact, memory_mb=0, **options),
    ):
        assert (state.mode, state.weight) == ("excess", 0.0)
        assert set(state.layers) == set(norm_layers(model))  # the one at the end is among them
        for name, (mean, var) in mixed_statistics(model, state).items():
            norm = norm_layers(model)[name]
            torch.testing.assert_close(mean, norm.running_mean, rtol=1e-4, atol=1e-5)
            torch.testing.assert_close(var, norm.running_var, rtol=1e-4, atol=1e-6)

    # One place of training, other faces: without the reference it is far from the source, with it familiar.
    place = chain.place(rng)
    other = torch.from_numpy(card.preprocess.apply([place.apply(faces.crop(n), rng) for n in range(30, 40)]))
    plain = estimate(model, other, mode="batch", final=True, **options)
    ours = estimate(model, other, expected=found.at([8] * 10), **options)
    assert moved(model, ours) < 0.1 * moved(model, plain)
    dark = estimate(model, 0.2 * other, expected=found.at([8] * 10), **options)  # no place of training
    assert moved(model, dark) > 3 * moved(model, ours) + 0.05
    with pytest.raises(ConfigError, match="needs what training faces look like"):
        estimate(model, other, mode="excess", **options)
    with pytest.raises(ConfigError, match="'excess', and no other"):
        estimate(model, other, mode="batch", expected=exact, **options)


def moved(model: torch.nn.Module, state: NormState) -> float:
    """How far a state moves the logarithm of variances, in the mean over channels and layers."""
    norms = norm_layers(model)
    return float(
        np.mean(
            [
                float((var / norms[name].running_var).log().abs().mean())
                for name, (_, var) in mixed_statistics(model, state).items()
            ]
        )
    )


def test_spreads_of_places_and_of_faces_are_told_apart() -> None:
    """Against the model that made them: places with σ = 2, faces with σ = 3, means of 24 of them."""
    rng = np.random.default_rng(0)
    places, channels = 400, 50
    place = rng.normal(0, 2, (places, 1, channels))
    means = 5 + place + rng.normal(0, 3 / 24**0.5, (places, 2, channels))
    logs = 0.7 * rng.normal(size=(places, 1, channels)) + rng.normal(0, 1 / 24**0.5, (places, 2, channels))
    found = familiar(means, np.exp(logs), 24)
    assert found.mean_place.mean() == pytest.approx(2, rel=0.02)
    assert found.mean_face.mean() == pytest.approx(3, rel=0.02)
    assert found.var_place.mean() == pytest.approx(0.7, rel=0.02)
    assert found.var_face.mean() == pytest.approx(1, rel=0.02)
    assert found.mean.mean() == pytest.approx(5, abs=0.1)
    pooled = np.exp(logs) + (means - found.mean) ** 2
    np.testing.assert_allclose(found.var, pooled.mean(axis=(0, 1)))
    alike = familiar(np.broadcast_to(means[:1], means.shape), np.exp(logs), 24)
    assert not alike.mean_place.any()  # less than what the faces explain is nothing


def test_a_pool_that_is_never_seen_as_it_is_has_none(
    student: tuple[torch.nn.Module, Card], tmp_path: Path
) -> None:
    model, card = student
    write_image(tmp_path / "a.png", resize_square(load_orl().images[0][12:104], 112))
    with pytest.raises(ConfigError, match="sees no face as it is"):
        measure_reference(model, card, RECIPE, load_faces([tmp_path]), np.zeros(0, np.int64))
