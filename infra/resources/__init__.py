"""The CloudFormation templates of Rollcall: one source for the AWS stack and for the local stack."""

from pathlib import Path
from typing import Any

import yaml

TEMPLATE = Path(__file__).with_name("template.yaml")
GATEWAY = Path(__file__).with_name("gateway.yaml")


def load_template(path: Path = TEMPLATE) -> dict[str, Any]:
    """A template as plain data: `!Ref X` becomes {"Ref": "X"}, `!Sub x` {"Fn::Sub": "x"}, and so on."""
    template = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506  # a SafeLoader
    if not isinstance(template, dict) or "Resources" not in template:
        raise ValueError(f"{path.name} is no CloudFormation template: it has no Resources.")
    return template


class _Loader(yaml.SafeLoader):
    """A class of its own, because constructors are registered on the class."""


def _intrinsic(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}"
    return {name: _argument(loader, suffix, node)}


def _argument(loader: _Loader, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        text = loader.construct_scalar(node)
        # Only the first dot divides: a nested stack's attribute is Outputs.Name.
        return str(text).split(".", 1) if suffix == "GetAtt" else text
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    raise yaml.constructor.ConstructorError(None, None, f"!{suffix} of nothing", node.start_mark)


_Loader.add_multi_constructor("!", _intrinsic)
