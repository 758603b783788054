"""Files of weights by URL: what a server on loopback gives is used only if it is what is pinned."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from chalicelib.domain.errors import PackRefused
from chalicelib.vision.pack import load_pack
from layers.packs import yunet_reid0095
from layers.packs.__main__ import main
from layers.packs.build import build
from layers.packs.downloads import ModelFile, read_model
from layers.packs.recipe import Output, Recipe, Source

CONTENT = bytes(range(256)) * 4096
CONVERTED = b"the converted weights"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = {"/net": CONTENT, "/other": CONTENT[::-1], "/longer": CONTENT * 8}.get(self.path)
        self.send_response(200 if body else 404)
        self.end_headers()
        with suppress(ConnectionError):  # who sees that a file is too long goes away
            self.wfile.write(body or b"")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _no_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ROLLCALL_MODELS", raising=False)


@pytest.fixture
def file(url: str) -> ModelFile:
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    return ModelFile("net.bin", len(CONTENT), sha256, "CC0-1.0", "a zoo", f"{url}/net")


def test_a_download_tells_its_progress_and_is_kept(file: ModelFile, tmp_path: Path) -> None:
    said: list[str] = []
    assert read_model(file, tmp_path / "cache", said.append) == CONTENT
    assert file.url in said[0]
    assert said[1:] == [f"            {part:.2f} of 1.05 MB" for part in (0.26, 0.52, 0.79, 1.05)]
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["net.bin"]
    nowhere = replace(file, url="http://127.0.0.1:9/net")
    assert read_model(nowhere, tmp_path / "cache", said.append) == CONTENT


@pytest.mark.parametrize("path", ["/other", "/longer"])
def test_another_file_than_the_pinned_one_is_refused_and_not_kept(
    file: ModelFile, url: str, tmp_path: Path, path: str
) -> None:
    said: list[str] = []
    with pytest.raises(PackRefused, match=f"{url}{path}: expected sha256 {file.sha256}"):
        read_model(replace(file, url=url + path), tmp_path / "cache", said.append)
    assert len(said) <= 5
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("address", ["{url}/gone", "http://127.0.0.1:9/net"])
def test_a_download_that_fails_says_what_to_do(
    file: ModelFile, url: str, tmp_path: Path, address: str
) -> None:
    with pytest.raises(
        PackRefused, match=r"net\.bin could not be downloaded .*\n.*name that in ROLLCALL_MODELS"
    ):
        read_model(replace(file, url=address.format(url=url)), tmp_path, print)


def test_the_folder_that_is_named_comes_first(
    file: ModelFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROLLCALL_MODELS", str(tmp_path))
    (tmp_path / "net.bin").write_bytes(CONTENT)
    assert read_model(replace(file, url=""), tmp_path / "cache", print) == CONTENT
    (tmp_path / "net.bin").write_bytes(b"changed")
    with pytest.raises(PackRefused, match=r"net\.bin: expected sha256"):
        read_model(file, tmp_path / "cache", print)


@pytest.fixture
def recipe(file: ModelFile) -> Recipe:
    """Of a converted file that is nowhere to be downloaded; otherwise of two that are."""
    settings = yunet_reid0095.RECIPE.settings
    converted = ModelFile(
        "net.onnx", len(CONVERTED), hashlib.sha256(CONVERTED).hexdigest(), "CC0-1.0", "a friend"
    )

    def outputs(*sources: Source) -> tuple[Output, ...]:
        return tuple(Output(name, sources, joined) for name in ("detector.onnx", "embedder.onnx"))

    otherwise = Recipe("tiny", "1", settings, outputs(file, replace(file, filename="again.bin")))
    return Recipe("tiny", "1", settings, outputs(converted), otherwise)


def joined(*parts: bytes) -> bytes:
    return b"".join(parts)


def test_a_pack_is_built_of_downloads_where_the_preferred_file_is_not_at_hand(
    recipe: Recipe, tmp_path: Path
) -> None:
    said: list[str] = []
    folder = build(recipe, tmp_path / "tiny", tmp_path / "cache", said.append)
    assert (folder / "embedder.onnx").read_bytes() == CONTENT * 2
    assert "net.onnx: not in the folder that ROLLCALL_MODELS names" in said[0]


def test_a_pack_that_was_built_of_either_source_is_not_built_again(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "net.onnx").write_bytes(CONVERTED)
    monkeypatch.setenv("ROLLCALL_MODELS", str(tmp_path))
    folder = build(recipe, tmp_path / "tiny", tmp_path / "cache")
    assert (folder / "embedder.onnx").read_bytes() == CONVERTED
    monkeypatch.delenv("ROLLCALL_MODELS")
    downloaded = build(recipe, tmp_path / "downloaded", tmp_path / "cache")
    said: list[str] = []
    build(recipe, folder, tmp_path / "cache", said.append)
    build(recipe, downloaded, tmp_path / "cache", said.append)
    assert ["nothing to build" in line for line in said] == [True, True]


def test_both_sources_declare_the_same_behaviour() -> None:
    ours, downloaded = yunet_reid0095.RECIPE.variants()
    assert ours.settings == downloaded.settings
    assert [output.name for output in ours.outputs] == [output.name for output in downloaded.outputs]
    assert all(isinstance(each, ModelFile) and each.url for each in downloaded.sources())


def test_the_command_says_what_to_do_without_files_and_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    arguments = [
        "build",
        "yunet-reid0095",
        "--into",
        str(tmp_path / "pack"),
        "--cache",
        str(tmp_path / "cache"),
    ]
    assert main(arguments) == 1
    assert "name that in ROLLCALL_MODELS" in capsys.readouterr().err
    assert not (tmp_path / "pack").exists()


def test_the_second_pack_is_the_same_bytes_every_time(
    yunet_pack_dir: Path, models: Path, tmp_path: Path
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROLLCALL_MODELS", str(models))
        again = build(yunet_reid0095.RECIPE, tmp_path / "again", tmp_path / "cache")
    assert {path.name: path.read_bytes() for path in again.iterdir()} == {
        path.name: path.read_bytes() for path in yunet_pack_dir.iterdir()
    }
    assert load_pack(again).model_id == load_pack(yunet_pack_dir).model_id
