"""What a newcomer does first, with the tools that he has: curl, Authlib, requests-oauthlib, PyJWT, jwcrypto, jose."""
import base64
import json
import os
import re
import signal
import stat
import subprocess

import jwcrypto.jwk
import jwcrypto.jwt
import jwt
import pytest
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from oauthlib.oauth2 import BackendApplicationClient
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

import harness
from world import configure

# Which library verifies what in Debian 12's versions: jose 11 knows no EdDSA.
ALGS = ['ES256', 'RS256', 'PS256', 'EdDSA']


def curl(*args):
    return harness.run('curl', '-sS', '--fail-with-body', *args).stdout


def claims_of(token):
    part = token.split('.')[1]
    return json.loads(base64.urlsafe_b64decode(part + '=' * (-len(part) % 4)))


@pytest.fixture(scope='module')
def tokens(server):
    """{alg: (access token, audience)}: one API and one client per algorithm, made by the command line."""
    made = {}
    for alg in ALGS:
        audience = f'https://{alg.lower()}.example'
        server.cli('api', 'create', '--audience', audience, '--alg', alg, '--scope', 'a')
        client = server.cli('client', 'create', '--name', f'for {alg}', '--api', audience, '--scope', 'a')
        response = server.token(auth=(client['client_id'], client['client_secret']))
        assert response.status_code == 200, response.text
        made[alg] = response.json()['access_token'], audience
    return made


# The documented calls, as printed (WIRE.md).

def test_curl_basic(server):
    client_id, secret = server.client()
    answer = json.loads(curl('-X', 'POST', f'{server.issuer}/oauth2/token', '-u', f'{client_id}:{secret}',
                             '-d', 'grant_type=client_credentials'))
    assert answer['token_type'] == 'Bearer' and answer['expires_in'] == 3600 and answer['scope']
    assert claims_of(answer['access_token'])['sub'] == client_id


def test_curl_body(server):
    client_id, secret = server.client('account')
    answer = json.loads(curl('-X', 'POST', f'{server.issuer}/connect/token', '-d', 'grant_type=client_credentials',
                             '-d', f'client_id={client_id}', '-d', f'client_secret={secret}',
                             '-d', 'scope=openid email roles'))
    assert set(answer['scope'].split()) == {'openid', 'email', 'roles'}
    claims = claims_of(answer['access_token'])
    assert claims['client_id'] == client_id and claims['sub'].startswith('mma_')


def test_curl_bearer(server):
    """The third call hands the token to an API; until one is served here, the token must fit such a header."""
    token = server.access_token()
    assert re.fullmatch(r'[A-Za-z0-9._~+/-]+=*', token)
    assert json.loads(curl(f'{server.issuer}/.well-known/jwks.json', '-H', f'Authorization: Bearer {token}'))['keys']


def test_printed_calls_work_when_pasted(new_server):
    """What the quickstart prints is what a newcomer pastes: run each line that starts with curl."""
    server = new_server()
    printed = server.init_output + server.log()
    calls = re.findall(r'^\s*(curl (?:.*\\\n)*.*)$', printed, re.M)
    assert len(calls) >= 2, printed
    for call in calls:
        done = harness.run('sh', '-c', f'. "{server.var}/demo.env"; {call}', cwd=server.var.parent)
        assert 'access_token' in done.stdout, f'{call}: {done.stdout}{done.stderr}'


def test_printed_calls_with_odd_names(new_server, tmp_path):
    """A blank and a quote in the folder's name, a slash at the issuer's end."""
    server = new_server(start=False)
    harness.run(server.binary, 'init', '--var', server.var, '--demo', '--issuer', f'{server.issuer}/', env=server.env)
    odd = tmp_path / "v a'r"
    server.var.rename(odd)
    folder = subprocess.Popen([server.binary, 'serve', '--config', f'{odd.name}/mintmark.yaml'], cwd=tmp_path,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=server.env)
    try:
        printed = [folder.stdout.readline() for _ in range(5)]
        dot = next(line for line in printed if line.startswith('  . '))
        calls = [line for line in printed if line.startswith('  curl ')]
        assert len(calls) == 2, printed
        curl('--retry', '20', '--retry-delay', '1', '--retry-connrefused', f'http://127.0.0.1:{server.port}/.well-known/jwks.json')
        for call in calls:
            assert 'access_token' in harness.run('sh', '-ec', f'{dot}{call}', cwd=tmp_path).stdout
    finally:
        folder.send_signal(signal.SIGTERM)
        folder.wait(20)


# Client libraries, unmodified.

@pytest.mark.parametrize('method', ['client_secret_basic', 'client_secret_post'])
def test_authlib(server, method):
    client_id, secret = server.client()
    with AuthlibSession(client_id, secret, token_endpoint_auth_method=method) as session:
        session.trust_env = False
        token = session.fetch_token(f'{server.issuer}/oauth2/token', grant_type='client_credentials')
    assert not token.is_expired()
    assert claims_of(token['access_token'])['client_id'] == client_id


def test_authlib_as_the_labelling_sdk_uses_it(server):
    client_id, secret = server.client('account')
    with AuthlibSession(client_id, secret, scope='openid roles email', leeway=60) as session:
        session.trust_env = False
        token = session.fetch_token(f'{server.issuer}/connect/token', grant_type='client_credentials')
    assert token['expires_in'] > 60 and 'refresh_token' not in token


@pytest.mark.parametrize('in_body', [False, True])
def test_requests_oauthlib(server, in_body, monkeypatch):
    monkeypatch.setenv('OAUTHLIB_INSECURE_TRANSPORT', '1')  # it refuses http even on loopback
    client_id, secret = server.client()
    with OAuth2Session(client=BackendApplicationClient(client_id)) as session:
        session.trust_env = False
        how = {'client_secret': secret, 'include_client_id': True} if in_body else {
            'auth': HTTPBasicAuth(client_id, secret)}
        token = session.fetch_token(f'{server.issuer}/oauth2/token', **how)
    assert claims_of(token['access_token'])['sub'] == client_id


# Verifiers, from the key set that the metadata names.

@pytest.fixture(scope='module')
def key_set(server, tokens):
    del tokens  # their keys exist only after the first API of an algorithm
    metadata = server.get('/.well-known/openid-configuration').json()
    assert metadata['issuer'] == server.issuer
    return server.http.get(metadata['jwks_uri'], timeout=60).json()


@pytest.mark.parametrize('alg', ALGS)
def test_pyjwt(server, tokens, key_set, alg):
    token, audience = tokens[alg]
    keys = {k['kid']: jwt.PyJWK(k) for k in key_set['keys']}
    header = jwt.get_unverified_header(token)
    assert header['typ'] == 'at+jwt' and header['alg'] == alg
    claims = jwt.decode(token, keys[header['kid']].key, algorithms=[alg], audience=audience, issuer=server.issuer,
                        options={'require': ['iss', 'exp', 'aud', 'sub', 'iat', 'jti']})
    assert claims['scope'] == 'a'
    with pytest.raises(jwt.InvalidAudienceError):
        jwt.decode(token, keys[header['kid']].key, algorithms=[alg], audience='https://other.example')


def test_pyjwt_fetches_the_keys(server, tokens):
    """PyJWKClient is what its manual recommends."""
    client = jwt.PyJWKClient(f'{server.issuer}/.well-known/jwks.json')
    token, audience = tokens['ES256']
    jwt.decode(token, client.get_signing_key_from_jwt(token).key, algorithms=['ES256'], audience=audience)


@pytest.mark.parametrize('alg', ALGS)
def test_jwcrypto(tokens, key_set, alg):
    token, audience = tokens[alg]
    keys = jwcrypto.jwk.JWKSet.from_json(json.dumps(key_set))
    verified = jwcrypto.jwt.JWT(jwt=token, key=keys, algs=[alg], check_claims={'aud': audience, 'exp': None})
    assert json.loads(verified.claims)['scope'] == 'a'


@pytest.mark.parametrize('alg', ['ES256', 'RS256', 'PS256'])
def test_jose_command(tokens, key_set, alg, tmp_path):
    token, audience = tokens[alg]
    kid = jwt.get_unverified_header(token)['kid']
    (tmp_path / 'token').write_text(token)
    key = next(k for k in key_set['keys'] if k['kid'] == kid)
    (tmp_path / 'jwk').write_text(json.dumps(key))
    done = harness.run('jose', 'jws', 'ver', '-i', tmp_path / 'token', '-k', tmp_path / 'jwk', '-O-')
    assert json.loads(done.stdout)['aud'] == audience
    head, claims, signature = token.split('.')
    broken = signature[:20] + ('A' if signature[20] != 'A' else 'B') + signature[21:]
    (tmp_path / 'token').write_text(f'{head}.{claims}.{broken}')
    assert harness.run('jose', 'jws', 'ver', '-i', tmp_path / 'token', '-k', tmp_path / 'jwk', check=False).returncode


@pytest.mark.parametrize('alg', ALGS)
def test_our_own_verify(server, tokens, alg):
    token, audience = tokens[alg]
    harness.run(server.binary, 'verify', '--issuer', server.issuer, '--audience', audience, token)
    assert harness.run(server.binary, 'verify', '--issuer', server.issuer, '--audience', 'https://other.example', token,
                       check=False).returncode != 0


# State.

def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def test_secret_files_are_private(server):
    """Everything but the configuration: master key, store and its log, demo.env, sockets."""
    private = [path for path in server.var.rglob('*') if not path.is_dir() and path != server.config]
    assert len(private) >= 3, private
    for path in private:
        assert mode(path) == 0o600, f'{path} has mode {mode(path):o}'
    assert mode(server.var) & 0o007 == 0
    assert server.demo['SERVICE_CLIENT_SECRET'] not in server.config.read_text()


def test_demo_env_names(server):
    assert set(server.demo) >= {'ISSUER', 'SERVICE_CLIENT_ID', 'SERVICE_CLIENT_SECRET', 'ACCOUNT_CLIENT_ID',
                                'ACCOUNT_CLIENT_SECRET', 'API_AUDIENCE'}
    assert re.fullmatch(r'mmc_[A-Za-z0-9_-]+', server.demo['SERVICE_CLIENT_ID'])
    assert re.fullmatch(r'mms_[0-9A-Za-z]{49}', server.demo['SERVICE_CLIENT_SECRET'])
    assert claims_of(server.access_token())['aud'] == server.demo['API_AUDIENCE']


def again(server, port=None):
    """What a second `make run` does."""
    harness.run(server.binary, 'init', '--var', server.var, '--port', port or server.port, '--demo', env=server.env)
    assert harness.read_env(server.var / 'demo.env').items() >= {
        k: v for k, v in server.demo.items() if k != 'ISSUER'}.items()


@pytest.fixture(params=['release', 'sanitized'])
def binary(request):
    return request.getfixturevalue('release') if request.param == 'release' else harness.BINARY


def test_second_start_keeps_the_state(new_server, binary):
    server = new_server(binary=binary)
    keys = server.get('/.well-known/jwks.json').json()
    made = server.cli('client', 'create', '--name', 'kept', '--api', server.demo['API_AUDIENCE'],
                      '--scope', server.token().json()['scope'].split()[0])
    server.stop()
    again(server)
    server.start()
    assert server.get('/.well-known/jwks.json').json() == keys
    assert server.token().status_code == 200
    assert server.token(auth=(made['client_id'], made['client_secret'])).status_code == 200


def test_another_port_is_honoured(new_server, binary):
    server = new_server(binary=binary)
    server.stop()
    server.port = harness.free_port()
    again(server, server.port)
    server.issuer = f'http://127.0.0.1:{server.port}'
    server.start()
    assert server.get('/.well-known/openid-configuration').json()['issuer'] == server.issuer
    assert claims_of(server.access_token())['iss'] == server.issuer


def test_ctrl_c(new_server, binary):
    """A terminal sends SIGINT to the whole process group; keyd and server must not die before their work is done."""
    server = new_server(binary=binary, start=False)
    configure(server, limits__drain_ms=600000)  # then only what ends by itself ends in time
    server.start()
    assert server.token().status_code == 200  # and the connection stays open, idle
    process, family = server.process, set(server.pids().values())
    os.killpg(process.pid, signal.SIGINT)
    try:
        status = process.wait(harness.STOP_S)
    except subprocess.TimeoutExpired:
        pytest.fail(f'still running:\n{server.log()}')
    assert status == 0, server.log()
    assert not any(map(harness.is_alive, family))
    server.check_log()


def test_port_in_use_is_said(new_server):
    first = new_server()
    second = new_server('second', start=False, port=first.port)
    second.launch()
    status = second.process.wait(harness.START_S)
    second.process = None
    assert status != 0
    assert str(first.port) in second.log() and 'in use' in second.log().lower()
