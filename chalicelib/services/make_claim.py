"""Make a claim: "that is me". It is only written down here; an event reads the picture again and verifies the face."""

from dataclasses import dataclass

from chalicelib.domain.access import Caller, Role
from chalicelib.domain.claims import Claim, ClaimState, claim_id_of, face_at, sighting_of
from chalicelib.domain.clock import Clock
from chalicelib.domain.errors import ClaimNotFound, FrameNotRead, InvalidRequest, NotOnRoster
from chalicelib.domain.frames import Frame, FrameState
from chalicelib.services.ports import Claims, ClaimsMade, Courses, Frames, Models, RateLimits, Sessions

DAY_SECONDS = 24 * 60 * 60
MOST_OF_A_PERSON = 5
"""In a session and a day: who tries every face of a frame is not to find one that passes."""
MOST_OF_A_CAMERA = 20
"""In a minute: a kiosk at the door of a class."""


@dataclass(frozen=True)
class Pointed:
    """Which face of a frame is meant: its place among the sightings, or a point inside its box, in pixels."""

    face: int | None = None
    point: tuple[float, float] | None = None


def make_claim(
    frame_id: str,
    person_id: str,
    pointed: Pointed,
    *,
    by: Caller,
    frames: Frames,
    sessions: Sessions,
    courses: Courses,
    claims: Claims,
    claims_made: ClaimsMade,
    limits: RateLimits,
    models: Models,
    clock: Clock,
) -> Claim:
    """The same claim made again is the same one; only if it was refused is it verified anew, as a further try.

    Raises BiometricsOff, FrameNotFound, FrameNotRead, FaceNotFound, NotOnRoster, TooManyRequests, InvalidRequest.
    """
    models.biometrics().require_on()
    frame = frames.get(frame_id)
    if frame.state is FrameState.PENDING:
        raise FrameNotRead("The faces of this frame are not known yet.")
    face = _face_of(frame, pointed)
    sighting = sighting_of(frame, face)
    if person_id not in courses.roster(sessions.get(frame.session_id).course_id):
        raise NotOnRoster("This person is not on the roster of the frame's session.")
    if by.role is Role.CAMERA:
        limits.take(f"claims#{by.subject}", MOST_OF_A_CAMERA, 60)
    claim = Claim(
        claim_id=claim_id_of(frame_id, face, person_id),
        session_id=frame.session_id,
        frame_id=frame_id,
        face=face,
        box=sighting.box,
        person_id=person_id,
        by=by.subject,
        created_at=clock(),
    )
    if not _stands(claim, claims):
        limits.take(f"claims#{frame.session_id}#{person_id}", MOST_OF_A_PERSON, DAY_SECONDS)
        claims.add(claim)
    claim = claims.get(claim.session_id, claim.claim_id)
    if claim.state is ClaimState.PENDING:
        claims_made.announce(claim)  # again, too, if a call before was cut off here
    return claim


def _stands(claim: Claim, claims: Claims) -> bool:
    try:
        return claims.get(claim.session_id, claim.claim_id).state is not ClaimState.REFUSED
    except ClaimNotFound:
        return False


def _face_of(frame: Frame, pointed: Pointed) -> int:
    if pointed.face is not None and pointed.point is None:
        return pointed.face
    if pointed.point is not None and pointed.face is None:
        return face_at(frame, *pointed.point)
    raise InvalidRequest("A claim names either a face or a point.")
