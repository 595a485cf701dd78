"""A repository behind HTTP, as GitHub serves one: git's own program for that, and a lock before it."""

import base64
import os
import subprocess
import threading
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit


class GitServer:
    """Serves one bare repository to who shows the key.

    The first `failures` answers to requests whose path has `at` in it are a 503. `shown` are the keys that
    were shown, right and wrong.
    """

    def __init__(self, repository: Path, *, key: str = "", failures: int = 0, at: str = "") -> None:
        self.repository = repository
        self.key = key
        self.failures = failures
        self.at = at
        self.shown: set[str] = set()
        owner = self

        class Handler(_Handler):
            server_of_git = owner

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.host = f"http://127.0.0.1:{self._server.server_port}"
        self.url = f"{self.host}/{repository.name}"

    def __enter__(self) -> Self:
        config = ["git", "-C", str(self.repository), "config", "http.receivepack", "true"]
        subprocess.run(config, check=True, env={"PATH": os.defpath})
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    server_of_git: GitServer

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        owner = self.server_of_git
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        scheme, _, credentials = self.headers.get("Authorization", "").partition(" ")
        shown = base64.b64decode(credentials).decode().partition(":")[2] if scheme == "Basic" else ""
        owner.shown |= {shown} - {""}
        if owner.failures and owner.at in self.path:
            owner.failures -= 1
            self.send_error(503)
        elif shown != owner.key:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self._backend(body)

    def _backend(self, body: bytes) -> None:
        target = urlsplit(self.path)
        ran = subprocess.run(
            ["git", "http-backend"],
            env={
                "PATH": os.defpath,
                "GIT_PROJECT_ROOT": str(self.server_of_git.repository.parent),
                "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": target.path,
                "QUERY_STRING": target.query,
                "REQUEST_METHOD": self.command,
                "REMOTE_USER": "somebody",
                "REMOTE_ADDR": "127.0.0.1",
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(len(body)),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            },
            input=body,
            stdout=subprocess.PIPE,
            check=True,
        )
        head, _, content = ran.stdout.partition(b"\r\n\r\n")
        headers = BytesParser().parsebytes(head)
        self.send_response(int(headers.get("Status", "200").split()[0]))
        for name, value in headers.items():
            if name != "Status":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
