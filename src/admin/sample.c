#include "admin/sample.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "dialect/dialect.h"

/* One task a second from the day of the specification's examples on. */
#define FIRST_MS INT64_C(1429207233000)
#define STEP_MS	 1000

#define WORDS 3

#define SOMEBODY "92d30f0c-8c9c-11e5-8994-feff819cdc9f"

struct sample_kind {
	const char *dialect;
	const char *failed;	  /* this word for SAMPLE_FAILED tasks */
	const char *words[WORDS]; /* these in turn for the others */
	const char *user;
	bool (*fill)(struct task *task, uint64_t i, struct mem *mem);
};

static const char *const products[] = { "adbreaks", "emotions", "fingerprint", "markers", "nudity",
	"semantic", "similar", "scene_tags" };

#define PRODUCTS (sizeof(products) / sizeof(products[0]))

static bool add(struct task *task, const char *name, struct mem *mem, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* A member whose text needs no escape. */
static bool add(struct task *task, const char *name, struct mem *mem, const char *format, ...)
{
	char text[200];
	struct field field = { .name = str_of(name) };
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (len < 0 || (size_t)len >= sizeof(text))
		return false;
	field.json = mem_copy(mem, (struct str){ text, (size_t)len });
	return field.json.ptr && task_set_field(task, field);
}

static bool fill_virtshell(struct task *task, uint64_t i, struct mem *mem)
{
	static const char *const types[] = { "create_instance", "delete_instance",
		"restart_instance", "stop_instance" };

	return add(task, "description", mem, "\"Create a new instance website-%06" PRIu64 "\"",
		       i) &&
	       add(task, "type", mem, "\"%s\"", types[i % 4]) &&
	       add(task, "object_uuid", mem, "\"8a7b3c00-ccf4-11e5-9956-%012" PRIx64 "\"",
		       i & 0xFFFFFFFFFFFF) &&
	       add(task, "log", mem, "\"step %" PRIu64 " of %" PRIu64 "\"", i % 7, i % 7 + 3);
}

/* A task of each product for each item: its id is made of the three, as the dialect does it. */
static bool fill_vionlabs(struct task *task, uint64_t i, struct mem *mem)
{
	const char *product = products[i % PRODUCTS];
	char name[100];
	int len = snprintf(
		name, sizeof(name), "movie-%06" PRIu64 "%c%s%c1.0.1", i / PRODUCTS, 0, product, 0);

	return len > 0 && (size_t)len < sizeof(name) &&
	       id_of_name(&task->id, STR("vionlabs"), (struct str){ name, (size_t)len }) &&
	       add(task, "inventory_id", mem, "\"movie-%06" PRIu64 "\"", i / PRODUCTS) &&
	       add(task, "product", mem, "\"%s\"", product) &&
	       add(task, "version", mem, "\"1.0.1\"");
}

static bool fill_uplynk(struct task *task, uint64_t i, struct mem *mem)
{
	static const char *const operations[] = { "CREATE", "UPDATE", "DELETE" };

	id_set_version(&task->id, 4);
	return add(task, "operation", mem, "\"%s\"", operations[i % 3]) &&
	       add(task, "ingest_point", mem, "\"f0a214a437024a9c85c5%012" PRIx64 "\"",
		       i / 3 & 0xFFFFFFFFFFFF);
}

static bool fill_fourhse(struct task *task, uint64_t i, struct mem *mem)
{
	char id[ID_TEXT_LEN + 1];

	id_format(&task->id, id);
	return add(task, "task_id", mem, "\"%s\"", id) &&
	       add(task, "handler", mem, "\"%s\"", i % 7 ? "ImportHandler" : "ExportHandler") &&
	       add(task, "user_id", mem, "\"user-%" PRIu64 "\"", i / 10) &&
	       add(task, "entity_id", mem, "null") &&
	       add(task, "request", mem, "\"{\\\"row\\\":%" PRIu64 "}\"", i) &&
	       add(task, "response", mem, "null");
}

/* Numbers from 1 on: once a tenant. */
static bool fill_idol(struct task *task, uint64_t i, struct mem *mem)
{
	static const char *const types[] = { "cd", "hd", "dolby_atmos" };

	task->number = i + 1;
	return add(task, "precision", mem, i % 2 ? "\"24\"" : "\"16\"") &&
	       add(task, "master-type", mem, "\"%s\"", types[i % 3]) &&
	       add(task, "support-number", mem, "null") && add(task, "md5", mem, "null") &&
	       add(task, "url", mem, "\"https://files.example.com/%06" PRIu64 ".wav\"", i) &&
	       add(task, "product-id", mem, "\"%" PRIu64 "\"", i / 5) &&
	       add(task, "attachable", mem, "{\"type\":\"products\",\"id\":\"%" PRIu64 "\"}",
		       i / 5);
}

static bool fill_native(struct task *task, uint64_t i, struct mem *mem)
{
	return add(task, "kind", mem, "\"job-%" PRIu64 "\"", i % 10);
}

static const struct sample_kind kinds[] = {
	{ .dialect = "virtshell",
		.failed = "failed",
		.words = { "pending", "in progress", "sucess" },
		.user = SOMEBODY,
		.fill = fill_virtshell },
	{ .dialect = "vionlabs",
		.failed = "failed",
		.words = { "pending", "processing", "done" },
		.user = SOMEBODY,
		.fill = fill_vionlabs },
	{ .dialect = "uplynk",
		.failed = "FAILED",
		.words = { "IN_PROGRESS", "COMPLETED", "COMPLETED" },
		.user = SOMEBODY,
		.fill = fill_uplynk },
	{ .dialect = "fourhse",
		.failed = "failed",
		.words = { "pending", "running", "completed" },
		.user = SOMEBODY,
		.fill = fill_fourhse },
	{ .dialect = "idol",
		.failed = "failed",
		.words = { "uploaded", "completed", "completed" },
		.user = SOMEBODY,
		.fill = fill_idol },
	{ .dialect = "native",
		.failed = "failed",
		.words = { "pending", "running", "succeeded" },
		.user = SOMEBODY,
		.fill = fill_native },
};

bool sample_open(struct sample *sample, struct str dialect, struct str tenant, uint64_t count,
	struct err *err)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!str_eq(dialect, str_of(kinds[i].dialect)))
			continue;
		*sample = (struct sample){ .kind = &kinds[i], .tenant = tenant, .count = count };
		return true;
	}
	return err_set(
		err, ERR_INVALID, "dialect", "there are no samples for %.*s", STR_FMT(dialect));
}

/* True for exactly as many of the numbers below count as there are to be failures. */
static bool is_failed(uint64_t i, uint64_t count)
{
	uint64_t failures = count < SAMPLE_FAILED ? count : SAMPLE_FAILED;

	return i * failures / count != (i + 1) * failures / count;
}

bool sample_task(const struct sample *sample, uint64_t i, struct mem *mem, struct task *task)
{
	const struct sample_kind *kind = sample->kind;
	const struct dialect *dialect = dialect_by_name(str_of(kind->dialect));
	const char *word = is_failed(i, sample->count) ? kind->failed : kind->words[i % WORDS];
	int64_t created = FIRST_MS + (int64_t)i * STEP_MS;

	if (!dialect)
		return false;
	*task = (struct task){
		.tenant = sample->tenant,
		.dialect = dialect->code,
		.word = str_of(word),
		.created = created,
		.updated = created,
		.revision = 1,
		.created_by = str_of(kind->user),
		.updated_by = str_of(kind->user),
	};
	task_enter(task, dialect_state(dialect, task->word), created);
	return id_new(&task->id, created) && kind->fill(task, i, mem);
}
