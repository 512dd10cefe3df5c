/* webhook redeliver: with the same ids and a new series of attempts. */
#include "admin/webhook_commands.h"
#include "base/date.h"
#include "http/json.h"

/* Deliveries of one request. */
#define TOGETHER "100"

struct redelivery {
	struct admin *admin;
	const struct admin_call *call;
	int64_t from, to; /* by time: excluding to */
	long long sum;
	bool more; /* the last request has left some */
};

bool admin_check_webhook_redeliver(const struct admin_call *call, struct err *err)
{
	bool by_time = call->options[ADMIN_FROM] || call->options[ADMIN_TO];

	if (call->options[ADMIN_DELIVERY] && by_time)
		return err_set(err, ERR_INVALID, "delivery",
			"'webhook redeliver' takes either --delivery or --from and --to");
	return !call->options[ADMIN_TO] || call->options[ADMIN_FROM] ||
	       err_set(err, ERR_INVALID, "from", "--to requires --from");
}

/* Takes the body, which is JSON. */
static bool request(struct redelivery *redelivery, json_t *json, struct err *err)
{
	struct buf body = BUF_INIT, response = BUF_INIT;
	json_t *answer = NULL;
	bool ok;

	json_put(&body, json);
	json_decref(json);
	ok = (buf_ok(&body) || err_no_memory(err)) &&
	     webhook_send(redelivery->admin, redelivery->call, "POST", "/redeliver", buf_str(&body),
		     &response, err) &&
	     json_parse_trusted(&answer, buf_str(&response), err);
	redelivery->sum += json_integer_value(json_object_get(answer, "redelivered"));
	redelivery->more = json_is_true(json_object_get(answer, "more"));
	json_decref(answer);
	buf_free(&response);
	buf_free(&body);
	return ok;
}

static bool redeliver_failed(struct redelivery *redelivery, struct err *err)
{
	bool ok = true;

	redelivery->more = true;
	while (ok && redelivery->more)
		ok = request(redelivery,
			json_pack(
				"{s:s, s:[s]}", "from", "1970-01-01T00:00:00Z", "states", "failed"),
			err);
	return ok;
}

/* Takes the ids. */
static bool request_all(struct redelivery *redelivery, json_t *ids, struct err *err)
{
	if (!request(redelivery, json_pack("{s:o}", "ids", ids), err))
		return false;
	return !redelivery->more ||
	       err_set(err, ERR_CONFLICT, NULL,
		       "The webhook has too many pending deliveries: wait until some have ended.");
}

static bool redeliver_named(struct redelivery *redelivery, const char *deliveries, struct err *err)
{
	struct str rest = str_cstr(deliveries);
	json_t *ids = json_array();

	while (rest.len > 0) {
		struct str id = str_split_next(&rest, ',');

		json_array_append_new(ids, json_stringn(id.ptr, id.len));
	}
	return request_all(redelivery, ids, err);
}

/* ---- by time ---- */

static bool is_wanted(const struct redelivery *redelivery, const json_t *item)
{
	int64_t created;

	return !str_eq(json_str(json_object_get(item, "state")), STR("pending")) &&
	       date_parse(&created, json_str(json_object_get(item, "created_at"))) &&
	       created >= redelivery->from && created < redelivery->to;
}

static bool redeliver_items(struct redelivery *redelivery, const json_t *items, struct err *err)
{
	json_t *ids = json_array();

	for (size_t i = 0; i < json_array_size(items); i++) {
		const json_t *item = json_array_get(items, i);

		if (is_wanted(redelivery, item))
			json_array_append(ids, json_object_get(item, "id"));
	}
	if (json_array_size(ids) > 0)
		return request_all(redelivery, ids, err);
	json_decref(ids);
	return true;
}

/*
 * Redelivers the wanted deliveries of one page of the log. Pages go from the newest delivery to the
 * oldest, and a redelivery does not change the number of a delivery: so none is found twice. path:
 * in: the page; out: the next one, or empty.
 */
static bool redeliver_page(struct redelivery *redelivery, struct buf *path, struct err *err)
{
	struct buf response = BUF_INIT;
	json_t *page = NULL;
	struct str next;
	bool ok;

	buf_putc(path, '\0');
	ok = (buf_ok(path) || err_no_memory(err)) &&
	     webhook_send(redelivery->admin, redelivery->call, "GET", path->data, STR(""),
		     &response, err) &&
	     json_parse_trusted(&page, buf_str(&response), err) &&
	     redeliver_items(redelivery, json_object_get(page, "items"), err);
	next = json_str(json_object_get(page, "next"));
	buf_reset(path);
	if (next.len > 0) {
		buf_puts(path, "/deliveries?limit=" TOGETHER "&before=");
		buf_put_str(path, next);
	}
	json_decref(page);
	buf_free(&response);
	return ok;
}

static bool parse_time(const char *text, const char *option, int64_t *time, struct err *err)
{
	return !text || date_parse(time, str_cstr(text)) ||
	       err_set(err, ERR_INVALID, option, "--%s must be an RFC 3339 time", option);
}

static bool redeliver_span(struct redelivery *redelivery, struct err *err)
{
	const char *const *options = redelivery->call->options;
	struct buf path = BUF_INIT;
	bool ok;

	redelivery->to = INT64_MAX;
	ok = parse_time(options[ADMIN_FROM], "from", &redelivery->from, err) &&
	     parse_time(options[ADMIN_TO], "to", &redelivery->to, err);
	buf_puts(&path, "/deliveries?limit=" TOGETHER);
	while (ok && path.len > 0)
		ok = redeliver_page(redelivery, &path, err);
	buf_free(&path);
	return ok;
}

bool admin_webhook_redeliver(struct admin *admin, const struct admin_call *call, struct err *err)
{
	struct redelivery redelivery = { .admin = admin, .call = call };
	const char *deliveries = call->options[ADMIN_DELIVERY];
	bool ok;

	if (deliveries)
		ok = redeliver_named(&redelivery, deliveries, err);
	else if (call->options[ADMIN_FROM])
		ok = redeliver_span(&redelivery, err);
	else
		ok = redeliver_failed(&redelivery, err);
	return ok && (admin_print(admin, "%lld", redelivery.sum) ||
			     err_set(err, ERR_INTERNAL, NULL, "writing the output failed"));
}
