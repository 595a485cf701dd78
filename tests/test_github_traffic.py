"""The generated repositories of tests and benchmarks, their indexes, and the expected results."""

from datetime import UTC, datetime, timedelta
from itertools import product
from random import Random

import pytest

from tests.servers.index import Kind, number_of
from tests.servers.search import find
from tests.servers.traffic import day, hour, stream
from tests.servers.truth import truth
from tests.servers.world import Closed, Comment, Issue, PullRequest, Reopened, Review, World

NOON = datetime(2025, 12, 10, 12, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    """So many minutes after noon."""
    return NOON + timedelta(minutes=minutes)


@pytest.mark.parametrize("seed", range(3))
def test_the_indexes_find_what_looking_at_everything_finds(seed: int) -> None:
    wide = stream(seed, NOON, hours=40, rate=6)
    rng = Random(seed)  # noqa: S311 a test's own choice
    for _ in range(25):
        now = NOON + timedelta(seconds=rng.randrange(48 * 3600))
        start = NOON + timedelta(seconds=rng.randrange(48 * 3600))
        end = start + timedelta(seconds=rng.randrange(1, 20_000))
        span = f"{start:%Y-%m-%dT%H:%M:%SZ}..{end - timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}"
        plain = truth(wide, start, end, at=now)
        repo = f"repo:{wide.repo}"
        found = {
            (kind, field): set(find(wide, f"{repo} is:{kind} {field}:{span}", now, timedelta(0)))
            for kind, field in product(("issue", "pr"), ("created", "closed"))
        }
        assert found == {
            ("issue", "created"): set(plain.new_issues),
            ("issue", "closed"): set(plain.closed_issues),
            ("pr", "created"): set(plain.new_pulls),
            ("pr", "closed"): {*plain.merged_pulls, *plain.unmerged_pulls},
        }
        updated = {
            thread.number: max(moment for moment in thread.touches() if moment <= now)
            for thread in wide.threads
            if thread.visible(now)
        }
        assert set(find(wide, f"{repo} updated:{span}", now, timedelta(0))) == {
            number for number, moment in updated.items() if start <= moment < end
        }
        kinds: tuple[Kind, Kind] = ("Issue", "PullRequest")
        for kind, newest_first in product(kinds, (True, False)):
            walk = wide.index.walk(
                kind, "updated", int(now.timestamp()), newest_first=newest_first, start=None
            )
            assert [number_of(entry) for entry in walk] == sorted(
                (number for number in updated if type(wide[number]).__name__ == kind),
                key=lambda number: (updated[number], number),
                reverse=newest_first,
            )


def test_the_truth_of_a_window_is_what_a_person_would_count() -> None:
    reopened = Issue(5, at(-30), history=(Closed(at(-20)), Reopened(at(-15))), comments=(Comment(at(-5)),))
    again = Issue(6, at(-1500), history=(Closed(at(-1400)), Reopened(at(-1300)), Closed(at(-25))))
    threads = (
        Issue(1, at(-120), comments=(Comment(at(-31)), Comment(at(30)))),
        Issue(2, at(-60), history=(Closed(at(-30)),)),
        PullRequest(3, at(-60), history=(Closed(at(-20), merged=True),)),
        PullRequest(4, at(-30), history=(Closed(at(-10)),)),
        reopened,
        again,
        Issue(7, at(5)),
        Issue(9, at(30)),
    )
    pull = PullRequest(
        8,
        at(-600),
        history=(Closed(at(60), merged=True),),
        reviews=(
            Review(at(0), begun_at=at(-5), comments=(Comment(at(-1)), Comment(at(0)))),
            Review(None, begun_at=at(5), comments=(Comment(at(6)),)),
            Review(at(40), begun_at=at(5), comments=(Comment(at(7)),)),
        ),
    )
    told = truth(World("vllm-project/vllm", (*threads, pull)), at(-30), at(30), at=at(30))
    assert told.new_issues == (7, 5)
    assert told.closed_issues == (6, 2)
    assert told.new_pulls == (4,)
    assert told.merged_pulls == (3,)
    assert told.unmerged_pulls == (4,)
    review = pull.reviews[0]
    assert told.said == {
        5: {reopened.comments[0].id},
        8: {review.id, *(remark.id for remark in review.comments)},
    }


def test_a_generated_day_is_the_same_for_the_same_seed_and_as_busy_as_asked_for() -> None:
    scene = day(5, listed=120, touched=30)
    assert scene == day(5, listed=120, touched=30)
    assert scene != day(6, listed=120, touched=30)
    assert len(scene.truth.listed) == 120
    assert len(scene.truth.touched - scene.truth.listed) == 30
    assert sum(len(thread.comments) > 200 for thread in scene.world.threads) == 2
    assert len(hour(5).truth.listed) == 10
