"""A roster from a file: all or nothing, whatever it holds and wherever it is cut off."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any
from unittest import mock

import pytest

from chalicelib import wiring
from chalicelib.adapters.dynamo import roster_imports, rosters
from chalicelib.adapters.dynamo.records import RosterImportRecord
from chalicelib.domain.errors import CourseArchived, CourseNotFound, InvalidRequest, LimitReached
from chalicelib.domain.people import Person
from chalicelib.domain.roster_csv import write_roster
from chalicelib.services.import_roster import ImportReport
from chalicelib.services.list_roster import list_roster
from tests.support.crashes import Crash, crash_at, watched
from tests.support.world import World


def told(report: ImportReport) -> list[tuple[int, str | None]]:
    return [(row.line, row.code or row.action) for row in report.rows]


def people() -> Iterator[Person]:
    cursor = None
    while True:
        page = wiring.people().list(100, cursor)
        yield from page.items
        cursor = page.cursor
        if cursor is None:
            return


def export(course_id: str) -> str:
    return write_roster(list_roster(course_id, courses=wiring.courses(), people=wiring.people()))


def add(world: World, name: str, course_id: str | None = None, **external_ids: str) -> str:
    person_id = world.add_person(name, consent=False, course_id=course_id)
    person = wiring.people().get(person_id)
    if external_ids:
        wiring.people().save(Person(person_id, name, person.created_at, external_ids=external_ids), person)
    return person_id


def test_people_are_made_found_and_put_on_the_roster(world: World) -> None:
    course_id = world.add_course()
    add(world, "Ada", course_id, sis="1")
    ben = add(world, "Ben", sis="2")
    report = world.import_roster(course_id, "name;sis_id;moodle_id\nAda;1;\nBen;2;m2\nCem;3;m3\nDov;;\n")
    assert report.applied
    assert told(report) == [(2, "already_on_roster"), (3, "found"), (4, "created"), (5, "created")]
    assert world.roster(course_id) == ["Ada", "Ben", "Cem", "Dov"]
    found = wiring.people().get_all([row.person_id or "" for row in report.rows])
    assert [found[row.person_id or ""].name for row in report.rows] == ["Ada", "Ben", "Cem", "Dov"]
    assert wiring.people().get(ben).external_ids == {"sis": "2", "moodle": "m2"}
    assert wiring.courses().courses_of(ben) == (course_id,)


def test_replacing_takes_off_who_is_not_in_the_file_but_for_the_archived(world: World) -> None:
    course_id, other = world.add_course(), world.add_course("Music")
    ada, ben, eve = (add(world, name, course_id) for name in ("Ada", "Ben", "Eve"))
    wiring.courses().put_on_roster(other, ada)
    wiring.people().archive(eve, world.now)
    report = world.import_roster(course_id, f"person_id\n{ben}\n", "replace")
    assert (told(report), report.taken_off) == ([(2, "already_on_roster")], (ada,))
    assert (world.roster(course_id), world.roster(other)) == (["Ben"], ["Ada"])
    assert (wiring.people().get(ada).course_count, wiring.courses().courses_of(ada)) == (1, (other,))
    wiring.people().restore(eve)
    assert world.roster(course_id) == ["Ben", "Eve"]


def test_one_wrong_row_and_nothing_is_done(world: World) -> None:
    course_id = world.add_course()
    ada = add(world, "Ada", sis="1")
    add(world, "Ben", sis="2", moodle="m2")
    gone = add(world, "Eve", sis="9")
    wiring.people().archive(gone, world.now)
    for namesake in ("Kim", "Kim"):
        add(world, namesake, course_id)
    rows = {
        "Ada,,1,": "found",
        f",{ada},,": "duplicate_in_file",
        "New,,n1,": "created",
        "Newer,,n1,": "duplicate_in_file",
        "Dov,,,": "created",
        "Dov,,,,": "duplicate_in_file",
        "Ben,,2,m9": "external_id_differs",
        "X,,1,m2": "ids_of_several_people",
        ",per_none,,": "person_not_found",
        ",,unknown,": "person_not_found",
        "Eve,,9,": "person_archived",
        "Kim,,,": "ambiguous_name",
        "A\u202eda,,,": "invalid_name",
    }
    before = world.dump()
    report = world.import_roster(course_id, "\n".join(["name,person_id,sis_id,moodle_id", *rows]))
    assert [code for _, code in told(report)] == list(rows.values())
    assert (report.applied, report.refused) == (False, True)
    assert world.dump() == before


def test_a_dry_run_tells_and_does_nothing(world: World) -> None:
    course_id = world.add_course()
    add(world, "Ada", course_id)
    before = world.dump()
    report = world.import_roster(course_id, "name\nBen\n", "replace", dry_run=True)
    assert (told(report), len(report.taken_off)) == ([(2, "created")], 1)
    assert (report.applied, report.rows[0].person_id) == (False, None)
    assert world.dump() == before


def test_an_export_imported_again_writes_nothing(world: World) -> None:
    course_id = world.add_course()
    world.import_roster(course_id, 'name,sis_id\n\'=1+1,1\n"Lovelace, Ada",-2\nZoë,\n')
    before = world.dump()
    for mode in ("add", "replace"):
        with watched() as writes:
            report = world.import_roster(course_id, export(course_id), mode)
        assert {code for _, code in told(report)} == {"already_on_roster"}
        assert not writes.names
    assert world.dump() == before


def test_the_same_file_twice_makes_nobody_twice(world: World) -> None:
    course_id = world.add_course()
    first = world.import_roster(course_id, "name,sis_id\nAda,1\nBen,\n")
    again = world.import_roster(course_id, "name,sis_id\nAda,1\nBen,\n")
    assert [row.person_id for row in first.rows] == [row.person_id for row in again.rows]
    assert len([*people()]) == 2


def test_a_roster_longer_than_a_transaction(world: World) -> None:
    course_id = world.add_course()
    rows = "".join(f"Student {number},{number}\n" for number in range(70))
    world.import_roster(course_id, f"name,sis_id\n{rows}")
    assert len(world.roster(course_id)) == 70
    world.import_roster(course_id, "name\nthe only one\n", "replace")
    assert world.roster(course_id) == ["the only one"]
    assert {person.course_count for person in people()} == {0, 1}


def test_limits_are_looked_at_before_anything_is_written(world: World) -> None:
    course_id = world.add_course()
    busy = add(world, "Ada", world.add_course("Music"))
    before = world.dump()
    with mock.patch("chalicelib.domain.rosters.MOST_COURSES_OF_A_PERSON", 1):
        report = world.import_roster(course_id, f"name,person_id\nBen,\n,{busy}\n")
    assert told(report) == [(2, "created"), (3, "limit_reached")]
    with mock.patch("chalicelib.domain.rosters.MOST_PEOPLE_OF_A_ROSTER", 1), pytest.raises(LimitReached):
        world.import_roster(course_id, "name\nBen\nCem\n")
    assert world.dump() == before


def test_only_a_course_in_use_takes_a_roster(world: World) -> None:
    with pytest.raises(CourseNotFound):
        world.import_roster("crs_none", "name\nAda\n")
    course_id = world.add_course()
    with pytest.raises(InvalidRequest):
        world.import_roster(course_id, "name\n", "replace")
    course = wiring.courses().get(course_id)
    wiring.courses().save(type(course)(**vars(course) | {"archived_at": world.now}), course)
    with pytest.raises(CourseArchived):
        world.import_roster(course_id, "name\nAda\n")


@dataclass(frozen=True)
class Scene:
    """A course of its own in a shared deployment, where a world for each would take a minute.

    Ada is on the roster, Ben is known, Fay and Gus are on the roster and not in the file.
    """

    world: World
    tag: str
    course_id: str

    @property
    def file(self) -> str:
        rows = ("Ada,1", "Ben,2", "Cem,", "Dov,", "Eve,5")
        return "name,sis_id\n" + "".join(
            f"{name} {self.tag},{number and number + self.tag}\n"
            for name, number in (row.split(",") for row in rows)
        )

    def person(self, name: str) -> str:
        return self.world.people[f"{name} {self.tag}"]

    def run(self, mode: str = "add") -> None:
        assert self.world.import_roster(self.course_id, self.file, mode).applied

    def roster(self) -> list[str]:
        return [name.split()[0] for name in self.world.roster(self.course_id)]

    def everybody(self) -> list[Person]:
        mine = (person for person in people() if person.name.endswith(f" {self.tag}"))
        return sorted(mine, key=lambda person: person.name)

    def state(self) -> Any:
        """By names: ids differ if the first write never came to be."""
        everybody = self.everybody()
        ids = [pair for person in everybody for pair in person.external_ids.items()]
        return (
            self.roster(),
            [(person.name.split()[0], len(person.external_ids), person.course_count) for person in everybody],
            [len(wiring.courses().courses_of(person.person_id)) for person in everybody],
            len(wiring.people().owners(ids)),
            len([*RosterImportRecord.query(self.course_id, RosterImportRecord.sk.startswith("import#"))]),
        )

    def holds_together(self) -> bool:
        """Nobody is on the roster without a membership, and nobody was made twice."""
        roster = wiring.courses().whole_roster(self.course_id)
        named = roster.people | roster.archived
        names = [person.name for person in self.everybody()]
        return wiring.roster_imports().members(self.course_id, named) == named and len(set(names)) == len(
            names
        )


def scenes(world: World) -> Iterator[Scene]:
    for number in itertools.count():
        tag = f"x{number}"
        course_id = world.add_course(tag)
        for name, on_roster, ids in (
            ("Ada", True, {"sis": f"1{tag}"}),
            ("Ben", False, {"sis": f"2{tag}"}),
            ("Fay", True, {}),
            ("Gus", True, {}),
            ("Zoe", False, {}),
        ):
            add(world, f"{name} {tag}", course_id if on_roster else None, **ids)
        yield Scene(world, tag, course_id)


@pytest.fixture
def few_writes() -> Iterator[None]:
    """As many transactions for a few people as there are for a thousand."""
    with (
        mock.patch.object(roster_imports, "MOST_WRITES", 6),
        mock.patch.object(roster_imports, "PEOPLE_CHANGED", 1),
    ):
        yield


NEW = ["Ada", "Ben", "Cem", "Dov", "Eve"]


@pytest.mark.usefixtures("few_writes")
@pytest.mark.parametrize("when", ["after", pytest.param("before", marks=pytest.mark.slow)])
def test_cut_off_anywhere_the_roster_is_the_old_or_the_new_and_a_repetition_ends_the_same(
    world: World, when: str
) -> None:
    scene = scenes(world)
    whole = next(scene)
    old = whole.roster()
    with watched() as writes:
        whole.run("replace")
    expected = whole.state()
    assert expected[0] == NEW
    assert len(writes.names) >= 8
    lengths = set()
    for n in range(1, len(writes.names) + 1):
        cut = next(scene)
        with watched(**{when: crash_at(n)}), pytest.raises(Crash):
            cut.run("replace")
        assert cut.roster() in (old, NEW), f"half a roster {when} write {n}"
        lengths.add(len(cut.roster()))
        cut.run("replace")
        assert cut.state() == expected, f"cut off {when} write {n}"
        assert cut.holds_together()
    assert lengths == {3, 5}


OVERTAKING: dict[str, tuple[Callable[[Scene], Any], set[str]]] = {
    "the same import": (lambda scene: scene.run(), {*NEW, "Fay", "Gus"}),
    "another import": (
        lambda scene: scene.world.import_roster(scene.course_id, f"name\nHal {scene.tag}\n"),
        {*NEW, "Fay", "Gus", "Hal"},
    ),
    "somebody put on": (
        lambda scene: wiring.courses().put_on_roster(scene.course_id, scene.person("Zoe")),
        {*NEW, "Fay", "Gus", "Zoe"},
    ),
    "somebody taken off": (
        lambda scene: wiring.courses().take_off_roster(scene.course_id, scene.person("Fay")),
        {*NEW, "Gus"},
    ),
    "somebody archived": (
        lambda scene: wiring.people().archive(scene.person("Gus"), scene.world.now),
        {*NEW, "Fay"},
    ),
}


@pytest.mark.usefixtures("few_writes")
@pytest.mark.parametrize(
    "other",
    [
        pytest.param(
            other, marks=() if other in ("the same import", "somebody archived") else pytest.mark.slow
        )
        for other in OVERTAKING
    ],
)
def test_overtaken_anywhere_nobody_is_made_twice_or_lost(world: World, other: str) -> None:
    act, expected = OVERTAKING[other]
    for n, scene in enumerate(scenes(world), start=1):
        with watched(once_at(n, partial(act, scene))) as writes:
            scene.run()
        if len(writes.names) < n:
            break
        assert set(scene.roster()) == expected, f"overtaken at write {n}"
        assert scene.holds_together(), f"overtaken at write {n}"
    assert n > 5


@pytest.mark.usefixtures("few_writes")
def test_who_is_put_back_while_an_import_takes_them_off_keeps_the_membership(world: World) -> None:
    for n, scene in enumerate(scenes(world), start=1):
        put_back = partial(wiring.courses().put_on_roster, scene.course_id, scene.person("Fay"))
        with watched(once_at(n, put_back)) as writes:
            scene.run("replace")
        assert scene.holds_together(), f"put back at write {n}"
        if len(writes.names) < n:
            break
    assert n > 8


def once_at(n: int, act: Callable[[], Any]) -> Callable[[int], None]:
    """Do it before the n-th write, and not again at the n-th write of what it does."""
    done: list[int] = []

    def at(number: int) -> None:
        if number == n and not done:
            done.append(number)
            act()

    return at


def test_a_membership_that_an_abandoned_import_left_does_no_harm(world: World) -> None:
    course_id = world.add_course()
    person_id = add(world, "Ada")
    wiring.roster_imports().join(course_id, [person_id])
    assert wiring.courses().courses_of(person_id) == ()
    wiring.courses().put_on_roster(course_id, person_id)
    assert wiring.people().get(person_id).course_count == 1
    wiring.courses().take_off_roster(course_id, person_id)
    assert wiring.people().get(person_id).course_count == 0
    assert rosters.members(course_id, [person_id]) == frozenset()
