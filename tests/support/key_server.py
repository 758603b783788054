"""An identity provider of the tests' own: its keys, served on loopback, and tokens signed with them or with others."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

ISSUER = "https://login.school.example/realm"
AUDIENCE = "rollcall-page"


@cache
def rsa_key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """Made once for each name."""
    del name
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def ec_key(name: str, curve: type[ec.EllipticCurve] = ec.SECP256R1) -> ec.EllipticCurvePrivateKey:
    del name
    return ec.generate_private_key(curve())


def published(key: Any, key_id: str, **members: Any) -> dict[str, Any]:
    """The public half as a JWK."""
    algorithm = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
    made: dict[str, Any] = algorithm.to_jwk(key.public_key(), as_dict=True)
    return {**made, "kid": key_id, "use": "sig", **members}


def claims(now: float, **changed: Any) -> dict[str, Any]:
    """Of a good ID token; None takes a claim away."""
    usual = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ada-1", "iat": int(now), "exp": int(now) + 3600}
    return {name: value for name, value in {**usual, **changed}.items() if value is not None}


def signed(
    said: Mapping[str, Any], key: Any, key_id: str | None, algorithm: str = "RS256", **header: Any
) -> str:
    names = {"kid": key_id} if key_id is not None else {}
    return jwt.encode(dict(said), key, algorithm=algorithm, headers={**names, **header})


@dataclass
class KeyServer:
    """`answer` is what it says next, with `status`; `asked` counts."""

    url: str
    answer: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def publish(self, *keys: Mapping[str, Any]) -> None:
        self.answer, self.status = json.dumps({"keys": list(keys)}).encode(), 200


@contextmanager
def key_server() -> Iterator[KeyServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(self.path)
            self.send_response(state.status)
            for name, value in {"Content-Length": str(len(state.answer)), **state.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(state.answer)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state = KeyServer(f"http://127.0.0.1:{server.server_address[1]}/jwks")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
