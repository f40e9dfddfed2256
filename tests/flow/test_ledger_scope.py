"""CC-26 to CC-32: what is asked for and what is granted."""
import urllib.parse

import pytest
from world import API_A, API_B, API_FOREIGN, check_error, check_token, claims_of, encode_form

GOOD = 'grant_type=client_credentials'


# CC-26: the grammar. RFC 6749 3.3, appendix A.4.

@pytest.mark.parametrize('scope', [
    '%20m:read', 'm:read%20', 'm:read%20%20m:write', '+', '++', 'm:read%22', '%22', 'm:read%5C', '%5C', 'm:read%0A', 'm:read%09m:write', 'm:read%0D%0Ax',
    'm:read%7F', '%01', 'm:read%20%C3%B6', '%C2%A0', 'm:read%2C', 'm:read%20,m:write', 'a' * 200])
def test_cc_26_malformed_scope(world, scope):
    check_error(world.ask(body=f'{GOOD}&scope={scope}'), 400, 'invalid_scope')


@pytest.mark.parametrize('scope', ['M:READ', 'm:Read', 'm:rea', 'm:readx'])
def test_cc_26_case_matters(world, scope):
    check_error(world.ask(scope=scope), 400, 'invalid_scope')


def test_cc_26_order_and_repeats(world):
    """RFC 6749 3.3: the order does not matter; repeats collapse."""
    for scope in ('m:read m:write', 'm:write m:read', 'm:read m:read m:write m:read'):
        answer = check_token(world.ask(scope=scope))
        granted = answer['scope'].split(' ')
        assert sorted(granted) == ['m:read', 'm:write']
        assert claims_of(answer['access_token'])['scope'] == answer['scope']


def test_cc_26_many_scopes(world):
    """ATTACKS 26: 10 000 scopes are refused, not walked through for ever."""
    check_error(world.ask(scope=' '.join(f's{i}' for i in range(8000))), 400, 'invalid_scope')
    check_error(world.ask(scope=' '.join(['m:read'] * 5000)), 400, 'invalid_scope')


# CC-27, CC-28, CC-29: permitted or not, none asked for. RFC 6749 3.3.

@pytest.mark.parametrize('scope', [
    'unknown', 'm:read unknown', 'unknown m:read', 'o:read', 'f:read', 'shared', 'openid', 'm:read openid', 'email', 'admin', '*', 'm:*'])
def test_cc_27_a_scope_that_is_not_permitted(world, scope):
    """RFC 6749 3.3: we never narrow in silence: one wrong scope fails the request."""
    check_error(world.ask(scope=scope), 400, 'invalid_scope')
    check_error(world.ask(scope=scope, post=True), 400, 'invalid_scope')


def test_cc_27_scopes_of_two_apis(world):
    """A token is for one API: RFC 9068 3, 9068-10, RFC 9700 2.3."""
    check_error(world.ask(auth='both', scope='m:read o:read'), 400, 'invalid_scope')


@pytest.mark.parametrize('client, scope', [
    ('main', 'm:read m:write'), ('both', 'm:read shared openid'), ('account', 'm:read openid profile email roles'), ('identity', 'openid email')])
def test_cc_28_none_requested(world, client, scope):
    """RFC 6749 3.3: the documented default: all scopes at the client's default API, and its identity scopes."""
    for form in ({}, {'scope': ''}):
        answer = check_token(world.ask(auth=client, **form))
        assert sorted(answer['scope'].split(' ')) == sorted(scope.split())


def test_cc_28_nothing_left_to_grant(world):
    check_error(world.ask(auth='offline'), 400, 'invalid_scope')
    check_error(world.ask(auth='both', scope='offline_access'), 400, 'invalid_scope')


@pytest.mark.parametrize('form', [{}, {'scope': 'm:read'}, {'scope': 'm:write m:read'}, {'resource': API_A}])
def test_cc_29_scope_is_always_in_the_answer(world, form):
    """RFC 6749 3.3, 5.1."""
    answer = check_token(world.ask(**form))
    assert isinstance(answer['scope'], str) and answer['scope']
    assert claims_of(answer['access_token'])['scope'] == answer['scope']


def test_cc_29_offline_access_is_not_granted_and_that_shows(world):
    """ATTACKS 26: permitted and asked for, yet client_credentials never gives it."""
    answer = check_token(world.ask(auth='account', scope='openid offline_access email'))
    assert sorted(answer['scope'].split(' ')) == ['email', 'openid']
    check_error(world.ask(scope='m:read offline_access'), 400, 'invalid_scope')


# CC-30: resource. RFC 8707 2.

@pytest.mark.parametrize('resource', [
    'relative', '/relative', 'measurements', '//api.example/measurements', API_A + '#', API_A + '#fragment', ':', 'https:', '://x', 'https://',
    'https:///x', '1http://x', 'ht tp://x', API_A + ' x', ' ' + API_A, API_A + '\n', API_A + '"', 'https://api.example/ö', 'x' * 3000 + ':y',
    'https://' + 'x' * 3000, '\\\\x', 'https://a|b/'])
def test_cc_30_malformed_resource(world, resource):
    """RFC 8707 2: an absolute URI without fragment; ATTACKS 27."""
    check_error(world.ask(resource=resource), 400, 'invalid_target')


@pytest.mark.parametrize('resource', [
    'https://unknown.example/', API_FOREIGN, API_B, API_A + '/', API_A.upper(), API_A.replace('https', 'http'), API_A + '?x', 'HTTPS' + API_A[5:]])
def test_cc_30_unknown_resource(world, resource):
    """RFC 8707 2: compared exactly; an API where the client has nothing is as unknown as none."""
    check_error(world.ask(resource=resource), 400, 'invalid_target')


def test_cc_30_several_resources(world):
    def ask(*resources):
        return world.ask(auth='both', body=encode_form([('grant_type', 'client_credentials'), *(('resource', r) for r in resources)]))
    check_error(ask(API_A, API_B), 400, 'invalid_target')
    check_error(ask(API_A, 'https://unknown.example/'), 400, 'invalid_target')
    check_error(ask(API_A, 'relative'), 400, 'invalid_target')
    check_token(ask(API_A, API_A, API_A))
    check_token(ask('', API_B, ''))


@pytest.mark.parametrize('form, audience, scope', [
    ({'resource': API_A}, API_A, 'm:read shared openid'), ({'resource': API_B}, API_B, 'o:read o:write shared openid'),
    ({'resource': API_B, 'scope': 'o:read'}, API_B, 'o:read'), ({'scope': 'o:read openid'}, API_B, 'o:read openid'),
    ({'scope': 'm:read'}, API_A, 'm:read'), ({'scope': 'shared'}, API_A, 'shared'), ({'resource': API_B, 'scope': 'shared'}, API_B, 'shared'),
    ({}, API_A, 'm:read shared openid'), ({'resource': ''}, API_A, 'm:read shared openid')])
def test_cc_30_audience(world, form, audience, scope):
    """RFC 9068 3: the resource asked for, else the API of the scopes, else the default."""
    answer = check_token(world.ask(auth='both', **form))
    claims = claims_of(answer['access_token'])
    assert claims['aud'] == audience
    assert sorted(claims['scope'].split(' ')) == sorted(scope.split())


def test_cc_30_scopes_of_another_resource(world):
    """RFC 9068 3, 5: a scope means something at its own API only."""
    check_error(world.ask(auth='both', resource=API_A, scope='o:read'), 400, 'invalid_scope')
    check_error(world.ask(auth='both', resource=API_B, scope='m:read'), 400, 'invalid_scope')


def test_cc_30_for_ourselves(world):
    """Identity scopes alone: the token is for the issuer."""
    for form in ({}, {'scope': 'openid'}):
        assert world.claims(auth='identity', **form)['aud'] == world.server.issuer
    check_error(world.ask(auth='identity', resource=API_A), 400, 'invalid_target')


def test_cc_30_an_ambiguous_scope_needs_a_resource(world):
    """Ledger 9068-10."""
    pair = world.make(scope='shared o:read', audiences=[API_A, API_B], default_audience='')
    shown = world.control('client.get', client_id=pair[0])['default_audience']
    response = world.ask(auth=pair, scope='shared')
    if shown:
        assert claims_of(check_token(response)['access_token'])['aud'] == shown
    else:
        check_error(response, 400, 'invalid_target')


# CC-31, CC-32: what never comes.

@pytest.mark.parametrize('client, form', [
    ('account', {}), ('account', {'scope': 'openid offline_access'}), ('both', {'scope': 'openid offline_access m:read'}), ('identity', {})])
def test_cc_31_no_refresh_token(world, client, form):
    """RFC 6749 4.4.3."""
    assert 'refresh_token' not in check_token(world.ask(auth=client, **form))


@pytest.mark.parametrize('client, form', [('account', {'scope': 'openid'}), ('identity', {'scope': 'openid email'}), ('both', {})])
def test_cc_32_no_id_token(world, client, form):
    """OpenID Connect knows no client credentials; check_token pins the members."""
    answer = check_token(world.ask(auth=client, **form))
    assert 'id_token' not in answer and 'openid' in answer['scope'].split()


@pytest.mark.parametrize('details', ['[{"type":"series","from":"2026-01-01"}]', '[]', 'no JSON'])
def test_authorization_details_are_refused(world, details):
    """RFC 9396 5: who asks for less than all his scopes must not get a token for all of them. Told to known clients only."""
    form = 'grant_type=client_credentials&authorization_details=' + urllib.parse.quote(details)
    check_error(world.ask(form, auth='demo'), 400, 'invalid_authorization_details')
    check_error(world.ask(form, auth=('mmc_0123456789ABCDEFGHIJKL', 'x')), 401, 'invalid_client')
    check_token(world.ask('grant_type=client_credentials&authorization_details=', auth='demo'))  # empty is absent: RFC 6749 3.2
