/* Looking into the embedded description of the management API; see management.h. Pure. */
#include "admin/management.h"

#include "json/json.h"

const struct management_row *management_find(struct str op)
{
	for (size_t i = 0; i < management_n_rows; i++)
		if (str_eq(op, str_of(management_rows[i].op)))
			return &management_rows[i];
	return NULL;
}

/* As the inside of a JSON string, without a slash at the end. */
static void put_issuer(struct str issuer, struct buf *out)
{
	size_t start = out->len;
	json_put_quoted(out, str_trim_end(issuer, '/'));
	if (buf_status(out) < 0)
		return;
	out->len--;
	memmove(out->p + start, out->p + start + 1, out->len - start - 1);
	out->len--;
}

void management_put(struct str issuer, struct buf *out)
{
	struct str mark = STR(MANAGEMENT_ISSUER), rest = {management_text, management_text_len};
	for (;;) {
		const char *at = memmem(rest.p, rest.len, mark.p, mark.len);
		if (!at)
			break;
		size_t before = (size_t)(at - rest.p);
		buf_put(out, str_mem(rest.p, before));
		put_issuer(issuer, out);
		rest = str_mem(at + mark.len, rest.len - before - mark.len);
	}
	buf_put(out, rest);
}
