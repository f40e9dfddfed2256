/* Random ids and secrets; see id.h. */
#include "oauth/id.h"

#include "base/buf.h"
#include "base/enc.h"
#include "base/rand.h"
#include "crypto/digest.h"

enum { PREFIX_LEN = 4, ID_DIGITS = 22, SECRET_DIGITS = 43, CHECK_DIGITS = 6 };

static const char prefixes[ID_KINDS][PREFIX_LEN + 1] = {"mmc_", "mma_", "mmk_", "mmr_", "mmx_", "mmg_"};
static const char secret_prefix[] = "mms_";
static const char bearer_prefixes[BEARERS][PREFIX_LEN + 1] = {"mmo_", "mmf_", "mmd_", "mml_", "mmb_", "mmn_", "mmp_"};

/* digits base62 digits of 64 more bits than they hold, so that no digit is likelier than another by more than 2^-60. */
static int put_random(struct buf *out, unsigned digits)
{
	unsigned char bytes[42];
	size_t n = digits <= ID_DIGITS ? 25 : sizeof(bytes);
	TRY(rand_bytes(bytes, n));
	enc_base62(out, bytes, n, digits);
	secret_wipe(bytes, sizeof(bytes));
	return buf_status(out);
}

int id_new(enum id_kind kind, char ret_id[ID_LEN + 1])
{
	char id[ID_LEN + 1] = {0};
	struct buf out;
	buf_init_fixed(&out, id, ID_LEN);
	buf_put(&out, str_of(prefixes[kind]));
	TRY(put_random(&out, ID_DIGITS));
	memcpy(ret_id, id, sizeof(id));
	return 0;
}

static bool is_base62(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];
		if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')))
			return false;
	}
	return true;
}

bool id_has_form(enum id_kind kind, struct str id)
{
	return id.len == ID_LEN && str_has_prefix(id, str_of(prefixes[kind])) &&
	       is_base62((struct str){id.p + PREFIX_LEN, id.len - PREFIX_LEN});
}

bool id_is_importable(struct str id)
{
	if (id.len < 3 || id.len > 64 || !str_is_unreserved(id))
		return false;
	for (size_t i = 0; i < ID_KINDS; i++)
		if (str_has_prefix(id, str_of(prefixes[i])))
			return false;
	for (size_t i = 0; i < BEARERS; i++)
		if (str_has_prefix(id, str_of(bearer_prefixes[i])))
			return false;
	return !str_has_prefix(id, str_of(secret_prefix)); /* a secret pasted into the wrong field */
}

static void put_check(struct buf *out, struct str covered)
{
	uint32_t crc = enc_crc32(covered);
	unsigned char bytes[4] = {(unsigned char)(crc >> 24), (unsigned char)(crc >> 16), (unsigned char)(crc >> 8),
				  (unsigned char)crc};
	enc_base62(out, bytes, sizeof(bytes), CHECK_DIGITS);
}

static int put_secret(const char *prefix, char ret_secret[ID_SECRET_LEN + 1])
{
	char secret[ID_SECRET_LEN + 1] = {0};
	struct buf out;
	buf_init_fixed(&out, secret, ID_SECRET_LEN);
	buf_put(&out, str_of(prefix));
	TRY(put_random(&out, SECRET_DIGITS));
	put_check(&out, buf_str(&out));
	TRY(buf_status(&out));
	memcpy(ret_secret, secret, sizeof(secret));
	secret_wipe(secret, sizeof(secret));
	return 0;
}

int id_secret_new(char ret_secret[ID_SECRET_LEN + 1]) { return put_secret(secret_prefix, ret_secret); }

static bool has_form(const char *prefix, struct str secret)
{
	char check[CHECK_DIGITS];
	struct buf out;
	if (secret.len != ID_SECRET_LEN || !str_has_prefix(secret, str_of(prefix)))
		return false;
	if (!is_base62((struct str){secret.p + PREFIX_LEN, secret.len - PREFIX_LEN}))
		return false;
	struct str covered = {secret.p, secret.len - CHECK_DIGITS};
	buf_init_fixed(&out, check, sizeof(check));
	put_check(&out, covered);
	return secret_eq(check, sizeof(check), covered.p + covered.len, CHECK_DIGITS);
}

bool id_secret_looks_generated(struct str secret) { return has_form(secret_prefix, secret); }

int id_bearer_new(enum id_bearer kind, char ret_text[ID_SECRET_LEN + 1], unsigned char ret_sha256[32])
{
	TRY(put_secret(bearer_prefixes[kind], ret_text));
	return digest_sha256(str_mem(ret_text, ID_SECRET_LEN), ret_sha256);
}

int id_bearer_parse(enum id_bearer kind, struct str text, unsigned char ret_sha256[32])
{
	if (!has_form(bearer_prefixes[kind], text))
		return E_SYNTAX;
	return digest_sha256(text, ret_sha256);
}
