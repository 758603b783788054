"""Who may do what: every route, the roles that it admits, and how far each reaches. All else is denied."""

from collections.abc import Mapping

from chalicelib.domain.access import Reach, Role

Rule = Mapping[Role, Reach]

EVERY, OWN = Reach.EVERY, Reach.OWN
PUBLIC: Rule = {}
"""Answered without a token."""


def _to(
    admin: Reach, instructor: Reach | None = None, student: Reach | None = None, camera: Reach | None = None
) -> Rule:
    reaches = {Role.ADMIN: admin, Role.INSTRUCTOR: instructor, Role.STUDENT: student, Role.CAMERA: camera}
    return {role: reach for role, reach in reaches.items() if reach is not None}


_ADMINS = _to(EVERY)
_STAFF = _to(EVERY, instructor=OWN)
_PEOPLE = _to(EVERY, instructor=OWN, student=OWN)
_SIGNED_IN = _to(EVERY, instructor=EVERY, student=EVERY)
_SELF = _to(EVERY, student=OWN)
_DEVICES = _to(EVERY, instructor=OWN, camera=OWN)
_EVERYBODY = _to(EVERY, instructor=OWN, student=OWN, camera=OWN)

PERMISSIONS: Mapping[str, Rule] = {
    "GET /v1/health": PUBLIC,
    "GET /openapi.json": PUBLIC,
    "GET /docs": PUBLIC,
    # people and consent
    "POST /v1/people": _ADMINS,
    "GET /v1/people": _ADMINS,
    "GET /v1/people/{person_id}": _PEOPLE,
    "PATCH /v1/people/{person_id}": _ADMINS,
    "POST /v1/people/{person_id}/archive": _ADMINS,
    "POST /v1/people/{person_id}/restore": _ADMINS,
    "PUT /v1/people/{person_id}/consent": _ADMINS,
    "GET /v1/people/{person_id}/consent": _SELF,
    "DELETE /v1/people/{person_id}/consent": _SELF,
    # signing in
    "GET /v1/me": _to(
        EVERY, instructor=EVERY, student=EVERY, camera=EVERY
    ),  # it names nothing but the caller
    "GET /v1/me/courses": _to(EVERY, instructor=EVERY, student=EVERY, camera=EVERY),  # the same
    "POST /v1/people/{person_id}/identities": _ADMINS,
    "GET /v1/people/{person_id}/identities": _SELF,
    "DELETE /v1/people/{person_id}/identities/{identity_id}": _ADMINS,
    # privacy
    "GET /v1/privacy": _SIGNED_IN,
    "PUT /v1/privacy/biometrics": _ADMINS,
    "GET /v1/consent-texts": _SIGNED_IN,
    "GET /v1/consent-texts/{text_version}": _SIGNED_IN,
    "POST /v1/consent-texts": _ADMINS,
    "DELETE /v1/people/{person_id}": _ADMINS,
    "GET /v1/people/{person_id}/erasure": _ADMINS,
    "GET /v1/people/{person_id}/export": _SELF,
    "GET /v1/audit": _ADMINS,
    "GET /v1/audit/digests/{day}": _ADMINS,
    # registrations
    "POST /v1/people/{person_id}/registrations": _SELF,
    "GET /v1/people/{person_id}/registrations": _SELF,
    "GET /v1/people/{person_id}/registrations/{registration_id}": _SELF,
    "GET /v1/registrations-awaiting-review": _ADMINS,
    "POST /v1/people/{person_id}/registrations/{registration_id}/decision": _ADMINS,
    # courses and rosters
    "POST /v1/courses": _ADMINS,
    "GET /v1/courses": _ADMINS,
    "GET /v1/courses/{course_id}": _PEOPLE,
    "PATCH /v1/courses/{course_id}": _ADMINS,
    "POST /v1/courses/{course_id}/archive": _ADMINS,
    "POST /v1/courses/{course_id}/restore": _ADMINS,
    "GET /v1/courses/{course_id}/instructors": _STAFF,
    "PUT /v1/courses/{course_id}/instructors/{person_id}": _ADMINS,
    "DELETE /v1/courses/{course_id}/instructors/{person_id}": _ADMINS,
    "GET /v1/courses/{course_id}/roster": _STAFF,
    "PUT /v1/courses/{course_id}/roster/{person_id}": _ADMINS,
    "DELETE /v1/courses/{course_id}/roster/{person_id}": _ADMINS,
    "POST /v1/courses/{course_id}/roster-imports": _ADMINS,
    # sessions and the register
    "POST /v1/courses/{course_id}/sessions": _STAFF,
    "GET /v1/courses/{course_id}/sessions": _to(EVERY, instructor=OWN, student=OWN, camera=OWN),
    "GET /v1/sessions/{session_id}": _to(EVERY, instructor=OWN, student=OWN, camera=OWN),
    "POST /v1/sessions/{session_id}/open": _STAFF,
    "POST /v1/sessions/{session_id}/cancel": _STAFF,
    "POST /v1/sessions/{session_id}/close": _STAFF,
    "GET /v1/sessions/{session_id}/attendance": _STAFF,
    "GET /v1/courses/{course_id}/flagged-sessions": _STAFF,
    "DELETE /v1/sessions/{session_id}/flag": _STAFF,
    "PUT /v1/courses/{course_id}/timetable": _STAFF,
    "GET /v1/courses/{course_id}/timetable": _PEOPLE,
    "PUT /v1/sessions/{session_id}/attendance/{person_id}": _STAFF,
    "DELETE /v1/sessions/{session_id}/attendance/{person_id}": _STAFF,
    "GET /v1/sessions/{session_id}/attendance/{person_id}/history": _PEOPLE,
    "GET /v1/people/{person_id}/attendance": _SELF,
    "POST /v1/sessions/{session_id}/confirmations": _STAFF,
    "POST /v1/sessions/{session_id}/rejections": _STAFF,
    "POST /v1/sessions/{session_id}/codes": _STAFF,
    "POST /v1/sessions/{session_id}/check-ins": {Role.STUDENT: OWN},
    # frames and cameras
    "POST /v1/sessions/{session_id}/frames": _DEVICES,
    "POST /v1/sessions/{session_id}/frame-uploads": _DEVICES,
    "GET /v1/frames/{frame_id}": _DEVICES,
    # claims
    "POST /v1/frames/{frame_id}/claims": _EVERYBODY,
    "GET /v1/frames/{frame_id}/claims/{claim_id}": _EVERYBODY,
    "GET /v1/sessions/{session_id}/claims": _STAFF,
    # what models see
    "GET /v1/reports/drift": _ADMINS,
    "GET /v1/reports/drift.svg": _ADMINS,
    "GET /v1/courses/{course_id}/drift": _STAFF,
    # cameras
    "POST /v1/cameras": _ADMINS,
    "GET /v1/cameras": _ADMINS,
    "POST /v1/cameras/{camera_id}/token": _ADMINS,
    "DELETE /v1/cameras/{camera_id}": _ADMINS,
    # retraining and models
    "POST /v1/retraining-jobs": _ADMINS,
    "GET /v1/retraining-jobs": _ADMINS,
    "GET /v1/retraining-jobs/{job_id}": _ADMINS,
    "GET /v1/models": _ADMINS,
    "GET /v1/models/{model_id}": _ADMINS,
    "POST /v1/models/{model_id}/promote": _ADMINS,
    "POST /v1/models/{model_id}/rollback": _ADMINS,
}
