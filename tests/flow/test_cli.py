"""The command line with real processes: without a server, beside one, and every exit status."""
import base64
import json
import os
import pty
import re
import signal
import sqlite3
import stat
import subprocess
import time

import pytest

import harness

ADMIN = ('--help', '--json', '--config', '--server', '--timeout')  # described once for all commands in the manual page


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """A folder made by init --demo; nothing serves it."""
    return harness.Server(tmp_path_factory.mktemp('offline') / 'var')


@pytest.fixture
def empty(new_server):
    """The same for a test of its own, without demo objects."""
    return new_server(start=False, demo=False)


def status(folder, *args, **more):
    """The exit status; nothing may have crashed."""
    done = folder.cli(*args, check=False, **more)
    assert not harness.REPORT.search(done.stderr), done.stderr
    return done.returncode


def run_in(folder, *args, text_in=None, **more):
    """A command with something on its standard input."""
    return subprocess.run([folder.binary, *map(str, args), '--config', folder.config], input=text_in, capture_output=True,
                          text=True, timeout=60, env=folder.env, **more)


def commands():
    """Every command of the program, from its own help."""
    text = harness.run(harness.BINARY, '--help').stdout.split('Commands:\n')[1].split('\n\n')[0]
    found = re.findall(r'^  ([a-z-]+(?: [a-z-]+)*)(?: [A-Z_. ]+)?(?:  |$)', text, re.M)
    assert len(found) > 30
    return found


def options(command):
    text = harness.run(harness.BINARY, *command.split(), '--help').stdout
    assert text.startswith(f'Usage: mintmark {command}')
    return re.findall(r'^  (--[a-z-]+)', text, re.M)


# Help, manual page, completion: one table, three readers.

def test_every_command_has_help():
    for command in commands():
        assert '--help' in options(command)


def test_groups_have_help():
    for group in ('client', 'client secret', 'account', 'api', 'key', 'usage', 'audit', 'config'):
        done = harness.run(harness.BINARY, *group.split(), '--help')
        assert f'{group} ' in done.stdout
        assert harness.run(harness.BINARY, *group.split(), check=False).returncode == 2


def test_manual_lists_every_option():
    text = (harness.ROOT / 'docs/man/mintmark.1.scd').read_text()
    parts = re.split(r'^\*mintmark ([a-z -]+)\*.*\[options\]$', text, flags=re.M)
    described = dict(zip(parts[1::2], parts[2::2]))
    assert sorted(described) == sorted(commands())
    for command, part in described.items():
        wanted = {o for o in options(command) if o not in ADMIN}
        if '--server' in options(command):
            wanted -= {'--ca-file'}  # of --server
        assert set(re.findall(r'^\t\*(--[a-z-]+)\*', part, re.M)) == wanted, command
    for option in ADMIN:
        assert f'\n*{option}*' in parts[0]


def test_manual_renders():
    text = (harness.ROOT / 'docs/man/mintmark.1.scd').read_text()
    page = subprocess.run(['scdoc'], input=text, capture_output=True, text=True, check=True).stdout
    assert page.count('.SH ') >= 10


def complete(*words):
    script = harness.run(harness.BINARY, 'completion', 'bash').stdout
    quoted = ' '.join(f"'{w}'" for w in ('mintmark', *words))
    code = f'{script}\nCOMP_WORDS=({quoted}); COMP_CWORD={len(words)}; _mintmark; printf "%s\\n" "${{COMPREPLY[@]}}"'
    return harness.run('bash', '-eu', '-c', code).stdout.split()


def test_completion():
    assert complete('cl') == ['client']
    assert set(complete('client', 'secret', '')) >= {'add', 'list', 'revoke', 'regenerate'}
    assert set(complete('')) >= {c.split()[0] for c in commands()}
    for command in commands():
        assert set(complete(*command.split(), '--')) == set(options(command)), command
    assert complete('client', 'show', 'mmc_x', '--js') == ['--json']
    assert harness.run(harness.BINARY, 'completion', 'fish', check=False).returncode == 2


# Exit statuses.

@pytest.mark.parametrize('args, expected', [
    (['client', 'show', 'nobody'], 3),
    (['account', 'show', 'nobody@example.com'], 3),
    (['api', 'show', 'https://none.example'], 3),
    (['client', 'secret', 'revoke', 'nobody', 'mmk_x'], 3),
    (['account', 'create', '--email', 'demo@example.com'], 4),
    (['api', 'create', '--audience', 'https://api.example.com/measurements'], 4),
    (['account', 'create', '--email', 'not an address'], 2),
    (['account', 'create'], 2),
    (['client', 'create', '--name', 'x', '--scope', 'no:such'], 2),
    (['client', 'create', '--name', 'x', '--scope', 'a  b'], 2),
    (['client', 'create', '--name', 'x', '--expires', 'yesterday'], 2),
    (['client', 'create', '--name', 'x', '--expires', '2020-01-01'], 2),
    (['client', 'create', '--name', 'x', '--expires', '2027-02-31'], 2),
    (['client', 'create', '--name', 'x', '--lifetime', '1 h'], 2),
    (['client', 'create', '--name', 'x', '--secret', 'hunter2hunter2'], 2),  # no such option: secrets never in argv
    (['client', 'create', '--name', 'x', 'operand'], 2),
    (['client', 'show'], 2),
    (['client', 'list', '--limit', 'many'], 2),
    (['client', 'nonsense'], 2),
    (['nonsense'], 2),
    (['client', 'list', '--nonsense'], 2),
    (['serve', '--role=keyd'], 2),
    (['serve', '--role=nonsense'], 2),
    (['verify', 'abc'], 2),
])
def test_exit_status(folder, args, expected):
    done = folder.cli(*args, check=False, json_output=False)
    assert done.returncode == expected, done.stderr
    assert done.stderr.strip() and not done.stdout


@pytest.mark.parametrize('args, option', [
    (['client', 'create'], '--name'),
    (['account', 'create'], '--email'),
    (['api', 'create'], '--audience'),
    (['account', 'roles', 'demo@example.com'], '--role'),
    (['client', 'create', '--name', 'x', '--lifetime', '1s'], '--lifetime'),
    (['client', 'create', '--name', 'x', '--expires', '2020-01-01'], '--expires'),
    (['client', 'create', '--name', 'x' * 1000], '--name'),
])
def test_refusals_name_the_option(folder, args, option):
    done = folder.cli(*args, check=False, json_output=False)
    assert done.returncode == 2 and done.stderr.startswith(f'mintmark: {option} '), done.stderr


def test_help_marks_what_is_required():
    def required(command):
        text = re.sub(r'\n {20,}', ' ', harness.run(harness.BINARY, *command.split(), '--help').stdout)
        return re.findall(r'^  (--[a-z-]+) .*\(Required', text, re.M)
    assert required('client create') == ['--name']
    assert required('client update') == [] and required('api create') == ['--audience']
    assert required('account roles') == ['--role', '--no-roles']


def test_options_before_the_command(folder):
    done = harness.run(folder.binary, '--json', '--config', folder.config, 'client', 'list', env=folder.env)
    assert len(json.loads(done.stdout)['clients']) == 2
    assert harness.run(folder.binary, '--json', check=False).returncode == 2
    assert 'follow the command' in harness.run(folder.binary, '--limit', '1', 'client', 'list', check=False).stderr


def test_no_configuration(tmp_path):
    done = harness.run(harness.BINARY, 'client', 'list', '--config', tmp_path / 'none.yaml', check=False)
    assert done.returncode == 1 and 'none.yaml' in done.stderr


def test_no_store(empty):
    (empty.var / 'store/mintmark.db').unlink()
    assert status(empty, 'client', 'list') == 5


def test_configuration_is_found(folder):
    env = {**folder.env, 'MINTMARK_CONFIG': str(folder.config)}
    assert json.loads(harness.run(folder.binary, 'api', 'list', '--json', env=env).stdout)['apis']
    done = harness.run(folder.binary, 'api', 'list', '--json', cwd=folder.var.parent)  # ./var/mintmark.yaml
    assert json.loads(done.stdout)['apis']


def test_json_errors(folder):
    done = folder.cli('client', 'show', 'nobody', check=False)
    answer = json.loads(done.stderr)
    assert not done.stdout and answer['ok'] is False
    assert answer['error'] == 'not_found' and answer['code'] == 'E_ABSENT' and answer['error_description']


def test_json_errors_of_the_program_itself(folder, tmp_path):
    done = folder.cli('client', 'create', '--name', 'x', '--expires', 'yesterday', check=False)
    assert done.returncode == 2 and json.loads(done.stderr)['code'] == 'E_INVALID_REQUEST'
    done = harness.run(folder.binary, 'client', 'list', '--json', '--config', tmp_path / 'none', check=False)
    assert done.returncode == 1 and 'none' in json.loads(done.stderr)['error_description']


def test_store_is_locked(new_server):
    """A second configuration with another control socket finds nobody there, and the store locked."""
    server = new_server()
    other = server.var / 'other.yaml'
    other.write_text(server.config.read_text().replace('control.sock', 'other.sock'))
    done = harness.run(server.binary, 'client', 'list', '--config', other, check=False)
    assert done.returncode == 5 and 'in use' in done.stderr


# Objects, without a server.

def test_client_life(empty):
    empty.cli('api', 'create', '--audience', 'https://a.example', '--name', 'A', '--lifetime', '10m',
              '--scope', 'a:read Read it', '--scope', 'a:write')
    began = int(time.time())
    made = empty.cli('client', 'create', '--name', 'one', '--scope', 'a:read openid', '--expires', '2099-12-31',
                     '--secret-expires', '90d', '--label', 'first', '--auth', 'basic')
    assert re.fullmatch(r'mmc_[0-9A-Za-z]{22}', made['client_id'])
    assert re.fullmatch(r'mms_[0-9A-Za-z]{49}', made['client_secret'])
    assert set(made['scope'].split()) == {'a:read', 'openid'} and made['token_endpoint_auth_method'] == 'client_secret_basic'
    assert made['default_audience'] == 'https://a.example' and made['expires_at'] == 4102358400
    assert began <= made['client_secret_expires_at'] - 90 * 86400 <= time.time()
    client_id = made['client_id']
    assert empty.cli('client', 'update', client_id, '--name', 'two', '--expires', 'never')['expires_at'] == 0
    assert empty.cli('client', 'disable', client_id)['disabled'] is True
    assert empty.cli('client', 'enable', client_id)['disabled'] is False
    shown = empty.cli('client', 'show', client_id)
    assert shown['client_name'] == 'two' and shown['secrets'][0]['hint'] == made['client_secret'][-4:]
    assert 'client_secret' not in json.dumps(shown['secrets'])
    second = empty.cli('client', 'secret', 'add', client_id)
    empty.cli('client', 'secret', 'revoke', client_id, shown['secrets'][0]['secret_id'])
    states = {s['secret_id']: s['state'] for s in empty.cli('client', 'secret', 'list', client_id)['secrets']}
    assert states == {shown['secrets'][0]['secret_id']: 'revoked', second['secret_id']: 'live'}
    assert [c['client_id'] for c in empty.cli('client', 'list')['clients']] == [client_id]
    empty.cli('client', 'delete', client_id)
    assert empty.cli('client', 'list') == {'clients': []}
    entries = empty.cli('audit', 'list')['entries']
    head = entries[-1]
    assert empty.cli('audit', 'verify') == {'entries': len(entries), 'head_seq': head['seq'], 'head_hash': head['hash']}
    assert len(entries) > 8
    with sqlite3.connect(empty.var / 'store/mintmark.db') as store:
        for name, in store.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'").fetchall():
            store.execute(f'DROP TRIGGER {name}')
        store.execute("UPDATE audit SET target = 'x' WHERE seq = 3")
    store.close()
    done = empty.cli('audit', 'verify', check=False)
    assert done.returncode == 4 and 'token' not in done.stderr
    assert 'broken at entry 3' in json.loads(done.stderr)['error_description']


def test_account_life(empty):
    made = empty.cli('account', 'create', '--email', 'ann@Example.ORG', '--name', 'Ann', '--role', 'a', '--role', 'b')
    assert made['email'] == 'ann@example.org' and made['roles'] == ['a', 'b'] and made['email_verified'] is False
    assert empty.cli('account', 'roles', 'ann@example.org', '--role', 'c')['roles'] == ['c']
    assert status(empty, 'account', 'roles', 'ann@example.org') == 2
    assert empty.cli('account', 'roles', made['account_id'], '--no-roles')['roles'] == []
    assert empty.cli('account', 'disable', made['account_id'])['disabled'] is True
    assert empty.cli('account', 'enable', made['account_id'])['disabled'] is False
    client = empty.cli('client', 'create', '--name', 'x', '--account', 'ann@example.org', '--scope', 'openid email')
    assert client['kind'] == 'account' and client['account_id'] == made['account_id']
    assert len(empty.cli('client', 'list', '--account', made['account_id'])['clients']) == 1
    assert [a['account_id'] for a in empty.cli('account', 'list')['accounts']] == [made['account_id']]


def test_api_life(empty):
    made = empty.cli('api', 'create', '--audience', 'urn:example:a', '--alg', 'EdDSA', '--scope', 'x y z')
    assert made['alg'] == 'EdDSA' and made['scopes'] == [{'name': 'x', 'description': 'y z'}]
    assert 'EdDSA' in {k['alg'] for k in empty.cli('key', 'list')['keys'] if k['state'] == 'active'}
    changed = empty.cli('api', 'update', made['api_id'], '--scope', 'z', '--lifetime', '2h', '--alg', 'ES256')
    assert changed['token_lifetime'] == 7200 and [s['name'] for s in changed['scopes']] == ['z']
    assert empty.cli('api', 'show', 'urn:example:a') == changed
    empty.cli('api', 'delete', 'urn:example:a')
    assert [a['name'] for a in empty.cli('api', 'list')['apis']] == ['Mintmark management']


def test_pages(empty):
    """A list is fetched page by page and printed as one."""
    names = [f'{i}@example.com' for i in range(5)]
    for name in names:
        empty.cli('account', 'create', '--email', name)
    accounts = empty.cli('account', 'list')['accounts']
    assert sorted(a['email'] for a in accounts) == names
    assert empty.cli('account', 'list', '--limit', '2')['accounts'] == accounts[:2]
    assert empty.cli('account', 'list', '--after', accounts[2]['account_id'])['accounts'] == accounts[3:]


def test_imported_secret(empty, tmp_path):
    args = ['client', 'create', '--name', 'x', '--json', '--id']
    done = run_in(empty, *args, 'legacy.1', '--secret-stdin', text_in='correct horse battery\n')
    assert done.returncode == 0 and 'client_secret"' not in done.stdout
    (tmp_path / 'secret').write_text('correct horse battery')
    assert run_in(empty, *args, 'legacy.2', '--secret-file', tmp_path / 'secret').returncode == 0
    assert run_in(empty, *args, 'legacy.3', '--secret-file', tmp_path / 'none').returncode == 2
    assert run_in(empty, *args, 'legacy.3', '--secret-stdin', text_in='short\n').returncode == 2
    assert run_in(empty, *args, 'legacy.3', '--secret-stdin', text_in='x' * 2000).returncode == 2
    assert run_in(empty, *args, 'mmc_mine', '--secret-stdin', text_in='correct horse battery\n').returncode == 2
    assert 'form-encode' in done.stderr  # it has blanks
    assert 'note' not in run_in(empty, *args, 'legacy.4', '--secret-stdin', text_in='correct-horse\n').stderr
    assert empty.cli('client', 'show', 'legacy.1')['secrets'][0]['form'] == 'chosen'
    assert status(empty, 'client', 'show', 'legacy.3') == 3


def test_tables(folder):
    text = folder.cli('client', 'list', json_output=False).stdout
    head, *rows = text.splitlines()
    assert head.split()[:2] == ['CLIENT', 'ID'] and len(rows) == 2
    column = head.index('KIND')
    assert {row[column:].split()[0] for row in rows} == {'service', 'account'}
    shown = folder.cli('client', 'show', folder.demo['SERVICE_CLIENT_ID'], json_output=False).stdout
    assert 'SECRET ID' in shown and 'measurements:read' in shown
    assert folder.demo['SERVICE_CLIENT_SECRET'] not in shown


def test_at_the_same_time(empty):
    """Commands that all open the store wait for each other."""
    jobs = [subprocess.Popen([empty.binary, 'account', 'create', '--email', f'{i}@example.com', '--config', empty.config],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=empty.env) for i in range(4)]
    assert [job.wait(30) for job in jobs] == [0] * 4, [job.stderr.read() for job in jobs]
    assert len(empty.cli('account', 'list')['accounts']) == 4


# Confirmation.

def on_terminal(folder, typed, *args):
    """Run a command on a terminal of its own and answer its question; status and what it showed."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(folder.binary, [str(folder.binary), *args, '--config', str(folder.config)], folder.env)
    shown = b''
    os.write(fd, typed.encode())
    try:
        while chunk := os.read(fd, 4096):
            shown += chunk
    except OSError:
        pass  # the terminal closed with the process
    os.close(fd)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()


def test_regenerate_asks(empty):
    made = empty.cli('client', 'create', '--name', 'x')
    args = ['client', 'secret', 'regenerate', made['client_id']]
    assert status(empty, *args) == 2  # no terminal and no --yes
    code, shown = on_terminal(empty, 'n\n', *args)
    assert code == 1 and 'Go on?' in shown
    code, shown = on_terminal(empty, '\n', *args)
    assert code == 1
    assert len(empty.cli('client', 'show', made['client_id'])['secrets']) == 1
    code, shown = on_terminal(empty, 'y\n', *args)
    assert code == 0 and re.search(r'mms_[0-9A-Za-z]{49}', shown)
    assert empty.cli(*args, '--yes')['client_secret']
    states = [s['state'] for s in empty.cli('client', 'show', made['client_id'])['secrets']]
    assert sorted(states) == ['live', 'revoked', 'revoked']


def test_delete_asks_on_a_terminal(empty):
    made = empty.cli('client', 'create', '--name', 'x')
    assert on_terminal(empty, 'no\n', 'client', 'delete', made['client_id'])[0] == 1
    assert on_terminal(empty, '', 'client', 'delete', made['client_id'], '--yes')[0] == 0


# init.

def test_init_modes(folder):
    def mode(path):
        return stat.S_IMODE(path.stat().st_mode)
    assert mode(folder.var) == 0o700
    assert mode(folder.var / 'store') == 0o700
    files = [p for p in folder.var.rglob('*') if p.is_file()]
    assert {p.name: oct(mode(p)) for p in files} == {p.name: '0o600' for p in files}


def init(folder, *args, check=True):
    return harness.run(folder.binary, 'init', '--var', folder.var, *args, env=folder.env, check=check)


def test_init_again_changes_nothing(new_server):
    folder = new_server(start=False)
    names = ['mintmark.yaml', 'master.key', 'demo.env']
    before = [(folder.var / n).read_bytes() for n in names], folder.cli('audit', 'verify')
    init(folder, '--demo')
    init(folder, '--demo', '--port', folder.port)
    assert ([(folder.var / n).read_bytes() for n in names], folder.cli('audit', 'verify')) == before


def test_init_keeps_what_a_person_changed(empty):
    text = empty.config.read_text()
    empty.config.write_text(text.replace(f'issuer: {empty.issuer}', 'issuer: https://auth.example').replace(
        f'127.0.0.1:{empty.port}', '127.0.0.1:4444'))
    init(empty, '--port', '5555')
    assert 'issuer: https://auth.example\n' in empty.config.read_text()
    assert '  - 127.0.0.1:5555\n' in empty.config.read_text()


def test_init_issuer(new_server):
    folder = new_server(start=False)
    init(folder, '--demo', '--issuer', 'http://localhost:1234/')
    assert harness.read_env(folder.var / 'demo.env')['ISSUER'] == 'http://localhost:1234/'
    for bad in ('http://public.example', 'nonsense', 'https://x.example/?q', 'https://x.example\nfoo: bar'):
        assert init(folder, '--issuer', bad, check=False).returncode == 2, bad
    for bad in ('0', '65536', 'x', '-1'):
        assert init(folder, '--port', bad, check=False).returncode == 2, bad


def test_init_gives_lost_secrets_back(new_server):
    """demo.env was lost: the same clients, one more secret each."""
    folder = new_server(start=False)
    before = harness.read_env(folder.var / 'demo.env')
    (folder.var / 'demo.env').unlink()
    init(folder, '--demo')
    after = harness.read_env(folder.var / 'demo.env')
    assert {k: v for k, v in before.items() if 'SECRET' not in k} == {k: v for k, v in after.items() if 'SECRET' not in k}
    assert len(folder.cli('client', 'list')['clients']) == 2
    folder.demo = after
    folder.start()
    assert folder.token().status_code == 200


def test_init_refuses_a_new_master_key_for_an_old_store(empty):
    (empty.var / 'master.key').unlink()
    done = init(empty, check=False)
    assert done.returncode == 1 and 'master.key' in done.stderr
    assert not (empty.var / 'master.key').exists()


def test_init_killed_at_any_moment(tmp_path):
    """Whatever line it died at, the next run completes what is missing."""
    folder = None
    for delay_ms in (1, 5, 10, 20, 40, 80, 120, 180, 250, 350):
        var = tmp_path / f'var{delay_ms}'
        process = subprocess.Popen([harness.BINARY, 'init', '--var', var, '--demo'], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, env=harness.clean_env())
        try:
            process.wait(delay_ms / 1000)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
        folder = harness.Server(var)
        assert set(folder.demo) == {'ISSUER', 'SERVICE_CLIENT_ID', 'SERVICE_CLIENT_SECRET', 'ACCOUNT_CLIENT_ID',
                                    'ACCOUNT_CLIENT_SECRET', 'API_AUDIENCE', 'SERIES_URL', 'GATE_URL', 'SERIES_ALLOWED',
                                    'SERIES_DENIED'}
        assert len(folder.cli('client', 'list')['clients']) == 2
        active = [k['alg'] for k in folder.cli('key', 'list')['keys'] if k['state'] == 'active']
        assert sorted(active) == ['ES256', 'RS256']
        assert not list(var.glob('*.new'))


def test_init_beside_a_running_server(server):
    before = server.cli('key', 'list')
    init(server, '--demo')
    assert server.cli('key', 'list') == before


def test_init_leaves_a_running_server_alone(new_server):
    server = new_server()
    names = ['mintmark.yaml', 'demo.env']
    before = [(server.var / n).read_bytes() for n in names]
    for args in (['--port', '1'], ['--issuer', 'https://other.example']):
        done = init(server, '--demo', *args, check=False)
        assert done.returncode == 4 and 'nothing was changed' in done.stderr
    assert [(server.var / n).read_bytes() for n in names] == before
    again = harness.run(server.binary, 'serve', '--config', server.config, check=False)
    assert again.returncode != 0 and 'until Ctrl-C' not in again.stdout


def test_init_refuses_an_issuer_before_it_makes_anything(tmp_path):
    for bad in ('nonsense', 'a: b', 'http://public.example', 'https://x.example #y'):
        done = harness.run(harness.BINARY, 'init', '--var', tmp_path / 'var', '--issuer', bad, check=False)
        assert done.returncode == 2 and bad in done.stderr and not re.search(r':[0-9]+:[0-9]+:', done.stderr)
    assert not list(tmp_path.iterdir())


# Configuration.

def test_config_check(empty):
    file = str(empty.config)
    assert empty.cli('config', 'check') == {'valid': True, 'file': file, 'line': 0, 'column': 0,
                                            'message': f'the issuer is {empty.issuer}'}
    good = empty.config.read_text()
    empty.config.write_text(good + 'tls: {certificate: none.pem, key: none.key}\n')
    done = empty.cli('config', 'check', check=False)
    answer = json.loads(done.stdout)
    assert done.returncode == 1 and answer['valid'] is False and 'none.pem' in answer['message']
    empty.config.write_text(good)
    empty.config.write_text(empty.config.read_text() + 'nonsense: 1\n')
    done = empty.cli('config', 'check', check=False, json_output=False)
    line = len(empty.config.read_text().splitlines())
    assert done.returncode == 1 and f'{empty.config}:{line}:1' in done.stderr
    answer = json.loads(empty.cli('config', 'check', check=False).stdout)
    assert (answer['valid'], answer['file'], answer['line'], answer['column']) == (False, file, line, 1)
    assert 'nonsense' in answer['message']


def test_config_reference():
    assert harness.run(harness.BINARY, 'config', 'reference').stdout == (harness.ROOT / 'docs/configuration.md').read_text()


# Beside a running server.

def test_change_is_seen_at_once(server):
    made = server.cli('client', 'create', '--name', 'x', '--api', server.demo['API_AUDIENCE'])
    pair = made['client_id'], made['client_secret']

    def token(auth):
        return server.token(auth=auth).status_code
    assert token(pair) == 200
    server.cli('client', 'disable', pair[0])
    assert token(pair) == 401
    server.cli('client', 'enable', pair[0])
    assert token(pair) == 200
    second = pair[0], server.cli('client', 'secret', 'add', pair[0])['client_secret']
    assert token(second) == 200
    server.cli('client', 'secret', 'revoke', pair[0], made['secret_id'])
    assert token(pair) == 401 and token(second) == 200
    third = pair[0], server.cli('client', 'secret', 'regenerate', pair[0], '--yes')['client_secret']
    assert token(second) == 401 and token(third) == 200
    server.cli('client', 'delete', pair[0])
    assert token(third) == 401


def test_last_use_is_shown(server):
    made = server.cli('client', 'create', '--name', 'x', '--api', server.demo['API_AUDIENCE'])
    began = int(time.time())
    for _ in range(3):
        assert server.token(auth=(made['client_id'], made['client_secret'])).status_code == 200

    def used():
        secret = server.cli('client', 'show', made['client_id'])['secrets'][0]
        return secret if secret['use_count'] == 3 else None
    secret = harness.wait_until(used, 'last use')
    assert secret['last_used_address'] == '127.0.0.1' and began <= secret['last_used_at'] <= time.time()


def test_account_end_ends_its_clients(server):
    server.cli('account', 'create', '--email', 'eve@example.com')
    made = server.cli('client', 'create', '--name', 'x', '--account', 'eve@example.com', '--api', server.demo['API_AUDIENCE'])
    pair = made['client_id'], made['client_secret']
    assert server.token(auth=pair).status_code == 200
    server.cli('account', 'disable', 'eve@example.com')
    assert server.token(auth=pair).status_code == 401


def kid_of(token):
    part = token.split('.')[0]
    return json.loads(base64.urlsafe_b64decode(part + '=' * (-len(part) % 4)))['kid']


def test_rotation(server):
    old = kid_of(server.access_token())
    waiting = {k['alg']: k['kid'] for k in server.cli('key', 'rotate')['keys']}
    published = {k['kid'] for k in server.get('/.well-known/jwks.json').json()['keys']}
    assert set(waiting.values()) <= published  # before it signs
    assert kid_of(server.access_token()) == old
    moved = server.cli('key', 'rotate', '--alg', 'ES256', '--now')['keys']
    assert [k['kid'] for k in moved] == [waiting['ES256']]
    assert kid_of(server.access_token()) == waiting['ES256']
    states = {k['kid']: k['state'] for k in server.cli('key', 'list')['keys']}
    assert states[old] == 'retiring' and states[waiting['ES256']] == 'active'
    assert old in {k['kid'] for k in server.get('/.well-known/jwks.json').json()['keys']}


# Tokens.

def verify(server, *args, text_in=None):
    return subprocess.run([server.binary, 'verify', *map(str, args)], input=text_in, capture_output=True, text=True,
                          timeout=60, env=server.env)


def test_verify(server, tmp_path):
    token = server.access_token()
    audience = server.demo['API_AUDIENCE']
    done = verify(server, token, '--issuer', server.issuer, '--audience', audience, '--json')
    answer = json.loads(done.stdout)
    assert done.returncode == 0 and answer['valid'] and answer['check'] == 'valid'
    assert answer['issuer_checked'] and answer['audience_checked'] and answer['claims']['aud'] == audience
    for args, checked in ((['--issuer', server.issuer, '--scope', 'none'], (True, False)),
                          (['--issuer', server.issuer, '--audience', 'https://other.example'], (True, True))):
        answer = json.loads(verify(server, token, *args, '--json').stdout)
        assert not answer['valid'] and (answer['issuer_checked'], answer['audience_checked']) == checked
    assert 'plain http' not in done.stderr
    assert 'plain http' in verify(server, token, '--issuer', 'http://0.0.0.0:1').stderr
    assert verify(server, '-', '--issuer', server.issuer, text_in=f'{token}\n').returncode == 0
    keys = tmp_path / 'jwks.json'
    keys.write_bytes(server.get('/.well-known/jwks.json').content)
    assert verify(server, token, '--jwks', keys).returncode == 0
    head, payload, signature = token.split('.')
    other = ('B' if signature[0] == 'A' else 'A') + signature[1:]
    for args, check in [
        ([token, '--issuer', server.issuer, '--audience', 'https://other.example'], 'aud'),
        ([token, '--jwks', keys, '--issuer', 'https://other.example'], 'iss'),
        ([token, '--jwks', keys, '--scope', 'not:granted'], 'scope'),
        ([token, '--jwks', keys, '--alg', 'RS256'], 'alg_refused'),
        ([f'{head}.{payload}.{other}', '--jwks', keys], 'signature'),
        ([f'{head}.{payload}', '--jwks', keys], 'segments'),
    ]:
        done = verify(server, *args, '--json')
        assert done.returncode == 1 and json.loads(done.stdout)['check'] == check, (check, done.stdout, done.stderr)
        assert json.loads(done.stdout)['valid'] is False and 'claims' not in json.loads(done.stdout)
        assert verify(server, *args).stdout.startswith(f'REFUSED ({check}): ')


def test_verify_names_the_issuer_byte_by_byte(server):
    done = verify(server, server.access_token(), '--issuer', server.issuer + '/')
    assert done.returncode == 1 and server.issuer in done.stderr


def test_verify_without_a_server(folder):
    done = verify(folder, 'a.b.c', '--issuer', f'http://127.0.0.1:{harness.free_port()}')
    assert done.returncode == 5


def segment(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip('=')


@pytest.mark.parametrize('command, heading, row', [
    ('client list', 'CLIENT ID', 'Demo service'), ('account list', 'ACCOUNT ID', 'demo@example.com'),
    ('api list', 'API ID', 'series:measurements'), ('key list', 'KID', 'active'), ('usage list', 'CLIENT ID', 'Demo service'),
    ('audit list', 'SEQ', 'key.create'),
])
def test_lists_are_tables_for_people(folder, command, heading, row):
    lines = harness.run(folder.binary, *command.split(), '--config', folder.config).stdout.splitlines()
    assert lines[0].startswith(heading) and any(row in line for line in lines[1:])


def test_usage_of_each_secret_is_a_table(folder):
    client_id = folder.cli('client', 'list')['clients'][0]['client_id']
    secret = folder.cli('client', 'show', client_id)['secrets'][0]
    lines = harness.run(folder.binary, 'usage', 'show', client_id, '--config', folder.config).stdout.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith('SECRET ID'))
    assert lines[at + 1].startswith(secret['secret_id'])


def test_inspect_leaves_nothing_out():
    """Objects in arrays have no name to be shown by: authorization_details, the entries of the revocation feed."""
    claims = {'aud': ['a', 'b'], 'authorization_details': [{'type': 'series', 'identifier': 'id/*'}]}
    parts = [base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip('=') for p in ({'alg': 'ES256'}, claims)]
    shown = harness.run(harness.BINARY, 'inspect', '.'.join([*parts, 'AAAA'])).stdout
    assert re.search(r'^aud +a b$', shown, re.M)
    assert '[{"type":"series","identifier":"id/*"}]' in shown


def test_inspect_trusts_nothing(tmp_path):
    token = f"{segment({'alg': 'none', 'x': chr(27) + '[2J'})}.{segment({'exp': 1, 'sub': 'a' + chr(0x202e) + 'b', 'o': {'k': 1}})}."
    done = harness.run(harness.BINARY, 'inspect', token)
    assert 'NOT VERIFIED' in done.stdout and '1970-01-01 00:00:01 UTC' in done.stdout
    assert '\x1b' not in done.stdout and '\u202e' not in done.stdout
    answer = json.loads(harness.run(harness.BINARY, 'inspect', token, '--json').stdout)
    assert answer['verified'] is False and answer['header']['alg'] == 'none' and answer['claims']['o'] == {'k': 1}
    assert harness.run(harness.BINARY, 'inspect', 'abc', check=False).returncode == 1
    done = subprocess.run([harness.BINARY, 'inspect', '-'], input='x' * 100000, capture_output=True, text=True)
    assert done.returncode == 1
