#pragma once
/*
 * Requests on the control socket: status, reload and stop are answered by the supervisor, all
 * others by an operator process.
 */
#include "process/control.h"
#include "process/service.h"

/* For struct control: on_request. data is the struct service. */
enum control_outcome requests_answer(void *data, struct control_client *client);
