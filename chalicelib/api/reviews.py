"""/v1/registrations-awaiting-review: faces that are enrolled under another name already, for a human to decide."""

from chalicelib import wiring
from chalicelib.api.registrations import RegistrationOut
from chalicelib.api.requests import ApiRequest
from chalicelib.api.routes import Routes
from chalicelib.api.schemas import In, Out, PageOut, PageQuery
from chalicelib.domain.duplicates import Decision
from chalicelib.domain.errors import ConsentMissing, LimitReached, NothingToDecide
from chalicelib.services.decide_registration import decide_registration
from chalicelib.services.list_reviews import Review, list_reviews

reviews = Routes(__name__)


class AlikeOut(Out):
    """Somebody whose face resembles that of the registration; higher is closer. Who was deleted has no name."""

    person_id: str
    name: str | None
    similarity: float
    threshold: float


class ReviewOut(Out):
    """A registration that awaits a human, and whom its face was taken for, the likest first."""

    registration: RegistrationOut
    name: str | None
    resembles: tuple[AlikeOut, ...]

    @classmethod
    def of(cls, review: Review) -> "ReviewOut":
        registration, names = review.registration, review.names
        resembles = () if registration.outcome is None else registration.outcome.resembles
        return cls(
            registration=RegistrationOut.of(registration),
            name=names.get(registration.person_id),
            resembles=tuple(
                AlikeOut(
                    person_id=each.person_id,
                    name=names.get(each.person_id),
                    similarity=round(each.similarity, 4),
                    threshold=round(each.threshold, 4),
                )
                for each in resembles
            ),
        )


class DecisionIn(In):
    """`same_person` refuses and forgets the registration; `two_people` enrols it and remembers them as look-alikes."""

    decision: Decision


@reviews.route("GET", "/v1/registrations-awaiting-review")
def get_reviews(_: ApiRequest, query: PageQuery) -> PageOut[ReviewOut]:
    """List the registrations that await a review, the oldest first."""
    page = list_reviews(
        query.limit, query.cursor, registrations=wiring.registrations(), people=wiring.people()
    )
    return PageOut[ReviewOut](items=tuple(map(ReviewOut.of, page.items)), next_cursor=page.cursor)


@reviews.route(
    "POST",
    "/v1/people/{person_id}/registrations/{registration_id}/decision",
    errors=[NothingToDecide, ConsentMissing, LimitReached],
)
def post_decision(
    request: ApiRequest, person_id: str, registration_id: str, body: DecisionIn
) -> RegistrationOut:
    """Decide whether a registration's face is that of somebody enrolled already, or of a look-alike."""
    registration = decide_registration(
        person_id,
        registration_id,
        body.decision,
        by=request.caller.subject,
        registrations=wiring.registrations(),
        people=wiring.people(),
        templates=wiring.templates(),
        media=wiring.media(),
    )
    return RegistrationOut.of(registration)
