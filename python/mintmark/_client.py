"""The client half: tokens to call APIs with."""
from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ._errors import MintmarkError, error_of
from ._native import ffi, lib

if TYPE_CHECKING:
    from ._httpx import HttpxAuth
    from ._requests import RequestsAuth

_TEXT_MAX, _JSON_MAX = 1024, 65536


def _text(value: str | None, keep: list[Any]) -> Any:
    if value is None:
        return ffi.NULL
    keep.append(ffi.new('char[]', value.encode()))
    return keep[-1]


class Client:
    """Gets access tokens and renews them in time.

    Without arguments everything comes from the environment and the person's files: MINTMARK_ISSUER; MINTMARK_CLIENT_ID
    with MINTMARK_CLIENT_SECRET or MINTMARK_CLIENT_SECRET_FILE; MINTMARK_TOKEN_FILE; ~/.config/mintmark/credentials.json; a
    login. `prefix` and `app` are for whoever offers an API and ships an SDK: they take the places of MINTMARK and mintmark.
    `login_storage` says where a new login is kept: auto, file, keyring or secret-service.
    """

    def __init__(self, issuer: str | None = None, *, client_id: str | None = None, client_secret: str | None = None,
                 client_secret_file: str | None = None, token_file: str | None = None, scope: str | None = None,
                 audience: str | None = None, token_endpoint: str | None = None, prefix: str | None = None,
                 app: str | None = None, login_client_id: str | None = None, login_storage: str | None = None,
                 ca_file: str | None = None,
                 timeout: float = 15.0, memory_only: bool = False, plain_http: bool = False, secret_in_body: bool = False,
                 login: bool = True) -> None:
        keep: list[Any] = []
        options = ffi.new('mintmark_client_options *')
        options.size = ffi.sizeof('mintmark_client_options')
        for name, value in (('issuer', issuer), ('client_id', client_id), ('client_secret', client_secret),
                            ('client_secret_file', client_secret_file), ('token_file', token_file), ('scope', scope),
                            ('audience', audience), ('token_endpoint', token_endpoint), ('prefix', prefix), ('app', app),
                            ('login_client_id', login_client_id), ('login_storage', login_storage), ('ca_file', ca_file)):
            setattr(options, name, _text(value, keep))
        options.timeout_ms = max(1, int(timeout * 1000))
        options.flags = (memory_only * lib.MINTMARK_CLIENT_MEMORY_ONLY | plain_http * lib.MINTMARK_CLIENT_PLAIN_HTTP |
                         secret_in_body * lib.MINTMARK_CLIENT_POST | (not login) * lib.MINTMARK_CLIENT_NO_LOGIN)
        made = ffi.new('mintmark_client **')
        code = lib.mintmark_client_new(options, made)
        if code < 0:
            raise error_of(code, ffi.string(lib.mintmark_error_text(code)).decode())
        self._client = ffi.gc(made[0], lib.mintmark_client_free)

    def _check(self, code: int) -> None:
        if code < 0:
            raise error_of(code, self.explain())

    def token(self) -> str:
        """A valid access token."""
        room = ffi.new('char[]', lib.MINTMARK_TOKEN_MAX)
        self._check(lib.mintmark_client_token(self._client, room, lib.MINTMARK_TOKEN_MAX))
        return ffi.string(room).decode()

    def renew(self, token: str) -> bool:
        """The API answered 401 to this token: see to another one. False: a new one would not help."""
        try:
            self._check(lib.mintmark_client_renew(self._client, token.encode()))
        except MintmarkError:
            return False
        return True

    def whoami(self) -> dict[str, Any]:
        """What the server says about the token's subject (userinfo)."""
        room = ffi.new('char[]', _JSON_MAX)
        self._check(lib.mintmark_client_whoami(self._client, room, _JSON_MAX))
        return json.loads(ffi.string(room))

    def source(self) -> str:
        """Where the credentials come from, and where a login is kept, in words."""
        room = ffi.new('char[]', _TEXT_MAX)
        self._check(lib.mintmark_client_source(self._client, room, _TEXT_MAX))
        return ffi.string(room).decode(errors='replace')

    def forget(self) -> None:
        """Drop the kept token."""
        lib.mintmark_client_forget(self._client)

    def logout(self) -> None:
        """End the login, here and at the server, with all its kept tokens; explain() tells what was removed."""
        self._check(lib.mintmark_client_logout(self._client))

    def cancel(self) -> None:
        """End all calls, those under way within about a second."""
        lib.mintmark_client_cancel(self._client)

    def explain(self) -> str:
        """What happened last, in a sentence or two."""
        room = ffi.new('char[]', _TEXT_MAX)
        lib.mintmark_client_explain(self._client, room, _TEXT_MAX)
        return ffi.string(room).decode(errors='replace')

    def requests_auth(self) -> RequestsAuth:
        """For `requests`: requests.get(url, auth=client.requests_auth())."""
        from ._requests import RequestsAuth
        return RequestsAuth(self)

    def httpx_auth(self) -> HttpxAuth:
        """For `httpx`, both of its clients: httpx.AsyncClient(auth=client.httpx_auth())."""
        from ._httpx import HttpxAuth
        return HttpxAuth(self)
