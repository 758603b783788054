"""A consent says which text was read, by its hash, and permits what that text names and the signer chose."""

import pytest

from chalicelib import wiring
from chalicelib.adapters.dynamo.records import ConsentRecord
from chalicelib.domain.consent_texts import DEFAULT_TEXT, ConsentText
from chalicelib.domain.errors import ConsentTextExists, ConsentTextNotFound, UsesNotNamed
from chalicelib.domain.people import Method, Relation, Signer, Use
from chalicelib.services.add_consent_text import add_consent_text
from chalicelib.services.give_consent import give_consent
from tests.support.world import World


def add_text(world: World, version: str = "2027-1", body: str = "We compare faces.") -> ConsentText:
    return add_consent_text(
        version,
        language="en",
        title="Faces",
        body=body,
        uses=(Use.MATCHING,),
        texts=wiring.consent_texts(),
        clock=world.clock,
    )


def give(world: World, person_id: str, version: str, *uses: Use) -> None:
    give_consent(
        person_id,
        text_version=version,
        signer=Signer("Maud", Relation.GUARDIAN),
        method=Method.PAPER,
        uses=uses,
        texts=wiring.consent_texts(),
        people=wiring.people(),
        media=wiring.media(),
        clock=world.clock,
    )


def test_the_text_that_ships_with_the_code_names_every_use(world: World) -> None:
    assert wiring.consent_texts().get(DEFAULT_TEXT.version) == DEFAULT_TEXT
    assert set(DEFAULT_TEXT.uses) == set(Use)
    for words in ("compared", "Evaluation", "normalisation", "code shown in class", "two weeks"):
        assert words in DEFAULT_TEXT.body
    add_text(world)
    assert [text.version for text in wiring.consent_texts().list()] == ["2027-1", DEFAULT_TEXT.version]


def test_a_consent_names_text_hash_signer_method_and_uses(world: World) -> None:
    person_id = world.add_person("Ada", consent=False)
    text = add_text(world)
    give(world, person_id, "2027-1", Use.MATCHING)
    consent = wiring.people().consent(person_id)
    assert consent is not None
    assert (consent.text_version, consent.text_sha256) == ("2027-1", text.sha256)
    assert (consent.signer, consent.method) == (Signer("Maud", Relation.GUARDIAN), Method.PAPER)
    assert (consent.uses, consent.given_at) == ((Use.MATCHING,), world.now)


def test_only_what_the_text_names_can_be_permitted(world: World) -> None:
    person_id = world.add_person("Ada", consent=False)
    add_text(world)
    with pytest.raises(UsesNotNamed, match="normalisation"):
        give(world, person_id, "2027-1", Use.MATCHING, Use.NORMALISATION)
    with pytest.raises(ConsentTextNotFound):
        give(world, person_id, "2027-2", Use.MATCHING)
    assert wiring.people().consent(person_id) is None


@pytest.mark.parametrize("version", ["2027-1", DEFAULT_TEXT.version])
def test_a_text_is_written_once(world: World, version: str) -> None:
    first = add_text(world)
    with pytest.raises(ConsentTextExists):
        add_text(world, version, body="Something else.")
    assert wiring.consent_texts().get("2027-1") == first


def test_every_letter_of_a_text_is_in_its_hash(world: World) -> None:
    hashes = {add_text(world, f"v{n}", body).sha256 for n, body in enumerate(("a", "a ", "b"))}
    assert len(hashes) == 3


def test_a_consent_signed_before_texts_had_hashes_is_read(world: World) -> None:
    person_id = world.add_person("Ada")
    record = ConsentRecord.get(person_id, "consent")
    record.text_sha256 = record.relation = record.method = None
    record.save()
    consent = wiring.people().consent(person_id)
    assert consent is not None
    assert (consent.active, consent.text_sha256) == (True, "")
    assert (consent.signer, consent.method) == (Signer("a guardian", Relation.UNSAID), Method.UNSAID)
