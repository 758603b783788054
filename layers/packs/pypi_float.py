"""The pack `pypi` with its embedder in float: to see what 8 bits cost. Nothing uses it otherwise."""

from dataclasses import replace

from layers.packs import pypi
from layers.packs.dlib_resnet_onnx import convert_embedder
from layers.packs.recipe import Output

RECIPE = replace(
    pypi.RECIPE,
    name="pypi-float",
    outputs=tuple(
        Output(output.name, output.sources, convert_embedder) if output.name == "embedder.onnx" else output
        for output in pypi.RECIPE.outputs
    ),
)
