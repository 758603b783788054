"""What reads bytes from outside, fed by libFuzzer: python -m tests.fuzz.targets NAME [OPTION…] FOLDER.

Only the errors that a reader declares may come out of it; any other, a crash, or no memory left ends the run, and the
bytes that did it are saved. Each outcome is told once, on standard output, so that one sees how deep the bytes went.
"""

import gzip
import random
import re
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp

import atheris

with atheris.instrument_imports(include=["chalicelib", "jwt"]):
    from chalicelib.adapters.id_tokens import OidcIdTokens
    from chalicelib.adapters.signing_keys import SigningKeys
    from chalicelib.domain.artefacts import unpack
    from chalicelib.domain.clock import utc_now
    from chalicelib.domain.errors import (
        ArtefactRefused,
        EmptyBody,
        InvalidToken,
        PackRefused,
        UnreadableMedia,
        UnsupportedMediaType,
    )
    from chalicelib.domain.media import check_picture, picture_size, sniff
    from chalicelib.vision.decode import decode_picture
    from chalicelib.vision.detector import open_detector
    from chalicelib.vision.pack import DECLARATION, Pack, load_pack
    from chalicelib.vision.quality import measure
    from chalicelib.vision.video import sample_video
from tests.fuzz.mutations import mended, odd
from tests.fuzz.seeds import NETS, PACK_ID
from tests.support.key_server import AUDIENCE, ISSUER, ec_key, published, rsa_key

MEMORY_BYTES = 2048 * 1024 * 1024
SMALL_PIXELS = 256 * 256
"""Enough for every branch; larger ones only take longer."""
MEDIA_ERRORS = (EmptyBody, UnsupportedMediaType, UnreadableMedia)
TOKEN_ERRORS = (InvalidToken,)

Target = Callable[[bytes], str]


def header(data: bytes) -> str:
    """Told the type alone, the size alone, or all: they agree."""
    media_type = sniff(data)
    size = picture_size(data)
    checked = check_picture(data)
    assert checked.media_type is media_type
    assert (checked.width, checked.height) == size
    return f"{media_type} accepted"


def picture_of(pack: Pack) -> Target:
    detector = open_detector(pack)

    def picture(data: bytes) -> str:
        pixels = decode_picture(data, SMALL_PIXELS)
        assert pixels.ndim == 3
        assert 0 < pixels.shape[0] * pixels.shape[1] <= SMALL_PIXELS
        faces = detector.detect(pixels)
        assert all(0 <= measure(pixels, face).score <= 1 for face in faces)
        return f"{sniff(data)} decoded, {'a face' if faces else 'no face'}"

    return picture


def video(data: bytes) -> str:
    pictures = list(sample_video(data, max_pixels=SMALL_PIXELS))
    assert all(picture.shape[0] * picture.shape[1] <= SMALL_PIXELS for picture in pictures)
    return f"{sniff(data)} sampled, {'many frames' if len(pictures) > 1 else 'one frame'}"


def declaration_in(folder: Path) -> Target:
    for name, content in NETS.items():
        (folder / name).write_bytes(content)

    def declaration(data: bytes) -> str:
        (folder / DECLARATION).write_bytes(data)
        load_pack(folder)
        return "loaded"

    return declaration


def artefact(data: bytes) -> str:
    """libFuzzer's bytes are the tar: their compression would take every change for a broken one."""
    return (
        f"{len(unpack(gzip.compress(data, compresslevel=1, mtime=0), pack_id=PACK_ID).files)} files unpacked"
    )


def token_for(keys: list[object]) -> Target:
    """Keys that signed none of the seeds: whatever is made of them, nobody is signed in."""
    tokens = OidcIdTokens(ISSUER, AUDIENCE, SigningKeys(ISSUER, "x", fetch=lambda _: {"keys": keys}), utc_now)

    def token(data: bytes) -> str:
        raise AssertionError(f"signed in as {tokens.account(data.decode('latin-1'))}")

    return token


def once(target: Target, declared: tuple[type[Exception], ...]) -> Callable[[bytes], None]:
    """The target as libFuzzer calls it; tells what came of the bytes when it comes for the first time."""
    told: set[str] = set()

    def call(data: bytes) -> None:
        try:
            outcome = target(data)
        except declared as error:
            outcome = (
                f"{type(error).__name__}: {error}" if declared != (PackRefused,) else type(error).__name__
            )
        outcome = re.sub(r"\b\d+\b", "N", outcome)  # whatever their sizes, so that there are few
        if outcome not in told:
            told.add(outcome)
            print(outcome, flush=True)

    return call


def mutated(data: bytes, most_bytes: int, seed: int) -> bytes:
    """libFuzzer's mutation, three of four mended; of a declaration every other time one value of it."""
    rng = random.Random(seed)
    if data.startswith(b"{") and rng.random() < 0.5:
        return odd(data, rng)[:most_bytes]
    changed: bytes = atheris.Mutate(data, most_bytes)
    return changed if rng.random() < 0.25 else mended(changed)[:most_bytes]


def main() -> None:
    name, *options = sys.argv[1:]
    if name == "header":
        target, declared = header, MEDIA_ERRORS
    elif name == "picture":
        target, declared = picture_of(load_pack(Path("build/packs/pypi"))), MEDIA_ERRORS
    elif name == "video":
        target, declared = video, MEDIA_ERRORS
    elif name == "artefact":
        target, declared = artefact, (ArtefactRefused,)
    elif name == "token":
        target, declared = (
            token_for([published(rsa_key("r"), "r"), published(ec_key("e"), "e")]),
            TOKEN_ERRORS,
        )
    else:
        target, declared = declaration_in(Path(mkdtemp(prefix="pack-"))), (PackRefused,)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    atheris.Setup([name, *options], once(target, declared), custom_mutator=mutated)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
