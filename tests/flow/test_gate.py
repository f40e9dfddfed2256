"""mintmark gate: asked directly, and behind nginx and HAProxy as Debian packages them, with the samples of examples/gate.
RFC 6750, RFC 9728, ATTACKS 33 and 35 to 40."""
import re
import signal
import threading
import time
from urllib.parse import unquote

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

import gate_world as gw
import harness

METADATA = 'https://api.example/.well-known/oauth-protected-resource/v1'
IDENTITY = ('subject', 'client-id', 'scope', 'expires', 'operation')


@pytest.fixture(scope='module')
def issuer():
    made = gw.Issuer()
    yield made
    made.stop()


@pytest.fixture(scope='module')
def upstream():
    made = gw.Upstream()
    yield made
    made.stop()


@pytest.fixture(scope='module')
def gate(tmp_path_factory, issuer):
    """Asked directly: mode envoy without a prefix would have no /metrics."""
    made = gw.Gate(tmp_path_factory.mktemp('gate'), issuer, '--path-prefix', '/check')
    yield made
    made.stop()


@pytest.fixture(scope='module')
def told(tmp_path_factory, issuer):
    """Asked by nginx and HAProxy."""
    folder = tmp_path_factory.mktemp('told')
    folder.chmod(0o755)
    made = gw.Gate(folder, issuer, '--mode', 'nginx', unix=True)
    yield made
    made.stop()


@pytest.fixture(scope='module', params=['nginx', 'haproxy'])
def proxy(request, tmp_path_factory, told, upstream):
    start = {'nginx': gw.start_nginx, 'haproxy': gw.start_haproxy}[request.param]
    made = start(tmp_path_factory.mktemp(request.param), told, upstream)
    made.name = request.param
    yield made
    made.stop()


@pytest.fixture
def new_gate(tmp_path, issuer):
    made = []

    def make(*options, **more):
        made.append(gw.Gate(tmp_path, more.pop('issuer', issuer), *options, name=f'gate{len(made)}', **more))
        return made[-1]
    yield make
    for one in made:
        one.stop()


def check(path):
    return '/check' + path


def challenge(response):
    """{parameter: value} of the one challenge; each parameter once (RFC 6750 3)."""
    value = response.header('www-authenticate')
    assert value.startswith('Bearer ')
    pairs = re.findall(r'(\w+)="([^"\\]*)"', value)
    assert ', '.join(f'{k}="{v}"' for k, v in pairs) == value[7:] and len(dict(pairs)) == len(pairs)
    return dict(pairs)


# Answers (RFC 6750).

def test_no_token_gets_a_bare_challenge(gate):
    """RFC 6750 3.1: no error code for who presents nothing, or another scheme, but the scope to ask for; RFC 9728 5.1: where.
    Ledger 6750-1, 6750-2, 6750-8, 9728-5.1."""
    for headers in ([], ['Authorization: Basic YTpi'], ['Authorization: Negotiate x'], ['X-Authorization: Bearer x'],
                    ['Cookie: access_token=x']):  # 6750-10
        response = gate.ask(check('/v1/things/1'), headers=headers)
        assert response.status == 401
        assert challenge(response) == {'realm': 'mintmark', 'scope': 'things:read', 'resource_metadata': METADATA}
        assert response.json()['error'] and response.json()['request_id'] == response.header('x-request-id')
        assert response.header('cache-control') == 'no-store'


def test_allowed_with_identity(gate, issuer):
    response = gate.ask(check('/v1/things/1'), token=issuer.token('x things:read', sub='mma_1', exp=4102444800))
    assert (response.status, response.body) == (200, b'')
    got = {name: response.header(f'x-mintmark-{name}') for name in IDENTITY}
    assert got == {'subject': 'mma_1', 'client-id': 'mmc_test', 'scope': 'x things:read', 'expires': '4102444800',
                   'operation': 'things.get'}
    lower = gate.ask(check('/v1/things/1'), headers=[f'authorization: bEARER  {issuer.token()}'])  # RFC 6750 2.1, 6750-7
    assert lower.status == 200


def test_scopes_and_between_or(gate, issuer):
    """Inside an entry all, between entries one; the challenge names what lacks least (RFC 6750 3.1); ledger 6750-3, 9068-9."""
    for scope, status in (('a:read b:read', 200), ('admin', 200), ('a:read', 403), ('b:read', 403), ('A:READ B:READ', 403),
                          ('a:read,b:read', 403), ('a:readb:read', 403), ('', 403)):
        assert gate.ask(check('/v1/either'), token=issuer.token(scope)).status == status, scope
    response = gate.ask(check('/v1/either'), token=issuer.token('a:read'))
    assert challenge(response)['error'] == 'insufficient_scope' == response.json()['error']
    assert challenge(response)['scope'] == 'a:read b:read'
    assert challenge(response)['resource_metadata'] == METADATA
    assert gate.ask(check('/v1/any'), token=issuer.token('')).status == 200
    assert gate.ask(check('/v1/things/1'), 'POST', token=issuer.token('things:read')).status == 403


def test_undeclared_is_refused_and_says_so(gate, issuer):
    token = issuer.token('things:read things:write admin')
    for method, path in (('GET', '/v1/nothing'), ('DELETE', '/v1/things/1'), ('HEAD', '/v1/public'), ('GET', '/v1/things'),
                         ('GET', '/v1/things/1/'), ('GET', '/things/1'), ('GET', '/V1/things/1'), ('OPTIONS', '/v1/things/1')):
        response = gate.ask(check(path), method, token=token)
        assert response.status == 403, path
        if method != 'HEAD':
            assert 'declares this operation' in response.json()['error_description']
    assert gate.ask(check('/v1/keyed'), token=token).status == 403  # an apiKey: nobody can satisfy it


def test_public_has_empty_identity(gate, issuer):
    """ATTACKS 39: the headers are there, so a proxy that copies them overwrites the client's."""
    for token in (None, issuer.token(), 'nonsense'):
        response = gate.ask(check('/v1/public'), token=token)
        assert response.status == 200
        assert [response.header(f'x-mintmark-{name}') for name in IDENTITY[:4]] == [''] * 4


@pytest.mark.parametrize('headers', [
    ['Authorization: Bearer TOKEN', 'Authorization: Bearer TOKEN'],   # ATTACKS 40, RFC 6750 3.1
    ['Authorization: Bearer TOKEN', 'authorization: Basic YTpi'],
    ['Authorization: Bearer'], ['Authorization: Bearer '], ['Authorization: Bearer TOKEN B'], ['Authorization: Bearer TOKEN,B'],
    ['Authorization: Bearer "TOKEN"'], ['Authorization: Bearer ='],
])
def test_malformed_credentials(gate, issuer, headers):
    response = gate.ask(check('/v1/things/1'), headers=[line.replace('TOKEN', issuer.token()) for line in headers])
    assert response.status == 400
    assert response.json()['error'] == 'invalid_request' == challenge(response)['error']


def test_tokens_in_query_and_body(gate, issuer):
    """RFC 6750 2.2, 2.3: not taken; beside a header a second method (6750-4, 6750-5); in a body of no form it is nothing (6750-6)."""
    token = issuer.token()
    for name in ('access_token', 'access%5Ftoken', '%61ccess_token'):
        for credentials in (None, token):
            assert gate.ask(check(f'/v1/things/1?x=1&{name}={token}'), token=credentials).status == 400
    form = ['Content-Type: application/x-www-form-urlencoded; charset=UTF-8']
    assert gate.ask(check('/v1/things/1'), 'POST', headers=form, body=f'a=b&access_token={token}').status == 400
    for method, kind in (('GET', form[0]), ('GET', 'Content-Type: application/json'), ('POST', 'Content-Type: application/json'),
                         ('POST', 'Content-Type: text/plain')):
        assert gate.ask(check('/v1/things/1'), method, headers=[kind], body=f'access_token={token}').status in (400, 401)
    assert gate.ask(check('/v1/things/1?access_tokens=1&x=access_token'), token=token).status == 200
    assert gate.ask(check('/v1/public?access_token=x')).status == 400


def test_attack_33_tokens_of_other_kinds(gate, issuer):
    """ATTACKS 33: other audiences, issuers and types are 401 invalid_token; ledger 9068-4, 9068-6."""
    other = 'https://api.example/v1/'
    bad = [issuer.token(aud=None), issuer.token(aud=other), issuer.token(aud=[]), issuer.token(aud=['x', other]),
           issuer.token(iss=issuer.url + '/'), issuer.token(iss=issuer.url.upper()), issuer.token(exp=1),
           issuer.token(header={'typ': 'JWT'}), issuer.token(header={'typ': 'dpop+jwt'}),
           issuer.token(header={'typ': 'logout+jwt'}), issuer.token(nbf=4102444800), issuer.token(sub=None),
           issuer.token(key=ec.generate_private_key(ec.SECP256R1())), issuer.token(cnf={'jkt': 'x'}), 'a.b.c', 'x']
    for token in bad:
        response = gate.ask(check('/v1/things/1'), token=token)
        assert response.status == 401 and challenge(response)['error'] == 'invalid_token', token
        assert len(token) < 9 or token not in response.header('www-authenticate') + response.body.decode()
    assert gate.ask(check('/v1/things/1'), token=issuer.token(aud=['x', gw.AUDIENCE])).status == 200


def test_attack_34_bound_tokens(gate, issuer):
    """ATTACKS 34: DPoP is not supported here, so what is bound to a key is refused (RFC 9449 7.1, 7.2)."""
    token = issuer.token()
    for headers in ([f'Authorization: DPoP {token}'], [f'Authorization: DPoP {token}', 'DPoP: x'],
                    [f'Authorization: Bearer {token}', 'DPoP: a', 'DPoP: b'],
                    [f'Authorization: Bearer {issuer.token(cnf={"x5t#S256": "x"})}']):
        response = gate.ask(check('/v1/things/1'), headers=headers)
        assert response.status == 401 and challenge(response)['error'] == 'invalid_token'


def test_attack_35_expires_while_kept(gate, issuer):
    """ATTACKS 35: a token that is kept ends with its exp, and scopes are judged at each call."""
    for life_s in (3, 30, 300):  # a machine that stands still for as long gets more
        end = int(time.time()) + life_s
        token = issuer.token('things:read', exp=end)
        statuses = [gate.ask(check(path), token=token).status for path in ('/v1/things/1', '/v1/admin')]
        if time.time() < end:
            break
    assert statuses == [200, 403]
    harness.wait_until(lambda: time.time() >= end, 'the end of the token')
    assert gate.ask(check('/v1/things/1'), token=token).status == 401


def test_claims_can_not_write_headers(gate, issuer):
    """A line break in a claim would be a header of the caller's."""
    response = gate.ask(check('/v1/any'), token=issuer.token('a b', sub='x\r\nX-Mintmark-Scope: admin', client_id='é%\x7f "'))
    assert response.status == 200
    assert response.header('x-mintmark-subject') == 'x%0D%0AX-Mintmark-Scope:%20admin'
    assert response.header('x-mintmark-scope') == 'a b'
    assert response.header('x-mintmark-client-id') == '%C3%A9%25%7F%20"'


# Metadata (RFC 9728).

def test_metadata(gate, issuer):
    """Ledger 9728-2, 9728-3.1, 9728-3.2, 9728-3.3: `resource` is what the address was derived from."""
    for path in ('/.well-known/oauth-protected-resource/v1', '/.well-known/oauth-protected-resource'):
        response = gate.raw(f'GET {path} HTTP/1.1\r\nHost: x\r\n\r\n'.encode())
        assert response.status == 200 and response.header('content-type') == 'application/json'
        assert response.json() == {
            'resource': gw.AUDIENCE, 'authorization_servers': [issuer.url], 'bearer_methods_supported': ['header'],
            'scopes_supported': ['a:read', 'admin', 'b:read', 'things:read', 'things:write']}
    assert gate.raw(b'GET /.well-known/oauth-protected-resource/v2 HTTP/1.1\r\nHost: x\r\n\r\n').status == 404


def test_direct_questions_need_no_prefix(new_gate, issuer):
    """The default: the path is the request's own, and only the metadata are ours."""
    gate = new_gate()
    assert gate.ask('/v1/things/1').status == 401
    assert gate.ask('/v1/things/1', token=issuer.token()).status == 200
    assert gate.ask('/metrics').status == 403
    metadata = gate.ask('/.well-known/oauth-protected-resource')
    # ATTACKS 39: behind Envoy this is a yes, so it overwrites what the caller said about himself
    assert metadata.status == 200 and [metadata.header(f'x-mintmark-{name}') for name in IDENTITY] == [''] * 5


# What decides (ATTACKS 38).

CLAIMS = ['X-Original-URI: /v1/public', 'X-Original-URL: /v1/public', 'X-Original-Method: GET', 'X-Rewrite-URL: /v1/public',
          'X-Forwarded-Uri: /v1/public', 'X-Forwarded-Method: GET', 'X-Forwarded-Host: evil', 'X-Forwarded-Prefix: /v1/public',
          'Forwarded: for=1', 'X-Envoy-Original-Path: /v1/public']


def test_attack_38_only_the_mode_decides(gate, told, new_gate, issuer):
    """ATTACKS 38: what a client can write beside the place that the mode names changes nothing, there or elsewhere."""
    assert gate.ask(check('/v1/admin'), headers=CLAIMS).status == 401
    original = ['X-Original-Method: GET', 'X-Original-URI: /v1/admin']
    beside = [c for c in CLAIMS if not c.startswith(('X-Original-URI', 'X-Original-Method'))]
    assert told.ask('/check', headers=original + beside).status == 401
    assert told.ask('/check', 'POST', headers=['X-Original-Method: GET', 'X-Original-URI: /v1/public'] + beside).status == 200
    forwarded = new_gate('--mode', 'forwarded')
    assert forwarded.ask('/check', headers=['X-Forwarded-Method: GET', 'X-Forwarded-Uri: /v1/admin', *original]).status == 401
    assert forwarded.ask('/check', headers=['X-Forwarded-Method: GET', 'X-Forwarded-Uri: /v1/public?a']).status == 200
    for headers in ([], original[:1], original[1:], original * 2, original + ['X-Original-URI: /v1/public'],
                    ['X-Original-Method: get', original[1]], ['X-Original-Method: GET X', original[1]],
                    ['X-Original-Method: GET', 'X-Original-URI: ']):
        assert told.ask('/check', headers=headers, token=issuer.token('admin')).status == 400, headers
    assert told.ask('/v1/public').status == 404
    assert told.ask('/check/', headers=original).status == 404


TRICKS = ['//v1/admin', '/v1//admin', '/v1/public/../admin', '/v1/./admin', '/v1/%2e%2e/v1/admin', '/v1/public/%2e%2e/admin',
          '/v1/public/.%2e/admin', '/v1/public/..%2fadmin', '/v1/public%2f..%2fadmin', '/v1%2fadmin', '/v1/public/%2fadmin',
          '/v1/public/..;/admin', '/v1/admin;x', '/v1/admin;a=b', '/v1/public;/../admin', '/v1/admin%3bx', '/v1/public#/../admin',
          '/v1/admin#x', '/v1/admin%23', '/v1/public%23/../admin', '/v1/public?/../admin', '/v1/public%3f/../admin', '/v1/ADMIN',
          '/V1/admin', '/v1/Admin', '/v1/admin.', '/v1/admin./', '/v1/admin/', '/v1/admin%20', '/v1/admin%00', '/v1/admin%00.css',
          '/v1/public/%00/admin', '/v1/public\\..\\admin', '/v1/public/%5c..%5cadmin', '/v1/public/%252e%252e/admin',
          '/v1/public/%c0%ae%c0%ae/admin', '/v1/public/%u002e%u002e/admin', '/v1/%61dmin', '/v1/adm%69n', '/v1/admin%', '/v1/%zz',
          'http://api.example/v1/admin', 'http://api.example//v1/admin', 'http://evil/v1/public/../admin', '/v1/public//../admin',
          '/v1/public/%09/../admin', '/v1/admin?x=/v1/public', '/v1/admin?../public', '/%2fv1/admin', '/.%2f/v1/admin',
          '/v1/public/%0d%0aX:y', '/v1/public/..%5cadmin', '/v1/public/%2e', '/health/../v1/admin', '/health/%2e%2e/v1/admin',
          '/health;/../v1/admin', '/health%2f..%2fv1/admin', '/.mintmark/check', '/.well-known/oauth-protected-resource/../../v1/admin']


def readings(target):
    """Every path that a lenient server could take this target for."""
    found, todo = set(), [re.sub(r'^https?://[^/]*', '', target)]
    while todo:
        path = todo.pop()
        if path in found or len(found) > 400:
            continue
        found.add(path)
        todo += [unquote(path), path.replace('\\', '/'), re.sub(r';[^/]*', '', path), path.split('?')[0], path.split('#')[0],
                 re.sub(r'/+', '/', path), path.split('\0')[0], path.rstrip('/. '), re.sub(r'/\./', '/', path), path.lower()]
        step = re.sub(r'/(?!\.\./)[^/]+/\.\.(/|$)', '/', path, count=1)
        todo += [step, re.sub(r'^/\.\./', '/', path)]
    return {p for p in found}


@pytest.mark.parametrize('target', TRICKS)
def test_attack_38_paths(proxy, upstream, target):
    """ATTACKS 38: without a token nothing reaches the API that any reading takes for /v1/admin; what passes is unchanged."""
    del upstream.seen[:]
    response = proxy.ask(target)
    assert response is None or response.status in (200, 400, 401, 403, 404), response
    for got in upstream.seen:
        assert got['target'] == target.split('#')[0]
        served = readings(got['target'].split('?')[0])
        assert not {p for p in served if p.rstrip('/') == '/v1/admin'}, f'{got["target"]} was served unasked'
    if response is not None and response.status == 200:
        assert upstream.seen, 'who answered?'


def test_attack_38_same_path_served_as_judged(proxy, upstream, issuer):
    """With a token: what the gate allowed is, byte for byte, what the API got."""
    token = issuer.token('things:read admin')
    for target, status in (('/v1/things/a%20b?x=%2F', 200), ('/v1/things/%C3%A9', 200), ('/v1/%61dmin', 200), ('/v1/admin?', 200),
                           ('/v1//admin', 403), ('/v1/admin/', 403), ('/v1/x/../admin', 400), ('/v1/things/a%2fb', 400)):
        del upstream.seen[:]
        assert proxy.ask(target, token=token).status == status, target
        assert [got['target'] for got in upstream.seen] == ([target] if status == 200 else [])


def test_attack_38_headers_of_the_client(proxy, upstream):
    """ATTACKS 38: the client's own X-Original-… and X-Forwarded-… neither decide nor reach the API."""
    del upstream.seen[:]
    assert proxy.ask('/v1/admin', headers=CLAIMS).status == 401
    assert not upstream.seen
    underscored = [c.split(':')[0].replace('-', '_') + ':' + c.split(':')[1] for c in CLAIMS]
    assert proxy.ask('/v1/public', headers=CLAIMS + underscored).status == 200
    names = {name.lower().replace('_', '-') for name, _ in upstream.seen[0]['headers']}
    assert not names & {'x-original-uri', 'x-original-url', 'x-original-method', 'x-rewrite-url', 'x-forwarded-uri',
                        'x-forwarded-method', 'x-forwarded-host', 'x-forwarded-prefix', 'forwarded'}


# Identity (ATTACKS 39).

def spellings(name):
    yield from {name, name.lower(), name.upper(), name.replace('-', '_'), name.lower().replace('-', '_'),
                name.upper().replace('-', '_'), name.replace('-', '_', 1), name[::-1].replace('-', '_', 1)[::-1], name.swapcase()}


@pytest.mark.parametrize('route, method, status', [
    ('/v1/things/1', 'GET', 200), ('/v1/public', 'GET', 200), ('/v1/public', 'OPTIONS', 200), ('/health', 'GET', 200),
    ('/health', 'OPTIONS', 200)])
def test_attack_39_identity_of_the_client(proxy, upstream, issuer, route, method, status):
    """ATTACKS 39: no spelling of our headers passes from the client, on allowed, public and unauthenticated routes."""
    names = ['X-Mintmark-Subject', 'X-Mintmark-Client-Id', 'X-Mintmark-Scope', 'X-Mintmark-Expires', 'X-Mintmark-Operation']
    token = issuer.token(sub='mma_real') if 'things' in route else None
    for name in names:
        del upstream.seen[:]
        headers = [f'{spelling}: evil' for spelling in spellings(name)]
        response = proxy.ask(route, method, token=token, headers=headers)
        assert response.status == status and len(upstream.seen) == 1
        got = [(k.lower().replace('_', '-'), v) for k, v in upstream.seen[0]['headers']]
        assert 'evil' not in [v for _, v in got], got
        ours = {k: v for k, v in got if k.startswith('x-mintmark')}
        assert len(ours) == len([k for k, _ in got if k.startswith('x-mintmark')])
        if token:
            assert ours['x-mintmark-subject'] == 'mma_real' and ours['x-mintmark-scope'] == 'things:read'
        else:
            assert not set(ours) - {'x-mintmark-operation'}


# Smuggling (ATTACKS 40).

@pytest.mark.parametrize('name, lines', [
    ('two lengths', ['Content-Length: 5', 'Content-Length: 6']), ('length and coding', ['Content-Length: 5', 'Transfer-Encoding: chunked']),
    ('folded', ['X-A: b', ' c']), ('space before colon', ['X-A : b']), ('odd coding', ['Transfer-Encoding: xchunked']),
    ('coding twice', ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'])])
def test_attack_40_smuggling(gate, proxy, upstream, issuer, name, lines):
    """ATTACKS 40: the gate refuses all of it; a proxy refuses, or sends on exactly one request that was judged."""
    head = '\r\n'.join(['POST {} HTTP/1.1', 'Host: x', 'Connection: close', f'Authorization: Bearer {issuer.token("things:write")}', *lines])
    body = '\r\n\r\n0\r\n\r\nGET /v1/admin HTTP/1.1\r\nHost: x\r\n\r\n'
    response = gate.raw((head.format(check('/v1/things/1')) + body).encode())
    assert response.status in (400, 501)
    del upstream.seen[:]
    proxy.raw((head.format('/v1/things/1') + body).encode())
    assert [(got['method'], got['target']) for got in upstream.seen] in ([], [('POST', '/v1/things/1')]), name


def test_attack_40_duplicates_and_overrides(gate, proxy, upstream, issuer):
    """ATTACKS 40: two Authorization headers, and headers that ask for another method than was judged."""
    token, admin = issuer.token(), issuer.token('admin')
    two = [f'Authorization: Bearer {token}', f'Authorization: Bearer {admin}']
    overrides = ['X-HTTP-Method-Override: POST', 'X-Method-Override: POST', 'X-HTTP-Method: POST', 'x_http_method_override: POST']
    del upstream.seen[:]
    assert gate.ask(check('/v1/things/1'), headers=two).status == 400
    assert gate.ask(check('/v1/public'), headers=two).status == 400
    assert proxy.ask('/v1/things/1', headers=two).status == 400
    for line in overrides:
        assert gate.ask(check('/v1/things/1'), token=token, headers=[line]).status == 400
        response = proxy.ask('/v1/things/1', token=token, headers=[line])
        dropped = proxy.name == 'nginx' and '_' in line  # nginx drops such names before it asks
        assert response.status == (200 if dropped else 400)
    for got in upstream.seen:
        assert not [k for k, _ in got['headers'] if 'method' in k.lower()]


# Behind the proxies: what clients see.

def test_client_sees_the_refusal(proxy, issuer):
    """Status, challenge and a JSON error reach the client through each proxy (RFC 6750 3, RFC 9728 5.1)."""
    missing, invalid = proxy.ask('/v1/things/1'), proxy.ask('/v1/things/1', token='x')
    scope, undeclared = proxy.ask('/v1/admin', token=issuer.token()), proxy.ask('/v1/nothing')
    assert [r.status for r in (missing, invalid, scope, undeclared)] == [401, 401, 403, 403]
    assert challenge(missing) == {'realm': 'mintmark', 'scope': 'things:read', 'resource_metadata': METADATA}
    assert challenge(invalid)['error'] == 'invalid_token' == invalid.json()['error']
    assert challenge(invalid)['scope'] == 'things:read'
    assert challenge(scope)['scope'] == 'admin' and scope.json()['error'] == 'insufficient_scope'
    assert undeclared.json()['error'] == 'undeclared_operation'
    assert proxy.ask('/.well-known/oauth-protected-resource/v1').json()['resource'] == gw.AUDIENCE


def test_gate_is_away(tmp_path, issuer, upstream):
    """Nothing passes when nobody can be asked."""
    tmp_path.chmod(0o755)
    gate = gw.Gate(tmp_path, issuer, '--mode', 'nginx', unix=True)
    proxies = [gw.start_nginx(tmp_path, gate, upstream), gw.start_haproxy(tmp_path, gate, upstream)]
    gate.stop()
    del upstream.seen[:]
    try:
        for one in proxies:
            response = one.ask('/v1/public')
            assert response.status == 503 and not upstream.seen
            assert one.ask('/health').status == 200
            del upstream.seen[:]
    finally:
        for one in proxies:
            one.stop()


# Keys (ATTACKS 36, 37).

def flood(gate, issuer, n, key):
    """Tokens with n different kids nobody knows, over a few connections; their statuses."""
    statuses, lock = [], threading.Lock()

    def run(part):
        with harness.Connection(gate.port, 60) as connection:
            for i in range(n // 4):
                token = issuer.token(header={'kid': f'nobody-{part}-{i}'}, key=key)
                connection.send(f'GET /check/v1/things/1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n'.encode())
                status = connection.receive().status
                with lock:
                    statuses.append(status)
    threads = [threading.Thread(target=run, args=(part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    return threads, statuses


def test_attack_36_unknown_kids(new_gate):
    """ATTACKS 36: one fetch per interval, and while that one hangs genuine callers get their answers all the same."""
    issuer, stranger, waiting = gw.Issuer(), ec.generate_private_key(ec.SECP256R1()), []
    try:
        began = time.monotonic()
        gate = new_gate('--path-prefix', '/check', issuer=issuer)
        good = issuer.token()
        assert gate.ask(check('/v1/things/1'), token=good).status == 200
        assert issuer.fetches() == 1
        issuer.open.clear()  # the next answer of the issuer hangs

        def fetch_hangs():
            """The interval since the start is over when somebody's unknown key is worth a fetch."""
            waiting.append(harness.Connection(gate.port))
            token = issuer.token(header={'kid': f'early-{len(waiting)}'}, key=stranger)
            waiting[-1].send(f'GET /check/v1/any HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n'.encode())
            time.sleep(0.1)
            return issuer.fetches() == 2
        harness.wait_until(fetch_hangs, 'the second fetch')
        threads, statuses = flood(gate, issuer, 400, stranger)
        for _ in range(50):
            assert gate.ask(check('/v1/things/1'), token=good).status == 200
            assert gate.ask(check('/v1/things/2'), token=issuer.token()).status == 200  # one that is not kept
        for thread in threads:
            thread.join(2 * harness.PATIENCE_S)
        assert set(statuses) == {401} and len(statuses) == 400
        assert issuer.fetches() <= 1 + (time.monotonic() - began) // 10  # the interval
    finally:
        issuer.stop()
        for connection in waiting:
            connection.socket.close()


def test_attack_37_no_keys(new_gate):
    """ATTACKS 37: no keys yet: 503 with Retry-After, never a token let through; public operations go on."""
    issuer = gw.Issuer()
    issuer.down = True
    try:
        gate = new_gate('--path-prefix', '/check', issuer=issuer)
        response = gate.ask(check('/v1/things/1'), token=issuer.token())
        assert response.status == 503 and int(response.header('retry-after')) >= 1
        assert response.json()['error'] == 'temporarily_unavailable'
        assert gate.ask(check('/v1/public')).status == 200
        assert gate.ask(check('/v1/things/1')).status == 401
        harness.wait_until(lambda: ' warn ' in gate.log() and 'tokens_not_judged why="' in gate.log(), 'the reason, for the operator')
    finally:
        issuer.stop()


# Revocation.

def test_attack_35_revoked_while_kept(new_gate):
    """ATTACKS 35: the feed is on by default; a kept token of a revoked client or account is refused, newer ones are not."""
    issuer = gw.Issuer()
    try:
        gate = new_gate('--path-prefix', '/check', issuer=issuer)
        old, other = issuer.token(), issuer.token(client_id='mmc_other', sub='mma_x', jti='j1')
        for token in (old, other):
            assert gate.ask(check('/v1/things/1'), token=token).status == 200
        now = int(time.time())
        issuer.revoked.append({'client_id': 'mmc_test', 'epoch': 1, 'not_before': now, 'until': now + 3600})
        harness.wait_until(lambda: gate.ask(check('/v1/things/1'), token=old).status == 401, 'the revocation')
        assert gate.ask(check('/v1/things/1'), token=issuer.token(epoch=1)).status == 200  # of the same second
        assert gate.ask(check('/v1/things/1'), token=other).status == 200
        issuer.revoked.append({'jti': 'j1', 'until': now + 3600})
        harness.wait_until(lambda: gate.ask(check('/v1/things/1'), token=other).status == 401, 'the revocation')
    finally:
        issuer.stop()


def test_real_issuer(server, tmp_path):
    """Our own server: keys by discovery, the feed on. Regenerating ends the old tokens at the gate, not the new ones."""
    class Real:
        url = server.issuer
    audience = server.demo['API_AUDIENCE']
    spec = gw.SPEC.replace('things:read', 'measurements:read')
    gate = gw.Gate(tmp_path, Real, '--path-prefix', '/check', '--audience', audience, spec=spec)
    try:
        old = server.access_token()
        assert gate.ask(check('/v1/things/1'), token=old).status == 200
        made = server.cli('client', 'secret', 'regenerate', server.client()[0], '--yes')
        fresh = server.access_token(auth=(server.client()[0], made['client_secret']))
        harness.wait_until(lambda: gate.ask(check('/v1/things/1'), token=old).status == 401, 'the revocation')
        assert gate.ask(check('/v1/things/1'), token=fresh).status == 200
    finally:
        gate.stop()


def test_feed_is_away(new_gate):
    """After its stated age the gate refuses with 503 what it can't judge, or accepts, if it was told to."""
    issuer = gw.Issuer()
    try:
        closed = new_gate('--path-prefix', '/check', '--revocation-age', '3s', issuer=issuer)
        open_ = new_gate('--path-prefix', '/check', '--revocation-age', '3s', '--revocation', 'open', issuer=issuer)
        token = issuer.token()
        for gate in (closed, open_):
            harness.wait_until(lambda g=gate: g.ask(check('/v1/things/1'), token=token).status == 200, 'the first answer of the feed')
        issuer.down = True
        harness.wait_until(lambda: closed.ask(check('/v1/things/1'), token=token).status == 503, 'the end of its patience')
        assert int(closed.ask(check('/v1/things/1'), token=token).header('retry-after')) >= 1
        assert open_.ask(check('/v1/things/1'), token=token).status == 200
        assert closed.ask(check('/v1/public')).status == 200
        issuer.down = False
        harness.wait_until(lambda: closed.ask(check('/v1/things/1'), token=token).status == 200, 'the feed')
    finally:
        issuer.stop()


# Life.

def test_reload_keeps_the_old_rules(new_gate, issuer):
    """SIGHUP: new documents count; a bad one changes nothing and the log says where it is bad."""
    gate = new_gate('--path-prefix', '/check')
    token = issuer.token()
    text = gate.spec.read_text()
    gate.spec.write_text(text + "  /new:\n    get: {security: [{oauth: [things:read]}], responses: {default: {description: x}}}\n")
    gate.process.send_signal(signal.SIGHUP)
    harness.wait_until(lambda: gate.ask(check('/v1/new'), token=token).status == 200, 'the new rules')
    for bad in (text + '  /x: [\n', text.replace('things:read', 'no:such', 1) + '  /y: {get: {securty: []}}\n', ''):
        before = gate.log().count('reload_refused')
        gate.spec.write_text(bad)
        gate.process.send_signal(signal.SIGHUP)
        harness.wait_until(lambda: gate.log().count('reload_refused') > before, 'the refusal')
        assert gate.ask(check('/v1/new'), token=token).status == 200
    assert re.search(rf'reload_refused why="{re.escape(str(gate.spec))}:\d+:\d+: ', gate.log())
    assert gate.figure('reloads_failed_total') == 3


def test_peers(new_gate, issuer):
    gate = new_gate('--path-prefix', '/check', '--peer', '192.0.2.0/24', unix=True)
    assert gate.ask(check('/v1/public')).status == 403
    import socket
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(str(gate.socket))
        s.sendall(b'GET /check/v1/public HTTP/1.0\r\n\r\n')
        assert s.recv(100).startswith(b'HTTP/1.1 200')
    assert gate.socket.stat().st_mode & 0o777 == 0o666


def test_command_line(tmp_path, issuer):
    """What is wrong is said, with status 2, or 1 for what stands in a file."""
    spec = tmp_path / 'a.yaml'
    spec.write_text(gw.SPEC.replace('ISSUER', issuer.url))
    good = {'--listen': '127.0.0.1:1', '--openapi': str(spec), '--issuer': issuer.url, '--audience': 'a'}
    for change, status, text in (
            ({'--listen': None}, 2, '--listen'), ({'--listen': 'localhost:1'}, 2, '--listen'), ({'--openapi': None}, 2, '--openapi'),
            ({'--issuer': None}, 2, '--issuer'), ({'--mode': 'guess'}, 2, '--mode'), ({'--socket-mode': '0999'}, 2, '--socket-mode'),
            ({'--peer': '10.0.0.1/8'}, 2, '--peer'), ({'--path-prefix': 'x'}, 2, '--path-prefix'), ({'--realm': 'a"b'}, 2, '--realm'),
            ({'--openapi': '/no/such'}, 1, '/no/such'), ({'--jwks': str(spec)}, 1, str(spec)), ({'--alg': 'HS256'}, 2, '--alg'),
            ({'--alg': 'none'}, 2, '--alg'), ({'--issuer': 'auth.example'}, 2, '--issuer'), ({'--issuer': 'https://'}, 2, '--issuer'),
            ({'--resource': 'urn:x'}, 1, '--resource'), ({'--loops': '0'}, 2, '--loops'), ({'--skew': '1h'}, 2, '--skew')):
        args = [word for k, v in {**good, **change}.items() if v is not None for word in (k, v)]
        done = harness.run(harness.BINARY, 'gate', *args, check=False)
        assert done.returncode == status and text in done.stderr, (change, done.returncode, done.stderr)


def test_log_says_what_nobody_can_call(gate):
    """/keyed of the document; a slip of --issuer would count all of them."""
    assert re.search(r' warn gate\[\d+\] unsatisfiable operations=1 ', gate.log())


def test_ends_and_keeps_its_mouth_shut(new_gate, issuer):
    """Idle connections don't hold the end up (they may be idle for two minutes); no token stands in the log or in the counters."""
    gate = new_gate('--path-prefix', '/check')
    token = issuer.token()
    with harness.Connection(gate.port) as idle:
        gate.ask(check('/v1/things/1'), token=token)
        gate.ask(check(f'/v1/things/1?access_token={token}'), token=token)
        assert gate.figure('answers_total{outcome="allowed"}') == 1
        gate.stop()
        assert idle.is_closed_by_server()
    assert token.split('.')[2] not in gate.log() and token.split('.')[1] not in gate.log()
