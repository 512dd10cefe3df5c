#include "auth/access.h"

#include <inttypes.h>
#include <stdlib.h>

#include "auth/access_run.h"
#include "base/clock.h"

#define KEYS_PART 64 /* keys read from a table at once */

/* ---- the tables ---- */

static bool take_user(struct access_run *run, struct str key, const void *record, struct err *err)
{
	(void)key;
	return access_take_user(run, record, err);
}

static bool take_token(struct access_run *run, struct str key, const void *record, struct err *err)
{
	return access_take_token(run, key, record, err);
}

static bool take_key(struct access_run *run, struct str key, const void *record, struct err *err)
{
	(void)key;
	return access_take_key(run, record, err);
}

static const struct {
	const struct auth_record_kind *kind;
	bool (*take)(struct access_run *run, struct str key, const void *record, struct err *err);
} tables[ACCESS_TABLES] = {
	[ACCESS_IN_USERS] = { &user_kind, take_user },
	[ACCESS_IN_TOKENS] = { &token_kind, take_token },
	[ACCESS_IN_KEYS] = { &key_kind, take_key },
};

/* Which tables the operation reads. */
static unsigned tables_of(const struct op_access *query)
{
	unsigned types = query->types;
	unsigned read = 1U << ACCESS_IN_USERS;

	if (query->action >= ACCESS_USERS && query->action <= ACCESS_USER_REVOKE)
		return read;
	if (query->action != ACCESS_CREDENTIALS)
		return 0;
	if (types == 0 || (types & (1U << ACCESS_TOKEN | 1U << ACCESS_LOGIN)))
		read |= 1U << ACCESS_IN_TOKENS;
	if (types == 0 || (types & 1U << ACCESS_KEY))
		read |= 1U << ACCESS_IN_KEYS;
	return read;
}

/* ---- the walk ---- */

static bool read_keys(struct access_run *run, enum access_table table, struct err *err)
{
	buf_reset(&run->keys);
	run->used = 0;
	if (!run->place.end)
		return store_auth_keys(run->store, tables[table].kind->table, &run->place,
			KEYS_PART, &run->keys, err);
	run->place = (struct store_auth_place){ 0 };
	run->tables &= ~(1U << table);
	return true;
}

/* Reads the next KEYS_PART keys of a table, or the record of the next key. */
static bool step(struct access_run *run, struct err *err)
{
	enum access_table table = ACCESS_IN_USERS;
	union {
		struct user user;
		struct token token;
		struct key key;
	} record;
	struct str rest, key;
	bool ok, found;

	while (!(run->tables & 1U << table))
		table++;
	if (run->used == run->keys.len)
		return read_keys(run, table, err);
	rest = str_skip(buf_str(&run->keys), run->used);
	key = str_split_next(&rest, '\0');
	run->used += key.len + 1;
	ok = auth_record_find(run->store, tables[table].kind, key.ptr, &record, &found, err);
	ok = ok && (!found || tables[table].take(run, key, &record, err));
	explicit_bzero(&record, sizeof(record));
	return ok;
}

/* ---- the answer ---- */

/* Copies the sorted rows, without row limit + 1. */
static bool copy_rows(
	const struct access_page *page, size_t limit, void **rows, size_t *count, struct err *err)
{
	size_t shown = page->count < limit ? page->count : limit;
	char *copy = calloc(shown + 1, page->row_size);

	if (!copy)
		return err_no_memory(err);
	for (size_t i = 0; i < shown; i++)
		memcpy(copy + i * page->row_size, page->order[i], page->row_size);
	*rows = copy;
	*count = shown;
	return true;
}

static bool answer_users(struct access_run *run, struct access_answer *answer, struct err *err)
{
	void *rows;

	if (!copy_rows(&run->page, run->query->limit, &rows, &answer->user_count, err))
		return false;
	answer->users = rows;
	if (run->page.count > answer->user_count)
		buf_puts(&answer->next, answer->users[answer->user_count - 1].name);
	return buf_ok(&answer->next) || err_no_memory(err);
}

static bool answer_credentials(
	struct access_run *run, struct access_answer *answer, struct err *err)
{
	const struct access_credential *last;
	void *rows;

	if (!copy_rows(&run->page, run->query->limit, &rows, &answer->credential_count, err))
		return false;
	answer->credentials = rows;
	last = &answer->credentials[answer->credential_count - (answer->credential_count > 0)];
	if (run->page.count > answer->credential_count)
		buf_printf(&answer->next, "%" PRId64 " %s", last->created, last->id);
	return buf_ok(&answer->next) || err_no_memory(err);
}

static bool answer_user(struct access_run *run, struct access_answer *answer, struct err *err)
{
	if (!access_change_user(run, err))
		return false;
	answer->users = calloc(1, sizeof(*answer->users));
	if (!answer->users)
		return err_no_memory(err);
	answer->user_count = 1;
	access_fill_user(&run->user, run->now, answer->users);
	return true;
}

static bool answer_credential(struct access_run *run, struct access_answer *answer, struct err *err)
{
	struct access_record record;
	struct user owner = { 0 };
	bool ok = access_get_credential(run, &record, &owner, err) &&
		  access_change_credential(run, &record, &owner, err) &&
		  (run->query->action == ACCESS_CREDENTIAL ||
			  access_get_credential(run, &record, &owner, err));

	explicit_bzero(owner.password_hash, sizeof(owner.password_hash));
	if (!ok)
		return false;
	answer->credentials = calloc(1, sizeof(*answer->credentials));
	if (!answer->credentials)
		return err_no_memory(err);
	answer->credential_count = 1;
	return access_show_credential(run, &record, &owner, answer->credentials, err);
}

static bool finish(struct access_run *run, struct access_answer *answer, struct err *err)
{
	switch (run->query->action) {
	case ACCESS_USERS:
		return answer_users(run, answer, err);
	case ACCESS_USER:
	case ACCESS_USER_END:
	case ACCESS_USER_REVOKE:
		return answer_user(run, answer, err);
	case ACCESS_CREDENTIALS:
		return answer_credentials(run, answer, err);
	case ACCESS_CREDENTIAL:
	case ACCESS_CREDENTIAL_END:
	case ACCESS_CREDENTIAL_REVOKE:
		return answer_credential(run, answer, err);
	case ACCESS_ACTIONS:
	default:
		return err_set(err, ERR_INTERNAL, NULL, "no such action");
	}
}

/* ---- the operation ---- */

static void free_run(struct access_run *run)
{
	access_page_free(&run->page);
	buf_free(&run->keys);
	free(run->owners);
	json_decref(run->owner_names);
	explicit_bzero(run, sizeof(*run));
	free(run);
}

static bool init_page(struct access_run *run, struct err *err)
{
	size_t limit = run->query->limit;

	if (run->query->action == ACCESS_USERS)
		return access_page_init(
			&run->page, sizeof(struct access_user), limit, access_user_precedes, err);
	if (run->query->action != ACCESS_CREDENTIALS)
		return true;
	run->owner_names = json_object();
	return (run->owner_names || err_no_memory(err)) && access_read_place(run, err) &&
	       access_page_init(&run->page, sizeof(struct access_credential), limit,
		       access_credential_precedes, err);
}

static void note_memory(struct access_answer *answer)
{
	const struct access_run *run = answer->run;

	answer->memory = sizeof(*answer) + answer->user_count * sizeof(*answer->users) +
			 answer->credential_count * sizeof(*answer->credentials);
	if (run)
		answer->memory += sizeof(*run) + run->keys.capacity +
				  run->page.most * (run->page.row_size + sizeof(void *)) +
				  run->owner_capacity * (sizeof(*run->owners) + USER_NAME_MAX);
}

bool auth_apply(struct store *store, const struct op *op, struct result *result, struct err *err)
{
	struct access_answer *answer = calloc(1, sizeof(*answer));
	struct access_run *run = calloc(1, sizeof(*run));
	bool ok;

	result->access = answer;
	if (!answer || !run) {
		free(run);
		return err_no_memory(err);
	}
	answer->run = run;
	answer->free_run = free_run;
	*run = (struct access_run){
		.store = store,
		.query = op->access,
		.id = op->id,
		.tenant = op->tenant,
		.actor = op->actor,
		.request = op->request,
		.now = op->now,
		.tables = tables_of(op->access),
	};
	credential_ids_init(&run->ids, store);
	result->kind = op->kind;
	ok = init_page(run, err) && auth_go_on(result, op->slice_steps, err);
	if (!ok)
		store_result_free(result);
	return ok;
}

bool auth_go_on(struct result *result, unsigned slice_steps, struct err *err)
{
	struct access_answer *answer = result->access;
	struct access_run *run = answer->run;
	int64_t until = clock_mono_us() + (int64_t)LIST_SLICE_US * slice_steps / LIST_SLICE_STEPS;
	unsigned steps = 0;

	for (; run->tables; steps++) {
		if (slice_steps > 0 && (steps == slice_steps || clock_mono_us() >= until))
			break;
		if (!step(run, err))
			return false;
	}
	result->steps += steps;
	result->unfinished = run->tables != 0;
	if (result->unfinished) {
		note_memory(answer);
		return true;
	}
	if (!finish(run, answer, err))
		return false;
	answer->run = NULL;
	free_run(run);
	note_memory(answer);
	return true;
}
