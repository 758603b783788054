import numpy as np
import pytest

from infra.demo.heads import render_head
from infra.demo.identities import SHOWN, calibration, shown, write_table
from infra.demo.identity import columns, draw_identity, identity_of, row_of
from infra.demo.view import CANVAS, EYES_Y, Expression, Light, View

SOMEBODY = draw_identity("Somebody", np.random.default_rng(1))


def test_the_demo_shows_twelve_students_and_two_strangers_and_calibrates_on_others():
    names = [identity.name for identity in (*shown(), *calibration())]
    assert len(shown()) == SHOWN == 14
    assert len(calibration()) >= 14
    assert len(set(names)) == len(names)


def test_a_head_is_drawn_the_same_every_time():
    view = View(yaw=10, expression=Expression(smile=0.5))
    np.testing.assert_array_equal(render_head(SOMEBODY, view, 200), render_head(SOMEBODY, view, 200))


def test_a_head_is_opaque_in_its_middle_and_its_corners_are_clear():
    head = render_head(SOMEBODY, View(), CANVAS)
    assert head.shape == (CANVAS, CANVAS, 4)
    assert head[int(CANVAS * EYES_Y), CANVAS // 2, 3] == 255
    assert head[0, 0, 3] == head[0, -1, 3] == 0


@pytest.mark.parametrize(
    "view",
    [
        View(yaw=15),
        View(pitch=10),
        View(roll=8),
        View(expression=Expression(blink=1)),
        View(light=Light(side=-0.8)),
    ],
    ids=["turned", "nodding", "tilted", "blinking", "lit from the left"],
)
def test_every_part_of_a_view_is_seen(view: View):
    usual = render_head(SOMEBODY, View(), 160).astype(int)
    assert np.abs(render_head(SOMEBODY, view, 160) - usual).mean() > 0.1


def test_light_from_a_side_falls_on_that_side():
    def brightness_left_and_right(side: float) -> tuple[float, float]:
        face = render_head(SOMEBODY, View(light=Light(side=side)), 200)[95:115, :, :3].astype(float)
        return face[:, 60:90].mean(), face[:, 110:140].mean()

    left, right = brightness_left_and_right(-0.9)
    left_again, right_again = brightness_left_and_right(0.9)
    assert left / right > left_again / right_again


def test_a_table_that_is_written_reads_back(tmp_path):
    path = tmp_path / "identities.json"
    write_table({"shown": [SOMEBODY]}, path)
    assert path.read_text().count("\n") == 5
    assert identity_of(row_of(SOMEBODY)) == SOMEBODY


def test_a_row_with_a_column_missing_is_refused():
    row = row_of(SOMEBODY)
    del row[columns()[-1]]
    with pytest.raises(TypeError):
        identity_of(row)
