/**
 * Reads and writes JSON without rounding integers: an integer that a double cannot hold becomes a bigint. This needs
 * the source text of the reviver and JSON.rawJSON (ECMAScript 2026); a browser without them rounds such integers.
 */

interface RawJson {
	rawJSON?: (text: string) => unknown;
}

function exact(_key: string, value: unknown, context?: { source?: string }): unknown {
	const source = context?.source;
	if (typeof value !== "number" || Number.isSafeInteger(value) || !source || !/^-?\d+$/.test(source))
		return value;
	return BigInt(source);
}

export function parseJson(text: string): unknown {
	return JSON.parse(text, exact as (key: string, value: unknown) => unknown);
}

export function formatJson(value: unknown, indent?: number): string {
	const { rawJSON } = JSON as RawJson;
	const write = (_key: string, member: unknown) => {
		if (typeof member !== "bigint") return member;
		return rawJSON ? rawJSON(String(member)) : Number(member);
	};
	return JSON.stringify(value, write, indent);
}
