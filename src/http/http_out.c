/*
 * Outgoing requests; see http_out.h. RFC 6890 for special addresses. The only user of libcurl. Must never follow a
 * redirect.
 */
#include "http/http_out.h"

#include <netinet/in.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/secret.h"
#include "http/http_out_curl.h"

struct range {
	unsigned char prefix[16];
	unsigned bits;
};

/* RFC 6890 2.2.2 and later entries of the registry. */
static const struct range special4[] = {
	{{0}, 8},             {{10}, 8},            {{100, 64}, 10},      {{127}, 8},         {{169, 254}, 16},
	{{172, 16}, 12},      {{192, 0, 0}, 24},    {{192, 0, 2}, 24},    {{192, 31, 196}, 24}, {{192, 52, 193}, 24},
	{{192, 88, 99}, 24},  {{192, 168}, 16},     {{192, 175, 48}, 24}, {{198, 18}, 15},    {{198, 51, 100}, 24},
	{{203, 0, 113}, 24},  {{224}, 4},           {{240}, 4},
};
/* Within 2000::/3; everything outside of it is special anyway. */
static const struct range special6[] = {
	{{0x20, 0x01, 0x00}, 23}, /* protocol assignments, Teredo, ORCHID */
	{{0x20, 0x01, 0x0d, 0xb8}, 32},
	{{0x20, 0x02}, 16}, /* 6to4 hides an IPv4 address */
	{{0x26, 0x20, 0x00, 0x4f, 0x80, 0x00}, 48},
	{{0x3f, 0xff}, 20},
};

static bool is_within(const unsigned char *addr, const struct range *range)
{
	unsigned bytes = range->bits / 8, rest = range->bits % 8;
	unsigned char mask = (unsigned char)(0xff00 >> rest);
	return memcmp(addr, range->prefix, bytes) == 0 &&
	       (rest == 0 || ((addr[bytes] ^ range->prefix[bytes]) & mask) == 0);
}

static bool is_public4(const unsigned char addr[4])
{
	for (size_t i = 0; i < sizeof(special4) / sizeof(special4[0]); i++)
		if (is_within(addr, &special4[i]))
			return false;
	return true;
}

static bool is_public6(const unsigned char addr[16])
{
	static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
	static const unsigned char nat64[12] = {0x00, 0x64, 0xff, 0x9b};
	if (memcmp(addr, mapped, 12) == 0 || memcmp(addr, nat64, 12) == 0) /* what counts is the IPv4 address inside */
		return is_public4(addr + 12);
	if ((addr[0] & 0xe0) != 0x20)
		return false;
	for (size_t i = 0; i < sizeof(special6) / sizeof(special6[0]); i++)
		if (is_within(addr, &special6[i]))
			return false;
	return true;
}

bool http_out_is_public(const struct sockaddr *addr)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	if (addr->sa_family == AF_INET) {
		memcpy(&v4, addr, sizeof(v4));
		return is_public4((const unsigned char *)&v4.sin_addr);
	}
	if (addr->sa_family != AF_INET6)
		return false;
	memcpy(&v6, addr, sizeof(v6));
	return is_public6(v6.sin6_addr.s6_addr);
}

bool http_out_is_loopback(const struct sockaddr *addr)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	if (addr->sa_family == AF_INET) {
		memcpy(&v4, addr, sizeof(v4));
		return ntohl(v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	}
	memcpy(&v6, addr, sizeof(v6));
	return addr->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
}

struct transfer {
	const struct http_out_limits *limits;
	bool secure; /* https */
	struct http_out_head head;
	struct buf *out;
	size_t head_len, body_len;
	bool opened; /* a socket was opened, so scheme and address were in order */
	int answered; /* the status of the answer */
	curl_off_t retry_after_s;
	int status;  /* our own refusal, behind curl's general one */
};

static bool may_connect(const struct transfer *transfer, const struct sockaddr *addr)
{
	const struct http_out_limits *limits = transfer->limits;
	if (!limits->allow_private && !http_out_is_public(addr))
		return false;
	return transfer->secure || !limits->http_near_only || http_out_is_loopback(addr);
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct transfer *transfer = arg;
	if (purpose != CURLSOCKTYPE_IPCXN || !may_connect(transfer, &address->addr)) {
		transfer->status = E_INVALID_REQUEST;
		return CURL_SOCKET_BAD;
	}
	transfer->opened = true;
	transfer->status = 0; /* another address of the same name was refused before */
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t take_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct transfer *transfer = arg;
	size_t len = size * n; /* size is 1, by libcurl's promise */
	if (len > transfer->limits->max_bytes - transfer->body_len) {
		transfer->status = E_LIMIT;
		return 0;
	}
	buf_put_mem(transfer->out, bytes, len);
	transfer->body_len += len;
	transfer->status = buf_status(transfer->out);
	return transfer->status < 0 ? 0 : len;
}

static size_t take_head(char *bytes, size_t size, size_t n, void *arg)
{
	struct transfer *transfer = arg;
	transfer->head_len += size * n;
	if (transfer->head_len <= HTTP_OUT_HEAD_MAX) {
		http_out_head_line(&transfer->head, str_mem(bytes, size * n)); /* libcurl hands over whole lines */
		return size * n;
	}
	transfer->status = E_LIMIT;
	return 0;
}

static int ask_cancel(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const struct transfer *transfer = arg;
	(void)a, (void)b, (void)c, (void)d;
	return transfer->limits->cancel && atomic_load(transfer->limits->cancel);
}

static CURLcode set_callbacks(CURL *curl, struct transfer *transfer)
{
	CURLcode rc = http_out_curl()->easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	rc = rc ? rc : http_out_curl()->easy_setopt(curl, CURLOPT_OPENSOCKETDATA, transfer);
	rc = rc ? rc : http_out_curl()->easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	rc = rc ? rc : http_out_curl()->easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
	rc = rc ? rc : http_out_curl()->easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_head);
	rc = rc ? rc : http_out_curl()->easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, ask_cancel);
	rc = rc ? rc : http_out_curl()->easy_setopt(curl, CURLOPT_XFERINFODATA, transfer);
	rc = rc ? rc : http_out_curl()->easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	return rc ? rc : http_out_curl()->easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
}

static CURLcode set_options(CURL *curl, const char *url, const struct http_out_limits *limits)
{
	const struct {
		CURLoption option;
		long value;
	} numbers[] = {
		{CURLOPT_NOSIGNAL, 1},         {CURLOPT_TIMEOUT_MS, (long)limits->timeout_ms},
		{CURLOPT_FOLLOWLOCATION, 0},   {CURLOPT_DISALLOW_USERNAME_IN_URL, 1},
		{CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1}, {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
	};
	CURLcode rc = CURLE_OK;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]) && rc == CURLE_OK; i++)
		rc = http_out_curl()->easy_setopt(curl, numbers[i].option, numbers[i].value);
	rc = rc ? rc
		: http_out_curl()->easy_setopt(curl, CURLOPT_PROTOCOLS_STR,
					       limits->allow_http ? "http,https" : "https");
	if (limits->ca_file)
		rc = rc ? rc : http_out_curl()->easy_setopt(curl, CURLOPT_CAINFO, limits->ca_file);
	rc = rc ? rc
		: http_out_curl()->easy_setopt(curl, CURLOPT_PROXY,
					       ""); /* behind a proxy the address could not be judged */
	rc = rc ? rc : http_out_curl()->easy_setopt(curl, CURLOPT_USERAGENT, "mintmark/" MINTMARK_VERSION);
	if (limits->why) {
		limits->why[0] = '\0';
		rc = rc ? rc : http_out_curl()->easy_setopt(curl, CURLOPT_ERRORBUFFER, limits->why);
	}
	return rc ? rc : http_out_curl()->easy_setopt(curl, CURLOPT_URL, url);
}

static int code_of(CURLcode rc, const struct transfer *transfer)
{
	static const struct {
		CURLcode from;
		int to;
	} rows[] = {
		{CURLE_URL_MALFORMAT, E_SYNTAX},         {CURLE_LOGIN_DENIED, E_SYNTAX},
		{CURLE_UNSUPPORTED_PROTOCOL, E_INVALID_REQUEST}, {CURLE_OPERATION_TIMEDOUT, E_TIMEOUT},
		{CURLE_OUT_OF_MEMORY, E_NOMEM},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		/* HTTP/0.9 is called an unsupported protocol too */
		if (rows[i].from == rc && (rc != CURLE_UNSUPPORTED_PROTOCOL || !transfer->opened))
			return rows[i].to;
	return transfer->status < 0 ? transfer->status : E_IO;
}

static void keep_type(CURL *curl, struct http_out_head *head)
{
	char *type = NULL;
	if (http_out_curl()->easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type) == CURLE_OK)
		http_out_head_type(head, str_of(type));
}

/* Header lists of libcurl hold copies; ours may be credentials. */
static void drop_fields(struct curl_slist **fields)
{
	for (struct curl_slist *field = *fields; field; field = field->next)
		secret_wipe(field->data, strlen(field->data));
	if (*fields)
		http_out_curl()->slist_free_all(*fields);
}

static int add_field(struct curl_slist **fields, struct str field)
{
	_cleanup_(buf_done) struct buf line;
	buf_init(&line, HTTP_OUT_FIELD_MAX);
	if (memchr(field.p, '\r', field.len) || memchr(field.p, '\n', field.len) || memchr(field.p, '\0', field.len))
		return E_SYNTAX;
	buf_put(&line, field);
	buf_put_char(&line, '\0');
	TRY(buf_status(&line));
	struct curl_slist *longer = fault_hit(FAULT_ALLOC) ? NULL : http_out_curl()->slist_append(*fields, line.p);
	if (!longer)
		return E_NOMEM;
	*fields = longer;
	return 0;
}

/* The body is not copied. One of no bytes says so by its length and has no type. */
static CURLcode set_body(CURL *curl, const struct http_out_request *request)
{
	const char *body = request->body.len > 0 ? request->body.p : "";
	CURLcode rc = http_out_curl()->easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
	return rc ? rc : http_out_curl()->easy_setopt(curl, CURLOPT_POSTFIELDS, body);
}

static int set_request(CURL *curl, const struct http_out_request *request, struct curl_slist **fields)
{
	bool has_body = request->body.len > 0 || request->method[0] == 'P'; /* POST, PUT, PATCH */
	for (size_t i = 0; i < request->n_headers; i++)
		TRY(add_field(fields, request->headers[i]));
	if (request->body.len == 0)
		TRY(add_field(fields, STR("Content-Type:")));
	CURLcode rc = http_out_curl()->easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	if (rc == CURLE_OK && has_body)
		rc = set_body(curl, request);
	rc = rc ? rc : http_out_curl()->easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
	rc = rc ? rc : http_out_curl()->easy_setopt(curl, CURLOPT_HTTPHEADER, *fields);
	return rc == CURLE_OK ? 0 : E_NOMEM;
}

/* request: NULL for a plain GET. */
static int run(CURL *curl, const char *url, const struct http_out_request *request, struct transfer *transfer)
{
	_cleanup_(drop_fields) struct curl_slist *fields = NULL;
	long status = 0;
	if (set_options(curl, url, transfer->limits) != CURLE_OK || set_callbacks(curl, transfer) != CURLE_OK)
		return E_NOMEM;
	if (request)
		TRY(set_request(curl, request, &fields));
	CURLcode rc = http_out_curl()->easy_perform(curl);
	if (rc != CURLE_OK)
		return code_of(rc, transfer);
	if (http_out_curl()->easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK)
		return E_IO;
	transfer->answered = (int)status;
	if (http_out_curl()->easy_getinfo(curl, CURLINFO_RETRY_AFTER, &transfer->retry_after_s) != CURLE_OK)
		transfer->retry_after_s = 0;
	keep_type(curl, &transfer->head);
	return 0;
}

static int copy_url(struct str url, char ret_text[HTTP_OUT_URL_MAX + 1])
{
	if (url.len == 0 || url.len > HTTP_OUT_URL_MAX || memchr(url.p, '\0', url.len))
		return E_SYNTAX;
	memcpy(ret_text, url.p, url.len);
	ret_text[url.len] = '\0';
	return 0;
}

static int perform(struct str url, const struct http_out_request *request, struct transfer *transfer)
{
	static const struct str https = {"https://", 8};
	char text[HTTP_OUT_URL_MAX + 1];
	TRY(transfer->limits->timeout_ms == 0 ? E_SYNTAX : copy_url(url, text));
	transfer->secure = url.len > https.len && str_eq_ci(str_mem(url.p, https.len), https);
	if (!http_out_curl())
		return E_IO;
	CURL *curl = fault_hit(FAULT_ALLOC) ? NULL : http_out_curl()->easy_init();
	if (!curl)
		return E_NOMEM;
	int rc = fault_hit(FAULT_NETWORK) ? E_IO : run(curl, text, request, transfer);
	http_out_curl()->easy_cleanup(curl);
	return rc;
}

int http_out_get_head(struct str url, const struct http_out_limits *limits, struct buf *out,
		      struct http_out_head *ret_head)
{
	struct transfer transfer = {.limits = limits, .out = out, .head.max_age_s = -1};
	size_t start = out->len;
	int rc = perform(url, NULL, &transfer);
	if (rc == 0 && transfer.answered != 200)
		rc = E_NOT_FOUND;
	if (rc < 0) {
		out->len = start;
		return rc;
	}
	*ret_head = transfer.head;
	return 0;
}

int http_out_send(const struct http_out_request *request, const struct http_out_limits *limits, struct buf *out,
		  struct http_out_answer *ret_answer)
{
	struct transfer transfer = {.limits = limits, .out = out, .head.max_age_s = -1};
	size_t start = out->len;
	int rc = perform(request->url, request, &transfer);
	if (rc < 0) {
		if (out->len > start) /* an answer may hold a secret */
			secret_wipe(out->p + start, out->len - start);
		out->len = start;
		return rc;
	}
	*ret_answer = (struct http_out_answer){transfer.answered, transfer.head, transfer.retry_after_s};
	return 0;
}

int http_out_get(struct str url, const struct http_out_limits *limits, struct buf *out)
{
	struct http_out_head head;
	return http_out_get_head(url, limits, out, &head);
}

static void free_url(CURLU **url) { http_out_curl()->url_cleanup(*url); }
static void free_part(char **part) { http_out_curl()->free(*part); }

static bool is_same_part(CURLU *a, CURLU *b, CURLUPart part)
{
	_cleanup_(free_part) char *x = NULL, *y = NULL;
	return http_out_curl()->url_get(a, part, &x, CURLU_DEFAULT_PORT) == CURLUE_OK &&
	       http_out_curl()->url_get(b, part, &y, CURLU_DEFAULT_PORT) == CURLUE_OK &&
	       str_eq_ci(str_of(x), str_of(y));
}

bool http_out_same_origin(struct str a, struct str b)
{
	char text_a[HTTP_OUT_URL_MAX + 1], text_b[HTTP_OUT_URL_MAX + 1];
	if (copy_url(a, text_a) < 0 || copy_url(b, text_b) < 0 || !http_out_curl())
		return false;
	_cleanup_(free_url) CURLU *x = http_out_curl()->url(), *y = http_out_curl()->url();
	return x && y && http_out_curl()->url_set(x, CURLUPART_URL, text_a, CURLU_DISALLOW_USER) == CURLUE_OK &&
	       http_out_curl()->url_set(y, CURLUPART_URL, text_b, CURLU_DISALLOW_USER) == CURLUE_OK &&
	       is_same_part(x, y, CURLUPART_SCHEME) && is_same_part(x, y, CURLUPART_HOST) &&
	       is_same_part(x, y, CURLUPART_PORT);
}
