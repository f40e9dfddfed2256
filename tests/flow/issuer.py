"""An issuer that behaves as a test wants it: metadata, token endpoint and userinfo on loopback, each answer counted.

    issuer = Issuer()                          # a good one
    issuer.token = lambda request: (200, 'text/html', b'<html>')
    issuer.requests                            # [(path, headers, body)] of the token endpoint, in order
"""
import http.server
import json
import ssl
import threading
import time


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *_):
        pass

    def answer(self, status, kind, body, headers=()):
        self.send_response(status)
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(body)))
        self.send_header('Connection', 'close')
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.close_connection = True
        try:
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            pass

    def do_GET(self):
        issuer = self.server.issuer
        if self.path == '/userinfo':
            return self.answer(*issuer.userinfo(self))
        issuer.discoveries += 1
        return self.answer(*issuer.metadata(self))

    def do_POST(self):
        issuer = self.server.issuer
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        with issuer.lock:
            issuer.requests.append((self.path, dict(self.headers), body.decode()))
            self.number = len(issuer.requests)
        return self.answer(*issuer.token(self))


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, request, client_address):
        pass  # a client that hangs up is what some tests are about


class Issuer:
    def __init__(self, context=None, host='127.0.0.1'):
        self.lock, self.requests, self.discoveries, self.delay_s = threading.Lock(), [], 0, 0
        self.server = Server((host, 0), Handler)
        self.server.issuer = self
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.url = f'http{"s" if context else ""}://127.0.0.1:{self.port}'
        self.life_s = 3600
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    # What it answers; tests put others in their places.

    def metadata(self, request):
        return self.json({'issuer': self.url, 'token_endpoint': f'{self.url}/token',
                          'userinfo_endpoint': f'{self.url}/userinfo'})

    def token(self, request):
        time.sleep(self.delay_s)
        return self.json({'access_token': f'token-{request.number}', 'token_type': 'Bearer', 'expires_in': self.life_s})

    def userinfo(self, request):
        return self.json({'sub': 'somebody', 'token': request.headers['Authorization']})

    @staticmethod
    def json(document, status=200, headers=()):
        return status, 'application/json', json.dumps(document).encode(), headers
