import { answer } from '../../support/answer.mjs';
import { pathOf, serve } from '../../support/access/serve.mjs';

/** The route alone, which lets everybody in. */
answer({
  async open() {
    const { port } = await serve({});
    return { port, path: pathOf('any'), headers: {}, refused: [] };
  },
});
