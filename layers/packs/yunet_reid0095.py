"""The pack `yunet-reid0095`: YuNet (OpenCV Zoo) and Intel's face-reidentification-retail-0095 (Open Model Zoo).

The embedder is taken as ONNX from the folder that ROLLCALL_MODELS names, or as the zoo's own IR from its URL.
"""

from layers.packs.downloads import ModelFile
from layers.packs.onnx_edit import Shape, adapt, streamline
from layers.packs.openvino_ir import convert_ir
from layers.packs.recipe import Output, Recipe
from layers.packs.thresholds import read_thresholds

# The sha256 that the zoo's Git LFS pointer names at this commit.
_YUNET = ModelFile(
    filename="face_detection_yunet_2023mar.onnx",
    size=232_589,
    sha256="8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
    licence="MIT",
    origin="OpenCV Zoo",
    url="https://media.githubusercontent.com/media/opencv/opencv_zoo/82b38c8f98e7b52aa171400f3e4c722352d0669f"
    "/models/face_detection_yunet/face_detection_yunet_2023mar.onnx",
)
_REID_ONNX = ModelFile(
    filename="face_reidentification_retail_0095.onnx",
    size=4_446_084,
    sha256="ef817cbf961ce819a6d1cd53246d51f7fdb41e28ff15f3419fd29c983d5863fe",
    licence="Apache-2.0",
    origin="Open Model Zoo 2022.1, converted from its IR",
)


def _reid_ir(suffix: str, size: int, sha256: str) -> ModelFile:
    """URL, size and sha256 as the zoo's model.yml of release 2021.4 names them."""
    zoo = "https://storage.openvinotoolkit.org/repositories/open_model_zoo/2021.4/models_bin/3"
    name = "face-reidentification-retail-0095"
    url = f"{zoo}/{name}/FP32/{name}.{suffix}"
    return ModelFile(f"{name}.{suffix}", size, sha256, "Apache-2.0", "Open Model Zoo 2021.4", url)


_REID_XML = _reid_ir("xml", 239_537, "b16f72d8f6db556fd417c0c823c4a031f8c47e48e7797163b3de49baa7c59542")
_REID_BIN = _reid_ir("bin", 4_427_256, "5ac2b046dd8644be5bf26677fbe3db955a0777a777ed6767c772d665f21d89b8")

_STRIDES = (8, 16, 32)
_PER_CELL = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}

_SETTINGS = {
    "detector": {
        "type": "yunet",
        "file": "detector.onnx",
        "channels": "BGR",
        "normalisation": "folded",
        "strides": list(_STRIDES),
        "smallest_face_px": 28,
        "largest_face_px": 400,
        "threshold": 0.6,
        "overlap": 0.3,
    },
    "landmarks": {"type": "detector"},
    # Image-left eye, image-right eye, nose, image-left and image-right corner of the mouth, in parts of the chip.
    "alignment": {
        "template": [
            [0.31556875, 0.4615741071428571],
            [0.6826229166666667, 0.4615741071428571],
            [0.5002625, 0.6405053571428571],
            [0.349471875, 0.8246919642857142],
            [0.6534364583333333, 0.8246919642857142],
        ],
        "padding": 0.0,
        "fit": "points",
    },
    "embedder": {
        "type": "face-reidentification-retail-0095",
        "file": "embedder.onnx",
        "size": 128,
        "channels": "BGR",
        "normalisation": "folded",
        "dimension": 256,
        "mirrored": False,
    },
    "thresholds": read_thresholds("yunet-reid0095"),
    "licences": {"YuNet": "MIT", "face-reidentification-retail-0095": "Apache-2.0"},
}


def convert_detector(content: bytes) -> bytes:
    """For pictures of any size whose sides are multiples of 32."""
    outputs: dict[str, Shape] = {
        f"{kind}_{stride}": (1, f"cells_{stride}", values)
        for kind, values in _PER_CELL.items()
        for stride in _STRIDES
    }
    return adapt(content, (1, 3, "rows", "columns"), outputs)


def convert_embedder(content: bytes) -> bytes:
    """For any number of chips."""
    return streamline(adapt(content, ("n", 3, 128, 128), {"embedding": ("n", 256)}))


def convert_embedder_ir(xml: bytes, constants: bytes) -> bytes:
    return streamline(convert_ir(xml, constants))


_DETECTOR = Output("detector.onnx", (_YUNET,), convert_detector)
_VERSION = "1"

_DOWNLOADED = Recipe(
    name="yunet-reid0095",
    version=_VERSION,
    settings=_SETTINGS,
    outputs=(_DETECTOR, Output("embedder.onnx", (_REID_XML, _REID_BIN), convert_embedder_ir)),
)
RECIPE = Recipe(
    name="yunet-reid0095",
    version=_VERSION,
    settings=_SETTINGS,
    outputs=(_DETECTOR, Output("embedder.onnx", (_REID_ONNX,), convert_embedder)),
    otherwise=_DOWNLOADED,
)
