/* webhook redeliver: with the same ids and a new series of attempts. */
#include "admin/webhook_commands.h"
#include "base/date.h"
#include "http/json.h"

struct redelivery {
	struct admin *admin;
	const struct admin_call *call;
	long long sum;
	uint64_t total;	  /* to be repeated; 0: unknown */
	bool more;	  /* the last request has left some */
	struct buf after; /* the place behind it, with a NUL; empty before the first one */
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
	buf_reset(&redelivery->after);
	buf_put_str(&redelivery->after, json_str(json_object_get(answer, "next")));
	buf_putc(&redelivery->after, '\0');
	ok = ok && (buf_ok(&redelivery->after) || err_no_memory(err));
	json_decref(answer);
	buf_free(&response);
	buf_free(&body);
	return ok;
}

static bool redeliver_named(struct redelivery *redelivery, const char *deliveries, struct err *err)
{
	struct str rest = str_cstr(deliveries);
	json_t *ids = json_array();

	while (rest.len > 0) {
		struct str id = str_split_next(&rest, ',');

		json_array_append_new(ids, json_stringn(id.ptr, id.len));
	}
	if (!request(redelivery, json_pack("{s:o}", "ids", ids), err))
		return false;
	return !redelivery->more ||
	       err_set(err, ERR_CONFLICT, NULL,
		       "The webhook has too many pending deliveries: wait until some have ended.");
}

/* ---- by time ---- */

struct period {
	int64_t from, to; /* ms; to: exclusive */
	bool failed_only;
};

static bool read_time(
	int64_t *time, const char *text, int64_t none, const char *option, struct err *err)
{
	*time = none;
	return !text || date_parse(time, str_cstr(text)) ||
	       err_set(err, ERR_INVALID, option, "--%s must be an RFC 3339 time", option);
}

static bool is_in(const struct period *period, const json_t *delivery)
{
	struct str state = json_str(json_object_get(delivery, "state"));
	int64_t created;

	return (str_eq(state, STR("failed")) ||
		       (!period->failed_only && str_eq(state, STR("delivered")))) &&
	       date_parse(&created, json_str(json_object_get(delivery, "created_at"))) &&
	       created >= period->from && created < period->to;
}

/* Counts those of a page, and sets `before` to the place of the next one: empty, none. */
static bool count_page(struct redelivery *redelivery, const struct period *period,
	struct buf *before, struct err *err)
{
	struct buf path = BUF_INIT, response = BUF_INIT;
	json_t *page = NULL, *items;
	bool ok;

	buf_puts(&path, "/deliveries?limit=100");
	if (before->len > 0)
		buf_printf(&path, "&before=%.*s", STR_ARGS(buf_str(before)));
	buf_putc(&path, '\0');
	ok = (buf_ok(&path) || err_no_memory(err)) &&
	     webhook_send(redelivery->admin, redelivery->call, "GET", path.data, STR(""), &response,
		     err) &&
	     json_parse_trusted(&page, buf_str(&response), err);
	items = json_object_get(page, "items");
	for (size_t i = 0; i < json_array_size(items); i++)
		redelivery->total += is_in(period, json_array_get(items, i));
	buf_reset(before);
	buf_put_str(before, json_str(json_object_get(page, "next")));
	json_decref(page);
	buf_free(&path);
	buf_free(&response);
	return ok && (buf_ok(before) || err_no_memory(err));
}

/* For the progress only. More may end meanwhile, so the sum may become larger. */
static bool count(struct redelivery *redelivery, const struct period *period, struct err *err)
{
	struct buf before = BUF_INIT;
	bool ok = true;

	if (!redelivery->call->wants_progress)
		return true;
	do
		ok = count_page(redelivery, period, &before, err);
	while (ok && before.len > 0);
	buf_free(&before);
	return ok;
}

static void show_progress(const struct redelivery *redelivery)
{
	uint64_t done = (uint64_t)redelivery->sum, total = redelivery->total;

	admin_progress(redelivery->admin, done, total > done ? total : done, "deliveries");
}

/* Repeats the deliveries of a time, or without one all that have failed. */
static bool redeliver_by_time(struct redelivery *redelivery, struct err *err)
{
	const char *const *options = redelivery->call->options;
	const char *from = options[ADMIN_FROM], *to = options[ADMIN_TO];
	struct period period = { .failed_only = !from };
	bool ok = read_time(&period.from, from, 0, "from", err) &&
		  read_time(&period.to, to, INT64_MAX, "to", err) &&
		  count(redelivery, &period, err);

	redelivery->more = true;
	while (ok && redelivery->more) {
		show_progress(redelivery);
		const char *after = redelivery->after.len > 0 ? redelivery->after.data : NULL;

		ok = request(redelivery,
			from ? json_pack(
				       "{s:s, s:s*, s:s*}", "from", from, "to", to, "after", after)
			     : json_pack("{s:s, s:[s], s:s*}", "from", "1970-01-01T00:00:00Z",
				       "states", "failed", "after", after),
			err);
	}
	return ok;
}

/* An error says what was done before it. */
static bool add_sum(const struct redelivery *redelivery, struct err *err)
{
	const struct err cause = *err;

	return redelivery->sum > 0 &&
	       err_set(err, cause.code, cause.field, "%s (deliveries that are pending again: %lld)",
		       err_text(&cause), redelivery->sum);
}

bool admin_webhook_redeliver(struct admin *admin, const struct admin_call *call, struct err *err)
{
	struct redelivery redelivery = { .admin = admin, .call = call };
	const char *deliveries = call->options[ADMIN_DELIVERY];
	bool ok = deliveries ? redeliver_named(&redelivery, deliveries, err)
			     : redeliver_by_time(&redelivery, err);

	buf_free(&redelivery.after);
	if (!ok)
		return add_sum(&redelivery, err);
	return admin_print(admin, "%lld", redelivery.sum) ||
	       err_set(err, ERR_INTERNAL, NULL, "writing the output failed");
}
