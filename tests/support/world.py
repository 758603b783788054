"""One deployment on moto, in this process: the real adapters and handlers, a fake recogniser, ids that repeat."""

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from unittest import mock
from uuid import UUID

import boto3
from moto import mock_aws

from chalicelib import wiring
from chalicelib.domain.access import Caller, Role
from chalicelib.domain.attendance import Status
from chalicelib.domain.claims import Claim
from chalicelib.domain.clock import Clock
from chalicelib.domain.consent_texts import DEFAULT_TEXT
from chalicelib.domain.duplicates import Decision
from chalicelib.domain.erasure import Erasure
from chalicelib.domain.frames import Frame
from chalicelib.domain.people import Method, Relation, Signer, Use
from chalicelib.domain.registrations import Registration
from chalicelib.domain.retraining import Cause, Progress, RetrainingJob, TrainingStatus
from chalicelib.domain.rosters import Mode
from chalicelib.domain.sessions import Session
from chalicelib.domain.timetable import Slot
from chalicelib.services.add_course import add_course
from chalicelib.services.add_person import add_person
from chalicelib.services.ask_for_retraining import ask_for_retraining
from chalicelib.services.check_in import check_in
from chalicelib.services.clear_mark import clear_mark
from chalicelib.services.close_session import close_session
from chalicelib.services.confirm_sightings import confirm_sightings
from chalicelib.services.decide_registration import decide_registration
from chalicelib.services.erase_person import erase_person
from chalicelib.services.finish_erasures import finish_erasures
from chalicelib.services.give_consent import give_consent
from chalicelib.services.import_roster import ImportReport, import_roster
from chalicelib.services.issue_code import issue_code
from chalicelib.services.list_attendance import Entry, list_attendance
from chalicelib.services.list_roster import list_roster
from chalicelib.services.make_claim import Pointed, make_claim
from chalicelib.services.mark_attendance import mark_attendance
from chalicelib.services.post_frame import post_frame
from chalicelib.services.reject_sightings import reject_sightings
from chalicelib.services.schedule_session import schedule_session
from chalicelib.services.set_timetable import set_timetable
from chalicelib.services.start_registration import start_registration
from chalicelib.services.withdraw_consent import withdraw_consent
from infra.local.functions import ACCOUNT_ID, REGION
from infra.local.moto_dynamodb import mend_moto
from infra.local.resources import create_resources
from infra.resources import load_template
from tests.support.artefacts import artefact
from tests.support.fakes import FakeRecogniser, FakeTrainingJobs, clip

CONSENT_IN = {
    "text_version": DEFAULT_TEXT.version,
    "signer": {"name": "a guardian", "relation": "guardian"},
    "method": "electronic",
    "uses": ["matching", "evaluation", "normalisation"],
}
ADMIN = Caller("adm_test", Role.ADMIN)
START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
TABLES = (
    "people",
    "courses",
    "attendance",
    "frames",
    "registrations",
    "templates",
    "access",
    "models",
    "audit",
)

KEYS = {
    properties["TableName"]["Fn::Sub"].removeprefix("${Prefix}-"): [
        key["AttributeName"] for key in properties["KeySchema"]
    ]
    for resource in load_template()["Resources"].values()
    if resource["Type"] == "AWS::DynamoDB::Table" and (properties := resource["Properties"])
}
"""The attributes of each table's key."""

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    "ROLLCALL_OIDC_ISSUER": "https://login.school.example/realm",
    "ROLLCALL_OIDC_AUDIENCE": "rollcall-page",
    "ROLLCALL_PREFIX": "rollcall",
    "ROLLCALL_BUCKET": f"rollcall-pictures-{ACCOUNT_ID}",
    "ROLLCALL_TRAINING_IMAGE": f"{ACCOUNT_ID}.dkr.ecr.{REGION}.amazonaws.com/rollcall-training:1",
    "ROLLCALL_TRAINING_ROLE": f"arn:aws:iam::{ACCOUNT_ID}:role/rollcall-training",
}


@dataclass
class World:
    """What a test may do to a deployment. Time stands still unless a test moves it."""

    recogniser: FakeRecogniser
    training_jobs: FakeTrainingJobs = field(default_factory=FakeTrainingJobs)
    now: datetime = START
    people: dict[str, str] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _clients: dict[str, Any] = field(default_factory=dict)

    @property
    def clock(self) -> Clock:
        return lambda: self.now

    def pass_time(self, **time: float) -> None:
        self.now += timedelta(**time)

    def add_person(self, name: str, *, consent: bool = True, course_id: str | None = None) -> str:
        person_id = add_person(name, people=wiring.people(), clock=self.clock).person_id
        self.people[name] = person_id
        if consent:
            self.give_consent(person_id)
        if course_id is not None:
            wiring.courses().put_on_roster(course_id, person_id)
        return person_id

    def give_consent(
        self, person_id: str, uses: tuple[Use, ...] = tuple(Use), *, signer: str = "a guardian"
    ) -> None:
        give_consent(
            person_id,
            text_version=DEFAULT_TEXT.version,
            signer=Signer(signer, Relation.GUARDIAN),
            method=Method.ELECTRONIC,
            uses=uses,
            texts=wiring.consent_texts(),
            people=wiring.people(),
            media=wiring.media(),
            clock=self.clock,
        )

    def withdraw_consent(self, person_id: str) -> None:
        withdraw_consent(person_id, people=wiring.people(), media=wiring.media(), clock=self.clock)

    def erase(self, person_id: str) -> Erasure:
        return erase_person(person_id, by="adm_test", eraser=wiring.eraser())

    def finish_erasures(self) -> None:
        finish_erasures(self.now, eraser=wiring.eraser())

    def add_course(self, name: str = "Mathematics", **settings: Any) -> str:
        course = add_course(name, "Europe/Stockholm", courses=wiring.courses(), clock=self.clock, **settings)
        return course.course_id

    def import_roster(
        self,
        course_id: str,
        data: str | bytes,
        mode: str = "add",
        *,
        charset: str = "utf-8",
        dry_run: bool = False,
    ) -> ImportReport:
        return import_roster(
            course_id,
            data.encode() if isinstance(data, str) else data,
            charset=charset,
            mode=Mode(mode),
            dry_run=dry_run,
            courses=wiring.courses(),
            people=wiring.people(),
            imports=wiring.roster_imports(),
            clock=self.clock,
        )

    def roster(self, course_id: str) -> list[str]:
        """The names on it."""
        return [
            person.name for person in list_roster(course_id, courses=wiring.courses(), people=wiring.people())
        ]

    def open_session(self, course_id: str, **lasting: float) -> str:
        return schedule_session(
            course_id,
            opens_at=None,
            closes_at=self.now + timedelta(**(lasting or {"hours": 1})),
            courses=wiring.courses(),
            sessions=wiring.sessions(),
            clock=self.clock,
        ).session_id

    def upload_registration(self, person_id: str, *uploads: bytes) -> Registration:
        """Mint the keys and put the uploads there, as a client does; the event is not handled yet."""
        registration, _ = start_registration(
            person_id,
            tuple(("video/mp4", len(upload)) for upload in uploads),
            people=wiring.people(),
            registrations=wiring.registrations(),
            media=wiring.media(),
            models=wiring.models(),
            clock=self.clock,
        )
        for key, upload in zip(registration.keys, uploads, strict=True):
            wiring.media().put(key, upload, "video/mp4")
        return registration

    def enrol(self, name: str, face: str | None = None) -> Registration:
        """From a clip that shows the person, or the given face."""
        from chalicelib.events.registrations import on_registration_uploaded

        registration = self.upload_registration(self.people[name], clip(face or name))
        on_registration_uploaded(self.event(*registration.keys), None)
        return wiring.registrations().get(registration.person_id, registration.registration_id)

    def decide(self, registration: Registration, decision: Decision) -> Registration:
        return decide_registration(
            registration.person_id,
            registration.registration_id,
            decision,
            by=ADMIN.subject,
            registrations=wiring.registrations(),
            people=wiring.people(),
            templates=wiring.templates(),
            media=wiring.media(),
        )

    def claim(self, frame_id: str, name: str, face: int = 0, by: Caller = ADMIN) -> Claim:
        """Made, and not settled yet."""
        return make_claim(
            frame_id,
            self.people[name],
            Pointed(face=face),
            by=by,
            frames=wiring.frames(),
            sessions=wiring.sessions(),
            courses=wiring.courses(),
            claims=wiring.claims(),
            claims_made=wiring.claims_made(),
            limits=wiring.rate_limits(),
            models=wiring.models(),
            clock=self.clock,
        )

    def settle(self, claim: Claim) -> Claim:
        """The claim once its message was handled."""
        from chalicelib.events.claims import on_claim_made

        assert on_claim_made(claim_event(claim), None) == {"batchItemFailures": []}
        return wiring.claims().get(claim.session_id, claim.claim_id)

    def messages(self, queue: str) -> list[Any]:
        """Receive and delete what waits in a queue."""
        sqs = self._client("sqs")
        url = sqs.get_queue_url(QueueName=f"rollcall-{queue}")["QueueUrl"]
        found = []
        while received := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in received:
                found.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def post_frame(self, session_id: str, picture: bytes) -> Frame:
        return post_frame(
            session_id,
            picture,
            sessions=wiring.sessions(),
            frames=wiring.frames(),
            media=wiring.media(),
            models=wiring.models(),
            clock=self.clock,
        )

    def close_session(self, session_id: str) -> Session:
        return close_session(
            session_id,
            sessions=wiring.sessions(),
            courses=wiring.courses(),
            attendance=wiring.attendance(),
            frames=wiring.frames(),
            clock=self.clock,
            patience=wiring.settings().closing_patience,
        )

    def tick(self) -> None:
        from chalicelib.events.sessions import on_sessions_due

        with mock.patch("chalicelib.events.sessions.utc_now", self.clock):
            on_sessions_due({}, None)

    def ask_for_retraining(self, key: str = "by-hand", cause: Cause = Cause.MANUAL) -> None:
        ask_for_retraining(
            cause, key, retraining=wiring.retraining(), models=wiring.models(), set_up=True, clock=self.clock
        )

    def retrain_tick(self) -> None:
        from chalicelib.events.retraining import on_retraining_due

        with mock.patch("chalicelib.events.retraining.utc_now", self.clock):
            on_retraining_due({}, None)

    def training_ends(
        self, status: TrainingStatus = TrainingStatus.COMPLETED, **learned: Any
    ) -> RetrainingJob:
        """Of the job in hand; `learned` goes into its report. Nobody is told yet."""
        job = self.job_in_hand
        self.training_jobs.progress[job.job_id] = Progress(
            status, None if status is TrainingStatus.COMPLETED else "spot"
        )
        if status is TrainingStatus.COMPLETED:
            made = artefact(job.champion_id, **learned)
            wiring.media().put(job.artefact, made, "application/gzip")
        return job

    def tell_training_ended(self, job_id: str, status: str = "Completed") -> None:
        from chalicelib.events.retraining import on_training_finished

        on_training_finished({"detail": {"TrainingJobName": job_id, "TrainingJobStatus": status}}, None)

    @property
    def job_in_hand(self) -> RetrainingJob:
        job = wiring.retraining().in_hand()
        assert job is not None
        return job

    def job(self, job_id: str) -> RetrainingJob:
        job = wiring.retraining().find(job_id)
        assert job is not None
        return job

    @property
    def champion(self) -> str:
        return wiring.models().champion(self.recogniser.model_id).model_id

    def set_timetable(
        self, course_id: str, *slots: Slot, days: int = 60, excepted: frozenset[date] = frozenset()
    ) -> None:
        """From today on, for some days."""
        set_timetable(
            course_id,
            slots,
            first_date=self.now.date(),
            last_date=self.now.date() + timedelta(days=days),
            excepted=excepted,
            days_ahead=wiring.settings().planning_days,
            courses=wiring.courses(),
            sessions=wiring.sessions(),
            timetables=wiring.timetables(),
            clock=self.clock,
        )

    def mark(
        self, session_id: str, name: str, status: Status, reason: str | None = None, **more: Any
    ) -> None:
        more = {"by": "per_teacher"} | more
        mark_attendance(session_id, self.people[name], status, reason=reason, **more, **self._register())

    def clear(self, session_id: str, name: str, reason: str | None = None) -> None:
        clear_mark(session_id, self.people[name], by="per_teacher", reason=reason, **self._register())

    def confirm(self, session_id: str, *names: str) -> list[str]:
        """The ids of those confirmed; without names, all who await it."""
        confirmed = confirm_sightings(
            session_id,
            [self.people[name] for name in names] or None,
            by="per_teacher",
            sessions=wiring.sessions(),
            attendance=wiring.attendance(),
            clock=self.clock,
        )
        return [record.person_id for record in confirmed]

    def reject(self, session_id: str, *names: str) -> None:
        reject_sightings(
            session_id,
            [self.people[name] for name in names],
            by="per_teacher",
            reason="somebody else",
            sessions=wiring.sessions(),
            attendance=wiring.attendance(),
            clock=self.clock,
        )

    def issue_code(self, session_id: str) -> str:
        _, digits = issue_code(
            session_id,
            by="per_teacher",
            sessions=wiring.sessions(),
            codes=wiring.codes(),
            clock=self.clock,
        )
        return digits

    def check_in(self, session_id: str, name: str, digits: str) -> None:
        check_in(
            session_id,
            self.people[name],
            digits,
            codes=wiring.codes(),
            limits=wiring.rate_limits(),
            **self._register(),
        )

    def history(self, session_id: str, name: str) -> list[tuple[str, str, str]]:
        """Of each change: the act, and the status before and after it."""
        changes = wiring.attendance().history(session_id, self.people[name])
        return [(change.cause.act.value, change.before.value, change.after.value) for change in changes]

    def _register(self) -> Any:
        return {
            "sessions": wiring.sessions(),
            "courses": wiring.courses(),
            "attendance": wiring.attendance(),
            "clock": self.clock,
        }

    def register(self, session_id: str) -> dict[str, Entry]:
        entries = list_attendance(
            session_id,
            sessions=wiring.sessions(),
            courses=wiring.courses(),
            attendance=wiring.attendance(),
            people=wiring.people(),
        )
        return {entry.name: entry for entry in entries}

    def statuses(self, session_id: str) -> dict[str, str]:
        return {name: entry.record.status.value for name, entry in self.register(session_id).items()}

    def event(self, *keys: str) -> dict[str, Any]:
        """An SQS batch with one S3 notification for each key, as Lambda gets it."""
        return {"Records": [sqs_record(key, self.now) for key in keys]}

    def pictures(self) -> list[str]:
        """The keys of all objects."""
        listed = self._client("s3").list_objects_v2(Bucket=ENVIRONMENT["ROLLCALL_BUCKET"])
        return sorted(item["Key"] for item in listed.get("Contents", []))

    def dump(self, *tables: str) -> dict[str, list[Any]]:
        """Every item of the tables, in a fixed order."""
        dynamodb = self._client("dynamodb")
        return {
            table: sorted(dynamodb.scan(TableName=f"rollcall-{table}")["Items"], key=json.dumps)
            for table in tables or TABLES
        }

    def begin_anew(self) -> None:
        """As a fresh deployment, which takes longer to make: nothing stored, the first id and moment."""
        for table, items in self.dump().items():
            keys = [{name: item[name] for name in KEYS[table]} for item in items]
            self._write(table, [{"DeleteRequest": {"Key": key}} for key in keys])
        for picture in self.pictures():
            self._client("s3").delete_object(Bucket=ENVIRONMENT["ROLLCALL_BUCKET"], Key=picture)
        self.messages("claims")
        wiring.gallery_of.cache_clear()  # type: ignore[attr-defined]  # ids repeat, so galleries would too
        self.now, self.people, self.numbers = START, {}, itertools.count(1)
        for fake in (self.recogniser, self.training_jobs):
            vars(fake).clear()
            fake.__init__()  # type: ignore[misc]

    def restore(self, dump: dict[str, list[Any]]) -> None:
        """Put back every item, into empty tables."""
        for table, items in dump.items():
            self._write(table, [{"PutRequest": {"Item": item}} for item in items])

    def _write(self, table: str, requests: list[Any]) -> None:
        for start in range(0, len(requests), 25):  # as many as one call may hold
            batch = {f"rollcall-{table}": requests[start : start + 25]}
            self._client("dynamodb").batch_write_item(RequestItems=batch)

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = boto3.client(service, region_name=REGION)
        return self._clients[service]


def sqs_record(key: str, at: datetime) -> dict[str, Any]:
    body = {"Records": [{"eventTime": at.isoformat(), "s3": {"object": {"key": key.replace("/", "%2F")}}}]}
    return _message(key, body)


def claim_event(*claims: Claim) -> dict[str, Any]:
    """An SQS batch with one message for each claim, as Lambda gets it."""
    bodies = [{"session_id": claim.session_id, "claim_id": claim.claim_id} for claim in claims]
    return {"Records": [_message(body["claim_id"], body) for body in bodies]}


def _message(name: str, body: Any) -> dict[str, Any]:
    return {
        "messageId": f"message-{name}",
        "receiptHandle": "handle",
        "body": json.dumps(body),
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{REGION}:123456789012:rollcall-frames",
        "awsRegion": REGION,
    }


class InProcessCloud:
    """moto without a server: clients are intercepted in this process."""

    def client(self, service: str) -> Any:
        return boto3.client(service, region_name=REGION)


@cache
def template() -> Any:
    return load_template()


@contextmanager
def new_world() -> Iterator[World]:
    """A fresh deployment; ids count up, so that two runs of the same steps leave the same items."""
    mend_moto()
    world = World(FakeRecogniser())
    with (
        mock.patch.dict("os.environ", ENVIRONMENT),
        mock_aws(),
        mock.patch("chalicelib.domain.ids.uuid4", side_effect=lambda: UUID(int=next(world.numbers))),
    ):
        create_resources(InProcessCloud(), template(), {})
        wiring.reset()
        with (
            mock.patch.object(wiring, "recogniser", return_value=world.recogniser),
            mock.patch.object(wiring, "training_jobs", return_value=world.training_jobs),
            mock.patch(
                "chalicelib.adapters.dynamo.templates.SHARDS", 2
            ),  # of 16 queries a school, two tell as much
            mock.patch("chalicelib.domain.clock.utc_now", side_effect=lambda: world.now),
        ):
            yield world
    wiring.reset()
