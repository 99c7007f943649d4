"""Makes ./sample/gate.mp4, a minute at a gate made of ORL faces, for the page that docs/cli/video.md shows.

Six people pass by, four of them enrolled by docs_src/sample_faces.py; two strangers come twice. Then

    fewpix enrol sample/photos --folder-per-person --gallery people.db
    fewpix identify sample/gate.mp4 --gallery people.db --fpir 0.05 --report gate.html
"""

from pathlib import Path

import cv2
import numpy as np

from fewpix.data.orl import load_orl
from fewpix.video import h264_file

RATE, SECONDS, SIZE = 5, 60, (640, 360)

PASSING = (
    # ORL person, seconds of coming and going, height of the way in pixels, width of the face
    (0, 1.0, 8.0, 60, 26),
    (20, 4.0, 13.0, 180, 28),
    (2, 10.0, 16.0, 70, 22),
    (31, 15.0, 22.0, 210, 26),
    (5, 18.0, 25.0, 90, 30),
    (0, 27.0, 33.0, 190, 30),
    (20, 30.0, 38.0, 60, 26),
    (6, 36.0, 42.0, 200, 24),
    (31, 43.0, 50.0, 80, 28),
    (2, 49.0, 56.0, 190, 28),
)

faces = load_orl().images
rng = np.random.default_rng(0)
clouds = cv2.resize(rng.uniform(95, 135, (5, 8)), SIZE, interpolation=cv2.INTER_CUBIC)
wall = np.repeat(clouds[:, :, None], 3, axis=2)

with h264_file(Path("sample/gate.mp4")) as film:
    for n in range(RATE * SECONDS):
        scene, time = wall + rng.normal(0, 2, wall.shape), n / RATE
        for turn, (person, comes, goes, top, wide) in enumerate(PASSING):
            if comes <= time < goes:
                picture = 4 + (int(2 * time) + turn) % 6
                high = round(wide * 112 / 92)
                face = cv2.resize(faces[10 * person + picture], (wide, high), interpolation=cv2.INTER_AREA)
                share = (time - comes) / (goes - comes)
                left = round((20 + share * 560) if turn % 2 else (590 - share * 560))
                scene[top : top + high, left : left + wide] = face
        film.write(scene.round().clip(0, 255).astype(np.uint8), time)
