/*
 * E-mail addresses as people type them. RFC 5321 4.1.2 and 4.5.3.1, without quoted local parts, address literals and
 * anything outside ASCII: what mail systems hand out. Whatever passes here can stand in a mail's header and in an SMTP
 * command as it is. Pure functions, thread-safe.
 */
#ifndef ACCOUNT_ADDRESS_H
#define ACCOUNT_ADDRESS_H

#include "base/arena.h"
#include "base/str.h"

enum { ADDRESS_MAX = 254 };

/* Whether it is one, with its domain in lower case. */
bool address_is_normal(struct str address);
/*
 * The unique form of what somebody wrote: in lower case, without blanks around it. RFC 5321 2.4 lets a host tell local
 * parts apart by case, and asks hosts not to: people write theirs either way, and nobody shall be a second Alice@.
 * E_SYNTAX: no address. E_NOMEM.
 */
must_check int address_parse(struct str text, struct arena *arena, struct str *ret_address);

#endif
