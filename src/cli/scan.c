/* The search; see scan.h. */
#include "cli/scan.h"

enum { PIECE = 65536 };

static const struct {
	const char *prefix, *kind;
} kinds[] = {
	{"mms_", "client secret"},      {"mmo_", "authorization code"},         {"mmf_", "refresh token"},
	{"mmd_", "device code"},        {"mml_", "link of a mail"},             {"mmb_", "session cookie"},
	{"mmn_", "registration token"}, {"mmp_", "pushed authorization request"},
};

const char *scan_kind(struct str secret)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (str_has_prefix(secret, str_of(kinds[i].prefix)))
			return kinds[i].kind;
	return "secret";
}

static bool is_secret(struct str text)
{
	unsigned char sha256[32];
	bool found = id_secret_looks_generated(text);
	for (int kind = 0; kind < BEARERS && !found; kind++)
		found = id_bearer_parse((enum id_bearer)kind, text, sha256) == 0;
	return found;
}

void scan_begin(struct scan *scan, scan_hit_fn *hit, void *arg)
{
	*scan = (struct scan){.hit = hit, .arg = arg, .line = 1};
}

/* All that begin within the first `starts` bytes, which are those that have a whole secret's length behind them. */
static void look(struct scan *scan, struct str bytes, size_t starts)
{
	for (size_t i = 0; i < starts; i++) {
		if (bytes.p[i] == '\n')
			scan->line++;
		if (bytes.p[i] != 'm' || i + ID_SECRET_LEN > bytes.len || bytes.p[i + 1] != 'm' ||
		    bytes.p[i + 3] != '_')
			continue;
		struct str text = {bytes.p + i, ID_SECRET_LEN};
		if (is_secret(text))
			scan->hit(scan->arg, text, scan->line);
	}
}

static void feed_piece(struct scan *scan, struct str bytes)
{
	char joined[ID_SECRET_LEN + PIECE];
	size_t len = scan->tail_len + bytes.len;
	memcpy(joined, scan->tail, scan->tail_len);
	memcpy(joined + scan->tail_len, bytes.p, bytes.len);
	size_t keep = len < ID_SECRET_LEN - 1 ? len : ID_SECRET_LEN - 1;
	look(scan, str_mem(joined, len), len - keep);
	memcpy(scan->tail, joined + len - keep, keep);
	scan->tail_len = keep;
	secret_wipe(joined, len);
}

void scan_feed(struct scan *scan, struct str bytes)
{
	while (bytes.len > 0) {
		size_t n = bytes.len < PIECE ? bytes.len : PIECE;
		feed_piece(scan, str_mem(bytes.p, n));
		bytes = str_mem(bytes.p + n, bytes.len - n);
	}
}
