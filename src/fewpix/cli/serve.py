"""`fewpix serve`: collections, enrolling, identifying and verifying over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, cast

from typer import Option

from fewpix.cli.calibration_options import CalibrationFile
from fewpix.cli.detect_options import DetectBudget
from fewpix.cli.encoder_options import Device, Model, Runtime
from fewpix.cli.groups import grouped
from fewpix.cli.message import Message
from fewpix.cli.output import AsJson, emit
from fewpix.cli.serve_options import DATA, Data
from fewpix.cli.targets import READS
from fewpix.cli.terminal import line
from fewpix.errors import ConfigError, UnavailableError

if TYPE_CHECKING:
    from uvicorn import Config, Server

    from fewpix.serve.outgoing import Outgoing
    from fewpix.serve.settings import Limits

Host = Annotated[
    str, Option(help="Address to listen at. Other than this machine's own only when there is a key.")
]
Port = Annotated[int, Option(min=0, max=65535, help="Port to listen at; 0 takes a free one.")]
Collection = Annotated[
    list[str] | None,
    Option(
        "--collection",
        metavar="NAME=LOCATION",
        help="A collection that lies elsewhere: a gallery file, or postgresql://...; repeatable.",
        show_default=False,
    ),
]
Store = Annotated[
    str | None,
    Option(
        metavar="ADDRESS",
        envvar="FEWPIX_STORE",
        help="A database that several services share, postgresql://...: its collections are served, and new "
        "ones are made there. FEWPIX_STORE when not given, which other users of the machine do not see.",
        show_default=False,
        show_envvar=False,
    ),
]

TrackCalibration = Annotated[
    list[Path] | None,
    Option(
        help="A file of `fewpix calibrate --footage` for cameras, beside the shipped one: of their place, "
        "or under the FaceBN state that one has learned; repeatable.",
        show_default=False,
    ),
    READS,
]


@dataclass(frozen=True)
class LimitOptions:
    """How much a service takes on."""

    seconds: Annotated[float, Option(min=1, help="From a request's arrival to its answer.")] = 60.0
    at_once: Annotated[int, Option(min=1, help="Requests that are worked on at the same time.")] = 8
    waiting: Annotated[int, Option(min=1, help="Requests that wait; more are told to come again.")] = 64
    request_mb: Annotated[int, Option(min=1, help="Size of a request.")] = 64
    megapixels: Annotated[int, Option(min=1, help="Size of a picture, or of a frame of a film.")] = 16
    film_mb: Annotated[int, Option(min=1, help="Size of a film.")] = 2000
    import_mb: Annotated[
        int, Option(min=1, help="Size of an exported gallery that is imported, which is read into memory.")
    ] = 500
    jobs: Annotated[int, Option(min=1, help="Films that wait or are worked on.")] = 100

    def limits(self) -> Limits:
        """As the service takes them."""
        from fewpix.serve.settings import Limits

        inside = self.at_once + self.waiting
        return Limits(
            request_bytes=self.request_mb * 1_000_000,
            pixels=self.megapixels * 1_000_000,
            seconds=self.seconds,
            at_once=self.at_once,
            waiting=self.waiting,
            per_client=max(1, inside * 2 // 3),
            memory_bytes=max(512_000_000, self.request_mb * 1_000_000),
            film_bytes=self.film_mb * 1_000_000,
            gallery_bytes=self.import_mb * 1_000_000,
            jobs=self.jobs,
        )


@dataclass(frozen=True)
class OutOptions:
    """How events go out."""

    mqtt: Annotated[
        str | None,
        Option(
            metavar="ADDRESS",
            envvar="FEWPIX_MQTT",
            help="Tell an MQTT broker of cameras and events: mqtt://user:password@host:1883/prefix, or "
            "mqtts://. FEWPIX_MQTT when not given, which other users of the machine do not see.",
            show_default=False,
            show_envvar=False,
        ),
    ] = None
    discovery: Annotated[
        str, Option(help="Where Home Assistant looks for MQTT devices; an empty text tells it of none.")
    ] = "homeassistant"
    webhooks: Annotated[
        str, Option(help="Whom webhooks may reach: any (also this machine and private networks) or public.")
    ] = "any"
    send_hours: Annotated[
        float, Option(min=0.01, help="Hours after its end for which an event is tried to be sent.")
    ] = 24.0

    def outgoing(self) -> Outgoing:
        """As the service takes them.

        Raises:
            ConfigError: one cannot be used.
        """
        from fewpix.serve.outgoing import Outgoing, Reach

        return Outgoing(
            webhooks=cast("Reach", self.webhooks),
            hours=self.send_hours,
            mqtt=self.mqtt,
            discovery=self.discovery,
        )


@grouped
def serve(
    *,
    data: Data = DATA,
    host: Host = "127.0.0.1",
    port: Port = 8737,
    collection: Collection = None,
    store: Store = None,
    model: Model = "auto",
    runtime: Runtime = "auto",
    device: Device = "auto",
    calibration: CalibrationFile = None,
    track_calibration: TrackCalibration = None,
    detect_budget: DetectBudget = None,
    keep_days: Annotated[
        float, Option(min=0, help="Days that a job with its results is kept after it has ended.")
    ] = 7.0,
    out: OutOptions,
    take: LimitOptions,
    as_json: AsJson = False,
) -> None:
    """Serve collections of people over HTTP: enrol, identify, verify; docs/api.md tells every operation.

    It answers at once and loads the models beside; `/v1/ready` tells when they are there. Without keys it
    answers this machine only; `fewpix keys add` makes one. Ctrl-C ends it, after what was begun.
    """
    from fewpix.optional import require

    require("fastapi", "uvicorn", "python_multipart", "prometheus_client", use="the service")
    import logging

    import uvicorn

    from fewpix.cli.verbosity import drop_kept_warnings
    from fewpix.serve.access import is_loopback
    from fewpix.serve.app import create_app
    from fewpix.serve.settings import Settings

    with_keys = _has_keys(data)
    if not with_keys and not is_loopback(host):
        raise ConfigError(
            f"without a key the service does not listen at {host}",
            fix=f"make one: `fewpix keys add NAME --scope admin --data {data}`; or leave --host out",
        )
    settings = Settings(
        data=data,
        galleries=dict(_place(each) for each in collection or ()),
        store=store,
        model=model,
        runtime=runtime,
        device=device,
        calibration=calibration,
        track_calibrations=tuple(track_calibration or ()),
        detect_budget=detect_budget,
        keep_days=keep_days,
        limits=take.limits(),
        outgoing=out.outgoing(),
    )
    drop_kept_warnings()
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        access_log=False,
        log_config=None,
        server_header=False,
        limit_concurrency=4 * (take.at_once + take.waiting),
        timeout_graceful_shutdown=round(take.seconds),
        h11_max_incomplete_event_size=64_000,
    )
    try:
        socket = config.bind_socket()
    except SystemExit:
        raise UnavailableError(
            f"cannot listen at {host}, port {port}", fix="choose another one with --port"
        ) from None
    with socket:
        socket.listen()  # so that whoever reads the address finds somebody there
        address, number = socket.getsockname()[:2]
        shown = f"[{address}]" if ":" in address else address
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
        place = f"http://{shown}:{number}/v1/"
        who = "with keys" if with_keys else "this machine only"
        facts = {"address": place, "data": data, "keys": with_keys}
        if as_json:
            emit(Message("", facts), as_json)
        else:
            line(f"serving {data} at {place} ({who})")
        _server(config, app.state.service.hub.close).run(sockets=[socket])


def _server(config: Config, close: Callable[[], None]) -> Server:
    """A server that ends what has no end of its own as soon as it is asked to end, since it waits for it."""
    from uvicorn import Server

    class Ending(Server):
        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            close()
            super().handle_exit(sig, frame)

    return Ending(config)


def _has_keys(data: str) -> bool:
    """Whether the service has any; makes its folder."""
    from fewpix.cli.serve_options import open_service
    from fewpix.serve.keys import has_keys

    database = open_service(data)
    try:
        return has_keys(database)
    finally:
        database.close()


def _place(text: str) -> tuple[str, str]:
    """NAME=LOCATION as both.

    Raises:
        ConfigError: it is not of that form.
    """
    name, separator, location = text.partition("=")
    if not separator or not location:
        raise ConfigError(
            f"--collection is NAME=LOCATION, not {text.split('://')[0]!r}", fix="staff=staff.db"
        )
    return name, location
