"""Passkeys over HTTP, with an authenticator in software (authenticator.py): WebAuthn Level 3, 7.1 and 7.2."""
import json

import pytest

from authenticator import AT, EDDSA, ES256, RS256, UP, UV, Authenticator, b64
from harness import Server
from people import Browser, sign_up_account


@pytest.fixture(scope='module')
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp('passkey') / 'var', demo=False).start()
    yield server
    server.stop()


def options(browser, page, path):
    """What the script fetches."""
    csrf = next(f.fields['csrf'] for f in page.forms if 'credential' in f.fields)
    answer = browser.post(path, {'csrf': csrf}, headers={'Origin': browser.server.issuer, 'Sec-Fetch-Site': 'same-origin'})
    assert answer.status == 200, answer.text
    assert answer.headers['Content-Type'] == 'application/json' and answer.headers['Cache-Control'] == 'no-store'
    return json.loads(answer.html)


def with_credential(page):
    return next(f for f in page.forms if 'credential' in f.fields)


def add(browser, device, name='Key', **more):
    page = browser.get('/account/passkeys')
    asked = options(browser, page, '/account/passkeys/options')
    return asked, browser.submit(page, form=with_credential(page), name=name, credential=device.create(asked, **more))


def sign_in(browser, device, to=None, **more):
    page = browser.get('/signin', params={'continue': to} if to else None)
    asked = options(browser, page, '/signin/passkey/options')
    return browser.submit(page, form=with_credential(page), credential=device.get(asked, **more))


@pytest.fixture(scope='module')
def ada(server):
    browser = Browser(server)
    person = sign_up_account(server, browser=browser)
    device = Authenticator(server.issuer)
    asked, page = add(browser, device, 'Ada’s telephone <b>')
    assert page.status == 200 and 'Ada’s telephone <b>' in page.text, page.text
    return browser, person, device, asked


def test_options_ask_for_what_we_check(server, ada):
    asked = ada[3]
    assert asked['rp']['id'] == '127.0.0.1' and asked['attestation'] == 'none'
    assert asked['authenticatorSelection'] == {'residentKey': 'required', 'requireResidentKey': True,
                                               'userVerification': 'required'}
    assert [p['alg'] for p in asked['pubKeyCredParams']] == [ES256, EDDSA, RS256]
    assert len(asked['challenge']) == 43
    page = ada[0].get('/account/passkeys')
    known = options(ada[0], page, '/account/passkeys/options')['excludeCredentials']
    assert [k['id'] for k in known] == [b64(ada[2].id)]


def test_a_passkey_signs_in_without_a_password(server, ada):
    browser = Browser(server)
    page = sign_in(browser, ada[2], '/account/passkeys')
    assert page.path == '/account/passkeys' and 'last used' in page.text
    entry = [e for e in server.cli('audit', 'list')['entries'] if e['action'] == 'session.create'][-1]
    assert entry['detail'] == 'passkey'


@pytest.mark.parametrize('alg', [EDDSA, RS256])
def test_other_algorithms(server, alg):
    browser = Browser(server)
    sign_up_account(server, browser=browser)
    device = Authenticator(server.issuer, alg)
    assert add(browser, device)[1].status == 200
    assert sign_in(Browser(server), device, '/account/passkeys').path == '/account/passkeys'


REFUSED = {
    'another origin': ({'origin': 'https://evil.example'}, {}),
    'another port': ({'origin': 'http://127.0.0.1:1'}, {}),
    'another rp': ({'rp_id': 'evil.example'}, {}),
    'nobody verified': ({}, {'flags': UP}),
    'nobody there': ({}, {'flags': UV}),
    'a registration': ({}, {'kind': 'webauthn.create'}),
    'in a frame': ({}, {'crossOrigin': True}),
    'another account': ({}, {'user': b64(b'mma_0000000000000000000000')}),
    'no account': ({}, {'user': ''}),
    'unknown credential': ({'id': b'x' * 32}, {}),
    'another key': ({'key': Authenticator('https://x').key}, {}),
}


@pytest.mark.parametrize('case', REFUSED)
def test_what_does_not_fit_gets_one_answer(server, ada, case):
    bent, more = REFUSED[case]
    device = ada[2]
    kept = dict(vars(device))
    vars(device).update(bent)
    try:
        browser = Browser(server)
        page = sign_in(browser, device, **more)
    finally:
        vars(device).update(kept)
    assert page.status == 403 and 'does not open an account' in page.text
    assert not browser.cookie()


def test_a_challenge_is_good_once_and_in_its_browser(server, ada):
    browser, device = Browser(server), ada[2]
    page = browser.get('/signin')
    asked = options(browser, page, '/signin/passkey/options')
    proof = device.get(asked)
    thief = Browser(server)
    stolen = thief.get('/signin')
    assert thief.submit(stolen, form=with_credential(stolen), credential=proof).status == 403
    assert browser.submit(page, form=with_credential(page), credential=proof).status == 403  # the theft used it up
    asked = options(browser, page, '/signin/passkey/options')
    proof = device.get(asked)
    assert browser.submit(page, form=with_credential(page), credential=proof, follow=False).status == 303
    page = browser.get('/signin', params={'reauth': '1'})
    assert browser.submit(page, form=with_credential(page), credential=proof).status == 403


def test_registration_refuses(server):
    browser = Browser(server)
    sign_up_account(server, browser=browser)
    device = Authenticator(server.issuer)
    for more in ({'flags': UP | AT}, {'flags': UV | AT}, {'kind': 'webauthn.get'}, {'crossOrigin': True}):
        assert add(browser, device, **more)[1].status == 400
    device.origin = 'https://evil.example'
    assert add(browser, device)[1].status == 400
    device.origin = server.issuer
    for credential in ('', '{}', 'x' * 40000, '[' * 5000):
        page = browser.get('/account/passkeys')
        assert browser.submit(page, form=with_credential(page), name='x', credential=credential).status in (400, 413)
    assert 'You have none yet' in browser.get('/account/passkeys').text
    assert add(browser, device)[1].status == 200
    assert add(browser, device)[1].status == 409  # known already


def test_a_copied_authenticator_is_noticed(server):
    browser = Browser(server)
    sign_up_account(server, browser=browser)
    device = Authenticator(server.issuer, counter=10)
    assert add(browser, device)[1].status == 200
    assert sign_in(Browser(server), device, '/account/passkeys').path == '/account/passkeys'
    device.counter = 5
    assert sign_in(Browser(server), device).status == 403
    assert 'passkey.copied' in [e['action'] for e in server.cli('audit', 'list')['entries']]


def test_rename_and_delete(server):
    browser = Browser(server)
    sign_up_account(server, browser=browser)
    device = Authenticator(server.issuer)
    page = add(browser, device, 'Old name')[1]
    form = next(f for f in page.forms if f.fields.get('action') == 'rename')
    page = browser.submit(page, form=form, name='New name')
    assert 'New name' in page.text and 'Old name' not in page.text
    form = next(f for f in page.forms if f.fields.get('action') == 'delete')
    page = browser.submit(page, form=form)
    assert page.title == 'Delete the passkey “New name”?'
    page = browser.submit(page, '/account/passkeys')
    assert 'You have none yet' in page.text
    assert sign_in(Browser(server), device).status == 403


def test_somebody_elses_passkey_is_out_of_reach(server, ada):
    browser = Browser(server)
    sign_up_account(server, browser=browser)
    page = browser.get('/account/passkeys')
    csrf = with_credential(page).fields['csrf']
    for action in ('rename', 'delete', 'delete-now'):
        browser.post('/account/passkeys', {'csrf': csrf, 'action': action, 'id': b64(ada[2].id), 'name': 'Mine'},
                     headers={'Origin': server.issuer})
    assert 'Ada’s telephone' in ada[0].get('/account/passkeys').text


def test_pages_with_script_allow_ours_alone(server, ada):
    for page in (ada[0].get('/account/passkeys'), Browser(server).get('/signin')):
        policy = page.headers['Content-Security-Policy']
        assert "script-src 'self'; connect-src 'self'" in policy and "default-src 'none'" in policy
        assert '<script src=' in page.html and 'unsafe' not in policy
