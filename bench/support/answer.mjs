/**
 * Carries out what the process asks that has started this one, and ends with it.
 *
 * @param {Record<string, (given: object) => Promise<unknown>>} commands
 */
export function answer(commands) {
  process.on('message', ({ id, command, given }) => {
    commands[command](given).then(
      (result) => process.send({ id, result }),
      (error) => process.send({ id, error: error.stack ?? String(error) }),
    );
  });
  // Nobody is left to ask.
  process.once('disconnect', () => process.exit());
}
