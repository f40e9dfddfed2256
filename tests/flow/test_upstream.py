"""Sign in with somebody else's OpenID provider: OpenID Connect Core 3.1.3.7, RFC 9207, RFC 9700 4.4. The provider is
foreign_provider.py, which lies where a test wants it to; at the end another server of ours is the provider."""
import time
from urllib.parse import parse_qs, urlsplit

import pytest

import rp
from foreign_provider import Provider
import harness
from harness import Server
from people import Browser, sign_up_account

SECRET = 's3cret-of-relying'


def configure(server, n, issuer, **more):
    rows = {'issuer': issuer, 'client_id': 'relying', 'client_secret': 'env:UPSTREAM_SECRET', 'label': f'Provider {n}',
            'private_addresses': 'true', **more}
    with open(server.config, 'a') as config:
        config.write(f'upstream{n}:\n' + ''.join(f'  {k}: {v}\n' for k, v in rows.items()))


@pytest.fixture(scope='module')
def provider():
    with Provider() as made:
        yield made


@pytest.fixture(scope='module')
def second():
    with Provider() as made:
        yield made


@pytest.fixture(scope='module')
def server(tmp_path_factory, provider, second):
    server = Server(tmp_path_factory.mktemp('upstream') / 'var', demo=False, env={'UPSTREAM_SECRET': SECRET})
    configure(server, 1, provider.issuer, domains='[example.org]')
    configure(server, 2, second.issuer, create='true')
    server.start()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def honest(provider, second):
    provider.lie()
    second.lie()
    provider.user, second.user = {'sub': 'stranger'}, {'sub': 'stranger'}


def start(browser, n=1, to='/account', **more):
    """Where the sign-in page's link leads."""
    browser.get('/signin', params={'continue': to})
    page = browser.get('/signin/upstream', params={'provider': n, 'continue': to, **more}, follow=False)
    return page.headers.get('Location', ''), page


def sign_in(browser, provider, n=1, **more):
    path, query = provider.approve(start(browser, n)[0], **more)
    return browser.get(path, params=query)


def link(server, provider, subject):
    browser = Browser(server)
    person = sign_up_account(server, browser=browser)
    page = browser.get('/account/upstream')
    form = next(f for f in page.forms if f.fields.get('provider') == '1' and f.fields.get('action') == 'link')
    page = browser.submit(page, form=form)
    url = next(u for u in page.links if u.startswith(provider.issuer))
    provider.user = {'sub': subject, 'email': 'someone@example.net', 'email_verified': True}
    path, query = provider.approve(url)
    page = browser.get(path, params=query)
    assert page.path == '/account/upstream' and 'Connected as someone@example.net' in page.text, page.text
    return browser, person


@pytest.fixture(scope='module')
def ada(server, provider):
    return link(server, provider, 'ada')


def test_the_page_offers_what_is_configured(server, provider):
    page = Browser(server).get('/signin?continue=%2Faccount%3Fa%3Db')
    links = [u for u in page.links if u.startswith('/signin/upstream')]
    assert links == [f'/signin/upstream?provider={n}&continue=%2Faccount%3Fa%3Db' for n in (1, 2)]
    assert 'Sign in with Provider 1' in page.text


def test_a_linked_account_signs_in(server, provider, ada):
    provider.user = {'sub': 'ada'}
    page = sign_in(Browser(server), provider)
    assert page.path == '/account', page.text
    entries = server.cli('audit', 'list')['entries']
    assert 'upstream' in [e['detail'] for e in entries if e['action'] == 'session.create']
    assert 'upstream.link' in [e['action'] for e in entries]


def test_a_stranger_is_told_what_to_do(server, provider):
    provider.user = {'sub': 'nobody', 'email': 'nobody@example.org', 'email_verified': True}
    page = sign_in(Browser(server), provider)
    assert page.status == 403 and 'No account here is connected' in page.text
    assert 'nobody@' not in page.html


LIES = {
    'another issuer': {'bend': {'iss': 'https://evil.example'}},
    'issuer with a slash': {'bend': {'iss': None}},
    'another audience': {'bend': {'aud': 'somebody-else'}},
    'two audiences without azp': {'bend': {'aud': ['relying', 'other']}},
    'another azp': {'bend': {'azp': 'other'}},
    'expired': {'bend': {'exp': 1}},
    'issued in the future': {'bend': {'iat': int(time.time()) + 7200}},
    'another nonce': {'bend': {'nonce': 'other'}},
    'no nonce': {'bend': {'nonce': None}},
    'no subject': {'bend': {'sub': ''}},
    'a long subject': {'bend': {'sub': 'x' * 256}},
    'another at_hash': {'bend': {'at_hash': 'AAAAAAAAAAAAAAAAAAAAAA'}},
    'alg none': {'bend_header': {'alg': 'none'}},
    'alg HS256 with the public key': {'bend_header': {'alg': 'HS256'}},
    'a broken signature': {'tamper': lambda token: token[:-6] + ('AAAAAA' if token[-6:] != 'AAAAAA' else 'BBBBBB')},
    'no token': {'tamper': lambda token: ''},
    'an endless token': {'tamper': lambda token: token + 'A' * 20000},
    'refusal': {'token_status': 400, 'token_body': {'error': 'invalid_grant'}},
    'no JSON': {'token_body': b'<html>'},
    'a list': {'token_body': []},
    'without id token': {'token_body': {'access_token': 'x', 'token_type': 'Bearer'}},
    'another type': {'token_body': {'access_token': 'x', 'token_type': 'DPoP', 'id_token': 'x'}},
}


@pytest.mark.parametrize('lie', LIES)
def test_what_does_not_hold_signs_nobody_in(server, provider, ada, lie):
    provider.user = {'sub': 'ada'}
    provider.lie(**LIES[lie])
    browser = Browser(server)
    page = sign_in(browser, provider)
    assert page.status == 403 and "can't be trusted" in page.text, (page.status, page.text)
    assert not browser.cookie()


def test_attack_46_mix_up_and_wrong_iss(server, provider, second, ada):
    """RFC 9207 2.4, RFC 9700 4.4: an answer without iss, with another, at another provider's redirect URI."""
    provider.user = second.user = {'sub': 'ada'}
    for iss in (None, second.issuer, provider.issuer + '/', 'https://evil.example'):
        browser = Browser(server)
        page = sign_in(browser, provider, iss=iss)
        assert page.status == 403 and not browser.cookie(), iss
        assert [r for r in second.requests if r[1] == '/token'] == []
    browser = Browser(server)
    _, query = provider.approve(start(browser)[0])
    assert browser.get('/signin/upstream/2', params={**query, 'iss': second.issuer}).status == 403
    assert [r for r in second.requests if r[1] == '/token'] == []  # the code went nowhere
    for path in ('/signin/upstream/3', '/signin/upstream/0'):
        assert browser.get(path, params=query).status == 404


def test_a_state_is_good_once_in_its_browser(server, provider, ada):
    provider.user = {'sub': 'ada'}
    browser, thief = Browser(server), Browser(server)
    thief.get('/signin')
    path, query = provider.approve(start(browser)[0])
    assert thief.get(path, params=query).status == 403
    assert not thief.cookie()
    path, query = provider.approve(start(browser)[0])
    assert browser.get(path, params=query).path == '/account'
    assert browser.get(path, params=query).status == 403  # again
    for state in ('', 'x', 'A' * 43):
        assert browser.get(path, params={**query, 'state': state}).status == 403


def test_an_error_is_not_echoed(server, provider):
    browser = Browser(server)
    path, query = provider.approve(start(browser)[0], code=None, error='access_denied',
                                   error_description='<script>alert(1)</script>')
    page = browser.get(path, params=query)
    assert page.status == 403 and 'cancelled or refused' in page.text and 'alert' not in page.html


def test_a_verified_address_joins_only_where_the_provider_speaks_for_it(server, provider):
    server.cli('account', 'create', '--email', 'eve@example.org', '--email-verified')
    cases = [({'email': 'eve@example.org'}, 403), ({'email': 'eve@example.org', 'email_verified': False}, 403),
             ({'email': 'eve@example.org', 'email_verified': 'true'}, 403),
             ({'email': 'eve@example.org', 'email_verified': True}, 200)]
    for number, (claims, status) in enumerate(cases):
        provider.user = {'sub': f'eve-{number}', **claims}
        assert sign_in(Browser(server), provider).status == status, claims
    server.cli('account', 'create', '--email', 'mallory@example.org')  # nobody ever read mail there
    provider.user = {'sub': 'mallory', 'email': 'mallory@example.org', 'email_verified': True}
    assert sign_in(Browser(server), provider).status == 403
    server.cli('account', 'create', '--email', 'eve@example.net', '--email-verified')  # not its domain
    provider.user = {'sub': 'eve-net', 'email': 'eve@example.net', 'email_verified': True}
    assert sign_in(Browser(server), provider).status == 403


def test_a_new_account_is_made_where_that_is_wanted(server, second):
    second.user = {'sub': 'new', 'name': 'Newcomer', 'email': 'new@elsewhere.example', 'email_verified': True}
    page = sign_in(Browser(server), second, 2)
    assert page.path == '/account', page.text
    made = next(a for a in server.cli('account', 'list')['accounts'] if a['email'] == 'new@elsewhere.example')
    assert made['name'] == 'Newcomer'
    second.user['email'] = 'other@elsewhere.example'  # the subject decides from now on
    assert sign_in(Browser(server), second, 2).path == '/account'
    assert len([a for a in server.cli('account', 'list')['accounts'] if a['email'].endswith('elsewhere.example')]) == 1


def test_userinfo_fills_in_the_address(server, second):
    second.user = {'sub': 'by-userinfo'}
    second.lie(userinfo={'sub': 'another', 'email': 'info@elsewhere.example', 'email_verified': True})
    assert sign_in(Browser(server), second, 2).status == 403  # OpenID Connect Core 5.3.2
    second.lie(userinfo={'sub': 'by-userinfo', 'email': 'info@elsewhere.example', 'email_verified': True})
    assert sign_in(Browser(server), second, 2).path == '/account'


def test_linking_is_the_persons_own(server, provider, ada):
    """A subject has one account; a form is needed to begin; another session can't finish."""
    browser = Browser(server)
    sign_up_account(server, browser=browser)
    assert browser.post('/account/upstream', {'action': 'link', 'provider': '1'}).status == 403
    page = browser.get('/account/upstream')
    form = next(f for f in page.forms if f.fields.get('provider') == '1' and f.fields.get('action') == 'link')
    page = browser.submit(page, form=form)
    provider.user = {'sub': 'ada'}
    path, query = provider.approve(next(u for u in page.links if u.startswith(provider.issuer)))
    assert browser.get(path, params=query).status == 409
    page = browser.submit(browser.get('/account/upstream'), form=form)
    path, query = provider.approve(next(u for u in page.links if u.startswith(provider.issuer)))
    browser.submit(browser.get('/account'), '/signout')
    provider.user = {'sub': 'fresh'}
    assert browser.get(path, params=query).status == 403


def test_unlink(server, provider):
    browser, _ = link(server, provider, 'leaves')
    page = browser.get('/account/upstream')
    form = next(f for f in page.forms if f.fields.get('action') == 'unlink')
    assert 'Not connected' in browser.submit(page, form=form).text
    provider.user = {'sub': 'leaves'}
    assert sign_in(Browser(server), provider).status == 403


def test_a_rotated_key_is_fetched(server, second):
    """The server looks again for an unknown key, yet not more often than every few seconds."""
    second.user = {'sub': 'rotated', 'email': 'rotated@elsewhere.example', 'email_verified': True}
    assert sign_in(Browser(server), second, 2).path == '/account'
    second.new_key('k2')
    before = len([r for r in second.requests if r[1] == '/jwks'])
    deadline = time.monotonic() + harness.PATIENCE_S
    while sign_in(Browser(server), second, 2).path != '/account':
        assert time.monotonic() < deadline
        time.sleep(1)
    assert len([r for r in second.requests if r[1] == '/jwks']) - before <= 3


def test_a_second_factor_is_asked_for_too(server, provider, ada):
    from test_totp import App, press
    import re
    browser, _ = link(server, provider, 'careful')
    page = press(browser, browser.get('/account/totp'), 'begin')
    app = App(re.search(r'<code[^>]*>([A-Z2-7 ]+)</code>', page.html)[1])
    press(browser, page, 'confirm', code=app.code())
    provider.user = {'sub': 'careful'}
    other = Browser(server)
    page = sign_in(other, provider)
    assert page.path == '/signin/factor'
    assert other.submit(page, code=app.code()).path == '/account'


def test_an_old_sign_in_elsewhere_is_no_fresh_one_here(server, provider, ada):
    """OpenID Connect Core 3.1.2.1, 3.1.3.7 step 13: prompt=login stands in a URL that whoever sits there can change; auth_time does
    not. Pages that want a fresh sign-in, and auth_time of our own id tokens, go by it."""
    provider.user = {'sub': 'ada'}
    browser = Browser(server)
    location, _ = start(browser, to='/account/passkeys', reauth='1')
    assert parse_qs(urlsplit(location).query)['max_age'] == ['0'], 'then auth_time is required'
    provider.lie(bend={'auth_time': int(time.time()) - 3600})
    path, query = provider.approve(location.replace('prompt=login', 'x=y'))
    page = browser.get(path, params=query)
    assert page.status == 403 and 'did not say that it asked' in page.text
    assert sign_in(browser, provider).path == '/account'  # where nothing fresh is wanted
    assert browser.get('/account/passkeys').path == '/signin'
    provider.lie(bend={'auth_time': int(time.time()) - 10})  # our clocks differ a little
    path, query = provider.approve(start(browser, to='/account/passkeys', reauth='1')[0])
    assert browser.get(path, params=query).path == '/account/passkeys'
    provider.lie(bend={'auth_time': 'yesterday'})
    browser = Browser(server)
    path, query = provider.approve(start(browser)[0])
    assert browser.get(path, params=query).status == 403


def test_who_never_says_when_gives_no_fresh_sign_in(server, provider, ada):
    """OpenID Connect Core 3.1.2.1: auth_time is required after max_age. Without it a sign-in is one, but no fresh one: not for our pages,
    not for max_age and prompt=login of an app, and our id tokens don't invent a moment (Core 2)."""
    provider.user = {'sub': 'ada'}
    browser = Browser(server)
    assert sign_in(browser, provider).path == '/account'
    assert browser.get('/account/passkeys').path == '/signin'
    path, query = provider.approve(start(browser, to='/account/passkeys', reauth='1')[0])
    page = browser.get(path, params=query)
    assert page.status == 403 and 'password or a passkey' in page.text
    assert browser.get('/account').path == '/account', 'who was signed in stays so'

    app = rp.App(server, name='One that cares')
    assert 'auth_time' not in app.check(app.redeem(app.login(browser))['id_token'])
    for more in ({'max_age': 3600}, {'prompt': 'login'}):
        assert browser.get(app.path(**more)).path == '/signin', more
    assert app.login(browser, prompt='none', max_age=3600)['error'] == 'login_required'
    page = browser.submit(browser.get(app.path(max_age=3600)), '/signin', email=ada[1].email, password=ada[1].password)
    assert app.check(app.redeem(app.answer(page))['id_token'])['auth_time'] > time.time() - 600


def test_who_is_believed_without_auth_time(tmp_path, provider):
    server = Server(tmp_path / 'var', demo=False, env={'UPSTREAM_SECRET': SECRET})
    configure(server, 1, provider.issuer, create='true', asks_anew='true')
    server.start()
    try:
        provider.user = {'sub': 'believed', 'email': 'believed@example.org', 'email_verified': True}
        browser = Browser(server)
        assert sign_in(browser, provider).path == '/account'
        assert browser.get('/account/passkeys').path == '/account/passkeys'
        path, query = provider.approve(start(browser, to='/account/passkeys', reauth='1')[0])
        assert browser.get(path, params=query).path == '/account/passkeys'
    finally:
        server.stop()


def test_secrets_are_nowhere(server, provider, ada):
    stored = b''.join(p.read_bytes() for p in (server.var / 'store').iterdir())
    verifiers = [r[3]['code_verifier'] for r in provider.requests if r[1] == '/token']
    assert verifiers
    for secret in (SECRET, 'opaque-access-token', *verifiers[:5]):
        assert secret not in server.log() and secret.encode() not in stored


BAD_SITES = {
    'another issuer': {'issuer': 'https://evil.example'},
    'jwks_uri on a private address': {'jwks_uri': 'http://10.0.0.1/jwks'},
    'jwks_uri link-local': {'jwks_uri': 'http://169.254.169.254/latest/meta-data'},
    'jwks_uri in decimal': {'jwks_uri': 'http://2130706433:1/jwks'},
    'jwks_uri in octal': {'jwks_uri': 'http://0177.0.0.1:1/jwks'},
    'jwks_uri mapped': {'jwks_uri': 'http://[::ffff:127.0.0.1]:1/jwks'},
    'jwks_uri of a file': {'jwks_uri': 'file:///etc/passwd'},
    'jwks_uri of gopher': {'jwks_uri': 'gopher://127.0.0.1:1/_x'},
    'jwks_uri with user information': {'jwks_uri': 'http://a@127.0.0.1:1/'},
    'authorization endpoint of javascript': {'authorization_endpoint': 'javascript:alert(1)'},
    'authorization endpoint with a line end': {'authorization_endpoint': 'https://x/\r\nX: y'},
    'only none and HMAC': {'id_token_signing_alg_values_supported': ['none', 'HS256']},
}


def test_attack_43_metadata_that_leads_astray(tmp_path):
    """Private, link-local, oddly spelt addresses, other schemes, redirects, endless bodies: refused."""
    with Provider() as bad, Provider() as other:
        server = Server(tmp_path / 'var', demo=False, env={'UPSTREAM_SECRET': SECRET})
        configure(server, 1, bad.issuer)
        configure(server, 2, other.issuer, private_addresses='false')
        cases = {**BAD_SITES, 'jwks_uri at another private origin': {'jwks_uri': other.issuer + '/jwks'},
                 'redirect': {'jwks_uri': bad.issuer + '/redirect'}, 'endless': {'jwks_uri': bad.issuer + '/endless'}}
        server.start()
        try:
            browser = Browser(server)
            url, page = start(browser, 2)  # loopback, and not allowed by name
            assert page.status == 503 and not url
            assert other.requests == []
            for name, metadata in cases.items():
                bad.lie(metadata=metadata)
                url, page = start(browser)
                assert page.status == 503 and not url, name
                server.stop()
                server.start()  # what failed is remembered for a moment
            assert [r for r in other.requests if r[1] == '/jwks'] == []
            assert [r for r in bad.requests if r[1] == '/jwks'] == []  # nor behind the redirect
            bad.lie()
            assert start(browser)[0].startswith(bad.issuer + '/auth?')
        finally:
            server.stop()


def test_another_server_of_ours_is_the_provider(tmp_path, new_server):
    """The whole way between two of our own: its sign-in page, its code, its id token and userinfo, our account."""
    there = new_server('there', demo=False)
    here = Server(tmp_path / 'here', demo=False, env={'UPSTREAM_SECRET': 'not-yet'})
    app = rp.App(there, '--trusted', '--native', redirect=here.issuer + '/signin/upstream/1')
    here.env['UPSTREAM_SECRET'] = app.secret
    configure(here, 1, there.issuer, client_id=app.id, create='true', domains='[example.com]')
    here.start()
    try:
        person = sign_up_account(there)
        there.cli('account', 'update', person.email, '--email-verified')
        browser, over_there = Browser(here), Browser(there)
        page = app.walk(over_there, over_there.get(start(browser)[0]), person)
        back = urlsplit(page.headers['Location'])
        assert page.headers['Location'].startswith(here.issuer + '/signin/upstream/1?')
        answer = {k: v[0] for k, v in parse_qs(back.query).items()}
        assert answer['iss'] == there.issuer
        assert browser.get(back.path, params=answer).path == '/account'
        made = here.cli('account', 'list')['accounts']
        assert [(a['email'], a['email_verified']) for a in made if a['email'] == person.email] == [(person.email, True)]
    finally:
        here.stop()
