"""A real MQTT broker, Debian's mosquitto, with a password, on a free port; and somebody who listens to it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

USER, PASSWORD = "fewpix", "hunter2"
_PLACES = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
PROGRAM = shutil.which("mosquitto", path=_PLACES)
_PASSWORDS = shutil.which("mosquitto_passwd", path=_PLACES)


def missing() -> str:
    """Why there is no broker here; empty where there is."""
    if find_spec("paho") is None:
        return "not installed: paho-mqtt"
    return "" if PROGRAM and _PASSWORDS else "no program mosquitto"


class Broker:
    """A broker that keeps what it is told to in a folder, over restarts.

    Args:
        folder: its own.
        certificate: PEM file of key and certificate, for TLS.
    """

    def __init__(self, folder: Path, certificate: Path | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        passwords = folder / "passwords"
        passwords.touch(mode=0o600)
        words = [_PASSWORDS or "", "-b", str(passwords), USER, PASSWORD]
        subprocess.run(words, check=True, capture_output=True)
        self._config = folder / "mosquitto.conf"
        lines = [f"listener {self.port} 127.0.0.1", "allow_anonymous false", f"password_file {passwords}"]
        if certificate is not None:
            lines += [f"certfile {certificate}", f"keyfile {certificate}"]
        lines += ["persistence true", f"persistence_location {folder}/", "autosave_interval 1"]
        if os.geteuid() == 0:
            lines.append("user root")  # else it would have no rights in the folder
        self._config.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"mqtt://{USER}:{PASSWORD}@127.0.0.1:{self.port}/house"

    def start(self) -> None:
        self._process = subprocess.Popen(
            [PROGRAM or "", "-c", str(self._config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        end = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert time.monotonic() < end, "the broker does not start"
                time.sleep(0.02)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None


class Listener:
    """Hears everything; `kept` is what the broker keeps, by topic.

    Args:
        broker: where.
    """

    def __init__(self, broker: Broker) -> None:
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion

        self.got: list[tuple[str, bytes]] = []
        self.kept: dict[str, bytes] = {}
        self._ready = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, "listener", clean_session=False)
        self._client.reconnect_delay_set(1, 1)
        self._client.username_pw_set(USER, PASSWORD)
        self._client.on_connect = lambda client, *_: client.subscribe("#", 1)
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._heard
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()
        assert self._ready.wait(10)

    def _heard(self, client: Any, data: Any, message: Any) -> None:
        self.got.append((message.topic, bytes(message.payload)))
        if "/events/" not in message.topic:
            self.kept[message.topic] = bytes(message.payload)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
