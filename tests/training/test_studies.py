"""The studies beside an evaluation: other scores, several looks, repeated splits, a site's own thresholds."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from chalicelib.vision.pack import Pack
from chalicelib.vision.thresholds import thresholds_of
from tests.training.made_up import axis, crowd, like, person, seen, thresholds, together
from training import calibrate_site, repeat_splits
from training.calibrate_site import LEAST_PEOPLE, require_enough, site_thresholds
from training.groups import groups_in, verification_by_group
from training.photos import WrongSets
from training.scorers import Roster, Rows, as_norm, best_photo, plain, scorers
from training.sessions import _fnir, _one_and_two


def rows(*vectors: np.ndarray) -> Rows:
    return np.array(vectors, np.float32)


ROSTER = Roster(
    photos=[rows(axis(0), axis(1)), rows(axis(2))],
    references=rows((axis(0) + axis(1)) / np.sqrt(2), axis(2)),
    cohort=rows(
        *(
            seen((0.6 - n / 200) * axis(0) + n % 7 / 50 * axis(2) + 0.8 * axis(10 + n)).embedding
            for n in range(60)
        )
    ),
)


def test_the_average_and_the_best_photo_are_scored_differently() -> None:
    face = rows(axis(0))
    assert plain(ROSTER, face)[0] == pytest.approx([np.sqrt(0.5), 0], abs=1e-6)
    assert best_photo(ROSTER, face)[0] == pytest.approx([1, 0], abs=1e-6)


def test_every_way_of_scoring_puts_a_person_s_own_face_first() -> None:
    crowded = crowd("student", 20, 3, seed=1, noise=0.5)
    photos = [
        np.stack([found.enrolling for photo in each.photos[:2] if (found := crowded.features[photo])])
        for each in crowded.people
    ]
    means = np.stack([each.mean(axis=0) for each in photos])
    cohort = crowd("other", 220, 1, seed=2)
    others = np.stack([found.enrolling for found in cohort.features.values() if found is not None])
    roster = Roster(photos, means / np.linalg.norm(means, axis=1, keepdims=True), others)
    faces = np.stack(
        [found.embedding for each in crowded.people if (found := crowded.features[each.photos[2]])]
    )
    for name, scorer in scorers().items():
        assert scorer(roster, faces).argmax(axis=1).tolist() == list(range(20)), name


def test_a_face_that_resembles_the_whole_cohort_is_normalised_down() -> None:
    faces = rows(like(2, 0.7, 60).embedding, 0.7 * axis(2) + np.sqrt(0.51) * axis(0))
    ordinary, resembling = as_norm(ROSTER, faces)[:, 1]
    assert plain(ROSTER, faces)[:, 1] == pytest.approx([0.7, 0.7], abs=1e-3)
    assert resembling < ordinary


def test_of_several_looks_the_best_and_the_mean_of_the_best_two_count() -> None:
    assert _one_and_two(np.array([0.5, 0.9, 0.7])) == pytest.approx((0.9, 0.8))
    assert _one_and_two(np.array([0.5])) == (0.5, -np.inf)
    assert _one_and_two(np.array([])) == (-np.inf, -np.inf)


def test_what_is_spent_on_pairs_of_looks_is_taken_from_single_ones() -> None:
    """A thousand strangers: who is best in single looks is worst in pairs. Ten of them may be accepted."""
    strangers = np.stack([np.linspace(0, 0.99, 1000), np.linspace(0.99, 0, 1000)], axis=1)
    weak_twice = np.array([[0.5, 0.9855]] * 10)
    strong_once = np.array([[0.983, -np.inf]] * 10)
    assert _fnir(weak_twice, strangers, 1.0) == 1
    assert _fnir(weak_twice, strangers, 0.5) == 0
    assert _fnir(strong_once, strangers, 1.0) == 0
    assert _fnir(strong_once, strangers, 0.3) == 1


def test_a_split_is_calibrated_on_one_half_and_measured_on_the_other(pack: Pack) -> None:
    everybody = together(
        crowd("student", 300, 4, seed=3), crowd("other", 500, 2, seed=4), crowd("stranger", 900, 1, seed=5)
    )
    found = repeat_splits.measure_split(everybody.people, everybody.features, pack, seed=0)
    assert [row["enrol"] for row in found] == [1, 2, 3]
    for row in found:
        assert row["normalised"]
        assert 0 <= row["fpir"] <= row["fpir_upper"] < 0.05
        assert row["gallery"] == 120
    (first, *_) = repeat_splits.summary([*found, *[{**row, "fpir": row["fpir"] + 0.01} for row in found]])
    assert first["fpir_mean"] == pytest.approx(found[0]["fpir"] + 0.005)
    assert first["fpir_largest"] == pytest.approx(found[0]["fpir"] + 0.01)


def test_a_site_of_too_few_people_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    require_enough(crowd("pupil", LEAST_PEOPLE, 2, seed=6).people, tmp_path)
    with pytest.raises(WrongSets, match="99 people"):
        require_enough(crowd("pupil", LEAST_PEOPLE - 1, 2, seed=6).people, tmp_path)
    for number in range(3):
        folder = tmp_path / f"pupil-{number}"
        folder.mkdir()
        for photo in range(2):
            (folder / f"{photo}.jpg").write_bytes(b"")
    packs = Path("build/packs")
    given = ["--people", str(tmp_path), "--packs", str(packs), "--into", str(tmp_path / "pack")]
    assert calibrate_site.main(given) == 2
    assert "3 people" in capsys.readouterr().err
    assert not (tmp_path / "pack").exists()


@pytest.mark.parametrize(("people", "normalises"), [(120, False), (320, True)])
def test_a_site_s_own_people_set_its_thresholds(pack: Pack, people: int, normalises: bool) -> None:
    pupils = crowd("pupil", people, 3, seed=7)
    chosen = site_thresholds(pupils.people, pupils.features, pack)
    assert (chosen.normalised is not None) is normalises
    assert thresholds_of(chosen.as_json()) == chosen
    assert set(chosen.plain.accept) == {1, 2, 3}, (
        "three photos: two enrol, the third is higher by the pack's step"
    )
    assert chosen.plain.accept[3].at(30) >= chosen.plain.accept[2].at(30)
    assert chosen.duplicate is not None
    for counts in ((1, 1), (1, 3), (3, 3)):
        assert chosen.duplicate_threshold(counts, 500) >= pack.thresholds.duplicate_threshold(counts, 500)


def test_errors_are_told_by_group(pack: Pack) -> None:
    """Of two groups one resembles each other so much that they pass as one another."""
    apart = together(
        *(person(f"apart-{n}", *[like(n, 0.95, 40 + n)] * 4) for n in range(3)),
        *(person(f"alike-{n}", *[like(20, 0.95, 60 + n)] * 4) for n in range(3)),
    )
    judged = replace(pack, thresholds=thresholds(0.8, 0.0))
    group = {each.name: each.name.split("-")[0] for each in apart.people}
    alike, different = verification_by_group(apart.people, apart.features, judged, group)
    assert (alike["group"], alike["fmr"], alike["people"], alike["supported"]) == ("alike", 1.0, 3, False)
    assert (different["group"], different["fmr"], different["fnmr"]) == ("apart", 0.0, 0.0)


def test_a_group_s_name_may_be_spelled_as_another_machine_does(tmp_path: Path) -> None:
    (tmp_path / "groups.csv").write_text("name,group\nZoe\u0308,a\n", encoding="utf-8")
    assert groups_in(tmp_path / "groups.csv") == {"Zo\u00eb": "a"}


def test_a_group_of_whom_nobody_is_seen_has_its_misses_and_no_matches(pack: Pack) -> None:
    seen_ones = together(*(person(f"seen-{n}", *[like(n, 0.95, 40 + n)] * 4) for n in range(2)))
    late = person("late-0", *[like(5, 0.95, 45)] * 3, None)
    never = person("never-0", *[None] * 4)
    everybody = together(seen_ones, late, never)
    group = {each.name: each.name.split("-")[0] for each in everybody.people}
    rows = {
        row["group"]: (row["people"], row["fmr"], row["fnmr"])
        for row in verification_by_group(everybody.people, everybody.features, pack, group)
    }
    assert rows == {"late": (1, None, 1.0), "never": (1, None, 1.0), "seen": (2, 0.0, 0.0)}
