/* Changes of tasks after the clock was set back: the times of a task never decrease. */
#include <stdio.h>

#include "serve/app_fixture.h"

#define LATER	REQUEST_NOW
#define EARLIER (REQUEST_NOW - 3600000)

/* A request of a dialect. "{id}" in uri is the id of the task that the previous one returned. */
struct step {
	const char *method, *uri, *body;
	int status;
};

#define NATIVE	   "/v1/tasks"
#define VIONLABS   "/tasks/catalog-item/m1/product/emotions/version/1.0.1"
#define UPLYNK	   "/api/v4/managed-slicer/slicers/ingest-points"
#define FOURHSE	   "/v2/task"
#define PATCH_DONE "{\"state\":\"succeeded\"}"

static const struct dialect_case {
	const char *name;
	struct step steps[6]; /* the first one at LATER, the others at EARLIER */
} cases[] = {
	{ "native", { { "POST", NATIVE, "{\"dialect\":\"native\"}", 201 },
			    { "PATCH", NATIVE "/{id}", "{\"state\":\"running\"}", 200 },
			    { "PATCH", NATIVE "/{id}", PATCH_DONE, 200 },
			    { "POST", NATIVE "/{id}/archive", "", 200 },
			    { "PATCH", NATIVE "/{id}",
				    "{\"archived\":false,\"force\":true,\"state\":\"pending\"}",
				    200 } } },
	{ "virtshell", { { "POST", TASKS, "{\"description\":\"d\"}", 200 },
			       { "PUT", TASKS "/{id}", "{\"status\":\"in progress\"}", 200 },
			       { "PUT", TASKS "/{id}", "{\"status\":\"sucess\"}", 200 } } },
	{ "vionlabs", { { "POST", VIONLABS, "", 200 }, { "DELETE", VIONLABS, "", 200 },
			      { "POST", VIONLABS, "", 200 },
			      { "PATCH", NATIVE "/{id}", "{\"state\":\"running\"}", 200 },
			      { "PATCH", NATIVE "/{id}", PATCH_DONE, 200 } } },
	{ "uplynk", { { "POST", UPLYNK,
			      "{\"endpoint_name\":\"a\",\"server_region_id\":\"b\","
			      "\"stream_type_name\":\"SRT\"}",
			      200 },
			    { "PATCH", UPLYNK "/{id}", "{\"desc\":\"d\"}", 200 } } },
	{ "fourhse", { { "POST", FOURHSE "/create",
			       "{\"task_id\":\"t1\",\"handler\":\"h\",\"user_id\":\"u\"}", 201 },
			     { "PUT", FOURHSE "/update/t1", "{\"status\":\"processing\"}", 200 },
			     { "PUT", FOURHSE "/update/t1", "{\"status\":\"completed\"}", 200 } } },
	{ "idol", { { "POST", NATIVE,
			    "{\"dialect\":\"idol\",\"fields\":{\"master-type\":\"cd\","
			    "\"attachable\":{\"type\":\"tracks\",\"id\":\"1\"}}}",
			    201 },
			  { "PATCH", NATIVE "/{id}", "{\"state\":\"running\"}", 200 },
			  { "PATCH", NATIVE "/{id}", PATCH_DONE, 200 } } },
};

static void ask_at(struct app_fixture *f, int64_t now, const struct step *step, const char *id)
{
	const char *mark = strstr(step->uri, "{id}");
	size_t start = mark ? (size_t)(mark - step->uri) : strlen(step->uri);
	char uri[256];
	int status;

	snprintf(uri, sizeof(uri), "%.*s%s%s", (int)start, step->uri, mark ? id : "",
		mark ? mark + 4 : "");
	app_begin(f, step->method, uri, step->body);
	if (step->method[1] == 'A' && strncmp(step->uri, NATIVE, strlen(NATIVE)) == 0)
		app_param(f, "CONTENT_TYPE", "application/merge-patch+json");
	app_principal(f, "demo", "ann", "*", "read,write");
	f->exchange.request.now = now;
	status = app_answer(f);
	if (status != step->status)
		fail_msg("%s %s: %d %.*s", step->method, uri, status, STR_ARGS(app_body(f)));
}

static void assert_times_ascend(const struct task *task)
{
	int64_t last = task->created;

	if (optional_time_is_set(task->started)) {
		assert_true(optional_time_ms(task->started) >= last);
		last = optional_time_ms(task->started);
	}
	if (optional_time_is_set(task->finished)) {
		assert_true(optional_time_ms(task->finished) >= last);
		last = optional_time_ms(task->finished);
	}
	assert_true(task->updated >= last);
}

static void run_case(struct app_fixture *f, const struct dialect_case *row)
{
	const struct task *task = &f->exchange.result.task;
	char id[ID_TEXT_LEN + 1] = "";
	uint64_t revision = 0;

	for (size_t i = 0; row->steps[i].method; i++) {
		ask_at(f, i == 0 ? LATER : EARLIER, &row->steps[i], id);
		assert_int_equal(task->created, LATER);
		assert_times_ascend(task);
		assert_true(task->revision > revision);
		revision = task->revision;
		id_format(&task->id, id);
	}
}

static void times_of_a_task_never_decrease(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		run_case(*state, &cases[i]);
}

static void every_dialect_is_tested(void **state)
{
	(void)state;
	for (size_t i = 0; dialects[i] && dialect_has_tasks(dialects[i]); i++) {
		size_t k = 0;

		while (k < sizeof(cases) / sizeof(cases[0]) &&
			strcmp(cases[k].name, dialects[i]->name) != 0)
			k++;
		if (k == sizeof(cases) / sizeof(cases[0]))
			fail_msg("%s is not in the table of this test", dialects[i]->name);
	}
}

/* The entity tag of the removed task must not match the new one. */
static void task_of_the_same_name_gets_a_higher_revision(void **state)
{
	static const struct step create = { "POST", VIONLABS, "", 200 };
	static const struct step remove = { "DELETE", NATIVE "/{id}", "", 204 };
	struct app_fixture *f = *state;
	const struct task *task = &f->exchange.result.task;
	char id[ID_TEXT_LEN + 1] = "";
	uint64_t revision;

	ask_at(f, LATER, &create, id);
	revision = task->revision;
	id_format(&task->id, id);
	for (int i = 0; i < 2; i++) {
		ask_at(f, EARLIER, &remove, id);
		ask_at(f, EARLIER, &create, id);
		assert_int_equal(task->created, EARLIER);
		assert_true(task->revision > revision);
		revision = task->revision;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		APP_TEST(times_of_a_task_never_decrease),
		CHECK(every_dialect_is_tested),
		APP_TEST(task_of_the_same_name_gets_a_higher_revision),
	};

	return CHECK_RUN(tests);
}
