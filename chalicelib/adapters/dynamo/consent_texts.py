"""Consent texts in DynamoDB, written once, and the one that ships with the code."""

from chalicelib.adapters.dynamo.records import CONSENT_TEXTS, ConsentTextRecord
from chalicelib.adapters.dynamo.transactions import conditional
from chalicelib.domain.consent_texts import DEFAULT_TEXT, ConsentText
from chalicelib.domain.errors import ConsentTextExists, ConsentTextNotFound
from chalicelib.domain.people import Use

TEXT = "text#"


class DynamoConsentTexts:
    def add(self, text: ConsentText) -> None:
        exists = ConsentTextExists(f"There is a consent text {text.version} already.")
        if text.version == DEFAULT_TEXT.version:
            raise exists
        record = ConsentTextRecord(
            sk=TEXT + text.version,
            language=text.language,
            title=text.title,
            body=text.body,
            uses={use.value for use in text.uses},
            created_at=text.created_at,
        )
        conditional(lambda: record.save(condition=ConsentTextRecord.person_id.does_not_exist()), exists)

    def get(self, version: str) -> ConsentText:
        if version == DEFAULT_TEXT.version:
            return DEFAULT_TEXT
        try:
            return _text(ConsentTextRecord.get(CONSENT_TEXTS, TEXT + version, consistent_read=True))
        except ConsentTextRecord.DoesNotExist as error:
            raise ConsentTextNotFound(f"There is no consent text {version}.") from error

    def list(self) -> tuple[ConsentText, ...]:
        stored = ConsentTextRecord.query(
            CONSENT_TEXTS, ConsentTextRecord.sk.startswith(TEXT), consistent_read=True
        )
        texts = [DEFAULT_TEXT, *(_text(record) for record in stored)]
        return tuple(sorted(texts, key=lambda text: (text.created_at, text.version)))


def _text(record: ConsentTextRecord) -> ConsentText:
    return ConsentText(
        version=record.sk.removeprefix(TEXT),
        language=record.language,
        title=record.title,
        body=record.body,
        uses=tuple(sorted(Use(use) for use in record.uses)),
        created_at=record.created_at,
    )
