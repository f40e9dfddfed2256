/* The master key's sources; see master.h. */
#include "keys/master.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/enc.h"
#include "base/secret.h"
#include "ipc/frame.h"

enum { TEXT_MAX = 256, PATH_ROOM = 1024 };

static int parse(struct str text, unsigned char ret_master[SEAL_MASTER_LEN], const char **ret_why)
{
	size_t len = 0;
	while (text.len > 0 && (text.p[text.len - 1] == '\n' || text.p[text.len - 1] == '\r'))
		text.len--;
	if (text.len == 2 * SEAL_MASTER_LEN && enc_hex_decode(text, ret_master, SEAL_MASTER_LEN) == 0)
		return 0;
	if (text.len == ENC_B64URL_LEN(SEAL_MASTER_LEN) &&
	    enc_b64url_decode(text, ret_master, SEAL_MASTER_LEN, &len) == 0 && len == SEAL_MASTER_LEN)
		return 0;
	*ret_why = "the master key is not 32 bytes as 64 hexadecimal digits or base64url";
	return E_CONFIG;
}

/* Who else could read it? A credential belongs to root, who lets us in by an access list that shows as group bits. */
static const char *check_stat(const struct stat *st, bool credential)
{
	if (!S_ISREG(st->st_mode))
		return "the master key is not a regular file";
	if (st->st_uid != geteuid() && !(credential && st->st_uid == 0))
		return "the master key file belongs to another user";
	if ((st->st_mode & (credential ? S_IRWXO : S_IRWXG | S_IRWXO)) != 0)
		return "the master key file is open to group or others (chmod 600)";
	return NULL;
}

static int read_file(const char *path, bool credential, unsigned char ret_master[SEAL_MASTER_LEN], const char **ret_why)
{
	char text[TEXT_MAX];
	struct stat st;
	_cleanup_(frame_close) int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0) {
		*ret_why = "the master key file can't be opened, or is a symbolic link";
		return E_CONFIG;
	}
	const char *why = check_stat(&st, credential);
	if (why) {
		*ret_why = why;
		return E_CONFIG;
	}
	ssize_t n = read(fd, text, sizeof(text));
	int rc = parse(str_mem(text, n > 0 ? (size_t)n : 0), ret_master, ret_why);
	secret_wipe(text, sizeof(text));
	return rc;
}

static int read_env(const char *name, unsigned char ret_master[SEAL_MASTER_LEN], const char **ret_why)
{
	char *value = getenv(name);
	if (!value) {
		*ret_why = "the master key's environment variable is not set";
		return E_CONFIG;
	}
	int rc = parse(str_of(value), ret_master, ret_why);
	secret_wipe(value, strlen(value)); /* also what /proc/PID/environ shows */
	unsetenv(name);
	return rc;
}

static int read_credential(const char *name, unsigned char ret_master[SEAL_MASTER_LEN], const char **ret_why)
{
	char path[PATH_ROOM];
	struct buf buf;
	const char *directory = getenv("CREDENTIALS_DIRECTORY");
	buf_init_fixed(&buf, path, sizeof(path));
	buf_printf(&buf, "%s/%s", directory ? directory : "", name);
	if (!directory || buf_status(&buf) < 0 || strchr(name, '/') || name[0] == '.' || name[0] == '\0') {
		*ret_why = "there is no such credential (CREDENTIALS_DIRECTORY)";
		return E_CONFIG;
	}
	return read_file(path, true, ret_master, ret_why);
}

const char *master_env(const char *where)
{
	return str_has_prefix(str_of(where), STR("env:")) ? where + sizeof("env:") - 1 : NULL;
}

int master_read(const char *where, unsigned char ret_master[SEAL_MASTER_LEN], const char **ret_why)
{
	if (master_env(where))
		return read_env(master_env(where), ret_master, ret_why);
	if (str_has_prefix(str_of(where), STR("credential:")))
		return read_credential(where + sizeof("credential:") - 1, ret_master, ret_why);
	if (str_has_prefix(str_of(where), STR("file:")))
		where += sizeof("file:") - 1;
	return read_file(where, false, ret_master, ret_why);
}
