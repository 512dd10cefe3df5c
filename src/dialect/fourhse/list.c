#include "dialect/decode.h"
#include "dialect/fourhse/condition.h"

/* ---- sort and page ---- */

/*
 * Sorts by the first known member, descending after '-', and ignores the rest. By default a range
 * of updated_at is in the order of its index: a client that polls reads every page from there.
 */
static void parse_sort(struct list_query *list, const json_t *sort)
{
	struct str names = json_str(sort);

	while (names.len > 0) {
		struct str name = str_trim(str_split_next(&names, ','));
		bool descending = str_starts(name, STR("-"));
		const struct fourhse_member *member = fourhse_member_by_name(
			str_skip(name, descending ? 1 : 0));

		if (member) {
			list_sort_add(list, member->index, descending);
			return;
		}
	}
	if (list->updated.from != 0 || optional_time_is_set(list->updated.to))
		list_sort_add(list, INDEX_BY_UPDATED, false);
}

static void parse_page(struct list_query *list, const json_t *params)
{
	list->limit = fourhse_per_page(params);
	list->offset = (fourhse_page(params) - 1) * list->limit;
	list->clamp_offset = true;
	list->want_total = true;
	list->scope = fourhse_json_is_true(json_object_get(params, "history")) ? LIST_BOTH
									       : LIST_CURRENT;
}

bool fourhse_decode_list(struct request *request, struct op *op, struct err *err)
{
	json_t *params;
	bool ok;

	decode_init_op(op, OP_LIST, DIALECT_CODE_fourhse, NULL);
	fourhse_select_fields(request);
	if (!request_check_accepts_json(request, err) ||
		!fourhse_list_params(&params, request, err))
		return false;
	ok = fourhse_parse_filter(
		&op->list, json_object_get(params, "filter"), request->arena, err);
	parse_sort(&op->list, json_object_get(params, "sort"));
	parse_page(&op->list, params);
	json_decref(params);
	return ok;
}
