"""A course with everything that belongs to it, to ask who reaches it."""

from dataclasses import dataclass
from hashlib import sha256

from chalicelib import wiring
from chalicelib.adapters.dynamo.records import JOB, MODEL, LearnedModelRecord, RetrainingJobRecord
from chalicelib.api.permissions import PERMISSIONS
from chalicelib.domain.access import Account, Caller, Camera, Role
from chalicelib.domain.gate import Verdict
from chalicelib.domain.ids import Kind, fresh_id
from chalicelib.domain.retraining import JobState
from chalicelib.domain.templates import LEARNED
from chalicelib.services.link_identity import link_identity
from tests.support.fakes import clip, picture
from tests.support.world import World


@dataclass(frozen=True)
class Estate:
    """A course with everything that belongs to it: its instructor, a student, a camera, a session, a frame."""

    instructor: Caller
    student: Caller
    camera: Caller
    ids: dict[str, str]

    def caller(self, role: Role) -> Caller:
        return {
            Role.ADMIN: Caller("adm_1", Role.ADMIN),
            Role.INSTRUCTOR: self.instructor,
            Role.STUDENT: self.student,
            Role.CAMERA: self.camera,
        }[role]

    def named(self, path: str) -> dict[str, str]:
        """The ids that a path asks for."""
        return {name: self.ids[name] for name in placeholders(path)}


def placeholders(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def estate(world: World, name: str) -> Estate:
    course_id = world.add_course(name)
    student_id = world.add_person(f"student of {name}", course_id=course_id)
    instructor_id = world.add_person(f"instructor of {name}")
    wiring.courses().add_instructor(course_id, instructor_id)
    camera = camera_caller(Camera(fresh_id(Kind.CAMERA), name, frozenset({course_id}), world.now))
    account = Account("https://login.school.example", student_id)
    identity = link_identity(student_id, account, Role.STUDENT, access=wiring.access(), clock=world.clock)
    session_id = world.open_session(course_id)
    frame_id = world.post_frame(session_id, picture("x")).frame_id
    registration = world.upload_registration(student_id, clip(name))
    job_id, model_id = learned(world, student_id)
    other_ids = {name: f"{name}_of_{student_id}" for path in PERMISSIONS for name in placeholders(path)}
    return Estate(
        Caller(instructor_id, Role.INSTRUCTOR),
        Caller(student_id, Role.STUDENT),
        camera,
        {
            **other_ids,
            "course_id": course_id,
            "person_id": student_id,
            "session_id": session_id,
            "frame_id": frame_id,
            "registration_id": registration.registration_id,
            "text_version": "2026-2",
            "day": f"{world.now:%Y-%m-%d}",
            "camera_id": camera.subject,
            "identity_id": identity.identity_id,
            "job_id": job_id,
            "model_id": model_id,
        },
    )


def learned(world: World, key: str) -> tuple[str, str]:
    """A retraining job that has ended, and its model, which the gate has left out."""
    champion = wiring.models().in_service()
    pack_id = "fake-1" if champion is None else champion.pack_id
    digest = sha256(key.encode()).hexdigest()
    job_id, model_id = f"rollcall-retrain-{digest[:20]}", f"{pack_id}{LEARNED}{digest[:12]}"
    decision = {"verdict": Verdict.KEPT.value, "reasons": [{"code": "not_better", "sentence": "It is not."}]}
    RetrainingJobRecord(
        f"{JOB}#{job_id}",
        created_at=world.now,
        champion_id=pack_id,
        attempt=1,
        touched_at=world.now,
        state=JobState.FINISHED.value,
        revision=1,
        finished_at=world.now,
        model_id=model_id,
        decision=decision,
    ).save()
    LearnedModelRecord(f"{MODEL}#{model_id}", created_at=world.now, job_id=job_id, decision=decision).save()
    return job_id, model_id


def camera_caller(camera: Camera) -> Caller:
    """What the authorizer makes of the camera's token."""
    token = f"rollcall_{camera.name}"
    wiring.access().add_camera(camera, token)
    caller = wiring.access().caller(token)
    assert caller is not None
    return caller
