import { readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** Of the kernel's books of processes, in ticks of 10 ms. */
const TICK_MS = 10;
const [PARENT, USER, CHILDRENS_SYSTEM] = [1, 11, 14];

/**
 * Begins to measure how busy the CPU is.
 *
 * @param {number | undefined} serverPid of the database, where it is one of this machine
 * @returns {() => { process: number, server: number, machine: number }} how many cores this process, the server, and all there are, kept busy
 * since, on average
 */
export function busyCores(serverPid) {
  const [beganAt, ofProcess, ofServer, ofMachine] = [performance.now(), process.cpuUsage(), serverMs(serverPid), machineMs()];
  return () => {
    const elapsedMs = performance.now() - beganAt;
    const { user, system } = process.cpuUsage(ofProcess);
    return {
      process: (user + system) / 1_000 / elapsedMs,
      server: (serverMs(serverPid) - ofServer) / elapsedMs,
      machine: (machineMs() - ofMachine) / elapsedMs,
    };
  };
}

/** The process to which a connection of PostgreSQL belongs, and all its siblings; undefined where the kernel keeps no such books. */
export function parentOf(pid) {
  try {
    return Number(statOf(pid)[PARENT]);
  } catch {
    return undefined;
  }
}

/** What a server and its processes have taken so far, those that have ended included. */
function serverMs(pid) {
  if (pid === undefined) return 0;
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return processes.reduce((sum, each) => {
    try {
      const stat = statOf(each);
      // Its own and that of its ended processes; of one that is running, its own.
      if (Number(each) !== pid && Number(stat[PARENT]) !== pid) return sum;
      return sum + TICK_MS * stat.slice(USER, CHILDRENS_SYSTEM + 1).reduce((ticks, text) => ticks + Number(text), 0);
    } catch {
      // It has ended since.
      return sum;
    }
  }, 0);
}

/** What stands behind the name of the program, which may have spaces. */
function statOf(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

function machineMs() {
  const busy = cpus().flatMap(({ times: { user, nice, sys, irq } }) => [user, nice, sys, irq]);
  return busy.reduce((sum, ms) => sum + ms, 0);
}
