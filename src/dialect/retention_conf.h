#pragma once
/* The rules of retention (task/retention.h) from the configuration, for each dialect. */
#include "sys/conf.h"
#include "task/retention.h"

void retention_from_conf(struct retention *retention, const struct conf *conf);
