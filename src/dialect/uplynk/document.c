/* Tasks and ingest points in the responses of Uplynk, alone or in a Collection. */
#include "dialect/document.h"

#include <time.h>

#include "base/date.h"
#include "dialect/uplynk/uplynk.h"

static bool read_id(struct task *task, const struct document_item *item, struct err *err)
{
	struct str text;

	return document_get_text(item->json, "id", &text, err) &&
	       (uplynk_parse_id(&task->id, text) ||
		       err_set(err, ERR_INVALID, "id", "id must be a UUID or 32 hex digits"));
}

static bool read_task(struct task *task, const struct document_item *item, struct err *err)
{
	static const char *const names[] = { "@id", "@type", "id", "state", "operation",
		"timestamp", "error", "ingest_point", NULL };
	static const char *const fields[] = { "operation", "ingest_point", NULL };
	struct str state;

	if (!document_check_names(item->json, names, err) || !read_id(task, item, err) ||
		!document_get_seconds(item->json, "timestamp", &task->created, err))
		return false;
	task->updated = task->created;
	return document_get_text(item->json, "state", &state, err) &&
	       document_set_status(task, item, &uplynk_statuses, state, err) &&
	       document_set_fields(task, item, item->json, fields, false, err) &&
	       document_set_error(task, item, json_object_get(item->json, "error"), err);
}

/* ---- points ---- */

/* "Jun 7, 2023 4:13:44 PM", in UTC, or a time as in RFC 3339. */
static bool read_time(const json_t *json, const char *name, int64_t *ms, struct err *err)
{
	struct tm tm = { 0 };
	struct str text;
	const char *end;
	time_t seconds;

	if (!document_get_text(json, name, &text, err))
		return false;
	if (date_parse(ms, text))
		return true;
	end = strptime(text.ptr, "%b %d, %Y %I:%M:%S %p", &tm);
	seconds = end && *end == '\0' ? timegm(&tm) : -1;
	if (seconds < 0 || seconds > DATE_MS_MAX / 1000)
		return err_set(err, ERR_INVALID, name,
			"%s must be a time such as Jun 7, 2023 4:13:44 PM", name);
	*ms = (int64_t)seconds * 1000;
	return true;
}

/* Where clients push to; the other members repeat those of the point. */
static bool read_reserved(struct task *point, const struct document_item *item, struct err *err)
{
	static const char *const names[] = { "creation_time", "ingest_point_id",
		"reserved_domain_name", "reserved_ports", "secure_rtmp_url", "server_region",
		"slicer_account_name", NULL };
	static const char *const fields[] = { "reserved_domain_name", "reserved_ports",
		"secure_rtmp_url", NULL };
	json_t *reserved = json_object_get(item->json, "ingest_point");

	if (!reserved)
		return true;
	if (!json_is_object(reserved))
		return err_set(err, ERR_INVALID, "ingest_point", "ingest_point must be an object");
	return document_check_names(reserved, names, err) &&
	       document_set_fields(point, item, reserved, fields, false, err);
}

/* It is optional in the vendor's requests. */
static bool set_desc(struct task *point, struct err *err)
{
	struct str desc = task_field(point, STR("desc"));

	return (desc.len > 0 && !str_eq(desc, STR("null"))) ||
	       task_set_field(point, (struct field){ STR("desc"), STR("\"\"") }) ||
	       err_no_memory(err);
}

static bool read_point(struct task *point, const struct document_item *item, struct err *err)
{
	static const char *const names[] = { "@id", "@type", "created", "desc", "endpoint_name",
		"id", "ingest_point", "lastmod", "server_region_id", "stream_type_id",
		"stream_type_name", NULL };
	static const char *const fields[] = { "endpoint_name", "server_region_id",
		"stream_type_name", "desc", NULL };

	point->dialect = DIALECT_CODE_uplynk_point;
	point->state = TASK_PENDING;
	return document_check_names(item->json, names, err) && read_id(point, item, err) &&
	       read_time(item->json, "created", &point->created, err) &&
	       read_time(item->json, "lastmod", &point->updated, err) &&
	       document_set_fields(point, item, item->json, fields, false, err) &&
	       set_desc(point, err) && read_reserved(point, item, err);
}

static bool read(struct task *task, const struct document_item *item, struct err *err)
{
	struct str type;

	if (!document_get_text(item->json, "@type", &type, err))
		return false;
	if (str_eq(type, STR("IngestPoint")))
		return read_point(task, item, err);
	return str_eq(type, STR("ReservedEndpointTask"))
		       ? read_task(task, item, err)
		       : err_set(err, ERR_INVALID, "@type",
				 "@type must be ReservedEndpointTask or IngestPoint");
}

const struct dialect_document uplynk_document = { .list = "items", .read = read };
