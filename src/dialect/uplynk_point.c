#include <time.h>

#include "dialect/uplynk.h"

/* RFC 2606: no name below it ever leads anywhere. */
#define NOWHERE ".ingest.invalid"

void uplynk_hex(const struct id *id, char text[UPLYNK_HEX_LEN])
{
	char whole[ID_TEXT_LEN + 1], *end = text;

	id_format(id, whole);
	for (const char *from = whole; *from; from++) {
		if (*from != '-')
			*end++ = *from;
	}
}

static void put_hex(const struct id *id, struct buf *out)
{
	char text[UPLYNK_HEX_LEN];

	uplynk_hex(id, text);
	buf_put(out, text, sizeof(text));
}

/* "Jun 7, 2023 4:13:44 PM", in UTC, with quotes. */
static void put_time(int64_t ms, struct buf *out)
{
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul",
		"Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;

	if (!gmtime_r(&seconds, &tm)) {
		out->failed = true;
		return;
	}
	buf_printf(out, "\"%s %d, %d %d:%02d:%02d %s\"", months[tm.tm_mon], tm.tm_mday,
		tm.tm_year + 1900, tm.tm_hour % 12 ? tm.tm_hour % 12 : 12, tm.tm_min, tm.tm_sec,
		tm.tm_hour < 12 ? "AM" : "PM");
}

/* A member of the answer: its name, and the point's own member that it shows. */
static void put_member(struct buf *out, const char *name, const struct task *point, const char *own)
{
	struct str json = task_field(point, str_of(own));

	buf_puts(out, ",\"");
	buf_puts(out, name);
	buf_puts(out, "\":");
	buf_put_str(out, json.ptr ? json : STR("\"\""));
}

/* Where to push to. Nobody listens there: a host's name that is one, and no ports. */
static void put_place(const struct task *point, bool made, struct buf *out)
{
	struct str type = task_field(point, STR("stream_type_name"));

	buf_puts(out, ",\"ingest_point\":{");
	if (!made) {
		buf_puts(out, "\"creation_time\":");
		put_time(point->created, out);
		buf_puts(out, ",\"ingest_point_id\":\"");
		put_hex(&point->id, out);
		buf_puts(out, "\",");
	}
	buf_puts(out, "\"reserved_domain_name\":\"");
	put_hex(&point->id, out);
	buf_puts(out, NOWHERE "\",\"reserved_ports\":{}");
	if (str_eq_nocase(type, STR("\"rtmp\""))) {
		buf_puts(out, ",\"secure_rtmp_url\":\"rtmp://");
		put_hex(&point->id, out);
		buf_puts(out, NOWHERE "/\"");
	}
	put_member(out, "server_region", point, "server_region_id");
	buf_puts(out, ",\"slicer_account_name\":\"\"}");
}

void uplynk_put_head(const struct id *id, struct buf *out)
{
	buf_puts(out, "{\"@id\":\"" UPLYNK_POINTS "/");
	put_hex(id, out);
	buf_puts(out, "\",\"@type\":\"IngestPoint\"");
}

static void put_point(const struct task *point, bool made, struct buf *out)
{
	uplynk_put_head(&point->id, out);
	buf_puts(out, ",\"created\":");
	put_time(point->created, out);
	put_member(out, "desc", point, "desc");
	put_member(out, "endpoint_name", point, "endpoint_name");
	buf_puts(out, ",\"id\":\"");
	put_hex(&point->id, out);
	buf_putc(out, '"');
	put_place(point, made, out);
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

void uplynk_put_new_point(const struct task *point, struct buf *out)
{
	put_point(point, true, out);
}
