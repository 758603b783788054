"""Measure the ranges of the embedder's values, for putting it into 8 bits.

    python -m layers.packs.embedder_ranges --write

On chips of the demo's procedural heads, and on their mirror images: no photograph is needed.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from chalicelib.vision.alignment import Aligner
from chalicelib.vision.decode import decode_picture
from chalicelib.vision.detector import open_detector
from chalicelib.vision.pack import Pack, load_pack
from infra.demo.identities import calibration, shown
from infra.demo.scenes import registration_photos
from layers.packs.dlib_resnet_onnx import convert_embedder
from layers.packs.pypi import RESNET
from layers.packs.quantise import RANGES, Range, activations
from layers.packs.sources import fetch, read_members

_PHOTOS = 2  # of each drawn person


def measure(content: bytes, chips: NDArray[np.uint8]) -> dict[str, Range]:
    """The least and the largest value of each activation over (n, size, size, 3) RGB chips, rounded outward."""
    names = activations(content)
    model = onnx.load_model_from_string(content)
    model.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in names)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    bounds = np.array([[np.inf, -np.inf]] * len(names))
    for chip in chips:
        pixels = chip.transpose(2, 0, 1)[None].astype(np.float32)
        for place, found in enumerate(session.run(names, {"input": pixels})):
            bounds[place] = min(bounds[place, 0], found.min()), max(bounds[place, 1], found.max())
    return {name: (_outward(low), _outward(high)) for name, (low, high) in zip(names, bounds, strict=True)}


def _outward(value: float) -> float:
    """Away from zero to two digits: what a machine rounds differently does not show."""
    if value == 0:
        return 0.0
    step = 10.0 ** (np.floor(np.log10(abs(value))) - 1)
    return float(f"{np.sign(value) * np.ceil(abs(value) / step - 1e-3) * step:.6g}")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m layers.packs.embedder_ranges", description=__doc__.partition("\n")[0]
    )
    parser.add_argument(
        "--pack", type=Path, default=Path("build/packs/pypi"), help="finds and aligns the heads"
    )
    parser.add_argument("--cache", type=Path, default=Path("build/sources"), help="where downloads are kept")
    parser.add_argument("--write", action="store_true", help=f"into {RANGES.name}, else on the screen")
    asked = parser.parse_args(arguments)
    pack = load_pack(asked.pack)
    chips = _chips_of_heads(pack)
    measured = measure(embedder_in_float(asked.cache), np.concatenate([chips, chips[:, :, ::-1]]))
    rows = ",\n".join(f'    "{name}": {json.dumps(bounds)}' for name, bounds in measured.items())
    text = f'{{\n  "chips": {2 * len(chips)},\n  "ranges": {{\n{rows}\n  }}\n}}\n'
    if asked.write:
        RANGES.write_text(text)
    else:
        sys.stdout.write(text)
    return 0


def embedder_in_float(cache: Path) -> bytes:
    """The net as it is before it is put into 8 bits."""
    return convert_embedder(read_members(fetch(RESNET.archive, cache), [RESNET])[RESNET])


def _chips_of_heads(pack: Pack) -> NDArray[np.uint8]:
    """(n, size, size, 3) RGB: the demo's people, and those that it never shows."""
    detector, aligner, people = open_detector(pack), Aligner(pack), (*shown(), *calibration())
    chips = []
    for seed, person in enumerate(people):
        print(f"drawing   {seed + 1} of {len(people)}", file=sys.stderr, flush=True)
        for photo in registration_photos(person, seed, _PHOTOS):
            picture = decode_picture(photo)
            chips.append(aligner.chips(picture, detector.detect(picture)[:1]))
    return np.concatenate(chips)


if __name__ == "__main__":
    sys.exit(main())
