/**
 * Where a contender finds its database.
 *
 * @typedef {object} Connection
 * @property {object} host `database` of the options of `HostDatabaseModule`, with the library's own pool
 * @property {string} address a connection string, or the path of the file
 *
 * @returns {Connection}
 */
export function connectionTo({ type, host: { pool: _pool, ...host }, bare }) {
  return { host, address: type === 'sqlite' ? host.name : bare().clientUrl };
}

/** The same database, by way of another port of this machine. */
export function rerouted({ host, address }, port) {
  const reroute = (url) => {
    const changed = new URL(url);
    changed.host = `127.0.0.1:${port}`;
    return changed.href;
  };
  return { host: { ...host, url: reroute(host.url) }, address: reroute(address) };
}
