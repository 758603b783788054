"""Codes shown in class."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from chalicelib.domain.codes import LASTS, new_code

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
END = NOW + timedelta(hours=1)


def test_a_code_opens_for_its_digits_until_it_expires() -> None:
    code, digits = new_code("ses_1", "per_teacher", NOW, END)
    wrong = f"{(int(digits) + 1) % 10**6:06}"
    assert code.is_opened_by(digits, NOW + LASTS - timedelta(seconds=1))
    assert not code.is_opened_by(wrong, NOW)
    assert not code.is_opened_by(digits, NOW + LASTS)


def test_a_code_does_not_outlive_its_session() -> None:
    code, digits = new_code("ses_1", "per_teacher", NOW, NOW + timedelta(minutes=1))
    assert not code.is_opened_by(digits, NOW + timedelta(minutes=1))


def test_what_is_stored_does_not_tell_the_digits_and_is_another_each_time() -> None:
    (code, digits), (other, _) = (new_code("ses_1", "per_teacher", NOW, END) for _ in range(2))
    assert len(digits) == 6
    assert digits.isdecimal()
    assert digits not in str(asdict(code))
    assert code.salt != other.salt
