"""Who signs in with what: accounts belong to one person, tokens end when they should, the first admin is the first."""

import json
from datetime import timedelta

import pytest

from chalicelib import wiring
from chalicelib.domain.access import Account, Caller, Camera, Role
from chalicelib.domain.errors import (
    AdminExists,
    CameraNotFound,
    IdentityNotFound,
    IdentityTaken,
    InvalidRequest,
    InvalidToken,
    NotInvited,
    PersonNotFound,
    TooManyRequests,
)
from chalicelib.services.appoint_first_admin import appoint_first_admin, issue_first_admin_token
from chalicelib.services.issue_token import issue_admin_token
from chalicelib.services.limit_frames import FRAMES, WINDOW_SECONDS, limit_frames
from chalicelib.services.link_identity import link_identity
from chalicelib.services.name_caller import name_caller
from chalicelib.services.ports import IdTokens
from chalicelib.services.register_camera import register_camera
from chalicelib.services.revoke_camera import revoke_camera
from chalicelib.services.rotate_camera_token import rotate_camera_token
from chalicelib.services.verify_token import verify_token
from infra import first_admin
from tests.support.crashes import Crash, crash_at, watched
from tests.support.world import ENVIRONMENT, World

ISSUER = ENVIRONMENT["ROLLCALL_OIDC_ISSUER"]
ADA, BEN = Account(ISSUER, "ada-1"), Account(ISSUER, "ben-1")


def link(person_id: str, account: Account, role: Role = Role.STUDENT) -> str:
    from chalicelib.domain.clock import utc_now

    return link_identity(person_id, account, role, access=wiring.access(), clock=utc_now).identity_id


def test_an_account_stands_for_one_person_and_a_person_may_have_several(world: World) -> None:
    ada, ben = world.add_person("Ada"), world.add_person("Ben")
    link(ada, ADA)
    link(ada, Account(ISSUER, "ada-at-work"), Role.INSTRUCTOR)
    link(ben, BEN)
    assert wiring.access().identified(ADA) == Caller(ada, Role.STUDENT)
    assert wiring.access().identified(Account("https://other.example", "ada-1")) is None
    assert {each.role for each in wiring.access().identities_of(ada)} == {Role.STUDENT, Role.INSTRUCTOR}
    assert [each.account for each in wiring.access().identities_of(ben)] == [BEN]
    with pytest.raises(IdentityTaken):
        link(ben, ADA)
    assert wiring.access().identified(ADA) == Caller(ada, Role.STUDENT)


def test_who_is_archived_signs_in_no_more_until_restored(world: World) -> None:
    ada = world.add_person("Ada")
    link(ada, ADA, Role.ADMIN)
    wiring.people().archive(ada, world.now)
    assert wiring.access().identified(ADA) is None
    wiring.people().restore(ada)
    assert wiring.access().identified(ADA) == Caller(ada, Role.ADMIN)


def test_linked_again_it_has_the_new_role_and_stands_there_once(world: World) -> None:
    ada = world.add_person("Ada")
    link(ada, ADA)
    link(ada, ADA, Role.ADMIN)
    assert wiring.access().identified(ADA) == Caller(ada, Role.ADMIN)
    assert [each.role for each in wiring.access().identities_of(ada)] == [Role.ADMIN]


def test_unlinked_it_stands_for_nobody_and_may_be_anothers(world: World) -> None:
    ada, ben = world.add_person("Ada"), world.add_person("Ben")
    identity_id = link(ada, ADA)
    with pytest.raises(IdentityNotFound):
        wiring.access().unlink_identity(ben, identity_id)
    wiring.access().unlink_identity(ada, identity_id)
    assert wiring.access().identified(ADA) is None
    assert wiring.access().identities_of(ada) == ()
    with pytest.raises(IdentityNotFound):
        wiring.access().unlink_identity(ada, identity_id)
    link(ben, ADA)
    assert "ada-1" in json.dumps(world.dump("people"))
    wiring.access().unlink_identity(ben, identity_id)
    assert "ada-1" not in json.dumps(world.dump())


def test_nobody_is_linked_who_is_not_there_and_no_camera(world: World) -> None:
    with pytest.raises(PersonNotFound):
        link("per_nobody", ADA)
    ada = world.add_person("Ada")
    with pytest.raises(InvalidRequest):
        link(ada, ADA, Role.CAMERA)
    with pytest.raises(InvalidRequest):
        link(ada, Account("", "ada-1"))
    assert world.dump("access") == {"access": []}


def test_both_sides_of_a_link_are_written_or_neither(world: World) -> None:
    ada = world.add_person("Ada")
    with pytest.raises(Crash), watched(after=crash_at(1)) as writes:
        link(ada, ADA)
    assert writes.names == ["TransactWriteItems"]
    assert wiring.access().identified(ADA) == Caller(ada, Role.STUDENT)
    link(ada, ADA)
    assert len(wiring.access().identities_of(ada)) == 1


class ProvenBy:
    """ID tokens that say in plain text whose they are."""

    def account(self, token: str) -> Account:
        return Account(ISSUER, token.partition(".")[0])


def not_needed() -> IdTokens:
    raise AssertionError("a token of our own was taken for an ID token")


def test_a_good_account_that_nobody_linked_is_not_invited(world: World) -> None:
    access = wiring.access()
    with pytest.raises(NotInvited):
        verify_token("ada-1.x.y", access=access, id_tokens=ProvenBy)
    ada = world.add_person("Ada")
    link(ada, ADA)
    assert verify_token("ada-1.x.y", access=access, id_tokens=ProvenBy) == Caller(ada, Role.STUDENT)


@pytest.mark.usefixtures("world")
def test_what_is_no_id_token_loads_no_cryptography() -> None:
    for token in ("", "wrong", "a.b", "a.b.c.d", "rollcall_a.b.c", "rollcall_" + "x" * 43):
        with pytest.raises(InvalidToken):
            verify_token(token, access=wiring.access(), id_tokens=not_needed)


def test_a_token_ends_when_it_says(world: World) -> None:
    access = wiring.access()
    token = issue_admin_token(access=access, clock=world.clock, lasting=timedelta(days=7))
    for_ever = issue_admin_token(access=access, clock=world.clock)
    world.pass_time(days=7, seconds=-1)
    assert verify_token(token, access=access, id_tokens=not_needed).role is Role.ADMIN
    world.pass_time(seconds=1)
    with pytest.raises(InvalidToken):
        verify_token(token, access=access, id_tokens=not_needed)
    assert verify_token(for_ever, access=access, id_tokens=not_needed).role is Role.ADMIN


def appoint(world: World, name: str, account: Account, *, again: bool = False) -> str:
    return appoint_first_admin(
        name, account, again=again, access=wiring.access(), people=wiring.people(), clock=world.clock
    ).person_id


def issue(world: World, *, again: bool = False) -> str:
    return issue_first_admin_token(timedelta(days=1), again=again, access=wiring.access(), clock=world.clock)


def test_there_is_one_first_admin_unless_another_is_asked_for(world: World) -> None:
    ada = appoint(world, "Ada", ADA)
    assert wiring.access().identified(ADA) == Caller(ada, Role.ADMIN)
    with pytest.raises(AdminExists):
        appoint(world, "Ben", BEN)
    with pytest.raises(AdminExists):
        issue(world)
    assert wiring.access().identified(BEN) is None
    appoint(world, "Ben", BEN, again=True)
    assert issue(world, again=True)


def test_a_token_that_is_over_makes_room_for_the_first_admin_again(world: World) -> None:
    issue(world)
    with pytest.raises(AdminExists):
        appoint(world, "Ada", ADA)
    world.pass_time(days=1)
    appoint(world, "Ada", ADA)
    (identity,) = wiring.access().identities_of(appoint(world, "Ada", ADA, again=True))
    wiring.access().unlink_identity(identity.person_id, identity.identity_id)
    issue(world)


def test_students_and_cameras_are_no_admins_and_a_linked_account_makes_its_person_one(world: World) -> None:
    ben = world.add_person("Ben")
    link(ben, BEN)
    wiring.access().add_camera(Camera("cam_1", "Door", frozenset({"crs_1"}), world.now), "rollcall_token")
    assert not wiring.access().has_admin()
    assert appoint(world, "Benjamin", BEN) == ben
    assert len(wiring.people().list(10, None).items) == 1


def test_the_first_admin_by_a_command(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_admin, "utc_now", world.clock)
    assert first_admin.main(["--subject", "ada-1", "--name", "Ada"]) == 0
    assert f"signs in as an admin with ada-1 of {ISSUER}" in capsys.readouterr().out
    caller = wiring.access().identified(ADA)
    assert caller is not None
    assert name_caller(caller, people=wiring.people(), access=wiring.access()) == "Ada"
    assert first_admin.main(["--token"]) == 2
    refused = capsys.readouterr()
    assert (refused.out, refused.err) == ("", "Refused. There is an admin already, who can link others.\n")
    assert first_admin.main(["--token", "--again", "--days", "2"]) == 0
    token = capsys.readouterr().out.strip()
    assert verify_token(token, access=wiring.access(), id_tokens=not_needed).role is Role.ADMIN
    world.pass_time(days=2)
    with pytest.raises(InvalidToken):
        verify_token(token, access=wiring.access(), id_tokens=not_needed)


@pytest.mark.usefixtures("world", "capsys")
def test_the_command_refuses_what_is_no_account() -> None:
    assert first_admin.main(["--subject", "Ada Ädelsten", "--name", "Ada"]) == 2
    with pytest.raises(SystemExit):
        first_admin.main(["--subject", "ada-1"])
    with pytest.raises(SystemExit):
        first_admin.main([])
    assert wiring.people().list(10, None).items == ()


def camera(world: World, *, by: str = "adm_1") -> tuple[Camera, str]:
    return register_camera(
        "Door",
        frozenset(),
        frozenset({"B 204"}),
        by=by,
        access=wiring.access(),
        courses=wiring.courses(),
        limits=wiring.rate_limits(),
        clock=world.clock,
    )


def rotate(camera_id: str) -> str:
    return rotate_camera_token(camera_id, by="adm_1", access=wiring.access(), limits=wiring.rate_limits())[1]


def test_a_cameras_old_token_ends_with_the_new_one(world: World) -> None:
    made, old = camera(world)
    new = rotate(made.camera_id)
    caller = wiring.access().caller(new)
    assert caller is not None
    assert (caller.subject, caller.token_id) == (
        made.camera_id,
        wiring.access().camera(made.camera_id).token_id,
    )
    assert wiring.access().caller(old) is None
    assert wiring.access().camera(made.camera_id).rooms == {"B 204"}
    revoke_camera(made.camera_id, access=wiring.access(), clock=world.clock)
    assert wiring.access().caller(new) is None
    with pytest.raises(CameraNotFound):
        rotate(made.camera_id)
    with pytest.raises(CameraNotFound):
        rotate("cam_nobody")


def test_whatever_write_rotation_dies_at_one_token_is_good(world: World) -> None:
    for moment in ("before", "after"):
        made, old = camera(world)
        with pytest.raises(Crash), watched(**{moment: crash_at(2)}) as writes:
            rotate(made.camera_id)
        assert writes.names == ["UpdateItem", "TransactWriteItems"]
        assert (wiring.access().caller(old) is not None) == (moment == "before")
        assert wiring.access().caller(rotate(made.camera_id)) is not None


def test_a_camera_that_is_revoked_while_its_token_is_replaced_stays_revoked(world: World) -> None:
    made, _ = camera(world)
    world_after = world.pass_time

    def revoke(number: int) -> None:
        if number == 1:
            world_after(seconds=1)
            revoke_camera(made.camera_id, access=wiring.access(), clock=world.clock)

    from chalicelib.domain.errors import Contention

    with pytest.raises(Contention), watched(before=revoke):
        wiring.access().replace_camera_token(made.camera_id, "rollcall_new")
    assert wiring.access().caller("rollcall_new") is None
    assert wiring.access().camera(made.camera_id).revoked_at is not None


def test_a_registration_that_is_sent_again_does_not_bring_a_revoked_camera_back(world: World) -> None:
    made, _ = camera(world)
    wiring.access().add_camera(made, "rollcall_again")
    assert wiring.access().caller("rollcall_again") is not None
    revoke_camera(made.camera_id, access=wiring.access(), clock=world.clock)
    with pytest.raises(CameraNotFound):
        wiring.access().add_camera(made, "rollcall_thrice")
    assert wiring.access().caller("rollcall_thrice") is None


@pytest.mark.usefixtures("world")
def test_a_camera_brings_no_more_frames_than_it_may_and_people_are_not_counted() -> None:
    limits = wiring.rate_limits()
    for _ in range(FRAMES):
        limit_frames(Caller("cam_1", Role.CAMERA), limits=limits)
    with pytest.raises(TooManyRequests) as refused:
        limit_frames(Caller("cam_1", Role.CAMERA), limits=limits)
    assert 0 < refused.value.retry_after_seconds <= WINDOW_SECONDS
    limit_frames(Caller("cam_2", Role.CAMERA), limits=limits)
    for _ in range(FRAMES + 1):
        limit_frames(Caller("per_1", Role.INSTRUCTOR), limits=limits)


def test_one_admin_issues_only_so_many_tokens_an_hour(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for service in ("register_camera", "rotate_camera_token"):
        monkeypatch.setattr(f"chalicelib.services.{service}.TOKENS_AN_HOUR", 2)
    made, _ = camera(world)
    rotate(made.camera_id)
    with pytest.raises(TooManyRequests):
        camera(world)
    with pytest.raises(TooManyRequests):
        rotate(made.camera_id)
    camera(world, by="adm_2")
    world.pass_time(hours=1)
    rotate(made.camera_id)
