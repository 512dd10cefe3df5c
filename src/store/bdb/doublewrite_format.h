#pragma once
/* Blocks of the doublewrite file (doublewrite.h), in the byte order of this machine. */
#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

#include "store/bdb/page_ring.h"

#define DW_HEADER_MAGIC 0x7064775f68646531U
#define DW_GROUP_MAGIC	0x7064775f67727031U
#define DW_GROUP	63   /* images of a group: their description fills one block */
#define DW_BLOCKS_MAX	4096 /* 16 MiB */

struct dw_header {
	uint64_t magic, base;
	uint32_t sum;
};

struct dw_image {
	uint64_t sequence, lsn;
	uint32_t page, sum; /* the page's number and checksum */
	uint8_t id[PAGE_FILE_ID_SIZE];
	char name[RING_NAME];
};

struct dw_group {
	uint64_t magic;
	uint32_t count, sum;
	struct dw_image images[DW_GROUP];
};

_Static_assert(sizeof(struct dw_group) <= BDB_PAGE_SIZE, "a group is described in one block");

static inline uint32_t dw_header_sum(const struct dw_header *header)
{
	return (uint32_t)crc32(0, (const unsigned char *)header, offsetof(struct dw_header, sum));
}

static inline uint32_t dw_group_sum(const struct dw_group *group)
{
	struct dw_group copy = *group;

	copy.sum = 0;
	return (uint32_t)crc32(0, (const unsigned char *)&copy, sizeof(copy));
}
