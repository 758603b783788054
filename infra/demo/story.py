"""What the demo shows beside the register: review, claims, look-alikes, a correction, retraining, an erasure."""

from dataclasses import dataclass

TWICE = 2
"""People who register with a face that is enrolled under another name."""


HONEST = "not_enough_evidence"
"""What the gate has to say of a class: it is too few people to tell a better model by."""


@dataclass(frozen=True)
class Retraining:
    """When the job ran, what the gate decided, and why. Of a job that made no model: how it ended, and why."""

    started: str | None
    finished: str | None
    decision: str
    reason: str


@dataclass(frozen=True)
class Story:
    """None: not shown with photographs, which nobody has of a twin, and whose claims depend on the photographs.

    `review_present_unconfirmed`: marked before the instructor confirmed anything. `duplicates_flagged`: registrations
    that awaited a human, with the right other name. `twins_left_to_humans`: a told-apart twin seen and not accepted.
    `traces_*`: of the `traces_sought` (names, ids, views, pictures), how many were found in what is stored.
    `frames_read_by_champion`: of the one frame after the gate's decision.
    `erased_seen_again`: the erased student's face was found in a frame afterwards; `erased_named`: how often by name.
    """

    review_proposed: int
    review_present_unconfirmed: int
    review_confirmed: int
    corrections: int
    retraining: Retraining
    erased: int
    receipts_verified: int
    traces_sought: int
    traces_before_erasure: int
    traces_after_erasure: int
    erased_seen_again: int
    erased_named: int
    frames_read_by_champion: int = 0
    claims_accepted: int | None = None
    claims_refused: int | None = None
    duplicates_flagged: int | None = None
    duplicates_enrolled: int | None = None
    duplicates_refused: int | None = None
    twins_left_to_humans: int | None = None


def story_faults(story: Story, fewest_proposed: int) -> list[str]:
    """What went wrong, in words. Everybody is shown once in review, so not everybody need be proposed."""
    found = [
        (story.review_proposed < fewest_proposed, f"review: only {story.review_proposed} proposed"),
        (story.review_present_unconfirmed > 0, "review: somebody was present before it was confirmed"),
        (
            story.review_confirmed != story.review_proposed,
            f"review: {story.review_confirmed} of {story.review_proposed} confirmed",
        ),
        (story.corrections != 1, "the correction is not in the history"),
        (
            story.retraining.decision != HONEST,
            f"retraining: {story.retraining.decision}, {story.retraining.reason}",
        ),
        (story.frames_read_by_champion != 1, "the frame after retraining was not read by what is in service"),
        (story.erased != 1, "nobody was erased"),
        (story.receipts_verified != 1, "the erasure's receipt does not verify"),
        (
            story.traces_before_erasure != story.traces_sought,
            f"the search found {story.traces_before_erasure} of {story.traces_sought} before the erasure",
        ),
        (story.traces_after_erasure > 0, f"{story.traces_after_erasure} traces left after the erasure"),
        (story.erased_seen_again != 1, "the erased student's face was not seen again"),
        (story.erased_named > 0, "a frame names the erased student"),
        (story.claims_accepted not in (None, 1), "the rightful claim was not accepted"),
        (story.claims_refused not in (None, 1), "the wrong claim was not refused"),
        (
            story.duplicates_flagged not in (None, TWICE),
            f"{story.duplicates_flagged} of {TWICE} duplicates flagged",
        ),
        (story.duplicates_enrolled not in (None, 1), "the twin was not enrolled"),
        (story.duplicates_refused not in (None, 1), "one person was enrolled under two names"),
        (story.twins_left_to_humans not in (None, 1), "the twin's face was not left to a human"),
    ]
    return [words for wrong, words in found if wrong]
