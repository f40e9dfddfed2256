"""The verifier half: tokens that others present."""
from __future__ import annotations

import json
from typing import Any, Callable, Iterable

from ._errors import TokenError, error_of
from ._native import ffi, lib

_TEXT_MAX = 1024


class Token:
    """A token that was checked and accepted."""

    def __init__(self, handle: Any) -> None:
        self._token = ffi.gc(handle, lib.mintmark_token_free)

    def _string(self, value: Any) -> str | None:
        return None if value == ffi.NULL else ffi.string(value).decode()

    @property
    def subject(self) -> str | None:
        """`sub`: whom the token stands for."""
        return self._string(lib.mintmark_token_subject(self._token))

    @property
    def client_id(self) -> str | None:
        """`client_id`: the program that got it."""
        return self._string(lib.mintmark_token_client_id(self._token))

    @property
    def issuer(self) -> str | None:
        """`iss`."""
        return self._string(lib.mintmark_token_issuer(self._token))

    @property
    def id(self) -> str | None:
        """`jti`."""
        return self._string(lib.mintmark_token_jti(self._token))

    @property
    def scopes(self) -> frozenset[str]:
        """`scope`, split."""
        return frozenset((self._string(lib.mintmark_token_scopes(self._token)) or '').split())

    @property
    def expires_at(self) -> int:
        """`exp`, seconds since 1970."""
        return lib.mintmark_token_expiry(self._token)

    def claim(self, name: str) -> Any:
        """Any claim; None: it is not there."""
        text = lib.mintmark_token_claim_json(self._token, name.encode())
        return None if text == ffi.NULL else json.loads(ffi.string(text))

    def __repr__(self) -> str:
        return f'<Token of {self.subject} by {self.client_id}>'


class Verifier:
    """Checks access tokens of one issuer for one API (RFC 9068): signature, `iss`, `aud`, times, `typ`, revocation.

    Keys and revocations are fetched by threads of their own and kept; a check costs no network. Make verifiers after
    forking. `revocation`: 'closed' refuses while the revocation feed can't be had, 'open' accepts, 'off' never asks
    (issuers without a feed).
    """

    def __init__(self, issuer: str, audience: str, *, algorithms: str = 'ES256 ES384 RS256 PS256 EdDSA',
                 scopes: str | Iterable[str] = '', revocation: str = 'closed', leeway: int = 0, ca_file: str | None = None,
                 plain_http: bool = False) -> None:
        off = {'closed': 0, 'open': lib.MINTMARK_OFF_REVOCATION_AGE, 'off': lib.MINTMARK_OFF_REVOCATION}[revocation]
        keep = [ffi.new('char[]', text.encode()) for text in (issuer, audience, algorithms, _join(scopes))]
        self._keyset = self._discover(keep[0], ca_file, plain_http)
        policy = ffi.new('struct mintmark_policy *')
        policy.size = ffi.sizeof('struct mintmark_policy')
        policy.issuer, policy.audience, policy.algorithms, policy.scopes = keep
        policy.off, policy.skew_s = off, leeway
        made = ffi.new('mintmark_verifier **')
        code = lib.mintmark_verifier_new(policy, self._keyset, made)
        if code < 0:
            raise error_of(code, ffi.string(lib.mintmark_error_text(code)).decode())
        self._verifier = ffi.gc(made[0], lib.mintmark_verifier_free)

    @staticmethod
    def _discover(issuer: Any, ca_file: str | None, plain_http: bool) -> Any:
        options = ffi.new('struct mintmark_keyset_options *')
        options.size = ffi.sizeof('struct mintmark_keyset_options')
        options.flags = plain_http * lib.MINTMARK_KEYSET_PLAIN_HTTP
        path = ffi.new('char[]', ca_file.encode()) if ca_file else ffi.NULL
        options.ca_file = path
        made = ffi.new('mintmark_keyset **')
        code = lib.mintmark_keyset_discover(issuer, options, made)
        if code < 0:
            raise error_of(code, ffi.string(lib.mintmark_error_text(code)).decode())
        return ffi.gc(made[0], lib.mintmark_keyset_free)

    def check(self, token: str, scopes: str | Iterable[str] = '') -> Token:
        """The token, accepted; or TokenError."""
        data, wanted = token.encode(errors='replace'), _join(scopes).encode()
        made = ffi.new('mintmark_token **')
        verdict = lib.mintmark_verifier_check(self._verifier, data, len(data), wanted, made)
        if verdict == lib.MINTMARK_VERDICT_VALID:
            return Token(made[0])
        raise TokenError(lib.mintmark_verdict_status(verdict), ffi.string(lib.mintmark_verdict_name(verdict)).decode(),
                         ffi.string(lib.mintmark_verdict_text(verdict)).decode())

    def explain(self, token: str, scopes: str | Iterable[str] = '') -> str:
        """What was checked and what came of it, for logs."""
        data, room = token.encode(errors='replace'), ffi.new('char[]', _TEXT_MAX)
        lib.mintmark_verifier_explain(self._verifier, data, len(data), _join(scopes).encode(), room, _TEXT_MAX)
        return ffi.string(room).decode(errors='replace')

    def check_header(self, header: str | None, scopes: str | Iterable[str] = '') -> Token:
        """The value of an Authorization header (RFC 6750 2.1); TokenError also when there is none."""
        scheme, _, token = (header or '').partition(' ')
        if scheme.lower() != 'bearer' or not token.strip():
            raise TokenError(401, 'missing', 'This needs an access token in the Authorization header.')
        return self.check(token.strip(), scopes)

    def requires(self, *scopes: str) -> Callable[..., Token]:
        """A FastAPI dependency: Depends(verifier.requires('a:read'))."""
        from ._asgi import dependency
        return dependency(self, scopes)

    def asgi(self, app: Any, scopes: str | Iterable[str] = '', public: Iterable[str] = ()) -> Any:
        """ASGI middleware (FastAPI, Starlette): the token is request.scope['mintmark.token']."""
        from ._asgi import Middleware
        return Middleware(app, self, scopes, public)

    def wsgi(self, app: Any, scopes: str | Iterable[str] = '', public: Iterable[str] = ()) -> Any:
        """WSGI middleware (Flask, Django): the token is environ['mintmark.token']."""
        from ._wsgi import Middleware
        return Middleware(app, self, scopes, public)


def _join(scopes: str | Iterable[str]) -> str:
    return scopes if isinstance(scopes, str) else ' '.join(scopes)


def challenge(error: TokenError, scopes: str | Iterable[str] = '') -> str:
    """WWW-Authenticate (RFC 6750 3): no error code where no token came."""
    if error.reason == 'missing':
        return 'Bearer'
    if error.status == 403:
        return f'Bearer error="insufficient_scope", scope="{_join(scopes)}"'
    return f'Bearer error="invalid_token", error_description="{str(error)}"'


def answer(error: TokenError, scopes: str | Iterable[str] = '') -> tuple[int, list[tuple[str, str]], bytes]:
    """Status, headers and body of a refusal."""
    name = {401: 'invalid_token', 403: 'insufficient_scope'}.get(error.status, 'temporarily_unavailable')
    headers = [('Content-Type', 'application/json'), ('Cache-Control', 'no-store')]
    if error.status in (401, 403):
        headers.append(('WWW-Authenticate', challenge(error, scopes)))
    return error.status, headers, json.dumps({'error': name, 'error_description': str(error)}).encode()
