"""The client's command line against issuers of every kind: one token per host, typed errors, nothing to the wrong place."""
import base64
import json
import os
import signal
import stat
import subprocess
import threading
import time

import pytest

import harness
from issuer import Issuer

OK, FAILED, USAGE, NOT_FOUND, UNREACHABLE = 0, 1, 2, 3, 5
SECRET = 'the-secret-that-nobody-may-see'


@pytest.fixture
def issuer():
    made = Issuer()
    yield made
    made.stop()


class Person:
    """A home folder and an environment."""

    def __init__(self, home, issuer, **env):
        self.home, self.binary = home, harness.BINARY
        home.mkdir(exist_ok=True)
        self.env = harness.clean_env(HOME=str(home), MINTMARK_ISSUER=issuer.url, MINTMARK_CLIENT_ID='id-1',
                                     MINTMARK_CLIENT_SECRET=SECRET, **env)
        self.env.pop('XDG_CACHE_HOME', None)

    def run(self, *args, timeout=60):
        done = subprocess.run([str(self.binary), *args], env=self.env, capture_output=True, text=True, timeout=timeout,
                              stdin=subprocess.DEVNULL)
        assert not harness.REPORT.search(done.stderr), done.stderr
        assert SECRET not in done.stdout + done.stderr
        return done

    def token(self, *args, **more):
        done = self.run('token', *args, **more)
        assert done.returncode == OK, done.stderr
        return done.stdout.strip()

    def fail(self, status, text, *args):
        done = self.run('token', *args)
        assert done.returncode == status, (done.returncode, done.stderr)
        assert done.stdout == '' and text in done.stderr, done.stderr
        return done.stderr

    @property
    def cache(self):
        return self.home / '.cache/mintmark'

    def record(self):
        [path] = self.cache.glob('token-*.json')
        return path


@pytest.fixture
def person(tmp_path, issuer):
    return Person(tmp_path / 'home', issuer)


def test_kept_token_asks_nobody(person, issuer):
    assert person.token() == 'token-1'
    [(path, headers, body)] = issuer.requests
    assert path == '/token' and body == 'grant_type=client_credentials'
    assert headers['Authorization'] == 'Basic ' + base64.b64encode(f'id-1:{SECRET}'.encode()).decode()
    discoveries = issuer.discoveries
    issuer.stop()  # no network at all
    assert person.token() == 'token-1' and issuer.discoveries == discoveries
    assert stat.S_IMODE(person.cache.stat().st_mode) == 0o700
    assert {stat.S_IMODE(p.stat().st_mode) for p in person.cache.iterdir()} == {0o600}
    assert SECRET not in ''.join(p.read_text() for p in person.cache.iterdir())
    issuer.__init__()  # for the fixture


def test_scope_and_audience_have_tokens_of_their_own(person, issuer):
    assert person.token('--scope', 'a', '--scope', 'b', '--audience', 'https://api.example') == 'token-1'
    assert issuer.requests[0][2] == 'grant_type=client_credentials&scope=a%20b&resource=https%3A%2F%2Fapi.example'
    assert person.token() == 'token-2'
    assert person.token('--scope', 'a b', '--audience', 'https://api.example') == 'token-1'


def test_a_changed_secret_asks_anew_and_a_file_is_read_each_time(person, issuer, tmp_path):
    path = tmp_path / 'secret'
    del person.env['MINTMARK_CLIENT_SECRET']
    person.env['MINTMARK_CLIENT_SECRET_FILE'] = str(path)
    path.write_text('one\n')
    assert person.token() == 'token-1'
    path.write_text('two\r\n')
    assert person.token() == 'token-2'
    sent = [base64.b64decode(h['Authorization'].split()[1]) for _, h, _ in issuer.requests]
    assert sent == [b'id-1:one', b'id-1:two']


def test_token_file_is_enough_and_needs_no_issuer(person, issuer, tmp_path):
    path = tmp_path / 'token.json'
    for name in ('CLIENT_ID', 'CLIENT_SECRET', 'ISSUER'):
        del person.env[f'MINTMARK_{name}']
    person.env['MINTMARK_TOKEN_FILE'] = str(path)
    person.fail(FAILED, 'No such file')
    path.write_text(json.dumps({'access_token': 'abc', 'expires_at': time.time() + 600}))
    assert person.token() == 'abc'
    path.write_text(json.dumps({'access_token': 'abc', 'expires_at': time.time() - 1}))
    person.fail(FAILED, 'has expired')
    path.write_text('{"access_token": "a\\r\\nX: y", "expires_at": 99999999999}')
    person.fail(FAILED, 'can not stand in a header')
    assert issuer.requests == []


def test_without_credentials_every_place_is_named(person):
    for name in ('CLIENT_ID', 'CLIENT_SECRET'):
        del person.env[f'MINTMARK_{name}']
    said = person.fail(NOT_FOUND, 'There are no credentials')
    for place in ('options', '$MINTMARK_CLIENT_ID', '$MINTMARK_CLIENT_SECRET_FILE', '$MINTMARK_TOKEN_FILE',
                  '.config/mintmark/credentials.json', '.config/mintmark/logins.json', 'mintmark login'):
        assert place in said
    person.env['MINTMARK_CLIENT_ID'] = 'half'
    person.fail(NOT_FOUND, 'no secret')


def test_500_processes_make_one_request(person, issuer, release):
    """Cold cache, all at once: one token request, the same token for all."""
    person.binary, issuer.delay_s = release, 0.3
    processes = [subprocess.Popen([str(release), 'token', '--timeout', '300'], env=person.env, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True) for _ in range(500)]
    outputs = [process.communicate(timeout=300) for process in processes]
    assert {process.returncode for process in processes} == {OK}, {err for _, err in outputs}
    assert {out for out, _ in outputs} == {'token-1\n'}
    assert len(issuer.requests) == 1


def test_a_failure_is_shared_too(person, issuer):
    issuer.token = lambda request: issuer.json({'error': 'slow_down'}, 429, [('Retry-After', '600')])
    person.fail(UNREACHABLE, 'status 429')
    said = person.fail(UNREACHABLE, 'the next attempt is in')
    assert len(issuer.requests) == 1 and 'status 429' in said


BAD_TOKEN_ANSWERS = {
    'html': ((200, 'text/html', b'<html>hello</html>'), FAILED, 'is no JSON object'),
    'cut off': ((200, 'application/json', b'{"access_token": "abc", "tok'), FAILED, 'is no JSON object'),
    'empty': ((200, 'application/json', b''), FAILED, 'is no JSON object'),
    'no token': ((200, 'application/json', b'{"token_type": "Bearer"}'), FAILED, 'no access_token'),
    'no type': ((200, 'application/json', b'{"access_token": "abc"}'), FAILED, 'no token_type'),
    'other type': ((200, 'application/json', b'{"access_token": "abc", "token_type": "mac"}'), FAILED, 'another type'),
    'header injection': ((200, 'application/json', b'{"access_token": "a\\r\\nb", "token_type": "bearer"}'), FAILED, 'header'),
    'twice': ((200, 'application/json', b'{"access_token": "a", "access_token": "b", "token_type": "bearer"}'), FAILED, 'no JSON'),
    '10 MB': ((200, 'application/json', b'{"a":"' + b'x' * 10_000_000 + b'"}'), FAILED, 'larger answer'),
    '10 MB token': ((200, 'application/json', b'{"access_token":"' + b'x' * 30_000 + b'","token_type":"bearer"}'), FAILED, 'bytes'),
    '500': ((500, 'text/html', b'oops'), UNREACHABLE, 'status 500'),
    'refused': ((401, 'application/json', b'{"error": "invalid_client", "error_description": "no \\u001b[31m"}'), FAILED,
                "Check the client's id and secret"),
    'scope': ((400, 'application/json', b'{"error": "invalid_scope"}'), FAILED, 'other scopes'),
    'other error': ((400, 'application/json', b'{"error": "weird"}'), UNREACHABLE, 'weird'),
    '4xx without error': ((403, 'application/json', b'{"message": "no"}'), UNREACHABLE, 'is it a token endpoint'),
}


@pytest.mark.parametrize('name', BAD_TOKEN_ANSWERS)
def test_bad_answer_of_the_token_endpoint(person, issuer, name):
    answer, status, text = BAD_TOKEN_ANSWERS[name]
    issuer.token = lambda request: answer
    said = person.fail(status, text)
    assert '\x1b' not in said and '\r' not in said


def test_a_redirect_is_not_followed_with_credentials(person, issuer):
    other = Issuer()
    issuer.token = lambda request: (307, 'text/plain', b'', [('Location', f'{other.url}/token')])
    person.fail(UNREACHABLE, 'never followed')
    other.stop()
    assert other.requests == [] and len(issuer.requests) == 1


def test_metadata_of_another_issuer(person, issuer):
    """RFC 8414 3.3: the secret is not sent anywhere."""
    issuer.metadata = lambda request: issuer.json({'issuer': issuer.url + '/', 'token_endpoint': issuer.url + '/token'})
    assert 'Set the issuer as its server spells it' in person.fail(FAILED, 'names another issuer')
    assert issuer.requests == []


def test_metadata_that_point_elsewhere(person, issuer):
    """At another origin only https to public addresses: metadata can't make the secret go into a private network."""
    other = Issuer()
    issuer.metadata = lambda request: issuer.json({'issuer': issuer.url, 'token_endpoint': f'{other.url}/token'})
    person.fail(USAGE, 'may not be asked')
    other.stop()
    assert other.requests == []


@pytest.mark.parametrize('body, text', [(b'<html>', 'malformed'), (b'{"issuer": 1}', 'malformed'), (b'', 'malformed')])
def test_bad_metadata(person, issuer, body, text):
    issuer.metadata = lambda request: (200, 'application/json', body)
    person.fail(FAILED, text)
    assert issuer.requests == []


def test_server_down(person, issuer):
    issuer.stop()
    person.fail(UNREACHABLE, 'no connection')
    issuer.__init__()


def test_slow_server_is_given_up(person, issuer):
    issuer.delay_s = 600
    person.fail(UNREACHABLE, 'does not answer in time', '--timeout', '1s')


def test_plain_http_only_on_this_machine(person):
    person.env['MINTMARK_TOKEN_ENDPOINT'] = 'http://192.0.2.1/token'
    person.fail(USAGE, 'https is needed')


# Other commands


@pytest.fixture
def api(issuer):
    """An API that accepts what `api.good` says; each request's header is kept."""
    made = Issuer()
    made.good, made.seen = {'Bearer token-1'}, []

    def metadata(request):
        made.seen.append(request.headers['Authorization'])
        return made.json({'ok': True}, 200 if made.seen[-1] in made.good else 401)
    made.metadata = metadata
    yield made
    made.stop()


def test_exec_gives_the_token_and_keeps_the_secret(person):
    done = person.run('exec', '--', 'sh', '-c', 'echo "$MINTMARK_TOKEN,$MINTMARK_CLIENT_SECRET,$MINTMARK_CLIENT_ID,$1"', 'x', '--help')
    assert done.returncode == OK and done.stdout == 'token-1,,id-1,--help\n', done.stderr
    assert person.run('exec', '--variable', 'T', 'printenv', 'T').stdout == 'token-1\n'
    assert person.run('exec', 'sh', '-c', 'exit 7').returncode == 7
    assert person.run('exec', '--variable', '1=2', 'true').returncode == USAGE
    assert person.run('exec').returncode == USAGE
    assert person.run('exec', '/nonexistent').returncode == NOT_FOUND


def test_curl_hides_the_token(person, api, tmp_path):
    fake = tmp_path / 'bin/curl'
    fake.parent.mkdir()
    fake.write_text('#!/bin/sh\necho "$@"; cat "$2"\n')
    fake.chmod(0o755)
    done = person.run('curl', api.url, '-s', '-w', '%{http_code}')
    assert done.stdout.endswith('200') and api.seen == ['Bearer token-1'], done.stderr
    done = person.run('curl', '-s', '--fail', api.url)  # its options may stand first
    assert done.returncode == OK and done.stdout and api.seen[1:] == ['Bearer token-1'], done.stderr
    assert person.run('curl', '--nonsense', api.url).returncode == USAGE and 'curl' in person.run('curl', '-h').stdout
    person.env['PATH'] = f'{fake.parent}:{person.env["PATH"]}'
    argv, *config = person.run('curl', 'http://x', '-d', 'a b').stdout.splitlines()
    assert 'token-1' not in argv and config == ['proto-default = https', 'header = "Authorization: Bearer token-1"']


def test_curl_takes_the_token_nowhere_else(person, api):
    """An address without a scheme is https; a redirect to another host or port goes without the token."""
    done = person.run('curl', '-sS', api.url.removeprefix('http://'))
    assert done.returncode != OK and api.seen == [], done.stdout
    other = Issuer()
    seen = []
    other.metadata = lambda request: (seen.append(request.headers['Authorization']), other.json({}))[1]
    api.metadata = lambda request: api.json({}, 302, [('Location', other.url)])
    try:
        assert person.run('curl', '-sSL', api.url).returncode == OK and seen == [None]
    finally:
        other.stop()


def test_exec_hands_over_no_files_and_no_signals(person):
    """The program that is run has the three descriptors it would have, and signals as they were."""
    done = person.run('exec', 'sh', '-c', 'ls /proc/self/fd | wc -l; grep -E "^Sig(Blk|Ign)" /proc/self/status')
    plain = subprocess.run(['sh', '-c', 'ls /proc/self/fd | wc -l; grep -E "^Sig(Blk|Ign)" /proc/self/status'], env=person.env,
                           capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, check=True)
    assert done.stdout == plain.stdout


def test_fresh(person):
    assert person.token() == 'token-1' and person.token('--fresh') == 'token-2' and person.token() == 'token-2'


def test_whoami(person):
    assert json.loads(person.run('whoami', '--json').stdout) == {'sub': 'somebody', 'token': 'Bearer token-1'}
    assert 'somebody' in person.run('whoami').stdout


def test_whoami_once_more_after_401(person, issuer):
    good, userinfo = issuer.userinfo, []
    person.token()

    def answer(request):
        userinfo.append(request.headers['Authorization'])
        return issuer.json({}, 401) if userinfo[-1] == 'Bearer token-1' else good(request)
    issuer.userinfo = answer
    assert 'token-2' in person.run('whoami', '--json').stdout
    assert userinfo == ['Bearer token-1', 'Bearer token-2'] and person.token() == 'token-2'
    issuer.userinfo = lambda request: issuer.json({}, 401)
    assert person.run('whoami').returncode == FAILED and len(issuer.requests) == 2
    issuer.userinfo = lambda request: issuer.json({'error': 'insufficient_scope'}, 403)
    assert 'Ask for that scope' in person.run('whoami').stderr


def test_the_curl_helper_retries_once(person, api):
    program = harness.BINARY.parent / 'examples/example_call'
    if not program.exists():
        pytest.skip('examples are not built')
    person.binary = program
    assert person.run(api.url).returncode == OK and api.seen == ['Bearer token-1']
    api.good = {'Bearer token-2'}
    assert person.run(api.url).returncode == OK
    assert api.seen[1:] == ['Bearer token-1', 'Bearer token-2']
    api.good = set()
    assert person.run(api.url).returncode == 1
    assert api.seen[3:] == ['Bearer token-2']  # one that a 401 called for is not replaced at once


def stored(person, name='credentials.json'):
    folder = person.home / '.config/mintmark'
    folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    return folder / name


def test_stored_credentials(person, issuer):
    for name in ('CLIENT_ID', 'CLIENT_SECRET'):
        del person.env[f'MINTMARK_{name}']
    path = stored(person)
    pair = {'display_name': 'd', 'endpoint': issuer.url, 'created_at': '2025-01-01T00:00:00Z', 'client_secret': SECRET}
    path.write_text(json.dumps({issuer.url: [{**pair, 'client_id': 'a', 'last_used': '2025-01-02T00:00:00Z'},
                                             {**pair, 'client_id': 'b', 'last_used': '2025-01-03T00:00:00.5Z'}]}))
    person.fail(FAILED, 'may be used by others')
    path.chmod(0o600)
    user = lambda: base64.b64decode(issuer.requests[-1][1]['Authorization'].split()[1]).decode().split(':')[0]
    person.token()
    assert user() == 'b'
    listed = json.loads(person.run('credentials', 'list', '--json').stdout)['credentials']
    assert [c['client_id'] for c in listed] == ['b', 'a'] and 'b ' in person.run('credentials', 'list').stdout
    assert person.run('credentials', 'use', 'a').returncode == OK
    person.token('--fresh')
    assert user() == 'a' and stat.S_IMODE(path.stat().st_mode) == 0o600
    del person.env['MINTMARK_ISSUER']  # there is only one in the file
    person.token('--fresh')
    assert person.run('credentials', 'remove', 'nobody').returncode == NOT_FOUND
    assert person.run('credentials', 'remove', 'a').returncode == OK
    person.token('--fresh')
    assert user() == 'b'
    path.write_text('{"a": 1')
    person.fail(FAILED, 'is not what it should be')
    assert person.run('credentials', 'use', 'b').returncode == FAILED and path.read_text() == '{"a": 1'


def test_the_sdk_of_another_provider(person, issuer, tmp_path):
    """Every command takes the provider's names: variables by --prefix, folders by --app."""
    names = ('--app', 'acme', '--prefix', 'ACME')
    person.env = {k.replace('MINTMARK_', 'ACME_'): v for k, v in person.env.items()}
    person.fail(NOT_FOUND, '$MINTMARK_CLIENT_ID')
    assert person.token(*names) == 'token-1' and not person.cache.exists()
    assert len(list((person.home / '.cache/acme').glob('token-*.json'))) == 1
    assert 'client id-1 of $ACME_CLIENT_ID' in person.run('whoami', *names).stdout
    done = person.run('exec', *names, 'sh', '-c', 'echo "$ACME_TOKEN,$ACME_CLIENT_SECRET,$MINTMARK_TOKEN"')
    assert done.stdout == 'token-1,,\n'
    assert person.run('token-file', *names, str(tmp_path / 'file')).returncode == OK
    assert json.loads((tmp_path / 'file').read_text())['access_token'] == 'token-1'
    assert person.run('curl', *names, '-s', issuer.url).returncode == OK and len(issuer.requests) == 1
    path = stored(person)
    path.parent.rename(path.parent.with_name('acme'))
    path = path.parent.with_name('acme') / path.name
    path.write_text(json.dumps({issuer.url: [{'display_name': 'd', 'endpoint': issuer.url, 'created_at': '2025-01-01T00:00:00Z',
                                              'client_secret': SECRET, 'client_id': 'a', 'last_used': '2025-01-02T00:00:00Z'}]}))
    path.chmod(0o600)
    listed = lambda *args: json.loads(person.run('credentials', 'list', '--json', *args).stdout)['credentials']
    assert [c['client_id'] for c in listed(*names)] == ['a'] and listed() == []
    assert person.run('credentials', 'use', *names, 'a').returncode == OK
    assert person.run('credentials', 'remove', *names, 'a').returncode == OK and listed(*names) == []


@pytest.mark.parametrize('name', ['', '.hidden', '../up', 'a/b', 'a b', 'x' * 65, 'a\x1b[31m'])
def test_names_of_folders_that_are_none(person, name):
    for command in (('token',), ('credentials', 'list'), ('login',), ('logout',), ('whoami',), ('exec', '--app', name, 'true')):
        done = person.run(*command, *(('--app', name) if 'exec' not in command else ()))
        assert done.returncode == USAGE and '--app' in done.stderr and '\x1b' not in done.stderr, command


@pytest.mark.parametrize('name', ['', 'acme', 'A-B', 'A=B', 'X' * 65])
def test_prefixes_that_are_none(person, name):
    for command in (('token',), ('credentials', 'use', 'x'), ('exec', '--prefix', name, 'true')):
        done = person.run(*command, *(('--prefix', name) if 'exec' not in command else ()))
        assert done.returncode == USAGE and '--prefix' in done.stderr, command


def test_token_file_is_maintained(person, issuer, tmp_path):
    path = tmp_path / 'shared.json'
    issuer.life_s = 4
    process = subprocess.Popen([str(person.binary), 'token-file', '--maintain', '--mode', '0640', str(path)],
                               env=person.env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    read = lambda: json.loads(path.read_text())['access_token'] if path.exists() else None
    harness.wait_until(lambda: read() == 'token-1', 'the first token')
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    harness.wait_until(lambda: read() not in (None, 'token-1'), 'the next token')
    worker = {k: v for k, v in person.env.items() if not k.startswith('MINTMARK_')}
    done = harness.run(person.binary, 'token', env={**worker, 'MINTMARK_TOKEN_FILE': str(path)}, check=False)
    assert done.stdout.startswith('token-') or 'has expired' in done.stderr
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0, process.stderr.read()
    assert not list(tmp_path.glob('*.new'))
    assert person.run('token-file', '--mode', '0666', str(path)).returncode == USAGE


def test_a_token_file_that_was_removed_comes_back(person, issuer, tmp_path):
    path = tmp_path / 'shared.json'
    process = subprocess.Popen([str(person.binary), 'token-file', '--maintain', str(path)], env=person.env, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
    for _ in range(2):
        harness.wait_until(path.exists, 'the file')
        path.unlink()
    harness.wait_until(path.exists, 'the file')
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0 and len(issuer.requests) == 1


def test_a_silent_server_holds_up_no_restart(person, issuer, tmp_path):
    """SIGTERM while a token is asked for: the request ends, the file stays whole, and that is no failure."""
    path = tmp_path / 'shared.json'
    issuer.life_s = 2
    silent = threading.Event()
    token = issuer.token
    issuer.token = lambda request: token(request) if request.number == 1 else (silent.wait(100), issuer.json({}))[1]
    process = subprocess.Popen([str(person.binary), 'token-file', '--maintain', '--timeout', '90', str(path)], env=person.env,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    harness.wait_until(lambda: len(issuer.requests) > 1, 'the second request')
    process.send_signal(signal.SIGTERM)
    try:
        assert process.wait(60) == 0, process.stderr.read()
    finally:
        silent.set()
    assert json.loads(path.read_text())['access_token'] == 'token-1' and not list(tmp_path.glob('*.new'))


# The cache


def test_broken_cache_heals(person, issuer):
    person.token()
    for text in ('', '{', '[]', '{"version":1}', 'x' * 70000, json.dumps({'version': 1, 'issuer': 'http://other'})):
        person.record().write_text(text) if len(text) < 60000 else None
        before = len(issuer.requests)
        if len(text) < 60000:
            assert person.token() == f'token-{before + 1}'
    person.record().write_text('x' * 70000)
    person.fail(FAILED, 'larger than anything')


def test_a_record_of_another_issuer_is_no_record(person, issuer, tmp_path):
    """Copied files give no token to the wrong host."""
    person.token()
    record = json.loads(person.record().read_text())
    record['issuer'] = 'https://evil.example'
    person.record().write_text(json.dumps(record))
    assert person.token() == 'token-2'


def test_links_in_the_cache_are_refused(person, issuer, tmp_path):
    person.token()
    record, target = person.record(), tmp_path / 'elsewhere'
    record.rename(target)
    record.symlink_to(target)
    person.fail(FAILED, 'is a link. Remove it')
    assert len(issuer.requests) == 1
    record.unlink()
    os.link(target, record)
    person.fail(FAILED, 'second name')


def test_a_linked_cache_folder_is_refused(person, tmp_path):
    (person.home / '.cache').mkdir()
    (tmp_path / 'real').mkdir()
    person.cache.symlink_to(tmp_path / 'real')
    person.fail(FAILED, 'is a link or no folder')


def test_files_of_others_and_for_others(person):
    person.token()
    person.record().chmod(0o644)
    person.fail(FAILED, 'may be used by others')
    if os.geteuid() != 0:
        pytest.skip('only root can give files away')
    person.record().chmod(0o600)
    os.chown(person.record(), 12345, 12345)
    person.fail(FAILED, 'belongs to somebody else')
    os.chown(person.cache, 12345, 12345)
    person.fail(FAILED, 'belongs to somebody else')


def test_a_pipe_in_the_cache_does_not_hang(person):
    person.token()
    record = person.record()
    record.unlink()
    os.mkfifo(record, 0o600)
    person.fail(FAILED, 'is no file')


def test_disk_full_gives_the_token_and_says_so(person, issuer, tmp_path):
    library = tmp_path / 'faultfs.so'
    harness.run('cc', '-shared', '-fPIC', '-o', library, harness.ROOT / 'tests/faults/faultfs.c', '-ldl')
    control = tmp_path / 'control'
    control.write_text('W')
    person.env.update(FAULTFS_CONTROL=str(control), FAULTFS_DIR=str(person.home), ASAN_OPTIONS='verify_asan_link_order=0',
                      LD_PRELOAD=str(library))
    done = person.run('token')
    assert done.returncode == OK and done.stdout == 'token-1\n'
    assert 'warning' in done.stderr and 'No space left' in done.stderr
    assert not list(person.cache.glob('token-*.json')) and not list(person.cache.glob('*.new'))
    control.write_text('-')
    assert person.token() == 'token-2' and person.token() == 'token-2'


def test_killed_while_writing_leaves_no_half_file(person, issuer, tmp_path):
    """Whoever comes next finds the old record or none, and takes the rest away."""
    person.token()
    record = person.record()
    half = record.with_name(record.name + '.new')
    half.write_text(record.read_text()[:100])
    half.chmod(0o600)
    record.unlink()
    assert person.token() == 'token-2' and not half.exists()
    json.loads(record.read_text())


@pytest.fixture(scope='module')
def killfs(tmp_path_factory):
    library = tmp_path_factory.mktemp('shim') / 'killfs.so'
    harness.run('cc', '-shared', '-fPIC', '-O1', '-o', library, harness.ROOT / 'tests/faults/killfs.c', '-ldl')
    return library


def is_whole(path):
    try:
        return isinstance(json.loads(path.read_text()), dict)
    except ValueError:
        return False


@pytest.mark.parametrize('kept', [False, True], ids=['empty', 'kept'])
def test_killed_at_every_step_of_writing(person, issuer, killfs, kept):
    """kill -9 at the N-th change of the cache, until a run survives: files are whole or absent, and nobody is held up."""
    issuer.life_s = 0 if kept else 3600  # of no life: each call puts a record in the place of the one before
    person.token()
    calm, ends, half = person.env, [], False
    while OK not in ends and len(ends) < 100:
        for path in [] if kept else person.cache.iterdir():
            path.unlink()
        person.env = {**calm, 'LD_PRELOAD': str(killfs), 'KILLFS_DIR': str(person.cache), 'KILLFS_AT': str(len(ends) + 1),
                      'ASAN_OPTIONS': 'verify_asan_link_order=0'}
        ends.append(person.run('token').returncode)
        person.env = calm
        half = half or not all(is_whole(path) for path in person.cache.glob('*.new') if path.stat().st_size)
        assert all(is_whole(path) for path in person.cache.glob('*.json')), len(ends)
        assert len(list(person.cache.glob('token-*.json'))) in ([1] if kept else [0, 1]), len(ends)
        assert person.token() == f'token-{len(issuer.requests)}' and is_whole(person.record()), len(ends)
        assert not list(person.cache.glob('token-*.new')), len(ends)
    assert set(ends[:-1]) == {-signal.SIGKILL} and ends[-1] == OK and len(ends) > 8, ends
    assert half  # one of them was killed in the middle of a file


def test_a_killed_process_lets_go_of_the_lock(person, issuer):
    issuer.delay_s = 600
    process = subprocess.Popen([str(person.binary), 'token'], env=person.env, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    harness.wait_until(lambda: issuer.requests, 'the first request')
    process.send_signal(signal.SIGKILL)
    process.wait()
    issuer.delay_s = 0
    assert person.token() == 'token-2'


def test_a_stopped_process_is_named_not_waited_for(person, issuer):
    issuer.delay_s = 600
    process = subprocess.Popen([str(person.binary), 'token'], env=person.env, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        harness.wait_until(lambda: issuer.requests, 'the first request')
        harness.freeze(process.pid)
        person.fail(UNREACHABLE, 'holds the lock', '--timeout', '1s')
    finally:
        process.kill()
        process.wait()


def move_clock(record, seconds):
    """The same record as if it had been written so much earlier by a machine whose clock and uptime are another's."""
    document = json.loads(record.read_text())
    document['token']['at'] -= seconds
    document['token']['boot_id'] = 'another life'
    record.write_text(json.dumps(document))


def test_expired_and_young_tokens(person, issuer):
    issuer.life_s = 3600
    person.token()
    move_clock(person.record(), 3000)
    assert person.token() == 'token-1'
    move_clock(person.record(), 590)
    assert person.token() == 'token-1'
    move_clock(person.record(), 10)
    assert person.token() == 'token-2'


def test_a_token_from_the_future_is_none(person, issuer):
    """The clock was an hour ahead when it was written."""
    person.token()
    move_clock(person.record(), -3600)
    assert person.token() == 'token-2'


def test_a_wall_clock_that_was_set_changes_nothing(person, issuer):
    """Within one life of the machine its uptime counts, not its clock."""
    person.token()
    document = json.loads(person.record().read_text())
    document['token']['at'] -= 7200
    person.record().write_text(json.dumps(document))
    assert person.token() == 'token-1'


def test_tokens_of_no_life_are_handed_out_once(person, issuer):
    issuer.life_s = 0
    assert person.token() == 'token-1' and person.token() == 'token-2'


def test_relative_cache_home_is_ignored(person, issuer, tmp_path):
    person.env['XDG_CACHE_HOME'] = 'relative'
    person.token()
    assert person.cache.is_dir() and not (harness.ROOT / 'relative').exists()


# TLS


@pytest.fixture(scope='module')
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp('tls')
    import datetime
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    import ipaddress
    now = datetime.datetime.utcnow()

    def make(name, begin, end):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        day = datetime.timedelta(days=1)
        certificate = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
                       .serial_number(x509.random_serial_number()).not_valid_before(now + begin * day)
                       .not_valid_after(now + end * day)
                       .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
                       .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address('127.0.0.1'))]),
                                      False).sign(key, hashes.SHA256()))
        (folder / f'{name}.pem').write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                              serialization.NoEncryption()) + certificate.public_bytes(serialization.Encoding.PEM))
        return folder / f'{name}.pem'
    return {'good': make('good', -1, 1), 'expired': make('expired', -3, -1), 'future': make('future', 1, 3)}


def secure(path):
    import ssl
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return Issuer(context)


@pytest.mark.parametrize('name, trusted', [('good', True), ('good', False), ('expired', True), ('future', True)])
def test_certificates(tmp_path, certificates, name, trusted):
    issuer = secure(certificates[name])
    person = Person(tmp_path / 'home', issuer)
    if trusted:
        person.env['MINTMARK_CA_FILE'] = str(certificates[name])
    try:
        if name == 'good' and trusted:
            assert person.token() == 'token-1'
        else:
            person.fail(UNREACHABLE, 'certificate')
            assert issuer.requests == []
    finally:
        issuer.stop()
