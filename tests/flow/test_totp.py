"""The second factor by its pages: RFC 6238, docs/passkeys-and-factors.md. Real processes; codes of an app of our own."""
import base64
import hashlib
import hmac
import re
import struct
import time
import xml.etree.ElementTree

import pytest

from harness import Server
from people import Browser, sign_in, sign_up_account
from world import configure


def totp(key, step):
    """RFC 6238 4, by Python's own HMAC."""
    mac = hmac.new(key, struct.pack('>Q', step), hashlib.sha1).digest()
    at = mac[-1] & 15
    return f'{(struct.unpack(">I", mac[at:at + 4])[0] & 0x7fffffff) % 10**6:06d}'


class App:
    """What the person has on the telephone. Each code is used once, so it gives the next step's where one is spent: the
    server takes a step ahead."""

    def __init__(self, key_text):
        self.key, self.spent = base64.b32decode(key_text.replace(' ', '')), 0

    def code(self):
        step = max(int(time.time()) // 30, self.spent + 1)
        while step > int(time.time()) // 30 + 1:
            time.sleep(0.2)  # a step of the wall clock; reached only when three codes are needed within 30 s
        self.spent = step
        return totp(self.key, step)

    def wrong(self):
        good = {totp(self.key, int(time.time()) // 30 + n) for n in range(-2, 4)}
        return next(c for c in ('000000', '111111', '222222', '333333', '444444', '555555', '666666') if c not in good)


@pytest.fixture(scope='module')
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp('totp') / 'var', demo=False)
    configure(server, accounts__window_s=86400)
    yield server.start()
    server.stop()


def press(browser, page, action, **fields):
    form = next(f for f in page.forms if f.fields.get('action') == action)
    return browser.submit(page, form=form, **fields)


def enrol(server):
    browser = Browser(server)
    person = sign_up_account(server, browser=browser)
    page = press(browser, browser.get('/account/totp'), 'begin')
    app = App(re.search(r'<code[^>]*>([A-Z2-7 ]+)</code>', page.html)[1])
    codes = press(browser, page, 'confirm', code=app.code())
    assert codes.status == 200 and codes.title == 'Your recovery codes', codes.text
    return browser, person, app, re.findall(r'[0-9a-z]{4}(?:-[0-9a-z]{4}){3}', codes.html)


@pytest.fixture(scope='module')
def ada(server):
    return enrol(server)


def test_it_is_not_on_before_a_first_code(server):
    browser = Browser(server)
    person = sign_up_account(server, browser=browser)
    page = press(browser, browser.get('/account/totp'), 'begin')
    app = App(re.search(r'<code[^>]*>([A-Z2-7 ]+)</code>', page.html)[1])
    picture = browser.get('/account/totp/picture')
    assert picture.headers['Content-Type'] == 'image/svg+xml'
    assert picture.headers['Cache-Control'] == 'no-store'
    assert xml.etree.ElementTree.fromstring(picture.html).tag == '{http://www.w3.org/2000/svg}svg'
    page = press(browser, page, 'confirm', code=app.wrong())
    assert page.status == 400 and 'That code is wrong' in page.text
    other = Browser(server)
    assert not sign_in(other, person).path.endswith('/signin/factor')  # not asked for yet
    press(browser, page, 'off-now')
    assert browser.get('/account/totp/picture').status == 404


def test_the_key_is_not_shown_again_and_nowhere_logged(server, ada):
    browser, _, app, codes = ada
    page = browser.get('/account/totp')
    assert 'It is on' in page.text and '10 left' in page.text
    assert browser.get('/account/totp/picture').status == 404
    key = base64.b32encode(app.key).decode()
    stored = b''.join(p.read_bytes() for p in (server.var / 'store').iterdir())
    for secret in (key, *codes):
        assert secret not in server.log() and secret.encode() not in stored
    assert app.key not in stored


def test_sign_in_asks_for_a_code_and_takes_it_once(server):
    _, person, app, _ = enrol(server)
    browser = Browser(server)
    page = sign_in(browser, person, continue_to='/account/totp')
    assert page.path == '/signin/factor', page.text
    assert browser.get('/account/totp').path == '/signin'  # not signed in yet
    page = browser.get('/signin/factor')
    wrong = browser.submit(page, code=app.wrong())
    assert wrong.status == 403 and 'wrong' in wrong.text
    code = app.code()
    done = browser.submit(wrong, code=code)
    assert done.path == '/account/totp' and 'It is on' in done.text
    other = Browser(server)
    again = other.submit(sign_in(other, person), code=code)  # RFC 6238 5.2
    assert again.status == 403


def test_a_recovery_code_opens_once(server, ada):
    _, person, _, codes = ada
    browser = Browser(server)
    assert browser.submit(sign_in(browser, person), code=codes[0].upper().replace('-', ' ')).status != 403
    assert browser.get('/account/totp').path == '/account/totp'
    other = Browser(server)
    assert other.submit(sign_in(other, person), code=codes[0]).status == 403


def test_the_step_belongs_to_its_browser_and_ends(server, ada):
    _, person, app, codes = ada
    stranger = Browser(server)
    assert stranger.get('/signin/factor').path == '/signin'
    stranger.session.cookies.set('mintmark-factor', 'mml_' + 'A' * 49)
    assert stranger.get('/signin/factor').path == '/signin'
    browser = Browser(server)
    page = sign_in(browser, person)
    done = browser.submit(page, code=codes[1])
    assert done.status != 403
    page.forms[0].fields['csrf'] = browser.get('/account/totp').forms[-1].fields['csrf']
    assert browser.submit(page, code=codes[2]).path != '/signin/factor'  # used up with its first success
    left = int(re.search(r'(\d+) left', browser.get('/account/totp').text)[1])
    assert left >= 8


def test_forms_of_others_are_refused(server, ada):
    browser = ada[0]
    for path, data in (('/account/totp', {'action': 'off-now'}), ('/account/totp', {'action': 'off-now', 'csrf': 'x'})):
        assert browser.post(path, data, follow=False).status == 403
    assert 'It is on' in browser.get('/account/totp').text


def test_wrong_codes_are_slowed_down_here_and_not_elsewhere(server):
    _, person, app, _ = enrol(server)
    browser = Browser(server, source='127.0.0.3')
    page = sign_in(browser, person)
    for _ in range(10):
        answer = browser.submit(page, code=app.wrong())
        assert answer.status == 403
    code = app.code()
    answer = browser.submit(page, code=code)
    assert answer.status == 429 and int(answer.headers['Retry-After']) > 0
    elsewhere = Browser(server, source='127.0.0.4')
    page = sign_in(elsewhere, person)
    assert elsewhere.submit(page, code=code).path != '/signin/factor'


def test_off_means_off(server):
    browser, person, _, _ = enrol(server)
    page = press(browser, browser.get('/account/totp'), 'off')
    assert page.title == 'Switch the authenticator app off?'
    press(browser, page, 'off-now')
    other = Browser(server)
    assert not sign_in(other, person).path.startswith('/signin')
    actions = [e['action'] for e in server.cli('audit', 'list')['entries']]
    assert {'totp.on', 'totp.off'} <= set(actions)


@pytest.mark.parametrize('way', ['cli', 'page', 'api'])
def test_an_administrator_helps_who_lost_the_second_factor(server, way):
    """Factor and recovery codes go, sessions end, the password alone is enough, and the audit trail says who did it."""
    browser, person, _, _ = enrol(server)
    other = Browser(server)
    waiting = sign_in(other, person)
    assert waiting.path == '/signin/factor'
    if way == 'cli':
        assert server.cli('account', 'factors-reset', person.email)['email'] == person.email
    elif way == 'page':
        admin = Browser(server)
        sign_up_account(server, browser=admin, roles=['Admin'])
        account_id = server.cli('account', 'show', person.email)['account_id']
        page = admin.get('/admin/accounts/factors', params={'id': account_id})
        assert 'second factor' in page.text
        assert admin.submit(page, '/admin/accounts/factors').path == '/admin/accounts/show'
    else:
        base = server.issuer.rstrip('/') + '/api/v1'
        for scopes, status in (('mintmark:accounts:read', 403), ('mintmark:accounts:write', 200)):
            made = server.cli('client', 'create', '--name', 'help desk', '--scope', scopes)
            token = server.access_token(auth=(made['client_id'], made['client_secret']), resource=base)
            answer = server.http.post(f'{base}/accounts/{person.email}/factors-reset',
                                      headers={'Authorization': f'Bearer {token}'}, timeout=60)
            assert answer.status_code == status, answer.text
    assert browser.get('/account').path == '/signin'  # wherever it was signed in
    assert other.get('/signin/factor').path == '/signin'  # who stood before the second step starts again
    assert not sign_in(Browser(server), person).path.startswith('/signin')
    last = [e for e in server.cli('audit', 'list')['entries'] if e['action'] == 'account.factors-reset'][-1]
    assert last['actor'].startswith({'cli': 'cli:', 'page': 'account:mma_', 'api': 'client:mmc_'}[way])
