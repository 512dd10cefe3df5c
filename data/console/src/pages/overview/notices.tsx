/** The list of what needs attention. */
import type { Notice } from "../../model/attention.ts";

export function Notices({ notices }: { notices: Notice[] }) {
	return (
		<section aria-label="Attention">
			<ul class="notices">
				{notices.map(({ isUrgent, text, href, link }, index) => (
					<li key={index} class={isUrgent ? "failed" : "cancelled"}>
						<span class="dot" aria-hidden="true" />
						<span>
							{isUrgent && <strong>Urgent: </strong>}
							{text}
						</span>
						{href && <a href={href}>{link}</a>}
					</li>
				))}
				{!notices.length && (
					<li class="succeeded">
						<span class="dot" aria-hidden="true" />
						<span>Nothing needs attention.</span>
					</li>
				)}
			</ul>
		</section>
	);
}
