#include "admin/sample.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "dialect/dialect.h"

/* One task a second from the day of the specification's examples on. */
#define FIRST_MS INT64_C(1429207233000)
#define STEP_MS	 1000

#define STATUSES 3

#define SAMPLE_USER "92d30f0c-8c9c-11e5-8994-feff819cdc9f"

struct sample_kind {
	const char *dialect;
	const char *failed;		/* this word for SAMPLE_FAILED_COUNT tasks */
	const char *statuses[STATUSES]; /* these in turn for the others */
	const char *user;
	bool (*fill)(struct task *task, uint64_t i, struct arena *arena);
};

static const char *const products[] = { "adbreaks", "emotions", "fingerprint", "markers", "nudity",
	"semantic", "similar", "scene_tags" };

#define PRODUCTS (sizeof(products) / sizeof(products[0]))

static bool add_field(struct task *task, const char *name, struct arena *arena, const char *format,
	...) __attribute__((format(printf, 4, 5)));

/* A member whose text needs no escape. */
static bool add_field(
	struct task *task, const char *name, struct arena *arena, const char *format, ...)
{
	char text[200];
	struct field field = { .name = str_cstr(name) };
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (len < 0 || (size_t)len >= sizeof(text))
		return false;
	field.json = arena_copy(arena, (struct str){ text, (size_t)len });
	return field.json.ptr && task_set_field(task, field);
}

static bool fill_virtshell(struct task *task, uint64_t i, struct arena *arena)
{
	static const char *const types[] = { "create_instance", "delete_instance",
		"restart_instance", "stop_instance" };

	return add_field(task, "description", arena,
		       "\"Create a new instance website-%06" PRIu64 "\"", i) &&
	       add_field(task, "type", arena, "\"%s\"", types[i % 4]) &&
	       add_field(task, "object_uuid", arena, "\"8a7b3c00-ccf4-11e5-9956-%012" PRIx64 "\"",
		       i & 0xFFFFFFFFFFFF) &&
	       add_field(
		       task, "log", arena, "\"step %" PRIu64 " of %" PRIu64 "\"", i % 7, i % 7 + 3);
}

/* A task of each product for each item: its id is made of the three, as the dialect does it. */
static bool fill_vionlabs(struct task *task, uint64_t i, struct arena *arena)
{
	const char *product = products[i % PRODUCTS];
	char name[100];
	int len = snprintf(
		name, sizeof(name), "movie-%06" PRIu64 "%c%s%c1.0.1", i / PRODUCTS, 0, product, 0);

	return len > 0 && (size_t)len < sizeof(name) &&
	       id_from_name(&task->id, STR("vionlabs"), (struct str){ name, (size_t)len }) &&
	       add_field(task, "inventory_id", arena, "\"movie-%06" PRIu64 "\"", i / PRODUCTS) &&
	       add_field(task, "product", arena, "\"%s\"", product) &&
	       add_field(task, "version", arena, "\"1.0.1\"");
}

static bool fill_uplynk(struct task *task, uint64_t i, struct arena *arena)
{
	static const char *const operations[] = { "CREATE", "UPDATE", "DELETE" };

	id_set_version(&task->id, 4);
	return add_field(task, "operation", arena, "\"%s\"", operations[i % 3]) &&
	       add_field(task, "ingest_point", arena, "\"f0a214a437024a9c85c5%012" PRIx64 "\"",
		       i / 3 & 0xFFFFFFFFFFFF);
}

static bool fill_fourhse(struct task *task, uint64_t i, struct arena *arena)
{
	char id[ID_TEXT_LEN + 1];

	id_format(&task->id, id);
	return add_field(task, "task_id", arena, "\"%s\"", id) &&
	       add_field(task, "handler", arena, "\"%s\"",
		       i % 7 ? "ImportHandler" : "ExportHandler") &&
	       add_field(task, "user_id", arena, "\"user-%" PRIu64 "\"", i / 10) &&
	       add_field(task, "entity_id", arena, "null") &&
	       add_field(task, "request", arena, "\"{\\\"row\\\":%" PRIu64 "}\"", i) &&
	       add_field(task, "response", arena, "null");
}

/* Numbers from 1 on: once a tenant. */
static bool fill_idol(struct task *task, uint64_t i, struct arena *arena)
{
	static const char *const types[] = { "cd", "hd", "dolby_atmos" };

	task->number = i + 1;
	return add_field(task, "precision", arena, i % 2 ? "\"24\"" : "\"16\"") &&
	       add_field(task, "master-type", arena, "\"%s\"", types[i % 3]) &&
	       add_field(task, "support-number", arena, "null") &&
	       add_field(task, "md5", arena, "null") &&
	       add_field(
		       task, "url", arena, "\"https://files.example.com/%06" PRIu64 ".wav\"", i) &&
	       add_field(task, "product-id", arena, "\"%" PRIu64 "\"", i / 5) &&
	       add_field(task, "attachable", arena,
		       "{\"type\":\"products\",\"id\":\"%" PRIu64 "\"}", i / 5);
}

static bool fill_native(struct task *task, uint64_t i, struct arena *arena)
{
	return add_field(task, "kind", arena, "\"job-%" PRIu64 "\"", i % 10);
}

static const struct sample_kind kinds[] = {
	{ .dialect = "virtshell",
		.failed = "failed",
		.statuses = { "pending", "in progress", "sucess" },
		.user = SAMPLE_USER,
		.fill = fill_virtshell },
	{ .dialect = "vionlabs",
		.failed = "failed",
		.statuses = { "pending", "processing", "done" },
		.user = SAMPLE_USER,
		.fill = fill_vionlabs },
	{ .dialect = "uplynk",
		.failed = "FAILED",
		.statuses = { "IN_PROGRESS", "COMPLETED", "COMPLETED" },
		.user = SAMPLE_USER,
		.fill = fill_uplynk },
	{ .dialect = "fourhse",
		.failed = "failed",
		.statuses = { "pending", "running", "completed" },
		.user = SAMPLE_USER,
		.fill = fill_fourhse },
	{ .dialect = "idol",
		.failed = "failed",
		.statuses = { "uploaded", "completed", "completed" },
		.user = SAMPLE_USER,
		.fill = fill_idol },
	{ .dialect = "native",
		.failed = "failed",
		.statuses = { "pending", "running", "succeeded" },
		.user = SAMPLE_USER,
		.fill = fill_native },
};

bool sample_open(struct sample *sample, struct str dialect, struct str tenant, uint64_t count,
	struct err *err)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!str_eq(dialect, str_cstr(kinds[i].dialect)))
			continue;
		*sample = (struct sample){ .kind = &kinds[i], .tenant = tenant, .count = count };
		return true;
	}
	return err_set(
		err, ERR_INVALID, "dialect", "there are no samples for %.*s", STR_ARGS(dialect));
}

/* True for exactly as many of the numbers below count as there are to be failures. */
static bool is_failed(uint64_t i, uint64_t count)
{
	uint64_t failures = count < SAMPLE_FAILED_COUNT ? count : SAMPLE_FAILED_COUNT;

	return i * failures / count != (i + 1) * failures / count;
}

bool sample_task(const struct sample *sample, uint64_t i, struct arena *arena, struct task *task)
{
	const struct sample_kind *kind = sample->kind;
	const struct dialect *dialect = dialect_by_name(str_cstr(kind->dialect));
	const char *word = is_failed(i, sample->count) ? kind->failed
						       : kind->statuses[i % STATUSES];
	int64_t created = FIRST_MS + (int64_t)i * STEP_MS;

	if (!dialect)
		return false;
	*task = (struct task){
		.tenant = sample->tenant,
		.dialect = dialect->code,
		.status = str_cstr(word),
		.created = created,
		.updated = created,
		.revision = 1,
		.created_by = str_cstr(kind->user),
		.updated_by = str_cstr(kind->user),
	};
	task_set_state(task, dialect_state(dialect->statuses, task->status), created);
	return id_new(&task->id, created) && kind->fill(task, i, arena);
}
