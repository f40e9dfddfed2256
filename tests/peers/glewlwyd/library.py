"""libmintmark as a program sees it: the library's path, then options as NAME=VALUE; prints a token, or why there is none."""
import ctypes
import sys

STRINGS = ('prefix', 'app', 'issuer', 'token_endpoint', 'client_id', 'client_secret', 'client_secret_file', 'token_file', 'scope',
           'audience', 'login_client_id', 'ca_file')


class Options(ctypes.Structure):
    _fields_ = [('size', ctypes.c_size_t), *((name, ctypes.c_char_p) for name in STRINGS), ('timeout_ms', ctypes.c_uint32),
                ('flags', ctypes.c_uint)]


def main():
    library = ctypes.CDLL(sys.argv[1])
    options, client, text = Options(size=ctypes.sizeof(Options)), ctypes.c_void_p(), ctypes.create_string_buffer(16384)
    for name, _, value in (arg.partition('=') for arg in sys.argv[2:]):
        setattr(options, name, int(value) if name in ('timeout_ms', 'flags') else value.encode())
    rc = library.mintmark_client_new(ctypes.byref(options), ctypes.byref(client))
    if rc == 0:
        rc = library.mintmark_client_token(client, text, ctypes.c_size_t(len(text)))
    if rc != 0:
        library.mintmark_client_explain(client, text, ctypes.c_size_t(len(text)))
        sys.exit(f'{rc}: {text.value.decode()}')
    print(text.value.decode())
    library.mintmark_client_free(client)


main()
