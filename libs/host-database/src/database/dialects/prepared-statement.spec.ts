import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { preparedStatement, StatementPreparer, withoutMark } from './prepared-statement.js';

type Callback = (error: unknown, result?: unknown) => void;

/** Answers as a client of `pg` does, with what it was sent. */
class FakeClient {
  readonly sent: unknown[] = [];
  failure: Error | undefined;

  query(query: unknown, values?: unknown, callback?: Callback): unknown {
    this.sent.push(query);
    const { failure } = this;
    if (callback) return callback(failure, failure ? undefined : values);
    return failure ? Promise.reject(failure) : Promise.resolve(values);
  }
}

const INSERT = 'insert into things values ($1)';
const MARKED = preparedStatement(INSERT);
const NAMED = { name: expect.stringMatching(/^host_[0-9a-f]{24}$/), text: INSERT };

describe(StatementPreparer.name, () => {
  let client: FakeClient;
  let warn: jest.SpiedFunction<Logger['warn']>;

  const connected = (sut: StatementPreparer) => {
    const made = new FakeClient();
    sut.watch(made);
    return made;
  };
  beforeEach(() => {
    warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
    client = connected(new StatementPreparer());
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('names those that are marked, the same text with the same name wherever it is sent', async () => {
    const other = connected(new StatementPreparer());
    await client.query(MARKED, [1]);
    await client.query(MARKED, [2]);
    await other.query(MARKED, [3]);
    await client.query(preparedStatement('select $1'), [4]);
    expect([...client.sent.slice(0, 2), ...other.sent]).toEqual([NAMED, NAMED, NAMED]);
    const names = [...client.sent, ...other.sent].map((sent) => (sent as { name: string }).name);
    expect(new Set(names).size).toBe(2);
  });

  it('leaves all others as they are', async () => {
    const submittable = { submit: () => undefined };
    for (const query of [INSERT, submittable]) await client.query(query, [1]);
    await client.query(MARKED);
    await client.query({ name: 'own', text: MARKED }, [1]);
    expect(client.sent).toEqual([INSERT, submittable, MARKED, { name: 'own', text: MARKED }]);
  });

  it('goes through whoever observes the clients', async () => {
    const observed = jest.spyOn(FakeClient.prototype, 'query');
    await client.query(MARKED, [1]);
    expect(observed).toHaveBeenCalledWith(NAMED, [1]);
  });

  it.each(['26000', '42P05'])('prepares none any more after %s, and says so once', async (code) => {
    const sut = new StatementPreparer();
    const [one, other] = [connected(sut), connected(sut)];
    const failure = Object.assign(new Error('prepared statement'), { code });
    one.failure = other.failure = failure;
    await expect(one.query(MARKED, [1])).rejects.toBe(failure);
    await expect(new Promise((_, reject) => other.query(MARKED, [1], reject))).rejects.toBe(failure);
    expect(other.sent).toEqual([INSERT]);
    expect(warn).toHaveBeenCalledTimes(1);
  });

  it('learns the same where there is a callback', async () => {
    client.failure = Object.assign(new Error('prepared statement'), { code: '26000' });
    await expect(new Promise((_, reject) => client.query(MARKED, [1], reject))).rejects.toBe(client.failure);
    client.failure = undefined;
    expect(await new Promise((resolve) => client.query(MARKED, [2], (_, result) => resolve(result)))).toEqual([2]);
    expect(client.sent).toEqual([NAMED, INSERT]);
  });

  it('goes on preparing after any other failure', async () => {
    client.failure = Object.assign(new Error('unique'), { code: '23505' });
    await expect(client.query(MARKED, [1])).rejects.toBe(client.failure);
    client.failure = undefined;
    await client.query(MARKED, [2]);
    expect(client.sent).toEqual([NAMED, NAMED]);
    expect(warn).not.toHaveBeenCalled();
  });
});

describe(withoutMark, () => {
  it('tells marked statements from others', () => {
    expect(withoutMark(MARKED)).toBe(INSERT);
    expect(withoutMark(INSERT)).toBeUndefined();
    expect(withoutMark(` ${MARKED}`)).toBeUndefined();
  });
});
