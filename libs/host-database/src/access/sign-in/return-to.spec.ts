import { describe, expect, it } from '@jest/globals';
import { assertReturnTo } from './return-to.js';
import { InvalidReturnToError } from './sign-in.errors.js';

const PUBLIC_URL = 'https://app.example.com';

describe(assertReturnTo, () => {
  it.each([
    ['/', '/'],
    ['/projects', '/projects'],
    ['/projects?page=2#top', '/projects?page=2#top'],
    ['/a/../b', '/b'],
    ['/search?next=https://evil.example', '/search?next=https://evil.example'],
    ['/%2F%2Fevil.example', '/%2F%2Fevil.example'],
    ['/@evil.example', '/@evil.example'],
    ['/javascript:alert(1)', '/javascript:alert(1)'],
    ['/größe', '/gr%C3%B6%C3%9Fe'],
    ['https://app.example.com/projects?page=2', '/projects?page=2'],
    ['HTTPS://APP.EXAMPLE.COM:443/x', '/x'],
    ['https://app.example.com', '/'],
  ])('lets %p pass as %p', (value, path) => {
    expect(assertReturnTo(value, PUBLIC_URL)).toBe(path);
  });

  it.each([
    ['nothing', ''],
    ['no text', undefined],
    ['several', ['/a', '/b']],
    ['another host', 'https://evil.example/'],
    ['a host without a scheme', '//evil.example'],
    ['three slashes', '///evil.example'],
    ['a dot and two slashes', '/.//evil.example'],
    ['a way up and two slashes', '/x/..//evil.example'],
    ['an escaped dot and two slashes', '/%2e//evil.example'],
    ['a backslash', '/\\evil.example'],
    ['two backslashes', '\\\\evil.example'],
    ['a backslash after the path', '/x\\..\\..\\\\evil.example'],
    ['a tab between the slashes', '/\t/evil.example'],
    ['a line break between the slashes', '/\n/evil.example'],
    ['a header behind the path', '/x\r\nset-cookie: session=1'],
    ['a space before the slashes', ' //evil.example'],
    ['a NUL', '/x\0'],
    ['a zero-width space', '/\u200b/evil.example'],
    ['a line separator', '/\u2028/evil.example'],
    ['credentials that look like the host', 'https://app.example.com@evil.example/'],
    ['credentials', 'https://ada:secret@app.example.com/'],
    ['the host as a part of another', 'https://app.example.com.evil.example/'],
    ['a part of the host', 'https://example.com/'],
    ['another scheme', 'http://app.example.com/'],
    ['another port', 'https://app.example.com:8443/'],
    ['a scheme without slashes', 'https:evil.example'],
    ['a scheme with one slash', 'https:/evil.example'],
    ['a script', 'javascript:alert(1)'],
    ['data', 'data:text/html,x'],
    ['a path without a slash', 'projects'],
    ['full-width slashes', '\uff0f\uff0fevil.example'],
    ['too much', `/${'a'.repeat(2048)}`],
    ['too much once it is escaped', `/${'ä'.repeat(1000)}`],
  ])('refuses %s', (_case, value) => {
    expect(() => assertReturnTo(value, PUBLIC_URL)).toThrow(InvalidReturnToError);
  });
});
