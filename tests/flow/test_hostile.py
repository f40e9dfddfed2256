"""What a hostile reader found, and what he looked for: the people's side of the server as an attacker sees it."""
import urllib.parse

import people
import pytest
import rp


@pytest.fixture(scope='module')
def ada(server):
    return people.sign_up_account(server, roles=['Admin'])


@pytest.fixture(scope='module')
def app(server):
    return rp.App(server)


@pytest.fixture
def browser(server, ada):
    found = people.Browser(server)
    people.sign_in(found, ada)
    return found


@pytest.mark.parametrize('more', [{'prompt': 'login'}, {'prompt': 'select_account'}, {'max_age': '0'}])
def test_nobody_strikes_out_a_sign_in_by_the_address_bar(server, app, browser, more):
    """OIDC-2, OIDC-3: who sits down at an open session is asked for the password, whatever he types behind the address."""
    cancelled = app.path(**more)
    started = browser.get(cancelled, follow=False).location
    ours = urllib.parse.parse_qs(urllib.parse.parse_qs(urllib.parse.urlsplit(started).query)['continue'][0])['prompted'][0]
    for prompted in ('1', '1-0', f'1-{ours.partition("-")[2]}', ours.partition('-')[0]):
        assert browser.get(f'{cancelled}&prompted={prompted}').path == '/signin', prompted


def test_a_sign_in_for_one_request_is_none_for_another(server, app, ada):
    """The moment that we note belongs to the request that it was noted for."""
    browser = people.Browser(server)
    page = browser.get(app.path(prompt='login'))
    back = page.form('/signin').fields['continue']
    page = browser.submit(page, '/signin', email=ada.email, password=ada.password)
    assert page.title.startswith('Let ')
    mark = urllib.parse.parse_qs(back)['prompted'][0]
    assert browser.get(f'{app.path(prompt="login")}&prompted={mark}').path == '/signin'
    assert browser.get(back).title.startswith('Let ')


def test_a_pushed_requests_prompt_holds(server, app, browser):
    """9126-8, RFC 9101 6.3: nothing beside request_uri counts, so nobody takes prompt=login away from what was pushed."""
    uri = app.push(prompt='login').json()['request_uri']
    query = urllib.parse.urlencode({'client_id': app.id, 'request_uri': uri, 'prompted': '1'})
    assert browser.get('/oauth2/authorize?' + query).path == '/signin'


def test_sent_to_sign_in_twice(server, app, ada):
    """The session ended while the question was open: signing in again leads back, not to an error."""
    browser = people.Browser(server)
    page = browser.get(app.path(prompt='login'))
    back = page.form('/signin').fields['continue']
    people.sign_in(browser, ada, continue_to=back)
    browser.session.cookies.clear()
    page = browser.get(back)
    assert page.path == '/signin'
    assert 'code' in app.answer(app.walk(browser, page, ada))


def test_attack_26_as_many_scopes_as_fit_can_be_redeemed(server, browser):
    """Audit entries are shorter than scopes may be: a code of many scopes is redeemed, and burnt, as any other."""
    audience, scopes = 'https://wide.example', [f'wide:{i:02d}:with-quite-a-long-name' for i in range(60)]
    server.cli('api', 'create', '--audience', audience, *(x for s in scopes for x in ('--scope', s)))
    asked = ' '.join(['openid', 'offline_access', *scopes])
    assert len(asked) > 1024
    wide = rp.App(server, '--api', audience, scope=asked, name='Wide')
    tokens = wide.redeem(wide.login(browser, scope=asked))
    assert set(tokens['scope'].split()) == set(asked.split())
    assert set(wide.refresh(tokens['refresh_token'])['scope'].split()) == set(asked.split())
    answer = wide.login(browser, scope=asked)
    assert wide.redeem(answer, check=False, code_verifier='x' * 43).json()['error'] == 'invalid_grant'
    assert wide.redeem(answer, check=False).json()['error'] == 'invalid_grant'  # 7636-9: burnt


def test_attack_46_a_client_that_was_switched_off_sends_nobody_anywhere(server, browser):
    """Neither by logout nor by an authorization request: its registered URIs are nobody's responsibility any more."""
    ended = rp.App(server, '--logout-uri', 'https://app.example/bye', name='Ended')
    hint = ended.redeem(ended.login(browser))['id_token']
    path = '/oauth2/logout?' + urllib.parse.urlencode({'id_token_hint': hint, 'post_logout_redirect_uri': 'https://app.example/bye'})
    server.cli('client', 'disable', ended.id)
    for where in (path, ended.path(), ended.path(prompt='none'), ended.path(response_type='x')):
        page = browser.get(where)
        assert page.status == 400 and 'Location' not in page.headers
    server.cli('client', 'enable', ended.id)
    assert browser.get(path).headers['Location'] == 'https://app.example/bye'


def approve(server, browser, scope):
    """An app with the device grant, and a request of it that was allowed and not fetched yet."""
    made = server.cli('client', 'create', '--kind', 'app', '--name', 'Gadget', '--public', '--scope', scope,
                      '--grant', 'device', '--grant', 'refresh')
    asked = server.post('/oauth2/device_authorization', {'client_id': made['client_id']}).json()
    page = browser.submit(browser.get('/device'), '/device', user_code=asked['user_code'])
    page = browser.submit(page, '/device', decision='approve')
    assert 'Gadget' in page.text
    return made['client_id'], {'grant_type': 'urn:ietf:params:oauth:grant-type:device_code', 'client_id': made['client_id'],
                               'device_code': asked['device_code']}


def test_access_taken_away_before_it_was_fetched(server, browser):
    """A yes that one regrets at once: neither an approved device nor a code that lies ready begins anything."""
    client_id, poll = approve(server, browser, 'openid offline_access')
    browser.submit(browser.get(f'/account/apps/end?id={client_id}'), '/account/apps/end')
    assert server.post('/oauth2/token', poll).json()['error'] == 'access_denied'
    shy = rp.App(server, name='Shy')
    answer = shy.login(browser)
    browser.submit(browser.get(f'/account/apps/end?id={shy.id}'), '/account/apps/end')
    assert shy.redeem(answer, check=False).json()['error'] == 'invalid_grant'


def test_attack_44_a_registered_app_takes_no_scope_back(server):
    """What an administrator took away stays away when the app replaces its own metadata (RFC 7592 2.2), until he gives it back."""
    token = server.cli('client', 'registration-token')['registration_token']
    bearer = {'Authorization': f'Bearer {token}'}
    made = server.post('/oauth2/register', json={'redirect_uris': ['https://app.example/cb']}, headers=bearer).json()
    everything = set(made['scope'].split())
    bearer = {'Authorization': f'Bearer {made["registration_access_token"]}'}
    body = {'client_id': made['client_id'], 'redirect_uris': ['https://app.example/cb']}

    def put(**more):
        path = urllib.parse.urlsplit(made['registration_client_uri']).path
        answer = server.http.put(server.url(path), json={**body, **more}, headers=bearer, timeout=20)
        assert answer.status_code == 200, answer.text
        return set(answer.json()['scope'].split())
    assert put(scope='openid') == {'openid'} and put() == everything  # what it left out itself comes back
    server.cli('client', 'update', made['client_id'], '--scope', 'openid profile')
    assert put() == {'openid', 'profile'} and put(scope='openid') == {'openid'}
    server.cli('client', 'update', made['client_id'], '--scope', 'openid profile', '--hold-nothing')
    assert put() == everything
