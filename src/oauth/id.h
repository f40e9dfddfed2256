/*
 * Ids and client secrets that we make. Everything is of [A-Za-z0-9_] so that raw and form-decoded Basic credentials
 * read the same. Thread-safe. No process but the one that answers administration requests calls the *_new functions.
 */
#ifndef OAUTH_ID_H
#define OAUTH_ID_H

#include "base/secret.h"
#include "base/str.h"

/* mmc_ mma_ mmk_ mmr_ mmx_ mmg_ */
enum id_kind { ID_CLIENT, ID_ACCOUNT, ID_SECRET, ID_API, ID_SESSION, ID_FAMILY, ID_KINDS };

enum { ID_LEN = 4 + 22, ID_SECRET_LEN = 4 + 43 + 6, ID_HINT_LEN = 4 };

/* A new id, unguessable (131 bits) and unique: prefix, 22 base62 digits, NUL. E_RANDOM. */
must_check int id_new(enum id_kind kind, char ret_id[ID_LEN + 1]);
/* Whether it has the form id_new gives ids of this kind. */
bool id_has_form(enum id_kind kind, struct str id);
/*
 * An id that was chosen elsewhere and imported: [A-Za-z0-9._~-]{3,64}, none of our prefixes (no client can take an
 * account's `sub`).
 */
bool id_is_importable(struct str id);

/*
 * A new client secret: "mms_", 43 base62 digits (256 bits), 6 digits of CRC-32 over what stands before, NUL. The caller
 * wipes it. E_RANDOM.
 */
must_check int id_secret_new(char ret_secret[ID_SECRET_LEN + 1]);
/*
 * Prefix, length, alphabet and check digits are those of id_secret_new. Says nothing about whether the secret was ever
 * issued; the token endpoint uses it to decide in one step whether a SHA-256 (generated) or an Argon2id (chosen)
 * comparison is due.
 */
bool id_secret_looks_generated(struct str secret);

/*
 * What whoever holds it may use: authorization code, refresh token, device code (and a bridge's keys), link in a mail,
 * session cookie, registration access token, pushed request. In the form of a client secret under another prefix:
 * mmo_ mmf_ mmd_ mml_ mmb_ mmn_ mmp_. The store keeps its SHA-256 alone.
 */
enum id_bearer {
	BEARER_CODE, BEARER_REFRESH, BEARER_DEVICE, BEARER_LINK, BEARER_SESSION, BEARER_REGISTRATION, BEARER_PUSHED,
	BEARERS
};

/* A new one, NUL behind it, and its hash. The caller wipes the text. E_RANDOM, E_CRYPTO. */
must_check int id_bearer_new(enum id_bearer kind, char ret_text[ID_SECRET_LEN + 1], unsigned char ret_sha256[32]);
/* The hash by which it is looked up. E_SYNTAX: it hasn't the form of its kind, check digits included. E_CRYPTO. */
must_check int id_bearer_parse(enum id_bearer kind, struct str text, unsigned char ret_sha256[32]);

#endif
