#include "store/damage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t place_of(unsigned table, uint32_t page)
{
	return (uint64_t)(table + 1) << 32 | page;
}

bool damage_add(struct damage_table *damages, unsigned table, uint32_t page, int64_t now)
{
	uint64_t place = place_of(table, page);

	for (size_t i = 0; i < DAMAGED_PAGES_MAX; i++) {
		struct damaged_page *entry = &damages->pages[i];
		uint64_t found = 0;

		if (atomic_compare_exchange_strong(&entry->place, &found, place)) {
			atomic_fetch_add(&damages->count, 1);
			atomic_store(&entry->first_seen, now);
			atomic_store(&entry->reads, 1);
			atomic_store(&entry->naming, DAMAGE_UNNAMED);
			return true;
		}
		if (found == place) {
			atomic_fetch_add(&entry->reads, 1);
			return false;
		}
	}
	return false;
}

bool damage_name(struct damage_table *damages, unsigned table, uint32_t page, const char *task)
{
	uint64_t place = place_of(table, page);

	for (size_t i = 0; i < DAMAGED_PAGES_MAX; i++) {
		struct damaged_page *entry = &damages->pages[i];
		int unnamed = DAMAGE_UNNAMED;

		if (atomic_load(&entry->place) != place)
			continue;
		if (!atomic_compare_exchange_strong(&entry->naming, &unnamed, DAMAGE_BEING_NAMED))
			return false;
		snprintf(entry->task, sizeof(entry->task), "%s", task);
		atomic_store(&entry->naming, DAMAGE_NAMED);
		return true;
	}
	return false;
}

static void remove_matching(struct damage_table *damages, uint64_t place, uint64_t mask)
{
	for (size_t i = 0; i < DAMAGED_PAGES_MAX; i++) {
		uint64_t found = atomic_load_explicit(
			&damages->pages[i].place, memory_order_relaxed);

		if (found != 0 && (found & mask) == place &&
			atomic_compare_exchange_strong(&damages->pages[i].place, &found, 0))
			atomic_fetch_sub(&damages->count, 1);
	}
}

void damage_remove(struct damage_table *damages, unsigned table, uint32_t page)
{
	remove_matching(damages, place_of(table, page), UINT64_MAX);
}

void damage_forget(struct damage_table *damages, unsigned table)
{
	remove_matching(damages, place_of(table, 0), UINT64_MAX << 32);
}

static int compare(const void *left, const void *right)
{
	const struct damage *a = left, *b = right;

	if (a->table != b->table)
		return a->table < b->table ? -1 : 1;
	return a->page < b->page ? -1 : a->page > b->page;
}

size_t damage_list(const struct damage_table *damages, struct damage *list, size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < DAMAGED_PAGES_MAX && count < max; i++) {
		const struct damaged_page *entry = &damages->pages[i];
		uint64_t place = atomic_load(&entry->place);

		if (place == 0)
			continue;
		list[count] = (struct damage){ .table = (unsigned)(place >> 32) - 1,
			.page = (uint32_t)place,
			.first_seen = atomic_load(&entry->first_seen),
			.reads = atomic_load(&entry->reads) };
		if (atomic_load(&entry->naming) == DAMAGE_NAMED)
			memcpy(list[count].task, entry->task, sizeof(list[count].task) - 1);
		count++;
	}
	qsort(list, count, sizeof(*list), compare);
	return count;
}

bool damage_has(const struct damage_table *damages, unsigned table)
{
	for (size_t i = 0; damage_count(damages) > 0 && i < DAMAGED_PAGES_MAX; i++) {
		if (atomic_load(&damages->pages[i].place) >> 32 == table + 1)
			return true;
	}
	return false;
}

void damage_reset(struct damage_table *damages)
{
	for (size_t i = 0; i < DAMAGED_PAGES_MAX; i++)
		atomic_store(&damages->pages[i].place, 0);
	atomic_store(&damages->count, 0);
}
