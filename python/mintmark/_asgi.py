"""ASGI: a middleware for whole applications, a dependency for single operations of FastAPI."""
from __future__ import annotations

import asyncio
from typing import Any, Callable, Iterable

from ._errors import TokenError
from ._verifier import Token, Verifier, answer, challenge


class Middleware:
    """Starlette: Middleware(mintmark.asgi…), or verifier.asgi(app). Only http and websocket are judged."""

    def __init__(self, app: Any, verifier: Verifier, scopes: str | Iterable[str] = '', public: Iterable[str] = ()) -> None:
        self.app, self.verifier, self.public = app, verifier, frozenset(public)
        self.scopes = scopes if isinstance(scopes, str) else ' '.join(scopes)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope['type'] not in ('http', 'websocket') or scope['path'] in self.public:
            await self.app(scope, receive, send)
            return
        values = [value for name, value in scope['headers'] if name == b'authorization']
        header = values[0].decode('latin-1') if len(values) == 1 else None  # two: nobody knows which one counts
        try:
            # the first check may wait for the issuer's keys: not on the loop
            token = await asyncio.to_thread(self.verifier.check_header, header, self.scopes)
        except TokenError as error:
            await self.refuse(scope, send, error)
            return
        await self.app({**scope, 'mintmark.token': token}, receive, send)

    async def refuse(self, scope: dict[str, Any], send: Any, error: TokenError) -> None:
        if scope['type'] == 'websocket':
            await send({'type': 'websocket.close', 'code': 1008})
            return
        status, headers, body = answer(error, self.scopes)
        await send({'type': 'http.response.start', 'status': status,
                    'headers': [(name.lower().encode(), value.encode()) for name, value in headers]})
        await send({'type': 'http.response.body', 'body': body})


def dependency(verifier: Verifier, scopes: Iterable[str]) -> Callable[..., Token]:
    """What Depends() takes: a function of the request. FastAPI runs it in a thread."""
    from starlette.exceptions import HTTPException
    from starlette.requests import Request
    wanted = ' '.join(scopes)

    def check(request: Request) -> Token:
        values = request.headers.getlist('authorization')
        try:
            return verifier.check_header(values[0] if len(values) == 1 else None, wanted)
        except TokenError as error:
            headers = {'WWW-Authenticate': challenge(error, wanted)} if error.status in (401, 403) else None
            raise HTTPException(error.status, str(error), headers=headers) from None

    check.__annotations__ = {'request': Request, 'return': Token}  # FastAPI reads types, not their names
    return check
