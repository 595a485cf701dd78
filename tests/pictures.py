"""The README's pictures: `python -m tests.pictures FOLDER` looks at a month of generated reports."""

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image

from tests import archives
from tests.browser import opened, served, viewed
from tests.sites import build, command
from vllm_digest import pipeline

END = datetime(2025, 12, 10, 12, 0, tzinfo=UTC)
MIDNIGHT = datetime(2025, 12, 9, 16, 0, tzinfo=UTC)


def main() -> None:
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "repository")
        day = archives.day(MIDNIGHT)
        for report in (*archives.reports(archives.hours(END, 30 * 24)), day):
            pipeline.publish(report, archives.opened(root / "archive"))
        assert command("init", str(root)) == 0
        config = root / "config.yaml"
        config.write_text(
            config.read_text("utf-8").replace("languages: [zh]", "languages: [zh, en]"), "utf-8"
        )
        assert command("site", str(root)) == 0
        build(root / "staging", Path(folder, "built"))
        pages = {"start": "/", "day": f"/{day.place}/", "day-english": f"/en/{day.place}/"}
        _look(Path(folder, "built"), target, pages)


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
                        _shrink(path)
                        print(path)


def _shrink(path: Path) -> None:
    """Fewer colors, which is hard to see in pictures of text, and a third of the size."""
    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(colors=128, dither=Image.Dither.NONE)
    small.save(path, optimize=True)


if __name__ == "__main__":
    main()
