"""kill -9 of any process at any moment, under load, while secrets are rotated: ATTACKS 48.

After each acknowledged regenerate the old secrets never work again and the new one does; nothing is half-made; the audit chain holds.
MINTMARK_CHAOS_ROUNDS says how often something is killed (default 40; 200 in .ci/run). MINTMARK_CHAOS_SEED repeats a run's choices.
"""
import json
import os
import random
import signal
import socket
import threading
import time

import harness
import world as worlds
from world import API_A, World, basic, check_busy, check_error, check_token, claims_of, configure, token_request

ROUNDS = int(os.environ.get('MINTMARK_CHAOS_ROUNDS', '40'))
SEED = int(os.environ.get('MINTMARK_CHAOS_SEED', '0')) or random.randrange(1, 1 << 30)


class Wrong(Exception):
    """Something that must never happen."""


def definite(world, pair, over=None):
    """Ask until there is a verdict: True for a token, False for invalid_client. Anything but those, 503 and a broken connection is wrong."""
    end = time.monotonic() + harness.PATIENCE_S
    while time.monotonic() < end and not (over and over.is_set()):
        try:
            response = world.ask(auth=pair)
        except OSError:
            response = None
        except AssertionError as cut:
            if not str(cut).startswith('cut off'):
                raise Wrong(str(cut)) from None
            response = None
        if response is None:
            time.sleep(0.02)
        elif response.status == 200:
            if claims_of(check_token(response)['access_token'])['client_id'] != pair[0]:
                raise Wrong('a token for somebody else')
            return True
        elif response.status == 401:
            check_error(response, 401, 'invalid_client')
            return False
        elif response.status == 503:
            check_busy(response)
            time.sleep(0.02)
        else:
            raise Wrong(response.raw)
    if over and over.is_set():
        return None
    raise Wrong(f'no verdict within {harness.PATIENCE_S} s')


class Rotator(threading.Thread):
    """Owns one client, and knows of each of its secrets whether it must work, must not, or was in doubt when somebody died."""

    def __init__(self, world, number, over):
        super().__init__(name=f'rotator {number}')
        self.world, self.over, self.rng = world, over, random.Random(SEED + number)
        self.client_id, secret = world.make(f'rotated {number}', scope='m:read', audiences=[API_A])
        first = world.control('secret.list', client_id=self.client_id)['secrets'][0]['secret_id']
        self.good, self.doubtful, self.dead = {first: secret}, {}, {}
        self.acked, self.failure, self.broken = [], None, 0

    def call(self, op, **args):
        """The result; None when it is not known whether it happened."""
        try:
            answer = json.loads(worlds.raw_control(self.world.server, op, client_id=self.client_id, **args))
        except (OSError, ValueError):
            self.broken += 1
            return None
        if answer['ok']:
            return answer['result']
        if answer['code'] in ('E_STORE', 'E_UNAVAILABLE', 'E_NOMEM'):
            self.broken += 1
            return None
        raise Wrong(answer)

    def regenerate(self):
        made = self.call('secret.regenerate')
        if made is None:  # perhaps they died, perhaps not
            self.doubtful |= self.good
            self.good = {}
            return
        self.acked.append(made['secret_id'])
        self.dead |= self.good | self.doubtful
        self.good, self.doubtful = {made['secret_id']: made['client_secret']}, {}
        self.expect(made['client_secret'], True, 'the new secret')
        for secret in self.rng.sample(sorted(self.dead.values()), min(3, len(self.dead))):
            self.expect(secret, False, 'an old secret')
        self.check_list()

    def add(self):
        if len(self.good) + len(self.doubtful) > 8 or not self.good:
            self.regenerate()
            return
        made = self.call('secret.add')
        if made is not None:
            self.good[made['secret_id']] = made['client_secret']
            self.expect(made['client_secret'], True, 'an added secret')

    def revoke(self):
        if len(self.good) < 2:
            self.add()
            return
        secret_id = self.rng.choice(sorted(self.good))
        secret = self.good.pop(secret_id)
        if self.call('secret.revoke', secret_id=secret_id) is None:
            self.doubtful[secret_id] = secret
            return
        self.dead[secret_id] = secret
        self.expect(secret, False, 'a revoked secret')

    def expect(self, secret, wanted, what):
        if definite(self.world, (self.client_id, secret), self.over) not in (wanted, None):
            raise Wrong(f'{what} of {self.client_id} gives {not wanted} after {len(self.acked)} regenerations')

    def check_list(self):
        """Right after an acknowledged regenerate exactly one secret lives: nothing is half-made."""
        listed = self.call('secret.list')
        if listed is not None:
            live = {s['secret_id'] for s in listed['secrets'] if s['state'] == 'live'}
            if live != set(self.good):
                raise Wrong(f'live are {live}, not {set(self.good)}')

    def run(self):
        try:
            while not self.over.is_set():
                self.rng.choice((self.regenerate, self.regenerate, self.add, self.revoke))()
                time.sleep(self.rng.random() * 0.02)
        except Exception as failure:  # told by the main thread
            self.failure = failure
            self.over.set()

    def last_judgement(self):
        for secret in self.good.values():
            if not definite(self.world, (self.client_id, secret)):
                raise Wrong('an acknowledged secret is lost')
        for secret in self.dead.values():
            if definite(self.world, (self.client_id, secret)):
                raise Wrong('an old secret revived')


class Load(threading.Thread):
    """Tokens over kept connections, one after the other."""

    def __init__(self, world, over):
        super().__init__(name='load')
        self.world, self.over, self.tokens, self.failure = world, over, 0, None
        self.jtis = set()

    def fetch(self, connection, data):
        response = connection.send(data).receive()
        if response is None:
            raise OSError('closed')
        if response.status == 503:
            check_busy(response)
            time.sleep(0.01)
            return
        jti = claims_of(check_token(response)['access_token'])['jti']
        if jti in self.jtis:
            raise Wrong('a jti came twice')
        self.jtis.add(jti)
        self.tokens += 1

    def run(self):
        data = token_request('grant_type=client_credentials', [basic(*self.world.clients['demo'])], close=False)
        try:
            while not self.over.is_set():
                try:
                    with self.world.server.connect() as connection:
                        while not self.over.is_set():
                            self.fetch(connection, data)
                            time.sleep(0.002)
                except OSError:
                    time.sleep(0.02)
                except AssertionError as cut:
                    if not str(cut).startswith(('cut off', 'None')) and connection.left == b'':
                        raise
        except Exception as failure:
            self.failure = failure
            self.over.set()


def is_deserted(path):
    """Whether nobody holds the control socket any more."""
    with socket.socket(socket.AF_UNIX) as s:
        try:
            s.connect(str(path))
        except OSError:
            return True
    return False


def revive(server):
    """What an operator does after the supervisor was killed: wait for the roles to end with it, start anew."""
    server.process.wait()
    harness.wait_until(lambda: is_deserted(server.var / 'control.sock'), 'the end of the roles of a dead supervisor')
    server.launch()


def kill_one(world, rng):
    """Returns the role that was killed."""
    server = world.server
    pids = server.pids()
    role = rng.choice(['keyd', 'server', 'server', 'supervisor'])
    if role not in pids:
        return None
    os.kill(pids[role], signal.SIGKILL)
    if role == 'supervisor':
        revive(server)
    return role


def test_attack_48_kill_9_of_anything_at_any_time(new_server, release):
    server = new_server(binary=release, start=False)
    configure(server, throttle__failures=1000000, usage__flush_s=1)
    world = World(server.start())
    world.control('api.create', audience=API_A, scopes=[{'name': 'm:read'}])
    over, rng, killed, outage_s = threading.Event(), random.Random(SEED), {}, []
    threads = [Rotator(world, i, over) for i in range(2)] + [Load(world, over) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(ROUNDS):
            time.sleep(rng.choice((0.02, 0.3, 1.1)) * rng.random())
            if over.is_set():
                break
            role = kill_one(world, rng)
            killed[role] = killed.get(role, 0) + 1
            began = time.monotonic()
            if not definite(world, world.clients['demo']):
                raise Wrong('the demo client was refused')
            outage_s.append(time.monotonic() - began)
        harness.wait_until(lambda: all(t.acked or t.failure for t in threads[:2]), 'a rotation of each')
    finally:
        over.set()
        for thread in threads:
            thread.join(3 * harness.PATIENCE_S)
    for thread in threads:
        assert thread.failure is None, f'seed {SEED}, killed {killed}, {thread.name}: {thread.failure!r}'
        assert not thread.is_alive()
    check_end(world, threads[:2], killed)
    print(f'seed {SEED}: killed {killed}, longest outage {max(outage_s):.2f} s, {sum(t.tokens for t in threads[2:])} tokens, '
          f'{sum(len(t.acked) for t in threads[:2])} regenerations')


def check_end(world, rotators, killed):
    server = world.server
    server.kill_all()  # once more everything at once, then what the disk says counts
    server.start()
    for rotator in rotators:
        rotator.last_judgement()
        assert rotator.acked, 'nothing was rotated'
    assert world.control('audit.verify')['entries'] > 0
    entries, after = [], 0
    while True:
        page = world.control('audit.list', after_seq=after)
        entries += page['entries']
        if 'next_seq' not in page:
            break
        after = page['next_seq']
    assert [e['seq'] for e in entries] == list(range(1, len(entries) + 1))
    told = {(e['action'], e['target'], e['detail']) for e in entries}
    for rotator in rotators:  # each acknowledged change is in the chain
        assert all(('secret.regenerate', rotator.client_id, secret_id) in told for secret_id in rotator.acked)
    server.check_log()
    if ROUNDS >= 40:
        assert {'keyd', 'server', 'supervisor'} <= set(killed), killed
