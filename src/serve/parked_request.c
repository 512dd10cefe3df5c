#include "serve/parked_request.h"

#include <stdlib.h>

static size_t size_of(const struct request *request)
{
	size_t size = sizeof(struct parked_request) + request->body.len;

	for (size_t i = 0; i < request->cgi_param_count; i++)
		size += request->cgi_params[i].name.len + request->cgi_params[i].value.len + 2;
	return size;
}

static char *put(char *at, struct str text)
{
	if (text.len > 0)
		memcpy(at, text.ptr, text.len);
	return at + text.len;
}

struct parked_request *parked_request_save(const struct exchange *exchange)
{
	const struct request *request = &exchange->request;
	size_t size = size_of(request);
	struct parked_request *parked = size > PARKED_REQUEST_MAX ? NULL : malloc(size);
	char *at;

	if (!parked)
		return NULL;
	*parked = (struct parked_request){
		.wait = exchange->wait,
		.rate_status = request->rate_status,
		.account = exchange->account,
		.tenant = exchange->tenant,
		.has_principal = exchange->has_principal,
		.cost_us = exchange->cost_us,
		.began_us = exchange->began_us,
		.size = size,
		.param_count = request->cgi_param_count,
	};
	at = parked->bytes;
	for (size_t i = 0; i < request->cgi_param_count; i++) {
		at = put(at, request->cgi_params[i].name);
		*at++ = '\0';
		if (str_eq(request->cgi_params[i].name, STR("POLYTASK_TENANT")))
			parked->tenant_name = (struct str){ at, request->cgi_params[i].value.len };
		at = put(at, request->cgi_params[i].value);
		*at++ = '\0';
	}
	parked->body = (struct str){ at, request->body.len };
	put(at, request->body);
	return parked;
}

void parked_request_restore(
	const struct parked_request *parked, struct exchange *exchange, int64_t now)
{
	struct request *request = &exchange->request;
	const char *at = parked->bytes;

	for (size_t i = 0; i < parked->param_count; i++) {
		struct str name = str_cstr(at);
		struct str value = str_cstr(at + name.len + 1);

		request->cgi_params[i] = (struct pair){ name, value };
		at = value.ptr + value.len + 1;
	}
	request->cgi_param_count = parked->param_count;
	request->body = parked->body;
	request->rate_status = parked->rate_status;
	request->now = now;
	exchange->wait = parked->wait;
	exchange->is_charged = exchange->body_is_plain = true;
	exchange->account = parked->account;
	exchange->tenant = parked->tenant;
	exchange->has_principal = parked->has_principal;
	exchange->cost_us = parked->cost_us;
	exchange->began_us = parked->began_us;
}
