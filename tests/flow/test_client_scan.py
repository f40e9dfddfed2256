"""mintmark scan: what is found, what is not, what is printed; and the end of a leaked secret at the server."""
import base64
import json
import os
import subprocess

import pytest

import harness
from world import control

OK, FOUND, USAGE, UNREACHABLE = 0, 1, 2, 5
ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'


def made(prefix='mms_', digit='a'):
    """A secret of the right form: 43 digits and six of CRC-32."""
    import zlib
    text = prefix + digit * 43
    crc, check = zlib.crc32(text.encode()), ''
    for _ in range(6):
        crc, rest = divmod(crc, 62)
        check = ALPHABET[rest] + check
    return text + check


def scan(*args, status, cwd=None):
    done = subprocess.run([str(harness.BINARY), 'scan', *map(str, args)], capture_output=True, text=True, timeout=60,
                          env=harness.clean_env(GIT_CONFIG_GLOBAL='/dev/null'), stdin=subprocess.DEVNULL, cwd=cwd)
    assert not harness.REPORT.search(done.stderr), done.stderr
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    return done


def git(folder, *args, second=0):
    harness.run('git', '-C', folder, '-c', 'user.name=a', '-c', 'user.email=a@example.com', '-c', 'init.defaultBranch=main', *args,
                env=harness.clean_env(GIT_CONFIG_GLOBAL='/dev/null', GIT_COMMITTER_DATE=f'@{1600000000 + second} +0000'))


def test_form_decides(tmp_path):
    good = made()
    lines = [good[:-1] + ('0' if good[-1] != '0' else '1'),  # check digits
             good[:-1], good[:20] + '-' + good[21:], 'mmx_' + good[4:], good.upper(), 'mms_' + 'a' * 43]
    (tmp_path / 'wrong').write_text('\n'.join(lines))
    assert scan(tmp_path, status=OK).stdout == ''
    (tmp_path / 'right').write_text(f'x\n\nkey="{good}"; x{made("mmf_")}\n')
    out = scan(tmp_path, status=FOUND).stdout
    assert f'{tmp_path}/right:3: client secret mms_...{good[-4:]}' in out and ':3: refresh token mmf_...' in out
    assert good not in out and good[4:20] not in out
    found = json.loads(scan('--json', tmp_path / 'right', status=FOUND).stdout)['found']
    assert [(f['line'], f['kind'], f['hint']) for f in found] == [(3, 'client secret', good[-4:]),
                                                                 (3, 'refresh token', made('mmf_')[-4:])]


def test_across_pieces_and_in_binary_files(tmp_path):
    for at in (65536 - 53, 65536 - 30, 65536 - 1, 65536, 131072 - 20):
        (tmp_path / 'file').write_bytes(b'\0\n' * (at // 2) + b'm' * (at % 2) + made().encode())
        line = (b'\0\n' * (at // 2)).count(b'\n') + 1
        assert f'file:{line}: client secret' in scan(tmp_path, status=FOUND).stdout, at


def test_what_can_not_be_read(tmp_path):
    assert 'No such file' in scan(tmp_path / 'nothing', status=USAGE).stderr
    (tmp_path / 'link').symlink_to('/proc/self/mem')
    os.mkfifo(tmp_path / 'pipe')
    scan(tmp_path, status=OK)
    assert scan(status=USAGE).stdout == ''
    assert '--issuer' in scan('--revoke', tmp_path, status=USAGE).stderr


def test_history(tmp_path):
    """Removed again, on another branch, in a message, amended away: git still has it."""
    names = ('removed', 'branch', 'message', 'amended')
    secrets = {name: made(digit=digit) for name, digit in zip(names, 'bcde')}
    git(tmp_path, 'init', '-q', '.')

    def commit(text, message, *more):
        (tmp_path / 'con fig').write_text(text)
        git(tmp_path, 'add', '.')
        git(tmp_path, 'commit', '-q', '-m', message, *more)
    commit(f'a\nb\nkey: {secrets["removed"]}\n', 'one')
    commit('a\nb\n', f'no more {secrets["message"]}')
    commit(f'{secrets["amended"]}\n', 'oops')
    commit('fine\n', 'better', '--amend')
    git(tmp_path, 'checkout', '-q', '-b', 'other')
    commit(f'\n{secrets["branch"]}', 'three')
    git(tmp_path, 'checkout', '-q', 'main')
    out = scan(tmp_path, status=FOUND).stdout
    assert f'con fig:3: client secret mms_...{secrets["removed"][-4:]} (commit ' in out
    assert f'con fig:2: client secret mms_...{secrets["branch"][-4:]} (commit ' in out
    assert f'(message):1: client secret mms_...{secrets["message"][-4:]} (commit ' in out
    assert f'con fig:1: client secret mms_...{secrets["amended"][-4:]} (commit ' in out
    assert not any(secret in out for secret in secrets.values())
    assert sum(' (commit ' in line for line in out.splitlines()) == 4
    logs = [line for line in out.splitlines() if ' (commit ' not in line]  # git's own notes are files like others
    assert logs and all('/.git/logs/' in line and secrets['message'][-4:] in line for line in logs)


def commit_file(folder, name, text, second=0):
    (folder / name).write_text(text)
    git(folder, 'add', '-A')
    git(folder, 'commit', '-q', '-m', 'x', second=second)


def git_out(folder, *args, **more):
    return subprocess.run(['git', '-C', folder, *args], capture_output=True, text=True, check=True, timeout=60,
                          env=harness.clean_env(GIT_CONFIG_GLOBAL='/dev/null'), **more).stdout.strip()


def hostile(folder, program):
    """A repository whose configuration names a program wherever git would run one while it reads."""
    git(folder, 'init', '-q', '.')
    (folder / '.gitattributes').write_text('* diff=evil filter=evil\n')
    commit_file(folder, 'a', 'x')
    signed = f'tree {git_out(folder, "rev-parse", "HEAD^{tree}")}\nauthor a <a@b> 1 +0000\ncommitter a <a@b> 1 +0000\n' \
             'gpgsig -----BEGIN PGP SIGNATURE-----\n \n aaaa\n -----END PGP SIGNATURE-----\n\nsigned\n'
    git(folder, 'update-ref', 'refs/heads/signed', git_out(folder, 'hash-object', '-t', 'commit', '-w', '--stdin', input=signed))
    commit_file(folder, 'gone', 'z')
    gone = git_out(folder, 'rev-parse', 'HEAD:gone')
    (folder / '.git/objects' / gone[:2] / gone[2:]).unlink()  # what a partial clone would fetch
    for key in ('diff.evil.textconv', 'diff.evil.command', 'filter.evil.smudge', 'filter.evil.clean', 'diff.external', 'core.pager',
                'core.fsmonitor', 'pager.log', 'gpg.program', 'core.sshCommand', 'core.editor', 'core.alternateRefsCommand',
                'remote.origin.uploadpack', 'credential.helper', 'alias.log', 'alias.cat-file'):
        git(folder, 'config', key, str(program))
    for key, value in (('log.showSignature', 'true'), ('core.repositoryformatversion', '1'), ('extensions.partialClone', 'origin'),
                       ('remote.origin.url', str(folder)), ('remote.origin.promisor', 'true'), ('protocol.ext.allow', 'always'),
                       ('core.hooksPath', str(folder))):
        git(folder, 'config', key, value)


def test_a_repository_can_not_run_programs(tmp_path):
    """Nor by being what it is: its configuration is never read, and nothing is fetched."""
    program = tmp_path / 'program'
    program.write_text(f'#!/bin/sh\ntouch {tmp_path}/ran\nexit 1\n')
    program.chmod(0o755)
    folder = tmp_path / 'hostile'
    folder.mkdir()
    hostile(folder, program)
    scan(tmp_path, status=OK)
    scan('.', status=OK, cwd=folder)
    assert not (tmp_path / 'ran').exists()
    # the same configuration does run something when git itself reads the history: the test is able to fail
    subprocess.run(['git', '-C', folder, 'log', '-p', '--all'], capture_output=True, timeout=60, check=False,
                   env=harness.clean_env(GIT_CONFIG_GLOBAL='/dev/null'), stdin=subprocess.DEVNULL)
    assert (tmp_path / 'ran').exists()


def test_ways_to_a_repository(tmp_path):
    """Bare, by a link, by its .git, as a worktree, shallow, another's: found. One store is searched once."""
    work = tmp_path / 'work'
    work.mkdir()
    git(work, 'init', '-q', '.')
    git(work, 'config', 'log.showRoot', 'false')
    commit_file(work, 'a', f'1\n{made()}\n')
    commit_file(work, 'a', 'gone\n')
    git(work, 'worktree', 'add', '-q', tmp_path / 'tree')
    for name, *options in (('bare.git', '--bare'), ('shallow', '--depth', '1', '--no-single-branch'), ('deep', '--depth', '2')):
        git(tmp_path, 'clone', '-q', *options, f'file://{work}', tmp_path / name)
    (tmp_path / 'link').symlink_to(work)
    for name in ('work', 'work/.git', 'link', 'tree', 'bare.git', 'deep'):
        out = scan(tmp_path / name, status=FOUND).stdout
        assert out.count('a:2: client secret') == 1 and out.count('\n') == 1, (name, out)
    scan(tmp_path / 'shallow', status=OK)
    assert scan(tmp_path / 'work', tmp_path / 'tree', status=FOUND).stdout.count('\n') == 1
    (tmp_path / 'odd').mkdir()
    (tmp_path / 'odd/.git').write_text('gitdir: ../nowhere\n')
    assert 'not there' in scan(tmp_path / 'odd', status=USAGE).stderr
    pack = next((tmp_path / 'bare.git/objects/pack').glob('*.pack'))
    pack.chmod(0o600)
    pack.write_bytes(pack.read_bytes()[:-40])
    assert 'can be read' in scan(tmp_path / 'bare.git', status=USAGE).stderr


def test_names_do_not_steer_the_terminal(tmp_path):
    git(tmp_path, 'init', '-q', '.')
    name = 'a\n\x1b]0;x\x07\u202e:1: b'
    commit_file(tmp_path, name, made())
    (tmp_path / name).rename(tmp_path / 'c\x1b[2J')
    git(tmp_path, 'add', '-A')
    git(tmp_path, 'commit', '-q', '-m', made(digit='b'))
    (tmp_path / 'd\x1b[2J').symlink_to('nowhere')
    (tmp_path / 'e\x1b[2J').mkdir(mode=0)
    done = scan(tmp_path, status=FOUND)
    assert not set('\x1b\x07\u202e') & set(done.stdout + done.stderr) and str(tmp_path) in done.stdout
    assert all(line.startswith(str(tmp_path)) for line in done.stdout.splitlines())
    paths = [f['path'] for f in json.loads(scan('--json', tmp_path, status=FOUND).stdout)['found']]
    assert name in paths or str(tmp_path / 'c\x1b[2J') in paths


def test_objects_of_no_commit(tmp_path):
    """Dangling blobs, tags, names of files; SHA-256; of many versions the oldest is named."""
    for form in ('sha1', 'sha256'):
        folder = tmp_path / form
        folder.mkdir()
        git(folder, 'init', '-q', f'--object-format={form}', '.')
        for i in range(5):
            commit_file(folder, 'many', f'{made()}\n{i}\n', i)
            if i == 0:
                first = git_out(folder, 'rev-parse', '--short=12', 'HEAD')
        git(folder, 'rm', '-q', 'many')
        git(folder, 'commit', '-q', '-m', 'x')
        (folder / 'blob').write_text(made(digit='b'))
        git_out(folder, 'hash-object', '-w', 'blob')
        (folder / 'blob').unlink()
        git(folder, 'tag', '-a', '-m', f'x\n\n{made(digit="c")}', 'tag')
        (folder / '.git/TAG_EDITMSG').unlink(missing_ok=True)
        commit_file(folder, made(digit='d'), '')
        (folder / made(digit='d')).unlink()
        (folder / '.git/index').unlink()
        out = scan(folder, status=FOUND).stdout
        assert f': many:1: client secret mms_...{made()[-4:]} (commit {first})' in out
        assert f': (no file):1: client secret mms_...{made(digit="b")[-4:]} (object ' in out
        assert f': (tag):3: client secret mms_...{made(digit="c")[-4:]} (object ' in out
        assert '(file name):1: client secret' in out and out.count('\n') == 4


def test_other_forms(tmp_path):
    """UTF-16 as PowerShell writes it; Base64 as in Kubernetes secrets and in headers of HTTP Basic."""
    secret, basic = made(), base64.b64encode(f'mmc_{"0" * 22}:{made(digit="b")}'.encode()).decode()
    (tmp_path / 'wide').write_bytes(f'\r\nkey = "{secret}"'.encode('utf-16'))
    (tmp_path / 'big').write_bytes(f'key={secret}'.encode('utf-16-be'))
    (tmp_path / 'kube').write_text(f'data:\n  key: {base64.b64encode(secret.encode() + b"x").decode()}\n')
    (tmp_path / 'curl').write_text(f'Authorization: Basic {basic}\n')
    found = json.loads(scan('--json', tmp_path, status=FOUND).stdout)['found']
    assert [(f['path'][len(str(tmp_path)) + 1:], f['line'], f.get('form'), f['hint']) for f in found] == [
        ('big', 1, 'utf-16', secret[-4:]), ('curl', 1, 'base64', made(digit='b')[-4:]), ('kube', 2, 'base64', secret[-4:]),
        ('wide', 2, 'utf-16', secret[-4:])]
    (tmp_path / 'curl').write_text(basic[:-3] + 'AAA')
    assert 'curl' not in scan(tmp_path, status=FOUND).stdout


def jwt(header, payload):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b'=').decode()
    return f'{part(header)}.{part(payload)}.{"A" * 86}'


def test_files_larger_than_disks(tmp_path):
    """What was never written is not read: holes cost nothing, and what stands between them is found."""
    path = tmp_path / 'sparse'
    with path.open('wb') as file:
        file.write(b'x\n' + made().encode())
        file.seek(1 << 40)
        file.write(b'\n' + made('mmf_').encode())
        file.truncate(1 << 42)
    if path.stat().st_blocks > 4096:
        pytest.skip('this file system has no holes')
    out = scan(tmp_path, status=FOUND).stdout
    assert out.splitlines() == [f'{path}:2: client secret mms_...{made()[-4:]}', f'{path}:3: refresh token mmf_...{made("mmf_")[-4:]}']


def test_access_tokens(tmp_path):
    """By type and client id, or the issuer that was named; while they live."""
    header, good = {'typ': 'at+jwt', 'alg': 'ES256'}, {'iss': 'https://a', 'client_id': 'mmc_' + '0' * 22, 'exp': 1 << 40}
    for name, one, two in (('good', header, good), ('expired', header, {**good, 'exp': 1}), ('foreign', header, {**good, 'client_id': 'x'}),
                           ('id', {'typ': 'JWT'}, good), ('array', header, [1])):
        (tmp_path / name).write_text(f'\n"token":"{jwt(one, two)}",')
    out = scan(tmp_path, status=FOUND).stdout
    assert f'{tmp_path}/good:2: access token eyJ0...AAAA\n' == out
    assert f'{tmp_path}/foreign:2' in scan('--issuer', 'https://a', tmp_path, status=FOUND).stdout
    (tmp_path / 'good').write_text('eyJ' * 200000 + '.' + jwt(header, good) + '.')
    assert scan(tmp_path, status=OK).stdout == ''


def test_leaked_secret_is_ended(server, tmp_path):
    """The server ends it on proof of possession: at once, with the client's tokens, and writes down who said so."""
    client = control(server, 'client.create', client_name='leaky', scope='openid')
    secret = client['client_secret']
    pair = client['client_id'], secret
    token = server.token(auth=pair).json()['access_token']
    (tmp_path / 'config').write_text(f'id: x\nsecret: {secret}\nother: {made()}\n')
    done = scan('--revoke', '--issuer', server.issuer, tmp_path, status=FOUND)
    for text in (secret, made()):  # the server does not say which it knows
        assert f'mms_...{text[-4:]}: reported, and ended if it was good there\n' in done.stderr
    assert secret not in done.stdout + done.stderr and secret not in server.log()
    assert server.token(auth=pair).status_code == 401
    shown = control(server, 'secret.list', client_id=client['client_id'])
    assert shown['secrets'][0]['state'] == 'revoked'
    entry = next(e for e in control(server, 'audit.list', limit=500)['entries'] if e['action'] == 'secret.leaked')
    assert entry['actor'] == 'leak-report:127.0.0.1' and entry['target'] == client['client_id']
    feed = server.http.get(f'{server.issuer}/revocations?since=0')
    assert feed.status_code == 200 and token
    assert control(server, 'client.get', client_id=client['client_id'])['client_id']  # the client itself stays
    again = scan('--revoke', '--issuer', server.issuer, tmp_path, status=FOUND)
    assert 'reported' in again.stderr
    entries = control(server, 'audit.list', limit=500)['entries']
    assert sum(e['action'] == 'secret.leaked' for e in entries) == 1


@pytest.mark.parametrize('body, status, received', [
    ('token=abc', 200, True), (f'token={made()}', 200, True), ('', 400, None), ('token=', 400, None), ('token=a&token=b', 400, None)])
def test_reports_of_nothing(server, body, status, received):
    answer = server.http.post(f'{server.issuer}/oauth2/leaked', data=body,
                              headers={'Content-Type': 'application/x-www-form-urlencoded'})
    assert answer.status_code == status and answer.json().get('received') == received
    assert server.http.get(f'{server.issuer}/oauth2/leaked').status_code == 405


def test_nobody_to_tell(tmp_path):
    (tmp_path / 'x').write_text(made())
    scan('--revoke', '--issuer', f'http://127.0.0.1:{harness.free_port()}', tmp_path, status=UNREACHABLE)
