#pragma once
/*
 * The usage text of polytaskctl: the commands that operators use, in groups. more: commands besides
 * those of ctl_command.h and of admin/command.h; ends with an all-zero row.
 */
#include <stdio.h>

#include "ctl/verb.h"

void usage_print(FILE *to, const struct ctl_command *more);
/* The usage line of one command, and what it does. */
void usage_print_verb(FILE *to, const struct verb *verb);
