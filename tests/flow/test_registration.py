"""Dynamic registration over the wire: RFC 7591, RFC 7592; ATTACKS 43 and 44. Ledger lines 7591-1 to 7591-11."""
import json
import socket
import threading

import pytest

import harness
import world as worlds

CALLBACK = 'https://app.example/callback'
PATHS = ('/oauth2/register', '/connect/register', '/client/register')


@pytest.fixture(scope='module')
def mint(tmp_path_factory):
    """Open registration, with scopes of an API."""
    made = harness.Server(tmp_path_factory.mktemp('reg') / 'var')
    worlds.configure(made, registration__access='open', device__guesses=1000, throttle__failures=100000,
                     registration__scopes='[openid, profile, email, roles, offline_access, "reg:read"]',
                     registration__grant_types='[authorization_code, refresh_token, client_credentials, '
                                               '"urn:ietf:params:oauth:grant-type:device_code"]')
    made.start()
    made.cli('api', 'create', '--audience', 'https://reg.example', '--scope', 'reg:read', '--scope', 'reg:write')
    yield made
    made.stop()


def register(server, path='/oauth2/register', headers=None, **metadata):
    return server.post(path, json.dumps(metadata), headers={'Content-Type': 'application/json', **(headers or {})})


def good(server, **metadata):
    answer = register(server, **{'redirect_uris': [CALLBACK], **metadata})
    assert answer.status_code == 201, answer.text
    return answer.json()


def bearer(token):
    return {'Authorization': f'Bearer {token}'}


@pytest.mark.parametrize('path', PATHS)
def test_answer_is_201_with_everything(mint, path):
    """7591-1, 7591-2, 7591-3, 7591-9: 201, all metadata with defaults, when the secret ends, no-store."""
    answer = register(mint, path, redirect_uris=[CALLBACK], client_name='App ☀', logo_uri='https://app.example/l.png')
    assert answer.status_code == 201
    assert answer.headers['Cache-Control'] == 'no-store'
    assert answer.headers['Content-Type'] == 'application/json'
    made = answer.json()
    assert made.pop('client_id').startswith('mmc_') and made.pop('client_secret').startswith('mms_')
    assert made.pop('registration_access_token').startswith('mmn_')
    assert made.pop('registration_client_uri') == answer.headers['Location']
    assert made.pop('client_id_issued_at') > 1_600_000_000
    assert made.pop('require_pushed_authorization_requests') is False
    assert set(made.pop('scope').split()) == {'openid', 'profile', 'email', 'roles', 'offline_access', 'reg:read'}
    assert made == {
        'client_name': 'App ☀', 'token_endpoint_auth_method': 'client_secret_basic', 'application_type': 'web',
        'grant_types': ['authorization_code'], 'response_types': ['code'], 'redirect_uris': [CALLBACK],
        'logo_uri': 'https://app.example/l.png', 'id_token_signed_response_alg': 'RS256', 'subject_type': 'public',
        'client_secret_expires_at': 0}


def test_unknown_members_are_ignored(mint):
    """7591-4: RFC 7591 2. They are not echoed either: nobody registered them."""
    made = good(mint, frobnicate={'a': [1, None]}, contacts=['a@b.example'], software_id='x', tos_uri=None)
    assert not {'frobnicate', 'contacts', 'software_id', 'tos_uri'} & set(made)


@pytest.mark.parametrize('metadata, error', [
    ({'jwks': {'keys': []}, 'jwks_uri': 'https://a.example/k'}, 'invalid_client_metadata'),  # 7591-5
    ({'grant_types': ['authorization_code'], 'response_types': []}, 'invalid_client_metadata'),  # 7591-6
    ({'grant_types': ['client_credentials'], 'response_types': ['code']}, 'invalid_client_metadata'),  # 7591-6
    ({'response_types': ['token']}, 'invalid_client_metadata'),
    ({'response_types': ['code', 'id_token']}, 'invalid_client_metadata'),
    ({'grant_types': ['implicit']}, 'invalid_client_metadata'),
    ({'grant_types': ['password']}, 'invalid_client_metadata'),
    ({'grant_types': []}, 'invalid_client_metadata'),
    ({'grant_types': ['refresh_token']}, 'invalid_client_metadata'),
    ({'grant_types': ['client_credentials'], 'token_endpoint_auth_method': 'none'}, 'invalid_client_metadata'),
    ({'token_endpoint_auth_method': 'private_key_jwt'}, 'invalid_client_metadata'),
    ({'token_endpoint_auth_method': 'client_secret_jwt'}, 'invalid_client_metadata'),
    ({'id_token_signed_response_alg': 'none'}, 'invalid_client_metadata'),
    ({'id_token_signed_response_alg': 'HS256'}, 'invalid_client_metadata'),
    ({'subject_type': 'pairwise'}, 'invalid_client_metadata'),
    ({'redirect_uris': None}, 'invalid_redirect_uri'),  # 7591-7
    ({'redirect_uris': []}, 'invalid_redirect_uri'),
    ({'redirect_uris': CALLBACK}, 'invalid_redirect_uri'),
    ({'software_statement': 'garbage'}, 'invalid_software_statement'),  # 7591-7
    ({'software_statement': 'e30.e30.e30'}, 'unapproved_software_statement'),
])
def test_contradictions_are_refused(mint, metadata, error):
    """7591-5, 7591-6, 7591-7: each with its own code; RFC 7591 3.2.2."""
    answer = register(mint, **{'redirect_uris': [CALLBACK], **metadata})
    assert answer.status_code == 400, answer.text
    assert answer.json()['error'] == error
    assert answer.headers['Cache-Control'] == 'no-store'


def test_what_stands_alone_decides_the_other(mint):
    """7591-6: RFC 7591 2.1."""
    assert good(mint, grant_types=['authorization_code', 'refresh_token'])['response_types'] == ['code']
    assert good(mint, response_types=['code'])['grant_types'] == ['authorization_code']
    made = good(mint, grant_types=['urn:ietf:params:oauth:grant-type:device_code'], redirect_uris=None,
                token_endpoint_auth_method='none')
    assert made['response_types'] == [] and made['redirect_uris'] == [] and 'client_secret' not in made


BAD_WEB = ['javascript:alert(1)', 'data:text/html,x', 'http://app.example/cb', 'https://user@app.example/cb', 'https://app.example/cb#x',
           'https://app.example/a/../cb', 'https://app.example/%2e%2e/cb', 'https://app.example\\@evil.example/', 'https://app.example/cb\n', '//app.example/cb',
           'https://*.example/cb', '', 'app.example', 'file:///etc/passwd', 'https:///cb', 'com.example.app:/cb', 7, None, {}, ['https://app.example/cb']]


@pytest.mark.parametrize('uri', BAD_WEB)
def test_attack_44_redirect_uris(mint, uri):
    """7591-8, ATTACKS 44 and 45."""
    answer = register(mint, redirect_uris=[CALLBACK, uri])
    assert (answer.status_code, answer.json()['error']) == (400, 'invalid_redirect_uri'), answer.text


@pytest.mark.parametrize('uri', ['javascript:/alert(1)', 'data:/text', 'vbscript:/x', 'file:/etc/passwd', 'myapp:/cb', 'com.example.app://cb',
                                 'http://10.0.0.1/cb', 'http://127.0.0.1.evil.example/cb', 'http://127.0.0.1@evil.example/cb', 'http://localhost.evil/cb'])
def test_attack_44_redirect_uris_of_native_apps(mint, uri):
    """RFC 8252 7.1: a scheme of one's own has a dot; 7.3: plain http goes to this machine alone."""
    answer = register(mint, redirect_uris=[CALLBACK, uri], application_type='native')
    assert (answer.status_code, answer.json()['error']) == (400, 'invalid_redirect_uri'), answer.text


@pytest.mark.parametrize('uri, native', [('http://127.0.0.1/cb', True), ('http://[::1]:7/cb', True), ('com.example.app:/cb', True),
                                         ('http://127.0.0.1/cb', False), ('com.example.app:/cb', False)])
def test_kind_of_app_decides_about_schemes(mint, uri, native):
    """7591-8: RFC 7591 5, RFC 8252 7."""
    answer = register(mint, redirect_uris=[uri], application_type='native' if native else 'web')
    assert answer.status_code == (201 if native else 400)


@pytest.mark.parametrize('metadata', [
    {'scope': 'openid reg:write'}, {'scope': 'mintmark:clients:write'}, {'scope': 'openid  email'}, {'scope': 'a"b'}, {'scope': ['openid']},
    {'scope': ' '.join(f's{i}' for i in range(10000))}, {'redirect_uris': [CALLBACK + str(i) for i in range(33)]},
    {'client_name': 'x' * 201}, {'client_name': 'a\u202eb'}, {'client_name': ''}, {'client_name': 7},
    {'client_name': '   '}, {'client_name': '\u3164\u200b'}, {'client_name': '\u061cx'},
    {'client_uri': 'javascript:alert(1)'}, {'logo_uri': 'data:image/svg+xml,x'}, {'policy_uri': 'https://u:p@a.example/'},
    {'tos_uri': 'https://a.example/../x'}, {'logo_uri': 'https://a.example/%2E%2e/x'}, {'client_uri': 'https://a.example/"onload='},
    {'client_uri': 'https://' + 'a' * 3000}, {'logo_uri': 'ftp://a.example/'}, {'jwks_uri': 'file:///etc/passwd'}, {'jwks': []},
    {'grant_types': ['authorization_code', None]}, {'response_types': {}}, {'require_pushed_authorization_requests': 'yes'},
])
def test_attack_44_metadata(mint, metadata):
    """ATTACKS 44: scopes above the registrar's, huge arrays, null entries, user information and dot segments."""
    answer = register(mint, **{'redirect_uris': [CALLBACK], **metadata})
    assert answer.status_code == 400, answer.text
    assert answer.json()['error'] in ('invalid_client_metadata', 'invalid_redirect_uri')
    assert 'evil' not in answer.text and 'onload' not in answer.text  # nothing is reflected


def test_scopes_bound_what_the_client_gets(mint):
    """ATTACKS 44, and what was registered works: the token endpoint gives these scopes and no others."""
    made = good(mint, grant_types=['client_credentials'], redirect_uris=None, scope='reg:read')
    assert made['scope'] == 'reg:read'
    pair = made['client_id'], made['client_secret']
    assert mint.token(auth=pair).json()['scope'] == 'reg:read'
    assert mint.token(auth=pair, scope='reg:write').json()['error'] == 'invalid_scope'
    assert mint.token(auth=pair, scope='openid').json()['error'] == 'invalid_scope'


def test_attack_29_no_client_can_choose_its_id(mint):
    """ATTACKS 29, 7591-10: whatever is sent along, the id is ours and new."""
    made = good(mint, client_id='mma_AAAAAAAAAAAAAAAAAAAAAA', client_secret='mine')
    assert made['client_id'].startswith('mmc_') and made['client_secret'] != 'mine'
    assert made['client_id'] != good(mint)['client_id']


def test_body_must_be_one_json_object(mint):
    """7591-9: RFC 7591 3.1."""
    for body, kind, status in (('a=b', 'application/x-www-form-urlencoded', 415), ('{}', 'text/plain', 415), ('[]', 'application/json', 400),
                               ('{"a":1,"a":2}', 'application/json', 400), ('', 'application/json', 400), ('{', 'application/json', 400)):
        answer = mint.post('/oauth2/register', body, headers={'Content-Type': kind})
        assert answer.status_code == status, (body, answer.text)
        assert isinstance(answer.json()['error'], str)
    assert mint.get('/oauth2/register').status_code == 405


class Listener:
    """Counts who connects to it."""

    def __init__(self):
        self.socket = socket.create_server(('127.0.0.1', 0))
        self.port, self.n = self.socket.getsockname()[1], 0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                self.socket.accept()[0].close()
            except OSError:
                return
            self.n += 1


def test_attack_43_nothing_named_by_metadata_is_fetched(mint):
    """ATTACKS 43, 7591-11: a listener stands behind every URL that metadata may name; nobody ever comes. That it hears is tried first."""
    listener = Listener()
    socket.create_connection(('127.0.0.1', listener.port)).close()
    harness.wait_until(lambda: listener.n == 1, 'the listener hears')
    url = f'http://127.0.0.1:{listener.port}/x'
    names = ('jwks_uri', 'sector_identifier_uri', 'logo_uri', 'client_uri', 'policy_uri', 'tos_uri', 'initiate_login_uri',
             'backchannel_logout_uri', 'frontchannel_logout_uri')
    made = good(mint, application_type='native', redirect_uris=[url], post_logout_redirect_uris=[url],
                request_uris=[url], **{name: url for name in names})
    assert made['logo_uri'] == url  # it was taken, and is echoed
    for target in ('169.254.169.254', '[::1]', '[::ffff:127.0.0.1]', '0', '2130706433', '0177.0.0.1'):
        good(mint, **{name: f'http://{target}:{listener.port}/x' for name in names})
    for name in names:  # alone too, and again by an update
        uri = made['registration_client_uri'].replace(mint.issuer, '')
        body = {'client_id': made['client_id'], 'redirect_uris': [url], 'application_type': 'native', name: url}
        assert mint.http.put(mint.url(uri), json=body, headers=bearer(made['registration_access_token']), timeout=60).status_code == 200
    assert mint.get('/healthz').status_code == 200
    mint.stop()  # whatever was still going on has ended
    listener.socket.close()
    assert listener.n == 1
    mint.start()


# RFC 7592

def manage(server, made, method='GET', token=None, **more):
    uri = made['registration_client_uri']
    assert uri.startswith(server.issuer)
    return server.http.request(method, uri, headers=bearer(token or made['registration_access_token']), timeout=60, **more)


def test_read_tells_everything_but_the_secret(mint):
    """RFC 7592 2.1, 3; 7591-2."""
    made = good(mint, client_name='Reader')
    read = manage(mint, made)
    assert read.status_code == 200 and read.headers['Cache-Control'] == 'no-store'
    assert read.json() == {k: v for k, v in made.items() if k != 'client_secret'}


def test_update_replaces_and_defaults_hold_again(mint):
    """RFC 7592 2.2."""
    made = good(mint, client_name='Before', logo_uri='https://app.example/l.png', grant_types=['authorization_code', 'refresh_token'])
    body = {'client_id': made['client_id'], 'client_secret': made['client_secret'], 'redirect_uris': ['https://new.example/cb'], 'scope': 'openid'}
    changed = manage(mint, made, 'PUT', json=body)
    assert changed.status_code == 200, changed.text
    now = changed.json()
    assert now['redirect_uris'] == ['https://new.example/cb'] and now['grant_types'] == ['authorization_code'] and now['scope'] == 'openid'
    assert 'logo_uri' not in now and now['client_name'] == made['client_id'] and 'client_secret' not in now
    assert manage(mint, made).json() == now


def test_update_undoes_nothing_of_an_operator(mint):
    """RFC 7592 2.2: what is not granted is replaced. Reading and replacing the same keeps what an operator gave beyond the policy; what he
    took away, and the duty to push requests, stay."""
    made = good(mint, scope='openid email')
    mint.cli('client', 'update', made['client_id'], '--scope', 'openid email reg:read reg:write', '--require-pushed')
    body = {k: v for k, v in manage(mint, made).json().items()
            if k not in ('registration_access_token', 'registration_client_uri', 'client_secret_expires_at', 'client_id_issued_at')}
    given = body['scope']
    assert {'openid', 'email'} < set(given.split())
    now = manage(mint, made, 'PUT', json=body)
    assert now.status_code == 200 and now.json()['scope'] == given, now.text
    del body['require_pushed_authorization_requests']
    assert manage(mint, made, 'PUT', json=body).json()['require_pushed_authorization_requests'] is True
    mint.cli('client', 'update', made['client_id'], '--scope', 'openid')
    assert mint.cli('client', 'show', made['client_id'])['held'] == ['scopes']
    del body['scope']
    assert manage(mint, made, 'PUT', json=body).json()['scope'] == 'openid'


@pytest.mark.parametrize('change', [
    {'client_id': 'mmc_other'}, {'client_id': None}, {'client_secret': 'mms_other'}, {'registration_access_token': 'x'},
    {'registration_client_uri': 'x'}, {'client_secret_expires_at': 0}, {'client_id_issued_at': 1}, {'token_endpoint_auth_method': 'none'},
    {'scope': 'mintmark:clients:write'}, {'redirect_uris': ['javascript:x']}])
def test_update_refuses(mint, change):
    """RFC 7592 2.2; nothing has changed afterwards."""
    made = good(mint)
    answer = manage(mint, made, 'PUT', json={'client_id': made['client_id'], 'redirect_uris': [CALLBACK], **change})
    assert answer.status_code == 400, answer.text
    assert manage(mint, made).json() == {k: v for k, v in made.items() if k != 'client_secret'}


def test_delete_ends_the_client_and_its_tokens(mint):
    """RFC 7592 2.3: 204, then neither client nor registration token is good."""
    made = good(mint, grant_types=['client_credentials'], redirect_uris=None, scope='reg:read')
    pair = made['client_id'], made['client_secret']
    token = mint.access_token(auth=pair)
    assert manage(mint, made, 'DELETE').status_code == 204
    assert manage(mint, made).status_code == 401
    assert mint.token(auth=pair).json()['error'] == 'invalid_client'
    assert token not in mint.log() and made['registration_access_token'] not in mint.log()


def test_strangers_get_401(mint):
    """RFC 7592 2.1, 7591-10: no token, another's, garbage, of no client: the same answer."""
    one, other = good(mint), good(mint)
    for token in (other['registration_access_token'], 'garbage', one['client_secret']):
        for method in ('GET', 'PUT', 'DELETE'):
            answer = manage(mint, one, method, token=token)
            assert (answer.status_code, answer.json()['error']) == (401, 'invalid_token')
            assert answer.headers['WWW-Authenticate'].startswith('Bearer ')
    assert mint.get('/oauth2/register/' + one['client_id']).status_code == 401
    assert mint.get('/oauth2/register/mmc_nobody', headers=bearer(one['registration_access_token'])).status_code == 401
    assert mint.http.patch(mint.url('/oauth2/register/' + one['client_id'])).status_code == 405
    demo = mint.client()[0]  # a client of the operator's has no registration access token
    assert mint.get('/oauth2/register/' + demo, headers=bearer(one['registration_access_token'])).status_code == 401


# Who may

def test_initial_access_token(new_server):
    """7591-10: by default a token is needed; each is good for one registration, also under a race; none of it is kept in clear."""
    server = new_server()
    answer = register(server, redirect_uris=[CALLBACK])
    assert answer.status_code == 401 and answer.headers['WWW-Authenticate'] == 'Bearer realm="mintmark"'
    assert register(server, redirect_uris=[CALLBACK], headers=bearer('mmn_wrong')).json()['error'] == 'invalid_token'
    made = server.cli('client', 'registration-token', '--label', 'test')
    token = made['registration_token']
    # a refused registration leaves it good
    assert register(server, redirect_uris=['javascript:x'], headers=bearer(token)).status_code == 400
    statuses = []

    def once():
        with harness.requests.Session() as http:
            http.trust_env = False
            statuses.append(http.post(server.url('/oauth2/register'), json={'redirect_uris': [CALLBACK]}, headers=bearer(token), timeout=60).status_code)
    threads = [threading.Thread(target=once) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [201] + [401] * 9
    actions = [entry['action'] for entry in server.cli('audit', 'list')['entries']]
    assert actions.count('client.register') == 1 and actions.count('registration.token') == 1
    assert token.encode() not in (server.var / 'store/mintmark.db').read_bytes()
    assert token not in server.log()
    worlds.configure(server, registration__access='off')
    worlds.reload(server)
    assert register(server, redirect_uris=[CALLBACK]).status_code == 404
    assert 'registration_endpoint' not in server.get('/.well-known/openid-configuration').json()


def test_open_registration_is_bounded(new_server):
    """Strangers write to the store: an address may do that only so often."""
    server = new_server(start=False)
    worlds.configure(server, registration__access='open', device__guesses=3, device__guess_window_s=86400)
    server.start()
    statuses = [register(server, redirect_uris=[CALLBACK]).status_code for _ in range(5)]
    assert statuses == [201] * 3 + [429] * 2
