"""A session bus of the test's own, and who keeps secrets on it: GNOME Keyring, or one that fails as a test wants.

Everything has its own socket and folders and is stopped by process id. The bus is Debian's dbus-daemon; messages of the test
are made by jeepney.
"""
import os
import shutil
import signal
import socket
import subprocess
import threading

import pytest

import harness

try:
    import jeepney
    from jeepney.io.blocking import open_dbus_connection
except ImportError:
    jeepney = None

NAME, ROOT = 'org.freedesktop.secrets', '/org/freedesktop/secrets'
CONFIG = '''<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path={}</listen><auth>EXTERNAL</auth><policy context="default">
<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
'''


def end(process):
    if process.poll() is None:
        process.send_signal(signal.SIGCONT)
        process.terminate()
    process.communicate(timeout=60)


class Session:
    """A session bus."""

    def __init__(self, folder):
        for tool in ('dbus-daemon', 'gnome-keyring-daemon', 'secret-tool'):
            if not shutil.which(tool):
                pytest.skip(f'there is no {tool}')
        if not jeepney:
            pytest.skip('there is no python3-jeepney')
        self.folder, self.processes, self.keyring = folder, [], None
        folder.chmod(0o700)
        self.address = f'unix:path={folder}/bus'
        self.env = harness.clean_env(HOME=str(folder), XDG_RUNTIME_DIR=str(folder), DBUS_SESSION_BUS_ADDRESS=self.address,
                                     XDG_DATA_HOME=str(folder / 'data'))
        (folder / 'bus.conf').write_text(CONFIG.format(folder / 'bus'))
        self.start('dbus-daemon', f'--config-file={folder}/bus.conf', '--nofork', '--nopidfile')
        harness.wait_until(self.is_listening, 'the bus')

    def is_listening(self):
        try:
            self.connect().close()
        except OSError:
            return False
        return True

    def start(self, *args, text=''):
        """A process on this bus; what it says is in its log."""
        with open(self.folder / f'{len(self.processes)}.log', 'w') as log:
            made = subprocess.Popen(args, env=self.env, stdin=subprocess.PIPE, stdout=log, stderr=log, text=True)
        self.processes.append(made)
        made.stdin.write(text)
        made.stdin.close()
        made.stdin = None
        return made

    def connect(self):
        return open_dbus_connection(bus=self.address)

    def ask(self, path, interface, method, signature=None, body=()):
        """A method of the Secret Service, answered."""
        address = jeepney.DBusAddress(path, bus_name=NAME, interface=interface)
        with self.connect() as connection:
            return connection.send_and_get_reply(jeepney.new_method_call(address, method, signature, body), timeout=60).body

    def has_service(self):
        address = jeepney.DBusAddress('/org/freedesktop/DBus', bus_name='org.freedesktop.DBus', interface='org.freedesktop.DBus')
        with self.connect() as connection:
            return connection.send_and_get_reply(jeepney.new_method_call(address, 'NameHasOwner', 's', (NAME,)), timeout=60).body[0]

    def unlocked(self):
        """GNOME Keyring, open; its first use makes the collection."""
        self.keyring = self.start('gnome-keyring-daemon', '--foreground', '--unlock', '--components=secrets',
                                  f'--control-directory={self.folder}/control', text='a password')
        harness.wait_until(self.has_service, 'GNOME Keyring')
        return self

    def lock(self):
        [collection] = self.ask(ROOT, 'org.freedesktop.Secret.Service', 'ReadAlias', 's', ('default',))
        assert self.ask(ROOT, 'org.freedesktop.Secret.Service', 'Lock', 'ao', ([collection],))[0] == [collection]

    def unlock(self):
        """It takes the password when it starts."""
        end(self.keyring)
        harness.wait_until(lambda: not self.has_service(), 'the end of GNOME Keyring')
        self.unlocked()

    def kept(self):
        """The secrets of logins, as another program finds them."""
        done = subprocess.run(['secret-tool', 'search', '--all', 'xdg:schema', 'org.mintmark.Login', 'kind', 'login'], env=self.env,
                              capture_output=True, text=True, timeout=60, check=False)
        return [line.split(' = ')[1] for line in done.stdout.splitlines() if line.startswith('secret = ')]

    def clear(self):
        harness.run('secret-tool', 'clear', 'kind', 'login', env=self.env, check=False)

    def stop(self):
        for process in reversed(self.processes):
            end(process)


class Fake:
    """A Secret Service that fails. `answers` says what comes of a method: a function (message) -> (signature, body), an
    error's name, or None: no answer at all. It keeps one secret, in `secret`."""

    def __init__(self, session):
        self.secret, self.answers, self.asked = None, {}, []
        self.connection = session.connect()
        address = jeepney.DBusAddress('/org/freedesktop/DBus', bus_name='org.freedesktop.DBus', interface='org.freedesktop.DBus')
        self.connection.send_and_get_reply(jeepney.new_method_call(address, 'RequestName', 'su', (NAME, 4)), timeout=60)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def usual(self, method, message):
        session, item = f'{ROOT}/session/1', f'{ROOT}/collection/login/1'
        if method == 'CreateItem':
            self.secret = message.body[1][2]
        found = [item] if self.secret is not None else []
        return {'OpenSession': ('vo', (('s', ''), session)), 'ReadAlias': ('o', (f'{ROOT}/collection/login',)),
                'Get': ('v', (('b', False),)), 'SearchItems': ('aoao', (found, [])), 'CreateItem': ('oo', (item, '/')),
                'GetSecret': ('(oayays)', ((session, b'', self.secret or b'', 'text/plain'),)), 'Delete': ('o', ('/',)),
                'Unlock': ('aoo', ([], f'{ROOT}/prompt/1'))}[method]

    def answer(self, message):
        method = message.header.fields[jeepney.HeaderFields.member]
        self.asked.append(method)
        answer = self.answers.get(method, lambda m: self.usual(method, m))
        if callable(answer):
            return jeepney.new_method_return(message, *answer(message))
        return answer and jeepney.new_error(message, answer, 's', ('\x1b[31mdo not show me',))

    def run(self):
        try:
            while True:
                message = self.connection.receive()
                if message.header.message_type != jeepney.MessageType.method_call:
                    continue
                reply = self.answer(message)
                if reply:
                    self.connection.send(reply)
        except (ConnectionError, OSError, ValueError):
            pass  # stopped

    def hang_up(self):
        self.connection.sock.shutdown(socket.SHUT_RDWR)
        return '', ()

    def stop(self):
        try:
            self.hang_up()
        except OSError:
            pass  # it has
        self.thread.join(60)
        self.connection.close()
