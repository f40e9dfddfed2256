"""A full disk, failing fsync, failing reads: refused changes, nothing acknowledged lost, tokens go on, recovery without restart.

The disk is made to fail by tests/faults/faultfs.c inside the server role of the optimised binary.
"""
import json
import random
import subprocess
import threading
import time

import harness
import pytest
from world import API_A, Failed, World, check_error, check_token, configure, control, raw_control


@pytest.fixture(scope='module')
def shim(tmp_path_factory):
    made = tmp_path_factory.mktemp('shim') / 'faultfs.so'
    done = subprocess.run(['cc', '-shared', '-fPIC', '-O1', '-o', made, harness.ROOT / 'tests/faults/faultfs.c', '-ldl'],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return made


class Disk:
    """What the control byte says; a `with disk('W'):` is a time of trouble."""

    def __init__(self, path):
        self.path = path
        self.set('-')

    def set(self, kind):
        with open(self.path, 'r+b' if self.path.exists() else 'wb') as f:
            f.write(kind.encode())

    def __call__(self, kind):
        self.set(kind)
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.set('-')


@pytest.fixture(scope='module')
def faulty(shim, tmp_path_factory):
    if not harness.RELEASE.exists():
        pytest.skip('build/mintmark is not built')
    folder = tmp_path_factory.mktemp('faulty')
    disk = Disk(folder / 'control')
    server = harness.Server(folder / 'var', binary=harness.RELEASE)
    configure(server, throttle__failures=1000000, usage__flush_s=1)
    server.env = {**server.env, 'LD_PRELOAD': str(shim), 'FAULTFS_CONTROL': str(disk.path), 'FAULTFS_DIR': str(server.var)}
    server.start()
    pid = server.pids('server')
    assert str(shim) in harness.Path(f'/proc/{pid}/maps').read_text(), 'the shim is not in the server'
    made = World(server).populate()
    made.disk = disk
    yield made
    disk.set('-')
    server.env = harness.clean_env()
    server.stop()


def refused(world, op, **args):
    """The operation must be answered, with a failure that says it is ours and may be tried again."""
    answer = json.loads(raw_control(world.server, op, **args))
    assert answer['ok'] is False, answer
    assert answer['error'] == 'temporarily_unavailable' and answer['code'] == 'E_STORE', answer
    assert 'client_secret' not in json.dumps(answer)


def is_ready(world):
    response = world.server.raw(b'GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    assert response.status in (200, 503)
    if response.status == 503:
        check_error(response, 503, 'temporarily_unavailable')
    return response.status == 200


def whole(world):
    """The chain of the audit verifies and the same processes still run."""
    assert control(world.server, 'audit.verify')['entries'] > 0


@pytest.mark.parametrize('kind', ['W', 'S', 'A'])
def test_cc_48_changes_are_refused_and_tokens_go_on(faulty, kind):
    """Disk full (W), failing fsync (S), everything (A). CC-48: 5xx is ours, JSON and never invalid_client."""
    world, pids = faulty, faulty.server.pids()
    kept = world.make(scope='m:read', audiences=[API_A])
    check_token(world.ask(auth=kept))
    check_token(world.ask())
    names = {c['client_name'] for c in world.control('client.list')['clients']}
    with world.disk(kind):
        for i in range(3):
            refused(world, 'client.create', client_name=f'lost {kind} {i}', scope='m:read', audiences=[API_A])
            refused(world, 'secret.regenerate', client_id=kept[0])
            refused(world, 'secret.add', client_id=kept[0])
            refused(world, 'client.disable', client_id=kept[0])
        harness.wait_until(lambda: not is_ready(world), '/readyz says 503')
        for _ in range(20):
            check_token(world.ask())
            check_token(world.ask(auth=kept))  # nothing of what was refused happened
        assert world.server.raw(b'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n').status == 200
    harness.wait_until(lambda: is_ready(world), '/readyz says 200')
    assert {c['client_name'] for c in world.control('client.list')['clients']} == names
    check_token(world.ask(auth=kept))
    fresh = world.make(scope='m:read', audiences=[API_A])
    check_token(world.ask(auth=fresh))
    new = world.control('secret.regenerate', client_id=kept[0])['client_secret']
    check_error(world.ask(auth=kept), 401, 'invalid_client')
    check_token(world.ask(auth=kept, secret=new))
    assert world.server.pids() == pids, 'a process was restarted'
    whole(world)


def test_cc_48_unreadable_store_is_503_and_no_401(faulty):
    """A client that can't be looked up is not a client that does not exist: invalid_client would make SDKs throw credentials away."""
    world = faulty
    unknown = [world.make(scope='m:read', audiences=[API_A]) for _ in range(10)]  # never asked for: in no cache of ours
    check_token(world.ask())
    statuses = set()
    with world.disk('R'):
        for pair in unknown:
            response = world.ask(auth=pair)
            statuses.add(response.status)
            if response.status == 200:  # SQLite had the pages
                check_token(response)
            else:
                check_error(response, 503, 'temporarily_unavailable')
        check_token(world.ask())
    assert 503 in statuses, 'no read ever failed'
    for pair in unknown:
        harness.wait_until(lambda p=pair: world.ask(auth=p).status == 200, 'an unknown client after healing')


def test_usage_is_kept_until_it_can_be_written(faulty):
    """Last-use figures that could not be flushed are not lost."""
    world = faulty
    pair = world.make(scope='m:read', audiences=[API_A])

    def uses():
        return world.control('secret.list', client_id=pair[0])['secrets'][0]['use_count']
    with world.disk('W'):
        for _ in range(7):
            check_token(world.ask(auth=pair))
        time.sleep(2.5)  # two flushes fail
    harness.wait_until(lambda: uses() == 7, 'seven uses')


def test_nothing_acknowledged_is_lost_while_the_disk_comes_and_goes(faulty):
    """Changes from three sides while the disk fails now and then; then the power fails. What was acknowledged is there."""
    world, acked, errors, over = faulty, {}, [], threading.Event()

    def change(number):
        rng = random.Random(number)
        while not over.is_set():
            try:
                if rng.random() < 0.5:
                    made = control(world.server, 'client.create', client_name='x', scope='m:read', audiences=[API_A])
                    acked[number].append((made['client_id'], made['client_secret']))
                else:
                    made = control(world.server, 'secret.add', client_id=acked[number][-1][0])
                    acked[number].append((made['client_id'], made['client_secret']))
            except Failed as failure:
                if failure.args[0]['code'] != 'E_STORE' and 'live secrets' not in failure.args[0]['error_description']:
                    errors.append(failure)
            except (OSError, ValueError) as failure:
                errors.append(failure)

    acked |= {i: [world.make(scope='m:read', audiences=[API_A])] for i in range(3)}
    threads = [threading.Thread(target=change, args=(i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    rng, turns, end = random.Random(1), 0, time.monotonic() + harness.PATIENCE_S
    while turns < 60 or (sum(map(len, acked.values())) <= 20 and time.monotonic() < end):
        with world.disk(rng.choice('WSA')):
            time.sleep(rng.random() * 0.03)
        time.sleep(rng.random() * 0.05)
        turns += 1
    over.set()
    for thread in threads:
        thread.join()
    assert not errors, errors[:3]
    total = sum(map(len, acked.values()))
    assert total > 20
    whole(world)
    world.server.kill_all()
    world.server.start()
    whole(world)
    for pairs in acked.values():
        for pair in pairs:
            check_token(world.ask(auth=pair))


def test_start_on_a_full_disk_recovers(faulty):
    """A server that starts while the disk is full does not give up for ever."""
    world = faulty
    world.disk.set('W')
    world.server.kill_all()
    world.server.launch()
    time.sleep(1)
    world.disk.set('-')
    harness.wait_until(world.server.is_ready, 'ready after the disk has room again')
    check_token(world.ask())
