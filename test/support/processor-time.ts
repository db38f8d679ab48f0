/** What a step costs this process: unlike the time on a clock, it does not depend on what else the machine does. */
export async function processorTime(step: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await step();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000; // in milliseconds
}
