"""The time-series API over HTTP: what its OpenAPI document declares against what is enforced, formats, names, permissions."""
import contextlib
import json
import re
import signal
import socket
import subprocess
import time

import harness
import pytest
import requests
import yaml
from world import control

AUDIENCE = 'https://series.example'
DOCUMENT = yaml.safe_load((harness.ROOT / 'openapi/series.yaml').read_text())
VERSION = DOCUMENT['info']['version']
PUBLIC = 'public'
OPERATIONS = [(method, path, operation) for path, item in DOCUMENT['paths'].items()
              for method, operation in item.items() if method != 'parameters']
SCOPES = ['series:measurements', 'series:statistics', 'series:metadata', 'series:write']

ONE, TWO, THREE, TWIN = (f'0188cf3a-6f5b-7c53-9a3b-00000000000{n}' for n in range(1, 5))
NOBODY = '0188cf3a-6f5b-7c53-9a3b-0000000000ff'
SERIES = [
    {'id': ONE, 'name': 'Shaft power', 'description': 'At the shaft', 'source': 'torque meter', 'scale': 1, 'uom': 'kW',
     'range_low': 0, 'range_high': 15000.5, 'vessel_imo': 'IMO9000001', 'vessel_name': 'One',
     'names': {'raalabs': 'IMO9000001/ME ShaftPower', 'parameters': 'IMO9000001/ME/ShaftPower',
               'maker': 'IMO9000001/Maker/SP-1', 'jsmea': '/IMO9000001//MainEngine/Power/', 'vis-3-8a': 'vis/411.1/S110'}},
    {'id': TWO, 'names': {'raalabs': 'IMO9000001/ME ShaftSpeed', 'jsmea': '/IMO9000001//MainEngine/Power'}},
    {'id': THREE, 'names': {'raalabs': 'IMO9000002/ME ShaftPower', 'maker': 'shared/name/x'}},
    {'id': TWIN, 'names': {'raalabs': 'IMO9000003/Temperature', 'maker': 'shared/name/x'}},
]
POWER = '/raalabs/IMO9000001/ME%20ShaftPower'
DAY = 'year=2024&month=2&day=29'
MINUTE_0 = 1709164800  # 2024-02-29
ALL = 'series:read:raalabs/*/*'


class Daemon:
    """`mintmark series` in a process of its own."""

    def __init__(self, issuer, db, *more, audience=AUDIENCE, binary=harness.BINARY):
        self.port = harness.free_port()
        self.url, self.log_path = f'http://127.0.0.1:{self.port}', db.with_suffix('.log')
        with open(self.log_path, 'ab') as log:
            self.process = subprocess.Popen(
                [binary, 'series', '--listen', f'127.0.0.1:{self.port}', '--db', db, '--issuer', issuer, '--audience',
                 audience, *more], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=harness.clean_env(),
                start_new_session=True)
        self.http = requests.Session()
        self.http.trust_env = False

    def start(self):
        harness.wait_until(self.is_ready, 'the series daemon')
        return self

    def is_ready(self):
        assert self.process.poll() is None, self.log()
        with contextlib.suppress(OSError):
            socket.create_connection(('127.0.0.1', self.port), timeout=5).close()
            return True
        return False

    def log(self):
        return self.log_path.read_text(errors='replace')

    def stop(self):
        self.http.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(harness.STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f'the series daemon still runs:\n{self.log()}') from None
        report = harness.REPORT.search(self.log())
        assert not report, self.log()[report.start() - 200:][:6000]
        assert status == 0, self.log()

    def ask(self, method, path, token=None, headers=None, **more):
        headers = {**({'Authorization': f'Bearer {token}'} if token else {}), **(headers or {})}
        return self.http.request(method, self.url + path, headers=headers, timeout=60, **more)

    def get(self, path, token=None, headers=None, **more):
        return self.ask('GET', path, token, headers, **more)


class World:
    """A server with an API of all scopes, a database, a daemon before it, and tokens for any scopes."""

    def __init__(self, server, db):
        self.server, self.db = server, db
        self.made = {}
        self.api = control(server, 'api.create', audience=AUDIENCE, scopes=[{'name': n} for n in SCOPES])
        (db.parent / 'series.json').write_text(json.dumps({'series': SERIES}))
        harness.run(harness.BINARY, 'series', 'define', '--db', db, db.parent / 'series.json')
        rows = [f'{s["id"]},{MINUTE_0 + 60 * minute},{index * 1000 + minute + 0.5}'
                for index, s in enumerate(SERIES) for minute in range(180)]
        (db.parent / 'points.csv').write_text('id,timestamp,value\n' + '\n'.join(rows) + '\n')
        harness.run(harness.BINARY, 'series', 'import', '--db', db, db.parent / 'points.csv')
        self.daemon = Daemon(server.issuer, db).start()

    def client(self, scopes):
        """(id, secret) of a client that may have exactly these scopes, and its token."""
        scopes = scopes.split()
        known = {s['name'] for s in control(self.server, 'api.get', api=AUDIENCE)['scopes']}
        if not known.issuperset(scopes):
            control(self.server, 'api.update', api=AUDIENCE, scopes=[{'name': n} for n in known.union(scopes)])
        made = control(self.server, 'client.create', client_name='c', scope=' '.join(scopes), audiences=[AUDIENCE])
        return made['client_id'], made['client_secret']

    def token(self, scopes):
        if scopes not in self.made:
            self.made[scopes] = self.server.access_token(auth=self.client(scopes))
        return self.made[scopes]

    def get(self, path, scopes=f'series:measurements {ALL}', **more):
        return self.daemon.get(path, self.token(scopes) if scopes else None, **more)

    def rows(self, path, scopes=f'series:measurements {ALL}', **more):
        response = self.get(path, scopes, **more)
        assert response.status_code == 200, response.text
        return response.json()


@pytest.fixture(scope='module')
def api(server, tmp_path_factory):
    made = World(server, tmp_path_factory.mktemp('series') / 'series.db')
    yield made
    made.daemon.stop()


def check_error(response, status, code=None):
    assert response.status_code == status, (response.status_code, response.text)
    assert response.headers['Content-Type'] == 'application/json'
    answer = response.json()
    assert set(answer) == {'error', 'code', 'request_id'} and all(isinstance(v, str) and v for v in answer.values())
    assert answer['request_id'] == response.headers['X-Request-Id']
    assert response.headers['X-Api-Version'] == VERSION
    if code:
        assert answer['code'] == code, answer
    if status in (401, 403):
        assert response.headers['WWW-Authenticate'].startswith('Bearer realm=')
    return answer


# Declared and enforced.

def declared(operation):
    """The scopes that an operation's `security` names; PUBLIC for `[]`. One scheme, one alternative: checked here."""
    security = operation['security']
    if not security:
        return PUBLIC
    assert len(security) == 1 and list(security[0]) == ['mintmark'], operation
    return security[0]['mintmark']


def example(method, path):
    """A request that would be answered with 200 if it is allowed."""
    path = path.replace('/{domain}/{expression}', POWER).replace('{uuids}', ONE)
    if path == '/measurements' and method == 'post':
        return path, {'json': [{'id': ONE, 'timestamp': '2023-01-01T00:00:00Z', 'value': 1}]}
    return path, {'json': ['raalabs/IMO9000001/ME ShaftPower']} if method == 'post' else {}


@pytest.mark.parametrize('method, path, operation', OPERATIONS, ids=[o['operationId'] for *_, o in OPERATIONS])
def test_declared_is_enforced(api, method, path, operation):
    """With a token for each scope alone: allowed exactly where it is declared. Without a token: 401, unless public. Ledger 6750-1, 6750-3."""
    wanted = declared(operation)
    target, more = example(method, path)
    response = api.daemon.ask(method.upper(), target, **more)
    if wanted == PUBLIC:
        assert response.status_code == 200, response.text
        return
    check_error(response, 401, 'invalid_token')
    challenge = response.headers['WWW-Authenticate']
    assert 'error=' not in challenge and f'scope="{" ".join(wanted)}"' in challenge  # RFC 6750 3.1, 6750-2
    for scope in SCOPES:
        response = api.daemon.ask(method.upper(), target, api.token(f'{scope} {ALL}'), **more)
        if scope in wanted:
            assert response.status_code == 200, (scope, response.text)
            continue
        check_error(response, 403, 'insufficient_scope')
        challenge = response.headers['WWW-Authenticate']
        assert 'error="insufficient_scope"' in challenge and f'scope="{" ".join(wanted)}"' in challenge


def test_operations_differ_in_their_scopes():
    assert {tuple(declared(operation)) for *_, operation in OPERATIONS} > {(scope,) for scope in SCOPES}


def test_data_scope_alone_opens_no_operation(api):
    check_error(api.get(f'/measurements{POWER}', ALL), 403, 'insufficient_scope')


def test_operation_scope_alone_opens_no_series(api):
    check_error(api.get(f'/measurements{POWER}', 'series:measurements'), 403, 'forbidden_series')
    assert api.rows('/measurements/raalabs/*/*', 'series:measurements') == []


def test_document_is_served(api):
    text = api.daemon.get('/openapi/v1.yaml')
    assert text.headers['Content-Type'] == 'application/yaml'
    served, as_json = yaml.safe_load(text.text), api.daemon.get('/openapi/v1.json').json()
    flow = served['components']['securitySchemes']['mintmark']['flows']['clientCredentials']
    assert flow['tokenUrl'] == f'{api.server.issuer}/oauth2/token'
    flow['tokenUrl'] = 'https://auth.example.com/oauth2/token'
    assert served == DOCUMENT
    as_json['components']['securitySchemes']['mintmark']['flows']['clientCredentials']['tokenUrl'] = flow['tokenUrl']
    assert as_json == DOCUMENT


@pytest.mark.parametrize('method, path, status, allow', [
    ('DELETE', f'/measurements{POWER}', 405, 'GET'),
    ('PUT', '/measurements', 405, 'POST'),
    ('GET', '/measurements', 405, 'POST'),
    ('OPTIONS', '/health', 405, 'GET'),
    ('GET', '/', 404, None),
    ('GET', '/nothing', 404, None),
    ('GET', '/measurement/raalabs/x/y', 404, None),
    ('GET', '/Measurements/raalabs/x/y', 404, None),
    ('GET', '/measurements/raalabs', 404, None),
    ('GET', '/health/', 404, None),
    ('GET', '/measurements/nodomain/x', 404, None),
    ('GET', '/metadata/query', 404, None),
])
def test_unknown_paths_and_methods(api, method, path, status, allow):
    response = api.daemon.ask(method, path, api.token(f'series:measurements {ALL}'))
    check_error(response, status)
    assert response.headers.get('Allow') == allow


# Tokens.

@pytest.mark.parametrize('header, status, code', [
    (None, 401, 'invalid_token'),
    ('Basic YTpi', 401, 'invalid_token'),
    ('Bearer', 400, 'invalid_request'),
    ('Bearer ', 400, 'invalid_request'),
    ('Bearer a b', 400, 'invalid_request'),
    ('Bearer a,b', 400, 'invalid_request'),
    ('Bearer nonsense', 401, 'invalid_token'),
    ('Bearer a.b.c', 401, 'invalid_token'),
])
def test_bad_authorization(api, header, status, code):
    response = api.daemon.get(f'/measurements{POWER}', headers={'Authorization': header} if header else {})
    check_error(response, status, code)
    if header and 'nonsense' in header:
        assert 'error="invalid_token"' in response.headers['WWW-Authenticate']


def test_two_tokens_are_refused(api):
    """RFC 6750 2, 3.1; ledger 6750-4, 6750-5."""
    token = api.token(f'series:measurements {ALL}')
    check_error(api.get(f'/measurements{POWER}?access_token={token}'), 400, 'invalid_request')
    check_error(api.daemon.get(f'/measurements{POWER}?access_token={token}'), 401)  # never by the query
    head = f'GET /measurements{POWER} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n'
    with harness.Connection(api.daemon.port) as connection:
        line = f'Authorization: Bearer {token}\r\n'
        response = connection.send(f'{head}{line}{line}\r\n'.encode()).receive()
    assert response.status == 400 and response.json()['code'] == 'invalid_request'


def test_scheme_in_any_case(api):
    """Ledger 6750-7."""
    token = api.token(f'series:measurements {ALL}')
    for scheme in ('bearer', 'BEARER'):
        assert api.daemon.get(f'/measurements{POWER}', headers={'Authorization': f'{scheme} {token}'}).status_code == 200


def test_token_for_another_audience(api):
    check_error(api.daemon.get(f'/measurements{POWER}', api.server.access_token()), 401, 'invalid_token')


def test_revoked_token_is_refused(api):
    """Regenerating the secret ends the tokens of the old one; one of the new secret counts at once."""
    client_id, secret = api.client(f'series:measurements {ALL}')
    old = api.server.access_token(auth=(client_id, secret))
    assert api.daemon.get(f'/measurements{POWER}', old).status_code == 200
    made = control(api.server, 'secret.regenerate', client_id=client_id)
    new = api.server.access_token(auth=(client_id, made['client_secret']))
    assert api.daemon.get(f'/measurements{POWER}', new).status_code == 200
    harness.wait_until(lambda: api.daemon.get(f'/measurements{POWER}', old).status_code == 401, 'the end of the old token')
    check_error(api.daemon.get(f'/measurements{POWER}', old), 401, 'invalid_token')


# Formats and versions.

def test_rows(api):
    assert api.rows(f'/measurements{POWER}?{DAY}')[:2] == [
        {'id': ONE, 'timestamp': '2024-02-29T00:00:00.000000Z', 'value': 0.5},
        {'id': ONE, 'timestamp': '2024-02-29T00:01:00.000000Z', 'value': 1.5}]


def test_default_range_is_the_last_hour(api):
    assert api.rows(f'/measurements{POWER}') == []
    now = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() - 60))
    body = [{'id': TWO, 'timestamp': now, 'value': 7}]
    assert api.daemon.ask('POST', '/measurements', api.token('series:write'), json=body).status_code == 200
    assert [row['value'] for row in api.rows('/measurements/raalabs/IMO9000001/ME%20ShaftSpeed')] == [7]


@pytest.mark.parametrize('query, accept, expected', [
    ('', None, 'application/json'),
    ('', '*/*', 'application/json'),
    ('', 'application/x-ndjson', 'application/x-ndjson'),
    ('', 'application/json;q=0.1, application/x-ndjson;q=0.2', 'application/x-ndjson'),
    ('&format=json', 'application/x-ndjson', 'application/json'),
    ('&format=ndjson', 'application/json', 'application/x-ndjson'),
])
@pytest.mark.parametrize('kind', ['measurements', 'statistics', 'metadata'])
def test_formats(api, kind, query, accept, expected):
    scopes = f'series:{kind} {ALL}'
    whole = api.rows(f'/{kind}{POWER}?{DAY}', scopes)
    response = api.get(f'/{kind}{POWER}?{DAY}{query}', scopes, headers={'Accept': accept})
    assert response.headers['Content-Type'] == expected
    if expected == 'application/json':
        assert response.json() == whole
        return
    assert response.text.endswith('\n')
    lines = [json.loads(line) for line in response.text.splitlines()]
    assert lines == whole if kind != 'metadata' else {k: v for line in lines for k, v in line.items()} == whole


@pytest.mark.parametrize('query, accept', [
    ('format=parquet', None), ('', 'application/vnd.apache.parquet'), ('', 'text/html'), ('', 'application/json;q=0')])
def test_not_acceptable(api, query, accept):
    answer = check_error(api.get(f'/measurements{POWER}?{query}', headers={'Accept': accept}), 406, 'not_acceptable')
    assert 'Parquet' in answer['error'] and 'NDJSON' in answer['error']


def test_version(api):
    assert re.fullmatch(r'\d{4}-\d\d-\d\d', VERSION)
    for headers in ({}, {'x-api-version': VERSION}, {'x-api-version': '2020-01-01'}, {'x-api-version': '2099-12-31'}):
        response = api.get(f'/measurements{POWER}', headers=headers)
        assert response.status_code == 200 and response.headers['X-Api-Version'] == VERSION
    for bad in ('newest', '2026-13-01', '2026-02-29', '1999-1-1', '2026', '', f'{VERSION}x', f'{VERSION}T00:00:00Z'):
        answer = check_error(api.get(f'/measurements{POWER}', headers={'x-api-version': bad}), 400, 'invalid_request')
        assert VERSION in answer['error']


# Ranges.

@pytest.mark.parametrize('query, first, n', [
    (DAY, 0, 180),
    ('year=2024', 0, 180),
    ('year=2024&month=2', 0, 180),
    ('year=2024&month=3', None, 0),
    ('from=2024-02-29&to=2024-03-01', 0, 180),
    ('from=2024-02-29T01:00:00Z&to=2024-02-29T02:00:00Z', 60, 60),
    ('from=2024-02-29T02:00:00%2B01:00&to=2024-02-29T02:00:00Z', 60, 60),
    (f'from_epoch={MINUTE_0 + 60}&to_epoch={MINUTE_0 + 180}', 1, 2),
    ('from=2024-02-29T02:59:00Z', 179, 1),
    ('since=50000hours', None, None),
    ('last=5year', None, None),
])
def test_ranges(api, query, first, n):
    rows = api.rows(f'/measurements{POWER}?{query}')
    if n is not None:
        assert len(rows) == n and (not rows or rows[0]['value'] == first + 0.5)
    windows = api.rows(f'/statistics{POWER}?{query}&window=1d&functions=count', f'series:statistics {ALL}')
    assert sum(window[f'{ONE}:count'] for window in windows) == len(rows)


@pytest.mark.parametrize('query, code', [
    ('from=yesterday', 'invalid_time'), ('from=2024-02-30', 'invalid_time'), ('from=2024-02-29T12:00:00', 'invalid_time'),
    ('from_epoch=1e9', 'invalid_time'), ('since=0days', 'invalid_time'), ('since=6parsecs', 'invalid_time'),
    ('last=-1day', 'invalid_time'), ('year=0', 'invalid_time'), ('year=2024&month=13', 'invalid_time'),
    ('month=2', 'conflicting_times'), ('year=2024&day=1', 'conflicting_times'),
    ('since=1day&last=1day', 'conflicting_times'), ('from=2024-01-01&from_epoch=1', 'conflicting_times'),
    ('from=2024-01-02&to=2024-01-01', 'empty_range'), ('from=2024-01-01&to=2024-01-01', 'empty_range'),
    ('from=', 'invalid_request'), ('from=2024-01-01&from=2024-01-02', 'invalid_request'),
    ('format=xml', 'invalid_request'), ('format=', 'invalid_request'),
])
def test_bad_parameters(api, query, code):
    check_error(api.get(f'/measurements{POWER}?{query}'), 400, code)


@pytest.mark.parametrize('query, code', [
    ('functions=median', 'invalid_function'), ('functions=avg,,max', 'invalid_function'), ('window=0m', 'invalid_window'),
    ('window=1', 'invalid_window'), ('window=m', 'invalid_window'), ('window=1000d', 'invalid_window')])
def test_bad_statistics(api, query, code):
    check_error(api.get(f'/statistics{POWER}?{query}', f'series:statistics {ALL}'), 400, code)


def test_statistics(api):
    scopes = f'series:statistics {ALL}'
    minutes = api.rows(f'/statistics{POWER}?{DAY}', scopes)
    assert len(minutes) == 180 and minutes[3] == {f'{ONE}:avg': 3.5, 'timestamp': '2024-02-29T00:03:00.000000Z'}
    hours = api.rows(f'/statistics{POWER}?{DAY}&window=1h&functions=avg,min,max,count,stddev', scopes)
    assert [set(row) for row in hours] == [{f'{ONE}:{f}' for f in ('avg', 'min', 'max', 'count', 'stddev')} | {'timestamp'}] * 3
    first = hours[0]
    assert (first[f'{ONE}:avg'], first[f'{ONE}:min'], first[f'{ONE}:max'], first[f'{ONE}:count']) == (30, 0.5, 59.5, 60)
    assert abs(first[f'{ONE}:stddev'] - 17.318102282486574) < 1e-9


# Names.

def test_every_name_gives_the_same_answer(api):
    names = [f'{domain}/{name}' for domain, name in SERIES[0]['names'].items()] + [f'id/{ONE}']
    for scopes in (ALL, 'series:read:id/' + ONE, 'series:read:jsmea//IMO9000001//MainEngine/Power/'):
        answers = []
        for name in names:
            path = '/measurements/' + requests.utils.quote(name, safe='/')
            answers.append(api.rows(f'{path}?{DAY}', f'series:measurements {scopes}'))
        assert all(answer == answers[0] for answer in answers) and len(answers[0]) == 180
    for name in names:
        path = '/measurements/' + requests.utils.quote(name, safe='/')
        check_error(api.get(f'{path}?{DAY}', 'series:measurements series:read:raalabs/IMO9000002/*'), 403, 'forbidden_series')


def test_empty_levels_and_trailing_slash_count(api):
    """jsmea: /IMO9000001//MainEngine/Power/ and /IMO9000001//MainEngine/Power are two series."""
    for path, wanted in (('/measurements/jsmea//IMO9000001//MainEngine/Power/', ONE),
                         ('/measurements/jsmea//IMO9000001//MainEngine/Power', TWO)):
        assert {row['id'] for row in api.rows(f'{path}?{DAY}')} == {wanted}
    check_error(api.get('/measurements/jsmea//IMO9000001/MainEngine/Power/'), 404, 'unknown_series')


@pytest.mark.parametrize('path', ['/measurements/raalabs/../raalabs/x', '/measurements/raalabs/a%2Fb', '/measurements/raalabs/a;b',
                                  '/measurements/raalabs/a%00', '/measurements/raalabs/%2e%2e/x', '/measurements/raalabs/%ff'])
def test_odd_paths_are_refused(api, path):
    """ATTACKS 38, by the same rule as the gate's."""
    token = api.token(f'series:measurements {ALL}')
    with harness.Connection(api.daemon.port) as connection:
        head = f'GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n'
        assert connection.send(head.encode()).receive().status == 400


@pytest.mark.parametrize('expression, wanted', [
    ('*/*', [ONE, TWO, THREE, TWIN]), ('IMO9000001/*', [ONE, TWO]), ('IMO9000001/ME* Shaft*', [ONE, TWO]),
    ('*/ME ShaftPower', [ONE, THREE]), ('*/Temp*', [TWIN])])
def test_wildcards(api, expression, wanted):
    path = f'/measurements/raalabs/{requests.utils.quote(expression, safe="/*")}?{DAY}'
    assert list(dict.fromkeys(row['id'] for row in api.rows(path))) == wanted
    permitted = api.rows(path, f'series:measurements series:read:raalabs/IMO9000001/* series:read:id/{TWIN}')
    assert list(dict.fromkeys(row['id'] for row in permitted)) == [i for i in wanted if i != THREE]


def test_star_stays_in_its_level(api):
    check_error(api.get('/measurements/raalabs/*'), 404, 'unknown_series')
    check_error(api.get('/measurements/raalabs/IMO9000009/*'), 404, 'unknown_series')


def test_ids(api):
    assert {row['id'] for row in api.rows(f'/measurements/id/{ONE},{THREE}?{DAY}')} == {ONE, THREE}
    some = 'series:measurements series:read:raalabs/IMO9000001/*'
    check_error(api.get(f'/measurements/id/{ONE},{THREE}?{DAY}', some), 403, 'forbidden_series')  # explicit
    check_error(api.get(f'/measurements/id/{NOBODY}'), 404, 'unknown_series')
    check_error(api.get('/measurements/id/nonsense'), 400, 'invalid_expression')


def test_query_equals_get(api):
    some = 'series:read:raalabs/IMO9000001/*'
    for kind in ('measurements', 'statistics'):
        scopes = f'series:{kind} {some}'

        def query(body, scopes=scopes, kind=kind, **more):
            return api.daemon.ask('POST', f'/{kind}/query?{DAY}', api.token(scopes), json=body, **more)
        got = api.rows(f'/{kind}{POWER}?{DAY}', scopes)
        assert query(['raalabs/IMO9000001/ME ShaftPower']).json() == got
        assert query([f'id/{ONE}', 'jsmea//IMO9000001//MainEngine/Power/']).json() == got  # each series once
        assert query(['raalabs/*/*']).json() == api.rows(f'/{kind}/raalabs/*/*?{DAY}', scopes)
        check_error(query([f'id/{ONE}', 'raalabs/IMO9000002/ME ShaftPower']), 403, 'forbidden_series')
        check_error(query([f'id/{ONE}', 'raalabs/x/y']), 404, 'unknown_series')


@pytest.mark.parametrize('body, content_type, status', [
    ('[]', 'application/json', 400), ('{}', 'application/json', 400), ('["raalabs"]', 'application/json', 400),
    ('[1]', 'application/json', 400), ('["raalabs/a/b",]', 'application/json', 400), ('', 'application/json', 400),
    ('["nodomain/a"]', 'application/json', 404),
    (json.dumps(['raalabs/a/b'] * 257), 'application/json', 400),
    ('["raalabs/*/*"]', 'text/plain', 415), ('["raalabs/*/*"]', None, 415),
    ('["raalabs/*/*"]', 'application/json; charset=utf-8', 200),
])
def test_bad_query(api, body, content_type, status):
    response = api.daemon.ask('POST', '/measurements/query', api.token(f'series:measurements {ALL}'), data=body,
                              headers={'Content-Type': content_type} if content_type else {})
    assert response.status_code == status, response.text
    if status != 200:
        check_error(response, status)


def test_body_too_large(api):
    body = json.dumps(['raalabs/a/' + 'b' * 70000])
    response = api.daemon.ask('POST', '/measurements/query', api.token(f'series:measurements {ALL}'), data=body)
    assert response.status_code == 413 and response.json()['code'] == 'request_too_large'
    assert set(response.json()) >= set(DOCUMENT['components']['schemas']['Error']['required'])


def test_metadata(api):
    scopes = f'series:metadata {ALL}'
    names = dict(SERIES[0]['names'])
    full = api.rows(f'/metadata{POWER}', scopes)
    assert full == {'IMO9000001/ME ShaftPower': {
        'name': 'Shaft power', 'description': 'At the shaft', 'source': 'torque meter', 'scale': 1, 'uom': 'kW',
        'rangeHigh': 15000.5, 'rangeLow': 0, 'timeSeriesId': ONE, 'vesselImo': 'IMO9000001', 'vesselName': 'One',
        'mapsTo': names}}
    assert api.rows(f'/metadata{POWER}?verbose=true', scopes) == full
    brief = api.rows(f'/metadata{POWER}?verbose=false', scopes)
    assert brief == {k: {n: v for n, v in e.items() if n != 'mapsTo'} for k, e in full.items()}
    check_error(api.get(f'/metadata{POWER}?verbose=yes', scopes), 400, 'invalid_request')
    by_id = api.rows(f'/metadata/id/{ONE}', scopes)
    assert by_id == {ONE: full['IMO9000001/ME ShaftPower']}
    assert set(api.rows('/metadata/raalabs/IMO9000001/*', scopes)) == {'IMO9000001/ME ShaftPower', 'IMO9000001/ME ShaftSpeed'}
    absent = api.rows('/metadata/raalabs/IMO9000001/ME%20ShaftSpeed', scopes)['IMO9000001/ME ShaftSpeed']
    assert absent['name'] is None and absent['scale'] is None


def test_metadata_of_a_name_of_several_series(api):
    """The name can't be the key of both."""
    found = api.rows('/metadata/maker/shared/name/x', f'series:metadata {ALL}')
    assert set(found) == {THREE, TWIN} == {entry['timeSeriesId'] for entry in found.values()}


# Writing.

NEW = '2025-01-01T00:00:0{}Z'


@pytest.mark.parametrize('content_type, body', [
    ('application/json', json.dumps([{'id': TWO, 'timestamp': NEW.format(n), 'value': n} for n in (1, 2)])),
    ('application/x-ndjson', '\n'.join(json.dumps({'id': 'raalabs/IMO9000001/ME ShaftSpeed', 'timestamp': NEW.format(n),
                                                   'value': n + 0.25}) for n in (1, 2)) + '\n\r\n'),
    ('text/csv', f'id,timestamp,value\r\n{TWO},{NEW.format(1)},-1e3\r\n{TWO},{NEW.format(2)},2\r\n'),
])
def test_write_and_read_back(api, content_type, body):
    response = api.daemon.ask('POST', '/measurements', api.token('series:write'), data=body,
                              headers={'Content-Type': content_type})
    assert response.status_code == 200 and response.json() == {'written': 2}, response.text
    rows = api.rows('/measurements/raalabs/IMO9000001/ME%20ShaftSpeed?year=2025')
    first = {'application/json': 1, 'application/x-ndjson': 1.25, 'text/csv': -1000}[content_type]
    assert [row['timestamp'] for row in rows] == ['2025-01-01T00:00:01.000000Z', '2025-01-01T00:00:02.000000Z']
    assert rows[0]['value'] == first


GOOD_ROW = {'id': THREE, 'timestamp': '2022-01-01T00:00:00Z', 'value': 1}


@pytest.mark.parametrize('content_type, body, status, code', [
    ('application/json', [GOOD_ROW, {**GOOD_ROW, 'timestamp': 'now'}], 400, 'invalid_time'),
    ('application/json', [GOOD_ROW, {**GOOD_ROW, 'value': '1'}], 400, 'invalid_value'),
    ('application/json', [GOOD_ROW, {**GOOD_ROW, 'value': None}], 400, 'invalid_value'),
    ('application/json', [GOOD_ROW, {**GOOD_ROW, 'id': NOBODY}], 404, 'unknown_series'),
    ('application/json', [GOOD_ROW, {**GOOD_ROW, 'id': 'maker/shared/name/x'}], 400, 'ambiguous_series'),
    ('application/json', [GOOD_ROW, {'id': THREE}], 400, 'invalid_request'),
    ('application/json', [GOOD_ROW, 1], 400, 'invalid_request'),
    ('application/json', f'[{json.dumps(GOOD_ROW)},]', 400, 'invalid_request'),
    ('application/json', GOOD_ROW, 400, 'invalid_request'),
    ('application/json', f'[{json.dumps(GOOD_ROW)},{{"id":"{THREE}","timestamp":"2022-01-01T00:00:00Z","value":1e999}}]', 400,
     'invalid_request'),
    ('application/x-ndjson', f'{json.dumps(GOOD_ROW)}\nnonsense\n', 400, 'invalid_request'),
    ('text/csv', f'{THREE},2022-01-01T00:00:00Z,1\n{THREE},2022-01-01T00:00:01Z,x\n', 400, 'invalid_value'),
    ('text/csv', f'{THREE},2022-01-01T00:00:00Z,1\n{NOBODY},2022-01-01T00:00:01Z,1\n', 404, 'unknown_series'),
    ('application/octet-stream', 'x', 415, 'unsupported_media_type'),
])
def test_bad_rows_store_nothing(api, content_type, body, status, code):
    answer = check_error(api.daemon.ask('POST', '/measurements', api.token('series:write'), headers={'Content-Type': content_type},
                                        data=body if isinstance(body, str) else json.dumps(body)), status, code)
    if status != 415 and isinstance(body, list):
        assert answer['error'].startswith('Row 2:')
    if content_type == 'text/csv':
        assert answer['error'].startswith('Line 2:')
    assert api.rows('/measurements/raalabs/IMO9000002/ME%20ShaftPower?year=2022') == []


# Life.

def test_environment_is_a_prefix(api, tmp_path):
    daemon = Daemon(api.server.issuer, api.db, '--environment', 'prod-1').start()
    try:
        token = api.token(f'series:measurements {ALL}')
        assert daemon.get(f'/prod-1/measurements{POWER}?{DAY}', token).json() == api.rows(f'/measurements{POWER}?{DAY}')
        assert daemon.get(f'/measurements{POWER}', token).status_code == 404
        assert daemon.get('/prod-1/health').json() == {'status': 'ok'}
        assert daemon.get('/prod-1/openapi/v1.json').json()['servers'][0]['url'] == '/prod-1'
    finally:
        daemon.stop()
    del tmp_path


@pytest.mark.parametrize('args, says', [
    ([], '--listen'),
    (['--listen', '127.0.0.1:1', '--db', 'x', '--issuer', 'https://a.example'], '--audience'),
    (['--listen', 'localhost', '--db', 'x', '--issuer', 'https://a.example', '--audience', 'a'], 'localhost'),
    (['--listen', '127.0.0.1:1', '--db', 'x', '--issuer', 'a.example', '--audience', 'a'], '--issuer'),
    (['--listen', '127.0.0.1:1', '--db', 'x', '--issuer', 'https://a.example', '--audience', 'a', '--environment', 'a/b'],
     'environment'),
    (['--listen', '127.0.0.1:1', '--db', '/nowhere/x', '--issuer', 'https://a.example', '--audience', 'a'], '/nowhere/x'),
])
def test_bad_command_lines(args, says, tmp_path):
    done = harness.run(harness.BINARY, 'series', *args, check=False, cwd=tmp_path)
    assert done.returncode != 0 and says in done.stderr
