"""Builds mintmark/_native: libmintmark behind cffi.

With MINTMARK_BUILD=<meson's build folder> libmintmark.a is linked into it, so the wheel needs no installed library; without
it pkg-config's libmintmark is used. cffi releases the interpreter's lock during every call.
"""
import os
import shlex
import subprocess
from pathlib import Path

from cffi import FFI

DECLARATIONS = '''
const char *mintmark_error_text(int code);

typedef struct mintmark_client mintmark_client;
typedef struct mintmark_client_options {
    size_t size;
    const char *prefix;
    const char *app;
    const char *issuer;
    const char *token_endpoint;
    const char *client_id;
    const char *client_secret;
    const char *client_secret_file;
    const char *token_file;
    const char *scope;
    const char *audience;
    const char *login_client_id;
    const char *ca_file;
    uint32_t timeout_ms;
    unsigned flags;
    const char *login_storage;
} mintmark_client_options;
#define MINTMARK_TOKEN_MAX ...
#define MINTMARK_CLIENT_MEMORY_ONLY ...
#define MINTMARK_CLIENT_PLAIN_HTTP ...
#define MINTMARK_CLIENT_POST ...
#define MINTMARK_CLIENT_NO_LOGIN ...
int mintmark_client_new(const mintmark_client_options *options, mintmark_client **ret_client);
int mintmark_client_token(mintmark_client *client, char *ret_token, size_t size);
int mintmark_client_renew(mintmark_client *client, const char *token);
int mintmark_client_whoami(mintmark_client *client, char *ret_json, size_t size);
int mintmark_client_source(mintmark_client *client, char *ret_text, size_t size);
int mintmark_client_logout(mintmark_client *client);
void mintmark_client_forget(mintmark_client *client);
int mintmark_client_explain(mintmark_client *client, char *ret_text, size_t size);
void mintmark_client_cancel(mintmark_client *client);
void mintmark_client_free(mintmark_client *client);

typedef struct mintmark_keyset mintmark_keyset;
struct mintmark_keyset_options {
    size_t size;
    uint32_t refresh_s;
    uint32_t interval_s;
    uint32_t max_age_s;
    uint32_t timeout_ms;
    unsigned flags;
    const char *ca_file;
};
#define MINTMARK_KEYSET_PLAIN_HTTP ...
int mintmark_keyset_discover(const char *issuer, const struct mintmark_keyset_options *options,
                             mintmark_keyset **ret_keyset);
int mintmark_keyset_wait(mintmark_keyset *keyset, uint32_t timeout_ms);
void mintmark_keyset_free(mintmark_keyset *keyset);

typedef struct mintmark_verifier mintmark_verifier;
typedef struct mintmark_token mintmark_token;
typedef struct mintmark_feed mintmark_feed;
struct mintmark_policy {
    size_t size;
    const char *issuer;
    const char *audience;
    const char *algorithms;
    const char *scopes;
    unsigned off;
    unsigned skew_s;
    unsigned cache_tokens;
    mintmark_feed *feed;
};
#define MINTMARK_OFF_REVOCATION ...
#define MINTMARK_OFF_REVOCATION_AGE ...
#define MINTMARK_VERDICT_VALID ...
#define MINTMARK_VERDICT_SCOPE ...
const char *mintmark_verdict_name(int verdict);
const char *mintmark_verdict_text(int verdict);
int mintmark_verdict_status(int verdict);
int mintmark_verifier_new(const struct mintmark_policy *policy, mintmark_keyset *keyset,
                          mintmark_verifier **ret_verifier);
int mintmark_verifier_check(mintmark_verifier *verifier, const char *token, size_t len, const char *scopes,
                            mintmark_token **ret_token);
int mintmark_verifier_explain(mintmark_verifier *verifier, const char *token, size_t len, const char *scopes,
                              char *ret_text, size_t size);
void mintmark_verifier_free(mintmark_verifier *verifier);
const char *mintmark_token_subject(const mintmark_token *token);
const char *mintmark_token_client_id(const mintmark_token *token);
const char *mintmark_token_issuer(const mintmark_token *token);
const char *mintmark_token_jti(const mintmark_token *token);
const char *mintmark_token_scopes(const mintmark_token *token);
int64_t mintmark_token_expiry(const mintmark_token *token);
int64_t mintmark_token_issued_at(const mintmark_token *token);
const char *mintmark_token_claim_json(mintmark_token *token, const char *name);
void mintmark_token_free(mintmark_token *token);
'''
SOURCE = '''
#include <mintmark/client.h>
#include <mintmark/keyset.h>
#include <mintmark/verify.h>
'''


def flags():
    """How to compile and link."""
    build = os.environ.get('MINTMARK_BUILD')
    if build:
        folder = Path(build).resolve()
        include = Path(os.environ.get('MINTMARK_INCLUDE') or Path(__file__).resolve().parent.parent / 'include')
        return {'include_dirs': [str(include)], 'extra_objects': [str(folder / 'include/libmintmark.a')],
                'libraries': ['curl', 'crypto', 'jansson', 'sodium', 'pthread']}
    words = shlex.split(subprocess.run(['pkg-config', '--cflags', '--libs', 'mintmark'], check=True, text=True,
                                       capture_output=True).stdout)
    return {'include_dirs': [w[2:] for w in words if w.startswith('-I')],
            'library_dirs': [w[2:] for w in words if w.startswith('-L')],
            'libraries': [w[2:] for w in words if w.startswith('-l')]}


builder = FFI()
builder.cdef(DECLARATIONS)
builder.set_source('mintmark._native', SOURCE, py_limited_api=True,
                   define_macros=[('Py_LIMITED_API', '0x03090000')], **flags())

if __name__ == '__main__':
    builder.compile(verbose=True)
