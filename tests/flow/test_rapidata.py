"""What the Python package rapidata needs, sentence by sentence of docs/rapidata.md: bridge login, credentials by token, discovery."""
import json
import threading
from urllib.parse import quote, urlsplit

import jwt
import pytest

import harness
import people
import world as worlds

API = 'https://api.example.com/measurements'  # of the demo; it has the scope api
SCOPE = 'openid profile email api'
CREDENTIAL_SCOPES = {'openid', 'profile', 'email', 'roles', 'api', 'offline_access'}


class Mint:
    """A server with compat.rapidata, an issuer with a trailing slash, an API with the scope api, and a public program."""

    def __init__(self, folder, **options):
        self.server = harness.Server(folder / 'var')
        worlds.configure(self.server, issuer=self.server.issuer + '/', compat__rapidata=True, registration__access='open', device__guesses=1000,
                         registration__scopes='[openid, profile, email, roles, offline_access, api, "other:read"]', **options)
        self.server.start()
        self.server.cli('api', 'update', API, '--scope', 'api', '--scope', 'other:read')
        made = self.server.post('/client/register', json={
            'client_name': 'Rapidata CLI', 'token_endpoint_auth_method': 'none',
            'grant_types': ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token']})
        assert made.status_code == 201, made.text
        self.client = made.json()['client_id']

    def begin(self, client=None, **more):
        answer = self.server.post(f'/identity/bridge-token?clientId={client or self.client}', **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def page(self, begun, scope=SCOPE, client=None):
        return f'/connect/authorize/external?clientId={client or self.client}&scope={quote(scope)}&writeKey={begun["writeKey"]}'

    def read(self, begun):
        return self.server.get('/identity/bridge-token', params={'readKey': begun['readKey']})

    def login(self, browser, scope=SCOPE):
        begun = self.begin()
        shown = browser.get(self.page(begun, scope))
        assert shown.status == 200, shown.text
        assert browser.submit(shown, '/connect/authorize/external', button='Approve').status == 200
        answer = self.read(begun)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope='module')
def mint(tmp_path_factory):
    made = Mint(tmp_path_factory.mktemp('rapidata'))
    yield made
    made.server.stop()


@pytest.fixture(scope='module')
def alice(mint):
    browser = people.Browser(mint.server)
    browser.person = people.sign_up_account(mint.server, browser=browser)
    return browser


def error(answer, status, code=None):
    """4xx are JSON with a string `error`, never HTML, never a redirect."""
    assert answer.status_code == status, answer.text
    assert answer.headers['Content-Type'] == 'application/json' and isinstance(answer.json()['error'], str)
    assert code is None or answer.json()['error'] == code


def bearer(token):
    return {'Authorization': f'Bearer {token}'}


def test_login(mint, alice):
    """202 while pending, 200 once with tokens made just then, then an error."""
    begun = mint.begin(headers={'User-Agent': 'python-requests/2'})
    assert set(begun) == {'readKey', 'writeKey'} and begun['readKey'] != begun['writeKey']
    assert mint.read(begun).status_code == 202
    assert mint.read(begun).status_code == 202  # every second is fine
    page = alice.get(mint.page(begun))
    for text in ('Rapidata CLI', '127.0.0.1', 'python-requests/2', 'client id and secret', 'somebody sent you'):
        assert text in page.text, text
    assert mint.read(begun).status_code == 202  # looking is not agreeing
    assert alice.submit(page, '/connect/authorize/external', button='Approve').status == 200
    store = (mint.server.var / 'store/mintmark.db').read_bytes() + (mint.server.var / 'store/mintmark.db-wal').read_bytes()
    answer = mint.read(begun)
    assert answer.status_code == 200 and answer.headers['Cache-Control'] == 'no-store'
    got = answer.json()
    assert set(got) == {'accessToken', 'expiresIn', 'idToken', 'tokenType', 'scope'}
    assert got['expiresIn'] == 3600 and got['tokenType'] == 'Bearer' and set(got['scope'].split()) == set(SCOPE.split())
    claims = jwt.decode(got['accessToken'], options={'verify_signature': False})
    assert claims['aud'] == API and claims['iss'] == mint.server.issuer + '/' and claims['email'] == alice.person.email
    for secret in (got['accessToken'], begun['readKey'], begun['writeKey']):
        assert secret.encode() not in store  # nothing was at rest
        assert secret not in mint.server.log()
    error(mint.read(begun), 400, 'invalid_grant')
    page = alice.get(mint.page(begun))
    assert page.status == 409


def test_client_of_the_package(mint, alice):
    """One option is enough: the client that the package names comes into being, once, and nobody else's name does."""
    begun = mint.begin(client='rapidata-cli')
    mint.begin(client='rapidata-cli')
    page = alice.get(mint.page(begun, client='rapidata-cli'))
    assert 'Rapidata Python SDK' in page.text
    assert alice.submit(page, '/connect/authorize/external', button='Approve').status == 200
    assert set(mint.read(begun).json()['scope'].split()) == set(SCOPE.split())
    entries = [entry for entry in mint.server.cli('audit', 'list')['entries'] if entry['target'] == 'rapidata-cli' and entry['action'] == 'client.create']
    assert len(entries) == 1


def test_what_an_operator_ended_stays_ended(mint):
    """The package's own client would come back after a deletion, so there is none while the option is on; a disabled one stays disabled."""
    mint.begin(client='rapidata-cli')
    gone = mint.server.cli('client', 'delete', 'rapidata-cli', '--yes', check=False)
    assert gone.returncode != 0 and 'comes into being again' in gone.stderr
    mint.server.cli('client', 'disable', 'rapidata-cli')
    assert mint.server.post('/identity/bridge-token?clientId=rapidata-cli').status_code == 400
    mint.server.cli('client', 'enable', 'rapidata-cli')


def test_refresh_token_with_offline_access(mint, alice):
    got = mint.login(alice, SCOPE + ' offline_access')
    assert mint.server.post('/connect/token', {'grant_type': 'refresh_token', 'client_id': mint.client,
                                               'refresh_token': got['refreshToken']}).status_code == 200


def test_denied(mint, alice):
    begun = mint.begin()
    assert alice.submit(alice.get(mint.page(begun)), '/connect/authorize/external', button='Deny').status == 200
    error(mint.read(begun), 400, 'access_denied')


def test_bad_requests(mint, alice):
    begun = mint.begin()
    server = mint.server
    error(server.post('/identity/bridge-token'), 400)
    error(server.post('/identity/bridge-token?clientId='), 400)
    error(server.post('/identity/bridge-token?clientId=nobody'), 400, 'unauthorized_client')
    error(server.post('/identity/bridge-token?clientId=' + server.client()[0]), 400, 'unauthorized_client')
    error(server.post(f'/identity/bridge-token?clientId={mint.client}&clientId={mint.client}'), 400, 'invalid_request')
    error(server.get('/identity/bridge-token'), 400)
    for key in ('x', 'x' * 5000, begun['writeKey'], '%zz'):
        error(server.get('/identity/bridge-token?readKey=' + key), 400)
    assert server.http.put(server.url('/identity/bridge-token')).status_code == 405
    # the read key opens no page, another client's name neither, and no scope that the program may not have
    assert alice.get(mint.page({'writeKey': begun['readKey']})).status == 409
    assert alice.get(mint.page(begun, client='mmc_other')).status == 409
    assert alice.get(mint.page(begun, scope='openid mintmark:clients:write')).status == 400
    assert mint.read(begun).status_code == 202


def test_needs_sign_in_and_csrf(mint, alice):
    begun = mint.begin()
    stranger = people.Browser(mint.server)
    page = stranger.get(mint.page(begun), follow=False)
    assert page.status == 303 and page.location.startswith('/signin?continue=')
    for data in ({}, {'csrf': 'x'}):
        page = alice.post('/connect/authorize/external', {'clientId': mint.client, 'scope': SCOPE, 'writeKey': begun['writeKey'],
                                                          'decision': 'approve', **data})
        assert page.status == 403
    assert alice.get(mint.page(begun) + '&decision=approve').status == 200
    assert mint.read(begun).status_code == 202
    person = people.sign_up_account(mint.server)
    page = stranger.submit(stranger.get(mint.page(begun)), '/signin', email=person.email, password=person.password)
    assert stranger.submit(page, '/connect/authorize/external', button='Approve').status == 200
    assert mint.read(begun).status_code == 200


def test_read_key_is_bound_to_the_address(mint, alice):
    """Whoever made the link gets the tokens of whoever clicks it: at least nobody else does, and only from where he asked."""
    begun = mint.begin()
    alice.submit(alice.get(mint.page(begun)), '/connect/authorize/external', button='Approve')
    request = f'GET /identity/bridge-token?readKey={begun["readKey"]} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'.encode()

    def elsewhere():
        with worlds.From(mint.server.port, '127.0.0.2') as connection:
            return connection.send(request).receive()
    assert elsewhere().status == 400
    worlds.configure(mint.server, compat__bind_address=False)
    worlds.reload(mint.server)
    assert elsewhere().status == 200
    worlds.configure(mint.server, compat__bind_address=True)
    worlds.reload(mint.server)


def test_attack_23_parallel_reads(mint, alice):
    """ATTACKS 23: of many who read at once one gets tokens."""
    begun = mint.begin()
    alice.submit(alice.get(mint.page(begun)), '/connect/authorize/external', button='Approve')
    statuses = []

    def read():
        statuses.append(harness.requests.get(mint.server.url('/identity/bridge-token'), params={'readKey': begun['readKey']}, timeout=60,
                                             proxies={'http': ''}).status_code)
    threads = [threading.Thread(target=read) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [400] * 19


# Credentials

@pytest.mark.parametrize('path', ['/Client', '/client'])
def test_credential(mint, alice, path):
    """{clientId, clientSecret}; every scope that the package asks for is permitted, and the account is the subject."""
    token = mint.login(alice)['accessToken']
    answer = mint.server.post(path, json={'displayName': 'host - Python API Client'}, headers={**bearer(token), 'Accept': '*/*'})
    assert answer.status_code == 200 and answer.headers['Cache-Control'] == 'no-store'
    made = answer.json()
    assert set(made) == {'clientId', 'clientSecret'}
    pair = made['clientId'], made['clientSecret']
    for scope in ('openid email api', 'openid roles email', 'openid roles email api', ' '.join(sorted(CREDENTIAL_SCOPES))):
        got = mint.server.token(auth=pair, path='/connect/token', scope=scope)
        assert got.status_code == 200 and 'refresh_token' not in got.json(), got.text
    claims = jwt.decode(got.json()['access_token'], options={'verify_signature': False})
    assert claims['aud'] == API and claims['email'] == alice.person.email and claims['sub'].startswith('mma_')
    info = mint.server.get('/connect/userinfo', headers=bearer(got.json()['access_token']))
    assert info.status_code == 200 and info.json()['sub'] == claims['sub'] and info.json()['email'] == alice.person.email
    assert mint.server.token(auth=pair, scope='other:read').json()['error'] == 'invalid_scope'  # the login did not have it
    mine = mint.server.get('/client/' + pair[0], headers=bearer(token)).json()
    assert set(mine) == {'clientId', 'displayName', 'createdAt'} and mine['displayName'] == 'host - Python API Client'
    assert mint.server.http.delete(mint.server.url(path + '/' + pair[0]), headers=bearer(token), timeout=60).status_code == 204
    error(mint.server.get('/client/' + pair[0], headers=bearer(token)), 404)
    assert mint.server.token(auth=pair).json()['error'] == 'invalid_client'


def test_list(mint):
    """page, page_size, sort=-field, field[op]=v -> {total,page,pageSize,items,totalPages}; one's own only."""
    browser = people.Browser(mint.server)
    people.sign_up_account(mint.server, browser=browser)
    token = mint.login(browser)['accessToken']
    ids = [mint.server.post('/client', json={'displayName': name}, headers=bearer(token)).json()['clientId'] for name in ('beta', 'alpha', 'gamma')]

    def ask(query=''):
        answer = mint.server.get('/clients' + query, headers=bearer(token))
        assert answer.status_code == 200, answer.text
        return answer.json()
    everything = ask()
    assert (everything['total'], everything['page'], everything['pageSize'], everything['totalPages']) == (3, 1, 10, 1)
    assert {item['clientId'] for item in everything['items']} == set(ids)
    assert set(everything['items'][0]) == {'clientId', 'displayName', 'createdAt'}
    names = lambda answer: [item['displayName'] for item in answer['items']]
    assert names(ask('?sort=displayName')) == ['alpha', 'beta', 'gamma'] and names(ask('?sort=-displayName')) == ['gamma', 'beta', 'alpha']
    assert names(ask('?sort=displayName&page=2&page_size=2')) == ['gamma'] and ask('?page_size=2')['totalPages'] == 2
    assert names(ask('?displayName[eq]=beta')) == ['beta'] and names(ask('?displayName%5Bcontains%5D=amm')) == ['gamma']
    assert ask('?createdAt[gt]=2999-01-01T00:00:00Z')['total'] == 0 and ask(f'?clientId[ne]={ids[0]}')['total'] == 2
    assert ask('?page=9')['items'] == []
    for query in ('?page=0', '?page=-1', '?page_size=501', '?sort=secret', '?page=1&page=2', '?page=%zz'):
        error(mint.server.get('/clients' + query, headers=bearer(token)), 400)


def test_who_may(mint, alice):
    """A program that somebody signed in to, with openid; of others nothing can be read or ended."""
    server, token = mint.server, mint.login(alice)['accessToken']
    mine = server.post('/client', headers=bearer(token)).json()
    credential = server.access_token(auth=(mine['clientId'], mine['clientSecret']), scope='openid api')
    made = server.cli('client', 'create', '--name', 'service', '--scope', 'api')
    service = server.access_token(auth=(made['client_id'], made['client_secret']))
    without = mint.login(alice, 'api')['accessToken']
    for bad, status in ((None, 401), ('garbage', 401), (credential, 403), (service, 403), (without, 403)):
        headers = bearer(bad) if bad else {}
        error(server.post('/client', headers=headers), status)
        error(server.get('/clients', headers=headers), status)
        error(server.http.delete(server.url('/client/' + mine['clientId']), headers=headers, timeout=60), status)
    bob = people.Browser(server)
    people.sign_up_account(server, browser=bob)
    other = mint.login(bob)['accessToken']
    for method in ('GET', 'DELETE'):
        for client in (mine['clientId'], server.client()[0], mint.client, 'mmc_nobody', 'x' * 300):
            error(server.http.request(method, server.url('/client/' + client), headers=bearer(other), timeout=60), 404)
    assert server.token(auth=(mine['clientId'], mine['clientSecret'])).status_code == 200
    error(server.http.put(server.url('/client/' + mine['clientId']), headers=bearer(token), timeout=60), 405)


@pytest.mark.parametrize('body, status', [('{"displayName":7}', 400), ('{"displayName":""}', 400), ('[]', 400), ('{', 400), ('{"displayName":"a\\u0000b"}', 400),
                                          (json.dumps({'displayName': 'x' * 201}), 400), ('{}', 200), ('', 200), ('{"other":1}', 200)])
def test_display_names(mint, alice, body, status):
    token = mint.login(alice)['accessToken']
    answer = mint.server.post('/client', body, headers={**bearer(token), 'Content-Type': 'application/json'})
    assert answer.status_code == status, answer.text
    if status != 200:
        error(answer, status)


def test_discovery(mint):
    """The issuer with its trailing slash, /connect/*, /.well-known/jwks, /client/register."""
    document = mint.server.get('/.well-known/openid-configuration').json()
    assert document['issuer'] == mint.server.issuer + '/'
    paths = {name: urlsplit(document[name]).path for name in document if name.endswith(('_endpoint', '_uri'))}
    assert paths['token_endpoint'] == '/connect/token' and paths['jwks_uri'] == '/.well-known/jwks'
    assert paths['authorization_endpoint'] == '/connect/authorize' and paths['userinfo_endpoint'] == '/connect/userinfo'
    assert paths['end_session_endpoint'] == '/connect/logout' and paths['registration_endpoint'] == '/client/register'
    assert document['code_challenge_methods_supported'] == ['S256']
    assert {'client_secret_basic', 'client_secret_post'} <= set(document['token_endpoint_auth_methods_supported'])
    assert {'openid', 'offline_access', 'profile', 'email', 'roles', 'api'} <= set(document['scopes_supported'])


def test_calls_shown_with_a_new_secret_name_the_printed_paths(mint, alice):
    page = alice.submit(alice.get('/tokens/new'), '/tokens/new', name='x', expiry='30')
    assert f'{mint.server.issuer}/connect/token' in page.text and '/oauth2/' not in page.text
    assert f"MINTMARK_ISSUER='{mint.server.issuer}/'" in page.text


def test_off_by_default(server):
    """None of it exists unless it is switched on."""
    for method, path in (('POST', '/identity/bridge-token?clientId=x'), ('GET', '/identity/bridge-token?readKey=x'), ('POST', '/client'),
                         ('POST', '/Client'), ('GET', '/clients'), ('GET', '/client/x'), ('GET', '/connect/authorize/external?writeKey=x')):
        assert server.http.request(method, server.url(path), timeout=60, allow_redirects=False).status_code == 404, path
