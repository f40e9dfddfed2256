/*
 * The head of a request, strictly (RFC 9112 2-6): line by line, a row of a table per header that matters to framing.
 * Pure: no sockets, no clock, no heap. Must never repair anything: what is not in the grammar is refused.
 */
#include "http/bytes.h"
#include "http/request.h"

enum { METHOD_MAX = 16 };

/* What the framing headers said; judged once the head is complete. */
struct framing {
	struct http_request *request;
	struct str authority; /* of an absolute-form target */
	bool has_host, has_length, has_coding, is_chunked;
	bool close, keep, odd_expect;
	bool length_too_large;
};

/*
 * One line without its CRLF. Every byte is judged before the line's meaning is, so that a prefix of a bad line is bad
 * already. RFC 9112 2.2: a bare CR or LF is refused, never taken for a line end.
 */
static int take_line(struct str bytes, struct str *ret_line)
{
	size_t n = 0;
	while (n < bytes.len && bytes_is(bytes.p[n], BYTES_TEXT))
		n++;
	if (n == bytes.len)
		return E_WOULD_BLOCK;
	if (bytes.p[n] != '\r')
		return E_SYNTAX;
	if (n + 1 == bytes.len)
		return E_WOULD_BLOCK;
	if (bytes.p[n + 1] != '\n')
		return E_SYNTAX;
	*ret_line = (struct str){bytes.p, n};
	return 0;
}

static bool all_of(struct str s, unsigned class)
{
	for (size_t i = 0; i < s.len; i++)
		if (!bytes_is(s.p[i], class))
			return false;
	return true;
}

/* RFC 3986 2.1: a percent sign is followed by two hexadecimal digits. */
static bool percents_fit(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] == '%' &&
		    (s.len - i < 3 || !bytes_is(s.p[i + 1], BYTES_HEX) || !bytes_is(s.p[i + 2], BYTES_HEX)))
			return false;
	return true;
}

static int take_origin_form(struct str target, struct http_request *request)
{
	request->path = target;
	request->query = (struct str){"", 0};
	request->has_query = str_cut(target, '?', &request->path, &request->query);
	if (!all_of(request->path, BYTES_TARGET) || !percents_fit(target)) /* RFC 9112 3.2.1 */
		return E_SYNTAX;
	/* filter[eq]=x: RFC 3986 3.4 has no brackets, yet everybody sends them, and nobody reads them in two ways */
	return all_of(request->query, BYTES_TARGET | BYTES_QUERY) ? 0 : E_SYNTAX;
}

/* Length of "http://" or "https://" at the front, or 0. */
static size_t scheme_len(struct str target)
{
	static const struct str schemes[] = {{"http://", 7}, {"https://", 8}};
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (target.len >= schemes[i].len && str_eq_ci((struct str){target.p, schemes[i].len}, schemes[i]))
			return schemes[i].len;
	return 0;
}

/* RFC 9112 3.2.2: a server takes absolute-form too, and its authority replaces the Host header. */
static int take_absolute_form(struct str target, struct framing *framing)
{
	struct http_request *request = framing->request;
	size_t at = scheme_len(target);
	if (at == 0)
		return E_SYNTAX;
	struct str rest = {target.p + at, target.len - at};
	size_t end = 0;
	while (end < rest.len && rest.p[end] != '/' && rest.p[end] != '?')
		end++;
	framing->authority = (struct str){rest.p, end};
	if (!http_host_is_valid(framing->authority)) /* RFC 9110 4.2.4: user information is refused by this */
		return E_SYNTAX;
	TRY(take_origin_form((struct str){rest.p + end, rest.len - end}, request));
	if (request->path.len == 0) /* RFC 9112 3.2.1 and 3.2.4: an empty path is "/", for OPTIONS without query "*" */
		request->path = str_eq(request->method, STR("OPTIONS")) && !request->has_query ? STR("*") : STR("/");
	return 0;
}

static int take_target(struct str target, struct framing *framing)
{
	struct http_request *request = framing->request;
	if (target.len > 0 && target.p[0] == '/')
		return take_origin_form(target, request);
	if (str_eq(target, STR("*")) && str_eq(request->method, STR("OPTIONS"))) { /* RFC 9112 3.2.4 */
		request->path = target;
		request->query = (struct str){"", 0};
		request->has_query = false;
		return 0;
	}
	return take_absolute_form(target, framing);
}

/* RFC 9112 2.3: "HTTP/" DIGIT "." DIGIT, case-sensitive. */
static int take_version(struct str version, struct http_request *request)
{
	if (version.len != 8 || !str_has_prefix(version, STR("HTTP/")) || version.p[6] != '.' ||
	    !bytes_is(version.p[5], BYTES_DIGIT) || !bytes_is(version.p[7], BYTES_DIGIT))
		return E_SYNTAX;
	if (version.p[5] != '1')
		return E_HTTP_VERSION;
	request->minor = version.p[7] == '0' ? 0 : 1; /* RFC 9110 2.5: a higher minor version is spoken to as 1.1 */
	return 0;
}

/* RFC 9112 3: method SP target SP version, single spaces. */
static int take_request_line(struct str line, struct framing *framing)
{
	struct http_request *request = framing->request;
	struct str method, target, version;
	if (!str_cut(line, ' ', &method, &version) || !str_cut(version, ' ', &target, &version))
		return E_SYNTAX;
	if (method.len == 0 || method.len > METHOD_MAX || !all_of(method, BYTES_UPPER))
		return E_SYNTAX;
	TRY(take_version(version, request));
	request->method = method;
	return take_target(target, framing);
}

static int take_host(struct str value, struct framing *framing)
{
	/* RFC 9112 3.2: more than one Host, or an invalid one, is 400. */
	if (framing->has_host || !http_host_is_valid(value))
		return E_SYNTAX;
	framing->has_host = true;
	framing->request->host = value;
	return 0;
}

static int take_length(struct str value, struct framing *framing)
{
	uint64_t length = 0;
	/* RFC 9112 6.3: one decimal number; lists and repetitions are refused even when the values agree. */
	if (framing->has_length)
		return E_SYNTAX;
	int rc = str_to_u64(value, HTTP_BODY_MAX, &length);
	if (rc == E_LIMIT && all_of(value, BYTES_DIGIT))
		framing->length_too_large = true;
	else if (rc < 0)
		return E_SYNTAX;
	framing->has_length = true;
	framing->request->content_length = length;
	return 0;
}

static int take_coding(struct str value, struct framing *framing)
{
	if (framing->has_coding) /* RFC 9112 6.1: chunked is applied once */
		return E_SYNTAX;
	framing->has_coding = true;
	framing->is_chunked = str_eq_ci(value, STR("chunked"));
	return 0;
}

/* RFC 9112 9.3 and 9.6: a list of options; "close" beats "keep-alive". */
static int take_connection(struct str value, struct framing *framing)
{
	struct str option, rest = value;
	bool more = true;
	while (more) {
		more = str_cut(rest, ',', &option, &rest);
		struct str trimmed = str_trim_ows(more ? option : rest);
		framing->close |= str_eq_ci(trimmed, STR("close"));
		framing->keep |= str_eq_ci(trimmed, STR("keep-alive"));
	}
	return 0;
}

static int take_expect(struct str value, struct framing *framing)
{
	if (str_eq_ci(value, STR("100-continue")))
		framing->request->expect_continue = true;
	else
		framing->odd_expect = true;
	return 0;
}

static const struct {
	struct str name;
	int (*take)(struct str value, struct framing *framing);
} framing_rows[] = {
	{{"host", 4}, take_host},
	{{"connection", 10}, take_connection},
	{{"content-length", 14}, take_length},
	{{"transfer-encoding", 17}, take_coding},
	{{"expect", 6}, take_expect},
};

/* RFC 9112 5: name ":" OWS value OWS. No space before the colon (5.1), no folded line (5.2). */
static int take_header(struct str line, struct framing *framing)
{
	struct http_request *request = framing->request;
	struct http_header header;
	if (!str_cut(line, ':', &header.name, &header.value))
		return E_SYNTAX;
	if (header.name.len == 0 || !all_of(header.name, BYTES_TOKEN))
		return E_SYNTAX;
	if (request->n_headers == HTTP_HEADERS_MAX)
		return E_HEAD_TOO_LARGE;
	header.value = str_trim_ows(header.value);
	request->headers[request->n_headers++] = header;
	for (size_t i = 0; i < sizeof(framing_rows) / sizeof(framing_rows[0]); i++)
		if (str_eq_ci(header.name, framing_rows[i].name))
			return framing_rows[i].take(header.value, framing);
	return 0;
}

/*
 * Judge what only the whole head can tell. The order of the checks is part of the verdict: grammar before ability
 * before size.
 */
static int judge(struct framing *framing)
{
	struct http_request *request = framing->request;
	if (request->minor >= 1 && !framing->has_host) /* RFC 9112 3.2 */
		return E_SYNTAX;
	if (framing->has_length && framing->has_coding) /* RFC 9112 6.3: request smuggling; never "the last one wins" */
		return E_SYNTAX;
	if (framing->has_coding && request->minor == 0) /* RFC 9112 6.1: HTTP/1.0 knows no transfer codings */
		return E_SYNTAX;
	if (framing->has_coding && !framing->is_chunked) /* RFC 9112 6.1 */
		return E_NOT_IMPLEMENTED;
	if (framing->length_too_large)
		return E_TOO_LARGE;
	if (framing->odd_expect) /* RFC 9110 10.1.1 */
		return E_EXPECTATION_FAILED;
	if (request->minor == 0) /* RFC 9110 10.1.1: ignored in HTTP/1.0 */
		request->expect_continue = false;
	if (framing->authority.len > 0)
		request->host = framing->authority;
	request->chunked = framing->is_chunked;
	request->keep_alive = !framing->close && (request->minor >= 1 || framing->keep);
	return 0;
}

static void clear(struct http_request *request)
{
	request->host = (struct str){"", 0};
	request->body = (struct str){"", 0};
	request->keep_alive = request->expect_continue = request->chunked = false;
	request->content_length = 0;
	request->n_headers = 0;
}

/* All lines up to the empty one. *at: where the next line starts. */
static int take_lines(struct str bytes, struct framing *framing, size_t *at)
{
	struct str line;
	bool first = true;
	for (;;) {
		TRY(take_line((struct str){bytes.p + *at, bytes.len - *at}, &line));
		*at += line.len + 2;
		if (line.len == 0 && !first)
			return 0;
		TRY(first ? take_request_line(line, framing) : take_header(line, framing));
		first = false;
	}
}

int http_request_head(struct str bytes, struct http_request *ret_request, size_t *ret_used)
{
	struct framing framing = {.request = ret_request};
	size_t at = 0;
	bool at_limit = bytes.len >= HTTP_HEAD_MAX;
	if (at_limit)
		bytes.len = HTTP_HEAD_MAX;
	if (bytes.len >= 2 && bytes.p[0] == '\r' && bytes.p[1] == '\n') /* RFC 9112 2.2: one empty line is forgiven */
		at = 2;
	clear(ret_request);
	int rc = take_lines(bytes, &framing, &at);
	if (rc == E_WOULD_BLOCK && at_limit)
		return E_HEAD_TOO_LARGE;
	TRY(rc);
	TRY(judge(&framing));
	*ret_used = at;
	return 0;
}
