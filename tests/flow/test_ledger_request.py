"""CC-01 to CC-12: what a token request looks like, and what is refused before anybody's secret is looked at."""
import time

import harness
import pytest
from world import API_A, FORM, check_error, check_token, encode_form, token_request

GOOD = 'grant_type=client_credentials'


# CC-01: POST only. RFC 6749 3.2.

@pytest.mark.parametrize('path', ['/oauth2/token', '/connect/token'])
@pytest.mark.parametrize('method', ['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'HEAD', 'FOO'])
def test_cc_01_other_methods(world, path, method):
    """RFC 6749 3.2: a client uses POST; RFC 9110 15.5.6: 405 names the methods that there are."""
    response = world.ask(method=method, path=path)
    assert response.status == 405 and response.header('allow') == 'POST'
    if method != 'HEAD':
        check_error(response, 405, 'method_not_allowed')


def test_cc_01_get_with_credentials_gives_nothing(world):
    client_id, secret = world.clients['main']
    query = encode_form({'grant_type': 'client_credentials', 'client_id': client_id, 'client_secret': secret})
    response = world.send(token_request(method='GET', path=f'/oauth2/token?{query}', content_type=None))
    check_error(response, 405, 'method_not_allowed')
    assert secret.encode() not in response.raw


# CC-02: nothing from the query. RFC 6749 2.3.1.

def test_cc_02_parameters_in_the_query_do_not_count(world):
    """RFC 6749 2.3.1, 3.2: parameters come in the body."""
    check_error(world.ask(path='/oauth2/token?grant_type=client_credentials', body=''), 400, 'invalid_request')
    answer = check_token(world.ask(path='/oauth2/token?scope=m:read', auth='main'))
    assert set(answer['scope'].split()) == {'m:read', 'm:write'}


@pytest.mark.parametrize('name', ['client_secret', 'client%5Fsecret', '%63lient_secret', 'client_assertion'])
def test_cc_02_a_secret_in_the_query(world, name):
    """RFC 6749 2.3.1: credentials must not be in the request URI, even where the rest of the request is right."""
    for secret in (world.clients['main'][1], 'x'):
        response = world.ask(path=f'/oauth2/token?{name}={secret}')
        check_error(response, 400, 'invalid_request')
        assert secret == 'x' or secret.encode() not in response.raw


# CC-03: the content type. RFC 6749 4.4.2, appendix B.

@pytest.mark.parametrize('content_type', [
    None, '', 'application/json', 'multipart/form-data; boundary=x', 'text/plain', 'application/x-www-form-urlencoded2',
    'application/x-www-form-urlencode', 'application/*', '*/*', 'x-www-form-urlencoded', 'application/x-www-form-urlencoded, text/plain'])
def test_cc_03_wrong_content_type(world, content_type):
    check_error(world.ask(content_type=content_type), 400, 'invalid_request')


def test_cc_03_two_content_types(world):
    check_error(world.ask(headers=[f'Content-Type: {FORM}']), 400, 'invalid_request')


@pytest.mark.parametrize('content_type', [
    FORM, 'APPLICATION/X-WWW-Form-URLEncoded', FORM + ';charset=UTF-8', FORM + ' ; charset="utf-8"', FORM + '; x=y; z', FORM + ';'])
def test_cc_03_accepted_content_type(world, content_type):
    check_token(world.ask(content_type=content_type))


def test_cc_03_json_body(world):
    client_id, secret = world.clients['main']
    body = f'{{"grant_type":"client_credentials","client_id":"{client_id}","client_secret":"{secret}"}}'
    for content_type in ('application/json', FORM):
        check_error(world.ask(body=body, auth=None, content_type=content_type), 400, 'invalid_request')


# CC-04: decoding. RFC 6749 appendix B.

@pytest.mark.parametrize('body', [
    GOOD + '&x=%', GOOD + '&x=%4', GOOD + '&x=%zz', GOOD + '&x=%4g', GOOD + '&%=x', GOOD + '&x=%00', GOOD + '&%00=1',
    GOOD.encode() + b'&x=\x00', GOOD.encode() + b'&x=\xff', GOOD + '&x=%ff', GOOD + '&x=%c0%af', GOOD + '&x=%ed%a0%80',
    GOOD + '&x=%f4%90%80%80', GOOD + '&scope=%e2%82', 'grant_type=client_credential%73%', GOOD + '&scope=m:read%00'])
def test_cc_04_malformed_encoding(world, body):
    check_error(world.ask(body=body), 400, 'invalid_request')


def test_cc_04_plus_and_percent_are_decoded(world):
    for scope in ('m:read+m:write', 'm%3Aread%20m%3awrite', '%6d:read+m%3Awrite'):
        answer = check_token(world.ask(body=f'{GOOD}&scope={scope}'))
        assert set(answer['scope'].split()) == {'m:read', 'm:write'}
    check_token(world.ask(body='%67rant_type=client%5fcredentials'))
    check_token(world.ask(body=GOOD + '&x=%F0%9F%98%80&y=' + 'ö'))


# CC-05, CC-06: grant_type. RFC 6749 3.2, 5.2.

@pytest.mark.parametrize('body', ['', 'scope=m:read', '&&&', '=', 'GRANT_TYPE=client_credentials', 'grant_type'])
def test_cc_05_missing_grant_type(world, body):
    check_error(world.ask(body=body), 400, 'invalid_request')


@pytest.mark.parametrize('body', ['grant_type=', 'grant_type=&scope=m:read', 'grant_type=&x=1'])
def test_cc_06_empty_grant_type_is_none(world, body):
    """RFC 6749 3.2: parameters sent without a value are treated as if they were omitted."""
    check_error(world.ask(body=body), 400, 'invalid_request')


# CC-07: nothing twice. RFC 6749 3.2, 5.2.

@pytest.mark.parametrize('name, value', [
    ('grant_type', 'client_credentials'), ('scope', 'm:read'), ('client_id', 'x'), ('client_secret', 'x'),
    ('client_assertion', 'x'), ('client_assertion_type', 'x')])
@pytest.mark.parametrize('second', ['same', 'different', 'empty'])
def test_cc_07_known_parameter_twice(world, name, value, second):
    """RFC 6749 3.2: request parameters must not be included more than once, not even with equal values."""
    first = '' if name == 'grant_type' else GOOD + '&'
    other = {'same': value, 'different': 'other', 'empty': ''}[second]
    for body in (f'{first}{name}={value}&{name}={other}', f'{name}={other}&{first}{name}={value}'):
        check_error(world.ask(body=body), 400, 'invalid_request')


@pytest.mark.parametrize('name', ['grant_type', 'scope', 'client_id', 'client_secret'])
def test_cc_07_in_query_and_body(world, name):
    client_id, secret = world.clients['main']
    values = {'grant_type': 'client_credentials', 'scope': 'm:read', 'client_id': client_id, 'client_secret': secret}
    response = world.ask(path=f'/oauth2/token?{name}={values[name]}', body=encode_form(values), auth=None)
    check_error(response, 400, 'invalid_request')


def test_cc_07_resource_may_repeat(world):
    """RFC 8707 2: the exception."""
    check_token(world.ask(body=encode_form([('grant_type', 'client_credentials'), ('resource', API_A), ('resource', API_A)])))


# CC-08: unknown parameters. RFC 6749 3.2.

@pytest.mark.parametrize('more', [
    'foo=bar', 'foo=bar&foo=bar', 'foo', 'foo=', '=bar', 'code=x&redirect_uri=y', 'audience=x', 'a=1&b=2&' + 'c=3&' * 500 + 'd=4',
    'x' * 20000 + '=1', 'Scope=other', 'scope%20=other', 'client_id%20=other', 'state=x'])
def test_cc_08_unknown_parameters_are_ignored(world, more):
    """RFC 6749 3.2: the server must ignore unrecognised request parameters; repeated ones too."""
    answer = check_token(world.ask(body=f'{GOOD}&{more}'))
    assert set(answer['scope'].split()) == {'m:read', 'm:write'}


# CC-09: empty is absent. RFC 6749 3.2.

def test_cc_09_empty_parameters_are_absent(world):
    empty = '&scope=&resource=&client_id=&client_secret=&client_assertion=&client_assertion_type='
    answer = check_token(world.ask(body=GOOD + empty))
    assert set(answer['scope'].split()) == {'m:read', 'm:write'}
    client_id, secret = world.clients['main']
    check_token(world.ask(body=f'{GOOD}&client_id={client_id}&client_secret={secret}&scope=&resource=&client_assertion=', auth=None))


@pytest.mark.parametrize('body', [GOOD + '&client_id=&client_secret=x', GOOD + '&client_id=&client_secret='])
def test_cc_09_empty_credentials_are_none(world, body):
    check_error(world.ask(body=body, auth=None), 401, 'invalid_client')


def test_cc_09_empty_secret_of_a_client(world):
    body = f'{GOOD}&client_id={world.clients["main"][0]}&client_secret='
    check_error(world.ask(body=body, auth=None), 401, 'invalid_client')


# CC-10: grant types. RFC 6749 5.2.

@pytest.mark.parametrize('grant', [
    'password', 'implicit', 'Client_Credentials', 'client_credentials ', ' client_credentials',
    'CLIENT_CREDENTIALS', 'client-credentials', 'client_credentials\n', 'urn:ietf:params:oauth:grant-type:jwt-bearer', 'x' * 5000,
    'client_credentials client_credentials', 'client_credentialsx', 'client_credential'])
def test_cc_10_unsupported_grant_type(world, grant):
    """RFC 6749 5.2: compared exactly, case and blanks included."""
    check_error(world.ask(body=encode_form({'grant_type': grant})), 400, 'unsupported_grant_type')


# CC-11: not allowed to this client. RFC 6749 5.2.

def test_cc_11_grant_not_allowed(world):
    """RFC 6749 5.2: unauthorized_client, but only to a client that proved who it is."""
    check_error(world.ask(auth='bare', secret='wrong'), 401, 'invalid_client')
    check_error(world.ask(auth='bare'), 400, 'unauthorized_client')
    check_error(world.ask(auth='bare', post=True), 400, 'unauthorized_client')
    check_error(world.ask(auth='bare', scope='openid'), 400, 'unauthorized_client')
    for grant in ('authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'):  # of apps
        check_error(world.ask(body=encode_form({'grant_type': grant})), 400, 'unauthorized_client')


# CC-12: sizes, lengths, times.

def padded(total):
    return GOOD + '&x=' + 'y' * (total - len(GOOD) - 3)


def test_cc_12_body_sizes(world):
    check_token(world.ask(body=padded(65536)))
    check_error(world.ask(body=padded(65537)), 413, 'request_too_large')
    check_error(world.send(token_request(headers=[], body='').replace(b'Content-Length: 0', b'Content-Length: 99999999999999999999')),
                413, 'request_too_large')
    check_token(world.ask())


def test_cc_12_head_sizes(world):
    check_token(world.ask(headers=['X-Pad: ' + 'y' * 12000]))
    check_error(world.ask(headers=['X-Pad: ' + 'y' * 17000]), 431, 'head_too_large')
    check_error(world.ask(path='/oauth2/token?' + 'y' * 17000), 431, 'head_too_large')
    check_error(world.ask(headers=[f'X-{i}: y' for i in range(1000)]), 431, 'head_too_large')


def chunked(world, chunks, client='main', more=()):
    from world import basic
    head = token_request(headers=[basic(*world.clients[client]), 'Transfer-Encoding: chunked', *more])
    return head.replace(b'Content-Length: 0\r\n', b'') + chunks


def test_cc_12_chunked(world):
    body = GOOD.encode()
    good = b'%x\r\n%s\r\n' % (5, body[:5]) + b'%X;ext=1\r\n%s\r\n' % (len(body) - 5, body[5:]) + b'0\r\nTrailer: x\r\n\r\n'
    check_token(world.send(chunked(world, good)))
    for bad in (b'zz\r\n' + body, b'-1\r\n', b'+5\r\ngrant\r\n0\r\n\r\n', b'5\r\ngrant_type\r\n0\r\n\r\n', b'0x5\r\ngrant\r\n0\r\n\r\n',
                b'ffffffffffffffffff\r\n', b'5 \r\n\x00'):
        response = world.send(chunked(world, bad))
        assert response.status in (400, 413), (bad, response.status)
        assert response.json()['error'] in ('invalid_request', 'request_too_large') and response.header('connection') == 'close'


def test_cc_12_chunked_over_the_limit(world):
    check_error(world.send(chunked(world, b'8000\r\n' + b'x' * 32768 + b'\r\n8000\r\n' + b'x' * 32768 + b'\r\n10\r\n')),
                413, 'request_too_large')


def test_cc_12_length_with_chunked_and_two_lengths(world):
    """RFC 9112 6.3: request smuggling starts here."""
    data = token_request(GOOD, ['Transfer-Encoding: chunked'])
    check_error(world.send(data), 400, 'invalid_request')
    for second in (len(GOOD), len(GOOD) + 1):
        check_error(world.send(token_request(GOOD, [f'Content-Length: {second}'])), 400, 'invalid_request')


@pytest.mark.parametrize('length', ['-1', '+29', '0x1d', '29 29', '29,29', '', 'abc', '2 9', '29.0'])
def test_cc_12_odd_lengths(world, length):
    data = token_request(GOOD).replace(b'Content-Length: %d' % len(GOOD), f'Content-Length: {length}'.encode())
    check_error(world.send(data), 400, 'invalid_request')


def test_cc_12_body_shorter_than_its_length(hurried):
    """The server waits for the rest, but not for ever (body_ms is 2 s here)."""
    began = time.monotonic()
    data = token_request(GOOD).replace(b'Content-Length: %d' % len(GOOD), b'Content-Length: %d' % (len(GOOD) + 1))
    response = hurried.send(data)
    check_error(response, 408, 'request_timeout')
    assert time.monotonic() - began > 1.9


def test_cc_12_body_longer_than_its_length(world):
    """What is left over is the next request, and none: it must not reach the first one."""
    from world import basic
    request = token_request(GOOD, [basic(*world.clients['main'])], close=False) + b'&scope=bad\r\n\r\n'
    with world.server.connect() as connection:
        connection.send(request)
        check_token(connection.receive())
        check_error(connection.receive(), 400, 'invalid_request')
        assert connection.is_closed_by_server()


@pytest.mark.parametrize('where', ['head', 'body'])
def test_cc_12_slow_bytes_do_not_stretch_the_deadline(hurried, where):
    """A byte every 0.2 s keeps neither head nor body open beyond its total deadline of 2 s: not all of it arrives, which would take more."""
    data = token_request(GOOD)
    at = data.index(b'\r\n\r\n') + 4
    start, slow = (b'POST /', data[6:]) if where == 'head' else (data[:at], data[at:])
    began = time.monotonic()
    with hurried.server.connect() as connection:
        connection.send(start)
        connection.socket.settimeout(0.2)
        for byte in slow:
            connection.send(bytes([byte]))
            try:
                connection.more()
            except TimeoutError:
                continue
            break
        connection.socket.settimeout(harness.PATIENCE_S)
        check_error(connection.receive(), 408, 'request_timeout')
    assert time.monotonic() - began > 1.9


def test_cc_12_expect_continue(world):
    """RFC 9110 10.1.1."""
    from world import basic
    head, _, body = token_request(GOOD, [basic(*world.clients['main']), 'Expect: 100-continue']).partition(b'\r\n\r\n')
    with world.server.connect() as connection:
        interim = connection.send(head + b'\r\n\r\n').receive()
        assert interim.status == 100
        check_token(connection.send(body).receive())
    check_error(world.ask(headers=['Expect: 200-maybe']), 417, 'expectation_failed')
