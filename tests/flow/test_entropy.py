"""ATTACKS 48: the source of random numbers fails. Every page and endpoint that needs one says so and gives nothing out;
what was there stays, and all goes on once there is entropy again. tests/faults/faultfs.c inside the server role."""
import re

import harness
import people
import pytest
from people import Browser, sign_in, sign_up_account
from rp import App
from test_store_faults import Disk, shim  # noqa: F401 pylint: disable=unused-import


@pytest.fixture(scope='module')
def server(shim, tmp_path_factory):  # noqa: F811 pylint: disable=redefined-outer-name
    if not harness.RELEASE.exists():
        pytest.skip('build/mintmark is not built')
    folder = tmp_path_factory.mktemp('entropy')
    made = harness.Server(folder / 'var', binary=harness.RELEASE)
    made.entropy = Disk(folder / 'control')
    made.env = {**made.env, 'LD_PRELOAD': str(shim), 'FAULTFS_CONTROL': str(made.entropy.path), 'FAULTFS_DIR': str(made.var)}
    made.start()
    made.env = harness.clean_env()  # the command line is not to fail
    yield made
    made.entropy.set('-')
    made.stop()


def fails_closed(page):
    """The error page: what to do next, nothing to take away, nothing that a form could be sent with."""
    assert page.status == 503, f'{page.status}: {page.text}'
    assert page.headers['Content-Type'].startswith('text/html') and page.headers['Retry-After']
    assert 'Not available for a moment' in page.text and 'load the page again' in page.text
    assert 'Set-Cookie' not in page.headers and 'Location' not in page.headers
    assert page.headers['Cache-Control'] == 'no-store' and "default-src 'none'" in page.headers['Content-Security-Policy']
    assert not re.search(r'mm[a-z]_', page.html), page.html
    assert not [form for form in page.forms if not form.action.endswith('/signout')]


@pytest.mark.parametrize('path', ['/signin', '/', '/tokens', '/account', '/admin', '/device', '/signup', '/reset', '/nothing-here',
                                  '/oauth2/authorize', '/signin?continue=%2Ftokens'])
def test_attack_48_no_page_without_entropy(server, path):
    """A browser that comes for the first time needs the secret of its forms."""
    with server.entropy('E'):
        page = Browser(server).get(path, follow=False)
        if path == '/nothing-here':  # needs none
            assert page.status == 404 and 'Set-Cookie' not in page.headers
        else:
            fails_closed(page)
    assert Browser(server).get('/signin').status == 200


def test_attack_48_nobody_is_signed_in_without_entropy(server):
    person = sign_up_account(server)
    browser = Browser(server)
    page = browser.get('/signin')
    with server.entropy('E'):
        fails_closed(browser.submit(page, '/signin', follow=False, email=person.email, password=person.password))
        assert browser.cookie() is None
    assert not browser.is_signed_in()
    assert browser.submit(page, '/signin', email=person.email, password=person.password).path == '/tokens'


def test_attack_48_no_account_without_entropy(server):
    """The invitation stays good."""
    browser = Browser(server)
    page = browser.get(people.invite(server, 'late@example.com'))
    with server.entropy('E'):
        fails_closed(browser.submit(page, follow=False, name='Late', password=people.PASSWORD))
    assert browser.submit(page, name='Late', password=people.PASSWORD).path == '/tokens'


def test_attack_48_no_secret_without_entropy(server):
    browser = Browser(server)
    sign_up_account(server, browser=browser)
    new = browser.get('/tokens/new')
    scope = re.search(r'value="(- openid)"', new.html)[1]
    made = browser.submit(new, '/tokens/new', name='kept', scope=scope, expiry='90')
    client_id, secret = (re.search(pattern, made.html)[0] for pattern in (r'mmc_\w{22}', r'mms_\w{49}'))
    rotate = browser.get('/tokens/rotate', params={'id': client_id})
    with server.entropy('E'):
        fails_closed(browser.submit(new, '/tokens/new', follow=False, name='lost', scope=scope, expiry='90'))
        fails_closed(browser.submit(rotate, '/tokens/rotate', follow=False, overlap='0', expiry='90'))
        fails_closed(browser.post('/tokens/regenerate', follow=False, data={**rotate.form('/tokens/rotate').fields, 'expiry': '90'}))
        assert 'kept' in browser.get('/tokens').text  # reading needs none
    assert 'lost' not in browser.get('/tokens').text
    assert server.token(auth=(client_id, secret)).status_code == 200


def test_attack_48_no_code_without_entropy(server):
    app = App(server)
    browser = Browser(server)
    person = sign_up_account(server)
    sign_in(browser, person)
    consent = browser.get(app.path(), follow=False)
    with server.entropy('E'):
        answer = app.answer(browser.submit(consent, '/consent', follow=False, button='Allow'))
    assert answer['error'] == 'temporarily_unavailable' and 'code' not in answer  # RFC 6749 4.1.2.1: the app is told
    assert app.redeem(app.answer(browser.submit(consent, '/consent', follow=False, button='Allow')))['access_token']


def test_attack_48_no_token_without_entropy(server):
    """Ids of tokens come from pools that were filled before: they end, none comes twice, and then there is no token."""
    seen = []

    def ask():
        response = server.token()
        if response.status_code == 200:
            seen.append(response.json()['access_token'])
            return True
        assert response.status_code == 503 and response.json()['error'] == 'temporarily_unavailable', response.text
        assert 'access_token' not in response.text
        return False
    assert ask()
    with server.entropy('E'):
        refused = 0
        for _ in range(2000):  # each thread has a pool of its own
            refused = 0 if ask() else refused + 1
            if refused == 50:
                break
        assert refused == 50
        assert server.get('/healthz').status_code == 200
    assert ask()
    assert len(set(seen)) == len(seen)
