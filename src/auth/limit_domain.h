#pragma once
/*
 * Domains of the keys in the shared table of rates (base/limit.h): one number per kind of key, so
 * that keys of different kinds never collide.
 */
enum limit_domain {
	LIMIT_PRINCIPAL,	 /* tenant and user: requests (serve/rate.c) */
	LIMIT_TENANT,		 /* time of a worker (serve/turns.h) */
	LIMIT_CLIENT,		 /* network: requests without a principal (serve/turns.h) */
	LIMIT_LOGIN_PER_ADDRESS, /* name and network: failed logins (auth/login_limit.c) */
	LIMIT_LOGIN_PER_NAME,	 /* name: failed logins (auth/login_limit.c) */
	LIMIT_LOGIN_PER_NETWORK, /* network: comparisons with a password (auth/login_limit.c) */
	LIMIT_REFUSAL_LOG,	 /* network: log lines about refusals (serve/exchange_log.c) */
};
