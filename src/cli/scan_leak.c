/*
 * See scan_leak.h. A secret goes to the issuer that was named, over TLS or to this machine, to nowhere else: redirects
 * are not followed, proxies not used (http/http_out.h).
 */
#include "cli/scan_leak.h"

#include <stdio.h>
#include <time.h>

#include "base/enc.h"
#include "cli/cli.h"
#include "http/http_out.h"

enum { TIMEOUT_MS = 15000, ANSWER_MAX = 65536, WAIT_MAX_S = 120, TRIES = 3 };

/* Codes and the like are over before somebody finds them. */
static bool can_be_ended(const struct scan_secret *secret)
{
	static const char *const prefixes[] = {"mms_", "mmf_", "mmn_", "mmb_", "mml_"};
	struct str text = {secret->text, secret->len};
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (str_has_prefix(text, str_of(prefixes[i])))
			return true;
	return scan_is_token(text);
}

static int put_url(struct buf *url, const char *issuer)
{
	buf_put(url, str_trim_end(str_of(issuer), '/'));
	buf_put(url, STR("/oauth2/leaked"));
	return buf_status(url);
}

static int post(struct cli *cli, const struct scan_secret *secret, struct buf *text, struct http_out_answer *ret_answer)
{
	_cleanup_(buf_done) struct buf url, form;
	const struct http_out_limits limits = {.timeout_ms = TIMEOUT_MS, .max_bytes = ANSWER_MAX, .allow_private = true,
					       .allow_http = true, .http_near_only = true,
					       .ca_file = cli_value(cli, OPT_CA_FILE)};
	static const struct str headers[] = {{"Content-Type: application/x-www-form-urlencoded", 47}};
	buf_init(&url, HTTP_OUT_URL_MAX);
	buf_init(&form, 2 * SCAN_TOKEN_MAX);
	TRY(put_url(&url, cli_value(cli, OPT_SDK_ISSUER)));
	buf_put(&form, STR("token="));
	enc_url(&form, str_mem(secret->text, secret->len));
	TRY(buf_status(&form));
	const struct http_out_request request = {"POST", buf_str(&url), headers, 1, buf_str(&form)};
	int rc = http_out_send(&request, &limits, text, ret_answer);
	secret_wipe(form.p, form.len);
	return rc;
}

static bool is_receipt(struct str text)
{
	_cleanup_(json_freep) struct json *answer = NULL;
	bool received = false;
	return json_parse_object(text, &answer) == 0 && json_get_bool(answer, "received", &received) == 0 && received;
}

/* Again when the server says that it is too much at once. */
static int send_one(struct cli *cli, const struct scan_secret *secret)
{
	_cleanup_(buf_done) struct buf text;
	struct http_out_answer answer;
	buf_init(&text, ANSWER_MAX);
	for (int tries = 1;; tries++) {
		buf_reset(&text);
		TRY(post(cli, secret, &text, &answer));
		bool busy = answer.status == 429 || answer.status == 503;
		if (!busy || tries == TRIES || answer.retry_after_s > WAIT_MAX_S)
			break;
		struct timespec wait = {.tv_sec = answer.retry_after_s > 0 ? answer.retry_after_s : 1};
		(void)nanosleep(&wait, NULL);
	}
	return answer.status == 200 && is_receipt(buf_str(&text)) ? 0 : E_NOT_FOUND;
}

int scan_leak_report(struct cli *cli, const struct scan_found *found)
{
	for (size_t i = 0; i < found->n_secrets; i++) {
		const struct scan_secret *secret = &found->secrets[i];
		if (!can_be_ended(secret))
			continue;
		if (send_one(cli, secret) < 0)
			return args_fail(EXIT_UNREACHABLE,
					 "%s can not be told of a leaked secret, or is no Mintmark server",
					 cli_value(cli, OPT_SDK_ISSUER));
		fprintf(stderr, "%s %.4s...%s: reported, and ended if it was good there\n", secret->kind, secret->text,
			secret->text + secret->len - ID_HINT_LEN);
	}
	return EXIT_OK;
}
