"""An auth object for `requests`: the token in each request, one more request after a 401."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests
from requests.auth import AuthBase

if TYPE_CHECKING:
    from ._client import Client


class RequestsAuth(AuthBase):
    """requests takes the header off itself when it follows a redirect to another host."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        token = self.client.token()
        request.headers['Authorization'] = f'Bearer {token}'
        body: Any = request.body
        position = body.tell() if hasattr(body, 'tell') else None

        def again(response: requests.Response, **options: Any) -> requests.Response:
            moved = response.request.headers.get('Authorization') != f'Bearer {token}'  # another host, by a redirect
            if response.status_code != 401 or moved or (hasattr(body, 'read') and position is None):
                return response
            if not self.client.renew(token):
                return response
            response.content  # the connection is free again
            response.close()
            if position is not None:
                body.seek(position)
            copy = response.request.copy()
            copy.headers['Authorization'] = f'Bearer {self.client.token()}'
            copy.deregister_hook('response', again)
            answer = response.connection.send(copy, **options)
            answer.history.append(response)
            answer.request = copy
            return answer

        request.register_hook('response', again)
        return request
