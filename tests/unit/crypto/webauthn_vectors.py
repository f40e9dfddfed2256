#!/usr/bin/python3
"""Makes webauthn_vectors.h: what a software authenticator signed, one set per algorithm. Run it by hand; keys are new each time."""
import hashlib
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / 'flow'))
from authenticator import AT, EDDSA, ES256, RS256, UP, UV, Authenticator  # noqa: E402


def c_bytes(data):
    lines = [''.join(f'\\x{b:02x}' for b in data[i:i + 22]) for i in range(0, len(data), 22)]
    return '\n'.join(f'\t\t "{line}"' for line in lines).lstrip('\t').lstrip()


def main():
    out = ['/* Made by webauthn_vectors.py: a software authenticator, rp id "id.example". */', '',
           'static const struct vector {', '\tconst char *name;', '\tstruct str object, id, data, client, sig;',
           '} vectors[] = {']
    for name, alg, counter in (('ES256', ES256, 7), ('EdDSA', EDDSA, 0), ('RS256', RS256, 0)):
        a = Authenticator('https://id.example', alg, counter=counter)
        obj = a.attestation_object(UP | UV | AT)
        client = a.client_data('webauthn.get', 'x' * 43)
        data = a.data(UP | UV)
        sig = a.key.sign(data + hashlib.sha256(client).digest())
        out.append(f'\t{{"{name}",')
        for value in (obj, a.id, data, client, sig):
            out.append(f'\t {{{c_bytes(value)}, {len(value)}}},')
        out.append('\t},')
    out.append('};')
    (HERE / 'webauthn_vectors.h').write_text('\n'.join(out) + '\n')


main()
