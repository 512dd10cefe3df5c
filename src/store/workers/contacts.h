#pragma once
/*
 * When workers were last heard of: a table in memory that all processes share (store_shared), empty
 * at each start of the service. A worker has a place in one set, which a hash of tenant and name
 * chooses. In a full set the oldest place of the tenant with the most places is used again: so a
 * tenant that makes up names displaces its own workers, not those of others.
 */
#include <stdatomic.h>

#include "base/optional_time.h"
#include "task/task.h"

#define CONTACT_SETS	   256
#define CONTACT_WAYS	   16
#define CONTACT_TENANT_MAX 64

struct contact {
	int64_t first, last; /* ms since 1970; last 0: the place is free */
	uint8_t tenant_len, name_len;
	char tenant[CONTACT_TENANT_MAX];
	char name[TASK_WORKER_MAX];
};

struct contacts {
	_Atomic int locked;
	struct contact places[CONTACT_SETS][CONTACT_WAYS];
};

/*
 * Notes a request of the worker. Nothing is noted while another process has the table and does not
 * give it back, nor of names that are too long.
 */
void contacts_note(struct contacts *contacts, struct str tenant, struct str worker, int64_t now);
/*
 * Calls back for each worker of the tenant that was heard of since the time. take returns false to
 * end. Returns false if another process does not give the table back.
 */
bool contacts_each(struct contacts *contacts, struct str tenant, int64_t since,
	bool (*take)(const struct contact *contact, void *data), void *data);
/* Without other processes: one may have been killed while it had the table. */
void contacts_unlock(struct contacts *contacts);
