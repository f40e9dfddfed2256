"""mintmark scan: what is found, what is not, what is printed; and the end of a leaked secret at the server."""
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


def git(folder, *args):
    harness.run('git', '-C', folder, '-c', 'user.name=a', '-c', 'user.email=a@example.com', '-c', 'init.defaultBranch=main', *args,
                env=harness.clean_env(GIT_CONFIG_GLOBAL='/dev/null'))


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
    assert not any(secret in out for secret in secrets.values()) and out.count('\n') == 4


def test_a_repository_can_not_run_programs(tmp_path):
    git(tmp_path, 'init', '-q', '.')
    (tmp_path / '.gitattributes').write_text('* diff=evil\n')
    (tmp_path / 'a').write_text('x')
    git(tmp_path, 'add', '.')
    git(tmp_path, 'commit', '-q', '-m', 'x')
    for key in ('diff.evil.textconv', 'diff.evil.command', 'diff.external', 'core.pager', 'core.fsmonitor', 'pager.log'):
        git(tmp_path, 'config', key, f'touch {tmp_path}/ran; cat')
    scan(tmp_path, status=OK)
    assert not (tmp_path / 'ran').exists()


def test_leaked_secret_is_ended(server, tmp_path):
    """The server ends it on proof of possession: at once, with the client's tokens, and writes down who said so."""
    client = control(server, 'client.create', client_name='leaky', scope='openid')
    secret = client['client_secret']
    pair = client['client_id'], secret
    token = server.token(auth=pair).json()['access_token']
    (tmp_path / 'config').write_text(f'id: x\nsecret: {secret}\nother: {made()}\n')
    done = scan('--revoke', '--issuer', server.issuer, tmp_path, status=FOUND)
    assert f'mms_...{secret[-4:]}: ended' in done.stderr and f'mms_...{made()[-4:]}: not known there' in done.stderr
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
    assert 'ended' in again.stderr
    entries = control(server, 'audit.list', limit=500)['entries']
    assert sum(e['action'] == 'secret.leaked' for e in entries) == 1


@pytest.mark.parametrize('body, status, revoked', [
    ('token=abc', 200, False), (f'token={made()}', 200, False), ('', 400, None), ('token=', 400, None), ('token=a&token=b', 400, None)])
def test_reports_of_nothing(server, body, status, revoked):
    answer = server.http.post(f'{server.issuer}/oauth2/leaked', data=body,
                              headers={'Content-Type': 'application/x-www-form-urlencoded'})
    assert answer.status_code == status and answer.json().get('revoked') == revoked
    assert server.http.get(f'{server.issuer}/oauth2/leaked').status_code == 405


def test_nobody_to_tell(tmp_path):
    (tmp_path / 'x').write_text(made())
    scan('--revoke', '--issuer', f'http://127.0.0.1:{harness.free_port()}', tmp_path, status=UNREACHABLE)
