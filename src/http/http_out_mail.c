/* See http_out_mail.h. RFC 5321, RFC 3207 (STARTTLS), RFC 8314 (smtps). Must never send a mail, or a password, in clear
 * beyond this machine. */
#include "http/http_out_mail.h"

#include <netinet/in.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/fault.h"
#include "http/http_out_curl.h"

enum { URL_ROOM = 512, WORD_ROOM = 512 };

struct transfer {
	const struct http_out_limits *limits;
	struct str left;   /* of the text */
	struct http_out_wire *wire;
	bool clear;        /* no TLS: from loopback to loopback */
	bool refused;      /* an address beyond, without TLS */
};

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct transfer *transfer = arg;
	if (purpose != CURLSOCKTYPE_IPCXN || (transfer->clear && !http_out_is_loopback(&address->addr))) {
		transfer->refused = true;
		return CURL_SOCKET_BAD;
	}
	pthread_mutex_lock(&transfer->wire->lock);
	int fd = -1;
	if (!transfer->wire->cut)
		fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
	transfer->wire->fd = fd;
	pthread_mutex_unlock(&transfer->wire->lock);
	return fd;
}

static int close_socket(void *arg, curl_socket_t fd)
{
	struct transfer *transfer = arg;
	pthread_mutex_lock(&transfer->wire->lock);
	if (transfer->wire->fd == fd)
		transfer->wire->fd = -1;
	int rc = close(fd);
	pthread_mutex_unlock(&transfer->wire->lock);
	return rc;
}

void http_out_mail_cut(struct http_out_wire *wire)
{
	pthread_mutex_lock(&wire->lock);
	wire->cut = true;
	if (wire->fd >= 0)
		(void)shutdown(wire->fd, SHUT_RDWR);
	pthread_mutex_unlock(&wire->lock);
}

static size_t give_text(char *bytes, size_t size, size_t n, void *arg)
{
	struct transfer *transfer = arg;
	size_t len = size * n < transfer->left.len ? size * n : transfer->left.len;
	if (len > 0)
		memcpy(bytes, transfer->left.p, len);
	transfer->left = (struct str){transfer->left.p + len, transfer->left.len - len};
	return len;
}

static size_t drop(char *bytes, size_t size, size_t n, void *arg)
{
	(void)bytes, (void)arg;
	return size * n;
}

static int ask_cancel(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const struct transfer *transfer = arg;
	(void)a, (void)b, (void)c, (void)d;
	return transfer->limits->cancel && atomic_load(transfer->limits->cancel);
}

/* The host of "scheme://host:port", without brackets. */
static struct str host_of(struct str relay)
{
	struct str scheme, rest, port;
	if (!str_cut(relay, ':', &scheme, &rest) || rest.len < 3)
		return (struct str){0};
	rest = (struct str){rest.p + 2, rest.len - 2};
	if (rest.p[0] == '[')
		return (struct str){rest.p + 1, str_find(rest, ']') - 1};
	struct str host = rest;
	return str_cut(rest, ':', &host, &port) ? host : rest;
}

static bool is_near(struct str host)
{
	unsigned char addr[16];
	return str_eq_ci(host, STR("localhost")) || (addr_parse(host, addr) == 0 && addr_is_loopback(addr));
}

/* Nothing that could end an SMTP command or begin a parameter. */
static bool is_plain(struct str address)
{
	for (size_t i = 0; i < address.len; i++)
		if (address.p[i] <= ' ' || address.p[i] > '~' || address.p[i] == '<' || address.p[i] == '>')
			return false;
	return address.len > 0;
}

static int copy(struct str text, char ret_word[WORD_ROOM])
{
	if (text.len >= WORD_ROOM || (text.len > 0 && memchr(text.p, '\0', text.len)))
		return E_SYNTAX;
	if (text.len > 0)
		memcpy(ret_word, text.p, text.len);
	ret_word[text.len] = '\0';
	return 0;
}

static CURLcode set_callbacks(CURL *curl, struct transfer *transfer)
{
	const struct http_out_curl *api = http_out_curl();
	CURLcode rc = api->easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	rc = rc ? rc : api->easy_setopt(curl, CURLOPT_OPENSOCKETDATA, transfer);
	rc = rc ? rc : api->easy_setopt(curl, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
	rc = rc ? rc : api->easy_setopt(curl, CURLOPT_CLOSESOCKETDATA, transfer);
	rc = rc ? rc : api->easy_setopt(curl, CURLOPT_READFUNCTION, give_text);
	rc = rc ? rc : api->easy_setopt(curl, CURLOPT_READDATA, transfer);
	rc = rc ? rc : api->easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop);
	rc = rc ? rc : api->easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, ask_cancel);
	return rc ? rc : api->easy_setopt(curl, CURLOPT_XFERINFODATA, transfer);
}

static CURLcode set_numbers(CURL *curl, const struct transfer *transfer)
{
	const struct {
		CURLoption option;
		long value;
	} numbers[] = {
		{CURLOPT_NOSIGNAL, 1}, {CURLOPT_TIMEOUT_MS, (long)transfer->limits->timeout_ms}, {CURLOPT_UPLOAD, 1},
		{CURLOPT_NOPROGRESS, 0}, {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
		/* RFC 3207 4: without it the transfer fails before MAIL FROM */
		{CURLOPT_USE_SSL, transfer->clear ? CURLUSESSL_NONE : CURLUSESSL_ALL},
	};
	CURLcode rc = CURLE_OK;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]) && rc == CURLE_OK; i++)
		rc = http_out_curl()->easy_setopt(curl, numbers[i].option, numbers[i].value);
	return rc;
}

static CURLcode set_login(CURL *curl, const struct http_out_mail *mail)
{
	char word[WORD_ROOM];
	if (mail->user.len == 0)
		return CURLE_OK;
	CURLcode rc = copy(mail->user, word) < 0 ? CURLE_URL_MALFORMAT
						 : http_out_curl()->easy_setopt(curl, CURLOPT_USERNAME, word);
	if (rc == CURLE_OK)
		rc = copy(str_mem(mail->password.p, mail->password.len), word) < 0
			     ? CURLE_URL_MALFORMAT
			     : http_out_curl()->easy_setopt(curl, CURLOPT_PASSWORD, word);
	secret_wipe(word, sizeof(word));
	return rc;
}

/* What curl's URL says behind the host is our name in EHLO: the sender's domain, for the machine's is nobody's. */
static CURLcode set_relay(CURL *curl, const struct http_out_mail *mail)
{
	char url[URL_ROOM], from[WORD_ROOM];
	struct buf text;
	struct str local, domain = {0};
	buf_init_fixed(&text, url, sizeof(url));
	(void)str_cut(mail->from, '@', &local, &domain);
	buf_printf(&text, "%.*s/%.*s", STR_ARG(mail->relay), STR_ARG(domain));
	buf_put_char(&text, '\0');
	if (buf_status(&text) < 0 || copy(mail->from, from) < 0)
		return CURLE_URL_MALFORMAT;
	CURLcode rc = http_out_curl()->easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	rc = rc ? rc : http_out_curl()->easy_setopt(curl, CURLOPT_URL, url);
	rc = rc ? rc : http_out_curl()->easy_setopt(curl, CURLOPT_PROXY, "");
	return rc ? rc : http_out_curl()->easy_setopt(curl, CURLOPT_MAIL_FROM, from);
}

static int code_of(CURL *curl, CURLcode rc, const struct transfer *transfer)
{
	static const struct {
		CURLcode from;
		int to;
	} rows[] = {
		{CURLE_URL_MALFORMAT, E_SYNTAX},        {CURLE_OPERATION_TIMEDOUT, E_TIMEOUT},
		{CURLE_OUT_OF_MEMORY, E_NOMEM},         {CURLE_USE_SSL_FAILED, E_INVALID_REQUEST},
		{CURLE_PEER_FAILED_VERIFICATION, E_SIGNATURE}, {CURLE_SSL_CACERT_BADFILE, E_SIGNATURE},
	};
	long answer = 0;
	if (transfer->refused)
		return E_INVALID_REQUEST;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].from == rc)
			return rows[i].to;
	if (http_out_curl()->easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer) != CURLE_OK)
		return E_IO;
	if (answer >= 500) /* RFC 5321 4.2.1: trying again makes no sense */
		return E_NOT_FOUND;
	return answer >= 400 ? E_UNAVAILABLE : E_IO;
}

static void drop_list(struct curl_slist **list)
{
	if (*list)
		http_out_curl()->slist_free_all(*list);
}

static int run(CURL *curl, const struct http_out_mail *mail, struct transfer *transfer)
{
	_cleanup_(drop_list) struct curl_slist *to = NULL;
	char word[WORD_ROOM];
	TRY(copy(mail->to, word));
	to = fault_hit(FAULT_ALLOC) ? NULL : http_out_curl()->slist_append(NULL, word);
	if (!to)
		return E_NOMEM;
	CURLcode rc = set_numbers(curl, transfer);
	rc = rc ? rc : set_callbacks(curl, transfer);
	rc = rc ? rc : set_relay(curl, mail);
	rc = rc ? rc : set_login(curl, mail);
	rc = rc ? rc : http_out_curl()->easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
	if (transfer->limits->ca_file)
		rc = rc ? rc : http_out_curl()->easy_setopt(curl, CURLOPT_CAINFO, transfer->limits->ca_file);
	if (rc == CURLE_OK)
		rc = http_out_curl()->easy_perform(curl);
	return rc == CURLE_OK ? 0 : code_of(curl, rc, transfer);
}

int http_out_mail(const struct http_out_mail *mail, const struct http_out_limits *limits)
{
	struct transfer transfer = {.limits = limits, .left = mail->text, .wire = mail->wire};
	transfer.clear = str_has_prefix(mail->relay, STR("smtp://")) && is_near(host_of(mail->relay));
	if (limits->timeout_ms == 0 || !is_plain(mail->from) || !is_plain(mail->to))
		return E_SYNTAX;
	if (!http_out_curl())
		return E_IO;
	CURL *curl = fault_hit(FAULT_ALLOC) ? NULL : http_out_curl()->easy_init();
	if (!curl)
		return E_NOMEM;
	int rc = run(curl, mail, &transfer);
	http_out_curl()->easy_cleanup(curl);
	return rc;
}

bool http_out_mail_prepare(void) { return http_out_curl() != NULL; }
