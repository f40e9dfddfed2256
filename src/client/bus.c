/* Talking on the session bus; see bus.h. */
#include "client/bus.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"

enum { ADDRESS_MAX = 512, SLICE_US = 50000, US_NS = 1000 };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct bus_functions functions;
static bool is_loaded;

/* Stays loaded: it keeps things of its own per thread. */
static void load(void)
{
	void *library = dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return;
#define FIND(name, symbol)                                           \
	*(void **)(void *)&functions.name = dlsym(library, #symbol); \
	if (!functions.name)                                         \
		return;
	BUS_FUNCTIONS(FIND)
#undef FIND
	is_loaded = true;
}

static int fail(const struct bus *bus, const char *why)
{
	return trouble_set(bus->call->trouble, MINTMARK_ERROR_STORAGE, "%s can not be used: %s.", bus->words, why);
}

int bus_fail(const struct bus *bus, int number)
{
	char text[128], why[192];
	if (number == -ENOMEM)
		return trouble_of(bus->call->trouble, E_NOMEM, "a message to the session bus");
	snprintf(why, sizeof(why), "the session bus fails (%s)", strerror_r(-number, text, sizeof(text)));
	int rc = fail(bus, why);
	bus->call->trouble->is_passing = true;
	return rc;
}

/*
 * One socket of the file system. Other kinds of addresses are left alone: they lead to other machines, run programs, or
 * start a bus of their own.
 */
static bool find_address(char ret_address[ADDRESS_MAX])
{
	const char *address = secure_getenv("DBUS_SESSION_BUS_ADDRESS"), *folder = secure_getenv("XDG_RUNTIME_DIR");
	int len = -1;
	if (address && address[0])
		len = strncmp(address, "unix:", 5) == 0 && !strchr(address, ';')
			      ? snprintf(ret_address, ADDRESS_MAX, "%s", address)
			      : -1;
	else if (folder && folder[0] == '/' && snprintf(ret_address, ADDRESS_MAX, "%s/bus", folder) < ADDRESS_MAX &&
		 access(ret_address, F_OK) == 0)
		len = snprintf(ret_address, ADDRESS_MAX, "unix:path=%s/bus", folder);
	return len > 0 && len < ADDRESS_MAX;
}

/* Whoever listens there gets the login: nobody but this user. */
static bool is_ours(const struct bus *bus)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	int fd = bus->f->get_fd(bus->connection);
	return fd >= 0 && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && peer.uid == geteuid();
}

/* Go on a bit. */
static int turn(struct bus *bus)
{
	TRY(storage_is_over(bus->call, bus->words));
	int r = fault_hit(FAULT_STORAGE) ? -ECONNRESET : bus->f->process(bus->connection, NULL);
	if (r == 0)
		r = bus->f->wait(bus->connection, SLICE_US);
	return r < 0 && r != -EINTR ? bus_fail(bus, r) : MINTMARK_OK;
}

static int connect_to(struct bus *bus, const char *address)
{
	int r = bus->f->new(&bus->connection);
	if (r >= 0)
		r = bus->f->set_address(bus->connection, address);
	if (r >= 0)
		r = bus->f->set_bus_client(bus->connection, 1);
	if (r >= 0)
		r = bus->f->start(bus->connection);
	if (r < 0)
		return bus_fail(bus, r);
	if (!is_ours(bus))
		return fail(bus, "the session bus belongs to somebody else");
	while ((r = bus->f->is_ready(bus->connection)) == 0)
		TRY(turn(bus));
	return r < 0 ? bus_fail(bus, r) : MINTMARK_OK;
}

int bus_open(struct storage_call *call, const char *words, struct bus *ret_bus)
{
	char address[ADDRESS_MAX];
	*ret_bus = (struct bus){.call = call, .words = words};
	if (!find_address(address))
		return fail(ret_bus, "there is no session bus here ($DBUS_SESSION_BUS_ADDRESS). Call from a session "
				     "that has it, or log in here with another place");
	if (fault_hit(FAULT_STORAGE) || pthread_once(&once, load) != 0 || !is_loaded)
		return fail(ret_bus, "libsystemd.so.0, which speaks to the session bus, is not there");
	ret_bus->f = &functions;
	return connect_to(ret_bus, address);
}

void bus_close(struct bus *bus)
{
	if (bus->f && bus->connection)
		bus->connection = bus->f->close_unref(bus->connection);
}

void bus_done(struct bus *bus, sd_bus_message **message)
{
	if (*message)
		*message = bus->f->message_unref(*message);
}

/* An answer that came. */
struct answer {
	const struct bus_functions *f;
	sd_bus_message *message;
};

static int on_answer(sd_bus_message *message, void *arg, sd_bus_error *unused)
{
	struct answer *answer = arg;
	(void)unused;
	answer->message = answer->f->message_ref(message);
	return 1;
}

/* What the peer calls a refusal. */
static int refuse(const struct bus *bus, const sd_bus_error *error)
{
	static const struct {
		const char *name, *why;
		bool is_there;
	} rows[] = {
		{"org.freedesktop.DBus.Error.ServiceUnknown", "none runs in this session", false},
		{"org.freedesktop.DBus.Error.NameHasNoOwner", "none runs in this session", false},
		{"org.freedesktop.Secret.Error.IsLocked", "it is locked. Unlock it, or log in with another place",
			true},
	};
	char why[256];
	bool is_there = true;
	snprintf(why, sizeof(why), "it answers %.200s", error->name); /* not its text: who knows what stands there */
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(error->name, rows[i].name) == 0) {
			snprintf(why, sizeof(why), "%s", rows[i].why);
			is_there = rows[i].is_there;
		}
	int rc = fail(bus, why);
	bus->call->trouble->is_passing = is_there;
	return rc;
}

static int wait_for(struct bus *bus, sd_bus_message *message, struct answer *answer)
{
	sd_bus_slot *slot = NULL;
	int r = bus->f->call_async(bus->connection, &slot, message, on_answer, answer, UINT64_MAX);
	if (r < 0)
		return bus_fail(bus, r);
	int rc = MINTMARK_OK;
	while (!answer->message && rc == MINTMARK_OK)
		rc = turn(bus);
	(void)bus->f->slot_unref(slot);
	return rc;
}

int bus_send(struct bus *bus, sd_bus_message *message, sd_bus_message **ret_answer)
{
	struct answer answer = {.f = bus->f};
	int rc = wait_for(bus, message, &answer);
	bus_done(bus, &message);
	const sd_bus_error *error = rc == MINTMARK_OK ? bus->f->message_get_error(answer.message) : NULL;
	if (error)
		rc = refuse(bus, error);
	if (rc == MINTMARK_OK)
		*ret_answer = answer.message;
	else
		bus_done(bus, &answer.message);
	return rc;
}

int bus_ask(struct bus *bus, const struct bus_method *method, sd_bus_message **ret_answer, const char *types, ...)
{
	sd_bus_message *message = NULL;
	va_list args;
	int r = bus->f->message_new_call(bus->connection, &message, method->peer, method->path, method->interface,
					 method->name);
	va_start(args, types);
	if (r >= 0)
		r = bus->f->message_appendv(message, types, args);
	va_end(args);
	if (r >= 0)
		return bus_send(bus, message, ret_answer);
	bus_done(bus, &message);
	return bus_fail(bus, r);
}
