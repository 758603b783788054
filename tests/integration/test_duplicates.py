"""One face under two names: found before it is enrolled, and decided by a human."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from unittest import mock

import pytest

from chalicelib import wiring
from chalicelib.domain.duplicates import MOST_LOOKALIKES, Decision
from chalicelib.domain.errors import ConsentMissing, LimitReached, NothingToDecide
from chalicelib.domain.people import Use
from chalicelib.domain.registrations import Registration, RegistrationState
from chalicelib.events.frames import on_frame_uploaded
from chalicelib.events.registrations import on_registration_uploaded
from chalicelib.services import find_duplicates
from chalicelib.services.enrol_candidate import enrol_candidate
from chalicelib.services.list_reviews import list_reviews
from tests.support.crashes import Crash, crash_at, watched
from tests.support.fakes import clip, picture
from tests.support.world import World

AWAITING_REVIEW, ENROLLED = RegistrationState.AWAITING_REVIEW, RegistrationState.ENROLLED


def names_in_service(world: World) -> list[str]:
    """Who has a template that galleries are made of."""
    by_id = {person_id: name for name, person_id in world.people.items()}
    shards = wiring.templates().in_shards("fake-1")
    return sorted(by_id[template.person_id] for shard in shards for template in shard)


def candidates() -> list[str]:
    return [candidate.registration_id for candidate in wiring.templates().candidates("fake-1")]


def reviews() -> list[str]:
    page = list_reviews(20, None, registrations=wiring.registrations(), people=wiring.people())
    return [review.registration.registration_id for review in page.items]


def again(registration: Registration) -> Registration:
    return wiring.registrations().get(registration.person_id, registration.registration_id)


@pytest.fixture
def world(deployment: World) -> World:
    deployment.begin_anew()
    return deployment


@pytest.fixture
def twins(world: World) -> Registration:
    """Ada is enrolled; Bea, who looks like her, awaits a review."""
    course_id = world.add_course()
    for name in ("Ada", "Bea"):
        world.add_person(name, course_id=course_id)
    world.enrol("Ada", "Ada")
    return world.enrol("Bea", "Ada~2")


def test_somebody_else_s_face_awaits_a_review_and_is_in_no_gallery(world: World, twins: Registration) -> None:
    assert twins.state is AWAITING_REVIEW
    assert twins.outcome is not None
    assert twins.outcome.code == "resembles_another_person"
    (alike,) = twins.outcome.resembles
    assert (alike.person_id, alike.similarity, alike.threshold) == (world.people["Ada"], 0.95, 0.9)
    assert names_in_service(world) == ["Ada"]
    assert candidates() == [twins.registration_id]


def test_the_review_lists_both_names(world: World, twins: Registration) -> None:
    page = list_reviews(20, None, registrations=wiring.registrations(), people=wiring.people())
    (review,) = page.items
    assert review.registration == twins
    assert review.names == {world.people[name]: name for name in ("Ada", "Bea")}


def test_somebody_new_is_enrolled_and_leaves_no_candidate(world: World) -> None:
    for name in ("Ada", "Ben"):
        world.add_person(name)
        assert world.enrol(name).state is ENROLLED
    assert (names_in_service(world), candidates(), reviews()) == (["Ada", "Ben"], [], [])


def test_a_person_s_further_registration_is_no_duplicate_of_their_own(world: World) -> None:
    world.add_person("Ada")
    for _ in range(2):
        assert world.enrol("Ada").state is ENROLLED


def test_the_same_person_under_two_names_is_refused_and_forgotten(world: World, twins: Registration) -> None:
    decided = world.decide(twins, Decision.SAME_PERSON)
    assert decided.state is RegistrationState.REFUSED
    assert decided.outcome is not None
    assert (decided.outcome.code, decided.outcome.decided_by) == ("duplicate_identity", "adm_test")
    assert (names_in_service(world), candidates(), reviews()) == (["Ada"], [], [])
    assert not any(key.startswith(twins.prefix) for key in world.pictures())
    assert world.decide(twins, Decision.SAME_PERSON) == decided


def test_two_people_are_enrolled_and_remembered_as_look_alikes(world: World, twins: Registration) -> None:
    decided = world.decide(twins, Decision.TWO_PEOPLE)
    assert decided.state is ENROLLED
    assert (names_in_service(world), candidates(), reviews()) == (["Ada", "Bea"], [], [])
    ada, bea = world.people["Ada"], world.people["Bea"]
    assert wiring.people().lookalikes([ada, bea]) == {ada: frozenset({bea}), bea: frozenset({ada})}
    revisions = [wiring.people().get(each).revision for each in (ada, bea)]
    assert world.decide(twins, Decision.TWO_PEOPLE) == decided
    assert [wiring.people().get(each).revision for each in (ada, bea)] == revisions


def test_a_decision_is_not_turned_round(world: World, twins: Registration) -> None:
    world.decide(twins, Decision.SAME_PERSON)
    with pytest.raises(NothingToDecide):
        world.decide(twins, Decision.TWO_PEOPLE)


def test_what_awaits_no_review_cannot_be_decided(world: World) -> None:
    world.add_person("Ada")
    registration = world.enrol("Ada")
    for decision in Decision:
        with pytest.raises(NothingToDecide):
            world.decide(registration, decision)
    assert again(registration) == registration


def test_the_next_frame_on_a_warm_handler_knows_the_look_alikes(world: World, twins: Registration) -> None:
    course_id = next(iter(wiring.courses().list(1, None).items)).course_id
    session_id = world.open_session(course_id)

    def gallery_of_next_frame():
        on_frame_uploaded(world.event(world.post_frame(session_id, picture("Ada")).key), None)
        return wiring.gallery_of()(course_id)

    assert gallery_of_next_frame().lookalikes == {}
    world.decide(twins, Decision.TWO_PEOPLE)
    assert set(gallery_of_next_frame().lookalikes) == {world.people["Ada"], world.people["Bea"]}


def test_a_look_alike_s_further_registration_needs_no_second_review(
    world: World, twins: Registration
) -> None:
    world.decide(twins, Decision.TWO_PEOPLE)
    assert world.enrol("Bea", "Ada~2").state is ENROLLED


def test_one_twin_s_video_among_the_other_s_awaits_a_review(world: World, twins: Registration) -> None:
    world.decide(twins, Decision.TWO_PEOPLE)
    assert world.enrol("Bea", "Ada").state is AWAITING_REVIEW


def test_a_look_alike_too_many_is_refused_and_still_awaits(world: World, twins: Registration) -> None:
    from chalicelib.adapters.dynamo.records import PersonRecord

    many = {f"per_{number}" for number in range(MOST_LOOKALIKES)}
    PersonRecord(world.people["Ada"], "person").update([PersonRecord.lookalikes.set(many)])
    with pytest.raises(LimitReached):
        world.decide(twins, Decision.TWO_PEOPLE)
    assert again(twins).state is AWAITING_REVIEW


@pytest.mark.usefixtures("twins")
def test_a_person_keeps_few_registrations_waiting(world: World) -> None:
    waiting = [world.enrol("Bea", "Ada~2") for _ in range(5)]
    assert [registration.state for registration in waiting[:4]] == [AWAITING_REVIEW] * 4
    assert waiting[4].state is RegistrationState.REJECTED
    assert waiting[4].outcome is not None
    assert waiting[4].outcome.code == "limit_reached"
    assert len(candidates()) == 5


def withdraws(world: World, person_id: str) -> None:
    world.withdraw_consent(person_id)


def narrows(world: World, person_id: str) -> None:
    world.give_consent(person_id, uses=(Use.EVALUATION,))


@pytest.mark.parametrize("ends", [withdraws, narrows])
def test_who_ends_consent_leaves_no_candidate_and_no_review(
    world: World, twins: Registration, ends: Callable[[World, str], None]
) -> None:
    ends(world, world.people["Bea"])
    assert (candidates(), reviews()) == ([], [])
    outcome = again(twins).outcome
    assert outcome is not None
    assert (outcome.state, outcome.code) == (RegistrationState.REFUSED, "consent_missing")
    with pytest.raises(NothingToDecide):
        world.decide(twins, Decision.TWO_PEOPLE)


@pytest.mark.parametrize("ends", [withdraws, narrows])
@pytest.mark.parametrize("name", ["Ada", "Bea"])
def test_who_ends_consent_is_nobody_s_look_alike(
    world: World, twins: Registration, ends: Callable[[World, str], None], name: str
) -> None:
    world.decide(twins, Decision.TWO_PEOPLE)
    ends(world, world.people[name])
    assert wiring.people().lookalikes(list(world.people.values())) == {}


def test_who_withdrew_before_the_decision_becomes_nobody_s_look_alike(
    world: World, twins: Registration
) -> None:
    world.withdraw_consent(world.people["Ada"])
    assert world.decide(twins, Decision.TWO_PEOPLE).state is ENROLLED
    assert wiring.people().lookalikes(list(world.people.values())) == {}


@pytest.mark.parametrize(("name", "remain"), [("Ada", ["Bea"]), ("Bea", ["Ada"])])
def test_a_withdrawal_that_overtakes_the_decision_leaves_nothing_of_the_face(
    world: World, twins: Registration, name: str, remain: list[str]
) -> None:
    """Of the person who is to be enrolled, or of the other one, just before the decision is written."""
    done = False

    def withdraw(write: int) -> None:
        nonlocal done
        if write == 1 and not done:
            done = True
            world.withdraw_consent(world.people[name])

    with watched(withdraw), suppress(ConsentMissing, NothingToDecide):
        world.decide(twins, Decision.TWO_PEOPLE)
    assert done
    assert (names_in_service(world), candidates(), reviews()) == (remain, [], [])
    assert wiring.people().lookalikes(list(world.people.values())) == {}


@pytest.mark.parametrize("decision", Decision)
def test_a_decision_cut_off_anywhere_can_be_repeated(world: World, decision: Decision) -> None:
    def after(before: int = 0, behind: int = 0):
        world.begin_anew()
        for name in ("Ada", "Bea"):
            world.add_person(name)
        world.enrol("Ada")
        registration = world.enrol("Bea", "Ada")
        with watched(crash_at(before), crash_at(behind)) as writes, suppress(Crash):
            world.decide(registration, decision)
        world.decide(registration, decision)
        return world.dump(), world.pictures(), len(writes.names)

    *expected, writes = after()
    assert writes >= 1
    for number in range(1, writes + 1):
        assert [*after(before=number)[:2]] == expected
        assert [*after(behind=number)[:2]] == expected


def upload_both(world: World) -> list[Registration]:
    """The same face under two names, where the first write of an event holds the candidate."""
    world.begin_anew()
    wiring.models().champion(installed="fake-1")
    return [world.upload_registration(world.add_person(name), clip("Ada")) for name in ("Ada", "Eve")]


@pytest.mark.parametrize("n", [1, 2])
def test_of_one_face_under_two_names_at_once_never_both_are_enrolled(world: World, n: int) -> None:
    """The second registration is handled whole before the first one's n-th write."""
    uploaded = upload_both(world)
    first, second = (world.event(*registration.keys) for registration in uploaded)
    overtaken = False

    def overtake(number: int) -> None:
        nonlocal overtaken
        if number == n and not overtaken:
            overtaken = True
            on_registration_uploaded(second, None)

    with watched(overtake):
        on_registration_uploaded(first, None)
    on_registration_uploaded(second, None)
    states = {again(registration).state for registration in uploaded}
    assert overtaken
    assert len(names_in_service(world)) <= 1
    assert AWAITING_REVIEW in states
    assert states <= {AWAITING_REVIEW, ENROLLED}


def enrolled_between_the_reads(world: World, read: str) -> set[str]:
    """Who is in service if the other candidate becomes a template after ours was held and before our `read`."""
    uploaded = upload_both(world)
    with suppress(Crash), watched(after=crash_at(1)):
        on_registration_uploaded(world.event(*uploaded[0].keys), None)
    templates = wiring.templates()
    original = getattr(templates, read)
    moved = False

    def read_late(*arguments):
        nonlocal moved
        if not moved:
            moved = True
            earlier = again(uploaded[0])
            enrol_candidate(
                templates.candidate(earlier),
                earlier,
                replace(earlier.outcome, state=ENROLLED),
                people=wiring.people(),
                templates=templates,
            )
        return original(*arguments)

    with mock.patch.object(templates, read, read_late):
        on_registration_uploaded(world.event(*uploaded[1].keys), None)
    assert moved
    return set(names_in_service(world))


@pytest.mark.parametrize("read", ["candidates", "in_shards"])
def test_a_candidate_enrolled_while_another_searches_is_found(world: World, read: str) -> None:
    assert enrolled_between_the_reads(world, read) == {"Ada"}


def test_read_in_the_other_order_it_would_be_missed(world: World) -> None:
    """A check that cannot go red is worth nothing."""

    def templates_first(candidate, templates, recogniser):
        shards = list(templates.in_shards(candidate.model_id))
        pending = tuple(other.template for other in templates.candidates(candidate.model_id))
        for others in (*shards, pending):
            yield from find_duplicates._similar(candidate, others, recogniser)

    with mock.patch.object(find_duplicates, "_compared", templates_first):
        assert enrolled_between_the_reads(world, "candidates") == {"Ada", "Eve"}


def test_both_pending_both_await_a_review(world: World) -> None:
    """Each stopped after it was held: whoever searches then, finds the other."""
    uploaded = upload_both(world)
    for registration in uploaded:
        with suppress(Crash), watched(after=crash_at(1)):
            on_registration_uploaded(world.event(*registration.keys), None)
        assert again(registration).state is RegistrationState.PENDING
    assert len(candidates()) == 2
    for registration in uploaded:
        on_registration_uploaded(world.event(*registration.keys), None)
    assert [again(registration).state for registration in uploaded] == [AWAITING_REVIEW] * 2
    for registration, decision in zip(uploaded, (Decision.TWO_PEOPLE, Decision.SAME_PERSON), strict=True):
        world.decide(registration, decision)
    assert (names_in_service(world), candidates(), reviews()) == (["Ada"], [], [])
