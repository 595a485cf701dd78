"""Serve pages locally and open them in a real Chromium at a width and in a color scheme."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

Scheme = Literal["light", "dark"]


def need() -> str:
    """The browser; skips the running test, saying so, on a machine without one."""
    # The first one takes half the time of the others, which also start what a window needs.
    names = ("chromium-headless-shell", "chromium", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        pytest.skip("CHROMIUM IS MISSING: pages were NOT looked at on this machine")
    return program


@contextmanager
def opened() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=need(), args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def served(folder: Path, base: str) -> Iterator[str]:
    """The address of a folder's pages below the path `base`, for as long as the block lasts."""

    class Handler(SimpleHTTPRequestHandler):
        def translate_path(self, path: str) -> str:
            inside = path.removeprefix(base) if path.startswith(f"{base}/") else "/outside-of-the-site"
            return super().translate_path(inside)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}{base}"
        finally:
            server.shutdown()
            thread.join()


@dataclass
class View:
    """An open page, and the problems: errors, failed requests, and requests to other servers."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    @property
    def overflow(self) -> int:
        """Pixels by which the page is wider than the window."""
        width: int = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        return width


@contextmanager
def viewed(
    browser: Browser,
    address: str,
    *,
    width: int = 1280,
    scheme: Scheme = "light",
    script: bool = True,
    touch: bool = False,
) -> Iterator[View]:
    """A page, loaded; requests to any other server are refused and written down."""
    server = "/".join(address.split("/", 3)[:3])
    context = browser.new_context(
        viewport={"width": width, "height": 844 if width < 600 else 720},
        color_scheme=scheme,
        java_script_enabled=script,
        has_touch=touch,
        locale="zh-CN",
    )
    view = View(context.new_page())

    def pass_on(route: Any) -> None:
        if route.request.url.startswith(f"{server}/"):
            route.continue_()
        else:
            view.complaints.append(f"request to another host: {route.request.url}")
            route.abort()

    def console(message: Any) -> None:
        if message.type in {"error", "warning"}:
            view.complaints.append(f"console: {message.text}")

    def answered(response: Any) -> None:
        if response.status >= 400:
            view.complaints.append(f"{response.status}: {response.url}")

    context.route("**/*", pass_on)
    view.page.on("console", console)
    view.page.on("pageerror", lambda error: view.complaints.append(f"error: {error}"))
    view.page.on("dialog", lambda _: view.complaints.append("a dialog"))
    view.page.on("response", answered)
    view.page.goto(address)
    try:
        yield view
    finally:
        context.close()
