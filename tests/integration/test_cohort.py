"""The people against whom a gallery's scores are normalised: enrolled elsewhere, willing, and never for longer."""

from collections.abc import Callable

import pytest

from chalicelib import wiring
from chalicelib.adapters.dynamo.models import DynamoModels
from chalicelib.adapters.dynamo.records import ModelRecord
from chalicelib.domain.people import Use
from chalicelib.domain.templates import Champion
from chalicelib.events.frames import on_frame_uploaded
from tests.support.crashes import watched
from tests.support.fakes import picture
from tests.support.world import World

ELSEWHERE = ("Cyd", "Dan", "Eve", "Fay")
NARROWED = (Use.MATCHING, Use.EVALUATION)


@pytest.fixture
def session(world: World) -> str:
    """A session of Ada's and Ben's course. The others are enrolled, and on no roster or another one's."""
    course_id, other = world.add_course(), world.add_course("Music")
    for name in ("Ada", "Ben", *ELSEWHERE):
        world.add_person(name, course_id=course_id if name in ("Ada", "Ben") else None)
        world.enrol(name)
    wiring.courses().put_on_roster(other, world.people["Cyd"])
    world.recogniser.cohort_size = 3
    return world.open_session(course_id)


def see(world: World, session_id: str) -> list[str]:
    """Handle a frame that shows Ada; the names of the cohort of the gallery that was built last."""
    on_frame_uploaded(world.event(world.post_frame(session_id, picture("Ada")).key), None)
    assert world.statuses(session_id)["Ada"] == "present"
    names = {person_id: name for name, person_id in world.people.items()}
    return sorted(names[person_id] for person_id in world.recogniser.cohort)


def test_a_gallery_gets_as_many_others_as_its_model_asks_for(world: World, session: str) -> None:
    cohort = see(world, session)
    assert len(cohort) == 3
    assert set(cohort) < set(ELSEWHERE)


def test_a_model_that_asks_for_nobody_gets_nobody(world: World, session: str) -> None:
    world.recogniser.cohort_size = 0
    assert see(world, session) == []


def test_with_one_too_few_there_is_no_cohort(world: World, session: str) -> None:
    world.recogniser.cohort_size = 5
    assert see(world, session) == []


def test_who_does_not_permit_normalisation_is_in_no_cohort(world: World, session: str) -> None:
    world.give_consent(world.people["Dan"], uses=NARROWED)
    assert see(world, session) == ["Cyd", "Eve", "Fay"]
    assert wiring.templates().get(world.people["Dan"], "fake-1") is not None, "Dan is still recognised"


def test_who_joins_the_roster_leaves_its_cohort(world: World, session: str) -> None:
    world.recogniser.cohort_size = 4
    assert see(world, session) == list(ELSEWHERE)
    wiring.courses().put_on_roster(wiring.sessions().get(session).course_id, world.people["Cyd"])
    assert see(world, session) == []


def withdraws(world: World, person_id: str) -> None:
    world.withdraw_consent(person_id)


def narrows_to_recognition(world: World, person_id: str) -> None:
    world.give_consent(person_id, uses=NARROWED)


def narrows_to_evaluation(world: World, person_id: str) -> None:
    world.give_consent(person_id, uses=(Use.EVALUATION,))


@pytest.mark.parametrize("ends", [withdraws, narrows_to_recognition, narrows_to_evaluation])
@pytest.mark.parametrize("name", ["Cyd", "Eve"], ids=["on another roster", "on no roster"])
def test_who_ends_it_is_in_no_cohort_of_the_next_frame_on_a_warm_handler(
    world: World, session: str, ends: Callable[[World, str], None], name: str
) -> None:
    world.recogniser.cohort_size = 4
    assert name in see(world, session)
    ends(world, world.people[name])
    world.recogniser.cohort_size = 3
    assert see(world, session) == sorted(set(ELSEWHERE) - {name})


def test_who_permits_it_again_is_in_the_next_cohort(world: World, session: str) -> None:
    world.recogniser.cohort_size = 4
    world.give_consent(world.people["Dan"], uses=NARROWED)
    assert see(world, session) == []
    world.give_consent(world.people["Dan"])
    world.enrol(
        "Ben"
    )  # galleries are not built anew for a consent that permits more; here Ben's course changed
    assert see(world, session) == list(ELSEWHERE)


def test_a_consent_that_goes_on_permitting_it_leaves_galleries_as_they_are(
    world: World, session: str
) -> None:
    see(world, session)
    world.give_consent(world.people["Eve"])
    see(world, session)
    assert world.recogniser.galleries_built == 1


# The champion's item holds the version of all cohorts: whichever write comes first makes it.


def test_a_withdrawal_before_any_function_ran_leaves_the_first_model_to_be_installed(world: World) -> None:
    world.withdraw_consent(world.add_person("Ada"))
    stored = ModelRecord.get("champion", consistent_read=True)
    assert (stored.model_id, stored.cohort_version) == (None, 1)
    assert wiring.models().champion("fake-1") == Champion("fake-1", 1)
    assert wiring.models().champion("fake-2") == Champion("fake-1", 1), "another model does not replace it"
    world.add_person("Ben")
    world.enrol("Ben")
    assert wiring.templates().get(world.people["Ben"], "fake-1") is not None


@pytest.mark.usefixtures("world")
def test_a_champion_that_was_stored_before_cohorts_had_versions_is_read() -> None:
    ModelRecord("champion", model_id="fake-1").save()
    assert wiring.models().champion("fake-2") == Champion("fake-1", 0)


@pytest.mark.usefixtures("world")
def test_of_two_functions_that_install_at_once_the_first_writer_s_model_is_in_service() -> None:
    def overtake(number: int) -> None:
        if number == 1:
            assert DynamoModels().champion("fake-2") == Champion("fake-2", 0)

    with watched(before=overtake) as writes:
        assert DynamoModels().champion("fake-1") == Champion("fake-2", 0)
    assert writes.names == ["UpdateItem"] * 2
    assert DynamoModels().champion("fake-3") == Champion("fake-2", 0)


def test_a_withdrawal_while_a_model_is_being_installed_is_counted(world: World) -> None:
    person_id = world.add_person("Ada")

    def overtake(number: int) -> None:
        if number == 1:
            world.withdraw_consent(person_id)

    with watched(before=overtake):
        assert wiring.models().champion("fake-1") == Champion("fake-1", 1)


def test_every_withdrawal_and_narrowing_raises_the_version(world: World) -> None:
    assert wiring.models().champion("fake-1").cohort_version == 0
    person_id = world.add_person("Ada")
    assert wiring.models().champion("fake-1").cohort_version == 0
    for version, ends in enumerate((withdraws, narrows_to_recognition, narrows_to_evaluation), start=1):
        world.give_consent(person_id)
        ends(world, person_id)
        assert wiring.models().champion("fake-1") == Champion("fake-1", version)
        ends(world, person_id)
        assert wiring.models().champion("fake-1") == Champion("fake-1", version), "nobody left a cohort"


def test_a_consent_of_somebody_who_was_in_no_cohort_leaves_galleries_as_they_are(
    world: World, session: str
) -> None:
    see(world, session)
    world.give_consent(world.add_person("Gus", consent=False), uses=NARROWED)
    see(world, session)
    assert world.recogniser.galleries_built == 1
