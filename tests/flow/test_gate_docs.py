"""mintmark gate check and gate diff: what documents ask for, and whom a change would hit."""
import json

import pytest

import harness

AUDIENCE = 'https://shop.example/api'
HEAD = """openapi: 3.1.0
info: {title: Shop, version: '1'}
servers: [{url: 'https://shop.example/api'}]
security: [{oidc: [shop:read]}]
components:
  securitySchemes:
    oidc: {type: openIdConnect, openIdConnectUrl: 'https://auth.example/.well-known/openid-configuration'}
    key: {type: apiKey, in: header, name: x}
    oauth:
      type: oauth2
      flows: {clientCredentials: {tokenUrl: 'https://auth.example/oauth2/token', scopes: {shop:read: r, shop:write: w}}}
paths:
"""
OLD = HEAD + """
  /same/{id}: {get: {}}
  /gone: {get: {}}
  /tighter: {get: {}}
  /looser: {get: {security: [{oidc: [shop:write]}]}}
  /other: {get: {security: [{oidc: [shop:write]}]}}
  /opened: {get: {}}
  /closed: {get: {}}
  /order: {post: {security: [{oidc: [shop:read, shop:write]}, {oidc: [shop:admin]}]}}
"""
NEW = HEAD + """
  /same/{name}: {get: {}}
  /new: {get: {}}
  /tighter: {get: {security: [{oidc: [shop:read, shop:write]}]}}
  /looser: {get: {security: [{oidc: [shop:write]}, {oidc: [shop:read]}]}}
  /other: {get: {security: [{oidc: [shop:admin]}]}}
  /opened: {get: {security: []}}
  /closed: {get: {security: [{key: []}]}}
  /order: {post: {security: [{oidc: [shop:admin]}, {oauth: [shop:write], oidc: [shop:read]}]}}
"""
CHANGES = {
    ('GET', '/api/closed'): ('tightened', 'shop:read', 'nobody'),
    ('GET', '/api/gone'): ('removed', 'shop:read', '-'),
    ('GET', '/api/looser'): ('loosened', 'shop:write', 'shop:write | shop:read'),
    ('GET', '/api/new'): ('added', '-', 'shop:read'),
    ('GET', '/api/opened'): ('loosened', 'shop:read', 'public'),
    ('GET', '/api/other'): ('changed', 'shop:write', 'shop:admin'),
    ('GET', '/api/tighter'): ('tightened', 'shop:read', 'shop:read shop:write'),
}


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp('openapi')
    for name, text in {'old': OLD, 'new': NEW, 'bad': HEAD + '  /x: {get: {secuirty: []}}\n'}.items():
        (folder / f'{name}.yaml').write_text(text)
    return folder


def gate(*args, code=0):
    done = harness.run(harness.BINARY, 'gate', *args, check=False)
    assert done.returncode == code, done.stderr
    assert not harness.REPORT.search(done.stderr)
    return done


def test_check_lists_operations(files):
    text = gate('check', '--openapi', files / 'new.yaml', '--issuer', 'https://auth.example')
    lines = [line.split('  ') for line in text.stdout.splitlines()]
    assert lines[0][0] == 'METHOD'
    rows = [[cell.strip() for cell in line if cell.strip()] for line in lines]
    assert ['POST', '/api/order', 'shop:admin | shop:read shop:write', '-'] in rows
    assert ['GET', '/api/opened', 'public', '-'] in rows
    assert ['GET', '/api/closed', 'nobody', '-'] in rows
    assert 'GET /api/opened: public' in text.stderr
    assert "GET /api/closed: the scheme 'key' is an apiKey" in text.stderr
    assert 'shop:admin is a scope that no oauth2 scheme of the document declares' in text.stderr
    assert 'shop:write is a scope' not in text.stderr


def test_check_as_json(files):
    done = gate('check', '--json', '--openapi', files / 'new.yaml')
    found = json.loads(done.stdout)
    assert done.stderr == ''
    order = next(row for row in found['operations'] if row['method'] == 'POST')
    assert (order['needs_access'], order['needs_scopes']) == ('token', [['shop:admin'], ['shop:read', 'shop:write']])
    assert order['document'] == str(files / 'new.yaml') and order['line'] > 10
    assert any('public' in w['message'] and w['line'] > 10 for w in found['warnings'])


def test_check_of_another_issuer(files):
    found = json.loads(gate('check', '--json', '--openapi', files / 'new.yaml', '--issuer', 'https://evil.example').stdout)
    assert {row['needs'] for row in found['operations']} == {'nobody', 'public'}


def test_check_names_the_place(files):
    done = gate('check', '--openapi', files / 'old.yaml', '--openapi', files / 'bad.yaml', code=1)
    assert f"{files / 'bad.yaml'}:13:" in done.stderr and "'secuirty' is unknown in an operation" in done.stderr
    assert 'missing' in gate('check', code=2).stderr
    assert 'can not be read' in gate('check', '--openapi', files / 'none.yaml', code=1).stderr


def test_two_documents_side_by_side(files):
    """The same paths twice are an error; behind different prefixes they would be two APIs."""
    done = gate('check', '--openapi', files / 'old.yaml', '--openapi', files / 'new.yaml', code=1)
    assert 'can not be told from' in done.stderr


def test_diff_like_diff(files):
    assert gate('diff', files / 'old.yaml', files / 'old.yaml').stdout == ''
    done = gate('diff', '--json', files / 'old.yaml', files / 'new.yaml', code=1)
    found = {(c['method'], c['path']): (c['change'], c['before'], c['after']) for c in json.loads(done.stdout)['changes']}
    assert found == CHANGES
    text = gate('diff', files / 'old.yaml', files / 'new.yaml', code=1).stdout
    assert text.splitlines()[0].split() == ['CHANGE', 'METHOD', 'PATH', 'BEFORE', 'AFTER']
    assert len(text.splitlines()) == len(CHANGES) + 1


def test_diff_reports_trouble_above_one(files):
    gate('diff', files / 'old.yaml', files / 'bad.yaml', code=2)
    gate('diff', files / 'old.yaml', files / 'none.yaml', code=2)
    gate('diff', files / 'old.yaml', code=2)
    assert 'audience' in gate('diff', files / 'old.yaml', files / 'new.yaml', '--config', 'x', code=2).stderr


@pytest.fixture(scope='module')
def clients(server):
    """name -> id of clients with different grants for the shop, living and not."""
    server.cli('api', 'create', '--audience', AUDIENCE, '--name', 'Shop', '--scope', 'shop:read Read', '--scope',
               'shop:write Write', '--scope', 'shop:admin All')
    server.cli('api', 'create', '--audience', 'https://other.example', '--name', 'Other', '--scope', 'other:read Read')
    made = {}
    for name, scope in {'reader': 'shop:read', 'writer': 'shop:write', 'both': 'shop:read shop:write', 'admin': 'shop:admin',
                        'stranger': 'other:read', 'disabled': 'shop:read'}.items():
        made[name] = server.cli('client', 'create', '--name', name, '--scope', scope)['client_id']
    owner = server.cli('account', 'create', '--email', 'off@example.org', '--name', 'Off')['account_id']
    made['owned'] = server.cli('client', 'create', '--name', 'owned', '--account', owner, '--scope', 'shop:read')['client_id']
    server.cli('client', 'disable', made['disabled'])
    server.cli('account', 'disable', owner)
    return made


def affected(server, files, old, new):
    done = server.cli('gate', 'diff', files / old, files / new, '--audience', AUDIENCE, check=False)
    assert done.returncode == 1 and done.stderr == '', done.stderr
    found = {}
    for row in json.loads(done.stdout)['affected']:
        found.setdefault((row['client_id'], row['effect']), set()).add(row['path'].removeprefix('/api/'))
    return found


def test_diff_names_clients(server, clients, files):
    found = affected(server, files, 'old.yaml', 'new.yaml')
    assert found == {
        (clients['reader'], 'loses'): {'closed', 'gone', 'tighter'},
        (clients['reader'], 'gains'): {'looser', 'new'},
        (clients['writer'], 'loses'): {'other'},
        (clients['writer'], 'gains'): {'opened'},
        (clients['both'], 'loses'): {'closed', 'gone', 'other'},
        (clients['both'], 'gains'): {'new'},
        (clients['admin'], 'gains'): {'opened', 'other'},
    }
    back = affected(server, files, 'new.yaml', 'old.yaml')
    swap = {'loses': 'gains', 'gains': 'loses'}
    assert back == {(client, swap[effect]): paths for (client, effect), paths in found.items()}


def test_diff_as_text(server, clients, files):
    done = server.cli('gate', 'diff', files / 'old.yaml', files / 'new.yaml', '--audience', AUDIENCE, json_output=False,
                      check=False)
    assert done.returncode == 1
    tables = done.stdout.split('\n\n')
    assert tables[1].splitlines()[0].split() == ['CLIENT', 'ID', 'NAME', 'EFFECT', 'METHOD', 'PATH']
    assert f"{clients['reader']}  reader  loses   GET     /api/tighter" in tables[1]
    same = server.cli('gate', 'diff', files / 'old.yaml', files / 'old.yaml', '--audience', AUDIENCE, json_output=False)
    assert same.stdout == 'No live client loses or gains access.\n'


def test_diff_from_afar(server, clients, files):
    """The same over the network, as a client that may read clients, accounts and APIs; as another one, trouble."""
    scopes = 'mintmark:clients:read mintmark:apis:read mintmark:accounts:read'
    reader = server.cli('client', 'create', '--name', 'afar', '--scope', scopes)
    found = {}
    for name, client in {'good': (reader['client_id'], reader['client_secret']), 'bad': server.client()}.items():
        env = {**server.env, 'MINTMARK_CLIENT_ID': client[0], 'MINTMARK_CLIENT_SECRET': client[1]}
        found[name] = harness.run(server.binary, 'gate', 'diff', '--json', files / 'old.yaml', files / 'new.yaml',
                                  '--audience', AUDIENCE, '--server', server.issuer, check=False, env=env)
    here = server.cli('gate', 'diff', files / 'old.yaml', files / 'new.yaml', '--audience', AUDIENCE, check=False)
    assert found['good'].returncode == here.returncode == 1, found['good'].stderr
    assert found['good'].stdout == here.stdout and '"loses"' in here.stdout
    assert found['bad'].returncode > 1 and found['bad'].stdout == ''


def test_more_clients_than_a_page(server, clients, files):
    for i in range(120):
        server.cli('client', 'create', '--name', f'many{i}', '--scope', 'shop:read')
    found = affected(server, files, 'old.yaml', 'new.yaml')
    assert sum(effect == 'loses' and paths == {'closed', 'gone', 'tighter'} for (_, effect), paths in found.items()) == 121


def test_check_against_the_api(server, clients, files):
    found = server.cli('gate', 'check', '--openapi', files / 'new.yaml', '--audience', 'https://other.example')
    assert any('shop:read is no scope of the API' in w['message'] for w in found['warnings'])
    found = server.cli('gate', 'check', '--openapi', files / 'new.yaml', '--audience', AUDIENCE)
    assert not any('is no scope of the API' in w['message'] for w in found['warnings'])
    done = server.cli('gate', 'check', '--openapi', files / 'new.yaml', '--audience', 'https://none.example', check=False)
    assert done.returncode == 3
