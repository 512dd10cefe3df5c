/*
 * What the native API does inside the transaction, where a task's dialect is known: states and
 * words, merge patches of fields, the dialect's consent. And its filters on the indexes of every
 * dialect there is.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../http/chaos.h"
#include "dialect/dialect.h"
#include "http/json.h"
#include "lib/check.h"

#define NOW    1429207233123
#define BEFORE 1429205633000

/* A request on its way, with all that it borrows from. */
struct asking {
	struct mem mem;
	struct request request;
	struct op op;
	struct err err;
};

static void ask(struct asking *asking, const char *method, const char *uri, const char *body)
{
	struct request *request = &asking->request;
	struct err err;

	*asking = (struct asking){ 0 };
	request->mem = &asking->mem;
	request->now = NOW;
	request->body = str_of(body);
	asking->op = (struct op){ .mem = &asking->mem, .now = NOW, .fresh = { { 1 } } };
	must(request_add_param(request, STR("REQUEST_METHOD"), str_of(method), &err), &err);
	must(request_add_param(request, STR("REQUEST_URI"), str_of(uri), &err), &err);
}

static bool decode(struct asking *asking)
{
	const struct route *row;
	unsigned allowed;
	size_t skip;

	if (!request_parse(&asking->request, &asking->err))
		return false;
	assert_ptr_equal(dialect_by_path(&asking->request, &skip), &native_dialect);
	assert_int_equal(route_find(native_dialect.routes, &asking->request, skip, &row, &allowed),
		ROUTE_FOUND);
	return row->decode(&asking->request, &asking->op, &asking->err);
}

/* ---- patches ---- */

struct patch {
	const char *name;
	const char *dialect, *word;    /* the task before */
	const char *field, *json;      /* its one field, or its progress, or NULL */
	const char *body;	       /* the patch */
	const char *to, *state, *then; /* word, state and the field's JSON after; NULL: as before */
	const char *refused;	       /* what `errors` of the refusal begins with */
};

static const struct patch patches[] = {
	{ "a state takes the dialect's word along", "virtshell", "pending", NULL, NULL,
		"{\"state\":\"running\"}", "in progress", "running", NULL, NULL },
	{ "a word takes the state along", "virtshell", "pending", NULL, NULL,
		"{\"word\":\"provisioned\"}", "provisioned", "succeeded", NULL, NULL },
	{ "a word may be one of several", "virtshell", "pending", NULL, NULL,
		"{\"word\":\"installing\"}", "installing", "running", NULL, NULL },
	{ "a word that stands for the state already is kept", "virtshell", "installing", NULL, NULL,
		"{\"state\":\"running\"}", "installing", "running", NULL, NULL },
	{ "another state takes its first word", "virtshell", "installing", NULL, NULL,
		"{\"state\":\"succeeded\"}", "sucess", "succeeded", NULL, NULL },
	{ "a word nobody knows, where the set is open", "virtshell", "pending", NULL, NULL,
		"{\"word\":\"melting\"}", "melting", "running", NULL, NULL },
	{ "state and word agree", "virtshell", "pending", NULL, NULL,
		"{\"word\":\"error\",\"state\":\"failed\"}", "error", "failed", NULL, NULL },
	{ "state and word do not agree", "virtshell", "pending", NULL, NULL,
		"{\"word\":\"error\",\"state\":\"running\"}", NULL, NULL, NULL,
		"[{\"pointer\":\"/word\",\"detail\":\"In the dialect virtshell" },
	{ "a word nobody knows, where the set is closed", "native", "pending", NULL, NULL,
		"{\"word\":\"done\"}", NULL, NULL, NULL,
		"[{\"pointer\":\"/word\",\"detail\":\"This is not a word" },
	{ "the words of one dialect are not those of another", "native", "pending", NULL, NULL,
		"{\"word\":\"processing\"}", NULL, NULL, NULL, "[{\"pointer\":\"/word\"" },
	{ "any state may follow any", "native", "succeeded", NULL, NULL, "{\"state\":\"pending\"}",
		"pending", "pending", NULL, NULL },
	{ "neither state nor word", "native", "running", NULL, NULL, "{\"priority\":1}", "running",
		"running", NULL, NULL },

	{ "a field is replaced", "native", "pending", "f", "1", "{\"fields\":{\"f\":[2]}}", NULL,
		NULL, "[2]", NULL },
	{ "a field is taken away", "native", "pending", "f", "1", "{\"fields\":{\"f\":null}}", NULL,
		NULL, "", NULL },
	{ "an object is merged with", "native", "pending", "f", "{\"a\":1,\"b\":2}",
		"{\"fields\":{\"f\":{\"b\":3,\"c\":4}}}", NULL, NULL, "{\"a\":1,\"b\":3,\"c\":4}",
		NULL },
	{ "null takes a member of an object away", "native", "pending", "f", "{\"a\":1,\"b\":2}",
		"{\"fields\":{\"f\":{\"a\":null,\"x\":null}}}", NULL, NULL, "{\"b\":2}", NULL },
	{ "the last member away leaves an object", "native", "pending", "f", "{\"a\":1}",
		"{\"fields\":{\"f\":{\"a\":null}}}", NULL, NULL, "{}", NULL },
	{ "objects are merged at any depth", "native", "pending", "f",
		"{\"a\":{\"b\":{\"c\":1,\"d\":2}},\"e\":[1]}",
		"{\"fields\":{\"f\":{\"a\":{\"b\":{\"c\":null,\"x\":{\"y\":null}}},\"e\":[null]}}}",
		NULL, NULL, "{\"a\":{\"b\":{\"d\":2,\"x\":{}}},\"e\":[null]}", NULL },
	{ "an object replaces what is none, without its nulls", "native", "pending", "f", "[1]",
		"{\"fields\":{\"f\":{\"a\":1,\"b\":null}}}", NULL, NULL, "{\"a\":1}", NULL },
	{ "an object inside replaces what is none, without its nulls", "native", "pending", "f",
		"{\"a\":[1]}", "{\"fields\":{\"f\":{\"a\":{\"b\":null,\"c\":1}}}}", NULL, NULL,
		"{\"a\":{\"c\":1}}", NULL },
	{ "what is no object replaces one", "native", "pending", "f", "{\"a\":1}",
		"{\"fields\":{\"f\":\"x\"}}", NULL, NULL, "\"x\"", NULL },
	{ "a null that is stored stays until it is named", "native", "pending", "f",
		"{\"a\":null,\"b\":1}", "{\"fields\":{\"f\":{\"b\":2}}}", NULL, NULL,
		"{\"a\":null,\"b\":2}", NULL },
	{ "numbers keep their digits", "native", "pending", "f",
		"{\"a\":9223372036854775807,\"b\":0.1}", "{\"fields\":{\"f\":{\"c\":1e300}}}", NULL,
		NULL, "{\"a\":9223372036854775807,\"b\":0.1,\"c\":1e300}", NULL },
	{ "progress is merged as well", "native", "pending", "progress",
		"{\"percent\":10,\"at\":1}", "{\"progress\":{\"percent\":20,\"at\":null}}", NULL,
		NULL, "{\"percent\":20}", NULL },
	{ "progress that is no object is replaced", "native", "pending", "progress", "0.5",
		"{\"progress\":{\"percent\":20,\"at\":null}}", NULL, NULL, "{\"percent\":20}",
		NULL },
	{ "progress may become what is no object", "native", "pending", "progress",
		"{\"percent\":10}", "{\"progress\":0.5}", NULL, NULL, "0.5", NULL },
	{ "progress is taken away", "native", "pending", "progress", "{\"percent\":10}",
		"{\"progress\":null}", NULL, NULL, "", NULL },
	{ "the dialect does not take the field", "virtshell", "pending", "description", "\"d\"",
		"{\"fields\":{\"description\":{\"a\":1}}}", NULL, NULL, NULL,
		"[{\"pointer\":\"/fields/description\",\"detail\":\"description must be a string" },
	{ "the dialect does not look at what it does not know", "virtshell", "pending", "mine",
		"\"d\"", "{\"fields\":{\"mine\":{\"a\":1}}}", NULL, NULL, "{\"a\":1}", NULL },
};

static bool is_progress(const struct patch *patch)
{
	return patch->field && strcmp(patch->field, "progress") == 0;
}

static struct task task_before(const struct patch *patch)
{
	const struct dialect *dialect = dialect_by_name(str_of(patch->dialect));
	struct task task = { .dialect = dialect->code, .created = BEFORE, .updated = BEFORE };

	task.word = str_of(patch->word);
	task_enter(&task, dialect_state(dialect, task.word), BEFORE);
	if (is_progress(patch))
		task.progress = str_of(patch->json);
	else if (patch->field)
		task_set_field(&task, (struct field){ str_of(patch->field), str_of(patch->json) });
	return task;
}

/* What the store does with the parts of a change that matter here. */
static void apply(struct task *task, const struct op *op)
{
	if (op->change.state != TASK_STATE_NONE)
		task_enter(task, op->change.state, op->now);
	if (op->change.word.len > 0)
		task->word = op->change.word;
	if (op->change.set & CHANGE_PROGRESS)
		task->progress = op->change.progress;
	for (size_t i = 0; i < op->change.field_count; i++)
		assert_true(task_set_field(task, op->change.fields[i]));
}

static bool run(struct asking *asking, const struct task *before, struct task *after)
{
	*after = *before;
	if (!decode(asking))
		return false;
	apply(after, &asking->op);
	return asking->op.adapt(&asking->op, before, after, &asking->err);
}

static void check_after(const struct patch *patch, const struct task *before, struct task *after)
{
	const char *word = patch->to ? patch->to : patch->word;
	enum task_state state = patch->state ? task_state_parse(str_of(patch->state))
					     : before->state;
	struct str json = is_progress(patch)
				  ? after->progress
				  : task_field(after, str_of(patch->field ? patch->field : ""));

	assert_str(after->word, word);
	assert_int_equal(after->state, state);
	assert_int_equal(after->finished != 0, task_state_is_final(state));
	assert_true(state != TASK_RUNNING || after->started != 0);
	if (patch->then)
		assert_str(json, patch->then);
}

static void start(struct asking *asking, const struct patch *patch)
{
	ask(asking, "PATCH", "/v1/tasks/018f2f6e-7c3a-7b21-9d55-3f0b8a1c2d3e", patch->body);
}

static void one_patch(void **state)
{
	const struct patch *patch = *state;
	struct task before = task_before(patch), after;
	struct asking asking;
	bool ok;

	start(&asking, patch);
	ok = run(&asking, &before, &after);
	if (patch->refused) {
		assert_false(ok);
		assert_int_equal(asking.err.code, ERR_UNPROCESSABLE);
		assert_true(str_starts(asking.err.detail, str_of(patch->refused)));
	} else {
		must(ok, &asking.err);
		check_after(patch, &before, &after);
	}
	mem_free(&asking.mem);
}

/* The same patches; every allocation fails in turn, once alone and once with all behind it. */
static bool fails_well(const struct patch *patch, enum chaos kind, unsigned n)
{
	struct task before = task_before(patch), after;
	struct asking asking;
	bool ok, hit;

	start(&asking, patch);
	chaos_begin(kind, n);
	ok = run(&asking, &before, &after);
	hit = chaos_end();
	if (ok)
		check_after(patch, &before, &after);
	else if (hit)
		assert_true(asking.err.code == ERR_NO_MEMORY || patch->refused);
	mem_free(&asking.mem);
	return hit;
}

static void memory_fails(void **state)
{
	unsigned hits = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(patches) / sizeof(patches[0]); i++) {
		for (unsigned n = 0; fails_well(&patches[i], CHAOS_ONE, n); n++)
			hits++;
		for (unsigned n = 0; fails_well(&patches[i], CHAOS_REST, n); n++)
			;
	}
	assert_true(hits > sizeof(patches) / sizeof(patches[0]));
}

/* Neither part is too large, the whole is. */
static void merged_progress_has_a_limit(void **state)
{
	struct task before = { .dialect = DIALECT_CODE_native, .word = STR("pending") }, after;
	char stored[3000], body[3000];
	struct asking asking;

	(void)state;
	snprintf(stored, sizeof(stored), "{\"a\":\"%02500d\"}", 1);
	snprintf(body, sizeof(body), "{\"progress\":{\"b\":\"%02500d\"}}", 1);
	before.progress = str_of(stored);
	ask(&asking, "PATCH", "/v1/tasks/018f2f6e-7c3a-7b21-9d55-3f0b8a1c2d3e", body);
	assert_false(run(&asking, &before, &after));
	assert_int_equal(asking.err.code, ERR_UNPROCESSABLE);
	assert_true(str_starts(asking.err.detail, STR("[{\"pointer\":\"/progress\"")));
	mem_free(&asking.mem);
}

static void what_is_no_task_is_not_changed(void **state)
{
	struct task before = { .dialect = DIALECT_CODE_uplynk_point }, after;
	struct asking asking;

	(void)state;
	ask(&asking, "PATCH", "/v1/tasks/018f2f6e-7c3a-7b21-9d55-3f0b8a1c2d3e", "{}");
	assert_false(run(&asking, &before, &after));
	assert_int_equal(asking.err.code, ERR_NOT_FOUND);
	mem_free(&asking.mem);
}

/* ---- every dialect ---- */

/* One row of a table, both ways, on a task that is in another state. */
static void check_word(const struct dialect *dialect, const struct state_word *row)
{
	enum task_state other = row->state == TASK_PENDING ? TASK_FAILED : TASK_PENDING;
	struct task after, before = { .dialect = dialect->code, .state = other };
	struct op op = { .change.word = str_of(row->word), .now = NOW };
	struct asking asking;

	before.word = str_of(dialect_word(dialect, other));
	ask(&asking, "PATCH", "/v1/tasks/018f2f6e-7c3a-7b21-9d55-3f0b8a1c2d3e", "{}");
	must(decode(&asking), &asking.err);
	op.mem = &asking.mem;
	after = before;
	/* What the dialect says of a task without fields is not what is tested. */
	asking.op.adapt(&op, &before, &after, &asking.err);
	assert_int_equal(after.state, row->state);
	op.change.word = STR_NULL;
	op.change.state = row->state;
	after = before;
	asking.op.adapt(&op, &before, &after, &asking.err);
	assert_str(after.word, dialect_word(dialect, row->state));
	mem_free(&asking.mem);
}

static void states_and_words_agree(void **state)
{
	(void)state;
	for (size_t i = 0; dialects[i]; i++) {
		for (const struct state_word *row = dialects[i]->words; row->word; row++)
			check_word(dialects[i], row);
	}
}

/* What a filter is called; empty where it has another name altogether. */
static void parameter_name(const struct index_field *field, char *name, size_t size)
{
	static const char *const names[] = {
		[INDEX_WORD] = "word",
		[INDEX_NUMBER] = "number",
	};

	name[0] = '\0';
	if (field->source == INDEX_FIELD)
		snprintf(name, size, "fields.%s", field->name);
	else if (field->source == INDEX_WORD || field->source == INDEX_NUMBER)
		snprintf(name, size, "%s", names[field->source]);
}

static void check_filter(const struct dialect *dialect, const struct index_field *field)
{
	const struct list_filter *filter;
	struct asking asking;
	char name[100], uri[300];
	bool two;

	parameter_name(field, name, sizeof(name));
	if (!name[0])
		return;
	snprintf(uri, sizeof(uri), "/v1/tasks?dialect=%s&%s=5&%s=5&sort=-%s", dialect->name, name,
		name, name);
	ask(&asking, "GET", uri, "");
	if (field->unindexed) {
		assert_false(decode(&asking));
		assert_int_equal(asking.err.code, ERR_INVALID);
		mem_free(&asking.mem);
		return;
	}
	must(decode(&asking), &asking.err);
	filter = &asking.op.list.filters[0];
	two = field->source == INDEX_FIELD &&
	      !(field->fold && str_eq(field->fold(STR("5")), field->fold(STR("\"5\""))));
	assert_int_equal(asking.op.dialect, dialect->code);
	assert_int_equal(asking.op.list.filter_count, 1);
	assert_int_equal(filter->field, field->code);
	assert_int_equal(asking.op.list.sorts[0].field, field->code);
	/* A field is JSON: the string and the number, unless they are the same to its index. */
	assert_str(filter->value, field->source == INDEX_FIELD ? "\"5\"" : "5");
	assert_int_equal(filter->other_count, two);
	if (two)
		assert_str(filter->others[0], "5");
	mem_free(&asking.mem);
}

static void every_index_can_be_asked_for(void **state)
{
	size_t count = 0;

	(void)state;
	for (size_t i = 0; dialects[i]; i++) {
		for (const struct index_field *field = dialects[i]->indexed; field->source;
			field++, count++)
			check_filter(dialects[i], field);
	}
	assert_true(count > 0);
}

int main(void)
{
	const size_t count = sizeof(patches) / sizeof(patches[0]);
	struct CMUnitTest tests[sizeof(patches) / sizeof(patches[0]) + 5];

	for (size_t i = 0; i < count; i++)
		tests[i] = (struct CMUnitTest){ patches[i].name, one_patch, check_setup,
			check_teardown, (void *)(uintptr_t)&patches[i] };
	tests[count] = (struct CMUnitTest)CHECK(memory_fails);
	tests[count + 1] = (struct CMUnitTest)CHECK(what_is_no_task_is_not_changed);
	tests[count + 2] = (struct CMUnitTest)CHECK(states_and_words_agree);
	tests[count + 3] = (struct CMUnitTest)CHECK(every_index_can_be_asked_for);
	tests[count + 4] = (struct CMUnitTest)CHECK(merged_progress_has_a_limit);
	return CHECK_RUN(tests);
}
