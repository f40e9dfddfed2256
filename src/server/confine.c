/* See confine.h. */
#include "server/confine.h"

#include <errno.h>
#include <fcntl.h>

#include "crypto/digest.h"
#include "ipc/frame.h"
#include "ipc/sandbox.h"
#include "server/sign_in_with.h"
#include "store/store.h"

enum { MORE_MAX = 16 + UPSTREAM_MAX };

/* What libraries read when they are first used: they could not any more. */
static int warm_up(void)
{
	unsigned char digest[SHA256_LEN];
	store_prepare();
	return digest_sha256(STR(""), digest);
}

/*
 * The configuration was checked by the names; symbolic links and the mixture of absolute and relative paths show only
 * here. When this opens nothing, no code of this process can.
 */
static int check_master(const struct config *config)
{
	struct str path = config->keys.master_key;
	if (str_has_prefix(path, STR("env:")) || str_has_prefix(path, STR("credential:")))
		return 0;
	_cleanup_(frame_close) int fd = open(path.p, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return 0;
	LOG(LOG_ERROR, "master_key_exposed", F("keys_master_key", path), F("store_path", config->store.path),
	    F("why", "keys.master_key lies below the folder of store.path, where the server process may read"));
	return E_CONFIG;
}

/*
 * What names, certificates and mails need. Without a relay or a provider nothing of it is open. A resolver's or
 * certificate file that is replaced later can't be read any more until a restart.
 */
static size_t list_more(const struct config *config, struct sandbox_path more[MORE_MAX])
{
	static const char *const network[] = {
		"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/host.conf",
		"/etc/services", "/run/systemd/resolve", "/etc/ssl", "/usr/lib/ssl", "/usr/share/ca-certificates",
	};
	size_t n = 0;
	if (config->mail.folder.len > 0)
		more[n++] = (struct sandbox_path){config->mail.folder.p, true};
	if (config->mail.ca_file.len > 0)
		more[n++] = (struct sandbox_path){config->mail.ca_file.p, false};
	for (unsigned i = 0; i < UPSTREAM_MAX; i++)
		if (sign_in_with_ca_file(config, i))
			more[n++] = (struct sandbox_path){sign_in_with_ca_file(config, i), false};
	bool requests = config->mail.relay.len > 0 || sign_in_with_is_on(config);
	for (size_t i = 0; requests && i < sizeof(network) / sizeof(network[0]); i++)
		more[n++] = (struct sandbox_path){network[i], false};
	return n;
}

int confine_server(const struct config *config)
{
	_cleanup_(buf_done) struct buf folder;
	struct str path = config->store.path;
	size_t len = path.len;
	buf_init(&folder, path.len + 2);
	TRY(warm_up());
	while (len > 0 && path.p[len - 1] != '/')
		len--;
	buf_put(&folder, len > 0 ? (struct str){path.p, len} : STR("."));
	buf_put_char(&folder, '\0');
	TRY(buf_status(&folder));
	struct sandbox_path more[MORE_MAX];
	size_t n_more = list_more(config, more);
	int rc = sandbox_server(folder.p, more, n_more);
	if (rc == 0)
		return check_master(config);
	if (rc == E_ABSENT) {
		LOG(LOG_WARN, "landlock_absent",
		    F("why", "the kernel has no Landlock: this process could open any file of its user"));
		return 0;
	}
	LOG(LOG_ERROR, "sandbox_failed", F("folder", (const char *)folder.p), F("errno", errno));
	return rc;
}
