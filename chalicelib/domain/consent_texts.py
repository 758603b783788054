"""What people read before they sign: versioned texts that name their uses and never change."""

from dataclasses import dataclass
from datetime import UTC, datetime

from chalicelib.domain.canonical import sha256_of
from chalicelib.domain.errors import UsesNotNamed
from chalicelib.domain.people import Use


@dataclass(frozen=True)
class ConsentText:
    """One text in one language; a translation or a changed comma is a version of its own."""

    version: str
    language: str
    title: str
    body: str
    uses: tuple[Use, ...]
    created_at: datetime

    @property
    def sha256(self) -> str:
        """Of what a reader sees; when it was added is not part of it."""
        return sha256_of(
            {
                "version": self.version,
                "language": self.language,
                "title": self.title,
                "body": self.body,
                "uses": sorted(self.uses),
            }
        )


def require_named(text: ConsentText, uses: tuple[Use, ...]) -> None:
    """Nobody can permit what the text did not tell them of. Raises UsesNotNamed."""
    if unnamed := sorted(set(uses) - set(text.uses)):
        raise UsesNotNamed(f"The text {text.version} does not name {', '.join(unnamed)}.")


DEFAULT_TEXT = ConsentText(
    version="2026-2",
    language="en",
    title="Attendance by face",
    body=(
        "We ask for your permission to recognise the face of the person named below, so that attendance can be taken "
        "from pictures of the classroom. You are free to say no, and you can end this permission at any time, without "
        "giving a reason and without any disadvantage: attendance is then taken with a code shown in class or by the "
        "teacher.\n\n"
        "Matching. From a video or photos of you we compute numbers that describe your face (a template). Faces in "
        "pictures of your own courses' sessions are compared with it. When you register, your face is once compared "
        "with those of all who have registered, and later theirs with yours, so that nobody registers under two names: "
        "if two are very alike, staff are shown both names and decide. It is compared with nothing else. Without this "
        "use no template is made.\n\n"
        "Evaluation. Your video or photos, and what is computed from them, may be used to measure how often the system "
        "is wrong, also for different groups of people.\n\n"
        "Score normalisation. Your template may be compared with faces in other courses, only to tell how alike any "
        "two faces are there. It never says that you were there.\n\n"
        "You may permit each of these uses by itself. When you end the permission, the template, the video and the "
        "photos are deleted at once. Pictures of the classroom are deleted after two weeks. You may ask for everything "
        "that we hold about you, and have it erased with a signed receipt."
    ),
    uses=(Use.EVALUATION, Use.MATCHING, Use.NORMALISATION),
    created_at=datetime(2026, 11, 24, tzinfo=UTC),
)
"""Shipped with the code, so that a new deployment can ask for consent at once."""
