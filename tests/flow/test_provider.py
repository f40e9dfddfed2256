"""The OpenID provider end to end: authorization code with PKCE, id tokens, userinfo, refresh, logout. RFC 6749 4.1, RFC
7636, RFC 9207, OpenID Connect Core 3.1."""
import base64
import hashlib
import json
import urllib.parse

import people
import pytest
import rp
from world import configure


def claims_of(token):
    return json.loads(base64.urlsafe_b64decode(token.split('.')[1] + '=='))


@pytest.fixture(scope='module')
def ada(server):
    return people.sign_up_account(server, roles=['Pilot'])


@pytest.fixture(scope='module')
def app(server):
    return rp.App(server, '--logout-uri', 'https://app.example/bye')


@pytest.fixture
def browser(server, ada):
    found = people.Browser(server)
    people.sign_in(found, ada)
    return found


def test_code_with_pkce_gives_an_id_token_that_authlib_accepts(server, app, ada):
    """From nothing: sign in, agree, redeem. OIDC-4, OIDC-5, 9207-2, 7636-10, 6749-9."""
    browser = people.Browser(server)
    answer = app.login(browser, ada, state='s &="', nonce='n-1', scope='openid email offline_access')
    assert answer['state'] == 's &="' and answer['iss'] == server.issuer
    tokens = app.redeem(answer)
    assert set(tokens) == {'access_token', 'token_type', 'expires_in', 'refresh_token', 'id_token', 'scope'}
    assert tokens['scope'] == 'openid email offline_access'
    claims = app.check(tokens['id_token'], nonce='n-1', access_token=tokens['access_token'])
    digest = hashlib.sha256(tokens['access_token'].encode()).digest()[:16]
    assert claims['at_hash'] == base64.urlsafe_b64encode(digest).rstrip(b'=').decode()
    assert claims['nonce'] == 'n-1' and claims['amr'] == ['pwd'] and 'azp' not in claims
    access = claims_of(tokens['access_token'])
    assert access['sub'] == claims['sub'] and access['sub'].startswith('mma_') and access['client_id'] == app.id
    info = app.userinfo(tokens['access_token']).json()
    assert info == {'sub': claims['sub'], 'email': ada.email, 'email_verified': info['email_verified']}


def test_answers_by_form_post_need_no_script(server, app, browser):
    """Form Post Response Mode 2: a page with a form and a button; 9207-5."""
    page = browser.get(app.path(response_mode='form_post', state='x"<y>'))
    page = app.walk(browser, page)
    form = page.form()
    assert page.status == 200 and form.action == app.redirect and form.method == 'post' and form.buttons
    assert set(form.fields) == {'code', 'state', 'iss'} and form.fields['state'] == 'x"<y>'
    assert form.fields['iss'] == server.issuer
    policy = page.headers['Content-Security-Policy']
    assert "form-action 'self' https:;" in policy and "frame-ancestors 'none'" in policy  # 9700-10
    assert page.headers['Cache-Control'] == 'no-store'
    app.redeem(form.fields)
    page = browser.get(app.path(response_mode='form_post', response_type='token'))
    assert page.form().fields['error'] == 'unsupported_response_type'


def test_post_is_as_good_as_get(server, app, browser):
    """OIDC-1: the body of a form, from another site; the answer is a redirect to the GET form, 303."""
    page = browser.post('/oauth2/authorize', app.params(), follow=False, headers={'Origin': 'https://app.example'})
    assert page.status == 303 and page.location.startswith('/oauth2/authorize?')
    answer = app.login(browser, path=page.location)
    app.redeem(answer)
    assert browser.post('/oauth2/authorize', '{}', headers={'Content-Type': 'application/json'}).status == 400


def error_of(app, browser, person=None, **more):
    answer = app.login(browser, person, **more)
    assert answer['iss'] == app.server.issuer and 'code' not in answer  # 9207-1: errors name the issuer too
    assert answer.get('state') == more.get('state', answer.get('state'))
    return answer['error']


@pytest.mark.parametrize('more, error', [
    ({'response_type': None}, 'invalid_request'),
    ({'response_type': 'token'}, 'unsupported_response_type'),
    ({'response_type': 'id_token'}, 'unsupported_response_type'),
    ({'response_type': 'code id_token'}, 'unsupported_response_type'),
    ({'response_mode': 'fragment'}, 'invalid_request'),
    ({'code_challenge': None}, 'invalid_request'),  # 7636-8: PKCE is demanded; 8252-5
    ({'code_challenge': 'x' * 42}, 'invalid_request'),  # 7636-5
    ({'code_challenge_method': None}, 'invalid_request'),  # 7636-7: no method means plain
    ({'code_challenge_method': 'plain'}, 'invalid_request'),
    ({'code_challenge_method': 's256'}, 'invalid_request'),  # 7636-6
    ({'scope': 'openid unknown'}, 'invalid_scope'),
    ({'scope': 'openid  email'}, 'invalid_scope'),
    ({'scope': 'open"id'}, 'invalid_scope'),
    ({'scope': 'mintmark:clients:read'}, 'invalid_scope'),
    ({'resource': 'https://nobody.example/'}, 'invalid_target'),
    ({'resource': 'relative'}, 'invalid_target'),
    ({'prompt': 'none login'}, 'invalid_request'),
    ({'prompt': 'create'}, 'invalid_request'),
    ({'max_age': '-1'}, 'invalid_request'),
    ({'max_age': 'x'}, 'invalid_request'),
    ({'nonce': 'n' * 513}, 'invalid_request'),
    ({'request': 'eyJhbGciOiJub25lIn0.e30.'}, 'request_not_supported'),  # OIDC-8
    ({'request_uri': 'https://app.example/request'}, 'request_uri_not_supported'),
    ({'request_uri': 'http://169.254.169.254/'}, 'request_uri_not_supported'),
    ({'authorization_details': '[]'}, 'invalid_authorization_details'),
    ({'state': ['a', 'b']}, 'invalid_request'),  # 6749-3: repeated, so it does not come back
    ({'scope': ['openid', 'email']}, 'invalid_request'),
    ({'nonce': ['a', 'a']}, 'invalid_request'),
])
def test_what_is_wrong_is_told_to_the_client(app, browser, more, error):
    """RFC 6749 4.1.2.1."""
    answer = app.answer(browser.get(app.path(**more)))
    assert answer['error'] == error and answer['iss'] == app.server.issuer and 'code' not in answer
    assert set(answer['error_description']) <= {chr(c) for c in range(0x20, 0x7f)} - set('"\\')  # 6749-12


def test_what_means_nothing_here_is_ignored(app, browser):
    """6749-5, OIDC-11: unknown parameters, claims, locales and the like; empty ones count as absent (6749-4)."""
    answer = app.login(browser, claims='{"userinfo":{"x":{"essential":true}}}', ui_locales='de fr', acr_values='x', display='page',
                       foo=['1', '2'], max_age='', prompt='', login_hint='')
    assert 'code' in answer


@pytest.mark.parametrize('more', [
    {'client_id': None}, {'client_id': 'mmc_unknown'}, {'client_id': ''}, {'client_id': ['a', 'b']}, {'client_id': 'x' * 5000},
    {'client_id': "' or 1=1 --"},
    {'redirect_uri': None}, {'redirect_uri': ['https://app.example/cb'] * 2},
    {'redirect_uri': 'https://evil.example/cb'}, {'redirect_uri': 'https://app.example/cb/'},
    {'redirect_uri': 'https://app.example/c'}, {'redirect_uri': 'https://app.example/cb?x=1'},
    {'redirect_uri': 'https://app.example/cb#x'}, {'redirect_uri': 'https://app.example@evil.example/cb'},
    {'redirect_uri': 'https://app.example\\@evil.example/cb'}, {'redirect_uri': 'https://app.example/cb\r\nX: y'},
    {'redirect_uri': 'https://app.example/cb%0d%0aX:y'}, {'redirect_uri': 'HTTPS://app.example/cb'},
    {'redirect_uri': 'https://app.example:443/cb'}, {'redirect_uri': 'https://аpp.example/cb'},
    {'redirect_uri': '//app.example/cb'}, {'redirect_uri': 'javascript:alert(1)'},
    {'redirect_uri': 'https://app.example/x/../cb'},
])
def test_attack_45_46_nobody_is_sent_to_what_is_not_registered(server, app, browser, more):
    """6749-6, 9700-1, 9700-2: a page, no redirect, and nothing of the request in it; also where the rest is wrong too."""
    for wrong in ({}, {'response_type': 'token'}, {'prompt': 'none'}):
        page = browser.get(app.path(**more, **wrong), follow=False)
        assert page.status == 400 and 'Location' not in page.headers
        assert 'evil' not in page.html and 'alert' not in page.html and 'unknown' not in page.html


def test_attack_46_every_answer_names_its_issuer(server, app, browser):
    """9207-1, 9207-2, 9207-3, 9700-14: byte for byte what discovery says, in good answers and in errors."""
    metadata = server.get('/.well-known/openid-configuration').json()
    assert metadata['authorization_response_iss_parameter_supported'] is True
    assert app.login(browser)['iss'] == app.answer(browser.get(app.path(scope='nope')))['iss'] == metadata['issuer']


def test_attack_45_loopback_ports_are_free_for_native_apps(server, browser):
    """8252-1, 8252-2, 8252-3, 8252-4, 8252-7, 8252-9: any port at 127.0.0.1 and [::1]; never remembered."""
    native = rp.App(server, '--public', '--native', redirect=['http://127.0.0.1/cb', 'http://[::1]/cb', 'com.example.app:/cb',
                                                              'http://localhost:3000/cb', 'https://app.example/claimed'])
    assert native.made['application_type'] == 'native' and native.secret is None
    for uri in ('http://127.0.0.1:49152/cb', 'http://[::1]:65535/cb', 'com.example.app:/cb', 'http://localhost:3000/cb'):
        native.redirect = uri
        for _ in range(2):
            page = browser.get(native.path())
            assert page.status == 200 and page.title.startswith('Let ')  # asked each time
        native.redeem(native.login(browser, path=native.path()))
    for uri in ('http://127.0.0.1:1/cb2', 'http://localhost:3001/cb', 'http://127.0.0.1:0/cb', 'com.example.app2:/cb'):
        native.redirect = uri
        assert browser.get(native.path(), follow=False).status == 400
    native.redirect = 'http://127.0.0.1:1/cb'
    assert native.answer(browser.get(native.path(prompt='none')))['error'] == 'consent_required'


def burnt(app, answer):
    response = app.redeem(answer, check=False)
    return response.status_code == 400 and response.json()['error'] == 'invalid_grant'


def refused(app, answer, error='invalid_grant', **more):
    response = app.redeem(answer, check=False, **more)
    assert response.status_code == 400 and response.json()['error'] == error, response.text


def test_attack_25_pkce_can_not_be_got_round(app, browser):
    """7636-2, 7636-4, 7636-9, 9700-3: none, another, of a wrong length, the challenge itself; then the code is burnt."""
    for verifier in (None, 'x' * 42, 'x' * 129, 'x' * 64, '', 'ä' * 43):
        answer = app.login(browser)
        refused(app, answer, code_verifier=verifier)
        assert burnt(app, answer)
    for length in (42, 129):  # too short and too long even where they fit the challenge
        fitting = base64.urlsafe_b64encode(hashlib.sha256(b'x' * length).digest()).rstrip(b'=').decode()
        refused(app, app.login(browser, code_challenge=fitting), code_verifier='x' * length)
    for more in ({'code_challenge': None}, {'code_challenge': None, 'code_challenge_method': None}, {'code_challenge_method': None},
                 {'code_challenge_method': 'plain'}, {'code_challenge_method': 's256'}):
        assert error_of(app, browser, **more) == 'invalid_request', more
    answer = app.login(browser)
    digest = hashlib.sha256(app.verifier.encode()).digest()
    refused(app, answer, code_verifier=base64.urlsafe_b64encode(digest).rstrip(b'=').decode())
    answer = app.login(browser)
    refused(app, answer, redirect_uri='https://app.example/other')  # 6749-8
    assert burnt(app, answer)
    answer = app.login(browser)
    refused(app, answer, redirect_uri=None)
    answer = app.login(browser)
    refused(app, answer, 'invalid_request', code=None)
    refused(app, {'code': 'mmo_nonsense'})


def test_attack_23_a_code_belongs_to_its_client_and_is_good_once(server, app, browser):
    """6749-7, 6749-8, 9700-4: another client's attempt changes nothing; the second use ends what the first gave."""
    other = rp.App(server, '--public', name='Other')
    answer = app.login(browser, scope='openid email offline_access')
    refused(other, answer, code_verifier=app.verifier)
    tokens = app.redeem(answer)
    assert app.userinfo(tokens['access_token']).status_code == 200
    refused(app, answer)
    assert app.userinfo(tokens['access_token']).status_code == 401
    assert app.refresh(tokens['refresh_token'], check=False).json()['error'] == 'invalid_grant'
    seen = app.post('introspect', {'token': tokens['access_token']}).json()
    assert seen == {'active': False}


def test_attack_24_refresh_tokens_rotate_and_reuse_ends_the_family(app, browser):
    """9700-6, OIDC-9: new tokens each time, the same subject and auth_time; the old one ends all. RFC 6749 6."""
    first = app.redeem(app.login(browser, scope='openid email offline_access', nonce='n-2'))
    second = app.refresh(first['refresh_token'])
    assert second['refresh_token'] != first['refresh_token'] and second['scope'] == first['scope']
    old, new = app.check(first['id_token'], nonce='n-2'), app.check(second['id_token'], access_token=second['access_token'])
    assert all(old[k] == new[k] for k in ('iss', 'sub', 'aud', 'auth_time')) and new['iat'] >= old['iat'] and 'nonce' not in new
    assert app.post('introspect', {'token': second['refresh_token']}).json()['active'] is True  # 7662-8
    assert app.post('introspect', {'token': first['refresh_token']}).json() == {'active': False}
    reused = app.refresh(first['refresh_token'], check=False)
    assert (reused.status_code, reused.json()['error']) == (400, 'invalid_grant')
    assert app.refresh(second['refresh_token'], check=False).json()['error'] == 'invalid_grant'
    assert app.userinfo(second['access_token']).status_code == 401


def test_attack_26_scope_never_widens(server, app, browser):
    """6749-11: refreshing narrows, for one token; more than was granted is invalid_scope; offline_access must be had."""
    tokens = app.redeem(app.login(browser, scope='openid offline_access'))
    for scope in ('openid email', 'email', 'unknown', 'openid  offline_access', 'a"b', 'x ' * 300 + 'x'):
        assert app.refresh(tokens['refresh_token'], check=False, scope=scope).json()['error'] == 'invalid_scope', scope
    narrow = app.refresh(tokens['refresh_token'], scope='offline_access')
    assert narrow['scope'] == 'offline_access' and 'id_token' not in narrow  # OIDC-10
    again = app.refresh(narrow['refresh_token'])
    assert again['scope'] == 'openid offline_access'
    assert 'refresh_token' not in app.redeem(app.login(browser, scope='openid'))
    plain = rp.App(server, '--grant', 'code', name='No refresh')
    tokens = plain.redeem(plain.login(browser, scope='openid offline_access'))
    assert 'refresh_token' not in tokens and 'offline_access' not in tokens['scope']
    assert plain.refresh('mmf_x', check=False).json()['error'] == 'unauthorized_client'


def test_attack_27_a_token_is_for_one_resource(server, browser):
    """RFC 8707 2, 2.2: what was authorized for one API can't be had for another, at redemption or by refreshing."""
    one, two = 'https://one.example/', 'https://two.example/'
    for audience in (one, two):
        server.cli('api', 'create', '--audience', audience, '--scope', 'read Read what is there', '--scope', 'write')
    app = rp.App(server, '--api', one, '--api', two, scope='openid offline_access read')
    page = browser.get(app.path(scope='openid offline_access read', resource=one))
    assert 'Read what is there' in page.text  # the API's own words
    answer = app.answer(app.walk(browser, page))
    refused(app, answer, 'invalid_target', resource=two)
    tokens = app.redeem(answer, resource=one)
    assert claims_of(tokens['access_token'])['aud'] == one
    assert app.refresh(tokens['refresh_token'], check=False, resource=two).json()['error'] == 'invalid_target'
    assert claims_of(app.refresh(tokens['refresh_token'])['access_token'])['aud'] == one
    assert app.answer(browser.get(app.path(scope='read', resource=[one, two])))['error'] == 'invalid_target'
    # agreed to at one API is not agreed to at the other
    assert app.answer(browser.get(app.path(scope='read', resource=two, prompt='none')))['error'] == 'consent_required'
    assert 'code' in app.answer(browser.get(app.path(scope='read', resource=one, prompt='none')))


def test_attack_28_parameters_come_once_and_in_the_body(server, app, browser):
    """RFC 6749 3.2; also for pushed requests."""
    answer = app.login(browser)
    verifier = app.verifier
    body = f'grant_type=authorization_code&code={answer["code"]}&code={answer["code"]}&redirect_uri={app.redirect}'
    assert server.post('/oauth2/token', body, auth=app.auth(), headers={
        'Content-Type': 'application/x-www-form-urlencoded'}).json()['error'] == 'invalid_request'
    query = server.post(f'/oauth2/token?code={answer["code"]}', {'grant_type': 'authorization_code'}, auth=app.auth())
    assert query.json()['error'] == 'invalid_request'
    assert app.post('par', {**app.params(), 'state': ['a', 'b']}).json()['error'] == 'invalid_request'
    assert server.post('/oauth2/par', '{}', auth=app.auth(), headers={'Content-Type': 'application/json'}).status_code == 400
    assert app.push(state='x' * 70000).status_code == 413  # 9126-9
    assert server.get('/oauth2/par').status_code == 405
    app.redeem(answer, code_verifier=verifier)


def test_attack_29_people_and_clients_have_different_names(server, app, browser):
    """9700-9: sub of a person's token is an account, and nobody gets a client with such an id."""
    sub = claims_of(app.redeem(app.login(browser))['access_token'])['sub']
    made = server.cli('client', 'create', '--name', 'x', '--id', sub, check=False)
    assert made.returncode != 0
    assert claims_of(server.access_token())['sub'].startswith('mmc_')


def test_prompts_and_ages(server, app, ada):
    """OIDC-2, OIDC-3: prompt=none never asks; login asks again; max_age is kept; consent asks again; select_account."""
    browser = people.Browser(server)
    assert error_of(app, browser, prompt='none') == 'login_required'
    app.redeem(app.login(browser, ada, scope='openid profile'))
    answer = app.login(browser, prompt='none', scope='openid profile', max_age='1000')  # remembered
    first = app.check(app.redeem(answer)['id_token'])
    assert error_of(app, browser, prompt='none', scope='openid roles') == 'consent_required'
    assert browser.get(app.path(scope='openid profile', prompt='consent')).title.startswith('Let ')
    for more in ({'prompt': 'login'}, {'prompt': 'select_account'}):
        page = browser.get(app.path(scope='openid profile', **more))
        assert page.path == '/signin'
        page = app.walk(browser, page, ada)
        again = app.check(app.redeem(app.answer(page))['id_token'])
        assert again['auth_time'] >= first['auth_time'] and again['sub'] == first['sub']
    assert browser.get(app.path(scope='openid profile', max_age='0')).path == '/signin'  # also in this second
    assert 'login_hint' not in page.html
    page = browser.get(app.path(prompt='login', login_hint='grace@example.com'))
    assert 'grace@example.com' in page.html


def test_hint_of_somebody_else(server, app, browser, ada):
    """OpenID Connect Core 3.1.2.1: id_token_hint names who must be signed in; a hint that is none of ours is ignored."""
    tokens = app.redeem(app.login(browser))
    other, _ = rp.signed_in(server)
    assert error_of(app, other, prompt='none', id_token_hint=tokens['id_token']) == 'login_required'
    for hint in (tokens['access_token'], 'garbage', tokens['id_token'][:-4] + 'AAAA'):
        assert 'code' in app.login(browser, prompt='none', scope='openid email', id_token_hint=hint)


def test_no_is_no(app, browser):
    """RFC 6749 4.1.2.1; the question's form can't be sent from elsewhere (ATTACKS 47)."""
    page = browser.get(app.path(prompt='consent', state='st'))
    assert "form-action 'self' https:;" in page.headers['Content-Security-Policy']
    answer = app.answer(browser.submit(page, '/consent', button="Don't allow"))
    assert answer['error'] == 'access_denied' and answer['state'] == 'st'
    page = browser.get(app.path(prompt='consent'))
    assert browser.submit(page, '/consent', csrf='x', decision='allow').status == 403
    assert browser.submit(page, '/consent', decision='allow', headers={'Origin': 'https://evil.example'}).status == 403


def test_the_sign_in_page_lets_its_form_lead_to_the_client(server, app):
    """Browsers hold a form's redirects to form-action: without the client's scheme the way would end at the sign-in."""
    page = people.Browser(server).get(app.path())
    assert page.path == '/signin' and "form-action 'self' https:;" in page.headers['Content-Security-Policy']
    page = people.Browser(server).get('/signin?continue=%2Foauth2%2Fauthorize%3Fclient_id%3Dx%26redirect_uri%3Dhttps%3A%2F%2Fevil.example')
    assert "form-action 'self';" in page.headers['Content-Security-Policy']


def test_trusted_apps_do_not_ask(server, browser):
    app = rp.App(server, '--trusted', name='Ours')
    assert 'code' in app.answer(browser.get(app.path()))


def test_userinfo(server, app, browser, ada):
    """OIDC-7: GET and POST, the token in the header alone; what the scopes allow. RFC 6750 2.1, 3.1."""
    tokens = app.redeem(app.login(browser, scope='openid profile email roles'))
    info = app.userinfo(tokens['access_token']).json()
    assert info['sub'] == app.check(tokens['id_token'])['sub'] and info['name'] == ada.name
    assert info['role'] == 'Pilot' and info['roles'] == ['Pilot']
    assert app.userinfo(tokens['access_token'], 'POST').json() == info
    sub_only = app.redeem(app.login(browser, scope='openid'))['access_token']
    assert app.userinfo(sub_only).json() == {'sub': info['sub']}
    nothing = server.get('/oauth2/userinfo')
    assert nothing.status_code == 401 and nothing.headers['WWW-Authenticate'] == 'Bearer realm="mintmark"'
    for text in ('garbage', tokens['id_token'], tokens['access_token'] + 'x'):
        answer = app.userinfo(text)
        assert answer.status_code == 401 and 'error="invalid_token"' in answer.headers['WWW-Authenticate']
    body = server.post('/oauth2/userinfo', {'access_token': tokens['access_token']})
    assert body.status_code == 401 and 'error=' not in body.headers['WWW-Authenticate']
    assert server.get('/oauth2/userinfo?access_token=' + tokens['access_token']).status_code == 401  # 9700-13
    service = app.userinfo(server.access_token())
    assert service.status_code == 403 and 'error="insufficient_scope"' in service.headers['WWW-Authenticate']
    account = server.access_token(auth=server.client('account'), scope='openid email')
    assert app.userinfo(account).json()['sub'].startswith('mma_')


def test_tokens_end_with_account_client_and_refresh_token(server, app):
    """RFC 7009 2.1 (7009-6), epochs: what was given dies with whoever it stands on."""
    browser, person = rp.signed_in(server)
    tokens = app.redeem(app.login(browser, scope='openid offline_access'))
    assert server.post('/oauth2/revoke', {'token': tokens['refresh_token']}, auth=server.client()).status_code == 200
    assert app.userinfo(tokens['access_token']).status_code == 200  # another client's attempt: 7009-5
    assert app.post('revoke', {'token': tokens['refresh_token']}).status_code == 200
    assert app.userinfo(tokens['access_token']).status_code == 401
    assert app.refresh(tokens['refresh_token'], check=False).json()['error'] == 'invalid_grant'
    tokens = app.redeem(app.login(browser, scope='openid offline_access'))
    answer = app.login(browser)
    verifier = app.verifier
    server.cli('account', 'disable', person.email)
    assert app.userinfo(tokens['access_token']).status_code == 401
    assert app.refresh(tokens['refresh_token'], check=False).json()['error'] == 'invalid_grant'
    refused(app, answer, code_verifier=verifier)


def test_public_clients_are_let_in_for_these_grants_alone(server, browser):
    """8252-6, RFC 6749 4.4: no client_credentials, no introspection; a secret is refused; 9126-6."""
    app = rp.App(server, '--public', name='Script')
    tokens = app.redeem(app.login(browser, scope='openid offline_access'))
    assert app.refresh(tokens['refresh_token'])['refresh_token']
    assert app.token({'grant_type': 'client_credentials'}, check=False).json()['error'] == 'unauthorized_client'
    assert app.post('introspect', {'token': tokens['access_token']}).status_code == 401
    assert app.post('token', {'grant_type': 'refresh_token', 'refresh_token': 'x', 'client_secret': 'y'}).status_code == 401
    assert app.post('token', {'grant_type': 'refresh_token', 'refresh_token': 'x'}, auth=(app.id, '')).status_code == 401
    confidential = rp.App(server, name='Confidential')
    answer = confidential.login(browser)
    assert confidential.post('token', {'grant_type': 'authorization_code', **answer}, auth=None).status_code == 401
    assert confidential.token({'grant_type': 'client_credentials'}, check=False).json()['error'] == 'unauthorized_client'
    assert server.token(grant_type='authorization_code').json()['error'] == 'unauthorized_client'


def test_algorithms_of_id_tokens(server, browser):
    """OIDC-6, at_hash by the hash of the algorithm. OpenID Connect Core 3.1.3.6."""
    for alg, digest in (('ES256', hashlib.sha256), ('EdDSA', hashlib.sha512), ('PS256', hashlib.sha256)):
        app = rp.App(server, '--id-token-alg', alg, name=alg)
        tokens = app.redeem(app.login(browser))
        claims = app.check(tokens['id_token'], alg=alg)
        half = digest(tokens['access_token'].encode()).digest()
        assert claims['at_hash'] == base64.urlsafe_b64encode(half[:len(half) // 2]).rstrip(b'=').decode()
        assert claims.header['kid']


def test_pushed_requests(server, app, browser):
    """9126-1 ... 9126-5, 9126-7, 9126-8, 9126-10, 9126-11, 9126-12."""
    pushed = app.push(state='pushed')
    assert pushed.status_code == 201 and pushed.headers['Cache-Control'] == 'no-store'
    made = pushed.json()
    assert made['request_uri'].startswith('urn:ietf:params:oauth:request_uri:mmp_') and 10 <= made['expires_in'] < 600
    verifier = app.verifier
    path = rp.urllib.parse.urlencode({'client_id': app.id, 'request_uri': made['request_uri'], 'state': 'other', 'scope': 'unknown'})
    answer = app.login(browser, path='/oauth2/authorize?' + path)
    assert answer['state'] == 'pushed'  # 9126-8: only what was pushed counts
    app.redeem(answer, code_verifier=verifier)
    assert browser.get('/oauth2/authorize?' + path, follow=False).status == 400  # 9126-5
    fresh = app.push().json()['request_uri']
    other = rp.App(server, '--require-pushed', name='Pushes')
    for query in ({'client_id': other.id, 'request_uri': fresh}, {'request_uri': fresh}, {'client_id': app.id, 'request_uri': fresh[:-1]}):
        assert browser.get('/oauth2/authorize?' + rp.urllib.parse.urlencode(query), follow=False).status == 400  # 9126-3
    assert app.push(request_uri=fresh).json()['error'] == 'invalid_request'  # 9126-2
    assert app.push(redirect_uri='https://evil.example/').json()['error'] == 'invalid_request'  # 9126-7, 9126-11
    assert app.push(code_challenge=None).json()['error'] == 'invalid_request'
    assert app.push(scope='nope').json()['error'] == 'invalid_scope'
    assert app.post('par', app.params(), auth=(app.id, 'wrong')).status_code == 401
    assert other.answer(browser.get(other.path()))['error'] == 'invalid_request'  # 9126-10
    assert other.push().status_code == 201
    # a sign-in on the way: prompt=login of a pushed request is served once, not for ever
    stranger = people.Browser(server)
    person = people.sign_up_account(server)
    uri = app.push(prompt='login').json()['request_uri']
    query = rp.urllib.parse.urlencode({'client_id': app.id, 'request_uri': uri})
    app.redeem(app.login(stranger, person, path='/oauth2/authorize?' + query))


def test_logout(server, app, ada):
    """RP-Initiated Logout 2, 3, 6: at once with a hint, after a question without, and only to what is registered."""
    browser = people.Browser(server)
    tokens = app.redeem(app.login(browser, ada))
    bye = 'https://app.example/bye'

    def ask(**query):
        return browser.get('/connect/logout?' + rp.urllib.parse.urlencode(query), follow=False)
    for wrong in ({'client_id': app.id, 'post_logout_redirect_uri': 'https://evil.example/'},
                  {'client_id': 'mmc_x', 'post_logout_redirect_uri': bye},
                  {'client_id': 'mmc_x', 'id_token_hint': tokens['id_token']},
                  {'id_token_hint': tokens['id_token'], 'post_logout_redirect_uri': bye + '/'}):
        assert ask(**wrong).status == 400 and browser.is_signed_in()
    page = ask(post_logout_redirect_uri='https://evil.example/')  # nobody's: asked, and then it ends here
    assert page.status == 200 and 'evil' not in page.headers['Content-Security-Policy'] and browser.is_signed_in()
    page = ask(client_id=app.id, post_logout_redirect_uri=bye, state='a b')
    assert page.status == 200 and browser.is_signed_in()  # asked
    page = browser.submit(page, '/logout', button='Sign out')
    assert page.status == 303 and page.headers['Location'] == bye + '?state=a%20b' and not browser.is_signed_in()
    people.sign_in(browser, ada)
    page = ask(id_token_hint=tokens['id_token'], post_logout_redirect_uri=bye, state='z')
    assert page.status == 303 and page.headers['Location'] == bye + '?state=z' and not browser.is_signed_in()
    assert app.refresh('x', check=False).status_code == 400
    other, _ = rp.signed_in(server)
    page = other.get('/oauth2/logout?' + rp.urllib.parse.urlencode({'id_token_hint': tokens['id_token']}), follow=False)
    assert page.status == 200 and other.is_signed_in()  # somebody else's hint proves nothing
    page = other.post('/oauth2/logout', {'client_id': app.id}, headers={'Origin': 'https://evil.example'})
    assert page.status == 200 and other.is_signed_in()
    assert other.post('/logout', {}, headers={'Origin': 'https://evil.example'}).status == 403


def test_management_scopes_are_not_for_everybody(server):
    """What the management API can do is given to apps by people with the role Admin alone."""
    api = server.issuer + '/api/v1'
    app = rp.App(server, '--api', api, scope='openid mintmark:clients:read')
    for roles, allowed in (([], False), (['Admin'], True)):
        browser, _ = rp.signed_in(server, roles=roles)
        tokens = app.redeem(app.login(browser, scope='openid mintmark:clients:read'))
        assert ('mintmark:clients:read' in tokens['scope']) == allowed


def test_attack_26_ten_thousand_scopes(server, app, browser):
    """However many scopes a request names, it is refused in a few words, and what it came with is as good as before."""
    tokens = app.redeem(app.login(browser, scope='openid offline_access'))
    for scope in (' '.join(f's{i}' for i in range(10000)), ' '.join(['a'] * 10000), ' '.join(['openid'] * 9000)):
        for response in (app.refresh(tokens['refresh_token'], check=False, scope=scope), app.push(scope=scope)):
            assert response.status_code == 400 and response.json()['error'] == 'invalid_scope'
            assert len(response.content) < 1000
        for method, where, most in (('get', 'params', {413, 431}), ('post', 'data', {413})):
            response = server.http.request(method, server.url('/oauth2/authorize'), allow_redirects=False, timeout=60,
                                           **{where: app.params(scope=scope)})
            assert response.status_code in most and 'Location' not in response.headers and len(response.content) < 8000
    app.refresh(tokens['refresh_token'])


@pytest.mark.parametrize('endpoint', ['authorize', 'par', 'token'])
def test_attack_28_a_body_above_64_kib(server, app, browser, endpoint):
    """Refused before it is read as a form; what it names is not used up."""
    answer = app.login(browser)
    form = {'grant_type': 'authorization_code', 'code': answer['code'], 'code_verifier': app.verifier, 'redirect_uri': app.redirect}
    body = {'token': form, 'par': app.params(), 'authorize': app.params()}[endpoint]
    text = urllib.parse.urlencode(body)
    kind = {'Content-Type': 'application/x-www-form-urlencoded'}
    for filler in ('&x=' + 'y' * 65536, '&' + 'n' * 65536 + '=', '&a=b' * 16384):
        response = server.post(f'/oauth2/{endpoint}', text + filler, auth=app.auth(), headers=kind)
        assert response.status_code == 413 and response.json()['error'] == 'request_too_large'
    assert app.token(form)['access_token']


def test_the_grace_of_a_lost_answer(new_server):
    """provider.refresh_grace_s (RFC 9700 4.14.2): who lost the answer may ask once more; more of it is theft."""
    server = new_server(start=False)
    configure(server, provider__refresh_grace_s=300)
    server.start()
    app, browser = rp.App(server), people.Browser(server)
    person = people.sign_up_account(server, browser=browser)

    def begin():
        return app.redeem(app.login(browser, person, scope='openid offline_access'))['refresh_token']
    first = begin()
    lost = app.refresh(first)['refresh_token']
    got = app.refresh(first)['refresh_token']  # the answer was lost
    assert len({first, lost, got}) == 3
    last = app.refresh(got)['refresh_token']
    app.refresh(last)  # the family lives on

    first = begin()
    app.refresh(first)
    got = app.refresh(first)['refresh_token']
    assert app.refresh(first, check=False).json()['error'] == 'invalid_grant'  # once, not twice
    assert app.refresh(got, check=False).json()['error'] == 'invalid_grant'

    first = begin()
    used = app.refresh(first)['refresh_token']
    last = app.refresh(used)['refresh_token']  # so the answer did arrive
    assert app.refresh(first, check=False).json()['error'] == 'invalid_grant'
    assert app.refresh(last, check=False).json()['error'] == 'invalid_grant'


def test_consent_is_for_what_was_shown(server):
    """Another name or other redirect URIs, and everybody is asked again; a page that showed the old name allows nothing."""
    browser, _ = rp.signed_in(server)
    app = rp.App(server, name='Harmless')
    tokens = app.redeem(app.login(browser, scope='openid offline_access'))
    asked = {'scope': 'openid offline_access', 'prompt': 'none'}
    assert 'code' in app.answer(browser.get(app.path(**asked)))
    server.cli('client', 'update', app.id, '--client-uri', 'https://app.example/')
    assert 'code' in app.answer(browser.get(app.path(**asked)))
    server.cli('client', 'update', app.id, '--redirect-uri', app.redirect, '--redirect-uri', 'https://other.example/cb')
    assert app.answer(browser.get(app.path(**asked)))['error'] == 'consent_required'
    page = browser.get(app.path(scope='openid offline_access'))
    assert page.title == 'Let Harmless in?'
    server.cli('client', 'update', app.id, '--name', 'Your bank')
    page = browser.submit(page, '/consent', button='Allow')
    assert page.status == 200 and page.title == 'Let Your bank in?'
    assert app.answer(browser.get(app.path(**asked)))['error'] == 'consent_required'
    page = browser.submit(page, '/consent', button='Allow')
    assert 'code' in app.answer(page)
    assert 'code' in app.answer(browser.get(app.path(**asked)))
    assert 'access_token' in app.refresh(tokens['refresh_token'])  # who was signed in stays so
