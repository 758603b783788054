"""The pack, and a folder of drawn people for what has to start from pictures."""

from pathlib import Path

import numpy as np
import pytest

from chalicelib.vision.pack import Pack, load_pack
from infra.demo.identity import draw_identity
from infra.demo.scenes import registration_photos


@pytest.fixture(scope="session")
def pack(pack_dir: Path) -> Pack:
    return load_pack(pack_dir)


@pytest.fixture(scope="session")
def drawn_faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """people: three with four photos; strangers: two, and one picture without a face; cohort: one with two photos."""
    folder = tmp_path_factory.mktemp("faces")
    sets = {"people": (3, 4), "strangers": (2, 1), "cohort": (1, 2)}
    number = 0
    for label, (people, photos) in sets.items():
        for _ in range(people):
            number += 1
            person = draw_identity(f"person {number}", np.random.default_rng(number))
            home = folder / label / f"drawn-{number}"
            home.mkdir(parents=True)
            for place, jpeg in enumerate(registration_photos(person, seed=1, count=photos)):
                (home / f"{place}.jpg").write_bytes(jpeg)
    nobody = folder / "strangers" / "nobody"
    nobody.mkdir()
    (nobody / "0.jpg").write_bytes(b"this is no picture")
    return folder
