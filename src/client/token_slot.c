/*
 * A sequence lock around a token; see token_slot.h. Loads acquire and stores release, word by word: that orders them
 * without fences, costs nothing on amd64, and a race detector understands it.
 */
#include "client/token_slot.h"

enum { TRIES = 64, WORD = sizeof(uint64_t) };

static uint64_t get(_Atomic uint64_t *word) { return atomic_load_explicit(word, memory_order_acquire); }
static int64_t get_ns(_Atomic int64_t *ns) { return atomic_load_explicit(ns, memory_order_acquire); }
static void put(_Atomic uint64_t *word, uint64_t value) { atomic_store_explicit(word, value, memory_order_release); }

enum token_slot_state token_slot_state(struct token_slot *slot, int64_t now_ns)
{
	if (get(&slot->len) == 0 || now_ns >= get_ns(&slot->usable_until_ns))
		return TOKEN_SLOT_EMPTY;
	return now_ns < get_ns(&slot->refresh_at_ns) ? TOKEN_SLOT_FRESH : TOKEN_SLOT_DUE;
}

/* The bytes of a word from its lowest on, so that the copy is the same on every machine that wrote it. */
static void copy_words(struct token_slot *slot, size_t len, char *to)
{
	size_t i = 0;
	for (; (i + 1) * WORD <= len; i++) {
		uint64_t word = get(&slot->words[i]);
		memcpy(to + i * WORD, &word, WORD);
	}
	uint64_t word = get(&slot->words[i]);
	memcpy(to + i * WORD, &word, len - i * WORD);
	to[len] = '\0';
}

/* One look. A torn one is found out by the caller, so lengths are bounded here. */
static bool look(struct token_slot *slot, int64_t now_ns, bool may_be_due, struct token_slot_copy *copy)
{
	copy->len = get(&slot->len);
	int64_t until_ns = get_ns(may_be_due ? &slot->usable_until_ns : &slot->refresh_at_ns);
	if (copy->len == 0 || copy->len > GRANT_TOKEN_MAX || now_ns >= until_ns)
		return false;
	if (copy->len < copy->size)
		copy_words(slot, copy->len, copy->p);
	return true;
}

bool token_slot_read(struct token_slot *slot, int64_t now_ns, bool may_be_due, struct token_slot_copy *copy)
{
	for (int i = 0; i < TRIES; i++) {
		uint64_t before = get(&slot->sequence);
		bool found = look(slot, now_ns, may_be_due, copy);
		/* the acquiring loads of look() stand before this one */
		if (before % 2 == 0 && atomic_load_explicit(&slot->sequence, memory_order_relaxed) == before)
			return found;
	}
	return false; /* a writer was held up in the middle; the caller has a lock to wait for it */
}

void token_slot_write(struct token_slot *slot, struct str token, int64_t refresh_at_ns, int64_t usable_until_ns)
{
	uint64_t before = get(&slot->sequence), word;
	size_t old_words = (get(&slot->len) + WORD - 1) / WORD, words = (token.len + WORD - 1) / WORD;
	atomic_store_explicit(&slot->sequence, before + 1, memory_order_relaxed);
	/* each release keeps the odd number in front of it */
	atomic_store_explicit(&slot->refresh_at_ns, refresh_at_ns, memory_order_release);
	atomic_store_explicit(&slot->usable_until_ns, usable_until_ns, memory_order_release);
	put(&slot->len, token.len);
	for (size_t i = 0; i < words || i < old_words; i++) {
		size_t left = i < words ? token.len - i * WORD : 0;
		word = 0;
		if (left > 0)
			memcpy(&word, token.p + i * WORD, left < WORD ? left : WORD);
		put(&slot->words[i], word);
	}
	put(&slot->sequence, before + 2);
}
