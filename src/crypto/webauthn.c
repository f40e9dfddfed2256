/* WebAuthn's binary half; see webauthn.h. Pools of the server process. Must never open a device or the network. */
#include "crypto/webauthn.h"

#include <fido.h>
#include <fido/eddsa.h>
#include <fido/es256.h>
#include <fido/rs256.h>

#include "base/buf.h"
#include "base/fault.h"
#include "crypto/cbor.h"
#include "crypto/sig.h"

enum { FLAGS_AT = 32, FLAG_UP = 0x01, FLAG_UV = 0x04, FLAG_BE = 0x08, FLAG_BS = 0x10,
       FLAG_AT = 0x40, FLAG_ED = 0x80, AAGUID_LEN = 16, RP_ID_MAX = 255, FMT_MAX = 32 };

const int webauthn_algs[] = {COSE_ES256, COSE_EDDSA, COSE_RS256, 0};

/*
 * A COSE key as we keep it: these bytes around the coordinates, in this order (RFC 9052 7, CTAP 2.1 8: one form of each
 * key). What libfido2 calls the public key are the parts one behind the other.
 */
struct cose_row {
	int alg;
	enum sig_alg sig;
	struct {
		struct str before;
		size_t len;
	} parts[2];
};

static const struct cose_row cose_rows[] = {
	{COSE_ES256, SIG_ES256,
	 {{{"\xA5\x01\x02\x03\x26\x20\x01\x21\x58\x20", 10}, 32}, {{"\x22\x58\x20", 3}, 32}}},
	{COSE_EDDSA, SIG_EDDSA, {{{"\xA4\x01\x01\x03\x27\x20\x06\x21\x58\x20", 10}, 32}, {{"", 0}, 0}}},
	{COSE_RS256, SIG_RS256,
	 {{{"\xA4\x01\x03\x03\x39\x01\x00\x20\x59\x01\x00", 11}, 256}, {{"\x21\x43", 2}, 3}}},
};
enum { COSE_ROWS = sizeof(cose_rows) / sizeof(cose_rows[0]), RAW_MAX = 259 };

static const struct cose_row *cose_row(int alg)
{
	for (size_t i = 0; i < COSE_ROWS; i++)
		if (cose_rows[i].alg == alg)
			return &cose_rows[i];
	return NULL;
}

/* Take a stored key apart. */
static int parse_key(struct str key, const struct cose_row **ret_row, unsigned char ret_raw[RAW_MAX], size_t *ret_len)
{
	for (const struct cose_row *row = cose_rows; row < cose_rows + COSE_ROWS; row++) {
		struct cur cur = cur_of(key);
		struct buf raw;
		struct str before, part;
		buf_init_fixed(&raw, ret_raw, RAW_MAX);
		bool fits = true;
		for (unsigned i = 0; i < 2 && fits; i++) {
			fits = cur_mem(&cur, row->parts[i].before.len, &before) == 0 &&
			       str_eq(before, row->parts[i].before) && cur_mem(&cur, row->parts[i].len, &part) == 0;
			if (fits)
				buf_put(&raw, part);
		}
		if (!fits || cur_end(&cur) < 0 || buf_status(&raw) < 0)
			continue;
		*ret_row = row;
		*ret_len = raw.len;
		return 0;
	}
	return E_SYNTAX;
}

/* A point on its curve, a modulus that is none of the weak ones. */
static int check_key(const struct cose_row *row, struct str raw)
{
	_cleanup_(sig_key_unrefp) struct sig_key *key = NULL;
	struct str first = {raw.p, row->parts[0].len}, second = {raw.p + first.len, raw.len - first.len};
	struct sig_public members = {.alg = row->sig};
	if (row->sig == SIG_RS256) {
		members.n = first;
		members.e = second;
	} else {
		members.x = first;
		members.y = second;
	}
	return sig_key_from_public(&members, &key);
}

static int emit_key(const struct cose_row *row, struct str raw, struct webauthn_created *created)
{
	struct buf out;
	size_t at = 0;
	buf_init_fixed(&out, created->key, sizeof(created->key));
	if (raw.len != row->parts[0].len + row->parts[1].len)
		return E_SYNTAX;
	for (unsigned i = 0; i < 2; at += row->parts[i++].len) {
		buf_put(&out, row->parts[i].before);
		buf_put_mem(&out, raw.p + at, row->parts[i].len);
	}
	created->key_len = out.len;
	return buf_status(&out);
}

/* WebAuthn 6.5.4: {"fmt": text, "attStmt": map, "authData": bytes}. */
static int take_apart(struct str object, struct str *ret_data)
{
	struct cur cur = cur_of(object);
	struct str name, fmt = {0}, data = {0};
	enum cbor_major major;
	uint64_t n;
	if (object.len > WEBAUTHN_OBJECT_MAX)
		return E_SYNTAX;
	TRY(cbor_head(&cur, &major, &n));
	if (major != CBOR_MAP || n != 3)
		return E_SYNTAX;
	for (; n > 0; n--) {
		TRY(cbor_string(&cur, CBOR_TEXT, &name));
		if (str_eq(name, STR("fmt")) && !fmt.p)
			TRY(cbor_string(&cur, CBOR_TEXT, &fmt));
		else if (str_eq(name, STR("authData")) && !data.p)
			TRY(cbor_string(&cur, CBOR_BYTES, &data));
		else if (str_eq(name, STR("attStmt")))
			TRY(cbor_skip(&cur));
		else
			return E_SYNTAX;
	}
	TRY(cur_end(&cur));
	if (fmt.len == 0 || fmt.len > FMT_MAX || data.len == 0 || data.len > WEBAUTHN_DATA_MAX)
		return E_SYNTAX;
	*ret_data = data;
	return 0;
}

/*
 * WebAuthn 6.1: id and key of a new credential, extensions, nothing behind them. libcbor takes memory for as many
 * elements as a head promises; here no head promises more than there are bytes.
 */
static int check_shape(struct str data)
{
	struct cur cur = cur_of(data);
	struct str part;
	uint16_t id_len;
	unsigned flags = (unsigned char)data.p[FLAGS_AT];
	TRY(cur_mem(&cur, SHA256_LEN + 1 + 4, &part)); /* rpIdHash, flags, signCount */
	if (flags & FLAG_AT) {
		TRY(cur_mem(&cur, AAGUID_LEN, &part));
		TRY(cur_u16be(&cur, &id_len));
		TRY(cur_mem(&cur, id_len, &part));
		TRY(cbor_skip(&cur));
	}
	if (flags & FLAG_ED)
		TRY(cbor_skip(&cur));
	return cur_end(&cur);
}

/* WebAuthn 6.1: made for us, by somebody who was there and verified. */
static int check_data(struct str data, struct str rp_id)
{
	unsigned char expected[SHA256_LEN];
	if (data.len <= FLAGS_AT || data.len > WEBAUTHN_DATA_MAX || rp_id.len == 0 || rp_id.len > RP_ID_MAX)
		return E_SYNTAX;
	TRY(check_shape(data));
	TRY(digest_sha256(rp_id, expected));
	unsigned flags = (unsigned char)data.p[FLAGS_AT];
	if (memcmp(data.p, expected, SHA256_LEN) != 0)
		return E_ACCESS_DENIED;
	if (!(flags & FLAG_UP) || !(flags & FLAG_UV))
		return E_ACCESS_DENIED;
	/* WebAuthn 6.1.3: what can't be backed up is not backed up */
	return (flags & FLAG_BS) && !(flags & FLAG_BE) ? E_ACCESS_DENIED : 0;
}

static void free_cred(fido_cred_t **cred) { fido_cred_free(cred); }

/* libfido2 reads authenticator data only for an algorithm that it was told. */
static int decode(struct str data, fido_cred_t **ret_cred)
{
	for (const int *alg = webauthn_algs; *alg != 0; alg++) {
		_cleanup_(free_cred) fido_cred_t *cred = fault_hit(FAULT_ALLOC) ? NULL : fido_cred_new();
		if (!cred)
			return E_NOMEM;
		if (fido_cred_set_type(cred, *alg) != FIDO_OK ||
		    fido_cred_set_authdata_raw(cred, (const unsigned char *)data.p, data.len) != FIDO_OK)
			continue;
		*ret_cred = TAKE(cred);
		return 0;
	}
	return E_SYNTAX;
}

int webauthn_create(struct str object, struct str rp_id, struct webauthn_created *ret_created)
{
	_cleanup_(free_cred) fido_cred_t *cred = NULL;
	struct webauthn_created created = {0};
	struct str data;
	fido_init(0);
	TRY(take_apart(object, &data));
	TRY(check_data(data, rp_id));
	TRY(decode(data, &cred));
	const struct cose_row *row = cose_row(fido_cred_type(cred));
	struct str raw = str_mem(fido_cred_pubkey_ptr(cred), fido_cred_pubkey_len(cred));
	created.id_len = fido_cred_id_len(cred);
	if (!row || !raw.p || created.id_len == 0 || created.id_len > sizeof(created.id))
		return E_SYNTAX;
	TRY(emit_key(row, raw, &created));
	TRY(check_key(row, raw));
	memcpy(created.id, fido_cred_id_ptr(cred), created.id_len);
	created.counter = fido_cred_sigcount(cred);
	*ret_created = created;
	return 0;
}

union public_key {
	void *any;
	es256_pk_t *es256;
	eddsa_pk_t *eddsa;
	rs256_pk_t *rs256;
};

static void free_key(int alg, union public_key *key)
{
	if (alg == COSE_ES256)
		es256_pk_free(&key->es256);
	if (alg == COSE_EDDSA)
		eddsa_pk_free(&key->eddsa);
	if (alg == COSE_RS256)
		rs256_pk_free(&key->rs256);
}

static int make_key(int alg, const unsigned char *raw, size_t len, union public_key *ret_key)
{
	union public_key key = {NULL};
	int rc = FIDO_ERR_INTERNAL;
	if (alg == COSE_ES256 && (key.es256 = es256_pk_new()))
		rc = es256_pk_from_ptr(key.es256, raw, len);
	if (alg == COSE_EDDSA && (key.eddsa = eddsa_pk_new()))
		rc = eddsa_pk_from_ptr(key.eddsa, raw, len);
	if (alg == COSE_RS256 && (key.rs256 = rs256_pk_new()))
		rc = rs256_pk_from_ptr(key.rs256, raw, len);
	if (!key.any)
		return E_NOMEM;
	if (rc != FIDO_OK) {
		free_key(alg, &key);
		return E_SYNTAX;
	}
	*ret_key = key;
	return 0;
}

static void free_assert(fido_assert_t **assert) { fido_assert_free(assert); }

static int fill(fido_assert_t *assert, const struct webauthn_assertion *in, const char *rp_id)
{
	int rc = fido_assert_set_count(assert, 1);
	rc = rc != FIDO_OK ? rc : fido_assert_set_rp(assert, rp_id);
	rc = rc != FIDO_OK ? rc : fido_assert_set_clientdata_hash(assert, in->client_sha256, SHA256_LEN);
	rc = rc != FIDO_OK ? rc : fido_assert_set_up(assert, FIDO_OPT_TRUE);
	rc = rc != FIDO_OK ? rc : fido_assert_set_uv(assert, FIDO_OPT_TRUE);
	rc = rc != FIDO_OK ? rc
			   : fido_assert_set_authdata_raw(assert, 0, (const unsigned char *)in->data.p, in->data.len);
	rc = rc != FIDO_OK ? rc : fido_assert_set_sig(assert, 0, (const unsigned char *)in->sig.p, in->sig.len);
	return rc == FIDO_OK ? 0 : E_SYNTAX;
}

static int verify(const struct webauthn_assertion *in, const char *rp_id, const struct cose_row *row,
		  const union public_key *key, uint32_t *ret_counter)
{
	_cleanup_(free_assert) fido_assert_t *assert = fault_hit(FAULT_ALLOC) ? NULL : fido_assert_new();
	if (!assert)
		return E_NOMEM;
	TRY(fill(assert, in, rp_id));
	if (fido_assert_verify(assert, 0, row->alg, key->any) != FIDO_OK)
		return E_ACCESS_DENIED;
	*ret_counter = fido_assert_sigcount(assert, 0);
	return 0;
}

int webauthn_check(const struct webauthn_assertion *assertion, struct str rp_id, uint32_t *ret_counter)
{
	unsigned char raw[RAW_MAX];
	char rp_text[RP_ID_MAX + 1] = {0};
	const struct cose_row *row;
	union public_key key;
	size_t len;
	fido_init(0);
	TRY(check_data(assertion->data, rp_id));
	if (assertion->sig.len == 0 || assertion->sig.len > WEBAUTHN_SIG_MAX)
		return E_SYNTAX;
	TRY(parse_key(assertion->key, &row, raw, &len));
	TRY(make_key(row->alg, raw, len, &key));
	memcpy(rp_text, rp_id.p, rp_id.len);
	int rc = verify(assertion, rp_text, row, &key, ret_counter);
	free_key(row->alg, &key);
	return rc;
}
