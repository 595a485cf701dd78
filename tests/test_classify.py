"""What the rules make of a window: lists, counts, rankings and what people did."""

from datetime import timedelta
from typing import Any

import pytest

from tests.values import BEFORE, WINDOW, digest, issue, minute, pull, said
from vllm_digest.digest.highlights import verdict_counts
from vllm_digest.facts import LinkKind
from vllm_digest.models import Account, EventKind, State, TimelineEvent
from vllm_digest.report import Concern, ConcernKind, Link, Share


def test_each_list_takes_what_happened_in_the_window_and_nothing_else() -> None:
    facts = digest(
        issue(1, created_at=WINDOW.start),
        issue(2, created_at=WINDOW.end),
        issue(3, closed_at=10),
        pull(4, created_at=5),
        pull(5, merged_at=20),
        pull(6, closed_at=30),
        pull(7, closed_at=BEFORE + timedelta(hours=1)),
    )
    assert facts.lists.items() == {
        "new_issues": (1,),
        "closed_issues": (3,),
        "new_prs": (4,),
        "merged_prs": (5,),
        "closed_unmerged_prs": (6,),
    }


def test_a_thread_in_two_lists_counts_once_in_sums() -> None:
    facts = digest(issue(1, created_at=5, closed_at=10, labels=("bug",)), pull(2, created_at=5, merged_at=9))
    assert facts.lists.numbers == {1, 2}
    assert facts.labels == (Share("bug", 1),)


def test_a_thread_closed_after_the_window_was_open_at_its_end() -> None:
    late = pull(1, created_at=5, merged_at=WINDOW.end, closed_by=Account("somebody"))
    fact = digest(late).thread(1)
    assert (fact.state, fact.merged_at, fact.closed_at, fact.closed_by) == (State.OPEN, None, None, None)


class TestHeat:
    def test_comes_from_people_and_what_they_say(self) -> None:
        heat = (
            digest(
                issue(
                    1,
                    remarks=(said("ann", 1), said("bob", 70, association="MEMBER"), said("ann", 90)),
                )
            )
            .thread(1)
            .heat
        )
        assert (heat.comments, heat.reviews, heat.participants) == (3, 0, ("ann", "bob"))
        assert (heat.maintainers, heat.span_minutes) == (1, 89)
        assert heat.score == 3 + 4 + 2 + 1

    def test_leaves_out_bots_minimized_remarks_and_other_times(self) -> None:
        facts = digest(
            issue(
                1,
                remarks=(
                    said("mergify[bot]", 1),
                    said("vllm-bot", 2),
                    said("spammer", 3, hidden=True),
                    said("ann", BEFORE),
                    said("ann", WINDOW.end),
                ),
            )
        )
        assert facts.thread(1).heat.score == 0
        assert (facts.hot, facts.busiest) == ((), None)
        assert facts.activity.bot_remarks == 2

    def test_of_one_who_talks_to_himself_is_bounded(self) -> None:
        facts = digest(issue(1, remarks=tuple(said("ann", n) for n in range(40))))
        assert facts.thread(1).heat.score == 10
        assert (facts.hot, facts.busiest) == ((), 1)

    def test_counts_verdicts_and_reviews_with_words_not_the_wrapping_of_replies(self) -> None:
        facts = digest(
            pull(
                1,
                remarks=(
                    said("ann", 1, body="", verdict="APPROVED"),
                    said("bob", 2, body="Some words", verdict="COMMENTED"),
                    said("cid", 3, body="", verdict="COMMENTED"),
                ),
            )
        )
        assert facts.thread(1).heat.reviews == 2
        assert facts.thread(1).heat.participants == ("ann", "bob")

    def test_ranks_equals_by_number_and_lets_old_threads_compete_with_new_ones(self) -> None:
        hot = tuple(said(f"person{n}", n) for n in range(5))
        facts = digest(issue(1, remarks=hot), issue(2, created_at=1, remarks=hot), issue(3, created_at=1))
        assert facts.hot == (2, 1)
        assert facts.busiest is None


class TestActivity:
    def test_counts_people_once_wherever_they_speak(self) -> None:
        activity = digest(
            issue(1, created_at=1, by="ann", remarks=(said("ann", 2), said("bob", 3))),
            pull(2, created_at=1, by="bob", association="FIRST_TIME_CONTRIBUTOR"),
            pull(3, created_at=1, by="dependabot[bot]"),
        ).activity
        assert (activity.people, activity.authors, activity.comments) == (2, 2, 2)
        assert activity.newcomers == ("bob",)

    def test_a_review_of_one_s_own_pull_request_is_none(self) -> None:
        activity = digest(
            pull(
                1,
                by="ann",
                remarks=(said("ann", 1, verdict="COMMENTED"), said("bob", 2, verdict="APPROVED")),
            )
        ).activity
        assert (activity.reviews, activity.reviewers) == (1, (Share("bob", 1),))

    def test_the_response_time_is_that_of_the_first_other_human(self) -> None:
        activity = digest(
            issue(
                1,
                created_at=0,
                remarks=(said("author", 1), said("x[bot]", 2), said("cid", 3, hidden=True), said("bob", 30)),
            ),
            issue(2, created_at=0, remarks=(said("bob", 10), said("ann", 50))),
            issue(3, created_at=0),
        ).activity
        assert (activity.answered, activity.response_minutes) == (2, 20)

    def test_issues_closed_by_bots_or_as_not_planned_are_told_apart(self) -> None:
        activity = digest(
            issue(
                1, closed_at=1, closed_by=Account("github-actions", is_bot=True), state_reason="not_planned"
            ),
            issue(2, closed_at=1, closed_by=Account("ann"), state_reason="not_planned"),
            issue(3, closed_at=1, closed_by=Account("ann"), state_reason="completed"),
            issue(4, closed_at=1, closed_by=Account("vllm-bot"), state_reason="completed"),
        ).activity
        assert (activity.closed_by_bot, activity.closed_not_planned) == ((4, 1), (2,))

    def test_an_issue_that_a_merge_queue_closed_was_not_closed_by_a_bot(self) -> None:
        queue = Account("github-merge-queue", is_bot=True)
        facts = digest(issue(1, closed_at=5, closed_by=queue, closed_by_pull=9), pull(9, merged_at=5))
        assert facts.activity.closed_by_bot == ()
        assert facts.thread(1).importance == digest(issue(1, closed_at=5)).thread(1).importance


class TestLinks:
    @pytest.mark.parametrize(
        ("fields", "kind"),
        [
            ({"title": 'Revert "An issue (#1)"'}, LinkKind.REVERTS),
            ({"title": "[Revert] An issue (#1)"}, LinkKind.REVERTS),
            ({"title": "Reland: An issue (#1)"}, LinkKind.RELANDS),
            ({"body": "Reverts vllm-project/vllm#1"}, LinkKind.REVERTS),
            ({"body": "This is a revert of #1."}, LinkKind.REVERTS),
            *(
                ({"title": title}, LinkKind.REVERTS)
                for title in ("Undo #1", "Roll back #1", "Back out PR #1")
            ),
            ({"title": 'Back out "An issue (#1)"'}, LinkKind.REVERTS),
            ({"title": '[Bugfix][MoE] Revert "An issue" #1'}, LinkKind.REVERTS),
            ({"title": "Revert changes from #1"}, LinkKind.REVERTS),
            ({"body": "It rolls back #1."}, LinkKind.REVERTS),
            ({"closes": (1,)}, LinkKind.CLOSES),
            ({"body": "This fixes: #1"}, LinkKind.CLOSES),
            ({"body": "Closes https://github.com/vllm-project/vllm/issues/1"}, LinkKind.CLOSES),
        ],
    )
    def test_say_what_a_pull_request_does_once_it_is_merged(
        self, fields: dict[str, Any], kind: LinkKind
    ) -> None:
        undoes = kind in (LinkKind.REVERTS, LinkKind.RELANDS)
        target = pull(1, merged_at=0) if undoes else issue(1, closed_at=1)
        assert digest(target, pull(9, merged_at=1, **fields)).links == (Link(kind, 9, 1),)
        assert digest(target, pull(9, created_at=1, **fields)).links == (Link(kind, 9, 1, done=False),)
        assert digest(target, pull(9, closed_at=1, **fields)).links == ()

    def test_say_what_follows_and_what_its_author_calls_a_duplicate(self) -> None:
        target = issue(1, closed_at=1)
        follows = digest(target, pull(9, created_at=1, body="A follow-up to #1."))
        assert follows.links == (Link(LinkKind.FOLLOWS, 9, 1),)
        claimed = digest(target, issue(9, created_at=1, body="A duplicate of #1."))
        assert claimed.links == (Link(LinkKind.DUPLICATES, 9, 1, done=False),)

    def test_come_from_what_github_knows_of_closings_and_duplicates(self) -> None:
        facts = digest(
            issue(1, closed_at=5, closed_by_pull=9),
            issue(2, closed_at=5, duplicate_of=1),
            pull(9, merged_at=5),
        )
        assert set(facts.links) == {Link(LinkKind.CLOSES, 9, 1), Link(LinkKind.DUPLICATES, 2, 1)}

    @pytest.mark.parametrize(
        "body",
        [
            *("fixes 1 bug", "closes other/repo#1", "prefixes #1", "see #1", "fixes #9", "fixes #7"),
            *("<!-- Fixes #1 -->", "```\ngit commit -m 'fixes #1'\n```", "> fixes #1", "`fixes #1`"),
            *("This does not fix #1", "Should we revert #1?", "Maybe this fixes #1.", "It doesn't revert #1"),
            "<details>\n\nFixes #1\n\n</details>",
        ],
    )
    def test_are_not_seen_where_there_are_none(self, body: str) -> None:
        assert digest(issue(1, closed_at=1), pull(9, created_at=1, body=body)).links == ()

    @pytest.mark.parametrize(
        "fields",
        [
            {"body": "It is slow since the revert of #1, so this brings it back."},
            {"body": "Adapts the tests after revert #1."},
            {"body": "This partially reverts #1."},
            {"body": "Reverts #1 in part."},
            {"title": "Partially revert #1: only the default"},
            {"title": "Revert part of #1"},
            {"title": "Revert some of the changes (#1)"},
            {"title": "Revert back to the old default (#1)"},
            {"title": "Revert the default because of #1"},
            {"title": 'Revert "Fix #1"'},
            {"title": "Roll back to 2.9 (#1)"},
        ],
    )
    def test_of_a_revert_are_not_seen_where_it_is_another_s_or_of_a_part(
        self, fields: dict[str, Any]
    ) -> None:
        assert digest(pull(1, merged_at=0), pull(9, merged_at=1, **fields)).reverted == frozenset()

    def test_undo_only_what_was_merged(self) -> None:
        revert = pull(9, 'Revert "X (#1)"', merged_at=5)
        for target in (issue(1, created_at=1), pull(1, created_at=1), pull(1, closed_at=1)):
            assert digest(target, revert).links == ()

    def test_of_a_fix_that_left_its_issue_open_are_no_solution(self) -> None:
        fix = pull(9, merged_at=5, closes=(1,), body="Fixes #1")
        assert digest(issue(1, created_at=1), fix).links == (Link(LinkKind.CLOSES, 9, 1, done=False),)
        again = TimelineEvent("b", EventKind.REOPENED, minute(6))
        closed = TimelineEvent("a", EventKind.CLOSED, minute(5), pull=9)
        reopened = digest(issue(1, created_at=1, timeline=(closed, again)), fix)
        assert reopened.links == (Link(LinkKind.CLOSES, 9, 1, done=False),)

    def test_of_a_revert_count_though_the_change_is_older(self) -> None:
        facts = digest(pull(9, 'Revert "Something old (#7)" (#9)', merged_at=1))
        assert facts.links == (Link(LinkKind.REVERTS, 9, 7),)
        assert facts.reverted == {7}

    @pytest.mark.parametrize("title", ["Should we revert #7?", 'Revert "Something old (#7)"', "revert #7"])
    def test_of_a_revert_need_a_pull_request(self, title: str) -> None:
        assert digest(issue(9, title, created_at=1, body="Reverts #7")).links == ()

    def test_know_what_was_reverted_relanded_and_reverted_again(self) -> None:
        threads = [
            pull(1, "X", merged_at=1),
            pull(2, 'Revert "X (#1)"', merged_at=2),
            pull(3, 'Revert "Revert "X (#1)" (#2)"', merged_at=3),
            pull(4, 'Revert "Revert "Revert "X (#1)" (#2)" (#3)"', merged_at=4),
            pull(5, "[Reland] X (#1)", merged_at=5),
        ]
        undone = [digest(*threads[:count]).reverted for count in range(1, 6)]
        assert undone == [set(), {1}, {2}, {1, 3}, {3}]

    def test_take_a_step_each_where_each_claims_to_revert_all_before_it(self) -> None:
        claims = ["".join(f"Reverts #{target}\n" for target in range(1, number)) for number in range(1, 41)]
        threads = [pull(number, "X", body=body, merged_at=number) for number, body in enumerate(claims, 1)]
        facts = digest(*threads)
        assert len(facts.links) > 100
        assert facts.reverted == set(range(1, 40))

    def test_of_a_revert_that_is_open_or_abandoned_undo_nothing(self) -> None:
        for fields in ({"created_at": 5}, {"closed_at": 5}):
            facts = digest(pull(1, "X", merged_at=1), pull(2, 'Revert "X (#1)"', **fields))
            assert facts.reverted == set()
            assert 1 in facts.changes


class TestChanges:
    def test_are_ranked_by_merging_size_labels_and_talk(self) -> None:
        facts = digest(
            pull(1, created_at=1, additions=2, deletions=0),
            pull(2, created_at=1, additions=700, deletions=200),
            pull(3, merged_at=1, additions=700, deletions=200),
            pull(4, created_at=1, additions=700, deletions=200, labels=("performance",)),
            pull(5, created_at=1, additions=700, deletions=200, draft=True),
        )
        assert facts.changes == (3, 4, 2, 5, 1)

    def test_are_ranked_by_what_their_titles_tag(self) -> None:
        facts = digest(
            pull(1, "[CI/Build] Move a job", merged_at=1, additions=900),
            pull(2, "Move a job", created_at=1, additions=900),
            pull(3, "[Perf][Kernel] Fuse two", created_at=1, additions=900),
            pull(4, "[Bugfix] Mend it", created_at=1, additions=900),
        )
        assert facts.changes == (3, 4, 2, 1)

    def test_are_not_ranked_by_talk_alone(self) -> None:
        facts = digest(
            pull(1, created_at=1, remarks=[said(f"person{n}", n) for n in range(1, 20)]),
            pull(2, "[Perf] Fuse two", merged_at=1, additions=900),
        )
        assert facts.changes == (2, 1)

    def test_leave_out_bots_and_what_was_closed(self) -> None:
        facts = digest(pull(1, created_at=1, by="dependabot[bot]"), pull(2, created_at=1, closed_at=2))
        assert facts.changes == ()

    def test_never_praise_what_was_reverted_nor_the_revert(self) -> None:
        facts = digest(
            pull(1, "Clean up", merged_at=1, additions=900), pull(2, 'Revert "Clean up" (#1)', merged_at=50)
        )
        assert facts.changes == ()
        assert facts.concerns == (Concern(2, ConcernKind.REVERT, 1),)


class TestWorries:
    def test_are_told_by_kind_and_hottest_first(self) -> None:
        heated = tuple(said(f"person{n}", n) for n in range(5))
        facts = digest(
            issue(1, "[Bug]: it breaks", created_at=1),
            pull(2, remarks=(said("ann", 1, verdict="CHANGES_REQUESTED"),)),
            issue(3, remarks=heated),
            issue(4, closed_at=1, remarks=(said("ann", 5), said("bob", 9))),
        )
        assert facts.concerns == (
            Concern(3, ConcernKind.HOT_AND_OPEN),
            Concern(2, ConcernKind.CHANGES_REQUESTED),
            Concern(4, ConcernKind.TALK_AFTER_CLOSING),
            Concern(1, ConcernKind.UNANSWERED_BUG),
        )

    def test_of_one_kind_do_not_crowd_out_the_others(self) -> None:
        bugs = [issue(number, "[Bug]: it breaks", created_at=1) for number in range(10, 20)]
        hot = [issue(number, remarks=[said(f"person{n}", n) for n in range(5)]) for number in range(20, 30)]
        facts = digest(*bugs, *hot)
        assert [concern.number for concern in facts.concerns] == [29, 28, 19, 18, 27, 26, 25, 24]
        assert facts.more_concerns == 12

    def test_of_equals_tell_the_focus_first(self) -> None:
        facts = digest(
            issue(1, "[Bug]: it breaks on MI300X", created_at=1), issue(2, "[Bug]: it breaks", created_at=1)
        )
        assert [concern.number for concern in facts.concerns] == [1, 2]

    def test_do_not_include_a_bug_that_was_answered_or_is_minutes_old(self) -> None:
        facts = digest(
            issue(1, labels=("bug",), created_at=1, remarks=(said("ann", 2),)),
            issue(2, labels=("bug",), created_at=100),
            issue(3, labels=("bug",), created_at=1, closed_at=2),
        )
        assert facts.concerns == ()

    def test_do_not_include_a_bug_that_somebody_reacted_to_without_a_word(self) -> None:
        bug: dict[str, Any] = {"title": "[Bug]: MI300X hangs", "created_at": 1}
        closed, reopened, marked = (
            TimelineEvent(kind.value, kind, minute(at), Account("ann"), target=7)
            for at, kind in ((5, EventKind.CLOSED), (6, EventKind.REOPENED), (7, EventKind.DUPLICATE))
        )
        for reacted in ({"timeline": (closed, reopened)}, {"timeline": (marked,)}):
            facts = digest(issue(1, **bug, **reacted))
            assert (facts.concerns, verdict_counts(facts).focus_unanswered) == ((), 0)
        fixed = digest(issue(1, **bug), pull(2, created_at=9, closes=(1,)))
        assert (fixed.concerns, verdict_counts(fixed).focus_unanswered) == ((), 0)

    def test_are_counted_beyond_those_that_a_page_lists(self) -> None:
        facts = digest(*(issue(number, "[Bug]: MI300X hangs", created_at=number) for number in range(1, 14)))
        late = issue(20, "[Bug]: MI300X hangs", created_at=115)
        assert (len(facts.concerns), facts.more_concerns) == (8, 5)
        assert verdict_counts(facts).focus_unanswered == 13
        assert verdict_counts(digest(late)).focus_unanswered == 1

    def test_do_not_include_a_request_for_changes_that_was_withdrawn(self) -> None:
        reviews = (said("ann", 1, verdict="CHANGES_REQUESTED"), said("ann", 9, verdict="APPROVED"))
        assert digest(pull(1, remarks=reviews)).concerns == ()


@pytest.mark.parametrize(
    "fields",
    [
        *({"labels": (label,)} for label in ("bug", "kind/bug", "Bug", "type: bug", "🐛 bug", "type:bug")),
        *({"title": title} for title in ("[Bug]: x", "bug: config ignored", "[BUG] y", "Bug report: z")),
        {"issue_type": "Bug"},
    ],
)
def test_a_bug_is_known_in_any_spelling(fields: dict[str, Any]) -> None:
    assert digest(issue(1, created_at=1, **fields)).concerns == (Concern(1, ConcernKind.UNANSWERED_BUG),)


@pytest.mark.parametrize(
    "fields", [{"labels": ("debug",)}, {"labels": ("not a bug",)}, {"title": "Debugging: how?"}]
)
def test_a_bug_is_not_seen_where_there_is_none(fields: dict[str, Any]) -> None:
    assert digest(issue(1, created_at=1, **fields)).concerns == ()


def test_two_deleted_accounts_are_never_one_person() -> None:
    facts = digest(
        issue(1, "[Bug]: x", by="ghost", created_at=1, remarks=(said("ghost", 2), said("ghost", 3)))
    )
    assert facts.activity.answered == 1
    assert (facts.thread(1).heat.participants, facts.concerns) == (("ghost ghost-2", "ghost ghost-3"), ())


def test_the_same_threads_in_any_order_give_the_same_digest() -> None:
    threads = (issue(1, created_at=1), pull(2, merged_at=1), issue(3, remarks=(said("ann", 1),)))
    assert digest(*threads) == digest(*reversed(threads))


def test_excerpts_are_kept_only_where_the_page_speaks_of_a_thread() -> None:
    plain = [issue(number, body="A body.", created_at=1) for number in range(2, 12)]
    facts = digest(issue(1, body="Body of the busiest.", remarks=(said("ann", 1, body="Hello."),)), *plain)
    assert facts.thread(1).excerpt == "Body of the busiest."
    assert [voice.excerpt for voice in facts.thread(1).voices] == ["Hello."]
    assert {facts.thread(number).excerpt for number in range(2, 12)} == {""}


@pytest.mark.parametrize(
    ("title", "is_told"),
    [
        *(
            (title, True)
            for title in ("[Bug]: 38% perf regression", "It regressed in 0.9", "A regression in logits")
        ),
        *(
            (title, False)
            for title in ("Add logistic regression", "Classification and regression", "Regression head")
        ),
        *((title, False) for title in ("Add a regression test", "No regression")),
    ],
)
def test_a_regression_is_what_worked_before(title: str, is_told: bool) -> None:
    assert digest(issue(1, title, created_at=1)).thread(1).is_regression is is_told
