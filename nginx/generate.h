#pragma once
/*
 * The program that writes nginx's configuration for the dialects: generate.c (main), bodies.c,
 * credentials.c, problems.c, upstreams.c. All of them append to `generated`; main checks it for errors.
 */
#include "dialect/dialect.h"

extern struct buf generated;

/* Maps of nginx's own errors to bodies: $polytask_error_body. */
void generate_bodies(void);
/* The location with the static error responses of a dialect; NULL: of the token endpoint. */
void generate_error_location(const struct dialect *dialect);

/* Maps from method and path, $polytask_address, to the upstream: $polytask_upstream. */
void generate_upstream_maps(void);
/* Whether the upstream of the dialect's requests depends on $polytask_address. */
bool generate_has_read_rows(const struct dialect *dialect);

/*
 * Maps of $polytask_token: the token that decides, or empty if the decision must not be cached;
 * $polytask_query_credential: 1 if the query may hold a credential, else 0;
 * $polytask_header_credential: the same of the header;
 * $polytask_vary: the header fields that a response depends on.
 */
void generate_token_maps(void);
bool generate_has_form_token(const struct dialect *dialect);
/*
 * Parameters for the header fields that may hold a credential, except Authorization: as sent, or
 * empty.
 */
void generate_header_params(bool empty);

/* The map from an address to the page of its problem: $polytask_problem, empty for others. */
void generate_problem_map(void);
/* A page with all problems: plain text, not a part of a configuration. */
void generate_problem_page(void);
