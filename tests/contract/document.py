"""Write the OpenAPI document that the code makes: `python -m tests.contract.document docs/openapi.json`."""

import json
import sys
from pathlib import Path

import app
from chalicelib.api.openapi import openapi


def main() -> None:
    assert app.app.routes, "importing the app declares the routes"
    text = json.dumps(openapi(), indent=1, ensure_ascii=False) + "\n"
    Path(sys.argv[1]).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
