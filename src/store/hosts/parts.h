#pragma once
/* The parts of hosts/: see hosts.h. Private to it. */
#include "store/hosts/hosts.h"
#include "store/internal.h"

/* The key of a row. */
void hosts_key(struct index_key *key, uint64_t host, uint64_t number);
/*
 * The scope of a host's rows. No tenant has that name, so they wait for no other change, nor for
 * the keeper of another host that was stopped.
 */
struct str hosts_scope(struct index_key *key, uint64_t host);
/* False if the key is not one. */
bool hosts_parse_key(struct str key, uint64_t *host, uint64_t *number);
/* The number of this host, drawn by the first process that asks. */
uint64_t hosts_self(struct store *store);

/* Writes a row if there is something to tell, and removes those that are old. */
bool hosts_tell(struct store *store, struct store_hosts *hosts, int64_t now, struct err *err);
/* Reads the new rows of other hosts. */
bool hosts_hear(struct store *store, struct store_hosts *hosts, int64_t now, struct err *err);
