#include "serve/request_metrics.h"

const int request_statuses[REQUEST_STATUSES] = { 200, 201, 202, 204, 206, 207, 301, 302, 303, 304,
	307, 308, 400, 401, 403, 404, 405, 406, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417,
	421, 422, 428, 429, 431, 500, 501, 502, 503, 505, 507, 0 };

static size_t count_routes(const struct dialect *dialect)
{
	size_t count = 0;

	while (dialect->routes[count].method != METHOD_NONE)
		count++;
	return count;
}

void request_numbers_init(struct request_numbers *numbers)
{
	*numbers = (struct request_numbers){ .count = REQUEST_CALLS };
	for (size_t i = 0; dialects[i]; i++) {
		size_t needed = REQUEST_CALLS + count_routes(dialects[i]);

		if (numbers->count + needed > REQUEST_ROUTES)
			break;
		numbers->first[dialects[i]->code] = numbers->count;
		numbers->count += needed;
	}
}

size_t request_number(const struct request_numbers *numbers, const struct dialect *dialect,
	const struct route *route, enum request_call call)
{
	size_t first = dialect ? numbers->first[dialect->code] : 0;

	if (!route || first == 0)
		return first + call;
	return first + REQUEST_CALLS + (size_t)(route - dialect->routes);
}

void request_metrics_add(
	struct request_metrics *metrics, size_t number, int status, enum err_code error, int64_t us)
{
	size_t i = 0;

	while (request_statuses[i] != 0 && request_statuses[i] != status)
		i++;
	atomic_fetch_add_explicit(&metrics->counts[number][i], 1, memory_order_relaxed);
	if (error != ERR_NONE)
		atomic_fetch_add_explicit(&metrics->errors[error], 1, memory_order_relaxed);
	if (us >= 0)
		histogram_add(&metrics->durations[number], histogram_fast, us);
}
