"""POST /oauth2/leaked: whatever a leaked secret of ours opens ends, for whoever holds it; the answer never says what it was."""
import json
import re

import pytest

import harness
import people
import rp
import world as worlds
from test_client_scan import made, scan
from world import control

FOUND = 1
SAME = {'received': True}


@pytest.fixture(scope='module')
def mint(tmp_path_factory):
    server = harness.Server(tmp_path_factory.mktemp('leaked') / 'var')
    worlds.configure(server, registration__access='open', mail__folder=str(server.var / 'mail'), mail__from='mint@example.com')
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope='module')
def app(mint):
    return rp.App(mint)


def report(server, secret):
    answer = server.post('/oauth2/leaked', {'token': secret})
    assert (answer.status_code, answer.json()) == (200, SAME)
    assert secret not in server.log()


def entries(server, action):
    found = [e for e in control(server, 'audit.list', limit=500)['entries'] if e['action'] == action]
    assert all(e['actor'] == 'leak-report:127.0.0.1' for e in found)
    return found


def somebody(server):
    browser = people.Browser(server)
    person = people.sign_up_account(server, browser=browser)
    return browser, person


def mails_of_leaks(server, person):
    return [m for m in people.mails(server, person.email) if 'leaked' in m['Subject']]


def wait_for_mail(server, person):
    return harness.wait_until(lambda: mails_of_leaks(server, person), 'a mail about a leak')[0]


def is_active(server, token):
    return server.http.get(server.url('/oauth2/userinfo'), headers={'Authorization': f'Bearer {token}'}, timeout=60).status_code == 200


def test_refresh_tokens_end_their_family(mint, app):
    """The present one and one that was used: the family and its access tokens end (RFC 9700 4.14.2); one mail."""
    browser, person = somebody(mint)
    for used in (False, True):
        tokens = app.redeem(app.login(browser, scope='openid offline_access'))
        newer = app.refresh(tokens['refresh_token']) if used else tokens
        assert is_active(mint, newer['access_token'])
        report(mint, tokens['refresh_token'])
        assert not is_active(mint, tokens['access_token']) and not is_active(mint, newer['access_token'])
        assert app.refresh(newer['refresh_token'], check=False).json()['error'] == 'invalid_grant'
    report(mint, tokens['refresh_token'])
    assert len(entries(mint, 'refresh.leaked')) == 2 and entries(mint, 'refresh.leaked')[0]['detail'].startswith('mmg_')
    assert 'mmf_' not in wait_for_mail(mint, person).get_content()
    report(mint, app.redeem(app.login(browser, scope='openid offline_access'))['refresh_token'])
    other, second = somebody(mint)
    report(mint, other.cookie())
    wait_for_mail(mint, second)  # behind those of the first, who has one mail of three reports
    assert len(mails_of_leaks(mint, person)) == 1


def test_sessions_end(mint):
    browser, person = somebody(mint)
    kept = people.Browser(mint)
    people.sign_in(kept, person)
    report(mint, browser.cookie())
    assert not browser.is_signed_in() and kept.is_signed_in()
    entry = entries(mint, 'session.leaked')[-1]
    assert entry['target'].startswith('mma_') and entry['detail'].startswith('mmx_')


def test_registration_tokens_become_useless(mint):
    """RFC 7592: the client lives on, nobody manages it by the leaked token. Initial tokens are used up."""
    made_one = mint.post('/oauth2/register', json.dumps({'redirect_uris': [rp.REDIRECT], 'client_name': 'Leaky'}),
                         headers={'Content-Type': 'application/json'}).json()
    token, uri = made_one['registration_access_token'], made_one['registration_client_uri']
    auth = {'Authorization': f'Bearer {token}'}
    assert mint.http.get(uri, headers=auth, timeout=60).status_code == 200
    report(mint, token)
    assert mint.http.get(uri, headers=auth, timeout=60).status_code == 401
    shown = control(mint, 'client.get', client_id=made_one['client_id'])
    assert shown['client_name'] == 'Leaky' and shown['redirect_uris'] == [rp.REDIRECT]
    report(mint, token)
    assert [e['target'] for e in entries(mint, 'registration.leaked')] == [made_one['client_id']]
    initial = re.search('mmn_[0-9A-Za-z]+', json.dumps(mint.cli('client', 'registration-token'))).group()
    report(mint, initial)
    assert len(entries(mint, 'registration.leaked')) == 2


def test_links_are_used_up(mint):
    link = people.invite(mint, 'leak@example.com')
    browser = people.Browser(mint)
    assert browser.get(link).form('/invite')
    report(mint, re.search('mml_[0-9A-Za-z]+', link).group())
    page = people.Browser(mint).get(link)
    assert page.status >= 400 or not any('password' in form.fields for form in page.forms)
    assert len(entries(mint, 'link.leaked')) == 1


def test_access_tokens_end(mint, app):
    """Ours by signature; forged, foreign and changed ones change nothing."""
    browser, _ = somebody(mint)
    tokens = app.redeem(app.login(browser))
    token = tokens['access_token']
    for other in (tokens['id_token'], token[:-2] + ('AA' if token[-2:] != 'AA' else 'BB'), token + '.x', 'eyJ', token.split('.')[0] + '..'):
        report(mint, other)
    assert is_active(mint, token)
    report(mint, token)
    assert not is_active(mint, token)
    report(mint, token)
    assert [e['target'] for e in entries(mint, 'token.leaked')] == [app.id]
    service = mint.access_token()
    report(mint, service)
    assert mint.post('/oauth2/introspect', {'token': service}, auth=mint.client()).json()['active'] is False


def test_scan_reports_them_all(mint, app, tmp_path):
    browser, _ = somebody(mint)
    tokens = app.redeem(app.login(browser, scope='openid offline_access'))
    (tmp_path / 'log').write_text(f'{tokens["access_token"]}\n{tokens["refresh_token"]} {browser.cookie()} {made("mml_")} {made("mmo_")}\n')
    done = scan('--revoke', '--issuer', mint.issuer, tmp_path, status=FOUND)
    assert [line.split(' ...')[0].rsplit(':', 1)[1] for line in done.stderr.splitlines()] == [' reported, and ended if it was good there'] * 4
    assert not browser.is_signed_in() and not is_active(mint, tokens['access_token'])
    assert not any(secret in done.stdout + done.stderr for secret in (*tokens.values(), browser.cookie() or 'none') if len(str(secret)) > 40)


def test_one_address_reports_so_often(tmp_path):
    """Counted whatever is reported, so that neither store nor signature checks are for everybody's use."""
    server = harness.Server(tmp_path / 'var')
    worlds.configure(server, throttle__strangers=3, throttle__window_s=86400)
    server.start()
    try:
        for _ in range(3):
            report(server, made())
        answer = server.post('/oauth2/leaked', {'token': made('mmf_')})
        assert answer.status_code == 429 and int(answer.headers['Retry-After']) > 0
        assert server.post('/oauth2/leaked', {'token': 'none of ours'}).json() == SAME
        (tmp_path / 'x').write_text(made())
        assert 'can not be told' in scan('--revoke', '--issuer', server.issuer, tmp_path / 'x', status=5).stderr
    finally:
        server.stop()
