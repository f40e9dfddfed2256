"""Where logins are kept: the kernel's keyring, the Secret Service (GNOME Keyring on a bus of the test's own), the file."""
import ctypes
import errno
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

import pytest

import harness
from secret_service import Fake, Session
from test_client import FAILED, OK, UNREACHABLE, USAGE, Person, killfs  # noqa: F401: a fixture
from test_client_login import Login, Provider

KEYCTL, ADD_KEY = 250, 248  # x86-64
PLACES = {'keyring': "the kernel's keyring", 'secret-service': 'the Secret Service'}


class Families(Provider):
    """A login does not end the one before: each has a refresh token of its own, good for one use."""

    def __init__(self):
        self.valid = set()
        super().__init__()

    def give(self, request):
        answer = super().give(request)
        self.valid.add(self.refresh)
        return answer

    def refresh_token(self, request, form):
        with self.lock:
            known = form['refresh_token'] in self.valid
            self.valid.discard(form['refresh_token'])
        return self.give(request) if known else self.json({'error': 'invalid_grant'}, 400)


@pytest.fixture
def provider():
    made = Families()
    yield made
    made.stop()


@pytest.fixture(scope='module')
def gnome(tmp_path_factory):
    made = Session(tmp_path_factory.mktemp('session'))
    try:
        yield made.unlocked()
    finally:
        made.stop()


@pytest.fixture
def session(gnome):
    yield gnome
    gnome.clear()


@pytest.fixture
def bus(tmp_path_factory):
    """A bus on which nobody keeps secrets."""
    made = Session(tmp_path_factory.mktemp('bus'))
    yield made
    made.stop()


@pytest.fixture
def fake(bus):
    made = Fake(bus)
    yield made
    made.stop()


def keyring(operation, *args):
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    return libc.syscall(KEYCTL, operation, *args), ctypes.get_errno()


def have_keyring():
    ring, number = keyring(22, os.geteuid(), -2)  # KEYCTL_GET_PERSISTENT
    if ring < 0 and number == errno.EOPNOTSUPP:
        ring, number = keyring(0, -4, 1)
    if ring < 0:
        pytest.skip(f'this kernel lets nobody use its keyring: {os.strerror(number)}')
    return ring


@pytest.fixture
def person(tmp_path, provider):
    made = Person(tmp_path / 'home', provider, MINTMARK_LOGIN_CLIENT_ID='app')
    for name in ('MINTMARK_CLIENT_ID', 'MINTMARK_CLIENT_SECRET', 'DISPLAY', 'WAYLAND_DISPLAY', 'BROWSER', 'SSH_CONNECTION'):
        made.env.pop(name, None)
    made.provider = provider
    yield made
    if any(entry.get('storage') == 'keyring' for entry in logins(made).values()):
        made.run('logout')


def attach(person, session):
    person.env['DBUS_SESSION_BUS_ADDRESS'] = session.address


def detach(person):
    person.env.pop('DBUS_SESSION_BUS_ADDRESS', None)


def try_login(person, *args):
    """By browser, which needs no pause between questions."""
    made = Login(person, *args)
    person.provider.codes['c'] = made.query
    try:
        made.browse(code='c', state=made.query['state'], iss=person.provider.url)
    except (ConnectionError, http.client.HTTPException):
        pass  # it was killed
    return made.end()


def login(person, *args):
    status, said = try_login(person, *args)
    assert status == OK, said
    return said.splitlines()[-1]


def logins(person):
    path = person.home / '.config/mintmark/logins.json'
    return json.loads(path.read_text()) if path.exists() else {}


def has_refresh_token(person):
    """Anywhere on the disk."""
    return any(b'refresh-' in path.read_bytes() for path in person.home.rglob('*') if path.is_file())


@pytest.fixture(params=list(PLACES))
def place(request, person):
    """A person who logs in to a place that is no file."""
    if request.param == 'keyring':
        have_keyring()
    else:
        attach(person, request.getfixturevalue('session'))
    return request.param


def test_kept_rotated_ended(person, provider, place):
    assert login(person, '--storage', place) == f'You are logged in. The login is kept in {PLACES[place]}.'
    [entry] = logins(person).values()
    assert entry['storage'] == place and 'refresh_token' not in entry
    assert f'a login to app, kept in {PLACES[place]}' in person.run('whoami').stdout
    first = person.token()
    for _ in range(3):  # each by the refresh token that came with the one before
        assert person.token('--fresh') != first
    [kept] = logins(person).values()
    assert kept == entry and not has_refresh_token(person)
    last = provider.refresh
    done = person.run('logout')
    assert done.returncode == OK and f'kept in {PLACES[place]}; kept tokens: 1. The server revoked it.' in done.stderr
    assert provider.revoked == [last] and logins(person) == {} and not list(person.cache.glob('token-*.json'))
    assert 'There are no credentials' in person.run('token').stderr


def test_another_program_finds_it_and_only_until_logout(person, provider, session):
    """The item is an ordinary one, with attributes that say whose it is."""
    attach(person, session)
    login(person, '--storage', 'secret-service')
    assert session.kept() == [provider.refresh]
    login(person, '--storage', 'secret-service')  # in its place
    assert session.kept() == [provider.refresh]
    done = harness.run('secret-tool', 'lookup', 'app', 'mintmark', 'issuer', provider.url, 'client_id', 'app', env=session.env)
    assert done.stdout == provider.refresh
    person.token('--fresh')
    assert session.kept() == [provider.refresh]
    person.run('logout')
    assert session.kept() == []


def test_two_homes_do_not_share(person, provider, place, tmp_path):
    other = Person(tmp_path / 'other', provider)
    other.provider = provider
    other.env = {**person.env, 'HOME': str(other.home)}
    login(person, '--storage', place)
    login(other, '--storage', place)
    assert {person.token('--fresh'), other.token('--fresh'), person.token('--fresh')} == {'token-3', 'token-4', 'token-5'}
    assert other.run('logout').returncode == OK and person.token('--fresh')


def test_a_login_moves(person, provider, session):
    """A new login takes the place of the old one, and nothing of that stays where it was."""
    have_keyring()
    attach(person, session)
    for where in ('file', 'secret-service', 'keyring', 'file', 'keyring', 'secret-service'):
        login(person, '--storage', where)
        assert has_refresh_token(person) == (where == 'file')
        assert session.kept() == ([provider.refresh] if where == 'secret-service' else [])
        assert person.token('--fresh')
    assert len(provider.valid) == 6  # nobody used one twice


def test_one_refresh_token_is_used_once_by_many(person, provider, place):
    login(person, '--storage', place)
    before = len(provider.valid)
    processes = [subprocess.Popen([str(person.binary), 'token', '--scope', f's{i}', '--timeout', '60'], env=person.env,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for i in range(8)]
    outputs = [process.communicate(timeout=120) for process in processes]
    assert {process.returncode for process in processes} == {OK}, outputs
    assert len({out for out, _ in outputs}) == 8 and len(provider.valid) == before
    assert 'kept tokens: 9.' in person.run('logout').stderr


def test_auto(person, session):
    """The Secret Service where one is open, else the file; the variable says it for all commands."""
    path = f'{person.home}/.config/mintmark/logins.json'
    assert login(person) == f'You are logged in. The login is kept in {path}.'
    attach(person, session)
    assert login(person).endswith('kept in the Secret Service.') and not has_refresh_token(person)
    assert login(person, '--storage', 'file').endswith(f'kept in {path}.')
    person.env['MINTMARK_LOGIN_STORAGE'] = 'secret-service'
    assert login(person).endswith('kept in the Secret Service.')
    detach(person)
    person.env['XDG_RUNTIME_DIR'] = str(session.folder)  # systemd's place of the bus
    assert person.token('--fresh')
    del person.env['XDG_RUNTIME_DIR']
    attach(person, session)


@pytest.mark.parametrize('name', ['nowhere', 'Keyring', 'file '])
def test_places_that_do_not_exist(person, name):
    done = person.run('login', '--storage', name)
    assert done.returncode == USAGE and 'must be auto, file, keyring or secret-service' in done.stderr
    person.env['MINTMARK_LOGIN_STORAGE'] = name
    done = person.run('token')
    assert done.returncode == USAGE and '$MINTMARK_LOGIN_STORAGE' in done.stderr


def test_a_place_of_a_later_version(person, provider):
    login(person)
    path = person.home / '.config/mintmark/logins.json'
    path.write_text(json.dumps({provider.url: {'client_id': 'app', 'storage': 'cloud'}}))
    person.fail(UNREACHABLE, 'a place that this version does not know')
    assert login(person) and person.token('--fresh')


# The Secret Service is not there, locked, or does not do its part


def limit(fault):
    """Of a call, seconds. What never answers takes all of it; the issuer must fit into it, too, on a machine that stands still now and then."""
    return '3' if fault == 'mute' else '60'


def check_unchanged(person, text):
    """What fails changes nothing: the login is there as before, and a kept token is still handed out."""
    before, kept = logins(person), person.token()
    said = person.fail(UNREACHABLE, text, '--scope', 'other')
    assert 'kept in the Secret Service' in said
    done = person.run('logout', '--timeout', '2')
    assert done.returncode == UNREACHABLE and text in done.stderr, done.stderr
    assert logins(person) == before and person.token() == kept


def test_without_the_session_bus(person, provider, session):
    """What cron sees."""
    attach(person, session)
    login(person)
    detach(person)
    check_unchanged(person, 'there is no session bus here')
    asked = len(provider.requests)
    done = person.run('login', '--device', '--storage', 'secret-service')
    assert done.returncode == UNREACHABLE and 'session bus' in done.stderr and asked == len(provider.requests)
    assert login(person).endswith('could not be removed. The login at ' + provider.url + ' is kept in the Secret Service. The Secret '
                                  'Service can not be used: there is no session bus here ($DBUS_SESSION_BUS_ADDRESS). Call from a '
                                  'session that has it, or log in here with another place.')
    assert person.token('--fresh')
    attach(person, session)


@pytest.mark.parametrize('address', ['tcp:host=127.0.0.1,port=1', 'unixexec:path=/bin/touch,argv1={home}/made', 'autolaunch:',
                                     'unix:path=/nonexistent;unixexec:path=/bin/touch,argv1={home}/made', 'unix:path=/nonexistent'])
def test_addresses_that_are_no_socket_here(person, address):
    person.env['DBUS_SESSION_BUS_ADDRESS'] = address.format(home=person.home)
    done = person.run('login', '--device', '--storage', 'secret-service')
    assert done.returncode == UNREACHABLE and 'can not be used' in done.stderr
    assert not (person.home / 'made').exists()
    assert 'logins.json.' in login(person)


def test_locked(person, provider, session):
    attach(person, session)
    login(person)
    session.lock()
    try:
        check_unchanged(person, 'is locked. Unlock it')
        asked = len(provider.requests)
        done = person.run('login', '--device', '--storage', 'secret-service')
        assert done.returncode == UNREACHABLE and 'is locked' in done.stderr and asked == len(provider.requests)
        other = Person(person.home.parent / 'other', provider)
        other.provider = provider
        other.env = {**person.env, 'HOME': str(other.home)}
        assert re.search(r'logins\.json\. The Secret Service is locked', login(other))  # auto: the file, and why
    finally:
        session.unlock()
    assert person.token('--fresh')


def test_removed_by_somebody_else(person, session):
    attach(person, session)
    login(person)
    session.clear()
    person.fail(FAILED, 'is not there any more. Somebody removed it there. Log in again', '--fresh')
    assert 'The server revoked nothing' in person.run('logout').stderr and logins(person) == {}


def test_nobody_keeps_secrets_on_the_bus(person, bus):
    attach(person, bus)
    assert re.search(r'kept in \S+/logins\.json\.$', login(person))  # nothing to complain about
    done = person.run('login', '--device', '--storage', 'secret-service')
    assert done.returncode == UNREACHABLE and 'none runs in this session' in done.stderr


def test_a_bus_that_never_answers(person, provider, tmp_path):
    """Limited in time: 5 s, or what the call has."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / 'mute'))
        listener.listen(8)
        person.env['DBUS_SESSION_BUS_ADDRESS'] = f'unix:path={tmp_path}/mute'
        began = time.monotonic()
        done = person.run('login', '--device', '--storage', 'secret-service', '--timeout', '1')
        assert time.monotonic() - began >= 1
        assert done.returncode == UNREACHABLE and 'does not answer in time' in done.stderr and provider.requests == []
        assert 'does not answer in time' in login(person, '--timeout', limit('mute'))  # auto
        detach(person)
        assert person.token('--fresh')


def test_a_bus_that_hangs_up(person, tmp_path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / 'rude'))
        listener.listen(8)
        threading.Thread(target=lambda: [listener.accept()[0].close() for _ in range(2)], daemon=True).start()
        person.env['DBUS_SESSION_BUS_ADDRESS'] = f'unix:path={tmp_path}/rude'
        done = person.run('login', '--device', '--storage', 'secret-service')
        assert done.returncode == UNREACHABLE and 'the session bus fails' in done.stderr
        assert 'logins.json. The Secret Service' in login(person)
    detach(person)


@pytest.fixture
def open_folder():
    made = pathlib.Path(tempfile.mkdtemp(dir='/tmp'))
    made.chmod(0o777)
    yield made
    shutil.rmtree(made)


def test_somebody_elses_bus(person, open_folder):
    """Whoever listens there would get the login."""
    if os.geteuid() != 0:
        pytest.skip('only root can be somebody else')
    path = open_folder / 'bus'
    code = f'import socket,sys; s=socket.socket(socket.AF_UNIX); s.bind({str(path)!r}); s.listen(); print(1, flush=True); sys.stdin.read()'
    stranger = subprocess.Popen(['/usr/bin/python3', '-c', code], user=12345, group=12345, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert stranger.stdout.readline() == b'1\n'
        path.chmod(0o777)
        person.env['DBUS_SESSION_BUS_ADDRESS'] = f'unix:path={path}'
        done = person.run('login', '--device', '--storage', 'secret-service')
        assert done.returncode == UNREACHABLE and 'belongs to somebody else' in done.stderr
    finally:
        stranger.communicate(timeout=60)


FAULTS = {'mute': None, 'refusal': 'org.example.No', 'locked': 'org.freedesktop.Secret.Error.IsLocked', 'nonsense': lambda m: ('i', (7,))}


FAILS_LOGIN = [(method, fault) for method in ('OpenSession', 'ReadAlias', 'Get', 'CreateItem') for fault in FAULTS
               if fault != 'mute' or method in ('OpenSession', 'CreateItem')]


@pytest.mark.parametrize('method, fault', FAILS_LOGIN)
def test_a_service_that_fails_a_login(person, fake, bus, method, fault):
    """auto: the file, and why; asked for by name: an error."""
    attach(person, bus)
    fake.answers[method] = FAULTS[fault]
    said = login(person, '--timeout', limit(fault))
    assert re.search(r'logins\.json\. The Secret Service', said) and '\x1b' not in said
    assert person.token('--fresh')
    done = person.run('login', '--device', '--storage', 'secret-service', '--timeout', limit(fault))
    assert done.returncode == UNREACHABLE and person.token('--fresh')  # the former login is as it was


@pytest.mark.parametrize('method, fault', [('SearchItems', 'mute'), ('GetSecret', 'mute'), ('GetSecret', 'nonsense'), ('GetSecret', 'locked')])
def test_a_service_that_fails_a_token(person, fake, bus, method, fault):
    attach(person, bus)
    login(person, '--storage', 'secret-service')
    fake.answers[method] = FAULTS[fault]
    person.fail(UNREACHABLE, 'kept in the Secret Service', '--fresh', '--timeout', '1')
    fake.answers.clear()
    assert person.token('--fresh')


@pytest.mark.parametrize('fault', [*FAULTS, 'prompt', 'gone'])
def test_what_the_server_gave_is_never_lost(person, provider, fake, bus, fault):
    """The place fails right after the server has rotated: the only good refresh token goes into the file, and that is said."""
    attach(person, bus)
    login(person, '--storage', 'secret-service')
    fake.answers['CreateItem'] = {**FAULTS, 'prompt': lambda m: ('oo', ('/', '/org/freedesktop/secrets/prompt/1')),
                                  'gone': lambda m: fake.hang_up()}[fault]
    done = person.run('token', '--fresh', '--timeout', limit(fault))
    assert done.returncode == OK and done.stdout == 'token-2\n'
    assert 'could not be put back into the Secret Service' in done.stderr and 'logins.json' in done.stderr
    [entry] = logins(person).values()
    assert entry['refresh_token'] == provider.refresh and 'storage' not in entry
    detach(person)
    assert person.token('--fresh') and 'logins.json' in person.run('whoami').stdout
    assert len(provider.valid) == 1


def test_a_secret_of_any_size_is_bounded(person, fake, bus):
    attach(person, bus)
    login(person, '--storage', 'secret-service')
    fake.secret = b'x' * 1_000_000
    person.fail(FAILED, 'too much', '--fresh')


# The kernel refuses


class Filter(ctypes.Structure):
    _fields_ = [('code', ctypes.c_ushort), ('jt', ctypes.c_ubyte), ('jf', ctypes.c_ubyte), ('k', ctypes.c_uint)]


def fails(number, error):
    """A system call that fails."""
    return [(0x15, 0, 1, number), (0x06, 0, 0, 0x50000 | error)]


def run_without(person, rows, *args):
    """With a seccomp filter, as container runtimes refuse system calls; its rows see the call's number."""
    rows = [(0x20, 0, 0, 0), *rows, (0x06, 0, 0, 0x7fff0000)]
    program = (Filter * len(rows))(*rows)
    data = struct.pack('HxxxxxxP', len(rows), ctypes.addressof(program))

    def forbid():
        libc = ctypes.CDLL(None)
        assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, ctypes.c_char_p(data), 0, 0) == 0
    return subprocess.run([str(person.binary), *args], env=person.env, capture_output=True, text=True, timeout=60, preexec_fn=forbid,
                          stdin=subprocess.DEVNULL, check=False)


@pytest.mark.parametrize('number, text', [(errno.EPERM, 'as is usual in containers'), (errno.ENOSYS, 'has none'),
                                          (errno.EACCES, 'as is usual'), (errno.EDQUOT, 'quota of keys is used up')])
def test_a_kernel_that_refuses(person, provider, number, text):
    done = run_without(person, fails(KEYCTL, number) + fails(ADD_KEY, number), 'login', '--device', '--storage', 'keyring')
    assert done.returncode == UNREACHABLE and text in done.stderr and 'Keep the login elsewhere' in done.stderr
    assert provider.requests == []  # nobody was asked to log in


# keyctl(KEYCTL_GET_PERSISTENT) alone
NOT_PERSISTENT = [(0x15, 0, 4, KEYCTL), (0x20, 0, 0, 16), (0x15, 0, 1, 22), (0x06, 0, 0, 0x50000 | errno.EOPNOTSUPP), (0x20, 0, 0, 0)]


def test_without_persistent_keyrings_the_user_keyring_is_it(person, provider):
    have_keyring()
    for args in (('login', '--device', '--storage', 'keyring'), ('token', '--fresh'), ('token', '--fresh'), ('logout',)):
        done = run_without(person, NOT_PERSISTENT, *args)
        assert done.returncode == OK, done.stderr
    assert len(provider.requests) == 5 and len(provider.revoked) == 1


def test_a_full_keyring_loses_no_login(person, provider):
    have_keyring()
    login(person, '--storage', 'keyring')
    done = run_without(person, fails(ADD_KEY, errno.EDQUOT), 'token', '--fresh')
    assert done.returncode == OK and "could not be put back into the kernel's keyring" in done.stderr and 'quota' in done.stderr
    [entry] = logins(person).values()
    assert entry['refresh_token'] == provider.refresh and person.token('--fresh')


def test_a_keyring_that_ended(person):
    """As after a restart."""
    ring = have_keyring()
    login(person, '--storage', 'keyring')
    names = [line.split()[0] for line in open('/proc/keys', encoding='utf-8') if ':login:' in line]
    assert names or os.geteuid() != 0
    keyring(7, ring)  # KEYCTL_CLEAR
    person.fail(FAILED, 'a restart, or after three days', '--fresh')
    assert person.run('logout').returncode == OK


def test_the_key_is_for_its_owner_alone(person):
    have_keyring()
    login(person, '--storage', 'keyring')
    found = [line.split() for line in open('/proc/keys', encoding='utf-8') if 'mintmark:login:' in line]
    assert not found or {row[4] for row in found} == {'3f000000'}  # who possesses the keyring; others do not even see it


# Killed in between


@pytest.mark.parametrize('before, after', [('file', 'keyring'), ('keyring', 'file')])
def test_killed_while_it_moves(person, provider, killfs, before, after):  # noqa: F811
    """kill -9 at the N-th change of the folder, until a run survives: there is always a login, and a refresh token that works."""
    have_keyring()
    ends, calm = [], person.env
    while OK not in ends and len(ends) < 60:
        person.env = calm
        login(person, '--storage', before)
        person.env = {**calm, 'LD_PRELOAD': str(killfs), 'KILLFS_DIR': str(person.home / '.config'), 'KILLFS_AT': str(len(ends) + 1),
                      'ASAN_OPTIONS': 'verify_asan_link_order=0'}
        ends.append(try_login(person, '--storage', after)[0])
        person.env = calm
        assert person.token('--fresh'), len(ends)
        [entry] = logins(person).values()
        where = entry.get('storage', 'file')
        assert where in (before, after) and (ends[-1] != OK or where == after)
    assert set(ends[:-1]) == {-signal.SIGKILL} and ends[-1] == OK and len(ends) > 3, ends


# What a kept token costs


def traced(person, tmp_path, *args):
    """The system calls of a run, and the files that it opens."""
    if not shutil.which('strace'):
        pytest.skip('there is no strace')
    log = tmp_path / 'strace'
    done = subprocess.run(['strace', '-f', '-qq', '-o', str(log), '-e', 'trace=openat,connect,socket,keyctl,add_key,request_key',
                           str(person.binary), *args], env=person.env, capture_output=True, text=True, timeout=120, check=False)
    if 'ptrace' in done.stderr and 'permitted' in done.stderr:
        pytest.skip('this system lets nobody be traced')
    assert done.returncode == OK, done.stderr
    return log.read_text()


def test_a_kept_token_asks_no_place(person, place, release, tmp_path):
    person.binary = release
    login(person, '--storage', place)
    person.token('--fresh')
    touched = re.compile(r'libsystemd|keyctl|add_key|request_key|AF_UNIX|socket\(')
    assert touched.search(traced(person, tmp_path, 'token', '--fresh'))  # that much for the test
    warm = traced(person, tmp_path, 'token')
    assert 'logins.json' in warm and not touched.search(warm), touched.search(warm)


# Faults at every step, by the unit test that does it for the file


@pytest.mark.parametrize('where', list(PLACES))
def test_a_fault_at_every_step(person, where, request):
    program = harness.ROOT / 'build-test/tests/unit/client/test_login'
    if not program.exists():
        pytest.skip('test_login is not built')
    env = {**person.env, 'MINTMARK_TEST_STORAGE': where}
    if where == 'keyring':
        have_keyring()
    else:
        env['DBUS_SESSION_BUS_ADDRESS'] = request.getfixturevalue('session').address
    done = subprocess.run([str(program)], env=env, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0 and f'kept in {where}' in done.stdout, done.stdout + done.stderr
