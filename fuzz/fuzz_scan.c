/* Searching for secrets: what is found does not depend on how the bytes are cut, and is one by its own form. */
#include <stdlib.h>

#include "cli/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HITS_MAX = 64 };

struct found {
	size_t n;
	uint64_t lines[HITS_MAX];
	size_t lengths[HITS_MAX];
	const char *kinds[HITS_MAX];
};

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void hit(void *arg, const struct scan_hit *hit)
{
	struct found *found = arg;
	check(hit->line > 0 && hit->kind && (scan_is_token(hit->secret) || hit->secret.len == ID_SECRET_LEN));
	if (found->n < HITS_MAX) {
		found->lines[found->n] = hit->line;
		found->lengths[found->n] = hit->secret.len;
		found->kinds[found->n] = hit->kind;
	}
	found->n++;
}

/* step: bytes at once, from the second piece on */
static void search(struct str text, size_t first, size_t step, struct found *found)
{
	static struct scan scan;
	static const struct scan_wish wish = {{"https://a", 9}, 1700000000};
	*found = (struct found){0};
	scan_begin(&scan, &wish, hit, found);
	for (size_t n = first; text.len > 0; n = step) {
		n = n < text.len ? n : text.len;
		scan_feed(&scan, str_mem(text.p, n));
		text = str_mem(text.p + n, text.len - n);
	}
	scan_end(&scan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct found whole, cut;
	if (size < 2)
		return 0;
	struct str text = str_mem(data + 2, size - 2);
	search(text, SIZE_MAX, SIZE_MAX, &whole);
	search(text, (size_t)data[0] * 64 + 1, (size_t)data[1] * 64 + 1, &cut);
	check(whole.n == cut.n);
	for (size_t i = 0; i < whole.n && i < HITS_MAX; i++)
		check(whole.lines[i] == cut.lines[i] && whole.lengths[i] == cut.lengths[i] &&
		      whole.kinds[i] == cut.kinds[i]);
	return 0;
}
