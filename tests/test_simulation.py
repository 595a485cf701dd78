"""Two simulated days of hourly runs with faults; see `simulation`."""

from pathlib import Path

from tests.simulation import Simulation


def test_in_48_bad_runs_every_event_is_reported_once(tmp_path: Path) -> None:
    simulation = Simulation(3, tmp_path, rate=1.0)
    simulation.play()
    simulation.check()
    troubles = ("missed", "doubled", "killed", "skew", "deleted", "damaged", "exit 3", "exit 5")
    ends = ("branch removed", "branch emptied", "outcomes told", "still watched")
    for trouble in (*troubles, *ends):
        assert simulation.happened[trouble], f"{trouble} was not tried"
