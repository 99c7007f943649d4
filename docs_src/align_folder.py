"""Turns photographs into aligned faces, as `fewpix distil` and `fewpix adapt` take them.

    python docs_src/align_folder.py PHOTOS FACES [SMALLEST]

A face of fewer than SMALLEST pixels (80 when not given) is left out: the teacher has to see sharp faces.
"""

import sys
from pathlib import Path

from fewpix.data.folders import list_images
from fewpix.detect import default_detector
from fewpix.image.align import align
from fewpix.image.codec import read_image, write_image

photos, faces = Path(sys.argv[1]), Path(sys.argv[2])
smallest = float(sys.argv[3]) if len(sys.argv) > 3 else 80
detector = default_detector()
listed = list_images(photos)
for name in listed.names:
    photo = read_image(photos / name)
    for n, face in enumerate(detector.detect(photo)):
        if face.pixels >= smallest:
            write_image(faces / f"{name}.{n}.png", align(photo, face.points, side=112))
            print(f"{name}: {face}")
if listed.left_out:
    print(listed.left_out)
