"""The use cases whose requests and units are counted, through the real handlers.

Those that are not `slow` are counted in one deployment, always in this order; each of the others in one of its own.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from functools import partial
from unittest import mock

from chalicelib import wiring
from chalicelib.adapters.dynamo.attendance import _mark
from chalicelib.adapters.dynamo.lifetimes import Lifetime
from chalicelib.adapters.dynamo.records import MarkRecord, SessionRecord
from chalicelib.adapters.dynamo.sessions import session_record
from chalicelib.domain.access import Account, Role
from chalicelib.domain.attendance import AttendanceRecord
from chalicelib.domain.sessions import Confirmation, Session, SessionState
from chalicelib.domain.timetable import Slot
from chalicelib.events.claims import on_claim_made
from chalicelib.events.frames import on_frame_uploaded
from chalicelib.events.privacy import on_privacy_due
from chalicelib.events.registrations import on_registration_uploaded
from tests.bench.school import VIEWS, Class, School, face_of, new_school
from tests.support.fakes import clip, picture
from tests.support.units import Count, counted
from tests.support.world import CONSENT_IN, claim_event

Run = Callable[[School], Count]

NOTHING, SCHOOL, ROSTER, FACES, PAGE, DUE = (
    *("nothing", "the school", "the roster", "faces accepted"),
    *("the page, at most 100", "what is due"),
)
COURSES = "the person's courses"
SESSIONS_OF_A_COURSE = 180


@dataclass(frozen=True)
class Operation:
    name: str
    grows_with: str
    run: Run
    slow: bool = False


def post_frame(school: School) -> Count:
    of = school.new_class(3)
    session_id = school.open_session(of)
    data = picture(*of.faces)
    return school.count(
        lambda: school.call(of.camera, "POST", f"sessions/{session_id}/frames", data, "image/png")
    )


def handle_frame(
    school: School, roster: int, seen: int, *, warm: bool = True, again_after: float | None = None
) -> Count:
    """`again_after`: seconds since a frame that saw the same people."""
    of = school.new_class(roster)
    session_id = school.open_session(of)
    wiring.gallery_of.cache_clear()  # type: ignore[attr-defined]
    if warm:
        _take(school, session_id, ())
    if again_after is not None:
        _take(school, session_id, of.faces[:seen])
        school.world.pass_time(seconds=again_after)
    # Not a better look than the one before: equal ones would replace each other.
    score = 0.97 if again_after is None else 0.96
    frame = school.world.post_frame(session_id, picture(*of.faces[:seen], score=score))
    event = school.world.event(frame.key)
    return school.count(lambda: on_frame_uploaded(event, None))


def _take(school: School, session_id: str, faces: tuple[str, ...]) -> str:
    frame = school.world.post_frame(session_id, picture(*faces))
    on_frame_uploaded(school.world.event(frame.key), None)
    return frame.frame_id


def claim(school: School, *, settle: bool) -> Count:
    of = school.new_class(30)
    session_id = school.open_session(of)
    wiring.claims_made()._url  # type: ignore[attr-defined]  # noqa: B018  # asked for once by each process
    wrong = picture(of.faces[0], really={of.faces[0]: of.faces[1]})
    frame = school.world.post_frame(session_id, wrong)
    on_frame_uploaded(school.world.event(frame.key), None)
    token = school.token_of(of.people[1], Role.STUDENT)
    body = {"person_id": of.people[1], "face": 0}
    made: dict[str, str] = {}

    def make() -> None:
        made.update(school.call(token, "POST", f"frames/{frame.frame_id}/claims", body))

    count = school.count(make)
    if not settle:
        return count
    event = claim_event(wiring.claims().get(session_id, made["id"]))
    return school.count(lambda: on_claim_made(event, None))


def read_register(school: School, roster: int) -> Count:
    of = school.new_class(roster, enrolled=False)
    session_id = school.open_session(of)
    _mark_all(school, of, session_id)
    return school.count(lambda: school.call(of.teacher, "GET", f"sessions/{session_id}/attendance"))


def _mark_all(school: School, of: Class, session_id: str) -> None:
    with MarkRecord.batch_write() as batch:
        for person_id in of.people:
            now = school.world.now
            batch.save(
                _mark(AttendanceRecord(session_id, person_id, starts_at=now, first_seen=now, last_seen=now))
            )


def list_sessions(school: School) -> Count:
    of = school.new_class(3)
    now = school.world.now
    lifetime = Lifetime(lambda: now, wiring.settings().session_days)
    with SessionRecord.batch_write() as batch:
        for day in range(SESSIONS_OF_A_COURSE):
            opens = now + timedelta(days=day)
            closes = opens + timedelta(hours=1)
            session = Session(
                f"ses_{day:032x}", of.course_id, opens, closes, SessionState.CLOSED, opens, closes
            )
            batch.save(session_record(session, lifetime))
    return school.count(lambda: school.call(of.teacher, "GET", f"courses/{of.course_id}/sessions?limit=100"))


def own_attendance(school: School) -> Count:
    of = school.new_class(1, enrolled=False)
    (person_id,) = of.people
    start = school.world.now
    with MarkRecord.batch_write() as batch:
        for day in range(SESSIONS_OF_A_COURSE):
            at = start + timedelta(days=day)
            batch.save(_mark(AttendanceRecord(f"ses_{day:032x}", person_id, starts_at=at, first_seen=at)))
    token = school.token_of(person_id, Role.STUDENT)
    return school.count(lambda: school.call(token, "GET", f"people/{person_id}/attendance?limit=100"))


def close(school: School, roster: int) -> Count:
    """A third was seen, the others become absent."""
    of = school.new_class(roster)
    session_id = school.open_session(of)
    _take(school, session_id, of.faces[: roster // 3])
    return school.count(lambda: school.call(of.teacher, "POST", f"sessions/{session_id}/close"))


def tick(school: School, due: int) -> Count:
    """Each is opened."""
    of = school.new_class(3)
    for _ in range(due):
        now = school.world.now
        session = school.world.open_session(of.course_id, hours=3)
        stored = wiring.sessions().get(session)
        SessionRecord(session, "session").delete()
        wiring.sessions().add(
            replace(stored, opens_at=now, state=SessionState.SCHEDULED, session_id=session + "x")
        )
    return school.count(school.world.tick)


def privacy_tick(school: School) -> Count:
    with mock.patch("chalicelib.events.privacy.utc_now", return_value=school.world.now):
        on_privacy_due({}, None)  # the days that nothing was sealed of
        return school.count(lambda: on_privacy_due({}, None))


def retraining_tick(school: School) -> Count:
    return school.count(school.world.retrain_tick)


def plan(school: School, *, next_day: bool) -> Count:
    """A lesson each weekday; 14 days ahead."""
    of = school.new_class(1)
    school.world.tick()
    slots = [Slot(day, time(9), time(10)) for day in range(1, 8)]
    first = school.count(lambda: school.world.set_timetable(of.course_id, *slots))
    if not next_day:
        return first
    with mock.patch.object(school.world, "now", school.world.now + timedelta(days=1)):
        return school.count(school.world.tick)


def mark(school: School) -> Count:
    of = school.new_class(3)
    session_id = school.open_session(of)
    path = f"sessions/{session_id}/attendance/{of.people[0]}"
    return school.count(lambda: school.call(of.teacher, "PUT", path, {"status": "late"}))


def confirm_all(school: School) -> Count:
    of = school.new_class(30)
    course = wiring.courses().get(of.course_id)
    wiring.courses().save(replace(course, confirmation=Confirmation.REVIEW), course)
    session_id = school.open_session(of)
    _take(school, session_id, of.faces)
    return school.count(lambda: school.call(of.teacher, "POST", f"sessions/{session_id}/confirmations", {}))


def import_roster(school: School) -> Count:
    of = school.new_class(1)
    rows = "name,sis_id\n" + "".join(f"Somebody New {n},n{n}\n" for n in range(30))
    path = f"courses/{of.course_id}/roster-imports"
    return school.count(lambda: school.call(school.admin, "POST", path, rows.encode(), "text/csv"))


def put_on_roster(school: School) -> Count:
    of = school.new_class(30, enrolled=False)
    (person_id,) = school.add_people(1)
    return school.count(
        lambda: school.call(school.admin, "PUT", f"courses/{of.course_id}/roster/{person_id}")
    )


def _somebody_with_courses(school: School, courses: int = 5) -> str:
    of = school.new_class(1)
    for _ in range(courses - 1):
        wiring.courses().put_on_roster(school.world.add_course(), of.people[0])
    return of.people[0]


def give_consent(school: School) -> Count:
    person_id = _somebody_with_courses(school)
    return school.count(lambda: school.call(school.admin, "PUT", f"people/{person_id}/consent", CONSENT_IN))


def withdraw(school: School) -> Count:
    person_id = _somebody_with_courses(school)
    return school.count(lambda: school.call(school.admin, "DELETE", f"people/{person_id}/consent"))


def list_people(school: School) -> Count:
    school.add_people(101)
    return school.count(lambda: school.call(school.admin, "GET", "people?limit=100"))


def sign_in(school: School) -> Count:
    person_id = school.world.add_person("Somebody")
    identity = {"subject": "somebody", "role": "student"}
    school.call(school.admin, "POST", f"people/{person_id}/identities", identity)
    issuer = wiring.settings().oidc_issuer
    with counted() as count:
        wiring.access().caller("header.payload.signature")
        if wiring.access().identified(Account(issuer, "somebody")) is None:
            raise RuntimeError("nobody signed in")
    return count


def camera_sign_in(school: School) -> Count:
    of = school.new_class(1)
    with counted() as count:
        wiring.access().caller(of.camera)
    return count


def start_registration(school: School) -> Count:
    (person_id,) = school.add_people(1, enrolled=False)
    token = school.token_of(person_id, Role.STUDENT)
    body = {"files": [{"content_type": "video/mp4", "length": 1000}]}
    return school.count(lambda: school.call(token, "POST", f"people/{person_id}/registrations", body))


def enrol(school: School, others: int) -> Count:
    school.add_people(others)
    person_id = _somebody_with_courses(school)
    registration = school.world.upload_registration(person_id, clip(face_of(person_id + "~new"), VIEWS))
    event = school.world.event(*registration.keys)
    return school.count(lambda: on_registration_uploaded(event, None))


def _known(school: School, sessions: int) -> str:
    """Seen in one frame of each of a course's sessions."""
    of = school.new_class(1)
    for _ in range(sessions):
        _take(school, school.open_session(of), of.faces)
    return of.people[0]


def export(school: School, sessions: int) -> Count:
    person_id = _known(school, sessions)
    token = school.token_of(person_id, Role.STUDENT)
    return school.count(lambda: school.call(token, "GET", f"people/{person_id}/export"))


def erase(school: School, sessions: int) -> Count:
    person_id = _known(school, sessions)
    return school.count(lambda: school.call(school.admin, "DELETE", f"people/{person_id}"))


def read_audit(school: School) -> Count:
    (person_id,) = school.add_people(1)
    for _ in range(3):
        school.call(school.admin, "PATCH", f"people/{person_id}", {"name": "Somebody Else"})
    day = datetime.now(UTC).date().isoformat()
    return school.count(lambda: school.call(school.admin, "GET", f"audit?day={day}&limit=1"))


def _frame(roster: int, seen: int, **how: object) -> Run:
    return partial(handle_frame, roster=roster, seen=seen, **how)  # type: ignore[arg-type]


OPERATIONS = (
    Operation("post a frame (camera)", NOTHING, post_frame),
    Operation("handle a frame, nobody seen", NOTHING, _frame(30, 0)),
    Operation("handle a frame, cold gallery, roster of 30", ROSTER, _frame(30, 0, warm=False)),
    Operation("handle a frame, cold gallery, roster of 83", ROSTER, _frame(83, 0, warm=False), slow=True),
    Operation("handle a frame, cold gallery, roster of 300", ROSTER, _frame(300, 0, warm=False), slow=True),
    Operation("handle a frame, cold gallery, roster of 1000", ROSTER, _frame(1000, 0, warm=False), slow=True),
    Operation("handle a frame, 30 faces, seen for the first time", FACES, _frame(30, 30), slow=True),
    Operation("handle a frame, 30 faces, seen 10 s before", FACES, _frame(30, 30, again_after=10), slow=True),
    Operation("handle a frame, 30 faces, seen 60 s before", FACES, _frame(30, 30, again_after=61), slow=True),
    Operation("claim a face", ROSTER, partial(claim, settle=False), slow=True),
    Operation("settle a claim", NOTHING, partial(claim, settle=True), slow=True),
    Operation("read the register of 30", ROSTER, partial(read_register, roster=30)),
    Operation("read the register of 83", ROSTER, partial(read_register, roster=83), slow=True),
    Operation("read the register of 300", ROSTER, partial(read_register, roster=300), slow=True),
    Operation("mark by hand", NOTHING, mark),
    Operation("confirm all 30", ROSTER, confirm_all, slow=True),
    Operation("close a session of 30, 20 absent", ROSTER, partial(close, roster=30), slow=True),
    Operation("close a session of 83, 56 absent", ROSTER, partial(close, roster=83), slow=True),
    Operation("close a session of 300, 200 absent", ROSTER, partial(close, roster=300), slow=True),
    Operation("list a course's 180 sessions, one page", PAGE, list_sessions),
    Operation("read one's own attendance, one page", PAGE, own_attendance),
    Operation("list people, one page", PAGE, list_people),
    Operation("minute tick, nothing due", NOTHING, partial(tick, due=0)),
    Operation("minute tick, 10 sessions open", DUE, partial(tick, due=10), slow=True),
    Operation("plan a timetable, 14 days", DUE, partial(plan, next_day=False), slow=True),
    Operation("minute tick that plans one day more", DUE, partial(plan, next_day=True), slow=True),
    Operation("sign in with an identity", NOTHING, sign_in),
    Operation("recognise a camera's token", NOTHING, camera_sign_in),
    Operation("put on a roster of 30", ROSTER, put_on_roster),
    Operation("import a roster of 30 new people", ROSTER, import_roster, slow=True),
    Operation("give consent, 5 courses", COURSES, give_consent, slow=True),
    Operation("withdraw consent, 5 courses", COURSES, withdraw, slow=True),
    Operation("start a registration", NOTHING, start_registration),
    Operation("enrol, searched among 500", SCHOOL, partial(enrol, others=500), slow=True),
    Operation("enrol, searched among 5 000", SCHOOL, partial(enrol, others=5000), slow=True),
    Operation("read the audit log, one page", PAGE, read_audit),
    Operation("export a person, 5 sessions", "the person's sessions", partial(export, sessions=5), slow=True),
    Operation("erase a person, 5 sessions", "the person's sessions", partial(erase, sessions=5), slow=True),
    Operation("minute tick of privacy, nothing due", NOTHING, privacy_tick),
    Operation("minute tick of retraining, nothing due", NOTHING, retraining_tick),
)


def count_all(*, slow: bool) -> Iterator[tuple[Operation, Count]]:
    """The quick ones, and the slow ones as well if asked for."""
    with new_school() as school:
        hour = school.world.now
        for operation in OPERATIONS:
            if not operation.slow:
                school.world.now = hour
                yield operation, operation.run(school)
    for operation in OPERATIONS:
        if operation.slow and slow:
            with new_school() as school:
                yield operation, operation.run(school)
