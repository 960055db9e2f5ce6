import { cpus } from 'node:os';

/**
 * Begins to measure how busy the CPU is.
 *
 * @returns {() => { process: number, machine: number }} how many cores this process, and all there are, kept busy since, on average
 */
export function busyCores() {
  const [beganAt, ofProcess, ofMachine] = [performance.now(), process.cpuUsage(), machineMs()];
  return () => {
    const elapsedMs = performance.now() - beganAt;
    const { user, system } = process.cpuUsage(ofProcess);
    return { process: (user + system) / 1_000 / elapsedMs, machine: (machineMs() - ofMachine) / elapsedMs };
  };
}

function machineMs() {
  const busy = cpus().flatMap(({ times: { user, nice, sys, irq } }) => [user, nice, sys, irq]);
  return busy.reduce((sum, ms) => sum + ms, 0);
}
