"""What a hostile reader found, and what he looked for: the people's side of the server as an attacker sees it."""
import re
import urllib.parse
from html.parser import HTMLParser

import harness
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
        answer = server.http.put(server.url(path), json={**body, **more}, headers=bearer, timeout=60)
        assert answer.status_code == 200, answer.text
        return set(answer.json()['scope'].split())
    assert put(scope='openid') == {'openid'} and put() == everything  # what it left out itself comes back
    server.cli('client', 'update', made['client_id'], '--scope', 'openid profile')
    assert put() == {'openid', 'profile'} and put(scope='openid') == {'openid'}
    server.cli('client', 'update', made['client_id'], '--scope', 'openid profile', '--hold-nothing')
    assert put() == everything


# --- all forms, all pages ---

def form_paths():
    """Pages that take a form, of the server's own table: none is forgotten when one is added."""
    text = (harness.ROOT / 'src/server/route.c').read_text()
    table = text[text.index('static const struct route rows[]'):]
    table = table[:table.index('\n};')]
    paths = re.findall(r'\bPAGE\("([^"]+)"', table)
    rows = re.findall(r'\{"([^"]+)",\s*\w+,\s*([\w |]+),\s*([\w |]+),', table)
    paths += [path for path, methods, flags in rows if 'ROUTE_POST' in methods and 'ROUTE_PAGE' in flags]
    # RP-initiated logout and authorization requests come from elsewhere by POST: they become a GET that asks. The factor's
    # page leads back to the sign-in while no sign-in waits (test_totp), the bridge's is not there (test_rapidata).
    return sorted(set(paths) - {'/oauth2/authorize', '/connect/authorize', '/oauth2/logout', '/connect/logout',
                                '/connect/authorize/external', '/signin/factor'})


def test_attack_47_every_form_wants_its_secret(server, ada):
    """Without the field, with that of another browser, of before the sign-in, from another origin or site: 403, each page."""
    browser, other = people.Browser(server), people.Browser(server)
    early = browser.get('/signin').form('/signin').fields['csrf']
    people.sign_in(browser, ada)
    people.sign_in(other, ada)

    def csrf(who):
        return who.get('/account').forms[0].fields['csrf']
    good, foreign = csrf(browser), csrf(other)
    assert len({early, good, foreign}) == 3
    ours, evil = server.issuer, 'https://evil.example'
    tries = [({}, {}), ({'csrf': ''}, {}), ({'csrf': foreign}, {}), ({'csrf': early}, {}), ({'csrf': good[:-1]}, {}),
             ({'csrf': good}, {'Origin': evil}), ({'csrf': good}, {'Origin': ours + '.evil.example'}),
             ({'csrf': good}, {'Sec-Fetch-Site': 'cross-site'}), ({'csrf': good}, {'Sec-Fetch-Site': 'same-site', 'Origin': ours})]
    paths = form_paths()
    assert len(paths) > 40 and '/tokens/rotate' in paths and '/consent' in paths and '/signout' in paths
    for path in paths:
        for fields, headers in tries:
            page = browser.post(path, {'id': 'x', 'decision': 'allow', **fields}, follow=False, headers=headers)
            assert page.status == 403, f'{path} {fields} {headers}: {page.status} {page.text[:200]}'
            assert 'Location' not in page.headers
    page = browser.post('/signout', {'csrf': good}, follow=False, headers={'Content-Type': 'text/plain'})
    assert page.status == 400 and browser.is_signed_in()


EVIL = '"><svg onload=1>\'<b'


class Tags(HTMLParser):
    """What a browser would run, fetch or draw that is not ours."""
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        names = dict(attrs)
        bad = tag in ('iframe', 'object', 'embed', 'base', 'style') or any(n.startswith('on') or n == 'style' for n in names)
        bad = bad or any((names.get(n) or '').lower().startswith(('javascript:', 'data:', '//')) for n in ('href', 'src', 'action'))
        bad = bad or (tag == 'script' and not (names.get('src') or '').startswith('/static/'))
        if bad:
            self.found.append((tag, attrs))


def plant(server, browser):
    """The same markup wherever somebody may write a text that others, or he himself, will see."""
    server.cli('api', 'create', '--audience', 'https://evil.example', '--name', EVIL, '--scope', f'evil:read {EVIL}')
    token = server.cli('client', 'registration-token', '--label', EVIL)['registration_token']
    made = server.post('/oauth2/register', json={'redirect_uris': ['https://app.example/cb'], 'client_name': EVIL,
                                                 'client_uri': 'https://app.example/?<'.rstrip('<'), 'scope': 'openid'},
                       headers={'Authorization': f'Bearer {token}'})
    assert made.status_code == 201, made.text
    browser.session.headers['User-Agent'] = EVIL
    person = people.sign_up_account(server, name=EVIL, roles=['Admin'], browser=browser)
    browser.submit(browser.get('/tokens/new'), '/tokens/new', name=EVIL)
    wide = rp.App(server, name=EVIL, scope='openid email evil:read', redirect='https://app.example/cb')
    wide.login(browser, person, scope='openid evil:read')
    return wide


def test_attack_47_every_page_keeps_markup_text_and_its_headers(server):
    """All that can be reached by links, as an administrator, with markup in every name: nothing of it runs, nothing is kept."""
    browser = people.Browser(server)
    wide = plant(server, browser)
    ask = wide.path(prompt='consent', state=EVIL, login_hint=EVIL)
    waiting = ['/', '/device', '/signin?reauth=1&login_hint=' + urllib.parse.quote(EVIL), '/signup', '/reset', '/nothing',
               '/signin?reauth=1&continue=' + urllib.parse.quote(EVIL), '/invite?token=' + urllib.parse.quote(EVIL), ask,
               wide.path(response_mode='form_post', prompt='none', state=EVIL), '/device?user_code=' + urllib.parse.quote(EVIL)]
    seen, shown = set(), 0
    while waiting and len(seen) < 200:
        path = waiting.pop(0)
        kind = re.sub(r'(mm._)\w+', r'\1', path)  # one of each kind of thing will do
        if kind in seen or not path.startswith('/'):
            continue
        seen.add(kind)
        page = browser.get(path, headers={'Accept': 'text/html'})
        assert page.status < 500, f'{path}: {page.text[:300]}'
        head = page.headers
        if page.status == 303 or not head['Content-Type'].startswith('text/html'):
            continue
        tags = Tags()
        tags.feed(page.html)
        assert not tags.found, f'{path}: {tags.found}'
        shown += EVIL in page.text
        assert head['Cache-Control'] == 'no-store' and head['X-Content-Type-Options'] == 'nosniff', path
        assert head['X-Frame-Options'] == 'DENY' and head['Referrer-Policy'] == 'no-referrer', path
        policy = head['Content-Security-Policy']
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "base-uri 'none'" in policy, path
        assert 'unsafe' not in policy and '*' not in policy and "form-action 'self'" in policy, path
        waiting += [urllib.parse.urljoin(page.url, link).split('#')[0].removeprefix(server.url('')) for link in page.links]
    assert len(seen) > 60 and shown > 15, (len(seen), shown)


def test_nobody_confirms_an_address_for_a_strangers_account(server, ada):
    """Who wants a stranger's address on his own account mails him the link: the stranger's click confirms nothing."""
    thief, victim, anybody = (people.Browser(server) for _ in range(3))
    account = people.sign_up_account(server, browser=thief)
    thief.submit(thief.get('/account/email'), '/account/email', email='victim@example.net')
    link = people.link_in(people.wait_for_mail(server, 'victim@example.net'))
    people.sign_in(victim, ada)
    assert victim.get(link).status == 403 and anybody.get(link).path == '/signin'
    token = urllib.parse.parse_qs(urllib.parse.urlsplit(link).query)['token'][0]
    for who, page in ((victim, '/account'), (anybody, '/signin')):
        csrf = who.get(page).forms[0].fields['csrf']
        assert who.post('/verify', {'csrf': csrf, 'token': token}, follow=False).status in (303, 403)
    assert server.cli('account', 'show', account.email)['email'] == account.email
    page = people.sign_in(anybody, account, continue_to=link[len(server.issuer):])  # the way back from the sign-in page
    assert anybody.submit(page, '/verify').status == 200
    assert server.cli('account', 'show', 'victim@example.net')['account_id']


def test_a_hint_that_is_no_id_token_names_nobody(server, app, browser):
    """RFC 8725 3.11: somebody else's access token as hint changes nothing: neither who must sign in, nor whom logout asks."""
    other, person = rp.signed_in(server)
    tokens = app.redeem(app.login(other, person))
    app.login(browser)
    assert app.answer(browser.get(app.path(prompt='none', id_token_hint=tokens['id_token'])))['error'] == 'login_required'
    assert 'code' in app.answer(browser.get(app.path(prompt='none', id_token_hint=tokens['access_token'])))
    page = other.get('/oauth2/logout?id_token_hint=' + tokens['access_token'])
    assert page.title.startswith('Sign out') and other.is_signed_in()


def test_a_program_that_anybody_can_pass_for_is_asked_about_each_time(server, browser):
    """8252-9, RFC 8252 8.6: neither an earlier yes, nor one to a device, nor the operator's trust lets a public app at loopback pass."""
    native = rp.App(server, '--public', '--native', '--trusted', redirect='http://127.0.0.1/cb', name='Anybody')
    for _ in range(2):
        page = browser.get(native.path())
        assert page.title.startswith('Let ')
        assert 'code' in native.answer(browser.submit(page, '/consent', button='Allow'))
        assert 'Anybody' not in browser.get('/account/apps').text  # nothing is kept of a yes
        assert native.answer(browser.get(native.path(prompt='none')))['error'] == 'consent_required'
    both = rp.App(server, '--public', '--native', '--grant', 'code', '--grant', 'device', redirect='com.example.tv:/cb', name='Set')
    asked = server.post('/oauth2/device_authorization', {'client_id': both.id, 'scope': 'openid email'}).json()
    page = browser.submit(browser.get('/device'), '/device', user_code=asked['user_code'])
    assert 'Set' in browser.submit(page, '/device', decision='approve').text
    assert both.answer(browser.get(both.path(prompt='none')))['error'] == 'consent_required'
