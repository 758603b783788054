"""Who learns and who tests, for ever; what a dataset must be; and that no registration is on both sides."""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chalicelib.domain.templates import Occasion, Template
from chalicelib.vision.pack import Pack
from tests.training.made_up_school import DIMENSION, line_of, school, write_dataset
from training.learning import parts_of
from training.school import enrolment_count_of, school_of
from training.segregate import (
    LEARN,
    TEST,
    DatasetRefused,
    Member,
    manifest_of,
    read_dataset,
    side_of,
    validates,
)

Line = dict[str, Any]


@pytest.fixture
def folder(pack: Pack, tmp_path: Path) -> Path:
    return write_dataset(school(pack.model_id, 4, 3, views=2), tmp_path / "templates", pack.model_id)


def rewrite(folder: Path, change: Callable[[list[Line]], object]) -> None:
    path = folder / "people.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    change(lines)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def encoded(*values: float) -> str:
    row = np.zeros(DIMENSION, "<f4")
    row[: len(values)] = values
    return base64.b64encode(row.tobytes()).decode()


def with_view(view: object) -> Callable[[list[Line]], object]:
    return lambda lines: lines[0]["occasions"][0]["views"].__setitem__(0, view)


def test_a_dataset_is_read_as_it_was_written(pack: Pack, folder: Path) -> None:
    dataset = read_dataset(folder, pack)
    assert dataset.members == school(pack.model_id, 4, 3, views=2)
    assert (dataset.pack_id, dataset.champion_id) == (pack.model_id, pack.model_id)


def test_a_side_is_for_ever() -> None:
    """A person who changed sides would test a model that had learned from them: these never change."""
    ids = [f"per_{number:05}" for number in range(2000)]
    assert [side_of(each) for each in ids[:8]] == EIGHT_SIDES
    assert [validates(each) for each in ids[:8]] == EIGHT_VALIDATE
    learners = [each for each in ids if side_of(each) == LEARN]
    assert 900 < len(learners) < 1100
    assert 0.4 < np.mean([validates(each) for each in learners]) < 0.6


EIGHT_SIDES = [LEARN, LEARN, LEARN, TEST, LEARN, LEARN, TEST, TEST]
EIGHT_VALIDATE = [True, False, False, True, True, True, True, True]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda lines: lines.reverse(), "not sorted"),
        (lambda lines: lines.insert(0, lines[0]), "twice"),
        (lambda lines: lines[0].update(name="Ada"), "alone"),
        (lambda lines: lines[0].pop("normalise"), "alone"),
        (lambda lines: lines[0].update(normalise=1), "alone"),
        (lambda lines: lines[0].update(occasions=[]), "no occasions"),
        (lambda lines: lines[0].update(person_id="Ada Lovelace"), "person_id is no id"),
        (lambda lines: lines[0]["occasions"][0].update(views=[]), "without a view"),
        (lambda lines: lines[0]["occasions"][0].update(picture=""), "alone"),
        (lambda lines: lines[0]["occasions"][0].update(registration_id=""), "registration_id is no id"),
        (lambda lines: lines[0]["occasions"].__setitem__(0, "x"), "alone"),
        (with_view("!"), "no base64"),
        (with_view(7), "no base64"),
        (with_view(base64.b64encode(bytes(4)).decode()), "not 128 float32"),
        (with_view(encoded(2.0)), "unit norm"),
        (with_view(encoded(float("nan"))), "unit norm"),
        (with_view(encoded(float("inf"))), "unit norm"),
    ],
)
def test_what_is_malformed_is_refused(
    pack: Pack, folder: Path, change: Callable[[list[Line]], object], reason: str
) -> None:
    rewrite(folder, change)
    with pytest.raises(DatasetRefused, match=reason):
        read_dataset(folder, pack)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"format": 2}, "format 2"),
        ({"pack_id": "other-0123456789ab"}, "of the pack 'other-0123456789ab'"),
        ({"champion_id": None}, "champion_id is no id"),
    ],
)
def test_another_format_or_pack_is_refused(
    pack: Pack, folder: Path, said: dict[str, object], reason: str
) -> None:
    path = folder / "dataset.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | said))
    with pytest.raises(DatasetRefused, match=reason):
        read_dataset(folder, pack)


@pytest.mark.parametrize("name", ["dataset.json", "people.jsonl"])
@pytest.mark.parametrize("content", [None, b"\xff", b"[1]\n", b"{"])
def test_a_file_that_is_missing_or_none_is_refused(
    pack: Pack, folder: Path, name: str, content: bytes | None
) -> None:
    (folder / name).unlink() if content is None else (folder / name).write_bytes(content)
    with pytest.raises(DatasetRefused, match=name):
        read_dataset(folder, pack)


def test_a_refusal_says_nothing_of_anybody_s_views(pack: Pack, folder: Path) -> None:
    view = encoded(0.123456, 0.654321)
    rewrite(folder, with_view(view))
    with pytest.raises(DatasetRefused) as refused:
        read_dataset(folder, pack)
    assert view not in str(refused.value)
    assert "0.12" not in str(refused.value)


def test_the_manifest_names_ids_and_hashes_alone(pack: Pack) -> None:
    members = school(pack.model_id, 2, 1, views=3)
    manifest = manifest_of(pack.model_id, members)
    assert [person["person_id"] for person in manifest["people"]] == [each.person_id for each in members]
    assert [person["side"] for person in manifest["people"]] == [each.side for each in members]
    first = members[0].template.occasions[0]
    assert manifest["people"][0]["registrations"][0] == {
        "registration_id": first.registration_id,
        "views": [3],
        "sha256": hashlib.sha256(b"".join(first.embeddings)).hexdigest(),
    }


def test_the_manifest_changes_with_whatever_changes_a_model(pack: Pack) -> None:
    members = school(pack.model_id, 2, 1, views=3)
    first = members[0]
    occasions = first.template.occasions
    torn = (Occasion(occasions[0].registration_id, occasions[0].embeddings[:1]),)
    torn += (Occasion(occasions[0].registration_id, occasions[0].embeddings[1:]),)
    changed = [
        members[1:],
        (replace(first, normalise=False), *members[1:]),
        (replace(first, template=replace(first.template, occasions=occasions[1:])), *members[1:]),
        (replace(first, template=replace(first.template, occasions=(*torn, *occasions[1:]))), *members[1:]),
    ]
    manifests = [json.dumps(manifest_of(pack.model_id, each)) for each in (members, *changed)]
    assert len(set(manifests)) == len(manifests)


def member(*registrations: int) -> Member:
    """With so many occasions in each registration; the views of all differ."""
    views = iter(np.eye(DIMENSION, dtype="<f4"))
    occasions = tuple(
        Occasion(f"reg_{number}", (next(views).tobytes(),))
        for number, count in enumerate(registrations)
        for _ in range(count)
    )
    return Member(Template("per_1", "pack", occasions), normalise=True)


@pytest.mark.parametrize(
    ("registrations", "enrolled", "looked_for"),
    [
        ((1,), 1, 0),
        ((3,), 3, 0),
        ((1, 1), 1, 1),
        ((3, 1), 3, 1),
        ((1, 3), 1, 3),
        ((1, 1, 1, 1, 1), 3, 2),
        ((2, 2, 1), 3, 1),
        ((5, 1), 3, 1),
    ],
)
def test_no_registration_enrols_and_is_looked_for(
    registrations: tuple[int, ...], enrolled: int, looked_for: int
) -> None:
    given = member(*registrations)
    found = school_of([given])
    (person,) = found.strangers
    assert enrolment_count_of(person, found.features) == enrolled
    assert len(person.photos) - 3 == looked_for
    assert found.people == ((person,) if looked_for else ())
    registration_of = {o.embeddings[0]: o.registration_id for o in given.template.occasions}
    shown = [found.features[photo] for photo in person.photos]
    sides = [
        {registration_of[np.asarray(seen.embedding, "<f4").tobytes()] for seen in part if seen}
        for part in (shown[:3], shown[3:])
    ]
    assert not sides[0] & sides[1]


def test_a_cohort_is_of_people_who_permit_it_and_taken_only_where_enough_are_left(pack: Pack) -> None:
    members = [
        replace(each, normalise=number % 4 > 0)
        for number, each in enumerate(school(pack.model_id, 200, 300, registrations=2))
    ]
    parts = parts_of(members, pack)
    cohort = {each.person_id for each in parts.cohort}
    assert len(cohort) == 200
    assert all(each.normalise for each in parts.cohort)
    assert parts.learnt_with == parts.cohort
    assert not cohort & {each.person_id for each in parts.shown}
    assert len(parts.shown) == 300
    few = parts_of(members[:250], pack)
    assert not few.cohort
    scarce = parts_of(members, pack, least_people=180)
    assert len(scarce.cohort) == 200
    assert not scarce.learnt_with
    assert len(scarce.shown) == 500


def test_people_are_read_one_a_line(pack: Pack, folder: Path) -> None:
    first = read_dataset(folder, pack).members[0]
    assert json.loads((folder / "people.jsonl").read_text().splitlines()[0]) == line_of(first)
