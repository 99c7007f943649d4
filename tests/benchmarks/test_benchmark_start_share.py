"""The benchmark of the share of the start: its two ends are scored as the two ends of a run."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from fewpix.data.faces import load_faces
from fewpix.evaluate.result.file import read_result
from fewpix.image.codec import write_image
from fewpix.models.teacher import sface
from tiny_student import POOL_RECIPE, orl_crops

pytestmark = pytest.mark.needs("samples", "torch")

RECIPE = POOL_RECIPE + "[optim]\nstart_share = 0.5\n"


def test_both_ends_and_the_middle(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import torch

    from fewpix.embed.open import open_encoder
    from fewpix.models.zoo import architecture, build
    from fewpix.train.checkpoint import Identity, save_checkpoint
    from fewpix.train.heldout import HeldOut
    from fewpix.train.recipe import parse_recipe
    from fewpix.train.step import Distiller

    monkeypatch.setattr(importlib.import_module("benchmarks.lib.pool"), "cache_dir", lambda: tmp_path)
    bench = importlib.import_module("benchmarks.training.start_share")
    for n, crop in enumerate(orl_crops(40)[::10]):
        write_image(tmp_path / "faces" / f"{n:03d}.png", crop)
    faces, recipe = load_faces([tmp_path / "faces"]), parse_recipe(RECIPE, "x")
    (tmp_path / "tiny.toml").write_text(RECIPE)
    torch.manual_seed(0)
    distiller = Distiller(build("lr24-tiny", 128), recipe, 128, torch.device("cpu"))
    distiller.start_from(build("lr24-tiny", 128))
    distiller.average.load_state_dict(build("lr24-tiny", 128).state_dict())
    teacher = sface().card.sha256
    identity = Identity(recipe.sha256, "lr24-tiny", faces.sha256, teacher, torch.__version__, 1)
    save_checkpoint(tmp_path / "c.safetensors", distiller, identity)

    words = ["c.safetensors", "tiny.toml", "faces", "--shares", "0", "0.5", "1", "--out", "out.json"]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["start_share", *words])
    assert bench.main() == 0
    found = read_result(tmp_path / "out.json")
    assert found["run"] == {"recipe": recipe.sha256, "teacher": teacher}
    assert [figure["share"] for figure in found["figures"]] == [0, 0.5, 1]
    held = bench.held_out(bench.pool_of(recipe, faces.sha256, [Path("faces")], open_encoder("teacher")))
    assert found["data"]["held_out"] == len(held.scored) == 30
    crops = [faces.crop(int(n)) for n in held.scored]
    scorer = HeldOut(crops, held.teacher, architecture("lr24-tiny").preprocess)
    assert distiller.start is not None
    for n, model in ((0, distiller.average), (2, distiller.start)):
        by_hand = scorer.score(lambda x, model=model: torch.nn.functional.normalize(model(x), dim=1))
        for size, cosine in by_hand.cosine.items():
            assert found["figures"][n]["cosine"][str(size)] == pytest.approx(cosine, abs=1e-4)
            assert found["figures"][1]["cosine"][str(size)] != pytest.approx(cosine, abs=1e-4)

    monkeypatch.setattr(
        sys, "argv", ["start_share", "c.safetensors", "tiny.toml", "c.safetensors", *words[3:]]
    )
    assert bench.main() != 0
