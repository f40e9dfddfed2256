"""An auth object for `httpx`, sync and async: the token in each request, one more request after a 401."""
from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, AsyncGenerator, Generator

import httpx

if TYPE_CHECKING:
    from ._client import Client


def _asks_again(response: httpx.Response, token: str) -> bool:
    """401 of a host that saw this token: httpx takes it off when it follows a redirect to another one."""
    return response.status_code == 401 and response.request.headers.get('Authorization') == f'Bearer {token}'


class HttpxAuth(httpx.Auth):
    """Tokens are got in a thread of their own under asyncio, so the loop goes on."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.read()
        token = self.client.token()
        request.headers['Authorization'] = f'Bearer {token}'
        response = yield request
        if _asks_again(response, token) and self.client.renew(token):
            request.headers['Authorization'] = f'Bearer {self.client.token()}'
            yield request

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        await request.aread()
        token = await asyncio.to_thread(self.client.token)
        request.headers['Authorization'] = f'Bearer {token}'
        response = yield request
        if _asks_again(response, token) and await asyncio.to_thread(self.client.renew, token):
            request.headers['Authorization'] = f'Bearer {await asyncio.to_thread(self.client.token)}'
            yield request
