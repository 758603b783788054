"""Settle a claim: read the picture again, compare the face with the person alone, and accept it or leave it to a human.

The embedding of the face lives for this one comparison: it is not stored, and no template changes. Each step may be
repeated; the verdict is written last, so an event delivered again carries on wherever the process died.
"""

from collections.abc import Callable
from functools import partial

from chalicelib.domain.attendance import AttendanceRecord, sighted
from chalicelib.domain.claims import (
    Claim,
    ClaimState,
    Comparison,
    Verdict,
    claim_refused,
    contested,
    evidence_of_claim,
)
from chalicelib.domain.errors import (
    BiometricsOff,
    ConsentMissing,
    FaceTaken,
    FrameNotFound,
    PayloadTooLarge,
    UnreadableMedia,
    UnsupportedMediaType,
)
from chalicelib.domain.frames import Frame
from chalicelib.domain.history import Act, Cause
from chalicelib.domain.sessions import Confirmation, Session
from chalicelib.domain.sightings import Decision
from chalicelib.services.enrol_candidate import may_match
from chalicelib.services.merge_attendance import Merge, merge_attendance
from chalicelib.services.ports import (
    Attendance,
    Claims,
    Courses,
    Frames,
    Gallery,
    Media,
    People,
    Recogniser,
    Sessions,
)


def settle_claim(
    session_id: str,
    claim_id: str,
    *,
    claims: Claims,
    frames: Frames,
    sessions: Sessions,
    courses: Courses,
    people: People,
    attendance: Attendance,
    media: Media,
    recogniser: Recogniser,
    gallery_of: Callable[[str], Gallery],
    max_bytes: int,
) -> Claim:
    """Raises ClaimNotFound, Contention, ModelNotInstalled."""
    claim = claims.get(session_id, claim_id)
    if claim.state is not ClaimState.PENDING:
        return claim
    try:
        frame = frames.get(claim.frame_id)
    except FrameNotFound:
        verdict = _refused("frame_expired")
    else:
        session = sessions.get(session_id)
        course_id = session.course_id
        if claim.person_id not in courses.roster(course_id):
            verdict = _refused("not_on_roster")
        elif not may_match(claim.person_id, people=people):
            verdict = _refused("consent_missing")
        else:
            try:
                verdict = _compare(claim, frame, media, recogniser, gallery_of(course_id), max_bytes)
            except BiometricsOff as error:
                verdict = _refused(error.code)
        verdict = _merged(claim, frame, verdict, session, claims, attendance)
    claims.conclude(claim, verdict)
    return claims.get(session_id, claim_id)


def _compare(
    claim: Claim, frame: Frame, media: Media, recogniser: Recogniser, gallery: Gallery, max_bytes: int
) -> Verdict:
    if claim.person_id not in gallery.person_ids:
        return _refused("no_template")
    try:
        picture = media.get(frame.key, max_bytes)
        if picture is None:
            return _refused("picture_expired")
        comparison = recogniser.compare(picture, claim.box, claim.person_id, gallery)
    except (UnreadableMedia, UnsupportedMediaType, PayloadTooLarge) as error:
        return _refused(error.code)
    if comparison is None:
        return _refused("face_not_found")
    if not comparison.accepted:
        return _refused("not_alike", comparison)
    return Verdict(ClaimState.ACCEPTED, comparison=comparison)


def _merged(
    claim: Claim,
    frame: Frame,
    verdict: Verdict,
    session: Session,
    claims: Claims,
    attendance: Attendance,
) -> Verdict:
    """The verdict, once the register says the same; refused if the register may not."""
    comparison, received_at = verdict.comparison, frame.received_at
    if comparison is None or received_at is None:
        return verdict
    evidence = evidence_of_claim(claim, comparison)
    only_propose = session.confirmation is Confirmation.REVIEW

    def accepted(record: AttendanceRecord) -> AttendanceRecord:
        return sighted(record, Decision.ACCEPTED, evidence, received_at, only_propose=only_propose)

    try:
        if verdict.state is ClaimState.REFUSED:
            refused = partial(claim_refused, evidence=evidence)
            _merge(claim, claim.person_id, Act.CLAIM_REFUSED, refused, session, attendance)
            return verdict
        claims.take_face(claim)
        _merge(claim, claim.person_id, Act.CLAIMED, accepted, session, attendance)
    except (ConsentMissing, FaceTaken) as error:
        return _refused(error.code, comparison)
    _contest(claim, frame, session, attendance)
    return verdict


def _merge(
    claim: Claim, person_id: str, act: Act, merge: Merge, session: Session, attendance: Attendance
) -> None:
    """What is said of the claimant needs consent; that a frame is contested is said of somebody else."""
    merge_attendance(
        attendance.get(claim.session_id, person_id),
        merge,
        session=session,
        cause=Cause(act, claim.created_at, by=claim.by, frame_id=claim.frame_id),
        attendance=attendance,
        needs_consent=act is not Act.CONTESTED,
    )


def _contest(claim: Claim, frame: Frame, session: Session, attendance: Attendance) -> None:
    """Whom the machine had seen in that face is put before a human; what other frames say of that person stands."""
    credited = None if frame.result is None else frame.result.sightings[claim.face].candidate
    if credited is None or credited == claim.person_id:
        return
    record = attendance.get(claim.session_id, credited)
    if record.evidence is not None or record.proposals:
        contest = partial(contested, frame_id=claim.frame_id)
        _merge(claim, credited, Act.CONTESTED, contest, session, attendance)


def _refused(code: str, comparison: Comparison | None = None) -> Verdict:
    return Verdict(ClaimState.REFUSED, code, comparison)
