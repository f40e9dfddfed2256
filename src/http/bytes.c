/* The table of bytes.h. Pure data. */
#include "http/bytes.h"

enum {
	X = BYTES_TEXT,               /* text only */
	K = X | BYTES_TOKEN,          /* token, not in a target */
	P = X | BYTES_TARGET,         /* target, no token */
	Q = X | BYTES_QUERY,          /* in queries, though no grammar has it there */
	R = K | BYTES_QUERY,
	B = K | P,                    /* both */
	N = B | BYTES_NAME,           /* -._~ */
	D = N | BYTES_HEX | BYTES_DIGIT, /* 0-9 */
	U = N | BYTES_UPPER,          /* G-Z */
	H = U | BYTES_HEX,            /* A-F */
	L = N,                        /* g-z */
	A = N | BYTES_HEX,            /* a-f */
};

const uint8_t bytes_class[256] = {
	/* 00 */ 0, 0, 0, 0, 0, 0, 0, 0, 0, X, 0, 0, 0, 0, 0, 0,
	/* 10 */ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	/* 20 */ X, B, X, K, B, B, B, B, P, P, B, B, P, N, N, P, /* SP ! " # $ % & ' ( ) * + , - . / */
	/* 30 */ D, D, D, D, D, D, D, D, D, D, P, P, X, P, X, P, /* 0-9 : ; < = > ? */
	/* 40 */ P, H, H, H, H, H, H, U, U, U, U, U, U, U, U, U, /* @ A-O */
	/* 50 */ U, U, U, U, U, U, U, U, U, U, U, Q, Q, Q, R, N, /* P-Z [ \ ] ^ _ */
	/* 60 */ R, A, A, A, A, A, A, L, L, L, L, L, L, L, L, L, /* ` a-o */
	/* 70 */ L, L, L, L, L, L, L, L, L, L, L, Q, R, Q, N, 0, /* p-z { | } ~ DEL */
	/* 80 */ X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	/* 90 */ X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	/* a0 */ X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	/* b0 */ X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	/* c0 */ X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	/* d0 */ X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	/* e0 */ X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	/* f0 */ X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
};
