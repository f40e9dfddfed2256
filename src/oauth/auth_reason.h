/* Why a client authentication failed: for figures and log, never for the peer, who gets the same answer each time. */
#ifndef OAUTH_AUTH_REASON_H
#define OAUTH_AUTH_REASON_H

#define AUTH_REASONS(X)                                                                \
	X(MISSING, "no client authentication")                                         \
	X(MALFORMED, "unusable Authorization header")                                  \
	X(METHOD, "client may not authenticate this way")                              \
	X(UNKNOWN_CLIENT, "unknown client")                                            \
	X(WRONG_SECRET, "wrong secret")                                                \
	X(SECRET_EXPIRED, "secret has expired")                                        \
	X(SECRET_REVOKED, "secret was revoked")                                        \
	X(CLIENT_EXPIRED, "client has expired")                                        \
	X(CLIENT_DISABLED, "client is disabled")                                       \
	X(ACCOUNT_DISABLED, "account is disabled")                                     \
	X(NETWORK, "client used from a network that is not its own")                   \
	X(THROTTLED, "too many wrong secrets")

enum auth_reason {
#define AUTH_REASON_ENUM(name, text) AUTH_##name,
	AUTH_REASONS(AUTH_REASON_ENUM)
#undef AUTH_REASON_ENUM
	AUTH_REASONS_N,
	AUTH_NONE = AUTH_REASONS_N /* it did not fail */
};

#endif
