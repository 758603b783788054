"""What a view may ask of a request."""

import functools
import hashlib
import re
from dataclasses import dataclass
from typing import TypeVar

from chalice.app import Request
from pydantic import BaseModel

from chalicelib.domain.access import Caller
from chalicelib.domain.errors import Forbidden, InvalidRequest
from chalicelib.domain.ids import NewId, fresh_id, id_from

Parsed = TypeVar("Parsed", bound=BaseModel)

ETAG = re.compile(r'(?:W/)?"(\d{1,18})"')
MAX_KEY_LENGTH = 255


@dataclass(frozen=True)
class ApiRequest:
    _request: Request
    _caller: Caller | None
    _operation: str

    @property
    def caller(self) -> Caller:
        if self._caller is None:
            raise Forbidden("This needs a token.")
        return self._caller

    @property
    def body(self) -> bytes:
        raw = self._request.raw_body
        return raw.encode() if isinstance(raw, str) else raw

    def parse_json(self, model: type[Parsed]) -> Parsed:
        """Raises pydantic's ValidationError, which is answered field by field."""
        body = self.body
        try:
            body.decode()
        except UnicodeDecodeError as error:
            raise InvalidRequest("The body is no UTF-8.") from error
        return model.model_validate_json(body)

    def parse_query(self, model: type[Parsed]) -> Parsed:
        return model.model_validate(dict(self._request.query_params or {}))

    def accepts(self, content_type: str) -> bool:
        return content_type in self._header("accept")

    @property
    def if_match(self) -> int | None:
        """The revision that the caller has seen; None if any will do. Raises InvalidRequest."""
        text = self._header("if-match").strip()
        if text in ("", "*"):
            return None
        found = ETAG.fullmatch(text)
        if found is None:
            raise InvalidRequest('If-Match takes one ETag of ours, such as "3", or *.')
        return int(found[1])

    @property
    def new_id(self) -> NewId:
        """Mints fresh ids; the same ones for the same Idempotency-Key of the same caller on the same path.

        So a POST that is sent again makes nothing twice, and no answer has to be stored.
        """
        seed = self.idempotency_seed
        return fresh_id if seed is None else functools.partial(id_from, seed)

    @property
    def idempotency_seed(self) -> str | None:
        """Raises InvalidRequest."""
        key = self._header("idempotency-key")
        if not key:
            return None
        if len(key) > MAX_KEY_LENGTH:
            raise InvalidRequest(f"An Idempotency-Key has at most {MAX_KEY_LENGTH} characters.")
        path = sorted((self._request.uri_params or {}).items())
        return hashlib.sha256(repr((self.caller.subject, self._operation, path, key)).encode()).hexdigest()

    @property
    def fingerprint(self) -> str:
        """Of what was sent: the same key with another body is a mistake of the caller's."""
        query = sorted((self._request.query_params or {}).items())
        return hashlib.sha256(repr((query, self.body)).encode()).hexdigest()

    def _header(self, name: str) -> str:
        return self._request.headers.get(name) or ""
