/* See message.h. RFC 5322 3.6. Must never put a line end from outside into a header. */
#include "account/message.h"

#include <time.h>

#include "account/address.h"

static const struct {
	const char *name, *subject, *text, *action, *else_text;
} mails[MAIL_KINDS] = {
	[MAIL_INVITE] = {"invite", "You are invited", "You are invited to make an account at", "Make it here",
			 "If you did not expect this, do nothing: no account is made."},
	[MAIL_SIGNUP] = {"signup", "Make your account", "Somebody, probably you, asked for an account at",
			 "Make it here", "If it was not you, do nothing: no account is made."},
	[MAIL_TAKEN] = {"taken", "You have an account already",
			"Somebody, probably you, asked for an account for this address, which has one already, at",
			"Sign in here, and if you forgot the password, ask there for a new one",
			"If it was not you, there is nothing to do: nobody learned that there is an account."},
	[MAIL_VERIFY] = {"verify", "Confirm your e-mail address",
			 "This is to be the address of an account at", "Confirm it here",
			 "If it is not your account, do nothing: the address is not used."},
	[MAIL_RESET] = {"reset", "Choose a new password", "Somebody, probably you, asked for a new password at",
			"Choose it here",
			"If it was not you, do nothing: the password stays as it is."},
	[MAIL_CHANGED] = {"changed", "Your sign-in data were changed",
			  "The password or the address of your account was just changed at", "Sign in here",
			  "If it was not you, ask for a new password at once, and tell whoever runs this server."},
	[MAIL_LEAKED] = {"leaked", "A secret of your account leaked",
			 "Somebody found a secret of your account (a token, a credential, a session or a link)\r\n"
			 "where others can read it, and reported it. It has ended; there may be more. This was at",
			 "Sign in here, look through your tokens and sessions, and make new ones where you need them",
			 "Whoever had the secret before may have used it: what it could do is in its history."},
};

const char *message_name(enum mail_kind kind) { return mails[kind].name; }

/* RFC 5322 3.3, in English whatever the locale. */
static void put_date(int64_t now_s, struct buf *out)
{
	static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t t = now_s;
	struct tm tm;
	if (!gmtime_r(&t, &tm))
		return;
	buf_printf(out, "Date: %s, %d %s %d %02d:%02d:%02d +0000\r\n", days[tm.tm_wday], tm.tm_mday,
		   months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* "2 days", "1 hour", "30 minutes": never longer than it is. */
static void put_duration(int64_t s, struct buf *out)
{
	static const struct {
		int64_t s;
		const char *name;
	} units[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
	size_t i = 0;
	while (i < 3 && s < units[i].s)
		i++;
	int64_t n = s / units[i].s;
	buf_printf(out, "%lld %s%s", (long long)n, units[i].name, n == 1 ? "" : "s");
}

static bool is_visible(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] <= ' ' || text.p[i] > '~')
			return false;
	return text.len > 0 && text.len < 900; /* RFC 5322 2.1.1: no line has more than 998 characters */
}

static void put_header(const struct message *message, struct buf *out)
{
	struct str local, domain = {0};
	(void)str_cut(message->from, '@', &local, &domain);
	put_date(message->now_s, out);
	buf_printf(out, "From: %.*s\r\nTo: %.*s\r\n", STR_ARG(message->from), STR_ARG(message->to));
	buf_printf(out, "Subject: %s\r\n", mails[message->kind].subject);
	buf_printf(out, "Message-ID: <%.*s@%.*s>\r\n", STR_ARG(message->id), STR_ARG(domain));
	buf_put(out, STR("Auto-Submitted: auto-generated\r\n" /* RFC 3834 5: no answering machine answers */
			 "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n"
			 "Content-Transfer-Encoding: 7bit\r\n\r\n"));
}

int message_put(const struct message *message, struct buf *out)
{
	bool is_link = message->kind != MAIL_TAKEN && message->kind != MAIL_CHANGED &&
		       message->kind != MAIL_LEAKED;
	if (!address_is_normal(message->from) || !address_is_normal(message->to) || !is_visible(message->issuer) ||
	    !is_visible(message->url) || !str_is_unreserved(message->id) || message->id.len == 0)
		return E_SYNTAX;
	put_header(message, out);
	buf_printf(out, "%s\r\n%.*s\r\n\r\n", mails[message->kind].text, STR_ARG(message->issuer));
	buf_printf(out, "%s:\r\n\r\n%.*s\r\n\r\n", mails[message->kind].action, STR_ARG(message->url));
	if (is_link) {
		buf_put(out, STR("The link is good once, for "));
		put_duration(message->good_s, out);
		buf_put(out, STR(".\r\n\r\n"));
	}
	buf_printf(out, "%s\r\n", mails[message->kind].else_text);
	return buf_status(out);
}
