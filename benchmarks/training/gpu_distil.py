"""Ten minutes on a GPU for all students: what has to be carried there, and the one command to run there.

`pack` puts into a folder what a run needs beside the package: faces of the pool, as they are encoded, and the
teacher's embeddings of them, so that the teacher need not run; up to a number of MiB in all. Faces that the
split of `--recipe` keeps out are never among them: what comes back can be judged on these.

    python -m benchmarks.training.gpu_distil pack whole112-0.tar ... --out packed \\
        --recipe recipes/fewpix-s-photo.toml

`train` trains the students one after the other, each from its shipped weights, and sets the steps of each
recipe so that all end after the given seconds: a few steps are timed first. Each student's weights, journal
and recipe as it was run (`recipe.json`) are in a folder of its own. One that ends with an error does not keep
the others from their turn.

    python -m benchmarks.training.gpu_distil train packed --device cuda --seconds 520 --out runs/gpu
"""

from __future__ import annotations

import argparse
import io
import sys
import tarfile
import time
from collections.abc import Sequence
from pathlib import Path

from fewpix.threads import prepare_torch

prepare_torch()

import numpy as np

from benchmarks.lib.run import guarded, options
from fewpix.config import cache_dir
from fewpix.data.cache import TeacherCache
from fewpix.data.faces import FaceSet, load_faces
from fewpix.data.views import make_views
from fewpix.embed.open import open_encoder
from fewpix.errors import FewpixError
from fewpix.files import atomic
from fewpix.train.device import use_device
from fewpix.train.distil import DEFAULT_TERMS, DistilResult, Progress, distil
from fewpix.train.material import split_faces
from fewpix.train.recipe import Recipe, load_recipe

RECIPES = Path(__file__).resolve().parents[2] / "recipes"
STUDENTS = {"fewpix-s-gpu": 0.4, "fewpix-l-gpu": 0.45, "fewpix-xs-gpu": 0.15}
"""The recipe of each student, and its share of the time."""

TRIAL = (20, 60)
"""Steps before the clock starts, and of the whole trial; at its end, as many are not timed."""

MEMBER = 512  # bytes of a header in a tar archive, and the unit that members fill up to
KEYS = 320  # bytes that a cached embedding takes beside its numbers, at most
SPARE = 48 * 1024  # bytes of an empty archive and an empty cache


def pack(given: argparse.Namespace) -> int:
    """Draw faces, write them and their embeddings."""
    recipe, faces = load_recipe(given.recipe), load_faces(given.faces)
    teacher = open_encoder("teacher")
    cache = TeacherCache(
        given.cache or cache_dir() / "teacher.db", teacher.card.sha256, teacher.card.space.dim
    )
    members = split_faces(recipe, faces, cache, teacher.embed, lambda done, total: None).members
    order = np.random.default_rng(given.seed).permutation(members)
    row = 4 * teacher.card.space.dim + KEYS
    sizes = [row + MEMBER + -(-len(faces.data[int(n)]) // MEMBER) * MEMBER for n in order]
    count = int(np.searchsorted(np.cumsum(sizes), given.mib * 2**20 - SPARE, side="right"))
    chosen = np.sort(order[:count])
    packed = FaceSet(*(tuple(of[int(n)] for n in chosen) for of in (faces.keys, faces.sources, faces.data)))
    given.out.mkdir(parents=True, exist_ok=True)
    with atomic(given.out / "faces.tar") as part, tarfile.open(part, "w") as archive:
        for key, source, data in zip(packed.keys, packed.sources, packed.data, strict=True):
            info = tarfile.TarInfo(f"{key}.{source}.{'webp' if data[8:12] == b'WEBP' else 'jpg'}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    views = make_views(packed, np.arange(count), {}, flip=False, rng=np.random.default_rng(0))
    cache.copy(views.keys, given.out / "teacher.db")
    total = sum(path.stat().st_size for path in given.out.iterdir()) / 2**20
    print(
        f"{given.out}: {count} of {len(members)} faces to learn from, {total:.1f} MiB with their embeddings"
    )
    return 0


def train(given: argparse.Namespace) -> int:
    """Every student in its share of the time that is left; the exit code is that of the last error."""
    began, device, code = time.monotonic(), use_device(given.device), 0
    faces = load_faces([given.packed / "faces.tar"])
    shares = {name: STUDENTS.get(name, 1.0) for name in given.recipes}
    for n, name in enumerate(given.recipes):
        left = given.seconds - (time.monotonic() - began)
        budget = left * shares[name] / sum(shares[other] for other in given.recipes[n:])
        path = RECIPES / f"{name}.toml" if name in STUDENTS else Path(name)
        try:
            result = student(load_recipe(path), faces, given, device, budget)
        except (FewpixError, RuntimeError) as error:
            print(f"error: {name}: {error}", file=sys.stderr, flush=True)
            code = error.exit_code if isinstance(error, FewpixError) else 1
        else:
            print(f"{time.monotonic() - began:.0f} s: {result}", flush=True)
    return code


def student(
    recipe: Recipe, faces: FaceSet, given: argparse.Namespace, device: str, budget: float
) -> DistilResult:
    """One student, its steps set by how long some take and what else takes time."""
    out = given.out / recipe.name
    began, marks = time.monotonic(), dict[int, float]()

    def mark(now: Progress) -> None:
        if now.stage == "train":
            marks[now.done] = time.monotonic()

    first, last = given.trial
    # A trial is logged, and so waited for, at multiples of `first` only, and scored and saved at its end.
    trial = with_run(recipe, steps=last, log_every=first, checkpoint_every=last, evaluate_every=last)
    run(trial, faces, given, device, out.with_name(f"{recipe.name}-trial"), mark)
    took = time.monotonic() - began
    each = (marks[last - first] - marks[first]) / (last - 2 * first)
    # The trial is paid for; all but its steps has to be paid for once more.
    steps = max(last, int((budget - took - (took - each * last)) / each))
    print(f"{recipe.name}: {1000 * each:.1f} ms a step, {steps} steps of {recipe.run.batch}", flush=True)
    longer = with_run(recipe, steps=steps)
    result = run(longer, faces, given, device, out, lambda now: None)
    (out / "recipe.json").write_text(longer.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return result


def with_run(recipe: Recipe, **changes: int) -> Recipe:
    """The recipe with other values in `run`."""
    return recipe.model_copy(update={"run": recipe.run.model_copy(update=changes)})


def run(
    recipe: Recipe, faces: FaceSet, given: argparse.Namespace, device: str, out: Path, mark: object
) -> DistilResult:
    """`fewpix distil` anew, with the packed embeddings."""
    teacher = open_encoder("teacher")
    assert callable(mark)
    return distil(
        *(recipe, faces, out),
        teacher_embed=teacher.embed,
        teacher_card=teacher.card,
        resume=False,
        on_progress=mark,
        cache=given.packed / "teacher.db",
        device=device,
        degrade_on="device",
        terms=given.terms or DEFAULT_TERMS,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse and run."""
    parser = options(__doc__)
    verbs = parser.add_subparsers(required=True)
    one = verbs.add_parser("pack")
    one.add_argument("faces", type=Path, nargs="+")
    one.add_argument("--recipe", type=Path, required=True, help="whose split says what is kept out")
    one.add_argument("--mib", type=float, default=56, help="of all that is written")
    one.add_argument("--seed", type=int, default=0)
    one.add_argument("--cache", type=Path)
    one.add_argument("--out", type=Path, required=True)
    one.set_defaults(work=pack)
    other = verbs.add_parser("train")
    other.add_argument("packed", type=Path)
    other.add_argument("--device", default="cuda")
    other.add_argument("--seconds", type=float, default=520)
    other.add_argument("--recipes", nargs="+", default=list(STUDENTS), help="names above, or files")
    other.add_argument("--trial", type=int, nargs=2, default=TRIAL)
    other.add_argument("--terms", default="")
    other.add_argument("--out", type=Path, required=True)
    other.set_defaults(work=train)
    given = parser.parse_args(arguments)
    failed: list[int] = []
    return guarded(lambda: failed.append(given.work(given))) or failed[0]


if __name__ == "__main__":
    sys.exit(main())
