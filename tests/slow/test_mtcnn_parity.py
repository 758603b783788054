"""The converted detector against the mtcnn package on TensorFlow, which lives in an environment of its own."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from chalicelib.vision.decode import decode_picture
from chalicelib.vision.detector import open_detector
from chalicelib.vision.faces import Face
from chalicelib.vision.pack import Pack, load_pack, open_session
from layers.packs import pypi
from layers.packs.build import build

pytestmark = pytest.mark.slow

BUILD = Path(__file__).resolve().parents[2] / "build"
REFERENCE = Path(__file__).with_name("mtcnn_reference.py")
REQUIREMENTS = ["mtcnn==1.0.0", "tensorflow-cpu==2.21.0", "opencv-python-headless==5.0.0.93"]
Arrays = dict[str, NDArray[np.float32]]


@pytest.fixture(scope="module")
def python() -> Path:
    """The interpreter of an environment with mtcnn and TensorFlow, made once: some 600 MB."""
    home = BUILD / "mtcnn-venv"
    interpreter, ready = home / "bin" / "python", home / ".installed"
    if not ready.exists():
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        subprocess.run([interpreter, "-m", "pip", "install", "--quiet", *REQUIREMENTS], check=True)
        ready.touch()
    return interpreter


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(build(pypi.RECIPE, BUILD / "packs" / "pypi", BUILD / "sources"))


def ask(python: Path, folder: Path, **questions: NDArray[np.generic]) -> Arrays:
    np.savez(folder / "questions.npz", allow_pickle=False, **questions)
    command = [python, REFERENCE, folder / "questions.npz", folder / "answers.npz"]
    subprocess.run(
        command, check=True, env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    )
    with np.load(folder / "answers.npz") as answers:
        return dict(answers)


def noise(*shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(sum(shape)).integers(0, 256, shape).astype(np.float32)


def nets_questions() -> Arrays:
    return {"pnet": noise(1, 61, 90, 3), "rnet": noise(40, 24, 24, 3), "onet": noise(40, 48, 48, 3)}


def test_the_nets_give_what_tensorflow_gives(python: Path, pack: Pack, tmp_path: Path) -> None:
    questions = nets_questions()
    answers = ask(python, tmp_path, **questions)
    files = {"pnet": pack.detector.proposal, "rnet": pack.detector.refinement, "onet": pack.detector.output}
    outputs = {"pnet": ["regression", "face"], "rnet": ["regression", "face"]}
    for net, file in files.items():
        names = outputs.get(net, ["regression", "landmarks", "face"])
        found = open_session(pack, file).run(names, {"input": questions[net].transpose(0, 3, 1, 2).copy()})
        for place, name in enumerate(names):
            expected = answers[f"{net}_{place}"]
            ours = found[place] if found[place].ndim < 4 else found[place].transpose(0, 2, 3, 1)
            theirs = expected[..., 1] if name == "face" else expected
            assert np.abs(ours - theirs).max() <= 1e-5, (net, name)


def test_the_cascade_finds_the_faces_that_the_package_finds(python: Path, pack: Pack, tmp_path: Path) -> None:
    photos = photographs()
    answers = ask(
        python, tmp_path, **nets_questions(), **{f"picture_{i}": photo for i, photo in enumerate(photos)}
    )
    detector = open_detector(pack)
    found = missed = extra = 0
    for place, photo in enumerate(photos):
        theirs, ours = answers[f"faces_{place}"], detector.detect(photo, min_face=20)
        matches = [each for each in theirs if any(same(each, face) for face in ours)]
        found += len(matches)
        missed += len(theirs) - len(matches)
        extra += len(ours) - len(matches)
    print(f"{found} faces found by both, {missed} missed, {extra} extra")
    assert found >= len(photos)
    assert missed <= 0.05 * found
    assert extra <= 0.05 * found


def photographs() -> list[NDArray[np.uint8]]:
    """Forty portraits, and walls of six portraits each."""
    folder = os.environ.get("ROLLCALL_FACES")
    if not folder:
        pytest.skip("ROLLCALL_FACES names no folder of photographs")
    paths = sorted(Path(folder, "colour").glob("*/*.jpg"))[::2][:48]
    photos = [decode_picture(path.read_bytes()) for path in paths]
    rows = [np.concatenate(photos[start : start + 3], axis=1) for start in range(0, 48, 3)]
    return [*photos, *(np.concatenate(rows[start : start + 2], axis=0) for start in range(0, 16, 2))]


def same(theirs: NDArray[np.float32], ours: Face) -> bool:
    """The boxes share more than half of their union, and the landmarks lie within a tenth of a face's width of each
    other on average. The pyramids differ (the package's misses levels), so the windows that the last net sees do too.
    """
    box = ours.box
    mine = np.array([box.left, box.top, box.left + box.width, box.top + box.height])
    shared = np.maximum(np.minimum(mine[2:], theirs[3:5]) - np.maximum(mine[:2], theirs[1:3]), 0).prod()
    areas = np.prod(mine[2:] - mine[:2]) + np.prod(theirs[3:5] - theirs[1:3])
    distances = np.linalg.norm(theirs[6:].reshape(2, 5).T - ours.landmarks, axis=1)
    return bool(shared > 0.5 * (areas - shared) and distances.mean() < box.width / 10)
