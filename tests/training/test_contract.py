"""What the service writes the job reads, and what the job leaves the service takes."""

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from chalicelib.domain.artefacts import as_shipped, learned_id, unpack
from chalicelib.domain.biometrics import ON
from chalicelib.domain.people import Consent, Method, Relation, Signer, Use
from chalicelib.domain.retraining import Gathering, RetrainingJob
from chalicelib.domain.templates import Template
from chalicelib.services.retrainer import Retrainer
from chalicelib.services.write_dataset import write_dataset
from chalicelib.vision.learned import Learned, load_learned
from chalicelib.vision.pack import Pack
from tests.support.artefacts import packed
from tests.support.world import START
from tests.training.made_up_school import school
from training import retrain
from training.segregate import Member, read_dataset


class Deployment:
    """A bucket in a folder, the templates of a school, and consents to everything but for who is left out."""

    def __init__(self, folder: Path, members: Sequence[Member], withdrawn: str) -> None:
        self._folder, self._members, self._withdrawn = folder, members, withdrawn

    def put(self, key: str, data: bytes, _content_type: str) -> None:
        path = self._folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def delete(self, _prefix: str) -> int:
        return 0

    def in_shards(self, _pack_id: str) -> Iterator[tuple[Template, ...]]:
        templates = [member.template for member in self._members]
        yield tuple(templates[::2])
        yield tuple(templates[1::2])

    def consents_of(self, person_ids: Sequence[str]) -> dict[str, Consent]:
        signer = Signer("a guardian", Relation.GUARDIAN)
        consents = [
            Consent(person_id, "1", "", signer, Method.PAPER, tuple(Use), START)
            for person_id in person_ids
            if person_id != self._withdrawn
        ]
        return {consent.person_id: consent for consent in consents}

    def biometrics(self) -> Any:
        return ON


def test_the_dataset_of_the_service_teaches_the_job_and_its_artefact_is_taken(
    pack: Pack, tmp_path: Path
) -> None:
    members = school(pack.model_id, 12, 2)
    deployment: Any = Deployment(tmp_path, members, members[0].person_id)
    gathering = Gathering(1, timedelta(0), timedelta(0))
    retrainer = Retrainer(*[deployment] * 6, clock=lambda: START, prefix="rollcall", gathering=gathering)
    job = RetrainingJob("rollcall-retrain-1", pack.model_id, 1, (), START, START)
    assert write_dataset(job, retrainer=retrainer) == 13
    folder = tmp_path / job.dataset
    dataset = read_dataset(folder / "templates", pack)
    assert dataset.champion_id == pack.model_id
    model = json.loads((folder / "champion" / "model.json").read_bytes())
    assert model == as_shipped(pack.model_id)
    files = retrain.retrain(dataset, Learned.of(pack), pack, lambda _line: None)
    artefact = unpack(packed(files), pack_id=pack.model_id)
    assert (
        artefact.model_id == learned_id(json.loads(files["model.json"])) == load_learned(files, pack).model_id
    )
    assert artefact.report.champion_id == job.champion_id
    assert members[0].person_id.encode() not in files["manifest.json"]
