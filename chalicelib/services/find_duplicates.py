"""Find who is enrolled, or about to be, with the face of a candidate: an open-set search of the whole school."""

from collections.abc import Iterator

from chalicelib.domain.duplicates import Likeness, duplicates
from chalicelib.domain.templates import Template
from chalicelib.services.ports import People, Recogniser, Templates

Compared = tuple[str, float, int]


def find_duplicates(
    candidate: Template, *, templates: Templates, people: People, recogniser: Recogniser
) -> tuple[Likeness, ...]:
    """Whom a human must compare with, the likest first.

    The candidate is stored before it is searched for, and a candidate becomes a template in one transaction. So of two
    that are enrolled at once the later one finds the earlier: among the candidates, which are read first, or among the
    templates.
    """
    person_id = candidate.person_id
    others, own = [], None
    for other_id, similarity, enrolment_count in _compared(candidate, templates, recogniser):
        if other_id != person_id:
            others.append((other_id, similarity, enrolment_count))
    stored = templates.get(person_id, candidate.model_id)
    if stored is not None:
        (own,) = recogniser.similarities(candidate, [stored])
    likenesses = [
        Likeness(
            other_id,
            similarity,
            recogniser.duplicate_threshold((candidate.enrolment_count, enrolment_count), len(others)),
        )
        for other_id, similarity, enrolment_count in others
    ]
    return duplicates(likenesses, people.get(person_id).lookalikes, own)


def _compared(candidate: Template, templates: Templates, recogniser: Recogniser) -> Iterator[Compared]:
    """Everybody of the candidate's model; a shard at a time, so that a school of thousands need not be held at once."""
    pending = tuple(other.template for other in templates.candidates(candidate.model_id))
    yield from _similar(candidate, pending, recogniser)
    for shard in templates.in_shards(candidate.model_id):
        yield from _similar(candidate, shard, recogniser)


def _similar(candidate: Template, others: tuple[Template, ...], recogniser: Recogniser) -> Iterator[Compared]:
    for other, similarity in zip(others, recogniser.similarities(candidate, others), strict=True):
        yield other.person_id, similarity, other.enrolment_count
