"""What can go wrong, as exceptions. Codes are those of mintmark/error.h."""
from __future__ import annotations


class MintmarkError(Exception):
    """Anything that libmintmark reports. `code` is its number, the text says what to do."""

    code: int

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class NoCredentialsError(MintmarkError):
    """There are no credentials in any of the places looked at; the text names them."""


class CredentialsError(MintmarkError):
    """The server refuses the credentials."""


class ScopeError(MintmarkError):
    """The server refuses the scope or the audience."""


class BusyError(MintmarkError):
    """The server refuses for a while; ask again later."""


class NetworkError(MintmarkError):
    """No connection, no trusted certificate, no answer in time."""


class LoginError(MintmarkError):
    """Somebody has to log in."""


class StorageError(MintmarkError):
    """The place that keeps the login is locked, not there, or does not answer."""


class RejectedError(MintmarkError):
    """The API refuses even a fresh token."""


class TokenError(Exception):
    """A presented token may not be honoured. `status` is 401 or 403 (503: it could not be judged), `reason` names the check."""

    def __init__(self, status: int, reason: str, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.reason = reason


_CLASSES = {-5: NetworkError, -6: NetworkError, -12: NoCredentialsError, -13: CredentialsError, -14: ScopeError,
            -15: BusyError, -18: RejectedError, -19: LoginError, -20: StorageError}


def error_of(code: int, text: str) -> MintmarkError:
    return _CLASSES.get(code, MintmarkError)(code, text)
