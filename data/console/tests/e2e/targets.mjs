// The size of what a person can press: at least 24 by 24 CSS pixels, or as far apart (WCAG 2.2, 2.5.8).

/** In the page: each target that is neither, in one line. A link in a sentence has the height of its line. */
export function smallTargets() {
	const LEAST = 24;
	const ROUNDING = 0.5;
	const isInline = (one) => getComputedStyle(one).display === "inline";
	const selector = "a[href], button, input, select, textarea, summary, [role=option]";
	const scope = document.querySelector("dialog[open]") ?? document;

	/** The box around the nearest block has other text than that of targets. */
	function isInSentence(one) {
		if (!isInline(one)) return false;
		let block = one.parentElement;
		while (isInline(block)) block = block.parentElement;
		const texts = document.createTreeWalker(block, NodeFilter.SHOW_TEXT);
		for (let text = texts.nextNode(); text; text = texts.nextNode()) {
			let of = text.parentElement;
			if (of.closest(selector) || !text.data.trim()) continue;
			while (of !== block && isInline(of)) of = of.parentElement;
			if (of === block) return true;
		}
		return false;
	}

	const targets = [...scope.querySelectorAll(selector)]
		.filter((one) => one.checkVisibility() && !one.disabled && !one.closest(".hidden"))
		.map((one) => ({ one, box: (one.closest("label") ?? one).getBoundingClientRect() }))
		.filter(({ box }) => box.width > 0 && box.height > 0 && box.right > 0)
		.map(({ one, box }) => ({
			one,
			box,
			x: box.left + box.width / 2,
			y: box.top + box.height / 2,
			isSmall: Math.min(box.width, box.height) < LEAST - ROUNDING,
		}));
	/** From the centre of `from` to the target, or to the centre of a small one, whose circle counts. */
	const gap = (from, { box, x, y, isSmall }) =>
		isSmall
			? Math.hypot(from.x - x, from.y - y) - LEAST / 2
			: Math.hypot(
					Math.max(box.left - from.x, 0, from.x - box.right),
					Math.max(box.top - from.y, 0, from.y - box.bottom),
				);
	return targets
		.filter(({ one, isSmall }) => isSmall && !isInSentence(one))
		.flatMap((target) => {
			const near = targets.find(
				(other) =>
					other !== target &&
					!other.one.contains(target.one) &&
					!target.one.contains(other.one) &&
					gap(target, other) < LEAST / 2 - ROUNDING,
			);
			const { one, box } = target;
			const size = `${box.width.toFixed(1)} x ${box.height.toFixed(1)}`;
			return near
				? [`${size}: ${one.outerHTML.slice(0, 150)} beside ${near.one.outerHTML.slice(0, 80)}`]
				: [];
		});
}
