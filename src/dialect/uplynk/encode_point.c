#include "base/date.h"
#include "base/encode.h"
#include "dialect/uplynk/uplynk.h"

/* RFC 2606: names below .invalid never resolve. */
#define INGEST_DOMAIN ".ingest.invalid"

void uplynk_format_id(const struct id *id, char text[UPLYNK_HEX_LEN + 1])
{
	hex_encode(text, id->bytes, sizeof(id->bytes));
}

bool uplynk_parse_id(struct id *id, struct str text)
{
	return text.len == UPLYNK_HEX_LEN ? hex_decode(id->bytes, sizeof(id->bytes), text)
					  : id_parse(id, text);
}

static void put_id(const struct id *id, struct buf *out)
{
	char text[UPLYNK_HEX_LEN + 1];

	uplynk_format_id(id, text);
	buf_puts(out, text);
}

/* "Jun 7, 2023 4:13:44 PM", in UTC, with quotes. */
static void put_time(int64_t ms, struct buf *out)
{
	date_put_format(ms, "\"%b %-d, %Y %-I:%M:%S %p\"", out);
}

/* Writes a member that shows the point's field of another name. */
static void put_member(
	struct buf *out, const char *name, const struct task *point, const char *field_name)
{
	struct str json = task_field(point, str_cstr(field_name));

	buf_puts(out, ",\"");
	buf_puts(out, name);
	buf_puts(out, "\":");
	buf_put_str(out, json.ptr ? json : STR("\"\""));
}

/* The back end's name, or one that is syntactically valid and leads to no server. */
static void put_domain(const struct task *point, struct buf *out)
{
	struct str json = task_field(point, STR("reserved_domain_name"));

	if (json.len > 2) {
		buf_put_str(out, (struct str){ json.ptr + 1, json.len - 2 });
		return;
	}
	put_id(&point->id, out);
	buf_puts(out, INGEST_DOMAIN);
}

static void put_rtmp_url(const struct task *point, struct buf *out)
{
	struct str type = task_field(point, STR("stream_type_name"));
	struct str json = task_field(point, STR("secure_rtmp_url"));

	if (json.len == 0 && !str_eq_nocase(type, STR("\"rtmp\"")))
		return;
	buf_puts(out, ",\"secure_rtmp_url\":");
	if (json.len > 0) {
		buf_put_str(out, json);
		return;
	}
	buf_puts(out, "\"rtmp://");
	put_domain(point, out);
	buf_puts(out, "/\"");
}

/* Where to push to. */
static void put_ingest_point(const struct task *point, bool is_new, struct buf *out)
{
	struct str ports = task_field(point, STR("reserved_ports"));

	buf_puts(out, ",\"ingest_point\":{");
	if (!is_new) {
		buf_puts(out, "\"creation_time\":");
		put_time(point->created, out);
		buf_puts(out, ",\"ingest_point_id\":\"");
		put_id(&point->id, out);
		buf_puts(out, "\",");
	}
	buf_puts(out, "\"reserved_domain_name\":\"");
	put_domain(point, out);
	buf_puts(out, "\",\"reserved_ports\":");
	buf_put_str(out, ports.len > 0 ? ports : STR("{}"));
	put_rtmp_url(point, out);
	put_member(out, "server_region", point, "server_region_id");
	buf_puts(out, ",\"slicer_account_name\":\"\"}");
}

void uplynk_put_point_head(const struct id *id, struct buf *out)
{
	buf_puts(out, "{\"@id\":\"" UPLYNK_POINTS_PATH "/");
	put_id(id, out);
	buf_puts(out, "\",\"@type\":\"IngestPoint\"");
}

static void put_point(const struct task *point, bool is_new, struct buf *out)
{
	uplynk_put_point_head(&point->id, out);
	buf_puts(out, ",\"created\":");
	put_time(point->created, out);
	put_member(out, "desc", point, "desc");
	put_member(out, "endpoint_name", point, "endpoint_name");
	buf_puts(out, ",\"id\":\"");
	put_id(&point->id, out);
	buf_putc(out, '"');
	put_ingest_point(point, is_new, out);
	buf_puts(out, ",\"lastmod\":");
	put_time(point->updated, out);
	put_member(out, "server_region_id", point, "server_region_id");
	put_member(out, "stream_type_id", point, "stream_type_name");
	put_member(out, "stream_type_name", point, "stream_type_name");
	buf_putc(out, '}');
}

bool uplynk_put_point(const struct request *request, const struct task *point, struct buf *out)
{
	(void)request;
	put_point(point, false, out);
	return buf_ok(out);
}

void uplynk_put_created_point(const struct task *point, struct buf *out)
{
	put_point(point, true, out);
}
