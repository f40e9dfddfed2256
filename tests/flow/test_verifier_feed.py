"""A running verifier and the revocation feed of a running server: what is ended there is refused here within seconds, and no
more than that; and `mintmark verify`. ATTACKS 35, 36, 37."""
import json
import subprocess
import time

import harness
import jwt
import pytest
from jwcrypto.jwk import JWK
from test_verifier import JSON, Probe, hostile
from world import part_of


def audience(token):
    return part_of(token, 1)['aud']


def probe_of(server, token, **options):
    return Probe(server.issuer, audience(token), **{'revocation': 'on', **options})


def make_client(server, *more):
    made = server.cli('client', 'create', '--name', 'x', '--api', server.demo['API_AUDIENCE'], *more)
    return made['client_id'], made['client_secret']


def becomes(probe, token, verdict):
    """By itself. How soon is counted by the clock of tests/unit/verify/test_feed.c: a question that waits, else one every 5 s."""
    harness.wait_until(lambda: probe.check(token) == verdict, f'{verdict} instead of {probe.check(token)}')


@pytest.fixture(scope='module')
def other(server):
    """A token that nobody revokes."""
    return server.access_token(auth=make_client(server))


@pytest.fixture
def probe(server, other):
    with probe_of(server, other) as made:
        assert made.check(other) == 'valid'
        yield made
        assert made.check(other) == 'valid'


# What ends a token.

def test_attack_35_regenerated_secret(server, probe):
    pair = make_client(server)
    old = server.access_token(auth=pair)
    assert probe.many([old] * 2) == ['valid'] * 2  # kept from now on
    pair = pair[0], server.cli('client', 'secret', 'regenerate', pair[0], '--yes')['client_secret']
    fresh = server.access_token(auth=pair)
    becomes(probe, old, 'revoked')
    assert probe.check(fresh) == 'valid'


def test_attack_35_token_of_the_same_second(server, probe):
    """Revoked and issued within one second: the old one is refused, the new one is not."""
    pair = make_client(server)
    for _ in range(20):
        old = server.access_token(auth=pair)
        pair = pair[0], server.cli('client', 'secret', 'regenerate', pair[0], '--yes')['client_secret']
        fresh = server.access_token(auth=pair)
        if part_of(old, 1)['iat'] == part_of(fresh, 1)['iat']:
            break
    assert probe.check(fresh) == 'valid'
    becomes(probe, old, 'revoked')
    assert probe.many([fresh, old, fresh]) == ['valid', 'revoked', 'valid']


def test_attack_35_kept_tokens_of_an_added_secret_live(server, probe):
    """`add` ends nothing unless it is asked to."""
    pair = make_client(server)
    old = server.access_token(auth=pair)
    assert probe.check(old) == 'valid'
    server.cli('client', 'secret', 'add', pair[0])
    server.cli('client', 'secret', 'regenerate', pair[0], '--yes', '--keep-tokens')
    witness = server.access_token(auth=make_client(server))
    server.cli('client', 'disable', part_of(witness, 1)['client_id'])
    becomes(probe, witness, 'revoked')  # the feed is past all of it
    assert probe.check(old) == 'valid'


def test_attack_35_disabled_client(server, probe):
    pair = make_client(server)
    old = server.access_token(auth=pair)
    assert probe.check(old) == 'valid'
    server.cli('client', 'disable', pair[0])
    becomes(probe, old, 'revoked')
    server.cli('client', 'enable', pair[0])
    assert probe.check(server.access_token(auth=pair)) == 'valid'
    assert probe.check(old) == 'revoked'


def test_attack_35_disabled_account(server, probe):
    """An account credential acts for its account: sub is the account, and ends with it."""
    account = server.cli('account', 'create', '--email', 'ann@example.com')['account_id']
    pair = make_client(server, '--account', 'ann@example.com')
    old = server.access_token(auth=pair)
    assert part_of(old, 1)['sub'] == account and probe.check(old) == 'valid'
    server.cli('account', 'disable', 'ann@example.com')
    becomes(probe, old, 'revoked')
    server.cli('account', 'enable', 'ann@example.com')
    assert probe.check(server.access_token(auth=pair)) == 'valid'


def test_attack_35_single_token(server, probe):
    """RFC 7009 2.1: one token ends, its sister does not."""
    pair = make_client(server)
    one, sister = server.access_token(auth=pair), server.access_token(auth=pair)
    assert probe.many([one, sister]) == ['valid'] * 2
    assert server.post('/oauth2/revoke', {'token': one}, auth=pair).status_code == 200
    becomes(probe, one, 'revoked')
    assert probe.check(sister) == 'valid'


# What becomes of the feed.

def test_attack_35_across_a_restart(new_server):
    """A running verifier and a new one refuse what was revoked before the restart, and nothing else."""
    server = new_server()
    pair, keeper = make_client(server), server.access_token()
    old = server.access_token(auth=pair)
    with probe_of(server, old) as running:
        assert running.many([old, keeper]) == ['valid'] * 2
        server.cli('client', 'secret', 'regenerate', pair[0], '--yes')
        becomes(running, old, 'revoked')
        server.stop()
        assert running.many([old, keeper]) == ['revoked', 'valid']  # as long as what it knows is not too old
        server.start()
        with probe_of(server, old) as fresh:
            assert fresh.many([old, keeper]) == ['revoked', 'valid']
        again = server.access_token(auth=make_client(server))
        server.cli('client', 'disable', part_of(again, 1)['client_id'])
        becomes(running, again, 'revoked')  # it has found the new process
        assert running.many([old, keeper]) == ['revoked', 'valid']


def test_attack_37_server_gone(new_server):
    """Refused at the stated age (not before: test_feed.c); open by name; and back by itself."""
    server = new_server()
    token = server.access_token()
    age_s = 6
    with probe_of(server, token, feed_age_s=age_s) as probe, \
            probe_of(server, token, feed_age_s=age_s, revocation='open') as opened, \
            probe_of(server, token, revocation='off') as off:
        for each in (probe, opened, off):
            becomes(each, token, 'valid')
        server.stop()
        becomes(probe, token, 'stale')
        assert 'too old' in probe.explain()
        assert [p.check(token) for p in (opened, off)] == ['valid'] * 2
        server.start()
        becomes(probe, token, 'valid')


def test_attack_35_after_a_rotation_at_once(new_server):
    """The feed is the first to use a key that nobody has seen: it fetches the key set, and goes on."""
    server = new_server()
    pair = make_client(server)
    old = server.access_token(auth=pair)
    with probe_of(server, old, interval_s=1) as probe:
        assert probe.check(old) == 'valid'
        server.cli('key', 'rotate', '--now')
        server.cli('client', 'disable', pair[0])
        becomes(probe, old, 'revoked')


def test_attack_37_server_without_a_feed(server, other):
    """An issuer that has none is refused, unless that is switched off by name."""
    keys = server.get('/.well-known/jwks.json').content
    with hostile(lambda h: h.reply(200, JSON, keys)) as issuer:
        feed = f'{issuer.issuer}/revocations'  # metadata are what this one answers there
        with probe_of(server, other, feed_url=feed) as probe:
            assert probe.check(other) == 'stale'
            assert 'application/jwt' in probe.explain()
        with probe_of(server, other, feed_url=feed, revocation='open') as probe:
            assert probe.check(other) == 'valid'


# mintmark verify

def verify(server, *args):
    return subprocess.run([server.binary, 'verify', *map(str, args)], capture_output=True, text=True, timeout=60, env=server.env)


def test_verify_asks_the_feed(server, tmp_path):
    """Ledger 7009-10: who does not ask goes on accepting, and is told so, by the program and by its documentation."""
    pair = make_client(server)
    token = server.access_token(auth=pair)
    done = verify(server, token, '--issuer', server.issuer, '--json')
    assert done.returncode == 0 and json.loads(done.stdout)['revocation_checked'] is True
    server.cli('client', 'disable', pair[0])
    done = verify(server, token, '--issuer', server.issuer, '--json')
    answer = json.loads(done.stdout)
    assert done.returncode == 1 and answer['check'] == 'revoked' and not answer['valid'] and 'claims' not in answer
    assert f'Of client "{pair[0]}"' in answer['explanation']
    done = verify(server, token, '--issuer', server.issuer)
    assert done.returncode == 1 and done.stdout.startswith('REFUSED (revoked): ')
    keys = tmp_path / 'jwks.json'
    keys.write_bytes(server.get('/.well-known/jwks.json').content)
    for args in (['--issuer', server.issuer, '--revocation', 'off'], ['--jwks', keys], ['--jwks', keys, '--issuer', server.issuer]):
        done = verify(server, token, *args)
        assert done.returncode == 0 and 'Not checked: revocation' in done.stdout
    assert verify(server, token, '--issuer', server.issuer, '--revocation', 'maybe').returncode == 2
    manual = ' '.join((harness.ROOT / 'docs/revocation.md').read_text().split())
    assert 'Who does neither accepts a revoked token until it expires' in manual


def test_verify_where_there_is_no_feed(server):
    """A foreign issuer, whose tokens are good as far as anybody can tell: nobody can."""
    key = JWK.generate(kty='EC', crv='P-256', kid='k')
    keys = json.dumps({'keys': [{**key.export_public(as_dict=True), 'alg': 'ES256'}]}).encode()
    with hostile(lambda h: h.reply(200, JSON, keys)) as issuer:
        now = int(time.time())
        claims = {'iss': issuer.issuer, 'sub': 's', 'aud': 'a', 'client_id': 'c', 'jti': 'j', 'iat': now, 'exp': now + 600}
        token = jwt.encode(claims, key.export_to_pem(private_key=True, password=None), 'ES256', {'typ': 'at+jwt', 'kid': 'k'})
        done = verify(server, token, '--issuer', issuer.issuer, '--json')
        answer = json.loads(done.stdout)
        assert done.returncode == 1 and answer['check'] == 'stale' and 'application/jwt' in answer['explanation']
        assert answer['revocation_checked'] is False
        for how in ('open', 'off'):
            done = verify(server, token, '--issuer', issuer.issuer, '--revocation', how)
            assert done.returncode == 0 and 'Not checked: revocation' in done.stdout
