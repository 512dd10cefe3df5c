#pragma once
/*
 * OP_ACCESS (task/access.h): lists the users of a tenant and their credentials, revokes them, and
 * sets when they end, with the functions of the operator's commands (user.h, token_change.h, key.h,
 * login_tokens.h). Each change is logged as the event `access` and is on disk on return, and is
 * also possible while the disk is nearly full.
 *
 * No table is sorted like a page, and none can be searched by the id of a user, so every operation
 * but those on one credential reads whole tables, in slices, without a lock between two slices. A
 * page of credentials takes a reader 6 us for each token of all tenants.
 */
#include "store/store.h"

/*
 * As store_apply(). If result->unfinished is set, call auth_go_on() until it is not. The op and its
 * texts must live until then. store_result_free() frees result->access at any time, also after an
 * error. ERR_NOT_FOUND, ERR_CONFLICT: see enum access_action; ERR_INVALID "cursor"; ERR_NO_MEMORY;
 * errors of the store.
 */
bool auth_apply(struct store *store, const struct op *op, struct result *result, struct err *err);
/* As store_go_on(): the next slice of an unfinished operation. The same errors. */
bool auth_go_on(struct result *result, unsigned slice_steps, struct err *err);
