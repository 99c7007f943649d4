"""The library's front door, on the folder that `sample_faces.py` makes."""

import fewpix

with fewpix.Recognizer("people.db") as people:
    people.enrol("Ada", "sample/photos/s1/1.png", "sample/photos/s1/2.png")
    people.enrol("Ben", "sample/photos/s2/1.png")
    for face in people.identify("sample/frame.png").faces:
        print(f"{face.pixels:.0f} px: {face.decision or 'unknown'} ({face.verdict})")
    print(people.verify("sample/photos/s1/1.png", "sample/photos/s1/2.png").decision)
    vectors = [face.embedding for face in people.embed("sample/frame.png")]  # (128,) each, of length 1
print(len(vectors), "faces embedded")
