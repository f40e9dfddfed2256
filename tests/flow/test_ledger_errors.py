"""CC-46, CC-47, CC-50, and the order of the checks. CC-48 is in test_processes and test_store_faults, CC-49 in test_logs."""
import harness
import pytest
from world import API_A, FORM, REGISTERED, basic, check_error, check_token, configure, encode_form, reload, token_request

GOOD = 'grant_type=client_credentials'
MARK = 'z1q"<script>\\\'\x7f'


# CC-46: errors. RFC 6749 5.2.

@pytest.mark.parametrize('how', [
    {'body': encode_form({'grant_type': MARK})}, {'scope': MARK}, {'resource': MARK}, {'client_id': MARK}, {'auth': (MARK, MARK)},
    {'auth': (MARK, MARK), 'post': True}, {MARK: MARK, 'grant_type': MARK}, {'path': '/oauth2/token?client_secret=' + 'z1q'},
    {'path': '/z1q/z1q'}, {'headers': ['Authorization: z1q']}, {'content_type': 'z1q/z1q'}, {'client_assertion': MARK}, {'method': 'ZZZ'}])
def test_cc_46_nothing_is_echoed(world, how):
    """RFC 6749 5.2: from the registry, in the allowed characters; ATTACKS 32: nothing of the request comes back."""
    response = world.ask(**how)
    assert 400 <= response.status < 500
    answer = check_error(response, response.status, response.json()['error'])
    assert answer['error'] in REGISTERED | {'not_found', 'method_not_allowed'}
    assert b'z1q' not in response.raw and b'<script' not in response.raw


def test_cc_46_request_ids_differ_and_cannot_be_chosen(world):
    ids = [world.ask(secret='wrong', headers=['X-Request-Id: chosen']).json()['request_id'] for _ in range(20)]
    assert len(set(ids)) == 20 and 'chosen' not in ids
    assert world.ask(headers=['X-Request-Id: chosen']).header('x-request-id') not in (None, 'chosen')


@pytest.mark.parametrize('data, status', [
    (b'GARBAGE\r\n\r\n', 400), (b'GET / HTTP/1.1\r\n\r\n', 400), (b'GET / HTTP/2.0\r\nHost: x\r\n\r\n', 505), (b'\x16\x03\x01\x02\x00\x01', 400),
    (b'POST /oauth2/token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n', 501), (b'GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n', 400)])
def test_cc_46_malformed_http_is_answered_in_json(world, data, status):
    """Also what never became a request gets the standard body, with a request id."""
    response = world.server.raw(data)
    check_error(response, status, response.json()['error'])
    assert response.header('connection') == 'close'


@pytest.mark.parametrize('path', ['/oauth2', '/oauth2/token/', '/oauth2/tokens', '/OAUTH2/token', '//oauth2/token', '/oauth2/../oauth2/token',
                                  '/oauth2%2ftoken', '/index.html', '/favicon.ico', '/oauth2/token;x'])
def test_cc_46_unknown_paths(world, path):
    for method in ('GET', 'POST'):
        check_error(world.ask(path=path, method=method), 404, 'not_found')


# CC-47: other methods, CORS.

@pytest.mark.parametrize('method', ['HEAD', 'OPTIONS', 'PUT', 'DELETE'])
def test_cc_47_other_methods_are_tidy(world, method):
    """RFC 9110 9.3.2: an answer to HEAD has no body; the connection goes on."""
    with world.server.connect() as connection:
        connection.send(token_request(GOOD, [basic(*world.clients['main']), 'Origin: https://app.example'], method=method, close=False))
        response = connection.receive(head_request=method == 'HEAD')
        assert response.status == 405 and response.header('allow') == 'POST' and not connection.left
        assert response.header('access-control-allow-origin') is None
        connection.send(token_request(GOOD, [basic(*world.clients['main'])], close=False))
        check_token(connection.receive())


def preflight(origin):
    return token_request(method='OPTIONS', content_type=None, headers=[f'Origin: {origin}', 'Access-Control-Request-Method: POST'])


def test_cc_47_cors_is_off(world):
    response = world.ask(headers=['Origin: https://app.example'])
    assert response.status == 200 and not [k for k, _ in response.headers if k.startswith('access-control')]
    response = world.send(preflight('https://app.example'))
    assert response.status == 405 and not [k for k, _ in response.headers if k.startswith('access-control')]


def test_cc_47_cors_where_configured(new_server):
    server = new_server(start=False)
    configure(server, cors__token_origins='["https://app.example"]')
    server.start()
    good, bad = server.raw(preflight('https://app.example')), server.raw(preflight('https://evil.example'))
    assert good.status in (200, 204) and good.header('access-control-allow-origin') == 'https://app.example'
    assert 'POST' in good.header('access-control-allow-methods')
    assert bad.header('access-control-allow-origin') is None
    for origin, allowed in (('https://app.example', 'https://app.example'), ('https://evil.example', None), ('null', None),
                            ('https://app.example.evil.example', None), ('http://app.example', None)):
        response = server.raw(token_request(GOOD, [basic(*server.client()), f'Origin: {origin}']))
        assert response.status == 200 and response.header('access-control-allow-origin') == allowed
        assert response.header('access-control-allow-credentials') is None
        assert response.header('vary') == 'Origin'


# CC-50: no secrets in the clear. RFC 6749 1.6, 3.2.

@pytest.mark.parametrize('options', [
    {'listen': ['0.0.0.0:{port}']}, {'listen': ['[::]:{port}']}, {'listen': ['127.0.0.1:{port}', '192.0.2.1:{port}']},
    {'issuer': 'http://as.example'}, {'issuer': 'http://192.0.2.1:8080'}, {'issuer': 'http://localhost.example.com'},
    {'issuer': 'http://127.0.0.1.example.com'}, {'issuer': 'ftp://127.0.0.1'}, {'issuer': '127.0.0.1'}])
def test_cc_50_plain_http_is_for_loopback_only(new_server, options):
    """RFC 6749 3.2: TLS, unless the traffic stays on the machine or a proxy in front ends TLS."""
    server = new_server(start=False)
    before = server.config.read_text()
    text = {k: [i.format(port=server.port) for i in v] if isinstance(v, list) else v for k, v in options.items()}
    configure(server, **text)
    check = harness.run(server.binary, 'config', 'check', '--config', server.config, check=False)
    assert check.returncode != 0 and f'{server.config.name}:' in check.stdout + check.stderr
    server.launch()
    assert server.process.wait(harness.START_S) not in (0, None)
    server.process = None
    server.check_log()
    if 'listen' in options or options['issuer'].startswith('http://'):
        configure(server, behind_proxy='true')
        harness.run(server.binary, 'config', 'check', '--config', server.config)
    server.config.write_text(before)
    harness.run(server.binary, 'config', 'check', '--config', server.config)


# The order of the checks. RFC 6749 fixes none; ours is pinned here, so that nobody changes it by accident.

LEVELS = ['method', 'content_type', 'decode', 'duplicate', 'query', 'grant_type missing', 'two mechanisms', 'authenticate', 'grant_type unsupported',
          'grant not allowed', 'resource', 'scope']
VERDICTS = {'method': (405, 'method_not_allowed'), 'authenticate': (401, 'invalid_client'), 'grant_type unsupported': (400, 'unsupported_grant_type'),
            'grant not allowed': (400, 'unauthorized_client'), 'resource': (400, 'invalid_target'), 'scope': (400, 'invalid_scope')}


def build(world, faults):
    """A request with exactly these faults."""
    client = world.clients['bare' if 'grant not allowed' in faults else 'main']
    form = []
    if 'grant_type missing' not in faults:
        form.append(('grant_type', 'unheard_of' if 'grant_type unsupported' in faults else 'client_credentials'))
    form += [('resource', 'relative' if 'resource' in faults else API_A)] if 'resource' in faults or 'grant not allowed' not in faults else []
    form += [('scope', 'unheard_of' if 'scope' in faults else 'm:read')]
    form += [('client_secret', 'x')] if 'two mechanisms' in faults else []
    body = encode_form(form) + ('&scope=again' if 'duplicate' in faults else '') + ('&x=%zz' if 'decode' in faults else '')
    return token_request(body, [basic(client[0], 'wrong' if 'authenticate' in faults else client[1])],
                         path='/oauth2/token?client_secret=x' if 'query' in faults else '/oauth2/token',
                         method='PUT' if 'method' in faults else 'POST', content_type='text/plain' if 'content_type' in faults else FORM)


def test_order_without_faults(world):
    check_token(world.send(build(world, [])))


@pytest.mark.parametrize('level', LEVELS)
def test_order_each_check_works_alone(world, level):
    check_error(world.send(build(world, [level])), *VERDICTS.get(level, (400, 'invalid_request')))


@pytest.mark.parametrize('level', LEVELS)
def test_order_of_checks(world, level):
    """Every fault from this level on at once: this level speaks. CC-11: who did not authenticate learns nothing of grants."""
    check_error(world.send(build(world, LEVELS[LEVELS.index(level):])), *VERDICTS.get(level, (400, 'invalid_request')))


@pytest.mark.parametrize('later', LEVELS[8:])
def test_order_of_every_pair_with_authentication(world, later):
    """Nothing of grant, resource and scope is told before the secret was right."""
    check_error(world.send(build(world, ['authenticate', later])), 401, 'invalid_client')


def test_order_reload_keeps_it(world):
    """A reload swaps policy and limits under running connections, nothing else."""
    with world.server.connect() as connection:
        connection.send(token_request(GOOD, [basic(*world.clients['main'])], close=False))
        check_token(connection.receive())
        reload(world.server)
        connection.send(token_request(GOOD, [basic(*world.clients['main'])], close=False))
        check_token(connection.receive())
