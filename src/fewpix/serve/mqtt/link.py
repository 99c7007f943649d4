"""One connection to a broker, until it is lost; what was not acknowledged is lost with it.

The library would connect again by itself, and then send what it holds. Here whoever publishes decides that
anew: what waited for a broker may name somebody who was deleted meanwhile.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any

import anyio.to_thread

from fewpix.serve.mqtt.broker import Broker
from fewpix.serve.mqtt.topics import OFFLINE

if TYPE_CHECKING:
    from paho.mqtt.client import Client

KEEPALIVE = 30
"""Seconds of silence after which the broker is asked whether it is there."""

_PARTING = 2.0  # seconds for the last words


class LostError(Exception):
    """There is no connection, or no longer; the text says why, without secrets."""


class _Socket(ssl.SSLSocket):
    """Closes itself where the library would forget it open: when no agreement is reached."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise


class Link:
    """A connection.

    Args:
        broker: to whom.
        name: of the client; one that is connected with the same name is disconnected.
        will: the topic under which the broker says that this client is gone.
        seconds: that the broker may take to answer.
    """

    def __init__(self, broker: Broker, name: str, will: str, seconds: float) -> None:
        self._broker, self._name, self._will, self._seconds = broker, name, will, seconds
        self._loop = asyncio.get_running_loop()
        self._client: Client | None = None
        self._ready: asyncio.Future[None] = self._loop.create_future()
        self._ready.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self.why = ""
        """Why it is lost; empty while it is not."""

    async def open(self) -> None:
        """Connect.

        Raises:
            LostError: the broker is not there, or does not want this client.
        """
        try:
            async with asyncio.timeout(self._seconds):
                await anyio.to_thread.run_sync(self._connect, abandon_on_cancel=True)
                await self._ready
        except TimeoutError:
            self._lose(f"no answer within {self._seconds:g} s")
            raise LostError(self.why) from None
        except ssl.SSLCertVerificationError as error:
            raise LostError(f"the broker's certificate is not valid: {error.verify_message}") from None
        except (OSError, ValueError) as error:
            text = getattr(error, "strerror", None) or type(error).__name__
            raise LostError(f"no connection: {text}") from None

    async def publish(self, topic: str, payload: str | bytes, *, retain: bool = False) -> None:
        """Say something; on return the broker has acknowledged it.

        Raises:
            LostError: the connection is lost before that.
        """
        client = self._client
        if self.why or client is None:
            raise LostError(self.why)
        done: asyncio.Future[None] = self._loop.create_future()
        number = client.publish(topic, payload, 1, retain).mid
        self._waiting[number] = done
        try:
            async with asyncio.timeout(self._seconds):
                await done
        except TimeoutError:
            self._lose("the broker acknowledges nothing")
            raise LostError(self.why) from None
        finally:
            self._waiting.pop(number, None)

    async def close(self) -> None:
        """Say goodbye where that is possible, and end."""
        client = self._client
        if client is None:
            self._lose("closed")
            return
        try:
            if not self.why and self._ready.done():
                async with asyncio.timeout(_PARTING):
                    await self.publish(self._will, OFFLINE, retain=True)
        except (LostError, TimeoutError):
            pass
        self._lose("closed")
        client.disconnect()
        await anyio.to_thread.run_sync(client.loop_stop)

    def _connect(self) -> None:
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion

        broker = self._broker
        client = Client(CallbackAPIVersion.VERSION2, self._name, reconnect_on_failure=False)
        client.connect_timeout = self._seconds
        if broker.user is not None:
            client.username_pw_set(broker.user, broker.password)
        if broker.tls:
            context = ssl.create_default_context()
            context.sslsocket_class = _Socket
            client.tls_set_context(context)
        client.will_set(self._will, OFFLINE, 1, True)

        def connected(client: Client, data: Any, flags: Any, code: Any, properties: Any) -> None:
            self._soon(self._answered, f"the broker refuses: {code}" if code.is_failure else "")

        def acknowledged(client: Client, data: Any, number: int, code: Any, properties: Any) -> None:
            self._soon(self._acknowledged, number)

        def lost(client: Client, data: Any, flags: Any, code: Any, properties: Any) -> None:
            self._soon(self._lose, f"the connection broke: {code}")

        client.on_connect, client.on_publish, client.on_disconnect = connected, acknowledged, lost
        client.connect(broker.host, broker.port, KEEPALIVE)
        if self.why:  # it took too long, and nobody waits any more
            client.disconnect()
            return
        client.loop_start()
        self._client = client

    def _soon(self, what: Any, *values: Any) -> None:
        """Do something in the loop of the requests, if that still runs."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(what, *values)

    def _answered(self, why: str) -> None:
        if self._ready.done():
            return
        if why:
            self.why = self.why or why
            self._ready.set_exception(LostError(why))
        else:
            self._ready.set_result(None)

    def _acknowledged(self, number: int) -> None:
        done = self._waiting.get(number)
        if done is not None and not done.done():
            done.set_result(None)

    def _lose(self, why: str) -> None:
        self.why = self.why or why
        self._answered(self.why)
        for done in self._waiting.values():
            if not done.done():
                done.set_exception(LostError(self.why))
