"""A WebAuthn authenticator in software: what a browser and a security key do together, and what they would never do.

    a = Authenticator('https://id.example')        # the origin that the browser would name
    a.create(options)  ->  the JSON that the page posts (PublicKeyCredential.toJSON())
    a.get(options)
"""
import base64
import hashlib
import json
import os
import struct

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ES256, EDDSA, RS256 = -7, -8, -257
UP, UV, BE, BS, AT, ED = 1, 4, 8, 16, 64, 128


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + '=' * (-len(text) % 4))


def head(major, number):
    """RFC 8949 3: the shortest head."""
    if number < 24:
        return bytes([major << 5 | number])
    for info, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << 8 * size:
            return bytes([major << 5 | info]) + number.to_bytes(size, 'big')
    raise ValueError(number)


def cbor(value):
    """Maps keep the order of the dict, as CTAP wants its canonical order from us."""
    if isinstance(value, bool):
        return bytes([0xf5 if value else 0xf4])
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b''.join(map(cbor, value))
    return head(5, len(value)) + b''.join(cbor(k) + cbor(v) for k, v in value.items())


class Key:
    def __init__(self, alg):
        self.alg = alg
        self.private = (ec.generate_private_key(ec.SECP256R1()) if alg == ES256 else
                        ed25519.Ed25519PrivateKey.generate() if alg == EDDSA else rsa.generate_private_key(65537, 2048))

    def cose(self):
        public = self.private.public_key()
        if self.alg == EDDSA:
            return cbor({1: 1, 3: EDDSA, -1: 6, -2: public.public_bytes(Encoding.Raw, PublicFormat.Raw)})
        n = public.public_numbers()
        if self.alg == ES256:
            return cbor({1: 2, 3: ES256, -1: 1, -2: n.x.to_bytes(32, 'big'), -3: n.y.to_bytes(32, 'big')})
        return cbor({1: 3, 3: RS256, -1: n.n.to_bytes(256, 'big'), -2: n.e.to_bytes(3, 'big')})

    def sign(self, data):
        if self.alg == ES256:
            return self.private.sign(data, ec.ECDSA(hashes.SHA256()))
        if self.alg == EDDSA:
            return self.private.sign(data)
        return self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())


class Authenticator:
    def __init__(self, origin, alg=ES256, rp_id=None, counter=0):
        self.origin, self.counter = origin, counter
        self.rp_id = rp_id or origin.split('//')[1].split(':')[0].split('/')[0]
        self.key, self.id, self.user = Key(alg), os.urandom(32), None

    def data(self, flags, attested=b''):
        """WebAuthn 6.1."""
        if self.counter:
            self.counter += 1
        return hashlib.sha256(self.rp_id.encode()).digest() + bytes([flags]) + struct.pack('>I', self.counter) + attested

    def client_data(self, kind, challenge, **more):
        return json.dumps({'type': kind, 'challenge': challenge, 'origin': self.origin, 'crossOrigin': False, **more},
                          separators=(',', ':')).encode()

    def attested(self):
        return bytes(16) + struct.pack('>H', len(self.id)) + self.id + self.key.cose()

    def attestation_object(self, flags=UP | UV | AT, fmt='none', statement=None):
        return cbor({'fmt': fmt, 'attStmt': statement or {}, 'authData': self.data(flags, self.attested())})

    def create(self, options, flags=UP | UV | AT, kind='webauthn.create', **more):
        """navigator.credentials.create(): options as PublicKeyCredentialCreationOptionsJSON."""
        self.user = options['user']['id']
        client = self.client_data(kind, options['challenge'], **more)
        return json.dumps({'id': b64(self.id), 'rawId': b64(self.id), 'type': 'public-key', 'clientExtensionResults': {},
                           'response': {'clientDataJSON': b64(client), 'transports': ['internal'],
                                        'attestationObject': b64(self.attestation_object(flags))}})

    def get(self, options, flags=UP | UV, kind='webauthn.get', user=None, **more):
        """navigator.credentials.get()"""
        client = self.client_data(kind, options['challenge'], **more)
        data = self.data(flags)
        signature = self.key.sign(data + hashlib.sha256(client).digest())
        return json.dumps({'id': b64(self.id), 'rawId': b64(self.id), 'type': 'public-key', 'clientExtensionResults': {},
                           'response': {'clientDataJSON': b64(client), 'authenticatorData': b64(data),
                                        'signature': b64(signature), 'userHandle': self.user if user is None else user}})
