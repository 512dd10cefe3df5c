#include "serve/held_page.h"

bool held_page_check(struct exchange *exchange, struct err *err)
{
	struct response *response = &exchange->response;

	if (!exchange->held_back || exchange->streaming)
		return true;
	exchange->held_back = false;
	if (exchange->request.method == METHOD_HEAD)
		buf_reset(&response->body);
	return exchange->route->encode_links(&exchange->request, &exchange->result, response, err);
}
