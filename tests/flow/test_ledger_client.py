"""CC-13 to CC-22 and CC-25: who is asking."""
import base64
import time

import harness
import pytest
from world import CHOSEN, World, basic, check_error, check_token, configure, sleep_past, token_request

GOOD = 'grant_type=client_credentials'


def b64(text):
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


# CC-13, CC-14: without or with wrong credentials. RFC 6749 3.2.1, 4.4.2, 5.2.

def test_cc_13_no_credentials(world):
    """RFC 6749 4.4.2: the client must authenticate."""
    check_error(world.ask(auth=None), 401, 'invalid_client')
    check_error(world.ask(auth=None, client_id=world.clients['main'][0]), 401, 'invalid_client')
    check_error(world.ask(auth=None, client_secret=world.clients['main'][1]), 401, 'invalid_client')


@pytest.mark.parametrize('post', [False, True])
@pytest.mark.parametrize('pair', ['wrong', 'swapped', 'unknown', 'empty', 'prefix', 'longer', 'case', 'huge'])
def test_cc_14_wrong_credentials(world, pair, post):
    """RFC 6749 5.2: 401 and a challenge that names the scheme; check_error compares it."""
    client_id, secret = world.clients['main']
    pairs = {'wrong': (client_id, 'wrong'), 'swapped': (secret, client_id), 'unknown': ('mmc_' + 'A' * 22, secret),
             'empty': (client_id, ''), 'prefix': (client_id, secret[:-1]), 'longer': (client_id, secret + 'x'),
             'case': (client_id.upper(), secret), 'huge': (client_id, 's' * 1500)}
    check_error(world.ask(auth=pairs[pair], post=post), 401, 'invalid_client')


def test_cc_14_another_clients_secret(world):
    check_error(world.ask(auth=(world.clients['main'][0], world.clients['both'][1])), 401, 'invalid_client')


# CC-15: unknown client and wrong secret look the same.

def without_identity(response):
    """Everything but what differs from answer to answer by design."""
    body = response.json()
    request_id = body.pop('request_id')
    headers = [(k, 'ID' if v == request_id else v) for k, v in response.headers if k != 'date']
    return response.status, response.reason, headers, body


@pytest.mark.parametrize('post', [False, True])
def test_cc_15_answers_are_identical(world, post):
    client_id, secret = world.clients['main']
    disabled = world.clients['disabled']
    pairs = [(client_id, 'wrong'), ('mmc_' + 'x' * 22, 'wrong'), (client_id, 'mms_' + secret[4:][::-1]), ('nobody', 'wrong'),
             ('nobody', secret), disabled, (disabled[0], 'wrong'), world.clients['public'], (world.clients['public'][0], 'x'),
             ('legacy.app_1', 'wrong'), ('legacy.app_2', 'wrong'), ('x' * 300, 'wrong'), ('mma_' + 'x' * 22, 'wrong')]
    answers = [without_identity(world.ask(auth=(i, s or 'x'), post=post)) for i, s in pairs]
    assert answers[0][0] == 401
    for pair, answer in zip(pairs, answers):
        assert answer == answers[0], pair


SLOT_S = 0.005  # server/delay.c


@pytest.mark.parametrize('kind', ['wrong secret', 'unknown', 'always the same unknown', 'disabled', 'public'])
def test_cc_15_every_failure_waits_for_its_slot(world, kind):
    """ATTACKS 19. Whatever the way through the server, none is answered as soon as it is ready: each waits for the end of a
    slot that is far longer than the ways differ (when it ends: unit test of server/delay; how alike they are: make bench)."""
    main, disabled, public = (world.clients[name] for name in ('main', 'disabled', 'public'))
    pairs = {'wrong secret': lambda i: (main[0], f'mms_wrong{i}'), 'unknown': lambda i: (f'mmc_unknown{i:015}', f'mms_wrong{i}'),
             'always the same unknown': lambda i: ('mmc_' + 'q' * 22, f'mms_wrong{i}'), 'disabled': lambda i: disabled,
             'public': lambda i: (public[0], f'mms_wrong{i}')}
    with world.server.connect() as connection:
        for i in range(20):
            data = token_request(GOOD, [basic(*pairs[kind](i))], close=False)
            began = time.perf_counter()
            response = connection.send(data).receive()
            assert time.perf_counter() - began >= SLOT_S
            assert response.status == 401


# CC-16: Basic. RFC 6749 2.3.1 and appendix B, RFC 7617 2.

def good_token(world):
    client_id, secret = world.clients['main']
    return b64(f'{client_id}:{secret}')


@pytest.mark.parametrize('value', [
    'Basic', 'Basic ', 'Basic !!!!', 'Basic {token}x!', 'Basic {id_only}', 'Basic {empty_user}', 'Basic {no_utf8}', 'Basic {nul}', 'Basic {percent}',
    'Basic {percent_id}', 'Basic\t{token}', 'Basic{token}', 'Basic {token} x', 'Basic {token},', 'Basic "{token}"', 'Basic user="x"', 'Digest {token}',
    'Basic realm="x" {token}', '{token}', 'Basic {token}, Basic {token}', 'Basic ' + 'QUFB' * 2000, 'Basic {double}'])
def test_cc_16_malformed_basic(world, value):
    """RFC 7617 2; whatever is wrong with it, it is a failed authentication and neither 400 nor 500."""
    client_id, secret = world.clients['main']
    parts = {'token': good_token(world), 'id_only': b64(client_id), 'empty_user': b64(f':{secret}'), 'no_utf8': b64(b'\xff\xfe:\xfd'),
             'nul': b64(f'{client_id}\0:{secret}'), 'percent': b64(f'{client_id}:%zz'), 'percent_id': b64(f'%z:{secret}'),
             'double': b64(f'{client_id}:{secret}:x')}
    check_error(world.ask(auth=None, headers=['Authorization: ' + value.format(**parts)]), 401, 'invalid_client')


@pytest.mark.parametrize('value', ['Basic {token}', 'basic {token}', 'BASIC {token}', 'bAsIc {token}', 'Basic  {token}', 'Basic   {token}  ',
                                   'Basic {encoded}'])
def test_cc_16_accepted_basic(world, value):
    """RFC 9110 11.1: the scheme is case-insensitive; 11.4: one or more blanks. RFC 6749 2.3.1: both halves form-encoded."""
    client_id, secret = world.clients['main']
    encoded = b64(''.join(f'%{ord(c):02x}' for c in client_id) + ':' + ''.join(f'%{ord(c):02X}' for c in secret))
    value = value.format(token=good_token(world), encoded=encoded)
    check_token(world.ask(auth=None, headers=['Authorization: ' + value]))


def test_cc_16_special_characters_in_a_chosen_secret(world):
    """RFC 6749 2.3.1, appendix B: `:`, `%`, `+`, blank, quotes; ATTACKS 17. Un-encoded, the same secret is another one."""
    client_id = world.clients['imported'][0]
    check_error(world.ask(auth=None, headers=[basic(client_id, CHOSEN, encode=False)]), 401, 'invalid_client')
    check_error(world.ask(auth=(client_id, CHOSEN.replace('+', ' '))), 401, 'invalid_client')
    check_error(world.ask(auth=(client_id, CHOSEN.split(':')[0])), 401, 'invalid_client')
    check_token(world.ask(auth='imported'))
    check_token(world.ask(auth='imported', post=True))


def test_cc_16_first_colon_splits(world):
    pair = world.make(client_id='colon.client', client_secret='one:two:three', scope='m:read')
    check_token(world.ask(auth=None, headers=[basic(*pair, encode=False)]))


@pytest.mark.parametrize('pair', [('ключ', 'x'), ('mmc_x', 'пароль'), ('a b', 'c d'), ('a%b', 'c+d'), ('"', '\\')])
def test_cc_16_odd_ids_and_secrets(world, pair):
    for encode in (True, False):
        check_error(world.ask(auth=None, headers=[basic(*pair, encode=encode)]), 401, 'invalid_client')


# CC-17, CC-18: one mechanism. RFC 6749 2.3, 5.2.

@pytest.mark.parametrize('right', [True, False])
@pytest.mark.parametrize('more', [
    {'client_secret': '{secret}'}, {'client_id': '{id}', 'client_secret': '{secret}'}, {'client_assertion': 'x'},
    {'client_assertion_type': 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', 'client_assertion': 'e30.e30.x'},
    {'client_id': '{other}'}, {'client_secret': 'wrong'}])
def test_cc_17_two_mechanisms(world, more, right):
    """RFC 6749 2.3: a client must not use more than one method; ATTACKS 14, 15. Said even when the header's half is wrong."""
    (client_id, secret), other = world.clients['main'], world.clients['both'][0]
    form = {k: v.format(id=client_id, secret=secret, other=other) for k, v in more.items()}
    check_error(world.ask(secret=None if right else 'wrong', **form), 400, 'invalid_request')


def test_cc_17_assertion_and_secret_in_the_body(world):
    for name in ('client_assertion', 'client_assertion_type'):
        check_error(world.ask(post=True, **{name: 'x'}), 400, 'invalid_request')


def test_cc_17_an_assertion_alone_is_not_supported(world):
    urn = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
    for form in ({'client_assertion': 'e30.e30.x'}, {'client_assertion_type': urn}, {'client_assertion_type': urn, 'client_assertion': 'x'}):
        check_error(world.ask(auth=None, **form), 401, 'invalid_client')
        check_error(world.ask(auth=None, client_id=world.clients['main'][0], **form), 401, 'invalid_client')


def test_cc_17_equal_client_id_beside_basic(world):
    check_token(world.ask(client_id=world.clients['main'][0]))
    check_error(world.ask(client_id=world.clients['main'][0], secret='wrong'), 401, 'invalid_client')


@pytest.mark.parametrize('first, second', [('good', 'good'), ('good', 'bad'), ('bad', 'good'), ('good', 'bearer'), ('empty', 'good')])
def test_cc_18_two_authorization_headers(world, first, second):
    """RFC 9110 5.3: Authorization is no list; ATTACKS 40."""
    values = {'good': basic(*world.clients['main']), 'bad': basic('x', 'y'), 'bearer': 'Authorization: Bearer x', 'empty': 'Authorization:'}
    response = world.ask(auth=None, headers=[values[first], values[second].replace('Auth', 'auTH')])
    check_error(response, 400, 'invalid_request')


@pytest.mark.parametrize('value', ['Bearer x', 'Bearer {jwt}', 'bearer x', 'DPoP x', 'Negotiate x', ''])
def test_cc_19_other_schemes(world, value):
    """RFC 6749 5.2: a scheme that the token endpoint does not know is a failed authentication."""
    value = value.format(jwt=check_token(world.ask())['access_token'])
    check_error(world.ask(auth=None, headers=[f'Authorization: {value}']), 401, 'invalid_client')


# CC-20, CC-21: the method that fits the client. RFC 7591 2.

@pytest.mark.parametrize('client, post', [('basic', True), ('post', False)])
def test_cc_20_restricted_to_the_other_method(world, client, post):
    """RFC 7591 2: token_endpoint_auth_method; ATTACKS 16."""
    check_error(world.ask(auth=client, post=post), 401, 'invalid_client')
    check_token(world.ask(auth=client, post=not post))


@pytest.mark.parametrize('client', ['main', 'account', 'demo', 'imported'])
def test_cc_20_ours_may_use_both(world, client):
    check_token(world.ask(auth=client))
    check_token(world.ask(auth=client, post=True))


def test_cc_21_public_clients_get_no_token(world):
    """RFC 6749 4.4: client credentials are for confidential clients only; ATTACKS 16."""
    client_id = world.clients['public'][0]
    for how in ({'auth': None, 'client_id': client_id}, {'auth': (client_id, '')}, {'auth': (client_id, 'x')},
                {'auth': (client_id, ''), 'post': True}, {'auth': (client_id, 'x'), 'post': True}):
        check_error(world.ask(**how), 401, 'invalid_client')


def test_cc_21_a_client_that_became_public(world):
    pair = world.make(scope='m:read')
    check_token(world.ask(auth=pair))
    world.control('client.update', client_id=pair[0], token_endpoint_auth_method='none')
    check_error(world.ask(auth=pair), 401, 'invalid_client')
    check_error(world.ask(auth=pair, post=True), 401, 'invalid_client')


# CC-22: guessing is slowed down. RFC 6749 2.3.1.

@pytest.fixture(scope='module')
def throttled(tmp_path_factory):
    server = harness.Server(tmp_path_factory.mktemp('throttled') / 'var')
    configure(server, throttle__failures=4, throttle__window_s=3600)
    made = World(server.start())
    made.populate()
    yield made
    server.stop()


def test_cc_22_wrong_secrets_are_slowed_down(throttled):
    """RFC 6749 2.3.1: protected against brute force, by client and source; 429 must be JSON that is not invalid_client."""
    for _ in range(4):
        check_error(throttled.ask(secret='wrong', source='127.0.2.1'), 401, 'invalid_client')
    response = throttled.ask(secret='wrong', source='127.0.2.1')
    check_error(response, 429, 'slow_down')
    assert 1 <= int(response.header('retry-after')) <= 3600
    check_token(throttled.ask(source='127.0.2.1'))  # the owner, from the very same address
    check_token(throttled.ask(source='127.0.2.1', post=True))
    check_error(throttled.ask(secret='wrong', source='127.0.2.1'), 429, 'slow_down')  # and his success opens nothing
    check_error(throttled.ask(secret='wrong', source='127.0.2.2'), 401, 'invalid_client')  # elsewhere nothing happened


def test_cc_22_other_clients_at_the_same_address(throttled):
    for _ in range(6):
        throttled.ask(auth='basic', secret='wrong', source='127.0.2.3')
    check_error(throttled.ask(auth='basic', secret='wrong', source='127.0.2.3'), 429, 'slow_down')
    check_token(throttled.ask(auth='both', source='127.0.2.3'))
    check_error(throttled.ask(auth='both', secret='wrong', source='127.0.2.3'), 401, 'invalid_client')


def test_cc_22_chosen_secret_works_elsewhere(throttled):
    """An Argon2id secret is not hashed for a throttled address, and works from every other one."""
    for _ in range(4):
        check_error(throttled.ask(auth='imported', secret='wrong', source='127.0.2.4'), 401, 'invalid_client')
    check_error(throttled.ask(auth='imported', secret='wrong', source='127.0.2.4'), 429, 'slow_down')
    check_error(throttled.ask(auth='imported', source='127.0.2.4'), 429, 'slow_down')
    check_token(throttled.ask(auth='imported', source='127.0.2.5'))


def test_cc_22_clients_that_try_both_methods(world, new_server):
    """Go's oauth2 tries Basic, then the body: with the default limit, four wrong starts are eight failures and no 429."""
    server = World(new_server())
    for _ in range(4):
        check_error(server.ask(auth='demo', secret='wrong'), 401, 'invalid_client')
        check_error(server.ask(auth='demo', secret='wrong', post=True), 401, 'invalid_client')
    check_token(server.ask(auth='demo'))


# CC-25: what has ended. Rotation overlap.

def test_cc_25_disabled_client(world):
    check_error(world.ask(auth='disabled'), 401, 'invalid_client')
    pair = world.make(scope='m:read')
    check_token(world.ask(auth=pair))
    world.control('client.disable', client_id=pair[0])
    check_error(world.ask(auth=pair), 401, 'invalid_client')
    world.control('client.enable', client_id=pair[0])
    check_token(world.ask(auth=pair))
    world.control('client.delete', client_id=pair[0])
    check_error(world.ask(auth=pair), 401, 'invalid_client')


def test_cc_25_disabled_account(world):
    check_token(world.ask(auth='bob'))
    world.control('account.disable', account='bob@example.com')
    check_error(world.ask(auth='bob'), 401, 'invalid_client')
    world.control('account.enable', account='bob@example.com')
    check_token(world.ask(auth='bob'))


def test_cc_25_expiry_of_clients_and_secrets(world):
    """ATTACKS 21: the end is honoured to the second, also for what is in the cache."""
    for life_s in (3, 30, 300):  # a machine that stands still for as long gets more
        end = int(time.time()) + life_s
        client = world.make(scope='m:read', expires_at=end)
        secret = world.make(scope='m:read', client_secret_expires_at=end)
        rotated = world.make(scope='m:read')
        overlap = rotated[0], world.control('secret.add', client_id=rotated[0], client_secret_expires_at=end)['client_secret']
        responses = [world.ask(auth=pair) for pair in (client, secret, rotated, overlap)]
        if time.time() < end:
            break
    for response in responses:
        check_token(response)
    sleep_past(end)
    for pair in (client, secret, overlap):
        check_error(world.ask(auth=pair), 401, 'invalid_client')
    check_token(world.ask(auth=rotated))


def test_cc_25_rotation_overlap(world):
    client_id, first = world.make(scope='m:read')
    added = world.control('secret.add', client_id=client_id, label='second')
    for secret in (first, added['client_secret']):
        check_token(world.ask(auth=(client_id, secret)))
    first_id = next(s['secret_id'] for s in world.control('secret.list', client_id=client_id)['secrets']
                    if s['secret_id'] != added['secret_id'])
    world.control('secret.revoke', client_id=client_id, secret_id=first_id)
    check_error(world.ask(auth=(client_id, first)), 401, 'invalid_client')
    check_token(world.ask(auth=(client_id, added['client_secret'])))


def test_cc_25_regenerate_ends_all_old_secrets_at_once(world):
    client_id, first = world.make(scope='m:read')
    old = [first] + [world.control('secret.add', client_id=client_id)['client_secret'] for _ in range(3)]
    new = world.control('secret.regenerate', client_id=client_id)['client_secret']
    for secret in old:
        check_error(world.ask(auth=(client_id, secret)), 401, 'invalid_client')
    check_token(world.ask(auth=(client_id, new)))
