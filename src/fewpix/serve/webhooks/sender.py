"""Sends a message to a receiver, once, and says what came of it."""

from __future__ import annotations

import asyncio
import base64
import os
import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import unquote

import anyio.to_thread

from fewpix import __version__
from fewpix.serve.outgoing import Outgoing
from fewpix.serve.webhooks.record import MOST, Webhook
from fewpix.serve.webhooks.signing import headers
from fewpix.serve.webhooks.target import may_be_reached

if TYPE_CHECKING:
    from httpx2 import URL, AsyncHTTPTransport

REFUSED = (400, 413, 415, 422)
"""Answers that say of this one message that it will never be taken."""

_ADDRESSES = 4  # of a host, that are tried


@dataclass(frozen=True)
class Outcome:
    """What came of it.

    Args:
        status: of the answer; None where there was none.
        reason: why it was not taken; empty where it was.
        retry_after: seconds that the receiver wants to be left alone for.
        seconds: that it took.
    """

    status: int | None
    reason: str
    retry_after: float = 0.0
    seconds: float = 0.0

    @property
    def refused(self) -> bool:
        """Whether there is no use in sending this message again."""
        return self.status in REFUSED


class Sender:
    """Sends; in the loop of the requests.

    Args:
        outgoing: whom it may reach, and how long they may take.
    """

    def __init__(self, outgoing: Outgoing) -> None:
        self._outgoing = outgoing
        self._transport: AsyncHTTPTransport | None = None
        self._opening = asyncio.Lock()
        self._names = ThreadPoolExecutor(MOST, "fewpix-names")

    async def send(self, webhook: Webhook, message: str, body: bytes) -> Outcome:
        """POST a body; no redirect is followed, and nothing of the answer is read but its head.

        Args:
            webhook: whose address and secret.
            message: id of the message.
            body: JSON.
        """
        async with self._opening:
            if self._transport is None:
                self._transport = await anyio.to_thread.run_sync(_transport)
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._outgoing.seconds):
                found = await self._send(webhook, message, body)
        except TimeoutError:
            found = Outcome(None, f"no answer within {self._outgoing.seconds:g} s")
        return Outcome(found.status, found.reason, found.retry_after, time.monotonic() - began)

    async def close(self) -> None:
        """Let go of everything."""
        if self._transport is not None:
            await self._transport.aclose()
        self._names.shutdown(wait=False, cancel_futures=True)

    async def _send(self, webhook: Webhook, message: str, body: bytes) -> Outcome:
        import httpx2

        assert self._transport is not None
        url = httpx2.URL(webhook.url)
        said = {
            "Host": url.netloc.decode("ascii"),
            "Content-Type": "application/json",
            "User-Agent": f"fewpix/{__version__}",
            **headers(webhook.secret, message, int(time.time()), body),
        }
        if url.username or url.password:
            pair = f"{unquote(url.username)}:{unquote(url.password or '')}".encode()
            said["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        try:
            addresses = await self._addresses(url)
        except OSError as error:
            return Outcome(None, f"the host is not found ({error.strerror or type(error).__name__})")
        except UnicodeError:
            return Outcome(None, "the host is not found (no name of a host)")
        if not addresses:
            return Outcome(None, "the host has no address that webhooks may reach (serve --webhooks)")
        outcome = Outcome(None, "no connection")
        for address in addresses:
            # The address that was checked is the one that is called: a name could lead elsewhere meanwhile.
            place = url.copy_with(host=address, username=None, password=None, fragment=None)
            extensions = {"sni_hostname": url.raw_host.decode("ascii")}
            request = httpx2.Request("POST", place, headers=said, content=body, extensions=extensions)
            try:
                answer = await self._transport.handle_async_request(request)
            except httpx2.ConnectError as error:
                outcome = Outcome(None, _why(error))
                continue
            except httpx2.TransportError as error:
                return Outcome(None, f"the connection broke ({type(error).__name__})")
            try:
                return _outcome(answer.status_code, answer.headers.get("retry-after", ""))
            finally:
                await answer.aclose()
        return outcome

    async def _addresses(self, url: URL) -> list[str]:
        """The addresses of a host that may be reached.

        Raises:
            OSError: it has none.
        """
        port = url.port or (443 if url.scheme == "https" else 80)
        look = partial(socket.getaddrinfo, url.raw_host.decode("ascii"), port, type=socket.SOCK_STREAM)
        found = await asyncio.get_running_loop().run_in_executor(self._names, look)
        there = dict.fromkeys(str(each[4][0]) for each in found)
        return [each for each in there if may_be_reached(each, self._outgoing.webhooks)][:_ADDRESSES]


def _transport() -> AsyncHTTPTransport:
    """Made for the first message, as it takes time; without proxies; no connection is kept."""
    import httpx2

    limits = httpx2.Limits(max_connections=2 * MOST, max_keepalive_connections=0)
    return httpx2.AsyncHTTPTransport(verify=httpx2.create_ssl_context(), trust_env=False, limits=limits)


def _outcome(status: int, retry_after: str) -> Outcome:
    """What an answer means."""
    if 200 <= status < 300:
        return Outcome(status, "")
    more = ": redirects are not followed" if 300 <= status < 400 else ""
    wait = min(float(retry_after), 3600.0) if retry_after.isascii() and retry_after.isdigit() else 0.0
    return Outcome(status, f"the receiver answered {status}{more}", wait)


def _why(error: Exception) -> str:
    """Why there is no connection, without any address."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"the certificate of the receiver is not valid: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            return f"TLS failed: {cause.reason}"
        if isinstance(cause, OSError) and cause.errno:
            return f"no connection: {os.strerror(cause.errno)}"
        cause = cause.__cause__ or cause.__context__
    return "no connection"
