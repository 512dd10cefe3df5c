#pragma once
/*
 * The store's options from the configuration, for the processes of the service and for polytaskctl.
 */
#include "store/store.h"
#include "sys/conf.h"

/* The texts are borrowed from conf. */
void store_options_from_conf(
	struct store_options *options, const struct conf *conf, enum store_mode mode);
