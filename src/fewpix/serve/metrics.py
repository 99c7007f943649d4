"""What Prometheus is told of a service: counts and times, and nothing of anybody."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

MEDIA = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The figures of one service, in a registry of its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "fewpix_requests_total", "Answers.", ("method", "route", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "fewpix_request_seconds",
            "Seconds from the head of a request to the end of its answer.",
            ("route",),
            buckets=(0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
            registry=self._registry,
        )
        self.faces = Counter(
            "fewpix_faces_total", "Faces, by what was done.", ("done",), registry=self._registry
        )
        self.inside = Gauge(
            "fewpix_requests_inside", "Requests that are worked on or wait.", registry=self._registry
        )
        self.frames = Counter(
            "fewpix_camera_frames_total", "Frames looked at.", ("camera",), registry=self._registry
        )
        self.events = Counter(
            "fewpix_events_total", "Tracks that ended.", ("camera", "verdict"), registry=self._registry
        )
        self._jobs = Counter(
            "fewpix_jobs_total", "Jobs that ended.", ("kind", "state"), registry=self._registry
        )
        self._sent = Counter(
            "fewpix_events_sent_total",
            "Events that were to go out.",
            ("to", "outcome"),
            registry=self._registry,
        )
        self._batch = Histogram(
            "fewpix_batch_faces",
            "Faces that went through an encoder together.",
            buckets=(1, 2, 4, 8, 16, 32, 64, 128),
            registry=self._registry,
        )

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answer.

        Args:
            method: of the request, one that the route takes.
            route: the address with names of its parameters in place of values; empty for none.
            status: of the answer.
            seconds: that it took.
        """
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def ended(self, kind: str, state: str) -> None:
        """Count a job that was worked on."""
        self._jobs.labels(kind, state).inc()

    def sent(self, to: str, outcome: str) -> None:
        """Count an event that was to go out, by the id of a webhook or "mqtt"."""
        self._sent.labels(to, outcome).inc()

    def batch(self, faces: int) -> None:
        """Count faces that were embedded together."""
        self._batch.observe(faces)

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self._registry)
