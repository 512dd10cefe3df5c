/** A description in Markdown, as elements. */
import { parseMarkdown, pieces, type Piece } from "../model/markdown.ts";

function Pieces({ of }: { of: Piece[] }) {
	return (
		<>
			{of.map(({ text, isCode, link }) => {
				if (isCode) return <code>{text}</code>;
				return link ? (
					<a href={link} rel="noreferrer noopener">
						{text}
					</a>
				) : (
					text
				);
			})}
		</>
	);
}

/** In one line. */
export function Inline({ text }: { text: string }) {
	return <Pieces of={pieces(text)} />;
}

export function Markdown({ text }: { text: string }) {
	return (
		<>
			{parseMarkdown(text).map(({ isList, items }) =>
				isList ? (
					<ul>
						{items.map((item) => (
							<li>
								<Pieces of={item} />
							</li>
						))}
					</ul>
				) : (
					<p>
						<Pieces of={items[0]!} />
					</p>
				),
			)}
		</>
	);
}
