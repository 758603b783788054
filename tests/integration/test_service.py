"""The whole service on loopback with the real recogniser: what is hostile gets its own code, and harms nobody else."""

import base64
import os
import re
import struct
import subprocess
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from infra import verify
from infra.demo.client import CallFailed, Client, until, upload
from infra.demo.identities import shown
from infra.demo.scenes import classroom_frame, registration_video
from infra.local import LocalStack, Options
from infra.local.search import search_everything
from tests.support.world import CONSENT_IN

ROOT = Path(__file__).parents[2]
STUDENT, STRANGER = shown()[:2]
SECONDS = 60


@dataclass
class School:
    """One student enrolled by video, a camera, and what is needed to try more."""

    stack: LocalStack
    admin: Client
    camera: Client
    course_id: str
    person_id: str
    video: bytes

    def session(self) -> str:
        closes_at = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        session_id: str = self.admin.post(f"/v1/courses/{self.course_id}/sessions", {"closes_at": closes_at})[
            "id"
        ]
        return session_id

    def registered(self, person_id: str, data: bytes, content_type: str = "video/mp4") -> dict[str, Any]:
        """What became of an upload."""
        files = [{"content_type": content_type, "length": len(data)}]
        registration = self.admin.post(f"/v1/people/{person_id}/registrations", {"files": files})
        upload(registration["uploads"][0], data)
        return self.settled(self.admin, f"/v1/people/{person_id}/registrations/{registration['id']}")

    def posted(self, session_id: str, picture: bytes) -> dict[str, Any]:
        frame = self.camera.post_picture(f"/v1/sessions/{session_id}/frames", picture)
        return self.settled(self.camera, f"/v1/frames/{frame['id']}")

    def uploaded(self, session_id: str, picture: bytes) -> dict[str, Any]:
        ask = {"content_type": "image/png", "length": len(picture)}
        frame = self.camera.post(f"/v1/sessions/{session_id}/frame-uploads", ask)
        upload(frame["upload"], picture)
        return self.settled(self.camera, f"/v1/frames/{frame['id']}")

    def status(self, session_id: str) -> str:
        items = self.admin.get(f"/v1/sessions/{session_id}/attendance")["items"]
        return next(item["status"] for item in items if item["person_id"] == self.person_id)

    def settled(self, client: Client, path: str) -> dict[str, Any]:
        waiting = ("awaiting_upload", "pending")
        settled: dict[str, Any] = until(
            lambda: client.get(path), lambda answer: answer["state"] not in waiting, SECONDS, path
        )
        return settled


@pytest.fixture(scope="module")
def school(heads_pack: Path) -> Iterator[School]:
    quick = {"FramesVisibilitySeconds": "1", "RegistrationsVisibilitySeconds": "1"}
    with LocalStack(Options(pack_dir=heads_pack, tick_seconds=3600, parameters=quick)) as stack:
        admin = Client(stack.url, stack.admin_token)
        course_id = admin.post("/v1/courses", {"name": "Maths", "time_zone": "Europe/Stockholm"})["id"]
        camera = admin.post("/v1/cameras", {"name": "Room 1", "course_ids": [course_id]})
        person_id = add_student(admin, course_id, "Kim")
        video = registration_video(STUDENT, 1)
        made = School(stack, admin, Client(stack.url, camera["token"]), course_id, person_id, video)
        assert made.registered(person_id, video)["state"] == "enrolled"
        yield made


def add_student(admin: Client, course_id: str, name: str, **more: Any) -> str:
    person_id: str = admin.post("/v1/people", {"name": name, **more})["id"]
    admin.put(f"/v1/people/{person_id}/consent", CONSENT_IN)
    admin.put(f"/v1/courses/{course_id}/roster/{person_id}")
    return person_id


def frame_of(*people: Any, seed: int = 1) -> bytes:
    return classroom_frame(people, seed).jpeg


def huge_png() -> bytes:
    """20 000 by 20 000 pixels in about a megabyte and a half; decoded it would be more than a gigabyte."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    side = 20_000
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(1 + 3 * side)) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


HOSTILE_REGISTRATIONS = {
    "a truncated video": (lambda video: video[: len(video) // 2], "unreadable_video"),
    "a text named mp4": (
        lambda _: b"this is not a video at all, whatever its name says",
        "unsupported_media_type",
    ),
    "an ffconcat script": (lambda _: b"ffconcat version 1.0\nfile /etc/hostname\n", "unsupported_media_type"),
    "a GIF": (lambda _: b"GIF89a" + bytes(40), "unsupported_media_type"),
    "half a picture": (lambda _: frame_of(STUDENT)[:900], "unreadable_picture"),
}


@pytest.mark.parametrize("hostile", HOSTILE_REGISTRATIONS)
def test_a_hostile_registration_is_rejected_by_name_and_enrols_nobody(school: School, hostile: str) -> None:
    make, code = HOSTILE_REGISTRATIONS[hostile]
    person_id = add_student(school.admin, school.course_id, hostile)
    read = school.registered(person_id, make(school.video))
    assert (read["state"], read["outcome"]["code"], read["outcome"]["views_kept"]) == ("rejected", code, 0)
    assert len(read["outcome"]["explanation"]) > 20


def test_a_stranger_in_the_video_of_nobody_enrols_nobody(school: School) -> None:
    person_id = add_student(school.admin, school.course_id, "an empty room")
    read = school.registered(person_id, classroom_frame((), 3).jpeg, "image/jpeg")
    assert (read["state"], read["outcome"]["code"]) == ("rejected", "no_usable_view")
    assert "face" in read["outcome"]["explanation"]


HOSTILE_POSTS = {
    "nothing": (lambda: b"", 400, "empty_body"),
    "a GIF": (lambda: b"GIF89a" + bytes(40), 415, "unsupported_media_type"),
    "a huge picture": (huge_png, 422, "too_many_pixels"),
    "7 MB": (lambda: b"\xff\xd8" + bytes(7_000_000), 413, "payload_too_large"),
    "11 MB": (lambda: b"\xff\xd8" + bytes(11_000_000), 413, "payload_too_large"),
}


@pytest.mark.parametrize("hostile", HOSTILE_POSTS)
def test_a_hostile_post_is_refused_by_name(school: School, hostile: str) -> None:
    make, status, code = HOSTILE_POSTS[hostile]
    with pytest.raises(CallFailed) as failed:
        school.posted(school.session(), make())
    assert (failed.value.status, failed.value.code) == (status, code)


def test_a_huge_picture_uploaded_by_ticket_is_rejected_by_name(school: School) -> None:
    frame = school.uploaded(school.session(), huge_png())
    assert (frame["state"], frame["rejection"]["code"]) == ("rejected", "too_many_pixels")


def test_who_may_not_post_is_told_why(school: School) -> None:
    session_id = school.session()
    other = school.admin.post("/v1/courses", {"name": "Music", "time_zone": "Europe/Stockholm"})["id"]
    camera = school.admin.post("/v1/cameras", {"name": "Room 2", "course_ids": [other]})
    refusals = {
        "invalid_token": Client(school.stack.url, "rollcall_foreign"),
        "forbidden": Client(school.stack.url, camera["token"]),
    }
    for code, client in refusals.items():
        with pytest.raises(CallFailed) as failed:
            client.post_picture(f"/v1/sessions/{session_id}/frames", frame_of(STUDENT))
        assert failed.value.code == code
    revoked = school.admin.post("/v1/cameras", {"name": "Room 3", "course_ids": [school.course_id]})
    client = Client(school.stack.url, revoked["token"])
    client.get(f"/v1/sessions/{session_id}")  # now the gateway knows the token for a minute
    school.admin.delete(f"/v1/cameras/{revoked['id']}")
    with pytest.raises(CallFailed) as failed:
        client.post_picture(f"/v1/sessions/{session_id}/frames", frame_of(STUDENT))
    assert (failed.value.status, failed.value.code) == (401, "invalid_token")


def test_no_token_an_unknown_session_and_a_closed_one_are_told_apart(school: School) -> None:
    import urllib.error
    import urllib.request

    with pytest.raises(urllib.error.HTTPError) as missing:
        urllib.request.urlopen(f"{school.stack.url}/v1/people")
    with missing.value as answer:
        assert (answer.code, b"missing_token" in answer.read()) == (401, True)
    session_id = school.session()
    assert school.admin.post(f"/v1/sessions/{session_id}/close")["state"] == "closed"
    for path, code in ((f"ses_{'0' * 32}", "session_not_found"), (session_id, "session_not_open")):
        with pytest.raises(CallFailed) as failed:
            school.camera.post_picture(f"/v1/sessions/{path}/frames", frame_of(STUDENT))
        assert failed.value.code == code


def test_a_message_that_keeps_failing_ends_in_the_dead_letter_queue_while_others_are_handled(
    school: School,
) -> None:
    sqs = school.stack.cloud.client("sqs")
    frames = sqs.get_queue_url(QueueName="rollcall-frames")["QueueUrl"]
    dead = sqs.get_queue_url(QueueName="rollcall-frames-dlq")["QueueUrl"]
    sqs.send_message(QueueUrl=frames, MessageBody="this is no notification")
    session_id = school.session()
    assert school.posted(session_id, frame_of(STUDENT, STRANGER))["state"] == "done"
    assert school.status(session_id) == "present"
    letters = until(
        lambda: sqs.receive_message(QueueUrl=dead).get("Messages", []), bool, SECONDS, "The dead-letter queue"
    )
    assert [letter["Body"] for letter in letters] == ["this is no notification"]
    sqs.close()


def test_a_claim_is_settled_by_its_event(school: School) -> None:
    """Kim's own face is accepted, a stranger's refused, both by the nets and through the queue."""
    seen = school.posted(school.session(), frame_of(STUDENT, STRANGER))
    states = {}
    for place, sighting in enumerate(seen["sightings"]):
        path = f"/v1/frames/{seen['id']}/claims"
        claim = school.camera.post(path, {"person_id": school.person_id, "face": place})
        settled = school.settled(school.admin, f"{path}/{claim['id']}")
        states[sighting["candidate"] == school.person_id and sighting["decision"] == "accepted"] = settled
    assert {own: settled["state"] for own, settled in states.items()} == {True: "accepted", False: "refused"}
    assert states[False]["code"] == "not_alike"
    assert all(
        (settled["comparison"]["score"] >= settled["comparison"]["threshold"]) == own
        for own, settled in states.items()
    )


def test_a_face_enrolled_under_a_second_name_awaits_a_human(school: School) -> None:
    other_id = add_student(school.admin, school.course_id, "Lin")
    read = school.registered(other_id, registration_video(STUDENT, 2))
    assert read["state"] == "awaiting_review"
    (review,) = school.admin.get("/v1/registrations-awaiting-review")["items"]
    assert (review["name"], [each["name"] for each in review["resembles"]]) == ("Lin", ["Kim"])
    path = f"/v1/people/{other_id}/registrations/{read['id']}/decision"
    assert school.admin.post(path, {"decision": "same_person"})["state"] == "refused"
    assert school.admin.get("/v1/registrations-awaiting-review")["items"] == []


def test_consent_withdrawn_holds_for_the_very_next_frame_on_a_warm_handler(school: School) -> None:
    session_id = school.session()
    seen = school.posted(session_id, frame_of(STUDENT))
    assert [sighting["candidate"] for sighting in seen["sightings"]] == [school.person_id]
    school.admin.delete(f"/v1/people/{school.person_id}/consent")
    try:
        unseen = school.posted(session_id, frame_of(STUDENT, seed=2))
        assert [sighting["decision"] for sighting in unseen["sightings"]] == ["unknown"]
        assert [sighting["candidate"] for sighting in unseen["sightings"]] == [None]
    finally:
        school.admin.put(f"/v1/people/{school.person_id}/consent", CONSENT_IN)
        assert school.registered(school.person_id, school.video)["state"] == "enrolled"


def test_no_byte_of_an_erased_person_is_left_in_tables_objects_queues_or_logs(
    school: School, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    name, face = "Åsa Öberg-Quist", shown()[3]
    person_id = add_student(school.admin, school.course_id, name, external_ids={"sis": "SIS-4711-Quist"})
    video = registration_video(face, 1)
    assert school.registered(person_id, video)["state"] == "enrolled"
    picture = frame_of(face, seed=77)  # no other frame of this stack shares its bytes
    session_id = school.session()
    assert [each["candidate"] for each in school.posted(session_id, picture)["sightings"]] == [person_id]
    held = school.admin.get(f"/v1/people/{person_id}/export")["held"]
    (template,) = held["templates"]
    embeddings = [text for occasion in template["occasions"] for text in occasion["embeddings"]]
    needles = {
        "name": name.encode(),
        "external id": b"SIS-4711-Quist",
        "video": middle(video),
        "picture": middle(picture),
        **{f"embedding {n}": base64.b64decode(text) for n, text in enumerate(embeddings)},
    }
    client_of = school.stack.cloud.client
    assert {found.what for found in search_everything(client_of, needles)} == set(needles)

    receipt = school.admin.delete(f"/v1/people/{person_id}")["receipt"]
    logs = {"log": caplog.text, "output": capsys.readouterr().out}
    assert search_everything(client_of, needles, logs) == []
    assert receipt["document"]["erased"]["pictures"] == 1
    signed = verify.signed_of(receipt)
    assert verify.verified(signed, verify.public_key(client_of("kms"), signed.signature.key_id))
    unseen = school.posted(session_id, frame_of(face, seed=2))
    assert [each["decision"] for each in unseen["sightings"]] == ["unknown"]
    assert person_id not in [each["candidate"] for each in unseen["sightings"]]


def middle(data: bytes) -> bytes:
    """Enough of it to know it by, wherever a part of it was copied to."""
    return data[len(data) // 2 :][:64]


def test_the_readme_does_what_it_says(school: School, tmp_path: Path) -> None:
    """The block of commands under "The API by example", run as it stands."""
    readme = (ROOT / "README.md").read_text()
    (block,) = re.findall(
        r"<!-- tests/integration/test_service\.py runs this block -->\n```sh\n(.*?)```", readme, re.DOTALL
    )
    (tmp_path / "kim.mp4").write_bytes(registration_video(shown()[2], 1))
    (tmp_path / "class.jpg").write_bytes(classroom_frame((shown()[2], STRANGER), 1).jpeg)
    given = {
        "URL": school.stack.url,
        "TOKEN": school.stack.admin_token,
        "VIDEO": str(tmp_path / "kim.mp4"),
        "PICTURE": str(tmp_path / "class.jpg"),
    }
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"state":"enrolled"' in done.stdout
    assert '"decision":"accepted"' in done.stdout
    assert re.search(r"per_\w{32},Kim,present", done.stdout)
    assert '"active":false' in done.stdout
