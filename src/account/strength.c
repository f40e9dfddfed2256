/* See strength.h. Server process. Must never put a password anywhere. */
#include "account/strength.h"

#include <zxcvbn.h>

enum { WORDS_MAX = 32, WORD_ROOM = 64, WORD_MIN = 3, GIVEN_MAX = 8 };

/* Bits of guesses that each score demands: 10^3, 10^6, 10^8, 10^10 (Wheeler, USENIX Security 2016). */
static const double bits_of_score[] = {0, 9.97, 19.93, 26.58, 33.22};

/* zxcvbn's dictionary of this person: lower case, NUL behind each, a NULL behind the last. */
struct dictionary {
	char text[WORDS_MAX][WORD_ROOM];
	const char *words[WORDS_MAX + 1];
	size_t n;
};

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c; }

static void add_word(struct dictionary *dictionary, struct str word)
{
	if (word.len < WORD_MIN || dictionary->n == WORDS_MAX)
		return;
	char *text = dictionary->text[dictionary->n];
	size_t len = word.len < WORD_ROOM - 1 ? word.len : WORD_ROOM - 1;
	for (size_t i = 0; i < len; i++)
		text[i] = lower(word.p[i]);
	text[len] = '\0';
	dictionary->words[dictionary->n++] = text;
}

static bool is_separator(char c) { return c > 0 && strchr(" @.-_+,", c); }

/* The whole, and its parts: of name@example.com also name and example. */
static void add_words(struct dictionary *dictionary, struct str words)
{
	size_t start = 0;
	add_word(dictionary, words);
	for (size_t i = 0; i <= words.len; i++)
		if (i == words.len || is_separator(words.p[i])) {
			if (i - start < words.len)
				add_word(dictionary, (struct str){words.p + start, i - start});
			start = i + 1;
		}
}

static double guess_bits(struct secret password, const struct str *words, size_t n_words)
{
	char text[STRENGTH_SCORED_MAX + 1];
	struct dictionary dictionary = {.n = 0};
	size_t len = password.len < STRENGTH_SCORED_MAX ? password.len : STRENGTH_SCORED_MAX;
	if (len > 0)
		memcpy(text, password.p, len);
	text[len] = '\0';
	add_word(&dictionary, STR("mintmark"));
	for (size_t i = 0; i < n_words && i < GIVEN_MAX; i++)
		add_words(&dictionary, words[i]);
	double bits = ZxcvbnMatch(text, dictionary.words, NULL);
	secret_wipe(text, sizeof(text));
	return bits;
}

/* Of UTF-8: every byte but those that go on with a character. */
static size_t count_characters(struct secret password)
{
	size_t n = 0;
	for (size_t i = 0; i < password.len; i++)
		n += (password.p[i] & 0xC0) != 0x80;
	return n;
}

enum strength strength_check(const struct strength_rules *rules, struct secret password, const struct str *words,
			     size_t n_words)
{
	uint32_t score = rules->score_min < 4 ? rules->score_min : 4;
	if (password.len > STRENGTH_BYTES_MAX)
		return STRENGTH_LONG;
	if (password.len == 0 || count_characters(password) < rules->characters_min)
		return STRENGTH_SHORT;
	return guess_bits(password, words, n_words) < bits_of_score[score] ? STRENGTH_GUESSABLE : STRENGTH_GOOD;
}

struct str strength_advice(enum strength strength)
{
	static const char *const texts[] = {
		[STRENGTH_GOOD] = "",
		[STRENGTH_SHORT] = "This password is too short. A few unrelated words make a good one.",
		[STRENGTH_LONG] = "This password is too long: at most 1024 bytes.",
		[STRENGTH_GUESSABLE] = ("This password is easy to guess. Avoid names, dates, keyboard rows and known "
					"passwords; a few unrelated words make a good one."),
	};
	return str_of(texts[strength]);
}
