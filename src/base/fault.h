/*
 * Fault points: the places where the world can fail us (memory, entropy, store, signer, socket). In a build with
 * -Dfaults=true a test fails the N-th point of a kind; in every other build fault_hit() is the constant false.
 * Thread-safe.
 */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include <stdbool.h>

enum fault_kind {
	FAULT_ALLOC,
	FAULT_RANDOM,
	FAULT_STORE,
	FAULT_SIGNER,
	FAULT_WRITE,
	FAULT_FILE,
	FAULT_NETWORK,
	FAULT_STORAGE, /* where logins are kept */
	FAULT_KINDS
};

#ifdef MINTMARK_FAULTS
/* Count one point of this kind; true when it is the one that was armed. */
bool fault_hit(enum fault_kind kind);
/* Arm the nth next point of a kind (1 = the very next); 0 disarms. The counter starts anew. */
void fault_arm(enum fault_kind kind, long nth);
/* Whether the armed fault was reached since fault_arm. */
bool fault_reached(enum fault_kind kind);
#else
static inline bool fault_hit(enum fault_kind kind)
{
	(void)kind;
	return false;
}
#endif

#endif
