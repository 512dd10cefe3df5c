/**
 * Parses the subset of Markdown that descriptions use: paragraphs, lists, code, links. Anything else is plain text.
 */

export interface Piece {
	text: string;
	isCode?: boolean;
	/** https: or http: */
	link?: string;
}

export interface Block {
	isList: boolean;
	/** The items of a list; a paragraph has one. */
	items: Piece[][];
}

const MARKS = /`([^`]+)`|\[([^[\]]+)\]\((https?:\/\/[^\s()]+)\)/g;
const ITEM = /^\s*(?:[-*]|\d+\.)\s+/;

export function pieces(text: string): Piece[] {
	const found: Piece[] = [];
	let end = 0;
	for (const mark of text.matchAll(MARKS)) {
		if (mark.index > end) found.push({ text: text.slice(end, mark.index) });
		if (mark[1]) found.push({ text: mark[1], isCode: true });
		else found.push({ text: mark[2]!, link: mark[3]! });
		end = mark.index + mark[0].length;
	}
	if (end < text.length) found.push({ text: text.slice(end) });
	return found;
}

/** A line with a list mark begins an item. Any other line continues the block before it, up to an empty line. */
export function parseMarkdown(text: string): Block[] {
	const blocks: { isList: boolean; lines: string[] }[] = [];
	let isNew = true;
	for (const line of text.split(/\r?\n/)) {
		const item = ITEM.exec(line);
		const last = blocks.at(-1);
		if (item && last?.isList) last.lines.push(line.slice(item[0].length));
		else if (item) blocks.push({ isList: true, lines: [line.slice(item[0].length)] });
		else if (line.trim() && !isNew && last) last.lines.push(`${last.lines.pop()} ${line.trim()}`);
		else if (line.trim()) blocks.push({ isList: false, lines: [line.trim()] });
		isNew = !line.trim();
	}
	return blocks.map(({ isList, lines }) => ({ isList, items: lines.map(pieces) }));
}
