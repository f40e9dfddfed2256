/*
 * TLS for our listeners; see tls.h. BCP 195 (RFC 9325): 1.2 and 1.3 only, forward secrecy and AEAD only, no
 * compression, no renegotiation, no early data. Server process and daemons. Must never put key material into an error
 * text.
 */
#include "crypto/tls.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "base/fault.h"
#include "crypto/tls_ticket.h"

enum { SESSION_LIFETIME_S = 4 * 3600, RSA_BITS_MIN = 2048, EC_BITS_MIN = 256 };

struct tls_context {
	SSL_CTX *ctx;
	atomic_uint refs;
};

struct tls_conn {
	SSL *ssl;
	struct tls_context *context;
	bool closed;
};

/* RFC 9325 4.2: ephemeral key exchange with authenticated encryption; TLS 1.3 has nothing else. */
static const char ciphers_12[] =
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
	"ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
static const char ciphers_13[] = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

/* OpenSSL's newest reason in words; they name functions and formats, never contents. */
static int explain(char *ret_why, size_t why_size, const char *what)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;
	snprintf(ret_why, why_size, "%s: %s", what, reason ? reason : "unusable");
	ERR_clear_error();
	return E_CONFIG;
}

/* RFC 7301: we speak one protocol; a client that offers others only is told so (3.2). */
static int select_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
		       unsigned in_len, void *arg)
{
	static const unsigned char ours[] = "\x08http/1.1";
	unsigned char *chosen = NULL;
	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&chosen, out_len, ours, sizeof(ours) - 1, in, in_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* An encrypted key file must fail, not ask the terminal. */
static int no_passphrase(char *buf, int size, int rwflag, void *arg)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	(void)arg;
	return -1;
}

static int set_up_protocol(SSL_CTX *ctx)
{
	static const unsigned char session_context[] = "mintmark";
	SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
					 SSL_OP_PRIORITIZE_CHACHA | SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_read_ahead(ctx, 1);
	/* tickets only: nothing to share between loops but keys */
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_timeout(ctx, SESSION_LIFETIME_S);
	SSL_CTX_set_num_tickets(ctx, 1);
	SSL_CTX_set_alpn_select_cb(ctx, select_alpn, NULL);
	SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 || SSL_CTX_set_cipher_list(ctx, ciphers_12) != 1 ||
	    SSL_CTX_set_ciphersuites(ctx, ciphers_13) != 1 ||
	    SSL_CTX_set1_groups_list(ctx, "X25519:P-256:P-384") != 1 ||
	    SSL_CTX_set_session_id_context(ctx, session_context, sizeof(session_context) - 1) != 1)
		return E_CRYPTO;
	return tls_ticket_install(ctx);
}

static int check_strength(SSL_CTX *ctx, char *ret_why, size_t why_size)
{
	EVP_PKEY *key = SSL_CTX_get0_privatekey(ctx);
	int bits = key ? EVP_PKEY_get_bits(key) : 0;
	bool is_rsa = key && EVP_PKEY_is_a(key, "RSA");
	if (bits >= (is_rsa ? RSA_BITS_MIN : EC_BITS_MIN) || (key && EVP_PKEY_is_a(key, "ED25519")))
		return 0;
	snprintf(ret_why, why_size, "private key: %d bits are too few", bits);
	return E_CONFIG;
}

static void free_bio(BIO **bio) { BIO_free(*bio); }

static BIO *open_pem(const void *bytes, size_t len)
{
	return len > TLS_PEM_MAX ? NULL : BIO_new_mem_buf(bytes, (int)len);
}

/* The certificates behind the first one. The end of the text shows as "no start line". */
static int use_chain(SSL_CTX *ctx, BIO *pem)
{
	for (;;) {
		X509 *issuer = PEM_read_bio_X509(pem, NULL, no_passphrase, NULL);
		if (!issuer)
			break;
		if (SSL_CTX_add0_chain_cert(ctx, issuer) != 1) {
			X509_free(issuer);
			return E_CONFIG;
		}
	}
	if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return E_CONFIG;
	ERR_clear_error();
	return 0;
}

static int use_certificate(SSL_CTX *ctx, struct str text)
{
	_cleanup_(free_bio) BIO *pem = open_pem(text.p, text.len);
	X509 *leaf = pem ? PEM_read_bio_X509_AUX(pem, NULL, no_passphrase, NULL) : NULL;
	int ok = leaf && SSL_CTX_use_certificate(ctx, leaf) == 1;
	X509_free(leaf);
	return ok ? use_chain(ctx, pem) : E_CONFIG;
}

static int use_key(SSL_CTX *ctx, struct secret text)
{
	_cleanup_(free_bio) BIO *pem = open_pem(text.p, text.len);
	EVP_PKEY *key = pem ? PEM_read_bio_PrivateKey(pem, NULL, no_passphrase, NULL) : NULL;
	int ok = key && SSL_CTX_use_PrivateKey(ctx, key) == 1;
	EVP_PKEY_free(key);
	return ok ? 0 : E_CONFIG;
}

static int load(SSL_CTX *ctx, struct str certificate, struct secret key, char *ret_why, size_t why_size)
{
	ERR_clear_error();
	if (use_certificate(ctx, certificate) < 0)
		return explain(ret_why, why_size, "certificate");
	if (use_key(ctx, key) < 0)
		return explain(ret_why, why_size, "private key");
	if (SSL_CTX_check_private_key(ctx) != 1)
		return explain(ret_why, why_size, "private key does not belong to certificate");
	return check_strength(ctx, ret_why, why_size);
}

int tls_context_new(struct str certificate, struct secret key, char *ret_why, size_t why_size,
		    struct tls_context **ret_context)
{
	struct tls_context *context = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*context));
	if (!context)
		return E_NOMEM;
	atomic_init(&context->refs, 1);
	context->ctx = SSL_CTX_new(TLS_server_method());
	int rc = context->ctx ? set_up_protocol(context->ctx) : E_NOMEM;
	if (rc < 0)
		(void)explain(ret_why, why_size, "TLS set-up");
	else
		rc = load(context->ctx, certificate, key, ret_why, why_size);
	if (rc < 0) {
		tls_context_unref(context);
		return rc;
	}
	*ret_context = context;
	return 0;
}

static int read_pem(int fd, const char *what, struct buf *out, char *ret_why, size_t why_size)
{
	int rc = fd >= 0 ? buf_read(out, fd) : E_IO;
	if (rc == 0 || rc == E_NOMEM)
		return rc;
	snprintf(ret_why, why_size, "%s: %s", what, rc == E_LIMIT ? "too long" : "can not be read");
	return E_CONFIG;
}

int tls_context_read(int certificate_fd, int key_fd, char *ret_why, size_t why_size, struct tls_context **ret_context)
{
	_cleanup_(buf_done) struct buf certificate, key; /* wiped */
	buf_init(&certificate, TLS_PEM_MAX);
	buf_init(&key, TLS_PEM_MAX);
	TRY(read_pem(certificate_fd, "certificate", &certificate, ret_why, why_size));
	TRY(read_pem(key_fd, "private key", &key, ret_why, why_size));
	return tls_context_new(buf_str(&certificate), secret_of(buf_str(&key)), ret_why, why_size, ret_context);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

int tls_context_open(const char *certificate_file, const char *key_file, char *ret_why, size_t why_size,
		     struct tls_context **ret_context)
{
	_cleanup_(close_fd) int certificate = open(certificate_file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	_cleanup_(close_fd) int key = open(key_file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return tls_context_read(certificate, key, ret_why, why_size, ret_context);
}

struct tls_context *tls_context_ref(struct tls_context *context)
{
	atomic_fetch_add_explicit(&context->refs, 1, memory_order_relaxed);
	return context;
}

void tls_context_unref(struct tls_context *context)
{
	if (!context || atomic_fetch_sub_explicit(&context->refs, 1, memory_order_acq_rel) != 1)
		return;
	SSL_CTX_free(context->ctx);
	free(context);
}

int tls_conn_new(struct tls_context *context, int fd, struct tls_conn **ret_conn)
{
	struct tls_conn *conn = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*conn));
	if (!conn)
		return E_NOMEM;
	conn->ssl = SSL_new(context->ctx);
	if (!conn->ssl || SSL_set_fd(conn->ssl, fd) != 1) {
		SSL_free(conn->ssl);
		free(conn);
		ERR_clear_error();
		return E_NOMEM;
	}
	SSL_set_accept_state(conn->ssl);
	conn->context = tls_context_ref(context);
	*ret_conn = conn;
	return 0;
}

void tls_conn_free(struct tls_conn *conn)
{
	if (!conn)
		return;
	SSL_free(conn->ssl);
	tls_context_unref(conn->context);
	free(conn);
}

/*
 * What OpenSSL's answer to a call means. The error queue is emptied: it belongs to the thread, not to the connection.
 */
static enum tls_want judge(struct tls_conn *conn, int rc)
{
	switch (SSL_get_error(conn->ssl, rc)) {
	case SSL_ERROR_NONE:
		return TLS_DONE;
	case SSL_ERROR_WANT_READ:
		return TLS_WANT_READ;
	case SSL_ERROR_WANT_WRITE:
		return TLS_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return TLS_CLOSED;
	default:
		ERR_clear_error();
		conn->closed = true; /* after a fatal error nothing may be sent, not even close_notify */
		return TLS_FAILED;
	}
}

enum tls_want tls_handshake(struct tls_conn *conn)
{
	ERR_clear_error();
	return judge(conn, SSL_do_handshake(conn->ssl));
}

enum tls_want tls_read(struct tls_conn *conn, void *ret_bytes, size_t size, size_t *ret_n)
{
	ERR_clear_error();
	int rc = SSL_read_ex(conn->ssl, ret_bytes, size, ret_n);
	return rc == 1 ? TLS_DONE : judge(conn, rc);
}

enum tls_want tls_write(struct tls_conn *conn, const void *bytes, size_t len, size_t *ret_n)
{
	ERR_clear_error();
	int rc = SSL_write_ex(conn->ssl, bytes, len, ret_n);
	return rc == 1 ? TLS_DONE : judge(conn, rc);
}

void tls_close(struct tls_conn *conn)
{
	if (conn->closed || !SSL_is_init_finished(conn->ssl))
		return;
	conn->closed = true;
	ERR_clear_error();
	(void)SSL_shutdown(conn->ssl);
	ERR_clear_error();
}

bool tls_pending(const struct tls_conn *conn) { return SSL_has_pending(conn->ssl) == 1; }

bool tls_resumed(const struct tls_conn *conn) { return SSL_session_reused(conn->ssl) == 1; }
