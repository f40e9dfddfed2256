/*
 * The few header fields of an answer that matter to whoever fetches documents; see http_out.h. RFC 9111 5.2.2
 * (Cache-Control), RFC 9110 8.3 (Content-Type). Reads strangers' bytes.
 */
#include "http/http_out.h"

static const struct str field = {"cache-control:", 14};

static bool has_prefix_ci(struct str s, struct str prefix)
{
	return s.len >= prefix.len && str_eq_ci(str_mem(s.p, prefix.len), prefix);
}

static void read_directive(struct http_out_head *head, struct str directive)
{
	static const struct str max_age = {"max-age=", 8};
	uint64_t value_s;
	if (str_eq_ci(directive, STR("no-store")) || str_eq_ci(directive, STR("no-cache")))
		head->max_age_s = 0;
	else if (head->max_age_s != 0 && has_prefix_ci(directive, max_age) &&
		 str_to_u64(str_mem(directive.p + max_age.len, directive.len - max_age.len), INT32_MAX, &value_s) == 0)
		head->max_age_s = (int64_t)value_s;
}

void http_out_head_line(struct http_out_head *head, struct str line)
{
	struct str directive, rest;
	while (line.len > 0 && (line.p[line.len - 1] == '\n' || line.p[line.len - 1] == '\r'))
		line.len--;
	if (!has_prefix_ci(line, field))
		return;
	rest = str_mem(line.p + field.len, line.len - field.len);
	while (str_cut(rest, ',', &directive, &rest))
		read_directive(head, str_trim_ows(directive));
	read_directive(head, str_trim_ows(rest));
}

void http_out_head_type(struct http_out_head *head, struct str type)
{
	type = str_trim_ows(str_mem(type.p, str_find(type, ';')));
	if (type.len >= sizeof(head->type))
		return;
	for (size_t i = 0; i < type.len; i++)
		head->type[i] = (char)(type.p[i] >= 'A' && type.p[i] <= 'Z' ? type.p[i] + 'a' - 'A' : type.p[i]);
	head->type[type.len] = '\0';
}
