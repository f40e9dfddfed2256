/*
 * The session's D-Bus by sd-bus, which is loaded when it is first needed: libmintmark depends on it as little as the
 * machine does. Not libsecret, nor GLib: those bring a thread that stays, a connection that ends the whole process with
 * the bus, and prompts of their own; here there is one connection for one use of the storage, a socket that nothing
 * waits for beyond the call's end, and no thread. D-Bus Specification 0.41.
 *
 * Only the bus of this very user is spoken to, by a socket of the file system.
 */
#ifndef CLIENT_BUS_H
#define CLIENT_BUS_H

#include <systemd/sd-bus.h>

#include "client/storage.h"

#define BUS_FUNCTIONS(X) \
	X(new, sd_bus_new)                                  \
	X(set_address, sd_bus_set_address)                  \
	X(set_bus_client, sd_bus_set_bus_client)            \
	X(start, sd_bus_start)                              \
	X(is_ready, sd_bus_is_ready)                        \
	X(get_fd, sd_bus_get_fd)                            \
	X(process, sd_bus_process)                          \
	X(wait, sd_bus_wait)                                \
	X(call_async, sd_bus_call_async)                    \
	X(close_unref, sd_bus_close_unref)                  \
	X(slot_unref, sd_bus_slot_unref)                    \
	X(message_new_call, sd_bus_message_new_method_call) \
	X(message_sensitive, sd_bus_message_sensitive)      \
	X(message_append, sd_bus_message_append)            \
	X(message_appendv, sd_bus_message_appendv)          \
	X(message_append_array, sd_bus_message_append_array) \
	X(message_open, sd_bus_message_open_container)      \
	X(message_close, sd_bus_message_close_container)    \
	X(message_read, sd_bus_message_read)                \
	X(message_read_array, sd_bus_message_read_array)    \
	X(message_enter, sd_bus_message_enter_container)    \
	X(message_exit, sd_bus_message_exit_container)      \
	X(message_get_error, sd_bus_message_get_error)      \
	X(message_ref, sd_bus_message_ref)                  \
	X(message_unref, sd_bus_message_unref)

struct bus_functions {
#define MEMBER(name, symbol) __typeof__(symbol) *name;
	BUS_FUNCTIONS(MEMBER)
#undef MEMBER
};

struct bus {
	const struct bus_functions *f; /* NULL: not open */
	sd_bus *connection;
	struct storage_call *call; /* how long, and where troubles go */
	const char *words;         /* who is asked, for people */
};

/* Connected and known to the bus. MINTMARK_ERROR_STORAGE, MINTMARK_ERROR_CANCELLED. bus_close() in any case. */
must_check int bus_open(struct storage_call *call, const char *words, struct bus *ret_bus);
void bus_close(struct bus *bus); /* for _cleanup_ */

/*
 * Send a message (which is let go of) and wait for its answer, bus_done() it. The same codes; a refusal by the peer is
 * one too.
 */
must_check int bus_send(struct bus *bus, sd_bus_message *message, sd_bus_message **ret_answer);
/* What a method is called by. */
struct bus_method {
	const char *peer, *path, *interface, *name;
};
/* The same with arguments as of sd_bus_message_append(3). */
must_check int bus_ask(struct bus *bus, const struct bus_method *method, sd_bus_message **ret_answer, const char *types,
		       ...);
void bus_done(struct bus *bus, sd_bus_message **message);
/* Note why: an answer that is not what it should be, or a message that can't be made (-errno). */
int bus_fail(const struct bus *bus, int number);

#endif
