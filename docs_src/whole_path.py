"""The whole path as a library: from photographs to candidates for faces of 16 pixels.

Run it after `pip install "fewpix[all]"`; it writes into ./whole_path and takes some seconds. The faces (ORL,
an easy set), the teacher and the training are real; there is only very little of each.
"""

from pathlib import Path

import cv2
import numpy as np

from fewpix.adapt.stats import save_state
from fewpix.data.faces import load_faces
from fewpix.data.orl import load_orl
from fewpix.degrade import family, per_item_rng
from fewpix.detect import default_detector
from fewpix.embed.adaptation import adapt_to
from fewpix.embed.open import open_encoder
from fewpix.evaluate.identification import identify
from fewpix.export.onnx import export_onnx
from fewpix.gallery import Gallery
from fewpix.identify import Identifier, draw, enrol_photo
from fewpix.image.align import align
from fewpix.image.codec import write_image
from fewpix.train.distil import distil
from fewpix.train.recipe import parse_recipe

PEOPLE, PIXELS, OUT = 14, 16, Path("whole_path")
RECIPE = """
name = "mine"
model = { arch = "lr28-sface-l", init = "fewpix-s" }
data = { holdout = 0.0 }
objective = { cosine = { weight = 2.0 }, infonce = {}, row-kl = {}, crrcd = { weight = 0.2 } }
optim = { lr = 1e-4, warmup = 4 }
run = { steps = 6, batch = 32, queue = 512 }
"""

# Ten photographs per person: cut the face out upright, and make it as small as a far camera would see it.
orl, detector, teacher = load_orl(), default_detector(), open_encoder("teacher")
photos = orl.images[: 10 * PEOPLE]
sharp = [align(photo, detector.detect(photo)[0].points, side=112) for photo in photos]
small = [family("area", PIXELS).apply(crop, per_item_rng(0, n)) for n, crop in enumerate(sharp)]

# Half of the people to learn from; of each other one photo to enrol, five to adapt to, four to search for.
people, photo_of = np.divmod(np.arange(len(photos)), 10)
known, tested = np.flatnonzero(people < PEOPLE // 2), people >= PEOPLE // 2
enrolled = np.flatnonzero(tested & (photo_of == 0))
unlabelled = np.flatnonzero(tested & (photo_of > 0) & (photo_of < 6))
probes = np.flatnonzero(tested & (photo_of >= 6))

# Distil: the student learns to put a small face where the teacher puts the sharp one.
for n in known:
    write_image(OUT / "faces" / f"{n}.png", sharp[n])
recipe, faces = parse_recipe(RECIPE, "RECIPE"), load_faces([OUT / "faces"])
run = distil(recipe, faces, OUT / "run", teacher_embed=teacher.embed, teacher_card=teacher.card, resume=False)
print(export_onnx(run.weights, OUT / "mine.onnx"))

# FaceBN: unlabelled small faces of the new place give the student's BatchNorm layers their statistics.
state = adapt_to(run.weights, [small[n] for n in unlabelled], source="ORL at 16 px")
save_state(OUT / "place.safetensors", state)
student = open_encoder(OUT / "mine.onnx", state=state)

# How often is the best candidate right? The gallery is sharp and the teacher's, the probes are the student's.
gallery = teacher.embed([sharp[n] for n in enrolled])
print(identify(student.embed([small[n] for n in probes]), people[probes], gallery, people[enrolled]))

# Enrol the photographs, then look for small faces in one picture. Without a threshold nobody is named.
scene = np.full((90, 180, 3), 128, np.uint8)
for n, left in zip(probes[::4], (20, 80, 140), strict=False):
    scene[35:55, left : left + 16] = cv2.resize(photos[n], (16, 20), interpolation=cv2.INTER_AREA)
with Gallery.open(OUT / "people.db", teacher.card.space) as store:
    for n in enrolled:
        name = f"person {people[n]}"
        enrol_photo(photos[n], name, orl.names[n], detector=detector, encoder=teacher, gallery=store)
    found = Identifier(detector, student, store, top=2).identify_picture(scene, "scene.png")
print(found)
write_image(OUT / "scene-identified.png", draw(scene, found))
