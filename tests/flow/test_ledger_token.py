"""CC-33 to CC-43: the answer and the token in it."""
import base64
import json
import re
import time

import harness
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from jwcrypto import jwk, jws
from world import API_A, API_B, World, basic, check_error, check_token, claims_of, configure, control, header_of, token_request

CLIENTS = ['main', 'both', 'account', 'identity', 'basic', 'short', 'imported', 'demo']


# CC-33 to CC-36: the answer. RFC 6749 5.1.

@pytest.mark.parametrize('path', ['/oauth2/token', '/connect/token'])
def test_cc_33_status_and_headers(world, path):
    response = world.ask(path=path)
    assert response.status == 200
    assert re.fullmatch(r'application/json(; ?charset=utf-8)?', response.header('content-type'), re.I)
    assert response.header('cache-control') == 'no-store' and response.header('pragma') == 'no-cache'
    assert response.header('etag') is None and response.header('set-cookie') is None and response.header('location') is None


@pytest.mark.parametrize('client', CLIENTS)
def test_cc_34_members(world, client):
    """RFC 6749 5.1: expires_in is a number, and tells the truth."""
    answer = check_token(world.ask(auth=client))
    assert answer['token_type'] == 'Bearer'
    claims = claims_of(answer['access_token'])
    assert type(answer['expires_in']) is int and answer['expires_in'] == claims['exp'] - claims['iat'] > 60


def test_cc_35_no_state_no_nulls_no_repeats(world):
    """Response.json() refuses duplicate members; check_token pins the names."""
    answer = check_token(world.ask(state='xyz', response_type='token', redirect_uri='https://x.example'))
    assert None not in answer.values() and 'state' not in answer


def test_cc_36_size_and_alphabet(world):
    """RFC 6749 5.1, A.12: opaque and bounded: no token is longer than 8192 bytes, one of an ordinary client not longer than 1024."""
    assert len(check_token(world.ask())['access_token']) <= 1024
    token = check_token(world.ask(auth='account'))['access_token']
    assert re.fullmatch(r'[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+', token)


def test_cc_36_as_many_scopes_as_a_client_can_have(world):
    """The largest grant either gives a token within the bound, or an error that is no 5xx of ours by accident: 503 says "try again"."""
    scopes = [f'{i:03}' + 'x' * 60 for i in range(250)]
    world.control('api.create', audience='https://large.example', scopes=[{'name': s} for s in scopes])
    pair = world.make(scope=' '.join(scopes[:60]), audiences=['https://large.example'])
    assert len(check_token(world.ask(auth=pair))['access_token']) <= 8192
    pair = world.make(scope=' '.join(scopes), audiences=['https://large.example'])
    response = world.ask(auth=pair)
    if response.status == 200:
        assert len(check_token(response)['access_token']) <= 8192
    else:
        check_error(response, 400, 'invalid_scope')
    check_token(world.ask(auth=pair, scope=scopes[0]))


# CC-37: the header. RFC 9068 2.1.

@pytest.mark.parametrize('audience, alg', [(API_A, 'ES256'), (API_B, 'RS256')])
def test_cc_37_header_and_signature(world, audience, alg):
    """Ledger 9068-1, 9068-7, 7517-3."""
    token = check_token(world.ask(auth='both', resource=audience))['access_token']
    header = header_of(token)
    assert header == {'alg': alg, 'typ': 'at+jwt', 'kid': header['kid']}
    keys = world.server.get('/.well-known/jwks.json').json()['keys']
    key = next(k for k in keys if k['kid'] == header['kid'])
    assert key['alg'] == alg and key.get('use') == 'sig'
    checked = jws.JWS()
    checked.deserialize(token, jwk.JWK.from_json(json.dumps(key)), alg=alg)
    broken = token[:-6] + ('A' if token[-6] != 'A' else 'B') + token[-5:]
    with pytest.raises(jws.InvalidJWSSignature):
        jws.JWS().deserialize(broken, jwk.JWK.from_json(json.dumps(key)), alg=alg)


def test_cc_37_key_set_is_public_only(world):
    """RFC 7517 9.2; ledger 7517-1, 7517-2, 7517-9: every kid once, no symmetric key."""
    keys = world.server.get('/.well-known/jwks.json').json()['keys']
    assert len({k['kid'] for k in keys}) == len(keys) >= 2
    for key in keys:
        assert key['kty'] in ('EC', 'RSA', 'OKP') and not {'d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'oth'} & set(key)
        assert key['alg'] not in ('none', 'HS256')


def test_cc_37_api_cannot_ask_for_none(world):
    from world import Failed
    for alg in ('none', 'HS256', 'RS1', ''):
        with pytest.raises(Failed):
            world.control('api.create', audience=f'https://{alg or "empty"}.example', alg=alg)


# CC-38, CC-39: the claims. RFC 9068 2.2.

@pytest.mark.parametrize('client', CLIENTS)
def test_cc_38_claims(world, client):
    """Ledger 9068-2."""
    answer = check_token(world.ask(auth=client))
    claims = claims_of(answer['access_token'])
    fixed = {'iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti', 'scope'}
    identity = {'email', 'email_verified', 'name', 'roles'} if client in ('account', 'identity') else set()
    assert fixed <= set(claims) <= fixed | identity
    assert claims['client_id'] == world.clients[client][0] and claims['scope'] == answer['scope']
    assert all(isinstance(claims[c], str) and claims[c] for c in fixed - {'exp', 'iat'})


def test_cc_38_subject(world):
    """RFC 9068 2.2: sub is the client where no user stands behind it. RFC 9700 4.15, 9068-8: and no user can be taken for it."""
    assert world.claims(auth='main')['sub'] == world.clients['main'][0]
    assert world.claims(auth='imported')['sub'] == world.clients['imported'][0]
    for client in ('account', 'identity'):
        assert world.claims(auth=client)['sub'] == world.account['account_id']
    assert world.account['account_id'].startswith('mma_') and world.clients['main'][0].startswith('mmc_')


def test_cc_38_identity_claims_by_scope(world):
    def identity(scope):
        claims = world.claims(auth='account', scope=scope)
        return {k: claims[k] for k in ('email', 'email_verified', 'name', 'roles') if k in claims}
    assert identity('m:read') == identity('openid') == {}
    assert identity('openid email') == {'email': 'alice@example.com', 'email_verified': True}
    assert identity('roles m:read') == {'roles': ['user', 'editor']}
    assert identity('profile') == {'name': 'Alice'}


def test_cc_39_issuer(world):
    """RFC 9068 2.2, RFC 8414 3.3: byte for byte what the metadata says."""
    for path in ('/.well-known/openid-configuration', '/.well-known/oauth-authorization-server'):
        assert world.server.get(path).json()['issuer'] == world.claims()['iss'] == world.server.issuer


@pytest.mark.parametrize('path', ['/', '/tenant', '/a/b/'])
def test_cc_39_issuer_with_a_path_or_slash(new_server, path):
    """RFC 8414 3.1: where the metadata of an issuer with a path stands; a trailing slash is kept in `iss`."""
    server = new_server(start=False)
    issuer = f'http://127.0.0.1:{server.port}{path}'
    configure(server, issuer=issuer)
    server.start()
    prefix = path.rstrip('/')
    for at in (f'{prefix}/.well-known/openid-configuration', f'/.well-known/oauth-authorization-server{prefix}'):
        metadata = server.get(at).json()
        assert metadata['issuer'] == issuer
        assert metadata['token_endpoint'] == f'http://127.0.0.1:{server.port}{prefix}/oauth2/token'
        assert server.http.get(metadata['jwks_uri'], timeout=60).json()['keys']
    response = World(server).ask(auth='demo', path=f'{prefix}/oauth2/token')
    assert claims_of(check_token(response)['access_token'])['iss'] == issuer
    check_token(World(server).ask(auth='demo', path=f'{prefix}/connect/token'))


# CC-40: jti.

def many_tokens(server, pair, n, batch=50):
    data = token_request('grant_type=client_credentials', [basic(*pair)], close=False)
    found = []
    with server.connect() as connection:
        for _ in range(n // batch):
            connection.send(data * batch)
            for _ in range(batch):
                response = connection.receive()
                assert response.status == 200, response.body
                found.append(claims_of(response.json()['access_token'])['jti'])
    return found


def test_cc_40_jti_is_unique(new_server):
    """RFC 9068 2.2: across connections and a restart; tests/unit/token draws 10^6."""
    server = new_server(binary=harness.RELEASE if harness.RELEASE.exists() else harness.BINARY)
    found = many_tokens(server, server.client(), 10000) + many_tokens(server, server.client('account'), 5000)
    server.stop()
    server.start()
    found += many_tokens(server, server.client(), 10000)
    assert len(set(found)) == len(found) == 25000
    assert min(map(len, found)) >= 22  # 128 bits


# CC-41, CC-42: times and audiences.

@pytest.mark.parametrize('client, form, lifetime_s', [
    ('main', {}, 3600), ('both', {'resource': API_B}, 600), ('short', {}, 120), ('identity', {}, 3600)])
def test_cc_41_lifetime(world, client, form, lifetime_s):
    """RFC 9068 2.2, RFC 7519 2: whole seconds; the client's lifetime, else the API's, else the server's."""
    before = int(time.time())
    claims = world.claims(auth=client, **form)
    assert type(claims['exp']) is int and type(claims['iat']) is int
    assert before <= claims['iat'] <= int(time.time()) and claims['exp'] - claims['iat'] == lifetime_s


def test_cc_41_lifetime_is_bounded(world):
    from world import Failed
    for lifetime_s in (-1, 1, 10 ** 9, 86401):
        with pytest.raises(Failed):
            world.make(scope='m:read', token_lifetime=lifetime_s)


def test_cc_42_one_audience_per_resource(world):
    """RFC 9068 5: audiences differ, so that a token for one API is none for another; its scopes are that API's."""
    a, b = (world.claims(auth='both', resource=r) for r in (API_A, API_B))
    assert (a['aud'], b['aud']) == (API_A, API_B)
    assert set(a['scope'].split()) & set(b['scope'].split()) == {'shared', 'openid'}
    from world import Failed
    with pytest.raises(Failed):
        world.control('api.create', audience=API_A, scopes=[{'name': 'again'}])


# CC-43: kinds of tokens. RFC 9068 4, RFC 8725 3.11 and 3.12.

def b64u(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


@pytest.fixture(scope='module')
def foreign(tmp_path_factory):
    """A key of our own, and a key set file, to sign what the server would never sign."""
    key = ec.generate_private_key(ec.SECP256R1())
    numbers = key.public_key().public_numbers()
    public = {'kty': 'EC', 'crv': 'P-256', 'alg': 'ES256', 'use': 'sig', 'kid': 'k', 'x': b64u(numbers.x.to_bytes(32, 'big')),
              'y': b64u(numbers.y.to_bytes(32, 'big'))}
    path = tmp_path_factory.mktemp('jwks') / 'jwks.json'
    path.write_text(json.dumps({'keys': [public]}))

    def sign(header, **changes):
        now = int(time.time())
        claims = {'iss': 'https://as.example', 'aud': API_A, 'sub': 's', 'client_id': 'c', 'iat': now, 'exp': now + 300, 'jti': 'j', 'scope': 'm:read'}
        claims = {k: v for k, v in {**claims, **changes}.items() if v is not None}
        text = b64u(json.dumps({'alg': 'ES256', 'kid': 'k', **header}).encode()) + '.' + b64u(json.dumps(claims).encode())
        r, s = decode_dss_signature(key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return text + '.' + b64u(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))
    return path, sign


@pytest.mark.parametrize('header, changes', [
    ({'typ': 'JWT'}, {'nonce': 'n'}), ({}, {}), ({'typ': 'logout+jwt'}, {'events': {}}), ({'typ': 'JWT'}, {}), ({'typ': 'dpop+jwt'}, {}),
    ({'typ': 'revocations+jwt'}, {}), ({'typ': 'at+jwt '}, {}), ({'typ': 'at+jwt'}, {'client_id': None}), ({'typ': 'at+jwt'}, {'jti': None}),
    ({'typ': 'at+jwt'}, {'aud': 'c'}), ({'typ': 'at+jwt'}, {'exp': None})])
def test_cc_43_other_tokens_are_no_access_tokens(foreign, header, changes):
    """RFC 9068 4, 9068-4, 8725-3.11: a resource server refuses what is not typed as an access token: id tokens, logout tokens, untyped ones."""
    path, sign = foreign
    command = [harness.BINARY, 'verify', '--jwks', path, '--issuer', 'https://as.example', '--audience', API_A]
    harness.run(*command, sign({'typ': 'at+jwt'}))
    harness.run(*command, sign({'typ': 'application/at+jwt'}))
    assert harness.run(*command, sign(header, **changes), check=False).returncode not in (0, -6, -11)


def test_cc_43_every_token_of_the_endpoint_is_an_access_token(world):
    for client in CLIENTS:
        assert header_of(check_token(world.ask(auth=client))['access_token'])['typ'] == 'at+jwt'
