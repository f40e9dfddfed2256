/* getrandom(2), plain and pooled per thread; see rand.h. Processes start by exec, so a pool is never inherited. */
#include "base/rand.h"

#include <errno.h>
#include <sys/random.h>

#include "base/enc.h"
#include "base/fault.h"
#include "base/secret.h"

int rand_bytes(void *ret_bytes, size_t n)
{
	unsigned char *p = ret_bytes;
	if (fault_hit(FAULT_RANDOM))
		return E_RANDOM;
	while (n > 0) {
		ssize_t got = getrandom(p, n, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return E_RANDOM;
		p += got;
		n -= (size_t)got;
	}
	return 0;
}

int rand_public(void *ret_bytes, size_t n)
{
	static _Thread_local unsigned char pool[1024];
	static _Thread_local size_t left;
	if (n > 64)
		return E_RANDOM;
	if (left < n) {
		TRY(rand_bytes(pool, sizeof(pool)));
		left = sizeof(pool);
	}
	left -= n;
	memcpy(ret_bytes, pool + left, n);
	secret_wipe(pool + left, n);
	return 0;
}

struct str rand_id(char ret_id[RAND_ID_LEN + 1])
{
	unsigned char random[RAND_ID_LEN * 3 / 4];
	struct buf out;
	buf_init_fixed(&out, ret_id, RAND_ID_LEN);
	if (rand_public(random, sizeof(random)) == 0)
		enc_b64url(&out, str_mem(random, sizeof(random)));
	ret_id[out.len] = '\0';
	return buf_str(&out);
}
