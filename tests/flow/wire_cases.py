"""Requests for test_http_wire.py: name, bytes, our status, that of nginx 1.22 (Debian 12), and why they differ.

[200, 200]: both of two pipelined requests were answered. []: an answer without a status line.
"""
HOST = b'Host: a.example\r\n'
GET = b'GET / HTTP/1.1\r\n'
POST = b'POST / HTTP/1.1\r\n'
TE = b'Transfer-Encoding: chunked\r\n'

# Where we are stricter.
BARE_LF = 'RFC 9112 2.2 lets a recipient take a bare LF for a line end; where readers disagree, requests are smuggled'
BARE_CR = 'RFC 9112 2.2: a bare CR is invalid, also before CRLF'
ONE_EMPTY = 'RFC 9112 2.2: at least one empty line is to be ignored; we forgive exactly one'
VALUE = 'RFC 9110 5.5: control characters are not in the grammar of a value'
FIELD = 'RFC 9112 5: name ":" value; nginx drops such a line silently, so two readers see two requests'
METHOD = 'our routes know upper-case letters only, at most 16'
SPACES = 'RFC 9112 3: single spaces; lenient splitting (3, last but one paragraph) is optional and ambiguous'
OLD = 'HTTP/0.9 has no headers to say who asks'
TARGET = 'RFC 9112 3.2 and RFC 3986 3.3: not in the grammar of a target'
SCHEME = 'RFC 9110 4.2: we are no authority for other schemes'
HOST_NAME = 'RFC 9112 3.2 and RFC 3986 3.2: not a host with a port'
ZERO = 'no client writes it, and some readers take it for octal'
EXPECT = 'RFC 9110 10.1.1: an expectation that is not met is 417'
COUNT = 'we bound the number of headers, nginx their bytes only'
CHUNK = 'RFC 9112 7.1: nothing between size and CRLF but an extension'
TRAILER = 'RFC 9112 7.1.2: trailers have the grammar of headers; nginx skips them unread'
# Where we say it differently.
VERSION = 'RFC 9112 2.3: DIGIT "." DIGIT; another major version is 505'
SIZE = 'nginx names another limit (400, 414) where we say 413 for bodies and 431 for heads'
ASTERISK = 'RFC 9112 3.2.4: a server-wide OPTIONS is legal'
AS_SENT = 'nginx normalises paths; we never do, so it is an unknown path (404) for the route table behind the probe'


def head(*lines):
    return GET + HOST + b''.join(line + b'\r\n' for line in lines) + b'\r\n'


def chunked(body):
    return POST + HOST + TE + b'\r\n' + body


CASES = [
    ('plain', GET + HOST + b'\r\n', 200, 200, None),
    ('two requests', (GET + HOST + b'\r\n') * 2, [200, 200], [200, 200], None),
    ('HTTP/1.0', b'GET / HTTP/1.0\r\n\r\n', 200, 200, None),
    ('one empty line in front', b'\r\n' + GET + HOST + b'\r\n', 200, 200, None),
    ('two empty lines in front', b'\r\n\r\n' + GET + HOST + b'\r\n', 400, 200, ONE_EMPTY),
    ('bare LF in front', b'\n' + GET + HOST + b'\r\n', 400, 200, BARE_LF),
    ('bare LF lines', b'GET / HTTP/1.1\nHost: a.example\n\n', 400, 200, BARE_LF),
    ('bare LF behind a header', GET + b'Host: a.example\n\r\n', 400, 200, BARE_LF),
    ('bare LF as the empty line', GET + HOST + b'\n', 400, 200, BARE_LF),
    ('bare CR in a value', head(b'A: b\rc'), 400, 400, None),
    ('two CR', GET + HOST + b'A: b\r\r\n\r\n', 400, 200, BARE_CR),
    ('folded line', head(b'A: b', b' c'), 400, 400, None),
    ('first header line folded', GET + b' ' + HOST + b'\r\n', 400, 400, None),
    ('NUL in a value', head(b'A: b\0c'), 400, 400, None),
    ('NUL in a name', head(b'A\0: b'), 400, 400, None),
    ('NUL in the target', b'GET /\0 HTTP/1.1\r\n' + HOST + b'\r\n', 400, 400, None),
    ('control in a value', head(b'A: b\x01'), 400, 200, VALUE),
    ('DEL in a value', head(b'A: b\x7f'), 400, 200, VALUE),
    ('byte above 127 in a value', head(b'A: \xc3\xa4'), 200, 200, None),
    ('space before a colon', head(b'A : b'), 400, 400, None),
    ("space before a length's colon", POST + HOST + b'Content-Length : 1\r\n\r\nx', 400, 400, None),
    ('no colon', head(b'A'), 400, 200, FIELD),
    ('no name', head(b': b'), 400, 400, None),
    ('bracket in a name', head(b'A[1]: b'), 400, 200, FIELD),
    ('byte above 127 in a name', head(b'\xc3\xa4: b'), 400, 200, FIELD),
    ('lower-case method', b'get / HTTP/1.1\r\n' + HOST + b'\r\n', 400, 400, None),
    ('method with a digit', b'GET1 / HTTP/1.1\r\n' + HOST + b'\r\n', 400, 400, None),
    ('method with a hyphen', b'M-SEARCH / HTTP/1.1\r\n' + HOST + b'\r\n', 400, 200, METHOD),
    ('method of 17 letters', b'ABCDEFGHIJKLMNOPQ / HTTP/1.1\r\n' + HOST + b'\r\n', 400, 200, METHOD),
    ('two spaces behind the method', b'GET  / HTTP/1.1\r\n' + HOST + b'\r\n', 400, 200, SPACES),
    ('two spaces behind the target', b'GET /  HTTP/1.1\r\n' + HOST + b'\r\n', 400, 200, SPACES),
    ('space behind the version', b'GET / HTTP/1.1 \r\n' + HOST + b'\r\n', 400, 200, SPACES),
    ('tab behind the method', b'GET\t/ HTTP/1.1\r\n' + HOST + b'\r\n', 400, 400, None),
    ('HTTP/0.9', b'GET /\r\n', 400, [], OLD),
    ('HTTP/2.0', b'GET / HTTP/2.0\r\n' + HOST + b'\r\n', 505, 505, None),
    ('preface of HTTP/2', b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505, 400, VERSION),
    ('HTTP/1.10', b'GET / HTTP/1.10\r\n' + HOST + b'\r\n', 400, 200, VERSION),
    ('lower-case http', b'GET / http/1.1\r\n' + HOST + b'\r\n', 400, 400, None),
    ('space in the target', b'GET /a b HTTP/1.1\r\n' + HOST + b'\r\n', 400, 400, None),
    ('fragment in the target', b'GET /#a HTTP/1.1\r\n' + HOST + b'\r\n', 400, 200, TARGET),
    ('byte above 127 in the target', b'GET /\xc3\xa4 HTTP/1.1\r\n' + HOST + b'\r\n', 400, 200, TARGET),
    ('DEL in the target', b'GET /\x7f HTTP/1.1\r\n' + HOST + b'\r\n', 400, 400, None),
    ('backslash in the target', b'GET /a\\b HTTP/1.1\r\n' + HOST + b'\r\n', 400, 200, TARGET),
    ('angle bracket in the target', b'GET /<a> HTTP/1.1\r\n' + HOST + b'\r\n', 400, 200, TARGET),
    ('angle bracket in the query', b'GET /?<a> HTTP/1.1\r\n' + HOST + b'\r\n', 400, 200, TARGET),
    ('square bracket in the path', b'GET /a[b] HTTP/1.1\r\n' + HOST + b'\r\n', 400, 200, TARGET),
    ('brackets in the query', b'GET /?a[eq]={b}|c^d`\\ HTTP/1.1\r\n' + HOST + b'\r\n', 200, 200, None),
    ('bad percent sequence in the path', b'GET /%zz HTTP/1.1\r\n' + HOST + b'\r\n', 400, 400, None),
    ('bad percent sequence in the query', b'GET /?a=%zz HTTP/1.1\r\n' + HOST + b'\r\n', 400, 200, TARGET),
    ('encoded NUL in the path', b'GET /%00 HTTP/1.1\r\n' + HOST + b'\r\n', 200, 400, AS_SENT),
    ('dot segments above the root', b'GET /../a HTTP/1.1\r\n' + HOST + b'\r\n', 200, 400, AS_SENT),
    ('relative target', b'GET a HTTP/1.1\r\n' + HOST + b'\r\n', 400, 400, None),
    ('asterisk for GET', b'GET * HTTP/1.1\r\n' + HOST + b'\r\n', 400, 400, None),
    ('asterisk for OPTIONS', b'OPTIONS * HTTP/1.1\r\n' + HOST + b'\r\n', 200, 400, ASTERISK),
    ('authority form', b'CONNECT a.example:443 HTTP/1.1\r\n' + HOST + b'\r\n', 400, 400, None),
    ('absolute form', b'GET http://b.example/ HTTP/1.1\r\n' + HOST + b'\r\n', 200, 200, None),
    ('absolute form with user information', b'GET http://u@b.example/ HTTP/1.1\r\n' + HOST + b'\r\n', 400, 400, None),
    ('absolute form of another scheme', b'GET ftp://b.example/ HTTP/1.1\r\n' + HOST + b'\r\n', 400, 200, SCHEME),
    ('absolute form without authority', b'GET http:///a HTTP/1.1\r\n' + HOST + b'\r\n', 400, 400, None),
    ('no Host', GET + b'\r\n', 400, 400, None),
    ('two Hosts', GET + HOST + b'Host: b.example\r\n\r\n', 400, 400, None),
    ('two equal Hosts', GET + HOST + HOST + b'\r\n', 400, 400, None),
    ('empty Host', GET + b'Host:\r\n\r\n', 400, 400, None),
    ('Host with a path', GET + b'Host: a.example/x\r\n\r\n', 400, 400, None),
    ('Host with user information', GET + b'Host: u@a.example\r\n\r\n', 400, 200, HOST_NAME),
    ('Host with a list', GET + b'Host: a.example, b.example\r\n\r\n', 400, 400, None),
    ('Host with a bad port', GET + b'Host: a.example:x\r\n\r\n', 400, 200, HOST_NAME),
    ('two lengths', POST + HOST + b'Content-Length: 1\r\nContent-Length: 2\r\n\r\nxy', 400, 400, None),
    ('two equal lengths', POST + HOST + b'Content-Length: 1\r\nContent-Length: 1\r\n\r\nx', 400, 400, None),
    ('list of lengths', POST + HOST + b'Content-Length: 1, 1\r\n\r\nx', 400, 400, None),
    ('length with plus', POST + HOST + b'Content-Length: +57\r\n\r\n' + b'x' * 57, 400, 400, None),
    ('length with minus', POST + HOST + b'Content-Length: -1\r\n\r\n', 400, 400, None),
    ('length in hexadecimal', POST + HOST + b'Content-Length: 0x1\r\n\r\nx', 400, 400, None),
    ('length with leading zero', POST + HOST + b'Content-Length: 01\r\n\r\nx', 400, 200, ZERO),
    ('empty length', POST + HOST + b'Content-Length:\r\n\r\n', 400, 400, None),
    ('length above 64 bits', POST + HOST + b'Content-Length: 18446744073709551617\r\n\r\n', 413, 400, SIZE),
    ('length above the limit', POST + HOST + b'Content-Length: 65537\r\n\r\n', 413, 413, None),
    ('length with chunked', POST + HOST + b'Content-Length: 5\r\n' + TE + b'\r\n0\r\n\r\n', 400, 400, None),
    ('chunked with length', POST + HOST + TE + b'Content-Length: 5\r\n\r\n0\r\n\r\n', 400, 400, None),
    ('chunked twice', POST + HOST + TE + TE + b'\r\n0\r\n\r\n', 400, 400, None),
    ('gzip, chunked', POST + HOST + b'Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n', 501, 501, None),
    ('identity', POST + HOST + b'Transfer-Encoding: identity\r\n\r\n', 501, 501, None),
    ('xchunked', POST + HOST + b'Transfer-Encoding: xchunked\r\n\r\n', 501, 501, None),
    ('chunked behind a vertical tab',
     POST + HOST + b'Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n', 400, 501, VALUE),
    ('chunked in HTTP/1.0', b'POST / HTTP/1.0\r\n' + HOST + TE + b'\r\n0\r\n\r\n', 400, 400, None),
    ('other expectation', POST + HOST + b'Expect: x\r\nContent-Length: 1\r\n\r\nx', 417, 200, EXPECT),
    ('65 headers', head(*[b'A: b'] * 64), 431, 200, COUNT),
    ('head above 16 KiB', head(b'A: ' + b'x' * 16384), 431, 400, SIZE),
    ('target above 16 KiB', b'GET /' + b'x' * 17000 + b' HTTP/1.1\r\n' + HOST + b'\r\n', 431, 414, SIZE),
    ('chunked', chunked(b'5\r\nhello\r\n0\r\n\r\n'), 200, 200, None),
    ('chunked, pipelined', chunked(b'5\r\nhello\r\n0\r\n\r\n') * 2, [200, 200], [200, 200], None),
    ('chunk extension', chunked(b'5;a="b c"\r\nhello\r\n0\r\n\r\n'), 200, 200, None),
    ('trailers', chunked(b'0\r\nA: b\r\n\r\n'), 200, 200, None),
    ('chunk size with 0x', chunked(b'0x5\r\nhello\r\n0\r\n\r\n'), 400, 400, None),
    ('chunk size with plus', chunked(b'+5\r\nhello\r\n0\r\n\r\n'), 400, 400, None),
    ('chunk size with minus', chunked(b'-5\r\nhello\r\n0\r\n\r\n'), 400, 400, None),
    ('chunk size above the limit', chunked(b'10001\r\n' + b'x' * 0x10001 + b'\r\n0\r\n\r\n'), 413, 413, None),
    ('chunk size above 64 bits', chunked(b'10000000000000005\r\nhello\r\n0\r\n\r\n'), 413, 400, SIZE),
    ('space before a chunk size', chunked(b' 5\r\nhello\r\n0\r\n\r\n'), 400, 400, None),
    ('space behind a chunk size', chunked(b'5 \r\nhello\r\n0\r\n\r\n'), 400, 200, CHUNK),
    ('bare LF behind a chunk size', chunked(b'5\nhello\r\n0\r\n\r\n'), 400, 200, BARE_LF),
    ('bare CR behind a chunk size', chunked(b'5\rXhello\r\n0\r\n\r\n'), 400, 400, None),
    ('bare LF in a chunk extension', chunked(b'5;a\nhello\r\n0\r\n\r\n'), 400, 200, BARE_LF),
    ('bare LF behind chunk data', chunked(b'5\r\nhello\n0\r\n\r\n'), 400, 200, BARE_LF),
    ('two other bytes behind chunk data', chunked(b'5\r\nhelloXX0\r\n\r\n'), 400, 400, None),
    ('chunk longer than its size', chunked(b'5\r\nhello!\r\n0\r\n\r\n'), 400, 400, None),
    ('bare LF at the end of chunks', chunked(b'0\r\n\n'), 400, 200, BARE_LF),
    ('control in a trailer', chunked(b'0\r\nA: \x01\r\n\r\n'), 400, 200, TRAILER),
    ('folded trailer', chunked(b'0\r\nA: b\r\n c\r\n\r\n'), 400, 200, TRAILER),
    ('request for a trailer', chunked(b'0\r\nGET /x HTTP/1.1\r\n\r\n'), 400, 200, TRAILER),
    ('a TLS hello', b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' + b'\x00' * 32, 400, 400, None),
]
