/* Now, read twice; see moment.h. */
#include "client/moment.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"

enum { S_NS = 1000000000 };

/* Linux; elsewhere it stays empty and the wall clock decides. */
static void read_boot_id(char ret_id[MOMENT_BOOT_ID_MAX])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, ret_id, MOMENT_BOOT_ID_MAX - 1) : 0;
	if (fd >= 0)
		close(fd);
	while (n > 0 && ret_id[n - 1] == '\n')
		n--;
	ret_id[n > 0 ? n : 0] = '\0';
}

void moment_now(struct moment *ret_moment)
{
	ret_moment->wall_s = clock_now_s(&clock_system);
	ret_moment->boot_s = clock_boot_ns() / S_NS;
	read_boot_id(ret_moment->boot_id);
}

int64_t moment_age_s(const struct moment *then, const struct moment *now)
{
	bool same_life = now->boot_id[0] != '\0' && strcmp(then->boot_id, now->boot_id) == 0;
	return same_life && now->boot_s >= then->boot_s ? now->boot_s - then->boot_s : now->wall_s - then->wall_s;
}
