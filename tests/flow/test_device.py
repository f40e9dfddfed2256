"""The device grant over the wire, with the page where it is approved: RFC 8628. Ledger lines 8628-1 to 8628-11."""
import re
import threading
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

import harness
import people
import world as worlds

DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'
PATHS = ('/oauth2/device_authorization', '/connect/deviceauthorization')
SCOPE = 'openid email offline_access tv:watch'


class Mint:
    """A server with an API, and programs that registered themselves."""

    def __init__(self, folder):
        self.server = harness.Server(folder / 'var')
        worlds.configure(self.server, registration__access='open', throttle__failures=100000, device__guesses=1000, device__interval_s=60,
                         registration__scopes='[openid, profile, email, roles, offline_access, "tv:watch"]')
        self.server.start()
        self.server.cli('api', 'create', '--audience', 'https://tv.example', '--scope', 'tv:watch Watch television')
        self.tv = self.app('Television')

    def app(self, name, **metadata):
        made = self.server.post('/oauth2/register', json={
            'client_name': name, 'token_endpoint_auth_method': 'none', 'grant_types': [DEVICE, 'refresh_token'], **metadata})
        assert made.status_code == 201, made.text
        return made.json()

    def ask(self, app=None, path=PATHS[0], auth=None, headers=None, **form):
        return self.server.post(path, {'client_id': (app or self.tv)['client_id'], 'scope': SCOPE, **form}, auth=auth, headers=headers)

    def begin(self, **more):
        answer = self.ask(**more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def poll(self, code, app=None, **form):
        return self.server.post('/oauth2/token', {'grant_type': DEVICE, 'device_code': code, 'client_id': (app or self.tv)['client_id'], **form})


@pytest.fixture(scope='module')
def mint(tmp_path_factory):
    made = Mint(tmp_path_factory.mktemp('device'))
    yield made
    made.server.stop()


@pytest.fixture(scope='module')
def alice(mint):
    """A browser with somebody signed in."""
    browser = people.Browser(mint.server)
    browser.person = people.sign_up_account(mint.server, browser=browser)
    return browser


def decide(browser, begun, button='Approve'):
    page = browser.get(path_of(begun['verification_uri_complete']))
    assert page.status == 200, page.text
    return browser.submit(page, '/device', button=button)


def path_of(url):
    parts = urlsplit(url)
    return parts.path + ('?' + parts.query if parts.query else '')


def error(answer, status, code):
    assert (answer.status_code, answer.json()['error']) == (status, code), answer.text
    assert answer.headers['Cache-Control'] == 'no-store' and answer.headers['Content-Type'] == 'application/json'


@pytest.mark.parametrize('path', PATHS)
def test_answer(mint, path):
    """8628-3, 8628-6, 8628-9: RFC 8628 3.2, 6.1."""
    answer = mint.ask(path=path)
    assert answer.headers['Cache-Control'] == 'no-store'
    begun = answer.json()
    assert set(begun) == {'device_code', 'user_code', 'verification_uri', 'verification_uri_complete', 'expires_in', 'interval'}
    assert (begun['interval'], begun['expires_in']) == (60, 600)
    assert re.fullmatch('[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}', begun['user_code'])
    assert begun['verification_uri'] == mint.server.issuer + '/device'
    assert parse_qs(urlsplit(begun['verification_uri_complete']).query) == {'user_code': [begun['user_code']]}
    document = mint.server.get('/.well-known/openid-configuration').json()
    assert document['device_authorization_endpoint'] == mint.server.issuer + PATHS[0]
    assert DEVICE in document['grant_types_supported']


def test_client_authentication(mint):
    """8628-8: as at the token endpoint, RFC 8628 3.1."""
    keeper = mint.app('Keeper', token_endpoint_auth_method='client_secret_basic')
    pair = keeper['client_id'], keeper['client_secret']
    assert mint.server.post(PATHS[0], {'scope': 'openid'}, auth=pair).status_code == 200
    error(mint.server.post(PATHS[0], {'scope': 'openid'}, auth=(pair[0], 'wrong')), 401, 'invalid_client')
    error(mint.server.post(PATHS[0], {'scope': 'openid', 'client_id': pair[0]}), 401, 'invalid_client')
    error(mint.server.post(PATHS[0], {'scope': 'openid', 'client_id': 'mmc_nobody'}), 401, 'invalid_client')
    error(mint.server.post(PATHS[0], {'scope': 'openid'}), 401, 'invalid_client')
    error(mint.server.post(PATHS[0], {'scope': 'openid'}, auth=mint.server.client()), 400, 'unauthorized_client')
    site = mint.app('Site', grant_types=['authorization_code'], redirect_uris=['https://a.example/'])
    error(mint.ask(site), 400, 'unauthorized_client')


def test_form_rules(mint):
    """8628-10: repeated, empty and unknown parameters as at the token endpoint (RFC 8628 3.1)."""
    base = f'client_id={mint.tv["client_id"]}'
    kind = {'Content-Type': 'application/x-www-form-urlencoded'}
    for body, status in ((f'{base}&scope=openid&scope=openid', 400), (f'{base}&client_id=x', 400), (f'{base}&scope=%zz', 400),
                         (f'{base}&scope=openid&unknown=1&unknown=2', 200), (f'{base}&scope=', 200)):
        assert mint.server.post(PATHS[0], body, headers=kind).status_code == status, body
    error(mint.server.post(PATHS[0], '{}', headers={'Content-Type': 'application/json'}), 400, 'invalid_request')
    assert mint.server.get(PATHS[0]).status_code == 405


@pytest.mark.parametrize('scope', ['nope', 'openid nope', 'openid  email', '"', 'a\\b', ' '.join(f's{i}' for i in range(10000))])
def test_attack_26_scopes(mint, scope):
    """ATTACKS 26: what is unknown, malformed or too much is refused, not narrowed."""
    answer = mint.ask(scope=scope)
    assert answer.status_code == 400 and answer.json()['error'] in ('invalid_scope', 'invalid_request')


def test_approved(mint, alice):
    """8628-1, 8628-4: pending, slow_down, then tokens, once. RFC 8628 3.5."""
    begun = mint.begin()
    error(mint.poll(begun['device_code']), 400, 'authorization_pending')
    error(mint.poll(begun['device_code']), 400, 'slow_down')
    done = decide(alice, begun)
    assert done.status == 200 and 'Television' in done.title
    got = mint.poll(begun['device_code'])
    assert got.status_code == 200, got.text
    tokens = got.json()
    assert set(tokens['scope'].split()) == set(SCOPE.split()) and tokens['token_type'] == 'Bearer'
    claims = jwt.decode(tokens['access_token'], options={'verify_signature': False})
    assert claims['sub'].startswith('mma_') and claims['client_id'] == mint.tv['client_id'] and claims['aud'] == 'https://tv.example'
    id_claims = jwt.decode(tokens['id_token'], options={'verify_signature': False})
    assert id_claims['aud'] == mint.tv['client_id'] and id_claims['sub'] == claims['sub'] and id_claims['auth_time'] <= id_claims['iat']
    again = mint.server.post('/oauth2/token', {'grant_type': 'refresh_token', 'refresh_token': tokens['refresh_token'],
                                               'client_id': mint.tv['client_id']})
    assert again.status_code == 200, again.text
    # once more: neither tokens now, nor may what was given live on
    error(mint.poll(begun['device_code']), 400, 'invalid_grant')
    error(mint.server.post('/oauth2/token', {'grant_type': 'refresh_token', 'refresh_token': again.json()['refresh_token'],
                                             'client_id': mint.tv['client_id']}), 400, 'invalid_grant')


def test_denied(mint, alice):
    """8628-1"""
    begun = mint.begin()
    assert decide(alice, begun, 'Deny').status == 200
    error(mint.poll(begun['device_code']), 400, 'access_denied')
    assert alice.get(path_of(begun['verification_uri_complete'])).status == 400  # it was decided


def test_bound_to_the_client(mint, alice):
    """8628-5: RFC 8628 3.4."""
    begun, other = mint.begin(), mint.app('Other')
    decide(alice, begun)
    error(mint.poll(begun['device_code'], other), 400, 'invalid_grant')
    assert mint.poll(begun['device_code']).status_code == 200


def test_without_openid_or_offline(mint, alice):
    begun = mint.begin(scope='tv:watch')
    decide(alice, begun)
    tokens = mint.poll(begun['device_code']).json()
    assert 'id_token' not in tokens and 'refresh_token' not in tokens


@pytest.mark.parametrize('code', ['', 'nonsense', 'mmd_' + 'A' * 49, 'x' * 5000])
def test_no_such_code(mint, code):
    answer = mint.poll(code)
    error(answer, 400, 'invalid_grant' if code else 'invalid_request')


def test_attack_23_parallel(mint, alice):
    """ATTACKS 23, 8628-4: 50 at once, exactly one success."""
    begun = mint.begin()
    decide(alice, begun)
    statuses = []

    def redeem():
        answer = harness.requests.post(mint.server.url('/oauth2/token'), timeout=60, proxies={'http': ''}, data={
            'grant_type': DEVICE, 'device_code': begun['device_code'], 'client_id': mint.tv['client_id']})
        statuses.append(answer.status_code)
    threads = [threading.Thread(target=redeem) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [400] * 49


# The page

def test_page_says_who_asks(mint, alice):
    """8628-7, 8628-11: the code is shown although the link held it (RFC 8628 3.3.1); who, where, when, and the warning (5.4)."""
    begun = mint.begin(headers={'User-Agent': 'TV/7 <b>"x"'})
    page = alice.get(path_of(begun['verification_uri_complete']))
    for text in (begun['user_code'], 'Television', mint.tv['client_id'], '127.0.0.1', 'TV/7 <b>"x"', 'Watch television', 'deny', 'somebody sent you'):
        assert text in page.text, text
    assert '<b>' not in page.html  # escaped
    assert "frame-ancestors 'none'" in page.headers['Content-Security-Policy']


def test_attack_47_name_is_escaped(mint, alice):
    """ATTACKS 47: what registered programs call themselves stands on our pages."""
    app = mint.app('<script>alert(1)</script>"\'&')
    page = alice.get(path_of(mint.begin(app=app)['verification_uri_complete']))
    assert '<script>alert' not in page.html and '<script>alert(1)</script>' in page.text


@pytest.mark.parametrize('typed', [str.lower, lambda c: c.replace('-', ''), lambda c: ' '.join(c), lambda c: f' {c.lower()}. '])
def test_typed_codes(mint, alice, typed):
    """8628-6: neither case nor separators count."""
    begun = mint.begin()
    page = alice.submit(alice.get('/device'), '/device', user_code=typed(begun['user_code']))
    assert page.status == 200 and begun['user_code'] in page.text
    assert alice.submit(page, '/device', button='Deny').status == 200


def test_needs_sign_in_and_csrf(mint, alice):
    """A link decides nothing, and no other site decides anything: ATTACKS 47."""
    begun = mint.begin()
    stranger = people.Browser(mint.server)
    page = stranger.get(path_of(begun['verification_uri_complete']), follow=False)
    assert page.status == 303 and page.location.startswith('/signin?continue=') and begun['user_code'] in page.location
    page = stranger.post('/device', {'user_code': begun['user_code'], 'decision': 'approve'}, follow=False)
    assert page.status in (303, 403)
    for data, headers in (({}, {}), ({'csrf': 'x' * 43}, {})):
        page = alice.post('/device', {'user_code': begun['user_code'], 'decision': 'approve', **data}, headers=headers)
        assert page.status == 403
    shown = alice.get(path_of(begun['verification_uri_complete']) + '&decision=approve')
    assert shown.status == 200 and 'Approve' in shown.html
    crossed = alice.submit(shown, '/device', button='Approve', headers={'Origin': 'https://evil.example'})
    assert crossed.status == 403
    error(mint.poll(begun['device_code']), 400, 'authorization_pending')


def test_sign_in_comes_back(mint):
    """RFC 8628 3.3: whoever is not signed in types nothing twice."""
    begun, browser = mint.begin(), people.Browser(mint.server)
    person = people.sign_up_account(mint.server)
    page = browser.get(path_of(begun['verification_uri_complete']))
    page = browser.submit(page, '/signin', email=person.email, password=person.password)
    assert begun['user_code'] in page.text
    assert browser.submit(page, '/device', button='Approve').status == 200
    assert mint.poll(begun['device_code']).status_code == 200


def test_approval_is_noted(mint, alice):
    begun = mint.begin()
    decide(alice, begun)
    assert mint.poll(begun['device_code']).status_code == 200
    entries = mint.server.cli('audit', 'list')['entries']
    mine = [entry for entry in entries if entry['action'] in ('device.approve', 'device.redeem')]
    assert mine[-2]['actor'].startswith('account:mma_') and mine[-2]['target'] == mint.tv['client_id']
    assert mine[-1]['actor'] == 'client:' + mint.tv['client_id']
    log = mint.server.log()
    assert begun['device_code'] not in log and begun['device_code'] not in str(entries)


def test_a_yes_is_kept_as_the_consent_page_keeps_it(mint, alice):
    """With the API that a scope is of: the same word at another API is another permission."""
    app = mint.app('Both', grant_types=[DEVICE, 'authorization_code'], redirect_uris=['https://tv.example/cb'])
    decide(alice, mint.begin(app=app, scope='openid tv:watch'))
    query = {'client_id': app['client_id'], 'redirect_uri': 'https://tv.example/cb', 'response_type': 'code', 'scope': 'openid tv:watch',
             'code_challenge': 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', 'code_challenge_method': 'S256'}
    page = alice.get('/oauth2/authorize', params=query, follow=False)
    assert page.headers.get('Location', '').startswith('https://tv.example/cb?code='), page.text
    assert alice.get('/oauth2/authorize', params={**query, 'scope': 'openid email'}, follow=False).status == 200


def test_guessing_is_slow(tmp_path):
    """8628-6: RFC 8628 5.1: wrong codes are counted by account and address; others are not locked out."""
    mint = Mint(tmp_path)
    try:
        worlds.configure(mint.server, device__guesses=3, device__guess_window_s=86400)
        worlds.reload(mint.server)
        one, other = people.Browser(mint.server), people.Browser(mint.server)
        people.sign_up_account(mint.server, browser=one)
        people.sign_up_account(mint.server, browser=other)
        begun = mint.begin()
        for code in ('BBBB-BBBB', 'CCCC-CCCC', 'DDDD-DDDD'):
            assert one.submit(one.get('/device'), '/device', user_code=code).status == 400
        page = one.submit(one.get('/device'), '/device', user_code=begun['user_code'])
        assert page.status == 429 and page.headers['Retry-After'], 'the right one is not told apart from wrong ones any more'
        assert begun['user_code'] not in page.text
        assert other.get(path_of(begun['verification_uri_complete'])).status == 200
    finally:
        mint.server.stop()


def test_client_that_ended_gets_nothing(mint, alice):
    """Approved, then the operator disables the program."""
    app = mint.app('Short')
    begun = mint.begin(app=app)
    decide(alice, begun)
    mint.server.cli('client', 'disable', app['client_id'])
    error(mint.poll(begun['device_code'], app), 401, 'invalid_client')
    mint.server.cli('client', 'enable', app['client_id'])
    begun = mint.begin(app=app)
    mint.server.cli('client', 'disable', app['client_id'])
    assert alice.get(path_of(begun['verification_uri_complete'])).status == 400
