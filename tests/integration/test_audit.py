"""Acts are written down once; sealed days show what was changed, removed, added or forged afterwards."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import boto3
import pytest

from chalicelib import wiring
from chalicelib.adapters.dynamo.audit import SHARDS
from chalicelib.adapters.dynamo.records import AuditRecord, DigestRecord
from chalicelib.domain.access import Caller, Role
from chalicelib.domain.audit import AuditEntry, SealedDay, digest_of
from chalicelib.domain.signing import Signature, Signed
from chalicelib.services.record_act import record_act
from chalicelib.services.seal_audit import seal_audit
from infra import verify
from tests.support.crashes import Crash, crash_at, watched
from tests.support.world import REGION, World

PERSON = f"per_{1:032x}"
CALLER = Caller("adm_1", Role.ADMIN)


def act(world: World, what: str = "DELETE /v1/people/{person_id}") -> AuditEntry:
    entry = record_act(CALLER, what, {"person_id": PERSON}, 200, audit=wiring.audit(), clock=world.clock)
    world.pass_time(minutes=1)
    return entry


def seal(world: World) -> tuple[date, ...]:
    return seal_audit(world.now, audit=wiring.audit(), seals=wiring.seals(), signer=wiring.signer())


def key() -> bytes:
    return verify.public_key(boto3.client("kms", region_name=REGION), "alias/rollcall-signing")


def faults(day: date | None = None) -> list[str]:
    return list(verify.audit_faults(key(), day))


@pytest.fixture
def days(world: World) -> list[date]:
    """Three sealed days with acts, of which the second has none."""
    for _ in range(6):
        act(world)
    world.pass_time(days=2)
    act(world)
    world.pass_time(days=1)
    return list(seal(world))


def records(day: date) -> list[AuditRecord]:
    return [record for shard in range(SHARDS) for record in AuditRecord.query(f"{day}#{shard}")]


def test_an_act_is_written_down_without_names(world: World) -> None:
    first = act(world)
    typed = record_act(
        CALLER, "GET /x", {"person_id": "Ada Lovelace"}, 404, audit=wiring.audit(), clock=world.clock
    )
    assert typed.ids == {"person_id": "not an id"}
    assert list(wiring.audit().of_day(first.day)) == [first, typed]
    wiring.audit().append(replace(first, status=500))
    assert next(wiring.audit().of_day(first.day)) == first, "what is written stands"


def test_acts_are_listed_by_time_page_by_page(world: World) -> None:
    acts = [act(world) for _ in range(9)]
    listed, cursor = [], None
    while True:
        page = wiring.audit().page(acts[0].day, 4, cursor)
        listed += page.items
        cursor = page.cursor
        if cursor is None:
            break
    assert listed == acts


def test_every_day_is_sealed_once_it_is_over_and_missed_days_are_made_up_for(world: World) -> None:
    act(world)
    assert seal(world) == (date(2026, 11, 22),), "the chain begins with yesterday"
    assert seal(world) == ()
    world.now = datetime(2026, 11, 24, 0, 4, tzinfo=UTC)
    assert seal(world) == (), "not settled"
    world.pass_time(minutes=2)
    assert seal(world) == (date(2026, 11, 23),)
    world.pass_time(days=4)
    assert [day.day for day in seal(world)] == [24, 25, 26, 27]
    assert faults() == []
    assert wiring.seals().digest(date(2026, 11, 23)).document["entries"] == 1


def test_a_chain_begins_with_the_first_day_that_has_an_act(days: list[date]) -> None:
    assert [day.isoformat() for day in days] == ["2026-11-23", "2026-11-24", "2026-11-25"]
    assert faults() == []


def change(day: date) -> str:
    record = records(day)[0]
    AuditRecord(record.day_shard, record.sk).update([AuditRecord.subject.set("adm_2")])
    return f"{day}: changed: {record.sk}"


def remove(day: date) -> str:
    record = records(day)[0]
    record.delete()
    return f"{day}: removed: {record.sk}"


def insert(day: date) -> str:
    at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    entry = AuditEntry("f" * 32, at, "adm_2", "admin", "GET /v1/people", {}, 200)
    wiring.audit().append(entry)
    return f"{day}: added: {entry.key}"


@pytest.mark.parametrize("tamper", [change, remove, insert])
def test_what_was_tampered_with_is_named(days: list[date], tamper: Callable[[date], str]) -> None:
    named = tamper(days[0])
    assert faults() == [named]
    assert faults(days[0]) == [named]
    assert faults(days[1]) == []


def test_a_forged_digest_is_noticed(days: list[date]) -> None:
    """Whoever can write tables and objects, but not sign, makes a day look as if an act had never been."""
    remove(days[0])
    lines = tuple(entry.line for entry in wiring.audit().of_day(days[0]))
    sealed = wiring.seals().get(days[0])
    forged = SealedDay(Signed(digest_of(days[0], lines, None), sealed.digest.signature), lines)
    wiring.media().delete(f"audit/{days[0]}.json")
    DigestRecord("digest", days[0].isoformat()).delete()
    wiring.seals().add(days[0], forged)
    assert faults() == [
        f"{days[0]}: the digest's signature is not the key's",
        f"{days[1]}: the digest does not follow on the one before: a day was replaced or is missing",
    ]


def test_a_digest_signed_by_another_key_is_noticed(days: list[date]) -> None:
    kms = boto3.client("kms", region_name=REGION)
    other = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    assert all("not the key's" in fault for fault in verify.audit_faults(verify.public_key(kms, other)))
    assert len(list(verify.audit_faults(verify.public_key(kms, other)))) == len(days)


def test_a_day_whose_digest_was_removed_is_noticed(days: list[date]) -> None:
    DigestRecord("digest", days[1].isoformat()).delete()
    (fault,) = faults()
    assert fault.startswith(f"{days[2]}: the digest does not follow")
    assert faults(days[1]) == [f"{days[1]}: not sealed"]


@pytest.mark.parametrize("n", [1, 2, 3])
def test_sealing_cut_off_is_carried_on_with_one_digest(world: World, n: int) -> None:
    act(world)
    world.pass_time(days=3)
    with watched(after=crash_at(n)), pytest.raises(Crash):
        seal(world)
    seal(world)
    assert faults() == []
    assert len(wiring.seals().days()) == 3


def test_two_ticks_that_seal_at_once_leave_one_chain(world: World) -> None:
    act(world)
    world.pass_time(days=3)
    running = False

    def overtake(number: int) -> None:
        nonlocal running
        if not running and number == 2:
            running = True
            seal(world)

    with watched(before=overtake):
        seal(world)
    assert running
    assert faults() == []


def test_the_command_says_ok_or_what_is_wrong(
    world: World, days: list[date], capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    assert verify.main(["audit"]) == 0
    assert capsys.readouterr().out == "OK\n"
    assert verify.main(["key"]) == 0
    kept = tmp_path / "key.pem"
    kept.write_text(capsys.readouterr().out)
    named = change(days[0])
    assert verify.main(["--key", str(kept), "audit", "--day", days[0].isoformat()]) == 1
    assert capsys.readouterr().out == f"{named}\n"
    assert world


def test_a_signature_that_says_something_else_is_no_signature(world: World) -> None:
    signed = wiring.signer().sign({"kind": "x", "a": 1})
    assert verify.verified(signed, key())
    for forged in (
        Signed({"kind": "x", "a": 2}, signed.signature),
        Signed({"kind": "y", "a": 1}, signed.signature),
        Signed(signed.document, Signature("k", "a", "AAAA")),
    ):
        assert not verify.verified(forged, key())
    assert world
