#pragma once
/*
 * OP_ACCESS (task/access.h): shows the users of a tenant and their credentials, ends them, and sets
 * their ends, with the functions of the operator's commands (user.h, token_change.h, key.h,
 * login_tokens.h). Each change that is made is logged as the event `access`, and on disk on return;
 * changes that end something also work while the disk is nearly full.
 *
 * No table is in the order of a page, and none can be searched by the id of a user, so the tables
 * are read in parts: a slice reads some records, and no lock remains between two slices. A page of
 * credentials takes 6 us of a reader for each token of all tenants.
 */
#include "store/store.h"

/*
 * As store_apply(): with result->unfinished, auth_go_on() has to be called before the answer is
 * complete. result->access is freed by store_result_free(). The op's texts must last until then.
 */
bool auth_apply(struct store *store, const struct op *op, struct result *result, struct err *err);
/* As store_go_on(). */
bool auth_go_on(struct result *result, unsigned slice_steps, struct err *err);
