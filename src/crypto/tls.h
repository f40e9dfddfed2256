/*
 * Server-side TLS 1.2/1.3 over a non-blocking socket (BCP 195), for http/. Contexts are immutable and
 * reference-counted; a connection keeps its context. Session resumption by tickets whose keys are shared by all loops
 * of the process. Thread-safe: contexts; a connection has one owner.
 */
#ifndef CRYPTO_TLS_H
#define CRYPTO_TLS_H

#include "base/buf.h"
#include "base/secret.h"
#include "base/str.h"

struct tls_context;
struct tls_conn;

enum tls_want { TLS_DONE, TLS_WANT_READ, TLS_WANT_WRITE, TLS_CLOSED, TLS_FAILED };

enum { TLS_PEM_MAX = 65536 };

/*
 * From PEM texts: the chain, leaf first, and its key, both borrowed; the caller wipes the key. E_CONFIG when they can't
 * be understood, don't belong together, or the key is weak; ret_why gets a text for the operator. E_NOMEM, E_CRYPTO.
 */
must_check int tls_context_new(struct str certificate, struct secret key, char *ret_why, size_t why_size,
			       struct tls_context **ret_context);
/* The same, reading to the end of two descriptors (at most TLS_PEM_MAX bytes each), which stay the caller's. */
must_check int tls_context_read(int certificate_fd, int key_fd, char *ret_why, size_t why_size,
				struct tls_context **ret_context);
/* The same from files. */
must_check int tls_context_open(const char *certificate_file, const char *key_file, char *ret_why, size_t why_size,
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
