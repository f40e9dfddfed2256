"""Mails by SMTP: what reaches a relay, and what doesn't when it is not to be trusted. RFC 5321, RFC 3207, RFC 8314."""
import email
import email.policy
import ssl
import threading

import pytest

import harness
import people
import world as worlds

aiosmtpd_controller = pytest.importorskip('aiosmtpd.controller')
aiosmtpd_smtp = pytest.importorskip('aiosmtpd.smtp')

NAMED = 'relay.localhost'  # a name that leads to this machine, but is no loopback address by its look: TLS is demanded


class Sink:
    """What a relay was given. `answers` are its words on the next mails; `hold` keeps it from answering."""

    def __init__(self):
        self.mails, self.tries, self.answers, self.hold, self.users = [], 0, [], threading.Event(), []
        self.hold.set()

    async def handle_DATA(self, server, session, envelope):
        import asyncio
        self.tries += 1
        while not self.hold.is_set():
            await asyncio.sleep(0.01)
        if self.answers:
            return self.answers.pop(0)
        self.mails.append(envelope)
        return '250 OK'

    def authenticate(self, server, session, envelope, mechanism, data):
        self.users.append((data.login, data.password))
        return aiosmtpd_smtp.AuthResult(success=(data.login, data.password) == (b'mint', b'p4ss word'))


def make_pair(folder, name):
    """A self-signed certificate: (path of certificate, path of key)."""
    cert, key = folder / f'{name}.pem', folder / f'{name}.key'
    harness.run('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj',
                f'/CN={NAMED}', '-addext', f'subjectAltName=DNS:{NAMED}', '-keyout', key, '-out', cert)
    return cert, key


@pytest.fixture
def relay(request):
    """A factory: a Sink that listens; .port says where."""
    running = []

    def make(tls=None, implicit=False, login=False):
        sink = Sink()
        more = dict(authenticator=sink.authenticate, auth_required=True, auth_require_tls=not implicit) if login else {}
        context = None
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
        sink.port = harness.free_port()
        options = dict(hostname='127.0.0.1', port=sink.port, ready_timeout=harness.PATIENCE_S, **more)
        if implicit:
            controller = aiosmtpd_controller.Controller(sink, ssl_context=context, **options)
        else:
            controller = aiosmtpd_controller.Controller(sink, tls_context=context, require_starttls=bool(tls), **options)
        controller.start()
        running.append((sink, controller))
        return sink
    yield make
    for sink, controller in running:
        sink.hold.set()
        controller.stop()


def serve(new_server, **options):
    server = new_server(start=False)
    lines = server.config.read_text().splitlines()
    server.config.write_text('\n'.join(line for line in lines if line != '  folder: mail') + '\n')
    worlds.configure(server, mail__retry_s=1, **options)
    return server.start()


def order(server, address='alice@example.com'):
    made = server.cli('account', 'invite', address)
    assert made['mailed'] is True
    return made['link']


def until(what, condition):
    return harness.wait_until(condition, what)


def test_relay_on_this_machine(new_server, relay):
    """RFC 5321 3.3; no TLS is needed where nothing leaves the machine."""
    sink = relay()
    server = serve(new_server, mail__relay=f'smtp://127.0.0.1:{sink.port}', mail__from='mint@id.example')
    link = order(server)
    until('a mail', lambda: sink.mails)
    got = sink.mails[0]
    assert got.mail_from == 'mint@id.example' and got.rcpt_tos == ['alice@example.com']
    message = email.message_from_bytes(got.content, policy=email.policy.default)
    assert message['To'] == 'alice@example.com' and message['From'] == 'mint@id.example' and message['Auto-Submitted'] == 'auto-generated'
    assert link in message.get_content() and message['Message-ID'].endswith('@id.example>') and message['Date']
    assert not [h for h in message.keys() if h.lower() in ('bcc', 'cc')]
    until('the figure', lambda: 'mintmark_mails_sent_total 1' in server.get('/metrics').text)
    assert link.partition('token=')[2] not in server.log() and 'alice@' not in server.log()


def test_no_mail_without_tls(new_server, relay):
    """RFC 3207: a relay that offers no STARTTLS gets neither mail nor address."""
    sink = relay()
    server = serve(new_server, mail__relay=f'smtp://{NAMED}:{sink.port}')
    order(server)
    until('the refusal', lambda: 'mail_not_sent kind="invite" error="INVALID_REQUEST"' in server.log())
    assert not sink.mails and not sink.tries


@pytest.mark.parametrize('scheme', ['smtp', 'smtps'])
def test_tls_with_the_right_certificate(new_server, relay, tmp_path, scheme):
    """RFC 3207, RFC 8314 3.3; with a user and a password from a file."""
    pair = make_pair(tmp_path, 'right')
    secret = tmp_path / 'password'
    secret.write_text('p4ss word\n')
    secret.chmod(0o600)
    sink = relay(pair, implicit=scheme == 'smtps', login=True)
    server = serve(new_server, mail__relay=f'{scheme}://{NAMED}:{sink.port}', mail__ca_file=str(pair[0]), mail__user='mint',
                   mail__password=str(secret))
    link = order(server)
    until('a mail', lambda: sink.mails)
    assert link.encode() in sink.mails[0].content and set(sink.users) == {(b'mint', b'p4ss word')}
    assert 'p4ss' not in server.log()


@pytest.mark.parametrize('scheme', ['smtp', 'smtps'])
def test_wrong_certificate(new_server, relay, tmp_path, scheme):
    mine, other = make_pair(tmp_path, 'mine'), make_pair(tmp_path, 'other')
    sink = relay(other, implicit=scheme == 'smtps')
    server = serve(new_server, mail__relay=f'{scheme}://{NAMED}:{sink.port}', mail__ca_file=str(mine[0]))
    order(server)
    until('the refusal', lambda: 'mail_not_sent kind="invite" error="SIGNATURE"' in server.log())
    assert not sink.mails and not sink.tries


def test_refused_for_good_and_for_now(new_server, relay):
    """RFC 5321 4.2.1: 5yz is not tried again, 4yz is."""
    sink = relay()
    server = serve(new_server, mail__relay=f'smtp://localhost:{sink.port}')
    sink.answers = ['550 no']
    order(server)
    until('the end', lambda: 'error="NOT_FOUND" tries=1 given_up=1' in server.log())
    until('the figure', lambda: 'mintmark_mails_failed_total 1' in server.get('/metrics').text)
    assert sink.tries == 1
    sink.answers = ['451 later', '451 later']
    order(server, 'bob@example.com')
    until('a mail', lambda: sink.mails)
    assert sink.tries == 4 and len(sink.mails) == 1
    until('the log', lambda: 'mail_sent kind="invite" tries=3' in server.log())


def test_a_relay_that_hangs_holds_nobody_up(new_server, relay):
    """Pages answer while the relay doesn't; the server ends in time."""
    sink = relay()
    server = serve(new_server, mail__relay=f'smtp://127.0.0.1:{sink.port}')
    sink.hold.clear()
    order(server)
    until('the first try', lambda: sink.tries)
    browser = people.Browser(server)
    page = browser.submit(browser.get('/reset'), '/reset', email='nobody@example.com')
    assert page.status == 200 and 'on its way' in page.text
    server.stop()
    assert 'mails_lost' in server.log() or 'mail_not_sent' in server.log()


def test_no_relay_there(new_server):
    server = serve(new_server, mail__relay=f'smtp://127.0.0.1:{harness.free_port()}')
    order(server)
    until('the refusal', lambda: 'mail_not_sent kind="invite" error="IO"' in server.log())
    browser = people.Browser(server)
    assert browser.submit(browser.get('/reset'), '/reset', email='nobody@example.com').status == 200


def test_without_mail_pages_say_so(new_server):
    server = serve(new_server)
    browser = people.Browser(server)
    made = server.cli('account', 'invite', 'alice@example.com')
    assert made['mailed'] is False
    page = browser.get('/reset')
    assert page.status == 200 and 'sends no mails' in page.text and '/reset' not in [f.action for f in page.forms]
    assert 'Forgot' not in browser.get('/signin').text


@pytest.mark.parametrize('options,what', [
    ({'accounts__signup': 'open'}, 'mail.relay or mail.folder'),
    ({'mail__relay': 'http://x'}, 'mail.relay'), ({'mail__relay': 'smtp://'}, 'mail.relay'),
    ({'mail__relay': 'smtp://x:99999'}, 'mail.relay'), ({'mail__from': 'a b@c'}, 'mail.from'),
    ({'mail__relay': 'smtp://x', 'mail__folder': 'm'}, 'mail.folder'), ({'mail__user': 'x'}, 'mail.password'),
])
def test_configuration_that_can_not_be_meant(new_server, options, what):
    server = new_server(start=False)
    lines = server.config.read_text().splitlines()
    server.config.write_text('\n'.join(line for line in lines if line not in ('  folder: mail', 'mail:')) + '\n')
    worlds.configure(server, **options)
    done = harness.run(server.binary, 'config', 'check', '--config', server.config, check=False)
    assert done.returncode != 0 and what in done.stderr, done.stderr
