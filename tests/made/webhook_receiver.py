"""Receives webhooks over loopback, and answers as a test wants it to."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def message(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


class Receiver:
    """Answers with `answers` one after the other, then with 204.

    Args:
        answers: statuses; with a text, the `Location` or `Retry-After`; a float is slept for, without any
            answer; 0 ends the connection.
        certificate: PEM file of key and certificate, for TLS.
    """

    def __init__(self, answers: Sequence[Any], certificate: Path | None) -> None:
        self.got: list[Received] = []
        self.answers = list(answers)
        self.over = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                head = {name.lower(): value for name, value in self.headers.items()}
                receiver.got.append(Received(self.path, head, self.rfile.read(length)))
                answer = receiver.answers.pop(0) if receiver.answers else 204
                if isinstance(answer, float):
                    receiver.over.wait(answer)
                    return
                if answer == 0:
                    return
                status, more = answer if isinstance(answer, tuple) else (answer, {})
                self.send_response(status)
                for name, value in more.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # a sender that goes away

        self._server = Server(("127.0.0.1", 0), Handler)
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.scheme = "http" if certificate is None else "https"
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/hook"

    def wait(self, count: int, patience: float = 10.0) -> list[Received]:
        end = time.monotonic() + patience
        while len(self.got) < count:
            assert time.monotonic() < end, f"{len(self.got)} of {count} came"
            time.sleep(0.01)
        return list(self.got)

    def close(self) -> None:
        self.over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@contextmanager
def receiver(*answers: Any, certificate: Path | None = None) -> Iterator[Receiver]:
    made = Receiver(answers, certificate)
    try:
        yield made
    finally:
        made.close()
