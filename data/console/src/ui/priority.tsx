/** The field for a priority of tasks, a whole number of 32 bits. */
export function PriorityField({ priority, set }: { priority: number; set: (priority: number) => void }) {
	return (
		<label>
			Priority
			<input
				type="number"
				min={-2147483648}
				max={2147483647}
				value={priority}
				onInput={(event) => set(Math.trunc(Number(event.currentTarget.value)))}
			/>
		</label>
	);
}
