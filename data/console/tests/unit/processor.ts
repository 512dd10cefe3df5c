/** Processor time of this process for a call, in ms: other load does not count. */
export function processorTime(call: () => void): number {
	const begin = process.cpuUsage();
	call();
	const { user, system } = process.cpuUsage(begin);
	return (user + system) / 1000;
}
