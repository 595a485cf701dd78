"""Months of simulated hourly runs with faults, and how long reading a large archive takes.

    python -m benchmarks.series [RUNS [SEED...]]

For each seed it plays so many runs (720 unless given) of the simulation that the tests play 48 of, checks
every page against the truth, and prints what happened. An AssertionError is a finding: the seed repeats it.
Then it lists an archive of five years of hours and tells how long that took.
"""

import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from tests import archives
from tests.simulation import REPO, Simulation
from vllm_digest.archive import document
from vllm_digest.place import Place
from vllm_digest.schedule import plan
from vllm_digest.window import TimeWindow

RUNS, SEEDS = 720, (1, 2, 3)
YEARS = 5
HOUR = timedelta(hours=1)


def main() -> None:
    runs, *seeds = [int(argument) for argument in sys.argv[1:]] or [RUNS]
    print(f"{'seed':>5}{'runs':>7}{'windows':>9}{'missed':>8}{'faults':>8}{'kills':>7}  exit codes")
    for seed in seeds or SEEDS:
        with TemporaryDirectory() as folder:
            simulation = Simulation(seed, Path(folder), runs=runs, hangs=True)
            simulation.play()
            simulation.check()
            print(line(seed, simulation))
    with TemporaryDirectory() as folder:
        list_archive(Path(folder))


def line(seed: int, simulation: Simulation) -> str:
    happened = simulation.happened
    codes = Counter({name[5:]: count for name, count in happened.items() if name.startswith("exit")})
    faults = sum(count for name, count in happened.items() if name.startswith("fault"))
    windows = len(archives.stored_windows(simulation.root, REPO, "1h"))
    told = ", ".join(f"{count} x {code}" for code, count in sorted(codes.items()))
    row = (codes.total(), windows, happened["missed"], faults, happened["killed"])
    return f"{seed:>5}{row[0]:>7}{row[1]:>9}{row[2]:>8}{row[3]:>8}{row[4]:>7}  {told}"


def list_archive(root: Path) -> None:
    start = datetime(2021, 1, 1, tzinfo=UTC)
    count = YEARS * 365 * 24
    first = TimeWindow(start, start + HOUR)
    template = document(archives.report(first, archives.threads(first))).decode()
    for n in range(count):
        window = TimeWindow(start + n * HOUR, start + (n + 1) * HOUR)
        path = root / Place(REPO, "1h", window).data
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(template.replace(_span(first), _span(window)))
        path.with_suffix(".md").write_text("page")
    for name in ("first", "second"):
        began = time.perf_counter()
        stored = archives.opened(root).listing(REPO, "1h").reported
        due = plan(stored, HOUR, start + (count + 3) * HOUR, timedelta(days=7))
        spent = time.perf_counter() - began
        print(f"to see {len(due.windows)} due after {len(stored):,} hours, the {name} time: {spent:.2f}s")


def _span(window: TimeWindow) -> str:
    """The window as written in a data file."""
    return '"start":"{}","end":"{}"'.format(
        *(f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in (window.start, window.end))
    )


if __name__ == "__main__":
    main()
