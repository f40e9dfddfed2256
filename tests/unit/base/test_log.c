/* base/log.c: one event is one line of well-formed text or JSON, whatever the peer sent. */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"

static char lines[1 << 20]; /* what the last capture wrote to standard error */
static size_t lines_len;
static FILE *sink;
static int kept_stderr;

static void capture_begin(void)
{
	fflush(stderr);
	sink = tmpfile();
	kept_stderr = dup(STDERR_FILENO);
	assert_non_null(sink);
	assert_true(dup2(fileno(sink), STDERR_FILENO) >= 0);
}

static void capture_end(void)
{
	log_flush();
	dup2(kept_stderr, STDERR_FILENO);
	close(kept_stderr);
	rewind(sink);
	lines_len = fread(lines, 1, sizeof(lines) - 1, sink);
	lines[lines_len] = 0;
	fclose(sink);
}

static size_t count_lines(void)
{
	size_t n = 0;
	for (size_t i = 0; i < lines_len; i++)
		n += lines[i] == '\n';
	return n;
}

/* Well-formed JSON string at p (RFC 8259 7)? Returns what follows it, or NULL. */
static const char *skip_json_string(const char *p)
{
	if (*p++ != '"')
		return NULL;
	while (*p != '"') {
		if ((unsigned char)*p < 0x20)
			return NULL;
		if (*p != '\\') {
			p++;
			continue;
		}
		if (p[1] == 'u' && strspn(p + 2, "0123456789abcdefABCDEF") >= 4)
			p += 6;
		else if (p[1] && strchr("\"\\/bfnrt", p[1]))
			p += 2;
		else
			return NULL;
	}
	return p + 1;
}

/* A flat JSON object of strings and integers, then a line feed. */
static bool is_json_line(const char *p)
{
	if (*p != '{')
		return false;
	do {
		p = skip_json_string(p + 1);
		if (!p || *p++ != ':')
			return false;
		if (*p == '"')
			p = skip_json_string(p);
		else
			p += strspn(p, "-0123456789");
	} while (p && *p == ',');
	return p && p[0] == '}' && p[1] == '\n' && p[2] == 0 && str_is_utf8(str_mem(lines, lines_len));
}

static void hostile_values_stay_in_one_line(void **state)
{
	(void)state;
	static const struct str values[] = {
		STR(""),        STR("plain"),         STR("a\nb"),   STR("a\r\nlevel=error x"), STR("nul\0inside"),
		STR("quote\"quote"), STR("back\\slash"), STR("\x1b[31mred"), STR("\x7f"),
		STR("\xC3\xA9"), STR("\xFF\xFEnot utf8"), STR("\xC3"), STR("\",\"level\":\"error"),
	};
	for (int format = LOG_TEXT; format <= LOG_JSON; format++) {
		log_setup("test", LOG_INFO, (enum log_format)format);
		for (size_t i = 0; i < COUNT(values); i++) {
			capture_begin();
			LOG(LOG_INFO, "happened", F("value", values[i]), F("n", -5));
			capture_end();
			assert_int_equal(count_lines(), 1);
			assert_int_equal(strlen(lines), lines_len); /* no NUL */
			assert_null(strpbrk(lines, "\r\x1b\x7f"));
			if (format == LOG_JSON && !is_json_line(lines))
				fail_msg("not JSON: %s", lines);
		}
	}
}

static void exact_escapes(void **state)
{
	(void)state;
	log_setup("test", LOG_INFO, LOG_JSON);
	capture_begin();
	LOG(LOG_INFO, "happened", F("v", STR("a\n\"\\\0\xC3\xA9")));
	capture_end();
	assert_non_null(strstr(lines, ",\"event\":\"happened\",\"v\":\"a\\u000a\\\"\\\\\\u0000\xC3\xA9\"}\n"));
	assert_non_null(strstr(lines, "\"level\":\"info\",\"role\":\"test\",\"pid\":"));
}

static void long_values_are_cut(void **state)
{
	(void)state;
	char *value = malloc(100000);
	assert_non_null(value);
	memset(value, 'x', 100000);
	log_setup("test", LOG_INFO, LOG_JSON);
	static const size_t lengths[] = {511, 512, 513, 100000};
	for (size_t i = 0; i < COUNT(lengths); i++) {
		capture_begin();
		LOG(LOG_INFO, "happened", F("v", str_mem(value, lengths[i])));
		capture_end();
		assert_true(is_json_line(lines));
		assert_int_equal(strspn(strstr(lines, "\"v\":\"") + 5, "x"), lengths[i] < 512 ? lengths[i] : 512);
	}
	memset(value, 0xC3, 100000); /* and the cut never leaves half a character */
	for (size_t at = 1; at < 100000; at += 2)
		value[at] = (char)0xA9;
	capture_begin();
	LOG(LOG_INFO, "happened", F("v", str_mem(value, 1001)), F("w", str_mem(value + 1, 1001)));
	capture_end();
	assert_true(is_json_line(lines));
	free(value);
}

/* Whatever the peer sends, its event is written: many full fields may not push a line out. */
static void no_event_is_lost(void **state)
{
	(void)state;
	char value[600];
	memset(value, 1, sizeof(value)); /* six characters for each byte */
	struct str v = str_mem(value, sizeof(value));
	log_setup("test", LOG_INFO, LOG_JSON);
	capture_begin();
	for (int i = 0; i < 20; i++)
		LOG(LOG_INFO, "happened", F("a", v), F("b", v), F("c", v), F("d", v), F("e", v), F("f", v));
	capture_end();
	assert_int_equal(count_lines(), 20);
}

static void threshold_and_flush(void **state)
{
	(void)state;
	log_setup("test", LOG_WARN, LOG_TEXT);
	capture_begin();
	LOG(LOG_INFO, "quiet", F("a", 1));
	LOG(LOG_WARN, "loud", F("a", "text"), F("b", 7UL));
	char room[16];
	ssize_t n = pread(fileno(sink), room, sizeof(room), 0); /* a warning is written at once */
	capture_end();
	assert_true(n > 0);
	assert_null(strstr(lines, "quiet"));
	assert_non_null(strstr(lines, " warn test["));
	assert_non_null(strstr(lines, "] loud a=\"text\" b=7\n"));
}

static void gathered_until_flushed(void **state)
{
	(void)state;
	log_setup("test", LOG_INFO, LOG_TEXT);
	capture_begin();
	LOG(LOG_INFO, "later", F("a", 1));
	char room[16];
	ssize_t n = pread(fileno(sink), room, sizeof(room), 0);
	capture_end();
	assert_int_equal(n, 0);
	assert_int_equal(count_lines(), 1);
}

static void nowhere_to_write(void **state)
{
	(void)state;
	log_setup("test", LOG_INFO, LOG_TEXT);
	capture_begin();
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	assert_true(full >= 0);
	dup2(full, STDERR_FILENO);
	LOG(LOG_ERROR, "lost", F("a", 1));
	dup2(fileno(sink), STDERR_FILENO);
	LOG(LOG_ERROR, "back", F("a", 1));
	capture_end();
	close(full);
	assert_int_equal(count_lines(), 1);
	assert_non_null(strstr(lines, "back"));
}

/* Standard error is a pipe that nobody reads: nobody waits for it for long; later a line says how much is missing. */
static void stalled_reader(void **state)
{
	int pair[2], kept = dup(STDERR_FILENO);
	size_t got = 0, said = 0;
	(void)state;
	assert_int_equal(pipe2(pair, O_CLOEXEC | O_NONBLOCK), 0);
	assert_int_equal(fcntl(pair[1], F_SETFL, 0), 0); /* a write into the full pipe would wait for ever */
	assert_true(dup2(pair[1], STDERR_FILENO) >= 0);
	for (int i = 0; i < 5000; i++) {
		LOG(LOG_INFO, "line", F("number", i), F("text", "so that a line has a hundred bytes or so"));
		if (i % 10 == 0)
			log_flush();
	}
	log_flush();
	lines_len = 0;
	for (ssize_t n; (n = read(pair[0], lines + lines_len, sizeof(lines) - 1 - lines_len)) > 0; log_flush())
		lines_len += (size_t)n;
	dup2(kept, STDERR_FILENO);
	close(kept);
	lines[lines_len] = 0;
	for (const char *at = lines; (at = strstr(at, "] line number=")); at++)
		got++;
	const char *lost = strstr(lines, "] log_lost lines=");
	assert_non_null(lost);
	said = strtoul(lost + strlen("] log_lost lines="), NULL, 10);
	assert_true(said > 0 && got > 0);
	assert_int_equal(got + said, 5000);
	close(pair[0]);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stalled_reader),
		cmocka_unit_test(hostile_values_stay_in_one_line), cmocka_unit_test(exact_escapes),
		cmocka_unit_test(long_values_are_cut), cmocka_unit_test(no_event_is_lost),
		cmocka_unit_test(threshold_and_flush), cmocka_unit_test(gathered_until_flushed),
		cmocka_unit_test(nowhere_to_write),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
