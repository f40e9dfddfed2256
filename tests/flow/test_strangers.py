"""What anybody can make the server keep without signing in is counted by address: throttle.strangers. Nobody who proves who he is
meets that measure, and one kind of request does not use up another's."""
import base64
import hashlib

import pytest

import harness
import people
import rp
import world as worlds
from foreign_provider import Provider

LIMIT = 4
CALLBACK = 'http://127.0.0.1/cb'
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(b'v' * 43).digest()).rstrip(b'=').decode()


@pytest.fixture(scope='module')
def server(tmp_path_factory):
    with Provider() as provider:
        server = harness.Server(tmp_path_factory.mktemp('strangers') / 'var')
        worlds.configure(server, throttle__strangers=LIMIT, throttle__window_s=3600, compat__rapidata=True)
        with open(server.config, 'a') as config:
            config.write(f'upstream1:\n  issuer: {provider.issuer}\n  client_id: relying\n  private_addresses: true\n')
        server.start()
        yield server
        server.stop()


def make(server, *options):
    return rp.App(server, '--native', '--grant', 'code', '--grant', 'device', *options, redirect=CALLBACK, scope='openid').made


@pytest.fixture(scope='module')
def public(server):
    return make(server, '--public')


def device(server, client):
    return server.post('/oauth2/device_authorization', data=client)


def push(server, client):
    return server.post('/oauth2/par', data={
        **client, 'response_type': 'code', 'redirect_uri': CALLBACK, 'scope': 'openid', 'code_challenge': CHALLENGE,
        'code_challenge_method': 'S256'})


def passkey(server, client):
    browser = people.Browser(server)
    csrf = browser.get('/signin').form('/signin').fields['csrf']
    return browser.request('POST', '/signin/passkey/options', data={'csrf': csrf}).response


def upstream(server, client):
    browser = people.Browser(server)
    browser.get('/signin')
    return browser.get('/signin/upstream?provider=1', follow=False).response


def bridge(server, client):
    return server.post('/identity/bridge-token?clientId=rapidata-cli')


@pytest.mark.parametrize('ask', [device, push, passkey, upstream, bridge])
def test_strangers_write_only_so_often(server, public, ask):
    client = {'client_id': public['client_id']}
    answers = [ask(server, client) for _ in range(LIMIT + 2)]
    assert all(a.status_code in (200, 201, 303) for a in answers[:LIMIT]), [a.text for a in answers]
    assert [a.status_code for a in answers[LIMIT:]] == [429] * 2
    assert int(answers[-1].headers['Retry-After']) >= 1


@pytest.mark.parametrize('ask', [device, push])
def test_a_client_with_a_secret_is_no_stranger(server, ask):
    made = make(server)
    client = {'client_id': made['client_id'], 'client_secret': made['client_secret']}
    assert all(ask(server, client).status_code in (200, 201) for _ in range(LIMIT + 2))
