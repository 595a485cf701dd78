"""The README's pictures: `python -m tests.pictures FOLDER` looks at a month of generated reports."""

import sys
import tempfile
from datetime import timedelta
from pathlib import Path

from tests import archives
from tests.browser import opened, served, viewed
from tests.sites import END, build, command, url
from vllm_digest import pipeline
from vllm_digest.window import TimeWindow

MIDNIGHT = END.replace(hour=16, minute=0) - timedelta(days=1)


def main() -> None:
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "repository")
        hours = archives.hours(END, 30 * 24)
        day = TimeWindow.last(timedelta(days=1), MIDNIGHT)
        for report in archives.reports(hours):
            pipeline.publish(report, root / "site")
        for report in archives.reports([day]):
            pipeline.publish(report, root / "site")
        assert command("init", str(root)) == command("site", str(root)) == 0
        build(root / "staging", Path(folder, "built"))
        _look(Path(folder, "built"), target, {"start": "/", "day": url(day, "24h")})


def _look(built: Path, target: Path, pages: dict[str, str]) -> None:
    with opened() as browser, served(built, "") as address:
        for name, page in pages.items():
            for device, width in (("phone", 390), ("desktop", 1280)):
                for scheme in ("light", "dark"):
                    with viewed(browser, address + page, width=width, scheme=scheme) as view:
                        # The generated month ended long ago.
                        view.page.evaluate("document.getElementById('late')?.remove()")
                        path = target / f"{name}-{device}-{scheme}.png"
                        view.page.screenshot(path=path)
                        print(path)


if __name__ == "__main__":
    main()
