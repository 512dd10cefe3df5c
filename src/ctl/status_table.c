#include "ctl/status_table.h"

#include <ctype.h>
#include <inttypes.h>
#include <libsmartcols/libsmartcols.h>

#include "ctl/status_text.h"
#include "http/json.h"

/* This member is a time; its column shows the time since then. */
#define START_MEMBER "since"
#define NAME_WIDTH   22 /* of the names of figures */

static bool add_column(struct libscols_table *table, const char *member, const json_t *value)
{
	const char *name = strcmp(member, START_MEMBER) == 0 ? "uptime" : member;
	char title[64];
	size_t len = 0;

	for (; len < sizeof(title) - 1 && name[len]; len++)
		title[len] = (char)toupper((unsigned char)name[len]);
	title[len] = '\0';
	return scols_table_new_column(
		       table, title, 0, json_is_string(value) ? 0 : SCOLS_FL_RIGHT) != NULL;
}

static bool set_cell(struct libscols_line *line, size_t column, const char *member,
	const json_t *value, int64_t now)
{
	char text[64];

	if (json_is_string(value))
		return scols_line_set_data(line, column, json_string_value(value)) == 0;
	if (strcmp(member, START_MEMBER) == 0)
		status_put_duration(now - json_integer_value(value), text, sizeof(text));
	else
		snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	return scols_line_set_data(line, column, text) == 0;
}

static bool is_zero(const json_t *processes, const char *member)
{
	for (size_t i = 0; i < json_array_size(processes); i++) {
		const json_t *value = json_object_get(json_array_get(processes, i), member);

		if (!json_is_integer(value) || json_integer_value(value) != 0)
			return false;
	}
	return true;
}

/* Each member of the first process is a column: only the service knows its counters. */
static bool fill_table(
	struct libscols_table *table, const json_t *processes, int64_t now, bool brief)
{
	json_t *columns = json_array_get(processes, 0), *value;
	const char *member;

	json_object_foreach (columns, member, value) {
		if (!(brief && is_zero(processes, member)) && !add_column(table, member, value))
			return false;
	}
	for (size_t i = 0; i < json_array_size(processes); i++) {
		const json_t *process = json_array_get(processes, i);
		struct libscols_line *line = scols_table_new_line(table, NULL);
		size_t column = 0;

		json_object_foreach (columns, member, value) {
			if (brief && is_zero(processes, member))
				continue;
			if (!line || !set_cell(line, column++, member,
					     json_object_get(process, member), now))
				return false;
		}
	}
	return true;
}

static bool print_table(const json_t *processes, int64_t now, bool brief, FILE *out)
{
	struct libscols_table *table;
	bool ok;

	if (json_array_size(processes) == 0)
		return true;
	table = scols_new_table();
	ok = table && scols_table_set_stream(table, out) == 0 &&
	     fill_table(table, processes, now, brief) && scols_print_table(table) == 0;
	scols_unref_table(table);
	return ok;
}

/* "recovering, attempt 3 of 5: CAUSE" */
static void print_recovery(const char *phase, const json_t *recovery, FILE *out)
{
	const json_t *limit = json_object_get(recovery, "limit");

	if (!json_is_object(recovery))
		return;
	fprintf(out, "%s, attempt %" JSON_INTEGER_FORMAT, phase,
		json_integer_value(json_object_get(recovery, "attempt")));
	if (json_is_integer(limit))
		fprintf(out, " of %" JSON_INTEGER_FORMAT, json_integer_value(limit));
	fprintf(out, ": %s\n", json_string_value(json_object_get(recovery, "cause")));
}

static void print_attention(const json_t *list, FILE *out)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		fprintf(out, "ATTENTION: %s\n", json_string_value(json_array_get(list, i)));
	if (list && json_array_size(list) == 0)
		fputs("nothing needs attention\n", out);
}

static void print_damages(const json_t *list, int64_t now, FILE *out)
{
	char since[64];

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *page = json_array_get(list, i);
		const char *task = json_string_value(json_object_get(page, "task"));

		status_put_duration(now - json_integer_value(json_object_get(page, "first_seen")),
			since, sizeof(since));
		fprintf(out,
			"damaged: page %" JSON_INTEGER_FORMAT " of %s.db, found %s ago, "
			"failed reads: %" JSON_INTEGER_FORMAT "%s%s\n",
			json_integer_value(json_object_get(page, "page")),
			json_string_value(json_object_get(page, "table")), since,
			json_integer_value(json_object_get(page, "reads")), task ? ", has " : "",
			task ? task : "");
	}
}

/* Figures that this program does not know come from a service of another version: left out. */
static void print_store(const json_t *store, int64_t now, FILE *out)
{
	char text[128];

	for (size_t i = 0; i < HEALTH_ROWS; i++) {
		const json_t *value = json_object_get(store, health_rows[i].name);

		if (value && status_put_figure(&health_rows[i], value, now, text, sizeof(text)))
			fprintf(out, "%-*s  %s\n", NAME_WIDTH, health_rows[i].name, text);
	}
}

static bool print_status(const json_t *status, int64_t now, bool brief, FILE *out)
{
	const char *phase = json_string_value(json_object_get(status, "phase"));
	json_int_t generation = json_integer_value(json_object_get(status, "generation"));
	json_int_t recoveries = json_integer_value(json_object_get(status, "recoveries"));
	json_int_t started = json_integer_value(json_object_get(status, "started"));
	char up[64];

	if (!phase)
		return false;
	print_recovery(phase, json_object_get(status, "recovery"), out);
	status_put_duration(now - started, up, sizeof(up));
	fprintf(out,
		"%s for %s, generation %" JSON_INTEGER_FORMAT ", recoveries %" JSON_INTEGER_FORMAT
		"\n",
		phase, up, generation, recoveries);
	print_attention(json_object_get(status, "attention"), out);
	print_damages(json_object_get(status, "damages"), now, out);
	print_store(json_object_get(status, "store"), now, out);
	fputc('\n', out);
	return print_table(json_object_get(status, "processes"), now, brief, out);
}

bool status_table_print(struct str status, int64_t now, bool brief, FILE *out)
{
	struct err err;
	json_t *json;
	bool ok;

	if (!json_parse_trusted(&json, status, &err))
		return false;
	ok = print_status(json, now, brief, out);
	json_decref(json);
	return ok;
}
