"""What became of an enrolment's media, in words for the person who made them."""

from chalicelib.domain.quality import WORDS_BY_REASON, Words
from chalicelib.domain.templates import ExtractedViews

MIN_VIEWS = 1
"""One good view enrols: a photo is a fair start, and its threshold is that of a single occasion."""

# A sample is dropped for a fault of its view, or for one of these.
_WORDS: dict[str, Words] = {
    **{str(reason): words for reason, words in WORDS_BY_REASON.items()},
    "no_face": Words("showed no face", "Keep your face in the picture."),
    "several_faces": Words("showed several faces", "Be alone in the picture."),
    "odd_one_out": Words("looked like somebody else", "Let nobody else come into the picture."),
    "unreadable": Words("could not be read", "Send pictures as JPEG, PNG or WebP."),
}
_HARMLESS = frozenset({"redundant"})


def is_enough(views: ExtractedViews) -> bool:
    """Whether a template can be made of what was kept."""
    return len(views.embeddings) >= MIN_VIEWS


def describe(views: ExtractedViews) -> str:
    """One or two sentences: what was kept, why the rest was dropped, and, if it matters, what to do better.

    >>> describe(ExtractedViews(embeddings=(), uploads=(), sampled=14, dropped={"no_face": 5, "blurred": 9}))
    'No usable view: of 14 samples 9 were blurred and 5 showed no face. Hold the camera still.'
    """
    dropped = sorted(
        ((count, reason) for reason, count in views.dropped.items() if count and reason not in _HARMLESS),
        key=lambda pair: (-pair[0], pair[1]),
    )
    told = _listed([f"{count} {_reads(reason, count)}" for count, reason in dropped])
    samples = _counted(views.sampled, "sample")
    if is_enough(views):
        kept = f"{_counted(len(views.embeddings), 'usable view')} of {samples}"
        return f"{kept}; {told}." if told else f"{kept}."
    if not told:
        return "No usable view: there was nothing to look at."
    return f"No usable view: of {samples} {told}. {_words(dropped[0][1]).advice}".rstrip()


def _words(reason: str) -> Words:
    return _WORDS.get(reason, Words(f"were dropped ({reason})", ""))


def _reads(reason: str, count: int) -> str:
    reads = _words(reason).reads
    return reads.replace("were ", "was ", 1) if count == 1 and reads.startswith("were ") else reads


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1] if parts else ""
