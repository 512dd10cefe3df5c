#pragma once
/*
 * The operation that the task of a bulk asks for (task/bulk.h). The native API made the task from a
 * request, so the dialects of the other tasks see the operation as one of the native API.
 */
#include "task/op.h"

bulk_action_decode bulk_action_read;
