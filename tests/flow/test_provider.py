"""The OpenID provider end to end: authorization code with PKCE, id tokens, userinfo, refresh, logout. RFC 6749 4.1, RFC
7636, RFC 9207, OpenID Connect Core 3.1."""
import base64
import hashlib
import json

import people
import pytest
import rp


def claims_of(token):
    return json.loads(base64.urlsafe_b64decode(token.split('.')[1] + '=='))


@pytest.fixture(scope='module')
def ada(server):
    return people.sign_up_account(server, roles=['Pilot'])


@pytest.fixture(scope='module')
def app(server):
    return rp.App(server, '--logout-uri', 'https://app.example/bye')


@pytest.fixture
def browser(server, ada):
    found = people.Browser(server)
    people.sign_in(found, ada)
    return found


def test_code_with_pkce_gives_an_id_token_that_authlib_accepts(server, app, ada):
    """From nothing: sign in, agree, redeem. OIDC-4, OIDC-5, 9207-2, 7636-10, 6749-9."""
    browser = people.Browser(server)
    answer = app.login(browser, ada, state='s &="', nonce='n-1', scope='openid email offline_access')
    assert answer['state'] == 's &="' and answer['iss'] == server.issuer
    tokens = app.redeem(answer)
    assert set(tokens) == {'access_token', 'token_type', 'expires_in', 'refresh_token', 'id_token', 'scope'}
    assert tokens['scope'] == 'openid email offline_access'
    claims = app.check(tokens['id_token'], nonce='n-1', access_token=tokens['access_token'])
    digest = hashlib.sha256(tokens['access_token'].encode()).digest()[:16]
    assert claims['at_hash'] == base64.urlsafe_b64encode(digest).rstrip(b'=').decode()
    assert claims['nonce'] == 'n-1' and claims['amr'] == ['pwd'] and 'azp' not in claims
    access = claims_of(tokens['access_token'])
    assert access['sub'] == claims['sub'] and access['sub'].startswith('mma_') and access['client_id'] == app.id
    info = app.userinfo(tokens['access_token']).json()
    assert info == {'sub': claims['sub'], 'email': ada.email, 'email_verified': info['email_verified']}
