/* See secret_source.h. Server process, at its start. */
#include "server/secret_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "ipc/frame.h"

static int fail(const char *option, const char *why)
{
	LOG(LOG_ERROR, "secret_unreadable", F("option", option), F("why", why), F("errno", errno));
	return E_CONFIG;
}

static int keep(struct str text, const char *option, struct secret_source *source)
{
	while (text.len > 0 && (text.p[text.len - 1] == '\n' || text.p[text.len - 1] == '\r'))
		text.len--;
	if (text.len == 0 || text.len > sizeof(source->bytes))
		return fail(option, "it is empty or too long");
	memcpy(source->bytes, text.p, text.len);
	source->len = text.len;
	return 0;
}

/* A file that others can read is no place for a secret; systemd's credentials belong to root. */
static int read_file(const char *path, bool credential, const char *option, struct secret_source *source)
{
	char mem[sizeof(source->bytes) + 2];
	struct buf text;
	struct stat st;
	_cleanup_(frame_close) int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return fail(option, "the file can't be read");
	if (!credential && (st.st_mode & (S_IRWXG | S_IRWXO)))
		return fail(option, "the file is open to group or others (chmod 600)");
	buf_init_fixed(&text, mem, sizeof(mem));
	int rc = buf_read(&text, fd) < 0 ? fail(option, "it is too long") : keep(buf_str(&text), option, source);
	secret_wipe(mem, sizeof(mem));
	return rc;
}

const char *secret_source_env(struct str where)
{
	if (str_has_prefix(where, STR("env:")))
		return where.p + 4;
	return str_has_prefix(where, STR("credential:")) ? "CREDENTIALS_DIRECTORY" : NULL;
}

int secret_source_read(struct str where, const char *option, struct secret_source *ret_source)
{
	char path[4096];
	struct buf text;
	ret_source->len = 0;
	if (where.len == 0)
		return 0;
	if (str_has_prefix(where, STR("env:"))) {
		const char *value = getenv(where.p + 4);
		return value ? keep(str_of(value), option, ret_source) : fail(option, "the variable is not set");
	}
	if (!str_has_prefix(where, STR("credential:")))
		return read_file(where.p, false, option, ret_source);
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	buf_init_fixed(&text, path, sizeof(path));
	buf_printf(&text, "%s/%s", folder ? folder : "", where.p + 11);
	buf_put_char(&text, '\0');
	return buf_status(&text) < 0 ? fail(option, "the path is too long")
				     : read_file(path, true, option, ret_source);
}
