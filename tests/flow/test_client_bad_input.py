"""What issue and manual promise of bad input, at every endpoint and file of the client: a typed error that says what to do, in
time, nothing to the wrong host, nothing half-written. Answers of the token endpoint and the cache: test_client.py."""
import json
import os
import socket
import stat
import threading
import time

import pytest

import harness
from issuer import Issuer
from test_client import FAILED, OK, UNREACHABLE, Person, certificates, is_whole, issuer, secure  # noqa: F401: fixtures
from test_client_login import Login, provider  # noqa: F401: a fixture


@pytest.fixture
def other():
    """Who must hear nothing."""
    made = Issuer()
    yield made
    made.stop()
    assert made.requests == [] and made.discoveries == 0


@pytest.fixture
def person(tmp_path, issuer):
    return Person(tmp_path / 'home', issuer)


@pytest.fixture
def logged_in(tmp_path, provider):
    made = Person(tmp_path / 'home', provider, MINTMARK_LOGIN_CLIENT_ID='app')
    for name in ('MINTMARK_CLIENT_ID', 'MINTMARK_CLIENT_SECRET', 'DISPLAY', 'WAYLAND_DISPLAY', 'BROWSER'):
        made.env.pop(name, None)
    log_in(made, provider)
    return made


def log_in(person, provider):
    login = Login(person)
    provider.codes['c'] = login.query
    login.browse(code='c', state=login.query['state'], iss=provider.url)
    status, said = login.end()
    assert status == OK, said


def logins(person):
    return person.home / '.config/mintmark/logins.json'


METADATA = {
    '500': ((500, 'text/html', b'oops'), UNREACHABLE, "Is this the issuer's address?"),
    '404': ((404, 'text/html', b'<html>'), UNREACHABLE, "Is this the issuer's address?"),
    'html': ((200, 'text/html', b'<html>'), FAILED, 'does nothing in between answer for it'),
    'cut off': ((200, 'application/json', b'{"issuer": "http'), FAILED, 'does nothing in between answer for it'),
    '10 MB': ((200, 'application/json', b'{"issuer": "' + b'x' * 10_000_000 + b'"}'), FAILED, 'too many bytes'),
    'evil': ((200, 'application/json', b'{"issuer":"https://evil.example","token_endpoint":"https://evil.example/t"}'), FAILED,
             'names another issuer'),
    'none': ((200, 'application/json', b'{"issuer":"ISSUER"}'), FAILED, 'name no token endpoint'),
}


@pytest.mark.parametrize('name', METADATA)
def test_bad_metadata(person, issuer, name):
    (code, kind, body), status, text = METADATA[name]
    issuer.metadata = lambda request: (code, kind, body.replace(b'ISSUER', issuer.url.encode()))
    person.fail(status, text)
    assert issuer.requests == [] and not list(person.cache.glob('metadata-*.json')) or name == 'none'


def test_metadata_that_redirect(person, issuer, other):
    """RFC 8414 3.3: what is said elsewhere is not this issuer's."""
    issuer.metadata = lambda request: (302, 'text/plain', b'', [('Location', f'{other.url}/.well-known/openid-configuration')])
    person.fail(UNREACHABLE, 'redirects are not followed')
    assert issuer.requests == []


REDIRECTS = {'refresh_token': ('token', '--fresh'), 'revoke': ('logout',), 'userinfo': ('whoami',), 'device': ('login', '--device')}


@pytest.mark.parametrize('code', [301, 302, 303, 307, 308])
@pytest.mark.parametrize('what', REDIRECTS)
def test_nothing_follows_a_redirect(logged_in, provider, other, what, code):
    """Neither refresh token nor access token go where a redirect points."""
    usual, away = provider.token, (code, 'text/plain', b'', [('Location', f'{other.url}/{what}')])

    def token(request):
        return away if what in request.path or f'grant_type={what}' in provider.requests[-1][2] else usual(request)
    provider.token, provider.userinfo = token, (lambda request: away) if what == 'userinfo' else provider.userinfo
    done = logged_in.run(*REDIRECTS[what])
    assert done.returncode == UNREACHABLE and 'never followed' in done.stderr, done.stderr
    assert 'refresh-' not in done.stderr and 'token-' not in done.stderr


@pytest.mark.parametrize('what', ['userinfo', 'device'])
def test_10_mb_elsewhere(logged_in, provider, what):
    big = (200, 'application/json', b'{"a": "' + b'x' * 10_000_000 + b'"}')
    usual = provider.token
    provider.token = lambda request: big if request.path == f'/{what}' else usual(request)
    provider.userinfo = lambda request: big
    done = logged_in.run(*REDIRECTS[what])
    assert done.returncode == FAILED and 'larger answer' in done.stderr


# What no HTTP library would send

RAW = {
    'shorter than it says': ([b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{"access_token": "a"'], UNREACHABLE,
                             'Does it run'),
    'hangs up': ([], UNREACHABLE, 'Does it run'),
    'no HTTP': ([b'SSH-2.0-OpenSSH_9.2\r\n'], UNREACHABLE, 'Does it run'),
    'endless': ([b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', *([b'1000\r\n' + b'x' * 4096 + b'\r\n'] * 4096)], FAILED, 'larger answer'),
    'endless head': ([b'HTTP/1.1 200 OK\r\n', *([b'X-A: ' + b'x' * 4000 + b'\r\n'] * 1024)], FAILED, 'larger answer'),
    'drips': ([b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n', *([b'x', 0.2] * 500)], UNREACHABLE, 'does not answer in time'),
    'drips heads': ([b'HTTP/1.1 200 OK\r\n', *([b'X: y\r\n', 0.2] * 500)], UNREACHABLE, 'does not answer in time'),
}


@pytest.mark.parametrize('name', RAW)
def test_raw_answers(person, name):
    """In time whatever comes how slowly: the limit is for the whole."""
    pieces, status, text = RAW[name]
    over = threading.Event()

    def serve(listener):
        while not over.is_set():
            try:
                connection = listener.accept()[0]
            except OSError:
                return
            with connection:
                try:
                    connection.recv(65536)
                    for piece in pieces:
                        if over.wait(piece) if isinstance(piece, float) else connection.sendall(piece):
                            break
                except OSError:
                    pass
    with socket.socket() as listener:
        listener.bind(('127.0.0.1', 0))
        listener.listen(16)
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        person.env['MINTMARK_TOKEN_ENDPOINT'] = f'http://127.0.0.1:{listener.getsockname()[1]}/token'
        person.fail(status, text, '--timeout', '2' if 'in time' in text else '50')  # all the drops would take a hundred seconds
        over.set()
        listener.shutdown(socket.SHUT_RDWR)


def test_a_server_that_is_not_there_says_what_to_look_at(person, issuer):
    issuer.stop()
    person.fail(UNREACHABLE, 'Does the server run, and are the address')
    issuer.__init__()


# A wall clock that is wrong by an hour


@pytest.fixture(scope='module')
def wrong_clock(tmp_path_factory):
    library = tmp_path_factory.mktemp('shim') / 'wrongclock.so'
    harness.run('cc', '-shared', '-fPIC', '-o', library, harness.ROOT / 'tests/faults/wrongclock.c')
    return {'LD_PRELOAD': str(library), 'ASAN_OPTIONS': 'verify_asan_link_order=0'}


@pytest.mark.parametrize('seconds', [3600, -3600])
def test_a_clock_that_is_wrong_by_an_hour(person, issuer, wrong_clock, tmp_path, seconds):
    """Tokens live as long as the server says, whatever this machine's clock says, and when it is set right again."""
    wrong, right = {**person.env, **wrong_clock, 'WRONGCLOCK_S': str(seconds)}, person.env
    person.env = wrong
    assert person.token() == 'token-1' and person.token() == 'token-1'
    person.env = right
    assert person.token() == 'token-1'
    person.env = wrong
    assert person.token() == 'token-1' and len(issuer.requests) == 1
    file = tmp_path / 'token.json'
    person.env = {k: v for k, v in wrong.items() if 'CLIENT' not in k}
    person.env['MINTMARK_TOKEN_FILE'] = str(file)
    file.write_text(json.dumps({'access_token': 'abc', 'expires_at': time.time() + 600}))
    if seconds < 0:
        assert person.token() == 'abc'
    else:
        person.fail(FAILED, "is this machine's clock right?")


@pytest.mark.parametrize('seconds', [3600, -3600])
def test_a_login_by_a_wrong_clock(logged_in, provider, wrong_clock, seconds):
    logged_in.env = {**logged_in.env, **wrong_clock, 'WRONGCLOCK_S': str(seconds)}
    assert logged_in.token() == 'token-1' and logged_in.token('--fresh') == 'token-2'
    log_in(logged_in, provider)
    assert logged_in.token('--fresh') == f'token-{len(provider.requests)}'


@pytest.mark.parametrize('name', ['expired', 'future'])
def test_a_certificate_that_the_clock_may_be_to_blame_for(tmp_path, certificates, name):  # noqa: F811
    issuer = secure(certificates[name])
    person = Person(tmp_path / 'home', issuer, MINTMARK_CA_FILE=str(certificates[name]))
    try:
        person.fail(UNREACHABLE, "this machine's clock right?")
        done = person.run('login', '--client-id', 'app')
        assert done.returncode == UNREACHABLE and 'certificate' in done.stderr and issuer.requests == []
    finally:
        issuer.stop()


# The file of logins


@pytest.fixture
def full_disk(tmp_path):
    """Nothing can be written below the home; call it with a person."""
    library, control = tmp_path / 'faultfs.so', tmp_path / 'control'
    harness.run('cc', '-shared', '-fPIC', '-o', library, harness.ROOT / 'tests/faults/faultfs.c', '-ldl')
    control.write_text('W')
    return lambda person: {**person.env, 'FAULTFS_CONTROL': str(control), 'FAULTFS_DIR': str(person.home), 'LD_PRELOAD': str(library),
                           'ASAN_OPTIONS': 'verify_asan_link_order=0'}


def test_a_full_disk_ends_no_login(logged_in, provider, full_disk):
    """The server is not even asked: the next refresh token could not be kept, and the present one would be spent."""
    calm, asked = logged_in.env, len(provider.requests)
    logged_in.env = full_disk(logged_in)
    assert 'No space left' in logged_in.fail(FAILED, 'logins.json', '--fresh') and len(provider.requests) == asked
    done = logged_in.run('logout')
    assert done.returncode == FAILED and 'No space left' in done.stderr and 'The login is still in' in done.stderr
    logged_in.env = calm
    assert is_whole(logins(logged_in)) and not list(logins(logged_in).parent.glob('*.new'))
    assert logged_in.run('logout').returncode == OK


def test_a_login_on_a_full_disk(logged_in, provider, full_disk):
    calm, before = logged_in.env, logins(logged_in).read_text()
    logged_in.env = full_disk(logged_in)
    login = Login(logged_in)
    provider.codes['c'] = login.query
    login.browse(code='c', state=login.query['state'], iss=provider.url)
    status, said = login.end()
    assert status == FAILED and 'No space left' in said
    logged_in.env = calm
    assert logins(logged_in).read_text() == before


@pytest.mark.parametrize('text', ['', '{', '[]', '{"x": 1', 'x' * 70000])
def test_logins_that_are_broken(logged_in, text):
    """Never taken for none: what is in it may be somebody's only login."""
    logins(logged_in).write_text(text)
    for command in ('token', 'whoami', 'logout'):
        done = logged_in.run(command)
        assert done.returncode == FAILED and 'logins.json' in done.stderr and 'emove it' in done.stderr, (command, done.stderr)
    assert logins(logged_in).read_text() == text


def test_logins_of_others_and_links(logged_in, tmp_path):
    path, target = logins(logged_in), tmp_path / 'elsewhere'
    path.rename(target)
    path.symlink_to(target)
    logged_in.fail(FAILED, 'is a link. Remove it')
    path.unlink()
    os.link(target, path)
    logged_in.fail(FAILED, 'second name')
    target.unlink()
    path.chmod(0o640)
    logged_in.fail(FAILED, 'may be used by others')
    path.chmod(0o600)
    assert logged_in.token('--fresh') and stat.S_IMODE(path.stat().st_mode) == 0o600
    if os.geteuid() != 0:
        pytest.skip('only root can give files away')
    os.chown(path, 12345, 12345)
    logged_in.fail(FAILED, 'belongs to somebody else')


def test_a_folder_that_can_not_be_written(logged_in, provider):
    """A file in the place of the lock's folder: nothing is asked for, nothing is lost."""
    if os.geteuid() == 0:
        lock = logins(logged_in).with_name('logins.json.lock')
        lock.unlink()
        lock.mkdir()
    else:
        logins(logged_in).parent.chmod(0o500)
    asked = len(provider.requests)
    assert 'logins.json' in logged_in.fail(FAILED, 'can not be', '--fresh') and len(provider.requests) == asked
    if os.geteuid() == 0:
        lock.rmdir()
    else:
        logins(logged_in).parent.chmod(0o700)
    assert logged_in.token('--fresh')
