#pragma once
/*
 * `completion SHELL`: a script that completes the commands, options and values of polytaskctl,
 * made of the tables of commands (verb.h). Its installed form is made by the build.
 */
#include "ctl/ctl_command.h"

/* Prints the script for bash or zsh. Returns the exit status. */
int ctl_completion(struct ctl *ctl);
