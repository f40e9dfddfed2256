/*
 * Server-side TLS against OpenSSL's own client over a socketpair: refused files, versions, ciphers, resumption over
 * contexts (certificate reload), what a broken or plain peer gives. BCP 195.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/fault.h"
#include "crypto/tls.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char folder[] = "/tmp/mintmark-tls-XXXXXX";

static const char *path_of(const char *name)
{
	static char paths[4][128];
	static unsigned next;
	char *path = paths[next++ % COUNT(paths)];
	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

static FILE *open_pem(const char *name)
{
	FILE *file = fopen(path_of(name), "w");
	assert_non_null(file);
	return file;
}

static void write_pair(const char *cert_name, const char *key_name, EVP_PKEY *key, const char *passphrase)
{
	X509 *cert = X509_new();
	assert_non_null(key);
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -60);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC, (const unsigned char *)cert_name,
				   -1, -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(cert));
	X509_set_pubkey(cert, key);
	assert_true(X509_sign(cert, key, EVP_PKEY_is_a(key, "ED25519") ? NULL : EVP_sha256()) > 0);
	FILE *file = open_pem(cert_name);
	assert_int_equal(PEM_write_X509(file, cert), 1);
	fclose(file);
	file = open_pem(key_name);
	assert_int_equal(PEM_write_PrivateKey(file, key, passphrase ? EVP_aes_128_cbc() : NULL, NULL, 0, NULL,
					      (void *)(uintptr_t)passphrase),
			 1);
	fclose(file);
	X509_free(cert);
	EVP_PKEY_free(key);
}

/* to = one + two */
static void join(const char *to, const char *one, const char *two)
{
	const char *const from[] = {one, two};
	char text[4096];
	FILE *out = open_pem(to);
	for (size_t i = 0; i < COUNT(from); i++) {
		FILE *in = fopen(path_of(from[i]), "r");
		size_t n = in ? fread(text, 1, sizeof(text), in) : 0;
		assert_int_equal(fwrite(text, 1, n, out), n);
		if (in)
			fclose(in);
	}
	fclose(out);
}

/* Files that are no pair by themselves. */
static void make_odd_files(void)
{
	FILE *file = open_pem("half.crt");
	fputs("-----BEGIN CERTIFICATE-----\nAAAA\n", file);
	fclose(file);
	join("chain.crt", "ec.crt", "other.crt");
	join("broken.crt", "ec.crt", "half.crt");
	file = open_pem("long.crt");
	for (unsigned i = 0; i <= TLS_PEM_MAX; i++)
		fputc('\n', file);
	fclose(file);
	join("chain.key", "ec.key", "none");
	fclose(open_pem("empty"));
}

static int make_files(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	write_pair("ec.crt", "ec.key", EVP_EC_gen("P-256"), NULL);
	write_pair("other.crt", "other.key", EVP_EC_gen("P-256"), NULL);
	write_pair("rsa.crt", "rsa.key", EVP_RSA_gen(2048), NULL);
	write_pair("weak.crt", "weak.key", EVP_RSA_gen(1024), NULL);
	write_pair("small.crt", "small.key", EVP_EC_gen("P-224"), NULL);
	write_pair("locked.crt", "locked.key", EVP_EC_gen("P-256"), "secret");
	write_pair("ed.crt", "ed.key", EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), NULL);
	make_odd_files();
	return 0;
}

static int remove_files(void **state)
{
	(void)state;
	static const char *const names[] = {"ec",     "other", "rsa",   "weak",   "small",
					    "locked", "ed",    "chain", "broken", "half", "long"};
	char name[32];
	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(name, sizeof(name), "%s.crt", names[i]);
		unlink(path_of(name));
		snprintf(name, sizeof(name), "%s.key", names[i]);
		unlink(path_of(name));
	}
	unlink(path_of("empty"));
	return rmdir(folder);
}

static void test_refused_files(void **state)
{
	(void)state;
	static const struct {
		const char *cert, *key, *why;
	} rows[] = {
		{"none", "ec.key", "certificate"},           {"ec.crt", "none", "private key"},
		{"empty", "ec.key", "certificate"},          {"ec.crt", "empty", "private key"},
		{"ec.key", "ec.key", "certificate"},         {"ec.crt", "ec.crt", "private key"},
		{"ec.crt", "other.key", "mismatch"},         {"ec.crt", "rsa.key", "private key"},
		{"weak.crt", "weak.key", "small"},           {"small.crt", "small.key", ""},
		{"locked.crt", "locked.key", "private key"}, {"broken.crt", "ec.key", "certificate"},
		{"half.crt", "ec.key", "certificate"},       {"long.crt", "ec.key", "certificate: too long"},
		{"ec.crt", "long.crt", "private key: too long"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char why[256] = "";
		struct tls_context *context = NULL;
		int rc = tls_context_open(path_of(rows[i].cert), path_of(rows[i].key), why, sizeof(why), &context);
		if (rc != E_CONFIG || !strstr(why, rows[i].why) || why[0] == 0)
			fail_msg("%s %s: %d %s", rows[i].cert, rows[i].key, rc, why);
		assert_null(context);
	}
}

static struct tls_context *context_of(const char *name)
{
	char cert[32], key[32], why[256];
	struct tls_context *context = NULL;
	snprintf(cert, sizeof(cert), "%s.crt", name);
	snprintf(key, sizeof(key), "%s.key", name);
	if (tls_context_open(path_of(cert), path_of(key), why, sizeof(why), &context) < 0)
		fail_msg("%s: %s", name, why);
	return context;
}

/* One connection: our side, and OpenSSL's client. */
struct pair {
	int fds[2];
	struct tls_conn *server;
	SSL_CTX *client_ctx;
	SSL *client;
};

static void pair_open(struct pair *pair, struct tls_context *context, SSL_SESSION *session)
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair->fds), 0);
	assert_int_equal(tls_conn_new(context, pair->fds[0], &pair->server), 0);
	pair->client_ctx = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_security_level(pair->client_ctx, 0);
	pair->client = SSL_new(pair->client_ctx);
	SSL_set_fd(pair->client, pair->fds[1]);
	if (session)
		SSL_set_session(pair->client, session);
}

static void pair_close(struct pair *pair)
{
	tls_conn_free(pair->server);
	SSL_free(pair->client);
	SSL_CTX_free(pair->client_ctx);
	close(pair->fds[0]);
	close(pair->fds[1]);
}

static enum tls_want shake_hands(struct pair *pair)
{
	enum tls_want want = TLS_WANT_READ;
	int client = -1;
	for (unsigned i = 0; i < 10 && (want == TLS_WANT_READ || client != 1); i++) {
		client = SSL_connect(pair->client);
		want = tls_handshake(pair->server);
		if (want == TLS_FAILED)
			return want;
	}
	return client == 1 ? want : TLS_FAILED;
}

/* A byte each way; the client thereby takes its ticket. */
static SSL_SESSION *exchange(struct pair *pair)
{
	char byte = 0;
	size_t n = 0;
	assert_int_equal(SSL_write(pair->client, "q", 1), 1);
	assert_int_equal(tls_read(pair->server, &byte, 1, &n), TLS_DONE);
	assert_true(n == 1 && byte == 'q');
	assert_int_equal(tls_read(pair->server, &byte, 1, &n), TLS_WANT_READ);
	assert_int_equal(tls_write(pair->server, "a", 1, &n), TLS_DONE);
	assert_int_equal(SSL_read(pair->client, &byte, 1), 1);
	assert_int_equal(byte, 'a');
	return SSL_get1_session(pair->client);
}

static void test_versions_and_ciphers(void **state)
{
	(void)state;
	static const struct {
		const char *files;
		int version;
		const char *ciphers; /* of TLS 1.2 */
		bool works;
	} rows[] = {
		{"ec", TLS1_VERSION, "ALL", false},
		{"ec", TLS1_1_VERSION, "ALL", false},
		{"ec", TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA256", false},
		{"ec", TLS1_2_VERSION, "ECDHE-ECDSA-AES128-CCM8", false},
		{"rsa", TLS1_2_VERSION, "AES128-GCM-SHA256", false},
		{"rsa", TLS1_2_VERSION, "DHE-RSA-AES128-GCM-SHA256", false},
		{"rsa", TLS1_2_VERSION, "ADH-AES128-GCM-SHA256", false},
		{"ec", TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256", true},
		{"ec", TLS1_2_VERSION, "ECDHE-ECDSA-CHACHA20-POLY1305", true},
		{"rsa", TLS1_2_VERSION, "ECDHE-RSA-AES256-GCM-SHA384", true},
		{"ec", TLS1_3_VERSION, "ALL", true},
		{"rsa", TLS1_3_VERSION, "ALL", true},
		{"ed", TLS1_3_VERSION, "ALL", true},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tls_context *context = context_of(rows[i].files);
		struct pair pair;
		pair_open(&pair, context, NULL);
		SSL_set_min_proto_version(pair.client, rows[i].version);
		SSL_set_max_proto_version(pair.client, rows[i].version);
		assert_int_equal(SSL_set_cipher_list(pair.client, rows[i].ciphers), 1);
		enum tls_want want = shake_hands(&pair);
		if ((want == TLS_DONE) != rows[i].works)
			fail_msg("row %zu: %d", i, (int)want);
		if (rows[i].works)
			SSL_SESSION_free(exchange(&pair));
		pair_close(&pair);
		tls_context_unref(context);
	}
}

/* RFC 8446 4.4.2: the leaf, then what stands behind it in the file. */
static void test_chain(void **state)
{
	(void)state;
	static const struct {
		const char *files;
		int n;
	} rows[] = {{"ec", 1}, {"chain", 2}};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tls_context *context = context_of(rows[i].files);
		struct pair pair;
		pair_open(&pair, context, NULL);
		assert_int_equal(shake_hands(&pair), TLS_DONE);
		assert_int_equal(sk_X509_num(SSL_get_peer_cert_chain(pair.client)), rows[i].n);
		pair_close(&pair);
		tls_context_unref(context);
	}
}

static void test_alpn(void **state)
{
	(void)state;
	static const struct {
		const char *offer;
		bool works;
	} rows[] = {{"\x02h2", false}, {"\x02h2\x08http/1.1", true}, {"\x08http/1.1", true}, {"\x08http/1.0", false}};
	struct tls_context *context = context_of("ec");
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pair pair;
		const unsigned char *chosen;
		unsigned len = 0;
		pair_open(&pair, context, NULL);
		SSL_set_alpn_protos(pair.client, (const unsigned char *)rows[i].offer, (unsigned)strlen(rows[i].offer));
		assert_int_equal(shake_hands(&pair) == TLS_DONE, rows[i].works);
		SSL_get0_alpn_selected(pair.client, &chosen, &len);
		assert_int_equal(len, rows[i].works ? 8 : 0);
		pair_close(&pair);
	}
	tls_context_unref(context);
}

static SSL_SESSION *connect_once(struct tls_context *context, int version, SSL_SESSION *session, bool resumes)
{
	struct pair pair;
	pair_open(&pair, context, session);
	SSL_set_min_proto_version(pair.client, version);
	SSL_set_max_proto_version(pair.client, version);
	assert_int_equal(shake_hands(&pair), TLS_DONE);
	assert_int_equal(tls_resumed(pair.server), resumes);
	assert_int_equal(SSL_session_reused(pair.client), resumes);
	SSL_SESSION *fresh = exchange(&pair);
	SSL_SESSION_free(session);
	SSL_shutdown(pair.client);
	pair_close(&pair);
	return fresh;
}

/* Tickets resume on another context: another loop's, or the one after a certificate reload. */
static void test_resumption(void **state)
{
	(void)state;
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
	struct tls_context *first = context_of("ec"), *second = context_of("other");
	for (size_t i = 0; i < COUNT(versions); i++) {
		SSL_SESSION *session = connect_once(first, versions[i], NULL, false);
		session = connect_once(first, versions[i], session, true);
		session = connect_once(second, versions[i], session, true);
		SSL_SESSION_free(session);
	}
	tls_context_unref(first);
	tls_context_unref(second);
}

/* A connection keeps its context. */
static void test_context_outlives_its_owner(void **state)
{
	(void)state;
	struct tls_context *context = context_of("ec");
	struct pair pair;
	pair_open(&pair, context, NULL);
	tls_context_unref(tls_context_ref(context));
	tls_context_unref(context);
	assert_int_equal(shake_hands(&pair), TLS_DONE);
	SSL_SESSION_free(exchange(&pair));
	pair_close(&pair);
	tls_context_unref(NULL);
	tls_conn_free(NULL);
}

static void test_ends(void **state)
{
	(void)state;
	struct tls_context *context = context_of("ec");
	struct pair pair;
	char bytes[16];
	size_t n = 0;
	/* close_notify from the peer, and ours */
	pair_open(&pair, context, NULL);
	assert_int_equal(shake_hands(&pair), TLS_DONE);
	SSL_SESSION_free(exchange(&pair));
	SSL_shutdown(pair.client);
	assert_int_equal(tls_read(pair.server, bytes, sizeof(bytes), &n), TLS_CLOSED);
	tls_close(pair.server);
	tls_close(pair.server);
	assert_int_equal(SSL_shutdown(pair.client), 1);
	pair_close(&pair);
	/* garbage in the middle */
	pair_open(&pair, context, NULL);
	assert_int_equal(shake_hands(&pair), TLS_DONE);
	assert_int_equal(send(pair.fds[1], "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
	assert_int_equal(tls_read(pair.server, bytes, sizeof(bytes), &n), TLS_FAILED);
	tls_close(pair.server);
	pair_close(&pair);
	/* no TLS at all */
	pair_open(&pair, context, NULL);
	assert_int_equal(send(pair.fds[1], "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
	assert_int_equal(tls_handshake(pair.server), TLS_FAILED);
	pair_close(&pair);
	/* gone */
	pair_open(&pair, context, NULL);
	shutdown(pair.fds[1], SHUT_RDWR);
	assert_true(tls_handshake(pair.server) >= TLS_CLOSED);
	pair_close(&pair);
	tls_context_unref(context);
}

/* Two records in one packet: the socket is empty after the first read, tls_pending tells of the second. */
static void test_pending(void **state)
{
	(void)state;
	struct tls_context *context = context_of("ec");
	struct pair pair;
	char bytes[16];
	size_t n = 0;
	pair_open(&pair, context, NULL);
	assert_int_equal(shake_hands(&pair), TLS_DONE);
	SSL_SESSION_free(exchange(&pair));
	assert_false(tls_pending(pair.server));
	assert_int_equal(SSL_write(pair.client, "one", 3), 3);
	assert_int_equal(SSL_write(pair.client, "two", 3), 3);
	assert_int_equal(tls_read(pair.server, bytes, sizeof(bytes), &n), TLS_DONE);
	assert_int_equal(n, 3);
	assert_true(tls_pending(pair.server));
	assert_int_equal(tls_read(pair.server, bytes, sizeof(bytes), &n), TLS_DONE);
	assert_memory_equal(bytes, "two", 3);
	assert_false(tls_pending(pair.server));
	pair_close(&pair);
	tls_context_unref(context);
}

/* TLS 1.2: the peer may not start over in the middle. RFC 9325 3.5. */
static void test_no_renegotiation(void **state)
{
	(void)state;
	struct tls_context *context = context_of("ec");
	struct pair pair;
	char byte;
	size_t n;
	pair_open(&pair, context, NULL);
	SSL_set_max_proto_version(pair.client, TLS1_2_VERSION);
	assert_int_equal(shake_hands(&pair), TLS_DONE);
	assert_int_equal(SSL_renegotiate(pair.client), 1);
	(void)SSL_do_handshake(pair.client);
	assert_int_not_equal(tls_read(pair.server, &byte, 1, &n), TLS_DONE);
	assert_true(SSL_do_handshake(pair.client) <= 0);
	assert_int_equal(SSL_num_renegotiations(pair.client), 1); /* tried, not done */
	pair_close(&pair);
	tls_context_unref(context);
}

static void test_faults(void **state)
{
	(void)state;
#ifdef MINTMARK_FAULTS
	struct tls_context *context = NULL;
	struct tls_conn *conn = NULL;
	char why[64];
	fault_arm(FAULT_ALLOC, 1);
	assert_int_equal(tls_context_open(path_of("ec.crt"), path_of("ec.key"), why, sizeof(why), &context), E_NOMEM);
	fault_arm(FAULT_ALLOC, 0);
	context = context_of("ec");
	fault_arm(FAULT_ALLOC, 1);
	assert_int_equal(tls_conn_new(context, 0, &conn), E_NOMEM);
	assert_null(conn);
	fault_arm(FAULT_ALLOC, 0);
	tls_context_unref(context);
#else
	skip();
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused_files),
		cmocka_unit_test(test_versions_and_ciphers),
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_alpn),
		cmocka_unit_test(test_resumption),
		cmocka_unit_test(test_context_outlives_its_owner),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_pending),
		cmocka_unit_test(test_no_renegotiation),
		cmocka_unit_test(test_faults),
	};
	return cmocka_run_group_tests(tests, make_files, remove_files);
}
