#pragma once
/*
 * Policies (task/policy.h) from the option `policy` of the configuration: a scope and members, such
 * as "virtshell/clone attempts=3 retry_first=5s". The scope is `all`, a dialect, or a dialect and a
 * kind behind a slash. In a kind, %20 is a blank and %25 a percent sign, as in a URI (RFC 3986,
 * section 2.1); without a text behind the slash, it is that of tasks without a kind.
 */
#include "sys/conf.h"
#include "task/policy.h"

/* conf_source.check_policy: ERR_INVALID with a sentence, without a field. */
bool policy_check_option(const char *text, struct err *err);
/* The policies of a configuration that was checked by it. */
void policies_from_conf(struct policies *policies, const struct conf *conf);
