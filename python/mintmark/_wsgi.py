"""WSGI: a middleware for whole applications."""
from __future__ import annotations

from http import HTTPStatus
from typing import Any, Iterable

from ._errors import TokenError
from ._verifier import Verifier, answer


class Middleware:
    """app = verifier.wsgi(app); the token is environ['mintmark.token']."""

    def __init__(self, app: Any, verifier: Verifier, scopes: str | Iterable[str] = '', public: Iterable[str] = ()) -> None:
        self.app, self.verifier, self.public = app, verifier, frozenset(public)
        self.scopes = scopes if isinstance(scopes, str) else ' '.join(scopes)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ.get('PATH_INFO', '') not in self.public:
            try:
                environ['mintmark.token'] = self.verifier.check_header(environ.get('HTTP_AUTHORIZATION'), self.scopes)
            except TokenError as error:
                status, headers, body = answer(error, self.scopes)
                start_response(f'{status} {HTTPStatus(status).phrase}', [*headers, ('Content-Length', str(len(body)))])
                return [body]
        return self.app(environ, start_response)
