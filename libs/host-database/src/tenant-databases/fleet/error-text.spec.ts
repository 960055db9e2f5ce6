import { describe, expect, it } from '@jest/globals';
import { errorText, passwordIn } from './error-text.js';

describe(errorText.name, () => {
  it('says what happened and why, once', () => {
    const inner = new Error('duplicate column: name');
    const driver = new Error('alter table t add name - duplicate column: name', { cause: inner });
    expect(errorText(new Error('It failed', { cause: driver }))).toBe(
      'It failed / alter table t add name - duplicate column: name',
    );
  });

  it('has no password, neither a known one nor what looks like one', () => {
    const error = new Error(
      `could not reach postgresql://app:p%40ss@db:5432/x: create user x password 'hidden'; set role; password=open, using p@ss`,
    );
    expect(errorText(error, ['p@ss', undefined])).toBe(
      `could not reach postgresql://app:[redacted]@db:5432/x: create user x password [redacted]; set role; password=[redacted], using [redacted]`,
    );
  });

  it('fits a column on every dialect', () => {
    expect(errorText(new Error(`\0${'x'.repeat(10_000)}\ud800`))).toHaveLength(4_000);
    expect(errorText(undefined)).toBe('an error without a message');
  });
});

describe(passwordIn.name, () => {
  it('finds the password of an address', () => {
    expect(passwordIn('postgresql://app:p%40ss@db:5432/x')).toBe('p@ss');
    expect(passwordIn('postgresql://db:5432/x')).toBeUndefined();
    expect(passwordIn('sqlite:///tmp/x.db')).toBeUndefined();
  });
});
