"""A threaded HTTP server on the loopback that can also end a connection badly."""

from __future__ import annotations

import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.servers.answers import Answer, Ending

Handle = Callable[[str, str, Mapping[str, str], bytes], Answer]
"""From method, target, headers (names in lower case) and body to the answer."""

_DRIP = 0.02
"""Seconds from byte to byte; each client gives up within a few seconds, however short this is."""
_ENDLESS = 10**12
_HARD_CLOSE = struct.pack("ii", 1, 0)


class Server(ThreadingHTTPServer):
    """Listens from the start; answers between `start` and `stop`."""

    block_on_close = True
    daemon_threads = False

    def __init__(self, handle: Handle, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.handle = handle
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.latency = 0.0
        """Seconds that a request takes at least; for benchmarks."""
        self.bugs: list[BaseException] = []
        """What was raised in the server itself."""
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,))

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends every connection, answered or not, and waits for the threads."""
        self.shutdown()
        with self._lock:
            for connection in self._connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self.server_close()
        self._thread.join()

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        with self._lock:
            self._connections.add(connection)
        return connection, address

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        if not isinstance(request, socket.socket):
            raise TypeError("Only TCP is served.")
        with self._lock:
            self._connections.discard(request)
            if request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, len(_HARD_CLOSE)) == _HARD_CLOSE:
                request.close()
            else:
                super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that disconnect; record any other error, which is a bug of the server."""
        del request, client_address
        error = sys.exception()
        if error and not isinstance(error, ConnectionError):
            self.bugs.append(error)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Server

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the parent's name
        """No output; requests are in the server's log."""

    def _serve(self) -> None:
        begun = time.monotonic()
        length = int(self.headers.get("content-length", "0"))
        body = self.rfile.read(length)
        if len(body) < length:
            raise ConnectionAbortedError("The client went away in the middle of its request.")
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.server.handle(self.command, self.path, headers, body)
        if self.server.latency:  # only in benchmarks
            time.sleep(max(0.0, self.server.latency - (time.monotonic() - begun)))
        self._send(answer)

    def _send(self, answer: Answer) -> None:
        body, ending = answer.body, answer.ending
        if ending is Ending.DRIP_HEAD:
            self._drip(b"HTTP/1.1 200 OK\r\nx-slow: ")
        if ending not in {Ending.RESET, Ending.SILENT}:
            self.send_response_only(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(_ENDLESS if ending is Ending.DRIP else len(body)))
            self.end_headers()
            if ending is Ending.DRIP:
                self._drip(body[:1])
            self.wfile.write(body if ending is Ending.WHOLE else body[: len(body) // 2])
            self.wfile.flush()
        if ending is Ending.WHOLE:
            return
        self.close_connection = True
        if ending in {Ending.SILENT, Ending.SILENT_IN_BODY}:
            while self.connection.recv(65_536):
                pass
        if ending in {Ending.RESET, Ending.RESET_IN_BODY}:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _HARD_CLOSE)

    def _drip(self, beginning: bytes) -> None:
        """Sends a byte at a time until the client disconnects."""
        self.wfile.write(beginning)
        while True:
            self.wfile.write(b" ")
            self.wfile.flush()
            time.sleep(_DRIP)
