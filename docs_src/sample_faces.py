"""Makes ./sample, the folder that the examples in docs/ work on, from the ORL faces.

photos/s1/1.png ...   two photographs of each of eight people, to enrol
frame.png             a picture with small faces of four of them
walk.mp4              two seconds in which two of them and a stranger walk by
camera/*.png          aligned crops of 16 px of the same people: what a far camera gives
faces/*.png           aligned sharp faces of eight other people, to distil on
pairs/                aligned faces and pairs.txt in the form of LFW
search.csv            five of the eight people as a gallery, and the faces of the far camera as probes
teacher.onnx (.json)  a face encoder with its card: SFace, standing in for a teacher of your own
"""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np

from fewpix.data.orl import load_orl
from fewpix.degrade import family, per_item_rng
from fewpix.detect import default_detector
from fewpix.image.align import align
from fewpix.image.codec import write_image
from fewpix.models.teacher import sface
from fewpix.video import h264_file

OUT, ENROLLED, PEOPLE = Path("sample"), 8, 16

orl, detector = load_orl(), default_detector()
for n, photo in enumerate(orl.images[: 10 * PEOPLE]):
    person, number = n // 10 + 1, n % 10 + 1
    crop = align(photo, detector.detect(photo)[0].points, side=112)
    if person > ENROLLED:
        write_image(OUT / f"faces/s{person}-{number}.png", crop)
        continue
    if number <= 2:
        write_image(OUT / f"photos/s{person}/{number}.png", photo)
    else:
        small = family("area", 16).apply(crop, per_item_rng(0, n))
        write_image(OUT / f"camera/s{person}-{number}.png", small)
    if number <= 3:
        write_image(OUT / f"pairs/s{person}/s{person}_{number:04d}.png", crop)

frame = np.full((160, 320, 3), 120, np.uint8)
for place, width in enumerate((12, 16, 24, 32)):
    face = cv2.resize(
        orl.images[10 * place + 9], (width, round(width * 112 / 92)), interpolation=cv2.INTER_AREA
    )
    left = 30 + 75 * place
    frame[60 : 60 + len(face), left : left + width] = face
write_image(OUT / "frame.png", frame)

# Two of the enrolled and somebody else, 20 px wide, walk past in lanes of their own.
with h264_file(OUT / "walk.mp4") as film:
    for n in range(20):
        scene = np.full((160, 320, 3), 120, np.uint8)
        for lane, (person, start, step) in enumerate(((1, 10, 13), (3, 280, -12), (30, 20, 12))):
            face = cv2.resize(orl.images[10 * person + 5], (20, 24), interpolation=cv2.INTER_AREA)
            left = start + step * n
            scene[15 + 50 * lane : 39 + 50 * lane, left : left + 20] = face
        film.write(scene, n / 10)

# Two folds with, in each, eight pairs of one person and eight of two: NAME n m, and NAME n OTHER m.
lines = ["2\t8"]
for other in (2, 3):
    lines += [f"s{person}\t1\t{other}" for person in range(1, ENROLLED + 1)]
    lines += [f"s{person}\t1\ts{person % ENROLLED + 1}\t{other}" for person in range(1, ENROLLED + 1)]
(OUT / "pairs/pairs.txt").write_text("\n".join(lines) + "\n")

rows = [f"pairs/s{person}/s{person}_0001.png,s{person},gallery" for person in range(1, 6)]
rows += [
    f"camera/s{person}-{number}.png,s{person},probe"
    for person in range(1, ENROLLED + 1)
    for number in range(3, 11)
]
(OUT / "search.csv").write_text("\n".join(["picture,person,role", *rows]) + "\n")

shutil.copyfile(sface().path, OUT / "teacher.onnx")
card = {
    "name": "my-teacher",
    "dim": 128,
    "preprocess": {"side": 112, "color": "rgb", "mean": [0, 0, 0], "std": [1, 1, 1]},
    "terms": "Apache-2.0 (OpenCV Zoo, SFace 2021dec)",
}
(OUT / "teacher.onnx.json").write_text(json.dumps(card, indent=2) + "\n")
