"""What a running service consists of."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import HTTPConnection

from fewpix.gallery.storage.postgres_address import Address
from fewpix.optional import require
from fewpix.serve import replay
from fewpix.serve.cameras.fleet import Fleet
from fewpix.serve.database import Office
from fewpix.serve.events.hub import Hub
from fewpix.serve.events.keeping import Keeper
from fewpix.serve.following import Around, Following
from fewpix.serve.galleries import Collections
from fewpix.serve.inference import Inference
from fewpix.serve.jobs.calibrating import Calibrations
from fewpix.serve.jobs.film import Films
from fewpix.serve.jobs.queue import DAY, Jobs
from fewpix.serve.metrics import Metrics
from fewpix.serve.models import Opening
from fewpix.serve.mqtt.publisher import Publisher
from fewpix.serve.settings import Settings
from fewpix.serve.webhooks.post import Post


@dataclass(frozen=True)
class Service:
    """The parts, each with one thing to look after.

    Args:
        settings: what it was told.
        metrics: what it counts.
        inference: models, and who is let in to them.
        collections: the galleries.
        office: keys, audit log, answers that are kept, cameras and events.
        hub: tells of events.
        fleet: the cameras.
        keeper: deletes old events.
        jobs: work that takes longer than a request.
        following: follows what other services do to collections on a server.
        post: the webhooks.
        mqtt: tells a broker; None where there is none.
    """

    settings: Settings
    metrics: Metrics
    inference: Inference
    collections: Collections
    office: Office
    hub: Hub
    fleet: Fleet
    keeper: Keeper
    jobs: Jobs
    following: Following
    post: Post
    mqtt: Publisher | None

    @classmethod
    def make(cls, settings: Settings, opening: Opening) -> Service:
        """Make the parts; the models are loaded from `start` on.

        Raises:
            FewpixError: the data folder cannot be used, or a setting is wrong.
        """
        broker = settings.outgoing.broker
        if broker is not None:
            require("paho", use="MQTT")
        metrics = Metrics()
        inference = Inference(settings, opening, metrics)
        store = None if settings.store is None else Address.of(settings.store)
        collections = Collections(
            settings.folder / "collections",
            settings.galleries,
            lambda: inference.sight.encoder.card.space,
            store,
        )
        office = Office(settings.folder)
        hub = Hub(office)
        fleet = Fleet(inference, collections, office, hub, metrics)
        keeper = Keeper(office, collections, fleet.retentions, settings.clock)
        kept, most = settings.keep_days * DAY, settings.limits.jobs
        jobs = Jobs(
            *(settings.folder / "jobs", office, collections, inference, metrics.ended),
            kept=kept,
            most=most,
            settled=settings.clock,
        )
        jobs.does("video", Films(settings.limits, inference, collections, office, hub))
        jobs.does("calibration", Calibrations(settings, inference))
        following = Following(Around(collections, office, jobs), store)
        outgoing = settings.outgoing
        post = Post(office, hub, outgoing, metrics.sent, settings.clock)
        mqtt = None
        if broker is not None:
            mqtt = Publisher(broker, outgoing, office, hub, fleet, metrics.sent, settings.clock)
        return cls(
            settings, metrics, inference, collections, office, hub, fleet, keeper, jobs, following, post, mqtt
        )

    async def start(self) -> None:
        """Begin: load the models beside, forget what a killed service had begun."""
        self.inference.start()
        await self.office.run(replay.forget_unfinished)
        self.hub.start()
        await self.following.start()
        await self.fleet.start()
        await self.keeper.start()
        await self.jobs.start()
        await self.post.start()
        if self.mqtt is not None:
            await self.mqtt.start()

    async def end(self) -> None:
        """End, after what was begun."""
        self.hub.close()
        await self.following.stop()
        await self.jobs.stop()
        await self.keeper.stop()
        await self.fleet.stop()
        await self.post.stop()
        if self.mqtt is not None:
            await self.mqtt.stop()
        self.stop()

    def stop(self) -> None:
        """Let go of all files, of a service that was made and not started, too."""
        self.inference.close()
        self.collections.close()
        self.office.close()


def service_of(request: HTTPConnection) -> Service:
    """The service that a request came to."""
    found: Service = request.app.state.service
    return found
