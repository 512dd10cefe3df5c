/** A list that is read in pages: the rows so far, and a button for further ones. */
import { useRef } from "preact/hooks";
import type { Page } from "../api/types.ts";
import { useResource, type Resource } from "../model/resource.ts";
import { Action } from "./basics.tsx";

type Read<T> = (cursor: string | null | undefined, signal?: AbortSignal) => Promise<Page<T>>;

export interface Pages<T> extends Resource<Page<T>> {
	/** Reads the next page, unless it is being read. */
	more(): Promise<void>;
	/** Replaces the row that has the same id. */
	replace(row: T): void;
}

export function usePages<T extends { id: string }>(read: Read<T>, inputs: unknown[]): Pages<T> {
	const resource = useResource((signal) => read(undefined, signal), inputs);
	const latest = useRef(resource.data);
	latest.current = resource.data;
	const isReading = useRef(false);
	const more = async () => {
		const before = latest.current;
		if (!before?.next || isReading.current) return;
		isReading.current = true;
		try {
			const { items, next } = await read(before.next);
			const now = latest.current;
			if (now?.next === before.next) resource.set({ items: [...now.items, ...items], next });
		} finally {
			isReading.current = false;
		}
	};
	const replace = (row: T) => {
		const { items, next } = latest.current!;
		resource.set({ items: items.map((one) => (one.id === row.id ? row : one)), next });
	};
	return { ...resource, more, replace };
}

export function More({
	of,
}: {
	of: Pick<Pages<never>, "more"> & { data: { next: string | null } | undefined };
}) {
	return of.data?.next ? <Action run={of.more}>More</Action> : null;
}
