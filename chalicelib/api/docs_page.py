"""The OpenAPI document as one page of HTML: no scripts, nothing from elsewhere, readable without colour."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

Json = Mapping[str, Any]

STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
code, pre { font: 13px/1.45 ui-monospace, monospace; }
h1 { margin-bottom: 0; } h2 { margin-top: 2.5rem; text-transform: capitalize; border-bottom: 1px solid var(--line); }
nav { columns: 16rem; } nav a { display: block; }
details { border: 1px solid var(--line); border-radius: .5rem; margin: .5rem 0; padding: .4rem .8rem; }
details[open] { background: var(--soft); } summary { cursor: pointer; }
.method { display: inline-block; min-width: 4.5rem; font-weight: 700; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .2rem .8rem .2rem 0; }
th { font-weight: 600; } td.wide { width: 60%; }
"""


def docs_page(document: Json) -> str:
    tags: dict[str, list[tuple[str, str, Json]]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            tags.setdefault(operation["tags"][0], []).append((method.upper(), path, operation))
    info = document["info"]
    sections = "".join(_section(tag, tags[tag]) for tag in sorted(tags))
    links = "".join(f'<a href="#{escape(tag)}">{escape(tag)}</a>' for tag in sorted(tags))
    models = "".join(
        _model(name, schema) for name, schema in sorted(document["components"]["schemas"].items())
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(info['title'])} API</title><style>{STYLE}</style></head><body>"
        f"<h1>{escape(info['title'])}</h1><p>Version {escape(info['version'])}. {escape(info['description'])}</p>"
        f'<p><a href="openapi.json">openapi.json</a></p><nav>{links}<a href="#models">models</a></nav>'
        f'{sections}<h2 id="models">models</h2>{models}</body></html>'
    )


def _section(tag: str, entries: Iterable[tuple[str, str, Json]]) -> str:
    body = "".join(_entry(method, path, operation) for method, path, operation in entries)
    return f'<h2 id="{escape(tag)}">{escape(tag)}</h2>{body}'


def _entry(method: str, path: str, operation: Json) -> str:
    parameters = "".join(
        _row(
            f"{parameter['name']} <small>{escape(parameter['in'])}</small>",
            f"{_type(parameter['schema'])} {escape(parameter.get('description', ''))}",
        )
        for parameter in operation["parameters"]
    )
    body = "".join(
        _row(f"body <small>{escape(kind)}</small>", _type(content.get("schema", {})))
        for kind, content in operation.get("requestBody", {}).get("content", {}).items()
    )
    answers = "".join(
        _row(status, f"{escape(answer['description'])} {_answered(answer)}")
        for status, answer in operation["responses"].items()
    )
    return (
        f'<details id="{escape(operation["operationId"])}"><summary><span class="method">{method}</span>'
        f"<code>{escape(path)}</code> — {escape(operation['summary'])}</summary>"
        f"<p>{escape(operation['description'])}</p>"
        f"<table>{parameters}{body}</table><table>{answers}</table></details>"
    )


def _answered(answer: Json) -> str:
    kinds = answer.get("content", {}).items()
    return ", ".join(
        f"<small>{escape(kind)}</small> {_type(content.get('schema', {}))}" for kind, content in kinds
    )


def _model(name: str, schema: Json) -> str:
    required = set(schema.get("required", ()))
    rows = "".join(
        _row(f"{escape(field)}{'' if field in required else ' <small>optional</small>'}", _type(of))
        for field, of in schema.get("properties", {}).items()
    )
    values = ", ".join(escape(str(value)) for value in schema.get("enum", ()))
    return (
        f'<details id="model-{escape(name)}"><summary><code>{escape(name)}</code></summary>'
        f"<p>{escape(schema.get('description', ''))} {values}</p><table>{rows}</table></details>"
    )


def _type(schema: Json) -> str:
    """In words, with links to models."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#model-{name}"><code>{name}</code></a>'
    if "anyOf" in schema:
        return " or ".join(_type(option) for option in schema["anyOf"])
    if "items" in schema:
        return f"list of {_type(schema['items'])}"
    if "const" in schema or "enum" in schema:
        values = schema.get("enum", [schema.get("const")])
        return " or ".join(f"<code>{escape(str(value))}</code>" for value in values)
    limits = {name: schema[name] for name in LIMITS if name in schema}
    told = "".join(f", {LIMITS[name]} {escape(str(limit))}" for name, limit in limits.items())
    return f"{escape(str(schema.get('format') or schema.get('type') or 'anything'))}{told}"


LIMITS = {
    "minLength": "characters at least",
    "maxLength": "characters at most",
    "minimum": "at least",
    "maximum": "at most",
    "pattern": "like",
    "default": "else",
}


def _row(name: str, words: str) -> str:
    return f'<tr><th scope="row">{name}</th><td class="wide">{words}</td></tr>'
