/*
 * Server-side TLS 1.2/1.3 over a non-blocking socket (BCP 195), for http/. Contexts are immutable and
 * reference-counted; a connection keeps its context. Session resumption by tickets whose keys are shared by all loops
 * of the process. Thread-safe: contexts; a connection has one owner.
 */
#ifndef CRYPTO_TLS_H
#define CRYPTO_TLS_H

#include "base/buf.h"
#include "base/str.h"

struct tls_context;
struct tls_conn;

enum tls_want { TLS_DONE, TLS_WANT_READ, TLS_WANT_WRITE, TLS_CLOSED, TLS_FAILED };

/*
 * PEM files. E_CONFIG when they can't be read, don't belong together, or the key is weak; ret_why gets a text for the
 * operator.
 */
must_check int tls_context_new(const char *cert_file, const char *key_file, char *ret_why, size_t why_size,
			       struct tls_context **ret_context);
struct tls_context *tls_context_ref(struct tls_context *context);
void tls_context_unref(struct tls_context *context);

must_check int tls_conn_new(struct tls_context *context, int fd, struct tls_conn **ret_conn);
void tls_conn_free(struct tls_conn *conn);
enum tls_want tls_handshake(struct tls_conn *conn);
/* Up to size bytes; *ret_n is set with TLS_DONE only. */
enum tls_want tls_read(struct tls_conn *conn, void *ret_bytes, size_t size, size_t *ret_n);
enum tls_want tls_write(struct tls_conn *conn, const void *bytes, size_t len, size_t *ret_n);
/* Sends close_notify once, does not wait for the peer's. */
void tls_close(struct tls_conn *conn);
/* Whether bytes that the socket will not announce any more wait inside. Then read until TLS_WANT_READ. */
bool tls_pending(const struct tls_conn *conn);
bool tls_resumed(const struct tls_conn *conn);

#endif
