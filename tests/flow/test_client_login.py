"""mintmark login: by the loopback address (RFC 8252, 7636, 9207) and by device (RFC 8628); what is kept, and how it ends."""
import base64
import hashlib
import http.client
import json
import os
import pty
import re
import stat
import subprocess
import threading
import urllib.parse
import urllib.request

import pytest

import harness
from issuer import Issuer
from test_client import FAILED, OK, USAGE, Person


class Provider(Issuer):
    """An issuer that people log in to: codes with PKCE, device codes, rotating refresh tokens."""

    def __init__(self):
        self.codes, self.pending, self.refresh, self.revoked, self.device_answers = {}, [], None, [], []
        super().__init__()

    def metadata(self, request):
        return self.json({'issuer': self.url, 'token_endpoint': f'{self.url}/token',
                          'authorization_endpoint': f'{self.url}/authorize?x=1',
                          'device_authorization_endpoint': f'{self.url}/device',
                          'revocation_endpoint': f'{self.url}/revoke', 'userinfo_endpoint': f'{self.url}/userinfo',
                          'authorization_response_iss_parameter_supported': True})

    def token(self, request):
        form = dict(urllib.parse.parse_qsl(self.requests[-1][2]))
        assert 'Authorization' not in self.requests[-1][1] and form.get('client_id') == 'app'
        if request.path == '/revoke':
            self.revoked.append(form['token'])
            return self.json({})
        if request.path == '/device':
            return self.json({'device_code': 'dev-1', 'user_code': 'ABCD-EFGH', 'verification_uri': f'{self.url}/enter',
                              'verification_uri_complete': f'{self.url}/enter?code=ABCD-EFGH', 'expires_in': 600,
                              'interval': 1})
        return getattr(self, form['grant_type'].split(':')[-1])(request, form)

    def give(self, request):
        self.refresh = f'refresh-{request.number}'
        return self.json({'access_token': f'token-{request.number}', 'token_type': 'Bearer', 'expires_in': self.life_s,
                          'refresh_token': self.refresh, 'scope': 'openid'})

    def authorization_code(self, request, form):
        sent = self.codes.pop(form['code'], None)
        digest = base64.urlsafe_b64encode(hashlib.sha256(form['code_verifier'].encode()).digest()).decode().rstrip('=')
        if not sent or sent['redirect_uri'] != form['redirect_uri'] or sent['code_challenge'] != digest:
            return self.json({'error': 'invalid_grant'}, 400)
        return self.give(request)

    def device_code(self, request, form):
        assert form['device_code'] == 'dev-1'
        if self.device_answers:
            return self.json({'error': self.device_answers.pop(0)}, 400)
        return self.give(request)

    def refresh_token(self, request, form):
        if form['refresh_token'] != self.refresh:
            return self.json({'error': 'invalid_grant', 'error_description': 'reused'}, 400)
        return self.give(request)


@pytest.fixture
def provider():
    made = Provider()
    yield made
    made.stop()


@pytest.fixture
def person(tmp_path, provider):
    made = Person(tmp_path / 'home', provider, MINTMARK_LOGIN_CLIENT_ID='app')
    for name in ('CLIENT_ID', 'CLIENT_SECRET'):
        del made.env[f'MINTMARK_{name}']
    for name in ('DISPLAY', 'WAYLAND_DISPLAY', 'BROWSER', 'SSH_CONNECTION'):
        made.env.pop(name, None)
    return made


class Login:
    """A running `mintmark login --no-browser`, and the address that it shows."""

    def __init__(self, person, *args):
        self.process = subprocess.Popen([str(person.binary), 'login', '--no-browser', '--wait', '60', *args], env=person.env,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.process.stderr.readline()
        self.url = self.process.stderr.readline().strip()
        assert self.url.startswith('http'), self.url + self.process.stderr.read()
        self.query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.url).query))
        self.back = urllib.parse.urlsplit(self.query['redirect_uri'])

    def browse(self, path=None, **query):
        """What the browser does at the end: (status, page)."""
        connection = http.client.HTTPConnection('127.0.0.1', self.back.port, timeout=60)
        connection.request('GET', path or f'/callback?{urllib.parse.urlencode(query)}')
        response = connection.getresponse()
        page = response.read().decode()
        connection.close()
        return response, page

    def end(self):
        out, err = self.process.communicate(timeout=120)
        assert not harness.REPORT.search(err), err
        return self.process.returncode, out + err


def test_by_browser(person, provider):
    login = Login(person)
    query = login.query
    assert query['x'] == '1' and query['response_type'] == 'code' and query['client_id'] == 'app'
    assert query['scope'] == 'openid profile email offline_access' and query['code_challenge_method'] == 'S256'
    assert re.fullmatch(r'http://127\.0\.0\.1:\d+/callback', query['redirect_uri'])
    assert len(query['state']) >= 22 and len(query['code_challenge']) == 43
    provider.codes['c1'] = query
    response, page = login.browse(code='c1', state=query['state'], iss=provider.url)
    assert response.status == 200 and 'You can close this window' in page
    assert "default-src 'none'" in response.headers['Content-Security-Policy'] and response.headers['Cache-Control'] == 'no-store'
    path = person.home / '.config/mintmark/logins.json'
    assert login.end() == (OK, f'You are logged in. The login is kept in {path}.\n')
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text())[provider.url]['refresh_token'] == 'refresh-1'
    assert person.token() == 'token-1' and len(provider.requests) == 1  # the first token is kept too
    assert person.token('--fresh') == 'token-2'
    assert person.token('--scope', 'openid') == 'token-3'  # by the refresh token that came with the second
    assert provider.requests[2][2] == 'grant_type=refresh_token&refresh_token=refresh-2&scope=openid&client_id=app'
    assert json.loads(person.run('whoami', '--json').stdout)['sub'] == 'somebody'


def test_answers_that_are_not_ours_change_nothing(person, provider):
    """RFC 6749 10.12: without the state nobody can end or steal the login; RFC 6749 3.1: no parameter twice."""
    login = Login(person)
    state = login.query['state']
    other = state[:-1] + ('x' if state[-1] != 'x' else 'y')
    for path, status in (('/', 404), ('/favicon.ico', 404), ('/callback', 404), ('/callback?', 400), ('/callback?code=x', 400),
                         ('/callback?code=x&state=', 400), (f'/callback?code=x&state={other}', 400),
                         (f'/callback?code=x&code=y&state={state}', 400), (f'/callback?code=%zz&state={state}', 400),
                         ('/callback?error=access_denied&state=wrong', 400)):
        assert login.browse(path)[0].status == status, path
    assert provider.requests == []
    provider.codes['c1'] = login.query
    login.browse(code='c1', state=state, iss=provider.url)
    assert login.end()[0] == OK


@pytest.mark.parametrize('iss', [None, 'https://evil.example', ''])
def test_answer_of_another_issuer(person, provider, iss):
    """RFC 9207 2.4: a code of another server is not sent anywhere."""
    login = Login(person)
    response, page = login.browse(code='c1', state=login.query['state'], **({'iss': iss} if iss is not None else {}))
    assert response.status == 400 and 'another server' in page
    status, said = login.end()
    assert status == FAILED and 'another issuer' in said and provider.requests == []


def test_refusal(person, provider):
    login = Login(person)
    login.browse(error='access_denied', error_description='no <b>\x1b[31m', state=login.query['state'], iss=provider.url)
    status, said = login.end()
    assert status == FAILED and 'access_denied' in said and '\x1b' not in said
    assert not (person.home / '.config/mintmark/logins.json').exists()


def test_nobody_comes(person):
    done = person.run('login', '--no-browser', '--wait', '1')
    assert done.returncode == FAILED and 'Nobody logged in in time' in done.stderr


def test_a_slow_stranger_does_not_hold_it_up_for_good(person, provider):
    import socket
    login = Login(person)
    with socket.create_connection(('127.0.0.1', login.back.port)) as stranger:
        stranger.sendall(b'GET /callback?')
        provider.codes['c1'] = login.query
        login.browse(code='c1', state=login.query['state'], iss=provider.url)
        assert login.end()[0] == OK


def test_silent_strangers_hold_nothing_up(person, provider):
    """Connections that browsers open in advance, and more than there is room for: the one that asks is answered."""
    import socket
    for silent, text in ((3, b''), (40, b''), (40, b'GET /callback?')):
        login = Login(person)
        strangers = [socket.create_connection(('127.0.0.1', login.back.port), timeout=60) for _ in range(silent)]
        for stranger in strangers:
            stranger.sendall(text)
        provider.codes['c1'] = login.query
        assert login.browse(code='c1', state=login.query['state'], iss=provider.url)[0].status == 200
        assert login.end()[0] == OK
        # none of them had been let go for its silence: whoever ran out of time would have been
        for stranger in strangers:
            stranger.close()


@pytest.mark.parametrize('endpoint', ['javascript:alert(1)', 'file:///etc/passwd', 'https://a.example/\x1b]0;x\x07', 'https://a.example/\u202e',
                                      'https://a.example/ b', '--help'])
def test_addresses_that_nobody_should_open(person, provider, endpoint, tmp_path):
    """Of the metadata: nothing but a web address gets to a browser or a terminal, by browser and by device."""
    program = tmp_path / 'browser'
    program.write_text(f'#!/bin/sh\ntouch {tmp_path}/started\n')
    program.chmod(0o755)
    person.env['BROWSER'] = str(program)
    good = json.loads(provider.metadata(None)[2])
    provider.metadata = lambda request: provider.json({**good, 'authorization_endpoint': endpoint})
    done = person.run('login')
    assert done.returncode != OK and not (tmp_path / 'started').exists()
    assert not {'\x1b', '\x07', '\u202e'} & set(done.stderr) and provider.requests == []
    token = provider.token
    provider.token = lambda request: provider.json({'device_code': 'd', 'user_code': 'x', 'verification_uri': endpoint}) \
        if request.path == '/device' else token(request)
    done = person.run('login', '--device')
    assert done.returncode != OK and not {'\x1b', '\x07', '\u202e'} & set(done.stderr) and len(provider.requests) == 1


def test_a_browser_is_started_with_the_address(person, provider, tmp_path):
    program = tmp_path / 'browser'
    program.write_text(f'#!/bin/sh\nprintf "%s" "$1" >{tmp_path}/url.new; mv {tmp_path}/url.new {tmp_path}/url\n')
    program.chmod(0o755)
    person.env['BROWSER'] = str(program)
    process = subprocess.Popen([str(person.binary), 'login'], env=person.env, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    harness.wait_until((tmp_path / 'url').exists, 'the browser')
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit((tmp_path / 'url').read_text()).query))
    provider.codes['c1'] = query
    urllib.request.urlopen(f'{query["redirect_uri"]}?code=c1&state={query["state"]}&iss={urllib.parse.quote(provider.url)}').read()
    said = process.communicate(timeout=60)[1]
    assert process.returncode == OK and 'window that just opened' in said


def test_by_device(person, provider):
    """RFC 8628 3.5: pending and slow_down go on."""
    provider.device_answers = ['authorization_pending', 'authorization_pending']
    done = person.run('login', '--device')
    assert done.returncode == OK, done.stderr
    assert 'ABCD-EFGH' in done.stderr and f'{provider.url}/enter' in done.stderr
    assert provider.requests[0][2] == 'scope=openid%20profile%20email%20offline_access&client_id=app'
    assert len(provider.requests) == 4 and person.token() == 'token-4'


def test_device_is_the_way_without_a_browser(person, provider):
    done = person.run('login')
    assert done.returncode == OK and 'ABCD-EFGH' in done.stderr


@pytest.mark.parametrize('error, text', [('access_denied', 'The person said no'), ('expired_token', 'Nobody confirmed in time')])
def test_device_refused(person, provider, error, text):
    provider.device_answers = [error]
    done = person.run('login', '--device')
    assert done.returncode == FAILED and text in done.stderr


def test_device_answers_that_can_not_be_shown(person, provider):
    for change in ({'verification_uri': 'javascript:alert(1)'}, {'user_code': 'A\x1b[2J'}, {'device_code': None}):
        good = {'device_code': 'd', 'user_code': 'u', 'verification_uri': 'https://x.example'}
        provider.token = lambda request, answer={**good, **change}: provider.json(answer)
        done = person.run('login', '--device')
        assert done.returncode == FAILED and '\x1b' not in done.stderr and 'javascript' not in done.stderr


def test_qr_code_on_a_terminal(person, provider):
    leader, follower = pty.openpty()
    process = subprocess.Popen([str(person.binary), 'login', '--device'], env=person.env, stdin=follower, stdout=follower,
                               stderr=follower, close_fds=True)
    os.close(follower)
    seen = b''
    try:
        while True:
            more = os.read(leader, 65536)
            seen += more
            if not more:
                break
    except OSError:
        pass  # the other end is closed
    os.close(leader)
    assert process.wait(60) == OK
    text = seen.decode()
    rows = [line for line in text.splitlines() if set(line) <= set('█▀▄ ') and len(line) > 20]
    assert len(rows) >= 12 and len({len(row) for row in rows}) == 1 and 'ABCD-EFGH' in text


def test_a_terminal_is_asked_by_token(person, provider):
    """Place 6: without credentials a person at a terminal is asked; without a terminal there is an error."""
    done = person.run('token')
    assert 'There are no credentials' in done.stderr
    leader, follower = pty.openpty()
    done = subprocess.run([str(person.binary), 'token'], env=person.env, stdin=follower, stdout=subprocess.PIPE, stderr=follower, timeout=60)
    os.close(follower)
    assert done.stdout == b'token-2\n' and b'ABCD-EFGH' in os.read(leader, 65536)
    os.close(leader)


def test_logout(person, provider):
    assert person.run('login').returncode == OK
    person.token()
    assert person.run('logout').returncode == OK
    assert provider.revoked == ['refresh-2'] and not list(person.cache.glob('token-*.json'))
    assert json.loads((person.home / '.config/mintmark/logins.json').read_text()) == {}
    assert 'Nobody is logged in' in person.run('logout').stderr


def copy_record(person, number, **change):
    """Another file of the cache, as if it were about something else; None takes a member away."""
    source = sorted(person.cache.glob('token-*.json'))[0]
    record = {k: v for k, v in {**json.loads(source.read_text()), **change}.items() if v is not None}
    made = source.with_name(f'token-{number:040x}.json')
    made.write_text(json.dumps(record))
    made.chmod(0o600)
    return made


def test_logout_drops_the_tokens_of_all_scopes(person, provider):
    """Whatever scope and audience they are for; nothing that is not of this login."""
    assert person.run('login').returncode == OK
    person.token('--scope', 'a')
    person.token('--scope', 'a', '--audience', 'https://api.example')
    person.env['MINTMARK_TOKEN_ENDPOINT'] = f'{provider.url}/token'
    person.token('--scope', 'b')
    del person.env['MINTMARK_TOKEN_ENDPOINT']
    others = {copy_record(person, 1, kind='pair'), copy_record(person, 2, issuer='https://other.example'),
              copy_record(person, 3, client_id='another')}
    copy_record(person, 4, kind=None)  # an earlier version's
    garbage = person.cache / 'token-x.json'
    garbage.write_text('{')
    garbage.chmod(0o600)
    done = person.run('logout')
    path = person.home / '.config/mintmark/logins.json'
    assert done.returncode == OK, done.stderr
    assert done.stderr == f'You are logged out. Removed: the login, which was kept in {path}; kept tokens: 5. The server revoked it.\n'
    assert set(person.cache.glob('token-*.json')) == others | {garbage}


def test_logout_says_what_it_could_not_remove(person, provider):
    assert person.run('login').returncode == OK
    record = person.record()
    person.token('--scope', 'a')
    record.chmod(0o644)  # not ours alone: it is not even read
    done = person.run('logout')
    assert done.returncode == FAILED and 'may be used by others' in done.stderr
    assert 'Removed: the login' in done.stderr and 'kept tokens: 1. The server revoked it.' in done.stderr
    assert record.exists() and provider.revoked == [provider.refresh]


def test_a_new_login_leaves_no_token_of_the_one_before(person, provider):
    """It may be another person's."""
    assert person.run('login').returncode == OK
    first = person.token('--scope', 'a')
    assert person.run('login').returncode == OK
    assert person.token('--scope', 'a') != first


def test_the_sdk_of_another_provider(person, provider):
    """--app and --prefix: its folders, its variables, nothing of ours."""
    names = ('--app', 'acme.sdk', '--prefix', 'ACME')
    person.env = {**{k: v for k, v in person.env.items() if not k.startswith('MINTMARK_')}, 'ACME_ISSUER': provider.url,
                  'ACME_LOGIN_CLIENT_ID': 'app', 'ACME_LOGIN_STORAGE': 'file', 'MINTMARK_LOGIN_STORAGE': 'nonsense'}
    done = person.run('token', *names)
    assert 'mintmark login --app acme.sdk --prefix ACME)' in done.stderr and '$ACME_CLIENT_ID' in done.stderr
    assert person.run('login', *names).returncode == OK
    assert (person.home / '.config/acme.sdk/logins.json').exists() and not person.cache.exists()
    assert f'kept in {person.home}/.config/acme.sdk/logins.json' in person.run('whoami', *names).stdout
    assert person.token(*names) == 'token-2'
    assert person.run('logout', *names).returncode == OK and not list((person.home / '.cache/acme.sdk').glob('token-*.json'))
    assert not (person.home / '.config/mintmark').exists()


def test_logout_works_here_when_the_server_is_away(person, provider):
    assert person.run('login').returncode == OK
    provider.stop()
    done = person.run('logout')
    assert done.returncode != OK and 'Removed: the login' in done.stderr and 'may live on there' in done.stderr
    assert json.loads((person.home / '.config/mintmark/logins.json').read_text()) == {}
    provider.__init__()


def test_an_ended_login_says_so(person, provider):
    assert person.run('login').returncode == OK
    provider.refresh = None
    done = person.run('token', '--fresh')
    assert done.returncode == FAILED and 'Log in again' in done.stderr


def test_one_refresh_token_is_used_once_by_many(person, provider):
    """Different scopes have records of their own, but there is one refresh token: whoever uses it holds its lock."""
    assert person.run('login').returncode == OK
    processes = [subprocess.Popen([str(person.binary), 'token', '--scope', f's{i}'], env=person.env, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True) for i in range(12)]
    outputs = [process.communicate(timeout=120) for process in processes]
    assert {process.returncode for process in processes} == {OK}, outputs
    assert len({out for out, _ in outputs}) == 12


def test_without_a_client_id(person):
    del person.env['MINTMARK_LOGIN_CLIENT_ID']
    done = person.run('login')
    assert done.returncode == USAGE and '$MINTMARK_LOGIN_CLIENT_ID' in done.stderr


# Our own server


@pytest.fixture(scope='module')
def mint(tmp_path_factory):
    import rp
    import world
    server = harness.Server(tmp_path_factory.mktemp('mint') / 'var', demo=False)
    world.configure(server, device__interval_s=1)
    server.start()
    app = rp.App(server, '--public', '--native', '--grant', 'code', '--grant', 'refresh', '--grant', 'device', redirect='http://127.0.0.1/callback')
    yield server, app, *rp.signed_in(server)
    server.stop()


@pytest.fixture
def own(mint, tmp_path):
    server, app = mint[:2]
    made = Person(tmp_path / 'home', server_issuer(server), MINTMARK_LOGIN_CLIENT_ID=app.id)
    for name in ('MINTMARK_CLIENT_ID', 'MINTMARK_CLIENT_SECRET', 'DISPLAY', 'WAYLAND_DISPLAY', 'BROWSER'):
        made.env.pop(name, None)
    return made


def server_issuer(server):
    return type('Known', (), {'url': server.issuer})


def test_own_server_by_browser(mint, own):
    """Authorize, sign in, agree, loopback, token, userinfo, refresh, logout: nothing is played."""
    server, app, browser, person = mint
    login = Login(own)
    parts = urllib.parse.urlsplit(login.url)
    app.redirect = login.query['redirect_uri']
    page = app.walk(browser, browser.get(f'{parts.path}?{parts.query}'), person)
    assert page.status == 303 and page.headers['Location'].startswith(login.query['redirect_uri']), page.headers
    answer = urllib.request.urlopen(page.headers['Location'])
    assert 'You can close this window' in answer.read().decode()
    assert login.end()[0] == OK
    assert json.loads(own.run('whoami', '--json').stdout)['email'] == person.email
    first = own.token()
    assert own.token('--fresh') not in ('', first)  # by the refresh token
    assert own.run('logout').returncode == OK
    assert 'There are no credentials' in own.run('token').stderr


def test_own_server_by_device(mint, own):
    server, app, browser, person = mint
    process = subprocess.Popen([str(own.binary), 'login', '--device', '--wait', '60'], env=own.env, stdin=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
    lines = [process.stderr.readline().strip() for _ in range(4)]
    page = browser.get(f'/device?user_code={lines[3]}')
    assert browser.submit(page, '/device', button='Approve').status == 200
    assert process.communicate(timeout=120)[1].endswith('.config/mintmark/logins.json.\n') and process.returncode == OK
    assert json.loads(own.run('whoami', '--json').stdout)['email'] == person.email
