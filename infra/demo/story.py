"""What the demo counts beside the register itself: review, claims, look-alikes, a correction, an erasure."""

from dataclasses import dataclass

TWICE = 2
"""People who register with a face that is enrolled under another name."""


@dataclass(frozen=True)
class Story:
    """None: not shown with photographs, which nobody has of a twin, and whose claims depend on the photographs.

    `review_present_unconfirmed`: marked before the instructor confirmed anything. `duplicates_flagged`: registrations
    that awaited a human, with the right other name. `twins_left_to_humans`: a told-apart twin seen and not accepted.
    `traces_*`: of the `traces_sought` (names, ids, views, pictures), how many were found in what is stored.
    `erased_seen_again`: the erased student's face was found in a frame afterwards; `erased_named`: how often by name.
    """

    review_proposed: int
    review_present_unconfirmed: int
    review_confirmed: int
    corrections: int
    erased: int
    receipts_verified: int
    traces_sought: int
    traces_before_erasure: int
    traces_after_erasure: int
    erased_seen_again: int
    erased_named: int
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
