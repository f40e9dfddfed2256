"""The ledger of frequent mistakes, sections 6749, 8252, 9126, 9700, OIDC Core and Discovery: what test_provider.py leaves over."""
import base64
import urllib.parse

import people
import pytest
import rp


@pytest.fixture(scope='module')
def app(server):
    return rp.App(server)


@pytest.fixture(scope='module')
def browser(server):
    return rp.signed_in(server)[0]


def test_6749_errors(server, app):
    """6749-1: 401 with WWW-Authenticate; 6749-10: no-store on errors and success; 6749-12: no quotes in descriptions."""
    wrong = app.post('token', {'grant_type': 'refresh_token', 'refresh_token': 'x'}, auth=(app.id, 'wrong'))
    assert wrong.status_code == 401 and wrong.headers['WWW-Authenticate'].startswith('Basic ')
    for endpoint in ('token', 'par', 'revoke', 'introspect'):
        answer = app.post(endpoint, {'x': 'y'})
        assert answer.status_code == 400 and answer.headers['Cache-Control'] == 'no-store'
        assert not set(answer.json()['error_description']) & set('"\\\n')


def test_6749_basic_is_form_decoded(app, browser):
    """6749-2: id and secret may be percent-encoded before they are joined."""
    answer = app.login(browser)
    encoded = ''.join(f'%{ord(c):02x}' for c in app.id) + ':' + urllib.parse.quote(app.secret, safe='')
    header = 'Basic ' + base64.b64encode(encoded.encode()).decode()
    form = {'grant_type': 'authorization_code', 'code': answer['code'], 'redirect_uri': app.redirect, 'code_verifier': app.verifier}
    got = app.server.post('/oauth2/token', form, headers={'Authorization': header})
    assert got.status_code == 200, got.text


def test_6749_no_fragments(server):
    """6749-13, 8252-8: neither a fragment nor a star can be registered; RFC 8252 8.4."""
    for uri in ('https://app.example/cb#x', 'https://*.example/cb', 'https://app.example/*', 'http://app.example/cb', 'app:/cb'):
        made = server.cli('client', 'create', '--kind', 'app', '--name', 'x', '--native', '--redirect-uri', uri, '--scope', 'openid', check=False)
        assert made.returncode != 0, uri


def test_9700_no_passwords_no_implicit(server, app, browser):
    """9700-5: no password grant; 9700-7: 303, never 307; 9700-8: what a stranger says about proxies counts nothing."""
    answer = app.token({'grant_type': 'password', 'username': 'a', 'password': 'b'}, check=False)
    assert answer.json()['error'] == 'unsupported_grant_type'
    page = browser.get(app.path(prompt='consent'))
    assert browser.submit(page, '/consent', button='Allow').status == 303
    page = browser.get(app.path(scope='nope'), headers={'X-Forwarded-Host': 'evil.example', 'X-Forwarded-Proto': 'https', 'Forwarded': 'host=evil'})
    assert 'evil' not in page.headers['Location']


def test_9700_no_cors_where_people_are(server, app, browser):
    """9700-12: other origins' scripts read nothing at the authorization endpoint; 9700-10: nobody frames it."""
    page = browser.get(app.path(prompt='consent'), headers={'Origin': 'https://evil.example'})
    assert not [name for name in page.headers if name.lower().startswith('access-control')]
    assert "frame-ancestors 'none'" in page.headers['Content-Security-Policy'] and page.headers['X-Frame-Options'] == 'DENY'
    asked = server.http.options(server.url('/oauth2/authorize'), headers={'Origin': 'https://evil.example', 'Access-Control-Request-Method': 'GET'})
    assert asked.status_code == 405


@pytest.mark.parametrize('suffix', ['', '/'])
@pytest.mark.parametrize('family', ['oauth2', 'connect'])
def test_discovery(new_server, suffix, family):
    """Discovery-1 ... Discovery-9: Discovery-2, Discovery-3, Discovery-4, Discovery-5, Discovery-6, Discovery-7, Discovery-8. RFC 8414 2."""
    server = new_server(start=False, demo=False)
    text = server.config.read_text().replace(server.issuer, server.issuer + suffix)
    server.config.write_text(text + f'discovery:\n  family: {family}\n')
    server.issuer += suffix
    server.start()
    response = server.get('/.well-known/openid-configuration')
    found = response.json()
    assert response.headers['Content-Type'] == 'application/json'
    assert found['issuer'] == server.issuer  # the trailing slash is whatever was configured
    for name in ('authorization_endpoint', 'token_endpoint', 'userinfo_endpoint', 'end_session_endpoint', 'pushed_authorization_request_endpoint'):
        assert found[name].startswith(f'{server.issuer.rstrip("/")}/{family}/'), found[name]
    assert found['jwks_uri'].startswith(server.issuer.rstrip('/') + '/')  # https as soon as the issuer is
    assert found['response_types_supported'] == ['code'] and found['subject_types_supported'] == ['public']
    assert 'RS256' in found['id_token_signing_alg_values_supported']
    assert found['request_uri_parameter_supported'] is False and found['claims_parameter_supported'] is False
    assert not [name for name, value in found.items() if value == []]
    keys = server.get(urllib.parse.urlsplit(found['jwks_uri']).path).json()['keys']
    assert all(key['use'] == 'sig' and key['kid'] for key in keys) and {'RS256'} <= {key['alg'] for key in keys}
    if family == 'connect':  # the tokens say the same issuer, byte for byte
        app = rp.App(server, family=family)
        browser, person = people.Browser(server), people.sign_up_account(server)
        answer = app.login(browser, person)
        assert answer['iss'] == server.issuer
        app.check(app.redeem(answer)['id_token'])
