#pragma once
/*
 * The command `store`: makes, upgrades or checks the tables of a shared store (store/pg/schema.h).
 * It asks the server, not the service, and works while hosts use the store.
 */
#include "ctl/ctl_command.h"

int ctl_store(struct ctl *ctl);
