"""Gets and checks OAuth 2.0 access tokens.

    from mintmark import Client, Verifier

`Client` finds its credentials by itself, keeps one token per machine and renews it in time. `Verifier` checks tokens that
others present, offline, revocation included. Both may be used from any thread; the interpreter's lock is released during
input and output.
"""
from ._client import Client
from ._errors import (BusyError, CredentialsError, LoginError, MintmarkError, NetworkError, NoCredentialsError,
                      RejectedError, ScopeError, StorageError, TokenError)
from ._verifier import Token, Verifier

__version__ = '0.1.0'
__all__ = ['BusyError', 'Client', 'CredentialsError', 'LoginError', 'MintmarkError', 'NetworkError', 'NoCredentialsError',
           'RejectedError', 'ScopeError', 'StorageError', 'Token', 'TokenError', 'Verifier']
