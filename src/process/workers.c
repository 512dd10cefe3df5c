#include "process/workers.h"

#define READERS_MAX 63
/* Writers of a shared store, and as many readers; together as many as the option workers allows. */
#define SHARED_MIN 2
#define SHARED_MAX 32

bool workers_has_role(enum role role)
{
	return role == ROLE_WORKER || role == ROLE_WRITER || role == ROLE_READER;
}

/* A list needs twice the time of the web server for it, a read of a task half of it. */
static int default_readers(long processors)
{
	return processors < 1 ? 1 : processors > READERS_MAX ? READERS_MAX : (int)processors;
}

/*
 * Of a shared store half of the workers are writers. By default they are two at least, since one
 * that waits for the server uses no processor.
 */
static int writers(uint64_t asked, long processors, bool shared)
{
	if (!shared)
		return 1;
	if (asked > 0)
		return (int)asked / 2;
	return processors < SHARED_MIN	 ? SHARED_MIN
	       : processors > SHARED_MAX ? SHARED_MAX
					 : (int)processors;
}

int workers_seats(enum role role, const struct fcgi_sockets *sockets, uint64_t asked,
	long processors, bool shared)
{
	bool split = sockets->read >= 0 && asked != 1;
	int write = writers(asked, processors, shared);

	switch (role) {
	case ROLE_WORKER:
		return split ? 0 : asked > 0 ? (int)asked : shared ? write : 1;
	case ROLE_WRITER:
		return split ? write : 0;
	case ROLE_READER:
		return !split	   ? 0
		       : asked > 0 ? (int)asked - write
		       : shared	   ? write
				   : default_readers(processors);
	case ROLE_NONE:
	case ROLE_RECOVER:
	case ROLE_KEEPER:
	case ROLE_NOTIFIER:
	case ROLE_MONITOR:
	case ROLE_OPERATOR:
	case ROLES:
	default:
		return 0;
	}
}

void workers_listeners(
	enum role role, const struct fcgi_sockets *sockets, int listeners[FCGI_SOCKETS])
{
	listeners[0] = role == ROLE_WORKER || role == ROLE_WRITER ? sockets->main : -1;
	listeners[1] = role == ROLE_WORKER || role == ROLE_READER ? sockets->read : -1;
}

bool workers_suffice(const bool roles[ROLES])
{
	return roles[ROLE_WORKER] || (roles[ROLE_WRITER] && roles[ROLE_READER]);
}
