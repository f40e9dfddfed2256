/* Reading and writing moments; see moment.h. RFC 3339 5.6. */
#include "series/moment.h"

int moment_days_in(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return days[month - 1] + (month == 2 && leap);
}

/* Days since 1970; years begin in March, so that the leap day is the last. */
static int64_t count_days(int64_t year, int64_t month, int64_t day)
{
	enum { DAYS_OF_400_YEARS = 146097, DAYS_TO_1970 = 719468 };
	year -= month <= 2;
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t of_era = year - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * DAYS_OF_400_YEARS + of_era * 365 + of_era / 4 - of_era / 100 + of_year - DAYS_TO_1970;
}

int64_t moment_of_date(struct moment_date date)
{
	int months = date.year * 12 + date.month - 1;
	int year = months >= 0 ? months / 12 : (months - 11) / 12;
	return count_days(year, months - year * 12 + 1, date.day) * MOMENT_DAY_US;
}

struct moment_date moment_date_of(int64_t us)
{
	enum { DAYS_OF_400_YEARS = 146097, DAYS_TO_1970 = 719468 };
	int64_t days = (us - MOMENT_MIN_US) / MOMENT_DAY_US + MOMENT_MIN_US / MOMENT_DAY_US + DAYS_TO_1970;
	int64_t era = days / DAYS_OF_400_YEARS, of_era = days % DAYS_OF_400_YEARS;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t shifted = (5 * of_year + 2) / 153;
	int64_t month = shifted < 10 ? shifted + 3 : shifted - 9;
	return (struct moment_date){(int)(year + era * 400 + (month <= 2)), (int)month,
				    (int)(of_year - (153 * shifted + 2) / 5 + 1)};
}

/* What is left of a text that is read from the front. */
struct scan {
	const char *p;
	size_t left;
};

static bool take(struct scan *scan, char c)
{
	if (scan->left == 0 || *scan->p != c)
		return false;
	scan->p++;
	scan->left--;
	return true;
}

/* Exactly n digits. */
static bool take_number(struct scan *scan, size_t n, int *ret_value)
{
	int value = 0;
	if (scan->left < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		unsigned digit = (unsigned)scan->p[i] - '0';
		if (digit > 9)
			return false;
		value = value * 10 + (int)digit;
	}
	scan->p += n;
	scan->left -= n;
	*ret_value = value;
	return true;
}

/* Digits behind a point, as microseconds; what is finer must be 0. */
static bool take_fraction(struct scan *scan, int64_t *ret_us)
{
	int64_t us = 0, unit = MOMENT_SECOND_US;
	size_t n = 0;
	for (; scan->left > 0 && (unsigned)*scan->p - '0' <= 9; scan->p++, scan->left--, n++) {
		int digit = *scan->p - '0';
		unit /= 10;
		if (unit == 0 && digit != 0)
			return false;
		us += unit * digit;
	}
	*ret_us = us;
	return n > 0;
}

static bool take_date(struct scan *scan, int64_t *ret_us)
{
	struct moment_date date;
	if (!take_number(scan, 4, &date.year) || !take(scan, '-') || !take_number(scan, 2, &date.month) ||
	    !take(scan, '-') || !take_number(scan, 2, &date.day))
		return false;
	if (date.year < 1 || date.month < 1 || date.month > 12 || date.day < 1 ||
	    date.day > moment_days_in(date.year, date.month))
		return false;
	*ret_us = count_days(date.year, date.month, date.day) * MOMENT_DAY_US;
	return true;
}

static bool take_time(struct scan *scan, int64_t *ret_us)
{
	int hour, minute, second = 0;
	int64_t us = 0;
	if (!take_number(scan, 2, &hour) || !take(scan, ':') || !take_number(scan, 2, &minute))
		return false;
	if (take(scan, ':')) {
		if (!take_number(scan, 2, &second))
			return false;
		if (take(scan, '.') && !take_fraction(scan, &us))
			return false;
	}
	if (hour > 23 || minute > 59 || second > 59)
		return false;
	*ret_us = hour * MOMENT_HOUR_US + minute * MOMENT_MINUTE_US + second * MOMENT_SECOND_US + us;
	return true;
}

static bool take_zone(struct scan *scan, int64_t *ret_us)
{
	int hour, minute = 0;
	*ret_us = 0;
	if (take(scan, 'Z') || take(scan, 'z'))
		return true;
	int sign = take(scan, '+') ? 1 : take(scan, '-') ? -1 : 0;
	if (sign == 0 || !take_number(scan, 2, &hour))
		return false;
	if ((take(scan, ':') || scan->left > 0) && !take_number(scan, 2, &minute))
		return false;
	*ret_us = sign * (hour * MOMENT_HOUR_US + minute * MOMENT_MINUTE_US);
	return hour <= 23 && minute <= 59;
}

static bool is_allowed(int64_t us) { return us >= MOMENT_MIN_US && us < MOMENT_END_US; }

int moment_parse(struct str text, int64_t *ret_us)
{
	struct scan scan = {text.p, text.len};
	int64_t day_us, time_us = 0, zone_us = 0;
	if (!take_date(&scan, &day_us))
		return E_SYNTAX;
	if (scan.left > 0) {
		if (!take(&scan, 'T') && !take(&scan, 't') && !take(&scan, ' '))
			return E_SYNTAX;
		if (!take_time(&scan, &time_us) || !take_zone(&scan, &zone_us) || scan.left > 0)
			return E_SYNTAX;
	}
	int64_t us = day_us + time_us - zone_us;
	if (!is_allowed(us))
		return E_SYNTAX;
	*ret_us = us;
	return 0;
}

int moment_parse_epoch(struct str text, int64_t *ret_us)
{
	struct scan scan = {text.p, text.len};
	int64_t seconds = 0, us = 0;
	size_t n = 0;
	bool before = take(&scan, '-');
	for (; scan.left > 0 && (unsigned)*scan.p - '0' <= 9; scan.p++, scan.left--, n++) {
		if (n == 12)
			return E_SYNTAX;
		seconds = seconds * 10 + (*scan.p - '0');
	}
	if (n == 0 || (take(&scan, '.') && !take_fraction(&scan, &us)) || scan.left > 0)
		return E_SYNTAX;
	us += seconds * MOMENT_SECOND_US;
	us = before ? -us : us;
	if (!is_allowed(us))
		return E_SYNTAX;
	*ret_us = us;
	return 0;
}

static char *put_number(char *p, int64_t value, int digits)
{
	for (int i = digits - 1; i >= 0; i--, value /= 10)
		p[i] = (char)('0' + value % 10);
	return p + digits;
}

void moment_write(int64_t us, char *ret_text)
{
	struct moment_date date = moment_date_of(us);
	int64_t of_day = (us - MOMENT_MIN_US) % MOMENT_DAY_US;
	char *p = put_number(ret_text, date.year, 4);
	*p++ = '-';
	p = put_number(p, date.month, 2);
	*p++ = '-';
	p = put_number(p, date.day, 2);
	*p++ = 'T';
	p = put_number(p, of_day / MOMENT_HOUR_US, 2);
	*p++ = ':';
	p = put_number(p, of_day / MOMENT_MINUTE_US % 60, 2);
	*p++ = ':';
	p = put_number(p, of_day / MOMENT_SECOND_US % 60, 2);
	*p++ = '.';
	p = put_number(p, of_day % MOMENT_SECOND_US, 6);
	*p = 'Z';
}
