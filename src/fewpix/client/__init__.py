"""A client of `fewpix serve`: typed, and patient where the service is busy.

with Client("http://127.0.0.1:8737", key) as service:
    staff = service.collection("staff")
    staff.enrol("Ada", ["ada.jpg"])
    for face in staff.identify(["frame.jpg"])[0].faces:
        print(face.decision or face.reason)
    for track in staff.send_film("door.mp4").lines():
        print(track["decision"] or track["reason"])
    service.add_camera("gate", "staff", "rtsp://192.0.2.7/stream1")
    for event in service.follow():
        print(event.camera, event.stage, event.decision)
"""

from __future__ import annotations

from fewpix.client.cameras import Camera
from fewpix.client.collection import Collection
from fewpix.client.jobs import Job
from fewpix.client.records import Event, Face, Group, Person, Photo, Picture, ServiceError
from fewpix.client.review import Review
from fewpix.client.service import Client

__all__ = [
    "Camera",
    "Client",
    "Collection",
    "Event",
    "Face",
    "Group",
    "Job",
    "Person",
    "Photo",
    "Picture",
    "Review",
    "ServiceError",
]
