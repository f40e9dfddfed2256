/*
 * The configuration: a YAML file read into one immutable, reference-counted struct. The options are the rows of
 * config/config.def. Used by the supervisor, the server, keyd (before its sandbox closes) and the command line. It
 * holds no secret: the master key is only named here.
 *
 * Refused with file, line, column and what was expected: syntax errors, unknown keys, duplicates, wrong types, values
 * out of range, contradictions between options, aliases, anchors, tags, several documents, more than 64 KiB, NUL
 * bytes, anything but UTF-8.
 *
 * Threads: a struct config never changes after it was made; ref and unref are atomic.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdatomic.h>

#include "base/addr.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/log.h"

enum { CONFIG_TEXT_MAX = 65536, CONFIG_LIST_MAX = 64, CONFIG_VALUE_MAX = 2048, CONFIG_WHY_MAX = 4096 };

enum config_access { CONFIG_ACCESS_LOOPBACK, CONFIG_ACCESS_ALL, CONFIG_ACCESS_OFF };
enum config_signup { CONFIG_SIGNUP_INVITE, CONFIG_SIGNUP_OPEN, CONFIG_SIGNUP_OFF };
enum config_registration { CONFIG_REGISTRATION_TOKEN, CONFIG_REGISTRATION_OPEN, CONFIG_REGISTRATION_OFF };
enum config_family { CONFIG_FAMILY_OAUTH2, CONFIG_FAMILY_CONNECT };

/* One item of `listen`, ready for bind(2). */
struct config_endpoint {
	struct str text; /* as it was written */
	struct sockaddr_storage addr;
	socklen_t addr_len;
	bool local;      /* loopback or Unix socket */
};

#define CONFIG_TYPE_UINT(min, max) uint32_t
#define CONFIG_TYPE_BOOL bool
#define CONFIG_TYPE_ENUM(names) enum names
#define CONFIG_TYPE_TEXT(check) struct str
#define CONFIG_TYPE_PATH(check) struct str
#define CONFIG_TYPE_LIST(check) struct str_list

struct config {
#define CONFIG_SECTION(section, doc) struct {
#define CONFIG_OPTION(section, name, kind, preset, reload, doc) CONFIG_TYPE_##kind name;
#define CONFIG_SECTION_END(section) } section;
#include "config/config.def"
#undef CONFIG_SECTION
#undef CONFIG_OPTION
#undef CONFIG_SECTION_END
	/* What follows is made from the options above. */
	const struct config_endpoint *endpoints; /* listen.n of them, in order */
	const struct addr_network *proxies;    /* trusted_proxies.n of them */
	bool tls_enabled;
	struct str file;                         /* path as it was given */
	/* private */
	struct arena arena;
	atomic_uint refs;
};

/*
 * Read and check a file. ret_why: the caller's, text is appended on failure ("file:line:column: option: what was
 * expected"), one line without a line feed. E_CONFIG: the content is refused; E_IO: the file can't be read; E_NOMEM.
 * The reference is the caller's.
 */
must_check int config_load(const char *path, struct config **ret_config, struct buf *ret_why);
/* The same from memory. name stands in messages, and relative paths are relative to its folder. E_CONFIG, E_NOMEM. */
must_check int config_parse(const char *name, struct str text, struct config **ret_config, struct buf *ret_why);
/*
 * The file's new text for a running server, which can't open files: options that need a restart keep their old values,
 * whose names are appended to ret_restart (", " between; nothing when there are none). Errors as config_parse; old
 * stays as it is.
 */
must_check int config_reload(const struct config *old, struct str text, struct config **ret_config,
	struct buf *ret_restart, struct buf *ret_why);
/* How many options differ that need a restart; their names are appended to ret_text, ", " between. */
unsigned config_reload_diff(const struct config *old, const struct config *new, struct buf *ret_text);

struct config *config_ref(struct config *config);
/* NULL is allowed. */
void config_unref(struct config *config);
void config_unrefp(struct config **config); /* for _cleanup_ */

/* Whether a numeric address belongs to trusted_proxies. "unix" counts as trusted when behind_proxy is set. */
bool config_trusts(const struct config *config, struct str addr);
/* docs/configuration.md, made from the rows; appended. */
void config_reference(struct buf *out);

#endif
