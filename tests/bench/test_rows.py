"""The arithmetic of the bench and the form of its result. No time is judged here."""

from tests.bench import stages
from tests.bench.__main__ import match_shares
from tests.bench.protocol import Steps, passes_of
from tests.bench.rows import Row, medians, rows_of, table


def passes(found: int, **ms_by_stage: list[float]) -> list[dict[str, dict[str, float]]]:
    """One pass for each of the times given."""
    count = len(next(iter(ms_by_stage.values())))
    return [
        {stage.replace("_", " "): {"ms": times[each], "found": found} for stage, times in ms_by_stage.items()}
        for each in range(count)
    ]


OURS = passes(2, detect=[3.0, 1.0, 2.0], match=[0.5, 0.5, 0.5], whole_frame=[10.0, 10.0, 10.0])
PEER = passes(1, detect=[8.0, 8.0, 80.0], whole_frame=[60.0, 50.0, 40.0])


def test_a_stage_counts_with_its_median_pass() -> None:
    assert medians(OURS)["detect"].ms == 2.0


def test_the_ratio_says_how_many_times_longer_the_peer_takes() -> None:
    ratio_by_stage = {row.stage: row.ratio for row in rows_of("frame", OURS, {"peer": PEER}) if row.peer}
    assert ratio_by_stage == {"detect": 4.0, "whole frame": 5.0, "per face found": 10.0}


def test_a_face_costs_a_frame_s_time_by_the_faces_that_its_finder_found() -> None:
    assert medians(OURS)[stages.PER_FACE].ms == 5.0
    assert medians(PEER)[stages.PER_FACE].ms == 50.0


def test_a_frame_without_a_face_has_no_time_per_face() -> None:
    assert stages.PER_FACE not in medians(passes(0, whole_frame=[10.0]))


def test_a_stage_that_no_peer_has_is_ours_alone() -> None:
    (row,) = (row for row in rows_of("frame", OURS, {"peer": PEER}) if row.stage == "match")
    assert (row.ours_ms, row.peer, row.peer_ms, row.ratio) == (0.5, None, None, None)


def test_rows_have_the_promised_fields() -> None:
    row = Row("frame", "detect", ours_ms=2.0, found_ours=2, peer="peer", peer_ms=8.0, found_peer=1)
    assert row.as_json() == {
        "case": "frame",
        "stage": "detect",
        "ours_ms": 2.0,
        "peer": "peer",
        "peer_ms": 8.0,
        "ratio": 4.0,
        "found_ours": 2,
        "found_peer": 1,
    }


def test_the_table_shows_both_sides_and_leaves_a_missing_peer_empty() -> None:
    lines = table(rows_of("frame", OURS, {"peer": PEER})).splitlines()
    assert lines[2] == "| frame | detect | 2.00 ms | peer | 8.00 ms | 4.00 | 2 / 1 |"
    assert lines[3] == "| frame | match | 0.50 ms | | | | 2 |"
    assert {line.count("|") for line in lines} == {8}


def test_matching_s_share_is_of_the_whole_frame() -> None:
    assert match_shares(rows_of("frame", OURS, {})) == {"frame": 0.05}


def test_a_visit_is_one_pass_at_least_and_its_stages_are_told_in_their_order() -> None:
    def steps() -> Steps:
        yield "decode", 0
        yield "detect", 3

    (only,) = passes_of(steps, seconds=0)
    assert list(only) == ["decode", "detect"]
    assert only["detect"]["found"] == 3
    assert len(passes_of(steps, seconds=0.01)) > 1
