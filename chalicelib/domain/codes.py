"""Codes shown in class: the way into the register without a face. Stored hashed, good for a few minutes."""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import pbkdf2_hmac

DIGITS = 6
LASTS = timedelta(minutes=3)
ROUNDS = 20_000  # all codes would take hours to try, and one is good for minutes


@dataclass(frozen=True)
class Code:
    """What is kept of the code of a session: enough to know it again, not enough to tell it."""

    session_id: str
    salt: str
    digest: str
    issued_by: str
    issued_at: datetime
    expires_at: datetime

    def is_opened_by(self, typed: str, now: datetime) -> bool:
        return now < self.expires_at and hmac.compare_digest(self.digest, _digest(typed, self.salt))


def new_code(session_id: str, by: str, now: datetime, closes_at: datetime) -> tuple[Code, str]:
    """A code for one session, and its digits, which are shown once and never stored."""
    digits, salt = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}", secrets.token_hex(16)
    code = Code(session_id, salt, _digest(digits, salt), by, now, min(now + LASTS, closes_at))
    return code, digits


def _digest(digits: str, salt: str) -> str:
    return pbkdf2_hmac("sha256", digits.encode(), salt.encode(), ROUNDS).hex()
