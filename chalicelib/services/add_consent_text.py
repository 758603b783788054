"""Add a version of the consent text. It is never changed afterwards: consents name it by version and hash."""

from chalicelib.domain.clock import Clock
from chalicelib.domain.consent_texts import ConsentText
from chalicelib.domain.people import Use
from chalicelib.services.ports import ConsentTexts


def add_consent_text(
    version: str,
    *,
    language: str,
    title: str,
    body: str,
    uses: tuple[Use, ...],
    texts: ConsentTexts,
    clock: Clock,
) -> ConsentText:
    """Raises ConsentTextExists."""
    text = ConsentText(version, language, title, body, tuple(sorted(set(uses))), clock())
    texts.add(text)
    return text
