"""What a training job leaves is unpacked within bounds, and refused if any part does not agree with the others."""

import gzip
import io
import json
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import artefacts
from chalicelib.domain.artefacts import learned_id, unpack
from chalicelib.domain.errors import ArtefactRefused
from tests.support.artefacts import artefact, files, packed, with_model, with_projection

CHAMPION = "fake-1"


def test_what_agrees_is_read() -> None:
    read = unpack(artefact(CHAMPION), pack_id=CHAMPION)
    assert read.model_id.startswith("fake-1~")
    assert len(read.model_id) == len("fake-1~") + 12
    assert set(read.files) == {"model.json", "manifest.json", "report.json", "det.svg", "reliability.svg"}
    assert (
        unpack(packed(with_projection(files(CHAMPION))), pack_id=CHAMPION).files["projection.onnx"]
        == b"a net"
    )


def test_the_order_of_keys_and_spaces_make_no_other_model() -> None:
    model = json.loads(files(CHAMPION)["model.json"])
    assert learned_id(dict(reversed(model.items()))) == learned_id(model)
    assert learned_id({**model, "thresholds": None}) != learned_id(model)


def test_what_tar_adds_of_itself_does_no_harm() -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
        folder = tarfile.TarInfo("./")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, data in files(CHAMPION).items():
            member = tarfile.TarInfo(f"./{name}")
            member.size, member.mtime = len(data), 1.5
            archive.addfile(member, io.BytesIO(data))
    assert unpack(stream.getvalue(), pack_id=CHAMPION).model_id


@pytest.mark.parametrize(
    "content",
    [
        {name: data for name, data in files(CHAMPION).items() if name != "report.json"},
        {name: data for name, data in files(CHAMPION).items() if name != "manifest.json"},
        {name: data for name, data in files(CHAMPION).items() if name != "model.json"},
        files(CHAMPION) | {"manifest.json": b"{}"},
        files(CHAMPION) | {"model.json": b"{"},
        files(CHAMPION) | {"report.json": b"[" * 100_000},
        files(CHAMPION) | {"report.json": files(CHAMPION)["report.json"].replace(b"0.01}", b"NaN}")},
        files(CHAMPION) | {"report.json": b"[]"},
        files(CHAMPION, promise={"accept_fpir": int("9" * 400)}),
        files(CHAMPION, expected={"edges": [int("9" * 400)]}),
        files(CHAMPION, expected="\ud800"),
        files(CHAMPION, expected=json.loads("[" * 900 + "]" * 900)),
        with_model(files(CHAMPION), thresholds={"accept": json.loads("[" * 900 + "]" * 900)}),
        files(CHAMPION, model_id="fake-1~0123456789ab"),
        files(CHAMPION, data_version="0" * 64),
        files(CHAMPION, pack_id="fake-2"),
        files("fake-2"),
        with_model(files(CHAMPION), format=2),
        with_model(files(CHAMPION), thresholds=0.5),
        with_model(files(CHAMPION), data_version="0" * 64),
        with_model(files(CHAMPION), picture="x"),
        with_model(files(CHAMPION), projection="wccn"),
        files(CHAMPION) | {"projection.onnx": b"a net"},
        with_projection(files(CHAMPION), b"another net"),
        with_projection(files(CHAMPION), kind="magic"),
        with_projection(files(CHAMPION), file="../projection.onnx"),
        {name: data for name, data in with_projection(files(CHAMPION)).items() if name != "projection.onnx"},
        files(CHAMPION) | {"ada.jpg": b"x"},
        files(CHAMPION) | {"../model.json": b"x"},
        files(CHAMPION) | {"/model.json": b"x"},
        files(CHAMPION) | {"models/model.json": b"x"},
        files(CHAMPION) | {"det.svg": b"x" * (1024 * 1024 + 1)},
    ],
    ids=lambda content: ",".join(content)[:40],
)
def test_what_does_not_agree_or_belong_is_refused(content: dict[str, bytes]) -> None:
    with pytest.raises(ArtefactRefused):
        unpack(packed(content), pack_id=CHAMPION)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.GNUTYPE_SPARSE])
def test_a_member_that_is_no_plain_file_is_refused(kind: bytes) -> None:
    stream = io.BytesIO(gzip.decompress(artefact(CHAMPION)))
    with tarfile.open(fileobj=stream, mode="a") as archive:
        link = tarfile.TarInfo("projection.onnx")
        link.type, link.linkname = kind, "/etc/passwd"
        archive.addfile(link)
    with pytest.raises(ArtefactRefused):
        unpack(gzip.compress(stream.getvalue()), pack_id=CHAMPION)


def test_headers_of_headers_without_end_are_refused() -> None:
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 1
    chain = (header.tobuf(tarfile.GNU_FORMAT) + b"a".ljust(512, b"\0")) * 2000
    with pytest.raises(ArtefactRefused):
        unpack(gzip.compress(chain + gzip.decompress(artefact(CHAMPION))), pack_id=CHAMPION)


def test_a_file_with_holes_is_refused() -> None:
    stream = io.BytesIO(gzip.decompress(artefact(CHAMPION)))
    with tarfile.open(fileobj=stream, mode="a", format=tarfile.PAX_FORMAT) as archive:
        holes = tarfile.TarInfo("projection.onnx")
        holes.pax_headers = {"GNU.sparse.size": "9000", "GNU.sparse.map": "0,0"}
        archive.addfile(holes)
    with pytest.raises(ArtefactRefused, match="no plain file"):
        unpack(gzip.compress(stream.getvalue()), pack_id=CHAMPION)


def test_a_file_twice_is_refused() -> None:
    stream = io.BytesIO(gzip.decompress(artefact(CHAMPION)))
    with tarfile.open(fileobj=stream, mode="a") as archive:
        archive.addfile(tarfile.TarInfo("model.json"))
    with pytest.raises(ArtefactRefused):
        unpack(gzip.compress(stream.getvalue()), pack_id=CHAMPION)


def test_many_members_and_much_content_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for _ in range(artefacts.MOST_MEMBERS + 1):
            folder = tarfile.TarInfo("./")
            folder.type = tarfile.DIRTYPE
            archive.addfile(folder)
    with pytest.raises(ArtefactRefused, match="too many"):
        unpack(gzip.compress(stream.getvalue()), pack_id=CHAMPION)
    bomb = gzip.compress(b"\0" * (artefacts.MOST_BYTES + 1), compresslevel=1)
    with pytest.raises(ArtefactRefused, match="too large once unpacked"):
        unpack(bomb, pack_id=CHAMPION)
    monkeypatch.setattr(artefacts, "MOST_PACKED_BYTES", 10)
    with pytest.raises(ArtefactRefused, match="too large"):
        unpack(artefact(CHAMPION), pack_id=CHAMPION)


GOOD = artefact(CHAMPION)
PLAIN = gzip.decompress(GOOD)


@given(st.integers(0, len(GOOD) - 1), st.integers(0, len(PLAIN) - 1), st.binary(min_size=1, max_size=4))
def test_whatever_bytes_arrive_they_are_read_or_refused(cut: int, place: int, written: bytes) -> None:
    broken = PLAIN[:place] + written + PLAIN[place + len(written) :]
    for data in (GOOD[:cut], gzip.compress(broken, compresslevel=1), gzip.compress(PLAIN[:place], 1)):
        try:
            unpack(data, pack_id=CHAMPION)
        except ArtefactRefused:
            continue
