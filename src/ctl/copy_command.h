#pragma once
/*
 * The command `copy`: copies a whole store from files to a server or back (store/transfer/copy.h),
 * while no service uses either.
 */
#include "ctl/ctl_command.h"

int ctl_copy(struct ctl *ctl);
