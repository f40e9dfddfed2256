/*
 * Session ticket keys (RFC 5077 4): one set for the whole process, so that a ticket of one loop, or from before a
 * certificate reload, resumes on another. Made anew every few hours and never stored: forward secrecy ends with the
 * second change. Thread-safe. Internal to crypto/.
 */
#ifndef CRYPTO_TLS_TICKET_H
#define CRYPTO_TLS_TICKET_H

#include <openssl/ssl.h>

#include "base/err.h"

/* E_CRYPTO, E_RANDOM. */
must_check int tls_ticket_install(SSL_CTX *ctx);

#endif
