// A way to a server that takes its time: each packet waits a millisecond in either direction.
import { connect, createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { answer } from '../answer.mjs';

const ONE_WAY_MS = 1;

answer({
  async listen({ host, port }) {
    const relay = createServer({ noDelay: true }, (near) => {
      const far = connect({ host, port, noDelay: true });
      for (const [from, to] of [
        [near, far],
        [far, near],
      ]) {
        let sent = Promise.resolve();
        from.on('data', (chunk) => {
          const due = wait(ONE_WAY_MS);
          sent = sent.then(() => due).then(() => void to.write(chunk));
        });
        from.on('end', () => void sent.then(() => to.end()));
        from.on('error', () => to.destroy());
      }
    });
    await new Promise((resolve) => relay.listen(0, '127.0.0.1', resolve));
    return relay.address().port;
  },
});
