"""The pack `pypi`: MTCNN and dlib's networks, from weights that two packages on PyPI carry."""

from layers.packs.dlib_landmarks import convert_landmarks
from layers.packs.dlib_resnet_onnx import convert_embedder
from layers.packs.mtcnn_onnx import convert_onet, convert_pnet, convert_rnet
from layers.packs.quantise import quantise_embedder
from layers.packs.recipe import Output, Recipe
from layers.packs.sources import Archive, SourceFile
from layers.packs.thresholds import read_thresholds

_DLIB_MODELS = Archive(
    package="face_recognition_models",
    version="0.3.0",
    filename="face_recognition_models-0.3.0.tar.gz",
    sha256="b79bd200a88c87c9a9d446c990ae71c5a626d1f3730174e6d570157ff1d896cf",
)
_MTCNN = Archive(
    package="mtcnn",
    version="1.0.0",
    filename="mtcnn-1.0.0-py3-none-any.whl",
    sha256="0a96b4868e56db9ae984449519642be6dba03240e608a67e928ebb47833e9144",
)


def _dlib_file(member: str, sha256: str) -> SourceFile:
    return SourceFile(_DLIB_MODELS, f"face_recognition_models-0.3.0/{member}", sha256, licence="CC0-1.0")


def _mtcnn_file(member: str, sha256: str) -> SourceFile:
    return SourceFile(_MTCNN, member, sha256, licence="MIT")


RESNET = _dlib_file(
    "face_recognition_models/models/dlib_face_recognition_resnet_model_v1.dat",
    "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
)
SHAPE_PREDICTOR = _dlib_file(
    "face_recognition_models/models/shape_predictor_5_face_landmarks.dat",
    "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
)
PNET = _mtcnn_file(
    "mtcnn/assets/weights/pnet.lz4", "ea6b0c3e685ebee3165326ad6484acc95f2ef78f1c94fbf40a55704fa989f7b5"
)
RNET = _mtcnn_file(
    "mtcnn/assets/weights/rnet.lz4", "cb00e6460f3c98b0bfafaba3c0a0ded4bdf6e62cee7174d969e8670d7e757fee"
)
ONET = _mtcnn_file(
    "mtcnn/assets/weights/onet.lz4", "94f6ea2f4cf985275ee958cdd762d17b6009348a4fb9d8c6be39ba73ffd22ca3"
)
_DLIB_LICENCE = _dlib_file("LICENSE", "6a1ee543e5282cd9061881edf462e6fdab181f328da71fc2c9a6950a80e94d01")
_MTCNN_LICENCE = _mtcnn_file(
    "mtcnn-1.0.0.dist-info/LICENSE", "6287063788d4261ea47148c9c7bc67129f3ae29bf6ee5550a37c035118681017"
)

_SETTINGS = {
    "detector": {
        "type": "mtcnn",
        "files": {"proposal": "pnet.onnx", "refinement": "rnet.onnx", "output": "onet.onnx"},
        "channels": "RGB",
        "normalisation": "folded",
        "window": 12,
        "stride": 2,
        "pyramid_factor": 0.709,
        "thresholds": [0.6, 0.7, 0.8],
        "overlaps": [0.5, 0.7, 0.7],
    },
    "landmarks": {"type": "regression-trees", "file": "landmarks.npz", "crop": 160, "inset": 35},
    # Image-right eye (outer and inner corner), image-left eye (outer and inner corner), base of the nose: dlib's mean
    # face, in parts of the face's square.
    "alignment": {
        "template": [
            [0.8595674595992, 0.2134981538014],
            [0.6460604764104, 0.2289674387677],
            [0.1205750620789, 0.2137274526848],
            [0.3340850613712, 0.2290642403242],
            [0.4901123135679, 0.6277975316475],
        ],
        "padding": 0.25,
        "fit": "dlib",
    },
    "embedder": {
        "type": "dlib-resnet",
        "file": "embedder.onnx",
        "size": 150,
        "channels": "RGB",
        "normalisation": "folded",
        "mean": [122.782, 117.001, 104.298],
        "scale": 0.00390625,
        "dimension": 128,
        "mirrored": True,
    },
    "thresholds": read_thresholds("pypi"),
    "licences": {"dlib models": "CC0-1.0", "mtcnn": "MIT"},
}


def convert_embedder_to_8_bits(content: bytes) -> bytes:
    """A quarter of the size, and faster: see pypi_float, and docs/accuracy.md for what it costs."""
    return quantise_embedder(convert_embedder(content))


def _as_is(content: bytes) -> bytes:
    return content


RECIPE = Recipe(
    name="pypi",
    version="4",
    settings=_SETTINGS,
    outputs=(
        Output("pnet.onnx", (PNET,), convert_pnet),
        Output("rnet.onnx", (RNET,), convert_rnet),
        Output("onet.onnx", (ONET,), convert_onet),
        Output("landmarks.npz", (SHAPE_PREDICTOR,), convert_landmarks),
        Output("embedder.onnx", (RESNET,), convert_embedder_to_8_bits),
        Output("LICENSE-dlib-models.txt", (_DLIB_LICENCE,), _as_is),
        Output("LICENSE-mtcnn.txt", (_MTCNN_LICENCE,), _as_is),
    ),
)
