#include "store/index/state.h"
#include "store/stats/stats.h"

void stream_prefix(const struct stats_reading *reading, int stream, struct index_key *prefix)
{
	bool archived = stream >= STREAM_ARCHIVED_SUCCEEDED;
	enum task_state state = (enum task_state)(stream - STREAM_STATES);

	if (archived)
		state = stream == STREAM_ARCHIVED_FAILED ? TASK_FAILED : TASK_SUCCEEDED;
	if (stream == STREAM_READY)
		index_field_prefix(prefix, reading->tenant, reading->dialect, false,
			index_field_by_code(
				reading->store->indexes, reading->dialect, INDEX_BY_READY));
	else
		index_work_prefix(prefix, reading->tenant, reading->dialect, archived, state);
}

static bool is_behind(struct str kind, const struct stats_reading *reading)
{
	return !reading->has_kind || str_compare(kind, stats_kind(&reading->last)) > 0;
}

/* Moves a stream to its first kind behind the last one. */
static int advance(struct stats_reading *reading, int number)
{
	struct kind_stream *stream = &reading->streams[number];
	struct index_key prefix, from, end, key;
	const uint8_t *kind, *nul;
	bool found;
	int rc;

	stream_prefix(reading, number, &prefix);
	from = end = prefix;
	index_prefix_end(&end);
	if (reading->has_kind) {
		index_put_text(&from, stats_kind(&reading->last));
		index_prefix_end(&from);
	}
	rc = index_first_key(reading->store, &from, &end, &key, &found);
	if (rc != 0)
		return rc;
	stream->is_read = true;
	stream->ended = !found;
	if (!found)
		return 0;
	kind = key.bytes + prefix.len;
	nul = memchr(kind, 0, key.len - prefix.len);
	if (!nul || nul - kind > TASK_KIND_MAX)
		return ENGINE_DAMAGED;
	stream->kind_len = (uint8_t)(nul - kind);
	memcpy(stream->kind, kind, stream->kind_len);
	return 0;
}

static struct str kind_of(const struct kind_stream *stream)
{
	return (struct str){ stream->kind, stream->kind_len };
}

static void set_kind(struct stats_row *row, struct str kind)
{
	row->kind_len = (uint8_t)(kind.len < TASK_KIND_MAX ? kind.len : TASK_KIND_MAX);
	memcpy(row->kind, kind.ptr, row->kind_len);
}

/* The smallest of the kinds that were asked for. */
static void next_of_filter(
	const struct stats_reading *reading, struct stats_row *row, unsigned *streams, bool *found)
{
	const struct op_stats *query = &reading->query;

	*streams = UINT32_MAX;
	*found = false;
	for (size_t i = 0; i < query->kind_count; i++) {
		if (!is_behind(query->kinds[i], reading) ||
			(*found && str_compare(query->kinds[i], stats_kind(row)) >= 0))
			continue;
		set_kind(row, query->kinds[i]);
		*found = true;
	}
}

static bool has_kinds(int stream)
{
	return stream != STREAM_STATES + TASK_STATE_NONE;
}

int stats_next_kind(struct stats_reading *reading, struct slice *slice, struct stats_row *row,
	unsigned *streams, bool *found)
{
	if (reading->query.kind_count > 0) {
		next_of_filter(reading, row, streams, found);
		return 0;
	}
	*found = false;
	*streams = 0;
	for (int i = 0; i < STREAMS; i++) {
		struct kind_stream *stream = &reading->streams[i];
		int order, rc = 0;

		if (!has_kinds(i) || (stream->is_read && stream->ended))
			continue;
		if (!stream->is_read || !is_behind(kind_of(stream), reading)) {
			slice_spend(slice, 1);
			rc = advance(reading, i);
		}
		if (rc != 0)
			return rc;
		if (stream->ended)
			continue;
		order = *found ? str_compare(kind_of(stream), stats_kind(row)) : -1;
		if (order < 0)
			set_kind(row, kind_of(stream));
		if (order <= 0)
			*streams = STREAM_BIT(i) | (order < 0 ? 0 : *streams);
		*found = true;
	}
	return 0;
}
