/*
 * The mails we send, as text (RFC 5322): plain ASCII, no word of it from whoever caused it, so that nobody can use us
 * to tell somebody something. Pure.
 */
#ifndef ACCOUNT_MESSAGE_H
#define ACCOUNT_MESSAGE_H

#include "base/buf.h"

enum mail_kind {
	MAIL_INVITE,      /* make an account */
	MAIL_SIGNUP,      /* the same: somebody asked for it by this address */
	MAIL_TAKEN,       /* somebody asked for an account by an address that has one */
	MAIL_VERIFY,      /* this is to be the address of an account */
	MAIL_RESET,       /* choose a new password */
	MAIL_CHANGED,     /* password or address was changed */
	MAIL_LEAKED,      /* a secret of the account was seen where it should not be, and has ended */
	MAIL_KINDS
};

enum { MESSAGE_MAX = 8192 };

struct message {
	enum mail_kind kind;
	struct str from, to; /* address_is_normal */
	struct str issuer;
	struct str url;      /* the link; MAIL_TAKEN, MAIL_CHANGED, MAIL_LEAKED: the sign-in page */
	int64_t good_s;      /* how long the link is good */
	int64_t now_s;
	struct str id;       /* unique; [A-Za-z0-9_-] */
};

/* Name of a kind, for the log. */
const char *message_name(enum mail_kind kind);
/* Appends header and body, lines end in CRLF. E_SYNTAX: an address, or what stands in a line, is no such thing. */
must_check int message_put(const struct message *message, struct buf *out);

#endif
