#pragma once
/*
 * Internal to src/admin: the SHA-256 of the lines of an export (transfer_commands.h), each with its
 * line feed. false: without memory.
 */
#include <openssl/evp.h>

#include "base/encode.h"
#include "base/str.h"

#define EXPORT_SUM_SIZE 32

bool export_sum_begin(EVP_MD_CTX *sum);
bool export_sum_add(EVP_MD_CTX *sum, struct str line);
bool export_sum_end(EVP_MD_CTX *sum, char text[HEX_SIZE(EXPORT_SUM_SIZE)]);
