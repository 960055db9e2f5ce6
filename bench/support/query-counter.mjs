import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** The messages of the protocol with which a client has a statement run: Query, and Execute. */
const RUNS_STATEMENT = new Set(['Q', 'E'].map((letter) => letter.charCodeAt(0)));

/**
 * Stands between clients and a PostgreSQL server, and counts the queries that pass: whatever the client is, and without waiting for
 * the server's own statistics, which know transactions only and come late. Knows no TLS.
 */
export async function countQueries(serverUrl) {
  const { hostname, port } = new URL(serverUrl);
  const counter = { queries: 0 };
  const sockets = new Set();
  const proxy = createServer((client) => {
    const server = connect(Number(port || 5432), hostname);
    const read = messageReader((type) => {
      if (RUNS_STATEMENT.has(type)) counter.queries++;
    });
    client.on('data', read).pipe(server).pipe(client);
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ]) {
      sockets.add(socket);
      socket.setNoDelay().on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    port: proxy.address().port,
    get queries() {
      return counter.queries;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      proxy.close();
      await once(proxy, 'close');
    },
  };
}

/** Cuts what a client sends into messages: a length that counts itself, before it a type, which only the first one lacks. */
function messageReader(onMessage) {
  let rest = Buffer.alloc(0);
  let typeBytes = 0;
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= typeBytes + 4) {
      const end = typeBytes + rest.readUInt32BE(typeBytes);
      if (rest.length < end) return;
      if (typeBytes === 1) onMessage(rest[0]);
      rest = rest.subarray(end);
      typeBytes = 1;
    }
  };
}
