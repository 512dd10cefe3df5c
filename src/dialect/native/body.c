/*
 * Bodies of changes, and the texts of workers in them. A report must not be refused for its text,
 * because the task would keep running, so a body may be as large as the output of a program.
 */
#include "dialect/native/log.h"

static void init_texts(struct native_worker_texts *texts)
{
	texts->rows[0] = (struct worker_text){ .name = "error", .max = NATIVE_TEXT_MAX };
	texts->rows[1] = (struct worker_text){
		.name = "progress", .max = NATIVE_TEXT_MAX, .nested = true
	};
	texts->rows[2] = (struct worker_text){ .name = "log",
		.max = NATIVE_LOG_LINE,
		.nested = true,
		.items = NATIVE_LOG_LINES,
		.item_max = NATIVE_LOG_LINE };
	texts->count = 3;
	for (size_t i = 0; dialects[i] && texts->count < NATIVE_WORKER_TEXTS; i++) {
		const struct dialect_error_field *field = &dialects[i]->error_field;

		if (field->name)
			texts->rows[texts->count++] = (struct worker_text){
				.parent = "fields", .name = field->name, .max = field->max
			};
	}
}

bool native_read_body(const struct request *request, struct native_worker_texts *texts,
	json_t **json, struct err *err)
{
	struct str body = request->body;

	/* RFC 8259 §8.1: a parser may ignore it, and some clients send it. */
	if (str_starts(body, STR("\xEF\xBB\xBF")))
		body = str_skip(body, 3);
	if (body.len == 0)
		return err_set(err, ERR_MALFORMED, NULL, "The body is empty.");
	init_texts(texts);
	return worker_text_shorten(&body, texts->rows, texts->count, request->body_limit,
		       request->arena, err) &&
	       json_parse_object(json, body, err);
}

bool native_check_cut(const struct native_worker_texts *texts, const struct dialect *dialect,
	struct arena *arena, struct err *err)
{
	const char *shown = dialect->error_field.name;

	for (size_t i = 0; i < texts->count; i++) {
		const struct worker_text *text = &texts->rows[i];

		if (text->cut && text->parent && !(shown && strcmp(shown, text->name) == 0))
			return native_set_error(err, arena, ERR_TOO_LARGE,
				NATIVE_AT_FIELD(str_cstr(text->name)),
				"In the dialect %s this field has at most %zu bytes of JSON text.",
				dialect->name, text->max);
	}
	return true;
}
